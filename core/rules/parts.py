"""The parts that conditions are made of: windows, property conditions, what every node bears; inert data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from core.clock import CalendarName, Unit

Measure = Literal["count", "sum", "avg", "min", "max", "distinct", "days", "first_at", "last_at"]

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


class Inert(BaseModel):
    """Data that refuses unknown fields and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LastWindow(Inert):
    """The last n units that end with `as_of`."""

    last: Annotated[int, Field(ge=1, strict=True)]
    unit: Unit

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        no_longer_than_allowed(self.last, self.unit)
        return self


class BetweenWindow(Inert):
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


class AgoWindow(Inert):
    """From `ago[0]` to `ago[1]` units ago, so that last 60 = last 30 plus ago [60, 30]."""

    ago: tuple[Annotated[int, Field(ge=1, strict=True)], Annotated[int, Field(ge=0, strict=True)]]
    unit: Unit

    @model_validator(mode="after")
    def _descends(self) -> Self:
        far, near = self.ago
        if far <= near:
            raise PydanticCustomError("ago_not_descending", "ago descends", {"far": far, "near": near})
        no_longer_than_allowed(far, self.unit)
        return self


class CalendarWindow(Inert):
    """A named calendar period."""

    calendar: CalendarName


def _window_kind(value: object) -> str:
    if isinstance(value, BaseModel):
        return {LastWindow: "last", AgoWindow: "ago", CalendarWindow: "calendar"}.get(type(value), "between")
    if isinstance(value, Mapping):
        named = next((kind for kind in ("last", "ago", "calendar", "since") if kind in value), None)
        return named or ("last" if "unit" in value else "since" if "for" in value else "between")
    return "between"


Window = Annotated[
    Annotated[LastWindow, Tag("last")]
    | Annotated[AgoWindow, Tag("ago")]
    | Annotated[CalendarWindow, Tag("calendar")]
    | Annotated[BetweenWindow, Tag("between")],
    Discriminator(_window_kind),
]


class Anchor(Inert):
    """A date of each user's own."""

    tag: str


class Length(Inert):
    """So many days, weeks or months."""

    n: Annotated[int, Field(ge=1, strict=True)]
    unit: Literal["day", "week", "month"]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        no_longer_than_allowed(self.n, self.unit)
        return self


class AnchoredWindow(Inert):
    """So many days that begin with each user's own date, which is the first of them."""

    since: Anchor
    for_: Length = Field(alias="for")


def _event_window_kind(value: object) -> str:
    return "since" if isinstance(value, AnchoredWindow) else _window_kind(value)


EventWindow = Annotated[
    Annotated[LastWindow, Tag("last")]
    | Annotated[AgoWindow, Tag("ago")]
    | Annotated[CalendarWindow, Tag("calendar")]
    | Annotated[BetweenWindow, Tag("between")]
    | Annotated[AnchoredWindow, Tag("since")],
    Discriminator(_event_window_kind),
]


class DayAgo(Inert):
    """The day so many units before the one that is asked for; months clamped to the month's end."""

    ago: Annotated[int, Field(ge=1, strict=True)]
    unit: Literal["day", "week", "month"]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        no_longer_than_allowed(self.ago, self.unit)
        return self


def _as_of_kind(value: object) -> str:
    return "ago" if isinstance(value, DayAgo | Mapping) else "day"


EarlierDay = Annotated[Annotated[Day, Tag("day")] | Annotated[DayAgo, Tag("ago")], Discriminator(_as_of_kind)]


class PropertyCondition(Inert):
    """One condition on an occurrence's property; ops as for tags."""

    property: str
    op: str
    value: Any = None


class Within(Inert):
    """A length of elapsed time; a day is 24 hours."""

    n: Annotated[int, Field(ge=1, strict=True)]
    unit: Literal["hour", "day", "week"]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        no_longer_than_allowed(self.n, self.unit)
        return self


class Step(Inert):
    """One step of a sequence: an occurrence, or (`not`) that there is none."""

    event: str
    where: tuple[PropertyCondition, ...] = ()
    not_: Flag = Field(default=False, alias="not")
    within: Within | None = None


class Side(Inert):
    """A measure of one event's occurrences in a window: one side of a comparison."""

    event: str
    where: tuple[PropertyCondition, ...] = ()
    measure: Measure
    property: str | None = None
    window: Window | None = None


class FirstCount(Inert):
    """The first so many of an order."""

    n: Annotated[int, Field(ge=1, strict=True)]


class FirstShare(Inert):
    """The first of an order, as a share of all."""

    share: Annotated[float, Field(gt=0, le=1, strict=True)]


def _first_kind(value: object) -> str:
    has_share = isinstance(value, FirstShare) or (isinstance(value, Mapping) and "share" in value)
    return "share" if has_share else "count"


First = Annotated[
    Annotated[FirstCount, Tag("count")] | Annotated[FirstShare, Tag("share")], Discriminator(_first_kind)
]


class NodeBase(Inert):
    """What every node of a rule bears."""

    id: str = Field(min_length=1)
    not_: Flag = Field(default=False, alias="not")
    muted: Flag = False


def no_longer_than_allowed(n: int, unit: str) -> None:
    """Refuse a length beyond a hundred years."""
    if n > MAX_WINDOW[unit]:
        raise PydanticCustomError(
            "window_too_long", "too long", {"n": n, "unit": unit, "limit": MAX_WINDOW[unit]}
        )
