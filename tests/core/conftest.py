"""A small workspace, imported for real."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.workspace import Workspace
from tests.core.small_files import ACTOR, EVENTS, PLAN, USERS


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with users.csv, events.csv and plan.toml: 7 users, 9 events."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "users.csv").write_text(USERS, encoding="utf-8")
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def imported(small_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Root of a workspace with these files imported; nobody changes it."""
    root = tmp_path_factory.mktemp("imported") / "workspace"
    Workspace.create(root).import_plan(small_files / "plan.toml", actor=ACTOR)
    return root


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COTERIE_DATABASE_URL", "COTERIE_WORKSPACE", "COTERIE_DATA_DIR", "COTERIE_LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def root(imported: Path, tmp_path: Path) -> Path:
    """Root of a workspace of one's own, with the small files imported."""
    return Path(shutil.copytree(imported, tmp_path / "workspace"))


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """The same, opened."""
    return Workspace.open(root)
