"""The house plan holds: contracts, style, types, and what every file owes its reader."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CODE = ("core", "dashboard", "pages", "sample_data", "benchmarks", "tests")
VAGUE = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def tracked(*patterns: str) -> list[Path]:
    """Files that belong to the project, committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def sources() -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in CODE]


# A type check from nothing takes half a minute by itself, and several on a machine that does much else.
PATIENT = pytest.mark.timeout(900)


def run(*command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@PATIENT
def test_arrows_run_one_way() -> None:
    run("lint-imports", "--no-cache")


def test_the_contracts_see_every_page() -> None:
    graph_roots = read_configuration()["session_options"]["root_packages"]
    assert graph_roots == ["core", "dashboard", "pages"]
    pages = {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert pages >= {"build", "audiences", "journey", "data", "exports"}


@PATIENT
def test_style() -> None:
    run("ruff", "check", "--no-cache")
    run("ruff", "format", "--check", "--no-cache")


@PATIENT
def test_types() -> None:
    run("mypy")


def test_every_file_begins_with_its_role() -> None:
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)} does not say its role"
    for path in tracked("*.js", "*.css", "Makefile", ".ci/*", "sample_data/plan.toml"):
        first, second, *_ = *path.read_text(encoding="utf-8").splitlines(), "", ""
        said = second if first.startswith("#!") else first
        assert said.startswith(("#", "//", "/*", '"""')), f"{path.relative_to(ROOT)} does not say its role"


def test_names_are_not_vague() -> None:
    for path in sources():
        assert path.stem not in VAGUE, path.relative_to(ROOT)
        assert not VAGUE & set(path.parent.relative_to(ROOT).parts), path.relative_to(ROOT)


def test_files_stay_readable() -> None:
    for path in sources():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 450, f"{path.relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("words", [("TODO", "FIXME", "XXX")])
def test_nothing_is_left_to_do_later(words: tuple[str, ...]) -> None:
    for path in sources():
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if f"# {word}" in text], path.relative_to(ROOT)


def test_no_rule_of_style_is_switched_off_for_a_whole_file() -> None:
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert "# ruff: noqa" not in text or path == Path(__file__), path.relative_to(ROOT)
        assert "# mypy: ignore-errors" not in text or path == Path(__file__), path.relative_to(ROOT)


def test_texts_of_core_are_in_both_languages() -> None:
    for path in tracked("core/messages/*.toml"):
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            assert set(entry) == {"zh", "en"}, f"{path.name}: {code}"
            assert all(entry.values()), f"{path.name}: {code}"
