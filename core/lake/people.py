"""What is written down once, each time in a Parquet file: people on lists and in snapshots, given values.

A file is written whole before its name is told to anybody, and never changed. What nobody names any more is
swept after a day, when no question that knew the name is still under way.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Container
from pathlib import Path

import polars as pl

from core.errors import Problem, WorkspaceError
from core.lake.draft import write_parquet
from core.lake.files import sha256_of, sync_folder
from core.lake.versions import FileRef
from core.schema import USER_NO

STALE_SECONDS = 24 * 3600
_ENDING, _PART = ".parquet", ".part"


class KeptFiles:
    """The files of one folder; safe to share between threads and processes.

    Parameters
    ----------
    folder : pathlib.Path
        Made when it is absent.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep_frame(self, frame: pl.DataFrame) -> FileRef:
        """Write a frame down.

        Raises
        ------
        WorkspaceError
            If the file cannot be written.
        """
        name = f"{secrets.token_hex(12)}{_ENDING}"
        part = self._folder / f".{name}{_PART}"
        try:
            written = write_parquet(frame, part)
            part.replace(self._folder / name)
            sync_folder(self._folder)
        except OSError as error:
            params = {"folder": self._folder.name, "why": error.strerror or str(error)}
            raise WorkspaceError(Problem("people_unwritable", params=params)) from error
        finally:
            part.unlink(missing_ok=True)
        return written.model_copy(update={"name": name})

    def read_frame(self, file: FileRef) -> pl.DataFrame:
        """Return what was written down.

        Raises
        ------
        WorkspaceError
            If the file is gone or its bytes are not those that were written.
        """
        path = self._folder / file.name
        shown = f"{self._folder.name}/{file.name}"
        try:
            is_whole = path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
        except OSError as error:
            raise WorkspaceError(Problem("people_missing", params={"path": shown})) from error
        if not is_whole:
            raise WorkspaceError(Problem("people_damaged", params={"path": shown}))
        return pl.read_parquet(path)

    def sweep(self, named: Container[str], now: float | None = None) -> list[str]:
        """Remove files of a day ago and older that nobody names; returns their names.

        Parameters
        ----------
        named : container of str
            Names of files that are to stay.
        now : float or None
            Seconds since the epoch; None = the present.
        """
        before = (time.time() if now is None else now) - STALE_SECONDS
        stale = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process sweeps too
                if path.name not in named and path.stat().st_mtime < before:
                    path.unlink()
                    stale.append(path.name)
        return sorted(stale)


class PeopleFiles(KeptFiles):
    """Files of people."""

    def keep(self, user_nos: pl.Series) -> FileRef:
        """Write people down.

        Parameters
        ----------
        user_nos : polars.Series
            In any order; one that stands twice counts once.

        Raises
        ------
        WorkspaceError
            If the file cannot be written.
        """
        return self.keep_frame(user_nos.cast(pl.UInt32).unique().sort().alias(USER_NO).to_frame())

    def read(self, file: FileRef) -> pl.Series:
        """Return the ``user_no`` (UInt32, ascending) that were written down.

        Raises
        ------
        WorkspaceError
            If the file is gone or its bytes are not those that were written.
        """
        return self.read_frame(file).get_column(USER_NO)
