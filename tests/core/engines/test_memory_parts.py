"""The engine's parts by themselves: masks, counters, cache, shards, bins."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.memory.bins import date_edges, number_edges
from core.engines.memory.bits import as_series, count, everybody, nobody, pack, pack_series, rows_in, scatter
from core.engines.memory.cache import Cache
from core.engines.memory.tiles import Tiles
from core.engines.memory.tree import at_least, planes_of, planes_without

UNTIMED = settings(deadline=None)
flags = st.lists(st.booleans(), max_size=200)
numbers = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 3))


@UNTIMED
@given(flags)
def test_a_mask_holds_the_flags_that_were_packed(some: list[bool]) -> None:
    words = pack(np.array(some, dtype=np.bool_))
    assert as_series(words, len(some)).to_list() == some
    assert rows_in(words, len(some)).tolist() == [row for row, flag in enumerate(some) if flag]
    assert count(words) == sum(some)
    assert np.array_equal(pack_series(pl.Series(some, dtype=pl.Boolean)), words)
    assert np.array_equal(scatter(rows_in(words, len(some)), len(some)), words)


@UNTIMED
@given(st.lists(st.one_of(st.none(), st.booleans()), max_size=150), st.integers(0, 150))
def test_a_boolean_series_packs_from_any_offset_and_null_is_not_set(
    some: list[bool | None], start: int
) -> None:
    series = pl.Series(some, dtype=pl.Boolean)[start:]
    words = pack_series(series)
    assert as_series(words, len(series)).to_list() == [bool(flag) for flag in some[start:]]
    assert count(words) == sum(bool(flag) for flag in some[start:])


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 1000])
def test_no_bit_is_set_after_the_last_row(rows: int) -> None:
    assert count(everybody(rows)) == rows
    assert count(nobody(rows)) == 0
    assert count(pack_series(pl.repeat(True, rows, dtype=pl.Boolean, eager=True))) == rows


@UNTIMED
@given(
    st.lists(st.lists(st.booleans(), min_size=70, max_size=70), min_size=1, max_size=9), st.integers(0, 10)
)
def test_bit_sliced_counters_count(masks: list[list[bool]], k: int) -> None:
    words = [pack(np.array(mask)) for mask in masks]
    planes = planes_of(words)
    base = everybody(70)
    held = [sum(column) for column in zip(*masks, strict=True)]
    assert as_series(at_least(k, planes, base), 70).to_list() == [n >= k for n in held]
    others = planes_without(planes, words[0])
    expected = [n - mask >= k for n, mask in zip(held, masks[0], strict=True)]
    assert as_series(at_least(k, others, base), 70).to_list() == expected


def test_the_cache_drops_what_was_least_used() -> None:
    cache = Cache(3_000)
    value = np.zeros(500, dtype=np.uint8)
    for key in ("a", "b", "a", "c", "a", "d"):
        cache.get(key, lambda: value)
    made = cache.made
    cache.get("a", lambda: value)
    assert cache.made == made
    assert cache.nbytes <= 3_000
    cache.get("b", lambda: value)
    assert cache.made == made + 1


def test_a_value_that_many_ask_for_at_once_is_made_once() -> None:
    cache = Cache(1_000_000)
    made: list[int] = []

    def make() -> np.ndarray:
        time.sleep(0.05)
        made.append(1)
        return np.arange(3)

    threads = [threading.Thread(target=cache.get, args=("key", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_what_fails_is_not_remembered_and_reaches_the_asker() -> None:
    cache = Cache(1_000)

    def fail() -> np.ndarray:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            cache.get("key", fail)
    assert cache.get("key", lambda: np.arange(2)).tolist() == [0, 1]


@UNTIMED
@given(st.integers(0, 3_000_000), st.integers(1, 4), st.sampled_from([64, 1 << 17, 1 << 20]))
def test_shards_cover_all_rows_once_in_whole_words(rows: int, threads: int, shard_rows: int) -> None:
    if rows > 5_000 and shard_rows == 64:
        rows %= 5_000
    shards = Tiles(threads, shard_rows).shards(rows)
    assert [stop for _, stop in shards[:-1]] == [start for start, _ in shards[1:]]
    assert (not rows and not shards) or (shards[0][0] == 0 and shards[-1][1] == rows)
    assert all(start % 64 == 0 and stop - start <= shard_rows for start, stop in shards)


def test_an_error_in_one_shard_reaches_the_asker() -> None:
    def work(start: int, _stop: int) -> None:
        if start:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Tiles(3, 64).run(1_000, work)


@UNTIMED
@given(st.lists(numbers, min_size=1, max_size=50), st.integers(1, 40), st.booleans())
def test_bins_of_numbers_hold_every_value_and_are_few(values: list[float], bins: int, whole: bool) -> None:
    if whole:
        values = [float(round(value)) for value in values]
    low, high = min(values), max(values)
    usual = float(np.quantile(values, 0.99, method="lower"))
    edges = number_edges(low, high, usual, bins, whole=whole)
    assert 2 <= len(edges) <= bins + 1
    assert edges[0] <= low
    assert edges[-1] >= high
    assert edges == sorted(set(edges)) or edges == [low, high]
    if whole and len(edges) > 2:
        assert all(float(edge).is_integer() for edge in edges)


def test_bins_of_numbers_are_round_and_an_outlier_takes_the_last() -> None:
    edges = number_edges(0.5, 1e9, 97.0, 20, whole=False)
    assert edges == [*(10.0 * step for step in range(11)), 1e9]
    assert number_edges(-3.3, 12.1, 11.0, 10, whole=False) == [-4, -2, 0, 2, 4, 6, 8, 10, 12, 14]
    assert number_edges(0, 3, 3, 20, whole=True) == [0, 1, 2, 3, 4]
    assert number_edges(7, 7, 7, 20, whole=True) == [7, 7]


@UNTIMED
@given(st.dates(), st.dates(), st.integers(1, 40))
def test_bins_of_days_hold_every_day_and_are_few(one: date, other: date, bins: int) -> None:
    first, last = min(one, other), max(one, other)
    edges = date_edges(first, last, bins)
    assert 2 <= len(edges) <= bins + 1
    assert edges[0] <= first
    assert edges[-1] >= last
    assert edges == sorted(set(edges)) or first == last == date.max


def test_bins_of_days_are_whole_calendar_units() -> None:
    first = date(2019, 1, 3)
    by_day = date_edges(first, date(2019, 1, 10), 12)
    assert by_day == [first + timedelta(days=step) for step in range(9)]
    by_week = date_edges(first, date(2019, 3, 1), 12)
    assert by_week == [date(2018, 12, 31) + timedelta(days=7 * step) for step in range(10)]
    by_month = date_edges(first, date(2019, 12, 31), 12)
    assert by_month == [*(date(2019, month, 1) for month in range(1, 13)), date(2020, 1, 1)]
    assert date_edges(first, date(2040, 1, 1), 12) == [date(year, 1, 1) for year in range(2015, 2050, 5)]
