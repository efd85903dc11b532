"""The catalogue as a list that people and programs can read: every tag with its values or its range."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.engines.base import Engine
from core.rules.making_text import dump_making
from core.rules.tree import Group, Rule, TakeTop
from core.schema import Catalogue, TagSpec, TagType

EVERYBODY = Rule(include=Group(id="g0", match="all"))
"""The rule that asks nothing: the base."""


@dataclass(frozen=True)
class TagListing:
    """One tag and what it holds, in the base at one day.

    Attributes
    ----------
    values : tuple of (str, int)
        The most frequent values with their number of users; empty for numbers, days and personal tags.
    low, high : float, datetime.date or None
        Smallest and largest number or day; None for other types, personal tags, and without any value.
    """

    spec: TagSpec
    values: tuple[tuple[str, int], ...] = ()
    low: float | date | None = None
    high: float | date | None = None

    def as_json(self) -> dict[str, object]:
        """Return the listing, JSON-ready."""
        spec = self.spec
        return {
            "key": spec.key,
            "type": spec.type.value,
            "label": spec.label.as_text(),
            "dimension": spec.dimension,
            "unit": spec.unit,
            "personal": spec.personal,
            "computed": None if spec.computed is None else dump_making(spec.computed),
            "coverage": round(spec.coverage, 6),
            "distinct": spec.distinct,
            "values": [{"value": value, "users": users} for value, users in self.values],
            "low": _plain(self.low),
            "high": _plain(self.high),
        }


def listings(catalogue: Catalogue, engine: Engine, as_of: date, *, values: int) -> list[TagListing]:
    """Return every tag in the order of the catalogue.

    Parameters
    ----------
    values : int
        How many values to name for each tag.
    """
    return [_listing(spec, engine, as_of, values) for spec in catalogue.tags.values()]


def _listing(spec: TagSpec, engine: Engine, as_of: date, values: int) -> TagListing:
    if spec.personal is not None:
        return TagListing(spec)
    if spec.type in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
        return TagListing(spec, tuple(engine.values(spec.key, as_of, limit=values)))
    if spec.type is TagType.BOOLEAN:
        bars = engine.breakdown(EVERYBODY, spec.key, as_of).bars
        return TagListing(spec, tuple((str(bar.value).lower(), bar.base) for bar in bars))
    low, high = _end(spec.key, "asc", engine, as_of), _end(spec.key, "desc", engine, as_of)
    return TagListing(spec, low=low, high=high)


def _end(tag: str, order: Literal["asc", "desc"], engine: Engine, as_of: date) -> float | date | None:
    """Return the smallest or largest value: that of the one user taken first."""
    first = EVERYBODY.model_copy(update={"take": TakeTop(n=1, by=tag, order=order)})
    users = engine.frame(engine.members(first, as_of), [tag], as_of)
    return users[tag][0] if users.height else None


def _plain(end: float | date | None) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end
