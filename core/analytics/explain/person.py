"""Why one user is in, or not: each node's verdict, the value behind it, the occurrences that count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import polars as pl

from core.clock import Days, local_day
from core.engines.base import Engine, Verdict
from core.errors import NotFound, Problem
from core.messages import Text
from core.rules.arguments import field_named
from core.rules.conditions import CompareCondition, RankCondition, SequenceCondition
from core.rules.describe import describe_node
from core.rules.edit import counting
from core.rules.literal import literal
from core.rules.literal_conditions import (
    LiteralAnchored,
    LiteralCompare,
    LiteralEventCondition,
    LiteralMeasure,
    LiteralProperty,
    LiteralSequence,
)
from core.rules.lookup import property_of
from core.rules.measures import Occurrence, is_missing, present
from core.rules.ops import op_of
from core.rules.tree import (
    EventCondition,
    Group,
    Node,
    PropertyCondition,
    Rule,
    TagCondition,
    nodes,
)
from core.rules.wording import Mask
from core.schema import AT, Catalogue, TagSpec, property_column

Show = Callable[[TagSpec, Any], Any]
"""Returns a tag's value as it may be seen: masked where the tag is personal."""

MOST_OCCURRENCES = 20


@dataclass(frozen=True)
class Done(Occurrence):
    """One thing that the user did, and of which event it is an occurrence."""

    event: str


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
        The user's value of the tag, or of the event's measure; None = missing, and for groups.
    other : object
        The user's value of the other tag or measure, where two are compared.
    occurrences : tuple of Done
        What counts for an event condition, or for any step of a sequence, newest first: the newest
        `MOST_OCCURRENCES`, shared evenly by the steps.
    occurrence_count : int or None
        How many count altogether; None where no event is asked about.
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
                    "event": found.event,
                    "at": found.at.astimezone(self.catalogue.zone).isoformat(),
                    "properties": {key: _plain(value) for key, value in found.properties.items()},
                }
                for found in node.occurrences
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
    asker = _Asker(verdict.user_no, engine, catalogue, as_of, show)
    counted = {node.id for node in counting(rule)}
    found = tuple(
        NodeVerdict(
            node=node.id,
            holds=verdict.nodes[node.id],
            counts=node.id in counted,
            what=describe_node(node, catalogue, mask),
            **asker.known_of(node),
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
    _done: dict[str, list[Done]] = field(default_factory=dict)

    def known_of(self, node: Node) -> dict[str, Any]:
        """Return what is known of the user behind a node."""
        if isinstance(node, Group):
            return {}
        if isinstance(node, TagCondition):
            other = field_named(node.value)
            found = {"value": self._tag(node.tag)}
            return found if other is None else {**found, "other": self._tag(other)}
        if isinstance(node, RankCondition):
            return {"value": self._tag(node.tag)}
        if isinstance(node, EventCondition | CompareCondition | SequenceCondition):
            match literal(node, self.catalogue, self.as_of):
                case LiteralEventCondition(measured=measured):
                    matching = self._counted(measured)
                    return {"value": self._value_of(measured, matching), **self._listed(matching)}
                case LiteralCompare(left=left, right=right):
                    value, other = (self._value_of(side, self._counted(side)) for side in (left, right))
                    return {"value": value, "other": other}
                case LiteralSequence(steps=steps):
                    return self._stepped([self._counted(step.measured) for step in steps])
                case asked:
                    raise TypeError(f"{node.kind} is literal as {type(asked).__name__}")
        event = getattr(node, "event", None)
        if event not in self.catalogue.events:
            return {}
        return self._listed(self._matching(str(event), self._where(str(event), getattr(node, "where", ()))))

    def _value(self, key: str) -> Any:
        numbers = pl.Series([self.user_no], dtype=pl.UInt32)
        value = self.engine.frame(numbers, [key], self.as_of)[key].to_list()[0]
        return None if is_missing(value) else value

    def _tag(self, key: str) -> Any:
        value = self._value(key)
        return None if value is None else self.show(self.catalogue.tags[key], value)

    def _counted(self, asked: LiteralMeasure) -> list[Done]:
        """Return what a measure is taken of, oldest first."""
        zone, span = self.catalogue.zone, asked.span
        if isinstance(span, LiteralAnchored):
            own = self._value(span.tag.spec.key)
            if own is None:  # no date from which the window could run
                return []
            span = span.days(own)
        return [
            found
            for found in self._matching(asked.event, asked.where)
            if (local_day(found.at, zone) in span if isinstance(span, Days) else found.at in span)
        ]

    def _value_of(self, asked: LiteralMeasure, matching: Sequence[Done]) -> Any:
        if isinstance(asked.span, LiteralAnchored) and self._value(asked.span.tag.spec.key) is None:
            return None
        values = matching if asked.of is None else present(matching, asked.of.key)
        return asked.measure.of(matching, values, self.catalogue.zone)

    def _where(self, event: str, where: Sequence[PropertyCondition]) -> tuple[LiteralProperty, ...]:
        spec = self.catalogue.events[event]
        found = []
        for condition in where:
            of = property_of(spec, condition.property)
            op = op_of(of.type, condition.op)
            found.append(LiteralProperty(of, op, op.literal(condition.value, self.as_of)))
        return tuple(found)

    def _matching(self, event: str, where: Sequence[LiteralProperty]) -> list[Done]:
        """Return the user's occurrences that satisfy all property conditions, oldest first."""
        if event not in self._done:
            keys = list(self.catalogue.events[event].properties)
            frame = self.engine.occurrences(event, self.user_no, self.as_of)
            self._done[event] = [
                Done(row[AT], {key: row[property_column(key)] for key in keys}, event)
                for row in frame.iter_rows(named=True)
            ]
        return [
            each
            for each in self._done[event]
            if all(_holds(condition, each.properties) for condition in where)
        ]

    @staticmethod
    def _stepped(steps: Sequence[Sequence[Done]]) -> dict[str, Any]:
        """Return what any of several steps speaks of, each once; of every step its newest few."""
        few = max(1, MOST_OCCURRENCES // len(steps))
        shown = {id(done): done for step in steps for done in step[-few:]}
        return {
            "occurrences": tuple(sorted(shown.values(), key=lambda done: done.at, reverse=True)),
            "occurrence_count": len({id(done) for step in steps for done in step}),
        }

    @staticmethod
    def _listed(matching: Sequence[Done]) -> dict[str, Any]:
        newest = tuple(reversed(matching[-MOST_OCCURRENCES:]))
        return {"occurrences": newest, "occurrence_count": len(matching)}


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
