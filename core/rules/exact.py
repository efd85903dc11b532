"""Exact sums: every value counts as an integer of millionths, so that no order of adding changes an answer.

A value is rounded half-even to 6 decimals of its *shortest decimal text* (what a person wrote, not what the
binary float happens to hold), and is then an integer. A sum is the sum of those integers; an average is
compared as sum against limit × n; the limit itself is never rounded.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import floor

import numpy as np
from numpy.typing import NDArray

from core.errors import Problem, RuleError

SCALE = 1_000_000
_INT64_MAX = (1 << 63) - 1
_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)
# Below this the product x * 1e6 is less than one thousandth away from the true one, far from a wrong integer.
_FAST_LIMIT = 2.0**40


def scaled(x: float) -> int:
    """Return a value as an integer of millionths, half-even on the shortest decimal text of the float.

    Raises
    ------
    RuleError
        ``number_too_large_to_add`` if the integer does not fit 64 bits (values beyond about 9.2e12).
    """
    millionths = int(Decimal(repr(float(x))).scaleb(6, _WIDE).to_integral_value(ROUND_HALF_EVEN, _WIDE))
    if abs(millionths) > _INT64_MAX:
        raise RuleError(Problem("number_too_large_to_add", params={"given": repr(x)}))
    return millionths


def scaled_array(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return `scaled` of every element; finite values only.

    Raises
    ------
    RuleError
        As `scaled`, for the first value that does not fit.
    """
    product = values * 1e6
    nearest = np.rint(product)
    # The product is off by less than |product| × 2^-51; only where that could reach a tie, or where the
    # numbers are large, the decimal text is asked.
    doubtful = np.abs(np.abs(product - nearest) - 0.5) <= np.abs(product) * 2.0**-50
    doubtful |= np.abs(product) >= _FAST_LIMIT
    result = np.where(doubtful, 0.0, nearest).astype(np.int64)
    if doubtful.any():
        distinct, back = np.unique(values[doubtful], return_inverse=True)
        result[doubtful] = np.array([scaled(x) for x in distinct.tolist()], dtype=np.int64)[back]
    return result


def unscaled(total: int, count: int = 1) -> float:
    """Return ``total / (count × 10^6)`` as the nearest float: the value of a sum or an average."""
    return total / (count * SCALE)


def unscaled_array(totals: NDArray[np.int64], counts: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Return `unscaled` of every pair, the same to the last bit.

    Parameters
    ----------
    totals : ndarray of int64
        Sums in millionths.
    counts : ndarray of int64 or None
        Number of values in each sum, at least 1; None = 1 each (sums, not averages).
    """
    divisors = np.full(totals.shape, SCALE, dtype=np.int64) if counts is None else counts * SCALE
    result: NDArray[np.float64] = totals / divisors
    # Integers beyond 2^53 are rounded once when they become floats and again when divided: ask Python's ints.
    wide = (np.abs(totals) > 2**53) | (divisors > 2**53)
    for i in np.flatnonzero(wide):
        result[i] = int(totals[i]) / int(divisors[i])
    return result


def exact_value(limit: float) -> Fraction:
    """Return the number that a person wrote: the shortest decimal text of the float, exactly."""
    return Fraction(Decimal(repr(float(limit))))


def exact_argument(argument: object) -> object:
    """Return a number op's argument (one number or a pair) with every number exact."""
    if isinstance(argument, tuple):
        return tuple(exact_value(limit) for limit in argument)
    return None if argument is None else exact_value(argument)  # type: ignore[arg-type]


def exact_total(total: int, count: int = 1) -> Fraction:
    """Return a sum (count 1) or an average of millionths as an exact number."""
    return Fraction(total, count * SCALE)


def ranks(
    totals: NDArray[np.int64], counts: NDArray[np.int64] | None, argument: float | tuple[float, float]
) -> tuple[NDArray[np.int8], int | tuple[int, int]]:
    """Replace exact sums or averages and their limits by small integers in the same order.

    Any number op then holds for the ranks and the returned argument exactly where it holds for the sums
    and the limits, without rounding: ``op.holds(*ranks(totals, counts, argument))``.

    Parameters
    ----------
    totals : ndarray of int64
        Sums in millionths, above -2^63.
    counts : ndarray of int64 or None
        Number of values in each sum, at least 1, for averages; None for sums.
    argument : float or pair of floats
        What the op compares with.
    """
    limits = argument if isinstance(argument, tuple) else (argument,)
    distinct = sorted({exact_value(limit) * SCALE for limit in limits})
    rank = np.zeros(totals.shape, dtype=np.int8)
    for limit in distinct:
        whole, is_integer = _thresholds(limit, totals, counts)
        rank += 2 * (totals > whole).astype(np.int8)
        rank += (is_integer & (totals == whole)).astype(np.int8)
    places = tuple(2 * distinct.index(exact_value(limit) * SCALE) + 1 for limit in limits)
    return rank, (places[0], places[1]) if isinstance(argument, tuple) else places[0]


def _thresholds(
    limit: Fraction, totals: NDArray[np.int64], counts: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return floor(limit × n) for each n, and whether nothing was cut off."""
    if counts is None:
        whole, is_integer = _floor(limit)
        return np.full(totals.shape, whole, dtype=np.int64), np.full(totals.shape, is_integer)
    distinct, back = np.unique(counts, return_inverse=True)
    floors = [_floor(limit * int(n)) for n in distinct]
    wholes = np.array([whole for whole, _ in floors], dtype=np.int64)
    return wholes[back], np.array([exact for _, exact in floors], dtype=np.bool_)[back]


def _floor(limit: Fraction) -> tuple[int, bool]:
    whole = floor(limit)
    if abs(whole) > _INT64_MAX:
        return (_INT64_MAX if whole > 0 else -_INT64_MAX - 1), False
    return whole, whole == limit
