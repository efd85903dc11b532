"""Parts of the analysis: row order, shards and threads change nothing; sums too wide for 64 bits; words."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import analytics, cli, messages
from core.analytics.explain.threshold import movable
from core.engines.memory import MemoryEngine
from core.engines.spread import Spread
from core.rules.exact import exact_value
from core.rules.ops import op_of
from core.schema import TagType
from tests.core.analytics.explain.plain import asked
from tests.core.engines.worlds import World, days, rules, worlds


@given(worlds, rules(), days)
@settings(max_examples=25, deadline=None)
def test_row_order_shards_threads_and_caches_change_nothing(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    plain = MemoryEngine(world.tables(), threads=1)
    others = (
        MemoryEngine(world.tables(shuffled=5)),
        MemoryEngine(world.tables(), shard_rows=64, threads=3),
        MemoryEngine(world.tables(), cache_bytes=0),
    )
    for other in others:
        assert other.near_misses(rule, as_of) == plain.near_misses(rule, as_of)
        for threshold in movable(rule, world.catalogue):
            one, two = (engine.spread(rule, threshold.node.id, as_of) for engine in (plain, other))
            assert one.values.equals(two.values)
            assert one.counts.tolist() == two.counts.tolist()
            assert (one.missing, one.fixed, one.is_flipped) == (two.missing, two.fixed, two.is_flipped)


@given(
    st.lists(st.tuples(st.integers(-(10**13), 10**13), st.integers(1, 9)), min_size=1, max_size=12),
    st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne"]),
    st.booleans(),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_exact_averages_are_compared_as_fractions(
    pairs: list[tuple[int, int]], op_key: str, wide: bool, data: st.DataObject
) -> None:
    pairs.sort(key=lambda pair: pair[0] / (pair[1] * 1_000_000))
    floats = [total / (n * 1_000_000) for total, n in pairs]
    spread = Spread(
        TagType.NUMBER, pl.Series(floats), np.ones(len(pairs), dtype=np.int64), 0, 0, is_flipped=False,
        totals=np.array([total for total, _ in pairs], dtype=np.object_ if wide else np.int64),
        divisors=np.array([n for _, n in pairs], dtype=np.int64),
    )  # fmt: skip
    limit = data.draw(st.sampled_from(floats) | st.floats(-1e7, 1e7))
    op, exact = op_of(TagType.NUMBER, op_key), exact_value(limit)
    expected = sum(bool(op.holds(Fraction(total, n * 1_000_000), exact)) for total, n in pairs)
    assert spread.matched(op, limit) == expected


FOLDERS = [Path(analytics.__file__).parent / "explain", Path(cli.__file__).parent]
SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for folder in FOLDERS for file in sorted(folder.glob("*.py"))
)
TEXTS = tomllib.loads((Path(messages.__file__).parent / "explain.toml").read_text(encoding="utf-8"))


def test_every_text_is_said_somewhere() -> None:
    prefixes = tuple(re.findall(r'f"([a-z_]+_)\{', SOURCE))
    columns = {f"column_{name}" for name in re.findall(r'"([a-z_]+)"', SOURCE)}
    unsaid = {
        code
        for code in TEXTS
        if f'"{code}"' not in SOURCE and not code.startswith(prefixes) and code not in columns
    }
    assert unsaid == set()


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_name_the_same_things(code: str) -> None:
    zh, en = (set(re.findall(r"(?<!\{)\{([a-z_]+)\}", TEXTS[code][language])) for language in ("zh", "en"))
    assert zh == en
