"""One measure against another: exact, whichever way the numbers are compared."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from core.engines.memory.comparing import _compared, _products, _Side
from core.rules.exact import SCALE, exact_value
from core.rules.literal_conditions import LiteralCompare
from core.rules.literal_values import LiteralMeasure
from core.rules.measures import MEASURES
from core.rules.ops import OPS
from core.schema import TagType

OPS_OF_NUMBERS = ("gt", "gte", "lt", "lte", "eq", "ne")
FACTORS = st.one_of(
    st.sampled_from([0.0, -1.0, 1.0, 1.5, 3.0, 0.000001, -0.3, 1e18]),
    st.integers(-(10**9), 10**9).map(lambda millionths: millionths / SCALE),
)
# Small ones collide; the others lie where products leave 64 bits, and where floats no longer tell apart.
WHOLES = st.one_of(
    st.integers(-3, 3), st.sampled_from([10**6, 3 * 10**5, 2**53 + 1, 2**62, -(2**62), 2**63 - 1, -(2**63)])
)
FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.3, 0.30000000000000004, 1e-7, 999_999_999.999999, 1e300]),
    st.integers(-10, 10).map(lambda tenths: tenths / 10),
)
MEASURED = LiteralMeasure("any", (), MEASURES["count"], None, None)  # type: ignore[arg-type]


@st.composite
def sides(draw: st.DrawFn, size: int) -> _Side:
    """Draw one side: counts, sums, averages or floats."""
    kind = draw(st.sampled_from(["count", "sum", "avg", "float"]))
    numbers = draw(st.lists(FLOATS if kind == "float" else WHOLES, min_size=size, max_size=size))
    values = pl.Series(numbers, dtype=pl.Float64 if kind == "float" else pl.Int64)
    counts = None
    if kind == "avg":
        counts = np.array(draw(st.lists(st.integers(1, 10**7), min_size=size, max_size=size)), dtype=np.int64)
    scale = SCALE if kind in ("sum", "avg") else 1
    return _Side(np.ones(size, dtype=np.bool_), values, scale, counts)


def fraction(side: _Side, place: int) -> Fraction:
    """Return a value by plain reckoning."""
    value = side.values[place]
    if isinstance(value, float):
        return exact_value(value)
    return Fraction(value, side.scale * (1 if side.counts is None else int(side.counts[place])))


@given(st.data(), st.sampled_from(OPS_OF_NUMBERS), FACTORS)
def test_every_comparison_is_the_one_of_the_exact_numbers(
    data: st.DataObject, op: str, factor: float
) -> None:
    size = data.draw(st.integers(0, 6))
    left, right = data.draw(sides(size)), data.draw(sides(size))
    asked = LiteralCompare(MEASURED, OPS[TagType.NUMBER, op], MEASURED, exact_value(factor))
    wanted = [
        bool(asked.op.holds(fraction(left, place), asked.factor * fraction(right, place)))
        for place in range(size)
    ]
    assert _compared(asked, left, right).tolist() == wanted


def test_usual_numbers_are_compared_as_whole_ones_however_many_are_equal() -> None:
    everyone = np.ones(3, dtype=np.bool_)
    sums = _Side(everyone, pl.Series([42_984_000_000, 300_000, 0]), SCALE, None)
    averages = _Side(everyone, sums.values, SCALE, np.array([58, 3, 1]))
    prices = _Side(everyone, pl.Series([42_984.0, 0.1, 0.0]), 1, None)
    counts = _Side(everyone, pl.Series([58, 1, 0]), 1, None)
    for left in (sums, averages, prices, counts):
        for right in (sums, averages, prices, counts):
            assert _products(Fraction(3, 2), left, right) is not None


def test_what_leaves_64_bits_is_not_compared_in_them() -> None:
    everyone = np.ones(1, dtype=np.bool_)
    huge, one = _Side(everyone, pl.Series([2**62]), 1, None), _Side(everyone, pl.Series([1]), 1, None)
    assert _products(Fraction(3, 2), huge, one) is None
    assert _products(Fraction(3, 2), one, huge) is None
