"""One measure against so many times another one, exactly.

Floats decide where the two are far apart; where they could be equal but for rounding, each pair that occurs
is asked once in exact numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Flags, Words, pack
from core.engines.memory.measures import Needed
from core.engines.memory.per_user import PerUser, Rows
from core.engines.memory.sources import Sources
from core.rules.exact import SCALE, exact_value
from core.rules.literal_conditions import LiteralCompare, LiteralMeasure
from core.schema import TagType

_NEAR = 1e-9
"""Relative distance below which exact numbers are asked: far beyond what floats can be wrong by."""


def holds(asked: LiteralCompare, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users for whom the comparison holds; a side without a value does not hold."""
    per_user = [sources.measures.per_user(side) for side in (asked.left, asked.right)]
    rows = np.union1d(per_user[0].rows, per_user[1].rows)
    left, right = (
        _side(measured, of_users, rows)
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
    divisors : numpy.ndarray of int64
        By what they are divided.
    """

    has_value: Flags
    values: pl.Series
    divisors: NDArray[np.int64]

    def nearly(self) -> NDArray[np.float64]:
        """Return the values as floats."""
        return self.values.cast(pl.Float64).to_numpy() / self.divisors

    @staticmethod
    def exactly(value: Any, divisor: int) -> Fraction:
        """Return one value as an exact number."""
        return exact_value(value) if isinstance(value, float) else Fraction(int(value), divisor)


def _side(measured: LiteralMeasure, per_user: PerUser, rows: Rows) -> _Side:
    """Return a measure for the users in `rows`, among whom are all who have one."""
    places = np.searchsorted(rows, per_user.rows)
    zero = measured.measure.zero_when_none
    has_value = np.full(len(rows), zero, dtype=np.bool_)
    has_value[places] = True
    divisors = np.ones(len(rows), dtype=np.int64)
    if measured.measure.is_exact_sum:
        divisors *= SCALE
    if per_user.divisors is not None:
        divisors[places] *= per_user.divisors
    found = per_user.values
    if not isinstance(found, pl.Series):
        wide = np.full(len(rows), "0", dtype=np.object_)
        wide[places] = [str(total) for total in found]
        return _Side(has_value, pl.Series(wide.tolist(), dtype=pl.String), divisors)
    if measured.measure.type is TagType.DATE:
        found = found.to_physical()
    values = np.zeros(len(rows), dtype=np.float64 if found.dtype == pl.Float64 else np.int64)
    values[places] = found.to_numpy()
    return _Side(has_value, pl.Series(values), divisors)


def _compared(asked: LiteralCompare, left: _Side, right: _Side) -> Flags:
    """Return for each user whether the comparison holds, as if both sides had values."""
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
