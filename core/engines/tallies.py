"""What groups of people did, added up: the questions and answers of an engine, inert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.rules.parts import PropertyCondition


@dataclass(frozen=True)
class Deeds:
    """Occurrences of one event.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of PropertyCondition
        All must hold.
    amount : str or None
        Key of a number property that is added up; None = nothing is.
    """

    event: str
    where: tuple[PropertyCondition, ...] = ()
    amount: str | None = None


@dataclass(frozen=True)
class Done:
    """What some people did in a stretch of days.

    Attributes
    ----------
    users : int
        How many of them did it at all.
    occurrences : int
        How often, together.
    total : float or None
        The exact sum of a number property, as the nearest float; None when none was asked for.
    """

    users: int
    occurrences: int
    total: float | None


@dataclass(frozen=True)
class Occurred:
    """What some people did in a stretch of days with one value of a property.

    Attributes
    ----------
    value : str
        The value.
    users : int
        How many of them did it at all, at least 1.
    occurrences : int
        How often, together.
    last_at : datetime.datetime
        When one of them did it last, in UTC.
    """

    value: str
    users: int
    occurrences: int
    last_at: datetime


@dataclass(frozen=True)
class TagSum:
    """A number tag added up over some people.

    Attributes
    ----------
    users : int
        How many of them have a value; the others add nothing.
    total : float
        The exact sum of the values, each rounded half-even to 6 decimals, as the nearest float; 0 of nobody.
    """

    users: int
    total: float


@dataclass(frozen=True)
class Delays:
    """How long people took from the first occurrence of one thing to the next of another.

    Attributes
    ----------
    known : int
        How many people (or sessions, where these are asked about) have the second at or after their first
        occurrence of the first.
    only_before : int
        How many have both, but the second never at or after it: no time is known of them.
    seconds : mapping of float to float
        By share p between 0 and 1, the smallest time within which at least a share p of `known` had it
        (``percentile_disc``); empty when there are none.
    """

    known: int
    only_before: int
    seconds: Mapping[float, float]
