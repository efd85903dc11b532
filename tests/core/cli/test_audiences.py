"""The command `audiences` to the letter: kept, refreshed with the causes, compared, reviewed as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.workspace import Actor, Workspace
from tests.command_line import core
from tests.core.cli.test_contract import CITY, answer, rule

BOUGHT = {"kind": "event", "id": "e", "event": "buy", "measure": "count", "op": "gte", "value": 1}


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def saved(root: Path, tmp_path: Path) -> Path:
    """Root of a workspace with the audiences 北京 and 买过."""
    for name, condition in (("北京", CITY), ("买过", BOUGHT)):
        file = written(tmp_path / f"{name}.json", rule(condition))
        answer("audiences", "save", "--workspace", root, "--rule", file, "--name", name, "--by", "李")
    return root


def code(*arguments: object) -> str:
    return str(answer(*arguments, code=2)["error"]["code"])  # type: ignore[index]


def test_audiences_are_listed_with_their_sizes(saved: Path) -> None:
    listed = answer("audiences", "list", "--workspace", saved)
    assert listed["as_of"] == "2019-07-14"
    assert {each["name"]: each["count"] for each in listed["audiences"]} == {"北京": 3, "买过": 2}  # type: ignore[attr-defined]
    assert {each["owner"] for each in listed["audiences"]} == {"李"}  # type: ignore[attr-defined]


def test_an_audience_is_kept_changed_and_shown(saved: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "r.json", rule({**CITY, "value": "上海"}))
    changed = answer(
        "audiences", "save", "--workspace", saved, "--rule", file, "--name", "北京", "--revision", 1,
        "--folder", "一线/二线", "--alert", "0.2", "--note", "改了", "--owner", "吴",
    )  # fmt: skip
    assert (changed["folder"], changed["alert"], changed["owner"], changed["revision"]) == (
        "一线/二线",
        0.2,
        "吴",
        3,
    )
    again = ("audiences", "save", "--workspace", saved, "--rule", file, "--name", "北京", "--revision", 1)
    assert code(*again) == "audience_changed"
    answer(
        "audiences",
        "by-hand",
        "北京",
        "--workspace",
        saved,
        "--add",
        "u01",
        "--remove",
        "u03",
        "--reason",
        "熟人",
    )
    shown = answer("audiences", "show", "北京", "--workspace", saved)
    assert (shown["ruled"], shown["added"], shown["removed"], shown["count"]) == (2, 1, 1, 2)
    assert sorted(row["user_id"] for row in shown["by_hand"]) == ["u01", "u03"]  # type: ignore[attr-defined]
    assert [version["revision"] for version in shown["versions"]] == [3, 2, 1]  # type: ignore[attr-defined]
    told = answer("audiences", "diff", "北京", "--workspace", saved, "--versions", "1,2")
    assert any("上海" in change["zh"] for change in told["changes"])  # type: ignore[attr-defined]
    assert (
        code("audiences", "diff", "北京", "--workspace", saved, "--versions", "1")
        == "audience_versions_shape"
    )
    assert (
        code("audiences", "by-hand", "北京", "--workspace", saved, "--add", "nobody", "--reason", "x")
        == "user_unknown"
    )


def test_a_refresh_tells_who_came_and_went_and_why(saved: Path) -> None:
    first = answer("audiences", "refresh", "--workspace", saved, "--as-of", "2019-04-15")
    assert [each["snapshot"]["count"] for each in first["audiences"]] == [0, 2]  # type: ignore[attr-defined]
    second = answer("audiences", "refresh", "--workspace", saved)["audiences"]
    found = {each["audience"]: each["snapshot"] for each in second}  # type: ignore[attr-defined]
    assert (found["北京"]["entered"], found["北京"]["left"]) == ({"behaviour": 1}, {})
    assert (found["买过"]["entered"], found["买过"]["left"]) == ({"behaviour": 2}, {})
    people = answer("audiences", "changes", "买过", found["买过"]["id"], "--workspace", saved)["people"]
    assert [(one["user_id"], one["entered"], one["cause"]) for one in people] == [  # type: ignore[attr-defined]
        ("u01", True, "behaviour"), ("u03", True, "behaviour"),
    ]  # fmt: skip
    third = answer("audiences", "refresh", "买过", "--workspace", saved)["audiences"]
    assert [each["new"] for each in third] == [False]  # type: ignore[attr-defined]
    assert len(answer("audiences", "snapshots", "买过", "--workspace", saved)["snapshots"]) == 2  # type: ignore[arg-type]


def test_audiences_are_compared(saved: Path) -> None:
    found = answer("audiences", "overlap", "北京", "买过", "--workspace", saved)
    assert {tuple(region["members"]): region["users"] for region in found["regions"]} == {  # type: ignore[attr-defined]
        (0,): 2, (1,): 1, (0, 1): 1,
    }  # fmt: skip
    told = answer("audiences", "diff", "北京", "买过", "--workspace", saved)
    assert (told["both"], told["only_first"], told["only_second"]) == (1, 2, 1)
    assert code("audiences", "overlap", "北京", "--workspace", saved) == "overlap_number"


def test_a_static_audience_differs_by_the_snapshot_at_which_it_stands(saved: Path) -> None:
    door = Workspace.open(saved)
    one = door.audience("北京")
    taken = door.take_snapshot(one.id, actor=Actor("李"))
    door.arrange_audience(one.id, revision=1, actor=Actor("李"), fixed_to=taken.id)
    told = answer("audiences", "diff", "北京", "买过", "--workspace", saved)
    words = " ".join(change["en"] for change in told["changes"])  # type: ignore[attr-defined]
    assert "snapshot of 2019-07-14" in words
    assert "City" not in words


def test_definitions_go_out_to_files_and_come_back_by_name(
    saved: Path, tmp_path: Path, imported: Path
) -> None:
    door = Workspace.open(saved)
    inner = {"kind": "audience", "id": "a", "audience": door.audience("北京").id, "in": True}
    file = written(tmp_path / "r.json", rule(inner))
    answer("audiences", "save", "--workspace", saved, "--rule", file, "--name", "内", "--folder", "甲")
    folder = tmp_path / "definitions"
    told = answer("audiences", "export-definitions", folder, "--workspace", saved)
    assert told["audiences"] == sorted(["内", "北京", "买过"])
    assert '"audience": "北京"' in (folder / "内.json").read_text("utf-8")
    same = answer("audiences", "import-definitions", folder, "--workspace", saved)["audiences"]
    assert {each["outcome"] for each in same} == {"same"}  # type: ignore[attr-defined]
    import shutil

    other = Path(shutil.copytree(imported, tmp_path / "other"))
    dry = answer("audiences", "import-definitions", folder, "--workspace", other, "--dry-run")["audiences"]
    assert {each["outcome"] for each in dry} == {"created"}  # type: ignore[attr-defined]
    assert answer("audiences", "list", "--workspace", other)["audiences"] == []
    answer("audiences", "import-definitions", folder, "--workspace", other)
    listed = answer("audiences", "list", "--workspace", other)["audiences"]
    assert {each["name"]: (each["count"], each["folder"]) for each in listed} == {  # type: ignore[attr-defined]
        "北京": (3, ""), "买过": (2, ""), "内": (3, "甲"),
    }  # fmt: skip
    text = (folder / "北京.json").read_text("utf-8")
    (folder / "北京.json").write_text(text.replace('"value": "北京"', '"value": "上海"'), "utf-8")
    again = answer("audiences", "import-definitions", folder, "--workspace", other)["audiences"]
    assert {each["name"]: each["outcome"] for each in again} == {
        "北京": "changed",
        "买过": "same",
        "内": "same",
    }  # type: ignore[attr-defined]
    assert (
        code("audiences", "import-definitions", tmp_path / "none", "--workspace", other)
        == "audience_folder_empty"
    )


def test_an_audience_is_deleted_unless_it_is_named(saved: Path) -> None:
    assert answer("audiences", "delete", "买过", "--workspace", saved) == {"deleted": "买过"}
    assert code("audiences", "show", "买过", "--workspace", saved) == "audience_unknown"


def test_tables_for_people_are_printed(saved: Path) -> None:
    core("audiences", "refresh", "--workspace", saved, "--as-of", "2019-04-15")
    for arguments in (
        ("list",), ("show", "北京"), ("refresh",), ("snapshots", "北京"), ("overlap", "北京", "买过"),
        ("diff", "北京", "买过"), ("diff", "北京", "--versions", "1,1"),
    ):  # fmt: skip
        done = core("audiences", *arguments, "--workspace", saved)
        assert done.returncode == 0, done.stderr.decode()


def test_people_by_hand_count_wherever_an_audience_is_named(saved: Path, tmp_path: Path) -> None:
    asked = ("--workspace", saved)
    answer("audiences", "by-hand", "北京", *asked, "--add", "u03", "--reason", "认识", "--by", "李")
    assert answer("audiences", "show", "北京", *asked)["count"] == 4
    funnel = answer("funnel", *asked, "--audience", "北京")
    assert funnel["total"] == 4
    listed = answer("members", *asked, "--audience", "北京")
    assert listed == {"count": 4, "members": ["007", "u01", "u02", "u03"]}
    done = answer("export", *asked, "--audience", "北京", "--out", tmp_path / "list.csv")
    assert done["rows"] == 4
    manifest = json.loads(Path(str(done["manifest"])).read_text("utf-8"))
    assert (manifest["audience"], manifest["people"]["added"]) == ("北京", 1)
    for given in ((), ("--audience", "北京", "--rule", "x.json")):
        assert code("members", *asked, *given) == "rule_or_audience"
    file = written(tmp_path / "everyone.json", rule())
    compared = answer("explain", *asked, "--rule", file, "--what", "compare", "--against", "北京")
    assert compared["there"] == 4
    told = answer("explain", *asked, "--rule", file, "--what", "difference", "--against", "北京")
    assert "北京" in told["changes"][0]["text"]["zh"]  # of the rules as they are written


def test_what_sets_audiences_apart_is_told_too(saved: Path) -> None:
    asked = ("audiences", "overlap", "北京", "买过", "--workspace", saved)
    assert "apart" not in answer(*asked)
    told = answer(*asked, "--apart")["apart"]
    assert told["audiences"] == told["defining"] == []
    assert told["too_few"] == [{"name": "北京", "count": 3}, {"name": "买过", "count": 2}]
    assert told["differences"] == []  # nobody is told by so few people
    told_to_people = core(*asked, "--apart").stdout.decode()
    assert "fewer than 30 people tell nothing: 北京, 买过" in told_to_people
    assert "hardly differ" not in told_to_people


def test_a_deleted_audience_is_listed_restored_and_let_go(saved: Path) -> None:
    asked = ("--workspace", saved)
    answer("audiences", "refresh", "北京", *asked)
    answer("audiences", "delete", "北京", *asked, "--by", "吴")
    (listed,) = answer("audiences", "deleted", *asked)["audiences"]
    assert (listed["name"], listed["deleted"]["by"]) == ("北京", "吴")
    assert code("audiences", "show", "北京", *asked) == "audience_unknown"
    back = answer("audiences", "restore", "北京", *asked)
    assert (back["id"], back["name"]) == (listed["id"], "北京")
    assert len(answer("audiences", "snapshots", "北京", *asked)["snapshots"]) == 1
    assert code("audiences", "restore", "北京", *asked) == "audience_not_deleted"
    answer("audiences", "delete", "北京", *asked)
    assert answer("audiences", "restore", listed["id"], *asked, "--name", "首都")["name"] == "首都"
    answer("audiences", "delete", "首都", *asked)
    assert answer("audiences", "purge", "首都", *asked) == {"purged": "首都"}
    assert answer("audiences", "deleted", *asked) == {"audiences": []}
