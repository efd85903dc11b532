"""With several shards and pieces, and two-byte codes, the engine still agrees with plain group-bys."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from core.engines.memory import MemoryEngine
from core.engines.memory.contingencies import CONTINGENCY_BINS, MOST_VALUES, NAMED_VALUES
from core.lake.tables import FrameTables
from core.rules.parse import parse_rule
from core.schema import Catalogue, EventSpec, Label, PropertySpec, TagSpec, TagType

USERS, OCCURRENCES = 300_000, 2_500_000
AS_OF = date(2019, 7, 14)
_L = Label(zh="名", en="name")


@pytest.fixture(scope="module")
def data() -> tuple[pl.DataFrame, pl.DataFrame]:
    chance = np.random.default_rng(20190714)
    first = datetime(2018, 7, 15, tzinfo=UTC)
    users = pl.DataFrame(
        {
            "user_no": np.sort(chance.choice(USERS * 2, USERS, replace=False)).astype(np.uint32),
            "tag:town": pl.Series([f"t{n:04}" for n in chance.integers(0, 900, USERS)]),
            "tag:points": np.where(chance.random(USERS) < 0.1, np.nan, chance.integers(0, 500, USERS)),
        }
    )
    at = first + pl.Series(chance.integers(0, 400 * 86_400, OCCURRENCES)).cast(pl.Int64) * timedelta(
        seconds=1
    )
    # A tenth of the users do half of everything, so that pieces have to be cut between users of many rows.
    heavy = chance.random(OCCURRENCES) < 0.5
    place = np.where(
        heavy, chance.integers(0, USERS // 10, OCCURRENCES), chance.integers(0, USERS, OCCURRENCES)
    )
    events = pl.DataFrame(
        {
            "user_no": users.get_column("user_no").gather(place),
            "at": at.cast(pl.Datetime("us", "UTC")),
            "prop:amount": pl.Series(chance.integers(-500, 10_000, OCCURRENCES) / 100),
        }
    ).with_columns(day=pl.col("at").dt.date())
    return users, events


@pytest.fixture(scope="module")
def engine(data: tuple[pl.DataFrame, pl.DataFrame]) -> MemoryEngine:
    users, events = data
    amount = PropertySpec(key="amount", type=TagType.NUMBER, label=_L)
    catalogue = Catalogue(
        tags={
            "town": TagSpec(key="town", type=TagType.ENUM, label=_L),
            "points": TagSpec(key="points", type=TagType.NUMBER, label=_L),
        },
        events={"buy": EventSpec(key="buy", label=_L, properties={"amount": amount})},
    )
    keys = users.select(
        "user_no", user_id=pl.format("u{}", "user_no"), hash=pl.col("user_no").cast(pl.UInt64)
    )
    return MemoryEngine(FrameTables(catalogue, users, {"buy": events}, keys))


def members(engine: MemoryEngine, **condition: Any) -> list[int]:
    include = {"kind": "group", "id": "g", "match": "all", "children": [{"id": "c", **condition}]}
    return engine.members(parse_rule({"version": 1, "include": include}), AS_OF).to_list()


@pytest.mark.parametrize(
    ("measure", "limit"),
    [
        ("count", 3),
        ("count", 1),
        ("sum", 150),
        ("avg", 60),
        ("min", 50),
        ("max", 99),
        ("days", 3),
        ("distinct", 4),
    ],
)
@pytest.mark.parametrize("last", [30, 300])
def test_measures_over_many_pieces(
    engine: MemoryEngine, data: tuple[pl.DataFrame, pl.DataFrame], measure: str, limit: int, last: int
) -> None:
    amount = pl.col("prop:amount")
    cents = (amount * 100).round().cast(pl.Int64)
    holds = {
        "count": pl.len() >= limit,
        "sum": cents.sum() >= limit * 100,
        "avg": cents.sum() >= pl.len() * limit * 100,
        "min": amount.min() >= limit,
        "max": amount.max() >= limit,
        "days": pl.col("day").n_unique() >= limit,
        "distinct": amount.n_unique() >= limit,
    }[measure]
    within = data[1].filter(pl.col("day").is_between(AS_OF - timedelta(days=last - 1), AS_OF))
    expected = (
        within.group_by("user_no").agg(holds.alias("holds")).filter("holds").get_column("user_no").sort()
    )
    asked: dict[str, Any] = {"kind": "event", "event": "buy", "measure": measure, "op": "gte", "value": limit}
    if measure in ("sum", "avg", "min", "max", "distinct"):
        asked["property"] = "amount"
    window = {"last": last, "unit": "day"}
    assert members(engine, **asked, window=window) == expected.to_list()


def test_tags_over_several_shards(engine: MemoryEngine, data: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    users = data[0]
    town, points = pl.col("tag:town"), pl.col("tag:points")

    def expected(holds: pl.Expr) -> list[int]:
        return users.filter(holds.fill_null(False)).get_column("user_no").to_list()

    tag = {"kind": "tag", "tag": "town"}
    assert members(engine, **tag, op="is", value="t0007") == expected(town == "t0007")
    assert members(engine, **tag, op="ends_with", value="7") == expected(town.str.ends_with("7"))
    assert members(engine, **tag, op="starts_with", value="t01") == expected(town.str.starts_with("t01"))
    known = points.is_not_nan()
    tag = {"kind": "tag", "tag": "points"}
    assert members(engine, **tag, op="gte", value=250) == expected((points >= 250) & known)
    assert members(engine, **tag, op="not_set") == expected(~known)


def test_of_many_values_the_most_frequent_are_classes_of_their_own(
    engine: MemoryEngine, data: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    towns, points = data[0].get_column("tag:town"), data[0].get_column("tag:points").fill_nan(None)
    found = engine.contingency("town", "points", AS_OF)
    assert [each.kind for each in found.rows] == ["value"] * NAMED_VALUES + ["other", "missing"]
    by_users = towns.value_counts().sort(["count", "tag:town"], descending=[True, False])
    assert len(by_users) > MOST_VALUES
    named = by_users.get_column("tag:town").to_list()[:NAMED_VALUES]
    assert [each.value for each in found.rows[:NAMED_VALUES]] == named
    row = towns.replace_strict({town: place for place, town in enumerate(named)}, default=NAMED_VALUES)
    cuts = [each.low for each in found.columns[1:-1]]
    column = pl.Series([sum(cut <= value for cut in cuts) if value is not None else 10 for value in points])
    expected = Counter(zip(row.to_list(), column.to_list(), strict=True))
    assert {cell: users for cell, users in np.ndenumerate(found.table) if users} == expected
    in_bins = found.table[:, :-1].sum(axis=0)
    assert len(in_bins) == CONTINGENCY_BINS
    assert in_bins.max() < 1.05 * in_bins.min()


def test_regions_and_near_pairs_over_several_shards(
    engine: MemoryEngine, data: tuple[pl.DataFrame, pl.DataFrame]
) -> None:
    points = data[0].get_column("tag:points")
    limits = [(100, 400), (110, 400), (300, 499)]
    sets = [set(points.is_between(low, high).arg_true().to_list()) for low, high in limits]
    chosen = [
        parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [
            {"kind": "tag", "id": "c", "tag": "points", "op": "between", "value": list(limit)}]}})
        for limit in limits
    ]  # fmt: skip
    assert engine.regions(chosen, AS_OF) == {
        0b001: len(sets[0] - sets[1] - sets[2]), 0b010: 0, 0b011: len(sets[1] - sets[2]),
        0b100: len(sets[2] - sets[0]), 0b101: 0, 0b110: 0, 0b111: len(sets[1] & sets[2]),
    }  # fmt: skip
    found = engine.nearby(chosen, AS_OF, jaccard=0.95)
    assert found.pairs == ((0, 1, len(sets[1])),)
