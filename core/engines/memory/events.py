"""One event's occurrences in memory, and what its users did: a measure per user over chosen occurrences.

Occurrences lie in the order (user, time), so everything per user is work on runs: filter, run lengths, and
one reduction per run. Users without a chosen occurrence never appear in between.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days, Span
from core.engines.memory.bits import Words, pack_series
from core.engines.memory.cache import Cache
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn, column_of
from core.lake.tables import Tables
from core.rules.exact import scaled_array
from core.schema import AT, DAY, USER_NO, EventSpec, property_column

_EPOCH = date(1970, 1, 1)
_EPOCH_AT = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_SUM = float(1 << 62)
_LARGEST_VALUE = 9.0e12


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

    rows: NDArray[np.uint32]
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


class Partition:
    """All occurrences of one event of a data version.

    Columns are read when they are first needed and then kept. Occurrences of users who are not in the
    version's users table are passed over.

    Parameters
    ----------
    tables : Tables
        The data version.
    event : EventSpec
        Which event.
    row_of : polars.Series of UInt32
        By ``user_no``, the user's row; null where the version has no such user, and in the last place, which
        stands for everything beyond.
    user_count : int
        Rows of the users table.
    """

    def __init__(self, tables: Tables, event: EventSpec, row_of: pl.Series, user_count: int) -> None:
        self._tables = tables
        self._event = event
        self._user_count = user_count
        self._held = Cache(sys.maxsize)
        frame = tables.events(event.key, [USER_NO, DAY])
        rows = row_of.gather(frame.get_column(USER_NO).clip(upper_bound=len(row_of) - 1))
        self._kept: pl.Series | None = None
        days = frame.get_column(DAY).to_physical()
        if rows.null_count():
            self._kept = rows.is_not_null()
            rows, days = rows.filter(self._kept), days.filter(self._kept)
        self.rows = rows.rechunk()
        oldest, newest = days.min(), days.max()
        self.origin = oldest if isinstance(oldest, int) else 0
        self._span = (newest if isinstance(newest, int) else 0) - self.origin
        width = pl.UInt16 if self._span < (1 << 16) - 2 else pl.UInt32
        self.days = (days - self.origin).cast(width).rechunk()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory now."""
        held = int(self.rows.estimated_size()) + int(self.days.estimated_size())
        return held + sum(value.nbytes for value in self._held.values())

    def column(self, key: str) -> Column:
        """Return a property's values, one per occurrence."""
        kind = self._event.properties[key].type
        return self._held.get(("property", key), lambda: column_of(self._read(property_column(key)), kind))

    def within(self, span: Span) -> pl.Series | None:
        """Return which occurrences lie in the span (Boolean); None = all of them."""
        if not isinstance(span, Days):
            at = self._read(AT).dt.epoch("us")
            start, end = _microseconds(span.start), _microseconds(span.end)
            return (at >= start) & (at < end)
        chosen = None
        first = None if span.first is None else (span.first - _EPOCH).days - self.origin
        last = None if span.last is None else (span.last - _EPOCH).days - self.origin
        if (first is not None and first > self._span) or (last is not None and last < 0):
            return pl.repeat(False, len(self), dtype=pl.Boolean, eager=True)
        if first is not None and first > 0:
            chosen = self.days >= first
        if last is not None and last < self._span:
            until = self.days <= last
            chosen = until if chosen is None else chosen & until
        return chosen

    def last_seen(self, as_of: date) -> int:
        """Return the newest day up to `as_of` that can occur: equal days see the same occurrences."""
        return min((as_of - _EPOCH).days - self.origin, self._span)

    def seen(self, as_of: date) -> Words | None:
        """Return the occurrences up to the end of `as_of`, as a mask; None = all."""
        until = self.within(Days(None, as_of))
        return None if until is None else pack_series(until)

    def last_days(self, as_of: date, chosen: pl.Series | None) -> LastDays:
        """Return for every user the last day, up to `as_of`, of the chosen occurrences (None = all)."""
        chosen = both(chosen, self.within(Days(None, as_of)))
        rows, starts, _ = _runs(chosen_of(self.rows, chosen))
        days = chosen_of(self.days, chosen).to_numpy()
        last: NDArray[np.uint16] | NDArray[np.uint32] = np.zeros(self._user_count, dtype=days.dtype)
        last[rows] = _reduced(np.maximum, days, starts) + days.dtype.type(1)
        return LastDays(last, self.origin)

    def measured(self, measure: str, key: str | None, chosen: pl.Series | None) -> PerUser:
        """Return a measure per user over the chosen occurrences (None = all).

        Parameters
        ----------
        measure : str
            Key of the measure table.
        key : str or None
            The property measured, where the measure needs one; missing values are passed over.
        chosen : polars.Series of Boolean or None
            One flag per occurrence.
        """
        match measure:
            case "count":
                rows, _, lengths = _runs(chosen_of(self.rows, chosen))
                return PerUser(rows, lengths)
            case "days":
                return self._different(chosen_of(self.rows, chosen), chosen_of(self.days, chosen))
            case "first_at" | "last_at":
                rows, starts, _ = _runs(chosen_of(self.rows, chosen))
                reduce = np.minimum if measure == "first_at" else np.maximum
                days = _reduced(reduce, chosen_of(self.days, chosen).to_numpy(), starts)
                return PerUser(rows, (pl.Series(days).cast(pl.Int32) + self.origin).cast(pl.Date))
            case "distinct":
                return self._distinct(_named(key), chosen)
            case "min" | "max":
                chosen, values = self._numbers(_named(key), chosen)
                rows, starts, _ = _runs(chosen_of(self.rows, chosen))
                reduce = np.minimum if measure == "min" else np.maximum
                return PerUser(rows, pl.Series(_reduced(reduce, values.to_numpy(), starts)))
            case "sum" | "avg":
                return self._summed(_named(key), chosen, with_divisors=measure == "avg")
            case _:
                raise TypeError(f"no measure {measure}")

    def _read(self, column: str) -> pl.Series:
        values = self._tables.events(self._event.key, [column]).get_column(column)
        return values if self._kept is None else values.filter(self._kept)

    def _numbers(self, key: str, chosen: pl.Series | None) -> tuple[pl.Series | None, pl.Series]:
        """Return which of the chosen occurrences have a value of the number, and those values."""
        values = self._number(key).values
        if values.null_count():
            chosen = both(chosen, values.is_not_null())
        return chosen, chosen_of(values, chosen)

    def _number(self, key: str) -> PlainColumn:
        column = self.column(key)
        if not isinstance(column, PlainColumn) or column.values.dtype != pl.Float64:
            raise TypeError(f"{key} is not a number")
        return column

    def _summed(self, key: str, chosen: pl.Series | None, *, with_divisors: bool) -> PerUser:
        chosen, numbers = self._numbers(key, chosen)
        rows, starts, lengths = _runs(chosen_of(self.rows, chosen))
        whole = self._whole(key)
        picked = scaled_array(numbers.to_numpy()) if whole is None else chosen_of(whole, chosen).to_numpy()
        divisors = lengths.cast(pl.Int64).to_numpy() if with_divisors else None
        if float(np.abs(picked).sum(dtype=np.float64)) < _LARGEST_SUM:
            return PerUser(rows, pl.Series(_reduced(np.add, picked, starts)), divisors)
        wide = np.array(picked.tolist(), dtype=np.object_)
        return PerUser(rows, _reduced(np.add, wide, starts), divisors)

    def _whole(self, key: str) -> pl.Series | None:
        """Return a number's values as integers of 10^-6, which add up without rounding (0 where missing).

        None = some are too large for that: then only what is chosen is asked, and refused in its place.
        """

        def scale() -> PlainColumn:
            values = self._number(key).values.fill_null(0.0).to_numpy()
            if len(values) and float(np.abs(values).max()) > _LARGEST_VALUE:
                return PlainColumn(pl.Series(dtype=pl.Int64))
            return PlainColumn(pl.Series(scaled_array(values)))

        whole = self._held.get(("whole", key), scale).values
        return whole if len(whole) == len(self) else None

    def _distinct(self, key: str, chosen: pl.Series | None) -> PerUser:
        column = self.column(key)
        if isinstance(column, MultiColumn):
            owners = pl.Series(column.owners)
            if chosen is not None:
                kept = chosen.gather(owners)
                return self._different(
                    self.rows.gather(owners.filter(kept)), pl.Series(column.codes).filter(kept)
                )
            return self._different(self.rows.gather(owners), pl.Series(column.codes))
        if isinstance(column, CodedColumn):
            codes = pl.Series(column.codes)
            chosen = both(chosen, codes != column.missing_code)
            return self._different(chosen_of(self.rows, chosen), chosen_of(codes, chosen))
        chosen = both(chosen, column.values.is_not_null())
        return self._different(chosen_of(self.rows, chosen), chosen_of(column.values, chosen))

    @staticmethod
    def _different(rows: pl.Series, values: pl.Series) -> PerUser:
        """Return how many different values each user has."""
        pairs = pl.DataFrame({"row": rows, "value": values}).unique().get_column("row").sort()
        found, _, lengths = _runs(pairs)
        return PerUser(found, lengths)


def both(chosen: pl.Series | None, also: pl.Series | None) -> pl.Series | None:
    """Return the occurrences that are in both choices; None = all."""
    if chosen is None or also is None:
        return also if chosen is None else chosen
    return chosen & also


def chosen_of(values: pl.Series, chosen: pl.Series | None) -> pl.Series:
    """Return the values of the chosen occurrences."""
    return values if chosen is None else values.filter(chosen)


def _runs(rows: pl.Series) -> tuple[NDArray[np.uint32], NDArray[np.int64], pl.Series]:
    """Return the runs of equal rows: the rows, where each run starts, and how long it is (UInt32)."""
    runs = rows.rle()
    lengths = runs.struct.field("len").cast(pl.UInt32)
    ends = np.cumsum(lengths.to_numpy(), dtype=np.int64)
    return runs.struct.field("value").to_numpy(), ends - lengths.to_numpy(), lengths


Number = TypeVar("Number", bound=np.generic)


def _reduced(reduce: np.ufunc, values: NDArray[Number], starts: NDArray[np.int64]) -> NDArray[Number]:
    """Return one reduction per run; none of no runs."""
    reduced: NDArray[Number] = reduce.reduceat(values, starts) if len(starts) else values[:0]
    return reduced


def _named(key: str | None) -> str:
    if key is None:
        raise TypeError("this measure needs a property")
    return key


def _microseconds(at: datetime) -> int:
    since = at - _EPOCH_AT
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
