"""Tags that operators made. Whoever changes one names the version they saw; of two at once, one wins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.records import Action, Actor, Audience
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.messages import Text, message_of
from core.store.audiences import audience_of
from core.store.database import Database
from core.store.models import AudienceRow, TagRow, TagVersionRow
from core.store.records import add_entry
from core.tags.records import MOVES, Status, TagDefinition, TagRecord, TagVersion, status_text

Stamp = tuple[int, int]


class TagStore:
    """Tags in the database; every change is a version and stands in the log, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stamp(self) -> Stamp:
        """Return what changes with every change of any tag: how many tags and versions there are."""
        with self._database.reading() as session:
            count, versions = session.execute(
                select(func.count(), func.coalesce(func.sum(TagRow.version), 0)).select_from(TagRow)
            ).one()
            return int(count), int(versions)

    def all(self) -> list[TagRecord]:
        """Return every tag, by key."""
        with self._database.reading() as session:
            return [_record(row) for row in session.scalars(select(TagRow).order_by(TagRow.key))]

    def get(self, key: str) -> TagRecord:
        """Return one tag; raises NotFound with the nearest key."""
        with self._database.reading() as session:
            return _record(_found(session, key))

    def versions(self, key: str) -> list[TagVersion]:
        """Return the states that a tag was in, the newest first."""
        with self._database.reading() as session:
            _found(session, key)
            rows = (
                select(TagVersionRow).where(TagVersionRow.key == key).order_by(TagVersionRow.version.desc())
            )
            return [
                TagVersion(
                    row.version, TagDefinition.from_json(row.definition), cast(Status, row.status), row.note,
                    row.at, row.by,
                )
                for row in session.scalars(rows)
            ]  # fmt: skip

    def create(
        self,
        definition: TagDefinition,
        status: Status,
        actor: Actor,
        at: datetime,
        *,
        admit: Callable[[list[TagRecord]], None],
    ) -> TagRecord:
        """Keep a new tag.

        Parameters
        ----------
        admit : callable (all other tags)
            Asked within the transaction; what it raises keeps the tag out.

        Raises
        ------
        Conflict
            If the key is taken.
        """
        taken = Conflict(Problem("tag_key_taken", "key", {"name": definition.key}))
        try:
            with self._database.writing() as session:
                if session.get(TagRow, definition.key) is not None:
                    raise taken
                admit([_record(row) for row in session.scalars(select(TagRow))])
                row = TagRow(
                    key=definition.key, status=status, version=1, stands_at=None,
                    definition=definition.as_json(), created_at=at, created_by=actor.name,
                    created_by_verified=actor.verified, changed_at=at, changed_by=actor.name,
                    changed_by_verified=actor.verified,
                )  # fmt: skip
                session.add(row)
                session.flush()
                _write_version(session, row, "", actor, at, "create_tag")
                return _record(row)
        except IntegrityError as error:  # PostgreSQL lets two creators pass the check side by side
            raise taken from error

    def change(
        self,
        definition: TagDefinition,
        version: int,
        note: str,
        actor: Actor,
        at: datetime,
        *,
        admit: Callable[[list[TagRecord]], None],
        told: Callable[[TagDefinition, TagDefinition], list[Text]],
    ) -> TagRecord:
        """Give a tag another definition, as its next version.

        Parameters
        ----------
        version : int
            The version that the caller saw.
        told : callable (before, after) -> sentences
            Says what differs between two definitions.

        Raises
        ------
        Conflict
            If somebody changed it since, with who, when and what.
        NotFound
            If there is no such tag.
        """
        with self._database.writing() as session:
            row = _found(session, definition.key, locked=True)
            _refuse_stale(session, row, version, told)
            admit([_record(other) for other in session.scalars(select(TagRow)) if other.key != row.key])
            row.definition = definition.as_json()
            _touch(row, actor, at)
            _write_version(session, row, note, actor, at, "change_tag")
            return _record(row)

    def move(
        self,
        key: str,
        status: Status,
        actor: Actor,
        at: datetime,
        *,
        stands_at: date | None = None,
        admit: Callable[[TagRecord, list[TagRecord], list[Audience]], None],
    ) -> TagRecord:
        """Give a tag another status.

        Parameters
        ----------
        stands_at : datetime.date or None
            Of a tag that is paused, the day whose values it keeps.
        admit : callable (tag, all other tags, all audiences)
            Asked within the transaction; what it raises leaves everything as it is.

        Raises
        ------
        Conflict
            If the status cannot follow the present one.
        """
        with self._database.writing() as session:
            row = _found(session, key, locked=True)
            record = _record(row)
            allowed = MOVES[record.status]
            if status not in allowed:
                params = {
                    "name": row.key, "status": status_text(record.status), "wanted": status_text(status),
                    "allowed": [status_text(each) for each in allowed],
                }  # fmt: skip
                raise Conflict(Problem("tag_move_refused", params=params, allowed=allowed))
            others = [_record(other) for other in session.scalars(select(TagRow)) if other.key != key]
            admit(record, others, [audience_of(row) for row in session.scalars(select(AudienceRow))])
            row.status, row.stands_at = status, stands_at
            _touch(row, actor, at)
            _write_version(session, row, "", actor, at, "move_tag")
            return _record(row)


def _touch(row: TagRow, actor: Actor, at: datetime) -> None:
    row.version += 1
    row.changed_at, row.changed_by, row.changed_by_verified = at, actor.name, actor.verified


def _write_version(
    session: Session, row: TagRow, note: str, actor: Actor, at: datetime, action: Action
) -> None:
    session.add(
        TagVersionRow(
            key=row.key, version=row.version, status=row.status, definition=row.definition, note=note, at=at,
            by=actor.name, by_verified=actor.verified,
        )
    )  # fmt: skip
    add_entry(session, at, actor, action, row.key, {"version": row.version, "status": row.status})


def _found(session: Session, key: str, *, locked: bool = False) -> TagRow:
    row = session.get(TagRow, key, with_for_update=locked)
    if row is None:
        keys = tuple(session.scalars(select(TagRow.key).order_by(TagRow.key)))
        raise NotFound(Problem("tag_unknown", None, {"name": key}, keys, nearest_name(key, keys)))
    return row


def _refuse_stale(
    session: Session,
    row: TagRow,
    seen: int,
    told: Callable[[TagDefinition, TagDefinition], list[Text]],
) -> None:
    if row.version == seen:
        return
    old = session.get(TagVersionRow, (row.key, seen))
    now = TagDefinition.from_json(row.definition)
    changes = [] if old is None else told(TagDefinition.from_json(old.definition), now)
    params = {
        "name": row.key, "by": row.changed_by, "at": row.changed_at.isoformat(sep=" ", timespec="seconds"),
        "version": row.version, "seen": seen,
        "changes": changes or message_of(Problem("tag_nothing_changed")),
    }  # fmt: skip
    raise Conflict(Problem("tag_changed", params=params))


def _record(row: TagRow) -> TagRecord:
    return TagRecord(
        TagDefinition.from_json(row.definition), cast(Status, row.status), row.version, row.stands_at,
        row.created_at, row.created_by, row.changed_at, row.changed_by,
    )  # fmt: skip
