"""The command line to the letter."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import core, process

CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}


def rule(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, "exclude": None, "take": None, **more}


def answer(*arguments: object, given: str | bytes = b"", code: int = 0) -> dict[str, object]:
    """Return the one JSON object that a command prints, having checked that it prints nothing else."""
    done = core(*arguments, "--json", given=given)
    assert done.returncode == code, done.stderr.decode()
    assert done.stdout.count(b"\n") == 1
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A rule file with the people of Beijing."""
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule(CITY), ensure_ascii=False), encoding="utf-8")
    return path


def test_import_makes_a_workspace_and_reports_on_stderr_what_it_does(
    small_files: Path, tmp_path: Path
) -> None:
    done = core("import", "--workspace", tmp_path / "w", "--plan", small_files / "plan.toml", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["users"], report["events"]) == (7, 9)
    assert b"100%" in done.stderr
    assert done.stdout.count(b"\n") == 1
    again = answer("import", "--workspace", tmp_path / "w", "--plan", small_files / "plan.toml", "--by", "李")
    assert again["version"] != report["version"]


def test_a_refused_import_changes_nothing(root: Path, small_files: Path, tmp_path: Path) -> None:
    before = answer("tags", "--workspace", root)["data_version"]
    plan = tmp_path / "plan.toml"
    plan.write_text((small_files / "plan.toml").read_text(encoding="utf-8"), encoding="utf-8")
    refused = answer("import", "--workspace", root, "--plan", plan, code=2)
    assert refused["error"]["problems"][0]["message"].keys() == {"zh", "en"}  # type: ignore[index]
    assert answer("tags", "--workspace", root)["data_version"] == before


def test_a_plan_that_cannot_be_read_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("[[users]\n", encoding="utf-8")
    answer("import", "--workspace", tmp_path / "new", "--plan", tmp_path / "plan.toml", code=2)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("action", [(), ("list",)])
def test_tags_lists_types_values_and_coverage(action: tuple[str, ...], imported: Path) -> None:
    listing = answer("tags", *action, "--workspace", imported)
    tags = {tag["key"]: tag for tag in listing["tags"]}  # type: ignore[attr-defined]
    assert (tags["city"]["type"], tags["city"]["coverage"]) == ("enum", 0.857143)
    assert tags["city"]["values"][0] == {"value": "北京", "users": 3}
    assert tags["phone"]["values"] == []
    keys = [event["key"] for event in listing["events"]]  # type: ignore[attr-defined]
    assert keys == ["buy", "chat", "favourite", "view"]
    assert b"city" in core("tags", *action, "--workspace", imported).stdout


def test_count_prints_the_contract_s_object(imported: Path, file: Path) -> None:
    found = answer("count", "--workspace", imported, "--rule", file)
    assert {key: found[key] for key in ("count", "matched", "base", "as_of")} == {
        "count": 3, "matched": 3, "base": 7, "as_of": "2019-07-14",
    }  # fmt: skip
    assert found["sentence"].keys() == {"zh", "en"}  # type: ignore[attr-defined]
    assert found["nodes"]["c1"] == {"own": 3, "running": 3, "without": 7, "missing": 1}  # type: ignore[index]


def test_a_process_answers_like_the_function(imported: Path, file: Path) -> None:
    arguments = ("count", "--workspace", imported, "--rule", "-", "--json")
    done = process(*arguments, given=file.read_bytes())
    assert (done.returncode, json.loads(done.stdout)["count"], done.stderr) == (0, 3, b"")
    refused = process(*arguments, given=b"{}")
    assert (refused.returncode, refused.stderr) == (2, b"")
    assert "error" in json.loads(refused.stdout)


def test_count_reads_a_rule_from_standard_input(imported: Path, file: Path) -> None:
    assert answer("count", "--workspace", imported, "--rule", "-", given=file.read_bytes())["count"] == 3


def test_count_answers_for_another_day(imported: Path, file: Path) -> None:
    found = answer("count", "--workspace", imported, "--rule", file, "--as-of", "2019-01-31")
    assert (found["count"], found["base"], found["as_of"]) == (2, 3, "2019-01-31")
    assert found["not_historical"] == ["city"]


def test_count_of_a_file_of_rules_answers_each_line_in_its_place(imported: Path, tmp_path: Path) -> None:
    lines = [
        json.dumps(rule(CITY)),
        json.dumps(rule({**CITY, "tag": "ctiy"})),
        "",
        "{no json",
        json.dumps(rule()),
    ]
    path = tmp_path / "rules.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = core("count", "--workspace", imported, "--rules", path, "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 2
    assert [one.get("count") for one in found] == [3, None, None, None, 7]
    assert found[1]["error"]["problems"][0]["node"] == "c1"
    assert found[1]["error"]["problems"][0]["nearest"] == "city"
    same = core("count", "--workspace", imported, "--rules", "-", "--json", given=path.read_bytes())
    assert same.stdout == done.stdout
    good = core(
        "count", "--workspace", imported, "--rules", "-", "--json", given=lines[0] + "\r\n" + lines[4]
    )
    assert (good.returncode, good.stdout.count(b"\n")) == (0, 2)
    words = core("count", "--workspace", imported, "--rules", path)
    assert words.stdout.decode().splitlines()[0].startswith("3\t")
    assert "line 2" in words.stdout.decode()
    assert b"ctiy" in words.stderr


def test_members_are_one_id_a_line_sorted(imported: Path, file: Path) -> None:
    done = core("members", "--workspace", imported, "--rule", file)
    assert (done.returncode, done.stdout) == (0, b"007\nu01\nu02\n")
    earlier = core("members", "--workspace", imported, "--rule", file, "--as-of", "2019-01-01")
    assert earlier.stdout == b"u01\n"


def test_members_of_nobody_are_no_line(imported: Path) -> None:
    nobody = json.dumps(rule({**CITY, "value": "月球"}))
    assert core("members", "--workspace", imported, "--rule", "-", given=nobody).stdout == b""


def test_export_writes_the_list_and_its_manifest(root: Path, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    found = answer("export", "--workspace", root, "--rule", file, "--out", out, "--fields", "phone, city")
    with out.open(encoding="utf-8-sig", newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["user_id", "phone", "city"],
            ["007", "138****0007", "北京"],
            ["u01", "138****0001", "北京"],
            ["u02", "138****0002", "北京"],
        ]
    assert (found["file"], found["rows"]) == (str(out), 3)
    manifest = json.loads(Path(str(found["manifest"])).read_text(encoding="utf-8"))
    assert manifest["sha256"] == found["sha256"]


def test_export_for_contact_reveals_the_chosen_fields(root: Path, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    more = ("--purpose", "contact", "--fields", "phone", "--by", "李", "--reason", "回访")
    answer("export", "--workspace", root, "--rule", file, "--out", out, *more)
    assert "u01,13800000001" in out.read_text(encoding="utf-8-sig")
    manifest = json.loads((tmp_path / "list.csv.manifest.json").read_text(encoding="utf-8"))
    assert (manifest["made_by"]["name"], manifest["reason"]) == ("李", "回访")


def test_export_to_xlsx_is_a_workbook(root: Path, file: Path, tmp_path: Path) -> None:
    answer("export", "--workspace", root, "--rule", file, "--out", tmp_path / "list.XLSX")
    assert (tmp_path / "list.XLSX").read_bytes()[:2] == b"PK"


def test_funnel_counts_reached_and_furthest(imported: Path) -> None:
    found = answer("funnel", "--workspace", imported)
    assert [(step["step"], step["reached"], step["furthest"]) for step in found["steps"]] == [  # type: ignore[attr-defined]
        ("register", 7, 2), ("look", 3, 1), ("chat", 2, 2), ("buy", 2, 2),
    ]  # fmt: skip
    earlier = answer("funnel", "--workspace", imported, "--as-of", "2019-06-03", "--split", "city")
    assert earlier["steps"][3]["reached"] == 1  # type: ignore[index]
    assert len(earlier["groups"]) == 4  # type: ignore[arg-type]
    assert b"Registered" in core("funnel", "--workspace", imported, "--split", "level").stdout


def test_funnel_of_a_saved_audience(root: Path) -> None:
    from core.workspace import Actor, Workspace

    Workspace.open(root).save_audience(name="北京人", rule=rule(CITY), actor=Actor("x"))
    assert answer("funnel", "--workspace", root, "--audience", "北京人")["total"] == 3
    assert (
        answer("funnel", "--workspace", root, "--audience", "南京人", code=2)["error"]["code"]
        == "audience_unknown"
    )  # type: ignore[index]


def test_schema_publishes_rules_and_plans() -> None:
    for arguments in ((), ("--json",)):
        done = core("schema", *arguments)
        assert done.returncode == 0
        schemas = json.loads(done.stdout)
        assert schemas.keys() == {"rule", "plan"}
        assert all("properties" in schema or "$defs" in schema for schema in schemas.values())


@pytest.mark.parametrize(
    "as_of", ["2019-02-30", "20190714", "yesterday", "2019-W28-7", "", "0001-01-01", "9999-12-31"]
)
def test_a_bad_day_is_refused(as_of: str, imported: Path, file: Path) -> None:
    found = answer("count", "--workspace", imported, "--rule", file, "--as-of", as_of, code=2)
    assert found["error"]["code"] in ("as_of_unreadable", "as_of_out_of_range")  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "rule_not_json"),
        ("[]", "rule_not_object"),
        (b"\xff\xfe", "rule_not_utf8"),
        (json.dumps(rule({**CITY, "op": "iss"})), "unknown_op"),
        (json.dumps(rule({**CITY, "kind": "tagg"})), None),
        (json.dumps(rule({**CITY, "extra": 1})), None),
        (json.dumps(rule({**CITY, "value": {"a": 1}})), None),
        (json.dumps(rule({**CITY, "op": "matches", "value": "("})), None),
        ("[" * 100_000, None),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(text: str | bytes, code: str | None, imported: Path) -> None:
    found = answer("count", "--workspace", imported, "--rule", "-", given=text, code=2)
    error = found["error"]
    assert isinstance(error, dict)
    assert code is None or error["code"] == code
    for problem in error["problems"]:
        assert problem.keys() == {"code", "node", "message", "allowed", "nearest"}
        assert problem["message"].keys() == {"zh", "en"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("count", "--workspace", "W"), "rule_or_rules"),
        (("count", "--workspace", "W", "--rule", "a", "--rules", "b"), "rule_or_rules"),
        (("count", "--workspace", "W", "--rule", "missing.json"), "rule_file_missing"),
        (("count", "--workspace", "W", "--rule", "."), "rule_file_unreadable"),
        (("count", "--workspace", "W", "--rules", "missing.jsonl"), "rule_file_missing"),
        (("count", "--workspace", "/nowhere", "--rule", "-"), "workspace_missing"),
        (("count", "--workspace", "W", "--rul", "-"), "unknown_option"),
        (("count", "--rule", "-"), "option_missing"),
        (("count", "--workspace", "W", "--rule", "-", "surplus"), "usage"),
        (("conut", "--workspace", "W"), "unknown_command"),
        (("tags", "lst", "--workspace", "W"), "unknown_command"),
        (("export", "--workspace", "W", "--rule", "-"), "option_missing"),
        (
            ("export", "--workspace", "W", "--rule", "-", "--out", "x", "--purpose", "contcat"),
            "purpose_unknown",
        ),
        (
            ("export", "--workspace", "W", "--rule", "-", "--out", "x", "--purpose", "contact"),
            "export_reason_missing",
        ),
        (("export", "--workspace", "W", "--rule", "-", "--out", "x", "--fields", "ctiy"), "field_unknown"),
        (("export", "--workspace", "W", "--rule", "-", "--out", "no/x.csv"), "export_folder_missing"),
        (("export", "--workspace", "W", "--rule", "-", "--out", "x", "--by", ""), "actor_missing"),
        (("funnel", "--workspace", "W", "--split", "ctiy"), "split_unknown"),
        (("import", "--workspace", "W", "--plan", "missing.toml"), None),
    ],
)
def test_what_the_caller_can_mend_exits_with_two_and_says_how(
    arguments: tuple[str, ...], code: str | None, root: Path, file: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    given = [str(root) if word == "W" else word for word in arguments]
    error = answer(*given, given=file.read_bytes(), code=2)["error"]
    assert isinstance(error, dict)
    assert code is None or error["code"] == code
    in_words = core(*given, given=file.read_bytes())
    assert (in_words.returncode, in_words.stdout) == (2, b"")
    assert error["problems"][0]["message"]["en"] in in_words.stderr.decode()
    assert b"Traceback" not in in_words.stderr


def test_an_option_without_its_value_is_refused(imported: Path) -> None:
    done = core("count", "--json", "--workspace", imported, "--rule")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "usage")


def test_a_workspace_without_data_says_so(tmp_path: Path, file: Path) -> None:
    (tmp_path / "w" / "lake").mkdir(parents=True)
    found = answer("count", "--workspace", tmp_path / "w", "--rule", file, code=2)
    assert found["error"]["code"] == "no_data"  # type: ignore[index]


@pytest.mark.parametrize(
    ("environment", "chinese"),
    [
        ({"COTERIE_LANG": "zh", "LANG": "en_US.UTF-8"}, True),
        ({"COTERIE_LANG": "", "LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}, True),
        ({"COTERIE_LANG": "en", "LANG": "zh_CN.UTF-8"}, False),
        ({"COTERIE_LANG": "", "LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
    ],
)
def test_people_are_answered_in_their_language(
    environment: dict[str, str], chinese: bool, imported: Path, file: Path
) -> None:
    done = core("count", "--workspace", imported, "--rule", file, environment=environment)
    assert ("人" in done.stdout.decode()) == chinese
    refused = core("count", "--workspace", imported, "--rule", "nowhere", environment=environment)
    assert ("规则文件" in refused.stderr.decode()) == chinese


def test_help_is_in_the_caller_s_language() -> None:
    helped = process("--help", environment={"COTERIE_LANG": "zh"})
    assert helped.returncode == 0
    assert "数一条规则" in helped.stdout.decode()


def test_the_environment_may_name_the_workspace(imported: Path, file: Path) -> None:
    done = process("count", "--rule", file, "--json", environment={"COTERIE_WORKSPACE": str(imported)})
    assert json.loads(done.stdout)["count"] == 3


def test_json_is_utf_8_whatever_the_locale(imported: Path, file: Path) -> None:
    done = process(
        "count", "--workspace", imported, "--rule", file, "--json",
        environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert "北京" in json.loads(done.stdout.decode("utf-8"))["sentence"]["zh"]


def test_a_reader_that_has_seen_enough_is_no_fault(imported: Path) -> None:
    everybody = json.dumps(rule())
    command = f"{sys.executable} -m core members --workspace {imported} --rule - | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], input=everybody.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"007\n", b"")


def test_a_reader_that_left_before_the_first_line_is_no_fault(imported: Path, file: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [
        sys.executable,
        "-m",
        "core",
        "count",
        "--workspace",
        str(imported),
        "--rule",
        str(file),
        "--json",
    ]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_commands_that_only_ask_make_no_database(root: Path, file: Path) -> None:
    for name in ("coterie.db", "coterie.db-wal", "coterie.db-shm"):
        (root / name).unlink(missing_ok=True)
    assert answer("count", "--workspace", root, "--rule", file)["count"] == 3
    assert core("members", "--workspace", root, "--rule", file).returncode == 0
    assert answer("funnel", "--workspace", root)["total"] == 7
    assert not (root / "coterie.db").exists()


def test_nothing_is_counted_while_the_tags_of_operators_cannot_be_read(root: Path, file: Path) -> None:
    (root / "coterie.db").write_bytes(b"broken")
    for name in ("coterie.db-wal", "coterie.db-shm"):
        (root / name).unlink(missing_ok=True)
    done = core("count", "--workspace", root, "--rule", file, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "database_damaged"
