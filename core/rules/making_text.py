"""The way into the language of makings and out of it: JSON ↔ making, and every fault of shape named at once.

A fault inside of a rule bears the node ``values.<place>.<node id>``, all others the dotted path of the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import Problem, RuleError, nearest_name
from core.messages import say
from core.rules.arguments import shown
from core.rules.makings import MAKINGS, ByRules
from core.rules.parse import TYPE_FAULTS, dump_rule, json_values, parse_rule
from core.rules.tree import Group, Rule
from core.schema import Making

_UNREAD = Rule(include=Group(id="unread", match="all"))
"""Stands for a rule that cannot be read, so that the rest is looked at too."""


def parse_making(source: str | bytes | Mapping[str, Any]) -> Making:
    """Return the making that a JSON text, or a mapping of JSON values, writes down.

    Raises
    ------
    RuleError
        With every fault of shape, those of the rules in it included.
    """
    value = json_values(source)
    if not isinstance(value, dict):
        raise RuleError(Problem("making_not_object", params={"given": shown(value)}))
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in MAKINGS:
        given = kind if isinstance(kind, str) else shown(kind)
        allowed = tuple(MAKINGS)
        params = {"given": given, "allowed": allowed}
        raise RuleError(Problem("unknown_making", "kind", params, allowed, nearest_name(given, allowed)))
    problems: list[Problem] = []
    if kind == "rules":
        value = {**value, "values": list(_with_rules(value.get("values"), problems))}
    try:
        making = MAKINGS[kind].model_validate(value)
    except ValidationError as error:
        problems += [_problem(detail, MAKINGS[kind]) for detail in error.errors(include_url=False)]
    if problems:
        raise RuleError(problems)
    return making


def dump_making(making: Making) -> dict[str, Any]:
    """Return the making as JSON values, so that parsing them gives the same making."""
    if not isinstance(making, ByRules):
        return making.model_dump(mode="json", by_alias=True)
    values = [{"value": one.value, "rule": dump_rule(one.rule)} for one in making.values]
    return {"kind": making.kind, "values": values, "keep": making.keep, "otherwise": making.otherwise}


def at_value(place: int, problem: Problem) -> Problem:
    """Return a problem of the rule of one value with its place in the making."""
    return replace(problem, node=f"values.{place}.{problem.node or 'rule'}")


def _with_rules(values: Any, problems: list[Problem]) -> Iterator[Any]:
    """Yield the values with their rules read; what is wrong with these is added to the problems."""
    for place, one in enumerate(values if isinstance(values, list) else []):
        if not isinstance(one, dict) or "rule" not in one:
            yield one
            continue
        try:
            yield {**one, "rule": parse_rule(one["rule"] if isinstance(one["rule"], dict) else {})}
        except RuleError as error:
            problems += [at_value(place, problem) for problem in error.problems]
            yield {**one, "rule": _UNREAD}


def _problem(detail: ErrorDetails, kind: type[Making]) -> Problem:
    path = ".".join(str(part) for part in detail["loc"])
    context = dict(detail.get("ctx", {}))
    field = str(detail["loc"][-1]) if detail["loc"] else ""
    params = {"where": path, "field": field, "given": shown(detail["input"]), **context}
    match detail["type"]:
        case "missing":
            return Problem("field_missing", path, params)
        case "extra_forbidden":
            allowed = tuple(kind.model_fields)
            params = {"given": field, "allowed": allowed}
            return Problem("unknown_field", path, params, allowed, nearest_name(field, allowed))
        case "literal_error" | "enum":
            return Problem("making_not_one_of", path, {**params, "expected": context["expected"]})
        case "greater_than_equal":
            return Problem("below_bound", path, {**params, "limit": context["ge"]})
        case "less_than_equal":
            return Problem("above_bound", path, {**params, "limit": f"{context['le']:g}"})
        case "too_short" | "string_too_short":
            return Problem("making_field_empty", path, params)
        case "too_long" | "string_too_long":
            return Problem("making_field_too_long", path, {**params, "limit": f"{context['max_length']:,}"})
        case found if found in TYPE_FAULTS:
            return Problem("wrong_type", path, {**params, "type": say(f"type_{TYPE_FAULTS[found]}")})
        case code:
            return Problem(code, path, params)
