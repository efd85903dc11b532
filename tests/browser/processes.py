"""Servers and the browser as processes: how they are started, found and seen off."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

# The shell without windows first: it is Chromium all the same, and takes less from the server beside it.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
STARTS_WITHIN = 60.0


def browser_file(playwright: Playwright) -> str | None:
    """Chromium: the machine's own, else the one that ``playwright install chromium`` fetched; None = neither."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None) or playwright.chromium.executable_path
    return found if Path(found).exists() else None


def ended(process: subprocess.Popen[bytes]) -> int:
    """Return a process's exit code once it ends; one that was asked to and does not is killed, and fails."""
    try:
        return process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail("the server did not end when it was asked to")


def clean_environment() -> dict[str, str]:
    """Return this environment without anything that would change the server under test."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("COTERIE_", "STREAMLIT_"))
    }


def address_of(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address that the server printed, once it answers there."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
        printed = re.search(r"http://127\.0\.0\.1:\d+", log.read_text(encoding="utf-8"))
        if printed and _is_healthy(printed[0]):
            return printed[0]
        time.sleep(0.1)
    process.kill()
    pytest.fail(f"the server did not answer:\n{log.read_text(encoding='utf-8')}")


def _is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except OSError:
        return False
