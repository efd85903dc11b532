"""What a rule names in the catalogue: its tags, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.rules.arguments import field_named
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
from core.rules.parts import AnchoredWindow
from core.rules.tree import Group, Rule, TakeTop, nodes


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
    asked = [n for n in (nodes(rule) if with_muted else counting(rule)) if not isinstance(n, Group)]
    named = [tag for node in asked for tag in tags_of(node)]
    if through_audiences:
        inner = [n.meant.rule for n in asked if isinstance(n, AudienceCondition) and n.meant is not None]
        for rule_of in inner:
            if rule_of is not None:
                named += tags_in(rule_of, with_muted=with_muted, through_audiences=True)
    if isinstance(rule.take, TakeTop):
        named.append(rule.take.by)
    return tuple(dict.fromkeys(named))


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


def _none(node: Condition) -> Iterator[str]:  # noqa: ARG001 - what users did names no tags
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
