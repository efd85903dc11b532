"""Where a histogram's bins begin and end: few, round, and not ruled by one outlier."""

from __future__ import annotations

import math
from datetime import date, timedelta

from core.clock import add_months

_ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTHS = (1, 3, 12, 60, 120, 600, 1200, 12000)
_DECIMALS = 12


def number_edges(low: float, high: float, usual_high: float, bins: int, *, whole: bool) -> list[float]:
    """Return the edges of at most `bins` bins of one round width; the last bin takes the tail.

    Parameters
    ----------
    low, high : float
        Smallest and largest value.
    usual_high : float
        What nearly all values do not exceed (their 99th percentile); only the last bin reaches beyond it.
    bins : int
        At least 1.
    whole : bool
        All values are whole numbers: no width below 1.

    Returns
    -------
    list of float
        Ascending, one more than there are bins; the first is not above `low`, the last not below `high`.
    """
    if low == high or bins == 1 or not math.isfinite(high - low):
        return [low, high]
    reach = usual_high if usual_high > low else high
    step = _round_up((reach - low) / bins, whole=whole)
    while True:
        first = math.floor(low / step)
        last = math.floor(reach / step) + 1
        has_tail = _edge(last, step) <= high and not (whole and step == 1 and last - 1 == high)
        if last - first + has_tail <= bins:
            break
        step = _round_up(step * 1.01, whole=whole)
    edges = [_edge(place, step) for place in range(first, last + 1)]
    edges[0] = min(edges[0], low)
    if has_tail:
        edges.append(max(high, _edge(last + 1, step)))
    return edges if len(set(edges)) == len(edges) else [low, high]


def date_edges(first: date, last: date, bins: int) -> list[date]:
    """Return the edges of at most `bins` bins of whole days, weeks, months, quarters or years.

    Returns
    -------
    list of datetime.date
        Ascending; the first is not after `first`, the last one is after `last` (where the calendar allows).
    """
    for days in (1, 7):
        start = first - timedelta(days=first.weekday()) if days == 7 and first.toordinal() > 7 else first
        if (last - start).days // days + 1 <= bins:
            places = range((last - start).days // days + 2)
            return _distinct([_shifted(start, place * days) for place in places])
    for months in _MONTHS:
        if _month(last) // months - _month(first) // months + 1 <= bins:
            return _month_edges(first, last, months)
    return [first, _shifted(last, 1)]


def _month_edges(first: date, last: date, months: int) -> list[date]:
    index = _month(first) // months * months
    edge = date(max(index // 12, 1), index % 12 + 1 if index >= 12 else 1, 1)
    edges = [edge]
    while edge <= last:
        index += months
        edge = add_months(date(1, 1, 1), index - 12) if index // 12 <= date.max.year else date.max
        edges.append(edge)
        if edge == date.max:
            break
    return _distinct(edges)


def _month(day: date) -> int:
    """Return the number of a day's month."""
    return day.year * 12 + day.month - 1


def _shifted(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _distinct(edges: list[date]) -> list[date]:
    return list(dict.fromkeys(edges))


def _round_up(width: float, *, whole: bool) -> float:
    """Return the smallest round number (1, 2, 2.5 or 5 times a power of ten) not below the width."""
    power = 10.0 ** math.floor(math.log10(width))
    steps = (step * power for step in _ROUND_STEPS)
    step = next((step for step in steps if step >= width), 10 * power)
    return max(1.0, math.ceil(step)) if whole else step


def _edge(place: int, step: float) -> float:
    """Return an edge without the dust of binary fractions."""
    return float(f"{place * step:.{_DECIMALS}g}")
