"""Lists and snapshots through the one door: made, asked about, replaced, kept from harm."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.audiences.records import ExportRequest
from core.errors import Conflict, ExportRefused, ListRefused, NotFound, RuleError, WorkspaceError
from core.lake.people import STALE_SECONDS
from core.workspace import Workspace
from tests.core.small_files import ACTOR, USERS

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}


def rule(*children: dict[str, Any], **more: Any) -> dict[str, Any]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(children)}
    return {"version": 1, "include": include, **more}


def on(name: str, *, is_in: bool = True) -> dict[str, Any]:
    return {"kind": "list", "id": "c2", "list": name, "in": is_in}


def at(audience: str, snapshot: str, *, is_in: bool = True) -> dict[str, Any]:
    return {"kind": "audience", "id": "c3", "audience": audience, "in": is_in, "snapshot": snapshot}


def members(workspace: Workspace, *children: dict[str, Any]) -> list[str]:
    return workspace.members(workspace.parse(rule(*children)))


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    path = tmp_path / "邀请.csv"
    path.write_text("手机\n13800000001\n13800000004\n13800000001\n13799999999\n", encoding="utf-8")
    return path


def test_a_list_is_made_and_asked_about_like_any_condition(workspace: Workspace, phones: Path) -> None:
    report = workspace.add_list("闭门会", phones, actor=ACTOR)
    assert (report.kept.column, report.kept.match, report.kept.people) == ("手机", "phone", 2)
    assert (report.kept.rows, report.kept.duplicates, report.kept.unmatched) == (4, 1, 1)
    assert (report.examples, report.is_replaced) == (("137****9999",), False)
    assert workspace.lists() == [report.kept]
    assert members(workspace, on("闭门会")) == ["u01", "u04"]
    assert members(workspace, on("闭门会 ", is_in=False)) == ["007", "u02", "u03", "u05", "u06"]
    assert members(workspace, CITY, on("闭门会")) == ["u01"]
    asked = workspace.parse(rule(CITY, on("闭门会")))
    answer = workspace.count(asked)
    assert answer.sentence["zh"].endswith("在名单「闭门会」上")
    numbers = answer.answer.nodes["c2"]
    assert (numbers.own, numbers.running, numbers.without, numbers.missing) == (2, 1, 3, 0)
    assert workspace.export(ExportRequest(rule=asked, actor=ACTOR)).rows == 1
    assert workspace.person(asked, "u04").as_json()["nodes"]["c2"]["holds"]  # type: ignore[index]


def test_a_list_counts_only_who_is_in_the_base(workspace: Workspace, phones: Path) -> None:
    workspace.add_list("闭门会", phones, actor=ACTOR)
    day = workspace.default_as_of().replace(month=1, day=31)
    asked = workspace.parse(rule(on("闭门会")))
    assert workspace.members(asked, day) == ["u01"]
    assert workspace.count(asked, day).not_historical == ()


def test_a_replaced_list_changes_the_answer_at_once(workspace: Workspace, phones: Path) -> None:
    first = workspace.add_list("名单", phones, actor=ACTOR).kept
    assert members(workspace, on("名单")) == ["u01", "u04"]
    phones.write_text("user_id\n007\n", encoding="utf-8")
    with pytest.raises(Conflict, match="list_exists"):
        workspace.add_list("名单", phones, actor=ACTOR)
    assert members(workspace, on("名单")) == ["u01", "u04"]
    report = workspace.add_list("名单", phones, actor=ACTOR, replaces=True)
    assert (report.is_replaced, report.kept.id, report.kept.match) == (True, first.id, "id")
    assert members(workspace, on("名单")) == ["007"]


def test_a_list_stays_right_in_a_later_data_version(
    workspace: Workspace, phones: Path, small_files: Path, tmp_path: Path
) -> None:
    workspace.add_list("闭门会", phones, actor=ACTOR)
    snapshot = workspace.take_snapshot(
        workspace.save_audience(name="北京", rule=rule(CITY), actor=ACTOR).id, actor=ACTOR
    )
    later = tmp_path / "later"
    shutil.copytree(small_files, later)
    head, *rows = USERS.splitlines()
    # In another order, with a newcomer who has the phone that was nobody's; u01 has moved and lost hers.
    moved = [row.replace("u01,北京,王小明,13800000001", "u01,南京,王小明,") for row in reversed(rows)]
    newcomer = "u00,北京,新,13799999999,,,,1,gold,true,,2019-01-01,"
    (later / "users.csv").write_text("\n".join([head, newcomer, *moved]) + "\n", encoding="utf-8")
    workspace.import_plan(later / "plan.toml", actor=ACTOR)
    assert members(workspace, on("闭门会")) == ["u01", "u04"]
    assert members(workspace, CITY) == ["007", "u00", "u02"]
    assert members(workspace, at("北京", snapshot.id)) == ["007", "u01", "u02"]


def test_a_list_that_is_used_is_not_removed(workspace: Workspace, phones: Path) -> None:
    workspace.add_list("闭门会", phones, actor=ACTOR)
    saved = workspace.save_audience(name="受邀", rule=rule(on("闭门会")), actor=ACTOR)
    with pytest.raises(Conflict) as refused:
        workspace.remove_list("闭门会", actor=ACTOR)
    assert refused.value.problems[0].params["audiences"] == ("受邀",)
    workspace.delete_audience(saved.id, actor=ACTOR)
    assert workspace.remove_list("闭门会", actor=ACTOR).name == "闭门会"
    with pytest.raises(RuleError, match="unknown_list"):
        members(workspace, on("闭门会"))


def test_an_unknown_list_is_told_at_its_node_with_the_nearest(workspace: Workspace, phones: Path) -> None:
    workspace.add_list("闭门会邀请", phones, actor=ACTOR)
    (problem,) = workspace.check(rule(on("闭门会"))).errors
    assert (problem.code, problem.node, problem.nearest) == ("unknown_list", "c2", "闭门会邀请")
    assert problem.allowed == ("闭门会邀请",)


def test_a_refused_file_changes_nothing(workspace: Workspace, phones: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("", encoding="utf-8")
    before = workspace.add_list("名单", phones, actor=ACTOR).kept
    for ask in (
        lambda: workspace.add_list("名单", bad, actor=ACTOR, replaces=True),
        lambda: workspace.add_list("名单", phones, actor=ACTOR, replaces=True, column="没有"),
        lambda: workspace.add_list("新的", bad, actor=ACTOR),
    ):
        with pytest.raises(ListRefused):
            ask()
    with pytest.raises(WorkspaceError, match="list_name_missing"):
        workspace.add_list(" ", phones, actor=ACTOR)
    assert workspace.lists() == [before]


def test_the_unmatched_rows_never_take_the_place_of_the_file_they_come_from(
    workspace: Workspace, phones: Path, tmp_path: Path
) -> None:
    before = phones.read_bytes()
    (tmp_path / "link.csv").symlink_to(phones)
    for out in (phones, tmp_path / "link.csv"):
        with pytest.raises(ListRefused) as refused:
            workspace.add_list("名单", phones, actor=ACTOR, unmatched=out)
        assert refused.value.problems[0].code == "list_unmatched_over_file"
    assert phones.read_bytes() == before
    assert workspace.lists() == []


def test_the_unmatched_rows_are_written_with_the_list_or_neither(
    workspace: Workspace, phones: Path, tmp_path: Path
) -> None:
    out = tmp_path / "unmatched.csv"
    report = workspace.add_list("名单", phones, actor=ACTOR, unmatched=out)
    assert out.read_text(encoding="utf-8-sig") == "line,手机\n5,13799999999\n"
    assert pl.read_csv(out, infer_schema=False).rows() == [("5", "13799999999")]
    assert report.unmatched.rows() == [(5, "13799999999")]
    with pytest.raises(ExportRefused, match="export_folder_missing"):
        workspace.add_list("另一份", phones, actor=ACTOR, unmatched=tmp_path / "no" / "x.csv")
    out.unlink()
    with pytest.raises(Conflict):
        workspace.add_list("名单", phones, actor=ACTOR, unmatched=out)
    assert not out.exists()
    assert [kept.name for kept in workspace.lists()] == ["名单"]


def test_a_snapshot_is_the_people_of_that_day_whatever_comes_later(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="北京", rule=rule(CITY, take={"n": 2, "by": "points"}), actor=ACTOR)
    early = workspace.take_snapshot(
        "北京", actor=ACTOR, as_of=workspace.default_as_of().replace(month=1, day=1)
    )
    late = workspace.take_snapshot(saved.id, actor=ACTOR)
    assert [(s.id, s.people) for s in workspace.snapshots("北京")] == [(late.id, 2), (early.id, 1)]
    workspace.save_audience(name="京", rule=rule(), actor=ACTOR, audience_id=saved.id, revision=1)
    assert members(workspace, at(saved.id, early.id)) == ["u01"]
    assert members(workspace, at("京", late.id)) == ["u01", "u02"]
    assert members(workspace, at("京", late.id, is_in=False)) == ["007", "u03", "u04", "u05", "u06"]
    assert (
        workspace.sentence(workspace.parse(rule(at("京", early.id))))["zh"]
        == "在人群「京」2019-01-01 的快照中"
    )


def test_a_snapshot_that_is_not_there_is_refused_with_those_that_are(workspace: Workspace) -> None:
    workspace.save_audience(name="北京", rule=rule(CITY), actor=ACTOR)
    assert [p.code for p in workspace.check(rule(at("北京", "x"))).errors] == ["no_snapshots"]
    taken = workspace.take_snapshot("北京", actor=ACTOR)
    (problem,) = workspace.check(rule(at("北京", taken.id[:-1]))).errors
    assert (problem.code, problem.allowed, problem.nearest) == ("unknown_snapshot", (taken.id,), taken.id)
    with pytest.raises(NotFound, match="audience_unknown"):
        workspace.take_snapshot("北", actor=ACTOR)


def test_an_audience_may_build_on_its_own_snapshot(workspace: Workspace) -> None:
    saved = workspace.save_audience(name="北京", rule=rule(CITY), actor=ACTOR)
    taken = workspace.take_snapshot("北京", actor=ACTOR)
    workspace.save_audience(
        name="北京", rule=rule(at("北京", taken.id)), actor=ACTOR, audience_id=saved.id, revision=1
    )
    assert members(workspace, {"kind": "audience", "id": "c", "audience": "北京", "in": True}) == [
        "007", "u01", "u02",
    ]  # fmt: skip


def test_lost_people_are_told_and_never_nobody(workspace: Workspace, phones: Path) -> None:
    kept = workspace.add_list("名单", phones, actor=ACTOR).kept
    (workspace.root / "lake" / "lists" / kept.file.name).unlink()
    with pytest.raises(WorkspaceError, match="people_missing"):
        members(workspace, on("名单"))


def test_files_that_no_list_names_are_swept_later(workspace: Workspace, phones: Path) -> None:
    folder = workspace.root / "lake" / "lists"
    old = workspace.add_list("名单", phones, actor=ACTOR).kept.file.name
    new = workspace.add_list("名单", phones, actor=ACTOR, replaces=True).kept.file.name
    assert {path.name for path in folder.iterdir()} == {old, new}
    long_ago = time.time() - STALE_SECONDS - 60
    for name in (old, new):
        os.utime(folder / name, (long_ago, long_ago))
    workspace.add_list("另一份", phones, actor=ACTOR)
    assert {path.name for path in folder.iterdir()} == {kept.file.name for kept in workspace.lists()}
    assert members(workspace, on("名单")) == ["u01", "u04"]


CHILD = """
import sys
from pathlib import Path
from core.lake import people
from core.store.people import PeopleStore
from core.workspace import Actor, Workspace

moment, root, file = sys.argv[1:]

def stop():
    print("here", flush=True)
    sys.stdin.read()

def before(holder, name):
    original = getattr(holder, name)
    def wrapped(*args, **kwargs):
        stop()
        return original(*args, **kwargs)
    setattr(holder, name, wrapped)

if moment == "writing":
    before(people, "sync_folder")
elif moment == "before the row":
    before(PeopleStore, "put_list")
Workspace.open(root).add_list("名单", Path(file), actor=Actor("x"), replaces=True)
stop()
"""


@pytest.mark.parametrize(
    ("moment", "left"), [("writing", ["007"]), ("before the row", ["007"]), ("after", ["u01", "u04"])]
)
def test_a_kill_leaves_the_old_list_or_the_new_one(
    moment: str, left: list[str], workspace: Workspace, phones: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.csv"
    old.write_text("user_id\n007\n", encoding="utf-8")
    workspace.add_list("名单", old, actor=ACTOR)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, moment, str(workspace.root), str(phones)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == b"here\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert members(workspace, on("名单")) == left
    assert len(workspace.lists()) == 1
