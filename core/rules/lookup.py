"""Names of a rule looked up in a catalogue: found, or refused with the nearest that exists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.errors import Problem, RuleError, nearest_name
from core.schema import Catalogue, EventSpec, PropertySpec, TagSpec, TagType

# Longer lists of names help nobody in a message; the nearest name is told anyway.
MAX_ALLOWED = 50


def tag_of(catalogue: Catalogue, key: str, node: str | None = None) -> TagSpec:
    """Return a tag; raises RuleError ``unknown_tag``, or what keeps it from being asked."""
    tag = catalogue.tags.get(key)
    if tag is None and key in catalogue.withheld:
        raise RuleError(replace(catalogue.withheld[key], node=node))
    if tag is None:
        raise _unknown("unknown_tag", key, catalogue.tags, node, tag=key)
    return tag


def event_of(catalogue: Catalogue, key: str, node: str | None = None) -> EventSpec:
    """Return an event; raises RuleError ``unknown_event``."""
    event = catalogue.events.get(key)
    if event is None:
        raise _unknown("unknown_event", key, catalogue.events, node, event=key)
    return event


def property_of(event: EventSpec, key: str, node: str | None = None) -> PropertySpec:
    """Return a property of an event; raises RuleError ``unknown_property``."""
    spec = event.properties.get(key)
    if spec is None:
        raise _unknown("unknown_property", key, event.properties, node, event=event.key, property=key)
    return spec


def number_or_date(kind: TagType) -> bool:
    """Tell whether values of a type have an order to take by."""
    return kind in (TagType.NUMBER, TagType.DATE)


def _unknown(code: str, key: str, names: Iterable[str], node: str | None, **params: object) -> RuleError:
    known = tuple(names)
    allowed = known if len(known) <= MAX_ALLOWED else ()
    return RuleError(Problem(code, node, params, allowed, nearest_name(key, known)))
