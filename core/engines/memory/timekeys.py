"""Users and times as one ascending number, so that finding and comparing are searches in one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Flags
from core.engines.memory.events import Partition

LARGEST_KEY = 1 << 62


class TimeKeys:
    """Puts users and times of several events into one number: row × width + time, in a common unit.

    Parameters
    ----------
    partitions : sequence of Partition
        At least one, none of them empty.
    room : int
        How many microseconds there are at least between the last time of one user and the first of the next.
    """

    def __init__(self, partitions: Sequence[Partition], room: int = 0) -> None:
        moments = [partition.moments() for partition in partitions]
        self.unit = min(moment.unit for moment in moments)
        self.origin = min(moment.origin for moment in moments)
        self.width = (
            2
            + -(-room // self.unit)
            + max((m.origin - self.origin) // self.unit + m.newest * (m.unit // self.unit) for m in moments)
        )
        self.never = self.width

    def parts(self, rows: int) -> Iterator[tuple[int, int]]:
        """Yield the rows, some at a time, so that no number is too large."""
        most = max(LARGEST_KEY // self.width, 1)
        for low in range(0, rows, most):
            yield low, min(low + most, rows)

    def firsts(
        self, partitions: Sequence[Partition], low: int, high: int, as_of: date, asked: Flags
    ) -> NDArray[np.int64]:
        """Return by row the time of the first occurrence of any of the events; `never` = none."""
        found = np.full(high - low, self.never, dtype=np.int64)
        for partition in partitions:
            keys = self.keys(partition, low, high, as_of)
            rows = keys // self.width
            begins = np.flatnonzero(np.diff(rows, prepend=-1))
            np.minimum.at(found, rows[begins], keys[begins] % self.width)
        found[~asked] = self.never
        return found

    def keys(self, partition: Partition, low: int, high: int, as_of: date | None = None) -> NDArray[np.int64]:
        """Return the occurrences of some rows up to the end of `as_of` (None = all), ascending.

        Rows count from `low`.
        """
        start, stop = partition.places(low, high)
        moments = partition.moments()
        at = moments.values[start:stop].cast(pl.Int64).to_numpy() * (moments.unit // self.unit)
        at = at + (moments.origin - self.origin) // self.unit
        keys: NDArray[np.int64] = (
            partition.rows[start:stop].to_numpy().astype(np.int64) - low
        ) * self.width + at
        seen = partition.within(Days(None, as_of), start, stop)
        return keys if seen is None else keys[seen.to_numpy()]
