"""Every kind of condition has a meaning wherever kinds are told apart, and what is no kind raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest

from core.engines.memory import conditions as engine_conditions
from core.errors import RuleError
from core.rules import canonical, fitting, literal, meaning, naming, sentences
from core.rules.dispatch import meaning_of
from core.rules.literal_conditions import LiteralCondition
from core.rules.parse import parse_rule
from core.rules.tree import CONDITIONS, Condition

KINDS = set(CONDITIONS.values())
LITERALS = set(get_args(LiteralCondition))


def test_the_table_of_kinds_is_the_union_of_conditions() -> None:
    assert set(get_args(Condition)) == KINDS
    assert {kind: model.model_fields["kind"].default for kind, model in CONDITIONS.items()} == {
        kind: kind for kind in CONDITIONS
    }


@pytest.mark.parametrize(
    "table",
    [fitting._MISFITS, literal._LITERALS, sentences._SAID, naming._TAGS, naming._EVENTS],
    ids=["misfits", "literals", "sentences", "tags", "events"],
)
def test_every_kind_has_a_meaning_in_every_table(table: Mapping[type[Any], Any]) -> None:
    assert set(table) == KINDS


@pytest.mark.parametrize(
    "table",
    [canonical._KEYS, meaning._MEANINGS, engine_conditions._KINDS],
    ids=["keys", "meanings", "engine"],
)
def test_every_literal_condition_has_a_meaning_in_every_table(table: Mapping[type[Any], Any]) -> None:
    assert set(table) == LITERALS


def test_a_kind_without_a_meaning_raises() -> None:
    with pytest.raises(TypeError, match="no meaning here for str"):
        meaning_of(literal._LITERALS, "a kind that nobody knows")


@pytest.mark.parametrize("factor", [2**53 + 1, -(2**53) - 1, 2**1024 - 1], ids=["over", "under", "huge"])
def test_a_factor_is_never_silently_another_one(factor: int) -> None:
    sides = {"left": {"event": "login", "measure": "count"}, "right": {"event": "login", "measure": "days"}}
    node = {"kind": "compare", "id": "c", **sides, "op": "gt", "factor": factor}
    with pytest.raises(RuleError) as refused:
        parse_rule({"include": {"kind": "group", "id": "g", "match": "all", "children": [node]}})
    assert [(p.code, p.node) for p in refused.value.problems] == [("number_too_long", "c")]
