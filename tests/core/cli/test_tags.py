"""The command `tags` to the letter: tags made, changed, moved, merged, given values and kept as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.workspace import Workspace
from tests.command_line import core
from tests.core.cli.test_contract import answer

BANDS = {
    "key": "points_level",
    "label": {"zh": "积分档", "en": "Points level"},
    "making": {"kind": "bands", "of": "points", "edges": [50, 100], "labels": ["低", "中", "高"]},
}


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """A file with the definition of bands over points."""
    return written(tmp_path / "tag.json", BANDS)


def written(path: Path, definition: dict[str, Any]) -> Path:
    path.write_text(json.dumps(definition, ensure_ascii=False), encoding="utf-8")
    return path


def code(*arguments: object) -> str:
    return str(answer(*arguments, code=2)["error"]["code"])  # type: ignore[index]


def test_a_tag_is_looked_at_made_changed_and_told(root: Path, definition: Path) -> None:
    seen = answer("tags", "preview", "--workspace", root, "--file", definition)
    assert (seen["with_value"], {bar["value"]: bar["users"] for bar in seen["bars"]}) == (  # type: ignore[attr-defined]
        6, {"低": 2, "中": 2, "高": 2},
    )  # fmt: skip
    made = answer("tags", "create", "--workspace", root, "--file", definition, "--by", "李")
    assert (made["status"], made["version"], made["owner"], made["how_made"]) == ("active", 1, "李", "rule")
    higher = {**BANDS, "making": {**BANDS["making"], "edges": [50, 150]}}  # type: ignore[dict-item]
    written(definition, higher)
    effect = answer("tags", "effect", "--workspace", root, "--file", definition)
    assert (effect["changed"], effect["moves"][0]["users"]) == (1, 1)  # type: ignore[index]
    answer("tags", "update", "--workspace", root, "--file", definition, "--version", 1, "--note", "太多")
    assert code("tags", "update", "--workspace", root, "--file", definition, "--version", 1) == "tag_changed"
    shown = answer("tags", "show", "points_level", "--workspace", root)
    assert shown["coverage"] == {"with_value": 6, "base": 7}
    assert [(v["version"], v["note"]) for v in shown["versions"]] == [(2, "太多"), (1, "")]  # type: ignore[attr-defined]
    restored = answer("tags", "restore", "points_level", 1, "--version", 2, "--workspace", root)
    assert restored["making"] == BANDS["making"]
    listing = answer("tags", "--workspace", root)
    tag = next(tag for tag in listing["tags"] if tag["key"] == "points_level")  # type: ignore[attr-defined]
    assert (tag["coverage"], tag["status"], tag["computed"]) == (0.857143, "active", BANDS["making"])


def test_the_command_line_and_the_door_say_the_same(root: Path, definition: Path) -> None:
    answer("tags", "create", "--workspace", root, "--file", definition)
    door = Workspace.open(root)
    shown = answer("tags", "show", "points_level", "--workspace", root)
    entry = json.loads(json.dumps(door.tag_entry("points_level").as_json()))
    assert {key: shown[key] for key in entry if key != "coverage"} == entry
    assert answer("tags", "made", "--workspace", root)["tags"] == [entry]


def test_a_tag_is_moved_through_its_life(root: Path, definition: Path) -> None:
    made = answer("tags", "create", "--workspace", root, "--file", definition, "--draft")
    assert made["status"] == "draft"
    listing = answer("tags", "list", "--workspace", root)
    assert [tag["key"] for tag in listing["not_in_use"]] == ["points_level"]  # type: ignore[attr-defined]
    assert answer("tags", "publish", "points_level", "--workspace", root)["status"] == "active"
    paused = answer("tags", "pause", "points_level", "--workspace", root, "--as-of", "2019-06-01")
    assert (paused["status"], paused["stands_at"]) == ("paused", "2019-06-01")
    assert answer("tags", "retire", "points_level", "--workspace", root)["status"] == "retired"
    assert code("tags", "pause", "points_level", "--workspace", root) == "tag_move_refused"
    assert code("tags", "retire", "no_such", "--workspace", root) == "tag_unknown"


def test_two_tags_are_merged_after_a_look(root: Path, definition: Path, tmp_path: Path) -> None:
    answer("tags", "create", "--workspace", root, "--file", definition)
    other = written(tmp_path / "other.json", {**BANDS, "key": "other"})
    answer("tags", "create", "--workspace", root, "--file", other)
    seen = answer("tags", "merge", "points_level", "other", "--dry-run", "--workspace", root)
    assert (seen["changed"], seen["problems"]) == (0, [])
    assert answer("tags", "show", "points_level", "--workspace", root)["status"] == "active"
    assert answer("tags", "merge", "points_level", "other", "--workspace", root)["status"] == "retired"


def test_values_are_given_and_taken(root: Path, tmp_path: Path) -> None:
    sale = {"key": "sale", "label": {"zh": "双11", "en": "Sale"}, "making": {"kind": "given", "type": "enum"}}
    answer("tags", "create", "--workspace", root, "--file", written(tmp_path / "sale.json", sale))
    typed = answer(
        "tags", "give", "sale", "--workspace", root, "--user", "u01", "--user", "u02", "--value", "定金",
        "--until", "2019-12-31",
    )  # fmt: skip
    assert typed["given"] == 2
    file = tmp_path / "more.csv"
    file.write_text("who,what\nu03,尾款\nnobody,尾款\n", "utf-8")
    came = answer(
        "tags",
        "give",
        "sale",
        "--workspace",
        root,
        "--file",
        file,
        "--column",
        "who",
        "--value-column",
        "what",
    )
    assert (came["given"], came["unknown"]) == (1, 1)
    answer("tags", "take", "sale", "--workspace", root, "--user", "u02")
    tags = answer("tags", "--workspace", root)["tags"]
    values = next(tag["values"] for tag in tags if tag["key"] == "sale")  # type: ignore[attr-defined]
    assert values == [{"value": "定金", "users": 1}, {"value": "尾款", "users": 1}]
    assert code("tags", "give", "sale", "--workspace", root) == "tag_give_what"


def test_definitions_go_out_to_files_and_come_back(root: Path, definition: Path, tmp_path: Path) -> None:
    answer("tags", "create", "--workspace", root, "--file", definition, "--by", "李")
    folder = tmp_path / "definitions"
    assert answer("tags", "export-definitions", folder, "--workspace", root)["tags"] == ["points_level"]
    file = folder / "points_level.json"
    first = file.read_text("utf-8")
    told = answer("tags", "import-definitions", folder, "--workspace", root)["tags"]
    assert [(each["key"], each["outcome"]) for each in told] == [("points_level", "same")]  # type: ignore[attr-defined]
    file.write_text(first.replace("高", "很高"), "utf-8")
    told = answer("tags", "import-definitions", folder, "--workspace", root, "--dry-run")["tags"]
    assert [each["outcome"] for each in told] == ["changed"]  # type: ignore[attr-defined]
    answer("tags", "import-definitions", folder, "--workspace", root)
    assert answer("tags", "show", "points_level", "--workspace", root)["version"] == 2
    assert code("tags", "import-definitions", tmp_path / "empty", "--workspace", root) == "tag_folder_empty"


def test_ready_tags_are_listed_proposed_and_kept(root: Path) -> None:
    ready = answer("tags", "templates", "--workspace", root)["templates"]
    assert {"rfm", "lifecycle", "journey"} <= {each["key"] for each in ready}  # type: ignore[attr-defined]
    proposed = answer("tags", "templates", "rfm", "--workspace", root)["tags"]
    kept = answer("tags", "templates", "rfm", "--create", "--workspace", root)["tags"]
    assert [each["key"] for each in kept] == [each["key"] for each in proposed]  # type: ignore[attr-defined]


def test_a_goal_is_told_counted_and_kept_with_its_audiences(root: Path) -> None:
    goals = answer("tags", "goals", "--workspace", root)["goals"]
    assert {"rescue", "frequency", "acquisition"} <= {each["key"] for each in goals}  # type: ignore[attr-defined]
    rescue = ("tags", "goals", "rescue", "--with", '{"intents": ["favourite"], "purchase": "buy"}')
    planned = answer(*rescue, "--as-of", "2019-06-04", "--workspace", root)
    assert planned["kept"] == []
    kept = answer(*rescue, "--create", "--folder", "目标", "--workspace", root)
    assert len(kept["kept"]) == len(kept["audiences"]) == 3  # type: ignore[arg-type]
    for audience in kept["audiences"]:  # type: ignore[attr-defined]
        counted = answer("count", "--rule", "-", "--workspace", root, given=json.dumps(audience["rule"]))
        assert counted["count"] == audience["count"]
    assert code("tags", "goals", "resque", "--workspace", root) == "goal_unknown"
    assert code("tags", "goals", "rescue", "--with", "[1]", "--workspace", root) == "tag_with_shape"
    again = answer(*rescue, "--create", "--workspace", root)
    assert (again["audiences"], len(again["reused_audiences"])) == ([], 3)  # type: ignore[arg-type]


def test_some_audiences_of_a_goal_are_kept_by_name(root: Path) -> None:
    asked = ("tags", "goals", "acquisition", "--with", '{"purchase": "buy"}', "--workspace", root)
    names = [each["name"] for each in answer(*asked)["audiences"]]  # type: ignore[attr-defined]
    kept = answer(*asked, "--create", "--audience", names[2])
    assert ([each["name"] for each in kept["audiences"]], len(kept["kept"])) == ([names[2]], 1)  # type: ignore[attr-defined, arg-type]
    assert code(*asked, "--audience", "nobody") == "goal_audience_unknown"
    for more in (("--create",), ("--folder", "x"), ("--with", '{"a": 1}')):
        assert code("tags", "goals", *more, "--workspace", root) == "goal_missing"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[1]", "tag_file_shape"),
        ('{"key": "x"}', "field_missing"),
        ('{"key": "x", "label": {"zh": "甲", "en": "a"}, "making": {"kind": "bend"}}', "unknown_making"),
        ('{"key": "x", "label": {"zh": "甲", "en": "a"}, "making": {"kind": "formula", "text": "1 +"}}', "formula_ends"),
        ('{"key": "x", "label": {"zh": "甲", "en": "a"}, "making": null}', "tag_without_making"),
    ],
)  # fmt: skip
def test_a_definition_that_is_wrong_is_told(root: Path, tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "tag.json"
    file.write_text(content, "utf-8")
    assert code("tags", "create", "--workspace", root, "--file", file) == expected
    assert (
        code("tags", "create", "--workspace", root, "--file", tmp_path / "gone.json") == "tag_file_unreadable"
    )


def test_tables_for_people_are_printed(root: Path, definition: Path) -> None:
    core("tags", "create", "--workspace", root, "--file", definition)
    for arguments in (
        ("tags", "made"), ("tags", "show", "points_level"), ("tags", "templates"),
        ("tags", "goals"), ("tags", "goals", "acquisition", "--create"),
        ("tags", "preview", "--file", definition), ("tags", "effect", "--file", definition),
    ):  # fmt: skip
        done = core(*arguments, "--workspace", root)
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout


def test_a_refresh_is_run_listed_and_followed_by_a_look_at_health(root: Path, definition: Path) -> None:
    answer("tags", "create", "--workspace", root, "--file", definition)
    run = answer("refresh", "--workspace", root)
    assert run["state"] == "done"
    assert "points_level" in {tag["key"] for tag in run["tags"]}  # type: ignore[attr-defined]
    assert answer("refresh", "--workspace", root)["tags"] == []
    assert len(answer("refresh", "--runs", "--workspace", root)["runs"]) == 2  # type: ignore[arg-type]
    report = answer("tags", "health", "--workspace", root)
    assert report["not_compared"] == 0
    for arguments in (("refresh",), ("refresh", "--runs"), ("tags", "health")):
        assert core(*arguments, "--workspace", root).returncode == 0
