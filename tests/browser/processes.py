"""Servers as processes: how they are seen off."""

from __future__ import annotations

import subprocess

import pytest


def ended(process: subprocess.Popen[bytes]) -> int:
    """Return a process's exit code once it ends; one that was asked to and does not is killed, and fails."""
    try:
        return process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail("the server did not end when it was asked to")
