"""The public hash of shares, and sums that no order of adding can change."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RuleError
from core.rules.exact import (
    exact_argument,
    exact_total,
    ranks,
    scaled,
    scaled_array,
    unscaled,
    unscaled_array,
)
from core.rules.ops import ops_for
from core.rules.share import (
    bucket,
    in_share,
    in_share_mask,
    seed_hash,
    share_limit,
    share_value,
    share_values,
    user_hash,
)
from core.schema import TagType

VECTORS = [
    ("u0001", "july", 0xBB5FFB436BA5CF40, 5568),
    ("00001", "july", 0x5DD6C310CDDFBEE9, 4169),
    ("用户 5", "exp1", 0xE139F50B6E5A0EF9, 4201),
]
money = st.one_of(
    st.floats(-9e12, 9e12),
    st.integers(-(10**9), 10**9).map(lambda n: n / 100),
    st.integers(-(10**9), 10**9).map(lambda n: (2 * n + 1) / 2e6),
    st.integers(-(10**12), 10**12).map(lambda n: (2 * n + 1) / 2e6),
    st.sampled_from([5e-7, 1.5e-6, 2.5e-6, -5e-7, 0.1, 1e-300, -0.0, 0.0000004999999999]),
)


@pytest.mark.parametrize(("user", "seed", "value", "place"), VECTORS)
def test_the_published_vectors_hold(user: str, seed: str, value: int, place: int) -> None:
    found = share_value(user_hash(user), seed_hash(seed))
    assert (found, bucket(found)) == (value, place)


@given(st.lists(st.text(max_size=5), max_size=20), st.text(max_size=5))
@settings(deadline=None)
def test_many_users_at_once_get_the_values_of_one_at_a_time(users: list[str], seed: str) -> None:
    hashes = [user_hash(user) for user in users]
    values = share_values(np.array(hashes, dtype=np.uint64), seed)
    assert values.tolist() == [share_value(h, seed_hash(seed)) for h in hashes]
    for share in (0.0, 0.1, 0.5, 1.0):
        assert in_share_mask(values, share).tolist() == [in_share(value, share) for value in values.tolist()]


def test_a_share_of_0_is_nobody_and_a_share_of_1_everybody() -> None:
    assert share_limit(0.0) == 0
    assert in_share(2**64 - 1, 1.0)
    assert not in_share(2**63, 0.5)
    assert in_share(2**63 - 1, 0.5)


def test_a_larger_share_holds_the_smaller_one() -> None:
    values = [share_value(user_hash(f"u{n}"), seed_hash("july")) for n in range(2000)]
    tenth = {value for value in values if in_share(value, 0.1)}
    fifth = {value for value in values if in_share(value, 0.2)}
    assert tenth < fifth
    assert 140 < len(tenth) < 260


@given(money)
@settings(max_examples=500, deadline=None)
def test_a_value_counts_half_even_on_its_shortest_decimal_text(x: float) -> None:
    expected = Decimal(repr(x)).quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN)
    assert scaled(x) == int(expected * 1_000_000)


@given(st.lists(money, max_size=30))
@settings(max_examples=500, deadline=None)
def test_an_array_is_scaled_like_its_elements(values: list[float]) -> None:
    assert scaled_array(np.array(values, dtype=np.float64)).tolist() == [scaled(x) for x in values]


@pytest.mark.parametrize("x", [1e13, -1e13, 1e300])
def test_a_value_too_large_to_be_added_exactly_is_refused(x: float) -> None:
    with pytest.raises(RuleError, match="number_too_large_to_add"):
        scaled(x)
    with pytest.raises(RuleError, match="number_too_large_to_add"):
        scaled_array(np.array([1.0, x]))


def test_no_order_of_adding_changes_a_sum() -> None:
    chance = random.Random(7)  # noqa: S311 - an order, not a secret
    values = [chance.choice([0.1, 0.2, 1e9, 5e-7, -1e9, 0.30000000000000004]) for _ in range(1000)]
    sums = set()
    for _ in range(5):
        chance.shuffle(values)
        sums.add(int(scaled_array(np.array(values)).sum()))
    assert len(sums) == 1


totals = st.one_of(st.integers(-(10**12), 10**12), st.integers(-(2**62), 2**62))


@given(
    st.lists(st.tuples(totals, st.integers(1, 50)), max_size=12),
    st.sampled_from(ops_for(TagType.NUMBER)[:8]),
    st.data(),
)
@settings(max_examples=400, deadline=None)
def test_ranks_compare_like_the_exact_numbers(
    sums: list[tuple[int, int]], op: object, data: st.DataObject
) -> None:
    near = [unscaled(total, n) for total, n in sums] + [0.0, 1e300, -1e300, 0.1234567]
    limit = st.one_of(st.sampled_from(near), st.floats(allow_nan=False, allow_infinity=False))
    argument: object = data.draw(limit)
    if op.shape == "pair":  # type: ignore[attr-defined]
        argument = tuple(sorted((argument, data.draw(limit))))  # type: ignore[type-var]
    totals_ = np.array([total for total, _ in sums], dtype=np.int64)
    counts = np.array([n for _, n in sums], dtype=np.int64)
    holds = op.holds  # type: ignore[attr-defined]
    averages = [holds(exact_total(total, n), exact_argument(argument)) for total, n in sums]
    assert holds(*ranks(totals_, counts, argument)).tolist() == averages  # type: ignore[arg-type]
    plain = [holds(exact_total(total), exact_argument(argument)) for total, _ in sums]
    assert holds(*ranks(totals_, None, argument)).tolist() == plain  # type: ignore[arg-type]


@given(st.lists(st.tuples(totals, st.integers(1, 2**40)), max_size=12))
@settings(deadline=None)
def test_sums_and_averages_become_the_nearest_float(sums: list[tuple[int, int]]) -> None:
    totals_ = np.array([total for total, _ in sums], dtype=np.int64)
    counts = np.array([n for _, n in sums], dtype=np.int64)
    assert unscaled_array(totals_, counts).tolist() == [float(Fraction(t, n * 10**6)) for t, n in sums]
    assert unscaled_array(totals_).tolist() == [unscaled(t) for t, _ in sums]
