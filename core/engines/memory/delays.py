"""How soon one thing was done after another, from each user's or session's run of occurrences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Flags
from core.engines.memory.events import Partition, chosen_of
from core.engines.memory.per_user import runs_of
from core.engines.tallies import Delays
from core.rules.exact import exact_value

_NEVER = np.iinfo(np.int64).max
_NO_RUN = -1


@dataclass(frozen=True)
class Marks:
    """An event's occurrences, and to whom or what each belongs.

    Attributes
    ----------
    groups : polars.Series of UInt32
        One per occurrence, ascending: users' rows, or numbers of their sessions.
    """

    partition: Partition
    groups: pl.Series


def delays(
    asked: Flags, first: Sequence[Marks], then: Sequence[Marks], span: Days, shares: Sequence[float]
) -> Delays:
    """Return how long it took from the first occurrence of some events to the next of others.

    Of one and the same occurrence in both lists the time is 0.

    Parameters
    ----------
    asked : numpy.ndarray of bool
        Which groups, by their number: each has a first occurrence and a next one of its own.
    span : Days
        When all of the occurrences lie.
    """
    first, then = ([marks for marks in events if len(marks.partition)] for events in (first, then))
    if not first or not then:
        return Delays(0, 0, {})
    clock = _Clock.of([marks.partition for marks in (*first, *then)])
    begun = np.full(len(asked), _NEVER, dtype=np.int64)
    for marks in first:
        runs = clock.runs(marks, span)
        begun[runs.groups] = np.minimum(begun[runs.groups], runs.at(runs.starts))
    known = np.flatnonzero(asked & (begun < _NEVER))
    begun = begun[known]
    later = np.full(len(known), _NEVER, dtype=np.int64)
    ever = np.zeros(len(known), dtype=np.bool_)
    run_of = np.empty(len(asked), dtype=np.int32)
    for marks in then:
        runs = clock.runs(marks, span)
        run_of[:] = _NO_RUN
        run_of[runs.groups] = np.arange(len(runs.groups), dtype=np.int32)
        run = run_of[known]
        did = np.flatnonzero(run != _NO_RUN)
        ever[did] = True
        next_at = runs.next_at(run[did], begun[did])
        later[did] = np.minimum(later[did], next_at)
    is_later = later < _NEVER
    times = later[is_later] - begun[is_later]
    seconds = {share: _disc(times, share) * clock.unit / 1_000_000 for share in shares if len(times)}
    return Delays(len(times), int((ever & ~is_later).sum()), seconds)


@dataclass(frozen=True)
class _Runs:
    """The occurrences of one event that are looked at, in the order (group, time).

    Attributes
    ----------
    groups : numpy.ndarray of intp
        Ascending, each once.
    starts, ends : numpy.ndarray of int64
        Where the run of each begins, and where it has ended.
    values : numpy.ndarray
        When each occurrence happened, in the event's own unit.
    factor, offset : int
        ``value * factor + offset`` is the same in the common unit.
    """

    groups: NDArray[np.intp]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.uint32] | NDArray[np.int64]
    factor: int
    offset: int

    def at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the occurrences at some places happened, in the common unit."""
        return self.values[places].astype(np.int64) * self.factor + self.offset

    def next_at(self, runs: NDArray[np.int32], since: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the first occurrence of some runs that is not before a time happened; else `_NEVER`."""
        low, end = self.starts[runs], self.ends[runs]
        found = self.at(low)
        # Mostly it is the first; the others are halved until the place is found, all at once.
        left = np.flatnonzero(found < since)
        low, high, wanted = low[left] + 1, end[left], since[left]
        while len(open_ := np.flatnonzero(low < high)):
            middle = (low[open_] + high[open_]) // 2
            is_before = self.at(middle) < wanted[open_]
            low[open_[is_before]] = middle[is_before] + 1
            high[open_[~is_before]] = middle[~is_before]
        is_there = low < end[left]
        found[left] = _NEVER
        found[left[is_there]] = self.at(low[is_there])
        return found


@dataclass(frozen=True)
class _Clock:
    """One unit and one beginning of time for several events, in microseconds."""

    unit: int
    origin: int

    @classmethod
    def of(cls, partitions: Sequence[Partition]) -> _Clock:
        moments = [partition.moments() for partition in partitions]
        return cls(min(moment.unit for moment in moments), min(moment.origin for moment in moments))

    def runs(self, marks: Marks, span: Days) -> _Runs:
        """Return the occurrences that lie in some days."""
        moments = marks.partition.moments()
        seen = marks.partition.within(span, 0, len(marks.partition))
        runs = runs_of(chosen_of(marks.groups, seen))
        starts = runs.starts.astype(np.int64)
        return _Runs(
            # Cast at once: NumPy takes twice as long where it casts places by and by.
            groups=runs.rows.astype(np.intp),
            starts=starts,
            ends=np.append(starts[1:], runs.length) if len(starts) else starts,
            values=chosen_of(moments.values, seen).to_numpy(),
            factor=moments.unit // self.unit,
            offset=(moments.origin - self.origin) // self.unit,
        )


def _disc(times: NDArray[np.int64], share: float) -> int:
    """Return the smallest number up to which there is a share, which is the number that was written.

    As a float 0.07 is a little more, and 0.07 × 100 would be above 7.
    """
    place = max(math.ceil(exact_value(share) * len(times)) - 1, 0)
    return int(np.partition(times, place)[place])
