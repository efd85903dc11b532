"""Saved audiences, drafts and kept rules through the one door."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Conflict, NotFound, RuleError, WorkspaceError
from core.rules.parse import dump_rule
from core.workspace import Actor, Workspace
from tests.core.small_files import ACTOR

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
RULE = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [CITY]}}


def test_an_audience_lives_from_saving_to_deleting(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="北京", note="n", rule=RULE, actor=ACTOR)
    assert workspace.count(workspace.parse(saved.rule)).answer.count == 3
    changed = workspace.save_audience(
        name="北京人", note="", rule=workspace.parse(RULE), actor=ACTOR, audience_id=saved.id, revision=1
    )
    assert (changed.revision, changed.rule) == (2, dump_rule(workspace.parse(RULE)))
    renamed = workspace.rename_audience(saved.id, "京", actor=ACTOR)
    copy = workspace.duplicate_audience(saved.id, actor=ACTOR)
    assert (renamed.name, copy.name) == ("京", "京 (2)")
    assert workspace.audience("京").id == workspace.audience(saved.id).id
    workspace.delete_audience(saved.id, actor=ACTOR)
    assert [audience.name for audience in workspace.audiences()] == ["京 (2)"]


def test_two_operators_in_two_sessions_cannot_overwrite_each_other(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    saved = one.save_audience(name="a", rule=RULE, actor=Actor("一"))
    two.save_audience(name="a", note="二的", rule=RULE, actor=Actor("二"), audience_id=saved.id, revision=1)
    with pytest.raises(Conflict) as refused:
        one.save_audience(name="a", rule=RULE, actor=Actor("一"), audience_id=saved.id, revision=1)
    assert refused.value.problems[0].params["by"] == "二"
    assert one.audience(saved.id).note == "二的"


def test_a_broken_rule_is_not_saved(workspace: Workspace) -> None:
    broken = {"version": 1, "include": {**RULE["include"], "children": [{**CITY, "tag": "gone"}]}}  # type: ignore[dict-item]
    with pytest.raises(RuleError):
        workspace.save_audience(name="x", rule=broken, actor=ACTOR)
    assert workspace.audiences() == []


def test_nobody_changes_an_audience_without_a_name_or_without_having_seen_it(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="a", rule=RULE, actor=ACTOR)
    with pytest.raises(WorkspaceError, match="actor_missing"):
        workspace.rename_audience(saved.id, "b", actor=Actor(" "))
    with pytest.raises(ValueError, match="revision"):
        workspace.save_audience(name="a", rule=RULE, actor=ACTOR, audience_id=saved.id)


def test_a_draft_survives_a_restart(root: Path) -> None:
    Workspace.open(root).save_draft("browser", {"tree": RULE, "history": [RULE]})
    assert Workspace.open(root).load_draft("browser") == {"tree": RULE, "history": [RULE]}
    assert Workspace.open(root).load_draft("another") is None


def test_a_link_carries_a_token_instead_of_values(root: Path) -> None:
    workspace = Workspace.open(root)
    token = workspace.keep_rule(workspace.parse(RULE))
    assert workspace.parse(Workspace.open(root).kept_rule(token)) == workspace.parse(RULE)
    with pytest.raises(NotFound):
        workspace.kept_rule("guess")


def test_nothing_is_imported_where_it_cannot_be_logged(root: Path, small_files: Path) -> None:
    before = Workspace.open(root).data_version().id
    for name in ("coterie.db-wal", "coterie.db-shm"):
        (root / name).unlink(missing_ok=True)
    (root / "coterie.db").write_bytes(b"no database" * 1000)
    workspace = Workspace.open(root)
    with pytest.raises(WorkspaceError) as error:
        workspace.import_plan(small_files / "plan.toml", actor=ACTOR)
    assert error.value.code == "database_damaged"
    assert [version.id for version in workspace.data_versions()] == [before]
    assert (root / "lake" / "CURRENT").read_text().strip() == before
