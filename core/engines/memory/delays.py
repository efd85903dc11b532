"""How soon people did one thing after first doing another: from each user's run of an event's occurrences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Words, as_series
from core.engines.memory.events import Partition, chosen_of
from core.engines.memory.per_user import runs_of
from core.engines.tallies import Delays
from core.rules.exact import exact_value

_NEVER = np.iinfo(np.int64).max
_NO_RUN = -1


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
    clock = _Clock.of([*first, *then])
    members = as_series(people, len(people) * 64).to_numpy()
    begun = np.full(len(members), _NEVER, dtype=np.int64)
    for partition in first:
        runs = clock.runs(partition, as_of)
        begun[runs.rows] = np.minimum(begun[runs.rows], runs.at(runs.starts))
    known = np.flatnonzero(members & (begun < _NEVER))
    begun = begun[known]
    later = np.full(len(known), _NEVER, dtype=np.int64)
    ever = np.zeros(len(known), dtype=np.bool_)
    run_of = np.empty(len(members), dtype=np.int32)
    for partition in then:
        runs = clock.runs(partition, as_of)
        run_of[:] = _NO_RUN
        run_of[runs.rows] = np.arange(len(runs.rows), dtype=np.int32)
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
    """The occurrences of one event that are seen, in the order (user, time).

    Attributes
    ----------
    rows : numpy.ndarray of intp
        The users' rows, ascending, each once.
    starts, ends : numpy.ndarray of int64
        Where the run of each begins, and where it has ended.
    values : numpy.ndarray
        When each occurrence happened, in the event's own unit.
    factor, offset : int
        ``value * factor + offset`` is the same in the common unit.
    """

    rows: NDArray[np.intp]
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

    def runs(self, partition: Partition, as_of: date) -> _Runs:
        """Return the occurrences up to the end of `as_of`."""
        moments = partition.moments()
        seen = partition.within(Days(None, as_of), 0, len(partition))
        runs = runs_of(chosen_of(partition.rows, seen))
        starts = runs.starts.astype(np.int64)
        return _Runs(
            # Cast at once: NumPy takes twice as long where it casts places by and by.
            rows=runs.rows.astype(np.intp),
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
