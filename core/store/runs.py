"""Readings of tags over data versions, the runs of refreshes, and the settings that they follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.audiences.records import Actor
from core.store.database import Database
from core.store.models import RefreshRunRow, SettingRow, TagReadingRow
from core.store.records import add_entry
from core.tags.distributions import Distribution
from core.tags.readings import RefreshRun, RunState, TagReading


class RunStore:
    """What refreshes leave behind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def readings(self, key: str) -> list[TagReading]:
        """Return the readings of a tag, the newest first."""
        with self._database.reading() as session:
            rows = (
                select(TagReadingRow)
                .where(TagReadingRow.key == key)
                .order_by(TagReadingRow.at.desc(), TagReadingRow.as_of.desc())
            )
            return [_reading(row) for row in session.scalars(rows)]

    def newest_readings(self) -> dict[str, TagReading]:
        """Return the newest reading of every tag that was ever read."""
        with self._database.reading() as session:
            found: dict[str, TagReading] = {}
            for row in session.scalars(select(TagReadingRow).order_by(TagReadingRow.at)):
                found[row.key] = _reading(row)
            return found

    def add_reading(self, reading: TagReading) -> None:
        """Keep a reading, in place of one of the same data version and day."""
        with self._database.writing() as session:
            session.merge(
                TagReadingRow(
                    key=reading.key, data_version=reading.data_version, as_of=reading.as_of,
                    tag_version=reading.tag_version, given_no=reading.given_no,
                    distribution=reading.distribution.as_json(), at=reading.at,
                )
            )  # fmt: skip

    def runs(self, limit: int) -> list[RefreshRun]:
        """Return the newest runs, the newest first."""
        with self._database.reading() as session:
            newest = select(RefreshRunRow).order_by(RefreshRunRow.started_at.desc()).limit(limit)
            return [_run(row) for row in session.scalars(newest)]

    def bury(self) -> None:
        """Note that runs which never ended were killed. Whoever says so holds the lock: none is under way."""
        with self._database.writing() as session:
            _bury(session)

    def begin(self, run: RefreshRun) -> None:
        """Note that a run has begun, and those that never ended were killed. The caller holds the lock."""
        with self._database.writing() as session:
            _bury(session)
            session.add(
                RefreshRunRow(
                    id=run.id, started_at=run.started_at, finished_at=None, state=run.state, as_of=run.as_of,
                    data_version=run.data_version, result=run.result(), by=run.by.name,
                    by_verified=run.by.verified,
                )
            )  # fmt: skip

    def end(self, run: RefreshRun) -> None:
        """Note what a run did."""
        with self._database.writing() as session:
            row = session.get(RefreshRunRow, run.id)
            if row is None:
                raise LookupError(f"no run {run.id} has begun")
            row.finished_at, row.state, row.result = run.finished_at, run.state, run.result()
            at = run.finished_at or run.started_at
            detail = {"tags": len(run.tags), "audiences": len(run.audiences), "state": run.state}
            add_entry(session, at, run.by, "refresh", run.data_version, detail)

    def setting(self, name: str) -> dict[str, Any] | None:
        """Return a setting; None = nobody has set it."""
        with self._database.reading() as session:
            row = session.get(SettingRow, name)
            return None if row is None else row.value

    def set_setting(self, name: str, value: Mapping[str, Any], actor: Actor, at: datetime) -> None:
        """Set a setting."""
        with self._database.writing() as session:
            session.merge(SettingRow(name=name, value=dict(value)))
            add_entry(session, at, actor, "change_setting", name, dict(value))


def _bury(session: Session) -> None:
    session.execute(update(RefreshRunRow).where(RefreshRunRow.state == "running").values(state="killed"))


def _reading(row: TagReadingRow) -> TagReading:
    return TagReading(
        row.key, row.data_version, row.as_of, row.tag_version, row.given_no, row.at,
        Distribution.from_json(row.distribution),
    )  # fmt: skip


def _run(row: RefreshRunRow) -> RefreshRun:
    result = row.result
    return RefreshRun(
        id=row.id, started_at=row.started_at, finished_at=row.finished_at, state=cast(RunState, row.state),
        as_of=date.fromisoformat(str(row.as_of)), data_version=row.data_version,
        by=Actor(row.by, row.by_verified), tags=tuple(result.get("tags", ())),
        audiences=tuple(result.get("audiences", ())),
    )  # fmt: skip
