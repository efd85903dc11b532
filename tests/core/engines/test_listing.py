"""Occurrences listed and tags added up by the engine, against plain Python on random marketplaces."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Days, local_day
from core.engines.memory import MemoryEngine
from core.engines.tallies import Deeds
from core.rules import evaluate
from core.rules.exact import scaled
from core.rules.parts import PropertyCondition
from core.schema import TagType
from tests.core.engines.agreement import asked
from tests.core.engines.marketplaces import ALL_TAGS, DAYS
from tests.core.engines.worlds import World, days, rules, world_of, worlds

SOME = settings(max_examples=40, deadline=None)
EVERYBODY = {"include": {"kind": "group", "id": "g", "match": "all"}}
PROPERTIES = ["category", "amount", "gift", "due", "topics"]
spans = st.tuples(st.none() | st.sampled_from(DAYS), st.none() | st.sampled_from(DAYS)).map(
    lambda ends: Days(*ends)
)


def told(value: Any) -> Any:
    if isinstance(value, frozenset | list):
        return tuple(sorted(value)) or None
    return None if isinstance(value, float) and math.isnan(value) else value


@given(worlds, rules(), days, spans, st.booleans(), st.sampled_from([64, 1 << 20]))
@SOME
def test_every_occurrence_of_the_people_is_listed_once(
    world: World, rule_json: dict[str, Any], as_of: date, span: Days, only_gifts: bool, shard_rows: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    members = set(evaluate.members(rule, world.users, world.catalogue, as_of))
    number_of = dict(zip((user.user_id for user in world.users), world.numbers, strict=True))
    expected = [
        (number_of[user.user_id], done.at, *(told(done.properties.get(key)) for key in PROPERTIES))
        for user in world.users
        if user.user_id in members
        for done in user.events["buy"]
        if local_day(done.at, world.catalogue.zone) in span.clipped(as_of)
        and (not only_gifts or done.properties.get("gift") is True)
    ]
    where = (PropertyCondition(property="gift", op="is_true"),) if only_gifts else ()
    found = MemoryEngine(world.tables(), shard_rows=shard_rows).deeds(
        rule, Deeds("buy", where), PROPERTIES, span, as_of
    )
    assert found.columns == ["user_no", "at", *(f"prop:{key}" for key in PROPERTIES)]
    assert found.schema["user_no"] == pl.UInt32
    assert found.schema["at"] == pl.Datetime("us", "UTC")
    key = found.select("user_no", "at").rows()
    assert key == sorted(key)
    assert Counter(tuple(told(cell) for cell in row) for row in found.rows()) == Counter(expected)


@given(worlds, st.lists(rules(), min_size=1, max_size=3), days)
@SOME
def test_a_number_tag_is_added_up_exactly(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    chosen = [asked(rule, world.catalogue) for rule in rules_json]
    for tag in ("points", "balance", "spent", "mean_price"):
        assert ALL_TAGS[tag] is TagType.NUMBER
        values = evaluate.tag_values(world.users, tag, world.catalogue, as_of)
        found = MemoryEngine(world.tables()).tag_sums(chosen, tag, as_of)
        for rule, sum_of in zip(chosen, found, strict=True):
            members = evaluate.members(rule, world.users, world.catalogue, as_of)
            numbers = [told(values[user]) for user in members if told(values[user]) is not None]
            assert sum_of.users == len(numbers)
            assert sum_of.total == float(
                Fraction(sum(scaled(float(number)) for number in numbers), 1_000_000)
            )


def test_an_event_that_never_happened_has_no_occurrences() -> None:
    world = next(world for world in map(world_of, range(9)) if world.users)
    rule = asked(EVERYBODY, world.catalogue)
    found = MemoryEngine(world.tables()).deeds(rule, Deeds("never"), [], Days(None, None), date(2020, 1, 1))
    assert found.is_empty()
    assert found.schema == {"user_no": pl.UInt32, "at": pl.Datetime("us", "UTC")}


def test_only_numbers_are_added_up() -> None:
    world = world_of(1)
    with pytest.raises(TypeError, match="no number"):
        MemoryEngine(world.tables()).tag_sums([asked(EVERYBODY, world.catalogue)], "city", date(2020, 1, 1))


def test_moments_are_told_to_the_microsecond() -> None:
    world = next(w for w in map(world_of, range(50)) if any(u.events["buy"] for u in w.users))
    rule = asked(EVERYBODY, world.catalogue)
    found = MemoryEngine(world.tables()).deeds(rule, Deeds("buy"), [], Days(None, None), date(2100, 1, 1))
    latest = datetime(2100, 1, 1, tzinfo=UTC)
    base = {user.user_id for user in world.users if evaluate.in_base(user, date(2100, 1, 1))}
    expected = sorted(
        o.at for u in world.users if u.user_id in base for o in u.events["buy"] if o.at < latest
    )
    assert sorted(found.get_column("at").to_list()) == expected
