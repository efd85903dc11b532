"""Saved audiences. Whoever changes one names the revision they saw; of two at once, exactly one wins."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.naming import clean_name, clean_note, copy_name, folded, names_audience
from core.audiences.records import Action, Actor, Audience
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.store.database import Database
from core.store.models import AudienceRow
from core.store.records import add_entry


class AudienceStore:
    """Audiences in the database; every change stands in the log, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Audience]:
        """Return every audience, the last changed first."""
        with self._database.reading() as session:
            newest = select(AudienceRow).order_by(AudienceRow.changed_at.desc(), AudienceRow.id)
            return [audience_of(row) for row in session.scalars(newest)]

    def get(self, id_or_name: str) -> Audience:
        """Return one audience by its id, else by its name.

        Raises
        ------
        NotFound
            If there is none, with the nearest name.
        """
        with self._database.reading() as session:
            return audience_of(_found(session, id_or_name))

    def create(self, name: str, note: str, rule: dict[str, Any], actor: Actor, at: datetime) -> Audience:
        """Keep a new audience.

        Raises
        ------
        Conflict
            If the name is taken, with who made that one and when.
        """

        def change(session: Session) -> AudienceRow:
            row = _new(clean_name(name), clean_note(note), rule, actor, at)
            _refuse_taken(session, row.name, but=None)
            session.add(row)
            return row

        return self._changed("save_audience", change, actor, at, new=True)

    def save(
        self, audience_id: str, revision: int, *, name: str, note: str, rule: dict[str, Any], actor: Actor,
        at: datetime,
    ) -> Audience:  # fmt: skip
        """Replace what an audience holds.

        Raises
        ------
        Conflict
            If it has been changed since `revision`, or if the name is taken.
        NotFound
            If it is gone.
        """

        def change(session: Session) -> AudienceRow:
            row = _found_by_id(session, audience_id)
            _refuse_stale(row, revision)
            _set_name(session, row, name)
            row.note, row.rule = clean_note(note), rule
            return _touched(row, actor, at)

        return self._changed("save_audience", change, actor, at)

    def rename(
        self, audience_id: str, name: str, actor: Actor, at: datetime, *, revision: int | None = None
    ) -> Audience:
        """Give an audience another name; without `revision` whatever it has become meanwhile."""

        def change(session: Session) -> AudienceRow:
            row = _found_by_id(session, audience_id)
            if revision is not None:
                _refuse_stale(row, revision)
            _set_name(session, row, name)
            return _touched(row, actor, at)

        return self._changed("rename_audience", change, actor, at)

    def duplicate(self, audience_id: str, actor: Actor, at: datetime, *, name: str | None = None) -> Audience:
        """Make a copy under another name; None = the old name with a number."""

        def change(session: Session) -> AudienceRow:
            old = _found_by_id(session, audience_id)
            if name is None:
                new_name = copy_name(old.name, set(session.scalars(select(AudienceRow.folded_name))))
            else:
                new_name = clean_name(name)
                _refuse_taken(session, new_name, but=None)
            row = _new(new_name, old.note, old.rule, actor, at)
            session.add(row)
            return row

        return self._changed("duplicate_audience", change, actor, at, new=True)

    def delete(self, audience_id: str, actor: Actor, at: datetime, *, revision: int | None = None) -> None:
        """Delete an audience; the log keeps its name.

        Raises
        ------
        Conflict
            If it has been changed since `revision` (where given), or the rules of other audiences name it,
            with all such audiences.
        """
        with self._database.writing() as session:
            row = _found_by_id(session, audience_id)
            if revision is not None:
                _refuse_stale(row, revision)
            others = session.scalars(
                select(AudienceRow).where(AudienceRow.id != row.id).order_by(AudienceRow.name)
            )
            users = tuple(other.name for other in others if names_audience(other.rule, row.id, row.name))
            if users:
                raise Conflict(Problem("audience_in_use", params={"name": row.name, "audiences": users}))
            session.delete(row)
            add_entry(
                session, at, actor, "delete_audience", row.name, {"id": row.id, "revision": row.revision}
            )

    def _changed(
        self, action: Action, change: Callable[[Session], AudienceRow], actor: Actor, at: datetime, *,
        new: bool = False,
    ) -> Audience:  # fmt: skip
        try:
            with self._database.writing() as session:
                row = change(session)
                session.flush()
                detail = {"id": row.id, "revision": row.revision, "new": new}
                add_entry(session, at, actor, action, row.name, detail)
                return audience_of(row)
        except IntegrityError:
            # PostgreSQL lets two transactions pass the check of the name side by side; the constraint does
            # not. The second round meets the winner and names it.
            with self._database.writing() as session:
                row = change(session)
                session.flush()
                add_entry(
                    session, at, actor, action, row.name, {"id": row.id, "revision": row.revision, "new": new}
                )
                return audience_of(row)


def _new(name: str, note: str, rule: dict[str, Any], actor: Actor, at: datetime) -> AudienceRow:
    return AudienceRow(
        id=secrets.token_hex(8), name=name, folded_name=folded(name), note=note, rule=rule,
        created_at=at, created_by=actor.name, created_by_verified=actor.verified,
        changed_at=at, changed_by=actor.name, changed_by_verified=actor.verified, revision=1,
    )  # fmt: skip


def _touched(row: AudienceRow, actor: Actor, at: datetime) -> AudienceRow:
    row.changed_at, row.changed_by, row.changed_by_verified = at, actor.name, actor.verified
    row.revision += 1
    return row


def _set_name(session: Session, row: AudienceRow, name: str) -> None:
    cleaned = clean_name(name)
    _refuse_taken(session, cleaned, but=row.id)
    row.name, row.folded_name = cleaned, folded(cleaned)


def _found_by_id(session: Session, audience_id: str) -> AudienceRow:
    # The row stays locked to the end of the transaction, so that of two savers the second sees the first's
    # revision (SQLite has locked the whole database already).
    row = session.get(AudienceRow, audience_id, with_for_update=True)
    if row is None:
        raise NotFound(Problem("audience_unknown", params={"name": audience_id}))
    return row


def _found(session: Session, id_or_name: str) -> AudienceRow:
    row = session.get(AudienceRow, id_or_name)
    if row is None:
        row = session.scalar(select(AudienceRow).where(AudienceRow.folded_name == folded(id_or_name)))
    if row is None:
        names = tuple(session.scalars(select(AudienceRow.name).order_by(AudienceRow.name)))
        raise NotFound(
            Problem(
                "audience_unknown",
                params={"name": id_or_name},
                allowed=names,
                nearest=nearest_name(id_or_name, names),
            )
        )
    return row


def _refuse_taken(session: Session, name: str, *, but: str | None) -> None:
    other = session.scalar(select(AudienceRow).where(AudienceRow.folded_name == folded(name)))
    if other is not None and other.id != but:
        raise Conflict(
            Problem(
                "audience_name_taken",
                params={"name": other.name, "by": other.changed_by, "at": _when(other.changed_at)},
            )
        )


def _refuse_stale(row: AudienceRow, revision: int) -> None:
    if row.revision != revision:
        raise Conflict(
            Problem(
                "audience_changed",
                params={
                    "name": row.name,
                    "by": row.changed_by,
                    "at": _when(row.changed_at),
                    "revision": row.revision,
                    "seen": revision,
                },
            )
        )


def _when(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def rewrite_rule(
    session: Session, audience: Audience, rule: dict[str, Any], actor: Actor, at: datetime
) -> None:
    """Give an audience another rule within a transaction; raises Conflict if it was changed since."""
    row = _found_by_id(session, audience.id)
    _refuse_stale(row, audience.revision)
    row.rule = rule
    _touched(row, actor, at)
    add_entry(
        session, at, actor, "save_audience", row.name, {"id": row.id, "revision": row.revision, "new": False}
    )


def audience_of(row: AudienceRow) -> Audience:
    """Return an audience as inert data."""
    return Audience(
        id=row.id, name=row.name, note=row.note, rule=row.rule,
        created_at=row.created_at, created_by=Actor(row.created_by, row.created_by_verified),
        changed_at=row.changed_at, changed_by=Actor(row.changed_by, row.changed_by_verified),
        revision=row.revision,
    )  # fmt: skip
