"""Uploaded lists and snapshots of audiences: what is known of them. The people themselves lie in the lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.naming import folded
from core.audiences.records import Action, Actor, AudienceState, PeopleList, Snapshot
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.lake.versions import FileRef
from core.store.audience_rows import present
from core.store.database import Database
from core.store.models import AudienceRow, ListRow, SnapshotRow
from core.store.records import add_entry


class PeopleStore:
    """Lists and snapshots in the database; every change stands in the log, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lists(self) -> list[PeopleList]:
        """Return every list, the last uploaded first."""
        with self._database.reading() as session:
            newest = select(ListRow).order_by(ListRow.at.desc(), ListRow.id)
            return [_people_list(row) for row in session.scalars(newest)]

    def people_list(self, name: str) -> PeopleList:
        """Return one list by its name.

        Raises
        ------
        NotFound
            If there is none, with the nearest name.
        """
        with self._database.reading() as session:
            return _people_list(_found(session, name))

    def refuse_taken(self, name: str) -> None:
        """Refuse a name that a list has already.

        Raises
        ------
        Conflict
            With who uploaded that list and when.
        """
        with self._database.reading() as session:
            row = session.scalar(select(ListRow).where(ListRow.folded_name == folded(name)))
            if row is not None:
                raise Conflict(Problem("list_exists", params=_told(row)))

    def put_list(
        self, new: PeopleList, *, replaces: bool, before_commit: Callable[[], None]
    ) -> tuple[PeopleList, bool]:
        """Keep a list; return it as kept, and whether it took the place of another.

        Parameters
        ----------
        replaces : bool
            Whether a list of the same name gives way; its id stays.
        before_commit : callable
            Puts further files in place. If it raises, nothing is kept.

        Raises
        ------
        Conflict
            If there is one of that name and it shall not be replaced.
        """
        try:
            return self._put(new, replaces=replaces, before_commit=before_commit)
        except IntegrityError:
            # PostgreSQL lets two transactions pass the check of the name side by side; the constraint does
            # not. The second round meets the winner.
            return self._put(new, replaces=replaces, before_commit=before_commit)

    def _put(
        self, new: PeopleList, *, replaces: bool, before_commit: Callable[[], None]
    ) -> tuple[PeopleList, bool]:
        with self._database.writing() as session:
            old = session.scalar(
                select(ListRow).where(ListRow.folded_name == folded(new.name)).with_for_update()
            )
            if old is not None and not replaces:
                raise Conflict(Problem("list_exists", params=_told(old)))
            row = ListRow(id=new.id if old is None else old.id, folded_name=folded(new.name), **_values(new))
            row = session.merge(row)
            session.flush()
            detail = {"id": row.id, "source": row.source, "match": row.match, "people": row.people}
            action: Action = "add_list" if old is None else "replace_list"
            add_entry(session, new.at, new.by, action, row.name, detail)
            session.flush()
            before_commit()
            return _people_list(row), old is not None

    def remove_list(
        self, name: str, *, is_named_in: Callable[[dict[str, Any], str], bool], actor: Actor, at: datetime
    ) -> PeopleList:
        """Remove a list; return what it was.

        Parameters
        ----------
        is_named_in : callable (rule, name) -> bool
            Tells whether a saved rule names the list.

        Raises
        ------
        NotFound
            If there is none of that name.
        Conflict
            If the rule of a saved audience names it, with all such audiences.
        """
        with self._database.writing() as session:
            row = _found(session, name)
            saved = session.scalars(present().order_by(AudienceRow.name))
            users = tuple(audience.name for audience in saved if is_named_in(audience.rule, row.name))
            if users:
                raise Conflict(Problem("list_in_use", params={"name": row.name, "audiences": users}))
            removed = _people_list(row)
            session.delete(row)
            add_entry(session, at, actor, "remove_list", removed.name, {"id": removed.id})
            return removed

    def snapshots(self, audience_id: str) -> list[Snapshot]:
        """Return the snapshots of an audience, the last taken first."""
        with self._database.reading() as session:
            newest = (
                select(SnapshotRow)
                .where(SnapshotRow.audience_id == audience_id)
                .order_by(SnapshotRow.at.desc(), SnapshotRow.id)
            )
            return [_snapshot(row) for row in session.scalars(newest)]

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot.

        Raises
        ------
        NotFound
            If its audience is gone.
        """
        with self._database.writing() as session:
            audience = session.get(AudienceRow, snapshot.audience_id, with_for_update=True)
            if audience is None or audience.deleted_at is not None:
                raise NotFound(Problem("audience_unknown", params={"name": snapshot.audience_id}))
            session.add(_snapshot_row(snapshot))
            detail = {"id": snapshot.id, "as_of": snapshot.as_of.isoformat(), "people": snapshot.people}
            add_entry(session, snapshot.at, snapshot.by, "snapshot_audience", audience.name, detail)

    def list_files(self) -> frozenset[str]:
        """Return the names of the files in which the people on lists are written down."""
        with self._database.reading() as session:
            return frozenset(session.scalars(select(ListRow.file_name)))

    def snapshot_files(self) -> frozenset[str]:
        """Return the names of the files of all snapshots: of their people, and of who came and went."""
        with self._database.reading() as session:
            people = session.scalars(select(SnapshotRow.file_name)).all()
            changes = session.scalars(select(SnapshotRow.changes)).all()
            return frozenset([*people, *(file["name"] for file in changes if file)])


def _found(session: Session, name: str) -> ListRow:
    row = session.scalar(select(ListRow).where(ListRow.folded_name == folded(name)))
    if row is None:
        names = tuple(session.scalars(select(ListRow.name).order_by(ListRow.name)))
        nearest = nearest_name(name, names)
        raise NotFound(Problem("list_unknown", None, {"name": name}, names, nearest))
    return row


def _told(row: ListRow) -> dict[str, object]:
    at = row.at.isoformat(sep=" ", timespec="seconds")
    return {"name": row.name, "people": f"{row.people:,}", "by": row.by, "at": at}


_NUMBERS = ("rows", "empty", "duplicates", "matched", "unmatched", "unreadable", "people")


def _values(new: PeopleList) -> dict[str, Any]:
    return {
        "name": new.name,
        "source": new.source,
        "column": new.column,
        "match": new.match,
        **{key: getattr(new, key) for key in _NUMBERS},
        "data_version": new.data_version,
        **_file_values(new.file),
        "at": new.at,
        "by": new.by.name,
        "by_verified": new.by.verified,
    }


def _people_list(row: ListRow) -> PeopleList:
    return PeopleList(
        id=row.id, name=row.name, source=row.source, column=row.column, match=row.match,
        **{key: getattr(row, key) for key in _NUMBERS}, data_version=row.data_version, file=_file(row),
        at=row.at, by=Actor(row.by, row.by_verified),
    )  # fmt: skip


def _snapshot_row(snapshot: Snapshot) -> SnapshotRow:
    return SnapshotRow(
        id=snapshot.id, audience_id=snapshot.audience_id, as_of=snapshot.as_of,
        data_version=snapshot.data_version, rule=snapshot.rule, people=snapshot.people,
        **_file_values(snapshot.file), at=snapshot.at, by=snapshot.by.name, by_verified=snapshot.by.verified,
        previous=snapshot.previous, entered=dict(snapshot.entered), left=dict(snapshot.left),
        changes=None if snapshot.changes is None else snapshot.changes.model_dump(mode="json"),
        state=None if snapshot.state is None else snapshot.state.as_json(), is_alert=snapshot.is_alert,
    )  # fmt: skip


def _snapshot(row: SnapshotRow) -> Snapshot:
    return Snapshot(
        id=row.id, audience_id=row.audience_id, as_of=row.as_of, data_version=row.data_version,
        rule=row.rule, people=row.people, file=_file(row), at=row.at, by=Actor(row.by, row.by_verified),
        previous=row.previous, entered=row.entered or {}, left=row.left or {},
        changes=None if row.changes is None else FileRef(**row.changes),
        state=None if row.state is None else AudienceState(**row.state), is_alert=row.is_alert,
    )  # fmt: skip


def _file_values(file: FileRef) -> dict[str, Any]:
    return {"file_name": file.name, "file_sha256": file.sha256, "file_bytes": file.bytes}


def _file(row: ListRow | SnapshotRow) -> FileRef:
    return FileRef(name=row.file_name, sha256=row.file_sha256, rows=row.people, bytes=row.file_bytes)
