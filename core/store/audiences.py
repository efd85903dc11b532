"""Saved audiences. Whoever changes one names the revision they saw; of two at once, exactly one wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.audiences.naming import clean_name, clean_note, copy_name, names_audience
from core.audiences.records import (
    Action,
    Actor,
    Audience,
    AudienceVersion,
    DeletedAudience,
    NewAudience,
)
from core.errors import Conflict, NotFound, Problem
from core.store.audience_rows import (
    audience_of,
    deleted_of,
    found,
    found_deleted,
    locked,
    new_row,
    note_version,
    present,
    refuse_stale,
    refuse_taken,
    set_name,
    touched,
    version_of,
)
from core.store.by_hand import ByHandStore
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
            return audience_of(found(session, id_or_name))

    def create(self, name: str, note: str, rule: dict[str, Any], actor: Actor, at: datetime) -> Audience:
        """Keep a new audience.

        Raises
        ------
        Conflict
            If the name is taken, with who made that one and when.
        """

        def change(session: Session) -> AudienceRow:
            row = new_row(clean_name(name), clean_note(note), rule, actor, at)
            refuse_taken(session, row.name, but=None)
            session.add(row)
            return row

        return self._changed("save_audience", change, actor, at, new=True)

    def create_all(self, new: Sequence[NewAudience], actor: Actor, at: datetime) -> list[Audience]:
        """Keep new audiences, all or none.

        Raises
        ------
        Conflict
            If names are taken, or two of them are the same: with all of these.
        """
        try:
            return self._created(new, actor, at)
        except IntegrityError:  # as in `_changed`
            return self._created(new, actor, at)

    def _created(self, new: Sequence[NewAudience], actor: Actor, at: datetime) -> list[Audience]:
        with self._database.writing() as session:
            rows: list[AudienceRow] = []
            problems: list[Problem] = []
            for each in new:
                row = new_row(clean_name(each.name), clean_note(each.note), each.rule, actor, at)
                row.folder = each.folder
                try:
                    refuse_taken(session, row.name, but=None)
                except Conflict as error:
                    problems += error.problems
                if row.folded_name in {other.folded_name for other in rows}:
                    problems.append(Problem("audience_names_same", params={"name": row.name}))
                rows.append(row)
            if problems:
                raise Conflict(problems)
            for row in rows:
                session.add(row)
                session.flush()
                note_version(session, row, "save_audience", actor, at, new=True)
            return [audience_of(row) for row in rows]

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
            refuse_stale(row, revision)
            set_name(session, row, name)
            row.note, row.rule = clean_note(note), rule
            return touched(row, actor, at)

        return self._changed("save_audience", change, actor, at)

    def rename(
        self, audience_id: str, name: str, actor: Actor, at: datetime, *, revision: int | None = None
    ) -> Audience:
        """Give an audience another name; without `revision` whatever it has become meanwhile."""

        def change(session: Session) -> AudienceRow:
            row = locked(session, audience_id)
            if revision is not None:
                refuse_stale(row, revision)
            set_name(session, row, name)
            return touched(row, actor, at)

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
                refuse_taken(session, new_name, but=None)
            row = new_row(new_name, old.note, old.rule, actor, at)
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
            refuse_stale(row, revision)
            fixed = changes.get("fixed_to")
            taken = None if fixed is None else session.get(SnapshotRow, fixed)
            if fixed is not None and (taken is None or taken.audience_id != row.id):
                raise NotFound(Problem("snapshot_unknown", params={"name": row.name, "snapshot": fixed}))
            for name, value in changes.items():
                setattr(row, name, value)
            return touched(row, actor, at)

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
            refuse_stale(row, revision)
            was = session.get(AudienceVersionRow, (audience_id, wanted))
            if was is None:
                raise ValueError(f"{audience_id} has no version {wanted}")
            set_name(session, row, was.name)
            row.note, row.rule, row.folder, row.owner = was.note, rule, was.folder, was.owner
            row.fixed_to, row.alert = was.fixed_to, was.alert
            return touched(row, actor, at)

        return self._changed("save_audience", change, actor, at)

    def versions(self, audience_id: str) -> list[AudienceVersion]:
        """Return the states that an audience was in, the newest first."""
        with self._database.reading() as session:
            rows = (
                select(AudienceVersionRow)
                .where(AudienceVersionRow.audience_id == audience_id)
                .order_by(AudienceVersionRow.revision.desc())
            )
            return [version_of(row) for row in session.scalars(rows)]

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
                refuse_stale(row, revision)
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
            return [deleted_of(row) for row in session.scalars(rows)]

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
            row = found_deleted(session, audience_id)
            set_name(session, row, row.name if name is None else name)
            row.deleted_at = row.deleted_by = row.deleted_by_verified = None
            return touched(row, actor, at)

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
            row = found_deleted(session, audience_id)
            if deleted_before is not None and deleted_of(row).at >= deleted_before:
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
            note_version(session, row, action, actor, at, new=new)
            return audience_of(row)
