"""Pages of data that do not say since when people are users: a dash and why, never a zero that means unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.analyses import ANALYSES
from core.messages import LANGUAGES, Language, say
from dashboard.errors import verbatim
from tests.core.unregistered import unregistered

Open = Callable[..., AppTest]
WHY = say("no_arrivals")


@pytest.fixture
def unregistered_root(workspace_root: Path) -> Path:
    """The dashboard's workspace with four users of whom no day is known."""
    unregistered(workspace_root.parent)
    return workspace_root


@pytest.fixture
def page(unregistered_root: Path, open_page: Open) -> Open:
    return open_page


def drawn(app: AppTest) -> Iterator[dict[str, Any]]:
    """Yield what the page's own components were given: cards and tables."""
    for element in app.get("bidi_component"):
        yield json.loads(element.proto.json)


def rows_of(app: AppTest, caption: str) -> list[list[str]]:
    (data,) = (each for each in drawn(app) if each.get("caption") == caption and each.get("rows"))
    return [[cell["text"] for cell in row] for row in data["rows"]]


def said(app: AppTest) -> str:
    assert not app.exception
    assert not app.error
    return "\n".join(each.value for each in (*app.caption, *app.info))


def as_table(app: AppTest, key: str) -> AppTest:
    return app.segmented_control(key=f"analyses_view_{key}").set_value("table").run()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in ANALYSES if key not in ("journey", "members")])
def test_every_page_of_newcomers_says_why_they_are_not_known(
    key: str, language: Language, page: Open
) -> None:
    app = page(key, language=language)
    why = WHY[language]
    assert why in said(app).replace("\\", "")
    assert why in said(as_table(app, key)).replace("\\", "")


def test_the_overview_has_a_dash_for_who_is_new_and_draws_no_course_of_it(page: Open) -> None:
    app = page("overview")
    (cards,) = (each["cards"] for each in drawn(app) if each.get("cards"))
    new = next(card for card in cards if card["label"] == say("measure_new")["en"])
    assert (new["text"], new["href"], new["note"]) == ("–", None, "No day of registration in the data")
    assert say("measure_new")["en"] not in app.segmented_control(key="overview_measure_active_buyers_orders_gmv").options  # fmt: skip


def test_the_course_of_the_overview_has_gaps_before_the_data(page: Open) -> None:
    app = page("overview", **{"from": "2019-01-01", "to": "2019-01-04"})
    assert verbatim(say("overview_known_from", first="2019-01-03")["en"]) in said(app)
    (chart,) = app.get("plotly_chart")
    (line,) = json.loads(chart.proto.spec)["data"]
    assert (line["y"], line["hovertext"][:2]) == ([None, None, 0, 0], ["", ""])
    rows = rows_of(as_table(app, "overview"), say("sheet_title_trends")["en"])
    assert rows[0][2:] == ["–"] * 5
    assert rows[2][2:] == ["–", "0", "1", "1", "10"]
    before = page("overview", **{"from": "2018-01-01", "to": "2018-01-04"})
    assert not before.get("plotly_chart")
    assert "Not recorded" in said(before)


def test_weeks_of_the_life_cycle_show_who_came_or_came_back_as_one(page: Open) -> None:
    app = page("lifecycle")
    bars = [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")][-1]
    assert [bar["y"][-1] for bar in bars] == [1, 1, -1]
    assert ["New or returning" in bar["hovertext"][-1] for bar in bars] == [False, True, False]
    (rates,) = (each for each in drawn(app) if each.get("isHeat"))
    assert [cell["text"] for cell in rates["rows"][-1]] == ["Newcomers", *["not known"] * 5]
    assert "without newcomers, whom these data cannot tell" in said(app)
    rows = rows_of(as_table(app, "lifecycle"), say("sheet_title_weeks")["en"])
    assert rows[-1][2:] == ["–", "1", "–", "1", "1"]


def test_groups_and_coupons_of_a_budget_have_dashes(page: Open) -> None:
    app = page("budget")
    assert [row[2] for row in rows_of(app, say("sheet_title_budget_groups")["en"])] == ["–", "–"]
    assert {row[7] for row in rows_of(app, say("sheet_title_coupon_effects")["en"])} == {"–"}
    app = app.selectbox(key="ready_analyses_budget_whom").set_value("new").run()
    assert [each.value.replace("\\", "") for each in app.info][-1:] == [WHY["en"]]
    assert "Nobody is new" not in said(app)


@pytest.mark.parametrize("view", ["picture", "table"])
def test_the_first_step_of_a_journey_in_a_period_has_a_dash(page: Open, view: str) -> None:
    app = page("journey")
    assert WHY["en"] not in said(app).replace("\\", "")
    app = app.selectbox(key="ready_analyses_journey_when").set_value("period").run()
    if view == "table":
        rows = rows_of(as_table(app, "journey"), say("sheet_title_journey")["en"])
        assert [row[2:4] for row in rows] == [["–", "–"], ["3", "1"], ["2", "2"]]
    else:
        steps = [step for data in drawn(app) for stage in data.get("stages", ()) for step in stage["steps"]]
        assert [(step["reached"]["text"], step["reached"]["href"] is None) for step in steps] == [
            ("–", True), ("3", False), ("2", False),
        ]  # fmt: skip
    assert WHY["en"] in said(app).replace("\\", "")
    app = app.selectbox(key="ready_analyses_journey_order").set_value("strict").run()
    assert "nor who any later step" in said(app)


def test_the_members_page_names_the_column_or_the_tag_that_would_tell_it(page: Open) -> None:
    assert say("members_no_registrations")["en"] in said(page("members")).replace("\\", "")
