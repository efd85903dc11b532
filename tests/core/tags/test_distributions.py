"""Readings of a tag and how far they moved: against plain Python on random people, and by hand."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.rules import evaluate
from core.schema import TagSpec, TagType
from core.tags.distributions import DISTRIBUTION_BINS, NAMED_VALUES, Distribution, distribution_of
from core.tags.drift import Drift, compared
from core.tags.health_measures import mark_of, population_stability
from core.workspace import Workspace
from tests.core.engines.marketplaces import ALL_TAGS, catalogue_in, tables_of
from tests.core.engines.worlds import World, days, worlds

SOME = settings(max_examples=60, deadline=None)
DAY = date(2019, 7, 14)
tags = st.sampled_from(sorted(ALL_TAGS))
ORDERED = (TagType.NUMBER, TagType.DATE)


def held(world: World, tag: str, as_of: date) -> list[Any]:
    """What everybody of the base has, None = nothing."""
    found = evaluate.tag_values(world.users, tag, world.catalogue, as_of)
    return [found[user.user_id] for user in world.users if evaluate.in_base(user, as_of)]


def mentions(values: list[Any], kind: TagType) -> Counter[str]:
    each = (value for value in values if value is not None)
    if kind is TagType.MULTI:
        return Counter(one for value in each for one in value)
    return Counter(str(value).lower() if kind is TagType.BOOLEAN else value for value in each)


def in_bins(values: list[Any], cuts: tuple[Any, ...]) -> tuple[int, ...]:
    counts = [0] * (len(cuts) + 1)
    for value in values:
        if value is not None:
            counts[sum(cut <= value for cut in cuts)] += 1
    return tuple(counts)


def assert_is_the_reading(found: Distribution, values: list[Any], kind: TagType) -> None:
    present = [value for value in values if value is not None]
    assert (found.base, found.with_value, found.missing) == (len(values), len(present), values.count(None))
    assert found.coverage == (len(present) / len(values) if values else None)
    if kind in ORDERED:
        assert found.counts == in_bins(values, found.cuts)
        assert len(found.counts) <= DISTRIBUTION_BINS
        assert (found.low, found.high) == ((min(present), max(present)) if present else (None, None))
        assert found.distinct == len(set(present))
        is_number = kind is TagType.NUMBER and present
        assert found.mean == (pytest.approx(sum(present) / len(present)) if is_number else None)
        return
    expected = mentions(values, kind)
    assert {value: users for value, users in found.values if users} == expected
    assert found.other == 0
    assert found.distinct == len(expected)
    assert found.names_all


@given(worlds, tags, days)
@SOME
def test_a_reading_is_that_of_plain_counting_and_can_be_kept(world: World, tag: str, as_of: date) -> None:
    found = distribution_of(MemoryEngine(world.tables()), tag, as_of)
    assert_is_the_reading(found, held(world, tag, as_of), ALL_TAGS[tag])
    assert Distribution.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found
    assert distribution_of(MemoryEngine(world.tables(shuffled=3)), tag, as_of) == found
    itself = compared(found, found)
    assert itself.psi == (0 if found.base else None)
    assert (itself.vanished, itself.new, itself.mover) == ((), (), None)


@given(worlds, worlds, tags, days, days)
@SOME
def test_a_later_reading_is_counted_like_the_earlier_one(
    world: World, other: World, tag: str, as_of: date, day: date
) -> None:
    kind = ALL_TAGS[tag]
    earlier = distribution_of(MemoryEngine(world.tables()), tag, as_of)
    later = distribution_of(MemoryEngine(other.tables()), tag, day, like=earlier)
    before, after = held(world, tag, as_of), held(other, tag, day)
    assert_is_the_reading(later, after, kind)
    drift = compared(earlier, later)
    missing = before.count(None), after.count(None)
    if kind in ORDERED:
        classes = [*zip(in_bins(before, earlier.cuts), in_bins(after, earlier.cuts), strict=True)]
        assert (drift.vanished, drift.new, drift.is_new_known) == ((), (), False)
    else:
        had, have = mentions(before, kind), mentions(after, kind)
        classes = [(users, have[value]) for value, users in had.items()]
        if kind is not TagType.MULTI:
            classes.append((0, sum(users for value, users in have.items() if value not in had)))
        assert set(drift.vanished) == had.keys() - have.keys()
        assert drift.is_new_known
        assert set(drift.new) == have.keys() - had.keys()
    classes.append(missing)
    if not before or not after:
        assert (drift.psi, drift.mark, drift.mover) == (None, None, None)
        return
    psi = population_stability([n for n, _ in classes], [m for _, m in classes])
    assert drift.psi == pytest.approx(psi)
    assert drift.mark == (None if psi is None else mark_of(drift.psi or 0))
    moved = max(abs(m / len(after) - n / len(before)) for n, m in classes)
    assert (drift.mover is None) == (moved == 0)
    if drift.mover is not None:
        assert abs(drift.mover.after - drift.mover.before) == pytest.approx(moved)
    assert drift.coverage_change == pytest.approx(missing[0] / len(before) - missing[1] / len(after))
    assert json.loads(json.dumps(drift.as_json(), allow_nan=False))["mark"] == drift.mark


def reading(**fields: Any) -> Distribution:
    usual = {"tag": "t", "type": TagType.ENUM, "as_of": DAY, "base": 100, "with_value": 90, "distinct": 2}
    return Distribution(**{**usual, **fields})


def test_values_that_vanish_and_values_that_are_new_by_hand() -> None:
    earlier = reading(values=(("a", 60), ("b", 30)))
    later = reading(with_value=80, distinct=3, values=(("a", 50), ("c", 25), ("d", 5), ("b", 0)))
    drift = compared(earlier, later)
    assert (drift.vanished, drift.new, drift.is_new_known) == (("b",), ("c", "d"), True)
    assert drift.psi == population_stability([60, 30, 0, 10], [50, 0, 30, 20])
    assert drift.mark == "drifted"
    assert drift.coverage_change == pytest.approx(-0.1)
    assert drift.mover is not None
    assert drift.mover.sentence() == {
        "zh": "变化最大的是「b」：30.0% → 0.0%",
        "en": "b moved most: 30.0% → 0.0%",
    }


def test_what_is_new_is_not_said_where_the_earlier_reading_named_only_some() -> None:
    earlier = reading(distinct=60, values=(("a", 50), ("b", 30)), other=10)
    later = reading(distinct=60, values=(("a", 50), ("c", 29), ("b", 1)), other=10)
    drift = compared(earlier, later)
    assert (drift.new, drift.is_new_known, drift.vanished) == ((), False, ())
    assert drift.psi == population_stability([50, 30, 10, 10], [50, 1, 39, 10])


def test_numbers_move_between_the_bins_of_the_earlier_reading() -> None:
    earlier = reading(type=TagType.NUMBER, cuts=(10.0, 2500.0), counts=(30, 30, 30), low=1.0, high=3000.0)
    later = replace(earlier, counts=(0, 30, 60), high=9999.5)
    drift = compared(earlier, later)
    assert drift.mover is not None
    assert (drift.mover.low, drift.mover.high, drift.mover.label["en"]) == (None, 10.0, "below 10")
    later = replace(earlier, counts=(30, 0, 60))
    mover = compared(earlier, later).mover
    assert mover is not None
    assert mover.label == {"zh": "10 至不足 2,500", "en": "10 to below 2,500"}
    days = reading(type=TagType.DATE, cuts=(date(2019, 1, 1),), counts=(45, 45))
    mover = compared(days, replace(days, counts=(46, 44))).mover
    assert mover is not None
    assert mover.label["zh"] == "2019-01-01 之前"


def test_readings_that_were_made_otherwise_are_not_compared() -> None:
    numbers = reading(type=TagType.NUMBER, cuts=(10.0,), counts=(30, 60))
    with pytest.raises(ValueError, match="other bins"):
        compared(numbers, replace(numbers, cuts=(11.0,)))
    earlier, later = (
        reading(values=(("a", 60), ("b", 30))),
        reading(distinct=9, values=(("a", 60),), other=30),
    )
    with pytest.raises(ValueError, match="'b'"):
        compared(earlier, later)


def test_a_tag_that_has_become_another_type_has_no_index() -> None:
    drift = compared(reading(values=(("1", 90),), distinct=1), reading(type=TagType.NUMBER, counts=(90,)))
    assert (drift.psi, drift.mark, drift.coverage_change) == (None, None, 0)
    assert compared(reading(values=(("a", 90),)), reading(type=TagType.TEXT, values=(("a", 90),))).psi == 0


def test_of_more_values_than_are_named_the_named_are_followed() -> None:
    catalogue, numbers = catalogue_in("UTC"), range(3000)
    cities = [f"c{place:03}" for place in range(80) for _ in range(80 - place)][:3000]
    later_cities = ["new"] * 200 + ["c079"] * 100 + cities[300:]

    def engine(values: list[str]) -> MemoryEngine:
        users = [
            evaluate.OracleUser(f"u{n}", None, {"city": value}, {}, frozenset())
            for n, value in enumerate(values)
        ]
        return MemoryEngine(tables_of(catalogue, users, list(numbers)))

    earlier = distribution_of(engine(cities), "city", DAY)
    had = Counter(cities)
    assert earlier.values == tuple(sorted(had.items(), key=lambda item: (-item[1], item[0]))[:NAMED_VALUES])
    assert (earlier.distinct, earlier.names_all) == (len(had), False)
    assert earlier.other == 3000 - sum(users for _, users in earlier.values)
    later = distribution_of(engine(later_cities), "city", DAY, like=earlier)
    have = Counter(later_cities)
    for value, users in (*earlier.values, *later.values):
        assert dict(later.values)[value] == have[value], (value, users)
    assert later.other == 3000 - sum(users for _, users in later.values)
    drift = compared(earlier, later)
    assert set(drift.vanished) == {value for value, _ in earlier.values if not have[value]} != set()
    again = distribution_of(engine(cities), "city", DAY, like=later)
    assert len(later.leading) == NAMED_VALUES
    assert compared(later, again).psi is not None


def test_unknown_tags_are_refused_with_the_nearest() -> None:
    with pytest.raises(RuleError) as refused:
        distribution_of(MemoryEngine(tables_of(catalogue_in("UTC"), [], [])), "ctiy", DAY)
    assert (refused.value.code, refused.value.problems[0].nearest) == ("unknown_tag", "city")


def test_readings_of_personal_tags_hold_no_values(workspace: Workspace) -> None:
    engine = MemoryEngine(workspace._lake.tables(workspace.data_version()))
    personal = [tag for tag in engine.catalogue.tags.values() if tag.personal is not None]
    assert len(personal) >= 4
    for tag in personal:
        found = distribution_of(engine, tag.key, DAY)
        expected = Distribution(tag.key, tag.type, DAY, 7, found.with_value, found.distinct, is_personal=True)
        assert found == expected
        assert found.distinct == tag.distinct
        fewer = replace(found, with_value=0)
        drift = compared(found, fewer)
        assert drift.psi == population_stability([found.with_value, 7 - found.with_value], [0, 7])
        assert (drift.vanished, drift.new) == ((), ())
    assert (
        distribution_of(engine, "phone", DAY).with_value,
        distribution_of(engine, "phone", DAY).distinct,
    ) == (6, 6)


def test_a_mean_beyond_what_floats_can_add_is_still_a_mean() -> None:
    users = [
        evaluate.OracleUser(f"u{n}", None, {"points": value}, {}, frozenset())
        for n, value in enumerate([1.5e308, 1.5e308, 1.2e308])
    ]
    engine = MemoryEngine(tables_of(catalogue_in("UTC"), users, [0, 1, 2]))
    assert distribution_of(engine, "points", DAY).mean == pytest.approx(1.4e308)


@pytest.fixture(scope="module")
def engine(sample: Workspace) -> MemoryEngine:
    return MemoryEngine(sample._lake.tables(sample.data_version()))


def test_every_tag_of_the_sample_can_be_read_kept_and_compared(engine: MemoryEngine) -> None:
    for tag in engine.catalogue.tags.values():
        found = distribution_of(engine, tag.key, DAY)
        assert Distribution.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found
        assert found.with_value == engine.coverage(tag.key, DAY)
        if found.counts:
            assert sum(found.counts) == found.with_value
        if found.values and tag.type is not TagType.MULTI:
            assert sum(users for _, users in found.values) + found.other == found.with_value
        earlier = distribution_of(engine, tag.key, date(2019, 3, 31))
        drift = compared(earlier, distribution_of(engine, tag.key, DAY, like=earlier))
        assert_makes_sense(drift, tag)


def assert_makes_sense(drift: Drift, tag: TagSpec) -> None:
    assert drift.psi is not None
    assert drift.psi >= 0
    # An imported tag is the same for everybody on both days; only the base has grown.
    assert tag.computed is not None or not drift.vanished
    if tag.personal is not None:
        assert not drift.new


def test_tags_that_say_the_same_go_together_on_the_sample(engine: MemoryEngine) -> None:
    for tag in engine.catalogue.tags.values():
        if tag.personal is None:
            found = engine.contingency(tag.key, tag.key, DAY)
            assert found.table.sum() == engine.base_count(DAY)
            assert (found.table == found.table.T).all()
            assert found.table.trace() == found.table.sum()
