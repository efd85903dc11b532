"""Where a threshold stands among the values: their distribution, and the count at every position of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from core.engines.memory.bins import date_edges, number_edges
from core.engines.spread import Spread
from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Text
from core.rules.arguments import DAYS_IN_UNIT, MAX_DAYS, Shape, field_named
from core.rules.edit import counting, found
from core.rules.measures import MEASURES
from core.rules.ops import OPS, Op
from core.rules.parts import AnchoredWindow
from core.rules.tree import EventCondition, Node, Rule, TagCondition
from core.schema import Catalogue, TagType

MOST_STEPS = 200
BINS = 30
_ORDERED = frozenset({TagType.NUMBER, TagType.DATE})
_WITHOUT_HANDLE = frozenset({"is_set", "not_set", "calendar", "anniversary_in_next"})


@dataclass(frozen=True)
class Compared:
    """A condition with a threshold that can be moved.

    Attributes
    ----------
    node : TagCondition or EventCondition
        The condition.
    kind : TagType
        Number or date.
    op : Op
        How it compares.
    unit : Text or None
        Of what it compares, for people.
    """

    node: TagCondition | EventCondition
    kind: TagType
    op: Op
    unit: Text | None

    @property
    def handles(self) -> Mapping[str, Any]:
        """What can be moved, with where it stands: ``value``; ``low`` and ``high``; or ``n``."""
        value = self.node.value
        match self.op.shape:
            case Shape.PAIR:
                return {"low": value[0], "high": value[1]}
            case Shape.RELATIVE:
                return {"n": value["n"]}
            case _:
                return {"value": value}

    def moved(self, handle: str, to: Any) -> Any:
        """Return the condition's value with one handle moved; None where that is no value."""
        value = self.node.value
        match handle:
            case "low":
                return [to, value[1]] if to <= value[1] else None
            case "high":
                return [value[0], to] if value[0] <= to else None
            case "n":
                return {"n": to, "unit": value["unit"]}
            case _:
                return to


@dataclass(frozen=True)
class Bin:
    """One bar of the distribution; low in, high out (the last bar holds both)."""

    low: float | date
    high: float | date
    users: int


@dataclass(frozen=True)
class Step:
    """One position: how many people have a value below it, and how many exactly it."""

    value: float | date
    below: int
    at: int


@dataclass(frozen=True)
class Position:
    """What would match with a handle at this value, everything else as it stands."""

    value: Any
    matched: int


@dataclass(frozen=True)
class Curve:
    """The distribution of what one condition compares, among the people for whom it alone decides.

    Attributes
    ----------
    users, missing : int
        People for whom the condition decides, and how many of them have no value.
    fixed : int
        People who match whatever the condition says (0 unless a 或 or "at least" stands above it).
    is_flipped : bool
        Whether those match for whom the comparison does not hold.
    matched : int
        What matches with the threshold where it stands.
    bars : tuple of Bin
        The distribution.
    steps : tuple of Step
        Ascending, at most `MOST_STEPS` and the present thresholds.
    is_complete : bool
        Whether every value that occurs is a step: then any threshold's count can be read off exactly.
    handles : mapping of str to tuple of Position
        For everything that can be moved, what would match at each of its positions.
    at : Position or None
        What was asked for besides.
    """

    node: str
    op: str
    kind: TagType
    value: Any
    unit: Text | None
    users: int
    missing: int
    fixed: int
    is_flipped: bool
    matched: int
    bars: tuple[Bin, ...]
    steps: tuple[Step, ...]
    is_complete: bool
    handles: Mapping[str, tuple[Position, ...]]
    at: Position | None = None

    def as_json(self) -> dict[str, object]:
        """Return the curve, JSON-ready."""
        return {
            "node": self.node,
            "op": self.op,
            "type": self.kind.value,
            "value": self.value,
            "unit": None if self.unit is None else dict(self.unit),
            "users": self.users,
            "missing": self.missing,
            "fixed": self.fixed,
            "is_flipped": self.is_flipped,
            "matched": self.matched,
            "bars": [
                {"low": written(bar.low), "high": written(bar.high), "users": bar.users} for bar in self.bars
            ],
            "steps": [
                {"value": written(step.value), "below": step.below, "at": step.at} for step in self.steps
            ],
            "is_complete": self.is_complete,
            "handles": {
                handle: [{"value": place.value, "matched": place.matched} for place in positions]
                for handle, positions in self.handles.items()
            },
            "at": None if self.at is None else {"value": self.at.value, "matched": self.at.matched},
        }


def compared(node: Node, catalogue: Catalogue) -> Compared | None:
    """Return a condition's movable threshold; None for one that has none, or that asks a personal tag."""
    if isinstance(node, TagCondition):
        tag = catalogue.tags.get(node.tag)
        if tag is None or tag.personal is not None or field_named(node.value) is not None:
            return None
        kind, unit = tag.type, None if tag.unit is None else Text(zh=tag.unit, en=tag.unit)
    elif isinstance(node, EventCondition) and not isinstance(node.window, AnchoredWindow):
        # In a window of each user's own, who has no date has no value; there is no one curve of all.
        measure = MEASURES[node.measure]
        kind, unit = measure.type, measure.unit
    else:
        return None
    op = OPS.get((kind, node.op))
    if kind not in _ORDERED or op is None or op.key in _WITHOUT_HANDLE:
        return None
    return Compared(node, kind, op, unit)


def movable(rule: Rule, catalogue: Catalogue) -> list[Compared]:
    """Return the thresholds of a rule that count, in the order of its nodes."""
    each = (compared(node, catalogue) for node in counting(rule))
    return [threshold for threshold in each if threshold is not None]


def chosen(rule: Rule, node: str | None, catalogue: Catalogue) -> Compared:
    """Return the threshold that is meant; a node left out is the only one there is.

    Raises
    ------
    NotFound, RuleError
        If the node is unknown, muted, personal or has no threshold, or if it was left out and several have.
    """
    allowed = movable(rule, catalogue)
    names = tuple(threshold.node.id for threshold in allowed)
    if node is None:
        if len(allowed) == 1:
            return allowed[0]
        if not allowed:
            raise RuleError(Problem("threshold_none"))
        raise RuleError(Problem("node_missing", params={"allowed": names}, allowed=names))
    asked = found(rule, node)
    if asked is None:
        nearest = nearest_name(node, names)
        raise NotFound(Problem("node_unknown", params={"node": node}, allowed=names, nearest=nearest))
    for threshold in allowed:
        if threshold.node.id == node:
            return threshold
    if isinstance(asked, TagCondition) and catalogue.tags[asked.tag].personal is not None:
        label = catalogue.tags[asked.tag].label.as_text()
        raise RuleError(Problem("threshold_personal", node, {"tag": label}, names))
    if compared(asked, catalogue) is not None:
        raise RuleError(Problem("threshold_muted", node, {"node": node}, names))
    raise RuleError(Problem("threshold_no_order", node, {"node": node, "allowed": names}, names))


def curve(threshold: Compared, spread: Spread, as_of: date, *, at: Any = None) -> Curve:
    """Return the curve of a threshold.

    Parameters
    ----------
    spread : Spread
        The engine's, for this condition.
    at : object or None
        Another value for the condition, in the rule's JSON form, to be counted exactly as well.

    Raises
    ------
    RuleError
        If `at` does not fit the op.
    """
    matched = matched_by(threshold, spread, as_of)
    marks = _marks(threshold)
    values, is_complete = _steps(spread, marks)
    if threshold.op.shape is Shape.RELATIVE:
        values_of: Mapping[str, Iterable[Any]] = {"n": _lengths(threshold, spread, as_of)}
    else:
        values_of = {handle: [written(value) for value in values] for handle in threshold.handles}
    node = threshold.node
    return Curve(
        node=node.id,
        op=node.op,
        kind=threshold.kind,
        value=node.value,
        unit=threshold.unit,
        users=spread.people,
        missing=spread.missing,
        fixed=spread.fixed,
        is_flipped=spread.is_flipped,
        matched=matched(node.value),
        bars=_bars(spread),
        steps=tuple(_step(spread, value) for value in values),
        is_complete=is_complete,
        handles={
            handle: tuple(
                Position(to, matched(value))
                for to in positions
                if (value := threshold.moved(handle, to)) is not None
            )
            for handle, positions in values_of.items()
        },
        at=None if at is None else Position(at, _matched_at(matched, at, node.id)),
    )


def matched_by(threshold: Compared, spread: Spread, as_of: date) -> Callable[[Any], int]:
    """Return what counts the rule with another value of the condition, exactly."""
    op = threshold.op
    # The node's own `not` stands in `is_flipped`; what a missing value says is the op's.
    return lambda value: spread.matched(op, op.literal(value, as_of))


def written(value: float | date) -> float | str:
    """Return a value as a rule writes it."""
    return value.isoformat() if isinstance(value, date) else value


def _matched_at(matched: Callable[[Any], int], value: Any, node: str) -> int:
    try:
        return matched(value)
    except RuleError as error:
        raise RuleError(
            [Problem(p.code, node, p.params, p.allowed, p.nearest) for p in error.problems]
        ) from error


def _marks(threshold: Compared) -> list[float | date]:
    """Return where the thresholds stand now."""
    if threshold.op.shape is Shape.RELATIVE:
        return []
    places = threshold.handles.values()
    if threshold.kind is TagType.DATE:
        return [date.fromisoformat(place) for place in places]
    return [float(place) for place in places]


def _steps(spread: Spread, marks: list[float | date]) -> tuple[list[float | date], bool]:
    """Return the positions, ascending: all values where they are few, else bins' edges and quantiles."""
    distinct = spread.values.unique(maintain_order=True)
    is_complete = len(distinct) <= MOST_STEPS
    if is_complete:
        values = set(distinct.to_list())
    else:
        edges = [edge for bar in _bars(spread) for edge in (bar.low, bar.high)]
        upto = np.cumsum(spread.counts)
        left = MOST_STEPS - len(set(edges))
        ranks = np.linspace(0, int(upto[-1]) - 1, left).astype(np.int64)
        places = np.searchsorted(upto, ranks, side="right")
        values = {*edges, *spread.values.gather(pl.Series(np.unique(places))).to_list()}
    return sorted(values | set(marks)), is_complete


def _lengths(threshold: Compared, spread: Spread, as_of: date) -> list[int]:
    """Return numbers of days, weeks or months: as far as the values reach, the far ones thinned out."""
    present = threshold.node.value["n"]
    unit_days = DAYS_IN_UNIT[threshold.node.value["unit"]]
    if not len(spread.values):
        return [present]
    oldest, newest = spread.values[0], spread.values[-1]
    reach = (newest - as_of if threshold.op.key == "in_next" else as_of - oldest).days
    most = min(max(reach // unit_days + 2, present, 1), MAX_DAYS // unit_days)
    if most <= MOST_STEPS:
        return list(range(1, most + 1))
    near = MOST_STEPS // 2
    far = np.geomspace(near, most, MOST_STEPS - near).round().astype(int).tolist()
    return sorted({*range(1, near + 1), *far, present})


def _step(spread: Spread, value: float | date) -> Step:
    below = spread.below(value)
    return Step(value, below, spread.below(value, included=True) - below)


def _bars(spread: Spread) -> tuple[Bin, ...]:
    if not len(spread.values):
        return ()
    low, high = spread.values[0], spread.values[-1]
    edges: list[Any]
    if spread.kind is TagType.DATE:
        edges = [*date_edges(low, high, BINS)]
    else:
        upto = np.cumsum(spread.counts)
        usual = spread.values[int(np.searchsorted(upto, math.ceil(0.99 * int(upto[-1]))))]
        whole = bool((spread.values == spread.values.floor()).all())
        edges = [*number_edges(low, high, usual, BINS, whole=whole)]
    last = len(edges) - 2
    return tuple(
        Bin(first, end, spread.below(end, included=place == last) - spread.below(first))
        for place, (first, end) in enumerate(pairwise(edges))
    )
