"""Whether a condition fits a catalogue: one function per kind, each telling everything that is wrong.

The problems bear no node yet; `check` puts the condition's id in.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.arguments import Shape, field_named
from core.rules.conditions import (
    AudienceCondition,
    BucketCondition,
    CompareCondition,
    Condition,
    EventCondition,
    FirstTimeCondition,
    ListCondition,
    RankCondition,
    RegularCondition,
    ResumedCondition,
    SequenceCondition,
    StoppedCondition,
    TagCondition,
)
from core.rules.dispatch import meaning_of
from core.rules.lookup import event_of, number_or_date, property_of, tag_of
from core.rules.measures import MEASURES
from core.rules.ops import Op, op_of, ops_for
from core.rules.parts import AnchoredWindow, PropertyCondition, Side
from core.schema import Catalogue, EventSpec, TagType

_STRINGS = frozenset({TagType.TEXT, TagType.ENUM})


def misfits(node: Condition, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what is wrong with a condition, or worth a warning, apart from its being muted."""
    return meaning_of(_MISFITS, node)(node, catalogue)


def _tag(node: TagCondition, catalogue: Catalogue) -> Iterator[Problem]:
    tag = yield from found(lambda: tag_of(catalogue, node.tag))
    op = None if tag is None else (yield from found(lambda: op_of(tag.type, node.op)))
    if tag is None or op is None:
        return
    other_key = field_named(node.value)
    if other_key is None or not op.takes_field:
        yield from _value(op, tag.type, node.value)
        return
    other = yield from found(lambda: tag_of(catalogue, other_key))
    if other is not None and other.type is not tag.type:
        params = {"type": type_name(tag.type), "tag": other.key, "other": type_name(other.type)}
        yield Problem("field_type_differs", params=params)


def _event(node: EventCondition, catalogue: Catalogue) -> Iterator[Problem]:
    event = yield from _occurrences(node, catalogue)
    if event is not None:
        yield from _measured_property(node, event)
    if isinstance(node.window, AnchoredWindow):
        yield from _anchor(node.window, catalogue)
    measure = MEASURES[node.measure]
    op = yield from found(lambda: op_of(measure.type, node.op))
    if op is None:
        return
    yield from _value(op, measure.type, node.value)
    if measure.zero_when_none and not op.needs_value and not isinstance(node.window, AnchoredWindow):
        params = {"measure": node.measure, "op": op.key}
        yield Problem("always_known", params=params, severity="warning")


def _anchor(window: AnchoredWindow, catalogue: Catalogue) -> Iterator[Problem]:
    tag = yield from found(lambda: tag_of(catalogue, window.since.tag))
    if tag is not None and tag.type is not TagType.DATE:
        allowed = tuple(t.key for t in catalogue.tags.values() if t.type is TagType.DATE)
        yield Problem(
            "anchor_not_date", params={"tag": tag.key, "type": type_name(tag.type)}, allowed=allowed
        )


def _habit(node: Any, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what is wrong with a condition whose windows and numbers were judged when it was read."""
    yield from _occurrences(node, catalogue)


def _sequence(node: SequenceCondition, catalogue: Catalogue) -> Iterator[Problem]:
    types: dict[TagType, str] = {}
    for step in node.steps:
        event = yield from _occurrences(step, catalogue)
        if event is None or node.same is None:
            continue
        spec = yield from found(partial(property_of, event, node.same))
        if spec is not None:
            types.setdefault(TagType.TEXT if spec.type in _STRINGS else spec.type, event.key)
    if TagType.MULTI in types:
        yield Problem("same_of_sets", params={"property": node.same})
    elif len(types) > 1:
        kinds = tuple(type_name(kind) for kind in types)
        yield Problem("same_types_differ", params={"property": node.same, "types": kinds})


def _compare(node: CompareCondition, catalogue: Catalogue) -> Iterator[Problem]:
    for side in (node.left, node.right):
        event = yield from _occurrences(side, catalogue)
        if event is not None:
            yield from _measured_property(side, event)
    left, right = (MEASURES[side.measure].type for side in (node.left, node.right))
    if left is not right:
        yield Problem("sides_differ", params={"left": type_name(left), "right": type_name(right)})
        return
    op = yield from found(lambda: op_of(left, node.op))
    if op is not None and not op.takes_field:
        allowed = tuple(op.key for op in ops_for(left) if op.takes_field)
        yield Problem("op_not_between_sides", params={"op": op.key, "allowed": allowed}, allowed=allowed)
    if left is TagType.DATE and node.factor != 1:
        yield Problem("factor_of_dates", params={"factor": f"{node.factor:g}"})


def _rank(node: RankCondition, catalogue: Catalogue) -> Iterator[Problem]:
    tag = yield from found(lambda: tag_of(catalogue, node.tag))
    if tag is not None and not number_or_date(tag.type):
        allowed = tuple(t.key for t in catalogue.tags.values() if number_or_date(t.type))
        params = {"tag": tag.key, "type": type_name(tag.type)}
        yield Problem("rank_by_type", params=params, allowed=allowed)
    if node.within is None:
        return
    key = node.within
    within = yield from found(lambda: tag_of(catalogue, key))
    if within is not None and within.type is TagType.MULTI:
        allowed = tuple(t.key for t in catalogue.tags.values() if t.type is not TagType.MULTI)
        yield Problem("rank_within_sets", params={"tag": within.key}, allowed=allowed)


def _audience(node: AudienceCondition, catalogue: Catalogue) -> Iterator[Problem]:  # noqa: ARG001
    if node.meant is None:
        yield Problem("unknown_audience", params={"audience": node.audience})
    else:
        yield from node.meant.problems


def _list(node: ListCondition, catalogue: Catalogue) -> Iterator[Problem]:  # noqa: ARG001
    if node.meant is None:
        yield Problem("unknown_list", params={"list": node.list})
    else:
        yield from node.meant.problems


def _fits_always(node: Condition, catalogue: Catalogue) -> Iterator[Problem]:  # noqa: ARG001
    """Yield nothing: such a condition asks nothing of a catalogue."""
    yield from ()


def _occurrences(node: Any, catalogue: Catalogue) -> Generator[Problem, None, EventSpec | None]:
    """Yield what is wrong with `event` and `where`; return the event."""
    event: EventSpec | None = yield from found(lambda: event_of(catalogue, node.event))
    if event is not None:
        for condition in node.where:
            yield from _where(condition, event)
    return event


def _where(condition: PropertyCondition, event: EventSpec) -> Iterator[Problem]:
    spec = yield from found(lambda: property_of(event, condition.property))
    op = None if spec is None else (yield from found(lambda: op_of(spec.type, condition.op)))
    if spec is not None and op is not None:
        yield from _value(op, spec.type, condition.value)


def _measured_property(node: EventCondition | Side, event: EventSpec) -> Iterator[Problem]:
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
    spec = yield from found(lambda: property_of(event, key))
    if spec is not None and measure.needs_number and spec.type is not TagType.NUMBER:
        of_type: dict[str, object] = {"measure": node.measure, "property": key, "type": type_name(spec.type)}
        yield Problem("property_type", params=of_type, allowed=allowed)


def _value(op: Op, kind: TagType, value: object) -> Iterator[Problem]:
    if value is None and op.shape is not Shape.NONE:
        yield Problem("value_missing", params={"op": op.label})
        return
    if field_named(value) is not None and op.shape in (Shape.ONE, Shape.LIST, Shape.PAIR):
        yield Problem("field_not_allowed", params={"op": op.key})
        return
    read = yield from found(lambda: op.read(value))
    if kind in _STRINGS and (read == "" or (isinstance(read, tuple) and "" in read)):
        yield Problem("empty_text_never_stored", severity="warning")


def found(look_up: Callable[[], Any]) -> Any:
    """Return what was looked up, or yield the problems and return None."""
    try:
        return look_up()
    except RuleError as error:
        yield from error.problems
        return None


def type_name(kind: TagType) -> Text:
    """Return the name of a type, for messages."""
    return say(f"tag_type_{kind.value}")


_Misfits: TypeAlias = Callable[[Any, Catalogue], Iterator[Problem]]

_MISFITS: Mapping[type[Any], _Misfits] = {
    TagCondition: _tag,
    EventCondition: _event,
    FirstTimeCondition: _habit,
    StoppedCondition: _habit,
    ResumedCondition: _habit,
    RegularCondition: _habit,
    SequenceCondition: _sequence,
    CompareCondition: _compare,
    BucketCondition: _fits_always,
    RankCondition: _rank,
    AudienceCondition: _audience,
    ListCondition: _list,
}
