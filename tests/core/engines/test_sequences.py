"""Sequences where it gets tight: many people, few hours, ties in time, windows that end to the moment."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.engines.memory import MemoryEngine, sequences
from core.rules import evaluate
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


def people(chance: random.Random, count: int, tick: timedelta) -> list[OracleUser]:
    """Return people who did everything within a day or so around the end of `as_of`."""

    def occurrences() -> list[Occurrence]:
        return [
            Occurrence(
                END - chance.randrange(-2, 26) * timedelta(hours=1) + chance.choice((0, 0, 0, 1, -1)) * tick,
                {"expert": chance.choice(("a", "a", "b", None))},
            )
            for _ in range(chance.choice((0, 1, 1, 2, 3, 4)))
        ]

    return [
        OracleUser(f"u{n:04}", events={event: occurrences() for event in CATALOGUE.events})
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
    users = people(chance, 150, tick)
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
