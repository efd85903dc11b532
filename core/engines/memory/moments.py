"""Moments: when the occurrences of an event happened, in numbers as small as they can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from core.clock import Instants

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Moments:
    """When occurrences happened, in the coarsest unit in which they all are whole.

    Attributes
    ----------
    values : polars.Series of UInt32 or Int64
        Units since `origin`, one per occurrence.
    unit : int
        Microseconds: a second, a millisecond or one.
    origin : int
        Microseconds since 1970-01-01; a multiple of `unit`.
    newest : int
        The largest value.
    """

    values: pl.Series
    unit: int
    origin: int
    newest: int

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.values.estimated_size())

    def within(self, span: Instants, start: int, stop: int) -> pl.Series:
        """Return which of the occurrences between two places lie in a stretch of time."""
        at = self.values[start:stop]
        first, end = (self.first_not_before(instant) for instant in (span.start, span.end))
        # No literal beyond what the values' type holds.
        return (at >= min(first, self.newest + 1)) & (at < min(end, self.newest + 1))

    def instants(self, start: int, stop: int) -> pl.Series:
        """Return the occurrences between two places as Datetime[μs, UTC]."""
        since = self.values[start:stop].cast(pl.Int64) * self.unit + self.origin
        return since.cast(pl.Datetime("us", "UTC"))

    def instants_of(self, places: pl.Series) -> pl.Series:
        """Return the occurrences at some places as Datetime[μs, UTC]."""
        since = self.values.gather(places).cast(pl.Int64) * self.unit + self.origin
        return since.cast(pl.Datetime("us", "UTC"))

    def first_not_before(self, at: datetime) -> int:
        """Return the smallest value, 0 or more, that does not lie before an instant."""
        return max(-((self.origin - microseconds(at)) // self.unit), 0)


def moments_of(at: pl.Series) -> Moments:
    """Return instants in the coarsest unit in which they all are whole."""
    since = at.dt.epoch("us")
    unit = next(unit for unit in (1_000_000, 1_000, 1) if unit == 1 or (since % unit == 0).all())
    oldest, newest = since.min(), since.max()
    origin = oldest if isinstance(oldest, int) else 0
    largest = ((newest if isinstance(newest, int) else 0) - origin) // unit
    dtype = pl.UInt32 if largest < (1 << 32) - 2 else pl.Int64
    return Moments(((since - origin) // unit).cast(dtype).rechunk(), unit, origin, largest)


def microseconds(at: datetime) -> int:
    """Return an instant in microseconds since 1970-01-01."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
