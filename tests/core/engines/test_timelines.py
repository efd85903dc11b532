"""Many windows found at once hold whom they hold one by one, and the answers made of them are the same."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Days
from core.engines.memory import MemoryEngine, bits, measures, timelines
from core.engines.memory.tiles import Tiles
from core.engines.memory.timelines import did_in_each
from core.rules import evaluate
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from tests.core.engines.agreement import asked
from tests.core.engines.comparisons import windows
from tests.core.engines.marketplaces import DAYS
from tests.core.engines.worlds import World, catalogue_in, days, rules, world_of, worlds

ends = st.one_of(st.none(), st.sampled_from([*DAYS, date.min, date.max]))
some_spans = st.lists(st.builds(Days, ends, ends), min_size=1, max_size=8)


@given(
    worlds,
    some_spans,
    st.sampled_from(["buy", "visit", "never"]),
    st.booleans(),
    st.sampled_from([1, 3, 250]),
    st.sampled_from([0, 1 << 40]),
)
@settings(max_examples=150, deadline=None)
def test_many_windows_hold_whom_they_hold_one_by_one(
    world: World, spans: list[Days], event: str, is_chosen: bool, at_once: int, sparse: int
) -> None:
    engine = MemoryEngine(world.tables())
    partition = engine._held.partition(event)
    where = None
    if is_chosen:
        where = (partition.days % 2 == 0).fill_null(False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timelines, "_MOST_STRETCHES", at_once)
        patch.setattr(bits, "SPARSE", sparse)
        found = did_in_each(partition.by_day(where), spans, len(world.users), Tiles(threads=1))
    rows, chosen = partition.rows.to_list(), [True] * len(partition) if where is None else where.to_list()
    moments = [
        date.fromordinal(date(1970, 1, 1).toordinal() + partition.origin + day) for day in partition.days
    ]
    for span in spans:
        expected = {
            row for row, day, is_one in zip(rows, moments, chosen, strict=True) if is_one and day in span
        }
        words = found[span].tolist()
        assert {row for row in range(len(words) * 64) if words[row // 64] >> (row % 64) & 1} == expected


def windowed(kind: dict[str, Any], window: dict[str, Any] | None, place: int) -> dict[str, Any]:
    node: dict[str, Any] = {**kind, "id": f"c{place}"}
    if window is not None:
        node["window"] = window
    elif node["kind"] == "first_time":
        node["window"] = {"from": "2019-01-01"}
    return node


KINDS = (
    {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 1},
    {"kind": "event", "event": "buy", "measure": "count", "op": "eq", "value": 0},
    {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 2},
    {"kind": "event", "event": "visit", "measure": "count", "op": "gt", "value": 0, "not": True},
    {
        "kind": "event", "event": "buy", "measure": "count", "op": "gt", "value": 0,
        "where": [{"property": "gift", "op": "is_true"}],
    },
    {"kind": "first_time", "event": "buy"},
    {"kind": "first_time", "event": "visit"},
)  # fmt: skip


@given(
    worlds,
    st.lists(
        st.lists(st.tuples(st.sampled_from(KINDS), windows), min_size=1, max_size=2), min_size=1, max_size=8
    ),
    st.sampled_from([None, "2019-03-10", {"ago": 1, "unit": "month"}]),
    days,
)
@settings(max_examples=100, deadline=None)
def test_rules_that_ask_about_many_windows_are_answered_as_by_the_oracle(
    world: World, told: list[list[tuple[dict[str, Any], dict[str, Any] | None]]], earlier: Any, as_of: date
) -> None:
    of_rules: list[Rule] = []
    for conditions in told:
        children = [windowed(kind, window, place) for place, (kind, window) in enumerate(conditions)]
        group: dict[str, Any] = {"kind": "group", "id": "g", "match": "all", "children": children}
        if earlier is not None and len(of_rules) % 2:
            group["as_of"] = earlier
        of_rules.append(asked({"version": 1, "include": group}, world.catalogue))
    for engine in (MemoryEngine(world.tables()), MemoryEngine(world.tables(), cache_bytes=0, threads=1)):
        assert engine.sizes(of_rules, as_of) == [
            len(evaluate.members(rule, world.users, world.catalogue, as_of)) for rule in of_rules
        ]


@given(worlds, st.lists(rules(), min_size=1, max_size=4), days)
@settings(max_examples=60, deadline=None)
def test_rules_asked_together_have_the_answers_that_they_have_alone(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    of_rules = [asked(rule_json, world.catalogue) for rule_json in rules_json]
    alone = [MemoryEngine(world.tables()).count(rule, as_of).count for rule in of_rules]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "FEWEST_WINDOWS", 1)
        by_day = MemoryEngine(world.tables())
        for event in ("buy", "visit", "never"):
            by_day._held.partition(event).by_day()
        assert [by_day.aside().count(rule, as_of).count for rule in of_rules] == alone
        for engine in (MemoryEngine(world.tables()), MemoryEngine(world.tables()).aside()):
            assert engine.sizes(of_rules, as_of) == alone
            assert engine.sizes(of_rules, as_of) == alone


def test_what_is_found_ahead_is_forgotten_and_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(3)
    engine = MemoryEngine(world.tables())
    looks = []

    def counted(*given: Any) -> Any:
        looks.append(given[1])
        return did_in_each(*given)

    monkeypatch.setattr(measures, "did_in_each", counted)
    of_rules = [
        bought_on(day) for day in ("2019-06-14", "2019-07-09", "2019-07-13", "2019-07-14", "2019-07-15")
    ]
    sizes = engine.sizes(of_rules, date(2019, 7, 20))
    assert [len(spans) for spans in looks] == [5]
    assert engine._conditions.measures._ahead.found is None
    assert engine.sizes(of_rules, date(2019, 7, 20)) == sizes
    # Three days more are too few to look for them together.
    engine.sizes([*of_rules, *map(bought_on, ("2019-05-15", "2019-05-16", "2018-06-09"))], date(2019, 7, 20))
    assert len(looks) == 1


def bought_on(day: str) -> Rule:
    child = {**KINDS[0], "id": "c1", "window": {"from": day, "to": day}}
    return parse_rule(
        {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": [child]}}
    )


def test_where_clocks_are_set_back_across_midnight_the_first_day_is_the_earliest() -> None:
    # St. John's, 7 November 2010: at 00:01 it became 23:01 of the day before.
    at = [datetime.fromisoformat(f"2010-11-07 {clock}+00:00") for clock in ("02:30:30", "02:45")]
    user = evaluate.OracleUser("u1", events={"buy": [Occurrence(moment, {}) for moment in at]})
    world = World(catalogue_in("America/St_Johns"), (user,), (1,))
    engine = MemoryEngine(world.tables())
    for window, many in (({"to": "2010-11-05"}, 0), ({"to": "2010-11-06"}, 1), ({"to": "2010-11-07"}, 1)):
        for kind in (KINDS[0], KINDS[5]):
            child = {**kind, "id": "c1", "window": window}
            include = {"kind": "group", "id": "g", "match": "all", "children": [child]}
            rule = parse_rule({"version": 1, "include": include})
            assert engine.sizes([rule], date(2019, 7, 14)) == [many]
            assert len(evaluate.members(rule, world.users, world.catalogue, date(2019, 7, 14))) == many
