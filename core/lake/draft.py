"""A data version in the making: files in ``incoming/`` until one atomic commit gives them names."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from core.lake.files import sha256_of, sync_file, sync_folder, write_durably
from core.lake.keys import KeyBook, key_frame
from core.lake.versions import DataVersion, FileRef, SegmentRef
from core.schema import USER_ID, USER_NO, Catalogue


class Draft:
    """What an import has written so far; made by `Lake.begin`, which also holds the lake's lock.

    Parameters
    ----------
    root : pathlib.Path
        The lake's folder.
    known : tuple
        The key files so far, and the ids in them as a Series in order of ``user_no``.

    Attributes
    ----------
    folder : pathlib.Path
        For the import's own temporary files; removed with the draft.
    book : KeyBook
    """

    def __init__(self, root: Path, known: tuple[tuple[FileRef, ...], pl.Series]) -> None:
        self._root = root
        self._key_files, ids = known
        self.book = KeyBook(ids)
        self.folder = root / "incoming" / uuid4().hex
        self.folder.mkdir()
        self._users: tuple[SegmentRef, ...] = ()
        self._user_count = 0
        self._events: dict[str, tuple[SegmentRef, ...]] = {}
        self._rejects: Path | None = None

    def assign_keys(self, user_ids: pl.Series) -> pl.DataFrame:
        """Return ``user_id, user_no``, row by row, giving new ids the next numbers.

        Parameters
        ----------
        user_ids : polars.Series
            String without missing values; ids may stand several times.
        """
        return pl.DataFrame({USER_ID: user_ids, USER_NO: self.book.numbers_of(user_ids)})

    def write_users(self, users: pl.DataFrame) -> SegmentRef | None:
        """Write the users table (columns of `core.schema`, ``user_no`` ascending); None when it is empty."""
        segment = self._write_segment(iter((users,)))
        self._users = (segment,) if segment else ()
        self._user_count = users.height
        return segment

    def write_events(self, key: str, parts: Iterable[pl.DataFrame]) -> SegmentRef | None:
        """Write one event's table from frames that follow each other in order of (user_no, at).

        Returns None when there are no rows.
        """
        segment = self._write_segment(parts)
        self._events[key] = (segment,) if segment else ()
        return segment

    def keep_rejects(self, path: Path) -> None:
        """Have the file of rejected rows kept with the version."""
        self._rejects = path

    def commit(self, catalogue: Catalogue, plan: Mapping[str, Any], report: Mapping[str, Any]) -> DataVersion:
        """Make the draft the version in use, in one step that a crash cannot halve.

        Segments and keys get their names first, then the version is written, and last ``CURRENT``.

        Parameters
        ----------
        catalogue : Catalogue
        plan, report : mapping
            As JSON; without secrets. The report's ``version`` and ``rejects_file`` are filled in.
        """
        new_keys = self._write_keys()
        keys = (*self._key_files, *([new_keys] if new_keys else []))
        segments = [*self._users, *(s for group in self._events.values() for s in group)]
        for segment in segments:
            self._place(segment)
        sync_folder(self._root / "segments")
        sync_folder(self._root / "keys")
        moment = datetime.now(UTC)
        version_id = self._version_id(moment, catalogue, segments)
        rejects_file = None
        if self._rejects is not None:
            rejects_file = f"rejects/{version_id}.csv"
            self._rejects.replace(self._root / rejects_file)
        version = DataVersion(
            id=version_id,
            created_at=moment,
            catalogue=catalogue,
            keys=keys,
            users=self._users,
            events=self._events,
            user_count=self._user_count,
            event_count=sum(s.rows for group in self._events.values() for s in group),
            bytes=sum(s.bytes for s in segments) + sum(file.bytes for file in keys),
            plan=plan,
            report={**report, "version": version_id, "rejects_file": rejects_file},
        )
        text = json.dumps(version.model_dump(mode="json"), ensure_ascii=False, indent=1)
        write_durably(self._root / "versions" / f"{version_id}.json", text.encode())
        write_durably(self._root / "CURRENT", f"{version_id}\n".encode())
        return version

    def discard(self) -> None:
        """Remove the draft's files; after a commit nothing of the version is among them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _version_id(self, moment: datetime, catalogue: Catalogue, segments: list[SegmentRef]) -> str:
        content = catalogue.model_dump_json() + "".join(segment.id for segment in segments)
        digest = hashlib.sha256(content.encode()).hexdigest()[:8]
        return f"{moment:%Y%m%dT%H%M%S%fZ}-{digest}"

    def _write_keys(self) -> FileRef | None:
        ids = self.book.new_ids()
        if ids.is_empty():
            return None
        frame = key_frame(self.book.known_count, ids)
        name = f"{self.book.known_count:010d}-{uuid4().hex[:8]}.parquet"
        path = self.folder / name
        file = write_parquet(frame, path)
        path.replace(self._root / "keys" / name)
        return file

    def _write_segment(self, parts: Iterable[pl.DataFrame]) -> SegmentRef | None:
        folder = self.folder / f"segment-{uuid4().hex}"
        folder.mkdir()
        files = [
            write_parquet(part, folder / f"{n:05d}.parquet")
            for n, part in enumerate(part for part in parts if part.height)
        ]
        if not files:
            folder.rmdir()
            return None
        digest = hashlib.sha256("\n".join(file.sha256 for file in files).encode())
        segment = SegmentRef(id=digest.hexdigest()[:32], files=tuple(files))
        sync_folder(folder)
        if not (self.folder / segment.id).exists():
            folder.replace(self.folder / segment.id)
        return segment

    def _place(self, segment: SegmentRef) -> None:
        """Give a segment its place, unless an earlier version holds the same one already."""
        source, target = self.folder / segment.id, self._root / "segments" / segment.id
        if source.exists() and not target.exists():
            source.replace(target)


def write_parquet(frame: pl.DataFrame, path: Path) -> FileRef:
    """Write one immutable file, forced to disk."""
    frame.write_parquet(path, compression="zstd", compression_level=1)
    sync_file(path)
    return FileRef(name=path.name, sha256=sha256_of(path), rows=frame.height, bytes=path.stat().st_size)
