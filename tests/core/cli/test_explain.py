"""The command `explain` to the letter: every question answers, and every field stands in its document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.cli.explain import QUESTIONS
from core.errors import nearest_name
from core.workspace import Workspace
from tests.command_line import core
from tests.core.cli.test_contract import answer, rule
from tests.core.small_files import ACTOR

ROOT = Path(__file__).parents[3]
CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
POINTS = {"kind": "tag", "id": "c2", "tag": "points", "op": "gt", "value": 50}
BOUGHT = {
    "kind": "event", "id": "c3", "event": "buy", "measure": "count", "op": "gte", "value": 1,
    "window": {"last": 60, "unit": "day"},
}  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {
    "threshold": ("--node", "c2", "--at", "100"),
    "solve": ("--size", "3"),
    "user": ("--user", "u01"),
    "compare": ("--against", "{other}"),
    "history": ("--weeks", "8", "--since", "2019-06-01", "--event", "buy", "--property", "amount"),
    "difference": ("--against", "{other}"),
}
KEYED = {"nodes", "handles", "properties"}
"""Objects whose keys are names of the rule or of the data, not fields."""
OPAQUE = {"rule", "what", "sentence", "text", "message", "before", "after", "value", "conditions", "label"}
"""Fields whose inside is documented elsewhere."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A rule file with three conditions."""
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule(CITY, POINTS, BOUGHT), ensure_ascii=False), encoding="utf-8")
    return path


def ask(what: str, imported: Path, file: Path) -> dict[str, Any]:
    return answer("explain", "--workspace", imported, "--rule", file, "--what", what, *options(what, file))


def options(what: str, file: Path) -> list[str]:
    """The options that a question needs; the other rule asks for the city alone."""
    other = file.with_name("other.json")
    other.write_text(json.dumps(rule(CITY), ensure_ascii=False), encoding="utf-8")
    return [option.format(other=other) for option in OPTIONS.get(what, ())]


def fields(value: Any, *, keyed: bool = False) -> set[str]:
    """The names of all fields in an answer."""
    if isinstance(value, list):
        return set().union(*map(fields, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set() if keyed else set(value)
    for key, inner in value.items():
        if key not in OPAQUE:
            found |= fields(inner, keyed=key in KEYED)
    return found


@pytest.mark.parametrize("what", QUESTIONS)
def test_every_field_of_an_answer_is_documented(what: str, imported: Path, file: Path) -> None:
    found = ask(what, imported, file)
    assert (found["what"], found["as_of"]) == (what, "2019-07-14")
    manual = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", manual, flags=re.MULTILINE | re.DOTALL))
    # What another question answers as well is told there.
    text = sections[what] + "".join(sections[name] for name in re.findall(r"\(#([a-z-]+)\)", sections[what]))
    told = set(re.findall(r"`([a-z_]+)`", text)) | {"what", "as_of", "data_version"}
    assert fields(found) - told == set()


@pytest.mark.parametrize("what", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_answer_has_a_table_for_people(what: str, language: str, imported: Path, file: Path) -> None:
    done = core(
        "explain", "--workspace", imported, "--rule", file, "--what", what, *options(what, file),
        environment={"COTERIE_LANG": language},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert bool(done.stderr) is (what == "history")
    shown = done.stdout.decode()
    assert shown.strip()
    assert ("人" in shown) is (language == "zh") or "北京" in shown


def test_an_unknown_question_names_the_nearest(imported: Path, file: Path) -> None:
    found = answer("explain", "--workspace", imported, "--rule", file, "--what", "near_misses", code=2)
    problem = found["error"]["problems"][0]  # type: ignore[index]
    assert (problem["code"], problem["allowed"]) == ("what_unknown", list(QUESTIONS))
    assert problem["nearest"] == nearest_name("near_misses", QUESTIONS) == "near-misses"


def test_the_threshold_s_further_value_is_json(imported: Path, file: Path) -> None:
    ask_at = ("explain", "--workspace", imported, "--rule", file, "--what", "threshold", "--node", "c2")
    assert answer(*ask_at, "--at", "-5")["at"] == {"value": -5, "matched": 1}
    assert answer(*ask_at, "--at", "a lot", code=2)["error"]["code"] == "threshold_at_unreadable"  # type: ignore[index]


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("solve", "size_missing"),
        ("user", "user_missing"),
        ("difference", "against_missing"),
        ("threshold", "node_missing"),
    ],
)
def test_what_a_question_needs_is_asked_for(what: str, code: str, imported: Path, tmp_path: Path) -> None:
    path = tmp_path / "rule.json"
    path.write_text(json.dumps(rule(POINTS, {**POINTS, "id": "c9"})), encoding="utf-8")
    refused = answer("explain", "--workspace", imported, "--rule", path, "--what", what, code=2)
    assert refused["error"]["code"] == code  # type: ignore[index]


def test_a_saved_audience_can_be_compared_with(root: Path, file: Path) -> None:
    Workspace.open(root).save_audience(name="北京", rule=rule(CITY), actor=ACTOR)
    asked = ("explain", "--workspace", root, "--rule", file, "--what", "difference", "--against")
    assert len(answer(*asked, "北京")["changes"]) == 2  # type: ignore[arg-type]
    assert answer(*asked, "南京", code=2)["error"]["code"] == "audience_unknown"  # type: ignore[index]
