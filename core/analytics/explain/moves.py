"""Single changes of a rule that bring its size near a wanted one; each is found, then counted exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import polars as pl

from core.analytics.explain.threshold import Compared, matched_by, movable, written
from core.engines.base import Answer, Engine
from core.engines.spread import Spread
from core.rules.arguments import DAYS_IN_UNIT, MAX_DAYS, Shape, field_named
from core.rules.asked_on import days_of
from core.rules.edit import counting, muted, updated
from core.rules.tree import (
    MAX_WINDOW,
    EventCondition,
    Group,
    LastWindow,
    Node,
    Rule,
    TagCondition,
    TakeTop,
    is_muted,
)
from core.schema import Catalogue, TagType

LISTED = frozenset({"in", "not_in", "contains_any", "contains_none", "has_any", "has_all", "has_none"})
_WIDENED_BY_VALUES = frozenset({"is", "in", "has_any"})
_LADDER = (1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 540, 730, 1095)
_MOST_VALUES = 12
_DROPPED, _COMBINED = 1.0, 0.6
_FINEST_DECIMALS = 6


Places: TypeAlias = Sequence[Any] | pl.Series
"""Where a threshold can stand, ascending."""


@dataclass(frozen=True)
class Move:
    """One change of a rule.

    Attributes
    ----------
    kind : str
        ``threshold``, ``window``, ``values``, ``match``, ``mute``, ``take`` or, put together, ``two``.
    nodes : tuple of str
        Ids of the nodes that change; empty for a take.
    rule : Rule
        The changed rule.
    size : float
        How large the change is: 0 = none, 1 = as good as dropping a condition.
    matched : int or None
        What it matches before take, where that is known without counting.
    """

    kind: str
    nodes: tuple[str, ...]
    rule: Rule
    size: float
    matched: int | None = None


class Moves:
    """Finds single changes of rules over one engine at one day."""

    def __init__(self, engine: Engine, catalogue: Catalogue, as_of: date, target: int) -> None:
        self._engine = engine
        self._catalogue = catalogue
        self._as_of = as_of
        self.target = target

    def all(self, rule: Rule, answer: Answer) -> Iterator[Move]:
        """Yield changes of every kind but takes; `answer` is the rule's."""
        for threshold in movable(rule, self._catalogue):
            yield from self.thresholds(rule, threshold, self.target)
        for node in counting(rule):
            if isinstance(node, EventCondition) and isinstance(node.window, LastWindow):
                yield from self._windows(rule, node, answer)
            elif isinstance(node, TagCondition):
                yield from self._values(rule, node, answer)
            elif isinstance(node, Group):
                yield from self._matches(rule, node)
        yield from self.mutes(rule, answer)

    def mutes(self, rule: Rule, answer: Answer) -> Iterator[Move]:
        """Yield every node but the include root muted."""
        for node in counting(rule):
            if node is not rule.include:
                without = answer.nodes[node.id].without
                yield Move("mute", (node.id,), muted(rule, node.id), _DROPPED, without)

    def thresholds(self, rule: Rule, threshold: Compared, goal: int) -> Iterator[Move]:
        """Yield for each handle of a condition the position that comes nearest to a goal."""
        node = threshold.node
        spread, day = self._engine.spread(rule, node.id, self._as_of), self._day(rule, node)
        if not len(spread.values):
            return  # nobody has a value: wherever the threshold stands, it says the same
        matched = matched_by(threshold, spread, day)
        for handle, present in threshold.handles.items():
            places = _places(threshold, handle, spread, day)

            def at(place: Any, handle: str = handle) -> int:
                return matched(threshold.moved(handle, place))

            found = _nearest(places, at, goal)
            if found is None:
                continue
            is_number = threshold.kind is TagType.NUMBER
            place = _rounded(places, found, at, float(present)) if is_number else places[found]
            if place == present or at(place) == spread.fixed + spread.people:
                continue  # nothing moved, or the condition lets everybody through and might as well be muted
            changed = updated(rule, node.id, value=threshold.moved(handle, place))
            size = _shift(threshold, spread, handle, present, place)
            yield Move("threshold", (node.id,), changed, size, at(place))

    def takes(self, rule: Rule) -> Iterator[Move]:
        """Yield the rule with the first of its members by a tag, for the likeliest tags."""
        asked = [node.tag for node in counting(rule) if isinstance(node, TagCondition)]
        if isinstance(rule.take, TakeTop):
            asked.insert(0, rule.take.by)
        computed = [key for key, spec in self._catalogue.tags.items() if spec.computed is not None]
        ordered = [
            key
            for key in dict.fromkeys([*asked, *computed, *self._catalogue.tags])
            if self._catalogue.tags[key].type in (TagType.NUMBER, TagType.DATE)
            and self._catalogue.tags[key].personal is None
        ]
        numbers = sorted(ordered, key=lambda key: self._catalogue.tags[key].type is not TagType.NUMBER)
        for key in numbers[:2]:
            order = rule.take.order if isinstance(rule.take, TakeTop) and rule.take.by == key else "desc"
            take = TakeTop(n=self.target, by=key, order=order)
            yield Move("take", (), rule.model_copy(update={"take": take}), _COMBINED)

    def _day(self, rule: Rule, node: Node) -> date:
        """Return the day as of which a condition is asked."""
        return days_of(rule, self._as_of)[node.id].within

    def _windows(self, rule: Rule, node: EventCondition, answer: Answer) -> Iterator[Move]:
        """Yield the window of an event condition at the length that comes nearest."""
        window, first = node.window, self._catalogue.events[node.event].first_day
        if not isinstance(window, LastWindow) or first is None or window.unit == "hour":
            return
        unit = DAYS_IN_UNIT[window.unit]
        past = (self._day(rule, node) - first).days
        most = min(max(past // unit + 1, window.last), MAX_WINDOW[window.unit])
        counts: dict[int, int] = {window.last: answer.matched}

        def at(length: int) -> int:
            if length not in counts:
                counts[length] = self._engine.count(with_length(length), self._as_of).matched
            return counts[length]

        def with_length(length: int) -> Rule:
            return updated(rule, node.id, window=window.model_copy(update={"last": length}))

        ladder = sorted({length for length in _LADDER if length <= most} | {window.last, most})
        place = _nearest(ladder, at, self.target)
        if place is None:
            return
        low, high = ladder[max(place - 1, 0)], ladder[min(place + 1, len(ladder) - 1)]
        finer = range(low, high + 1)
        place = _nearest(finer, at, self.target)
        best = ladder[0] if place is None else finer[place]
        if best != window.last:
            size = min(abs(math.log(best / window.last)) / math.log(12), _DROPPED)
            yield Move("window", (node.id,), with_length(best), size, at(best))

    def _values(self, rule: Rule, node: TagCondition, answer: Answer) -> Iterator[Move]:
        """Yield a list of values with one left out or some added."""
        spec = self._catalogue.tags[node.tag]
        if spec.personal is not None or field_named(node.value) is not None:
            return
        if spec.type not in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
            return
        listed = list(node.value) if node.op in LISTED else [node.value]
        more = self.target > answer.matched
        if node.op in LISTED and 1 < len(listed) <= _MOST_VALUES:
            for left_out in listed:
                kept = [value for value in listed if value != left_out]
                yield Move("values", (node.id,), updated(rule, node.id, value=kept), 1 / len(listed))
        # What values people have is known for the rule's own day.
        if more and node.op in _WIDENED_BY_VALUES and self._day(rule, node) == self._as_of:
            yield from self._added(rule, node, listed, self.target - answer.matched)

    def _added(self, rule: Rule, node: TagCondition, listed: list[str], lacking: int) -> Iterator[Move]:
        """Yield the value that brings nearly as many as are lacking, and the fewest that bring enough."""
        others = self._engine.breakdown(muted(rule, node.id), node.tag, self._as_of, top=_MOST_VALUES * 4)
        gains = [
            (str(bar.value), bar.matched)
            for bar in others.bars
            if bar.value is not None and bar.value not in listed and bar.matched
        ]
        if not gains:
            return
        nearest = min(gains, key=lambda gain: abs(gain[1] - lacking))[0]
        added, so_far = [], 0
        for value, gain in sorted(gains, key=lambda gain: -gain[1])[:_MOST_VALUES]:
            added.append(value)
            so_far += gain
            if so_far >= lacking:
                break
        op = "in" if node.op == "is" else node.op
        for values in dict.fromkeys([(nearest,), tuple(added), tuple(added[:-1])]):
            if values:
                changed = updated(rule, node.id, op=op, value=[*listed, *values])
                yield Move("values", (node.id,), changed, len(values) / (len(values) + len(listed)))

    def _matches(self, rule: Rule, group: Group) -> Iterator[Move]:
        """Yield a group that asks for one child fewer or one more."""
        size = sum(not is_muted(child) for child in group.children)
        if size < 2:
            return
        needed = {"all": size, "any": 1}.get(group.match, group.k or 1)
        for k in (needed - 1, needed + 1):
            if not 1 <= k <= size:
                continue
            match, least = ("any", None) if k == 1 else ("all", None) if k == size else ("at_least", k)
            changed = updated(rule, group.id, match=match, k=least)
            yield Move("match", (group.id,), changed, min(_COMBINED, 2 / size))


def _nearest(places: Places, at: Callable[[Any], int], goal: int) -> int | None:
    """Return the index of the place whose count is nearest; counts rise or fall along the places."""
    if not len(places):
        return None
    low, high = 0, len(places) - 1
    rises = at(places[low]) <= at(places[high])
    while high - low > 1:
        middle = (low + high) // 2
        if (at(places[middle]) < goal) is rises:
            low = middle
        else:
            high = middle
    return min((low, high), key=lambda index: abs(at(places[index]) - goal))


def _rounded(places: Places, index: int, at: Callable[[Any], int], present: float) -> float:
    """Return a number with few digits that counts the same as the place, as near to the present as may be."""
    exact = float(places[index])
    wanted = at(exact)
    ends = [float(places[max(index - 1, 0)]), exact, float(places[min(index + 1, len(places) - 1)])]
    near = sorted((end for end in ends if end), key=lambda end: abs(end - present))
    for end in near:
        coarsest = -math.floor(math.log10(abs(end) / 4))
        for decimals in range(coarsest, max(coarsest, _FINEST_DECIMALS) + 1):
            step = 10.0**-decimals
            below = math.floor(end / step)
            for whole in (below, below + 1, below - 1):
                candidate = round(whole * step, decimals)
                if ends[0] <= candidate <= ends[2] and at(candidate) == wanted:
                    return candidate + 0.0
    return exact


def _places(threshold: Compared, handle: str, spread: Spread, as_of: date) -> Places:
    """Return where a handle can stand, ascending."""
    if threshold.op.shape is Shape.RELATIVE:
        unit = DAYS_IN_UNIT[threshold.node.value["unit"]]
        ends = [] if not len(spread.values) else [spread.values[0], spread.values[-1]]
        reach = max((abs((as_of - end).days) for end in ends), default=0)
        return range(1, max(2, min(reach // unit + 3, MAX_DAYS // unit)))
    values = spread.values.unique(maintain_order=True)
    other = threshold.handles.get({"low": "high", "high": "low"}.get(handle, ""))
    if other is not None:
        end = date.fromisoformat(other) if threshold.kind is TagType.DATE else float(other)
        values = values.filter(values <= end if handle == "low" else values >= end)
    return values if threshold.kind is TagType.NUMBER else [written(day) for day in values.to_list()]


def _shift(threshold: Compared, spread: Spread, handle: str, present: Any, place: Any) -> float:
    """Return how far a handle moves, as a share of the people whose values it passes."""
    if handle == "n":
        return min(abs(math.log(place / present)) / math.log(12), _DROPPED)
    people = int(spread.counts.sum())
    if not people:
        return _DROPPED
    is_date = threshold.kind is TagType.DATE
    ends = [date.fromisoformat(end) if is_date else float(end) for end in (present, place)]
    return abs(spread.below(ends[0]) - spread.below(ends[1])) / people
