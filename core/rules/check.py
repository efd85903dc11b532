"""Whether a rule fits a catalogue: every problem at once, each at its node, with the way back.

A rule with an error must not be answered. A warning is worth telling and stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.arguments import Shape, field_named
from core.rules.lookup import event_of, number_or_date, property_of, tag_of
from core.rules.measures import MEASURES
from core.rules.ops import Op, op_of
from core.rules.tree import (
    MAX_DEPTH,
    Condition,
    EventCondition,
    Group,
    PropertyCondition,
    Rule,
    TagCondition,
    TakeTop,
    is_muted,
)
from core.schema import Catalogue, EventSpec, TagType

_STRINGS = frozenset({TagType.TEXT, TagType.ENUM})


def check(rule: Rule, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a rule or worth a warning, in the order of its nodes.

    Muted nodes are checked like all others: they keep their own count and may be turned on again.
    """
    problems: list[Problem] = []
    for root in (rule.include, rule.exclude):
        if root is not None:
            problems += _group(root, catalogue, depth=1)
    problems += _take(rule, catalogue)
    return tuple(problems)


def errors_of(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems that forbid an answer."""
    return tuple(problem for problem in problems if problem.severity == "error")


def _group(group: Group, catalogue: Catalogue, depth: int) -> Iterator[Problem]:
    if depth == MAX_DEPTH + 1:
        yield Problem("too_deep", group.id, {"limit": MAX_DEPTH})
    if group.muted:
        yield _muted(group)
    if not group.children:
        if depth > 1:
            yield Problem("empty_group", group.id)
        elif group.not_:
            yield Problem("empty_root_negated", group.id)
    elif group.k is not None:
        yield from _k(group, group.k)
    for child in group.children:
        if isinstance(child, Group):
            yield from _group(child, catalogue, depth + 1)
        else:
            yield from _condition(child, catalogue)


def _k(group: Group, k: int) -> Iterator[Problem]:
    unmuted = sum(not is_muted(child) for child in group.children)
    if k > len(group.children):
        yield Problem("k_too_large", group.id, {"k": k, "children": len(group.children)})
    elif k > unmuted > 0:
        params = {"k": k, "unmuted": unmuted}
        yield Problem("k_above_unmuted", group.id, params, severity="warning")


def _condition(node: Condition, catalogue: Catalogue) -> Iterator[Problem]:
    if node.muted:
        yield _muted(node)
    found = _tag(node, catalogue) if isinstance(node, TagCondition) else _event(node, catalogue)
    for problem in found:
        yield replace(problem, node=node.id)


def _tag(node: TagCondition, catalogue: Catalogue) -> Iterator[Problem]:
    tag = yield from _found(lambda: tag_of(catalogue, node.tag))
    op = None if tag is None else (yield from _found(lambda: op_of(tag.type, node.op)))
    if tag is None or op is None:
        return
    other_key = field_named(node.value)
    if other_key is None or not op.takes_field:
        yield from _value(op, tag.type, node.value)
        return
    other = yield from _found(lambda: tag_of(catalogue, other_key))
    if other is not None and other.type is not tag.type:
        params = {"type": _type_name(tag.type), "tag": other.key, "other": _type_name(other.type)}
        yield Problem("field_type_differs", params=params)


def _event(node: EventCondition, catalogue: Catalogue) -> Iterator[Problem]:
    event = yield from _found(lambda: event_of(catalogue, node.event))
    if event is not None:
        for condition in node.where:
            yield from _where(condition, event)
        yield from _measured_property(node, event)
    measure = MEASURES[node.measure]
    op = yield from _found(lambda: op_of(measure.type, node.op))
    if op is None:
        return
    yield from _value(op, measure.type, node.value)
    if measure.zero_when_none and not op.needs_value:
        params = {"measure": node.measure, "op": op.key}
        yield Problem("always_known", params=params, severity="warning")


def _where(condition: PropertyCondition, event: EventSpec) -> Iterator[Problem]:
    spec = yield from _found(lambda: property_of(event, condition.property))
    op = None if spec is None else (yield from _found(lambda: op_of(spec.type, condition.op)))
    if spec is not None and op is not None:
        yield from _value(op, spec.type, condition.value)


def _measured_property(node: EventCondition, event: EventSpec) -> Iterator[Problem]:
    measure = MEASURES[node.measure]
    if not measure.needs_property:
        if node.property is not None:
            params = {"measure": node.measure, "property": node.property}
            yield Problem("property_not_wanted", params=params)
        return
    numbers = tuple(p.key for p in event.properties.values() if p.type is TagType.NUMBER)
    allowed = numbers if measure.needs_number else tuple(event.properties)
    if node.property is None:
        yield Problem("property_missing", params={"measure": node.measure}, allowed=allowed)
        return
    key = node.property
    spec = yield from _found(lambda: property_of(event, key))
    if spec is not None and measure.needs_number and spec.type is not TagType.NUMBER:
        of_type: dict[str, object] = {"measure": node.measure, "property": key, "type": _type_name(spec.type)}
        yield Problem("property_type", params=of_type, allowed=allowed)


def _value(op: Op, kind: TagType, value: object) -> Iterator[Problem]:
    if value is None and op.shape is not Shape.NONE:
        yield Problem("value_missing", params={"op": op.key})
        return
    if field_named(value) is not None and op.shape in (Shape.ONE, Shape.LIST, Shape.PAIR):
        yield Problem("field_not_allowed", params={"op": op.key})
        return
    read = yield from _found(lambda: op.read(value))
    if kind in _STRINGS and (read == "" or (isinstance(read, tuple) and "" in read)):
        yield Problem("empty_text_never_stored", severity="warning")


def _take(rule: Rule, catalogue: Catalogue) -> Iterator[Problem]:
    if not isinstance(rule.take, TakeTop):
        return
    by = rule.take.by
    tag = yield from _found(lambda: tag_of(catalogue, by))
    if tag is not None and not number_or_date(tag.type):
        allowed = tuple(t.key for t in catalogue.tags.values() if number_or_date(t.type))
        yield Problem("take_by_type", params={"tag": by, "type": _type_name(tag.type)}, allowed=allowed)


def _found(look_up: Callable[[], Any]) -> Any:
    """Return what was looked up, or yield the problems and return None."""
    try:
        return look_up()
    except RuleError as error:
        yield from error.problems
        return None


def _type_name(kind: TagType) -> Text:
    return say(f"tag_type_{kind.value}")


def _muted(node: Condition | Group) -> Problem:
    return Problem("muted", node.id, severity="warning")
