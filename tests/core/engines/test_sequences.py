"""Sequences where it gets tight: many people, few hours, ties in time, windows that end to the moment."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.engines.memory import MemoryEngine, sequences, sessions
from core.rules import evaluate
from core.rules.conditions import SequenceCondition
from core.rules.evaluate import OracleUser
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.schema import Catalogue, EventSpec, Label, PropertySpec, TagType
from tests.core.engines.agreement import ids_of
from tests.core.engines.marketplaces import tables_of

AS_OF = date(2019, 7, 14)
END = datetime(2019, 7, 15, tzinfo=UTC)
_L = Label(zh="名", en="name")
_EXPERT = {"expert": PropertySpec(key="expert", type=TagType.ENUM, label=_L)}
CATALOGUE = Catalogue(
    events={key: EventSpec(key=key, label=_L, properties=_EXPERT) for key in ("chat", "order", "refund")}
)


def people(
    chance: random.Random, count: int, tick: timedelta, refunds: timedelta | None = None
) -> list[OracleUser]:
    """Return people who did everything within a day or so around the end of `as_of`.

    Parameters
    ----------
    tick, refunds : timedelta
        How finely the times are told; those of refunds by themselves, which then are spread wider too.
    """

    def occurrences(event: str) -> list[Occurrence]:
        is_apart = refunds is not None and event == "refund"
        least, early, late = (refunds, -60, 60) if refunds is not None and is_apart else (tick, -2, 26)
        return [
            Occurrence(
                END
                - chance.randrange(early, late) * timedelta(hours=1)
                + chance.choice((0, 0, 0, 1, -1)) * least,
                {"expert": chance.choice(("a", "a", "b", None))},
            )
            for _ in range(chance.choice((0, 1, 1, 2, 3, 4)))
        ]

    return [
        OracleUser(f"u{n:04}", events={event: occurrences(event) for event in CATALOGUE.events})
        for n in range(count)
    ]


def sequence(chance: random.Random) -> dict[str, Any]:
    """Return a random sequence; most of its lengths are as long as differences between occurrences."""
    later = [chance.random() < 0.45 for _ in range(chance.randrange(1, 5))]
    steps: list[dict[str, Any]] = [{"event": chance.choice(("chat", "chat", "order"))}]
    for negated in later:
        steps.append(
            {"event": chance.choice(("chat", "order", "refund")), **({"not": True} if negated else {})}
        )
    last_positive = max(place for place, step in enumerate(steps) if "not" not in step)
    for place, step in enumerate(steps):
        if place and ("not" not in step or place > last_positive) and chance.random() < 0.6:
            step["within"] = {"n": chance.randrange(1, 12), "unit": "hour"}
    node: dict[str, Any] = {"kind": "sequence", "id": "s", "steps": steps}
    if chance.random() < 0.4:
        node["same"] = "expert"
    if chance.random() < 0.4:
        node["session_minutes"] = chance.choice((1, 59, 60, 120, 240))
    if node.keys() & {"same", "session_minutes"} and chance.random() < 0.3:
        node["any_order"] = True
        for step in steps:
            step.pop("within", None)
    if chance.random() < 0.4:
        node["window"] = chance.choice(({"last": 12, "unit": "hour"}, {"last": 1, "unit": "day"}))
    if chance.random() < 0.3:
        node["open"] = "include"
    return node


@pytest.mark.parametrize(
    "tick", [timedelta(hours=1), timedelta(seconds=1), timedelta(microseconds=1)], ids=str
)
@pytest.mark.parametrize("seed", range(4))
def test_chains_are_found_to_the_moment(seed: int, tick: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed == 0:
        # Keys that hold a few people at a time, as those of long years in microseconds do.
        monkeypatch.setattr(sequences, "_LARGEST_KEY", 1 << 38)
    if seed == 1:
        monkeypatch.setattr(sequences, "_PART_OCCURRENCES", 16)
    chance = random.Random(seed)  # noqa: S311 - people, not secrets
    users = people(chance, 150, tick, timedelta(microseconds=1) if seed == 3 else None)
    numbers = sorted(chance.sample(range(1000), len(users)))
    engines = [
        MemoryEngine(tables_of(CATALOGUE, users, numbers)),
        MemoryEngine(tables_of(CATALOGUE, users, numbers), shard_rows=64, threads=3),
    ]
    found = 0
    for _ in range(25):
        node = sequence(chance)
        rule = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
        expected = evaluate.members(rule, users, CATALOGUE, AS_OF)
        for engine in engines:
            assert ids_of(engine, rule, AS_OF) == expected, node
        found += 0 < len(expected) < len(users)
    assert found > 15


def test_a_later_occurrence_counts_though_the_clock_was_set_back_to_the_day_before() -> None:
    # At one minute past midnight of 29 October 2006 the clocks of Newfoundland went back to 23:01.
    zone = CATALOGUE.model_copy(update={"time_zone": "America/St_Johns"})
    first, later = (datetime(2006, 10, 29, *at, tzinfo=UTC) for at in ((2, 30, 30), (3, 0)))
    user = OracleUser("u", events={"chat": [Occurrence(first, {})], "order": [Occurrence(later, {})]})
    window = {"from": "2006-10-29", "to": "2006-10-29"}
    for steps, expected in (
        ([{"event": "chat"}, {"event": "order"}], ["u"]),
        ([{"event": "chat"}, {"event": "order", "not": True}], []),
    ):
        node = {"kind": "sequence", "id": "s", "steps": steps, "window": window}
        rule = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
        assert evaluate.members(rule, [user], zone, date(2006, 10, 29)) == expected
        engine = MemoryEngine(tables_of(zone, [user], [7]))
        assert ids_of(engine, rule, date(2006, 10, 29)) == expected


# ---- sessions, counted on paper: minutes after noon of the day, pauses of up to 30 minutes -----------------

_NOON = datetime(2019, 7, 14, 12, tzinfo=UTC)
_VISITS = {
    # Its last session begins when nobody's steps come any more.
    "and later": {"chat": [0], "refund": [600]},
    # The refund in between keeps one session going.
    "kept going": {"chat": [0], "refund": [30], "order": [60]},
    "too late": {"chat": [0], "order": [31]},
    "at once": {"chat": [0], "order": [0]},
    "backwards": {"order": [0], "chat": [20]},
    "twice": {"chat": [0, 100], "order": [10, 110]},
    "never": {"refund": [0]},
}


def in_sessions(*steps: str, **fields: Any) -> dict[str, Any]:
    """Return the condition of steps within one session; a step with an exclamation mark is negated."""
    told = [{"event": step.strip("!"), **({"not": True} if step.startswith("!") else {})} for step in steps]
    return {"kind": "sequence", "id": "s", "steps": told, "session_minutes": 30, **fields}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (in_sessions("chat", "order"), ["kept going", "twice"]),
        (in_sessions("chat", "order", any_order=True), ["at once", "backwards", "kept going", "twice"]),
        (in_sessions("chat", "!order"), ["and later", "at once", "backwards", "too late"]),
        (in_sessions("chat", "!order", any_order=True), ["and later", "too late"]),
        (in_sessions("order", "chat"), ["backwards"]),
        (in_sessions("order", "chat", session_minutes=120), ["backwards", "twice"]),
        (in_sessions("chat", "!refund", "order"), ["twice"]),
        (in_sessions("chat", "order", any_order=True, same="expert"), ["at once", "kept going", "twice"]),
    ],
    ids=str,
)
def test_steps_within_one_session(node: dict[str, Any], expected: list[str]) -> None:
    expert = {"backwards": {"chat": "a", "order": "b"}}
    users = [
        OracleUser(
            name,
            events={
                event: [
                    Occurrence(
                        _NOON + timedelta(minutes=at), {"expert": expert.get(name, {}).get(event, "a")}
                    )
                    for at in minutes
                ]
                for event, minutes in did.items()
            },
        )
        for name, did in _VISITS.items()
    ]
    rule = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
    assert evaluate.members(rule, users, CATALOGUE, AS_OF) == expected
    for pieces in (1, 7):
        engine = MemoryEngine(tables_of(CATALOGUE, users, [n * pieces for n in range(len(users))]))
        assert ids_of(engine, rule, AS_OF) == expected


@pytest.mark.parametrize("seed", range(8))
def test_sessions_are_counted_one_by_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed == 0:
        monkeypatch.setattr(sequences, "_PART_OCCURRENCES", 16)
        monkeypatch.setattr(sessions, "_PART_OCCURRENCES", 16)
    if seed == 1:
        monkeypatch.setattr(sequences, "_LARGEST_KEY", 1 << 38)
        monkeypatch.setattr(sessions, "_LARGEST_KEY", 1 << 38)
    chance = random.Random(seed)  # noqa: S311 - people, not secrets
    users = people(chance, 120, timedelta(minutes=1), timedelta(microseconds=1) if seed >= 4 else None)
    numbers = sorted(chance.sample(range(1000), len(users)))
    engine = MemoryEngine(tables_of(CATALOGUE, users, numbers), shard_rows=64)
    whose = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [
        {"kind": "event", "id": "c", "event": "refund", "measure": "count", "op": "gte", "value": 1},
    ]}})  # fmt: skip
    refunded = set(evaluate.members(whose, users, CATALOGUE, AS_OF))
    for _ in range(15):
        asked = [sequence(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
        minutes = chance.choice((1, 60, 120, 240))
        for node in asked:
            node["session_minutes"] = minutes
            node.pop("same", None)
        conditions = [TypeAdapter(SequenceCondition).validate_python(node) for node in asked]
        expected = sum(
            any(held_in(user, session, node) for node in asked)
            for user in users
            if user.user_id in refunded
            for session in sessions_by(user, minutes)
        )
        assert engine.sessions(whose, conditions, AS_OF) == expected, asked


def sessions_by(user: OracleUser, minutes: int) -> list[set[datetime]]:
    """Return the moments of each session of a user, by laying them side by side."""
    found: list[set[datetime]] = []
    last: datetime | None = None
    for at in sorted(o.at for did in user.events.values() for o in did if o.at < END):
        if last is None or at - last > timedelta(minutes=minutes):
            found.append(set())
        found[-1].add(at)
        last = at
    return found


def held_in(user: OracleUser, session: set[datetime], node: dict[str, Any]) -> bool:
    """Tell whether a sequence holds for a user who did nothing but what lies in a session."""
    only = {event: [o for o in did if o.at in session] for event, did in user.events.items()}
    rule = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
    return evaluate.holds(rule, OracleUser(user.user_id, events=only), CATALOGUE, AS_OF)


def test_what_comes_after_the_day_changes_no_session() -> None:
    # Seen on the 14th the chat stands alone; the order a moment after midnight does not join it.
    late = datetime(2019, 7, 14, 23, 59, tzinfo=UTC)
    user = OracleUser(
        "u", events={"chat": [Occurrence(late, {})], "order": [Occurrence(late + timedelta(minutes=2), {})]}
    )
    engine = MemoryEngine(tables_of(CATALOGUE, [user], [0]))
    for day, expected in ((AS_OF, []), (date(2019, 7, 15), ["u"])):
        node = in_sessions("chat", "order")
        rule = parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
        assert evaluate.members(rule, [user], CATALOGUE, day) == expected
        assert ids_of(engine, rule, day) == expected
