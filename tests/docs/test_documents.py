"""The documents are true: links lead somewhere, commands exist, options are told, both READMEs agree."""

from __future__ import annotations

import os
import re
import tomllib

import pytest
import typer

from tests.docs.test_house_plan import ROOT, tracked

DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in tracked("*.md"))
READMES = ("README.md", "README.zh.md")
IN_BOTH_LANGUAGES = (
    READMES,
    *((f"docs/{name}.md", f"docs/{name}.zh.md") for name in ("builder", "tags", "audiences")),
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes from headings."""
    heads = re.findall(r"^#+ (.+?)\s*$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", head.lower().replace("`", "")) for head in heads)
    return {head.strip().replace(" ", "-") for head in plain}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    text = without_code(read(name))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(
        r"^\[[^\]]+\]: (\S+)$", text, flags=re.MULTILINE
    )
    for target in targets:
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{name}: {target}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_make_commands_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    for command in re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", read(name), flags=re.MULTILINE):
        assert "".join(command) in targets, f"{name}: make {''.join(command)}"


def test_every_make_target_says_what_it_does() -> None:
    makefile = read("Makefile")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE).group(1).split()
    assert set(re.findall(r"^([a-z]+):.*## .+", makefile, flags=re.MULTILINE)) == set(phony)


def test_continuous_integration_runs_every_test() -> None:
    script = read(".ci/run")
    assert script.startswith("#!/usr/bin/env bash\n")
    assert script.rstrip().endswith("\nmake test")
    assert "set -euo pipefail" in script
    for name in ("run", "system"):
        assert os.access(ROOT / ".ci" / name, os.X_OK), name


def test_nothing_names_a_machine() -> None:
    # Put together here, so that this file does not name them either.
    forbidden = ["/wo" + "rk/", "/tm" + "p/plan", "/ro" + "ot/", ".libra" + "ry", "DEVELOP" + "ERS.md"]
    for path in tracked():
        if path.suffix in (".csv", ".png", ".gz", ".parquet", ".xlsx"):
            continue
        text = path.read_text(encoding="utf-8")
        for place in forbidden:
            assert place not in text, f"{path.relative_to(ROOT)} names {place}"


@pytest.mark.parametrize("names", IN_BOTH_LANGUAGES, ids=lambda names: names[0])
def test_what_is_written_in_both_languages_says_the_same(names: tuple[str, str]) -> None:
    english, chinese = (read(name) for name in names)
    blocks = [re.findall(r"```(\w*)\n(.*?)```", text, flags=re.DOTALL) for text in (english, chinese)]
    assert [kind for kind, _ in blocks[0]] == [kind for kind, _ in blocks[1]]
    commands = [
        [re.sub(r"\s+#.*", "", body) for kind, body in found if kind in ("sh", "json")] for found in blocks
    ]
    assert commands[0] == commands[1]
    heads = [re.findall(r"^(#+) ", text, flags=re.MULTILINE) for text in (english, chinese)]
    assert heads[0] == heads[1]
    pictures = [re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text) for text in (english, chinese)]
    assert [path.replace(".en.", ".zh.") for path in pictures[0]] == pictures[1]


def test_the_readme_shows_its_parts_in_their_order() -> None:
    """The two commands, the plain ones, pictures of the builder and the insights, the house plan, one rule followed."""
    for name in READMES:
        text = read(name)
        commands = re.findall(r"^make (\w+)", text, flags=re.MULTILINE)
        assert commands[:2] == ["run", "test"], name
        parts = ["\nmake run", "-m venv .venv", "![", "\ncore/ ", '{"version": 1,']
        places = [text.index(part) for part in parts]
        assert places == sorted(places), name
        heads = [found.start() for found in re.finditer(r"^## ", text, flags=re.MULTILINE)]
        assert heads[5] > places[-1], f"{name}: something stands between its parts"


def test_the_house_plan_in_the_readme_names_what_is_there() -> None:
    for name in READMES:
        plan = next(
            body for body in re.findall(r"```text\n(.*?)```", read(name), flags=re.DOTALL) if "core/" in body
        )
        parent = ""
        for line in plan.splitlines():
            indent, path = re.match(r"( *)(\S+)", line).groups()
            parent = parent if indent else path
            assert (ROOT / (parent + path if indent else path)).exists(), f"{name}: {line}"
        layers = {
            path.name for path in (ROOT / "core").iterdir() if path.is_dir() and path.name != "__pycache__"
        }
        named = {line.split()[0].rstrip("/") for line in plan.splitlines() if line.startswith("  ")}
        assert layers <= named


# Words of parts that are not built yet, and words of the documents that no page needs.
NOT_YET = {"人群包", "禁止触达名单"}
IN_DOCUMENTS_ONLY = {"导入标签", "旅程阶段"}


def test_the_glossary_and_the_interface_use_the_same_chinese_words() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", read("docs/glossary.md"), flags=re.MULTILINE)[1:]
    told = "".join(
        path.read_text(encoding="utf-8")
        for path in tracked("core/messages/*.toml", "dashboard/i18n/*.toml", "README.zh.md")
    )
    words = {re.sub(r"（.*?）", "", word) for _, chinese in rows for word in chinese.split("、")}
    assert len(words) > 40
    assert {word for word in words if word not in told} == NOT_YET | IN_DOCUMENTS_ONLY


def test_the_changelog_has_this_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", read("CHANGELOG.md"), flags=re.MULTILINE
    )


def test_decisions_are_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {int(path.name[:4])} · .+", text), path.name
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == [
            "Status",
            "Context",
            "Decision",
            "Cost",
        ], path.name


def test_every_command_and_option_is_documented() -> None:
    from core.cli.goals import app

    manual = read("docs/command-line.md")

    def named(group: typer.core.TyperGroup, way: str = "") -> dict[str, typer.core.TyperCommand]:
        found = {}
        for name, sub in group.commands.items():
            found[way + name] = sub
            if hasattr(sub, "commands"):
                found |= named(sub, f"{name} ")
        return found

    commands = named(typer.main.get_command(app))
    assert {"import", "explain", "list add", "audiences snapshot"} <= commands.keys()
    for name, sub in commands.items():
        assert re.search(rf"^#+ .*`?{name}`?", manual, flags=re.MULTILINE), name
        for parameter in sub.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert f"`{option}" in manual or f" {option}" in manual, f"{name} {option}"


def test_every_environment_variable_is_documented() -> None:
    manual = "".join(read(name) for name in DOCUMENTS)
    code = tracked(
        "core/*.py",
        "dashboard/*.py",
        "pages/*.py",
        "benchmarks/*.py",
        "tests/conftest.py",
        "Makefile",
        ".ci/*",
    )
    for path in code:
        for variable in re.findall(r"COTERIE_[A-Z_]+", path.read_text(encoding="utf-8")):
            assert variable in manual, f"{path.relative_to(ROOT)}: {variable}"
