"""The statistics of a profile: an interval, an exact test, and what to do about many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Z_95 = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
_FAR = 40.0
_TIE = 1e-7


def wilson(hits: int, size: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a share (E. B. Wilson, JASA 22, 1927), between 0 and 1.

    ``(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)`` with ``p = hits / size``.

    Parameters
    ----------
    hits, size : int
        How many of how many; `size` at least 1.
    """
    share = hits / size
    square = z * z
    middle = share + square / (2 * size)
    reach = z * math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    scale = 1 + square / size
    low = 0.0 if hits == 0 else max(0.0, (middle - reach) / scale)
    high = 1.0 if hits == size else min(1.0, (middle + reach) / scale)
    return low, high


def hypergeometric_p(hits: int, drawn: int, holding: int, size: int) -> float:
    """Return Fisher's exact two-sided p: how likely so odd a number is in a random pick.

    Of `size` people `holding` have a value; `drawn` people are picked at random. The probabilities of all
    numbers that are no likelier than `hits` are added up (R. A. Fisher, JRSS 85, 1922). Numbers further than
    40 standard deviations from the middle are left out; together they weigh less than 1e-300.
    """
    least, most = max(0, drawn + holding - size), min(drawn, holding)
    if least == most:
        return 1.0
    mean = drawn * holding / size
    spread = math.sqrt(mean * (1 - holding / size) * (size - drawn) / max(size - 1, 1))
    low = max(least, math.floor(mean - _FAR * spread) - 1)
    high = min(most, math.ceil(mean + _FAR * spread) + 1)
    if not low <= hits <= high:
        return 0.0
    before = np.arange(low, high, dtype=np.float64)
    rising = np.log((drawn - before) * (holding - before))
    falling = np.log((before + 1) * (size - drawn - holding + before + 1))
    logs = np.concatenate([np.zeros(1), np.cumsum(rising - falling)])
    weights = np.exp(logs - logs.max())
    odd = logs <= logs[hits - low] + _TIE
    return min(1.0, float(weights[odd].sum() / weights.sum()))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return for each p the smallest share of false discoveries at which it would count as one.

    ``q(i) = min over j ≥ i of p(j) · m / j`` over the sorted p (Benjamini and Hochberg, JRSS B 57, 1995).
    """
    many = len(p_values)
    order = sorted(range(many), key=p_values.__getitem__)
    found = [1.0] * many
    smallest = 1.0
    for rank in range(many, 0, -1):
        place = order[rank - 1]
        smallest = min(smallest, p_values[place] * many / rank)
        found[place] = smallest
    return found
