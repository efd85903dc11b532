"""Sessions: longest stretches of a user's occurrences in which none comes late after the one before it.

They are cut from all events together, and from all that the data hold: what comes after a day never changes
how what came before it is divided, so that one division serves every `as_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.events import Partition
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralSession

_LARGEST_KEY = 1 << 62
_PART_OCCURRENCES = 1 << 18
"""About how many occurrences of the most frequent event are divided together."""


@dataclass(frozen=True)
class Sessions:
    """All sessions, numbered from 0 in the order of users and time.

    Attributes
    ----------
    codes : mapping of str to polars.Series of UInt32
        By event, one per occurrence: in which session it lies.
    owners : numpy.ndarray of uint32
        By session, the row of the user.
    starts : numpy.ndarray of uint32 or int64
        By session, when it began: units since `origin`.
    unit, origin : int
        In microseconds; `origin` since 1970-01-01.
    """

    codes: Mapping[str, pl.Series]
    owners: NDArray[np.uint32]
    starts: NDArray[np.uint32] | NDArray[np.int64]
    unit: int
    origin: int

    @cached_property
    def nbytes(self) -> int:
        """Bytes held."""
        held = self.owners.nbytes + self.starts.nbytes
        return held + sum(int(codes.estimated_size()) for codes in self.codes.values())


def sessions(asked: LiteralSession, sources: Sources) -> Sessions:
    """Return in which session every occurrence lies; remembered."""
    held = sources.held
    segments = tuple(held.tables.segments_of(event) for event in asked.events)
    key = ("sessions", held.segments, segments, asked)
    return sources.cache.get(key, lambda: _divided(asked, sources))


def _divided(asked: LiteralSession, sources: Sources) -> Sessions:
    held = sources.held
    partitions = {event: held.partition(event) for event in asked.events}
    codes = {event: np.zeros(len(partition), dtype=np.uint32) for event, partition in partitions.items()}
    with_any = {event: partition for event, partition in partitions.items() if len(partition)}
    if not with_any:
        nothing = np.zeros(0, dtype=np.uint32)
        return Sessions({event: pl.Series(found) for event, found in codes.items()}, nothing, nothing, 1, 0)
    clock = _Clock(list(with_any.values()), asked.pause)
    parts = _parts(with_any, held.user_count, clock)
    begun: dict[int, NDArray[np.int64]] = {}

    def divide(low: int, high: int) -> None:
        begun[low], found = _within(low, high, with_any, clock)
        for event, numbers in found.items():
            start, stop = with_any[event].places(low, high)
            codes[event][start:stop] = numbers

    sources.tiles.each(parts, divide)
    first = 0
    for low, high in parts:
        for event, partition in with_any.items():
            start, stop = partition.places(low, high)
            codes[event][start:stop] += np.uint32(first)
        first += len(begun[low])
    owners = np.concatenate([(begun[low] // clock.width + low).astype(np.uint32) for low, _ in parts])
    width = np.uint32 if clock.width < 1 << 32 else np.int64
    starts = np.concatenate([(begun[low] % clock.width).astype(width) for low, _ in parts])
    numbered = {event: pl.Series(found) for event, found in codes.items()}
    return Sessions(numbered, owners, starts, clock.unit, clock.origin)


class _Clock:
    """Puts users and times of several events into one number: row × width + time, in a common unit.

    From the last time of one user to the first of the next there is more room than any pause.
    """

    def __init__(self, partitions: Sequence[Partition], pause: timedelta) -> None:
        moments = [partition.moments() for partition in partitions]
        self.unit = min(moment.unit for moment in moments)
        self.origin = min(moment.origin for moment in moments)
        self.pause = pause // timedelta(microseconds=self.unit)
        self.width = 2 + self.pause + max(
            (m.origin - self.origin) // self.unit + m.newest * (m.unit // self.unit) for m in moments
        )  # fmt: skip

    def keys(self, partition: Partition, low: int, high: int) -> NDArray[np.int64]:
        """Return the occurrences of some rows, ascending; rows count from `low`."""
        start, stop = partition.places(low, high)
        moments = partition.moments()
        at = moments.values[start:stop].cast(pl.Int64).to_numpy() * (moments.unit // self.unit)
        rows = partition.rows[start:stop].to_numpy().astype(np.int64) - low
        keys: NDArray[np.int64] = rows * self.width + at + (moments.origin - self.origin) // self.unit
        return keys


def _parts(partitions: Mapping[str, Partition], user_count: int, clock: _Clock) -> list[tuple[int, int]]:
    """Return how to divide the users, so that no part has many occurrences and no key is too large."""
    rows = max((partition.rows for partition in partitions.values()), key=len).to_numpy()
    cuts = [row for row in np.unique(rows[_PART_OCCURRENCES::_PART_OCCURRENCES]).tolist() if row]
    most = max(_LARGEST_KEY // clock.width, 1)
    return [
        (low, min(low + most, end))
        for begin, end in pairwise([0, *cuts, user_count])
        for low in range(begin, end, most)
    ]


def _within(
    low: int, high: int, partitions: Mapping[str, Partition], clock: _Clock
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.uint32]]]:
    """Return the sessions of some users: the key of each one's beginning, and by event those of occurrences.

    They are numbered from 0.
    """
    of_events = [clock.keys(partition, low, high) for partition in partitions.values()]
    together = np.concatenate(of_events)
    # Runs that ascend already: a stable sort only merges them.
    order = np.argsort(together, kind="stable")
    ordered = together[order]
    begins = np.diff(ordered, prepend=-1 - clock.pause) > clock.pause
    numbers = np.empty(len(together), dtype=np.uint32)
    numbers[order] = np.cumsum(begins, dtype=np.uint32) - np.uint32(1)
    ends = np.cumsum([len(each) for each in of_events])[:-1]
    return ordered[begins], dict(zip(partitions, np.split(numbers, ends), strict=True))
