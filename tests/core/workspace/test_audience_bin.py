"""Deleted audiences: restored whole, under another name where theirs was taken, let go after a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from core.errors import Conflict, NotFound
from core.workspace import DAYS_KEPT, Workspace
from tests.core.workspace.test_audience_life import BEIJING, BOUGHT, LI, WU, hand, members, save


def test_a_deleted_audience_comes_back_whole(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    hand(workspace, "北京", "u03", added=True)
    taken = workspace.take_snapshot("北京", actor=LI)
    workspace.set_favourite(saved.id, actor=WU, wanted=True)
    arranged = workspace.arrange_audience(
        saved.id, revision=1, actor=LI, folder="甲/乙", alert=0.2, fixed_to=taken.id
    )
    workspace.delete_audience(saved.id, actor=WU, revision=2)
    assert workspace.audiences() == []
    with pytest.raises(NotFound, match="audience_unknown"):
        workspace.audience("北京")
    (deleted,) = workspace.deleted_audiences()
    assert (deleted.audience, deleted.by) == (arranged, WU)
    back = workspace.restore_audience(saved.id, actor=LI)
    assert replace(back, changed_at=arranged.changed_at, revision=2) == arranged
    assert [version.revision for version in workspace.audience_versions("北京")] == [3, 2, 1]
    assert workspace.snapshots("北京") == [taken]
    assert [row.user_id for row in workspace.by_hand("北京")] == ["u03"]
    assert workspace.favourites(WU) == {saved.id}
    assert members(workspace, "北京") == ["007", "u01", "u02", "u03"]
    assert workspace.deleted_audiences() == []


def test_the_name_of_a_deleted_audience_is_free_and_both_can_be_had(workspace: Workspace) -> None:
    saved = save(workspace, "北京", BEIJING)
    workspace.delete_audience(saved.id, actor=LI)
    save(workspace, "北京", BOUGHT)
    with pytest.raises(Conflict, match="audience_name_taken"):
        workspace.restore_audience(saved.id, actor=LI)
    assert workspace.restore_audience(saved.id, actor=LI, name="北京（旧）").name == "北京（旧）"
    assert len(workspace.audiences()) == 2


def test_what_was_deleted_long_ago_is_let_go_by_a_refresh(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = save(workspace, "北京", BEIJING)
    workspace.take_snapshot("北京", actor=LI)
    workspace.delete_audience(saved.id, actor=LI)
    workspace.refresh(actor=LI)
    assert [each.audience.name for each in workspace.deleted_audiences()] == ["北京"]
    later = workspace._now() + timedelta(days=DAYS_KEPT, seconds=1)
    monkeypatch.setattr(type(workspace), "_now", lambda _self: later)
    workspace.refresh(actor=LI)
    assert workspace.deleted_audiences() == []
    with pytest.raises(NotFound, match="audience_not_deleted"):
        workspace.restore_audience(saved.id, actor=LI)
    with pytest.raises(NotFound, match="audience_not_deleted"):
        workspace.purge_audience(saved.id, actor=LI)


def test_what_a_restored_audience_names_may_be_gone_and_stops_no_other_refresh(workspace: Workspace) -> None:
    inner = save(workspace, "内", BEIJING)
    workspace.keep_list("名单", pl.Series([1, 2], dtype=pl.UInt32), actor=LI)
    outer = save(workspace, "外", {"kind": "audience", "audience": inner.id, "in": True})
    listed = save(workspace, "名单的", {"kind": "list", "list": "名单", "in": True})
    save(workspace, "别的", BOUGHT)
    for each in (outer, listed, inner):
        workspace.delete_audience(each.id, actor=LI)
    workspace.remove_list("名单", actor=LI)
    for each in (outer, listed):
        back = workspace.restore_audience(each.id, actor=LI)
        (problem,) = workspace.audience_problems(back)
        assert problem.code == ("unknown_audience" if each is outer else "unknown_list")
    run = workspace.refresh(actor=LI)
    told = {each["audience"]: each["error"] for each in run.audiences}
    assert run.state == "done"
    assert "内" in told["外"]["zh"] or inner.id in told["外"]["zh"]
    assert "名单" in told["名单的"]["zh"]
    assert told["别的"] is None
    assert len(workspace.snapshots("别的")) == 1


@pytest.mark.parametrize("is_deleted_again", [False, True])
def test_emptying_the_bin_passes_over_what_was_restored_meanwhile(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *, is_deleted_again: bool
) -> None:
    saved = save(workspace, "北京", BEIJING)
    workspace.delete_audience(saved.id, actor=LI)
    listed = workspace.deleted_audiences()
    workspace.restore_audience(saved.id, actor=LI)
    later = workspace._now() + timedelta(days=DAYS_KEPT, seconds=1)
    with monkeypatch.context() as patched:
        patched.setattr(type(workspace), "_now", lambda _self: later)
        if is_deleted_again:
            workspace.delete_audience(saved.id, actor=LI)
        patched.setattr(type(workspace), "deleted_audiences", lambda _self: listed)
        assert workspace.empty_bin(actor=LI) == []
    kept = [each.audience for each in workspace.deleted_audiences()] + workspace.audiences()
    assert [each.id for each in kept] == [saved.id]
