"""The journey in all its ways, counted on paper: in order or not, within days, in a period, stuck, elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.journey import Funnel, elsewhere, funnel
from core.analytics.journey_steps import MOST_CHAINS, Way, way_given, way_of
from core.analytics.periods import Period
from core.analytics.splits import Part, parts
from core.errors import RuleError, WorkspaceError
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import JourneyStage, JourneyStep, Label, TagType
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
STEPS = [
    {"label": "看", "events": ["view"]},
    {"label": "聊", "events": ["chat"]},
    {"label": "买", "events": ["buy"]},
]
WITH_REGISTERING = [{"label": "注册", "events": []}, *STEPS]
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "all": {"since": date(2019, 1, 1)},
    "skips": {"since": date(2019, 5, 31)},
    "back": {"since": date(2019, 6, 1)},
    "twice": {"since": date(2019, 6, 30)},
    "same": {"since": date(2019, 7, 1)},
    "nothing": {"since": date(2019, 7, 10)},
    "other": {},
}
VIEWS: list[Done] = [
    ("all", "2019-06-01 10:00"), ("skips", "2019-06-30 23:30"), ("back", "2019-06-20 10:00"),
    ("twice", "2019-07-01 10:00"), ("twice", "2019-07-09 10:00"), ("same", "2019-07-07 12:00"),
]  # fmt: skip
CHATS: list[Done] = [
    ("all", "2019-06-03 10:00"), ("back", "2019-06-10 10:00"),
    ("twice", "2019-06-30 09:00"), ("twice", "2019-07-10 10:00"), ("same", "2019-07-07 12:00"),
]  # fmt: skip
BUYS: list[Done] = [("all", "2019-06-08 22:00"), ("skips", "2019-07-01 00:30"), ("back", "2019-06-01 10:00")]
EVENTS: Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]] = {
    "view": ({}, VIEWS),
    "chat": ({}, CHATS),
    "buy": ({}, BUYS),
    "search": ({}, [("skips", "2019-07-02 10:00"), ("other", "2019-07-02 10:00"), ("twice", "2019-07-10 10:00")]),
}  # fmt: skip


def told(asked: Asking, steps: object = STEPS, *, period: Period = JUNE, **given: Any) -> Funnel:
    way, stuck_days = way_given(asked, period, {"steps": steps, **given})
    found = funnel(asked, way, stuck_days=stuck_days)
    assert sum(step.furthest for step in found.steps) + found.not_started == found.total
    assert_every_number_is_its_rule(asked, found)
    return found


def assert_every_number_is_its_rule(asked: Asking, found: Funnel) -> None:
    def count(rule: Rule) -> int:
        return asked.engine.count(rule, asked.as_of).count

    for step in (*found.steps, *(step for group in found.groups for step in group.steps)):
        assert count(step.rule_reached) == step.reached
        assert count(step.rule_furthest) == step.furthest
        if step.rule_continued is not None:
            assert count(step.rule_continued) == step.continued
        assert step.stuck.users <= step.furthest
    if found.rule_not_started is not None:
        assert count(found.rule_not_started) == found.not_started
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def reached(found: Funnel) -> list[int]:
    return [step.reached for step in found.steps]


def furthest(found: Funnel) -> list[int]:
    return [step.furthest for step in found.steps]


def members(asked: Asking, rule: Rule) -> list[str]:
    return asked.engine.frame(asked.engine.members(rule, asked.as_of), [], asked.as_of)["user_id"].to_list()


def test_in_whatever_order_a_step_is_reached_by_having_done_it() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked)
    assert (found.total, found.not_started) == (7, 2)
    assert reached(found) == [5, 4, 3]
    assert furthest(found) == [0, 2, 3]
    assert [step.continued for step in found.steps] == [4, 2, None]
    assert [step.conversion for step in found.steps] == [0.8, 0.5, None]
    assert [step.overall and step.overall.value for step in found.steps] == [1, 0.8, 0.6]


def test_in_order_a_step_counts_only_after_the_one_before_it() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked, order="strict")
    # "back" did all, the wrong way round; "same" chatted in the moment of looking, which is not after it;
    # "skips" bought without a chat; "twice" looked twice, and chatted after the second time.
    assert reached(found) == [5, 2, 1]
    assert furthest(found) == [3, 1, 1]
    assert members(asked, found.steps[1].rule_reached) == ["all", "twice"]
    assert found.not_started == 2


@pytest.mark.parametrize(
    ("days", "expected"), [(1, [5, 1, 0]), (2, [5, 2, 0]), (5, [5, 2, 0]), (6, [5, 2, 1])]
)
def test_each_step_follows_the_one_before_it_within_so_many_days(days: int, expected: list[int]) -> None:
    # From the second look to the chat "twice" took 24 hours sharp, "all" 48; from chat to purchase 5 d 12 h.
    assert reached(told(asking(PEOPLE, EVENTS), order="strict", within_days=days)) == expected


def test_in_a_period_only_steps_of_the_period_count() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked, when="period")
    # 23:30 on 30 June is June, 00:30 on 1 July is not.
    assert reached(found) == [3, 3, 2]
    assert furthest(found) == [1, 1, 2]
    assert (found.total, found.not_started) == (7, 3)


def test_in_order_the_first_step_lies_in_the_period_and_the_others_follow() -> None:
    asked = asking(PEOPLE, EVENTS)
    first_of_july = Period(date(2019, 7, 1), date(2019, 7, 9))
    assert reached(told(asked, order="strict", when="period")) == [3, 1, 1]
    assert reached(told(asked, order="strict", when="period", period=first_of_july)) == [2, 1, 0]


@pytest.mark.parametrize("order", ["any", "strict"])
def test_a_first_step_without_events_is_reached_by_everybody(order: str) -> None:
    found = told(asking(PEOPLE, EVENTS), WITH_REGISTERING, order=order)
    assert (found.total, found.not_started, found.rule_not_started) == (7, 0, None)
    assert reached(found) == ([7, 5, 4, 3] if order == "any" else [7, 5, 2, 1])


@pytest.mark.parametrize("order", ["any", "strict"])
def test_in_a_period_a_first_step_without_events_is_reached_by_who_came_in_it(order: str) -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked, WITH_REGISTERING, order=order, when="period")
    # Neither who came on 31 May nor who came on 1 July came in June.
    assert members(asked, found.steps[0].rule_reached) == ["back", "twice"]
    assert reached(found) == ([2, 3, 3, 2] if order == "any" else [2, 2, 1, 0])
    to_now = told(asked, WITH_REGISTERING, order=order, when="period", period=Period(date(2019, 6, 30), date(2019, 7, 14)))  # fmt: skip
    assert members(asked, to_now.steps[0].rule_reached) == ["nothing", "same", "twice"]


def test_where_the_first_step_is_not_known_it_is_not_told_what_its_people_did_instead() -> None:
    asked = asking({user: {} for user in PEOPLE}, EVENTS, tags={"city": TagType.ENUM})
    given = {"steps": WITH_REGISTERING, "when": "period"}
    way, _ = way_given(asked, JUNE, given)
    assert [each.event for each in elsewhere(asked, way, 1)] == ["search"]
    in_order, _ = way_given(asked, JUNE, {**given, "order": "strict"})
    with pytest.raises(RuleError) as refused:
        elsewhere(asked, in_order, 1)
    assert refused.value.code == "no_arrivals"
    split = funnel(asked, way, split="city", parts_of=lambda *_: [Part({"zh": "全", "en": "all"}, ())])
    assert [step.reached for step in split.groups[0].steps] == [None, 3, 3, 2]


def test_a_step_of_several_events_is_reached_by_any_of_them() -> None:
    asked = asking(PEOPLE, EVENTS)
    steps = [{"label": "看", "events": ["view", "search"]}, {"label": "聊买", "events": ["chat", "buy"]}]
    assert reached(told(asked, steps)) == [6, 5]
    assert reached(told(asked, steps, order="strict")) == [6, 3]


def test_too_many_chains_are_refused() -> None:
    asked = asking(PEOPLE, EVENTS)
    many = [{"label": str(n), "events": ["view", "chat", "buy", "search"]} for n in range(3)]
    told(asked, many)
    assert MOST_CHAINS < 4**3
    with pytest.raises(RuleError) as refused:
        told(asked, many, order="strict")
    assert refused.value.code == "journey_too_many_chains"


def test_times_run_from_first_doing_a_step_to_the_next_doing_of_the_one_after_it() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = told(asked)
    hours = [{share: s / 3600 for share, s in step.delays.seconds.items()} for step in found.steps]
    # To the chat: "same" 0, "all" 48, "twice" 9 days after the first look; "back" had only chatted before.
    assert hours == [{0.5: 48, 0.9: 216}, {0.5: 132, 0.9: 132}, {}]
    assert [(s.delays.known, s.delays.only_before) for s in found.steps] == [(3, 1), (1, 1), (0, 0)]
    in_order = told(asked, order="strict")
    assert [(s.delays.known, s.delays.only_before) for s in in_order.steps] == [(2, 0), (1, 0), (0, 0)]


def test_stuck_is_who_had_reached_the_step_so_many_days_before() -> None:
    asked = asking(PEOPLE, EVENTS)
    # At the chat stand "twice" (first chat on 30 June) and "same" (7 July, seven days before 14 July).
    for days, who in ((7, ["same", "twice"]), (8, ["twice"]), (14, ["twice"]), (15, [])):
        assert ids_of(asked, told(asked, stuck_days=days).steps[1].stuck) == who
    at_registering = told(asked, WITH_REGISTERING, stuck_days=4).steps[0].stuck
    assert ids_of(asked, at_registering) == ["nothing", "other"]
    assert ids_of(asked, told(asked, WITH_REGISTERING, stuck_days=5).steps[0].stuck) == ["other"]


def test_in_order_who_only_did_the_event_before_its_turn_is_not_stuck() -> None:
    asked = asking(PEOPLE, EVENTS)
    # "twice" chatted on 30 June, but in its turn only on 10 July.
    step = told(asked, order="strict").steps[1]
    assert members(asked, step.rule_furthest) == ["twice"]
    assert step.stuck.users == 0
    assert ids_of(asked, told(asked, order="strict", stuck_days=4).steps[1].stuck) == ["twice"]


def test_in_a_period_who_did_the_step_only_before_it_is_not_stuck() -> None:
    asked = asking(PEOPLE, EVENTS)
    july = Period(date(2019, 7, 1), date(2019, 7, 14))
    step = told(asked, when="period", period=july).steps[1]
    assert members(asked, step.rule_furthest) == ["same", "twice"]
    assert ids_of(asked, step.stuck) == ["same"]


def test_a_step_that_is_told_by_a_rule_counts_whom_the_rule_holds() -> None:
    asked = asking(PEOPLE, EVENTS)
    way, _ = way_given(asked, JUNE, {"steps": WITH_REGISTERING})
    searched_much = parse_rule({"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": [
        {"kind": "event", "id": "c", "event": "search", "measure": "count", "op": "gte", "value": 1}]}})  # fmt: skip
    ruled = Way(way.steps, rules={"step2": searched_much})
    found = funnel(asked, ruled)
    assert reached(found) == [7, 3, 4, 3]
    assert sum(furthest(found)) + found.not_started == 7
    assert_every_number_is_its_rule(asked, found)
    # All three searched on 2 July or later, "other" stands there.
    assert ids_of(asked, funnel(asked, ruled, stuck_days=12).steps[1].stuck) == ["other"]
    assert funnel(asked, ruled, stuck_days=13).steps[1].stuck.users == 0


def test_who_stopped_at_a_step_went_elsewhere_after_it() -> None:
    asked = asking(PEOPLE, EVENTS)
    way, _ = way_given(asked, JUNE, {"steps": [STEPS[0], STEPS[1]]})
    # "skips" stopped at the look, and bought and searched after it.
    found = elsewhere(asked, way, 0)
    assert [(each.event, ids_of(asked, each.people)) for each in found] == [
        ("buy", ["skips"]),
        ("search", ["skips"]),
    ]
    assert [each.share.value for each in found if each.share] == [1, 1]
    # Of those at the chat "twice" searched in the moment of the second, "all" and "back" bought.
    at_chat = elsewhere(asked, way, 1)
    assert {each.event: ids_of(asked, each.people) for each in at_chat} == {
        "buy": ["all"], "view": ["back", "twice"], "search": ["twice"],
    }  # fmt: skip
    assert [each.event for each in elsewhere(asked, way, 1, many=1)] == ["view"]
    assert_every_figure_is_the_count_of_its_rule(asked, (*found, *at_chat))


@pytest.mark.parametrize(
    "given", [{}, {"order": "strict"}, {"when": "period"}, {"order": "strict", "when": "period"}]
)
def test_nobody_and_one_user_and_a_day_before_the_data(given: dict[str, Any]) -> None:
    empty = {event: ({}, []) for event in EVENTS}
    nobody = told(asking({}, empty), WITH_REGISTERING, **given)
    assert nobody.total == 0
    assert [step.conversion for step in nobody.steps] == [None] * 4
    assert [step.overall for step in nobody.steps] == [None] * 4
    one = told(asking({"a": {}}, {**empty, "view": ({}, [("a", "2019-06-01 00:00")])}), **given)
    assert reached(one) == [1, 0, 0]
    early = date(2018, 5, 1)
    before = told(asking(PEOPLE, EVENTS, as_of=early), period=Period(early, early), **given)
    assert (before.total, before.not_started, reached(before)) == (1, 1, [0, 0, 0])


def test_a_split_into_ten_thousand_values_stays_at_eight_and_the_rest() -> None:
    people = {f"u{n:05}": {"shop": f"shop {n if n > 40 else n % 4}"} for n in range(10_000)}
    asked = asking(people, {"view": ({}, [(f"u{n:05}", "2019-06-01 10:00") for n in range(0, 10_000, 2)]), "chat": ({}, [])}, tags={"shop": TagType.ENUM})  # fmt: skip
    way, _ = way_given(asked, JUNE, {"steps": STEPS[:2]})
    found = funnel(
        asked, way, split="shop",
        parts_of=lambda rule, tag: parts(asked.engine.breakdown(rule, tag, asked.as_of, top=8, bins=6)),
    )  # fmt: skip
    assert len(found.groups) == 9
    assert found.groups[-1].label["en"] == "other"
    assert sum(group.total for group in found.groups) == found.total == 10_000
    assert sum(group.steps[0].reached for group in found.groups) == found.steps[0].reached == 5_000


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"steps": [STEPS[0], {"label": "x", "events": []}]}, "journey_own_step_without_events"),
        ({"steps": [STEPS[0], STEPS[0]]}, "template_steps_twice"),
        ({"steps": [{"label": ["x"], "events": ["view"]}]}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": {"zh": "x", "en": "x"}, "events": []}]}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": " ", "events": ["view"]}]}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": "x" * 101, "events": ["view"]}]}, "template_steps_name_too_long"),
        ({"steps": [{"label": "x", "events": ["view", "view"]}]}, "template_steps_event_twice"),
        ({"steps": [{"label": str(n), "events": ["view"]} for n in range(21)]}, "template_slot_too_many"),
        ({"steps": "view"}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": "x", "audience": ""}]}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": "x", "audience": "a", "events": []}]}, "template_steps_or_audience_shape"),
        ({"steps": [{"label": "x", "audience": "gone"}]}, "unknown_audience"),
        ({"steps": STEPS, "session_minutes": 1441}, "template_slot_out_of_bounds"),
        ({"steps": [{"label": "x", "events": ["veiw"]}]}, "template_steps_event"),
        ({"steps": STEPS, "order": "strickt"}, "template_slot_not_one_of"),
        ({"steps": STEPS, "within_days": 0}, "template_slot_out_of_bounds"),
        ({"steps": STEPS, "stuck_days": 1.5}, "template_slot_not_whole"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        way_given(asking(PEOPLE, EVENTS), JUNE, given)
    assert {problem.code for problem in refused.value.problems} == {code}


def test_without_steps_the_journey_is_that_of_the_plan_or_none() -> None:
    asked = asking(PEOPLE, EVENTS)
    with pytest.raises(WorkspaceError) as refused:
        way_given(asked, JUNE, {})
    assert refused.value.code == "no_journey"
    name = Label(zh="名", en="name")
    steps = (JourneyStep(key="a", label=name, events=("view",)), JourneyStep(key="b", label=name))
    planned = asked.catalogue.model_copy(
        update={"journey": (JourneyStage(key="s", label=name, steps=steps),)}
    )
    with pytest.raises(WorkspaceError) as refused:
        way_of(planned)
    assert refused.value.code == "journey_step_without_events"
