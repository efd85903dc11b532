"""What groups of people did, added up: by group, by stretch of days, by value, and how soon after another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Flags, Words, as_series
from core.engines.memory.breakdowns import as_coded
from core.engines.memory.columns import MultiColumn
from core.engines.memory.events import Partition
from core.engines.memory.measures import Measures
from core.engines.memory.per_user import exact_sum
from core.engines.tallies import Deeds, Delays, Done, Occurred
from core.rules.exact import exact_value, unscaled
from core.rules.literal_values import LiteralMeasure, LiteralProperty
from core.rules.measures import MEASURES
from core.schema import EventSpec

_LARGEST_KEY = 1 << 62


@dataclass(frozen=True)
class Asked:
    """Occurrences of one event, made ready for counting."""

    event: EventSpec
    where: tuple[LiteralProperty, ...]
    deeds: Deeds

    def measured(self, measure: str, span: Days) -> LiteralMeasure:
        """Return a measure of them: how many, or the sum of their amount."""
        of = self.event.properties[self.deeds.amount] if measure == "sum" and self.deeds.amount else None
        return LiteralMeasure(self.event.key, self.where, MEASURES[measure], of, span)


def totals(groups: Sequence[Words], asked: Asked, span: Days, measures: Measures) -> list[Done]:
    """Return what each of several groups of people did in some days; sums are exact until the end."""
    times = measures.per_user(asked.measured("count", span))
    sums = None if asked.deeds.amount is None else measures.per_user(asked.measured("sum", span))
    found = []
    for people in groups:
        did = times.among(people)
        total = None if sums is None else unscaled(_added(sums.among(people).values))
        found.append(Done(len(did.rows), _added(did.values), total))
    return found


def course(
    people: Words, asked: Asked, spans: Sequence[Days], partition: Partition, measures: Measures
) -> list[Done]:
    """Return what people did in each of several stretches of days that do not overlap, in one pass.

    Parameters
    ----------
    spans : sequence of Days
        Both ends given; ascending.
    """
    codes = _span_by_day(spans, partition)
    of_spans = np.flatnonzero(codes < len(spans))
    oldest, newest = (int(of_spans[0]), int(of_spans[-1])) if len(of_spans) else (1, 0)
    chosen = measures.chosen(partition, asked.measured("count", Days(None, None)))
    members = _flags(people)
    whole = None if asked.deeds.amount is None else partition.whole(asked.deeds.amount)
    if asked.deeds.amount is not None and (whole is None or not whole.fit):
        # Too large to be added up in 64 bits: each stretch by itself.
        return [totals([people], asked, span, measures)[0] for span in spans]
    many = len(spans)
    users, occurrences, sums = (np.zeros(many + 1, dtype=np.int64) for _ in range(3))
    for start, stop in partition.pieces:
        rows = partition.rows[start:stop].to_numpy()
        days = partition.days[start:stop].to_numpy()
        # Mostly the stretches are few and late: what lies outside of all is left out at once.
        near = (days >= oldest) & (days <= newest)
        if chosen is not None:
            near &= chosen[start:stop].to_numpy()
        places = np.flatnonzero(near)
        code, of_place = codes.take(days[places]), rows[places]
        kept = (code < many) & members.take(of_place)
        places, code, rows = places[kept], code[kept], of_place[kept]
        occurrences += np.bincount(code, minlength=many + 1)
        pairs = np.unique(rows.astype(np.int64) * (many + 1) + code) if not _ascends(rows, code) else None
        if pairs is None:
            is_first = np.ones(len(code), dtype=np.bool_)
            is_first[1:] = (rows[1:] != rows[:-1]) | (code[1:] != code[:-1])
            users += np.bincount(code[is_first], minlength=many + 1)
        else:
            users += np.bincount(pairs % (many + 1), minlength=many + 1)
        if whole is not None:
            np.add.at(sums, code, whole.values[start:stop].to_numpy()[places])
    return [
        Done(
            int(users[place]), int(occurrences[place]), None if whole is None else unscaled(int(sums[place]))
        )
        for place in range(many)
    ]


def occurred(people: Words, partition: Partition, key: str, span: Days) -> list[Occurred]:
    """Return, for each value of a property, who did it, how often and when last, most users first."""
    column = as_coded(partition.column(key))
    rows = partition.rows.to_numpy()
    kept = _flags(people).take(rows)
    seen = partition.within(span, 0, len(partition))
    if seen is not None:
        kept = kept & seen.to_numpy()
    size = len(column.dictionary)
    if isinstance(column, MultiColumn):
        chosen = kept.take(column.owners)
        places, codes = column.owners[chosen], column.codes[chosen]
    else:
        places = np.flatnonzero(kept & (column.codes < size)).astype(np.uint32)
        codes = column.codes[places]
    times = np.bincount(codes, minlength=size)
    pairs = np.unique(rows[places].astype(np.int64) * max(size, 1) + codes)
    users = np.bincount(pairs % max(size, 1), minlength=size)
    moments = partition.moments()
    latest = np.zeros(size, dtype=np.int64)
    np.maximum.at(latest, codes, moments.values.gather(places).to_numpy().astype(np.int64))
    at = (pl.Series(latest) * moments.unit + moments.origin).cast(pl.Datetime("us", "UTC")).to_list()
    # The dictionary is sorted, so that a stable order leaves values of equally many users in order.
    order = [code for code in np.argsort(-users, kind="stable").tolist() if users[code]]
    return [
        Occurred(str(column.dictionary[code]), int(users[code]), int(times[code]), at[code]) for code in order
    ]


def delays(
    people: Words,
    first: Sequence[Partition],
    then: Sequence[Partition],
    as_of: date,
    shares: Sequence[float],
) -> Delays:
    """Return how long people took from their first occurrence of some events to the next of others.

    Of one and the same occurrence in both lists the time is 0.
    """
    first, then = ([partition for partition in events if len(partition)] for events in (first, then))
    if not first or not then:
        return Delays(0, 0, {})
    clock = _Clock([*first, *then])
    times: list[NDArray[np.int64]] = []
    only_before = 0
    members = _flags(people)
    for low, high in clock.parts(len(members)):
        begun = clock.firsts(first, low, high, as_of, members[low:high])
        known = np.flatnonzero(begun < clock.never)
        keys = known * clock.width + begun[known]
        later = np.full(len(known), clock.never, dtype=np.int64)
        ever = np.zeros(len(known), dtype=np.bool_)
        for partition in then:
            held = clock.keys(partition, low, high, as_of)
            if not len(held):
                continue
            place = np.minimum(np.searchsorted(held, keys), len(held) - 1)
            is_own = (held[place] // clock.width == known) & (held[place] >= keys)
            later[is_own] = np.minimum(later[is_own], held[place][is_own] - keys[is_own])
            ever |= _has_any(held, known, clock.width)
        is_later = later < clock.never
        times.append(later[is_later])
        only_before += int((ever & ~is_later).sum())
    ordered = np.sort(np.concatenate(times))
    known_of = {share: _disc(ordered, share) * clock.unit / 1_000_000 for share in shares if len(ordered)}
    return Delays(len(ordered), only_before, known_of)


class _Clock:
    """Puts users and times of several events into one number: row × width + time, in a common unit."""

    def __init__(self, partitions: Sequence[Partition]) -> None:
        moments = [partition.moments() for partition in partitions]
        self.unit = min(moment.unit for moment in moments)
        self.origin = min(moment.origin for moment in moments)
        self.width = 2 + max(
            (m.origin - self.origin) // self.unit + m.newest * (m.unit // self.unit) for m in moments
        )
        self.never = self.width

    def parts(self, rows: int) -> Iterator[tuple[int, int]]:
        """Yield the rows, some at a time, so that no number is too large."""
        most = max(_LARGEST_KEY // self.width, 1)
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

    def keys(self, partition: Partition, low: int, high: int, as_of: date) -> NDArray[np.int64]:
        """Return the occurrences of some rows up to the end of `as_of`, ascending; rows count from `low`."""
        start, stop = partition.places(low, high)
        moments = partition.moments()
        at = moments.values[start:stop].cast(pl.Int64).to_numpy() * (moments.unit // self.unit)
        at = at + (moments.origin - self.origin) // self.unit
        keys: NDArray[np.int64] = (
            partition.rows[start:stop].to_numpy().astype(np.int64) - low
        ) * self.width + at
        seen = partition.within(Days(None, as_of), start, stop)
        return keys if seen is None else keys[seen.to_numpy()]


def _has_any(keys: NDArray[np.int64], rows: NDArray[np.int64], width: int) -> Flags:
    """Return which rows have an occurrence among the keys."""
    place = np.minimum(np.searchsorted(keys, rows * width), len(keys) - 1)
    return np.asarray(keys[place] // width == rows)


def _disc(ordered: NDArray[np.int64], share: float) -> int:
    """Return the smallest number up to which there is a share, which is the number that was written.

    As a float 0.07 is a little more, and 0.07 × 100 would be above 7.
    """
    return int(ordered[max(math.ceil(exact_value(share) * len(ordered)) - 1, 0)])


def _span_by_day(spans: Sequence[Days], partition: Partition) -> NDArray[np.int32]:
    """Return by day since the partition's origin the place of the span that holds it; their number = none."""
    codes = np.full(partition.day_count, len(spans), dtype=np.int32)
    for place, span in enumerate(spans):
        if span.first is None or span.last is None:
            raise ValueError("a stretch of days has both ends")
        first, last = max(partition.place_of(span.first), 0), partition.place_of(span.last)
        codes[first : max(last + 1, 0)] = place
    return codes


def _ascends(rows: NDArray[np.uint32], codes: NDArray[np.int32]) -> bool:
    """Tell whether no user's spans ever go back (clocks that are set back across midnight could do it)."""
    return bool(((codes[1:] >= codes[:-1]) | (rows[1:] != rows[:-1])).all())


def _flags(people: Words) -> Flags:
    return as_series(people, len(people) * 64).to_numpy()


def _added(values: pl.Series | NDArray[np.object_]) -> int:
    """Return the sum of counts, or of sums in millionths; it never overflows."""
    if isinstance(values, np.ndarray):
        return sum(values.tolist())
    return exact_sum(values.to_numpy().astype(np.int64))
