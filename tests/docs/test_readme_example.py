"""The rule that the READMEs follow from JSON to people: every number shown is true of the sample."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.engines.memory import bits
from core.rules.canonical import canonical
from core.rules.describe import describe_node
from core.rules.parse import parse_rule
from core.workspace import Actor, Workspace
from tests.docs.test_house_plan import ROOT

RULE = ROOT / "docs" / "examples" / "closed-door-meeting.json"


def told(workspace: Path) -> dict:
    """Everything that the READMEs show of the rule."""
    open_workspace = Workspace.open(workspace)
    catalogue = open_workspace.catalogue()
    rule = parse_rule(RULE.read_text(encoding="utf-8"))
    answer = open_workspace.count(rule)
    members = open_workspace.members(rule)
    rows: dict[str, list[str]] = {"zh": [], "en": []}
    for node in rule.include.children:
        numbers = answer.answer.nodes[node.id]
        columns = " | ".join(
            f"{number:,}" for number in (numbers.own, numbers.running, numbers.without, numbers.missing)
        )
        for language, lines in rows.items():
            lines.append(f"| {node.id} | {describe_node(node, catalogue)[language]} | {columns} |")
    first, count = members[:3], len(members)
    return {
        "sentence": answer.sentence,
        "keys": [canonical(node, catalogue, answer.answer.as_of) for node in rule.include.children],
        "table": {language: "\n".join(lines) for language, lines in rows.items()},
        "people": {
            "en": f"{count} people, the first of them `{'`, `'.join(first)}`.",
            "zh": f"共 {count} 人，前三位是 `{'`、`'.join(first)}`。",
        },
        "count": answer.answer.count,
        "cities": catalogue.tags["city"].distinct,
        "titles": catalogue.tags["title"].distinct,
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict:
    root = tmp_path_factory.mktemp("readme") / "workspace"
    Workspace.create(root).import_plan(ROOT / "sample_data" / "plan.toml", actor=Actor("Test"))
    return told(root)


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh.md", "zh")])
def test_what_the_readme_shows_of_a_rule_is_true(name: str, language: str, sample: dict) -> None:
    readme = (ROOT / name).read_text(encoding="utf-8")
    blocks = {kind: [] for kind in ("json", "text", "sh")}
    for kind, body in re.findall(r"```(\w+)\n(.*?)```", readme, flags=re.DOTALL):
        blocks[kind].append(body)
    assert blocks["json"] == [RULE.read_text(encoding="utf-8")]
    sentences, keys = (body.splitlines() for body in blocks["text"][-2:])
    assert set(sentences) == set(sample["sentence"].values())
    assert sentences[0] == sample["sentence"][language]
    assert keys == sample["keys"]
    assert sample["table"][language] in readme
    assert sample["people"][language] in readme
    assert sample["count"] == int(re.search(r"(\d+) (?:people, the first|人，前三位)", readme)[1])
    shown = re.search(
        r"(\d+) (?:words of 64 bits|个 64 位字).*?(\d+) (?:values|个值).*?(\d+) (?:titles|种职位)", readme
    )
    assert [int(number) for number in shown.groups()] == [
        bits.words_for(20_000),
        sample["cities"],
        sample["titles"],
    ]


def test_the_commands_of_the_readme_read_the_same_rule() -> None:
    for name in ("README.md", "README.zh.md"):
        readme = (ROOT / name).read_text(encoding="utf-8")
        assert len(re.findall(rf"--rule {re.escape(RULE.relative_to(ROOT).as_posix())}", readme)) == 2
