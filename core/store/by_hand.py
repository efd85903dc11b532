"""People whom somebody added to an audience or removed from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from core.audiences.records import Actor, ByHand
from core.errors import Conflict, Problem
from core.store.audience_rows import locked
from core.store.database import Database
from core.store.models import ByHandRow
from core.store.records import add_entry


class ByHandStore:
    """The part of `core.store.audiences.AudienceStore` that keeps people by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_hand(self, audience_id: str) -> list[ByHand]:
        """Return who was added or removed by hand, the last first."""
        with self._database.reading() as session:
            rows = (
                select(ByHandRow)
                .where(ByHandRow.audience_id == audience_id)
                .order_by(ByHandRow.at.desc(), ByHandRow.user_no)
            )
            return [
                ByHand(row.user_no, row.is_added, row.reason, row.at, Actor(row.by, row.by_verified))
                for row in session.scalars(rows)
            ]

    def put_by_hand(self, audience_id: str, people: Sequence[ByHand], *, most: int) -> None:
        """Add people to an audience, or remove them, in place of what was said of them before.

        Raises
        ------
        Conflict
            If more than `most` would be listed.
        NotFound
            If the audience is gone.
        """
        with self._database.writing() as session:
            row = locked(session, audience_id)
            for one in people:
                session.merge(
                    ByHandRow(
                        audience_id=row.id, user_no=one.user_no, is_added=one.is_added, reason=one.reason,
                        at=one.at, by=one.by.name, by_verified=one.by.verified,
                    )
                )  # fmt: skip
            session.flush()
            listed = session.scalar(
                select(func.count()).select_from(ByHandRow).where(ByHandRow.audience_id == row.id)
            )
            if (listed or 0) > most:
                raise Conflict(Problem("too_many_by_hand", params={"name": row.name, "limit": f"{most:,}"}))
            added = sum(one.is_added for one in people)
            detail = {"id": row.id, "added": added, "removed": len(people) - added}
            add_entry(session, people[0].at, people[0].by, "change_by_hand", row.name, detail)

    def forget_by_hand(self, audience_id: str, user_nos: Sequence[int], actor: Actor, at: datetime) -> None:
        """Leave it to the rule again whether people are in an audience."""
        with self._database.writing() as session:
            row = locked(session, audience_id)
            for number in user_nos:
                listed = session.get(ByHandRow, (row.id, number))
                if listed is not None:
                    session.delete(listed)
            add_entry(
                session, at, actor, "change_by_hand", row.name, {"id": row.id, "forgotten": len(user_nos)}
            )
