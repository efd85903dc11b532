"""Breakdowns, values, frames and take against plain counting; threads; things that only large data meet."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.base import Breakdown
from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.lake.tables import FrameTables
from core.rules import evaluate
from core.rules.evaluate import OracleUser, tag_values
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import TagType
from tests.core.engines.worlds import (
    ALL_TAGS,
    PROPERTIES,
    World,
    catalogue_in,
    days,
    rules,
    tables_of,
    world_of,
    worlds,
)

SOME = settings(max_examples=40, deadline=None)
AS_OF = date(2019, 7, 14)


def all_of(*conditions: dict[str, Any], **more: Any) -> Rule:
    children = [{"id": f"c{place}", **condition} for place, condition in enumerate(conditions, start=1)]
    include = {"kind": "group", "id": "g", "match": "all", "children": children}
    return parse_rule({"version": 1, "include": include, **more})


def people_of(world: World, rule: Rule, as_of: date) -> tuple[list[OracleUser], list[OracleUser]]:
    chosen = set(evaluate.members(rule, world.users, world.catalogue, as_of))
    base = [user for user in world.users if evaluate.in_base(user, as_of)]
    return [user for user in base if user.user_id in chosen], base


def values_of(world: World, users: list[OracleUser], tag: str, as_of: date) -> list[Any]:
    found = tag_values(world.users, tag, world.catalogue, as_of)
    return [found[user.user_id] for user in users]


@given(worlds, rules(), days, st.sampled_from(sorted(ALL_TAGS)), st.integers(1, 5), st.integers(1, 30))
@SOME
def test_a_breakdown_counts_every_person_of_the_answer_and_the_base(
    world: World, rule_json: dict[str, Any], as_of: date, tag: str, top: int, bins: int
) -> None:
    rule = parse_rule(rule_json)
    shown = MemoryEngine(world.tables(), shard_rows=64).breakdown(rule, tag, as_of, top=top, bins=bins)
    matched, base = people_of(world, rule, as_of)
    counted = values_of(world, matched, tag, as_of), values_of(world, base, tag, as_of)
    assert shown.missing == tuple(sum(value is None for value in values) for values in counted)
    if ALL_TAGS[tag] in (TagType.NUMBER, TagType.DATE):
        _has_the_right_bins(shown, *counted, bins)
    else:
        _has_the_right_values(shown, *counted, top)


def _has_the_right_bins(shown: Breakdown, matched: list[Any], base: list[Any], bins: int) -> None:
    assert len(shown.bars) <= bins
    assert bool(shown.bars) == any(value is not None for value in base)
    for place, bar in enumerate(shown.bars):
        last = place == len(shown.bars) - 1

        def within(value: Any, bar: Any = bar, last: bool = last) -> bool:
            return value is not None and (bar.low <= value < bar.high or (last and value == bar.high))

        assert (bar.matched, bar.base) == (sum(map(within, matched)), sum(map(within, base)))
    assert sum(bar.base for bar in shown.bars) + shown.missing[1] == len(base)
    assert sum(bar.matched for bar in shown.bars) + shown.missing[0] == len(matched)
    assert shown.other == (0, 0)


def _has_the_right_values(shown: Breakdown, matched: list[Any], base: list[Any], top: int) -> None:
    def flat(values: list[Any]) -> Counter[Any]:
        sets = (value if isinstance(value, frozenset) else {value} for value in values if value is not None)
        return Counter(value for some in sets for value in some)

    of_matched, of_base = flat(matched), flat(base)
    order = sorted(of_base, key=lambda value: (-of_base[value], value))
    expected = [(value, of_matched[value], of_base[value]) for value in order[:top]]
    assert [(bar.value, bar.matched, bar.base) for bar in shown.bars] == expected
    rest = set(order[top:])

    def in_rest(value: Any) -> bool:
        return value is not None and bool((value if isinstance(value, frozenset) else {value}) & rest)

    assert shown.other == (sum(map(in_rest, matched)), sum(map(in_rest, base)))


@given(worlds, days, st.sampled_from(sorted(ALL_TAGS)))
@SOME
def test_coverage_and_values_count_the_base(world: World, as_of: date, tag: str) -> None:
    engine = MemoryEngine(world.tables())
    base = [user for user in world.users if evaluate.in_base(user, as_of)]
    values = [value for value in values_of(world, base, tag, as_of) if value is not None]
    assert engine.coverage(tag, as_of) == len(values)
    if ALL_TAGS[tag] in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
        sets = [value if isinstance(value, frozenset) else {value} for value in values]
        counted = Counter(value for some in sets for value in some)
        expected = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        assert engine.values(tag, as_of) == expected
        assert engine.values(tag, as_of, limit=2) == expected[:2]
        found = [(value, n) for value, n in expected if "b" in value.replace("B", "b")]
        assert engine.values(tag, as_of, search="B") == found


@given(worlds, days, st.sampled_from(["category", "topics"]))
@SOME
def test_values_of_a_property_count_what_happened_up_to_the_day(world: World, as_of: date, key: str) -> None:
    counted: Counter[str] = Counter()
    for user in world.users:
        for occurrence in user.events["buy"]:
            if occurrence.at.astimezone(world.catalogue.zone).date() <= as_of:
                value = occurrence.properties.get(key)
                counted.update([] if value is None else value if isinstance(value, frozenset) else [value])
    expected = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    assert MemoryEngine(world.tables()).values(key, as_of, event="buy") == expected


@given(worlds, days, st.one_of(st.none(), st.integers(0, 12)), st.booleans())
@SOME
def test_a_frame_shows_everyone_by_id_with_their_values(
    world: World, as_of: date, limit: int | None, many: bool
) -> None:
    engine = MemoryEngine(world.tables())
    chosen = [n for place, n in enumerate(world.numbers) if many or place % 7 == 0]
    tags = sorted(ALL_TAGS)
    frame = engine.frame(pl.Series(chosen, dtype=pl.UInt32), tags, as_of, limit=limit)
    people = sorted(
        (user for user, n in zip(world.users, world.numbers, strict=True) if n in chosen),
        key=lambda user: user.user_id,
    )[:limit]
    assert frame.columns == ["user_id", *tags]
    assert frame.get_column("user_id").to_list() == [user.user_id for user in people]
    for tag in tags:
        expected = values_of(world, people, tag, as_of)
        given_values = frame.get_column(tag).to_list()
        if ALL_TAGS[tag] is TagType.MULTI:
            given_values = [None if value is None else frozenset(value) for value in given_values]
        assert given_values == expected


def test_known_values_are_those_that_occur() -> None:
    world = world_of(3)
    engine = MemoryEngine(world.tables())
    occurring = {user.tags.get("city") for user in world.users}
    assert engine.known_values("city", ["上海", "上海", "nowhere", "Beijing"], AS_OF) == occurring & {
        "上海",
        "Beijing",
    }
    topics = {t for u in world.users for o in u.events["buy"] for t in o.properties.get("topics", ())}
    assert engine.known_values("topics", ["a", "nobody"], AS_OF, event="buy") == topics & {"a"}


def test_many_threads_get_the_same_answers_from_one_engine() -> None:
    world = world_of(11, most=50)
    rule_of = [
        all_of(
            {"kind": "tag", "tag": "city", "op": "is_not", "value": city},
            {"kind": "event", "event": "buy", "measure": "sum", "property": "amount", "op": "gt", "value": n},
        )
        for city in ("北京", "上海", "beijing")
        for n in (0, 1, 100)
    ]
    expected = [MemoryEngine(world.tables()).count(rule, AS_OF) for rule in rule_of]
    engine = MemoryEngine(world.tables(), cache_bytes=20_000, shard_rows=64)
    start = threading.Barrier(12)
    wrong: list[int] = []

    def ask(shift: int) -> None:
        start.wait()
        for turn in range(30):
            place = (turn + shift) % len(rule_of)
            if engine.count(rule_of[place], AS_OF) != expected[place]:
                wrong.append(place)
            engine.breakdown(rule_of[place], "interests", AS_OF)

    threads = [threading.Thread(target=ask, args=(shift,)) for shift in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _buyers(amounts: list[list[float]]) -> FrameTables:
    users = [
        OracleUser(
            f"u{n}", events={"buy": tuple(Occurrence(_noon(i), {"amount": x}) for i, x in enumerate(some))}
        )
        for n, some in enumerate(amounts)
    ]
    return tables_of(catalogue_in("UTC"), users, range(len(users)))


def _noon(days_ago: int) -> datetime:
    return datetime(2019, 7, 14, 12, tzinfo=UTC) - timedelta(days=days_ago)


def _spent(op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "kind": "event",
        "event": "buy",
        "measure": "sum",
        "property": "amount",
        "op": op,
        "value": value,
        **more,
    }


def test_sums_beyond_64_bits_are_exact() -> None:
    large = 9_000_000_000_000.0
    engine = MemoryEngine(_buyers([[large, large, 1e-6], [large, large], [large]]))
    assert engine.count(all_of(_spent("gt", 2 * large)), AS_OF).count == 1
    assert engine.count(all_of(_spent("eq", 2 * large)), AS_OF).count == 1
    mean = {**_spent("gt", large - 1), "measure": "avg"}
    assert engine.count(all_of(mean), AS_OF).count == 2
    tag = {"kind": "tag", "tag": "spent", "op": "gt", "value": large}
    assert engine.count(all_of(tag), AS_OF).count == 2


def test_a_value_too_large_to_add_is_refused_only_where_it_is_asked_for() -> None:
    engine = MemoryEngine(_buyers([[1.0, 1e15], [2.0]]))
    today = {"window": {"last": 1, "unit": "day"}}
    assert engine.count(all_of(_spent("gte", 1, **today)), AS_OF).count == 2
    for _ in range(2):
        with pytest.raises(RuleError, match="number_too_large_to_add"):
            engine.count(all_of(_spent("gte", 1)), AS_OF)


def test_occurrences_of_users_outside_the_version_are_passed_over() -> None:
    world = world_of(5)
    full = world.tables()
    kept = [n for place, n in enumerate(world.numbers) if place % 3]
    users = [user for place, user in enumerate(world.users) if place % 3]
    part = FrameTables(
        world.catalogue,
        full.users(["user_no", *_columns_of(full)]).filter(pl.col("user_no").is_in(kept)),
        {event: full.events(event, _event_columns(world, event)) for event in world.catalogue.events},
        full.keys(),
    )
    small = tables_of(world.catalogue, users, kept)
    asked = {
        "kind": "event",
        "event": "buy",
        "measure": "distinct",
        "property": "topics",
        "op": "gte",
        "value": 1,
    }
    for rule in (
        all_of(_spent("gt", 0)),
        all_of(asked),
        all_of({**_spent("gt", 0), "where": [{"property": "gift", "op": "is_true"}]}),
    ):
        assert MemoryEngine(part).count(rule, AS_OF) == MemoryEngine(small).count(rule, AS_OF)


def _columns_of(tables: FrameTables) -> list[str]:
    return [
        "exists_from",
        *(f"tag:{tag}" for tag, spec in tables.catalogue.tags.items() if spec.computed is None),
    ]


def _event_columns(world: World, event: str) -> list[str]:
    return ["user_no", "at", "day", *(f"prop:{key}" for key in world.catalogue.events[event].properties)]


def test_days_that_go_back_within_a_user_are_counted_all_the_same() -> None:
    # A clock set back across midnight gives the later moment the earlier day.
    tables = _buyers([[1.0, 2.0], [3.0]])
    first, second = date(2019, 7, 2), date(2019, 7, 1)
    events = tables.events("buy", ["user_no", "at", *(f"prop:{key}" for key in PROPERTIES)])
    events = events.with_columns(day=pl.Series([first, second, second]))
    catalogue = tables.catalogue
    users = tables.users(["user_no", "exists_from", *(f"tag:{tag}" for tag in _imported(tables))])
    engine = MemoryEngine(FrameTables(catalogue, users, {"buy": events}, tables.keys()))
    did = {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 1}
    assert engine.count(all_of({**did, "window": {"from": "2019-07-02"}}), AS_OF).count == 1
    assert engine.count(all_of({**did, "op": "gte", "value": 2}), AS_OF).count == 1
    last = {"kind": "event", "event": "buy", "measure": "last_at", "op": "on", "value": "2019-07-02"}
    assert engine.count(all_of(last), AS_OF).count == 1


def _imported(tables: FrameTables) -> list[str]:
    return [tag for tag, spec in tables.catalogue.tags.items() if spec.computed is None]


@pytest.mark.parametrize("distinct", [3, 300, 70_000])
def test_text_of_any_variety_is_asked_alike(distinct: int) -> None:
    rows = 140_000
    catalogue = catalogue_in("UTC")
    values = [None if n % 11 == 0 else f"t{n % distinct:06}" for n in range(rows)]
    users = pl.DataFrame(
        {"user_no": pl.arange(rows, dtype=pl.UInt32, eager=True), "tag:title": pl.Series(values)}
    )
    keys = users.select("user_no", user_id=pl.format("u{}", "user_no"), hash=pl.lit(1, dtype=pl.UInt64))
    engine = MemoryEngine(FrameTables(catalogue, users, {}, keys))

    def count(op: str, value: Any = None) -> int:
        return engine.count(all_of({"kind": "tag", "tag": "title", "op": op, "value": value}), AS_OF).count

    present = [value for value in values if value is not None]
    assert count("is", "t000002") == present.count("t000002")
    assert count("not_in", ["t000002", "t000001"]) == sum(v not in ("t000002", "t000001") for v in present)
    assert count("contains_any", ["1", "2"]) == sum("1" in value or "2" in value for value in present)
    assert count("matches", "[13579]$") == sum(value[-1] in "13579" for value in present)
    assert count("not_set") == rows - len(present)
    answer = engine.count(all_of({"kind": "tag", "tag": "title", "op": "is", "value": "x"}), AS_OF)
    assert answer.nodes["c1"].missing == rows - len(present)
    top = Counter(present).most_common(1)[0][1]
    shown = engine.breakdown(all_of(), "title", AS_OF, top=2)
    assert shown.bars[0].base == top
    assert sum(bar.base for bar in shown.bars) + shown.other[1] + shown.missing[1] == rows
    assert engine.values("title", AS_OF, search="T000002") == [("t000002", present.count("t000002"))]
    assert engine.known_values("title", ["t000001", "?"], AS_OF) == {"t000001"}


def test_an_edit_asks_only_the_edited_condition_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of(9)
    engine = MemoryEngine(world.tables())
    made: list[Any] = []
    get = engine._cache.get

    def spy(key: Any, make: Any) -> Any:
        def noted() -> Any:
            made.append(key[0])
            return make()

        return get(key, noted)

    monkeypatch.setattr(engine._cache, "get", spy)
    city = {"kind": "tag", "tag": "city", "op": "is", "value": "北京"}
    bought = {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 2}
    engine.count(all_of(city, bought), AS_OF)
    assert made.count("in base") == 2
    made.clear()
    engine.count(all_of(bought, city), AS_OF)
    engine.count(all_of({**city, "muted": True}, {**bought, "not": True}), AS_OF)
    engine.count(all_of(bought), AS_OF)
    nested = {"kind": "group", "match": "any", "children": [{**city, "id": "x"}, {**bought, "id": "y"}]}
    engine.count(all_of(nested), AS_OF)
    assert made == []
    engine.count(all_of(city, {**bought, "value": 3}), AS_OF)
    assert made.count("in base") == 1
    assert made.count("per user") == 0


def test_nobody_at_all_is_an_answer_too() -> None:
    tables = tables_of(catalogue_in("UTC"), [], [])
    engine = MemoryEngine(tables)
    rule = all_of(
        _spent("gt", 0),
        {"kind": "tag", "tag": "interests", "op": "has_any", "value": ["a"]},
        take={"n": 3, "by": "points"},
    )
    answer = engine.count(rule, AS_OF)
    assert (answer.count, answer.matched, answer.base) == (0, 0, 0)
    assert engine.members(rule, AS_OF).to_list() == []
    assert engine.frame(engine.members(rule, AS_OF), ["city", "interests"], AS_OF).height == 0
    assert all(engine.breakdown(rule, tag, AS_OF).bars == () for tag in ALL_TAGS)
