"""Plain counting for the tests of the analysis: the oracle, asked once for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.rules import evaluate
from core.rules.check import check
from core.rules.parse import dump_rule, parse_rule
from core.rules.tree import Group, Node, Rule, is_muted, nodes, walk
from core.schema import Catalogue
from tests.core.engines.worlds import World


def asked(rule_json: dict[str, Any], catalogue: Catalogue) -> Rule:
    """The rule, which fits the catalogue."""
    rule = parse_rule(rule_json)
    assert [p for p in check(rule, catalogue) if p.severity == "error"] == []
    return rule


def reread(rule: Rule, catalogue: Catalogue) -> Rule:
    """The rule as it comes out of JSON, as a page or a link takes it."""
    return asked(dump_rule(rule), catalogue)


def who(rule: Rule, world: World, as_of: date) -> set[str]:
    """Everybody whom a rule includes and does not exclude."""
    untaken = rule.model_copy(update={"take": None})
    return set(evaluate.members(untaken, world.users, world.catalogue, as_of))


def counting(rule: Rule) -> list[Node]:
    """The nodes that count: neither muted nor below a muted group."""
    silent = {below.id for node in nodes(rule) if is_muted(node) for below in walk(node)}
    return [node for node in nodes(rule) if node.id not in silent]


def below(node: Node) -> set[str]:
    """The ids of everything below a node."""
    return {each.id for each in walk(node)} - {node.id} if isinstance(node, Group) else set()


def with_fields(rule_json: Any, node: str, **fields: Any) -> Any:
    """The rule as JSON with some fields of one node changed."""
    if isinstance(rule_json, dict):
        changed = {key: with_fields(value, node, **fields) for key, value in rule_json.items()}
        return {**changed, **fields} if rule_json.get("id") == node else changed
    if isinstance(rule_json, list):
        return [with_fields(item, node, **fields) for item in rule_json]
    return rule_json
