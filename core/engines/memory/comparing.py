"""One measure against so many times another one, exactly.

Where 64 bits hold the products, whole numbers are compared. Elsewhere floats decide where the two are far
apart, and where they could be equal but for rounding, each pair that occurs is asked once in exact numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Flags, Words, pack
from core.engines.memory.measures import Needed
from core.engines.memory.per_user import PerUser, Rows
from core.engines.memory.sources import Sources
from core.rules.exact import SCALE, exact_value
from core.rules.literal_conditions import LiteralCompare
from core.rules.literal_values import LiteralMeasure
from core.schema import TagType

_NEAR = 1e-9
"""Relative distance below which exact numbers are asked: far beyond what floats can be wrong by."""

_FEW_DIGITS = 10**15
"""Decimals of fewer digits are told apart by their nearest floats."""

_LARGEST_PRODUCT = 1 << 62


def holds(asked: LiteralCompare, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users for whom the comparison holds; a side without a value does not hold."""
    per_user = [sources.measures.per_user(side) for side in (asked.left, asked.right)]
    rows, place_of = _either(per_user[0].rows, per_user[1].rows, sources.held.user_count)
    left, right = (
        _side(measured, of_users, place_of[of_users.rows], len(rows))
        for measured, of_users in zip((asked.left, asked.right), per_user, strict=True)
    )
    zero = asked.left.measure.zero_when_none and asked.right.measure.zero_when_none
    flags = np.full(sources.held.user_count, zero and bool(asked.op.holds(0, 0)), dtype=np.bool_)
    flags[rows] = _compared(asked, left, right) & left.has_value & right.has_value
    return pack(flags)


def needed(asked: LiteralCompare, sources: Sources) -> Needed | None:
    """Return what a user must have on either side."""
    sides = [sources.measures.needed(side) for side in (asked.left, asked.right)]
    parts = [side for side in sides if side is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    return Needed((parts[0].name, parts[1].name), lambda: parts[0].having() & parts[1].having())


@dataclass(frozen=True)
class _Side:
    """One side's values for some users.

    Attributes
    ----------
    has_value : numpy.ndarray of bool
        Who has one; anything may stand in the place of the others.
    values : polars.Series
        What was measured: whole numbers, sums of millionths (as text where 64 bits do not hold them), floats
        or days.
    scale : int
        By what they all are divided.
    counts : numpy.ndarray of int64 or None
        By what else each is divided, for averages.
    """

    has_value: Flags
    values: pl.Series
    scale: int
    counts: NDArray[np.int64] | None

    @property
    def divisors(self) -> NDArray[np.int64]:
        """By what each is divided."""
        counts = np.ones(len(self.values), dtype=np.int64) if self.counts is None else self.counts
        return counts * self.scale

    def nearly(self) -> NDArray[np.float64]:
        """Return the values as floats."""
        return self.values.cast(pl.Float64).to_numpy() / self.divisors

    def whole(self) -> tuple[NDArray[np.int64], int] | None:
        """Return whole numbers, and by what they all are divided; None where there are none such."""
        if self.values.dtype == pl.Int64:
            return self.values.to_numpy(), self.scale
        if self.values.dtype != pl.Float64:
            return None
        floats = self.values.to_numpy()
        if len(floats) and not np.abs(floats).max() < _FEW_DIGITS / SCALE:
            return None
        millionths = np.rint(floats * SCALE)
        # Equal to the float, and of few digits: the millionths are what its shortest text says.
        return (millionths.astype(np.int64), SCALE) if (millionths / SCALE == floats).all() else None

    @staticmethod
    def exactly(value: Any, divisor: int) -> Fraction:
        """Return one value as an exact number."""
        return exact_value(value) if isinstance(value, float) else Fraction(int(value), divisor)


def _either(one: Rows, other: Rows, user_count: int) -> tuple[Rows, NDArray[np.int64]]:
    """Return the rows that are in one or the other, ascending, and by row the place there."""
    is_in = np.zeros(user_count, dtype=np.bool_)
    is_in[one] = True
    is_in[other] = True
    return np.flatnonzero(is_in).astype(np.uint32), np.cumsum(is_in) - 1


def _side(measured: LiteralMeasure, per_user: PerUser, places: NDArray[np.int64], size: int) -> _Side:
    """Return a measure for so many users; those who have one stand in `places`."""
    zero = measured.measure.zero_when_none
    has_value = np.full(size, zero, dtype=np.bool_)
    has_value[places] = True
    counts = None
    if per_user.divisors is not None:
        counts = np.ones(size, dtype=np.int64)
        counts[places] = per_user.divisors
    scale = SCALE if measured.measure.is_exact_sum else 1
    found = per_user.values
    if not isinstance(found, pl.Series):
        wide = np.full(size, "0", dtype=np.object_)
        wide[places] = [str(total) for total in found]
        return _Side(has_value, pl.Series(wide.tolist(), dtype=pl.String), scale, counts)
    if measured.measure.type is TagType.DATE:
        found = found.to_physical()
    values = np.zeros(size, dtype=np.float64 if found.dtype == pl.Float64 else np.int64)
    values[places] = found.to_numpy()
    return _Side(has_value, pl.Series(values), scale, counts)


def _compared(asked: LiteralCompare, left: _Side, right: _Side) -> Flags:
    """Return for each user whether the comparison holds, as if both sides had values."""
    products = _products(asked.factor, left, right)
    if products is not None:
        return np.asarray(asked.op.holds(*products), dtype=np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        nearly_left, nearly_right = left.nearly(), right.nearly() * float(asked.factor)
        flags: Flags = np.asarray(asked.op.holds(nearly_left, nearly_right), dtype=np.bool_)
        far = np.abs(nearly_left - nearly_right) > _NEAR * (np.abs(nearly_left) + np.abs(nearly_right))
    near = np.flatnonzero(~far)
    pairs = pl.DataFrame(
        {
            "left": left.values.gather(near),
            "of_left": left.divisors[near],
            "right": right.values.gather(near),
            "of_right": right.divisors[near],
        }
    )
    different = pairs.unique(maintain_order=True)
    held = [
        bool(asked.op.holds(_Side.exactly(a, of_a), asked.factor * _Side.exactly(b, of_b)))
        for a, of_a, b, of_b in different.iter_rows()
    ]
    answered = different.with_columns(pl.Series("held", held, dtype=pl.Boolean))
    on = pairs.columns
    flags[near] = pairs.join(answered, on=on, how="left", maintain_order="left").get_column("held").to_numpy()
    return flags


def _products(
    factor: Fraction, left: _Side, right: _Side
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return whole numbers in the same order as left and factor × right; None where 64 bits are too few."""
    whole_left, whole_right = left.whole(), right.whole()
    if whole_left is None or whole_right is None:
        return None
    (ours, our_scale), (theirs, their_scale) = whole_left, whole_right
    times = their_scale * factor.denominator, our_scale * factor.numerator
    common = gcd(*times)
    products = []
    for values, times_all, counts in zip((ours, theirs), times, (right.counts, left.counts), strict=True):
        by = times_all // common
        largest = max(_largest(values), 1) * abs(by) * (1 if counts is None else max(_largest(counts), 1))
        if largest > _LARGEST_PRODUCT:
            return None
        product = values * by
        products.append(product if counts is None else product * counts)
    return products[0], products[1]


def _largest(values: NDArray[np.int64]) -> int:
    """Return the largest absolute value."""
    return max(int(values.max()), -int(values.min())) if len(values) else 0
