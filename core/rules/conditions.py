"""The conditions of the language, one model per kind, exactly as they stand in JSON; inert data.

A kind is one class here and one entry in each table of meanings: what is wrong with it (`check`), what it is
made literal to (`literal`), its key (`canonical`), its words (`describe`), its meaning (`meaning`), and how
an engine finds its people. A kind without an entry raises there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from core.rules.parts import NodeBase, PropertyCondition, Window

Measure = Literal["count", "sum", "avg", "min", "max", "distinct", "days", "first_at", "last_at"]
MEASURES_WITH_PROPERTY: frozenset[str] = frozenset({"sum", "avg", "min", "max", "distinct"})


class TagCondition(NodeBase):
    """A leaf: one op on one tag. ``value`` None = the op takes none."""

    kind: Literal["tag"] = "tag"
    tag: str
    op: str
    value: Any = None


class EventCondition(NodeBase):
    """A leaf: a measure of one event's occurrences in a window, compared by an op."""

    kind: Literal["event"] = "event"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    measure: Measure
    property: str | None = None
    op: str
    value: Any = None
    window: Window | None = None


Condition: TypeAlias = TagCondition | EventCondition

CONDITIONS: Mapping[str, type[Condition]] = {
    "tag": TagCondition,
    "event": EventCondition,
}
"""By what stands in a node's `kind`."""
