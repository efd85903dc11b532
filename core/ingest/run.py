"""Running an import plan: from files to a committed data version, or a clear refusal and nothing changed."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from core.errors import Cancelled, ImportRefused, PlanError, Problem
from core.ingest.catalogue import build_catalogue
from core.ingest.events import (
    EventsTable,
    amount_expressions,
    check_types,
    event_claims,
    read_events,
)
from core.ingest.plan import EventsSource, ImportPlan, UsersSource
from core.ingest.plan_text import plan_without_secrets
from core.ingest.rejects import RejectLog, SourceTally
from core.ingest.report import ColumnReport, ImportReport, Progress, SourceReport
from core.ingest.source import SourceReader
from core.ingest.spool import BUFFER_BYTES, FirstDays, merged_parts
from core.ingest.staging import Stage
from core.ingest.users import UsersTable, check_claims, merged_users, read_users, user_claims
from core.lake.draft import Draft
from core.lake.lake import Lake
from core.schema import DAY, USER_NO

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READING, _SORTING = 0.7, 0.97


def run_import(
    lake: Lake,
    plan: ImportPlan,
    base_dir: Path,
    *,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    allowed_roots: Sequence[Path] | None = None,
) -> ImportReport:
    """Import files as a plan says and put the new data version in use.

    Parameters
    ----------
    lake : Lake
    plan : ImportPlan
    base_dir : pathlib.Path
        Folder that the plan's paths are relative to.
    progress : callable, optional
        Told from time to time how far the import is; called in this thread.
    cancelled : callable, optional
        Asked from time to time; when it answers True the import stops and nothing has changed.
    allowed_roots : sequence of pathlib.Path, optional
        Folders outside which no file may be read (links followed), and only databases that the environment
        names may; None, for whoever owns the machine, = no bounds.

    Raises
    ------
    PlanError
        If the plan does not fit its files.
    ImportRefused
        If the files break a bound, or the disk is full.
    Conflict
        If another import is running.
    Cancelled
        If `cancelled` said so.

    Whatever is raised, the version in use stays what it was.
    """
    check_claims(plan)
    if not plan.users and not plan.events:
        raise PlanError(Problem("plan_without_sources"))
    if plan.unknown_users == "refuse" and not plan.users:
        raise PlanError(Problem("refuse_needs_users", node="unknown_users"))
    with lake.begin() as draft, _full_disk_refused():
        work = _Import(lake, draft, plan, base_dir, allowed_roots, progress, cancelled)
        try:
            return work.run()
        except ImportRefused:
            work.keep_refused()
            raise


class _Import:
    def __init__(
        self,
        lake: Lake,
        draft: Draft,
        plan: ImportPlan,
        base_dir: Path,
        allowed_roots: Sequence[Path] | None,
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self._began = time.monotonic()
        self._lake, self._draft, self._plan = lake, draft, plan
        self._progress, self._cancelled = progress, cancelled
        self._share = 0.0
        self._log = RejectLog(draft.folder / "rejects.csv")
        self._stage = Stage(plan, base_dir, draft.folder / "stage", allowed_roots, self._log, self._stop)
        self._readers: dict[str, tuple[SourceReader, str]] = {}
        self._reports: list[SourceReport] = []
        self._sources = len(plan.users) + len(plan.events)

    def run(self) -> ImportReport:
        self._say("progress_opening", 0.0)
        self._open_sources()
        users = [self._read_users(n) for n in range(len(self._plan.users))]
        events = self._read_all_events(users)
        check_types(events)
        days, first_days = self._write_events(events)
        table = merged_users(
            users,
            first_days.frame(),
            has_registered=any(source.registered for source in self._plan.users),
            create=self._plan.unknown_users == "create",
        )
        if table.is_empty():
            raise ImportRefused(Problem("no_users"))
        self._say("progress_writing_users", _SORTING)
        catalogue = build_catalogue(self._plan, table, users, events, days)
        self._draft.write_users(table)
        self._stop()
        self._say("progress_committing", 0.99)
        report = self._report(table, events, days)
        if self._log.count:
            self._draft.keep_rejects(self._log.path)
        version = self._draft.commit(
            catalogue, plan_without_secrets(self._plan), report.model_dump(mode="json")
        )
        self._say("progress_done", 1.0)
        return ImportReport.model_validate(version.report)

    def keep_refused(self) -> None:
        """Leave the rejects of a refused import where they can be looked at."""
        if self._log.count:
            shutil.copyfile(self._log.path, self._lake.refused_rows)

    def _open_sources(self) -> None:
        """Open every source before any is read, so that all that is missing is told at once."""
        problems: list[Problem] = []
        sources: list[tuple[str, UsersSource | EventsSource]] = []
        sources += [(f"users[{n}]", source) for n, source in enumerate(self._plan.users)]
        sources += [(f"events[{n}]", source) for n, source in enumerate(self._plan.events)]
        for node, source in sources:
            self._stop()
            try:
                self._readers[node] = self._opened(node, source)
            except PlanError as error:
                problems += [problem for problem in error.problems if problem not in problems]
        if problems:
            raise PlanError(problems)

    def _opened(self, node: str, source: UsersSource | EventsSource) -> tuple[SourceReader, str]:
        """Return the reader of a source and the source's name for people."""
        read_before = len(self._stage.files)
        origin = self._stage.open(source, node)
        kind: Literal["users", "events"] = "users" if isinstance(source, UsersSource) else "events"
        self._reports += [
            _source_report(counted, name, kind)
            for counted, name in self._stage.files[read_before:]
            if counted.refused
        ]
        tally = SourceTally(node, self._log)
        if isinstance(source, UsersSource):
            claims, expressions = user_claims(self._plan, source), {}
        else:
            claims = event_claims(self._plan, source, origin.columns)
            expressions = amount_expressions(source, origin.columns, node)
        return SourceReader(node, source, origin, claims, expressions, tally), origin.name

    def _read_users(self, n: int) -> UsersTable:
        source = self._plan.users[n]
        reader, name = self._readers.pop(f"users[{n}]")
        self._say("progress_reading", self._reading_share(n, 0.0), source=name)
        table = read_users(
            reader,
            source,
            self._draft,
            fold=self._plan.fold_width,
            tick=lambda share: self._tick(n, share, name),
        )
        self._close(reader.tally, name, "users", table)
        return table

    def _read_all_events(self, users: Sequence[UsersTable]) -> list[EventsTable]:
        known: pl.Series | None = None
        if self._plan.unknown_users == "refuse":
            known = self._draft.book.ids_of(pl.concat([t.frame[USER_NO] for t in users]).unique())
        tables: list[EventsTable] = []
        for n, source in enumerate(self._plan.events):
            at = len(self._plan.users) + n
            reader, name = self._readers.pop(f"events[{n}]")
            self._say("progress_reading", self._reading_share(at, 0.0), source=name)
            table = read_events(
                reader,
                self._plan,
                source,
                self._draft,
                self._draft.folder / "runs" / str(n),
                known,
                lambda share, at=at, name=name: self._tick(at, share, name),  # type: ignore[misc]
            )
            self._close(reader.tally, name, "events", table)
            tables.append(table)
            spools = [spool for t in tables for spool in t.spools.values()]
            if sum(spool.held_bytes for spool in spools) > BUFFER_BYTES:
                for spool in spools:
                    spool.lay_down()
        return tables

    def _write_events(self, tables: Sequence[EventsTable]) -> tuple[dict[str, tuple[date, date]], FirstDays]:
        first_days = FirstDays(self._draft.book.count)
        days: dict[str, tuple[date, date]] = {}
        total = sum(spool.rows for table in tables for spool in table.spools.values()) or 1
        done = 0
        for event in dict.fromkeys(event for table in tables for event in table.spools):
            spools = [table.spools[event] for table in tables if event in table.spools]

            def look(part: pl.DataFrame, event: str = event) -> None:
                nonlocal done
                self._stop()
                low, high = part[DAY].min(), part[DAY].max()
                assert isinstance(low, date) and isinstance(high, date)  # noqa: S101, PT018
                known = days.get(event, (low, high))
                days[event] = (min(low, known[0]), max(high, known[1]))
                done += part.height
                share = _READING + (_SORTING - _READING) * done / total
                self._say("progress_sorting", share, event=event)

            self._draft.write_events(event, first_days.watch(merged_parts(spools, self._plan.zone, look)))
            for spool in spools:
                spool.release()
        return days, first_days

    def _close(
        self,
        tally: SourceTally,
        origin: str,
        kind: Literal["users", "events"],
        table: UsersTable | EventsTable,
    ) -> None:
        tally.close(self._plan.max_reject_share)
        days = (table.first_day, table.last_day) if isinstance(table, EventsTable) else (None, None)
        self._reports.append(_source_report(tally, origin, kind, table.columns, days))

    def _report(
        self,
        users: pl.DataFrame,
        events: Sequence[EventsTable],
        days: dict[str, tuple[date, date]],
    ) -> ImportReport:
        return ImportReport(
            version="",
            users=users.height,
            events=sum(spool.rows for table in events for spool in table.spools.values()),
            new_users=self._draft.book.count - self._draft.book.known_count,
            first_day=min((first for first, _ in days.values()), default=None),
            last_day=max((last for _, last in days.values()), default=None),
            sources=tuple(self._reports),
            rejects=tuple(self._log.first),
            seconds=round(time.monotonic() - self._began, 3),
        )

    def _stop(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled(Problem("import_cancelled"))

    def _reading_share(self, n: int, share: float) -> float:
        return _READING * (n + share) / self._sources

    def _tick(self, n: int, share: float, source: str) -> None:
        self._stop()
        self._say("progress_reading", self._reading_share(n, share), source=source)

    def _say(self, code: str, share: float, **params: object) -> None:
        # A source that is read a second time does not make the bar go back.
        self._share = max(self._share, share)
        if self._progress is not None:
            self._progress(Progress(code, self._share, params))


def _source_report(
    tally: SourceTally,
    origin: str,
    kind: Literal["users", "events"],
    columns: tuple[ColumnReport, ...] = (),
    days: tuple[date | None, date | None] = (None, None),
) -> SourceReport:
    return SourceReport(
        source=tally.source,
        origin=origin,
        kind=kind,
        rows_read=tally.read,
        rows_refused=tally.refused,
        rows_filtered=tally.filtered,
        duplicates=tally.duplicates,
        rows_used=tally.used,
        columns=columns,
        first_day=days[0],
        last_day=days[1],
        reasons=dict(tally.reasons),
    )


@contextmanager
def _full_disk_refused() -> Iterator[None]:
    """Turn "no space left on device", from Python or from Polars, into a refusal."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL or "No space left" in str(error) or "quota exceeded" in str(error):
            raise ImportRefused(Problem("disk_full")) from None
        raise
    except pl.exceptions.PolarsError as error:
        if "No space left" in str(error):
            raise ImportRefused(Problem("disk_full")) from None
        raise
