"""The published JSON Schema: takes what the parser takes, refuses by itself what has no place in a rule."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from core.rules.json_schema import rule_json_schema
from core.rules.parse import dump_rule, parse_rule
from tests.core.engines.worlds import rules
from tests.core.rules.golden import Case, cases

SCHEMA = rule_json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
# What only the catalogue knows, or what one field says of another, is left to the parser and the check.
BEYOND_A_SCHEMA = {
    *("unknown_tag", "unknown_event", "unknown_property", "unknown_op"),
    *("value_not_text", "value_not_list", "value_not_number", "value_not_date", "text_empty"),
    *("date_does_not_exist", "pair_reversed", "number_too_long", "pattern_broken"),
    *("not_a_whole_number_between", "field_type_differs", "field_not_allowed", "take_by_type"),
    *("property_missing", "property_not_wanted", "property_type"),
    *("window_too_long", "window_reversed", "ago_not_descending"),
    *("first_step_negated", "first_step_within", "within_in_between", "same_of_sets", "anchor_not_date"),
    *("any_order_of_all", "within_without_order"),
    *("factor_decimals", "sides_differ", "factor_of_dates", "op_not_between_sides", "buckets_reversed"),
    *("unknown_audience", "audience_cycle", "audiences_too_nested", "audience_broken", "no_snapshots"),
    *("unknown_snapshot", "unknown_list"),
    *("rank_needs_one_end", "rank_by_type", "rank_within_sets"),
    *("silent_without_start", "more_blocks_than_there_are"),
    *("empty_group", "empty_root_negated", "empty_root_dated", "k_too_large", "id_twice"),
}


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@given(rules())
@settings(max_examples=60, deadline=None)
def test_what_is_dumped_fits_the_schema(rule_json: dict[str, Any]) -> None:
    VALIDATOR.validate(json.loads(json.dumps(dump_rule(parse_rule(rule_json)))))


@pytest.mark.parametrize("case", [c for c in cases() if "members" in c.expected], ids=lambda case: case.name)
def test_golden_rules_fit_the_schema(case: Case) -> None:
    VALIDATOR.validate(case.rule)


@pytest.mark.parametrize("case", [c for c in cases() if "refused" in c.expected], ids=lambda case: case.name)
def test_golden_refusals_are_refused_by_the_schema_unless_they_are_beyond_it(case: Case) -> None:
    codes = {told.split()[0] for told in case.expected["refused"]}
    if not codes & BEYOND_A_SCHEMA:
        assert not VALIDATOR.is_valid(case.rule)


def test_every_object_of_a_rule_refuses_unknown_fields() -> None:
    objects = [SCHEMA, *SCHEMA["$defs"].values()]
    assert [o["title"] for o in objects if o.get("additionalProperties") is not False] == []
