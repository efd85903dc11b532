"""Sessions: longest stretches of a user's occurrences in which none comes late after the one before it.

They are cut from all events together, and from all that the data hold: what comes after a day never changes
how what came before it is divided, so that one division serves every `as_of`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.events import Partition
from core.engines.memory.sources import Sources
from core.engines.memory.timekeys import TimeKeys
from core.rules.literal_conditions import LiteralSession

_PART_OCCURRENCES = 1 << 18
"""About how many occurrences of the most frequent event are divided together."""


@dataclass(frozen=True)
class Sessions:
    """In which session every occurrence lies.

    Attributes
    ----------
    codes : mapping of str to polars.Series of UInt32
        By event, one per occurrence. Of one user equal numbers are one session; of several they tell nothing.
    """

    codes: Mapping[str, pl.Series]

    @cached_property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(int(codes.estimated_size()) for codes in self.codes.values())


def sessions(asked: LiteralSession, sources: Sources) -> Sessions:
    """Return in which session every occurrence lies; remembered."""
    held = sources.held
    segments = tuple(held.tables.segments_of(event) for event in asked.events)
    key = ("sessions", held.segments, segments, asked)
    return sources.cache.get(key, lambda: _divided(asked, sources))


def _divided(asked: LiteralSession, sources: Sources) -> Sessions:
    held = sources.held
    partitions = {event: held.partition(event) for event in asked.events}
    with_any = {event: partition for event, partition in partitions.items() if len(partition)}
    codes = {event: np.zeros(len(partition), dtype=np.uint32) for event, partition in partitions.items()}
    if with_any:
        keys = TimeKeys(list(with_any.values()), room=asked.pause // timedelta(microseconds=1))
        pause = asked.pause // timedelta(microseconds=keys.unit)

        def work(low: int, high: int) -> None:
            for event, found in _within(low, high, with_any, keys, pause).items():
                start, stop = with_any[event].places(low, high)
                codes[event][start:stop] = found

        sources.tiles.each(_parts(with_any, held.user_count, keys), work)
    return Sessions({event: pl.Series(found) for event, found in codes.items()})


def _parts(partitions: Mapping[str, Partition], user_count: int, keys: TimeKeys) -> list[tuple[int, int]]:
    """Return how to divide the users, so that no part has many occurrences and no key is too large."""
    rows = max((partition.rows for partition in partitions.values()), key=len).to_numpy()
    cuts = [row for row in np.unique(rows[_PART_OCCURRENCES::_PART_OCCURRENCES]).tolist() if row]
    edges = [0, *cuts, user_count]
    return [
        (low + first, low + end) for low, high in pairwise(edges) for first, end in keys.parts(high - low)
    ]


def _within(
    low: int, high: int, partitions: Mapping[str, Partition], keys: TimeKeys, pause: int
) -> dict[str, NDArray[np.uint32]]:
    """Return by event the sessions of the occurrences of some users, numbered from 0."""
    of_events = [keys.keys(partition, low, high)[0] for partition in partitions.values()]
    together = np.concatenate(of_events)
    # Runs that ascend already: a stable sort only merges them.
    order = np.argsort(together, kind="stable")
    ordered = together[order]
    numbers = np.empty(len(together), dtype=np.uint32)
    # From one user to the next there is more room than any pause.
    numbers[order] = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > pause, dtype=np.uint32)
    ends = np.cumsum([len(each) for each in of_events])[:-1]
    return dict(zip(partitions, np.split(numbers, ends), strict=True))
