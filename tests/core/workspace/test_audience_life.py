"""Audiences looked after: folders, people by hand, versions, static ones, refreshes that tell why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.errors import CallerError, Cancelled, Conflict, NotFound, WorkspaceError
from core.workspace import Actor, Audience, TagDefinition, Workspace
from tests.core.small_files import EVENTS, PLAN, USERS

LI, WU = Actor("李"), Actor("吴")
BEIJING = {"kind": "tag", "tag": "city", "op": "is", "value": "北京"}
BOUGHT = {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 1}


def rule(*conditions: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    children = [{"id": f"c{place}", **each} for place, each in enumerate(conditions)]
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g", "match": "all", "children": children},
        **more,
    }


def lately(days: int) -> dict[str, Any]:
    return {**BOUGHT, "window": {"last": days, "unit": "day"}}


def save(workspace: Workspace, name: str, *conditions: Mapping[str, Any]) -> Audience:
    return workspace.save_audience(name=name, rule=rule(*conditions), actor=LI)


def members(workspace: Workspace, audience: str, as_of: date | None = None) -> list[str]:
    asked = workspace.audience_rule(workspace.audience(audience))
    return list(workspace.members(asked, as_of))


def hand(workspace: Workspace, audience: str, *users: str, added: bool) -> None:
    workspace.put_by_hand(audience, users, is_added=added, reason="认识", actor=LI)


def import_again(root: Path, tmp_path: Path, *, events: str = EVENTS, users: str = USERS, as_of: str) -> None:
    folder = tmp_path / f"again-{as_of}"
    folder.mkdir()
    (folder / "users.csv").write_text(users, "utf-8")
    (folder / "events.csv").write_text(events, "utf-8")
    (folder / "plan.toml").write_text(PLAN.replace("2019-07-14", as_of), "utf-8")
    Workspace.open(root).import_plan(folder / "plan.toml", actor=LI)


def test_people_by_hand_are_counted_beside_the_rule_and_stand_wherever_the_audience_is_used(
    workspace: Workspace,
) -> None:
    saved = save(workspace, "北京", BEIJING)
    assert members(workspace, "北京") == ["007", "u01", "u02"]
    hand(workspace, "北京", "u03", "u01", added=True)  # u01 is there by the rule already
    hand(workspace, "北京", "u02", "u05", added=False)  # u05 is not there anyway
    assert members(workspace, "北京") == ["007", "u01", "u03"]
    numbers = workspace.audience_numbers("北京")
    assert (numbers.ruled, numbers.added, numbers.removed, numbers.count) == (3, 1, 1, 3)
    assert (numbers.listed_added, numbers.listed_removed) == (2, 2)
    within = workspace.parse(rule({"kind": "audience", "audience": saved.id, "in": True}))
    assert workspace.count(within).answer.count == 3
    without = workspace.parse(rule({"kind": "audience", "audience": saved.id, "in": False}))
    assert list(workspace.members(without)) == ["u02", "u04", "u05", "u06"]
    assert [(row.user_id, row.is_added, row.reason) for row in workspace.by_hand("北京")][:1] == [
        ("u02", False, "认识")
    ]


def test_who_was_added_counts_only_while_they_are_in_the_base(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    hand(workspace, "北京", "u05", added=True)  # registered in March
    assert members(workspace, "北京", date(2019, 2, 1)) == ["u01", "u02"]


def test_the_take_of_a_rule_is_taken_before_people_by_hand(workspace: Workspace) -> None:
    taken = rule(take={"n": 1, "by": "points", "order": "desc"})
    workspace.save_audience(name="第一", rule=taken, actor=LI)
    assert members(workspace, "第一") == ["u05"]
    hand(workspace, "第一", "u06", added=True)
    assert members(workspace, "第一") == ["u05", "u06"]


def test_people_by_hand_are_left_to_the_rule_again(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    hand(workspace, "北京", "u01", "u02", added=False)
    hand(workspace, "北京", "u01", added=True)
    assert members(workspace, "北京") == ["007", "u01"]
    workspace.forget_by_hand("北京", ["u01", "u02"], actor=LI)
    assert workspace.by_hand("北京") == []
    assert members(workspace, "北京") == ["007", "u01", "u02"]


def test_users_that_nobody_knows_are_told_all_at_once_and_nothing_is_changed(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    with pytest.raises(NotFound) as refused:
        hand(workspace, "北京", "u03", "u77", "nobody", added=True)
    assert [problem.params["user"] for problem in refused.value.problems] == ["u77", "nobody"]
    assert workspace.by_hand("北京") == []
    with pytest.raises(WorkspaceError, match="by_hand_reason_missing"):
        workspace.put_by_hand("北京", ["u03"], is_added=True, reason=" ", actor=LI)
    with pytest.raises(CallerError, match="by_hand_nobody"):
        hand(workspace, "北京", " ", added=True)


def test_a_list_by_hand_has_an_end(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.workspace import audience_life

    monkeypatch.setattr(audience_life, "MOST_BY_HAND", 2)
    save(workspace, "北京", BEIJING)
    with pytest.raises(Conflict, match="too_many_by_hand"):
        hand(workspace, "北京", "u03", "u04", "u05", added=True)
    assert workspace.by_hand("北京") == []


def test_a_copy_has_the_people_by_hand_too(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    hand(workspace, "北京", "u03", added=True)
    workspace.duplicate_audience(saved.id, actor=WU)
    assert members(workspace, "北京 (2)") == members(workspace, "北京")
    assert workspace.audience("北京 (2)").owner == "吴"


def test_an_audience_stands_in_a_folder_and_belongs_to_somebody(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    saved = save(one, "北京", BEIJING)
    assert (saved.folder, saved.owner, saved.alert) == ("", "李", None)
    moved = one.arrange_audience(
        saved.id, revision=1, actor=WU, folder=" 增长 / 闭门会/", owner="吴", note="备注", alert=0.2
    )
    assert (moved.folder, moved.owner, moved.note, moved.alert) == ("增长/闭门会", "吴", "备注", 0.2)
    with pytest.raises(Conflict, match="audience_changed"):
        two.arrange_audience(saved.id, revision=1, actor=LI, folder="别处")
    for wrong in ({"folder": "a/b/c/d"}, {"alert": 0.0}, {"owner": " "}, {"folder": "a\nb"}):
        with pytest.raises(WorkspaceError):
            one.arrange_audience(saved.id, revision=2, actor=LI, **wrong)
    assert two.audience("北京").folder == "增长/闭门会"


def test_favourites_are_everybodys_own(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    workspace.set_favourite(saved.id, actor=LI, wanted=True)
    workspace.set_favourite(saved.id, actor=LI, wanted=True)
    assert workspace.favourites(LI) == {saved.id}
    assert workspace.favourites(WU) == frozenset()
    workspace.set_favourite(saved.id, actor=LI, wanted=False)
    assert workspace.favourites(LI) == frozenset()


def test_every_change_is_a_version_that_can_be_read_and_restored(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    workspace.save_audience(
        name="京沪", rule=rule({**BEIJING, "value": "上海"}), actor=WU, audience_id=saved.id, revision=1
    )
    workspace.arrange_audience(saved.id, revision=2, actor=LI, folder="一线", alert=0.1)
    versions = workspace.audience_versions("京沪")
    assert [(v.revision, v.by.name) for v in versions] == [(3, "李"), (2, "吴"), (1, "李")]
    told = [text["zh"] for text in workspace.audience_changes(versions[2], versions[1])]
    assert any("北京" in text and "京沪" in text for text in told)
    assert any("上海" in text for text in told)
    told = [text["zh"] for text in workspace.audience_changes(versions[1], versions[0])]
    assert any("一线" in text for text in told)
    assert any("10%" in text for text in told)
    restored = workspace.restore_audience_version("京沪", 1, revision=3, actor=LI)
    assert (restored.name, restored.folder, restored.alert, restored.revision) == ("北京", "", None, 4)
    assert members(workspace, "北京") == ["007", "u01", "u02"]
    with pytest.raises(NotFound, match="audience_version_unknown"):
        workspace.restore_audience_version("北京", 9, revision=4, actor=LI)


def test_what_uses_an_audience_is_known_and_keeps_it(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    other = save(workspace, "北京的", {"kind": "audience", "audience": saved.id, "in": True})
    assert [(use.kind, use.name) for use in workspace.audience_uses("北京")] == [("audience", "北京的")]
    with pytest.raises(Conflict, match="audience_in_use"):
        workspace.delete_audience(saved.id, actor=LI)
    workspace.delete_audience(other.id, actor=LI)
    hand(workspace, "北京", "u03", added=True)
    workspace.take_snapshot("北京", actor=LI)
    workspace.delete_audience(saved.id, actor=LI)
    assert workspace.audiences() == []


def test_a_static_audience_keeps_its_people_whatever_the_rule_says(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    taken = workspace.take_snapshot("北京", actor=LI)
    fixed = workspace.arrange_audience(saved.id, revision=1, actor=LI, fixed_to=taken.id)
    workspace.save_audience(
        name="北京", rule=rule({**BEIJING, "value": "上海"}), actor=LI, audience_id=saved.id, revision=2
    )
    assert members(workspace, "北京") == ["007", "u01", "u02"]
    hand(workspace, "北京", "u03", added=True)
    assert members(workspace, "北京") == ["007", "u01", "u02", "u03"]
    numbers = workspace.audience_numbers("北京", date(2019, 2, 1))
    assert (numbers.ruled, numbers.added) == (2, 1)
    within = workspace.parse(rule({"kind": "audience", "audience": saved.id, "in": True}))
    assert workspace.count(within).answer.count == 4
    with pytest.raises(WorkspaceError, match="audience_is_static"):
        workspace.refresh_audience("北京", actor=LI)
    with pytest.raises(NotFound, match="snapshot_unknown"):
        workspace.arrange_audience(saved.id, revision=3, actor=LI, fixed_to="nothing")
    assert fixed.fixed_to == taken.id
    workspace.arrange_audience(saved.id, revision=3, actor=LI, fixed_to=None)
    assert members(workspace, "北京") == ["u03", "u04"]


def test_a_refresh_without_any_change_writes_nothing(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    first = workspace.refresh_audience("北京", actor=LI)
    again = workspace.refresh_audience("北京", actor=LI)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.snapshot == first.snapshot
    assert len(workspace.snapshots("北京")) == 1
    assert first.snapshot is not None
    assert (first.snapshot.entered, first.snapshot.left) == ({}, {})


def test_the_clock_moves_people_out(workspace: Workspace) -> None:
    save(workspace, "近期", lately(20))
    workspace.refresh_audience("近期", actor=LI, as_of=date(2019, 6, 10))
    second = workspace.refresh_audience("近期", actor=LI, as_of=date(2019, 7, 14)).snapshot
    assert second is not None
    assert (second.people, second.entered, second.left) == (1, {}, {"clock": 1})
    assert [(p.user_id, p.entered, p.cause) for p in workspace.snapshot_changes("近期", second.id)] == [
        ("u01", False, "clock")
    ]


def test_what_people_did_since_is_their_behaviour_also_where_the_data_knew_it_already(
    workspace: Workspace,
) -> None:
    save(workspace, "买过两次", {**BOUGHT, "value": 2})
    save(workspace, "所有人")
    for name in ("买过两次", "所有人"):
        workspace.refresh_audience(name, actor=LI, as_of=date(2019, 4, 15))
        found = workspace.refresh_audience(name, actor=LI, as_of=date(2019, 7, 14)).snapshot
        assert found is not None
        assert (found.entered, found.left) == ({"behaviour": 1}, {})  # u03 bought again; 007 came in May


def test_behaviour_and_corrected_data_are_told_apart(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    save(workspace, "买过", BOUGHT)
    workspace.refresh_audience("买过", actor=LI)  # u01 and u03
    events = EVENTS.replace("u03,buy,2019-06-06 10:00:00,20,web\nu03,buy,2019-07-01 10:00:00,30,app\n", "")
    events += "u05,buy,2019-07-20 10:00:00,5,app\nu06,buy,2019-07-01 10:00:00,5,app\n"
    import_again(root, tmp_path, events=events, as_of="2019-07-21")
    found = Workspace.open(root).refresh_audience("买过", actor=LI).snapshot
    assert found is not None
    # u05 bought since; u06 turns out to have bought before; u03 turns out not to have.
    assert (found.entered, found.left) == ({"behaviour": 1, "data": 1}, {"data": 1})
    causes = {p.user_id: p.cause for p in workspace.snapshot_changes("买过", found.id)}
    assert causes == {"u05": "behaviour", "u06": "data", "u03": "data"}
    chosen = workspace.snapshot_changes("买过", found.id, entered=True, cause="data")
    assert [person.user_id for person in chosen] == ["u06"]


def test_an_edited_rule_people_by_hand_and_a_changed_tag_are_causes(root: Path) -> None:
    workspace = Workspace.open(root)
    making = {"kind": "bands", "of": "points", "edges": [100], "labels": ["低", "高"]}
    level = TagDefinition.from_json({"key": "lv", "label": {"zh": "档", "en": "lv"}, "making": making})
    workspace.create_tag(level, actor=LI)
    saved = save(workspace, "高分", {"kind": "tag", "tag": "lv", "op": "is", "value": "高"})
    workspace.refresh_audience("高分", actor=LI)  # u01 and u05
    lower = TagDefinition.from_json({**level.as_json(), "making": {**making, "edges": [80]}})
    workspace.update_tag(lower, version=1, actor=LI)
    second = workspace.refresh_audience("高分", actor=LI).snapshot
    assert second is not None
    assert (second.people, second.entered, second.left) == (3, {"tag": 1}, {})  # u02
    workspace.save_audience(
        name="高分", rule=rule({"kind": "tag", "tag": "lv", "op": "is", "value": "低"}), actor=LI,
        audience_id=saved.id, revision=1,
    )  # fmt: skip
    hand(workspace, "高分", "u05", added=True)
    hand(workspace, "高分", "u04", added=False)
    third = workspace.refresh_audience("高分", actor=LI).snapshot
    assert third is not None
    # By the rule: u04 (0), u06 (55), 007 (-3) come; u01 and u02 go; u05 stays by hand, u04 does not come by hand.
    assert members(workspace, "高分") == ["007", "u05", "u06"]
    assert (third.entered, third.left) == ({"rule": 2}, {"rule": 2})
    hand(workspace, "高分", "u03", added=True)
    fourth = workspace.refresh_audience("高分", actor=LI).snapshot
    assert fourth is not None
    assert (fourth.entered, fourth.left) == ({"hand": 1}, {})


def test_an_edited_audience_inside_of_a_rule_is_an_edited_definition(workspace: Workspace) -> None:
    inner = save(workspace, "里", BEIJING)
    save(workspace, "外", {"kind": "audience", "audience": inner.id, "in": True})
    workspace.refresh_audience("外", actor=LI)
    workspace.save_audience(
        name="里", rule=rule({**BEIJING, "value": "上海"}), actor=LI, audience_id=inner.id, revision=1
    )
    found = workspace.refresh_audience("外", actor=LI).snapshot
    assert found is not None
    assert (found.entered, found.left) == ({"rule": 2}, {"rule": 3})


def test_another_list_is_a_cause(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("id\nu01\n", "utf-8")
    workspace.add_list("名单", file, actor=LI)
    save(workspace, "名单上的", {"kind": "list", "list": "名单", "in": True})
    workspace.refresh_audience("名单上的", actor=LI)
    file.write_text("id\nu02\nu03\n", "utf-8")
    workspace.add_list("名单", file, actor=LI, replaces=True)
    found = workspace.refresh_audience("名单上的", actor=LI).snapshot
    assert found is not None
    assert (found.entered, found.left) == ({"list": 2}, {"list": 1})


def test_where_the_old_data_are_gone_the_cause_is_unknown_and_not_guessed(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    save(workspace, "买过", BOUGHT)
    first = workspace.refresh_audience("买过", actor=LI).snapshot
    assert first is not None
    events = EVENTS + "u05,buy,2019-07-20 10:00:00,5,app\n"
    import_again(root, tmp_path, events=events, as_of="2019-07-21")
    (root / "lake" / "versions" / f"{first.data_version}.json").unlink()
    found = Workspace.open(root).refresh_audience("买过", actor=LI).snapshot
    assert found is not None
    assert (found.entered, found.left) == ({"unknown": 1}, {})


def test_an_alert_is_raised_when_the_size_moves_by_more_than_the_share(workspace: Workspace) -> None:
    saved = save(workspace, "近期", lately(20))
    workspace.arrange_audience(saved.id, revision=1, actor=LI, alert=0.4)
    workspace.refresh_audience("近期", actor=LI, as_of=date(2019, 6, 10))
    assert workspace.alerts() == []
    workspace.refresh_audience("近期", actor=LI, as_of=date(2019, 7, 14))  # from 2 to 1
    assert [(audience.name, snapshot.people) for audience, snapshot in workspace.alerts()] == [("近期", 1)]
    workspace.refresh_audience("近期", actor=LI, as_of=date(2019, 7, 15))
    assert workspace.alerts() == []


def test_a_refresh_of_all_goes_on_past_what_cannot_be_answered(workspace: Workspace) -> None:
    definition = TagDefinition.from_json(
        {
            "key": "lv",
            "label": {"zh": "档", "en": "lv"},
            "making": {"kind": "formula", "text": "points > 100"},
        }
    )
    workspace.create_tag(definition, actor=LI)
    save(workspace, "A 高分", {"kind": "tag", "tag": "lv", "op": "is_true"})
    save(workspace, "B 北京", BEIJING)
    workspace._tags.move("lv", "retired", LI, workspace._now(), admit=lambda *_: None)
    told = workspace.refresh_audiences(actor=LI)
    assert [(each.audience.name, each.is_new, each.why_not is None) for each in told] == [
        ("A 高分", False, False), ("B 北京", True, True),
    ]  # fmt: skip


def test_a_refresh_that_is_killed_half_way_is_finished_by_the_next(root: Path) -> None:
    workspace = Workspace.open(root)
    for name in ("A", "B", "C"):
        save(workspace, name, BEIJING)
    asked: list[str] = []

    def stop() -> bool:
        return len(asked) == 2

    with pytest.raises(Cancelled):
        workspace.refresh_audiences(actor=LI, progress=lambda *told: asked.append(told[2]), cancelled=stop)
    assert [len(workspace.snapshots(name)) for name in ("A", "B", "C")] == [1, 1, 0]
    told = Workspace.open(root).refresh_audiences(actor=LI)
    assert [each.is_new for each in told] == [False, False, True]


def test_a_workspace_of_the_release_before_opens_and_its_snapshots_have_no_known_cause(root: Path) -> None:
    workspace = Workspace.open(root)
    save(workspace, "北京", BEIJING)
    taken = workspace.take_snapshot("北京", actor=LI)
    old = replace(taken, id="old", state=None, at=taken.at.replace(year=2020))
    workspace._people.add_snapshot(old)
    with workspace._people._database.writing() as session:
        from core.store.models import SnapshotRow

        session.delete(session.get(SnapshotRow, taken.id))
    hand(workspace, "北京", "u03", added=True)
    found = workspace.refresh_audience("北京", actor=LI).snapshot
    assert found is not None
    assert found.entered == {"unknown": 1}


def test_one_user_is_known_at_a_day(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    save(workspace, "买过", BOUGHT)
    hand(workspace, "买过", "u01", added=False)
    card = workspace.user_card("u01", date(2019, 6, 2))
    tags = dict(card.tags)
    assert (tags["city"], tags["points"], tags["interests"]) == ("北京", 120.0, ["旅行", "读书"])
    assert tags["phone"] == "138****0001"
    assert [audience.name for audience in card.audiences] == ["北京"]
    assert [(deed.event, deed.at.isoformat()) for deed in card.deeds] == [
        ("favourite", "2019-06-02T10:00:00+08:00"), ("view", "2019-06-01T10:00:00+08:00"),
    ]  # fmt: skip
    assert card.occurrences == 2
    assert dict(card.deeds[0].properties) == {"channel": "app"}
    assert len(workspace.user_card("u01", limit=1).deeds) == 1
    with pytest.raises(NotFound, match="user_unknown"):
        workspace.user_card("u00")
