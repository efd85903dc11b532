"""Keys of conditions: different ways to say the same have one key, different questions have two."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.rules.canonical import canonical
from core.rules.parse import parse_rule
from tests.core.rules.golden import catalogue

CATALOGUE = catalogue()
JULY = date(2019, 7, 14)


def key(node: dict[str, Any], as_of: date = JULY) -> str:
    kind = "event" if "event" in node else node.get("kind", "tag")
    rule = {
        "include": {
            "kind": "group",
            "id": "g",
            "match": "all",
            "children": [{"kind": kind, "id": "c", **node}],
        }
    }
    return canonical(parse_rule(rule).include.children[0], CATALOGUE, as_of)


def logins(**fields: Any) -> dict[str, Any]:
    return {"event": "login", "measure": "count", "op": "gte", "value": 1, **fields}


def tag(key: str, op: str, value: Any, **fields: Any) -> dict[str, Any]:
    return {"tag": key, "op": op, "value": value, **fields}


def group(match: str, *children: Any, **fields: Any) -> dict[str, Any]:
    return {"kind": "group", "match": match, "children": children, **fields}


def habit(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "event": "login", **fields}


def chain(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "sequence", "steps": list(steps), **fields}


NEVER = {"event": "purchase", "not": True}
DAY = {"n": 1, "unit": "day"}
MAY = {"from": "2019-05-01", "to": "2019-05-31"}
A = {"kind": "tag", "id": "x", "tag": "vip", "op": "is_true"}
B = {"kind": "tag", "id": "y", "tag": "points", "op": "gt", "value": 3}
SAME = [
    (tag("city", "is", "北京"), tag("city", "in", ["北京", "北京"])),
    (tag("city", "is_not", "北京"), tag("city", "not_in", ["北京"])),
    (tag("title", "contains_any", ["A", "b"]), tag("title", "contains_any", ["B", "a"])),
    (tag("points", "eq", 3), tag("points", "between", [3.0, 3])),
    (tag("birthday", "on", "2019-07-14"), tag("birthday", "calendar", "today")),
    (
        tag("birthday", "in_last", {"n": 1, "unit": "week"}),
        tag("birthday", "between", ["2019-07-08", "2019-07-14"]),
    ),
    (tag("interests", "has_any", ["a"]), tag("interests", "has_all", ["a"])),
    (tag("interests", "has_all", ["a", "b"]), tag("interests", "has_at_least", {"k": 2, "of": ["b", "a"]})),
    (logins(window={"last": 30, "unit": "day"}), logins(window={"from": "2019-06-15", "to": "2019-07-14"})),
    (logins(window={"last": 30, "unit": "day"}), logins(window={"ago": [30, 0], "unit": "day"})),
    (logins(window={"from": "2019-06-15"}), logins(window={"from": "2019-06-15", "to": "2029-01-01"})),
    (logins(), logins(window={"to": "2019-07-14"})),
    (
        logins(where=[{"property": "device", "op": "is", "value": "ios"}]),
        logins(where=[{"property": "device", "op": "in", "value": ["ios"]}] * 2),
    ),
    (
        habit("first_time", window={"last": 30, "unit": "day"}),
        habit("first_time", window={"ago": [30, 0], "unit": "day"}),
    ),
    (
        habit("stopped", active=MAY, silent={"last": 14, "unit": "day"}),
        habit("stopped", active=MAY, silent={"last": 2, "unit": "week"}),
    ),
    (
        habit("resumed", active=MAY, silent={"from": "2019-06-01"}),
        habit("resumed", active=MAY, silent={"from": "2019-06-01", "to": "2019-07-14"}),
    ),
    (chain({"event": "login"}, NEVER), chain({"event": "login"}, NEVER, open="include")),
    (
        chain({"event": "login"}, {"event": "purchase", "within": DAY}),
        chain({"event": "login"}, {"event": "purchase", "within": {"n": 24, "unit": "hour"}}),
    ),
    (group("any", A, B), group("at_least", B, A, k=1)),
    (group("all", A), {"tag": "vip", "op": "is_true"}),
    (group("all", {**A, "not": True}, **{"not": True}), {"tag": "vip", "op": "is_true"}),
]
OTHER = [
    (chain({"event": "login"}, NEVER), chain({"event": "login"}, {**NEVER, "within": DAY})),
    (
        chain({"event": "login"}, {**NEVER, "within": DAY}),
        chain({"event": "login"}, {**NEVER, "within": DAY}, open="include"),
    ),
    (chain({"event": "login"}, {"event": "purchase"}), chain({"event": "purchase"}, {"event": "login"})),
    (
        habit("stopped", active=MAY, silent={"last": 30, "unit": "day"}),
        habit("stopped", active={"last": 30, "unit": "day"}, silent=MAY),
    ),
    (
        habit("regular", at_least=1, per="week", of_last=4, **{"in": 1}),
        habit("regular", at_least=1, per="day", of_last=28, **{"in": 1}),
    ),
    (tag("city", "is", "北京"), tag("city", "is", "北京", **{"not": True})),
    (tag("city", "is", "北京"), tag("city", "is_not", "北京")),
    (tag("city", "is", "a"), tag("city", "is", "A")),
    (tag("points", "gt", 3), tag("points", "gt", {"tag": "goal"})),
    (tag("points", "gt", 3), tag("points", "gte", 3)),
    (tag("city", "in", ["a,b"]), tag("city", "in", ["a", "b"])),
    (logins(window={"last": 1, "unit": "day"}), logins(window={"last": 24, "unit": "hour"})),
    (logins(where=[{"property": "device", "op": "is", "value": "ios"}]), logins()),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=range(len(SAME)))
def test_two_ways_to_say_the_same_have_one_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), OTHER, ids=range(len(OTHER)))
def test_two_questions_have_two_keys(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key(one) != key(other)


def test_relative_days_and_computed_tags_have_another_key_on_another_day() -> None:
    tomorrow = date(2019, 7, 15)
    recent = logins(window={"last": 30, "unit": "day"})
    assert key(recent) != key(recent, tomorrow)
    rich = {"tag": "gmv", "op": "gt", "value": 3000}
    assert key(rich) != key(rich, tomorrow)
    city = {"tag": "city", "op": "is", "value": "北京"}
    assert key(city) == key(city, tomorrow)
