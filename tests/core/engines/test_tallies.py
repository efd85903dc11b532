"""What groups of people did, added up: the engine and plain Python agree on random people and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import EVER, Days
from core.engines.memory import MemoryEngine
from core.engines.tallies import Deeds, Delays, Done
from core.errors import RuleError
from core.rules import evaluate
from core.rules.conditions import SequenceCondition
from core.rules.evaluate import OracleUser
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.rules.parts import PropertyCondition, Step
from core.rules.tree import Rule
from tests.core.engines import plain_tallies as plain
from tests.core.engines.agreement import asked
from tests.core.engines.comparisons import where
from tests.core.engines.kinds import PROPERTIES_OF
from tests.core.engines.marketplaces import DAYS
from tests.core.engines.worlds import World, catalogue_in, days, rules, tables_of, world_of, worlds

MANY = settings(max_examples=100, deadline=None)
SOME = settings(max_examples=25, deadline=None)

EVERYBODY = parse_rule(
    {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": []}}
)
SHARES = (0, 0.07, 0.1, 0.5, 0.9, 0.999, 1)
LATE = date(2100, 1, 1)

several_rules = st.lists(rules(), min_size=1, max_size=3)
some_pauses = st.sampled_from([None, None, 1, 60, 1440])
some_events = st.lists(st.sampled_from(["buy", "visit", "never"]), min_size=1, max_size=3)


@st.composite
def some_deeds(draw: st.DrawFn) -> Deeds:
    event = draw(st.sampled_from(["buy", "buy", "visit", "visit", "never"]))
    conditions = tuple(PropertyCondition.model_validate(told) for told in draw(where(PROPERTIES_OF[event])))
    amount = draw(st.sampled_from(["amount", None])) if event != "never" else None
    return Deeds(event, conditions, amount)


@st.composite
def some_spans(draw: st.DrawFn) -> list[Days]:
    """Draw stretches of days that ascend; some adjoin, between others there are days."""
    first = draw(st.sampled_from([*DAYS, date(2018, 6, 1)]))
    spans = []
    for gap, length in draw(
        st.lists(
            st.tuples(st.sampled_from([0, 0, 1, 29, 3000]), st.sampled_from([1, 1, 2, 30, 366])), max_size=6
        )
    ):
        first += timedelta(days=gap)
        spans.append(Days(first, first + timedelta(days=length - 1)))
        first += timedelta(days=length)
    return spans


open_spans = st.one_of(
    some_spans().filter(bool).map(lambda spans: spans[0]),
    st.sampled_from(DAYS).map(lambda day: Days(day, None)),
    st.sampled_from(DAYS).map(lambda day: Days(None, day)),
    st.just(Days(None, None)),
    st.just(Days(date(2019, 7, 14), date(2019, 7, 13))),
)


def ids_in(rule: Rule, world: World, as_of: date) -> set[str]:
    return set(evaluate.members(rule, world.users, world.catalogue, as_of))


@given(worlds, several_rules, days)
@MANY
def test_sizes_are_the_counts_and_those_of_the_oracle(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    of_rules = [asked(rule_json, world.catalogue) for rule_json in rules_json]
    sizes = MemoryEngine(world.tables()).sizes(of_rules, as_of)
    engine = MemoryEngine(world.tables())
    assert sizes == [engine.count(rule, as_of).count for rule in of_rules]
    assert sizes == [len(ids_in(rule, world, as_of)) for rule in of_rules]


@given(worlds, several_rules, some_deeds(), open_spans, days)
@MANY
def test_totals_are_those_of_plain_counting(
    world: World, rules_json: list[dict[str, Any]], deeds: Deeds, span: Days, as_of: date
) -> None:
    of_rules = [asked(rule_json, world.catalogue) for rule_json in rules_json]
    found = MemoryEngine(world.tables()).totals([*of_rules, EVERYBODY], deeds, span, as_of)
    assert found == [
        plain.totals(world, ids_in(rule, world, as_of), deeds, span, as_of) for rule in [*of_rules, EVERYBODY]
    ]


@given(worlds, rules(), some_deeds(), some_spans(), days)
@MANY
def test_a_course_tells_of_each_stretch_what_totals_tell(
    world: World, rule_json: dict[str, Any], deeds: Deeds, spans: list[Days], as_of: date
) -> None:
    engine = MemoryEngine(world.tables())
    for rule in (asked(rule_json, world.catalogue), EVERYBODY):
        ids = ids_in(rule, world, as_of)
        found = engine.course(rule, deeds, spans, as_of)
        assert found == [engine.totals([rule], deeds, span, as_of)[0] for span in spans]
        assert found == [plain.totals(world, ids, deeds, span, as_of) for span in spans]


@given(worlds, rules(), some_events, st.lists(open_spans, max_size=4), days)
@MANY
def test_users_in_each_stretch_are_those_of_the_people_who_did_one_of_the_events_in_it(
    world: World, rule_json: dict[str, Any], events: list[str], spans: list[Days], as_of: date
) -> None:
    for rule in (asked(rule_json, world.catalogue), EVERYBODY):
        ids = ids_in(rule, world, as_of)
        did = [
            [
                any(plain.totals(world, [one], Deeds(event), span, as_of).users for event in events)
                for one in ids
            ]
            for span in spans
        ]
        found = MemoryEngine(world.tables()).users_in_each(rule, events, spans, as_of)
        assert found == [sum(each) for each in did]


@given(worlds, rules(), some_events, some_events, days, some_spans(), some_pauses, some_events)
@MANY
def test_delays_run_from_the_first_of_some_events_to_the_next_of_others(
    world: World, rule_json: dict[str, Any], first: list[str], then: list[str], as_of: date,
    spans: list[Days], minutes: int | None, with_both: list[str],
) -> None:  # fmt: skip
    engine = MemoryEngine(world.tables())
    in_sessions: list[SequenceCondition] = []
    if minutes is not None:
        steps = tuple(Step(event=event) for event in with_both)
        in_sessions = [SequenceCondition(id="s", steps=steps, session_minutes=minutes, any_order=True)]
    for rule in (asked(rule_json, world.catalogue), EVERYBODY):
        ids = ids_in(rule, world, as_of)
        for span in (EVER, *spans[:1]):
            needed = with_both if minutes is not None else ()
            expected = plain.delays(world, ids, first, then, as_of, SHARES, span, minutes, needed)
            found = engine.delays(rule, first, then, as_of, SHARES, span=span, in_sessions=in_sessions)
            assert found == expected


def test_sessions_of_several_lengths_or_of_one_value_are_not_counted_together() -> None:
    engine = MemoryEngine(world_of(1).tables())
    step = (Step(event="buy"),)
    for any_of in (
        [],
        [SequenceCondition(id="s", steps=step)],
        [SequenceCondition(id="s", steps=step, session_minutes=minutes) for minutes in (1, 2)],
        [SequenceCondition(id="s", steps=step, session_minutes=1, same="amount")],
    ):
        with pytest.raises(ValueError, match="of one length"):
            engine.sessions(EVERYBODY, any_of, LATE)


@given(worlds, rules(), some_deeds(), some_spans(), some_events, some_events, days, st.integers(1, 1 << 30))
@SOME
def test_row_order_shards_threads_and_small_caches_change_no_tally(
    world: World, rule_json: dict[str, Any], deeds: Deeds, spans: list[Days], first: list[str],
    then: list[str], as_of: date, shuffled: int,
) -> None:  # fmt: skip
    rule = asked(rule_json, world.catalogue)

    def told(engine: MemoryEngine) -> list[object]:
        return [
            engine.sizes([rule, EVERYBODY], as_of),
            *(engine.totals([rule, EVERYBODY], deeds, span, as_of) for span in spans),
            engine.course(rule, deeds, spans, as_of),
            engine.delays(rule, first, then, as_of, SHARES),
        ]

    expected = told(MemoryEngine(world.tables(), threads=1))
    others = (
        MemoryEngine(world.tables(shuffled=shuffled)),
        MemoryEngine(world.tables(), shard_rows=64, threads=3),
        MemoryEngine(world.tables(), cache_bytes=0),
        MemoryEngine(world.tables(), cache_bytes=2_000),
        MemoryEngine(world.tables()).aside(),
    )
    for other in others:
        assert told(other) == expected
        assert told(other) == expected


@given(worlds, rules(), some_deeds(), some_spans(), some_events, some_events, days)
@SOME
def test_events_after_as_of_change_no_tally(
    world: World, rule_json: dict[str, Any], deeds: Deeds, spans: list[Days], first: list[str],
    then: list[str], as_of: date,
) -> None:  # fmt: skip
    rule = asked(rule_json, world.catalogue)
    later = Occurrence(
        datetime(as_of.year, as_of.month, as_of.day, 16, tzinfo=UTC) + timedelta(days=1), {"amount": 7.0}
    )
    grown = [
        replace(
            user, events={event: (*user.events.get(event, ()), later) for event in world.catalogue.events}
        )
        for user in world.users
    ]
    before = MemoryEngine(world.tables())
    after = MemoryEngine(tables_of(world.catalogue, grown, world.numbers))
    assert after.sizes([rule], as_of) == before.sizes([rule], as_of)
    for span in spans:
        assert after.totals([rule], deeds, span, as_of) == before.totals([rule], deeds, span, as_of)
    assert after.course(rule, deeds, spans, as_of) == before.course(rule, deeds, spans, as_of)
    seen = [engine.delays(rule, first, then, as_of, SHARES) for engine in (before, after)]
    assert seen[0] == seen[1]


# ---- cases by hand ---------------------------------------------------------------------------------------


def _world(users: Sequence[dict[str, Sequence[Occurrence]]], zone: str = "UTC") -> World:
    people = tuple(OracleUser(f"u{place}", events=events) for place, events in enumerate(users))
    return World(catalogue_in(zone), people, tuple(range(len(people))))


def _at(text: str, **properties: Any) -> Occurrence:
    return Occurrence(datetime.fromisoformat(text).replace(tzinfo=UTC), properties)


def test_of_nobody_at_all_nothing_is_told() -> None:
    engine = MemoryEngine(_world([]).tables())
    day = Days(date(2019, 7, 1), date(2019, 7, 1))
    assert engine.sizes([], LATE) == []
    assert engine.sizes([EVERYBODY], LATE) == [0]
    assert engine.totals([EVERYBODY], Deeds("buy", amount="amount"), day, LATE) == [Done(0, 0, 0.0)]
    assert engine.course(EVERYBODY, Deeds("buy"), [day, day], LATE) == [Done(0, 0, None)] * 2
    assert engine.delays(EVERYBODY, ["buy"], ["visit"], LATE, SHARES) == Delays(0, 0, {})


def test_without_a_stretch_or_an_event_nothing_is_told() -> None:
    engine = MemoryEngine(_world([{"buy": [_at("2019-07-01")]}]).tables())
    assert engine.course(EVERYBODY, Deeds("buy"), [], LATE) == []
    for first, then in ((["buy"], []), ([], ["buy"]), ([], [])):
        assert engine.delays(EVERYBODY, first, then, LATE, SHARES) == Delays(0, 0, {})


def test_a_stretch_without_both_ends_has_no_place_in_a_course() -> None:
    engine = MemoryEngine(_world([{"buy": [_at("2019-07-01")]}]).tables())
    with pytest.raises(ValueError, match="both ends"):
        engine.course(EVERYBODY, Deeds("buy"), [Days(None, date(2019, 7, 1))], LATE)


def test_of_one_and_the_same_moment_the_delay_is_nothing() -> None:
    world = _world(
        [
            {"buy": [_at("2019-07-01 10:00"), _at("2019-07-02")], "visit": [_at("2019-07-01 10:00")]},
            {"buy": [_at("2019-07-01 10:00"), _at("2019-07-03")]},
            {"visit": [_at("2019-07-01")], "buy": [_at("2019-07-02")]},
        ]
    )
    engine = MemoryEngine(world.tables())
    assert engine.delays(EVERYBODY, ["buy"], ["visit"], LATE, [1]) == Delays(1, 1, {1: 0.0})
    assert engine.delays(EVERYBODY, ["buy", "visit"], ["visit", "buy"], LATE, [1]) == Delays(3, 0, {1: 0.0})
    assert engine.delays(EVERYBODY, ["visit"], ["buy"], LATE, [0.5, 1]) == Delays(
        2, 0, {0.5: 0.0, 1: 86400.0}
    )


def test_events_timed_in_seconds_and_in_microseconds_are_told_apart() -> None:
    world = _world(
        [
            {"buy": [_at("2019-07-01 10:00:00")], "visit": [_at("2019-07-01 09:59:59.999999")]},
            {"buy": [_at("2019-07-01 10:00:00")], "visit": [_at("2019-07-01 10:00:00.000003")]},
            {"buy": [_at("2009-07-01 10:00:00")], "visit": [_at("2019-07-01 10:00:00.000001")]},
        ]
    )
    engine = MemoryEngine(world.tables())
    found = engine.delays(EVERYBODY, ["buy"], ["visit"], LATE, [0.5, 1])
    assert found == Delays(2, 1, {0.5: 0.000003, 1: 315532800.000001})
    back = engine.delays(EVERYBODY, ["visit"], ["buy"], LATE, [1])
    assert back == Delays(1, 2, {1: 0.000001})


def test_a_share_of_time_is_the_number_that_was_written() -> None:
    users = [{"buy": [_at("2019-07-01")], "visit": [_at(f"2019-07-01 00:00:{n:02}")]} for n in range(50)]
    # 0.14 is a little more as a float, and times 50 it would be the eighth.
    found = MemoryEngine(_world(users).tables()).delays(EVERYBODY, ["buy"], ["visit"], LATE, [0.14, 0.28])
    assert found.seconds == {0.14: 6.0, 0.28: 13.0}


def test_where_clocks_are_set_back_across_midnight_users_count_once_a_day() -> None:
    # St. John's, 7 November 2010: at 00:01 it became 23:01 of the day before.
    twice = [_at("2010-11-07 02:30:30"), _at("2010-11-07 02:45"), _at("2010-11-07 04:00")]
    world = _world([{"buy": [replace(o, properties={"amount": 0.1}) for o in twice]}, {}], "America/St_Johns")
    engine = MemoryEngine(world.tables())
    spans = [Days(day, day) for day in (date(2010, 11, 6), date(2010, 11, 7))]
    deeds = Deeds("buy", amount="amount")
    assert engine.course(EVERYBODY, deeds, spans, LATE) == [Done(1, 1, 0.1), Done(1, 2, 0.2)]
    assert [engine.totals([EVERYBODY], deeds, span, LATE)[0] for span in spans] == [
        Done(1, 1, 0.1),
        Done(1, 2, 0.2),
    ]


def test_sums_beyond_64_bits_are_exact_and_too_large_values_are_refused_where_they_are_asked() -> None:
    large = 9.0e12
    world = _world(
        [
            {"buy": [_at("2019-07-01", amount=large), _at("2019-07-01 12:00", amount=large)]},
            {"buy": [_at("2019-07-01", amount=large), _at("2019-07-02", amount=-0.1)]},
            {"buy": [_at("2019-07-03", amount=1e13), _at("2019-07-04")]},
        ]
    )
    engine = MemoryEngine(world.tables())
    deeds = Deeds("buy", amount="amount")
    first, second, third, fourth = (Days(day, day) for day in (date(2019, 7, n) for n in range(1, 5)))
    expected = [Done(2, 3, 2.7e13), Done(1, 1, -0.1), Done(1, 1, 0.0)]
    assert engine.course(EVERYBODY, deeds, [first, second, fourth], LATE) == expected
    for span, done in zip((first, second, fourth), expected, strict=True):
        assert engine.totals([EVERYBODY], deeds, span, LATE) == [done]
    for refuse in (
        lambda: engine.course(EVERYBODY, deeds, [first, third], LATE),
        lambda: engine.totals([EVERYBODY], deeds, third, LATE),
    ):
        with pytest.raises(RuleError) as refused:
            refuse()
        assert [problem.code for problem in refused.value.problems] == ["number_too_large_to_add"]
    assert engine.course(EVERYBODY, Deeds("buy"), [third], LATE) == [Done(1, 1, None)]


def test_where_sums_could_overflow_each_stretch_is_still_exact() -> None:
    large = 8.0e12
    users = [{"buy": [_at("2019-07-01", amount=large), _at("2019-07-02", amount=large)]} for _ in range(3)]
    engine = MemoryEngine(_world(users).tables())
    spans = [Days(date(2019, 7, 1), date(2019, 7, 1)), Days(date(2019, 7, 2), date(2019, 7, 9))]
    found = engine.course(EVERYBODY, Deeds("buy", amount="amount"), spans, LATE)
    assert found == [Done(3, 3, 2.4e13)] * 2


def test_relative_dates_in_conditions_on_properties_are_those_of_as_of() -> None:
    world = _world(
        [{"buy": [_at("2019-07-01", due=date(2019, 7, 5)), _at("2019-07-01", due=date(2019, 8, 5))]}]
    )
    engine = MemoryEngine(world.tables())
    soon = PropertyCondition(property="due", op="in_next", value={"n": 7, "unit": "day"})
    day = Days(date(2019, 7, 1), date(2019, 7, 1))
    for as_of, many in ((date(2019, 7, 1), 1), (date(2019, 7, 20), 0), (date(2019, 8, 1), 1)):
        expected = Done(bool(many), many, None)
        assert engine.totals([EVERYBODY], Deeds("buy", (soon,)), day, as_of) == [expected]
        assert engine.course(EVERYBODY, Deeds("buy", (soon,)), [day], as_of) == [expected]


@pytest.mark.parametrize("seed", range(8))
def test_delays_of_many_people_are_those_of_plain_counting(seed: int) -> None:
    world = world_of(seed)
    everybody = MemoryEngine(tables_of(world.catalogue, world.users, world.numbers))
    for first, then in ((["buy", "visit"], ["buy"]), (["visit"], ["buy", "visit"]), (["buy"], ["visit"])):
        for as_of in (LATE, date(2019, 6, 30)):
            expected = plain.delays(world, ids_in(EVERYBODY, world, as_of), first, then, as_of, SHARES)
            assert everybody.delays(EVERYBODY, first, then, as_of, SHARES) == expected
