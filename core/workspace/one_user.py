"""One user: their tags, the audiences they are in, and what they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from core.audiences.masking import mask
from core.audiences.records import Audience
from core.errors import NotFound, Problem, RuleError
from core.schema import AT, USER_ID, USER_NO, property_column
from core.workspace.goal_plans import GoalPlans


@dataclass(frozen=True)
class Deed:
    """One occurrence: when (in the workspace's zone), which event, and its properties that have a value."""

    at: datetime
    event: str
    properties: tuple[tuple[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Return it, JSON-ready."""
        return {"at": self.at.isoformat(), "event": self.event, "properties": dict(self.properties)}


@dataclass(frozen=True)
class UserCard:
    """What is known of one user at a day.

    Attributes
    ----------
    tags : tuple of (str, object)
        Keys and values in the order of the catalogue, those without a value left out; personal ones masked
        unless they were asked for.
    audiences : tuple of Audience
        In which the user is, by name.
    deeds : tuple of Deed
        The newest first, as many as were asked for.
    occurrences : int
        How many there are up to the day.
    """

    user_id: str
    as_of: date
    tags: tuple[tuple[str, Any], ...]
    audiences: tuple[Audience, ...]
    deeds: tuple[Deed, ...]
    occurrences: int


class OneUser(GoalPlans):
    """Users one by one; their personal values are masked unless somebody asks for them."""

    def user_card(
        self, user_id: str, as_of: date | None = None, *, limit: int = 100, reveal: bool = False
    ) -> UserCard:
        """Return what is known of one user.

        Parameters
        ----------
        limit : int
            As many occurrences, the newest.
        reveal : bool
            Whether values of personal tags are shown as they are: log that first (`log_reveal`).

        Raises
        ------
        NotFound
            If the present data have no such user.
        """
        version, engine = self._engine()
        day, catalogue = self._day(version, as_of), version.catalogue
        number = self._numbers_of([user_id])[0]
        everybody = self.parse({"include": {"kind": "group", "id": "g", "match": "all", "children": []}})
        if engine.verdict(everybody, user_id.strip(), day) is None:
            raise NotFound(Problem("user_unknown", params={"user": user_id}))
        frame = engine.frame(pl.Series(USER_NO, [number], dtype=pl.UInt32), list(catalogue.tags), day)
        row = frame.row(0, named=True)
        tags = []
        for key, spec in catalogue.tags.items():
            value = row[key]
            if value is not None:
                tags.append((key, value if reveal or spec.personal is None else mask(value, spec.personal)))
        deeds: list[Deed] = []
        for event in catalogue.events:
            columns = {key: property_column(key) for key in catalogue.events[event].properties}
            for told in engine.occurrences(event, number, day).iter_rows(named=True):
                properties = tuple(
                    (key, told[column]) for key, column in columns.items() if told[column] is not None
                )
                deeds.append(Deed(told[AT].astimezone(catalogue.zone), event, properties))
        deeds.sort(key=lambda deed: deed.at, reverse=True)
        return UserCard(
            str(row[USER_ID]), day, tuple(tags), self._audiences_with(user_id.strip(), day),
            tuple(deeds[:limit]), len(deeds),
        )  # fmt: skip

    def _audiences_with(self, user_id: str, day: date) -> tuple[Audience, ...]:
        found = []
        for audience in self.audiences():
            try:
                _, engine, _, rule = self._asked(self.audience_rule(audience), day)
            except RuleError:
                continue  # it has nobody now, and its own page says why
            verdict = engine.verdict(rule, user_id, day)
            if verdict is not None and verdict.is_taken:
                found.append(audience)
        return tuple(sorted(found, key=lambda one: one.name))
