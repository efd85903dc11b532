"""The dashboard over a marketplace of any size, served to this machine, and a Chromium to look at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from playwright.sync_api import Browser, Playwright

from benchmarks.marketplace import DATA, event_path, folder_of
from core.lake.lake import Lake
from core.schema import Catalogue
from core.workspace import Workspace

CHUNK = 4_000_000
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def workspace(users: int) -> Path:
    """Return a workspace with so many users of the marketplace, made once."""
    root = DATA / f"workspace-{users}"
    if root.exists():
        return root
    folder, part = folder_of(users), root.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    Workspace.create(part)
    catalogue = Catalogue.model_validate_json((folder / "catalogue.json").read_text(encoding="utf-8"))
    with Lake(part / "lake").begin() as draft:
        numbers = draft.assign_keys(pl.read_parquet(folder / "keys.parquet")["user_id"])["user_no"]
        draft.write_users(pl.read_parquet(folder / "users.parquet").with_columns(numbers))
        for event in catalogue.events:
            frame = pl.read_parquet(event_path(folder, event))
            draft.write_events(event, frame.iter_slices(CHUNK))
        draft.commit(catalogue, {}, {})
    part.rename(root)
    return root


@contextmanager
def server(root: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the dashboard over a workspace on a free port of this machine alone."""
    log = root.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "dashboard", "--workspace", str(root), "--port", "0"],
            stdout=out, stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("COTERIE_")},
        )  # fmt: skip
    try:
        yield _address(log), process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Run a Chromium: the machine's own, else the one that ``playwright install chromium`` fetched."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
    try:
        yield running
    finally:
        running.close()


def _address(log: Path) -> str:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        printed = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if printed and _is_healthy(printed[0]):
            return printed[0]
        time.sleep(0.1)
    raise RuntimeError(f"the server did not answer:\n{log.read_text(encoding='utf-8')}")


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except OSError:
        return False
