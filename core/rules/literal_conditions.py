"""Literal conditions: names looked up, dates resolved for one `as_of`, values typed; inert data.

They are what oracle and engines have in common, so that neither reads JSON nor reckons with days; `literal`
makes them. What has a value, tags and measures, stands in `literal_values`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TypeAlias

from core.clock import Days
from core.rules.arguments import Argument
from core.rules.kept import KeptPeople
from core.rules.literal_values import LiteralMeasure, LiteralPreference, LiteralTag
from core.rules.named import KnownKeys
from core.rules.ops import Op
from core.rules.tree import Rule
from core.schema import Catalogue


@dataclass(frozen=True)
class LiteralTagCondition:
    """A tag compared with an argument, or with another tag (``other``; then the argument is None)."""

    tag: LiteralTag
    op: Op
    argument: Argument
    other: LiteralTag | None


@dataclass(frozen=True)
class LiteralEventCondition:
    """A measure compared with an argument."""

    measured: LiteralMeasure
    op: Op
    argument: Argument


@dataclass(frozen=True)
class LiteralDid:
    """Did something in each of some spans, and in none of some others.

    Attributes
    ----------
    in_all, in_none : tuple of LiteralMeasure
        Counts of the same occurrences, each in its span.
    """

    in_all: tuple[LiteralMeasure, ...]
    in_none: tuple[LiteralMeasure, ...]


@dataclass(frozen=True)
class LiteralRegular:
    """Did something at least so often in at least some of several blocks of days.

    Attributes
    ----------
    measured : LiteralMeasure
        A count of the occurrences, in all blocks together.
    blocks : tuple of Days
        One after the other, the newest last.
    at_least : int
        How often in a block, for it to count.
    enough : int
        How many blocks must count.
    """

    measured: LiteralMeasure
    blocks: tuple[Days, ...]
    at_least: int
    enough: int


@dataclass(frozen=True)
class LiteralStep:
    """One step of a sequence.

    Attributes
    ----------
    measured : LiteralMeasure
        A count of the occurrences that it speaks of; the first step's lie in the window.
    is_negated : bool
        Whether there must be none.
    within : datetime.timedelta or None
        Since the last positive step, the end included.
    """

    measured: LiteralMeasure
    is_negated: bool
    within: timedelta | None


@dataclass(frozen=True)
class LiteralSession:
    """A longest stretch of a user's occurrences in which none comes later than `pause` after the one before.

    Attributes
    ----------
    events : tuple of str
        Whose occurrences make up sessions: all that the data have.
    """

    pause: timedelta
    events: tuple[str, ...]


@dataclass(frozen=True)
class LiteralSequence:
    """Steps that some chain of occurrences follows.

    Attributes
    ----------
    steps : tuple of LiteralStep
        The first is positive.
    same : str or None
        The property of which all steps must have one and the same value.
    session : LiteralSession or None
        Where given, a chain lies in one session.
    any_order : bool
        Whether an occurrence for each positive step and none for the others is enough, whatever their order;
        `same` or `session` is then given, and no step has a `within`.
    end : datetime.datetime
        The end of `as_of`: it and everything later is unseen.
    counts_open : bool
        Whether chains hold whose last `within` has not run out by then.
    """

    steps: tuple[LiteralStep, ...]
    same: str | None
    session: LiteralSession | None
    any_order: bool
    end: datetime
    counts_open: bool


@dataclass(frozen=True)
class LiteralCompare:
    """One measure compared with so many times another one; both of one type."""

    left: LiteralMeasure
    op: Op
    right: LiteralMeasure
    factor: Fraction


@dataclass(frozen=True)
class LiteralBucket:
    """Buckets of a seed, both ends in."""

    seed: str
    first: int
    last: int


@dataclass(frozen=True)
class LiteralRank:
    """The first of the base in an order, or of those with the same value of another tag.

    Attributes
    ----------
    tag : LiteralTag
        What orders: a number or a date.
    within : LiteralTag or None
        Whose values divide the base; None = all together.
    is_top : bool
        Whether the highest or latest come first; ties by ``user_id`` ascending either way.
    first : int or fractions.Fraction
        How many, or which share of those who have a value.
    as_of : datetime.date
        The day whose base is ranked.
    """

    tag: LiteralTag
    within: LiteralTag | None
    is_top: bool
    first: int | Fraction
    as_of: date

    def places(self, size: int) -> int:
        """Return how many places of a group of so many count; of a share at least one."""
        return self.first if isinstance(self.first, int) else max(1, floor(self.first * size))


@dataclass(frozen=True)
class LiteralAudience:
    """The people of another rule at the same `as_of`, its take included, or everyone else.

    Attributes
    ----------
    rule : Rule
        The audience's, the names in it looked up.
    catalogue : Catalogue
        With which it is read.
    keys : dict
        What `canonical` made of the rule already.
    """

    rule: Rule
    is_in: bool
    catalogue: Catalogue
    as_of: date
    keys: KnownKeys = field(compare=False, repr=False)


@dataclass(frozen=True)
class LiteralKept:
    """People who were written down once, or everyone else."""

    people: KeptPeople
    is_in: bool


LiteralCondition: TypeAlias = (
    LiteralTagCondition
    | LiteralEventCondition
    | LiteralDid
    | LiteralRegular
    | LiteralSequence
    | LiteralCompare
    | LiteralBucket
    | LiteralRank
    | LiteralAudience
    | LiteralKept
)


def events_in(condition: LiteralCondition) -> tuple[str, ...]:
    """Return the events whose occurrences a condition asks about, its computed tags' included, sorted."""
    if isinstance(condition, LiteralEventCondition) and isinstance(condition.measured.span, Days):
        # Of most conditions at once: this is asked for every one of every rule.
        return (condition.measured.event,)
    return tuple(sorted(set(_events(condition))))


def _events(part: object) -> Iterator[str]:
    """Yield the event of everything literal that has one, however deep it lies."""
    if isinstance(part, tuple):
        for item in part:
            yield from _events(item)
    elif isinstance(part, LiteralMeasure):
        # Nothing else in it can have one.
        yield part.event
        yield from _events(part.span)
    elif isinstance(part, LiteralSession):
        yield from part.events
    elif is_dataclass(part) and not isinstance(part, Op):
        if isinstance(part, LiteralPreference):
            yield part.event
        for inner in fields(part):
            yield from _events(getattr(part, inner.name))
