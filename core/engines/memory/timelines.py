"""Who did something in each of many windows, from one look at every occurrence.

Days are cut where any of the windows begins or ends; each occurrence lies between two cuts, and a window
holds whoever did it between any two that lie in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import Days
from core.engines.memory.bits import Words, nobody, words_for
from core.engines.memory.events import Partition
from core.engines.memory.tiles import Tiles
from core.rules.literal_conditions import LiteralCondition, LiteralDid, LiteralEventCondition
from core.rules.literal_values import LiteralMeasure

FEWEST_WINDOWS = 4
"""Measured: fewer are found faster one by one."""
_ROWS_AT_ONCE = 1 << 16
_SPARSE = 200
"""Measured: where fewer than one flag in so many is set, single bits are set faster than flags are packed."""
_MOST_STRETCHES = 250


def windows_of(
    condition: LiteralCondition, asks_whether: Callable[[LiteralEventCondition], bool]
) -> list[LiteralMeasure]:
    """Return what a condition asks to have been done at all, in which days.

    Parameters
    ----------
    asks_whether : callable (event condition) -> bool
        Tells whether it asks for no more than that.
    """
    match condition:
        case LiteralEventCondition() if asks_whether(condition):
            asked: Iterable[LiteralMeasure] = (condition.measured,)
        case LiteralDid():
            asked = (*condition.in_all, *condition.in_none)
        case _:
            asked = ()
    return [measured for measured in asked if isinstance(measured.span, Days)]


def did_in_each(
    partition: Partition, where: pl.Series | None, spans: Sequence[Days], user_count: int, tiles: Tiles
) -> dict[Days, Words]:
    """Return who did something in each of some windows.

    Parameters
    ----------
    where : polars.Series of Boolean or None
        One flag per occurrence: which count; None = all.
    """
    ends = {span: _places(span, partition) for span in spans}
    cuts = sorted({place for first, after in ends.values() if first < after for place in (first, after)})
    stretches = list(pairwise(cuts))
    found: dict[Days, Words] = {span: nobody(user_count) for span in spans}
    for start in range(0, len(stretches), _MOST_STRETCHES):
        some = stretches[start : start + _MOST_STRETCHES]
        masks = _in_stretches(partition, where, some, user_count, tiles)
        for span, (first, after) in ends.items():
            within = [place for place, (low, high) in enumerate(some) if first <= low and high <= after]
            for place in within:
                found[span] |= masks[place]
    return found


def _places(span: Days, partition: Partition) -> tuple[int, int]:
    """Return the first day of a window and the one after it, as the partition counts days."""
    first = 0 if span.first is None else max(partition.place_of(span.first), 0)
    after = partition.place_of(span.last) + 1
    return first, min(after, partition.day_count)


def _in_stretches(
    partition: Partition,
    where: pl.Series | None,
    stretches: Sequence[tuple[int, int]],
    user_count: int,
    tiles: Tiles,
) -> NDArray[np.uint64]:
    """Return for each of some stretches of days that do not overlap who did it in them."""
    many, size = len(stretches), min(_ROWS_AT_ONCE, words_for(user_count) * 64)
    # One line of flags for each stretch, and a last one for days that lie in none.
    line_of = np.full(partition.day_count, many * size, dtype=np.int64)
    for place, (first, after) in enumerate(stretches):
        line_of[first:after] = place * size
    masks = np.zeros((many, words_for(user_count)), dtype=np.uint64)
    rows, days = partition.rows.to_numpy(), partition.days.to_numpy()
    # In the days' own type, else all of them are cast.
    oldest, newest = days.dtype.type(stretches[0][0]), days.dtype.type(stretches[-1][1] - 1)

    def work(low: int, high: int) -> None:
        start, stop = partition.places(low, high)
        some = days[start:stop]
        # Mostly the windows are few and late: what lies outside of all is left out at once.
        seen = (some >= oldest) & (some <= newest)
        if where is not None:
            seen &= where[start:stop].to_numpy()
        chosen = np.flatnonzero(seen)
        if not len(chosen):
            return
        places = line_of.take(some.take(chosen))
        places += rows[start:stop].take(chosen)
        places -= low
        if len(chosen) * _SPARSE < (many + 1) * size:
            packed = np.zeros((many + 1) * size // 64, dtype=np.uint64)
            np.bitwise_or.at(packed, places >> 6, np.uint64(1) << (places & 63).astype(np.uint64))
            packed = packed[: many * size // 64]
        else:
            flags = np.zeros((many + 1) * size, dtype=np.bool_)
            flags[places] = True
            # In one piece and as bytes: twice as fast.
            packed = np.packbits(flags[: many * size].view(np.uint8), bitorder="little").view(np.uint64)
        words = words_for(high - low)
        masks[:, low // 64 : low // 64 + words] = packed.reshape(many, -1)[:, :words]

    parts = [(low, min(low + size, user_count)) for low in range(0, user_count, size)] if user_count else []
    tiles.each(parts, work)
    return masks
