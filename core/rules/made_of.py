"""What a tag is made of: the tags and events that its making names, and in which order.

A tag that leads back to itself, on any way, has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from core.errors import RuleError
from core.rules.dispatch import meaning_of
from core.rules.edit import counting
from core.rules.formula import tags_in_formula
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.rules.naming import events_of, tags_in
from core.rules.tree import Group, Rule, nodes
from core.schema import Catalogue, Making, Measurement, TagSpec


class Part(NamedTuple):
    """Something that tags and audiences are made of: ``("tag", key)``, ``("audience", id)``."""

    kind: str
    name: str


def rules_of(making: Making) -> tuple[Rule, ...]:
    """Return the rules that stand in a making."""
    return tuple(one.rule for one in making.values) if isinstance(making, ByRules) else ()


def tags_of(spec: TagSpec) -> tuple[str, ...]:
    """Return the tags that a tag is directly made of, muted conditions and its validity included."""
    since = () if spec.validity is None or spec.validity.since is None else (spec.validity.since,)
    named = () if spec.computed is None else tuple(meaning_of(_TAGS, spec.computed)(spec.computed))
    return tuple(dict.fromkeys([*named, *since]))


def events_of_making(making: Making) -> tuple[str, ...]:
    """Return the events that a making asks about directly, those that its rules name included."""
    named = list(meaning_of(_EVENTS, making)(making))
    for rule in rules_of(making):
        for node in nodes(rule):
            if not isinstance(node, Group):
                named += [told.event for told in events_of(node)]
    return tuple(dict.fromkeys(named))


def events_in(rule: Rule, catalogue: Catalogue) -> set[str]:
    """Return the events that a rule asks about, those among them from which its tags are computed."""
    found: set[str] = set()
    seen: set[str] = set()

    def look(into: Rule) -> None:
        for node in counting(into):
            if not isinstance(node, Group):
                found.update(told.event for told in events_of(node))
        for key in tags_in(into, with_muted=False):
            look_at(key)

    def look_at(key: str) -> None:
        spec = catalogue.tags.get(key)
        if spec is None or key in seen:
            return
        seen.add(key)
        if spec.computed is not None:
            found.update(meaning_of(_EVENTS, spec.computed)(spec.computed))
            for inner in rules_of(spec.computed):
                look(inner)
        for other in tags_of(spec):
            look_at(other)

    look(rule)
    return found


def circle(start: Part, parts_of: Callable[[Part], tuple[Part, ...]]) -> tuple[Part, ...] | None:
    """Return a way that leads from something through its parts back to it, its ends the same; None = none.

    Parameters
    ----------
    parts_of : callable (part) -> parts
        What something is directly made of; nothing for what is unknown.
    """
    way: list[Part] = [start]
    left: list[Iterator[Part]] = [iter(parts_of(start))]
    seen: set[Part] = set()
    while left:
        part = next(left[-1], None)
        if part is None:
            left.pop()
            way.pop()
        elif part == start:
            return (*way, start)
        elif part not in seen:
            seen.add(part)
            way.append(part)
            left.append(iter(parts_of(part)))
    return None


def in_order(tags: Mapping[str, TagSpec]) -> list[str]:
    """Return the keys of tags so that each stands after those it is made of, else in the order given.

    Tags that lead back to themselves stand where they are first met.
    """
    done: dict[str, None] = {}
    met: set[str] = set()

    def visit(key: str) -> None:
        if key in met or key not in tags:
            return
        met.add(key)
        for other in tags_of(tags[key]):
            visit(other)
        done[key] = None

    for key in tags:
        visit(key)
    return list(done)


def _of_rules(making: ByRules) -> Iterator[str]:
    for rule in rules_of(making):
        yield from tags_in(rule)


def _anchor(making: Measurement) -> Iterator[str]:
    since = (making.window or {}).get("since")
    if isinstance(since, Mapping):
        yield str(since["tag"])


def _of_one(making: Bands | Quantiles) -> Iterator[str]:
    yield making.of


def _in_formula(making: Formula) -> Iterator[str]:
    try:
        yield from tags_in_formula(making.expression)
    except RuleError:
        return  # a formula that cannot be read names nothing; what is wrong with it is told by its check


def _none(making: Making) -> Iterator[str]:  # noqa: ARG001 - of all kinds
    yield from ()


def _event(making: Measurement | Preference) -> Iterator[str]:
    yield making.event


_TAGS: Mapping[type[Any], Callable[[Any], Iterator[str]]] = {
    Measurement: _anchor,
    ByRules: _of_rules,
    Bands: _of_one,
    Quantiles: _of_one,
    Preference: _none,
    Formula: _in_formula,
    Given: _none,
}

_EVENTS: Mapping[type[Any], Callable[[Any], Iterator[str]]] = {
    Measurement: _event,
    ByRules: _none,
    Bands: _none,
    Quantiles: _none,
    Preference: _event,
    Formula: _none,
    Given: _none,
}
