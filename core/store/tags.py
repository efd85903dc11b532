"""Tags that operators made. Whoever changes one names the version they saw; of two at once, one wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.records import Action, Actor, Audience
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.lake.versions import FileRef
from core.messages import Text, message_of
from core.store.audience_rows import audience_of, present, rewrite_rule
from core.store.database import Database, Signature
from core.store.models import TagRow, TagVersionRow
from core.store.records import add_entry
from core.tags.records import MOVES, GivenFile, Status, TagDefinition, TagRecord, TagVersion, status_text

Stamp = tuple[int, int]


class TagStore:
    """Tags in the database; every change is a version and stands in the log, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: tuple[Signature, Stamp] | None = None

    def stamp(self) -> Stamp:
        """Return what changes with every change of any tag: how many there are, how often they changed."""
        signature = self._database.signature()
        if signature == ():  # not even a file: reading would make one
            return 0, 0
        seen = self._seen
        if signature is not None and seen is not None and seen[0] == signature:
            return seen[1]
        with self._database.reading() as session:
            changes = func.coalesce(func.sum(TagRow.version + TagRow.given_no), 0)
            count, changed = session.execute(select(func.count(), changes).select_from(TagRow)).one()
        stamp = int(count), int(changed)
        self._seen = None if signature is None else (signature, stamp)
        return stamp

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
            return [_version(row) for row in session.scalars(rows)]

    def version(self, key: str, number: int) -> TagVersion:
        """Return one state that a tag was in; raises NotFound if there was none of that number."""
        with self._database.reading() as session:
            newest = _found(session, key).version
            row = session.get(TagVersionRow, (key, number))
            if row is None:
                params = {"name": key, "version": number, "newest": newest}
                raise NotFound(Problem("tag_version_unknown", params=params))
            return _version(row)

    def create(
        self,
        definitions: Sequence[TagDefinition],
        status: Status,
        actor: Actor,
        at: datetime,
        *,
        admit: Callable[[list[TagRecord]], None],
    ) -> list[TagRecord]:
        """Keep new tags, all or none.

        Parameters
        ----------
        admit : callable (all other tags)
            Asked within the transaction; what it raises keeps the tags out.

        Raises
        ------
        Conflict
            With every key that is taken.
        """
        keys = [definition.key for definition in definitions]
        try:
            with self._database.writing() as session:
                _refuse_taken(session, keys)
                admit([_record(row) for row in session.scalars(select(TagRow))])
                rows = [_new(definition, status, actor, at) for definition in definitions]
                session.add_all(rows)
                session.flush()
                for row in rows:
                    _write_version(session, row, "", actor, at, "create_tag")
                return [_record(row) for row in rows]
        except IntegrityError:
            # PostgreSQL lets two creators pass the check side by side; the second round meets the winner.
            with self._database.reading() as session:
                _refuse_taken(session, keys)
            raise

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
            admit(record, others, [audience_of(row) for row in session.scalars(present())])
            row.status, row.stands_at = status, stands_at
            _touch(row, actor, at)
            _write_version(session, row, "", actor, at, "move_tag")
            return _record(row)

    def give(
        self, key: str, file: FileRef, seen: int, detail: Mapping[str, object], actor: Actor, at: datetime
    ) -> TagRecord | None:
        """Put another file of given values in the place of that which the caller read.

        Parameters
        ----------
        seen : int
            The record's `given_no` when the file was read.
        detail : mapping
            What changed, for the log.

        Returns
        -------
        TagRecord or None
            None if somebody else gave values in between: read again.
        """
        with self._database.writing() as session:
            row = _found(session, key, locked=True)
            if row.given_no != seen:
                return None
            row.given = {**file.model_dump(mode="json"), "at": at.isoformat(), "by": actor.name}
            row.given_no += 1
            add_entry(session, at, actor, "give_tag_values", row.key, dict(detail))
            return _record(row)

    def given_files(self) -> frozenset[str]:
        """Return the names of the files that hold given values of some tag."""
        with self._database.reading() as session:
            return frozenset(given["name"] for given in session.scalars(select(TagRow.given)) if given)

    def merge(
        self,
        key: str,
        into: str,
        definitions: Sequence[tuple[TagDefinition, int]],
        rules: Sequence[tuple[Audience, dict[str, Any]]],
        actor: Actor,
        at: datetime,
    ) -> TagRecord:
        """Let everything that names a tag name another one, and retire it; all or nothing.

        Parameters
        ----------
        definitions : sequence of (definition, version)
            The tags that are rewritten, with the versions that the caller saw.
        rules : sequence of (audience, rule)
            The audiences that are rewritten, as the caller saw them, with their new rules; deleted ones too,
            so that they fit when they are restored.

        Raises
        ------
        Conflict
            If one of them was changed in between.
        """
        with self._database.writing() as session:
            row = _found(session, key, locked=True)
            note = {"merged_into": into}
            for definition, version in definitions:
                user = _found(session, definition.key, locked=True)
                _refuse_stale(session, user, version, lambda *_: [])
                user.definition = definition.as_json()
                _touch(user, actor, at)
                _write_version(session, user, "", actor, at, "merge_tag")
            for audience, rule in rules:
                rewrite_rule(session, audience, rule, actor, at)
            row.status, row.stands_at = "retired", None
            _touch(row, actor, at)
            _write_version(session, row, "", actor, at, "merge_tag", note)
            return _record(row)


def _new(definition: TagDefinition, status: Status, actor: Actor, at: datetime) -> TagRow:
    return TagRow(
        key=definition.key, status=status, version=1, stands_at=None, definition=definition.as_json(),
        given=None, given_no=0, created_at=at, created_by=actor.name, created_by_verified=actor.verified,
        changed_at=at, changed_by=actor.name, changed_by_verified=actor.verified,
    )  # fmt: skip


def _refuse_taken(session: Session, keys: Sequence[str]) -> None:
    taken = sorted(session.scalars(select(TagRow.key).where(TagRow.key.in_(keys))))
    if taken:
        raise Conflict([Problem("tag_key_taken", "key", {"name": key}) for key in taken])


def _touch(row: TagRow, actor: Actor, at: datetime) -> None:
    row.version += 1
    row.changed_at, row.changed_by, row.changed_by_verified = at, actor.name, actor.verified


def _write_version(
    session: Session, row: TagRow, note: str, actor: Actor, at: datetime, action: Action,
    more: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    session.add(
        TagVersionRow(
            key=row.key, version=row.version, status=row.status, stands_at=row.stands_at,
            definition=row.definition, note=note, at=at, by=actor.name, by_verified=actor.verified,
        )
    )  # fmt: skip
    add_entry(
        session, at, actor, action, row.key, {"version": row.version, "status": row.status, **(more or {})}
    )


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
        row.created_at, row.created_by, row.changed_at, row.changed_by, _given(row.given), row.given_no,
    )  # fmt: skip


def _version(row: TagVersionRow) -> TagVersion:
    return TagVersion(
        row.version, TagDefinition.from_json(row.definition), cast(Status, row.status), row.stands_at,
        row.note, row.at, row.by,
    )  # fmt: skip


def _given(kept: dict[str, Any] | None) -> GivenFile | None:
    if kept is None:
        return None
    file = FileRef(**{name: kept[name] for name in FileRef.model_fields})
    return GivenFile(file, datetime.fromisoformat(kept["at"]), kept["by"])
