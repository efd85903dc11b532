"""What rules and tags have in common: regions, near pairs, contingency tables, against plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import Days, local_day
from core.engines.crossing import Class, Contingency, quantile_cuts
from core.engines.memory import MemoryEngine
from core.engines.memory.bits import pack
from core.engines.memory.columns import PlainColumn, coded
from core.engines.memory.contingencies import CONTINGENCY_BINS, classes_of
from core.engines.tallies import Occurred
from core.rules import evaluate
from core.rules.share import seed_hash, share_value, user_hash
from core.schema import TAG_DTYPES, TagType
from tests.core.engines.agreement import asked
from tests.core.engines.marketplaces import ALL_TAGS
from tests.core.engines.worlds import World, days, rules, world_of, worlds

SOME = settings(max_examples=40, deadline=None)
tags = st.sampled_from(sorted(ALL_TAGS))


def people(world: World, rule: Any, as_of: date) -> set[str]:
    return set(evaluate.members(rule, world.users, world.catalogue, as_of))


def values(world: World, tag: str, as_of: date) -> dict[str, Any]:
    """What everybody of the base has, None = nothing."""
    found = evaluate.tag_values(world.users, tag, world.catalogue, as_of)
    return {user.user_id: found[user.user_id] for user in world.users if evaluate.in_base(user, as_of)}


@given(worlds, st.lists(rules(), min_size=1, max_size=5), days, st.sampled_from([64, 1 << 20]))
@SOME
def test_regions_hold_who_is_in_exactly_these_rules(
    world: World, rules_json: list[dict[str, Any]], as_of: date, shard_rows: int
) -> None:
    chosen = [asked(rule, world.catalogue) for rule in rules_json]
    sets = [people(world, rule, as_of) for rule in chosen]
    of_user = Counter(
        sum(1 << place for place, some in enumerate(sets) if user.user_id in some) for user in world.users
    )
    found = MemoryEngine(world.tables(), shard_rows=shard_rows, threads=3).regions(chosen, as_of)
    assert found == {which: of_user[which] for which in range(1, 1 << len(chosen))}


def test_regions_are_of_one_to_five_rules() -> None:
    world = world_of(1)
    rule = asked({"include": {"kind": "group", "id": "g", "match": "all"}}, world.catalogue)
    for many in (0, 6):
        with pytest.raises(ValueError, match="1 to 5"):
            MemoryEngine(world.tables()).regions([rule] * many, date(2019, 7, 14))


@given(worlds, st.lists(rules(), max_size=8), days, st.sampled_from([0.01, 0.3, 0.5, 0.95, 1]))
@SOME
def test_near_pairs_are_those_with_so_large_a_jaccard_index(
    world: World, rules_json: list[dict[str, Any]], as_of: date, jaccard: float
) -> None:
    chosen = [asked(rule, world.catalogue) for rule in rules_json]
    sets = [people(world, rule, as_of) for rule in chosen]
    found = MemoryEngine(world.tables(), shard_rows=64).nearby(chosen, as_of, jaccard=jaccard)
    assert found.sizes == tuple(map(len, sets))
    assert list(found.pairs) == [
        (one, other, len(sets[one] & sets[other]))
        for one, other in combinations(range(len(sets)), 2)
        if sets[one] and sets[other]
        if len(sets[one] & sets[other]) / len(sets[one] | sets[other]) >= jaccard
    ]


@given(worlds, tags, days)
@SOME
def test_distinct_values_are_those_of_the_base(world: World, tag: str, as_of: date) -> None:
    held = [value for value in values(world, tag, as_of).values() if value is not None]
    expected = {each for value in held for each in value} if ALL_TAGS[tag] is TagType.MULTI else set(held)
    assert MemoryEngine(world.tables()).distinct(tag, as_of) == len(expected)


@given(worlds, tags.filter(lambda tag: ALL_TAGS[tag] in (TagType.NUMBER, TagType.DATE)), days)
@SOME
def test_ordered_values_are_every_value_of_the_base_with_its_users(
    world: World, tag: str, as_of: date
) -> None:
    held = Counter(values(world, tag, as_of).values())
    missing = held.pop(None, 0)
    found = MemoryEngine(world.tables()).ordered_values(tag, as_of)
    assert list(zip(found.values.to_list(), found.counts.tolist(), strict=True)) == sorted(held.items())
    assert found.missing == missing


@given(worlds, rules(), tags.filter(lambda tag: ALL_TAGS[tag] in (TagType.NUMBER, TagType.DATE)), days)
@SOME
def test_ordered_values_among_an_answer_are_those_of_its_people(
    world: World, rule_json: dict[str, Any], tag: str, as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    chosen = people(world, rule, as_of)
    held = Counter(value for user, value in values(world, tag, as_of).items() if user in chosen)
    missing = held.pop(None, 0)
    found = MemoryEngine(world.tables()).ordered_values(tag, as_of, rule)
    assert list(zip(found.values.to_list(), found.counts.tolist(), strict=True)) == sorted(held.items())
    assert found.missing == missing


@given(worlds, rules(), days, st.sampled_from(["category", "topics"]), st.integers(0, 800))
@SOME
def test_what_occurred_with_each_value_is_told_with_users_times_and_the_latest(
    world: World, rule_json: dict[str, Any], as_of: date, key: str, length: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    chosen = people(world, rule, as_of)
    span = Days(as_of - timedelta(days=length), None)
    users: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    latest: dict[str, datetime] = {}
    for user in world.users:
        for occurrence in user.events["buy"] if user.user_id in chosen else ():
            day = local_day(occurrence.at, world.catalogue.zone)
            value = occurrence.properties.get(key)
            if value is None or day not in span.clipped(as_of):
                continue
            for each in value if isinstance(value, frozenset) else {value}:
                users[each].add(user.user_id)
                times[each] += 1
                latest[each] = max(latest.get(each, occurrence.at), occurrence.at)
    expected = [
        Occurred(value, len(users[value]), times[value], latest[value])
        for value in sorted(times, key=lambda value: (-len(users[value]), value))
    ]
    assert MemoryEngine(world.tables(), shard_rows=64).occurred(rule, "buy", key, span, as_of) == expected


@given(worlds, rules(), days, st.sampled_from(["july", "实验", ""]))
@SOME
def test_people_in_random_order_stand_by_their_hash(
    world: World, rule_json: dict[str, Any], as_of: date, seed: str
) -> None:
    rule = asked(rule_json, world.catalogue)
    numbers = {user.user_id: number for user, number in zip(world.users, world.numbers, strict=True)}

    def place(user_id: str) -> int:
        return share_value(user_hash(user_id), seed_hash(seed))

    expected = [numbers[user_id] for user_id in sorted(people(world, rule, as_of), key=place)]
    assert MemoryEngine(world.tables()).in_random_order(rule, seed, as_of).to_list() == expected


def class_of(value: Any, classes: tuple[Class, ...]) -> int:
    """The place of a value's class, found by what the classes say of themselves."""
    for place, each in enumerate(classes):
        match each.kind:
            case "missing":
                holds = value is None
            case "bin":
                holds = value is not None and (each.low is None or value >= each.low)
                holds = holds and (each.high is None or value < each.high)
            case "value":
                held = tuple(sorted(value)) if isinstance(value, frozenset) else value
                holds = held == each.value and type(held) is type(each.value)
            case "other":
                holds = value is not None
        if holds:
            return place
    raise AssertionError(f"{value!r} is in none of {classes}")


def assert_is_the_table(found: Contingency, one: dict[str, Any], other: dict[str, Any]) -> None:
    expected = np.zeros((len(found.rows), len(found.columns)), dtype=np.int64)
    for user, value in one.items():
        expected[class_of(value, found.rows), class_of(other[user], found.columns)] += 1
    assert np.array_equal(found.table, expected)


@given(worlds, tags, tags, days, st.sampled_from([64, 1 << 20]))
@SOME
def test_a_contingency_table_counts_who_has_which_two_values(
    world: World, one: str, other: str, as_of: date, shard_rows: int
) -> None:
    found = MemoryEngine(world.tables(), shard_rows=shard_rows).contingency(one, other, as_of)
    assert_is_the_table(found, values(world, one, as_of), values(world, other, as_of))
    for tag, classes in ((one, found.rows), (other, found.columns)):
        assert classes[-1] == Class("missing")
        bins = [each for each in classes if each.kind == "bin"]
        is_ordered = ALL_TAGS[tag] in (TagType.NUMBER, TagType.DATE)
        assert len(bins) == len(classes) - 1 <= CONTINGENCY_BINS if is_ordered else bins == []
    again = MemoryEngine(world.tables(shuffled=7)).contingency(one, other, as_of)
    assert np.array_equal(again.table, found.table)
    assert (again.rows, again.columns) == (found.rows, found.columns)


@given(worlds, tags, tags, days, st.sampled_from([64, 1 << 20]))
@SOME
def test_moves_are_counted_of_exactly_those_for_whom_two_tags_differ(
    world: World, one: str, other: str, as_of: date, shard_rows: int
) -> None:
    found = MemoryEngine(world.tables(), shard_rows=shard_rows).moves(one, other, as_of)
    before, after = values(world, one, as_of), values(world, other, as_of)
    is_other_kind = TAG_DTYPES[ALL_TAGS[one]] != TAG_DTYPES[ALL_TAGS[other]]
    changed = {
        user
        for user in before
        if (before[user] is None) != (after[user] is None)
        or (before[user] is not None and (is_other_kind or before[user] != after[user]))
    }
    assert int(found.table.sum()) == len(changed)
    assert int(found.table[-1].sum()) == sum(before[user] is None for user in changed)
    assert int(found.table[:, -1].sum()) == sum(after[user] is None for user in changed)


@given(
    st.lists(st.sampled_from([None, "", "a", "A", "ä", "北京", "b"]), max_size=150),
    st.lists(st.booleans(), min_size=150, max_size=150),
)
@settings(deadline=None)
def test_text_too_varied_for_codes_is_classed_the_same(texts: list[str | None], in_base: list[bool]) -> None:
    values = pl.Series(texts, dtype=pl.String)
    base = pack(np.array(in_base[: len(texts)], dtype=np.bool_))
    plain = classes_of(PlainColumn(values), base)
    codes = classes_of(coded(values, values.unique().drop_nulls().sort()), base)
    assert plain.classes == codes.classes
    assert np.array_equal(plain.codes, codes.codes)


@pytest.mark.parametrize(
    ("counts", "bins", "cuts"),
    [
        ([], 4, []),
        ([7], 4, []),
        ([1, 1, 1, 1], 4, [1, 2, 3]),
        ([1, 1, 1, 1], 1, []),
        ([2, 2, 2, 2], 4, [1, 2, 3]),
        # Six in ten have the first value: it stands by itself, and so does a heavy one in the middle.
        ([60, 10, 10, 10, 10], 5, [1, 3]),
        ([10, 10, 60, 10, 10], 5, [2, 3]),
        ([1, 1, 1], 20, [1, 2]),
    ],
)
def test_quantile_cuts_by_hand(counts: list[int], bins: int, cuts: list[int]) -> None:
    assert quantile_cuts(np.array(counts, dtype=np.int64), bins) == cuts


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 25))
@settings(deadline=None)
def test_quantile_bins_are_few_and_fair(counts: list[int], bins: int) -> None:
    cuts = quantile_cuts(np.array(counts, dtype=np.int64), bins)
    assert cuts == sorted(set(cuts))
    assert len(cuts) < bins or not cuts
    edges = [0, *cuts, len(counts)]
    fair = sum(counts) / bins
    for first, end in pairwise(edges):
        # What is larger is one value's doing, which then stands alone.
        assert end - first == 1 or sum(counts[first:end]) < 2 * fair + 1
