"""The condition language, version 1: the nodes of a rule as inert data, exactly as they stand in JSON.

Shape only. What the words mean is in `ops` (one entry per op), `measures` and `windows`; whether they fit a
catalogue is asked of `check`. `parse_rule` is the way in, `dump_rule` the way out, and the two are inverse.
What a validator here refuses carries the code of its message, which `parse` turns into a Problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from core.clock import CalendarName, Unit

MAX_DEPTH = 8
Measure = Literal["count", "sum", "avg", "min", "max", "distinct", "days", "first_at", "last_at"]
MEASURES_WITH_PROPERTY: frozenset[str] = frozenset({"sum", "avg", "min", "max", "distinct"})


# The longest window of each unit: a hundred years, so that no arithmetic leaves the calendar.
MAX_WINDOW: Mapping[str, int] = {"hour": 876_000, "day": 36_500, "week": 5_200, "month": 1_200}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise PydanticCustomError("value_not_date", "a day is written YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise PydanticCustomError("date_does_not_exist", "the calendar has no such day") from error


Day = Annotated[date, BeforeValidator(_day)]
Flag = Annotated[bool, Field(strict=True)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LastWindow(_Model):
    """The last n units that end with `as_of`."""

    last: Annotated[int, Field(ge=1, strict=True)]
    unit: Unit

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        _no_longer_than_allowed(self.last, self.unit)
        return self


class BetweenWindow(_Model):
    """Calendar days, both ends in; either may be absent, not both."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.from_ is None and self.to is None:
            raise PydanticCustomError("window_empty", "a window says which days")
        if self.from_ is not None and self.to is not None and self.from_ > self.to:
            raise PydanticCustomError(
                "window_reversed",
                "from is after to",
                {"first": self.from_.isoformat(), "last": self.to.isoformat()},
            )
        return self


class AgoWindow(_Model):
    """From `ago[0]` to `ago[1]` units ago, so that last 60 = last 30 plus ago [60, 30]."""

    ago: tuple[Annotated[int, Field(ge=1, strict=True)], Annotated[int, Field(ge=0, strict=True)]]
    unit: Unit

    @model_validator(mode="after")
    def _descends(self) -> Self:
        far, near = self.ago
        if far <= near:
            raise PydanticCustomError("ago_not_descending", "ago descends", {"far": far, "near": near})
        _no_longer_than_allowed(far, self.unit)
        return self


class CalendarWindow(_Model):
    """A named calendar period."""

    calendar: CalendarName


def _window_kind(value: object) -> str:
    if isinstance(value, BaseModel):
        return {LastWindow: "last", AgoWindow: "ago", CalendarWindow: "calendar"}.get(type(value), "between")
    if isinstance(value, Mapping):
        named = next((kind for kind in ("last", "ago", "calendar") if kind in value), None)
        return named or ("last" if "unit" in value else "between")
    return "between"


Window = Annotated[
    Annotated[LastWindow, Tag("last")]
    | Annotated[AgoWindow, Tag("ago")]
    | Annotated[CalendarWindow, Tag("calendar")]
    | Annotated[BetweenWindow, Tag("between")],
    Discriminator(_window_kind),
]


class PropertyCondition(_Model):
    """One condition on an occurrence's property; ops as for tags."""

    property: str
    op: str
    value: Any = None


class _Node(_Model):
    id: str = Field(min_length=1)
    not_: Flag = Field(default=False, alias="not")
    muted: Flag = False


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

    @model_validator(mode="after")
    def _k_fits_the_match(self) -> Self:
        if self.match == "at_least" and self.k is None:
            raise PydanticCustomError("k_missing", "at_least needs k")
        if self.match != "at_least" and self.k is not None:
            raise PydanticCustomError("k_not_wanted", "only at_least takes k", {"match": self.match})
        return self


Condition = TagCondition | EventCondition
Node = Annotated[TagCondition | EventCondition | Group, Field(discriminator="kind")]


class TakeTop(_Model):
    """The first n by a tag; ties by `user_id` ascending; users without a value are never taken."""

    n: Annotated[int, Field(ge=1, strict=True)]
    by: str
    order: Literal["asc", "desc"] = "desc"


class TakeShare(_Model):
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


class Rule(_Model):
    """The whole definition: include, minus exclude, then take."""

    version: Annotated[Literal[1], BeforeValidator(_version)] = 1
    include: Group
    exclude: Group | None = None
    take: Take | None = None


def _no_longer_than_allowed(n: int, unit: str) -> None:
    if n > MAX_WINDOW[unit]:
        raise PydanticCustomError(
            "window_too_long", "too long", {"n": n, "unit": unit, "limit": MAX_WINDOW[unit]}
        )


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
