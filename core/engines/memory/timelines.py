"""Who did something in each of many windows, from the occurrences of their days alone.

Days are cut where any of the windows begins or ends; each occurrence lies between two cuts, and a window
holds whoever did it between any two that lie in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from core.clock import Days
from core.engines.memory.bits import Words, count, nobody, scatter
from core.engines.memory.by_day import ByDay
from core.engines.memory.tiles import Tiles
from core.rules.literal_conditions import LiteralCondition, LiteralDid, LiteralEventCondition
from core.rules.literal_values import LiteralMeasure

FEWEST_WINDOWS = 4
"""Measured: fewer are found faster one by one."""
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


def did_in_each(by_day: ByDay, spans: Iterable[Days], user_count: int, tiles: Tiles) -> dict[Days, Words]:
    """Return who did something in each of some windows."""
    ends = {span: by_day.places(span) for span in spans}
    cuts = sorted({place for first, after in ends.values() if first < after for place in (first, after)})
    stretches = list(pairwise(cuts))
    found: dict[Days, list[Words]] = {span: [] for span in ends}
    for start in range(0, len(stretches), _MOST_STRETCHES):
        some = stretches[start : start + _MOST_STRETCHES]
        masks = _in_stretches(by_day, some, user_count, tiles)
        for span, (first, after) in ends.items():
            within = [place for place, (low, high) in enumerate(some) if first <= low and high <= after]
            if within:
                found[span] = [reduce(np.bitwise_or, [*found[span], *(masks[place] for place in within)])]
    return {span: masks[0] if masks else nobody(user_count) for span, masks in found.items()}


def _in_stretches(
    by_day: ByDay, stretches: Sequence[tuple[int, int]], user_count: int, tiles: Tiles
) -> list[Words]:
    """Return for each of some stretches of days who did it in them."""
    masks = [nobody(0)] * len(stretches)

    def work(start: int, stop: int) -> None:
        for place in range(start, stop):
            masks[place] = scatter(by_day.between(*stretches[place]), user_count)

    tiles.each([(place, place + 1) for place in range(len(stretches))], work)
    return masks


def users_in_each(
    people: Words, by_days: Sequence[ByDay], spans: Sequence[Days], user_count: int, tiles: Tiles
) -> list[int]:
    """Return how many of some people did one of several things in each of some windows."""
    found = [0] * len(spans)

    def work(start: int, stop: int) -> None:
        for place in range(start, stop):
            rows = [by_day.within(spans[place]) for by_day in by_days]
            found[place] = count(scatter(np.concatenate(rows), user_count) & people)

    tiles.each([(place, place + 1) for place in range(len(spans))], work)
    return found
