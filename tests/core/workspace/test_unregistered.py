"""Where the data do not say since when people are users, newcomers are not known: never 0, never everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.analytics import asking as asking_module
from core.analytics.analyses import ANALYSES, Request, tell
from core.analytics.asking import Figure
from core.analytics.sheets import Sheet, sheets
from core.messages import LANGUAGES, Language, say
from core.workspace import Workspace
from core.workspace.questions import parts_in
from tests.command_line import core
from tests.core.report.reading import assert_self_contained
from tests.core.unregistered import WITH_DAYS, unregistered

WHY = say("no_arrivals")
IN_PERIOD: Mapping[str, Any] = {"when": "period"}
IN_ORDER: Mapping[str, Any] = {"when": "period", "order": "strict"}
REGISTERED = {"zh": "注册", "en": "Registered"}
DAY = date(2019, 7, 14)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unregistered")


@pytest.fixture(scope="module")
def door(folder: Path) -> Workspace:
    return unregistered(folder)


@pytest.fixture(scope="module")
def with_days(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return unregistered(tmp_path_factory.mktemp("registered"), WITH_DAYS)


def printed(door: Workspace, name: str, **given: Any) -> Any:
    """Return what `--json` prints of an analysis; infinite numbers and those that are none are no JSON."""
    return json.loads(json.dumps(door.analyse(name, given=given).as_json(), allow_nan=False))


def table(door: Workspace, name: str, key: str, **given: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a sheet, figures as their numbers, having counted each anew as the builder does."""
    found: Sheet = next(
        each for each in sheets(door.analyse(name, given=given), door.catalogue()) if each.key == key
    )
    for row in found.rows:
        for value in row:
            if isinstance(value, Figure):
                assert door.asking().engine.count(value.rule, DAY).count == value.users
    return [tuple(value.users if isinstance(value, Figure) else value for value in row) for row in found.rows]


def test_the_overview_knows_who_is_active_but_not_who_is_new(door: Workspace) -> None:
    found = printed(door, "overview")
    now = {key: found["now"][key] for key in ("new", "active", "buyers", "orders", "gmv")}
    assert now == {"new": None, "active": 3, "buyers": 2, "orders": 2, "gmv": 130}
    assert WHY in found["notes"]
    assert {row["new"] for row in found["course"]} == {None}
    assert [movement for movement in found["movements"] if movement["measure"] == "new"] == []


def test_the_numbers_of_a_period_before_the_data_are_null_with_a_note(door: Workspace) -> None:
    found = printed(door, "overview")
    # The first purchase is of 3 January, the first visit of the day before.
    assert found["known_from"] == "2019-01-03"
    assert say("overview_known_from", first=date(2019, 1, 3)) in found["notes"]
    told = {key for key, value in found["year_before"].items() if value is not None}
    assert told == {"from", "to", "is_known"}
    first = door.analyse("overview", first=date(2019, 1, 1), last=date(2019, 1, 4))
    course = json.loads(json.dumps(first.as_json()))["course"]
    assert [(row["is_known"], row["active"], row["orders"], row["gmv"]) for row in course] == [
        (False, None, None, None), (False, None, None, None), (True, 0, 1, 10), (True, 0, 0, 0),
    ]  # fmt: skip


def test_in_the_life_cycle_who_came_or_came_back_is_one_number(door: Workspace) -> None:
    found = printed(door, "lifecycle")
    # u2 looked in both weeks, u3 in the later only, u1 in the earlier only.
    week = {key: found["weeks"][-1][key] for key in ("new", "retained", "returning", "gained", "lost")}
    assert week == {"new": None, "retained": 1, "returning": None, "gained": 1, "lost": 1}
    assert table(door, "lifecycle", "weeks")[-1][2:] == (None, 1, None, 1, 1)
    # u1 had bought in January; the others had done nothing by 14 June.
    assert {(flow["from"], flow["to"]): flow["users"] for flow in found["flows"]} == {
        ("growth", "growth"): 1, ("churned", "growth"): 1, ("churned", "introduction"): 1,
        ("churned", "churned"): 1,
    }  # fmt: skip
    assert found["notes"] == [WHY, say("lifecycle_no_arrivals")]
    expected = door.analyse("lifecycle").expected  # type: ignore[attr-defined]
    assert sum(each.users for each in expected) == pytest.approx(4), "without newcomers"


def test_with_days_of_registration_the_same_life_cycle_knows_who_came(with_days: Workspace) -> None:
    found = printed(with_days, "lifecycle")
    week = {key: found["weeks"][-1][key] for key in ("new", "retained", "returning", "gained", "lost")}
    assert week == {"new": 1, "retained": 1, "returning": 0, "gained": 1, "lost": 1}
    assert {flow["to"]: flow["users"] for flow in found["flows"] if flow["from"] == "come"} == {
        "growth": 1, "introduction": 1,
    }  # fmt: skip
    assert found["notes"] == []
    assert table(with_days, "lifecycle", "weeks")[-1][2:] == (1, 1, 0, 1)


def test_rfm_moves_nobody_in_from_outside_and_says_where_they_stand(door: Workspace, with_days: Workspace) -> None:  # fmt: skip
    found = printed(door, "rfm")
    assert "come" not in {move["from"] for move in found["moves"]}
    assert sum(move["users"] for move in found["moves"]) == 4
    assert sum(move["users"] for move in found["moves"] if move["from"] == "never") == 3
    assert found["notes"] == [WHY, say("rfm_no_arrivals")]
    known = printed(with_days, "rfm")
    assert sum(move["users"] for move in known["moves"] if move["from"] == "come") == 2
    assert known["notes"] == []


def test_groups_of_a_budget_are_counted_without_saying_who_is_new(door: Workspace) -> None:
    groups = printed(door, "budget")["split"]["groups"]
    told = [(each["label"]["en"], each["people"], each["new"], each["buyers"]) for each in groups["groups"]]
    assert told == [("ads", 2, None, 2), ("friends", 2, None, 0)]
    assert groups["note"] == WHY
    assert [row[1:3] for row in table(door, "budget", "budget_groups")] == [(2, None), (2, None)]


def test_a_budget_of_the_new_alone_has_no_groups_and_says_why(door: Workspace, with_days: Workspace) -> None:
    split = printed(door, "budget", whom="new")["split"]
    assert (split["groups"]["groups"], split["groups"]["everybody"]) == ([], None)
    assert split["groups"]["note"] == split["note"] == WHY
    known = printed(with_days, "budget", whom="new")["split"]["groups"]
    assert [(each["label"]["en"], each["people"]) for each in known["groups"]] == [("ads", 1), ("friends", 1)]


def test_what_coupons_brought_is_not_known_either(door: Workspace, with_days: Workspace) -> None:
    found = printed(door, "budget")["coupons"]
    assert [(row["label"]["en"], row["claimed"], row["registered"], row["first_orders"]) for row in found["rows"]] == [
        ("满减", 2, None, 0),
    ]  # fmt: skip
    assert found["together"]["registered"] is None
    assert found["how_registered"] == WHY
    (row, _) = table(door, "budget", "coupon_effects")
    assert (row[1], row[7], row[8]) == (2, None, 0)
    assert printed(with_days, "budget")["coupons"]["together"]["registered"] == 2


def test_channels_and_members_and_retention_say_the_same(door: Workspace) -> None:
    channels = printed(door, "channels")
    assert {row["new"] for row in channels["channels"]} == {channels["everybody"]["new"]} == {None}
    assert WHY in channels["notes"]
    (registered,) = (
        each for each in printed(door, "members")["distributions"] if each["key"] == "registered"
    )
    assert (registered["rows"], registered["note"]) == ([], say("members_no_registrations"))
    retention = printed(door, "retention")
    assert (retention["cohorts"], retention["curve"], retention["note"]) == ([], None, WHY)


def test_the_first_step_of_a_journey_in_a_period_is_not_known_and_the_later_ones_are(door: Workspace) -> None:
    found = printed(door, "journey", **IN_PERIOD)
    told = [(s["reached"], s["furthest"], s["continued"], s["stuck"], s["overall"]) for s in found["steps"]]
    # All looked but u4, who did nothing; u3 went no further, and only since the 10th.
    assert told == [(None, None, None, None, None), (3, 1, 2, 0, None), (2, 2, None, 1, None)]
    assert found["steps"][1]["conversion"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["not_started"] is None
    assert found["notes"] == [WHY, say("journey_no_arrivals", step=REGISTERED)]
    assert [row[2:5] for row in table(door, "journey", "journey", **IN_PERIOD)] == [
        (None, None, None), (3, 1, 2), (2, 2, None),
    ]  # fmt: skip


def test_in_order_no_step_of_it_is_known(door: Workspace, with_days: Workspace) -> None:
    found = printed(door, "journey", **IN_ORDER)
    numbers = ("reached", "furthest", "continued", "conversion", "interval", "overall", "stuck")
    assert {step[number] for step in found["steps"] for number in numbers} == {None}
    assert {step["median_seconds"] for step in found["steps"]} == {None}
    assert found["notes"] == [WHY, say("journey_no_arrivals_in_order", step=REGISTERED)]
    assert [step["reached"] for step in printed(with_days, "journey", **IN_ORDER)["steps"]] == [2, 2, 1]


def test_asked_for_ever_a_journey_begins_with_everybody_as_always(door: Workspace) -> None:
    found = printed(door, "journey")
    assert ([step["reached"] for step in found["steps"]], found["notes"]) == ([4, 3, 2], [])


@pytest.mark.parametrize("order", ["any", "strict"])
def test_per_session_what_is_not_known_leaves_its_columns_empty(door: Workspace, order: str) -> None:
    given = {"when": "period", "session_minutes": 30, "order": order}
    (journey,) = sheets(door.analyse("journey", given=given), door.catalogue())
    assert {len(row) for row in journey.rows} == {len(journey.columns)}
    keys = [each.key for each in journey.columns]
    counted = [row[keys.index("sessions")] for row in journey.rows]
    assert counted[0] is None
    assert all((sessions is None) == (order == "strict") for sessions in counted[1:])


@pytest.mark.parametrize("name", ANALYSES)
def test_whether_it_is_known_is_asked_once(
    name: str, door: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[date] = []
    existed = asking_module.existed

    def noted(day: date, **more: Any) -> Any:
        asked.append(day)
        return existed(day, **more)

    monkeypatch.setattr(asking_module, "existed", noted)
    asking = door.asking()
    given = IN_PERIOD if name == "journey" else {}
    tell(name, Request(asking, door.period(), parts_in(asking), None, given))
    assert asked.count(date.min) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_says_it_in_the_same_words_wherever_a_dash_stands(
    door: Workspace, language: Language
) -> None:
    report = assert_self_contained(door.report(language, plan={"journey": dict(IN_PERIOD)}))
    for key in ("overview", "lifecycle", "rfm", "retention", "budget", "channels", "journey"):
        assert WHY[language] in report.sections[key].text, key
    assert say("members_no_registrations")[language] in report.sections["members"].text
    weeks = next(
        table
        for table in report.sections["lifecycle"].tables
        if table.caption == say("sheet_title_weeks")[language]
    )
    assert weeks.rows[0][-1] == say("sheet_gained")[language]
    assert weeks.rows[-1][2:] == ["–", "1", "–", "1", "1"]
    in_order = assert_self_contained(
        door.report(language, plan={"journey": dict(IN_ORDER)}, only=["journey"])
    )
    assert WHY[language] in in_order.sections["journey"].text
    assert not in_order.sections["journey"].drawings
    of_new = assert_self_contained(door.report(language, plan={"budget": {"whom": "new"}}, only=["budget"]))
    assert WHY[language] in of_new.sections["budget"].text


@pytest.mark.parametrize("name", ["overview", "lifecycle", "rfm", "retention", "budget", "channels"])
def test_on_the_command_line_it_stands_below_the_tables(name: str, door: Workspace, folder: Path) -> None:
    done = core("analyze", name, "--workspace", folder / "workspace", environment={"COTERIE_LANG": "zh"})
    assert done.returncode == 0
    assert WHY["zh"] in done.stdout.decode()
