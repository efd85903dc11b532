"""Why one user is in, or not: each node's verdict, the value behind it, the occurrences that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from core.clock import Days, local_day
from core.engines.base import Engine, Verdict
from core.errors import NotFound, Problem
from core.messages import Text
from core.rules.arguments import field_named
from core.rules.asked_on import days_of
from core.rules.describe import describe_node
from core.rules.edit import counting
from core.rules.literal import literal
from core.rules.literal_conditions import (
    LiteralCompare,
    LiteralDid,
    LiteralEventCondition,
    LiteralRank,
    LiteralRegular,
    LiteralSequence,
)
from core.rules.literal_values import LiteralAnchored, LiteralMeasure, LiteralProperty
from core.rules.measures import Occurrence, is_missing, present
from core.rules.tree import Group, Node, Rule, TagCondition, nodes
from core.rules.wording import Mask
from core.schema import AT, Catalogue, TagSpec, property_column

Show = Callable[[TagSpec, Any], Any]
"""Returns a tag's value as it may be seen: masked where the tag is personal."""

MOST_OCCURRENCES = 20


class Done(NamedTuple):
    """One occurrence, and of which event."""

    event: str
    occurrence: Occurrence


@dataclass(frozen=True)
class NodeVerdict:
    """What one node says of the user.

    Attributes
    ----------
    holds : bool
        Whether it holds by itself, its `not` applied.
    counts : bool
        Whether it counts: neither muted nor below a muted group.
    what : Text
        The node in words.
    value : object
        The user's value of the tag (of a rank: which orders), or of the (left) measure; None = missing, and
        where nothing has one value.
    other : object
        The user's value of the other tag (of a rank: which divides), or of the right measure.
    occurrences : tuple of Done
        What counts for an event condition, or what a condition of another kind looks at: newest first, at
        most `MOST_OCCURRENCES`.
    occurrence_count : int or None
        How many there are altogether; None where no event is asked about.
    """

    node: str
    holds: bool
    counts: bool
    what: Text
    value: Any = None
    other: Any = None
    occurrences: tuple[Done, ...] = ()
    occurrence_count: int | None = None


@dataclass(frozen=True)
class Person:
    """Why one user is in, or not."""

    user_id: str
    verdict: Verdict
    nodes: tuple[NodeVerdict, ...]
    catalogue: Catalogue

    def as_json(self) -> dict[str, object]:
        """Return it, JSON-ready."""
        verdict = self.verdict
        return {
            "user_id": self.user_id,
            "is_in_base": verdict.is_in_base,
            "is_included": verdict.is_included,
            "is_excluded": verdict.is_excluded,
            "is_matched": verdict.is_in_base and verdict.is_included and not verdict.is_excluded,
            "is_taken": verdict.is_taken,
            "nodes": {node.node: self._node_as_json(node) for node in self.nodes},
        }

    def _node_as_json(self, node: NodeVerdict) -> dict[str, object]:
        return {
            "holds": node.holds,
            "counts": node.counts,
            "what": dict(node.what),
            "value": _plain(node.value),
            "other": _plain(node.other),
            "occurrence_count": node.occurrence_count,
            "occurrences": [
                {
                    "event": done.event,
                    "at": done.occurrence.at.astimezone(self.catalogue.zone).isoformat(),
                    "properties": {key: _plain(value) for key, value in done.occurrence.properties.items()},
                }
                for done in node.occurrences
            ],
        }


def person(
    rule: Rule, user_id: str, engine: Engine, catalogue: Catalogue, as_of: date, show: Show,
    mask: Mask | None = None,
) -> Person:  # fmt: skip
    """Return why a user is in, or not.

    Parameters
    ----------
    show : callable
        Masks the values of personal tags.

    Raises
    ------
    NotFound
        If the data version has no such user.
    """
    verdict = engine.verdict(rule, user_id, as_of)
    if verdict is None:
        raise NotFound(Problem("user_unknown", params={"user": user_id}))
    days = {node: of.within for node, of in days_of(rule, as_of).items()}
    askers = {
        day: _Asker(verdict.user_no, engine, catalogue, day, show) for day in dict.fromkeys(days.values())
    }
    counted = {node.id for node in counting(rule)}
    found = tuple(
        NodeVerdict(
            node=node.id,
            holds=verdict.nodes[node.id],
            counts=node.id in counted,
            what=describe_node(node, catalogue, mask),
            **askers[days[node.id]].known_of(node),
        )
        for node in nodes(rule)
    )
    return Person(user_id, verdict, found, catalogue)


@dataclass
class _Asker:
    user_no: int
    engine: Engine
    catalogue: Catalogue
    as_of: date
    show: Show
    known: dict[str, list[Done]] = field(default_factory=dict)

    def known_of(self, node: Node) -> dict[str, Any]:
        """Return what is known of the user behind a node."""
        if isinstance(node, Group):
            return {}
        if isinstance(node, TagCondition):
            other = field_named(node.value)
            found = {"value": self._tag(node.tag)}
            return found if other is None else {**found, "other": self._tag(other)}
        asked = literal(node, self.catalogue, self.as_of)
        match asked:
            case LiteralEventCondition():
                value, done = self._measured(asked.measured)
                return {"value": value, **_listed(done)}
            case LiteralCompare():
                (left, ours), (right, theirs) = self._measured(asked.left), self._measured(asked.right)
                return {"value": left, "other": right, **_listed(ours, theirs)}
            case LiteralRank():
                within = None if asked.within is None else self._tag(asked.within.spec.key)
                return {"value": self._tag(asked.tag.spec.key), "other": within}
            case LiteralSequence():
                looked_at = [step.measured for step in asked.steps]
            case LiteralDid():
                looked_at = [*asked.in_all, *asked.in_none]
            case LiteralRegular():
                looked_at = [asked.measured]
            case _:
                return {}
        # Whatever their windows: what lies outside of them tells as much.
        return _listed(*(self._matching(measured) for measured in looked_at))

    def _value(self, key: str) -> Any:
        numbers = pl.Series([self.user_no], dtype=pl.UInt32)
        value = self.engine.frame(numbers, [key], self.as_of)[key].to_list()[0]
        return None if is_missing(value) else value

    def _tag(self, key: str) -> Any:
        value = self._value(key)
        return None if value is None else self.show(self.catalogue.tags[key], value)

    def _measured(self, asked: LiteralMeasure) -> tuple[Any, list[Done]]:
        """Return a measure, and the occurrences that count for it."""
        zone, span = self.catalogue.zone, asked.span
        if isinstance(span, LiteralAnchored):
            own = self._value(span.tag.spec.key)
            if own is None:  # no date from which the window could run
                return None, []
            span = span.days(own)

        def lies_in(at: datetime) -> bool:
            return local_day(at, zone) in span if isinstance(span, Days) else at in span

        counted = [done for done in self._matching(asked) if lies_in(done.occurrence.at)]
        matching = [done.occurrence for done in counted]
        values = matching if asked.of is None else present(matching, asked.of.key)
        return asked.measure.of(matching, values, zone), counted

    def _matching(self, asked: LiteralMeasure) -> list[Done]:
        """Return the user's occurrences that satisfy all property conditions, whenever they were."""
        if asked.event not in self.known:
            self.known[asked.event] = self._done(asked.event)
        return [
            done
            for done in self.known[asked.event]
            if all(_holds(condition, done.occurrence.properties) for condition in asked.where)
        ]

    def _done(self, event: str) -> list[Done]:
        keys = list(self.catalogue.events[event].properties)
        frame = self.engine.occurrences(event, self.user_no, self.as_of)
        return [
            Done(event, Occurrence(row[AT], {key: row[property_column(key)] for key in keys}))
            for row in frame.iter_rows(named=True)
        ]


def _listed(*looked_at: Sequence[Done]) -> dict[str, Any]:
    """Return the newest of what several parts look at, each once, and how many they are.

    Parts that look at different ones share the room evenly: no step of a sequence crowds out another.
    """
    parts = {tuple(map(id, done)): done for done in looked_at}
    few = MOST_OCCURRENCES // max(1, len(parts)) or 1
    shown = {id(each): each for done in parts.values() for each in done[-few:]}
    return {
        "occurrences": tuple(sorted(shown.values(), key=lambda each: each.occurrence.at, reverse=True)),
        "occurrence_count": len({id(each) for done in parts.values() for each in done}),
    }


def _holds(condition: LiteralProperty, properties: Mapping[str, Any]) -> bool:
    value = properties.get(condition.spec.key)
    if is_missing(value):
        return condition.op.holds_when_missing
    return bool(condition.op.holds(value, condition.argument))


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; exact sums and averages as the nearest number."""
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value
