"""Occurrences by day: everybody's first and last day, and who did something on which day.

For the last the occurrences stand in the order (day, user) beside that of (user, time): whatever asks about a
run of days reads just its occurrences, one after another, instead of looking at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.per_user import Rows

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class LastDays:
    """The last day of every user's chosen occurrences.

    Attributes
    ----------
    days : numpy.ndarray of uint16 or uint32
        Days since `origin`, counted from 1; 0 = no occurrence.
    origin : int
        Days since 1970-01-01.
    """

    days: NDArray[np.uint16] | NDArray[np.uint32]
    origin: int

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.days.nbytes

    def since(self, first: date | None) -> int:
        """Return the smallest entry that means "on `first` or later"."""
        if first is None:
            return 1
        return min(max((first - _EPOCH).days - self.origin + 1, 1), int(np.iinfo(self.days.dtype).max))


@dataclass(frozen=True)
class FirstDays:
    """The first day of every user's chosen occurrences.

    Attributes
    ----------
    days : numpy.ndarray of uint16 or uint32
        Days since `origin`; the largest number of the type = no occurrence.
    origin : int
        Days since 1970-01-01.
    """

    days: NDArray[np.uint16] | NDArray[np.uint32]
    origin: int

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.days.nbytes

    def until(self, last: date) -> int | None:
        """Return the largest entry that means "on `last` or earlier"; None = no entry does."""
        place = (last - _EPOCH).days - self.origin
        return None if place < 0 else min(place, int(np.iinfo(self.days.dtype).max) - 1)


@dataclass(frozen=True)
class ByDay:
    """The users of some occurrences, by day.

    Attributes
    ----------
    rows : numpy.ndarray of uint32
        The user's row of each occurrence; ascending within a day, each as often as they did it on it.
    starts : numpy.ndarray of int64
        By day since `origin` where its occurrences begin; one place more for the end.
    origin : int
        Days since 1970-01-01.
    """

    rows: Rows
    starts: NDArray[np.int64]
    origin: int

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.rows.nbytes + self.starts.nbytes

    def places(self, span: Days) -> tuple[int, int]:
        """Return the first day of a span and the one after it, counted from the origin; none lies outside."""
        known = len(self.starts) - 1
        first = 0 if span.first is None else (span.first - _EPOCH).days - self.origin
        after = known if span.last is None else (span.last - _EPOCH).days - self.origin + 1
        return max(first, 0), min(after, known)

    def between(self, first: int, after: int) -> Rows:
        """Return the users of the occurrences from a day up to before another."""
        return self.rows[self.starts[first] : self.starts[after]]

    def within(self, span: Days) -> Rows:
        """Return the users of the occurrences in a span."""
        first, after = self.places(span)
        return self.between(first, after) if first < after else self.rows[:0]


def by_day(rows: Rows, days: NDArray[np.uint16] | NDArray[np.uint32], day_count: int, origin: int) -> ByDay:
    """Return occurrences that lie in the order of users in the order of days.

    Parameters
    ----------
    rows : numpy.ndarray of uint32
        The user's row of each occurrence, ascending.
    days : numpy.ndarray of uint16 or uint32
        Its day since `origin`, below `day_count`.
    """
    starts = np.zeros(day_count + 1, dtype=np.int64)
    np.cumsum(np.bincount(days, minlength=day_count), out=starts[1:])
    # Stable, so that the users of a day stay in order: NumPy sorts numbers of 16 bits by their digits.
    return ByDay(rows.take(np.argsort(days, kind="stable")), starts, origin)
