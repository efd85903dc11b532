"""Conditions made literal: names looked up, dates resolved for one `as_of`, values typed; their stable key.

Oracle and engines work on literal conditions, so that neither reads JSON nor reckons with days. `canonical`
is the key under which a mask may be kept: conditions with equal keys have equal members in every data version
with the same data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from core import clock
from core.clock import Days, Instants, Span
from core.errors import RuleError
from core.rules.arguments import Argument, AtLeast, field_named
from core.rules.lookup import event_of, property_of, tag_of
from core.rules.measures import MEASURES, Measure
from core.rules.ops import Op, op_of
from core.rules.tree import Condition, Group, PropertyCondition, TagCondition, Window, is_muted
from core.rules.windows import span_of
from core.schema import Catalogue, Measurement, PropertySpec, TagSpec, TagType

_WINDOW: TypeAdapter[Window] = TypeAdapter(Window)
_NO_DAY = Days(date.max, date.min)


@dataclass(frozen=True)
class LiteralProperty:
    """One condition on an occurrence's property."""

    spec: PropertySpec
    op: Op
    argument: Argument


@dataclass(frozen=True)
class LiteralMeasure:
    """What is measured of whose occurrences: of an event condition, or of a computed tag.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of LiteralProperty
        All must hold for an occurrence to match.
    measure : Measure
        Entry of the measure table.
    of : PropertySpec or None
        The property measured.
    span : Days or Instants
        When a matching occurrence lies; never past the end of `as_of`.
    """

    event: str
    where: tuple[LiteralProperty, ...]
    measure: Measure
    of: PropertySpec | None
    span: Span


@dataclass(frozen=True)
class LiteralTag:
    """A tag with all that is needed to know its value at `as_of`; ``computed`` None = imported."""

    spec: TagSpec
    computed: LiteralMeasure | None


@dataclass(frozen=True)
class LiteralTagCondition:
    """A tag compared with an argument, or with another tag (``other``; then the argument is None)."""

    tag: LiteralTag
    op: Op
    argument: Argument
    other: LiteralTag | None


@dataclass(frozen=True)
class LiteralEventCondition:
    """A measure compared with an argument."""

    measured: LiteralMeasure
    op: Op
    argument: Argument


LiteralCondition = LiteralTagCondition | LiteralEventCondition


def literal(node: Condition, catalogue: Catalogue, as_of: date) -> LiteralCondition:
    """Return a condition without its `not` and `muted`, made literal.

    Raises
    ------
    RuleError
        At the condition's id, if a name does not exist or a value does not fit.
    """
    try:
        if isinstance(node, TagCondition):
            return _literal_tag_condition(node, catalogue, as_of)
        measured = _measured(
            node.event, node.where, node.measure, node.property, node.window, catalogue, as_of
        )
        op = op_of(measured.measure.type, node.op)
        return LiteralEventCondition(measured, op, op.literal(node.value, as_of))
    except RuleError as error:
        raise RuleError([replace(p, node=p.node or node.id) for p in error.problems]) from error


def literal_tag(key: str, catalogue: Catalogue, as_of: date) -> LiteralTag:
    """Return a tag made literal; raises RuleError ``unknown_tag``."""
    spec = tag_of(catalogue, key)
    return LiteralTag(spec, None if spec.computed is None else computed_measure(spec, catalogue, as_of))


def computed_measure(spec: TagSpec, catalogue: Catalogue, as_of: date) -> LiteralMeasure:
    """Return how a computed tag is made from events at `as_of`."""
    made: Measurement | None = spec.computed
    if made is None:
        raise ValueError(f"the tag {spec.key!r} is imported, not computed")
    where = tuple(PropertyCondition.model_validate(dict(condition)) for condition in made.where)
    window = None if made.window is None else _WINDOW.validate_python(dict(made.window))
    return _measured(made.event, where, made.measure, made.property, window, catalogue, as_of)


def canonical(node: Condition | Group, catalogue: Catalogue, as_of: date) -> str:
    """Return the stable key of what a node asks, its `not` included, with literal dates.

    Ids, labels, the order of lists and children, muted children and different ways to say the same (``is``
    and ``in`` with one value, "the last 30 days" and their two dates) make no difference. The node's own
    `muted` is not part of it.
    """
    return json.dumps(_key(node, catalogue, as_of), ensure_ascii=False, separators=(",", ":"))


def condition_key(condition: LiteralCondition) -> str:
    """Return the stable key of a literal condition (which bears no `not`)."""
    return json.dumps(_condition_key(condition), ensure_ascii=False, separators=(",", ":"))


def _literal_tag_condition(node: TagCondition, catalogue: Catalogue, as_of: date) -> LiteralTagCondition:
    tag = literal_tag(node.tag, catalogue, as_of)
    op = op_of(tag.spec.type, node.op)
    other = field_named(node.value) if op.takes_field else None
    if other is not None:
        return LiteralTagCondition(tag, op, None, literal_tag(other, catalogue, as_of))
    return LiteralTagCondition(tag, op, op.literal(node.value, as_of), None)


def _measured(
    event_key: str,
    where: tuple[PropertyCondition, ...],
    measure: str,
    property_key: str | None,
    window: Window | None,
    catalogue: Catalogue,
    as_of: date,
) -> LiteralMeasure:
    event = event_of(catalogue, event_key)
    conditions = []
    for condition in where:
        spec = property_of(event, condition.property)
        op = op_of(spec.type, condition.op)
        conditions.append(LiteralProperty(spec, op, op.literal(condition.value, as_of)))
    of = None if property_key is None else property_of(event, property_key)
    span = span_of(window, as_of, catalogue.zone)
    return LiteralMeasure(event.key, tuple(conditions), MEASURES[measure], of, span)


def _key(node: Condition | Group, catalogue: Catalogue, as_of: date) -> list[Any]:
    if isinstance(node, Group):
        asked = [_key(child, catalogue, as_of) for child in node.children if not is_muted(child)]
        asked.sort(key=repr)
        if not asked:
            return ["base"]
        k = {"all": len(asked), "any": 1}.get(node.match, node.k)
        key: list[Any] = asked[0] if len(asked) == 1 and k == 1 else ["at_least", k, asked]
    else:
        key = _condition_key(literal(node, catalogue, as_of))
    if not node.not_:
        return key
    return key[1:] if key[0] == "not" else ["not", *key]


def _condition_key(condition: LiteralCondition) -> list[Any]:
    if isinstance(condition, LiteralEventCondition):
        compared = _compared(condition.measured.measure.type, condition.op, condition.argument)
        return ["event", _measure_key(condition.measured), *compared]
    tag = _tag_key(condition.tag)
    if condition.other is not None:
        return ["tag", tag, "field", condition.op.key, _tag_key(condition.other)]
    return ["tag", tag, *_compared(condition.tag.spec.type, condition.op, condition.argument)]


def _tag_key(tag: LiteralTag) -> list[Any]:
    if tag.computed is None or tag.spec.computed is None:
        return [tag.spec.key]
    return [tag.spec.key, _measure_key(tag.computed), tag.spec.computed.missing]


def _measure_key(measured: LiteralMeasure) -> list[Any]:
    where = sorted(
        ([c.spec.key, *_compared(c.spec.type, c.op, c.argument)] for c in measured.where), key=repr
    )
    distinct = [key for i, key in enumerate(where) if i == 0 or key != where[i - 1]]
    of = None if measured.of is None else measured.of.key
    return [measured.event, distinct, measured.measure.key, of, _written(measured.span)]


def _compared(kind: TagType, op: Op, argument: Argument) -> list[Any]:
    """Return op and argument, where one way stands for all that mean the same."""
    match op.key, argument:
        case "is", str():
            return ["in", [argument]]
        case "is_not", str():
            return ["not_in", [argument]]
        case "eq", float():
            return ["between", [argument, argument]]
        case "ne", float():
            return ["not_between", [argument, argument]]
        case "before", date():
            return ["in_days", _written(_NO_DAY if argument == date.min else _until(argument, -1))]
        case "after", date():
            return ["in_days", _written(_NO_DAY if argument == date.max else _since(argument, 1))]
        case "on", date():
            return ["in_days", _written(Days(argument, argument))]
        case "not_in_last", Days():
            return ["not_in_days", _written(argument)]
        case _, Days():
            return ["in_days", _written(argument)]
        case "has_any", tuple() if kind is TagType.MULTI:
            return ["has_at_least", 1, list(argument)]
        case "has_all", tuple() if kind is TagType.MULTI:
            return ["has_at_least", len(argument), list(argument)]
        case "has_at_least", AtLeast():
            return ["has_at_least", argument.k, list(argument.of)]
        case _, tuple():
            return [op.key, list(argument)]
        case _:
            return [op.key, argument]


def _until(day: date, days: int) -> Days:
    return Days(None, clock.add_days(day, days))


def _since(day: date, days: int) -> Days:
    return Days(clock.add_days(day, days), None)


def _written(span: Span) -> list[str]:
    if isinstance(span, Instants):
        return ["instants", span.start.isoformat(), span.end.isoformat()]
    first, last = span.first or date.min, span.last or date.max
    if first > last:
        first, last = date.max, date.min
    return ["days", first.isoformat(), last.isoformat()]
