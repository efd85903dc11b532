"""Sequences: who has a chain of occurrences that follows the steps.

Every constraint of a positive step looks back to the positive step before it and only says how early that may
be, so of all occurrences from which a chain could come the latest is as good as any. A step is therefore one
look-up of the latest earlier occurrence that a chain reaches; what is reached goes on to the next step. Users
(with `same`: a user and a value) and time are put into one number, so that a look-up is a binary search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core import clock
from core.clock import Days, Span
from core.engines.memory.bits import Words, pack
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn
from core.engines.memory.events import Partition, both, chosen_of
from core.engines.memory.moments import microseconds
from core.engines.memory.sessions import sessions
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralSequence, LiteralStep

Keys = NDArray[np.int64]
_Whole = NDArray[np.integer[Any]]

_LARGEST_KEY = 1 << 62
_PART_OCCURRENCES = 1 << 17
"""About how many occurrences of the most frequent event are looked at together: a core's cache holds them."""

_FEW = 4
"""A list that is so many times shorter than another is better searched for in the longer one."""


def holds(asked: LiteralSequence, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users with a chain of occurrences that follows the steps."""
    flags = np.zeros(sources.held.user_count, dtype=np.bool_)
    search = _Search(asked, sources)

    def work(first: int, end: int) -> None:
        for rows in search.found(first, end):
            flags[rows] = True

    sources.tiles.each(search.parts(sources.held.user_count), work)
    return pack(flags)


@dataclass(frozen=True)
class FoundSessions:
    """Sessions in which something was found.

    Attributes
    ----------
    numbers : numpy.ndarray of int64
        As `core.engines.memory.sessions` numbers them; ascending, each once.
    """

    numbers: Keys

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.numbers.nbytes


def sessions_with(any_of: Sequence[LiteralSequence], sources: Sources) -> FoundSessions:
    """Return the sessions in which one of some sequences holds, all within sessions of one length."""
    found: list[Keys] = []
    for asked in any_of:
        search = _Search(asked, sources)

        def work(first: int, end: int, search: _Search = search) -> None:
            found.extend(search.sessions(first, end))

        sources.tiles.each(search.parts(sources.held.user_count), work)
    return FoundSessions(np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class _Found:
    """Occurrences of one step, in order.

    Attributes
    ----------
    keys : numpy.ndarray of int64
        Group × width + time.
    starts : numpy.ndarray of int64
        Group × width: the earliest key that the same group could have.
    """

    keys: Keys
    starts: Keys

    def where(self, kept: NDArray[np.bool_]) -> _Found:
        return _Found(self.keys[kept], self.starts[kept])


@dataclass(frozen=True)
class _Step:
    """A step with everything that is known of its occurrences before users are divided."""

    span: Span
    partition: Partition
    where: pl.Series | None
    codes: pl.Series | None


class _Search:
    """Looks for chains, some users at a time."""

    def __init__(self, asked: LiteralSequence, sources: Sources) -> None:
        self._asked = asked
        self._is_parted = asked.same is not None or asked.session is not None
        partitions = [sources.held.partition(step.measured.event) for step in asked.steps]
        wheres = [
            sources.measures.chosen(partition, step.measured)
            for partition, step in zip(partitions, asked.steps, strict=True)
        ]
        codes = _group_codes(asked, partitions, sources)
        spans = _spans(asked)
        self._steps = [_Step(*parts) for parts in zip(spans, partitions, wheres, codes, strict=True)]
        moments = [partition.moments() for partition in partitions]
        self._unit = min(moment.unit for moment in moments)
        self._origin = min(moment.origin for moment in moments)
        # One more than the newest time: keys of one group never reach into the next.
        self._width = 1 + max(self._time(m.origin) + m.newest * (m.unit // self._unit) for m in moments)
        self._end = -((self._origin - microseconds(asked.end)) // self._unit)

    def parts(self, user_count: int) -> list[tuple[int, int]]:
        """Return how to divide the users, so that no part has many occurrences."""
        rows = max((step.partition.rows for step in self._steps), key=len).to_numpy()
        cuts = np.unique(rows[_PART_OCCURRENCES::_PART_OCCURRENCES]).tolist()
        edges = [0, *(row for row in cuts if row), user_count]
        most = _LARGEST_KEY // self._width
        return [
            (first, min(first + most, edges[place + 1]))
            for place in range(len(edges) - 1)
            for first in range(edges[place], edges[place + 1], most)
        ]

    def found(self, first: int, end: int) -> Iterator[NDArray[np.int64]]:
        """Yield the rows of users between two who have a chain."""
        groups = [self._groups(step, first, end) for step in self._steps]
        if not self._is_parted:
            yield first + self._chained(groups)
            return
        for pairs in self._found_pairs(groups):
            yield first + (pairs >> 32)

    def sessions(self, first: int, end: int) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers of the sessions in which a chain lies, of users between two.

        Of a sequence within one session and with no property that is the same.
        """
        for pairs in self._found_pairs([self._groups(step, first, end) for step in self._steps]):
            yield pairs & 0xFFFF_FFFF

    def _found_pairs(self, groups: Sequence[tuple[_Whole, _Whole]]) -> Iterator[Keys]:
        """Yield the groups that have a chain, where they are pairs of a user and what parts occurrences."""
        # Only those that the first step has can have a chain.
        pairs: Keys = np.unique(groups[0][0]).astype(np.int64)
        if self._asked.any_order:
            for step, (group, _) in zip(self._asked.steps[1:], groups[1:], strict=True):
                pairs = pairs[np.isin(pairs, group, invert=step.is_negated)]
            yield pairs
            return
        most = _LARGEST_KEY // self._width
        for start in range(0, len(pairs), most):
            some = pairs[start : start + most]
            numbered = [_numbered(group, times, some) for group, times in groups]
            yield some[self._chained(numbered)]

    def _groups(self, step: _Step, first: int, end: int) -> tuple[_Whole, _Whole]:
        """Return group and time of a step's occurrences among users between two; groups are rows from 0."""
        partition = step.partition
        start, stop = partition.places(first, end)
        where = None if step.where is None else step.where[start:stop]
        chosen = both(where, partition.within(step.span, start, stop))
        if step.codes is not None:
            chosen = both(chosen, step.codes[start:stop].is_not_null())
        moments = partition.moments()
        groups: _Whole = chosen_of(partition.rows[start:stop], chosen).to_numpy() - np.uint32(first)
        times: _Whole = chosen_of(moments.values[start:stop], chosen).to_numpy()
        scale, shift = moments.unit // self._unit, self._time(moments.origin)
        if scale != 1 or shift:
            times = np.multiply(times, scale, dtype=np.int64) + shift
        if step.codes is not None:
            codes = chosen_of(step.codes[start:stop], chosen).to_numpy()
            groups = (groups.astype(np.int64) << 32) | codes
        return groups, times

    def _chained(self, groups: Sequence[tuple[_Whole, _Whole]]) -> NDArray[np.int64]:
        """Return the groups that have a chain, each once or more."""
        of_steps = list(zip(self._asked.steps, groups, strict=True))
        reached = self._as_found(*groups[0])
        negated: list[tuple[LiteralStep, Keys]] = []
        for step, (group, times) in of_steps[1:]:
            found = self._as_found(group, times)
            if step.is_negated:
                negated.append((step, found.keys))
                continue
            reached = self._next(reached, found, step.within, [keys for _, keys in negated])
            negated = []
        for step, keys in negated:
            reached = self._without(reached, keys, step.within)
        return reached.starts // self._width

    def _as_found(self, group: _Whole, times: _Whole) -> _Found:
        starts: Keys = np.multiply(group, self._width, dtype=np.int64)
        keys: Keys = np.add(starts, times, dtype=np.int64)
        if self._is_parted:
            # In the order of user and time, which with values in between is none.
            order = np.argsort(keys, kind="stable")
            return _Found(keys[order], starts[order])
        return _Found(keys, starts)

    def _next(
        self, reached: _Found, coming: _Found, within: timedelta | None, negated: Sequence[Keys]
    ) -> _Found:
        """Return which occurrences of a positive step a chain reaches."""
        earliest = coming.starts
        if within is not None:
            earliest = np.maximum(earliest, coming.keys - self._units(within))
        for other in negated:
            # Nothing may lie strictly between: the latest that does not lie behind bounds how far back.
            earliest = np.maximum(earliest, _latest_before(other, coming.keys))
        return coming.where(_latest_before(reached.keys, coming.keys) >= earliest)

    def _without(self, reached: _Found, other: Keys, within: timedelta | None) -> _Found:
        """Return which last occurrences nothing of a negated step comes after, as far as it is asked."""
        last = reached.starts + (self._width - 1)
        if within is not None:
            last = np.minimum(last, reached.keys + self._units(within))
        place = _places(other, reached.keys, side="right")
        kept = place == len(other)
        if len(other):
            kept |= other[np.minimum(place, len(other) - 1)] > last
        if within is not None and not self._asked.counts_open:
            kept &= reached.keys - reached.starts + self._units(within) < self._end
        return reached.where(kept)

    def _time(self, at: int) -> int:
        return (at - self._origin) // self._unit

    def _units(self, length: timedelta) -> int:
        return length // timedelta(microseconds=self._unit)


def _latest_before(keys: Keys, of: Keys) -> Keys:
    """Return for each of some keys the largest of others that is smaller; -1 where there is none."""
    if not len(keys):
        return np.full(len(of), -1, dtype=np.int64)
    place = _places(keys, of, side="left")
    return np.where(place > 0, keys[np.maximum(place - 1, 0)], -1)


def _places(keys: Keys, of: Keys, *, side: str) -> NDArray[np.int64]:
    """Return `numpy.searchsorted` of ascending keys among ascending keys, the shorter list searched for."""
    if len(keys) * _FEW > len(of):
        return np.searchsorted(keys, of, side="left" if side == "left" else "right")
    firsts = np.searchsorted(of, keys, side="right" if side == "left" else "left")
    lengths = np.diff(firsts, prepend=0, append=len(of))
    return np.repeat(np.arange(len(keys) + 1), lengths)


def _numbered(group: _Whole, times: _Whole, some: Keys) -> tuple[_Whole, _Whole]:
    """Return the occurrences of some groups, which are numbered in their order."""
    place = np.searchsorted(some, group)
    known = some[np.minimum(place, len(some) - 1)] == group
    return place[known], times[known]


def _spans(asked: LiteralSequence) -> list[Span]:
    """Return when the occurrences of each step lie: no chain begins before its window does."""
    first, *others = (step.measured.common_span for step in asked.steps)
    if asked.any_order or not isinstance(first, Days) or first.first is None:
        return [first, *others]
    # Where clocks are set back across midnight, what comes later may lie on the day before.
    begins = clock.add_days(first.first, -1)
    return [first, *(Days(begins, other.last) if isinstance(other, Days) else other for other in others)]


def _group_codes(
    asked: LiteralSequence, partitions: Sequence[Partition], sources: Sources
) -> list[pl.Series | None]:
    """Return for each step what parts a user's occurrences as codes: equal ones may be in one chain."""
    values = None if asked.same is None else _shared_codes(asked.same, partitions)
    if asked.session is None:
        return [None] * len(partitions) if values is None else list(values)
    found = sessions(asked.session, sources).codes
    of_steps = [found[step.measured.event] for step in asked.steps]
    return list(of_steps if values is None else _paired(of_steps, values))


def _paired(sessions_of: Sequence[pl.Series], values: Sequence[pl.Series]) -> Iterator[pl.Series]:
    """Yield for each step the pairs of a session and a value as codes; without a value there is none."""
    pairs = [
        session.cast(pl.UInt64) * (1 << 32) + value.cast(pl.UInt64)
        for session, value in zip(sessions_of, values, strict=True)
    ]
    known = pl.concat(pairs).drop_nulls().unique().sort()
    for pair in pairs:
        found = known.search_sorted(pair.fill_null(0))
        yield pl.select(pl.when(pair.is_not_null()).then(found)).to_series()


def _shared_codes(key: str, partitions: Sequence[Partition]) -> list[pl.Series]:
    """Return for each step the values that must be the same as codes; equal values have equal codes."""
    columns = [partition.column(key) for partition in partitions]
    values = pl.concat([_values(column) for column in columns]).unique().drop_nulls().sort()
    places = values.alias("value").to_frame().with_row_index("code")

    def codes(column: Column) -> pl.Series:
        known = _values(column).alias("value").to_frame()
        found = known.join(places, on="value", how="left", maintain_order="left").get_column("code")
        if isinstance(column, CodedColumn):
            return found.extend_constant(None, 1).gather(pl.Series(column.codes))
        return found

    return [codes(column) for column in columns]


def _values(column: Column) -> pl.Series:
    """Return the values that occur, or all of them; -0 is 0."""
    if isinstance(column, MultiColumn):
        raise TypeError("sets of values are not compared with each other")
    if isinstance(column, PlainColumn):
        return column.values + 0.0 if column.values.dtype == pl.Float64 else column.values
    return column.dictionary
