"""The command `explain` to the letter: every question answers, and every field stands in its document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.cli.explain import QUESTIONS
from core.errors import nearest_name
from tests.core.cli.test_contract import answer, core, rule

ROOT = Path(__file__).parents[3]
CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
POINTS = {"kind": "tag", "id": "c2", "tag": "points", "op": "gt", "value": 50}
BOUGHT = {
    "kind": "event", "id": "c3", "event": "buy", "measure": "count", "op": "gte", "value": 1,
    "window": {"last": 60, "unit": "day"},
}  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {
    "threshold": ("--node", "c2", "--at", "100"),
}
KEYED = {"nodes", "handles"}
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
    return answer("explain", "--workspace", imported, "--rule", file, "--what", what, *OPTIONS.get(what, ()))


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
    told = set(re.findall(r"`([a-z_]+)`", sections[what])) | {"what", "as_of", "data_version"}
    assert fields(found) - told == set()


@pytest.mark.parametrize("what", QUESTIONS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_answer_has_a_table_for_people(what: str, language: str, imported: Path, file: Path) -> None:
    done = core(
        "explain", "--workspace", imported, "--rule", file, "--what", what, *OPTIONS.get(what, ()),
        environment={"COTERIE_LANG": language},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
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
