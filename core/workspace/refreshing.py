"""Refreshing a workspace: all that is due is computed, told, and kept; one refresh at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.audiences.naming import clean_actor
from core.audiences.records import Actor
from core.errors import Cancelled, Conflict, CoterieError, Problem, WorkspaceError
from core.messages import message_of
from core.rules.naming import tags_in
from core.rules.remains import remains_of
from core.tags.distributions import distribution_of
from core.tags.drift import Drift
from core.tags.entries import TagEntry
from core.tags.health import HealthReport, Known, drift_of, health
from core.tags.readings import RefreshRun, TagReading, is_due
from core.workspace.audience_bin import AudienceBin

_TIMER = "refresh_timer"


@dataclass(frozen=True)
class RefreshProgress:
    """How far a refresh is: `done` of `total` tags and audiences, and which is next."""

    kind: str
    name: str
    done: int
    total: int


class Refreshing(AudienceBin):
    """Refreshes: safe to run twice, and to kill: each tag and audience is committed by itself."""

    def refresh(
        self,
        *,
        actor: Actor,
        as_of: date | None = None,
        progress: Callable[[RefreshProgress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> RefreshRun:
        """Read every tag that is due, refresh every dynamic audience, and say what changed.

        Audiences that were deleted long ago are let go of at the end.

        Raises
        ------
        Conflict
            If another refresh is under way.
        Cancelled
            If the caller stopped it; what is done stays, the next run does the rest.
        """
        actor = clean_actor(actor)
        with self._only_refresh():
            version, _ = self._engine()
            day = self._day(version, as_of)
            run = RefreshRun(secrets.token_hex(8), self._now(), None, "running", day, version.id, actor)
            self._runs.begin(run)
            tags: list[dict[str, Any]] = []
            audiences: list[dict[str, Any]] = []

            def ended(state: Any) -> RefreshRun:
                finished = replace(
                    run, finished_at=self._now(), state=state, tags=tuple(tags), audiences=tuple(audiences)
                )
                self._runs.end(finished)
                return finished

            try:
                self._refresh(tags, audiences, actor, day, progress, cancelled)
                self.empty_bin(actor=actor)
            except Cancelled:
                ended("stopped")
                raise
            except Exception:
                ended("failed")
                raise
            return ended("done")

    def refresh_runs(self, limit: int = 50) -> list[RefreshRun]:
        """Return the newest refreshes, the newest first; one that nobody runs any more was killed."""
        runs = self._runs.runs(limit)
        if runs and runs[0].state == "running":
            with contextlib.suppress(Conflict), self._only_refresh():
                self._runs.bury()
            return self._runs.runs(limit)
        return runs

    def tag_readings(self, key: str) -> list[TagReading]:
        """Return how a tag was distributed at each refresh, the newest first."""
        return self._runs.readings(self.tag_entry(key).key)

    def tag_drift(self, key: str) -> Drift | None:
        """Return what changed between a tag's last two readings of different data; None = there are none."""
        return drift_of([reading.distribution for reading in _of_versions(self.tag_readings(key))])

    def tag_health(
        self,
        as_of: date | None = None,
        *,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> HealthReport:
        """Return what is wrong with tags, or could be better, each with the remedy."""
        version, engine = self._engine()
        day = self._day(version, as_of)
        used, given = self._last_uses(), {r.definition.key: r.given_no for r in self._tags.all()}
        oldest = min(each.created_at for each in self.data_versions())
        known = []
        for entry in self.tag_entries():
            if entry.status in ("draft", "retired"):
                continue
            readings = self._runs.readings(entry.key)
            known.append(
                Known(
                    entry,
                    [reading.distribution for reading in _of_versions(readings)],
                    bool(readings) and self._is_due(entry, readings[0], version.id, day, given),
                    self._unused_days(entry, used, oldest),
                    self.tag_expired(entry.key, day) if entry.key in engine.catalogue.tags else 0,
                )
            )
        return health(known, engine, day, progress=progress, cancelled=cancelled)

    def refresh_timer(self) -> int | None:
        """Return the hour of the day, in the workspace's zone, at which the app refreshes; None = never."""
        found = self._runs.setting(_TIMER)
        return None if found is None else found.get("hour")

    def set_refresh_timer(self, hour: int | None, *, actor: Actor) -> None:
        """Let the app refresh every day at an hour, or no longer.

        Raises
        ------
        WorkspaceError
            If the hour is none of 0 to 23.
        """
        if hour is not None and not 0 <= hour <= 23:
            raise WorkspaceError(Problem("refresh_hour", "hour", {"given": hour}))
        self._runs.set_setting(_TIMER, {"hour": hour}, clean_actor(actor), self._now())

    def _refresh(
        self, tags: list[dict[str, Any]], audiences: list[dict[str, Any]], actor: Actor, day: date,
        progress: Callable[[RefreshProgress], None] | None, cancelled: Callable[[], bool] | None,
    ) -> None:  # fmt: skip
        version, engine = self._engine()
        newest = self._runs.newest_readings()
        given = {record.definition.key: record.given_no for record in self._tags.all()}
        due = [
            entry
            for entry in self.tag_entries()
            if entry.status == "active"
            and entry.key in engine.catalogue.tags
            and self._is_due(entry, newest.get(entry.key), version.id, day, given)
        ]
        total = len(due) + sum(audience.fixed_to is None for audience in self.audiences())
        for done, entry in enumerate(due):
            if cancelled is not None and cancelled():
                raise Cancelled(Problem("cancelled"))
            if progress is not None:
                progress(RefreshProgress("tag", entry.key, done, total))
            tags.append(self._read(entry, day, given.get(entry.key, 0)))

        def told(done: int, _count: int, name: str) -> None:
            if progress is not None:
                progress(RefreshProgress("audience", name, len(due) + done, total))

        for refreshed in self.refresh_audiences(actor=actor, as_of=day, progress=told, cancelled=cancelled):
            if refreshed.is_new or refreshed.why_not is not None:
                audiences.append(refreshed.as_json())

    def _read(self, entry: TagEntry, day: date, given_no: int) -> dict[str, Any]:
        """Read one tag and keep that; one that cannot be computed is told and stops no other."""
        version, engine = self._engine()
        others = [each for each in self._runs.readings(entry.key) if each.data_version != version.id]
        of_now = (entry.version, given_no)
        # Bins are those of the reading before, so that the two compare; another definition has its own.
        before = next((each for each in others[:1] if (each.tag_version, each.given_no) == of_now), None)
        try:
            found = distribution_of(
                engine, entry.key, day, like=None if before is None else before.distribution
            )
        except CoterieError as error:
            return {"key": entry.key, "error": dict(message_of(error.problems[0]))}
        self._runs.add_reading(
            TagReading(entry.key, version.id, day, entry.version, given_no, self._now(), found)
        )
        drift = None if before is None else drift_of([found, before.distribution])
        return {
            "key": entry.key,
            "with_value": found.with_value,
            "base": found.base,
            "psi": None if drift is None else drift.psi,
            "mark": None if drift is None else drift.mark,
            "vanished": [] if drift is None else list(drift.vanished),
            "error": None,
        }

    def _is_due(
        self, entry: TagEntry, last: TagReading | None, data_version: str, day: date, given: dict[str, int]
    ) -> bool:
        return is_due(
            last, entry.definition.refresh, data_version=data_version, as_of=day, tag_version=entry.version,
            given_no=given.get(entry.key, 0),
        )  # fmt: skip

    def _last_uses(self) -> dict[str, datetime]:
        """Return when each tag was last used: now if a tag or audience names it, else when exported."""
        found: dict[str, datetime] = {}
        now = self._now()
        for entry in self.tag_entries():
            if self.tag_uses(entry.key):
                found[entry.key] = now
        for record in self._records.exports(1000):
            for key in (*record.fields, *_tags_of_rule(record.rule)):
                found[key] = max(found.get(key, record.at), record.at)
        return found

    def _unused_days(self, entry: TagEntry, used: dict[str, datetime], oldest: datetime) -> int | None:
        since = max(entry.changed_at or oldest, used.get(entry.key, oldest))
        days = (self._now() - since) // timedelta(days=1)
        return days if days > 0 else None

    @contextlib.contextmanager
    def _only_refresh(self) -> Iterator[None]:
        """Hold off other refreshes of this workspace, in this process and in others.

        Raises
        ------
        Conflict
            If one is under way, with who started it and when.
        """
        try:
            lock = os.open(self.root / "refresh.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            params = {"root": str(self.root), "why": error.strerror or str(error)}
            raise WorkspaceError(Problem("workspace_unwritable", params=params)) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                running = next(iter(self._runs.runs(1)), None)
                by = "?" if running is None else running.by.name
                at = datetime.now(UTC) if running is None else running.started_at
                params = {"by": by, "at": at.isoformat(sep=" ", timespec="seconds")}
                raise Conflict(Problem("refresh_running", params=params)) from error
            yield
        finally:
            os.close(lock)


def _of_versions(readings: list[TagReading]) -> list[TagReading]:
    """Return the newest reading of each data version, of the present definition only."""
    found: dict[str, TagReading] = {}
    for reading in readings:
        if (reading.tag_version, reading.given_no) != (readings[0].tag_version, readings[0].given_no):
            break
        found.setdefault(reading.data_version, reading)
    return list(found.values())


def _tags_of_rule(rule: dict[str, Any]) -> tuple[str, ...]:
    read = remains_of(rule)
    return () if read is None else tags_in(read)
