"""The pages of the manager: what is not known is said, and what a link asks for in vain is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.messages import say
from core.workspace import Workspace
from dashboard.errors import verbatim


def cards(app: AppTest) -> list[dict[str, Any]]:
    """Return the cards that the sheet component was given."""
    assert not app.exception
    drawn = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return next(each["cards"] for each in drawn if each.get("cards"))


def test_numbers_of_a_period_before_the_data_are_not_told(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    known, unknown = (
        cards(open_page("overview", **{"from": first, "to": "2019-07-14"}))
        for first in ("2019-07-01", "2010-01-01")
    )
    assert {card["text"] for card in unknown} == {"–"}
    assert {card["href"] for card in unknown} == {None}
    assert any(card["text"] not in ("–", "0") for card in known)


def test_days_after_the_records_are_not_told_either(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("overview", day="2999-01-01")
    assert {card["text"] for card in cards(app)} == {"–"}
    told = verbatim(say("overview_known_to", last="2019-07-14")["en"])
    assert told in [caption.value for caption in app.caption]


@pytest.mark.parametrize("key", ["channels", "budget"])
def test_a_page_on_a_period_without_any_record_says_so_instead_of_noughts(
    key: str, open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    early = open_page(key, **{"from": "2015-01-01", "to": "2015-01-31"})
    assert not early.exception
    assert not early.error
    begins = say("days_before_records", day="2015-01-31", first="2019-05-01")
    assert [told.value for told in early.info] == [verbatim(begins["en"])]
    assert [element.key for element in early.get("bidi_component")] == ["coterie_frame"]
    late = open_page(key, day="2020-01-31")
    ends = say("days_after_records", day="2020-01-02", last="2019-07-14")
    assert [told.value for told in late.info] == [verbatim(ends["en"])]


@pytest.mark.parametrize(
    ("asked", "shown", "said"),
    [
        ({"from": "2019-07-20", "to": "2999-12-31"}, ("2019-07-14", "2019-07-14"), "The period was cut"),
        ({"from": "2019-07-01", "to": "2999-12-31"}, ("2019-07-01", "2019-07-14"), "The period was cut"),
        ({"from": "2019-07-10", "to": "2019-07-01"}, ("2019-07-01", "2019-07-10"), "The period was cut"),
        ({"from": "2019-07-01", "to": "2019-07-10"}, ("2019-07-01", "2019-07-10"), None),
    ],
)
def test_the_box_shows_the_period_that_is_counted(
    asked: dict[str, str], shown: tuple[str, str], said: str | None,
    open_page: Callable[..., AppTest], workspace: Workspace,
) -> None:  # fmt: skip
    app = open_page("overview", **asked)
    assert not app.exception
    assert tuple(day.isoformat() for day in app.date_input(key="analyses_own").value) == shown
    assert any(caption.value.startswith("The period was cut") for caption in app.caption) == (
        said is not None
    )
    (table,) = [
        each
        for each in (json.loads(one.proto.json) for one in app.get("bidi_component"))
        if each.get("cards")
    ]
    assert (table["cards"][1]["href"] or "").count(f"from%22%3A%22{shown[0]}") in (0, 1)


@pytest.mark.parametrize("name", ["day", "from"])
@pytest.mark.parametrize("text", ["2019-02-30", "soon", "0001-01-01", "９９９９-01-01"])
def test_a_date_of_a_link_that_is_none_is_told_and_the_bar_stands(
    name: str, text: str, open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("overview", **{name: text, **({"to": "2019-07-14"} if name == "from" else {})})
    assert not app.exception
    assert not app.error
    (warned,) = app.warning
    assert warned.value == "A date in the link does not exist or is out of range, and was not used."
    assert app.date_input(key="analyses_day").value.isoformat() == "2019-07-14"
    assert any(card["text"] not in ("–", "0") for card in cards(app))


@pytest.mark.parametrize("key", ["overview", "lifecycle", "members"])
def test_a_link_to_an_audience_that_is_gone_says_that_all_users_follow(
    key: str, open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    assert not open_page(key).warning
    (warned,) = open_page(key, audience="deleted").warning
    assert warned.value == "The audience of this link is gone: what follows is about everybody."


def test_a_link_with_an_unknown_split_says_that_nothing_is_split(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    (warned,) = open_page("retention", by="c*ty").warning
    assert "c\\*ty" in warned.value


def test_what_an_analysis_is_told_outlives_a_visit_to_another_page(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("lifecycle")
    slot = next(each for each in app.number_input if each.key and each.key.startswith("ready_analyses_"))
    told = int(slot.value) + 1
    app = slot.set_value(told).run()
    app.switch_page("../pages/members.py")
    app = app.run()
    app.switch_page("../pages/lifecycle.py")
    app = app.run()
    assert app.number_input(key=slot.key).value == told


def address_of(app: AppTest) -> str:
    """Return the settings in the address of a page."""
    told = app.query_params["set"]
    return told if isinstance(told, str) else str(told[0])


def test_settings_stand_in_the_address_and_come_from_it(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("lifecycle")
    slot = next(each for each in app.number_input if each.key and each.key.startswith("ready_analyses_"))
    key, told = str(slot.key).removeprefix("ready_analyses_lifecycle_"), int(slot.value) + 1
    app = slot.set_value(told).run()
    address = address_of(app)
    assert json.loads(address) == {key: told}
    again = open_page("lifecycle", set=address)
    assert not again.warning
    assert next(each.value for each in again.number_input if each.key == slot.key) == told


def test_settings_of_every_kind_come_from_an_address(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    catalogue = workspace.catalogue()
    event = next(iter(catalogue.events))
    given = {"steps": [{"label": "a", "events": [event]}], "order": "strict", "within_days": 3}
    app = open_page("journey", set=json.dumps(given))
    assert not app.exception
    assert not app.error
    assert json.loads(address_of(app)) == given
    edges = {"method": "thresholds", "recency_edges": [10, 20.5, 30, 40]}
    assert json.loads(address_of(open_page("rfm", set=json.dumps(edges)))) == edges
    costs = {"group": "city", "costs": {"北京": 10.0}}
    app = open_page("budget", set=json.dumps(costs))
    assert not app.exception
    assert json.loads(address_of(app)) == costs


@pytest.mark.parametrize(
    "told",
    [
        "{", "[]", "1", '{"nothing_like_it": 1}', '{"within_days": 0}', '{"within_days": NaN}',
        '{"steps": [{"label": "\\ud800", "events": []}]}', '{"order": ["strict"]}', "[" * 100_000,
        '{"steps": [{"label": "x", "events": ["gone"]}]}',
        '{"steps": [{"label": {"zh": "x", "en": "x"}, "events": ["purchase"]}]}',
        '{"steps": [{"label": "x", "events": ["purchase", "purchase"]}]}',
        json.dumps({"steps": [{"label": "x" * 101, "events": ["purchase"]}]}),
        json.dumps({"steps": [{"label": f"{n}", "events": ["purchase"]} for n in range(21)]}),
    ],
    ids=lambda told: told[:40],
)  # fmt: skip
def test_settings_of_a_link_that_do_not_fit_are_told_and_left(
    told: str, open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("journey", set=told)
    assert not app.exception
    assert any("definitions in the link do not fit" in warning.value for warning in app.warning)
    assert "set" not in app.query_params


def test_an_audience_of_the_steps_that_is_gone_is_told_and_everything_else_stands(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    steps = [{"label": "a", "events": ["purchase"]}, {"label": "b", "audience": "gone"}]
    app = open_page("journey", set=json.dumps({"steps": steps, "stuck_days": 3}))
    assert not app.exception
    assert not app.error
    (warned,) = app.warning
    assert warned.value == "An audience of the own steps is gone; this is the journey of the plan."
    assert json.loads(address_of(app)) == {"stuck_days": 3}
    # The data of this test have no journey of their own: how one is named is taught.
    assert [header.value for header in app.header] == ["The import plan of this data names no journey"]


def test_costs_of_no_group_are_told_and_left_and_a_group_has_a_field(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("budget", set=json.dumps({"group": "city", "costs": {"北京": 10.0, "别处": 3.0}}))
    assert not app.exception
    assert not app.error
    left = verbatim("The link gives costs of groups that there are not; they were left out: 别处.")
    assert left in [caption.value for caption in app.caption]
    assert json.loads(address_of(app))["costs"] == {"北京": 10.0}
    fields = {field.label: field for field in app.number_input if ":city:" in field.key}
    assert {label: field.value for label, field in fields.items()}["北京"] == 10.0
    assert set(fields) == {city for city, users in workspace.values("city") if users}
    # Another tag has other groups; what was typed for this one comes back with it.
    app = app.selectbox(key="ready_analyses_budget_group").set_value(None).run()
    assert not app.exception
    app = app.selectbox(key="ready_analyses_budget_group").set_value("city").run()
    assert app.number_input(key="ready_analyses_budget_costs:city:北京").value == 10.0
