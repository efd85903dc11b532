"""The way into the condition language and out of it: JSON ↔ Rule, and every fault of shape named at once.

What comes in may be anything: text that is no JSON, nesting without end, a mapping that holds itself. The
answer is a Rule or a RuleError.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Problem, RuleError, nearest_name
from core.messages import say
from core.rules import parts, tree
from core.rules.arguments import shown
from core.rules.tree import Rule

MAX_CHARACTERS = 32_000_000
MAX_NESTING = 64
MAX_INTEGER_BITS = 1_024
_KINDS: Mapping[str, type[BaseModel]] = {**tree.CONDITIONS, "group": tree.Group}
# Which code says that a word is none of the allowed ones, by the field it stands in.
_CHOICES: Mapping[str, str] = {
    "match": "unknown_match",
    "measure": "unknown_measure",
    "unit": "unknown_unit",
    "per": "unknown_unit",
    "calendar": "unknown_calendar",
    "open": "unknown_open",
    "order": "unknown_order",
    "version": "unknown_rule_version",
    "kind": "root_not_group",
}
# Fields of a node that hold one of several forms, of which pydantic tells the name as if it were a place.
_WINDOW_PLACES = frozenset({"window", "active", "silent"})
_OF_SEVERAL_FORMS = frozenset({*_WINDOW_PLACES, "top", "bottom", "as_of"})
_WINDOWS: Mapping[str, type[BaseModel]] = {
    "last": tree.LastWindow,
    "ago": tree.AgoWindow,
    "calendar": tree.CalendarWindow,
    "since": parts.AnchoredWindow,
    "for": parts.AnchoredWindow,
}
# What stands in a field, or in the list in a field, when it is an object.
_PARTS: Mapping[object, type[BaseModel]] = {
    "within": parts.Within,
    "since": parts.Anchor,
    "for": parts.Length,
    "left": parts.Side,
    "right": parts.Side,
    "as_of": parts.DayAgo,
}
_LISTED_PARTS: Mapping[object, type[BaseModel]] = {"where": parts.PropertyCondition, "steps": parts.Step}
_WINDOW_FIELDS = ("last", "unit", "from", "to", "ago", "calendar")
TYPE_FAULTS: Mapping[str, str] = {
    "string_type": "text",
    "bool_type": "boolean",
    "int_type": "integer",
    "float_type": "number",
    "tuple_type": "list",
    "model_type": "object",
    "model_attributes_type": "object",
    "dict_type": "object",
}
"""What should stand in a place, by the fault that pydantic finds there."""


def parse_rule(source: str | bytes | Mapping[str, Any]) -> Rule:
    """Return the rule that a JSON text, or a mapping of JSON values, writes down.

    Raises
    ------
    RuleError
        With every fault of shape: no JSON, unknown kind or field, a wrong type, ids that occur twice, a
        window that is empty or reversed … Whether tags, ops and values exist is asked of `check`.
    """
    value = json_values(source)
    if not isinstance(value, dict):
        raise RuleError(Problem("rule_not_object", params={"given": shown(value)}))
    others = (*_roots_without_kind(value), *_duplicate_ids(value))
    try:
        rule = Rule.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        raise RuleError([*_problems(value, error), *others]) from error
    if others:
        raise RuleError(others)
    return rule


def json_values(source: str | bytes | Mapping[str, Any]) -> Any:
    """Return the JSON values of a text or a mapping; RuleError if they are none, or beyond all bounds."""
    return _from_json(source) if isinstance(source, str | bytes) else _as_json_values(source)


def dump_rule(rule: Rule) -> dict[str, Any]:
    """Return the rule as JSON values, so that parsing them gives the same rule.

    `version`, `include`, `exclude`, `take` and every node's `kind` and `id` are always written; what stands
    at its default (`not`, `muted`, an absent value, window, label …) is left out.
    """
    return {
        "version": rule.version,
        "include": _dump(rule.include),
        "exclude": None if rule.exclude is None else _dump(rule.exclude),
        "take": None if rule.take is None else rule.take.model_dump(mode="json", by_alias=True),
    }


def _dump(node: tree.Node) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": node.kind, "id": node.id}
    apart = {"kind", "id", "children"}
    written |= node.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=apart)
    if isinstance(node, tree.Group):
        written["children"] = [_dump(child) for child in node.children]
    return written


def _from_json(source: str | bytes) -> object:
    if len(source) > MAX_CHARACTERS:
        raise RuleError(Problem("rule_too_long", params={"limit": MAX_CHARACTERS}))
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise RuleError(Problem("rule_not_utf8", params={"position": error.start})) from error
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno, "reason": error.msg}
        raise RuleError(Problem("rule_not_json", params=place)) from error
    except RecursionError as error:
        raise RuleError(Problem("rule_too_deep", params={"limit": MAX_NESTING})) from error
    except ValueError as error:
        # What else json refuses: an integer of more digits than Python reads.
        raise RuleError(Problem("number_too_long", params={"given": "…"})) from error
    return _as_json_values(value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        node = result.get("id")
        raise RuleError(
            Problem("field_twice", node=node if isinstance(node, str) else None, params={"field": twice})
        )
    return result


def _no_constant(name: str) -> NoReturn:
    raise RuleError(Problem("number_not_finite", params={"given": name}))


def _as_json_values(source: object) -> Any:
    """Return a copy that holds nothing but JSON values, of bounded depth and size."""
    budget = MAX_CHARACTERS

    def copy(value: object, depth: int, node: str | None) -> Any:
        nonlocal budget
        budget -= 1 + (len(value) if isinstance(value, str) else 0)
        if depth > MAX_NESTING:
            raise RuleError(Problem("rule_too_deep", node, {"limit": MAX_NESTING}))
        if budget < 0:
            raise RuleError(Problem("rule_too_long", params={"limit": MAX_CHARACTERS}))
        match value:
            case None | bool():
                return value
            case float():
                if not math.isfinite(value):
                    raise RuleError(Problem("number_not_finite", node, {"given": shown(float(value))}))
                return float(value)
            case int():
                if value.bit_length() > MAX_INTEGER_BITS:
                    raise RuleError(Problem("number_too_long", node, {"given": "…"}))
                return int(value)
            case str():
                return _unicode(value, node)
            case Mapping():
                own = value.get("id")
                node = _unicode(own, node) if isinstance(own, str) and own else node
                return {_unicode(key, node): copy(item, depth + 1, node) for key, item in value.items()}
            case list() | tuple():
                return [copy(item, depth + 1, node) for item in value]
            case _:
                raise RuleError(Problem("value_not_json", node, {"type": type(value).__name__}))

    return copy(source, 0, None)


def _unicode(text: object, node: str | None) -> str:
    if not isinstance(text, str):
        raise RuleError(Problem("value_not_json", node, {"type": type(text).__name__}))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RuleError(Problem("text_not_unicode", node, {"given": ascii(text)[:60]})) from error
    return str(text)


def _problems(rule: Mapping[str, Any], error: ValidationError) -> Iterator[Problem]:
    """Yield one Problem for each fault; of a root that is no group, nothing else is told."""
    details = error.errors(include_url=False)
    no_groups = {d["loc"][0] for d in details if d["type"] == "literal_error" and d["loc"][1:] == ("kind",)}
    for detail in details:
        if not detail["loc"] or detail["loc"][0] not in no_groups or detail["loc"][1:] == ("kind",):
            yield _problem(rule, detail)


def _problem(rule: Mapping[str, Any], detail: ErrorDetails) -> Problem:
    """Return one fault that pydantic found as a Problem at its node."""
    path = _path(detail["loc"])
    node = _node_id(rule, path)
    field = str(path[-1]) if path else ""
    given = detail["input"]
    context = dict(detail.get("ctx", {}))
    params = {"where": _written(path), "given": shown(given), **context}
    match detail["type"]:
        case "missing" if isinstance(path[-1], int):  # the second of a pair
            return Problem("value_not_pair", node, params)
        case "missing":
            return Problem("field_missing", node, {**params, "field": field})
        case "union_tag_not_found":
            return Problem("field_missing", node, {**params, "field": "kind"}, tuple(_KINDS))
        case "union_tag_invalid" if field in _WINDOW_PLACES:
            return Problem("anchored_only_in_events", node, params)
        case "union_tag_invalid":
            return _not_one_of("unknown_kind", node, given["kind"], tuple(_KINDS))
        case "extra_forbidden":
            return _not_one_of("unknown_field", node, field, _fields_beside(rule, path))
        case "literal_error":
            allowed = tuple(re.findall(r"\w+", context["expected"].replace(" or ", " ")))
            return _not_one_of(_CHOICES[field], node, given, allowed)
        case "unknown_rule_version":
            return _not_one_of("unknown_rule_version", node, given, ("1",))
        case "greater_than_equal":
            return Problem("below_bound", node, {**params, "limit": context["ge"]})
        case "greater_than":
            return Problem("not_above_bound", node, {**params, "limit": f"{context['gt']:g}"})
        case "less_than_equal":
            return Problem("above_bound", node, {**params, "limit": f"{context['le']:g}"})
        case "string_too_short":
            return Problem("id_empty", node, params)
        case "too_short" | "too_long":
            return Problem("value_not_pair", node, params)
        case kind if kind in TYPE_FAULTS:
            return Problem("wrong_type", node, {**params, "type": say(f"type_{TYPE_FAULTS[kind]}")})
        case code:
            return Problem(code, node, params)


def _path(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a pydantic location without the names of union branches, which are no places in the JSON."""
    path: list[int | str] = []
    is_branch = False
    for before, part in zip((None, *loc), loc, strict=False):
        after_child = isinstance(before, int) and len(path) > 1 and path[-2] == "children"
        after_form = before in _OF_SEVERAL_FORMS or (before == "take" and len(path) == 1)
        # A branch may bear the name of a field that holds several forms: nothing is a branch of a branch.
        is_branch = not is_branch and (after_child or after_form)
        if not is_branch:
            path.append(part)
    return tuple(path)


def _along(rule: Mapping[str, Any], path: tuple[int | str, ...]) -> Iterator[object]:
    """Yield what stands at every step of a path, as far as there is something."""
    value: Any = rule
    yield value
    for part in path:
        if isinstance(value, list):
            there = isinstance(part, int) and part < len(value)
        else:
            there = isinstance(value, dict) and part in value
        if not there:
            return
        value = value[part]
        yield value


def _node_id(rule: Mapping[str, Any], path: tuple[int | str, ...]) -> str | None:
    """Return the id of the innermost node on a path."""
    found = [v["id"] for v in _along(rule, path) if isinstance(v, dict) and v.get("id")]
    names = [name for name in found if isinstance(name, str)]
    return names[-1] if names else None


def _written(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")


def _fields_beside(rule: Mapping[str, Any], path: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the fields that the object holding an unknown one may have."""
    *_, holder = _along(rule, path[:-1])
    if len(path) == 1 or not isinstance(holder, dict):
        return _fields(Rule)
    if path[-2] in _WINDOW_PLACES:
        return next((_fields(model) for key, model in _WINDOWS.items() if key in holder), _WINDOW_FIELDS)
    if path[0] == "take":
        return _fields(tree.TakeShare if "share" in holder else tree.TakeTop)
    if path[-2] in _PARTS:
        return _fields(_PARTS[path[-2]])
    if path[-2] in _OF_SEVERAL_FORMS:
        return _fields(parts.FirstShare if "share" in holder else parts.FirstCount)
    if len(path) > 2 and path[-3] in _LISTED_PARTS:
        return _fields(_LISTED_PARTS[path[-3]])
    return _fields(_KINDS.get(str(holder.get("kind")), tree.Group))


def _fields(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _not_one_of(code: str, node: str | None, given: object, allowed: tuple[str, ...]) -> Problem:
    name = given if isinstance(given, str) else shown(given)
    return Problem(code, node, {"given": name, "allowed": allowed}, allowed, nearest_name(name, allowed))


def _roots_without_kind(rule: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("include", "exclude"):
        root = rule.get(name)
        if isinstance(root, dict) and "kind" not in root:
            path = (name, "kind")
            params = {"field": "kind", "where": _written(path)}
            yield Problem("field_missing", _node_id(rule, path), params, ("group",))


def _duplicate_ids(rule: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield one problem for every id that several nodes bear."""
    seen: dict[str, int] = {}
    waiting = [rule.get("include"), rule.get("exclude")]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        if isinstance(node.get("id"), str):
            seen[node["id"]] = seen.get(node["id"], 0) + 1
        children = node.get("children")
        waiting += children if isinstance(children, list) else []
    for name, times in seen.items():
        if times > 1:
            yield Problem("id_twice", name, {"id": name, "times": times})
