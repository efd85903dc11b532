"""The condition language, version 1: the nodes of a rule as inert data, exactly as they stand in JSON.

Shape only. What the words mean is in `ops` (one entry per op) and `windows`; whether they fit a catalogue is
asked of `check`. `parse_rule` is the way in, `dump_rule` the way out, and the two are inverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.clock import CalendarName, Unit

MAX_DEPTH = 8
Measure = Literal["count", "sum", "avg", "min", "max", "distinct", "days", "first_at", "last_at"]
MEASURES_WITH_PROPERTY: frozenset[str] = frozenset({"sum", "avg", "min", "max", "distinct"})
MEASURES_ZERO_WHEN_NONE: frozenset[str] = frozenset({"count", "sum", "distinct", "days"})


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LastWindow(_Model):
    """The last n units that end with `as_of`."""

    last: Annotated[int, Field(ge=1, strict=True)]
    unit: Unit


class BetweenWindow(_Model):
    """Calendar days, both ends in; either may be absent, not both."""

    from_: date | None = Field(default=None, alias="from")
    to: date | None = None


class AgoWindow(_Model):
    """From `ago[0]` to `ago[1]` units ago, so that last 60 = last 30 plus ago [60, 30]."""

    ago: tuple[Annotated[int, Field(ge=1, strict=True)], Annotated[int, Field(ge=0, strict=True)]]
    unit: Unit


class CalendarWindow(_Model):
    """A named calendar period."""

    calendar: CalendarName


Window = LastWindow | AgoWindow | CalendarWindow | BetweenWindow


class PropertyCondition(_Model):
    """One condition on an occurrence's property; ops as for tags."""

    property: str
    op: str
    value: Any = None


class _Node(_Model):
    id: str = Field(min_length=1)
    not_: bool = Field(default=False, alias="not", strict=True)
    muted: Annotated[bool, Field(strict=True)] = False


class TagCondition(_Node):
    """A leaf: one op on one tag. ``value`` None = the op takes none."""

    kind: Literal["tag"] = "tag"
    tag: str
    op: str
    value: Any = None


class EventCondition(_Node):
    """A leaf: a measure of one event's occurrences in a window, compared by an op."""

    kind: Literal["event"] = "event"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    measure: Measure
    property: str | None = None
    op: str
    value: Any = None
    window: Window | None = None


class Group(_Node):
    """Children under all 且, any 或 or at least k."""

    kind: Literal["group"] = "group"
    match: Literal["all", "any", "at_least"]
    k: Annotated[int, Field(ge=1, strict=True)] | None = None
    label: str | None = None
    children: tuple[Node, ...] = ()


Condition = TagCondition | EventCondition
Node = Annotated[TagCondition | EventCondition | Group, Field(discriminator="kind")]


class TakeTop(_Model):
    """The first n by a tag; ties by `user_id` ascending; users without a value are never taken."""

    n: Annotated[int, Field(ge=1, strict=True)]
    by: str
    order: Literal["asc", "desc"] = "desc"


class TakeShare(_Model):
    """A stable random share: each user for themselves, by the hash."""

    share: Annotated[float, Field(ge=0, le=1)]
    seed: str


Take = TakeTop | TakeShare


class Rule(_Model):
    """The whole definition: include, minus exclude, then take."""

    version: Literal[1] = 1
    include: Group
    exclude: Group | None = None
    take: Take | None = None


def walk(node: TagCondition | EventCondition | Group) -> Iterator[TagCondition | EventCondition | Group]:
    """Yield the node and everything below it, parents before children, children in order."""
    yield node
    if isinstance(node, Group):
        for child in node.children:
            yield from walk(child)


def nodes(rule: Rule) -> Iterator[TagCondition | EventCondition | Group]:
    """Yield every node of a rule: the include tree, then the exclude tree."""
    yield from walk(rule.include)
    if rule.exclude is not None:
        yield from walk(rule.exclude)


def is_muted(node: TagCondition | EventCondition | Group) -> bool:
    """Tell whether a node does not count: itself muted, or a group whose children all are (none = not)."""
    if node.muted:
        return True
    return isinstance(node, Group) and bool(node.children) and all(is_muted(c) for c in node.children)
