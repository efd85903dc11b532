"""The journey per session, counted on paper: what goes through the steps are visits, not people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.journey import Funnel, funnel
from core.analytics.journey_steps import way_given
from core.analytics.periods import Period
from core.analytics.splits import parts
from core.errors import RuleError
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import TagType
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
STEPS = [
    {"label": "看", "events": ["view"]},
    {"label": "聊", "events": ["chat"]},
    {"label": "买", "events": ["buy"]},
]
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "straight": {"city": "北京"}, "often": {"city": "北京"}, "backwards": {"city": "上海"},
    "apart": {"city": "上海"}, "at once": {"city": "上海"}, "silent": {},
}  # fmt: skip
# Pauses of up to 30 minutes. Sessions with a look: straight 1, often 3, backwards 1, apart 1, at once 1.
VIEWS: list[Done] = [
    ("straight", "2019-06-03 10:00"),
    ("often", "2019-06-04 10:00"), ("often", "2019-06-05 10:00"), ("often", "2019-07-02 10:00"),
    ("backwards", "2019-06-06 10:20"), ("apart", "2019-06-07 10:00"), ("at once", "2019-06-08 10:00"),
]  # fmt: skip
CHATS: list[Done] = [
    ("straight", "2019-06-03 10:30"),
    ("often", "2019-06-04 10:10"), ("often", "2019-06-05 10:20"),
    ("backwards", "2019-06-06 10:00"), ("apart", "2019-06-07 10:31"), ("at once", "2019-06-08 10:00"),
]  # fmt: skip
BUYS: list[Done] = [
    ("straight", "2019-06-03 11:00"),
    ("often", "2019-06-05 10:25"),
    ("apart", "2019-06-07 10:40"),
]
EVENTS: Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]] = {
    "view": ({}, VIEWS), "chat": ({}, CHATS), "buy": ({}, BUYS),
    # Between the look and the purchase of "apart" nothing but this, in a visit of its own.
    "search": ({}, [("silent", "2019-06-09 10:00"), ("silent", "2019-06-09 11:00")]),
}  # fmt: skip


@pytest.fixture(scope="module")
def asked() -> Asking:
    return asking(PEOPLE, EVENTS, tags={"city": TagType.ENUM})


def told(asked: Asking, steps: object = STEPS, **given: Any) -> Funnel:
    way, stuck_days = way_given(asked, JUNE, {"steps": steps, "session_minutes": 30, **given})
    found = funnel(asked, way, stuck_days=stuck_days)
    assert sum(step.furthest for step in found.steps) + found.not_started == found.total
    for step in found.steps:
        if step.rule_continued is not None:
            assert asked.engine.count(step.rule_continued, asked.as_of).count == step.continued
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    return found


def sessions(found: Funnel) -> list[tuple[int, int | None]]:
    return [(step.sessions.reached, step.sessions.continued) for step in found.steps if step.sessions]


def members(asked: Asking, rule: Rule | None) -> list[str]:
    assert rule is not None
    return asked.engine.frame(asked.engine.members(rule, asked.as_of), [], asked.as_of)["user_id"].to_list()


def test_in_whatever_order_a_session_reaches_a_step_by_having_it(asked: Asking) -> None:
    found = told(asked)
    # Of ten sessions, seven have a look; "apart" chatted in another one than it looked.
    assert (found.session_minutes, found.sessions) == (30, 10)
    assert sessions(found) == [(7, 5), (6, 3), (3, None)]
    assert [step.conversion for step in found.steps] == [5 / 7, 3 / 6, None]
    assert [step.overall and step.overall.value for step in found.steps] == [1, 5 / 7, 2 / 7]
    # People are those who have such a session, each once.
    assert [step.reached for step in found.steps] == [5, 5, 3]
    assert members(asked, found.steps[0].rule_continued) == ["at once", "backwards", "often", "straight"]
    assert members(asked, found.steps[1].rule_continued) == ["apart", "often", "straight"]


def test_in_order_a_session_has_the_steps_one_after_another(asked: Asking) -> None:
    found = told(asked, order="strict")
    assert sessions(found) == [(7, 3), (3, 2), (2, None)]
    assert [step.conversion for step in found.steps] == [3 / 7, 2 / 3, None]
    assert members(asked, found.steps[1].rule_reached) == ["often", "straight"]
    assert members(asked, found.steps[0].rule_furthest) == ["apart", "at once", "backwards"]


def test_a_longer_pause_makes_one_session_of_two(asked: Asking) -> None:
    found = told(asked, session_minutes=31, order="strict")
    assert found.sessions == 9
    assert sessions(found) == [(7, 4), (4, 3), (3, None)]


def test_in_a_period_only_sessions_with_something_in_it_are_looked_at(asked: Asking) -> None:
    found = told(asked, when="period")
    assert found.sessions == 9
    assert sessions(found) == [(6, 5), (6, 3), (3, None)]


def test_times_are_those_within_a_session(asked: Asking) -> None:
    found = told(asked)
    # To the chat: at once 0, often 10 and 20, straight 30 minutes; "backwards" had chatted only before.
    minutes = [{share: s / 60 for share, s in step.delays.seconds.items()} for step in found.steps]
    assert minutes == [{0.5: 10, 0.9: 30}, {0.5: 9, 0.9: 30}, {}]
    assert [(s.delays.known, s.delays.only_before) for s in found.steps] == [(4, 1), (3, 0), (0, 0)]
    # In order the chat of "apart" was no step, so that its purchase is not timed either.
    in_order = told(asked, order="strict")
    assert [(s.delays.known, s.delays.only_before) for s in in_order.steps] == [(3, 0), (2, 0), (0, 0)]


def test_a_first_step_that_everybody_has_every_session_has(asked: Asking) -> None:
    found = told(asked, [{"label": "来", "events": []}, *STEPS])
    assert sessions(found) == [(10, 7), (7, 5), (6, 3), (3, None)]
    assert [step.reached for step in found.steps] == [6, 5, 5, 3]


def test_in_order_after_who_came_in_the_period_the_sessions_are_all_those_of_these() -> None:
    new = ("straight", "often")
    people = {name: {**has, "since": date(2019, 6, 1 if name in new else 30)} for name, has in PEOPLE.items()}
    people["silent"]["since"] = date(2019, 1, 1)
    came = asking(people, EVENTS, tags={"city": TagType.ENUM}, as_of=date(2019, 7, 14))
    way, _ = way_given(
        came, Period(date(2019, 6, 1), date(2019, 6, 15)),
        {"steps": [{"label": "来", "events": []}, *STEPS], "session_minutes": 30, "order": "strict",
         "when": "period"},
    )  # fmt: skip
    found = funnel(came, way)
    # "straight" had one with everything; "often" one without and one with the purchase, and in July one look.
    assert found.sessions == 4
    assert sessions(found) == [(4, 4), (4, 3), (3, 2), (2, None)]


def test_sessions_are_parted_by_a_tag_and_add_up(asked: Asking) -> None:
    way, _ = way_given(asked, JUNE, {"steps": STEPS, "session_minutes": 30})
    found = funnel(
        asked, way, split="city",
        parts_of=lambda rule, tag: parts(asked.engine.breakdown(rule, tag, asked.as_of, top=8, bins=6)),
    )  # fmt: skip
    by_city = {group.label["zh"]: [step.sessions.reached for step in group.steps if step.sessions] for group in found.groups}  # fmt: skip
    assert by_city["北京"] == [4, 3, 2]
    assert by_city["上海"] == [3, 3, 1]


def test_per_person_there_are_no_sessions(asked: Asking) -> None:
    found = told(asked, session_minutes=None)
    assert found.sessions is None
    assert sessions(found) == []
    assert found.steps[0].as_json()["sessions"] is None


# ---- steps that are audiences ------------------------------------------------------------------------------


def buyers(name: str) -> Rule:
    """Return the people of the only saved audience there is."""
    assert name == "买过"
    node = {"kind": "event", "id": "c", "event": "buy", "measure": "count", "op": "gte", "value": 1}
    return parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})


def test_a_step_may_be_being_in_a_saved_audience(asked: Asking) -> None:
    named = replace(asked, audience=buyers)
    found = told(named, [*STEPS[:2], {"label": "客户", "audience": "买过"}], session_minutes=None)
    assert [step.reached for step in found.steps] == [5, 5, 3]
    assert members(named, found.steps[2].rule_reached) == ["apart", "often", "straight"]
    assert found.steps[1].delays.known == 0
    # "apart" bought on 7 June: 30 days before 14 July nobody but it, "often" and "straight" had bought.
    assert ids_of(named, told(named, [STEPS[0], {"label": "客户", "audience": "买过"}], session_minutes=None, stuck_days=37).steps[1].stuck) == ["apart", "often", "straight"]  # fmt: skip


@pytest.mark.parametrize("given", [{"order": "strict"}, {"when": "period"}, {"session_minutes": 30}])
def test_an_audience_has_no_time(asked: Asking, given: dict[str, Any]) -> None:
    named = replace(asked, audience=buyers)
    with pytest.raises(RuleError) as refused:
        way_given(named, JUNE, {"steps": [STEPS[0], {"label": "客户", "audience": "买过"}], **given})
    assert refused.value.code == "journey_audience_without_time"
