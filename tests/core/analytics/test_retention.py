"""Retention, counted on paper: three readings, three grains, both beginnings, cohorts of nobody, by tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.retention import Retention, retention
from core.analytics.sheets import place_label
from core.analytics.sheets.people import retention_sheets
from core.analytics.splits import parts
from core.errors import RuleError
from core.messages import say
from core.report.remarks import why_nothing
from core.schema import TagType
from core.tags.listing import EVERYBODY
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

SUNDAY = date(2019, 7, 14)
# Weeks from Monday: 17 and 24 June, 1 and 8 July; nobody comes in the week of 1 July.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "a": {"since": date(2019, 6, 17), "city": "北京"},
    "b": {"since": date(2019, 6, 23), "city": "上海"},
    "c": {"since": date(2019, 6, 24), "city": "北京"},
    "d": {"since": date(2019, 7, 8)},
    "old": {"since": date(2019, 6, 16), "city": "北京"},
    "always": {},
}
LOGINS: list[Done] = [
    ("a", "2019-06-17 10:00"), ("a", "2019-06-24 00:00"), ("a", "2019-07-14 23:30"),
    ("b", "2019-06-30 23:30"), ("b", "2019-07-01 00:30"),
    ("c", "2019-07-07 23:59:59"), ("c", "2019-07-07 23:59:59"),
    ("d", "2019-07-08 00:00"),
    ("old", "2019-06-20 10:00"), ("always", "2019-06-20 10:00"),
]  # fmt: skip
BUYS: list[Done] = [("old", "2019-06-10 10:00"), ("old", "2019-06-20 10:00"), ("a", "2019-06-26 10:00"), ("c", "2019-06-30 23:30")]  # fmt: skip
EVENTS: Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]] = {"login": ({}, LOGINS), "purchase": ({}, BUYS)}  # fmt: skip
TAGS = {"city": TagType.ENUM}


def world(as_of: date = SUNDAY) -> Asking:
    return asking(PEOPLE, EVENTS, tags=TAGS, as_of=as_of)


def told(asked: Asking, **given: Any) -> Retention:
    found = retention(asked, {"cohorts": 4, **given})
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    assert sum(cohort.people.users for cohort in found.cohorts) == found.curve.people.users
    return found


def cells(found: Retention) -> list[tuple[int, list[int]]]:
    return [(c.people.users, [cell.people.users for cell in c.cells]) for c in found.cohorts]


def test_classic_is_who_came_back_in_just_that_week() -> None:
    asked = world()
    found = told(asked)
    assert [(c.period.first, c.period.last) for c in found.cohorts] == [
        (date(2019, 6, 17), date(2019, 6, 23)), (date(2019, 6, 24), date(2019, 6, 30)),
        (date(2019, 7, 1), date(2019, 7, 7)), (date(2019, 7, 8), SUNDAY),
    ]  # fmt: skip
    assert cells(found) == [(2, [1, 2, 1, 1]), (1, [0, 1, 0]), (0, [0, 0]), (1, [1])]
    # 23:30 on 30 June is in the second week, half past midnight on 1 July in the third.
    assert ids_of(asked, found.cohorts[0].cells[1].people) == ["a", "b"]
    assert ids_of(asked, found.cohorts[0].cells[2].people) == ["b"]
    assert [cell.after for cell in found.cohorts[0].cells] == [0, 1, 2, 3]


def test_rolling_is_who_came_back_in_that_week_or_later() -> None:
    assert cells(told(world(), reading="rolling")) == [
        (2, [2, 2, 2, 1]),
        (1, [1, 1, 0]),
        (0, [0, 0]),
        (1, [1]),
    ]


def test_brackets_are_runs_of_weeks() -> None:
    found = told(world(), reading="bracket", brackets=[1, 2, 4])
    assert found.brackets == ((1, 1), (2, 3))
    assert cells(found) == [(2, [2, 2]), (1, [1, 0]), (0, [0]), (1, [])]
    assert [[cell.is_complete for cell in c.cells] for c in found.cohorts] == [[True, True], [True, False], [True], []]  # fmt: skip
    assert [place_label(found, place)["en"] for place in (1, 2)] == ["Week 1", "Weeks 2–3"]


def test_a_cohort_of_nobody_stands_there_without_a_share() -> None:
    found = told(world())
    nobody = found.cohorts[2]
    assert (nobody.people.users, [cell.share for cell in nobody.cells]) == (0, [None, None])
    assert found.as_json()["cohorts"][2]["cells"][0]["share"] is None  # type: ignore[index]


def test_only_complete_cells_are_in_the_curve() -> None:
    asked = world(date(2019, 7, 13))
    found = told(asked)
    last = [cohort.cells[-1] for cohort in found.cohorts]
    assert [cell.is_complete for cell in last] == [False] * 4
    # The week of 8 July is not over on a Saturday: week 0 of the last cohort, week 3 of the first.
    assert [(p.after, p.cohorts, p.people.users, p.returned.users) for p in found.curve.points] == [
        (0, 3, 3, 1), (1, 2, 3, 3), (2, 1, 2, 1),
    ]  # fmt: skip
    assert [(p.after, p.cohorts, p.people.users, p.returned.users) for p in told(world()).curve.points] == [
        (0, 4, 4, 2), (1, 3, 3, 3), (2, 2, 3, 1), (3, 1, 2, 1),
    ]  # fmt: skip


def test_a_rolling_cell_is_complete_when_its_first_week_is() -> None:
    found = told(world(date(2019, 7, 13)), reading="rolling")
    assert [[cell.is_complete for cell in c.cells] for c in found.cohorts] == [
        [True, True, True, False], [True, True, False], [True, False], [False],
    ]  # fmt: skip


def test_days_are_days() -> None:
    asked = world(date(2019, 6, 25))
    found = told(asked, grain="day", cohorts=9)
    assert found.cohorts[0].period.first == date(2019, 6, 17)
    assert [(c.period.first.day, c.people.users) for c in found.cohorts if c.people.users] == [(17, 1), (23, 1), (24, 1)]  # fmt: skip
    assert [cell.people.users for cell in found.cohorts[0].cells] == [1, 0, 0, 0, 0, 0, 0, 1, 0]


def test_months_are_calendar_months_whatever_their_lengths() -> None:
    people = {"jan": {"since": date(2019, 1, 31)}, "feb": {"since": date(2019, 2, 1)}}
    logins: list[Done] = [
        ("jan", "2019-02-28 23:59"),
        ("jan", "2019-03-01 00:00"),
        ("feb", "2019-03-31 12:00"),
    ]
    asked = asking(people, {"login": ({}, logins)}, as_of=date(2019, 3, 31))
    found = told(asked, grain="month", cohorts=3)
    assert cells(found) == [(1, [0, 1, 1]), (1, [0, 1]), (0, [0])]
    assert [c.period.last for c in found.cohorts] == [date(2019, 1, 31), date(2019, 2, 28), date(2019, 3, 31)]
    assert all(cell.is_complete for c in found.cohorts for cell in c.cells)


def test_who_begins_with_a_first_purchase_begins_with_the_first_ever() -> None:
    asked = world()
    found = told(asked, begin="first_event")
    # "old" bought before the weeks began: the purchase in them is not the first.
    assert cells(found) == [(0, [0, 0, 0, 0]), (2, [1, 1, 1]), (0, [0, 0]), (0, [0])]
    assert ids_of(asked, found.cohorts[1].people) == ["a", "c"]
    assert cells(told(asked, begin="first_event", cohorts=5))[0] == (1, [0, 1, 0, 0, 0])
    by_logins = told(asked, begin="first_event", first_event="login", returning=["purchase"])
    assert cells(by_logins) == [(3, [1, 1, 0, 0]), (1, [0, 0, 0]), (1, [0, 0]), (1, [0])]


def test_several_ways_to_return_count_each_person_once() -> None:
    assert cells(told(world(), returning=["login", "purchase"]))[1] == (1, [1, 1, 0])


def test_every_value_of_a_tag_has_a_curve_of_its_own() -> None:
    asked = world()
    by_city = parts(asked.engine.breakdown(EVERYBODY, "city", SUNDAY, top=8, bins=6))
    found = retention(asked, {"cohorts": 4}, parts=by_city)
    assert [(curve.label["zh"], curve.people.users) for curve in found.curves] == [("北京", 2), ("上海", 1), ("无值", 1)]  # fmt: skip
    for place, point in enumerate(found.curve.points):
        same = [p for curve in found.curves for p in curve.points if p.after == point.after]
        assert sum(p.people.users for p in same) == point.people.users, place
        assert sum(p.returned.users for p in same) == point.returned.users
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize("begin", ["registered", "first_event"])
@pytest.mark.parametrize("reading", ["classic", "rolling", "bracket"])
@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_nobody_one_user_and_a_day_before_the_data(begin: str, reading: str, grain: str) -> None:
    way = {"begin": begin, "reading": reading, "grain": grain}
    empty = {event: ({}, []) for event in EVENTS}
    assert told(asking({}, empty), **way).curve.people.users == 0
    one: Mapping[str, Any] = {**empty, "purchase": ({}, [("a", "2019-07-14 23:30")]), "login": ({}, [("a", "2019-07-14 23:30")])}  # fmt: skip
    found = told(asking({"a": {"since": SUNDAY}}, one), **way)
    assert found.cohorts[-1].people.users == 1
    assert [cell.people.users for cell in found.cohorts[-1].cells] == ([] if reading == "bracket" else [1])
    early = told(world(date(2018, 5, 1)), **way)
    assert early.curve.people.users == 0
    assert all(point.share is None for point in early.curve.points)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"begin": "first_event", "first_event": None}, "template_slot_empty"),
        ({"grain": "year"}, "template_slot_not_one_of"),
        ({"reading": "clasic"}, "template_slot_not_one_of"),
        ({"cohorts": 0}, "template_slot_out_of_bounds"),
        ({"cohorts": 61}, "template_slot_out_of_bounds"),
        ({"returning": []}, "template_slot_empty"),
        ({"reading": "bracket", "brackets": [0, 2]}, "retention_brackets"),
        ({"reading": "bracket", "brackets": [1, 2.5]}, "retention_brackets"),
        ({"reading": "bracket", "brackets": [2, 1]}, "edges_not_ascending"),
        # One edge alone makes no bracket; an end that never comes is none.
        ({"reading": "bracket", "brackets": [3]}, "retention_brackets"),
        ({"reading": "bracket", "brackets": [1, float("inf")]}, "edges_not_ascending"),
        ({"reading": "bracket", "brackets": [1, float("nan")]}, "edges_not_ascending"),
        ({"reading": "bracket", "brackets": [1, 10**9]}, "retention_brackets"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        retention(world(), given)
    assert {problem.code for problem in refused.value.problems} == {code}


def test_without_days_of_registration_there_are_no_cohorts_and_not_cohorts_of_nobody() -> None:
    asked = asking({user: {"city": "北京"} for user in PEOPLE}, EVENTS, tags=TAGS)
    found = retention(asked, {"cohorts": 4})
    assert (found.cohorts, found.curves, found.curve.points) == ((), (), ())
    assert found.note == say("no_arrivals")
    assert why_nothing(found) == (found.note,)
    printed = found.as_json()
    assert (printed["cohorts"], printed["curve"], printed["note"]) == ([], None, dict(found.note))
    assert [list(each.rows) for each in retention_sheets(found, asked.catalogue)] == [[], []]
    # What they first did is known all the same.
    first = told(asked, begin="first_event", first_event="purchase")
    assert first.note is None
    assert first.curve.people.users
    assert first.as_json()["curve"] is not None
