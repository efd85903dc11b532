"""The condition language, version 1: the nodes of a rule as inert data, exactly as they stand in JSON.

Shape only; conditions are in `conditions`, windows in `parts`. What the words mean is in `ops` (one entry per
op), `measures` and `windows`; whether they fit a catalogue is asked of `check`. `parse_rule` is the way in,
`dump_rule` the way out, and the two are inverse. What a validator here refuses carries the code of its
message, which `parse` turns into a Problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from core.rules.conditions import (
    CONDITIONS,
    MEASURES_WITH_PROPERTY,
    Condition,
    EventCondition,
    TagCondition,
)
from core.rules.parts import (
    MAX_WINDOW,
    AgoWindow,
    BetweenWindow,
    CalendarWindow,
    EarlierDay,
    Inert,
    LastWindow,
    Measure,
    NodeBase,
    PropertyCondition,
    Window,
)

__all__ = [
    "CONDITIONS",
    "MAX_DEPTH",
    "MAX_WINDOW",
    "MEASURES_WITH_PROPERTY",
    "AgoWindow",
    "AnyNode",
    "BetweenWindow",
    "CalendarWindow",
    "Condition",
    "EventCondition",
    "Group",
    "LastWindow",
    "Measure",
    "Node",
    "PropertyCondition",
    "Rule",
    "TagCondition",
    "Take",
    "TakeShare",
    "TakeTop",
    "Window",
    "is_muted",
    "nodes",
    "walk",
]

MAX_DEPTH = 8


class Group(NodeBase):
    """Children under all 且, any 或 or at least k, asked for the rule's day or as of an earlier one."""

    kind: Literal["group"] = "group"
    match: Literal["all", "any", "at_least"]
    k: Annotated[int, Field(ge=1, strict=True)] | None = None
    label: str | None = None
    as_of: EarlierDay | None = None
    children: tuple[Node, ...] = ()

    @model_validator(mode="after")
    def _k_fits_the_match(self) -> Self:
        if self.match == "at_least" and self.k is None:
            raise PydanticCustomError("k_missing", "at_least needs k")
        if self.match != "at_least" and self.k is not None:
            raise PydanticCustomError("k_not_wanted", "only at_least takes k", {"match": self.match})
        return self


AnyNode: TypeAlias = Condition | Group
Node = Annotated[Condition | Group, Field(discriminator="kind")]


class TakeTop(Inert):
    """The first n by a tag; ties by `user_id` ascending; users without a value are never taken."""

    n: Annotated[int, Field(ge=1, strict=True)]
    by: str
    order: Literal["asc", "desc"] = "desc"


class TakeShare(Inert):
    """A stable random share: each user for themselves, by the hash."""

    share: Annotated[float, Field(ge=0, le=1, strict=True)]
    seed: str


def _take_kind(value: object) -> str:
    has_share = isinstance(value, TakeShare) or (isinstance(value, Mapping) and "share" in value)
    return "share" if has_share else "top"


Take = Annotated[
    Annotated[TakeTop, Tag("top")] | Annotated[TakeShare, Tag("share")], Discriminator(_take_kind)
]


def _version(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("unknown_rule_version", "the version is the number 1", {"allowed": ("1",)})
    return value


class Rule(Inert):
    """The whole definition: include, minus exclude, then take."""

    version: Annotated[Literal[1], BeforeValidator(_version)] = 1
    include: Group
    exclude: Group | None = None
    take: Take | None = None


def walk(node: AnyNode) -> Iterator[AnyNode]:
    """Yield the node and everything below it, parents before children, children in order."""
    yield node
    if isinstance(node, Group):
        for child in node.children:
            yield from walk(child)


def nodes(rule: Rule) -> Iterator[AnyNode]:
    """Yield every node of a rule: the include tree, then the exclude tree."""
    yield from walk(rule.include)
    if rule.exclude is not None:
        yield from walk(rule.exclude)


def is_muted(node: AnyNode) -> bool:
    """Tell whether a node does not count: itself muted, or a group whose children all are (none = not)."""
    if node.muted:
        return True
    return isinstance(node, Group) and bool(node.children) and all(is_muted(c) for c in node.children)
