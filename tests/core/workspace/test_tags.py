"""Tags of operators through the one door: made, changed, moved through their life, merged, used at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, CoterieError, NotFound, RuleError
from core.messages import message_of
from core.schema import Label
from core.workspace import Actor, TagDefinition, Workspace
from tests.core.small_files import ACTOR

LI, WU = Actor("李"), Actor("吴")


def tag(key: str, making: dict[str, Any], **more: Any) -> TagDefinition:
    label = {"zh": f"标签{key}", "en": key}
    return TagDefinition.from_json({"key": key, "label": label, "making": making, **more})


def rule(*conditions: dict[str, Any]) -> dict[str, Any]:
    children = [{"id": f"c{place}", **each} for place, each in enumerate(conditions)]
    return {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": children}}


def being(key: str, value: str) -> dict[str, Any]:
    return {"kind": "tag", "tag": key, "op": "is", "value": value}


# Points: 120, 80.5, none, 0, 200, 55, -3.
LEVELS = tag(
    "points_level", {"kind": "bands", "of": "points", "edges": [50, 100], "labels": ["低", "中", "高"]}
)
DOUBLE = tag("double", {"kind": "formula", "text": "points * 2"})


def count(workspace: Workspace, *conditions: dict[str, Any], as_of: date | None = None) -> int:
    return workspace.count(workspace.parse(rule(*conditions)), as_of).answer.count


def codes(error: CoterieError) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.node) for problem in error.problems]


def test_a_tag_is_used_as_soon_as_it_is_made_in_every_process(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    assert "points_level" not in two.data_version().catalogue.tags
    made = one.create_tag(LEVELS, actor=LI)
    assert (made.version, made.status, made.definition.owner) == (1, "active", "李")
    assert [count(two, being("points_level", value)) for value in ("低", "中", "高")] == [2, 2, 2]
    changed = replace(LEVELS, making=tag("x", {**LEVELS.as_json()["making"], "edges": [50, 150]}).making)
    two.update_tag(changed, version=1, actor=WU, note="高一些")
    assert [count(one, being("points_level", value)) for value in ("低", "中", "高")] == [2, 3, 1]
    assert one.stamp() == two.stamp()


def test_what_a_tag_would_be_is_seen_before_it_is_kept(workspace: Workspace) -> None:
    seen = workspace.preview_tag(LEVELS)
    assert (seen.base, seen.with_value, seen.type) == (7, 6, "enum")
    assert {bar.value: bar.base for bar in seen.breakdown.bars} == {"低": 2, "中": 2, "高": 2}
    assert "points_level" not in {entry.key for entry in workspace.tag_entries()}
    chain = workspace.preview_tags([DOUBLE, tag("more", {"kind": "formula", "text": "double + 1"})])
    assert [each.with_value for each in chain] == [6, 6]
    with pytest.raises(RuleError, match="unknown_tag"):
        workspace.preview_tag(tag("more", {"kind": "formula", "text": "double + 1"}))


def test_of_a_personal_tag_only_the_number_of_values_is_seen(workspace: Workspace) -> None:
    seen = workspace.preview_tag(tag("call", {"kind": "formula", "text": "phone"}))
    assert (seen.with_value, seen.breakdown.bars) == (6, ())


def test_the_second_of_two_operators_is_told_what_the_first_changed_and_loses_nothing(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    one.create_tag(LEVELS, actor=LI)
    one.update_tag(replace(LEVELS, description="按积分"), version=1, actor=LI)
    with pytest.raises(Conflict) as refused:
        two.update_tag(replace(LEVELS, unit="分"), version=1, actor=WU)
    problem = refused.value.problems[0]
    assert (problem.code, problem.params["by"], problem.params["version"]) == ("tag_changed", "李", 2)
    assert "按积分" in message_of(problem)["zh"]
    assert two.tag("points_level").definition.unit is None
    two.update_tag(replace(LEVELS, description="按积分", unit="分"), version=2, actor=WU)
    assert [version.version for version in two.tag_versions("points_level")] == [3, 2, 1]


def test_an_earlier_version_can_be_restored(workspace: Workspace) -> None:
    workspace.create_tag(LEVELS, actor=LI)
    workspace.update_tag(replace(LEVELS, description="b"), version=1, actor=LI)
    restored = workspace.restore_tag_version("points_level", 1, version=2, actor=LI)
    assert (restored.version, restored.definition.description) == (3, "")
    with pytest.raises(NotFound, match="tag_version_unknown"):
        workspace.restore_tag_version("points_level", 9, version=3, actor=LI)


def test_what_differs_between_two_versions_is_told_in_both_languages(workspace: Workspace) -> None:
    before = tag(
        "who",
        {
            "kind": "rules", "otherwise": "其他",
            "values": [
                {"value": "甲", "rule": rule(being("city", "北京"))},
                {"value": "乙", "rule": rule(being("city", "上海"))},
            ],
        },
    )  # fmt: skip
    after = tag(
        "who",
        {
            "kind": "rules", "keep": "all",
            "values": [
                {"value": "丙", "rule": rule(being("city", "广州"))},
                {"value": "甲", "rule": rule(being("city", "上海"))},
            ],
        },
        validity={"n": 1, "unit": "month", "since": "registered_on"},
    )  # fmt: skip
    told = [change["zh"] for change in workspace.tag_changes(before, after)]
    assert any("乙" in each and "删除" in each for each in told)
    assert any("丙" in each and "新增" in each for each in told)
    assert any("甲" in each and "上海" in each for each in told)
    assert any("registered_on" in each for each in told)
    assert any("全部保留" in each for each in told)
    assert all(change["en"] for change in workspace.tag_changes(before, after))


def test_a_key_that_is_taken_is_refused(workspace: Workspace) -> None:
    workspace.create_tag(LEVELS, actor=LI)
    for key in ("points_level", "city"):
        with pytest.raises(Conflict, match="tag_key_taken"):
            workspace.create_tag(replace(LEVELS, key=key), actor=WU)
    with pytest.raises(Conflict, match="tag_key_taken"):
        workspace.create_tags([DOUBLE, DOUBLE], actor=WU)


def test_several_tags_are_kept_together_or_not_at_all(workspace: Workspace) -> None:
    broken = tag("broken", {"kind": "formula", "text": "double + nothing_there"})
    with pytest.raises(RuleError, match="unknown_tag"):
        workspace.create_tags([DOUBLE, broken], actor=LI)
    assert workspace.tags() == []
    more = tag("more", {"kind": "formula", "text": "double + 1"})
    assert [each.definition.key for each in workspace.create_tags([DOUBLE, more], actor=LI)] == [
        "double",
        "more",
    ]


def test_a_circle_is_refused_with_the_way_also_where_two_close_it_together(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    one.create_tag(DOUBLE, actor=LI)
    one.create_tag(tag("more", {"kind": "formula", "text": "double + 1"}), actor=LI)
    with pytest.raises(RuleError) as refused:
        two.update_tag(tag("double", {"kind": "formula", "text": "more + 1"}), version=1, actor=WU)
    assert refused.value.code == "tag_circle"
    assert "标签double → 标签more → 标签double" in message_of(refused.value.problems[0])["zh"]
    drafts = [tag(f"d{n}", {"kind": "formula", "text": f"d{1 - n} + 1"}) for n in (0, 1)]
    one.create_tag(drafts[0], actor=LI, status="draft")
    with pytest.raises(RuleError, match="tag_circle"):
        two.create_tag(drafts[1], actor=WU, status="draft")


@pytest.mark.parametrize(
    ("making", "code"),
    [
        ({"kind": "formula", "text": "city + 1"}, "formula_argument_kind"),
        ({"kind": "formula", "text": "points +"}, "formula_ends"),
        ({"kind": "bands", "of": "city", "edges": [1], "labels": ["a", "b"]}, "divided_by_type"),
        ({"kind": "statistic", "event": "bought", "measure": "count"}, "unknown_event"),
        ({"kind": "preference", "event": "buy", "of": "amount"}, "preferred_type"),
    ],
)
def test_what_is_wrong_with_a_definition_is_told_at_its_field(
    workspace: Workspace, making: dict[str, Any], code: str
) -> None:
    with pytest.raises(RuleError) as refused:
        workspace.create_tag(tag("x", making), actor=LI)
    assert refused.value.code == code
    assert str(refused.value.problems[0].node).startswith("making")
    draft = workspace.create_tag(tag("x", making), actor=LI, status="draft")
    assert draft.status == "draft"
    with pytest.raises(RuleError):
        workspace.publish_tag("x", actor=LI)


def test_a_tag_goes_through_its_life_and_back(workspace: Workspace) -> None:
    workspace.create_tag(LEVELS, actor=LI, status="draft")
    with pytest.raises(RuleError, match="unknown_tag"):
        count(workspace, being("points_level", "低"))
    with pytest.raises(Conflict, match="tag_move_refused") as refused:
        workspace.pause_tag("points_level", actor=LI)
    assert refused.value.problems[0].allowed == ("active", "retired")
    workspace.publish_tag("points_level", actor=LI)
    assert count(workspace, being("points_level", "低")) == 2
    workspace.retire_tag("points_level", actor=LI)
    with pytest.raises(RuleError, match="tag_retired"):
        count(workspace, being("points_level", "低"))
    assert workspace.publish_tag("points_level", actor=LI).status == "active"
    assert [each.status for each in workspace.tag_versions("points_level")] == [
        "active", "retired", "active", "draft",
    ]  # fmt: skip


def test_a_paused_tag_keeps_the_values_of_its_day(workspace: Workspace) -> None:
    silent = tag(
        "lately",
        {
            "kind": "statistic",
            "event": "buy",
            "measure": "count",
            "window": {"last": 10, "unit": "day"},
        },
    )
    workspace.create_tag(silent, actor=LI)
    bought = {"kind": "tag", "tag": "lately", "op": "gte", "value": 1}
    early, late = date(2019, 6, 8), date(2019, 7, 14)
    before, after = count(workspace, bought, as_of=early), count(workspace, bought, as_of=late)
    assert before == 2
    assert after == 0
    paused = workspace.pause_tag("lately", actor=LI, as_of=early)
    assert paused.stands_at == early
    assert count(workspace, bought, as_of=late) == before
    workspace.publish_tag("lately", actor=LI)
    assert count(workspace, bought, as_of=late) == after


def test_retiring_is_refused_while_something_depends_on_it_with_everything_that_does(
    workspace: Workspace,
) -> None:
    workspace.create_tags([DOUBLE, tag("more", {"kind": "formula", "text": "double + 1"})], actor=LI)
    workspace.save_audience(
        name="富人", rule=rule({"kind": "tag", "tag": "double", "op": "gt", "value": 100}), actor=LI
    )
    with pytest.raises(Conflict) as refused:
        workspace.retire_tag("double", actor=LI)
    told = message_of(refused.value.problems[0])["zh"]
    assert "标签more" in told
    assert "富人" in told
    assert [(use.kind, use.label["zh"]) for use in workspace.tag_uses("double")] == [
        ("tag", "标签more"),
        ("audience", "富人"),
    ]
    workspace.retire_tag("more", actor=LI)
    workspace.delete_audience(workspace.audience("富人").id, actor=LI)
    assert workspace.retire_tag("double", actor=LI).status == "retired"


def test_the_graph_shows_both_ways_however_far(workspace: Workspace) -> None:
    spent = tag("spent", {"kind": "statistic", "event": "buy", "measure": "sum", "property": "amount"})
    band = tag("band", {"kind": "bands", "of": "spent", "edges": [50], "labels": ["少", "多"]})
    workspace.create_tags([spent, band, tag("more", {"kind": "formula", "text": "spent + points"})], actor=LI)
    workspace.save_audience(name="多", rule=rule(being("band", "多")), actor=LI)
    graph = workspace.tag_graph("spent")
    depths = {(node.kind, node.label["zh"]): node.depth for node in graph.nodes}
    assert depths == {
        ("tag", "标签spent"): 0,
        ("event", "buy"): -1,
        ("tag", "标签band"): 1,
        ("tag", "标签more"): 1,
        ("audience", "多"): 2,
    }
    named = [(graph.nodes[a].label["zh"], graph.nodes[b].label["zh"]) for a, b in graph.edges]
    assert set(named) == {
        ("buy", "标签spent"), ("标签spent", "标签band"), ("标签spent", "标签more"), ("标签band", "多"),
    }  # fmt: skip


def test_a_tag_of_the_data_is_looked_after_and_retired(workspace: Workspace) -> None:
    entry = workspace.tag_entry("level")
    assert (entry.version, entry.origin) == (0, "data")
    kept = workspace.update_tag(
        replace(entry.definition, label=Label(zh="会员等级", en="Level"), description="会员中心"),
        version=0, actor=LI,
    )  # fmt: skip
    assert kept.version == 1
    assert workspace.data_version().catalogue.tags["level"].label.zh == "会员等级"
    with pytest.raises(Conflict, match="tag_of_data_paused"):
        workspace.pause_tag("level", actor=LI)
    workspace.retire_tag("level", actor=LI)
    with pytest.raises(RuleError, match="tag_retired"):
        count(workspace, being("level", "gold"))
    workspace.publish_tag("level", actor=LI)
    assert count(workspace, being("level", "gold")) == 3


def test_a_value_past_its_validity_is_missing_and_counted_as_expired(workspace: Workspace) -> None:
    entry = workspace.tag_entry("level")
    definition = TagDefinition.from_json(
        {**entry.definition.as_json(), "validity": {"n": 90, "unit": "day", "since": "registered_on"}}
    )
    workspace.update_tag(definition, version=0, actor=LI)
    # Registered on 1, 2 and 3 January, 1 March and 1 May with a level; 90 days from 1 May hold on 14 July.
    assert workspace.tag_expired("level") == 4
    assert workspace.tag_coverage("level") == (1, 7)
    assert count(workspace, being("level", "gold")) == 1


def test_the_effect_of_a_change_is_told_before_it_is_made(workspace: Workspace) -> None:
    workspace.create_tag(LEVELS, actor=LI)
    workspace.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    inner = {"kind": "audience", "audience": "高", "in": True}
    workspace.save_audience(name="高的", rule=rule(inner), actor=LI)
    making = {"kind": "bands", "of": "points", "edges": [0, 150], "labels": [None, "中", "高"]}
    effect = workspace.tag_effect(tag("points_level", making))
    assert (effect.base, effect.changed, effect.gained, effect.lost) == (7, 3, 0, 1)
    assert {(move.before.value, move.after.value): move.users for move in effect.moves} == {
        ("高", "中"): 1, ("低", "中"): 1, ("低", None): 1,
    }  # fmt: skip
    assert [(move.name, move.before, move.after) for move in effect.audiences] == [
        ("高", 2, 1),
        ("高的", 2, 1),
    ]
    assert count(workspace, being("points_level", "高")) == 2
    # Those by hand count there as everywhere, and whoever stands still does not move.
    workspace.put_by_hand("高", ["u06"], is_added=True, reason="认识", actor=LI)
    fixed = workspace.take_snapshot("高的", actor=LI)
    workspace.arrange_audience(workspace.audience("高的").id, revision=1, actor=LI, fixed_to=fixed.id)
    effect = workspace.tag_effect(tag("points_level", making))
    assert [(move.name, move.before, move.after) for move in effect.audiences] == [
        ("高", 3, 2),
        ("高的", 3, 3),
    ]


def test_every_change_stands_in_the_log(workspace: Workspace) -> None:
    workspace.create_tag(LEVELS, actor=LI)
    workspace.update_tag(replace(LEVELS, unit="档"), version=1, actor=WU)
    workspace.retire_tag("points_level", actor=LI)
    told = [(entry.action, entry.subject, entry.by.name) for entry in workspace.log(3)]
    assert told == [
        ("move_tag", "points_level", "李"), ("change_tag", "points_level", "吴"), ("create_tag", "points_level", "李"),
    ]  # fmt: skip


def test_definitions_come_in_from_files_created_changed_or_left_alone(workspace: Workspace) -> None:
    workspace.create_tag(DOUBLE, actor=LI)
    more = tag("more", {"kind": "formula", "text": "double + 1"})
    brought = [more, replace(DOUBLE, unit="分", owner="李")]
    dry = workspace.import_tags(brought, actor=WU, dry_run=True)
    assert [(each.key, each.outcome) for each in dry] == [("double", "changed"), ("more", "created")]
    assert len(workspace.tags()) == 1
    workspace.import_tags(brought, actor=WU)
    again = workspace.import_tags([record.definition for record in workspace.tags()], actor=WU)
    assert {each.outcome for each in again} == {"same"}
    wrong = [replace(DOUBLE, unit="个"), tag("bad", {"kind": "formula", "text": "nothing_there"})]
    with pytest.raises(RuleError) as refused:
        workspace.import_tags(wrong, actor=WU)
    assert codes(refused.value) == [("unknown_tag", "bad: making.text")]
    assert workspace.tag("double").definition.unit == "分"


def test_ready_tags_can_be_made_of_this_data(workspace: Workspace) -> None:
    proposed = workspace.proposals("rfm")
    assert [each.with_value for each in workspace.preview_tags(proposed)][-1] == 7
    workspace.create_tags(proposed, actor=ACTOR)
    assert "rfm_cell" in workspace.data_version().catalogue.tags
    with pytest.raises(NotFound, match="template_unknown"):
        workspace.proposals("rfn")
