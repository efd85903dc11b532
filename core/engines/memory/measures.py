"""What users have and did: values of tags, and measures of events compared.

Measures are remembered per user under what was measured, so that changing only a threshold does not measure
again; "did it at all, up to today" is one comparison with everybody's last day.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import lru_cache, reduce
from operator import and_
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Flags, Words, as_series, everybody, nobody, pack, scatter, words_for
from core.engines.memory.by_day import ByDay
from core.engines.memory.cache import Cache
from core.engines.memory.columns import CodedColumn, Column, MultiColumn
from core.engines.memory.events import Partition, both, chosen_of
from core.engines.memory.held import HeldVersion
from core.engines.memory.per_user import PerUser
from core.engines.memory.tiles import SHARDS_AT_ONCE, Tiles
from core.engines.memory.timelines import FEWEST_WINDOWS, did_in_each
from core.rules.canonical import tag_key
from core.rules.exact import exact_argument, exact_total, ranks, unscaled_array
from core.rules.literal_conditions import LiteralEventCondition
from core.rules.literal_values import (
    LiteralAnchored,
    LiteralMeasure,
    LiteralPreference,
    LiteralProperty,
    LiteralTag,
)
from core.rules.ops import Op

_MORE_THAN_ANYONE = 2.0**52
_AHEAD_BYTES = 256 << 20
"""What may be found ahead at a time."""


class Needed(NamedTuple):
    """What a user must have for a condition to be asked of them.

    Attributes
    ----------
    name : hashable
        Names it, for those who remember something made of it.
    having : callable () -> mask
        The users who have it.
    """

    name: Hashable
    having: Callable[[], Words]


class Measures:
    """Values of tags, and measures of events over one data version.

    Parameters
    ----------
    held : HeldVersion
        The version's columns.
    cache : Cache
        Where masks and measures are remembered.
    tiles : Tiles
        How work on rows is divided.
    make : callable (tag) -> column
        Computes tags (see `core.engines.memory.makings`).
    in_passing : bool
        Many days are asked about once each: then everybody's last day, which makes the next window quick, is
        not worth finding.
    """

    def __init__(
        self,
        held: HeldVersion,
        cache: Cache,
        tiles: Tiles,
        make: Callable[[LiteralTag], Column],
        *,
        in_passing: bool = False,
    ) -> None:
        self._held = held
        self._cache = cache
        self._tiles = tiles
        self._make = make
        self._in_passing = in_passing
        self._ahead = threading.local()

    def holds(self, condition: LiteralEventCondition, as_of: date) -> Words:
        """Return the users for whom an event condition holds; not remembered here."""
        measured, op, argument = condition.measured, condition.op, condition.argument
        whether = asks_whether(condition)
        if whether is not None:
            did = self.did(measured, as_of)
            return did if whether else everybody(self._held.user_count) & ~did
        held = self._compared(measured, op, argument)
        if not isinstance(measured.span, LiteralAnchored):
            return held
        # Without a date of their own users have no value: 0 is one.
        having = self.valid(measured.span.tag)
        return held | ~having & everybody(self._held.user_count) if op.holds_when_missing else held & having

    def did(self, measured: LiteralMeasure, as_of: date) -> Words:
        """Return the users with at least one of the occurrences."""
        if isinstance(measured.span, Days):
            known = getattr(self._ahead, "found", None)
            if known and (found := known.get((self.source(measured), measured.span))) is not None:
                return cast(Words, found)
            first, last = measured.span.first, measured.span.last
            is_up_to_now = last is None or last >= as_of
            if is_up_to_now and not self._in_passing:
                return self._did(measured, first, as_of)
            if first is None and last is not None:
                return self._did_by(measured, last)
            return self._did_within(measured, measured.span)
        return scatter(self.per_user(measured).rows, self._held.user_count)

    @contextmanager
    def looking_ahead(self, asked: Iterable[LiteralMeasure]) -> Iterator[None]:
        """Find who did something in each of many windows at once; within, `did` takes it from there.

        It is known to the asking thread only, and forgotten at the end: what is made of it is remembered.
        """
        windows: dict[tuple[Hashable, ...], dict[Days, LiteralMeasure]] = {}
        for measured in asked:
            # What begins with the first occurrence of all is quicker by everybody's first day.
            if isinstance(measured.span, Days) and measured.span.first is not None:
                windows.setdefault(self.source(measured), {})[measured.span] = measured
        self._ahead.found = found = {}
        left = _AHEAD_BYTES // (8 * words_for(self._held.user_count) + 1)
        try:
            for source, spans in windows.items():
                if FEWEST_WINDOWS <= len(spans) <= left:
                    by_day = self._by_day(next(iter(spans.values())))
                    did = did_in_each(by_day, spans, self._held.user_count, self._tiles)
                    found.update({(source, span): mask for span, mask in did.items()})
                    left -= len(spans)
            yield
        finally:
            self._ahead.found = None

    def needed(self, measured: LiteralMeasure) -> Needed | None:
        """Return the occurrences (or values) without which a user has no value of a measure."""
        if measured.measure.zero_when_none:
            anchored = measured.span
            return self.needed_tags([anchored.tag]) if isinstance(anchored, LiteralAnchored) else None
        rows = self._held.user_count
        return Needed(self.key(measured), lambda: scatter(self.per_user(measured).rows, rows))

    def needed_tags(self, tags: Sequence[LiteralTag]) -> Needed:
        """Return the values of tags, all of which a user must have."""

        def having() -> Words:
            return reduce(and_, (self.valid(tag) for tag in tags))

        return Needed(tuple(self.key_of(tag) for tag in tags), having)

    def values(self, tag: LiteralTag) -> Column:
        """Return a tag's values, one per user."""
        if tag.made is None and tag.validity is None:
            return self._held.column(tag.spec.key)
        return self._cache.get(("column", self.key_of(tag)), lambda: self._make(tag))

    def valid(self, tag: LiteralTag) -> Words:
        """Return the users who have a value of a tag."""
        return self._cache.get(("valid", self.key_of(tag)), lambda: self.values(tag).valid())

    def key_of(self, tag: LiteralTag) -> tuple[Hashable, ...]:
        """Return what names the values of a tag."""
        return (self._held.segments, tag_key(tag))

    def key(self, measured: LiteralMeasure) -> tuple[Hashable, ...]:
        """Return what names the values of a measure."""
        of = None if measured.of is None else measured.of.key
        span: Hashable = measured.span
        if isinstance(measured.span, LiteralAnchored):
            anchored = measured.span
            span = (self.key_of(anchored.tag), anchored.n, anchored.unit, anchored.as_of)
        return (*self.source(measured), span, measured.measure.key, of)

    def source(self, measured: LiteralMeasure) -> tuple[Hashable, ...]:
        """Name the occurrences that are measured, at whatever time."""
        where = sorted(((c.spec.key, c.op.key, c.argument) for c in measured.where), key=repr)
        segments = self._held.tables.segments_of(measured.event)
        return (self._held.segments, segments, measured.event, tuple(where))

    def _by_day(self, measured: LiteralMeasure) -> ByDay:
        """Return the occurrences that are measured, at whatever time, in the order of days; remembered."""
        partition = self._held.partition(measured.event)
        if not measured.where:
            return partition.by_day()
        key = ("by day", self.source(measured))
        return self._cache.get(key, lambda: partition.by_day(self.chosen(partition, measured)))

    def _did(self, measured: LiteralMeasure, first: date | None, as_of: date) -> Words:
        """Return who did it on `first` or later: one comparison with everybody's last day."""
        partition = self._held.partition(measured.event)
        key = ("last days", self.source(measured), partition.last_seen(as_of))
        last = self._cache.get(
            key,
            lambda: partition.last_days(as_of, self.chosen(partition, measured), self._tiles),
        )
        since = last.since(first)
        return self._packed(lambda start, stop: last.days[start:stop] >= since)

    def _did_by(self, measured: LiteralMeasure, last: date) -> Words:
        """Return who did it on `last` or earlier: one comparison with everybody's first day."""
        partition = self._held.partition(measured.event)
        first = self._cache.get(
            ("first days", self.source(measured)),
            lambda: partition.first_days(self.chosen(partition, measured), self._tiles),
        )
        until = first.until(last)
        if until is None:
            return nobody(self._held.user_count)
        return self._packed(lambda start, stop: first.days[start:stop] <= until)

    def _packed(self, flags: Callable[[int, int], Flags]) -> Words:
        """Return the users whose flags are set, shard by shard."""
        rows = self._held.user_count
        words = nobody(rows)

        def work(start: int, stop: int) -> None:
            words[start // 64 : start // 64 + words_for(stop - start)] = pack(flags(start, stop))

        # One comparison of small numbers: a million take less time than another thread does to begin.
        self._tiles.each(self._tiles.shards(rows, SHARDS_AT_ONCE), work)
        return words

    def _did_within(self, measured: LiteralMeasure, span: Days) -> Words:
        """Return who did it in some days: only the occurrences that lie in them are looked at further."""
        partition = self._held.partition(measured.event)
        if not measured.where and partition.has_by_day:
            return scatter(partition.by_day().within(span), self._held.user_count)
        where = self.chosen(partition, measured)
        flags = np.zeros(self._held.user_count, dtype=np.bool_)

        def work(start: int, stop: int) -> None:
            among = None if where is None else where[start:stop]
            chosen = both(among, partition.within(span, start, stop))
            flags[chosen_of(partition.rows[start:stop], chosen).to_numpy()] = True

        self._tiles.each(partition.pieces, work)
        return pack(flags)

    def _compared(self, measured: LiteralMeasure, op: Op, argument: Any) -> Words:
        """Return the users whose measure holds; the others have 0 or no value, as the measure says."""
        rows = self._held.user_count
        per_user = self.per_user(measured)
        rest_holds = op.holds_when_missing
        if measured.measure.zero_when_none:
            rest_holds = bool(op.holds(0, argument))
        flags = np.full(rows, rest_holds, dtype=np.bool_)

        def work(start: int, stop: int) -> None:
            flags[per_user.rows[start:stop]] = _hits(per_user.part(start, stop), op, argument)

        self._tiles.run(len(per_user.rows), work)
        return pack(flags)

    def per_user(self, measured: LiteralMeasure) -> PerUser:
        """Return a measure for the users who have an occurrence (or a value) to measure; remembered."""

        def make() -> PerUser:
            partition = self._held.partition(measured.event)
            where = self.chosen(partition, measured)
            of = None if measured.of is None else measured.of.key
            span = measured.span
            if isinstance(span, LiteralAnchored):
                where = both(where, self._in_own_days(partition, span))
                span = Days(None, span.as_of)
            return partition.measured(measured.measure.key, of, span, where, self._tiles)

        return self._cache.get(("per user", self.key(measured)), make)

    def _in_own_days(self, partition: Partition, anchored: LiteralAnchored) -> pl.Series:
        """Return which occurrences lie in the days that begin with their user's own date."""
        column = self.values(anchored.tag)
        if not isinstance(column, CodedColumn):
            raise TypeError(f"{anchored.tag.spec.key} is not a date")
        days = [anchored.days(first) for first in column.dictionary.to_list()]
        # In days since the partition's origin; the missing code has none.
        ends = [[partition.place_of(day.first), partition.place_of(day.last)] for day in days]
        firsts, lasts = np.array([*ends, [1, 0]], dtype=np.int64).T
        flags = np.zeros(len(partition), dtype=np.bool_)

        def work(start: int, stop: int) -> None:
            codes = column.codes.take(partition.rows[start:stop].to_numpy())
            at = partition.days[start:stop].to_numpy()
            flags[start:stop] = (at >= firsts.take(codes)) & (at <= lasts.take(codes))

        self._tiles.each(partition.pieces, work)
        return pl.Series(flags)

    def chosen(self, partition: Partition, measured: LiteralMeasure | LiteralPreference) -> pl.Series | None:
        """Return which occurrences satisfy all property conditions; None = all, for there are none."""
        chosen = None
        for condition in measured.where:
            mask = self._where(partition, measured.event, condition)
            chosen = both(chosen, as_series(mask, len(partition)))
        return chosen

    def _where(self, partition: Partition, event: str, condition: LiteralProperty) -> Words:
        """Return which occurrences satisfy a property condition."""
        op, argument = condition.op, condition.argument

        def make() -> Words:
            column = partition.column(condition.spec.key)
            if not isinstance(column, MultiColumn):
                return column.mask(lambda value: op.expr(value, argument), self._tiles)
            values = column.taken(np.arange(len(column), dtype=np.uint32)).alias("value").to_frame()
            holds = op.expr(pl.col("value"), argument).fill_null(False)
            return pack(values.select(holds).to_series().to_numpy())

        segments = self._held.tables.segments_of(event)
        key = ("where", self._held.segments, segments, condition.spec.key, op.key, argument)
        return self._cache.get(key, make)


def asks_whether(condition: LiteralEventCondition) -> bool | None:
    """Tell whether a condition asks only whether something was done in some days (True), or not (False)."""
    measured = condition.measured
    if measured.measure.key != "count" or not isinstance(measured.span, Days):
        return None
    return _asks_whether(condition.op.holds, condition.argument)


@lru_cache(maxsize=1024, typed=True)
def _asks_whether(holds: Callable[[Any, Any], Any], argument: Any) -> bool | None:
    """Tell whether a comparison of a count asks only "at least one" (True) or "none" (False); else None.

    Its answer can change at its limits only, so it is asked on either side of each.
    """
    limits = argument if isinstance(argument, tuple) else (argument,)
    if not all(isinstance(limit, float) for limit in limits):
        return None
    near = {n for limit in limits for n in range(math.floor(limit) - 1, math.ceil(limit) + 2) if n >= 1}
    far = {1, 2, 4 * max(_MORE_THAN_ANYONE, *limits)}
    when_any = {bool(holds(n, argument)) for n in near | far}
    when_none = bool(holds(0, argument))
    return when_any.pop() if len(when_any) == 1 and when_none not in when_any else None


def _hits(per_user: PerUser, op: Op, argument: Any) -> Flags:
    """Return for each user with a measure whether it holds."""
    flags = np.zeros(len(per_user.rows), dtype=np.bool_)
    values = per_user.values
    if argument is None:
        flags[:] = bool(op.holds(0, None))
    elif not isinstance(values, pl.Series):
        exact = exact_argument(argument)
        flags[:] = [bool(op.holds(total, exact)) for total in exact_totals(per_user)]
    elif values.dtype == pl.Int64:
        flags[:] = op.holds(*ranks(values.to_numpy(), per_user.divisors, argument))
    elif values.dtype == pl.UInt32:
        flags[:] = op.holds(values.to_numpy(), _as_whole(argument))
    else:
        held = values.alias("value").to_frame().select(op.expr(pl.col("value"), argument))
        flags[:] = held.to_series().to_numpy()
    return flags


def _as_whole(argument: Any) -> Any:
    """Return whole limits as integers, which whole numbers are compared with faster."""
    if isinstance(argument, tuple):
        return tuple(_as_whole(limit) for limit in argument)
    return int(argument) if float(argument).is_integer() else argument


def as_floats(per_user: PerUser) -> NDArray[np.float64]:
    """Return a number's measure as floats, sums and averages rounded once."""
    values = per_user.values
    if not isinstance(values, pl.Series):
        return np.array([float(total) for total in exact_totals(per_user)])
    if values.dtype == pl.Int64:
        return unscaled_array(values.to_numpy(), per_user.divisors)
    return values.cast(pl.Float64).to_numpy()


def exact_totals(per_user: PerUser) -> list[Any]:
    """Return sums or averages that 64 bits do not hold as exact numbers."""
    totals = list(per_user.values)
    divisors = [1] * len(totals) if per_user.divisors is None else per_user.divisors.tolist()
    return [exact_total(total, n) for total, n in zip(totals, divisors, strict=True)]
