"""What groups of people did, added up: by group, by stretch of days and by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import EVER, Days
from core.engines.memory.bits import Words, flags
from core.engines.memory.breakdowns import as_coded
from core.engines.memory.columns import MultiColumn
from core.engines.memory.events import Partition
from core.engines.memory.measures import Measures
from core.engines.memory.per_user import exact_sum
from core.engines.tallies import Deeds, Done, Occurred
from core.rules.exact import unscaled
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
    # Cast once for all groups; mostly whatever was done has an amount, so that who did it is found once too.
    rows = times.rows.astype(np.intp)
    with_sums = None if sums is None else sums.rows.astype(np.intp)
    is_same = with_sums is not None and np.array_equal(rows, with_sums)
    found = []
    for people in groups:
        members = flags(people)
        did = np.flatnonzero(members.take(rows))
        total = None
        if sums is not None and with_sums is not None:
            summed = did if is_same else np.flatnonzero(members.take(with_sums))
            total = unscaled(_added(_array(sums.values)[summed]))
        found.append(Done(len(did), _added(_array(times.values)[did]), total))
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
    chosen = measures.chosen(partition, asked.measured("count", EVER))
    members = flags(people)
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
    kept = flags(people).take(rows)
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


def _array(values: pl.Series | NDArray[np.object_]) -> NDArray[Any]:
    return values if isinstance(values, np.ndarray) else values.to_numpy()


def _added(values: NDArray[Any]) -> int:
    """Return the sum of counts, or of sums in millionths; it never overflows."""
    if values.dtype == np.object_:
        return sum(values.tolist())
    return exact_sum(values.astype(np.int64))
