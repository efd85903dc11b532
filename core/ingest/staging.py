"""From a source of the plan to an origin of rows: files found, queries run, databases read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import polars as pl

from core.errors import Problem, WorkspaceError
from core.ingest.inference import Guess, fits_inferred, look_at
from core.ingest.origins import Chunk, Files, Origin, Staged, find_files, missing_column
from core.ingest.plan import FileSource, ImportPlan, Source
from core.ingest.rejects import RejectLog, SourceTally
from core.ingest.sql import check_query, run_query, staged
from core.ingest.times import to_local
from core.ingest.values import KIND_OF, Kind, Reading, misfits, present, typed


class Stage:
    """Opens the sources of one import.

    Parameters
    ----------
    plan : ImportPlan
    base_dir : pathlib.Path
        Folder that the plan's paths are relative to.
    folder : pathlib.Path
        For what must be written in between; removed by the caller.
    allowed_roots : sequence of pathlib.Path or None
        Folders in which files must lie, and only databases named in the environment; None = anything.
    log : RejectLog
        Takes the rejects of the plan's [files].
    stop : callable
        Raises when the import is to be stopped.

    Attributes
    ----------
    files : list of (SourceTally, str)
        What was counted in each of the plan's [files] when a query first needed them, and its name.
    """

    def __init__(
        self,
        plan: ImportPlan,
        base_dir: Path,
        folder: Path,
        allowed_roots: Sequence[Path] | None,
        log: RejectLog,
        stop: Callable[[], None],
    ) -> None:
        self.files: list[tuple[SourceTally, str]] = []
        self._plan = plan
        self._base_dir = base_dir
        self._folder = folder
        self._allowed_roots = allowed_roots
        self._log = log
        self._stop = stop
        self._tables: dict[str, pl.LazyFrame] | None = None

    def open(self, source: Source, node: str) -> Origin:
        """Return the rows of a source of the plan.

        Raises
        ------
        PlanError, ImportRefused
            If there is no such file, or it may not be read, or the query does not work.
        """
        if source.database is not None:
            # Both the engine and its driver stay out of imports that read files only.
            from core.ingest.database import read_database

            assert source.query is not None  # noqa: S101 - the plan's model holds this
            folder = self._new_folder()
            restricted = self._allowed_roots is not None
            path = read_database(source.database, source.query, folder, node, restricted=restricted)
            return Staged("database", path)
        if source.query is not None:
            check_query(source.query, tuple(self._plan.files), f"{node}.query")
            frame = run_query(source.query, self._typed_files(), f"{node}.query")
            path = self._new_folder() / "query.parquet"
            staged(frame, path, f"{node}.query")
            return Staged("query", path)
        assert source.source is not None  # noqa: S101 - the plan's model holds this
        return self._files(source.source, source, node)

    def _files(self, name: str, form: Source | FileSource, node: str) -> Files:
        paths = find_files(name, self._base_dir, self._allowed_roots, f"{node}.source")
        return Files(name, paths, form)

    def _typed_files(self) -> dict[str, pl.LazyFrame]:
        """Return the plan's [files] as typed tables, each written once."""
        if self._tables is None:
            self._tables = {
                name: self._typed_file(file, f"files.{name}") for name, file in self._plan.files.items()
            }
        return self._tables

    def _typed_file(self, file: FileSource, node: str) -> pl.LazyFrame:
        origin = self._files(file.source, file, node)
        for column in file.columns:
            if column not in origin.columns:
                raise missing_column(column, origin.name, origin.columns, f"{node}.columns")
        guesses: dict[str, Guess] = {}
        open_columns = [column for column in origin.columns if column not in file.columns]
        for chunk in origin.chunks(open_columns):
            self._stop()
            look_at(guesses, _present(chunk.frame, file))
        kinds = {name: KIND_OF[tag_type] for name, tag_type in file.columns.items()}
        kinds |= {name: guesses[name].kind for name in open_columns if name in guesses}
        zone = self._plan.zone
        readings = {c: Reading(c, kinds.get(c, Kind.TEXT), zone, zone) for c in origin.columns}
        inferred = frozenset(guesses)
        tally = SourceTally(node, self._log)
        folder = self._new_folder()
        for n, chunk in enumerate(origin.chunks(origin.columns)):
            self._stop()
            frame = _typed_rows(chunk, _present(chunk.frame, file), readings, inferred, tally)
            frame.write_parquet(folder / f"{n:06d}.parquet", compression="lz4")
        if not tally.read:
            # A table without a row is a table too: its columns can be joined.
            none = [typed(pl.Series(c, [], dtype=pl.Null()), readings[c]) for c in origin.columns]
            pl.DataFrame(none).write_parquet(folder / "none.parquet")
        self.files.append((tally, origin.name))
        if tally.read:
            tally.close(self._plan.max_reject_share)
        return pl.scan_parquet(sorted(folder.iterdir()))

    def _new_folder(self) -> Path:
        folder = self._folder / uuid4().hex
        folder.mkdir(parents=True)
        return folder


def _typed_rows(
    chunk: Chunk,
    raw: pl.DataFrame,
    readings: Mapping[str, Reading],
    inferred: frozenset[str],
    tally: SourceTally,
) -> pl.DataFrame:
    """Return the rows of a chunk as SQL sees them; those that cannot be read go to the tally."""
    tally.read += chunk.frame.height + len(chunk.bad)
    tally.refuse_cut(chunk)
    columns: list[pl.Series] = []
    unfit: dict[Reading, pl.Series] = {}
    for series in raw:
        reading = readings[series.name]
        values = typed(series, reading)
        if series.name in inferred:
            if not fits_inferred(series, values, reading.kind):
                raise WorkspaceError(Problem("file_changed", params={"file": chunk.file}))
        elif (bad := misfits(series, values, reading.kind)) is not None:
            unfit[reading] = bad
        columns.append(to_local(values, reading.zone) if reading.kind is Kind.MOMENT else values)
    keep = tally.refuse_misfits(chunk, raw, unfit)
    frame = pl.DataFrame(columns)
    return frame if keep is None else frame.filter(keep)


def _present(frame: pl.DataFrame, file: FileSource) -> pl.DataFrame:
    return pl.DataFrame([present(column, file.null_values) for column in frame])
