"""What each kind of condition says: one function per kind, part of a sentence, without `not` and `muted`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.messages import Text, say
from core.rules.conditions import Condition, EventCondition, TagCondition
from core.rules.dispatch import meaning_of
from core.rules.wording import Wording

# Counts that people say otherwise: "did" and "did not".
_HAPPENED: Mapping[tuple[str, float], str] = {("gte", 1): "did", ("eq", 0): "did_not"}


def said(node: Condition, wording: Wording) -> Text:
    """Return what a condition asks."""
    return meaning_of(_SAID, node)(node, wording)


def _tag(node: TagCondition, wording: Wording) -> Text:
    return wording.compared_tag(node.tag, node.op, node.value)


def _event(node: EventCondition, wording: Wording) -> Text:
    window = wording.window(node.window)
    if node.measure == "count" and isinstance(node.value, int | float):
        happened = _HAPPENED.get((node.op, node.value))
        if happened is not None:
            where = wording.where(node.event, node.where)
            return say(happened, event=wording.event(node.event), window=window, where=where)
    subject = wording.measured(node.event, node.where, node.measure, node.property, window)
    return wording.compared_measure(subject, node.measure, node.op, node.value)


_SAID: Mapping[type[Any], Callable[[Any, Wording], Text]] = {
    TagCondition: _tag,
    EventCondition: _event,
}
