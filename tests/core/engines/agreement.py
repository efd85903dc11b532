"""Holds the engine to the oracle: one rule, asked of both."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.engines.memory import MemoryEngine
from core.rules import evaluate
from core.rules.check import check, errors_of
from core.rules.named import bind
from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import Catalogue
from tests.core.engines.kinds import KnownNames
from tests.core.engines.marketplaces import World


def asked(rule_json: dict[str, Any], catalogue: Catalogue, world: World | None = None) -> Rule:
    """Return a rule with its names looked up; lists and snapshots among them need the world."""
    names = KnownNames(world)
    rule = bind(parse_rule(rule_json), names, lambda inner: errors_of(check(inner, catalogue)))
    assert [p for p in check(rule, catalogue) if p.severity == "error"] == []
    return rule


def ids_of(engine: MemoryEngine, rule: Rule, as_of: date) -> list[str]:
    return engine.frame(engine.members(rule, as_of), [], as_of).get_column("user_id").to_list()


def assert_agreement(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    """Assert that the engine finds the members and all numbers that the oracle finds."""
    rule = asked(rule_json, world.catalogue, world)
    engine = MemoryEngine(world.tables())
    answer = engine.count(rule, as_of)
    expected = evaluate.members(rule, world.users, world.catalogue, as_of)
    assert ids_of(engine, rule, as_of) == expected
    assert answer.count == len(expected)
    numbers = evaluate.node_numbers(rule, world.users, world.catalogue, as_of)
    assert {key: (n.own, n.running, n.without, n.missing) for key, n in answer.nodes.items()} == {
        key: tuple(n) for key, n in numbers.items()
    }
    assert answer.matched == len(evaluate.matching(rule, world.users, world.catalogue, as_of))
    assert answer.base == sum(evaluate.in_base(user, as_of) for user in world.users)
    assert engine.base_count(as_of) == answer.base
