"""The workspace's data: opening it, its versions, imports, and the engine that answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from core import clock
from core.audiences.naming import clean_actor
from core.audiences.records import Actor
from core.engines.base import Engine
from core.engines.memory import MemoryEngine
from core.errors import Problem, WorkspaceError
from core.ingest import (
    ImportPlan,
    ImportReport,
    Progress,
    SourceInspection,
    inspect_source,
    propose_plan,
    read_plan,
    run_import,
)
from core.ingest.plan import SourceFormat
from core.lake.lake import Lake
from core.lake.versions import DataVersion
from core.rules.makings import GivenValues
from core.schema import Catalogue
from core.store import AudienceStore, Database, DraftStore, PeopleStore, RecordStore, RunStore, TagStore
from core.store.tags import Stamp
from core.tags.book import with_tags
from core.tags.records import TagRecord
from core.workspace.engines import Engines, cache_bytes
from core.workspace.names import SavedNames

DATA_FOLDER_VARIABLE = "COTERIE_DATA_DIR"


class Versions:
    """A workspace and its data versions. Thread-safe; other processes may work in the same one.

    Attributes
    ----------
    root : pathlib.Path
        The workspace's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lake = Lake(root / "lake")
        database = Database(root)
        self._audiences = AudienceStore(database)
        self._drafts = DraftStore(database)
        self._records = RecordStore(database)
        self._people = PeopleStore(database)
        self._tags = TagStore(database)
        self._runs = RunStore(database)
        self._names = SavedNames(self._audiences, self._people, self._lake)
        self._engines = Engines(
            lambda version: MemoryEngine(self._lake.tables(version), cache_bytes=cache_bytes())
        )
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int, int], DataVersion] | None = None
        self._covered: tuple[str, Catalogue] | None = None
        self._seeing: tuple[Engine, DataVersion, Engine] | None = None
        self._known: tuple[str, Stamp, DataVersion] | None = None

    @classmethod
    def open(cls, root: str | Path) -> Self:
        """Open a workspace that exists.

        Raises
        ------
        WorkspaceError
            If the folder is absent or is no workspace.
        """
        folder = Path(root)
        if not folder.is_dir():
            raise WorkspaceError(Problem("workspace_missing", params={"root": str(root)}))
        if not (folder / "lake").is_dir():
            raise WorkspaceError(Problem("workspace_unrecognised", params={"root": str(root)}))
        return cls(folder.resolve())

    @classmethod
    def create(cls, root: str | Path) -> Self:
        """Open a workspace, made first if the folder is absent or empty.

        Raises
        ------
        WorkspaceError
            If the folder holds something else, or cannot be made.
        """
        folder = Path(root)
        try:
            if folder.is_dir() and not (folder / "lake").is_dir() and any(folder.iterdir()):
                raise WorkspaceError(Problem("workspace_unrecognised", params={"root": str(root)}))
            for name in ("lake", "exports"):
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                Problem(
                    "workspace_unwritable", params={"root": str(root), "why": error.strerror or str(error)}
                )
            ) from error
        return cls.open(folder)

    def data_version(self) -> DataVersion:
        """Return the data version in use, with the tags that operators made in its catalogue.

        A version that another process brings in, and a tag that it changes, is seen at once.

        Raises
        ------
        WorkspaceError
            If nothing was imported yet.
        """
        version, stamp = self._lake_version(), self._tags.stamp()
        with self._lock:
            if self._known is not None and self._known[:2] == (version.id, stamp):
                return self._known[2]
        known = version
        if stamp[0]:
            records = self._tags.all()
            day = self._default_as_of(version)
            catalogue = with_tags(version.catalogue, records, self._values_of(records), day)
            known = version.model_copy(update={"catalogue": catalogue})
        with self._lock:
            self._known = (version.id, stamp, known)
        return known

    def stamp(self) -> str:
        """Return what changes whenever other data comes into use or a tag is changed: a key for answers."""
        return f"{self._lake_version().id}|{'.'.join(map(str, self._tags.stamp()))}"

    def _values_of(self, records: Sequence[TagRecord]) -> Callable[[str], GivenValues | None]:
        """Return what finds the values that were given of a tag."""
        files = {record.definition.key: record.given.file for record in records if record.given is not None}

        def values_of(key: str) -> GivenValues | None:
            file = files.get(key)
            return (
                None if file is None else GivenValues(file.name, lambda: self._lake.values.read_frame(file))
            )

        return values_of

    def _lake_catalogue(self) -> Catalogue:
        """Return the tags and events of the data alone."""
        return self._lake_version().catalogue

    def _lake_version(self) -> DataVersion:
        signature = self._signature()
        with self._lock:
            if self._seen is not None and self._seen[0] == signature:
                return self._seen[1]
        version = self._lake.current()
        if version is None:
            raise WorkspaceError(Problem("no_data", params={"root": str(self.root)}))
        if signature is not None:
            with self._lock:
                self._seen = (signature, version)
        return version

    def data_versions(self) -> list[DataVersion]:
        """Return every data version, newest first."""
        return list(self._lake.versions())

    def activate(self, version_id: str, actor: Actor) -> DataVersion:
        """Put an earlier (or later) data version in use.

        Raises
        ------
        NotFound
            If there is no such version.
        """
        actor = clean_actor(actor)
        version = self._lake.version(version_id)
        self._lake.activate(version_id)
        self._records.add(self._now(), actor, "activate", version_id, {"users": version.user_count})
        return version

    def catalogue(self) -> Catalogue:
        """Return the tags and events of the data version, with the coverage of computed tags filled in.

        Their coverage is computed when first asked for, at the default `as_of`, and kept for the version.
        """
        stamp = self.stamp()
        with self._lock:
            if self._covered is not None and self._covered[0] == stamp:
                return self._covered[1]
        version, engine = self._engine()
        as_of = self._default_as_of(version)
        base = engine.base_count(as_of)
        tags = {
            key: spec
            if spec.computed is None
            else spec.model_copy(update={"coverage": engine.coverage(key, as_of) / base if base else 0.0})
            for key, spec in version.catalogue.tags.items()
        }
        catalogue = version.catalogue.model_copy(update={"tags": tags})
        with self._lock:
            self._covered = (stamp, catalogue)
        return catalogue

    def default_as_of(self) -> date:
        """Return the day for which questions are answered when none is named.

        The plan's day, else the earlier of yesterday and the day of the newest event.
        """
        return self._default_as_of(self.data_version())

    def import_plan(
        self,
        plan: ImportPlan | Path,
        *,
        actor: Actor,
        base_dir: Path | None = None,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ImportReport:
        """Import files as a new data version, or refuse and change nothing.

        Parameters
        ----------
        plan : ImportPlan or pathlib.Path
            A path is a plan file of somebody who works on this machine: it may name any file. A plan made
            in the page may name only files in `upload_dir` and `data_folder`.
        base_dir : pathlib.Path or None
            What relative paths in the plan are relative to; None = the plan file's folder, else the uploads.
        progress, cancelled : callable or None
            Told how far the import is; asked now and then whether to stop.
        """
        actor = clean_actor(actor)
        if isinstance(plan, ImportPlan):
            name, allowed = "page", self._readable()
            folder = base_dir or self.upload_dir()
        else:
            name, allowed = plan.name, None
            folder = base_dir or plan.parent
            plan = read_plan(plan)
        # Nothing is imported that cannot be logged: the version would be in use although we had refused.
        self._records.open()
        report = run_import(
            self._lake, plan, folder, progress=progress, cancelled=cancelled, allowed_roots=allowed
        )
        self._records.add(
            self._now(), actor, "import", report.version,
            {
                "plan": name, "users": report.users, "events": report.events,
                "seconds": round(report.seconds, 3),
            },
        )  # fmt: skip
        return report

    def inspect_source(self, source: str | Path | SourceFormat) -> SourceInspection:
        """Return what a file holds, as the import would understand it; see `import_plan` for which files."""
        return inspect_source(source, self.upload_dir(), allowed_roots=self._readable())

    def propose_plan(self, paths: Sequence[str | Path], time_zone: str) -> ImportPlan:
        """Return a plan guessed from files, to be corrected by somebody who knows them."""
        return propose_plan(paths, time_zone, base_dir=self.upload_dir(), allowed_roots=self._readable())

    def refused_rows(self) -> Path | None:
        """Return the file of the rows for which the newest refused import was refused, as CSV; None = none.

        It holds whole rows as they came, personal values included.
        """
        path = self._lake.refused_rows
        return path if path.is_file() else None

    def rejected_rows(self, version: DataVersion) -> Path | None:
        """Return the file of the rows that a version's import passed over, as CSV; None = there are none.

        It holds whole rows as they came, personal values included.
        """
        path = self._lake.root / "rejects" / f"{version.id}.csv"
        return path if path.is_file() else None

    def upload_dir(self) -> Path:
        """Return the folder for files that come through the browser; made when first asked for."""
        folder = self.root / "uploads"
        folder.mkdir(exist_ok=True)
        return folder

    def data_folder(self) -> Path | None:
        """Return the folder from which the page may read files named by path; None = there is none."""
        folder = os.environ.get(DATA_FOLDER_VARIABLE)
        return Path(folder).resolve() if folder else None

    def _engine(self) -> tuple[DataVersion, Engine]:
        version = self.data_version()
        engine = self._engines.of(version)
        if engine.catalogue is version.catalogue:
            return version, engine
        with self._lock:
            if self._seeing is None or self._seeing[0] is not engine or self._seeing[1] is not version:
                self._seeing = (engine, version, engine.seeing(version.catalogue))
            return version, self._seeing[2]

    def _day(self, version: DataVersion, as_of: date | None) -> date:
        if as_of is None:
            return self._default_as_of(version)
        if not clock.EARLIEST <= as_of <= clock.LATEST:
            raise WorkspaceError(
                Problem(
                    "as_of_out_of_range",
                    params={"as_of": as_of.isoformat(), "first": clock.EARLIEST, "last": clock.LATEST},
                )
            )
        return as_of

    def _default_as_of(self, version: DataVersion) -> date:
        catalogue = version.catalogue
        if catalogue.as_of is not None:
            return catalogue.as_of
        newest = [event.last_day for event in catalogue.events.values() if event.last_day is not None]
        return min([clock.yesterday(catalogue.zone), *([max(newest)] if newest else [])])

    def _readable(self) -> list[Path]:
        folder = self.data_folder()
        return [self.upload_dir(), *([folder] if folder else [])]

    def _signature(self) -> tuple[int, int, int] | None:
        """Return what changes whenever another version is put in use; None = there is none."""
        try:
            found = (self.root / "lake" / "CURRENT").stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @staticmethod
    def _now() -> datetime:
        """Return the present moment for the log. Reads the clock."""
        return datetime.now(UTC)
