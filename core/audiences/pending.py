"""Files that stand in their place whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from core.errors import ExportRefused, Problem

_PART = ".part"
_STALE_SECONDS = 24 * 3600
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Pending:
    """Files that are written beside their targets and put in place together at the end.

    Leaving the ``with`` block without `publish` takes every trace away; leaving it by an error after
    `publish` puts back what lay there before. A killed process leaves hidden ``.part`` files, never a
    half-written target; `sweep` removes them later.
    """

    def __init__(self) -> None:
        self._parts: dict[Path, Path] = {}
        self._backups: dict[Path, Path | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._put_back()
        for leftover in (*self._parts.values(), *filter(None, self._backups.values())):
            leftover.unlink(missing_ok=True)

    def add(self, target: Path) -> Path:
        """Return where to write what shall become the target; whatever lies there is replaced in the end."""
        part = target.with_name(f".{target.name[-100:]}.{secrets.token_hex(4)}{_PART}")
        self._parts[target] = part
        return part

    def add_numbered(self, target: Path) -> tuple[Path, Path]:
        """Return a target whose name is free, "name-2", "name-3", … if need be, and where to write it.

        The name is held by the hidden file, so that two exports at once do not take the same.
        """
        for number in itertools.count(1):
            candidate = target if number == 1 else target.with_stem(f"{target.stem}-{number}")
            part = candidate.with_name(f".{candidate.name}{_PART}")
            try:
                os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
            except FileExistsError:
                continue
            if candidate.exists():
                part.unlink()
                continue
            self._parts[candidate] = part
            return candidate, part
        raise AssertionError("there is always a next number")

    def publish(self) -> None:
        """Put every file in place, after its bytes have reached the disk."""
        for part in self._parts.values():
            _sync(part, os.O_RDWR)
        for target, part in self._parts.items():
            self._backups[target] = _backup(target)
            part.replace(target)
        for folder in {target.parent for target in self._parts}:
            _sync(folder, os.O_RDONLY)

    def _put_back(self) -> None:
        for target, backup in self._backups.items():
            if backup is not None:
                backup.replace(target)
            elif not self._parts[target].exists():
                target.unlink(missing_ok=True)


@contextlib.contextmanager
def writing_explained(target: Path) -> Iterator[None]:
    """Turn what the system says when a file cannot be written into an `ExportRefused`."""
    try:
        yield
    except OSError as error:
        number = _errno(error)
        code = "export_disk_full" if number in _FULL else "export_unwritable"
        why = os.strerror(number) if number else str(error)
        raise ExportRefused(Problem(code, params={"file": str(target), "why": why})) from error


def sweep(folder: Path, now: float | None = None) -> None:
    """Remove hidden files that exports left in the folder when their process was killed over a day ago."""
    before = (time.time() if now is None else now) - _STALE_SECONDS
    for part in folder.glob(f".*{_PART}"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if part.stat().st_mtime < before:
                part.unlink()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _backup(target: Path) -> Path | None:
    if not target.exists():
        return None
    backup = target.with_name(f".{target.name[-100:]}.{secrets.token_hex(4)}{_PART}")
    try:
        os.link(target, backup)
    except OSError:  # a file system without hard links
        shutil.copy2(target, backup)
    return backup


def _errno(error: OSError) -> int | None:
    """Return the system's number; Polars puts it only into the words."""
    if error.errno is not None:
        return error.errno
    found = re.search(r"os error (\d+)", str(error))
    return int(found[1]) if found else None
