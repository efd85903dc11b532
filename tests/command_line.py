"""The command line as tests run it: in a process of its own, as callers do, or within this one."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from core.cli import main


@dataclass(frozen=True)
class Done:
    """What a command did."""

    returncode: int
    stdout: bytes
    stderr: bytes


def process(
    *arguments: object, given: bytes = b"", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m core` in a process of its own, as callers do."""
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, arguments)],
        input=given,
        capture_output=True,
        timeout=120,
        env={**os.environ, "COTERIE_LANG": "en", **(environment or {})},
        check=False,
    )


def core(*arguments: object, given: str | bytes = b"", environment: Mapping[str, str] | None = None) -> Done:
    """Run the same command within this process, on streams of its own: a tenth of the time."""
    typed = given.encode() if isinstance(given, str) else given
    streams = [io.TextIOWrapper(io.BytesIO(content)) for content in (typed, b"", b"")]
    with pytest.MonkeyPatch.context() as patch:
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        for name, value in {"COTERIE_LANG": "en", **(environment or {})}.items():
            patch.setenv(name, value)
        code = main([str(argument) for argument in arguments])
        for stream in streams[1:]:
            stream.flush()
        return Done(code, *(stream.buffer.getvalue() for stream in streams[1:]))  # type: ignore[attr-defined]
