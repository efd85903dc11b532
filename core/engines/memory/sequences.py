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
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core import clock
from core.clock import Days, Span
from core.engines.memory.bits import Flags, Words, pack
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn
from core.engines.memory.events import Partition, both, chosen_of
from core.engines.memory.moments import microseconds
from core.engines.memory.sessions import Sessions, sessions
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralSequence, LiteralSession, LiteralStep

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
    if asked.session is not None and _is_unordered(asked):
        flags[sessions(asked.session, sources).owners[_with_each(asked, asked.session, sources)]] = True
        return pack(flags)
    search = _Search(asked, sources)

    def work(first: int, end: int) -> None:
        for rows in search.found(first, end):
            flags[rows] = True

    sources.tiles.each(search.parts(sources.held.user_count), work)
    return pack(flags)


def sessions_with(any_of: Sequence[LiteralSequence], sources: Sources) -> Words:
    """Return the sessions in which one of some sequences holds, as a mask by their number.

    All lie within sessions of one length, and none asks for the same value of a property.
    """
    flags: Flags = np.zeros(0, dtype=np.bool_)
    for asked in any_of:
        if asked.session is None or asked.same is not None:
            raise TypeError("a sequence within a session, whatever its values")
        if not len(flags):
            flags = np.zeros(len(sessions(asked.session, sources).owners), dtype=np.bool_)
        if _is_unordered(asked):
            flags |= _with_each(asked, asked.session, sources)
            continue
        search = _Search(asked, sources)

        def work(first: int, end: int, search: _Search = search, flags: Flags = flags) -> None:
            flags[search.sessions(first, end)] = True

        sources.tiles.each(search.parts(sources.held.user_count), work)
    return pack(flags)


def _is_unordered(asked: LiteralSequence) -> bool:
    """Tell whether a session only needs to have each step: one step alone has no order either."""
    return asked.same is None and (asked.any_order or len(asked.steps) == 1)


def _with_each(asked: LiteralSequence, session: LiteralSession, sources: Sources) -> Flags:
    """Return the sessions that have an occurrence for each positive step and none for the others."""
    found = sessions(session, sources)
    held = np.ones(len(found.owners), dtype=np.bool_)
    for step in asked.steps:
        partition = sources.held.partition(step.measured.event)
        where = sources.measures.chosen(partition, step.measured)
        codes, span = found.codes[step.measured.event], step.measured.common_span
        having = np.zeros(len(held), dtype=np.bool_)
        for start, stop in partition.pieces:
            chosen = both(None if where is None else where[start:stop], partition.within(span, start, stop))
            having[chosen_of(codes[start:stop], chosen).to_numpy()] = True
        held &= ~having if step.is_negated else having
    return held


@dataclass(frozen=True)
class _Found:
    """Occurrences of one step, in order.

    Attributes
    ----------
    keys : numpy.ndarray of int64
        Group × width + time.
    starts : numpy.ndarray of int64
        The earliest key that a chain may have which leads to the occurrence: that of its group, or session.
    codes : numpy.ndarray of uint32 or None
        The session of each; None where no session is asked for by itself.
    """

    keys: Keys
    starts: Keys
    codes: NDArray[np.uint32] | None = None

    def where(self, kept: NDArray[np.bool_]) -> _Found:
        return _Found(self.keys[kept], self.starts[kept], None if self.codes is None else self.codes[kept])


class _Occurrences(NamedTuple):
    """A step's occurrences among some users: group (a row from 0, or more), time, and session by itself."""

    groups: _Whole
    times: _Whole
    codes: NDArray[np.uint32] | None = None


@dataclass(frozen=True)
class _Step:
    """A step with everything that is known of its occurrences before users are divided."""

    span: Span
    partition: Partition
    where: pl.Series | None
    codes: pl.Series | None
    sessions: pl.Series | None


class _Search:
    """Looks for chains, some users at a time."""

    def __init__(self, asked: LiteralSequence, sources: Sources) -> None:
        self._asked = asked
        self._is_parted = asked.same is not None
        self._sessions: Sessions | None = None
        if asked.session is not None and not self._is_parted:
            self._sessions = sessions(asked.session, sources)
        partitions = [sources.held.partition(step.measured.event) for step in asked.steps]
        wheres = [
            sources.measures.chosen(partition, step.measured)
            for partition, step in zip(partitions, asked.steps, strict=True)
        ]
        codes = _group_codes(asked, partitions, sources)
        spans = _spans(asked)
        of_steps = [
            None if self._sessions is None else self._sessions.codes[step.measured.event]
            for step in asked.steps
        ]
        self._steps = [
            _Step(*parts) for parts in zip(spans, partitions, wheres, codes, of_steps, strict=True)
        ]
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
        found = [self._occurrences(step, first, end) for step in self._steps]
        if not self._is_parted:
            yield first + self._chained(found).starts // self._width
            return
        # Groups are pairs of a user and a value; only those that the first step has can have a chain.
        pairs: Keys = np.unique(found[0].groups).astype(np.int64)
        if self._asked.any_order:
            for step, other in zip(self._asked.steps[1:], found[1:], strict=True):
                pairs = pairs[np.isin(pairs, other.groups, invert=step.is_negated)]
            yield first + (pairs >> 32)
            return
        most = _LARGEST_KEY // self._width
        for start in range(0, len(pairs), most):
            some = pairs[start : start + most]
            chained = self._chained([_numbered(each, some) for each in found])
            yield first + (some[chained.starts // self._width] >> 32)

    def sessions(self, first: int, end: int) -> NDArray[np.uint32]:
        """Return the sessions in which a chain lies, each once or more, of users between two."""
        codes = self._chained([self._occurrences(step, first, end) for step in self._steps]).codes
        if codes is None:
            raise TypeError("no session is asked for by itself")
        return codes

    def _occurrences(self, step: _Step, first: int, end: int) -> _Occurrences:
        """Return a step's occurrences among users between two."""
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
        if step.sessions is None:
            return _Occurrences(groups, times)
        return _Occurrences(groups, times, chosen_of(step.sessions[start:stop], chosen).to_numpy())

    def _chained(self, of_steps: Sequence[_Occurrences]) -> _Found:
        """Return the last occurrences of all chains."""
        reached = self._as_found(of_steps[0])
        negated: list[tuple[LiteralStep, Keys]] = []
        for step, occurrences in zip(self._asked.steps[1:], of_steps[1:], strict=True):
            found = self._as_found(occurrences)
            if step.is_negated:
                negated.append((step, found.keys))
                continue
            reached = self._next(reached, found, step.within, [keys for _, keys in negated])
            negated = []
        for step, keys in negated:
            reached = self._without(reached, keys, step.within)
        return reached

    def _as_found(self, of_step: _Occurrences) -> _Found:
        starts: Keys = np.multiply(of_step.groups, self._width, dtype=np.int64)
        keys: Keys = np.add(starts, of_step.times, dtype=np.int64)
        if self._is_parted:
            # In the order of user and time, which with values in between is none.
            order = np.argsort(keys, kind="stable")
            return _Found(keys[order], starts[order])
        if of_step.codes is not None and self._sessions is not None:
            starts += self._begun(self._sessions, of_step.codes)
        return _Found(keys, starts, of_step.codes)

    def _begun(self, of: Sessions, codes: NDArray[np.uint32]) -> Keys:
        """Return when sessions began, as keys tell it; no earlier than the steps, and no later than them all.

        Beyond their width, keys are those of the next user.
        """
        # Their unit may be finer than that of the steps: what began them may be another event.
        begun = of.starts[codes].astype(np.int64) * of.unit + (of.origin - self._origin)
        return np.clip(-(-begun // self._unit), 0, self._width)

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
        last = self._ends(reached)
        if within is not None:
            last = np.minimum(last, reached.keys + self._units(within))
        place = _places(other, reached.keys, side="right")
        kept = place == len(other)
        if len(other):
            kept |= other[np.minimum(place, len(other) - 1)] > last
        if within is not None and not self._asked.counts_open:
            kept &= reached.keys % self._width + self._units(within) < self._end
        return reached.where(kept)

    def _ends(self, reached: _Found) -> Keys:
        """Return the last key that may belong to what each occurrence belongs to."""
        rows: Keys = reached.keys // self._width * self._width
        ends = rows + (self._width - 1)
        if reached.codes is None or self._sessions is None:
            return ends
        # A session ends before the next of its user begins.
        following = reached.codes.astype(np.int64) + 1
        owners = self._sessions.owners
        is_last = following == len(owners)
        following[is_last] = 0
        has_next = ~is_last & (owners[following] == owners[reached.codes])
        ends[has_next] = rows[has_next] + self._begun(self._sessions, following[has_next]) - 1
        return ends

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


def _numbered(of_step: _Occurrences, some: Keys) -> _Occurrences:
    """Return the occurrences of some groups, which are numbered in their order."""
    place = np.searchsorted(some, of_step.groups)
    known = some[np.minimum(place, len(some) - 1)] == of_step.groups
    return _Occurrences(place[known], of_step.times[known])


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
    """Return for each step the values that must be the same as codes, with the session if one is asked for.

    None where no value is asked for: sessions by themselves are told apart by their time.
    """
    if asked.same is None:
        return [None] * len(partitions)
    values = _shared_codes(asked.same, partitions)
    if asked.session is None:
        return list(values)
    found = sessions(asked.session, sources).codes
    return list(_paired([found[step.measured.event] for step in asked.steps], values))


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
