"""What a rule names in the catalogue: its tags and its events, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from core.rules.arguments import field_named
from core.rules.asked_on import days_of
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
from core.rules.edit import counting
from core.rules.parts import AnchoredWindow, EventWindow, LastWindow, PropertyCondition
from core.rules.tree import Group, Rule, TakeTop, nodes


class NamedEvent(NamedTuple):
    """An event of which a condition asks, with what is asked of its occurrences.

    Attributes
    ----------
    windows : tuple of windows
        When they are to lie, as far as the condition says.
    """

    event: str
    where: tuple[PropertyCondition, ...]
    windows: tuple[EventWindow, ...]


def events_of(node: Condition) -> Iterator[NamedEvent]:
    """Yield the events that a condition names, one for each place where it does."""
    return meaning_of(_EVENTS, node)(node)


def tags_of(node: Condition) -> Iterator[str]:
    """Yield the tags that a condition names."""
    return meaning_of(_TAGS, node)(node)


def tags_in(rule: Rule, *, with_muted: bool = True, through_audiences: bool = False) -> tuple[str, ...]:
    """Return the tags that a rule names, its take included, each once.

    Parameters
    ----------
    with_muted : bool
        Whether conditions that are muted, or stand in a muted group, count.
    through_audiences : bool
        Whether the tags count that are named by the rules of audiences which the rule names.
    """
    seen: set[int] = set()

    def named(of: Rule) -> Iterator[str]:
        seen.add(id(of))
        asked = [n for n in (nodes(of) if with_muted else counting(of)) if not isinstance(n, Group)]
        for node in asked:
            yield from tags_of(node)
        for node in asked if through_audiences else ():
            inner = (
                node.meant.rule if isinstance(node, AudienceCondition) and node.meant is not None else None
            )
            if inner is not None and id(inner) not in seen:
                yield from named(inner)
        if isinstance(of.take, TakeTop):
            yield of.take.by

    return tuple(dict.fromkeys(named(rule)))


def tags_asked_before(rule: Rule, day: date, as_of: date) -> tuple[str, ...]:
    """Return the tags that a rule, asked for `as_of`, asks about as of a day before another one, each once.

    Muted conditions ask nothing; audiences which the rule names are looked into.
    """

    def asked(of: Rule, on: date) -> Iterator[str]:
        days = days_of(of, on)
        for node in counting(of):
            if isinstance(node, Group):
                continue
            within = days[node.id].within
            if within < day:
                yield from tags_of(node)
            if isinstance(node, AudienceCondition) and node.meant is not None and node.meant.rule is not None:
                yield from asked(node.meant.rule, within)
        if isinstance(of.take, TakeTop) and on < day:
            yield of.take.by

    return tuple(dict.fromkeys(asked(rule, as_of)))


def _of_tag(node: TagCondition) -> Iterator[str]:
    yield node.tag
    other = field_named(node.value)
    if other is not None:
        yield other


def _of_event(node: EventCondition) -> Iterator[str]:
    if isinstance(node.window, AnchoredWindow):
        yield node.window.since.tag


def _of_rank(node: RankCondition) -> Iterator[str]:
    yield node.tag
    if node.within is not None:
        yield node.within


def _of_window(node: EventCondition | FirstTimeCondition) -> Iterator[NamedEvent]:
    yield NamedEvent(node.event, node.where, () if node.window is None else (node.window,))


def _of_habit(node: StoppedCondition | ResumedCondition) -> Iterator[NamedEvent]:
    yield NamedEvent(node.event, node.where, (node.active, node.silent))


def _of_blocks(node: RegularCondition) -> Iterator[NamedEvent]:
    yield NamedEvent(node.event, node.where, (LastWindow(last=node.of_last, unit=node.per),))


def _of_steps(node: SequenceCondition) -> Iterator[NamedEvent]:
    windows = () if node.window is None else (node.window,)
    for place, step in enumerate(node.steps):
        yield NamedEvent(step.event, step.where, () if place else windows)


def _of_sides(node: CompareCondition) -> Iterator[NamedEvent]:
    for side in (node.left, node.right):
        yield NamedEvent(side.event, side.where, () if side.window is None else (side.window,))


def _none(node: Condition) -> Iterator[Any]:  # noqa: ARG001 - of all kinds
    yield from ()


_TAGS: Mapping[type[Any], Callable[[Any], Iterator[str]]] = {
    TagCondition: _of_tag,
    EventCondition: _of_event,
    FirstTimeCondition: _none,
    StoppedCondition: _none,
    ResumedCondition: _none,
    RegularCondition: _none,
    SequenceCondition: _none,
    CompareCondition: _none,
    BucketCondition: _none,
    RankCondition: _of_rank,
    AudienceCondition: _none,
    ListCondition: _none,
}

_EVENTS: Mapping[type[Any], Callable[[Any], Iterator[NamedEvent]]] = {
    TagCondition: _none,
    EventCondition: _of_window,
    FirstTimeCondition: _of_window,
    StoppedCondition: _of_habit,
    ResumedCondition: _of_habit,
    RegularCondition: _of_blocks,
    SequenceCondition: _of_steps,
    CompareCondition: _of_sides,
    BucketCondition: _none,
    RankCondition: _none,
    AudienceCondition: _none,
    ListCondition: _none,
}
