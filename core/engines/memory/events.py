"""One event's occurrences in memory, in the order (user, time), in pieces that never divide a user.

Pieces are worked on by several threads, and are small enough for a core's cache.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days, Span
from core.engines.memory import per_user
from core.engines.memory.bits import Words, pack_series
from core.engines.memory.by_day import ByDay, FirstDays, LastDays, by_day
from core.engines.memory.cache import Cache
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn, column_of
from core.engines.memory.moments import Moments, moments_of
from core.engines.memory.per_user import PerUser
from core.engines.memory.tiles import Tiles
from core.lake.tables import Tables
from core.rules.exact import scaled_array
from core.schema import AT, DAY, USER_NO, EventSpec, property_column

PIECE_OCCURRENCES = 1 << 20

_EPOCH = date(1970, 1, 1)
_LARGEST_VALUE = 9.0e12
_BY_DAY = "by day"


@dataclass(frozen=True)
class WholeNumbers:
    """A number's values as integers of 10^-6.

    Attributes
    ----------
    values : polars.Series of Int64
        One per occurrence, 0 where missing; empty when some are too large.
    fit : bool
        Whether no sum of some of them can overflow.
    """

    values: pl.Series
    fit: bool

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.values.estimated_size())


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
    piece_occurrences : int
        About how many occurrences a piece has.
    """

    def __init__(
        self,
        tables: Tables,
        event: EventSpec,
        row_of: pl.Series,
        user_count: int,
        piece_occurrences: int = PIECE_OCCURRENCES,
    ) -> None:
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
        self.pieces = _pieces(self.rows, piece_occurrences)
        self._is_ascending = _ascends(self.rows, self.days)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def day_count(self) -> int:
        """How many days there are from the oldest occurrence to the newest."""
        return self._span + 1

    @property
    def nbytes(self) -> int:
        """Bytes held in memory now."""
        held = int(self.rows.estimated_size()) + int(self.days.estimated_size())
        return held + sum(value.nbytes for value in self._held.values())

    def column(self, key: str) -> Column:
        """Return a property's values, one per occurrence."""
        kind = self._event.properties[key].type
        return self._held.get(("property", key), lambda: column_of(self._read(property_column(key)), kind))

    def within(self, span: Span, start: int, stop: int) -> pl.Series | None:
        """Return which occurrences of a piece lie in the span (Boolean); None = all of them."""
        if not isinstance(span, Days):
            return self.moments().within(span, start, stop)
        first = None if span.first is None else self.place_of(span.first)
        last = None if span.last is None else self.place_of(span.last)
        if (first is not None and first > self._span) or (last is not None and last < 0):
            return pl.repeat(False, stop - start, dtype=pl.Boolean, eager=True)
        days = self.days[start:stop]
        chosen = days >= first if first is not None and first > 0 else None
        return both(chosen, days <= last) if last is not None and last < self._span else chosen

    def places(self, first: int, end: int) -> tuple[int, int]:
        """Return where the occurrences of the users from one row up to before another begin and end."""
        # By NumPy: a search by Polars costs a hundred times as much. In the rows' type, else all are cast.
        wanted = np.array([first, end], dtype=np.uint32)
        start, stop = np.searchsorted(self.rows.to_numpy(), wanted).tolist()
        return start, stop

    @property
    def has_by_day(self) -> bool:
        """Whether the order of days is known already: to find it for one question takes too long."""
        return _BY_DAY in self._held

    def by_day(self, where: pl.Series | None = None) -> ByDay:
        """Return the occurrences in `where` in the order of days; of all (None) it is kept."""

        def make() -> ByDay:
            rows, days = chosen_of(self.rows, where), chosen_of(self.days, where)
            return by_day(rows.to_numpy(), days.to_numpy(), self.day_count, self.origin)

        return self._held.get(_BY_DAY, make) if where is None else make()

    def of_row(self, row: int, as_of: date) -> pl.DataFrame:
        """Return what the user of one row did up to the end of `as_of`: ``at``, and a column a property."""
        start, stop = self.places(row, row + 1)
        at = self.moments().instants(start, stop).alias(AT)
        places = np.arange(start, stop, dtype=np.uint32)
        properties = [
            self.column(key).taken(places).alias(property_column(key)) for key in self._event.properties
        ]
        seen = self.within(Days(None, as_of), start, stop)
        found = pl.DataFrame([at, *properties])
        return found if seen is None else found.filter(seen)

    def place_of(self, day: date | None) -> int:
        """Return a day as `days` counts it; None = the last of the calendar."""
        return ((day or date.max) - _EPOCH).days - self.origin

    def moments(self) -> Moments:
        """Return when the occurrences happened."""
        return self._held.get("moments", lambda: moments_of(self._read(AT)))

    def hours(self, zone: str) -> pl.Series:
        """Return the hour of the day of every occurrence in a time zone, 0 to 23."""

        def make() -> PlainColumn:
            at = self.moments().instants(0, len(self))
            return PlainColumn(at.dt.convert_time_zone(zone).dt.hour().cast(pl.UInt8))

        return self._held.get(("hours", zone), make).values

    def last_seen(self, as_of: date) -> int:
        """Return the newest day up to `as_of` that can occur: equal days see the same occurrences."""
        return min((as_of - _EPOCH).days - self.origin, self._span)

    def seen(self, as_of: date) -> Words | None:
        """Return the occurrences up to the end of `as_of`, as a mask; None = all."""
        until = self.within(Days(None, as_of), 0, len(self))
        return None if until is None else pack_series(until)

    def last_days(self, as_of: date, where: pl.Series | None, tiles: Tiles) -> LastDays:
        """Return for every user the last day, up to `as_of`, of the occurrences in `where` (None = all)."""
        dtype = self.days.to_numpy().dtype
        last: NDArray[np.uint16] | NDArray[np.uint32] = np.zeros(self._user_count, dtype=dtype)

        def work(start: int, stop: int) -> None:
            chosen = both(_slice(where, start, stop), self.within(Days(None, as_of), start, stop))
            rows, days = chosen_of(self.rows[start:stop], chosen), chosen_of(self.days[start:stop], chosen)
            if self._is_ascending:
                ends, last_days = per_user.last_of_each(rows, days)
                last[ends] = last_days + dtype.type(1)
            else:
                runs = per_user.runs_of(rows)
                last[runs.rows] = per_user.reduced(np.maximum, days.to_numpy(), runs) + dtype.type(1)

        tiles.each(self.pieces, work)
        return LastDays(last, self.origin)

    def first_days(self, where: pl.Series | None, tiles: Tiles) -> FirstDays:
        """Return for every user the first day of the occurrences in `where` (None = all)."""
        dtype = self.days.to_numpy().dtype
        first: NDArray[np.uint16] | NDArray[np.uint32] = np.full(
            self._user_count, np.iinfo(dtype).max, dtype=dtype
        )

        def work(start: int, stop: int) -> None:
            chosen = _slice(where, start, stop)
            rows, days = chosen_of(self.rows[start:stop], chosen), chosen_of(self.days[start:stop], chosen)
            if self._is_ascending:
                begins, first_days = per_user.first_of_each(rows, days)
                first[begins] = first_days
            else:
                runs = per_user.runs_of(rows)
                first[runs.rows] = per_user.reduced(np.minimum, days.to_numpy(), runs)

        tiles.each(self.pieces, work)
        return FirstDays(first, self.origin)

    def measured(
        self, measure: str, key: str | None, span: Span, where: pl.Series | None, tiles: Tiles
    ) -> PerUser:
        """Return a measure per user over the occurrences that lie in a span and in `where`.

        Parameters
        ----------
        measure : str
            Key of the measure table.
        key : str or None
            The property measured, where the measure needs one; missing values are passed over.
        span : Days or Instants
            When they lie.
        where : polars.Series of Boolean or None
            One flag per occurrence; None = all.
        tiles : Tiles
            How the work is divided.
        """
        take = self._measurer(measure, key)
        parts: dict[int, PerUser] = {}

        def work(start: int, stop: int) -> None:
            chosen = both(_slice(where, start, stop), self.within(span, start, stop))
            parts[start] = take(start, stop, chosen)

        tiles.each(self.pieces, work)
        return per_user.joined([parts[start] for start, _ in self.pieces])

    def _measurer(self, measure: str, key: str | None) -> Callable[[int, int, pl.Series | None], PerUser]:
        """Return what measures the chosen occurrences of a piece."""
        match measure:
            case "count":
                return lambda start, stop, chosen: per_user.counted(chosen_of(self.rows[start:stop], chosen))
            case "days":
                return self._of_values(self.days, per_user.different)
            case "first_at" | "last_at":
                reduce = per_user.smallest if measure == "first_at" else per_user.largest
                of_days = self._of_values(self.days, reduce)
                return lambda start, stop, chosen: self._dated(of_days(start, stop, chosen))
            case "distinct":
                return self._distinct(_named(key))
            case "min" | "max":
                reduce = per_user.smallest if measure == "min" else per_user.largest
                return self._of_values(self.number(_named(key)), reduce)
            case "sum" | "avg":
                return self._summed(_named(key), with_divisors=measure == "avg")
            case _:
                raise TypeError(f"no measure {measure}")

    def _of_values(
        self, values: pl.Series, reduce: Callable[[pl.Series, pl.Series], PerUser]
    ) -> Callable[[int, int, pl.Series | None], PerUser]:
        """Return what reduces the values of the chosen occurrences that have one."""

        def measure(start: int, stop: int, chosen: pl.Series | None) -> PerUser:
            within = values[start:stop]
            if within.null_count():
                chosen = both(chosen, within.is_not_null())
            return reduce(chosen_of(self.rows[start:stop], chosen), chosen_of(within, chosen))

        return measure

    def _dated(self, days: PerUser) -> PerUser:
        values = pl.Series(days.values).cast(pl.Int32) + self.origin
        return PerUser(days.rows, values.cast(pl.Date))

    def _summed(self, key: str, *, with_divisors: bool) -> Callable[[int, int, pl.Series | None], PerUser]:
        numbers = self.number(key)
        whole = self.whole(key)
        surely_fit = whole is not None and whole.fit

        def measure(start: int, stop: int, chosen: pl.Series | None) -> PerUser:
            within = numbers[start:stop]
            if within.null_count():
                chosen = both(chosen, within.is_not_null())
            rows = chosen_of(self.rows[start:stop], chosen)
            if whole is None:
                scaled = scaled_array(chosen_of(within, chosen).to_numpy())
            else:
                scaled = chosen_of(whole.values[start:stop], chosen).to_numpy()
            return per_user.summed(rows, scaled, surely_fit=surely_fit, with_divisors=with_divisors)

        return measure

    def _distinct(self, key: str) -> Callable[[int, int, pl.Series | None], PerUser]:
        column = self.column(key)
        if not isinstance(column, MultiColumn):
            return self._of_values(self._codes(key, column), per_user.different)
        owners, codes = pl.Series(column.owners), pl.Series(column.codes)

        def measure(start: int, stop: int, chosen: pl.Series | None) -> PerUser:
            first, end = owners.search_sorted(start), owners.search_sorted(stop)
            of_piece, values = owners[first:end], codes[first:end]
            if chosen is not None:
                kept = chosen.gather(of_piece - start)
                of_piece, values = of_piece.filter(kept), values.filter(kept)
            return per_user.different(self.rows.gather(of_piece), values)

        return measure

    def _codes(self, key: str, column: CodedColumn | PlainColumn) -> pl.Series:
        """Return a property's values as codes, null where missing; equal values have equal codes."""

        def make() -> PlainColumn:
            if isinstance(column, CodedColumn):
                codes = pl.Series("code", column.codes)
                known = pl.when(pl.col("code") != column.missing_code).then(pl.col("code"))
                return PlainColumn(codes.to_frame().select(known).to_series())
            values = column.values + 0.0 if column.values.dtype == pl.Float64 else column.values
            return PlainColumn(values.rank("dense"))

        return self._held.get(("codes", key), make).values

    def _read(self, column: str) -> pl.Series:
        values = self._tables.events(self._event.key, [column]).get_column(column)
        return values if self._kept is None else values.filter(self._kept)

    def number(self, key: str) -> pl.Series:
        """Return a number's values, one per occurrence."""
        column = self.column(key)
        if not isinstance(column, PlainColumn) or column.values.dtype != pl.Float64:
            raise TypeError(f"{key} is not a number")
        return column.values

    def whole(self, key: str) -> WholeNumbers | None:
        """Return a number's values as integers of 10^-6, which add up without rounding.

        None = some are too large for that: then only what is chosen is asked, and refused in its place.
        """

        def scale() -> WholeNumbers:
            values = self.number(key).fill_null(0.0).to_numpy()
            if len(values) and float(np.abs(values).max()) > _LARGEST_VALUE:
                return WholeNumbers(pl.Series(dtype=pl.Int64), fit=False)
            scaled = scaled_array(values)
            return WholeNumbers(pl.Series(scaled), per_user.fit_64_bits(scaled))

        whole = self._held.get(("whole", key), scale)
        return whole if len(whole.values) == len(self) else None


def both(chosen: pl.Series | None, also: pl.Series | None) -> pl.Series | None:
    """Return the occurrences that are in both choices; None = all."""
    if chosen is None or also is None:
        return also if chosen is None else chosen
    return chosen & also


def chosen_of(values: pl.Series, chosen: pl.Series | None) -> pl.Series:
    """Return the values of the chosen occurrences."""
    return values if chosen is None else values.filter(chosen)


def _slice(flags: pl.Series | None, start: int, stop: int) -> pl.Series | None:
    return None if flags is None else flags[start:stop]


def _pieces(rows: pl.Series, size: int) -> list[tuple[int, int]]:
    """Return where to cut so that no user is divided; one empty piece where there is nothing."""
    numbers = rows.to_numpy()
    cuts = {int(np.searchsorted(numbers, numbers[place])) for place in range(size, len(numbers), size)}
    edges = sorted({0, len(numbers)} | cuts)
    return list(pairwise(edges)) or [(0, 0)]


def _ascends(rows: pl.Series, days: pl.Series) -> bool:
    """Tell whether no user's days ever go back (clocks that are set back across midnight could do it)."""
    last = max(len(rows) - 1, 0)
    return bool(((days.slice(1) >= days.slice(0, last)) | (rows.slice(1) != rows.slice(0, last))).all())


def _named(key: str | None) -> str:
    if key is None:
        raise TypeError("this measure needs a property")
    return key
