"""The engine and the oracle agree on random people and random rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.base import Answer
from core.engines.memory import MemoryEngine
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.rules.tree import is_muted, nodes
from tests.core.engines.agreement import asked, assert_agreement, ids_of
from tests.core.engines.worlds import World, days, rules, tables_of, world_of, worlds

MANY = settings(max_examples=100, deadline=None)
SOME = settings(max_examples=25, deadline=None)


@given(worlds, rules(), days)
@MANY
def test_the_engine_finds_the_members_and_numbers_of_the_oracle(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    assert_agreement(world, rule_json, as_of)


@given(worlds, rules(), days)
@SOME
def test_the_waterfall_leads_from_the_base_to_the_answer(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    answer = MemoryEngine(world.tables()).count(rule, as_of)
    bars = list(answer.waterfall)
    assert (bars[0].kind, bars[0].count) == ("base", answer.base)
    assert bars[-1].count == answer.count
    unmuted = [] if is_muted(rule.include) else [c.id for c in rule.include.children if not is_muted(c)]
    shown = [bar.node for bar in bars if bar.kind == "node"]
    if unmuted and (rule.include.not_ or rule.include.match == "at_least"):
        assert shown == [rule.include.id]
    else:
        assert shown == unmuted
        assert [bar.count for bar in bars if bar.kind == "node"] == [answer.nodes[n].running for n in unmuted]
    excluded = [bar for bar in bars if bar.kind == "exclude"]
    assert all(bar.count == answer.matched for bar in excluded)
    assert [bar.kind for bar in bars if bar.kind == "take"] == ["take"] * (rule.take is not None)


@given(worlds, rules(), days, st.integers(1, 1 << 30))
@SOME
def test_row_order_shards_threads_and_small_caches_change_nothing(
    world: World, rule_json: dict[str, Any], as_of: date, shuffled: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    plain = MemoryEngine(world.tables(), threads=1)
    expected = plain.count(rule, as_of), ids_of(plain, rule, as_of)
    others = (
        MemoryEngine(world.tables(shuffled=shuffled)),
        MemoryEngine(world.tables(), shard_rows=64, threads=3),
        MemoryEngine(world.tables(), cache_bytes=0),
        MemoryEngine(world.tables(), cache_bytes=2_000),
    )
    for other in others:
        assert (other.count(rule, as_of), ids_of(other, rule, as_of)) == expected
        assert other.count(rule, as_of) == expected[0]


@given(worlds, rules(), days)
@SOME
def test_events_after_as_of_change_nothing(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    later = Occurrence(datetime(as_of.year, as_of.month, as_of.day, 16, tzinfo=UTC) + timedelta(days=1), {})
    grown = [
        replace(user, events={event: (*world_events, later) for event, world_events in user.events.items()})
        for user in world.users
    ]
    before = MemoryEngine(world.tables())
    after = MemoryEngine(tables_of(world.catalogue, grown, world.numbers))
    assert after.count(rule, as_of) == before.count(rule, as_of)
    assert ids_of(after, rule, as_of) == ids_of(before, rule, as_of)


@given(worlds, rules(with_take=False), days)
@SOME
def test_a_rule_and_its_negation_split_the_base(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked({**rule_json, "exclude": None}, world.catalogue)
    if is_muted(rule.include) or not rule.include.children:
        return
    negated = rule.model_copy(
        update={"include": rule.include.model_copy(update={"not_": not rule.include.not_})}
    )
    engine = MemoryEngine(world.tables())
    some, rest = engine.members(rule, as_of).to_list(), engine.members(negated, as_of).to_list()
    assert not set(some) & set(rest)
    assert len(some) + len(rest) == engine.base_count(as_of)


@given(worlds, st.lists(rules(), min_size=2, max_size=5), days)
@SOME
def test_a_warm_engine_answers_as_a_fresh_one(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    warm = MemoryEngine(world.tables())
    for rule_json in [*rules_json, *reversed(rules_json)]:
        rule = asked(rule_json, world.catalogue)
        for day in (as_of, as_of - timedelta(days=31)):
            fresh = MemoryEngine(world.tables())
            assert warm.count(rule, day) == fresh.count(rule, day)
            assert warm.members(rule, day).equals(fresh.members(rule, day))


@given(worlds, rules(with_take=False), days)
@SOME
def test_muting_a_node_gives_what_its_without_said(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    answer: Answer = engine.count(rule, as_of)
    for node in nodes(rule):
        muted = parse_rule(_muting(rule_json, node.id))
        assert engine.count(muted, as_of).matched == answer.nodes[node.id].without


def _muting(node: Any, node_id: str) -> Any:
    if isinstance(node, dict):
        changed = {key: _muting(value, node_id) for key, value in node.items()}
        return {**changed, "muted": True} if node.get("id") == node_id else changed
    if isinstance(node, list):
        return [_muting(item, node_id) for item in node]
    return node


def test_members_are_user_numbers_in_ascending_order() -> None:
    world = world_of(7)
    engine = MemoryEngine(world.tables())
    everyone = parse_rule(
        {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": []}}
    )
    members = engine.members(everyone, date(2030, 1, 1))
    assert members.dtype == pl.UInt32
    assert members.to_list() == sorted(world.numbers)
