"""Exports: refused with a reason, or whole with manifest and log; nothing half is ever left."""

from __future__ import annotations

import csv
import hashlib
import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from core.audiences import lists
from core.errors import CallerError, ExportRefused, NotFound, Problem, WorkspaceError
from core.messages import message_of
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.workspace import Actor, ExportRequest, Workspace
from tests.core.small_files import ACTOR

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
PHONE = {"kind": "tag", "id": "c2", "tag": "phone", "op": "in", "value": ["13800000001", "13800000002"]}


def rule(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


@pytest.fixture
def in_beijing(workspace: Workspace) -> Rule:
    return workspace.parse(rule(CITY))


@pytest.fixture
def request_(in_beijing: Rule) -> ExportRequest:
    return ExportRequest(rule=in_beijing, actor=ACTOR)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_a_list_holds_exactly_the_members_with_the_fields_in_their_order(
    workspace: Workspace, request_: ExportRequest
) -> None:
    done = workspace.export(replace(request_, fields=("points", "user_id", "city", "points", "remark")))
    assert rows_of(done.path) == [
        ["user_id", "points", "city", "remark"],
        ["007", "-3.0", "北京", "'＝x"],
        ["u01", "120.0", "北京", "hello"],
        ["u02", "80.5", "北京", "'=1+1"],
    ]
    assert done.rows == 3
    assert done.path.parent == workspace.root / "exports"


def test_without_fields_the_list_has_the_rule_s_own_that_are_not_personal(workspace: Workspace) -> None:
    asked = workspace.parse(rule(CITY, PHONE, take={"n": 1, "by": "points"}))
    done = workspace.export(ExportRequest(rule=asked, actor=ACTOR))
    assert rows_of(done.path) == [["user_id", "city", "points"], ["u01", "北京", "120"]]


def test_analysis_masks_and_contact_reveals_with_a_reason(
    workspace: Workspace, request_: ExportRequest
) -> None:
    fields = ("name", "phone", "city")
    analysed = workspace.export(replace(request_, fields=fields))
    contacted = workspace.export(replace(request_, fields=fields, purpose="contact", reason="回访"))
    assert rows_of(analysed.path)[2] == ["u01", "王**", "138****0001", "北京"]
    assert rows_of(contacted.path)[2] == ["u01", "王小明", "13800000001", "北京"]
    newest, older = workspace.exports()
    assert (newest.revealed, newest.reason, newest.purpose) == (("name", "phone"), "回访", "contact")
    assert older.revealed == ()


def test_the_manifest_says_what_the_list_is_and_that_nobody_verified_the_name(
    workspace: Workspace, request_: ExportRequest
) -> None:
    done = workspace.export(
        replace(request_, audience_name="闭门会", fields=("city", "phone"), as_of=date(2019, 6, 30))
    )
    manifest = json.loads(done.manifest_path.read_text(encoding="utf-8"))
    assert done.manifest_path.name == "闭门会-2019-06-30.csv.manifest.json"
    assert manifest["file"] == done.file_name == done.path.name == "闭门会-2019-06-30.csv"
    assert manifest["sha256"] == done.sha256 == hashlib.sha256(done.path.read_bytes()).hexdigest()
    assert (manifest["rows"], manifest["bytes"]) == (3, done.path.stat().st_size)
    assert manifest["fields"] == ["user_id", "city", "phone"]
    assert (manifest["masked"], manifest["revealed"]) == (["phone"], [])
    assert manifest["rule"]["include"]["children"][0]["value"] == "北京"
    assert (manifest["as_of"], manifest["data_version"]) == ("2019-06-30", workspace.data_version().id)
    assert set(manifest["sentence"]) == {"zh", "en"}
    assert manifest["made_by"]["name"] == "测试员"
    assert manifest["made_by"]["verified"] is False
    assert manifest["made_by"]["note"]["zh"]
    record = workspace.exports()[0]
    assert (record.sha256, record.file_name, record.path) == (done.sha256, done.file_name, str(done.path))
    assert workspace.log(1)[0].action == "export"


def test_a_verified_name_carries_no_note(workspace: Workspace, request_: ExportRequest) -> None:
    done = workspace.export(replace(request_, actor=Actor("Li", verified=True)))
    assert json.loads(done.manifest_path.read_text())["made_by"] == {"name": "Li", "verified": True}


def test_personal_values_of_the_rule_stay_out_of_the_log_and_of_lists_for_analysis(
    workspace: Workspace,
) -> None:
    asked = workspace.parse(rule(PHONE))
    analysed = workspace.export(ExportRequest(rule=asked, actor=ACTOR))
    contacted = workspace.export(ExportRequest(rule=asked, actor=ACTOR, purpose="contact", reason="回访"))
    manifest = analysed.manifest_path.read_text(encoding="utf-8")
    assert "13800000001" not in manifest
    assert json.loads(manifest)["rule_masked"] is True
    open_manifest = json.loads(contacted.manifest_path.read_text(encoding="utf-8"))
    assert open_manifest["rule"]["include"]["children"][0]["value"] == ["13800000001", "13800000002"]
    assert open_manifest["rule_masked"] is False
    assert "13800000001" not in repr(workspace.exports())
    assert "13800000001" not in repr(workspace.log())


def test_lists_of_the_same_name_are_numbered(workspace: Workspace, request_: ExportRequest) -> None:
    names = [workspace.export(request_).file_name for _ in range(3)]
    assert names == ["audience-2019-07-14.csv", "audience-2019-07-14-2.csv", "audience-2019-07-14-3.csv"]


def test_an_empty_list_is_a_list(workspace: Workspace) -> None:
    nobody = workspace.parse(rule({**CITY, "value": "月球"}))
    done = workspace.export(ExportRequest(rule=nobody, actor=ACTOR))
    assert rows_of(done.path) == [["user_id", "city"]]
    assert done.rows == 0


def test_a_workbook_is_refused_above_its_bound_before_anything_is_written(
    workspace: Workspace, request_: ExportRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = workspace.export(replace(request_, format="xlsx"))
    assert done.file_name.endswith(".xlsx")
    monkeypatch.setattr(lists, "MAX_XLSX_ROWS", 2)
    with pytest.raises(ExportRefused) as refused:
        workspace.export(replace(request_, format="xlsx", audience_name="x"))
    assert refused.value.code == "export_too_many_rows"
    assert len(list((workspace.root / "exports").iterdir())) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purpose": "contact"}, "export_reason_missing"),
        ({"purpose": "contact", "reason": " \n"}, "export_reason_missing"),
        ({"reason": "x" * 2001}, "export_reason_too_long"),
        ({"fields": ("phnoe",)}, "field_unknown"),
        ({"actor": Actor("  ")}, "actor_missing"),
        ({"as_of": date(1, 1, 1)}, "as_of_out_of_range"),
    ],
)
def test_a_careless_export_is_refused_and_leaves_nothing(
    change: dict[str, object], code: str, workspace: Workspace, request_: ExportRequest
) -> None:
    with pytest.raises(CallerError) as refused:
        workspace.export(replace(request_, **change))  # type: ignore[arg-type]
    assert refused.value.code == code
    for problem in refused.value.problems:
        assert set(message_of(problem)) == {"zh", "en"}
    assert list((workspace.root / "exports").iterdir()) == []
    assert workspace.exports() == []


def test_contacting_everybody_is_refused_and_analysing_everybody_is_not(workspace: Workspace) -> None:
    everybody = workspace.parse(rule())
    with pytest.raises(ExportRefused, match="export_of_everybody"):
        workspace.export(ExportRequest(rule=everybody, actor=ACTOR, purpose="contact", reason="x"))
    assert workspace.export(ExportRequest(rule=everybody, actor=ACTOR)).rows == 7


def test_an_unknown_field_brings_the_nearest(workspace: Workspace, request_: ExportRequest) -> None:
    with pytest.raises(NotFound) as refused:
        workspace.export(replace(request_, fields=("ctiy", "city", "ponts")))
    assert [problem.nearest for problem in refused.value.problems] == ["city", "points"]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("..", "export_is_folder"),
        ("nowhere/list.csv", "export_folder_missing"),
        ("coterie.db", "export_inside_workspace"),
        ("lake/CURRENT", "export_inside_workspace"),
        ("exports/../coterie.db", "export_inside_workspace"),
    ],
)
def test_a_list_is_never_written_where_it_would_do_harm(
    place: str, code: str, workspace: Workspace, request_: ExportRequest
) -> None:
    before = (workspace.root / "coterie.db").read_bytes()
    with pytest.raises(ExportRefused) as refused:
        workspace.export(replace(request_, out=workspace.root / place))
    assert refused.value.code == code
    assert (workspace.root / "coterie.db").read_bytes() == before


def test_an_existing_list_is_replaced_whole(
    workspace: Workspace, request_: ExportRequest, tmp_path: Path
) -> None:
    out = tmp_path / "list.csv"
    out.write_text("old")
    workspace.export(replace(request_, out=out))
    assert rows_of(out)[0] == ["user_id", "city"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "list.csv",
        "list.csv.manifest.json",
        "workspace",
    ]


def test_when_the_log_cannot_be_written_the_old_list_stays(
    workspace: Workspace, request_: ExportRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(record: object, before_commit: object) -> None:
        before_commit()  # type: ignore[operator]
        raise WorkspaceError(Problem("database_full", params={"where": "x", "why": "y"}))

    out = tmp_path / "list.csv"
    out.write_text("old")
    monkeypatch.setattr(workspace._records, "add_export", full)
    with pytest.raises(WorkspaceError):
        workspace.export(replace(request_, out=out))
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "workspace"]


EXPORT = """
import resource, sys, time
from pathlib import Path
from core.audiences import lists
from core.cli import main
step, root, rule, out = sys.argv[1:]
write = lists.write_csv
def full(table, path):
    # A file cannot grow past this: what a full disk is to a writer.
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
    write(table, path)
def slow(table, path):
    write(table, path)
    print("written", flush=True)
    time.sleep(60)
lists.write_csv = full if step == "full" else slow
sys.exit(main(["export", "--workspace", root, "--rule", rule, "--out", out, "--json"]))
"""


def export_in_a_process(step: str, root: Path, tmp_path: Path) -> tuple[subprocess.Popen[str], Path]:
    (tmp_path / "rule.json").write_text(json.dumps(rule(CITY)))
    folder = tmp_path / "out"
    folder.mkdir()
    command = (
        sys.executable,
        "-c",
        EXPORT,
        step,
        str(root),
        str(tmp_path / "rule.json"),
        str(folder / "list.csv"),
    )
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), folder


def test_a_full_disk_leaves_nothing_half(root: Path, tmp_path: Path) -> None:
    process, folder = export_in_a_process("full", root, tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert json.loads(out)["error"]["code"] == "export_disk_full"
    assert list(folder.iterdir()) == []
    assert Workspace.open(root).exports() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_export_leaves_nothing_half(number: signal.Signals, root: Path, tmp_path: Path) -> None:
    process, folder = export_in_a_process("slow", root, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    assert len(list(folder.iterdir())) == 1
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert json.loads(out)["error"]["code"] == "cancelled"
    assert list(folder.iterdir()) == []
    assert Workspace.open(root).exports() == []


def test_a_killed_export_leaves_no_list(root: Path, tmp_path: Path) -> None:
    process, folder = export_in_a_process("slow", root, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    process.kill()
    process.communicate(timeout=120)
    assert not (folder / "list.csv").exists()
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    assert Workspace.open(root).exports() == []


def test_a_folder_that_may_not_be_written_is_named(
    workspace: Workspace, request_: ExportRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(table: object, path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(lists, "write_csv", forbid)
    with pytest.raises(ExportRefused) as refused:
        workspace.export(replace(request_, out=tmp_path / "list.csv"))
    assert refused.value.code == "export_unwritable"
    assert str(tmp_path / "list.csv") in message_of(refused.value.problems[0])["zh"]


def test_a_tag_named_like_the_first_column_is_not_exported_twice(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id,x\nu1,1\nu2,2\n", encoding="utf-8")
    plan = '[[users]]\nsource = "users.csv"\nid = "user_id"\ntags = ["user_id", "x"]\n'
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    workspace = Workspace.create(tmp_path / "workspace")
    workspace.import_plan(tmp_path / "plan.toml", actor=ACTOR)
    named = {"kind": "tag", "id": "c", "tag": "user_id", "op": "is", "value": "u1"}
    done = workspace.export(ExportRequest(rule=workspace.parse(rule(named)), actor=ACTOR))
    assert rows_of(done.path) == [["user_id"], ["u1"]]


def test_the_list_of_an_audience_holds_its_people_by_hand_and_says_how_they_came(
    workspace: Workspace, request_: ExportRequest
) -> None:
    saved = workspace.save_audience(name="北京", rule=request_.rule, actor=ACTOR)
    workspace.put_by_hand(saved.id, ["u03"], is_added=True, reason="认识", actor=ACTOR)
    workspace.put_by_hand(saved.id, ["u02"], is_added=False, reason="退订", actor=ACTOR)
    done = workspace.export(replace(request_, people_of=saved.id, fields=()))
    assert [row[0] for row in rows_of(done.path)] == ["user_id", "007", "u01", "u03"]
    manifest = json.loads(done.manifest_path.read_text("utf-8"))
    told = {key: manifest["people"][key] for key in ("ruled", "added", "removed", "count", "is_fixed")}
    assert told == {"ruled": 3, "added": 1, "removed": 1, "count": 3, "is_fixed": False}
    assert manifest["sentence"]["zh"] == "城市是「北京」；手工加入 1 人、移出 1 人"
    assert workspace.exports()[0].sentence == manifest["sentence"]
    alone = workspace.export(request_)
    assert "people" not in json.loads(alone.manifest_path.read_text("utf-8"))
    assert alone.rows == 3


def test_the_list_of_an_audience_that_stands_still_is_its_snapshot_whatever_the_rule(
    workspace: Workspace, request_: ExportRequest
) -> None:
    saved = workspace.save_audience(name="北京", rule=request_.rule, actor=ACTOR)
    taken = workspace.take_snapshot(saved.id, actor=ACTOR)
    workspace.arrange_audience(saved.id, revision=1, actor=ACTOR, fixed_to=taken.id)
    elsewhere = workspace.parse(rule({**CITY, "value": "上海"}))
    done = workspace.export(replace(request_, rule=elsewhere, people_of=saved.id, fields=()))
    assert [row[0] for row in rows_of(done.path)] == ["user_id", "007", "u01", "u02"]
    (record,) = workspace.exports()
    assert record.sentence["en"].endswith("of the audience “北京”; fixed to the 3 people of a snapshot")
    assert record.rule["include"]["children"][0]["snapshot"] == taken.id
    assert record.people is not None
    assert (record.people["is_fixed"], record.people["count"]) == (True, 3)


def test_the_list_of_a_static_audience_can_be_had_though_its_rule_fits_no_more(
    workspace: Workspace, request_: ExportRequest
) -> None:
    saved = workspace.save_audience(name="北京", rule=request_.rule, actor=ACTOR)
    taken = workspace.take_snapshot(saved.id, actor=ACTOR)
    workspace.arrange_audience(saved.id, revision=1, actor=ACTOR, fixed_to=taken.id)
    gone = rule({**CITY, "tag": "gone"})
    fixed = workspace._audiences.save(
        saved.id, 2, name="北京", note="", rule=gone, actor=ACTOR, at=workspace._now()
    )
    broken = parse_rule(gone)
    assert workspace.check(fixed.rule).errors
    assert workspace.audience_problems(fixed) == ()
    assert workspace.members(workspace.people_of(fixed.id)) == ["007", "u01", "u02"]
    assert workspace.members(workspace.people_of(fixed.id, broken)) == ["007", "u01", "u02"]
    done = workspace.export(replace(request_, rule=broken, people_of=fixed.id, fields=()))
    assert [row[0] for row in rows_of(done.path)] == ["user_id", "007", "u01", "u02"]


def test_an_export_for_an_audience_that_is_gone_is_refused(
    workspace: Workspace, request_: ExportRequest
) -> None:
    saved = workspace.save_audience(name="北京", rule=request_.rule, actor=ACTOR)
    workspace.delete_audience(saved.id, actor=ACTOR)
    with pytest.raises(CallerError, match="audience_unknown"):
        workspace.export(replace(request_, people_of=saved.id))
    assert workspace.exports() == []
