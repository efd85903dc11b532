"""What changed between two states of a rule, in words."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from core.analytics.explain.difference import difference
from core.rules.edit import muted, negated, replaced
from core.rules.parse import parse_rule
from core.rules.tree import nodes
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked
from tests.core.engines.worlds import catalogue_in, rules

CATALOGUE = catalogue_in("UTC")
CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
POINTS = {"kind": "tag", "id": "c2", "tag": "points", "op": "gt", "value": 50}
LEVEL = {"kind": "tag", "id": "c3", "tag": "level", "op": "is", "value": "gold"}


def group(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "group", "id": "g1", "match": "any", "children": list(children), **more}


def rule_of(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


def told(
    workspace: Workspace, before: dict[str, Any], after: dict[str, Any]
) -> list[tuple[str, str | None, str]]:
    changes = workspace.difference(workspace.parse(before), workspace.parse(after)).changes
    return [(change.kind, change.node, change.text["zh"]) for change in changes]


def test_conditions_come_go_and_change(workspace: Workspace) -> None:
    before, after = rule_of(CITY, POINTS), rule_of(LEVEL, {**POINTS, "value": 80})
    assert told(workspace, before, after) == [
        ("removed", "c1", "去掉：城市是「北京」"),
        ("added", "c3", "新增：level 是「gold」"),
        ("changed", "c2", "「points 大于 50」改为「points 大于 80」"),
    ]


def test_muting_negating_and_moving_are_told_apart(workspace: Workspace) -> None:
    before = rule_of(CITY, POINTS, group(LEVEL))
    after = rule_of({**CITY, "muted": True}, group({**LEVEL, "not": True}, POINTS, match="all"))
    assert told(workspace, before, after) == [
        ("muted", "c1", "停用：城市是「北京」"),
        (
            "group",
            "g1",
            "条件组（（不满足（level 是「gold」），且 points 大于 50））由「或（任一满足）」改为「且（全部满足）」",
        ),
        ("changed", "c3", "「level 是「gold」」改为「不满足（level 是「gold」）」"),
        ("moved", "c2", "移到另一个条件组：points 大于 50"),
    ]


def test_a_group_comes_and_goes_as_a_whole(workspace: Workspace) -> None:
    before, after = rule_of(CITY), rule_of(CITY, group(POINTS, LEVEL))
    assert told(workspace, before, after) == [
        ("added", "g1", "新增：（points 大于 50，或 level 是「gold」）")
    ]
    assert [change[0] for change in told(workspace, after, before)] == ["removed"]


def test_the_exclusion_and_the_take_are_named(workspace: Workspace) -> None:
    after = rule_of(CITY, exclude=group(LEVEL), take={"n": 2, "by": "points"})
    assert told(workspace, rule_of(CITY), after) == [
        ("added", "g1", "排除中，新增：level 是「gold」"),
        ("take", None, "最后再取 points 最高的 2 人"),
    ]
    fewer = {**after, "take": {"n": 1, "by": "points"}}
    assert told(workspace, after, fewer) == [
        ("take", None, "「取 points 最高的 2 人」改为「取 points 最高的 1 人」")
    ]
    assert told(workspace, after, rule_of(CITY))[-1] == ("take", None, "不再取 points 最高的 2 人")


def test_names_and_negations_of_groups(workspace: Workspace) -> None:
    before = rule_of(group(POINTS, LEVEL))
    after = rule_of(group(POINTS, LEVEL, label="好人", **{"not": True}))
    assert [change[2] for change in told(workspace, before, after)] == [
        "对条件组取反：「好人」（points 大于 50，或 level 是「gold」）",
        "条件组的名称由「」改为「好人」",
    ]


def test_personal_values_can_be_masked(workspace: Workspace) -> None:
    phone = {"kind": "tag", "id": "c1", "tag": "phone", "op": "in", "value": ["13800000001", "13800000002"]}
    before, after = (workspace.parse(rule_of(c)) for c in (phone, {**phone, "value": ["13800000003"]}))
    (change,) = workspace.difference(before, after, mask=workspace.mask).changes
    assert change.before is not None
    assert change.before["value"] == ["138****0001", "138****0002"]
    assert "1380000000" not in str(change)


@given(rules())
@settings(max_examples=60, deadline=None)
def test_a_rule_does_not_differ_from_itself(rule_json: dict[str, Any]) -> None:
    rule = asked(rule_json, CATALOGUE)
    assert difference(rule, rule, CATALOGUE) == ()
    assert difference(rule, parse_rule(rule_json), CATALOGUE) == ()


@given(rules())
@settings(max_examples=40, deadline=None)
def test_one_change_is_told_once_and_in_both_directions(rule_json: dict[str, Any]) -> None:
    rule = asked(rule_json, CATALOGUE)
    for node in nodes(rule):
        for other in (replaced(rule, node.id, negated(node)), muted(rule, node.id)):
            there, back = difference(rule, other, CATALOGUE), difference(other, rule, CATALOGUE)
            assert [change.node for change in there] == [change.node for change in back]
            assert [change.node for change in there] == ([] if other == rule else [node.id])
            assert [(c.before, c.after) for c in there] == [(c.after, c.before) for c in back]
            assert all(change.text["zh"] and change.text["en"] for change in there)
