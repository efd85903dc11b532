"""What a column holds, gathered piece by piece: missing, different values, smallest and largest."""

from __future__ import annotations

from datetime import date

import polars as pl

_PENDING_LIMIT = 4_000_000


class ColumnStats:
    """Exact counts over all pieces that were added.

    Different values are told apart by a 64-bit hash, so that memory stays at 8 bytes a value; two values
    among 20 million share one with a probability of 1 to 100,000.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.missing = 0
        self.low: float | date | None = None
        self.high: float | date | None = None
        self._hashes = pl.Series("hash", [], dtype=pl.UInt64())
        self._pending: list[pl.Series] = []
        self._pending_count = 0

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """Number of different values; of a multi column, of different members."""
        self._settle()
        return self._hashes.len()

    def add(self, values: pl.Series) -> None:
        """Take in one more piece of typed values."""
        self.rows += values.len()
        self.missing += values.null_count()
        given = values.drop_nulls()
        if given.is_empty():
            return
        if isinstance(given.dtype, pl.List):
            given = given.explode().drop_nulls()
        elif given.dtype.is_numeric() or given.dtype.is_temporal():
            low, high = given.min(), given.max()
            self.low = low if self.low is None else min(self.low, low)  # type: ignore[type-var,assignment]
            self.high = high if self.high is None else max(self.high, high)  # type: ignore[type-var,assignment]
        hashes = given.unique().hash(seed=0).alias("hash")
        self._pending.append(hashes)
        self._pending_count += hashes.len()
        if self._pending_count > _PENDING_LIMIT:
            self._settle()

    def merge(self, other: ColumnStats) -> None:
        """Take in what another has seen."""
        self.rows += other.rows
        self.missing += other.missing
        for bound in (other.low, other.high):
            if bound is not None:
                self.low = bound if self.low is None else min(self.low, bound)
                self.high = bound if self.high is None else max(self.high, bound)
        other._settle()
        self._pending.append(other._hashes)
        self._pending_count += other._hashes.len()

    def _settle(self) -> None:
        if self._pending:
            self._hashes = pl.concat([self._hashes, *self._pending]).unique()
            self._pending, self._pending_count = [], 0
