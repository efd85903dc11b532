"""Rows of audiences: how they are made, found, refused and noted within a transaction."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.audiences.naming import clean_name, folded
from core.audiences.records import Action, Actor, Audience, AudienceVersion, DeletedAudience
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.store.models import AudienceRow, AudienceVersionRow
from core.store.records import add_entry


def present() -> Select[AudienceRow]:
    """Return the question for all audiences but the deleted ones."""
    return select(AudienceRow).where(AudienceRow.deleted_at.is_(None))


def locked(session: Session, audience_id: str) -> AudienceRow:
    """Return the row of an audience, for changing it; raises NotFound if there is none."""
    # The row stays locked to the end of the transaction, so that of two savers the second sees the first's
    # revision (SQLite has locked the whole database already).
    row = session.get(AudienceRow, audience_id, with_for_update=True)
    if row is None or row.deleted_at is not None:
        raise NotFound(Problem("audience_unknown", params={"name": audience_id}))
    return row


def new_row(name: str, note: str, rule: dict[str, Any], actor: Actor, at: datetime) -> AudienceRow:
    """Return the row of a new audience of the actor, not yet in a session."""
    return AudienceRow(
        id=secrets.token_hex(8), name=name, folded_name=folded(name), note=note, rule=rule,
        created_at=at, created_by=actor.name, created_by_verified=actor.verified,
        changed_at=at, changed_by=actor.name, changed_by_verified=actor.verified, revision=1,
        folder="", owner=actor.name, fixed_to=None, alert=None,
    )  # fmt: skip


def note_version(
    session: Session, row: AudienceRow, action: Action, actor: Actor, at: datetime, *, new: bool = False
) -> None:
    """Write down the state that an audience is in now, and a row of the log."""
    session.add(
        AudienceVersionRow(
            audience_id=row.id, revision=row.revision, name=row.name, note=row.note, rule=row.rule,
            folder=row.folder, owner=row.owner, fixed_to=row.fixed_to, alert=row.alert, action=action, at=at,
            by=actor.name, by_verified=actor.verified,
        )
    )  # fmt: skip
    add_entry(session, at, actor, action, row.name, {"id": row.id, "revision": row.revision, "new": new})


def touched(row: AudienceRow, actor: Actor, at: datetime) -> AudienceRow:
    """Note on a row who changed it when, as its next revision."""
    row.changed_at, row.changed_by, row.changed_by_verified = at, actor.name, actor.verified
    row.revision += 1
    return row


def set_name(session: Session, row: AudienceRow, name: str) -> None:
    """Give a row a name that is free; raises Conflict if it is taken."""
    cleaned = clean_name(name)
    refuse_taken(session, cleaned, but=row.id)
    row.name, row.folded_name = cleaned, folded(cleaned)


def found_deleted(session: Session, audience_id: str) -> AudienceRow:
    """Return the row of a deleted audience, locked; raises NotFound if there is none."""
    row = session.get(AudienceRow, audience_id, with_for_update=True)
    if row is None or row.deleted_at is None:
        raise NotFound(Problem("audience_not_deleted", params={"name": audience_id}))
    return row


def found(session: Session, id_or_name: str) -> AudienceRow:
    """Return the row of an audience by its id, else its name; raises NotFound with the nearest name."""
    row = session.scalar(present().where(AudienceRow.id == id_or_name))
    if row is None:
        row = session.scalar(present().where(AudienceRow.folded_name == folded(id_or_name)))
    if row is None:
        names = tuple(each.name for each in session.scalars(present().order_by(AudienceRow.name)))
        raise NotFound(
            Problem(
                "audience_unknown",
                params={"name": id_or_name},
                allowed=names,
                nearest=nearest_name(id_or_name, names),
            )
        )
    return row


def refuse_taken(session: Session, name: str, *, but: str | None) -> None:
    """Raise Conflict if another audience than `but` bears a name, with who changed that one when."""
    other = session.scalar(select(AudienceRow).where(AudienceRow.folded_name == folded(name)))
    if other is not None and other.id != but:
        raise Conflict(name_taken(other.name, other.changed_by, other.changed_at))


def name_taken(name: str, by: str, at: datetime) -> Problem:
    """Return the problem of a name that another audience bears, who changed it last and when."""
    return Problem("audience_name_taken", params={"name": name, "by": by, "at": _when(at)})


def refuse_stale(row: AudienceRow, revision: int) -> None:
    """Raise Conflict if a row is no longer at a revision, with who changed it when."""
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
    """Give an audience another rule within a transaction, also a deleted one that can be restored.

    Raises
    ------
    Conflict
        If it was changed since.
    """
    row = session.get(AudienceRow, audience.id, with_for_update=True)
    if row is None:
        return  # let go meanwhile: there is no rule any more
    refuse_stale(row, audience.revision)
    row.rule = rule
    note_version(session, touched(row, actor, at), "save_audience", actor, at)


def audience_of(row: AudienceRow) -> Audience:
    """Return an audience as inert data."""
    return Audience(
        id=row.id, name=row.name, note=row.note, rule=row.rule,
        created_at=row.created_at, created_by=Actor(row.created_by, row.created_by_verified),
        changed_at=row.changed_at, changed_by=Actor(row.changed_by, row.changed_by_verified),
        revision=row.revision, folder=row.folder, owner=row.owner, fixed_to=row.fixed_to, alert=row.alert,
    )  # fmt: skip


def deleted_of(row: AudienceRow) -> DeletedAudience:
    """Return a deleted audience as inert data."""
    if row.deleted_at is None or row.deleted_by is None:
        raise ValueError(f"{row.id} is not deleted")
    return DeletedAudience(
        audience_of(row), row.deleted_at, Actor(row.deleted_by, bool(row.deleted_by_verified))
    )


def version_of(row: AudienceVersionRow) -> AudienceVersion:
    """Return a version as inert data."""
    return AudienceVersion(
        revision=row.revision, name=row.name, note=row.note, rule=row.rule, folder=row.folder,
        owner=row.owner, fixed_to=row.fixed_to, alert=row.alert, action=row.action, at=row.at,
        by=Actor(row.by, row.by_verified),
    )  # fmt: skip
