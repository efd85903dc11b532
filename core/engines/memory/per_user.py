"""From chosen occurrences to one value per user: work on runs, for occurrences lie in the order of users.

Users without a chosen occurrence never appear: a result names the users who have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import WORD_BITS, Words, as_series

Rows = NDArray[np.uint32]
Positions = NDArray[np.uint32]

_LARGEST_SUM = float(1 << 62)


@dataclass(frozen=True)
class PerUser:
    """A measure for the users who have one.

    Attributes
    ----------
    rows : numpy.ndarray of uint32
        Rows of the users, ascending, each once.
    values : polars.Series or numpy.ndarray
        One per row: counts as UInt32; sums (and those of averages) as integers of 10^-6, Int64 or, where
        these could overflow, Python integers in an object array; min and max Float64; first and last Date.
    divisors : numpy.ndarray of int64 or None
        For averages: of how many values.
    """

    rows: Rows
    values: pl.Series | NDArray[np.object_]
    divisors: NDArray[np.int64] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        held = self.rows.nbytes
        if isinstance(self.values, pl.Series):
            held += int(self.values.estimated_size())
        else:
            held += len(self.values) * 64
        return held + (0 if self.divisors is None else self.divisors.nbytes)

    def among(self, people: Words) -> PerUser:
        """Return the measure of those among some people who have one."""
        held = as_series(people, len(people) * WORD_BITS).gather(pl.Series(self.rows))
        places = held.arg_true().to_numpy()
        values, divisors = self.values, self.divisors
        chosen = values[places] if isinstance(values, np.ndarray) else values.gather(places)
        return PerUser(self.rows[places], chosen, None if divisors is None else divisors[places])

    def part(self, start: int, stop: int) -> PerUser:
        """Return the users between two places."""
        divisors = None if self.divisors is None else self.divisors[start:stop]
        return PerUser(self.rows[start:stop], self.values[start:stop], divisors)


@dataclass(frozen=True)
class Runs:
    """Runs of equal rows.

    Attributes
    ----------
    rows : numpy.ndarray of uint32
        The row of each run.
    starts : numpy.ndarray of uint32
        Where each run starts.
    length : int
        How many occurrences there are together.
    """

    rows: Rows
    starts: Positions
    length: int

    @property
    def lengths(self) -> NDArray[np.uint32]:
        """How long each run is."""
        ends = np.append(self.starts[1:], np.uint32(self.length)) if len(self.starts) else self.starts
        return ends - self.starts


def runs_of(rows: pl.Series) -> Runs:
    """Return the runs of equal values of an ascending series."""
    size = len(rows)
    if not size:
        return Runs(rows.to_numpy(), np.zeros(0, dtype=np.uint32), 0)
    later = pl.arange(1, size, dtype=pl.UInt32, eager=True).filter(_changes(rows)).to_numpy()
    starts = np.concatenate([np.zeros(1, dtype=np.uint32), later])
    return Runs(rows.to_numpy()[starts], starts, size)


def last_of_each(rows: pl.Series, values: pl.Series) -> tuple[Rows, NDArray[np.generic]]:
    """Return the rows that occur in an ascending series, each once, and the last value of each."""
    if not len(rows):
        return rows.to_numpy(), values.to_numpy()
    last, changes = len(rows) - 1, _changes(rows)
    each_once, ends = (
        np.append(series.slice(0, last).filter(changes).to_numpy(), series.slice(last).to_numpy())
        for series in (rows, values)
    )
    return each_once, ends


def first_of_each(rows: pl.Series, values: pl.Series) -> tuple[Rows, NDArray[np.generic]]:
    """Return the rows that occur in an ascending series, each once, and the first value of each."""
    if not len(rows):
        return rows.to_numpy(), values.to_numpy()
    changes = _changes(rows)
    each_once, begins = (
        np.append(series.slice(0, 1).to_numpy(), series.slice(1).filter(changes).to_numpy())
        for series in (rows, values)
    )
    return each_once, begins


def _changes(rows: pl.Series) -> pl.Series:
    """Return which rows differ from the next; one flag less than there are rows."""
    return rows.slice(1) != rows.slice(0, len(rows) - 1)


def reduced(reduce: np.ufunc, values: NDArray[np.generic], runs: Runs) -> NDArray[np.generic]:
    """Return one reduction of the values per run."""
    per_run: NDArray[np.generic] = reduce.reduceat(values, runs.starts) if runs.length else values[:0]
    return per_run


def counted(rows: pl.Series) -> PerUser:
    """Return how many occurrences each user has."""
    runs = runs_of(rows)
    return PerUser(runs.rows, pl.Series(runs.lengths))


def fit_64_bits(scaled: NDArray[np.int64]) -> bool:
    """Tell whether no sum of some of these integers can overflow."""
    return float(np.abs(scaled).sum(dtype=np.float64)) < _LARGEST_SUM


def exact_sum(scaled: NDArray[np.int64]) -> int:
    """Return the sum of integers; it never overflows."""
    return int(scaled.sum()) if fit_64_bits(scaled) else sum(scaled.tolist())


def summed(rows: pl.Series, scaled: NDArray[np.int64], *, surely_fit: bool, with_divisors: bool) -> PerUser:
    """Return each user's sum of values that are integers of 10^-6 already.

    Parameters
    ----------
    rows : polars.Series
        The user's row of each value, ascending.
    scaled : numpy.ndarray of int64
        The values.
    surely_fit : bool
        It is known that no sum of them overflows.
    with_divisors : bool
        Whether the result says of how many values each sum is, for averages.
    """
    runs = runs_of(rows)
    divisors = runs.lengths.astype(np.int64) if with_divisors else None
    if surely_fit or fit_64_bits(scaled):
        ends = np.cumsum(scaled)[(runs.starts + runs.lengths - np.uint32(1))]
        return PerUser(runs.rows, pl.Series(np.diff(ends, prepend=np.int64(0))), divisors)
    wide = np.array(scaled.tolist(), dtype=np.object_)
    return PerUser(runs.rows, reduced(np.add, wide, runs).astype(np.object_), divisors)


def smallest(rows: pl.Series, values: pl.Series) -> PerUser:
    """Return each user's smallest value."""
    runs = runs_of(rows)
    return PerUser(runs.rows, pl.Series(reduced(np.minimum, values.to_numpy(), runs)))


def largest(rows: pl.Series, values: pl.Series) -> PerUser:
    """Return each user's largest value."""
    runs = runs_of(rows)
    return PerUser(runs.rows, pl.Series(reduced(np.maximum, values.to_numpy(), runs)))


def different(rows: pl.Series, codes: pl.Series) -> PerUser:
    """Return how many different codes (whole numbers below 2^32) each user has."""
    pairs = (rows.cast(pl.UInt64) * (1 << 32)) + codes.cast(pl.UInt64)
    if not pairs.is_sorted():
        pairs = pairs.sort()
    each_once = pairs.gather(runs_of(pairs).starts)
    return counted((each_once // (1 << 32)).cast(pl.UInt32))


def often(rows: pl.Series, codes: pl.Series, at_least: int) -> pl.Series:
    """Return a user's row once for each of their codes that occurs so often."""
    pairs = (rows.cast(pl.UInt64) * (1 << 32)) + codes.cast(pl.UInt64)
    if not pairs.is_sorted():
        pairs = pairs.sort()
    runs = runs_of(pairs)
    kept = runs.rows[runs.lengths >= at_least]
    return pl.Series(kept >> np.uint64(32)).cast(pl.UInt32)


def joined(parts: Sequence[PerUser]) -> PerUser:
    """Return the measures of consecutive users as one."""
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate([part.rows for part in parts])
    divisors = [part.divisors for part in parts if part.divisors is not None]
    of_how_many = np.concatenate(divisors) if divisors else None
    series = [part.values for part in parts if isinstance(part.values, pl.Series)]
    if len(series) == len(parts):
        return PerUser(rows, pl.concat(series), of_how_many)
    wide = [np.array(list(part.values), dtype=np.object_) for part in parts]
    return PerUser(rows, np.concatenate(wide), of_how_many)
