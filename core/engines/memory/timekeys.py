"""Users and times as one ascending number, so that finding and comparing are searches in one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import EVER, Days
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

    def parts(self, rows: int) -> Iterator[tuple[int, int]]:
        """Yield the rows, some at a time, so that no number is too large."""
        most = max(LARGEST_KEY // self.width, 1)
        for low in range(0, rows, most):
            yield low, min(low + most, rows)

    def keys(
        self, partition: Partition, low: int, high: int, span: Days = EVER
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
        """Return the occurrences of some rows that lie in some days, ascending; rows count from `low`.

        Also which of all occurrences of these rows they are; None = all.
        """
        start, stop = partition.places(low, high)
        moments = partition.moments()
        at = moments.values[start:stop].cast(pl.Int64).to_numpy() * (moments.unit // self.unit)
        at = at + (moments.origin - self.origin) // self.unit
        keys: NDArray[np.int64] = (
            partition.rows[start:stop].to_numpy().astype(np.int64) - low
        ) * self.width + at
        within = partition.within(span, start, stop)
        if within is None:
            return keys, None
        kept = within.to_numpy()
        return keys[kept], kept
