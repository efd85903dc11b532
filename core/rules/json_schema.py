"""The JSON Schema of rules, for other programs and editors: strict about names, with the ops listed."""

from __future__ import annotations

from typing import Any

from core.rules.arguments import CALENDAR_NAMES, DAYS_IN_UNIT, MAX_DAYS, Shape
from core.rules.ops import OP_KEYS, TABLE
from core.rules.tree import CONDITIONS, Rule
from core.schema import TagType

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXTS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_WHOLE_DAYS = {"type": "integer", "minimum": 0, "maximum": MAX_DAYS}


def rule_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a rule, version 1.

    It refuses unknown fields, kinds, measures and ops, and values of a form that the op never takes. It
    cannot refuse what only the catalogue knows: whether a tag exists, and of which type it is.
    """
    schema = Rule.model_json_schema(by_alias=True, mode="validation")
    for name in ("TagCondition", "EventCondition", "PropertyCondition"):
        definition = schema["$defs"][name]
        definition["properties"]["op"] = {"enum": list(OP_KEYS), "description": "An op of the value's type."}
        definition["properties"]["value"]["description"] = "What the op compares with; its form is the op's."
        definition["allOf"] = [_value_of(key) for key in OP_KEYS]
    between = sorted({op.key for op in TABLE if op.takes_field})
    sides = schema["$defs"]["CompareCondition"]["properties"]
    sides["op"] = {"enum": between, "description": "An op that compares two values."}
    for name in (*(model.__name__ for model in CONDITIONS.values()), "Group"):
        definition = schema["$defs"][name]
        definition["required"] = ["kind", *definition["required"]]
        definition["properties"]["not"]["description"] = "Everyone else, also users without a value."
        definition["properties"]["muted"]["description"] = "Shown and kept, but not counted."
        definition["properties"]["id"]["description"] = "Unique within the rule; stays with the node."
    group = schema["$defs"]["Group"]
    group["if"] = {"properties": {"match": {"const": "at_least"}}}
    group["then"] = {"required": ["k"], "properties": {"k": {"type": "integer"}}}
    group["else"] = {"properties": {"k": {"type": "null"}}}
    return {"$schema": _DRAFT, **schema, "title": "Coterie rule, version 1"}


def _value_of(key: str) -> dict[str, Any]:
    """Return what `value` may be when `op` is this key, over all types that know it."""
    ops = [op for op in TABLE if op.key == key]
    forms: list[dict[str, Any]] = []
    for op in ops:
        for kind in op.types:
            form = _form(op.shape, kind)
            if form not in forms:
                forms.append(form)
        if op.takes_field:
            forms.append(_object(tag={"type": "string"}))
    then: dict[str, Any] = {"properties": {"value": forms[0] if len(forms) == 1 else {"anyOf": forms}}}
    if all(op.shape is not Shape.NONE for op in ops):
        then["required"] = ["value"]
    return {"if": {"properties": {"op": {"const": key}}, "required": ["op"]}, "then": then}


def _form(shape: Shape, kind: TagType) -> dict[str, Any]:
    one: dict[str, Any] = {"type": "number" if kind is TagType.NUMBER else "string"}
    if kind is TagType.DATE:
        one["format"] = "date"
    match shape:
        case Shape.NONE:
            return {"type": "null"}
        case Shape.ONE:
            return one
        case Shape.LIST:
            return _TEXTS
        case Shape.PAIR:
            return {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
        case Shape.RELATIVE:
            n = {"type": "integer", "minimum": 1}
            return _object(n=n, unit={"enum": list(DAYS_IN_UNIT)})
        case Shape.CALENDAR:
            return {"enum": list(CALENDAR_NAMES)}
        case Shape.DAYS:
            return _WHOLE_DAYS
        case Shape.AT_LEAST:
            return _object(k={"type": "integer", "minimum": 1}, of=_TEXTS)


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
