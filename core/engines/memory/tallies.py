"""What groups of people did, added up: by group, by stretch of days, by value, and how soon after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import EVER, Days
from core.engines.memory.bits import Flags, Words, as_series
from core.engines.memory.breakdowns import as_coded
from core.engines.memory.columns import MultiColumn
from core.engines.memory.events import Partition
from core.engines.memory.measures import Measures
from core.engines.memory.per_user import exact_sum
from core.engines.memory.timekeys import TimeKeys
from core.engines.tallies import Deeds, Delays, Done, Occurred
from core.rules.exact import exact_value, unscaled
from core.rules.literal_values import LiteralMeasure, LiteralProperty
from core.rules.measures import MEASURES
from core.schema import EventSpec


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
    chosen = measures.chosen(partition, asked.measured("count", EVER))
    members = _flags(people)
    whole = None if asked.deeds.amount is None else partition.whole(asked.deeds.amount)
    if asked.deeds.amount is not None and (whole is None or not whole.fit):
        # Too large to be added up in 64 bits: each stretch by itself.
        return [totals([people], asked, span, measures)[0] for span in spans]
    many = len(spans)
    users, occurrences, sums = (np.zeros(many + 1, dtype=np.int64) for _ in range(3))
    for start, stop in partition.pieces:
        rows = partition.rows[start:stop].to_numpy()
        code = codes.take(partition.days[start:stop].to_numpy())
        kept = (code < many) & members.take(rows)
        if chosen is not None:
            kept &= chosen[start:stop].to_numpy()
        places = np.flatnonzero(kept)
        code, rows = code[places], rows[places]
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


@dataclass(frozen=True)
class Marks:
    """An event's occurrences, with what keeps them apart besides the user.

    Attributes
    ----------
    sessions : polars.Series of UInt32 or None
        In which session each lies (`core.engines.memory.sessions`); None = all of a user's belong together.
    """

    partition: Partition
    sessions: pl.Series | None = None

    def of(
        self, keys: TimeKeys, low: int, high: int, span: Days
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return key and group of what lies in some days, of the users between two rows; both ascend."""
        found, kept = keys.keys(self.partition, low, high, span)
        groups = found // keys.width
        if self.sessions is not None:
            start, stop = self.partition.places(low, high)
            codes = self.sessions[start:stop].to_numpy()
            groups = (groups << 32) | (codes if kept is None else codes[kept])
        return found, groups


def delays(
    people: Words, first: Sequence[Marks], then: Sequence[Marks], span: Days, shares: Sequence[float],
    sessions: NDArray[np.int64] | None = None,
) -> Delays:  # fmt: skip
    """Return how long it took from people's first occurrence of some events to the next of others.

    Of one and the same occurrence in both lists the time is 0. Where sessions are told apart, each has a
    first occurrence and a next one of its own.

    Parameters
    ----------
    span : Days
        When all of the occurrences lie.
    sessions : numpy.ndarray of int64 or None
        Which sessions count where they are told apart: row << 32 + number, ascending.
    """
    first, then = ([marks for marks in events if len(marks.partition)] for events in (first, then))
    if not first or not then:
        return Delays(0, 0, {})
    keys = TimeKeys([marks.partition for marks in (*first, *then)])
    never = keys.width
    times: list[NDArray[np.int64]] = []
    only_before = 0
    members = _flags(people)
    for low, high in keys.parts(len(members)):
        begun, groups = _firsts([marks.of(keys, low, high, span) for marks in first])
        asked = members[low:high].take(begun // keys.width)
        if sessions is not None and len(groups):
            edges = np.searchsorted(sessions, np.array([low, high], dtype=np.int64) << 32)
            within = sessions[slice(*edges)] - (low << 32)
            asked &= _are_among(groups, within) if len(within) else np.False_
        begun, groups = begun[asked], groups[asked]
        later = np.full(len(begun), never, dtype=np.int64)
        ever = np.zeros(len(begun), dtype=np.bool_)
        for marks in then:
            held, of_groups = marks.of(keys, low, high, span)
            if not len(held):
                continue
            place = np.minimum(np.searchsorted(held, begun), len(held) - 1)
            is_own = (of_groups[place] == groups) & (held[place] >= begun)
            later[is_own] = np.minimum(later[is_own], held[place][is_own] - begun[is_own])
            ever |= _are_among(groups, of_groups)
        is_later = later < never
        times.append(later[is_later])
        only_before += int((ever & ~is_later).sum())
    ordered = np.sort(np.concatenate(times))
    known_of = {share: _disc(ordered, share) * keys.unit / 1_000_000 for share in shares if len(ordered)}
    return Delays(len(ordered), only_before, known_of)


def _firsts(
    found: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first occurrence of every group, of any of several events."""
    keys, groups = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if len(found) > 1:
        order = np.argsort(keys, kind="stable")
        keys, groups = keys[order], groups[order]
    begins = np.flatnonzero(np.diff(groups, prepend=-1))
    return keys[begins], groups[begins]


def _are_among(groups: NDArray[np.int64], others: NDArray[np.int64]) -> Flags:
    """Return which of some ascending groups are among other ascending ones."""
    place = np.minimum(np.searchsorted(others, groups), len(others) - 1)
    return np.asarray(others[place] == groups)


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
