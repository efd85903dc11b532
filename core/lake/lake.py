"""The lake: immutable data versions on disk, committed atomically, and read access to them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import IO

import polars as pl
from pydantic import ValidationError

from core.errors import Conflict, NotFound, Problem, WorkspaceError, nearest_name
from core.lake.draft import Draft
from core.lake.files import sha256_of, write_durably
from core.lake.keys import KEY_SCHEMA
from core.lake.people import KeptFiles, PeopleFiles
from core.lake.tables import Tables, in_order
from core.lake.versions import DataVersion, FileRef, SegmentRef
from core.schema import (
    AT,
    DAY,
    EXISTS_FROM,
    TAG_DTYPES,
    USER_ID,
    USER_NO,
    Catalogue,
    TagType,
    property_column,
    tag_column,
)

_REFUSED_FILE = "refused.csv"


class Lake:
    """Data versions below one folder; safe to share between threads, and between processes for reading.

    ::

        keys/            user_no ↔ user_id and hash, append-only
        segments/<id>/   immutable Parquet
        versions/<id>.json
        rejects/<id>.csv rows that an import could not read
        incoming/        what a running import has written so far
        lists/           people on uploaded lists, by user_no
        snapshots/       people of audiences on a day, by user_no
        values/          values of tags that people typed in or uploaded
        CURRENT          id of the version in use

    Parameters
    ----------
    root : pathlib.Path
        The lake's folder; made when it is absent.

    Attributes
    ----------
    lists, snapshots : PeopleFiles
    values : KeptFiles
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lists, self.snapshots = (PeopleFiles(root / name) for name in ("lists", "snapshots"))
        self.values = KeptFiles(root / "values")
        for name in ("keys", "segments", "versions", "rejects", "incoming"):
            (root / name).mkdir(parents=True, exist_ok=True)
        self._verified: set[str] = set()
        self._verifying = Lock()

    def current(self) -> DataVersion | None:
        """Return the version in use, or None when nothing has been imported.

        Raises
        ------
        WorkspaceError
            If it is named but damaged or gone.
        """
        try:
            version_id = (self.root / "CURRENT").read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        path = self._version_path(version_id)
        if not path.is_file():
            raise WorkspaceError(Problem("version_damaged", params={"version": version_id}))
        return _read_version(path)

    def versions(self) -> list[DataVersion]:
        """Return all versions, newest first."""
        paths = sorted((self.root / "versions").glob("*.json"), reverse=True)
        return [_read_version(path) for path in paths if not path.name.startswith(".")]

    def version(self, version_id: str) -> DataVersion:
        """Return one version.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        path = self._version_path(version_id)
        if not path.is_file():
            known = sorted(p.stem for p in (self.root / "versions").glob("*.json"))
            raise NotFound(
                Problem(
                    "unknown_version",
                    params={"version": version_id},
                    allowed=tuple(known),
                    nearest=nearest_name(version_id, known),
                )
            )
        return _read_version(path)

    def activate(self, version_id: str) -> DataVersion:
        """Put a version in use; returns it. What stands in the lake is not changed."""
        version = self.version(version_id)
        write_durably(self.root / "CURRENT", f"{version.id}\n".encode())
        return version

    def tables(self, version: DataVersion) -> Tables:
        """Return read access to a version's tables; files are checked against their checksums once."""
        return LakeTables(self, version)

    @contextmanager
    def begin(self) -> Iterator[Draft]:
        """Open a draft of a new version; leaving without `Draft.commit` changes nothing.

        Raises
        ------
        Conflict
            If another import is running on this lake, in this or any other process.
        """
        with self._alone():
            self._sweep()
            draft = Draft(self.root, self._known_keys())
            try:
                yield draft
            finally:
                draft.discard()

    def sweep(self) -> list[str]:
        """Remove what no version names; returns the removed names, relative to the lake.

        Raises
        ------
        Conflict
            If an import is running: its files are named by no version yet.
        """
        with self._alone():
            return self._sweep()

    def read_file(self, folder: Path, file: FileRef) -> Path:
        """Return the path of an immutable file after checking its bytes (once per process).

        Raises
        ------
        WorkspaceError
            If it is gone or its bytes are not those that were committed.
        """
        path = folder / file.name
        with self._verifying:
            if file.sha256 in self._verified and path.is_file():
                return path
        if not path.is_file():
            raise WorkspaceError(Problem("segment_missing", params={"path": self._shown(path)}))
        if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
            raise WorkspaceError(Problem("segment_damaged", params={"path": self._shown(path)}))
        with self._verifying:
            self._verified.add(file.sha256)
        return path

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _version_path(self, version_id: str) -> Path:
        # An id is a plain name: one that walks out of the folder names no version.
        return self.root / "versions" / f"{Path(version_id).name}.json"

    def _known_keys(self) -> tuple[tuple[FileRef, ...], pl.Series]:
        """Return the key files that reach furthest, and the ids in them; versions form one line of keys."""
        files = max(
            (version.keys for version in self.versions()),
            key=lambda keys: sum(file.rows for file in keys),
            default=(),
        )
        paths = [self.read_file(self.root / "keys", file) for file in files]
        frames = [pl.read_parquet(path, columns=[USER_ID]) for path in paths]
        ids = pl.concat(frames)[USER_ID] if frames else pl.Series(USER_ID, [], dtype=pl.String())
        return files, ids

    def _sweep(self) -> list[str]:
        versions = self.versions()
        segments = {segment.id for version in versions for segment in version.segments()}
        keys = {file.name for version in versions for file in version.keys}
        rejects = {f"{version.id}.csv" for version in versions} | {_REFUSED_FILE}
        stale = [
            *(self.root / "incoming").iterdir(),
            *(p for p in (self.root / "segments").iterdir() if p.name not in segments),
            *(p for p in (self.root / "keys").iterdir() if p.name not in keys),
            *(p for p in (self.root / "rejects").iterdir() if p.name not in rejects),
            *(self.root / "versions").glob(".*.tmp"),
            *self.root.glob(".CURRENT.*.tmp"),
        ]
        for path in stale:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        return sorted(self._shown(path) for path in stale)

    @property
    def refused_rows(self) -> Path:
        """Where the rows lie for which the newest refused import was refused; there may be none."""
        return self.root / "rejects" / _REFUSED_FILE

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lake's lock; the kernel frees it when the process dies, however it dies."""
        with (self.root / "lock").open("a+b") as file:
            _lock(file)
            yield


class LakeTables:
    """`Tables` of a committed version."""

    def __init__(self, lake: Lake, version: DataVersion) -> None:
        self._lake = lake
        self._version = version
        self.catalogue: Catalogue = version.catalogue
        self.version_id = version.id

    def users(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of the users table."""
        schema = table_schema({tag_column(k): t.type for k, t in self.catalogue.tags.items()}, event=False)
        return self._read(self._version.users, columns, (USER_NO,), schema)

    def events(self, event: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of one event's table.

        Raises
        ------
        NotFound
            If the version has no such event.
        """
        if event not in self._version.events:
            known = tuple(self._version.events)
            raise NotFound(
                Problem(
                    "unknown_event_table",
                    params={"event": event},
                    allowed=known,
                    nearest=nearest_name(event, known),
                )
            )
        properties = self.catalogue.events[event].properties
        schema = table_schema({property_column(k): p.type for k, p in properties.items()}, event=True)
        return self._read(self._version.events[event], columns, (USER_NO, AT), schema)

    def keys(self) -> pl.DataFrame:
        """Return every key given up to this version."""
        folder = self._lake.root / "keys"
        frames = [pl.read_parquet(self._lake.read_file(folder, file)) for file in self._version.keys]
        keys = pl.concat(frames) if frames else pl.DataFrame(schema=KEY_SCHEMA)
        return in_order(keys, (USER_NO,))

    def segments_of(self, event: str | None) -> tuple[str, ...]:
        """Return the ids of the segments of one table."""
        segments = self._version.users if event is None else self._version.events[event]
        return tuple(segment.id for segment in segments)

    def _read(
        self,
        segments: tuple[SegmentRef, ...],
        columns: Sequence[str],
        order: tuple[str, ...],
        schema: Mapping[str, pl.DataType],
    ) -> pl.DataFrame:
        wanted = list(dict.fromkeys([*columns, *order]))
        frames = [
            pl.read_parquet(
                self._lake.read_file(self._lake.root / "segments" / segment.id, file), columns=wanted
            )
            for segment in segments
            for file in segment.files
        ]
        if not frames:
            return pl.DataFrame(schema=schema).select(columns)
        return in_order(pl.concat(frames), order).select(columns)


def table_schema(typed: Mapping[str, TagType], *, event: bool) -> dict[str, pl.DataType]:
    """Return the columns of a users table or (`event`) an event's table, with the given typed columns."""
    fixed: dict[str, pl.DataType] = (
        {USER_NO: pl.UInt32(), AT: pl.Datetime("us", "UTC"), DAY: pl.Date()}
        if event
        else {USER_NO: pl.UInt32(), EXISTS_FROM: pl.Date()}
    )
    return fixed | {column: TAG_DTYPES[kind] for column, kind in typed.items()}


def _read_version(path: Path) -> DataVersion:
    try:
        return DataVersion.model_validate_json(path.read_bytes())
    except (ValidationError, FileNotFoundError):
        raise WorkspaceError(Problem("version_damaged", params={"version": path.stem})) from None


def _lock(file: IO[bytes]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise Conflict(Problem("import_running")) from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    file.flush()
