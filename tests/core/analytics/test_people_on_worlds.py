"""Overview, journey, life cycle, RFM and retention on random marketplaces: figures are counts, sums add up."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.asking import Asking
from core.analytics.journey import funnel
from core.analytics.journey_steps import way_given
from core.analytics.lifecycle import COME, lifecycle
from core.analytics.movements import movements
from core.analytics.overview import COURSES, overview
from core.analytics.periods import GRAINS, Period
from core.analytics.retention import READINGS, retention
from core.analytics.rfm import NEVER, rfm
from core.analytics.splits import parts
from core.clock import add_days
from core.engines.memory import MemoryEngine
from core.rules.making_check import gives
from core.rules.parse import dump_rule, parse_rule
from core.rules.tree import Rule
from core.schema import Catalogue, Label, TagSpec
from core.tags.listing import EVERYBODY
from core.tags.templates import TEMPLATES
from core.tags.templates.lifecycle import STAGES, stage_name
from core.tags.templates.proposals import template_of
from core.tags.templates.rfm import CELLS, cell_name
from tests.core.analytics.made import assert_every_figure_is_the_count_of_its_rule
from tests.core.engines.agreement import asked
from tests.core.engines.worlds import World, days, rules, worlds

SOME = settings(max_examples=12, deadline=None)
SHOP = {"purchase": "buy", "amount": "amount"}
lengths = st.sampled_from([1, 30, 400])
STEPS = [
    {"label": "看", "events": ["visit"]},
    {"label": "买", "events": ["buy"]},
    {"label": "无", "events": ["never"]},
]
FROM_ALL = [{"label": "来", "events": []}, *STEPS]


def question(world: World, rule_json: dict[str, Any], as_of: date) -> Asking:
    rule = asked(rule_json, world.catalogue)
    return Asking(MemoryEngine(world.tables()), world.catalogue, as_of, rule)


def with_template(question_: Asking, name: str, given_: dict[str, Any]) -> Asking:
    """The same question where the tags that a template proposes are there."""
    catalogue: Catalogue = question_.catalogue
    for each in template_of(name, TEMPLATES).proposals(catalogue, given_):
        kind = gives(each.making, catalogue).type
        spec = TagSpec(key=each.key, type=kind, label=Label(**each.label), computed=each.making)
        catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, each.key: spec}})
    engine = question_.engine
    assert isinstance(engine, MemoryEngine)
    return Asking(engine.seeing(catalogue), catalogue, question_.as_of, question_.among)


def values_of(question_: Asking, tag: str, rule: Rule, day: date) -> Counter[object]:
    engine = question_.engine
    return Counter(engine.frame(engine.members(rule, day), [tag], day)[tag].to_list())


@given(worlds, rules(with_take=False), days, lengths, st.sampled_from(GRAINS), st.booleans())
@SOME
def test_the_overview_adds_up(
    world: World, rule_json: dict[str, Any], as_of: date, length: int, grain: Any, several: bool
) -> None:
    question_ = question(world, rule_json, as_of)
    period = Period(add_days(as_of, 1 - length), as_of)
    told = {**SHOP, "activity": ["visit", "buy"] if several else ["visit"]}
    found = overview(question_, period, told, grain=grain if length < 400 else "week")
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    came = [moment.new.users for moment in found.course if moment.new is not None]
    assert question_.knows_arrivals() == (len(came) == len(found.course))
    is_told = question_.knows_arrivals() and found.now.is_known
    assert found.now.value("new") == (sum(came) if is_told else None)
    for part in (found.now, found.before, found.year_before, *found.course):
        assert part.is_known == (found.known_from is not None and found.known_from <= part.period.first)
        assert part.is_known or {part.value(measure) for measure in COURSES} == {None}
    assert sum(moment.bought.occurrences for moment in found.course) == found.now.bought.occurrences
    assert found.now.bought.users == found.now.buyers.users >= found.now.repeaters.users
    assert max(moment.buyers.users for moment in found.course) <= found.now.buyers.users
    for movement in movements(question_, period, found.before.period, told):
        assert_every_figure_is_the_count_of_its_rule(question_, movement)
    found.as_json()


@given(
    worlds, rules(with_take=False), days, lengths, st.sampled_from(["any", "strict"]),
    st.sampled_from(["ever", "period"]), st.sampled_from([None, 1, 60]), st.booleans(), st.sampled_from([1, 7, 40]),
    st.sampled_from([None, 1, 1440]),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_the_journey_adds_up_in_all_its_ways(
    world: World, rule_json: dict[str, Any], as_of: date, length: int, order: str, when: str,
    within: int | None, from_all: bool, stuck: int, minutes: int | None,
) -> None:  # fmt: skip
    question_ = question(world, rule_json, as_of)
    period = Period(add_days(as_of, -30 - length), add_days(as_of, -30 if length > 30 else 0))
    way, stuck_days = way_given(
        question_, period,
        {"steps": FROM_ALL if from_all else STEPS, "order": order, "when": when, "within_days": within,
         "stuck_days": stuck, "session_minutes": minutes},
    )  # fmt: skip
    found = funnel(
        question_, way, split="city", stuck_days=stuck_days,
        parts_of=lambda rule, tag: parts(question_.engine.breakdown(rule, tag, as_of, top=2, bins=2)),
    )  # fmt: skip

    def count(rule: Rule) -> int:
        return question_.engine.count(parse_rule(dump_rule(rule)), as_of).count

    assert count(found.rule) == found.total == sum(group.total for group in found.groups)
    if from_all and when == "period" and not question_.knows_arrivals():
        unknown = found.steps if order == "strict" else found.steps[:1]
        assert {(step.reached, step.furthest, step.continued, step.stuck) for step in unknown} == {
            (None,) * 4
        }
        assert found.not_started is None
        assert len(found.notes) == 2
        found.as_json()
        return
    assert sum(step.furthest for step in found.steps) + found.not_started == found.total
    if found.rule_not_started is not None:
        assert count(found.rule_not_started) == found.not_started
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    for place, step in enumerate(found.steps):
        assert (count(step.rule_reached), count(step.rule_furthest)) == (step.reached, step.furthest)
        assert step.stuck.users <= step.furthest <= step.reached
        if step.rule_continued is not None:
            assert count(step.rule_continued) == step.continued
        assert order == "any" or place == 0 or step.reached == found.steps[place - 1].continued
        if minutes is not None:
            sessions = step.sessions
            assert sessions is not None
            # Whoever reached it did so in a session, and only they have such sessions.
            assert sessions.reached >= (step.reached if step.step.events else 0)
            assert (sessions.reached == 0) == (step.reached == 0) or not step.step.events
            assert sessions.continued is None or sessions.continued <= sessions.reached
            assert sessions.reached <= (found.sessions or 0)
            assert step.delays.known + step.delays.only_before <= (sessions.continued or 0)
        else:
            assert step.delays.known + step.delays.only_before <= (step.continued or 0)
        if not found.is_overlapping:
            for name in ("reached", "furthest"):
                assert sum(getattr(g.steps[place], name) for g in found.groups) == getattr(step, name)
    found.as_json()


@given(worlds, rules(with_take=False), days, st.booleans())
@SOME
def test_the_life_cycle_is_that_of_the_ready_tag(
    world: World, rule_json: dict[str, Any], as_of: date, knows_visits: bool
) -> None:
    question_ = question(world, rule_json, as_of)
    told = {
        "purchase": "buy", "activity": ["visit"] if knows_visits else [], "mature_orders": 2,
        "dormant_days": 30, "churned_days": 60, "quiet_days": 5, "lost_days": 60,
    }  # fmt: skip
    found = lifecycle(question_, {**told, "amount": "amount"}, months=2, weeks=2)
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    tagged = with_template(question_, "lifecycle", told)
    by_name = {stage_name(stage): stage for stage in STAGES}
    now = {stage.key: stage.people.users for stage in found.months[-1].stages}
    tags = values_of(tagged, "lifecycle_stage", question_.among, as_of)
    assert Counter({by_name[str(name)]: n for name, n in tags.items()}) == Counter(now)
    for month in found.months:
        # Whom the tag held on that day: of everybody, as an audience is asked about now.
        if question_.among.include.children or question_.among.exclude is not None:
            continue
        then = values_of(tagged, "lifecycle_stage", EVERYBODY, month.period.last)
        held = {stage.key: stage.people.users for stage in month.stages}
        assert Counter({by_name[str(name)]: n for name, n in then.items()}) == Counter(held)
    flows = Counter[str]()
    for flow in found.flows:
        flows[flow.after] += flow.people.users
    assert flows == Counter(now)
    for week in found.weeks:
        assert (week.new is None) == (week.returning is None) == (not question_.knows_arrivals())
        if week.new is not None and week.returning is not None:
            assert week.new.users + week.returning.users == week.gained.users
    come = sum(flow.people.users for flow in found.flows if flow.before == COME)
    assert sum(each.users for each in found.expected) == pytest.approx(sum(now.values()) + come)
    found.as_json()


@given(
    worlds, rules(with_take=False), days, st.sampled_from(["quintiles", "thresholds"]),
    st.sampled_from([None, 1, 60, 500]), st.sampled_from([2, 4, 5]), st.sampled_from([1, 60, 400]),
)  # fmt: skip
@settings(max_examples=10, deadline=None)
def test_rfm_is_that_of_the_ready_tags(
    world: World,
    rule_json: dict[str, Any],
    as_of: date,
    method: str,
    last: int | None,
    high_from: int,
    back: int,
) -> None:
    question_ = question(world, rule_json, as_of)
    edges = {
        "recency_edges": [1, 30.5, 59, 400],
        "frequency_edges": [1.5, 2, 3, 5],
        "spend_edges": [-3, 0.2, 2.5, 3000],
    }
    told = {**SHOP, "method": method, "days": last, "high_from": high_from, **edges}
    found = rfm(question_, told, since=add_days(as_of, -back))
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    assert found.buyers.users + found.never.users == question_.figure().users
    assert sum(move.people.users for move in found.moves) == question_.figure().users
    in_squares = {(s.recency, s.frequency): s.people.users for s in found.squares if s.people.users}
    in_cells = {cell.key: cell.people.users for cell in found.cells}
    assert sum(in_squares.values()) == sum(in_cells.values()) == found.buyers.users
    after = Counter[str]()
    for move in found.moves:
        after[move.after] += move.people.users
    assert after == Counter({**in_cells, NEVER: found.never.users})
    found.as_json()
    if question_.among.include.children or question_.among.exclude is not None:
        return  # fifths of an audience are its own
    assert_scores_are_those_of_the_tags(
        with_template(question_, "rfm", {**told, "refund": None, "refunded": None}), found
    )


def assert_scores_are_those_of_the_tags(tagged: Asking, found: Any) -> None:
    engine, day = tagged.engine, tagged.as_of
    rows = engine.frame(engine.members(EVERYBODY, day), ["rfm_r", "rfm_f", "rfm_cell"], day)
    scores = Counter((int(r), int(f)) for _, r, f, _ in rows.rows() if r is not None)
    assert scores == Counter({(s.recency, s.frequency): s.people.users for s in found.squares})
    names = {cell_name(key): key for key, *_ in CELLS}
    tags = Counter(names.get(cell, NEVER) for *_, cell in rows.rows())
    assert tags == Counter(
        {**{cell.key: cell.people.users for cell in found.cells}, NEVER: found.never.users}
    )


@given(worlds, days, st.sampled_from(["quintiles", "thresholds"]), st.sampled_from([None, 60]))
@settings(max_examples=15, deadline=None)
def test_rfm_of_everybody_is_that_of_the_ready_tags(
    world: World, as_of: date, method: str, last: int | None
) -> None:
    everybody = Asking(MemoryEngine(world.tables()), world.catalogue, as_of)
    edges = {
        "recency_edges": [1, 30.5, 59, 400],
        "frequency_edges": [1.5, 2, 3, 5],
        "spend_edges": [-3, 0.2, 2.5, 3000],
    }
    told = {**SHOP, "method": method, "days": last, "high_from": 3, **edges}
    tagged = with_template(everybody, "rfm", {**told, "refund": None, "refunded": None})
    assert_scores_are_those_of_the_tags(tagged, rfm(everybody, told))


@given(
    worlds, rules(with_take=False), days, st.sampled_from(GRAINS), st.sampled_from(READINGS),
    st.sampled_from(["registered", "first_event"]), st.booleans(),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_retention_adds_up(
    world: World, rule_json: dict[str, Any], as_of: date, grain: str, reading: str, begin: str, several: bool
) -> None:
    question_ = question(world, rule_json, as_of)
    told = {
        "begin": begin, "first_event": "buy", "returning": ["visit", "buy"] if several else ["visit"],
        "grain": grain, "reading": reading, "cohorts": 5, "brackets": [1, 2, 4],
    }  # fmt: skip
    by_city = parts(question_.engine.breakdown(question_.among, "city", as_of, top=2, bins=2))
    found = retention(question_, told, parts=by_city)
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    assert sum(cohort.people.users for cohort in found.cohorts) == found.curve.people.users
    assert sum(curve.people.users for curve in found.curves) == found.curve.people.users
    for cohort in found.cohorts:
        back = [cell.people.users for cell in cohort.cells]
        assert max(back, default=0) <= cohort.people.users
        assert reading != "rolling" or back == sorted(back, reverse=True)
        if begin == "first_event" and several and reading != "bracket" and back:
            assert back[0] == cohort.people.users
    for point in found.curve.points:
        same = [each for curve in found.curves for each in curve.points if each.after == point.after]
        assert sum(each.returned.users for each in same) == (point.returned.users if found.curves else 0)
    found.as_json()
