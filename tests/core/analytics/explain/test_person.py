"""Why one user is in, or not: verdicts, values and occurrences are the oracle's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from core.analytics.explain.person import MOST_OCCURRENCES, person
from core.engines.memory import MemoryEngine
from core.errors import NotFound
from core.rules import evaluate
from core.rules.asked_on import days_of
from core.rules.conditions import RankCondition
from core.rules.made_of import tags_of
from core.rules.makings import ByRules, Quantiles
from core.rules.measures import Occurrence
from core.rules.naming import tags_of as tags_of_condition
from core.rules.tree import AnyNode, EventCondition, Group, Rule, TagCondition, nodes
from core.schema import Catalogue
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, counting, who
from tests.core.engines.worlds import World, catalogue_in, days, rules, worlds


def tags_of_node(node: AnyNode) -> tuple[str, ...]:
    return () if isinstance(node, Group) else tuple(tags_of_condition(node))


def of_others(tag: str, catalogue: Catalogue) -> bool:
    """Tell whether a tag, or one that it is made of, depends on what everybody else has."""
    spec = catalogue.tags[tag]
    return isinstance(spec.computed, ByRules | Quantiles) or any(
        of_others(part, catalogue) for part in tags_of(spec)
    )


@given(worlds, rules(), days)
@settings(max_examples=60, deadline=None)
def test_verdicts_and_values_are_the_oracle_s(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    taken = evaluate.members(rule, world.users, world.catalogue, as_of)
    counts = {node.id for node in counting(rule)}
    asked_on = {key: of.within for key, of in days_of(rule, as_of).items()}
    matched, only = who(rule, world, as_of), Rule(include=rule.include)
    # Ranks and some tags are about the people of the base together: nothing is asked of one person alone.
    is_alone = not any(
        isinstance(node, RankCondition) or any(of_others(tag, world.catalogue) for tag in tags_of_node(node))
        for node in nodes(rule)
    )
    for user in world.users[:6]:
        found = person(rule, user.user_id, engine, world.catalogue, as_of, lambda _spec, value: value)
        shown: Any = found.as_json()
        # Of somebody who is not in the base as well it is said what they satisfy on the day itself.
        always = user if evaluate.in_base(user, as_of) else replace(user, exists_from=as_of)
        assert shown["is_in_base"] is evaluate.in_base(user, as_of)
        assert shown["is_matched"] is (user.user_id in matched)
        assert shown["is_taken"] is (user.user_id in taken)
        assert all(node.counts is (node.node in counts) for node in found.nodes)
        if is_alone:
            numbers = evaluate.node_numbers(rule, [always], world.catalogue, as_of)
            assert all(node.holds is bool(numbers[node.node].own) for node in found.nodes)
            is_included = evaluate.holds(only, always, world.catalogue, as_of)
            assert found.verdict.is_included is is_included
            if is_included:
                held = evaluate.holds(rule, always, world.catalogue, as_of)
                assert found.verdict.is_excluded is not held
        by_id = {node.node: node for node in found.nodes}
        for leaf in counting(rule):
            if isinstance(leaf, TagCondition):
                expected = evaluate.tag_value(user, leaf.tag, world.catalogue, asked_on[leaf.id], world.users)
                value = by_id[leaf.id].value
                assert (set(value) if isinstance(value, list) else value) == (
                    set(expected) if isinstance(expected, frozenset) else expected
                )
            elif isinstance(leaf, EventCondition):
                value = by_id[leaf.id].value
                assert value == evaluate.event_value(user, leaf, world.catalogue, asked_on[leaf.id])
                # Without a date of their own to count from, nothing is measured, not even that there was nothing.
                assert leaf.measure != "count" or value in (None, by_id[leaf.id].occurrence_count)
            elif isinstance(leaf, Group):
                assert by_id[leaf.id].occurrence_count is None


def rule_of(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


PHONE = {"kind": "tag", "id": "c1", "tag": "phone", "op": "is", "value": "13800000001"}
SPENT = {
    "kind": "event", "id": "c2", "event": "buy", "measure": "sum", "property": "amount", "op": "gt", "value": 10,
    "where": [{"property": "channel", "op": "is", "value": "app"}],
}  # fmt: skip


def test_a_personal_value_is_masked_until_revealed(workspace: Workspace) -> None:
    rule = workspace.parse(rule_of(PHONE))
    masked: Any = workspace.person(rule, "u02", mask=workspace.mask).as_json()
    assert masked["nodes"]["c1"]["value"] == "138****0002"
    assert "13800000001" not in str(masked)
    assert masked["nodes"]["c1"]["holds"] is False
    revealed: Any = workspace.person(rule, "u02", reveal=True).as_json()
    assert revealed["nodes"]["c1"]["value"] == "13800000002"


def test_the_occurrences_that_count_are_shown(workspace: Workspace) -> None:
    shown: Any = workspace.person(workspace.parse(rule_of(SPENT)), "u03").as_json()
    assert shown["nodes"]["c2"]["value"] == 30.0
    assert shown["nodes"]["c2"]["occurrence_count"] == 1
    assert shown["nodes"]["c2"]["occurrences"] == [
        {"event": "buy", "at": "2019-07-01T10:00:00+08:00", "properties": {"amount": 30.0, "channel": "app"}}
    ]
    assert workspace.person(workspace.parse(rule_of(SPENT)), "u03").nodes[1].value == Fraction(30)


def test_what_every_kind_looks_at_is_shown(workspace: Workspace) -> None:
    bought = {"event": "buy", "measure": "sum", "property": "amount"}
    kinds: list[dict[str, object]] = [
        {"kind": "compare", "left": {**bought, "where": SPENT["where"]}, "op": "lt", "right": bought},
        {"kind": "rank", "tag": "spend", "top": {"n": 1}, "within": "city"},
        {"kind": "sequence", "steps": [{"event": "buy"}, {"event": "buy"}, {"event": "buy", "not": True}]},
        {
            "kind": "stopped",
            "event": "buy",
            "active": {"last": 9, "unit": "week"},
            "silent": {"from": "2019-07-14"},
        },
        {"kind": "regular", "event": "buy", "at_least": 1, "per": "day", "in": 1, "of_last": 2},
        {"kind": "bucket", "seed": "s", "from": 0, "to": 1},
    ]
    rule = workspace.parse(rule_of(*({**kind, "id": f"c{place}"} for place, kind in enumerate(kinds))))
    shown: Any = workspace.person(rule, "u03").as_json()
    of = [shown["nodes"][f"c{place}"] for place in range(len(kinds))]
    every = of[2]["occurrences"]
    assert [done["event"] for done in every] == ["buy"] * len(every)
    assert len(every) > 1
    assert sorted((done["at"] for done in every), reverse=True) == [done["at"] for done in every]
    # An occurrence that several steps or both sides look at is one occurrence.
    assert [each["occurrence_count"] for each in of] == [len(every), None, *[len(every)] * 3, None]
    amounts = [done["properties"]["amount"] for done in every]
    assert (of[0]["value"], of[0]["other"]) == (30.0, sum(amounts))
    people = workspace.preview(workspace.parse(rule_of()), ["spend", "city"]).rows_by_key("user_id")
    assert [(of[1]["value"], of[1]["other"])] == people["u03"]


def test_the_occurrences_are_the_newest_and_few() -> None:
    times = [datetime(2019, 7, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(50)]
    user = evaluate.OracleUser("u", events={"visit": tuple(Occurrence(at, {}) for at in times)})
    world = World(catalogue_in("UTC"), (user,), (5,))
    visited = {"kind": "event", "id": "c1", "event": "visit", "measure": "count", "op": "gte", "value": 1}
    rule = asked(rule_of(visited), world.catalogue)
    engine = MemoryEngine(world.tables())
    found = person(rule, "u", engine, world.catalogue, date(2019, 7, 2), lambda _spec, value: value).nodes[1]
    assert found.occurrence_count == 48
    assert [each.occurrence.at for each in found.occurrences] == times[47 : 47 - MOST_OCCURRENCES : -1]


def test_who_matches_and_is_not_taken_is_told(workspace: Workspace) -> None:
    everybody = workspace.parse(rule_of(take={"n": 1, "by": "points"}))
    shown: Any = workspace.person(everybody, "u01").as_json()
    assert (shown["is_matched"], shown["is_taken"]) == (True, False)
    assert workspace.person(everybody, "u05").verdict.is_taken
    early: Any = workspace.person(workspace.parse(rule_of()), "u05", date(2019, 1, 1)).as_json()
    assert (early["is_in_base"], early["is_matched"]) == (False, False)


def test_an_unknown_user_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NotFound) as refused:
        workspace.person(workspace.parse(rule_of(PHONE)), "u99")
    assert refused.value.code == "user_unknown"


def test_a_sequence_a_comparison_and_a_rank_tell_what_stands_behind_them() -> None:
    day = datetime(2019, 7, 1, tzinfo=UTC)
    events = {
        "visit": (Occurrence(day, {}),),
        "buy": tuple(Occurrence(day + timedelta(hours=n), {"amount": 2.0}) for n in range(1, 31)),
    }
    user = evaluate.OracleUser("u", tags={"points": 7.0}, events=events)
    world = World(catalogue_in("UTC"), (user,), (5,))
    steps = [{"event": "visit"}, {"event": "buy"}, {"event": "visit", "not": True}]
    spent = {"event": "buy", "measure": "sum", "property": "amount"}
    rule = asked(
        rule_of(
            {"kind": "sequence", "id": "c1", "steps": steps},
            {
                "kind": "compare",
                "id": "c2",
                "left": spent,
                "op": "gt",
                "right": {"event": "buy", "measure": "count"},
            },
            {"kind": "rank", "id": "c3", "tag": "points", "top": {"n": 1}},
        ),
        world.catalogue,
    )
    engine = MemoryEngine(world.tables())
    found = person(rule, "u", engine, world.catalogue, date(2019, 7, 2), lambda _spec, value: value)
    chain, compared, ranked = found.nodes[1:]
    assert chain.occurrence_count == 31, "what two steps speak of counts once"
    assert [done.event for done in chain.occurrences] == ["buy"] * 10 + ["visit"], (
        "no step crowds out another"
    )
    assert (compared.value, compared.other) == (Fraction(60), 30)
    assert ranked.value == 7.0
