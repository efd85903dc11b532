"""Reading rules: whatever comes in becomes a rule or one clear refusal for every fault."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import RuleError
from core.messages import message_of
from core.rules import tree
from core.rules.check import check
from core.rules.describe import describe
from core.rules.measures import MEASURES
from core.rules.parse import MAX_NESTING, dump_rule, parse_rule
from tests.core.engines.worlds import catalogue_in, rules
from tests.core.rules.strategies import damaged, json_values

EMPTY = {"kind": "group", "id": "g", "match": "all", "children": []}
CATALOGUE = catalogue_in("Asia/Shanghai")


def refusals(source: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(RuleError) as caught:
        parse_rule(source)
    for problem in caught.value.problems:
        assert message_of(problem)["zh"]
        json.dumps(message_of(problem), ensure_ascii=False).encode("utf-8")
    return [(problem.code, problem.node) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "rule_not_json"),
        ("{", "rule_not_json"),
        ("{'version': 1}", "rule_not_json"),
        (b"\xff\xfe", "rule_not_utf8"),
        ("[]", "rule_not_object"),
        ("null", "rule_not_object"),
        ("[" * 100_000, "rule_too_deep"),
        ('{"a":' * 100_000, "rule_too_deep"),
        ('{"version": 1, "version": 1}', "field_twice"),
        ('{"version": NaN}', "number_not_finite"),
        ('{"version": 1e999}', "number_not_finite"),
        ('{"version": 1' + "0" * 5000 + "}", "number_too_long"),
        ('{"version": "\\ud800"}', "text_not_unicode"),
        ('{"\\udfff": 1}', "text_not_unicode"),
        ("x" * 32_000_001, "rule_too_long"),
    ],
    ids=range(15),
)
def test_what_is_no_rule_at_all_is_refused_in_one_sentence(source: str | bytes, code: str) -> None:
    assert refusals(source) == [(code, None)]


@pytest.mark.parametrize("value", [math.inf, 10**400, {1, 2}, object(), "\ud800", {1: 2}], ids=range(6))
def test_what_json_cannot_hold_is_refused_at_its_node(value: object) -> None:
    node = {"kind": "tag", "id": "c", "tag": "city", "op": "is", "value": value}
    ((_, place),) = refusals({"include": {**EMPTY, "children": [node]}})
    assert place == "c"


def test_a_mapping_that_contains_itself_is_refused() -> None:
    circle: dict[str, Any] = dict(EMPTY)
    circle["children"] = [circle, circle]
    assert refusals({"include": circle}) == [("rule_too_deep", "g")]


def test_a_byte_order_mark_and_bytes_are_read() -> None:
    text = json.dumps({"include": EMPTY})
    assert parse_rule("\ufeff" + text) == parse_rule(("\ufeff" + text).encode()) == parse_rule(text)


def test_nesting_beyond_the_allowed_depth_is_left_to_check_and_beyond_all_reason_refused() -> None:
    def nested(depth: int) -> dict[str, Any]:
        inner: dict[str, Any] = {"kind": "tag", "id": "c", "tag": "vip", "op": "is_true"}
        for level in range(depth):
            inner = {"kind": "group", "id": f"g{level}", "match": "all", "children": [inner]}
        return {"include": inner}

    assert [p.code for p in check(parse_rule(nested(8)), CATALOGUE)] == []
    (problem,) = check(parse_rule(nested(9)), CATALOGUE)
    assert (problem.code, problem.node) == ("too_deep", "g0")
    assert refusals(nested(MAX_NESTING))[0][0] == "rule_too_deep"


@pytest.mark.parametrize("ago", [[], [30], [60, 30, 10]], ids=str)
def test_an_ago_of_other_than_two_numbers_is_refused_in_its_place(ago: list[int]) -> None:
    window = {"ago": ago, "unit": "day"}
    node = {"kind": "event", "id": "c", "event": "buy", "measure": "count", "op": "gte", "value": 1}
    found = refusals({"include": {**EMPTY, "children": [{**node, "window": window}]}})
    assert set(found) == {("value_not_pair", "c")}


def test_every_fault_is_told_at_once_and_in_its_place() -> None:
    children = [
        {"kind": "tagg", "id": "a"},
        {"id": "b"},
        5,
        {"kind": "tag", "id": "c", "tag": "city", "op": "is", "vale": "x"},
        {"kind": "event", "id": "d", "event": "buy", "measure": "cuont", "op": "gte", "window": {}},
    ]
    assert refusals({"include": {**EMPTY, "children": children}, "versoin": 1, "take": {"n": 0}}) == [
        ("unknown_kind", "a"),
        ("field_missing", "b"),
        ("wrong_type", "g"),
        ("unknown_field", "c"),
        ("unknown_measure", "d"),
        ("window_empty", "d"),
        ("below_bound", None),
        ("field_missing", None),
        ("unknown_field", None),
    ]


def test_a_root_needs_its_kind() -> None:
    root = {key: value for key, value in EMPTY.items() if key != "kind"}
    assert refusals({"include": root}) == [("field_missing", "g")]


LOOSE = [
    {"n": 1.0, "by": "points"},
    {"n": True, "by": "points"},
    {"n": 1, "by": 5},
    {"share": "0.1", "seed": "x"},
    {"share": True, "seed": "x"},
    5,
    [],
    {},
]


@pytest.mark.parametrize("take", LOOSE, ids=str)
def test_types_are_strict(take: object) -> None:
    codes = {code for code, _ in refusals({"include": EMPTY, "take": take})}
    assert codes <= {"wrong_type", "field_missing"}


@given(rules())
@settings(deadline=None)
def test_parsing_what_was_dumped_gives_the_same_rule(rule_json: dict[str, Any]) -> None:
    rule = parse_rule(rule_json)
    dumped = dump_rule(rule)
    assert parse_rule(json.dumps(dumped, ensure_ascii=False)) == rule
    assert dump_rule(parse_rule(dumped)) == dumped


def test_dumping_writes_what_stands_at_its_default_only_where_a_reader_needs_it() -> None:
    node = {
        "kind": "tag",
        "id": "c",
        "tag": "vip",
        "op": "is_true",
        "not": False,
        "muted": False,
        "value": None,
    }
    dumped = dump_rule(parse_rule({"include": {**EMPTY, "children": [node]}}))
    assert dumped == {
        "version": 1,
        "include": {
            "kind": "group",
            "id": "g",
            "match": "all",
            "children": [{"kind": "tag", "id": "c", "tag": "vip", "op": "is_true"}],
        },
        "exclude": None,
        "take": None,
    }


@given(rules().flatmap(damaged))
@settings(max_examples=400, deadline=None)
def test_a_damaged_rule_is_read_checked_and_described_or_refused_and_never_crashes(broken: Any) -> None:
    try:
        rule = parse_rule(broken)
    except RuleError as error:
        for problem in error.problems:
            json.dumps(message_of(problem), ensure_ascii=False).encode("utf-8")
        return
    for problem in check(rule, CATALOGUE):
        json.dumps(message_of(problem), ensure_ascii=False).encode("utf-8")
    sentence = describe(rule, CATALOGUE)
    assert sentence["zh"]
    assert sentence["en"]
    assert parse_rule(dump_rule(rule)) == rule


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_rule_or_refused(value: Any) -> None:
    with contextlib.suppress(RuleError):
        assert parse_rule(json.dumps(value)).version == 1


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_any_bytes_are_a_rule_or_refused(source: bytes) -> None:
    with pytest.raises(RuleError):
        parse_rule(source)


def test_the_tree_and_the_measure_table_name_the_same_measures() -> None:
    assert tuple(MEASURES) == tree.Measure.__args__
    assert {m.key for m in MEASURES.values() if m.needs_property} == tree.MEASURES_WITH_PROPERTY
