"""Rules made from rules mean what their makers say of them, on random rules and people."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given, settings

from core.rules.check import check, errors_of
from core.rules.edit import as_condition, fresh_ids, muted, narrowed, removed
from core.rules.parse import parse_rule
from core.rules.tree import Group, Rule, nodes
from tests.core.analytics.explain.plain import asked, who
from tests.core.engines.worlds import World, days, rules, worlds

SOME = settings(max_examples=150, deadline=None)


@given(worlds, rules(with_take=False), rules(with_take=False), days)
@SOME
def test_a_narrowed_rule_keeps_those_for_whom_the_conditions_hold_as_well(
    world: World, rule_json: dict[str, Any], other_json: dict[str, Any], as_of: date
) -> None:
    rule, other = (asked(told, world.catalogue) for told in (rule_json, other_json))
    condition = as_condition(other, fresh_ids([other]))
    conditions = [] if condition is None else [condition]
    found = narrowed(rule, conditions)
    assert who(found, world, as_of) == who(rule, world, as_of) & who(other, world, as_of)
    of_condition = Rule(include=Group(id="g", match="all", children=tuple(conditions)))
    assert who(of_condition, world, as_of) == who(other, world, as_of)


@given(worlds, rules(with_take=False), days)
@SOME
def test_a_rule_without_a_node_finds_whom_it_finds_with_the_node_muted(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    # Of "at least" another number holds of those that are left: that is no matter of muting.
    rule = asked(without_at_least(rule_json), world.catalogue)
    for node in nodes(rule):
        if node is rule.include:
            continue
        found = removed(rule, node.id)
        assert errors_of(check(found, world.catalogue)) == ()
        assert who(found, world, as_of) == who(muted(rule, node.id), world, as_of)


def without_at_least(told: Any) -> Any:
    if isinstance(told, list):
        return [without_at_least(each) for each in told]
    if not isinstance(told, dict):
        return told
    found = {key: without_at_least(value) for key, value in told.items()}
    if found.get("match") == "at_least":
        return {**{key: value for key, value in found.items() if key != "k"}, "match": "any"}
    return found


LEVEL = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
BOUGHT = {"kind": "event", "id": "c2", "event": "buy", "measure": "count", "op": "gte", "value": 1}
EXISTED = {"kind": "group", "id": "g2", "match": "all", "as_of": "2019-01-01", "children": []}


def rule_of(*children: dict[str, Any], **more: Any) -> Rule:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(children), **more}
    return parse_rule({"version": 1, "include": include})


def test_what_is_added_to_a_rule_of_an_earlier_day_is_asked_for_its_own_day() -> None:
    rule = rule_of(LEVEL, as_of="2019-01-01")
    found = narrowed(rule, rule_of(BOUGHT).include.children).include
    assert found.as_of is None
    assert found.children[0] == rule.include


def test_a_group_that_asks_who_existed_stays_when_another_node_is_taken_out() -> None:
    rule = rule_of(LEVEL, BOUGHT, EXISTED)
    assert [child.id for child in removed(rule, "c1").include.children] == ["c2", "g2"]
    nested = rule_of(LEVEL, {"kind": "group", "id": "g1", "match": "any", "children": [BOUGHT, EXISTED]})
    assert [node.id for node in nodes(removed(nested, "c2"))] == ["g0", "c1", "g1", "g2"]
    assert [node.id for node in nodes(removed(nested, "g2"))] == ["g0", "c1", "g1", "c2"]


def test_a_rule_of_an_earlier_day_that_loses_its_last_condition_asks_nothing() -> None:
    found = removed(rule_of(LEVEL, as_of="2019-01-01", **{"not": True}), "c1").include
    assert (found.children, found.as_of, found.not_) == ((), None, False)
