"""The values that one condition compares, in order: the count at any threshold is read off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core import clock
from core.clock import Days
from core.rules.exact import SCALE, exact_total, exact_value, ranks
from core.rules.ops import Op
from core.schema import TagType

_SURELY_FITS = 1 << 62


@dataclass(frozen=True)
class Spread:
    """The values that a number or date condition compares, among the people for whom it alone decides.

    Attributes
    ----------
    kind : TagType
        Number or date.
    values : polars.Series
        Float64 or Date, ascending, none missing.
    counts : numpy.ndarray of int64
        How many people have each value.
    missing : int
        People for whom the condition decides and who have no value.
    fixed : int
        People who match whatever the condition says.
    is_flipped : bool
        Whether those match for whom the comparison does *not* hold (its own `not` or one above it, or the
        exclude tree).
    totals, divisors : numpy.ndarray or None
        Sums and averages exactly, one per value (`core.rules.exact`): a value is their nearest float, and
        only where a limit equals it the exact number is asked.
    """

    kind: TagType
    values: pl.Series
    counts: NDArray[np.int64]
    missing: int
    fixed: int
    is_flipped: bool
    totals: NDArray[Any] | None = None
    divisors: NDArray[np.int64] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        exact = sum(array.nbytes for array in (self.totals, self.divisors) if array is not None)
        return int(self.values.estimated_size()) + 2 * self.counts.nbytes + exact

    @property
    def people(self) -> int:
        """People for whom the condition decides, those without a value among them."""
        return int(self.counts.sum()) + self.missing

    def below(self, limit: float | date, *, included: bool = False) -> int:
        """Return how many people have a value below a limit (or equal to it)."""
        return self._around(limit)[included]

    def holding(self, op: Op, argument: Any) -> int:
        """Return for how many people a comparison holds."""
        rest = self.missing if op.holds_when_missing else 0
        if self.kind is TagType.DATE:
            return rest + self._days_holding(op, argument)
        if argument is None:
            return rest + (int(self.counts.sum()) if op.holds(0, None) else 0)
        # A comparison's answer changes at its limits only: it is asked once at, below and above each.
        limits = argument if isinstance(argument, tuple) else (argument,)
        distinct = sorted(set(limits))
        places = tuple(2 * distinct.index(limit) + 1 for limit in limits)
        edges = [0]
        for limit in distinct:
            edges += [self.below(limit), self.below(limit, included=True)]
        edges.append(int(self.counts.sum()))
        asked = places if isinstance(argument, tuple) else places[0]
        return rest + sum(
            edges[rank + 1] - edges[rank] for rank in range(len(edges) - 1) if op.holds(rank, asked)
        )

    def _days_holding(self, op: Op, argument: Any) -> int:
        """Return how many people have a day for which a comparison holds."""
        if isinstance(argument, date):
            cuts = [argument, clock.add_days(argument, 1)]
        elif isinstance(argument, Days) and argument.first is not None and argument.last is not None:
            cuts = [argument.first, clock.add_days(argument.last, 1)]
        else:
            held = self.values.alias("value").to_frame().select(op.expr(pl.col("value"), argument))
            return int(self.counts[held.to_series().to_numpy().astype(np.bool_)].sum())
        # The answer changes at these days only: it is asked once for each stretch between them.
        starts = sorted({date.min, *cuts})
        edges = [self.below(day) for day in starts] + [int(self.counts.sum())]
        return sum(
            edges[place + 1] - edges[place] for place, day in enumerate(starts) if op.holds(day, argument)
        )

    def matched(self, op: Op, argument: Any) -> int:
        """Return how many people would match if the condition compared by this op and argument."""
        holding = self.holding(op, argument)
        return self.fixed + (self.people - holding if self.is_flipped else holding)

    def _around(self, limit: float | date) -> tuple[int, int]:
        """Return how many people have a value below a limit, and at most it; asked for once."""
        known = self._asked.get(limit)
        if known is not None:
            return known
        key = limit.toordinal() if isinstance(limit, date) else limit
        first, end = (int(np.searchsorted(self._keys, key, side)) for side in ("left", "right"))
        places = first, end
        if self.totals is not None and first < end and not isinstance(limit, date):
            ranks_of = self._ranks(first, end, limit)
            places = first + int((ranks_of < 1).sum()), first + int((ranks_of < 2).sum())
        below, upto = int(self._before[places[0]]), int(self._before[places[1]])
        return self._asked.setdefault(limit, (below, upto))

    def _ranks(self, first: int, end: int, limit: float) -> NDArray[np.int8]:
        """Return 0 below, 1 at and 2 above the limit for values whose nearest float equals it."""
        if self.totals is None:
            raise TypeError("only sums and averages are more exact than their floats")
        totals = self.totals[first:end]
        divisors = None if self.divisors is None else self.divisors[first:end]
        exact = exact_value(limit)
        if totals.dtype == np.int64:
            millionths = exact * SCALE
            most = 1 if divisors is None else int(divisors.max())
            if millionths.denominator == 1 and abs(millionths) * most < _SURELY_FITS:
                wanted = int(millionths) * (1 if divisors is None else divisors)
                return (1 + np.sign(totals - wanted)).astype(np.int8)
            return ranks(totals, divisors, limit)[0]
        each = [1] * len(totals) if divisors is None else divisors.tolist()
        found = [exact_total(int(total), n) for total, n in zip(totals, each, strict=True)]
        return np.array([1 + (value > exact) - (value < exact) for value in found], dtype=np.int8)

    @cached_property
    def _asked(self) -> dict[float | date, tuple[int, int]]:
        """What was asked for already; exact averages take their time."""
        return {}

    @cached_property
    def _keys(self) -> NDArray[Any]:
        """The values as numbers; days as the calendar counts them."""
        if self.kind is TagType.DATE:
            return self.values.to_physical().to_numpy().astype(np.int64) + date(1970, 1, 1).toordinal()
        return self.values.to_numpy()

    @cached_property
    def _before(self) -> NDArray[np.int64]:
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.counts)])
