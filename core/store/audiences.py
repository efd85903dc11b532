"""Saved audiences. Whoever changes one names the revision they saw; of two at once, exactly one wins."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.naming import clean_name, clean_note, copy_name, folded, names_audience
from core.audiences.records import Action, Actor, Audience, AudienceVersion, DeletedAudience
from core.errors import Conflict, NotFound, Problem, nearest_name
from core.store.by_hand import ByHandStore, locked, present
from core.store.models import AudienceRow, AudienceVersionRow, ByHandRow, FavouriteRow, SnapshotRow
from core.store.records import add_entry


class AudienceStore(ByHandStore):
    """Audiences in the database; every change stands in the log, in the same transaction."""

    def all(self) -> list[Audience]:
        """Return every audience, the last changed first."""
        with self._database.reading() as session:
            newest = present().order_by(AudienceRow.changed_at.desc(), AudienceRow.id)
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
            row = locked(session, audience_id)
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
            row = locked(session, audience_id)
            if revision is not None:
                _refuse_stale(row, revision)
            _set_name(session, row, name)
            return _touched(row, actor, at)

        return self._changed("rename_audience", change, actor, at)

    def duplicate(self, audience_id: str, actor: Actor, at: datetime, *, name: str | None = None) -> Audience:
        """Make a copy under another name; None = the old name with a number."""

        def change(session: Session) -> AudienceRow:
            old = locked(session, audience_id)
            if name is None:
                taken = {other.folded_name for other in session.scalars(present())}
                new_name = copy_name(old.name, taken)
            else:
                new_name = clean_name(name)
                _refuse_taken(session, new_name, but=None)
            row = _new(new_name, old.note, old.rule, actor, at)
            row.folder, row.alert = old.folder, old.alert
            session.add(row)
            session.flush()
            for listed in session.scalars(select(ByHandRow).where(ByHandRow.audience_id == old.id)):
                session.add(
                    ByHandRow(
                        audience_id=row.id, user_no=listed.user_no, is_added=listed.is_added,
                        reason=listed.reason, at=listed.at, by=listed.by, by_verified=listed.by_verified,
                    )
                )  # fmt: skip
            return row

        return self._changed("duplicate_audience", change, actor, at, new=True)

    def arrange(
        self, audience_id: str, revision: int, changes: Mapping[str, Any], actor: Actor, at: datetime
    ) -> Audience:
        """Change where an audience stands, whose it is, whether it follows its rule, when to point it out.

        Parameters
        ----------
        changes : mapping
            Some of ``folder``, ``owner``, ``note``, ``fixed_to`` and ``alert``, already clean.

        Raises
        ------
        Conflict
            If it has been changed since `revision`.
        NotFound
            If it is gone, or has no snapshot of that id.
        """
        unknown = changes.keys() - {"folder", "owner", "note", "fixed_to", "alert"}
        if unknown:
            raise ValueError(f"an audience has no {', '.join(sorted(unknown))} to arrange")

        def change(session: Session) -> AudienceRow:
            row = locked(session, audience_id)
            _refuse_stale(row, revision)
            fixed = changes.get("fixed_to")
            taken = None if fixed is None else session.get(SnapshotRow, fixed)
            if fixed is not None and (taken is None or taken.audience_id != row.id):
                raise NotFound(Problem("snapshot_unknown", params={"name": row.name, "snapshot": fixed}))
            for name, value in changes.items():
                setattr(row, name, value)
            return _touched(row, actor, at)

        return self._changed("arrange_audience", change, actor, at)

    def revert(
        self, audience_id: str, wanted: int, revision: int, rule: dict[str, Any], actor: Actor, at: datetime
    ) -> Audience:
        """Bring an audience back to one of its versions, as its next one.

        Parameters
        ----------
        wanted : int
            Revision of the version.
        rule : dict
            That version's, as it is read today.

        Raises
        ------
        Conflict
            If the audience has been changed since `revision`, or the name it had is taken by now.
        NotFound
            If it is gone.
        """

        def change(session: Session) -> AudienceRow:
            row = locked(session, audience_id)
            _refuse_stale(row, revision)
            was = session.get(AudienceVersionRow, (audience_id, wanted))
            if was is None:
                raise ValueError(f"{audience_id} has no version {wanted}")
            _set_name(session, row, was.name)
            row.note, row.rule, row.folder, row.owner = was.note, rule, was.folder, was.owner
            row.fixed_to, row.alert = was.fixed_to, was.alert
            return _touched(row, actor, at)

        return self._changed("save_audience", change, actor, at)

    def versions(self, audience_id: str) -> list[AudienceVersion]:
        """Return the states that an audience was in, the newest first."""
        with self._database.reading() as session:
            rows = (
                select(AudienceVersionRow)
                .where(AudienceVersionRow.audience_id == audience_id)
                .order_by(AudienceVersionRow.revision.desc())
            )
            return [_version(row) for row in session.scalars(rows)]

    def favourites(self, actor: str) -> frozenset[str]:
        """Return the ids of the audiences that somebody wants at hand."""
        with self._database.reading() as session:
            rows = select(FavouriteRow.audience_id).where(FavouriteRow.actor == actor)
            return frozenset(session.scalars(rows))

    def set_favourite(self, audience_id: str, actor: str, *, wanted: bool) -> None:
        """Keep an audience at hand for somebody, or no longer."""
        with self._database.writing() as session:
            row = locked(session, audience_id)
            listed = session.get(FavouriteRow, (row.id, actor))
            if wanted and listed is None:
                session.add(FavouriteRow(audience_id=row.id, actor=actor))
            elif not wanted and listed is not None:
                session.delete(listed)

    def delete(self, audience_id: str, actor: Actor, at: datetime, *, revision: int | None = None) -> None:
        """Delete an audience: nobody finds it any more, and until it is purged it can be restored.

        Raises
        ------
        Conflict
            If it has been changed since `revision` (where given), or the rules of other audiences name it,
            with all such audiences.
        """
        with self._database.writing() as session:
            row = locked(session, audience_id)
            if revision is not None:
                _refuse_stale(row, revision)
            others = session.scalars(present().where(AudienceRow.id != row.id).order_by(AudienceRow.name))
            users = tuple(other.name for other in others if names_audience(other.rule, row.id, row.name))
            if users:
                raise Conflict(Problem("audience_in_use", params={"name": row.name, "audiences": users}))
            row.deleted_at, row.deleted_by, row.deleted_by_verified = at, actor.name, actor.verified
            row.folded_name = f"\n{row.id}"  # no name has a line break: its own is free for others
            add_entry(
                session, at, actor, "delete_audience", row.name, {"id": row.id, "revision": row.revision}
            )

    def deleted(self) -> list[DeletedAudience]:
        """Return the audiences that were deleted and not purged, the last deleted first."""
        with self._database.reading() as session:
            rows = (
                select(AudienceRow)
                .where(AudienceRow.deleted_at.is_not(None))
                .order_by(AudienceRow.deleted_at.desc(), AudienceRow.id)
            )
            return [_deleted(row) for row in session.scalars(rows)]

    def restore(self, audience_id: str, actor: Actor, at: datetime, *, name: str | None = None) -> Audience:
        """Bring a deleted audience back with all that belongs to it, perhaps under another name.

        Raises
        ------
        NotFound
            If there is no such deleted audience.
        Conflict
            If the name is taken by now.
        """

        def change(session: Session) -> AudienceRow:
            row = _found_deleted(session, audience_id)
            _set_name(session, row, row.name if name is None else name)
            row.deleted_at = row.deleted_by = row.deleted_by_verified = None
            return _touched(row, actor, at)

        return self._changed("restore_audience", change, actor, at)

    def purge(
        self, audience_id: str, actor: Actor, at: datetime, *, deleted_before: datetime | None = None
    ) -> None:
        """Let go of a deleted audience for good; the log keeps its name.

        Raises
        ------
        NotFound
            If there is no such deleted audience, or none that was deleted so long ago.
        """
        with self._database.writing() as session:
            row = _found_deleted(session, audience_id)
            if deleted_before is not None and _deleted(row).at >= deleted_before:
                raise NotFound(Problem("audience_not_deleted", params={"name": audience_id}))
            session.delete(row)
            add_entry(
                session, at, actor, "purge_audience", row.name, {"id": row.id, "revision": row.revision}
            )

    def _changed(
        self, action: Action, change: Callable[[Session], AudienceRow], actor: Actor, at: datetime, *,
        new: bool = False,
    ) -> Audience:  # fmt: skip
        try:
            return self._written(action, change, actor, at, new=new)
        except IntegrityError:
            # PostgreSQL lets two transactions pass the check of the name side by side; the constraint does
            # not. The second round meets the winner and names it.
            return self._written(action, change, actor, at, new=new)

    def _written(
        self, action: Action, change: Callable[[Session], AudienceRow], actor: Actor, at: datetime, *,
        new: bool,
    ) -> Audience:  # fmt: skip
        with self._database.writing() as session:
            row = change(session)
            session.flush()
            _note_version(session, row, action, actor, at, new=new)
            return audience_of(row)


def _new(name: str, note: str, rule: dict[str, Any], actor: Actor, at: datetime) -> AudienceRow:
    return AudienceRow(
        id=secrets.token_hex(8), name=name, folded_name=folded(name), note=note, rule=rule,
        created_at=at, created_by=actor.name, created_by_verified=actor.verified,
        changed_at=at, changed_by=actor.name, changed_by_verified=actor.verified, revision=1,
        folder="", owner=actor.name, fixed_to=None, alert=None,
    )  # fmt: skip


def _note_version(
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


def _touched(row: AudienceRow, actor: Actor, at: datetime) -> AudienceRow:
    row.changed_at, row.changed_by, row.changed_by_verified = at, actor.name, actor.verified
    row.revision += 1
    return row


def _set_name(session: Session, row: AudienceRow, name: str) -> None:
    cleaned = clean_name(name)
    _refuse_taken(session, cleaned, but=row.id)
    row.name, row.folded_name = cleaned, folded(cleaned)


def _found_deleted(session: Session, audience_id: str) -> AudienceRow:
    row = session.get(AudienceRow, audience_id, with_for_update=True)
    if row is None or row.deleted_at is None:
        raise NotFound(Problem("audience_not_deleted", params={"name": audience_id}))
    return row


def _found(session: Session, id_or_name: str) -> AudienceRow:
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


def _refuse_taken(session: Session, name: str, *, but: str | None) -> None:
    other = session.scalar(select(AudienceRow).where(AudienceRow.folded_name == folded(name)))
    if other is not None and other.id != but:
        raise Conflict(name_taken(other.name, other.changed_by, other.changed_at))


def name_taken(name: str, by: str, at: datetime) -> Problem:
    """Return the problem of a name that another audience bears, who changed it last and when."""
    return Problem("audience_name_taken", params={"name": name, "by": by, "at": _when(at)})


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
    """Give an audience another rule within a transaction, also a deleted one that can be restored.

    Raises
    ------
    Conflict
        If it was changed since.
    """
    row = session.get(AudienceRow, audience.id, with_for_update=True)
    if row is None:
        return  # let go meanwhile: there is no rule any more
    _refuse_stale(row, audience.revision)
    row.rule = rule
    _note_version(session, _touched(row, actor, at), "save_audience", actor, at)


def audience_of(row: AudienceRow) -> Audience:
    """Return an audience as inert data."""
    return Audience(
        id=row.id, name=row.name, note=row.note, rule=row.rule,
        created_at=row.created_at, created_by=Actor(row.created_by, row.created_by_verified),
        changed_at=row.changed_at, changed_by=Actor(row.changed_by, row.changed_by_verified),
        revision=row.revision, folder=row.folder, owner=row.owner, fixed_to=row.fixed_to, alert=row.alert,
    )  # fmt: skip


def _deleted(row: AudienceRow) -> DeletedAudience:
    if row.deleted_at is None or row.deleted_by is None:
        raise ValueError(f"{row.id} is not deleted")
    return DeletedAudience(
        audience_of(row), row.deleted_at, Actor(row.deleted_by, bool(row.deleted_by_verified))
    )


def _version(row: AudienceVersionRow) -> AudienceVersion:
    return AudienceVersion(
        revision=row.revision, name=row.name, note=row.note, rule=row.rule, folder=row.folder,
        owner=row.owner, fixed_to=row.fixed_to, alert=row.alert, action=row.action, at=row.at,
        by=Actor(row.by, row.by_verified),
    )  # fmt: skip
