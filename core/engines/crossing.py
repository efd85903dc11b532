"""What several rules, and two tags, have in common: the answers of an engine, inert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MOST_REGIONS_OF = 5
"""Of so many rules at most every combination is counted: there are 31 of them."""


@dataclass(frozen=True)
class Nearby:
    """How large the answers of many rules are, and which of them are nearly the same people.

    Attributes
    ----------
    sizes : tuple of int
        Users in each answer, after take.
    pairs : tuple of (int, int, int)
        Places of two rules, the smaller first, and how many users are in both.
    """

    sizes: tuple[int, ...]
    pairs: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Class:
    """Some of the values of a tag that are counted together.

    Attributes
    ----------
    kind : {"value", "bin", "other", "missing"}
        One value, a range of numbers or days, all values that are not named, or none.
    value : str, bool, tuple of str or None
        The value; of a multi tag the whole set.
    low, high : float, datetime.date or None
        Of a bin, low in and high out; None where it has no such end.
    """

    kind: Literal["value", "bin", "other", "missing"]
    value: str | bool | tuple[str, ...] | None = None
    low: float | date | None = None
    high: float | date | None = None


@dataclass(frozen=True)
class Contingency:
    """How often the values of two tags meet in one user.

    Attributes
    ----------
    rows, columns : tuple of Class
        The classes of either tag; the missing last, whether or not anybody lacks a value.
    table : numpy.ndarray of int64
        Users of the base in each pair of classes; the cells add up to the base.
    """

    rows: tuple[Class, ...]
    columns: tuple[Class, ...]
    table: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.int64]:
        """The table of the users who have a value of both tags."""
        return self.table[:-1, :-1]


def quantile_cuts(counts: NDArray[np.int64], bins: int) -> list[int]:
    """Return where ordered distinct values are cut into at most `bins` bins of about equal size.

    The cuts are the values at the places floor(i × n / `bins`) of all n values in order. A value that fills
    more than one such place is a bin of its own, so that a heavy value (very often 0) is told apart from
    its neighbours.

    Parameters
    ----------
    counts : numpy.ndarray of int64
        How often each value occurs, in the order of the values; each at least once.
    bins : int
        At least 1.

    Returns
    -------
    list of int
        Places of the values that begin a bin, ascending; the first bin, which begins with the first value,
        is not named.
    """
    upto = np.cumsum(counts)
    if not len(upto):
        return []
    asked: list[Any] = [place * int(upto[-1]) // bins for place in range(1, bins)]
    found, times = np.unique(np.searchsorted(upto, asked, side="right"), return_counts=True)
    cuts: set[int] = set()
    for place, hits in zip(found.tolist(), times.tolist(), strict=True):
        cuts.add(place)
        if hits > 1 or place == 0:
            cuts.add(place + 1)
    return sorted(cuts - {0, len(upto)})
