"""Tags merged: everything that names the one names the other, what can be restored too; or nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, RuleError
from core.workspace import Actor, Workspace
from tests.core.workspace.test_tags import DOUBLE, LEVELS, LI, WU, being, rule, tag


def test_merging_rewrites_everything_after_showing_what_it_does(workspace: Workspace) -> None:
    workspace.create_tags(
        [LEVELS, replace(LEVELS, key="level_two"), tag("has", {"kind": "formula", "text": "not is_missing(points_level)"})],
        actor=LI,
    )  # fmt: skip
    workspace.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    effect = workspace.merge_effect("points_level", "level_two")
    assert (effect.effect.changed, effect.effect.tags, effect.problems) == (0, ("has",), ())
    assert [(move.name, move.before, move.after) for move in effect.effect.audiences] == [("高", 2, 2)]
    assert workspace.tag("points_level").status == "active"
    merged = workspace.merge_tags("points_level", "level_two", actor=WU)
    assert merged.status == "retired"
    assert workspace.audience("高").rule["include"]["children"][0]["tag"] == "level_two"
    assert workspace.audience("高").changed_by.name == "吴"
    assert workspace.tag("has").definition.as_json()["making"]["text"] == "not is_missing(level_two)"
    assert workspace.count(workspace.parse(workspace.audience("高").rule)).answer.count == 2


def test_a_merge_rewrites_deleted_audiences_too_so_that_they_fit_when_they_are_restored(
    workspace: Workspace,
) -> None:
    workspace.create_tags([LEVELS, replace(LEVELS, key="level_two")], actor=LI)
    high = workspace.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    # What did not fit before hinders no merge.
    gone = rule(being("points_level", "高"), being("gone", "x"))
    odd = workspace.save_audience(name="怪", rule=rule(being("points_level", "高")), actor=LI)
    workspace._audiences.save(odd.id, 1, name="怪", note="", rule=gone, actor=LI, at=workspace._now())
    still = workspace.save_audience(name="静", rule=rule(being("points_level", "高")), actor=LI)
    fixed = workspace.take_snapshot(still.id, actor=LI)
    workspace._audiences.save(still.id, 1, name="静", note="", rule=gone, actor=LI, at=workspace._now())
    workspace.arrange_audience(still.id, revision=2, actor=LI, fixed_to=fixed.id)
    for each in (high, odd):
        workspace.delete_audience(each.id, actor=LI)
    effect = workspace.merge_effect("points_level", "level_two")
    assert [(move.name, move.before, move.after) for move in effect.effect.audiences] == [("静", 2, 2)]
    assert (effect.problems, effect.left_behind) == ((), ())
    workspace.merge_tags("points_level", "level_two", actor=WU)
    back = workspace.restore_audience(high.id, actor=LI)
    assert back.rule["include"]["children"][0]["tag"] == "level_two"
    assert workspace.audience_problems(back) == ()
    assert workspace.count(workspace.audience_rule(back)).answer.count == 2
    odd_again = workspace.restore_audience(odd.id, actor=LI)
    assert [node["tag"] for node in odd_again.rule["include"]["children"]] == ["level_two", "gone"]
    assert {problem.node for problem in workspace.audience_problems(odd_again)} == {"c1"}
    assert workspace.audience("静").rule["include"]["children"][0]["tag"] == "level_two"
    assert workspace.audience_numbers("静").count == 2


def test_what_a_deleted_audience_names_may_be_deleted_too(workspace: Workspace) -> None:
    workspace.create_tags([LEVELS, replace(LEVELS, key="level_two")], actor=LI)
    inner = workspace.save_audience(name="内", rule=rule(being("points_level", "高")), actor=LI)
    named = {"kind": "audience", "audience": inner.id, "in": True}
    outer = workspace.save_audience(name="外", rule=rule(named, being("points_level", "高")), actor=LI)
    for each in (outer, inner):
        workspace.delete_audience(each.id, actor=LI)
    workspace.merge_tags("points_level", "level_two", actor=LI)
    back = [workspace.restore_audience(each.id, actor=LI) for each in (inner, outer)]
    assert [workspace.audience_problems(each) for each in back] == [(), ()]


def test_static_audiences_whose_rules_do_not_fit_are_named_and_keep_their_people(
    workspace: Workspace,
) -> None:
    workspace.create_tags([LEVELS, DOUBLE], actor=LI)
    still = workspace.save_audience(name="静", rule=rule(being("points_level", "高")), actor=LI)
    taken = workspace.take_snapshot(still.id, actor=LI)
    workspace.arrange_audience(still.id, revision=1, actor=LI, fixed_to=taken.id)
    effect = workspace.merge_effect("points_level", "double")
    assert (effect.problems, effect.left_behind) == ((), ("静",))
    workspace.merge_tags("points_level", "double", actor=LI)
    assert workspace.audience_numbers("静").count == 2


def test_what_cannot_be_read_whole_is_not_rewritten_by_a_merge(workspace: Workspace) -> None:
    workspace.create_tags([LEVELS, replace(LEVELS, key="level_two")], actor=LI)
    saved = workspace.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    odd = rule(being("points_level", "高"), {"kind": "of a later program"})
    workspace._audiences.save(saved.id, 1, name="高", note="", rule=odd, actor=LI, at=workspace._now())
    with pytest.raises(RuleError):
        workspace.merge_tags("points_level", "level_two", actor=LI)
    assert workspace.audience("高").rule == odd


def test_a_merge_that_does_not_fit_is_refused_and_changes_nothing(workspace: Workspace) -> None:
    workspace.create_tags([LEVELS, DOUBLE], actor=LI)
    workspace.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    assert workspace.merge_effect("points_level", "double").problems
    with pytest.raises(RuleError):
        workspace.merge_tags("points_level", "double", actor=LI)
    assert workspace.tag("points_level").status == "active"
    assert workspace.audience("高").rule["include"]["children"][0]["tag"] == "points_level"
    with pytest.raises(RuleError, match="tag_merged_into_its_own"):
        workspace.merge_tags("points", "double", actor=LI)
    with pytest.raises(RuleError, match="tag_merged_into_itself"):
        workspace.merge_tags("double", "double", actor=LI)


def test_a_merge_after_somebody_changed_an_audience_is_refused_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    one.create_tags([LEVELS, replace(LEVELS, key="level_two")], actor=LI)
    saved = one.save_audience(name="高", rule=rule(being("points_level", "高")), actor=LI)
    look_after = one._look_after  # asked between looking and writing

    def meanwhile(key: str, actor: Actor) -> None:
        two.rename_audience(saved.id, "高分", actor=WU)
        look_after(key, actor)

    monkeypatch.setattr(one, "_look_after", meanwhile)
    with pytest.raises(Conflict, match="audience_changed"):
        one.merge_tags("points_level", "level_two", actor=LI)
    assert two.tag("points_level").status == "active"
