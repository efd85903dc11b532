"""`list` and `audiences` on the command line, to the letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.workspace import Actor, Workspace
from tests.command_line import core
from tests.core.cli.test_contract import CITY, answer, rule

ON_LIST = {"kind": "list", "id": "c2", "list": "闭门会", "in": True}


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.csv"
    path.write_text("user_id,note\nu01,a\n007,b\nu01,c\nu99,d\n,e\n", encoding="utf-8")
    return path


def count(root: Path, *conditions: dict[str, object]) -> object:
    return answer("count", "--workspace", root, "--rule", "-", given=json.dumps(rule(*conditions)))["count"]


def test_list_add_reports_and_the_list_can_be_counted(root: Path, ids: Path, tmp_path: Path) -> None:
    unmatched = tmp_path / "unmatched.csv"
    add = ("list", "add", "--workspace", root, "--name", "闭门会", "--file", ids)
    found = answer(*add, "--unmatched", unmatched, "--by", "李")
    assert {key: found[key] for key in found if key not in ("at", "data_version")} == {
        "name": "闭门会", "source": ids.name, "column": "user_id", "match": "id", "rows": 5, "matched": 2,
        "unmatched": 1, "duplicates": 1, "empty": 1, "unreadable": 0, "people": 2, "by": "李",
        "replaced": False, "examples": ["u99"],
    }  # fmt: skip
    assert unmatched.read_text(encoding="utf-8-sig") == "line,user_id\n5,u99\n"
    assert count(root, ON_LIST) == 2
    assert count(root, {**ON_LIST, "in": False}) == 5
    assert answer(*add, code=2)["error"]["code"] == "list_exists"  # type: ignore[index]
    assert answer(*add, "--replace", "--column", "user_id", "--match", "id")["replaced"] is True


def test_list_show_and_remove(root: Path, ids: Path) -> None:
    answer("list", "add", "--workspace", root, "--name", "闭门会", "--file", ids)
    shown = answer("list", "show", "--workspace", root)
    assert [one["name"] for one in shown["lists"]] == ["闭门会"]  # type: ignore[attr-defined]
    assert answer("list", "show", "闭门会", "--workspace", root) == shown["lists"][0]  # type: ignore[index]
    Workspace.open(root).save_audience(name="受邀", rule=rule(ON_LIST), actor=Actor("x"))
    refused = answer("list", "remove", "闭门会", "--workspace", root, code=2)["error"]
    assert refused["code"] == "list_in_use"  # type: ignore[index]
    assert "受邀" in refused["problems"][0]["message"]["en"]  # type: ignore[index]
    door = Workspace.open(root)
    door.delete_audience(door.audience("受邀").id, actor=Actor("x"))
    assert answer("list", "remove", "闭门会", "--workspace", root) == {"removed": "闭门会"}
    assert answer("list", "show", "--workspace", root) == {"lists": []}
    gone = answer("list", "remove", "闭门会", "--workspace", root, code=2)
    assert gone["error"]["code"] == "list_unknown"  # type: ignore[index]


@pytest.mark.parametrize(
    ("content", "more", "code"),
    [
        ("", (), "list_file_empty"),
        ("user_id\nu77\n", (), "list_nothing_matched"),
        ("user_id\nu01\n", ("--column", "id"), "list_column_missing"),
        ("user_id\nu01\n", ("--match", "city"), "list_match_unknown"),
        ("user_id\nu01\n", ("--name", " "), "list_name_missing"),
    ],
)
def test_a_bad_list_exits_with_2_and_changes_nothing(
    content: str, more: tuple[str, ...], code: str, root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content, encoding="utf-8")
    refused = answer("list", "add", "--workspace", root, "--name", "x", "--file", path, *more, code=2)
    assert refused["error"]["code"] == code  # type: ignore[index]
    assert answer("list", "show", "--workspace", root) == {"lists": []}


def test_snapshots_are_taken_listed_and_counted(root: Path) -> None:
    Workspace.open(root).save_audience(name="北京人", rule=rule(CITY), actor=Actor("x"))
    taken = answer(
        "audiences", "snapshot", "北京人", "--workspace", root, "--as-of", "2019-01-31", "--by", "李"
    )
    assert {key: taken[key] for key in ("audience", "as_of", "count", "by")} == {
        "audience": "北京人", "as_of": "2019-01-31", "count": 2, "by": "李",
    }  # fmt: skip
    listed = answer("audiences", "snapshots", "北京人", "--workspace", root)
    assert listed["audience"] == taken.pop("audience")
    assert listed["snapshots"] == [taken]
    named = {"kind": "audience", "id": "c", "audience": "北京人", "in": True}
    assert count(root, {**named, "snapshot": taken["id"]}) == 2
    assert count(root, named) == 3
    refused = answer("audiences", "snapshot", "南京人", "--workspace", root, code=2)
    assert refused["error"]["code"] == "audience_unknown"  # type: ignore[index]


def test_people_read_the_same_in_words(root: Path, ids: Path) -> None:
    Workspace.open(root).save_audience(name="北京人", rule=rule(CITY), actor=Actor("x"))
    told = b"".join(
        core(*command, "--workspace", root).stdout
        for command in (
            ("list", "add", "--name", "闭门会", "--file", ids),
            ("list", "show"),
            ("audiences", "snapshot", "北京人"),
            ("audiences", "snapshots", "北京人"),
            ("list", "remove", "闭门会"),
        )
    ).decode()
    for word in (
        "holds 2 people",
        "1 unmatched, 1 duplicate,",
        "u99",
        "3 people as of 2019-07-14",
        "removed",
    ):
        assert word in told


@pytest.mark.parametrize(
    ("given", "code", "nearest"),
    [
        (("list", "ad"), "unknown_command", "add"),
        (("audiences", "snapshoot", "x"), "unknown_command", "snapshot"),
        (("lists", "add"), "unknown_command", "list"),
        (("list", "add", "--nmae", "x"), "unknown_option", "--name"),
        (("list", "remove"), "option_missing", None),
    ],
)
def test_a_command_below_a_command_is_refused_like_any_other(
    given: tuple[str, ...], code: str, nearest: str | None
) -> None:
    (problem,) = answer(*given, code=2)["error"]["problems"]  # type: ignore[index]
    assert (problem["code"], problem["nearest"]) == (code, nearest)


def test_a_command_that_needs_another_says_which() -> None:
    done = core("list")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == "The command needs one of: add, show, remove.\n"
