"""Every dependency is pinned, has a reason, is declared where it is used, and is locked as tested."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# Halves of one project: who declares the first may import the second.
HALVES = {"pydantic": "pydantic-core"}
OURS = {"core", "dashboard", "pages", "sample_data", "benchmarks", "tests"}


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ROOT / ".ci" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declared(group: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][group] if group else project["dependencies"]
    return {canonicalize_name(re.match(r"[\w-]+", line).group()) for line in lines}


def imported(folder: str) -> dict[str, Path]:
    """Top-level modules that the files of a folder import, each with one file that does."""
    found: dict[str, Path] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            found |= {name.partition(".")[0]: path.relative_to(ROOT) for name in names}
    return found


def test_each_direct_dependency_is_pinned_and_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    lines = [
        *project["dependencies"],
        *(line for group in project["optional-dependencies"].values() for line in group),
    ]
    for line in lines:
        assert re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+", line), line
        assert re.search(rf'^    "{re.escape(line)}",  # \w.{{10,}}$', text, flags=re.MULTILINE), (
            f"no reason: {line}"
        )
    assert lines[: len(project["dependencies"])] == sorted(project["dependencies"])


@pytest.mark.parametrize(
    ("folder", "groups"),
    [
        ("core", [""]),
        ("dashboard", [""]),
        ("pages", [""]),
        ("sample_data", [""]),
        ("tests", ["", "dev"]),
        ("benchmarks", ["", "bench", "dev"]),
    ],
)
def test_nothing_is_imported_that_is_not_declared(folder: str, groups: list[str]) -> None:
    allowed = set().union(*(declared(group) for group in groups))
    allowed |= {HALVES[name] for name in allowed & HALVES.keys()}
    providers = packages_distributions()
    for module, path in imported(folder).items():
        if module in OURS or module in sys.stdlib_module_names or module == "packaging":
            continue
        # What is not installed here, as the benchmarks' peers on a machine that only tests, goes by its name.
        given_by = {canonicalize_name(name) for name in providers.get(module, [module])}
        assert given_by & allowed, (
            f"{path} imports {module}, which pyproject.toml does not declare for {folder}"
        )


# What is not imported, and who loads or calls it.
LOADED_BY_NAME = {
    "": {
        "psycopg": "SQLAlchemy, for postgresql+psycopg URLs",
        "python-multipart": "Starlette, for forms",
        "tzdata": "zoneinfo",
        "uvicorn": "Streamlit's server",
    },
    "dev": {
        "mypy": "make check",
        "pre-commit": "git, before a commit",
        "pytest-timeout": "pytest, by `timeout` in pyproject.toml",
        "pytest-xdist": "pytest, by -n in the Makefile",
        "ruff": "make lint",
    },
    "bench": {},
}
USED_IN = {"": ("core", "dashboard", "pages", "sample_data"), "dev": ("tests",), "bench": ("benchmarks",)}


@pytest.mark.parametrize("group", list(USED_IN))
def test_every_direct_dependency_is_used(group: str) -> None:
    providers = packages_distributions()
    used = {
        canonicalize_name(name)
        for folder in USED_IN[group]
        for module in imported(folder)
        for name in providers.get(module, [module])
    }
    assert declared(group) - used == set(LOADED_BY_NAME[group])


def test_requirements_files_pin_what_was_tested(lock: ModuleType) -> None:
    """The tested set, where the group is installed; `make lock` writes it."""
    installed = {
        name.lower() for names in packages_distributions().values() for name in map(canonicalize_name, names)
    }
    runtime = lock.pinned((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    for group, file in lock.FILES.items():
        pins = runtime | lock.pinned((ROOT / file).read_text(encoding="utf-8"))
        for requirement in lock.direct(group):
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement
        if declared(group) <= installed:
            expected = lock.closure(lock.direct(group))
            assert pins.items() >= expected.items(), f"{file} is out of date: make lock"
