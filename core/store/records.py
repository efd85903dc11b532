"""The log and the exports: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audiences.records import Action, Actor, ExportRecord, Format, LogEntry, Purpose
from core.store.database import Database
from core.store.models import ExportRow, LogRow


class RecordStore:
    """What was done and what was taken away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self) -> None:
        """Open the database, so that work which must be logged is not begun where it cannot be.

        Raises
        ------
        WorkspaceError
            If the database is gone, damaged or newer than this program.
        """
        with self._database.reading():
            pass

    def add(
        self, at: datetime, actor: Actor, action: Action, subject: str, detail: Mapping[str, Any]
    ) -> None:
        """Add one entry to the log."""
        with self._database.writing() as session:
            add_entry(session, at, actor, action, subject, detail)

    def add_export(self, record: ExportRecord, *, before_commit: Callable[[], None]) -> None:
        """Keep an export and its log entry.

        Parameters
        ----------
        before_commit : callable
            Puts the files in place. If it raises, nothing is kept; if the commit fails after it, the error
            is raised and the caller takes the files away again.
        """
        with self._database.writing() as session:
            session.add(_row_of(record))
            add_entry(
                session, record.at, record.by, "export", record.file_name,
                {
                    "id": record.id, "purpose": record.purpose, "rows": record.rows,
                    "fields": list(record.fields), "revealed": list(record.revealed),
                    "reason": record.reason, "audience": record.audience_name,
                },
            )  # fmt: skip
            session.flush()
            before_commit()

    def exports(self, limit: int) -> list[ExportRecord]:
        """Return the newest exports, newest first."""
        with self._database.reading() as session:
            newest = select(ExportRow).order_by(ExportRow.at.desc(), ExportRow.id).limit(limit)
            return [_record_of(row) for row in session.scalars(newest)]

    def entries(self, limit: int) -> list[LogEntry]:
        """Return the newest entries of the log, newest first."""
        with self._database.reading() as session:
            newest = select(LogRow).order_by(LogRow.id.desc()).limit(limit)
            return [
                LogEntry(
                    row.id,
                    row.at,
                    Actor(row.by, row.by_verified),
                    cast(Action, row.action),
                    row.subject,
                    row.detail,
                )
                for row in session.scalars(newest)
            ]


def add_entry(
    session: Session, at: datetime, actor: Actor, action: Action, subject: str, detail: Mapping[str, Any]
) -> None:
    """Add one entry to the log within a transaction that does the thing itself."""
    session.add(
        LogRow(
            at=at,
            by=actor.name,
            by_verified=actor.verified,
            action=action,
            subject=subject,
            detail=dict(detail),
        )
    )


def _row_of(record: ExportRecord) -> ExportRow:
    values = asdict(record) | {
        "by": record.by.name,
        "by_verified": record.by.verified,
        "fields": list(record.fields),
        "revealed": list(record.revealed),
    }
    return ExportRow(**values)


def _record_of(row: ExportRow) -> ExportRecord:
    return ExportRecord(
        id=row.id, at=row.at, by=Actor(row.by, row.by_verified), audience_name=row.audience_name,
        purpose=cast(Purpose, row.purpose), reason=row.reason, format=cast(Format, row.format),
        fields=tuple(row.fields), revealed=tuple(row.revealed), rule=row.rule, sentence=row.sentence,
        data_version=row.data_version, as_of=row.as_of, rows=row.rows, sha256=row.sha256,
        file_name=row.file_name, path=row.path, people=row.people,
    )  # fmt: skip
