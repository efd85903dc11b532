"""Costs and near misses equal plain counting, and every group of near misses opens as a rule."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given, settings

from core.analytics.explain.cost import costs
from core.analytics.explain.near import near, near_rule
from core.engines.memory import MemoryEngine
from core.rules.edit import muted
from core.rules.tree import Group
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, below, counting, reread, who
from tests.core.engines.worlds import World, days, rules, worlds

MANY = settings(max_examples=60, deadline=None)
SOME = settings(max_examples=25, deadline=None)


@given(worlds, rules(), days)
@SOME
def test_a_cost_is_what_muting_adds(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    found = costs(rule, MemoryEngine(world.tables()).count(rule, as_of))
    matched = len(who(rule, world, as_of))
    assert found.matched == matched
    for cost in found.nodes:
        assert cost.cost == len(who(muted(rule, cost.node), world, as_of)) - matched
    leaves = {node.id for node in counting(rule) if not isinstance(node, Group)}
    most = max((cost.cost for cost in found.nodes if cost.node in leaves), default=0)
    marked = [cost for cost in found.nodes if cost.is_costliest]
    assert [cost.cost for cost in marked] == ([most] if most > 0 else [])
    assert {cost.node for cost in marked} <= leaves


@given(worlds, rules(with_take=False), days)
@MANY
def test_near_misses_are_those_whom_one_node_alone_keeps_out(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    found = near(rule, engine.near_misses(rule, as_of), world.catalogue)
    candidates = {node.id: node for node in counting(rule) if node is not rule.include}
    matching = who(rule, world, as_of)
    mended = {key: who(muted(rule, key), world, as_of) - matching for key in candidates}
    lowest = {
        key: {user for user in mended[key] if not any(user in mended.get(b, ()) for b in below(node))}
        for key, node in candidates.items()
    }
    by_user: dict[str, list[str]] = {}
    for key, users in lowest.items():
        for user in users:
            by_user.setdefault(user, []).append(key)
    expected = {
        key: alone
        for key in candidates
        if (alone := {user for user, keys in by_user.items() if keys == [key]})
    }
    assert {group.node: group.users for group in found.groups} == {k: len(u) for k, u in expected.items()}
    assert found.several == sum(len(keys) > 1 for keys in by_user.values())
    assert [g.users for g in found.groups] == sorted((g.users for g in found.groups), reverse=True)
    for group in found.groups:
        assert group.rule is not None
        opened = reread(group.rule, world.catalogue)
        assert who(opened, world, as_of) == expected[group.node]
        assert engine.count(opened, as_of).count == group.users


@given(worlds, rules(with_take=False), days)
@SOME
def test_the_rule_of_near_misses_holds_in_other_data_too(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    for node, users in engine.near_misses(rule, as_of).by_node.items():
        opened = near_rule(rule, node)
        assert opened is not None
        if users or node != (rule.exclude and rule.exclude.id):
            assert engine.count(reread(opened, world.catalogue), as_of).count == users


def rule_of(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


BEIJING = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
GOLD = {"kind": "tag", "id": "c2", "tag": "level", "op": "is", "value": "gold"}
BOUGHT = {"kind": "event", "id": "c3", "event": "buy", "measure": "count", "op": "gte", "value": 1}


def test_the_small_files_near_misses_by_hand(workspace: Workspace) -> None:
    # u01 and 007 are from 北京 and gold, u02 is from 北京 and silver, u05 gold from 广州; u01 and u03 bought.
    found = workspace.near_misses(workspace.parse(rule_of(BEIJING, GOLD, BOUGHT)))
    assert [(g.node, g.users) for g in found.groups] == [("c3", 1)]
    assert found.groups[0].what["en"].startswith("did")
    opened = found.groups[0].rule
    assert opened is not None
    assert workspace.members(opened) == ["007"]
    assert workspace.costs(workspace.parse(rule_of(BEIJING, GOLD, BOUGHT))).as_json() == {
        "matched": 1,
        "base": 7,
        "costliest": "c3",
        "nodes": {
            "g0": {"without": 7, "cost": 6, "is_costliest": False},
            "c1": {"without": 1, "cost": 0, "is_costliest": False},
            "c2": {"without": 1, "cost": 0, "is_costliest": False},
            "c3": {"without": 2, "cost": 1, "is_costliest": True},
        },
    }


def test_a_rule_at_the_greatest_depth_says_that_its_near_misses_do_not_fit(workspace: Workspace) -> None:
    node: dict[str, object] = {**BEIJING}
    for level in range(8, 1, -1):
        node = {"kind": "group", "id": f"g{level}", "match": "any", "children": [node]}
    rule = workspace.parse(rule_of(include={"kind": "group", "id": "g0", "match": "any", "children": [node]}))
    found = workspace.near_misses(rule)
    assert [(group.node, group.users, group.rule) for group in found.groups] == [("c1", 4, None)]
