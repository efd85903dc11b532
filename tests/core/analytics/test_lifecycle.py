"""The life cycle, counted on paper: stages, months and their ends, flows, what is expected, weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.lifecycle import COME, Lifecycle, lifecycle, stage_label
from core.errors import RuleError
from core.schema import TagType
from core.tags.templates.lifecycle import STAGES
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

AS_OF = date(2019, 7, 14)
# Bought: dormant after 60 days without a purchase, churned after 120; others: after 30 and 60 without a login.
DAYS = {"dormant_days": 60, "churned_days": 120, "quiet_days": 30, "lost_days": 60, "mature_orders": 2}
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "fresh": {"since": date(2019, 7, 1)},
    "looks": {"since": date(2019, 1, 1)},
    "quiet": {"since": date(2019, 1, 1)},
    "gone": {"since": date(2019, 1, 1)},
    "grows": {"since": date(2019, 1, 1)},
    "ripe": {"since": date(2019, 1, 1)},
    "sleeps": {"since": date(2019, 1, 1)},
    "left": {"since": date(2019, 1, 1)},
}
LOGINS: list[Done] = [
    ("fresh", "2019-07-01 10:00"), ("looks", "2019-06-15 00:00"), ("quiet", "2019-06-14 23:59"),
    ("gone", "2019-05-15 12:00"), ("grows", "2019-07-02 10:00"),
    ("left", "2019-07-14 10:00"),
]  # fmt: skip
BUYS: list[Done] = [
    ("grows", "2019-06-14 23:30", {"amount": 10}),
    ("ripe", "2019-06-15 00:30", {"amount": 20}), ("ripe", "2019-06-15 00:30", {"amount": 5.5}),
    ("sleeps", "2019-05-15 10:00", {"amount": 30}), ("sleeps", "2019-05-15 10:00", {"amount": 30}),
    ("left", "2019-03-16 10:00", {"amount": 7}),
]  # fmt: skip
EVENTS: Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]] = {
    "login": ({}, LOGINS), "purchase": ({"amount": TagType.NUMBER}, BUYS),
}  # fmt: skip


def told(asked: Asking, *, months: int = 1, weeks: int = 2, **given: Any) -> Lifecycle:
    found = lifecycle(asked, {**DAYS, **given}, months=months, weeks=weeks)
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    then = found.months[-2]
    for month in found.months:
        assert [stage.key for stage in month.stages] == list(STAGES)
        assert all(stage.bought.users == stage.buyers.users for stage in month.stages)
    now = {stage.key: stage.people.users for stage in found.months[-1].stages}
    for key in STAGES:
        assert sum(flow.people.users for flow in found.flows if flow.after == key) == now[key]
        was = next(stage.people.users for stage in then.stages if stage.key == key)
        assert sum(flow.people.users for flow in found.flows if flow.before == key) == was
    come = sum(flow.people.users for flow in found.flows if flow.before == COME)
    assert found.came.users == come
    assert sum(one.users for one in found.expected) == pytest.approx(sum(now.values()) + come)
    return found


def stages(asked: Asking, found: Lifecycle, month: int = -1) -> dict[str, list[str]]:
    return {stage.key: ids_of(asked, stage.people) for stage in found.months[month].stages}


def test_everybody_is_in_just_one_stage_and_the_days_of_silence_are_counted_to_the_day() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked)
    # 15 June is the first of the last 30 days, 16 May the first of 60, 17 March the first of 120.
    assert stages(asked, found) == {
        "introduction": ["fresh", "looks"],
        "growth": ["grows"],
        "mature": ["ripe"],
        "dormant": ["quiet", "sleeps"],
        "churned": ["gone", "left"],
    }


def test_the_month_before_has_the_stages_of_its_own_last_day() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked)
    assert found.months[0].period.last == date(2019, 6, 14)
    # "fresh" was no user yet; "looks" had never come; "ripe" had not bought; "sleeps" had a month before.
    assert stages(asked, found, 0) == {
        "introduction": ["quiet"],
        "growth": ["grows"],
        "mature": ["sleeps"],
        "dormant": ["gone", "left"],
        "churned": ["looks", "ripe"],
    }


def test_people_of_a_stage_bought_so_much_in_the_month_that_ends_with_the_day() -> None:
    found = told(asking(PEOPLE, EVENTS))
    now = {stage.key: (stage.buyers.users, stage.bought.occurrences, stage.bought.total) for stage in found.months[-1].stages}  # fmt: skip
    # 23:30 on 14 June belongs to the month before, half past midnight on 15 June to this one.
    assert now["growth"] == (0, 0, 0)
    assert now["mature"] == (1, 2, 25.5)
    before = {stage.key: (stage.buyers.users, stage.bought.occurrences, stage.bought.total) for stage in found.months[0].stages}  # fmt: skip
    assert before["growth"] == (1, 1, 10)
    assert before["mature"] == (1, 2, 60)


def test_people_flow_from_stage_to_stage_and_newcomers_come_from_nowhere() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked)
    flows = {(flow.before, flow.after): ids_of(asked, flow.people) for flow in found.flows}
    assert flows == {
        (COME, "introduction"): ["fresh"],
        ("introduction", "dormant"): ["quiet"],
        ("growth", "growth"): ["grows"],
        ("mature", "dormant"): ["sleeps"],
        ("dormant", "churned"): ["gone", "left"],
        ("churned", "introduction"): ["looks"],
        ("churned", "mature"): ["ripe"],
    }
    rates = {(flow.before, flow.after): flow.rate and flow.rate.value for flow in found.flows}
    assert rates[("churned", "mature")] == 0.5
    assert rates[(COME, "introduction")] is None


def test_what_is_expected_is_one_step_of_the_chain() -> None:
    found = told(asking(PEOPLE, EVENTS))
    # Now 2, 1, 1, 2, 2: introduction all to dormant, growth stays, mature to dormant, dormant to churned,
    # churned half to introduction and half to mature, and one newcomer to introduction.
    assert {one.stage: (one.now, one.users) for one in found.expected} == {
        "introduction": (2, 2), "growth": (1, 1), "mature": (1, 1), "dormant": (2, 3), "churned": (2, 2),
    }  # fmt: skip


def test_a_stage_that_held_nobody_is_expected_to_stay_as_it_is() -> None:
    people = {"a": {"since": date(2019, 1, 1)}, "b": {"since": date(2019, 7, 1)}}
    logins: list[Done] = [("a", "2019-06-14 10:00"), ("a", "2019-07-10 10:00"), ("b", "2019-07-01 10:00")]
    buys: list[Done] = [("b", "2019-07-02 10:00")]
    found = told(asking(people, {"login": ({}, logins), "purchase": ({}, buys)}))
    assert {one.stage: one.users for one in found.expected if one.users} == {"introduction": 1, "growth": 2}


def test_months_end_with_the_day_or_the_last_of_a_shorter_month() -> None:
    found = told(asking(PEOPLE, EVENTS, as_of=date(2019, 3, 31)), months=3)
    assert [(m.period.first, m.period.last) for m in found.months] == [
        (date(2018, 12, 1), date(2018, 12, 31)), (date(2019, 1, 1), date(2019, 1, 31)),
        (date(2019, 2, 1), date(2019, 2, 28)), (date(2019, 3, 1), date(2019, 3, 31)),
    ]  # fmt: skip
    # On 31 December 2018 nobody was there yet.
    assert [sum(s.people.users for s in m.stages) for m in found.months] == [0, 7, 7, 7]


def test_a_week_tells_who_is_new_stays_returns_and_is_lost() -> None:
    people = {
        "new": {"since": date(2019, 7, 1)}, "stays": {}, "returns": {}, "lost": {"since": date(2019, 6, 1)},
        "late": {"since": date(2019, 7, 8)},
    }  # fmt: skip
    logins: list[Done] = [
        ("new", "2019-07-01 00:00"), ("stays", "2019-06-30 23:59"), ("stays", "2019-07-07 23:30"),
        ("returns", "2019-06-20 10:00"), ("returns", "2019-07-03 10:00"), ("lost", "2019-06-24 10:00"),
        ("late", "2019-07-08 00:30"),
    ]  # fmt: skip
    asked = asking(people, {"login": ({}, logins), "purchase": ({}, [])}, as_of=date(2019, 7, 10))
    found = told(asked).weeks
    assert [(w.period.first.day, w.period.last.day, w.is_complete) for w in found] == [
        (1, 7, True),
        (8, 10, False),
    ]
    assert [ids_of(asked, week.gained) for week in found] == [["new", "returns"], ["late"]]
    first, second = (
        {name: ids_of(asked, getattr(week, name)) for name in ("new", "retained", "returning", "lost")}
        for week in found
    )
    assert first == {"new": ["new"], "retained": ["stays"], "returning": ["returns"], "lost": ["lost"]}
    assert second == {"new": ["late"], "retained": [], "returning": [], "lost": ["new", "returns", "stays"]}


def test_who_was_active_before_being_a_user_stays_and_is_not_new_as_well() -> None:
    logins: list[Done] = [("early", "2019-06-30 10:00"), ("early", "2019-07-02 10:00")]
    people = {"early": {"since": date(2019, 7, 1)}, "always": {}}
    asked = asking(people, {"login": ({}, logins), "purchase": ({}, [])}, as_of=date(2019, 7, 7))
    week = told(asked, weeks=1).weeks[-1]
    assert (week.new.users, week.retained.users, week.gained.users) == (0, 1, 0)


def test_without_an_activity_the_purchase_is_the_activity() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked, activity=[], weeks=4)
    assert stages(asked, found)["introduction"] == ["fresh", "gone", "looks", "quiet"]
    assert [(w.new.users, w.retained.users, w.returning.users, w.lost.users) for w in found.weeks] == [
        (0, 0, 0, 2), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0),
    ]  # fmt: skip


def test_nobody_one_user_and_a_day_before_the_data() -> None:
    empty: Mapping[str, Any] = {event: (of, []) for event, (of, _) in EVENTS.items()}
    nobody = told(asking({}, empty))
    assert nobody.flows == ()
    assert [one.users for one in nobody.expected] == [0] * 5
    one = told(asking({"a": {}}, {**empty, "login": ({}, [("a", "2019-07-14 23:59")])}))
    assert [(flow.before, flow.after) for flow in one.flows] == [("churned", "introduction")]
    early = told(asking(PEOPLE, EVENTS, as_of=date(2017, 1, 31)))
    assert sum(stage.people.users for stage in early.months[-1].stages) == 0
    told(asking(PEOPLE, EVENTS, as_of=date(1900, 1, 1)))


def test_the_stages_are_named_and_defined() -> None:
    found = told(asking(PEOPLE, EVENTS))
    assert all(stage_label(stage)["zh"] for stage in (*STAGES, COME))
    assert "60" in found.about["en"]
    printed = found.as_json()
    assert [stage["key"] for stage in printed["stages"]] == list(STAGES)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"dormant_days": 120}, "template_days_order"),
        ({"mature_orders": 1}, "template_slot_out_of_bounds"),
        ({"purchase": "buy"}, "template_slot_not_one_of"),
        ({"month": 3}, "template_slot_unknown"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        told(asking(PEOPLE, EVENTS), **given)
    assert {problem.code for problem in refused.value.problems} == {code}
