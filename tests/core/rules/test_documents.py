"""What a user can write in a rule is in docs/semantics.md, with an example that really works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core.rules import check, parse
from core.rules.arguments import CALENDAR_NAMES
from core.rules.measures import MEASURES
from core.rules.ops import OPS, TABLE
from core.rules.parse import parse_rule
from core.rules.tree import CONDITIONS, Rule
from core.schema import TagType
from tests.core.rules.golden import catalogue, read

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "semantics.md").read_text(encoding="utf-8")
CATALOGUE = catalogue()
SECTIONS = {
    TagType.TEXT: "### Text and enum",
    TagType.ENUM: "### Text and enum",
    TagType.NUMBER: "### Number",
    TagType.BOOLEAN: "### Boolean",
    TagType.DATE: "### Date",
    TagType.MULTI: "### Multi",
}


def section(title: str) -> str:
    found = re.search(rf"^{re.escape(title)}$(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/semantics.md has no section {title!r}"
    return found[1]


def examples() -> list[dict[str, Any]]:
    """Return every JSON object of the page that is a node, from blocks and from tables."""
    blocks = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    inline = [found.replace("\\|", "|") for found in re.findall(r'`(\{"kind".*?\})`', TEXT)]
    return [found for found in map(json.loads, [*blocks, *inline]) if "kind" in found]


@pytest.mark.parametrize(("kind", "op"), OPS, ids=str)
def test_every_op_is_documented_for_its_type_with_an_example(kind: TagType, op: str) -> None:
    title = "### All types" if op in ("is_set", "not_set") else SECTIONS[kind]
    row = re.search(rf"^\| `{op}` \|.*\| `\{{.*\}}` \|$", section(title), re.MULTILINE)
    assert row is not None
    assert f'"op": "{op}"' in row[0]


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_is_documented_with_an_example(measure: str) -> None:
    assert re.search(rf'^\| `{measure}` \|.*"measure": "{measure}"', section("## Measures"), re.MULTILINE)


@pytest.mark.parametrize("kind", ["group", *CONDITIONS])
def test_every_kind_is_documented_with_an_example(kind: str) -> None:
    assert f'```json\n{{"kind": "{kind}"' in section(f"### `{kind}`")


@pytest.mark.parametrize(
    "form", ['"last"', '"ago"', '"from"', '"to"', '"calendar"', "hour", "day", "week", "month"]
)
def test_every_window_is_documented(form: str) -> None:
    assert form in section("## Windows")


@pytest.mark.parametrize("name", CALENDAR_NAMES)
def test_every_calendar_period_is_documented(name: str) -> None:
    assert f"`{name}`" in section("### Date")


def test_every_field_of_a_rule_is_documented() -> None:
    definitions = Rule.model_json_schema()["$defs"].values()
    fields = {field for d in definitions for field in d["properties"]} | set(Rule.model_fields)
    assert {field for field in fields if f'"{field}"' not in TEXT and f"`{field}`" not in TEXT} == set()


def test_every_op_that_compares_fields_is_named() -> None:
    named = section("### Field against field")
    assert {op.key for op in TABLE if op.takes_field and f"`{op.key}`" not in named} == set()


@pytest.mark.parametrize("node", examples(), ids=lambda node: json.dumps(node, ensure_ascii=False)[:90])
def test_every_example_is_a_sound_part_of_a_rule(node: dict[str, Any]) -> None:
    root = {"kind": "group", "id": "root", "match": "all", "children": [node]}
    assert check.check(read({"include": root}), CATALOGUE) == ()


def test_the_bounds_are_the_ones_of_the_code() -> None:
    assert f"{parse.MAX_NESTING} levels" in TEXT
    assert f"{parse.MAX_CHARACTERS // 1_000_000} million characters" in TEXT


def test_the_first_example_is_the_acceptance_case() -> None:
    first = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])
    assert len(parse_rule(first).include.children) == 5


def test_the_glossary_says_every_term_in_both_languages() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| term")
    ]
    assert len(rows) > 30
    for row in rows:
        assert len(row) == 4
        assert all(row)
        assert re.search(r"[\u4e00-\u9fff]", row[1])
