"""The conditions of the language, one model per kind, exactly as they stand in JSON; inert data.

A kind is one class here and one entry in each table of meanings: what is wrong with it (`check`), what it is
made literal to (`literal`), its key (`canonical`), its words (`describe`), its meaning (`meaning`), and how
an engine finds its people. A kind without an entry raises there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from core.rules.exact import SCALE, exact_value
from core.rules.parts import (
    BetweenWindow,
    EventWindow,
    First,
    Flag,
    Measure,
    NodeBase,
    PropertyCondition,
    Side,
    Step,
    Window,
    no_longer_than_allowed,
)
from core.rules.share import BUCKETS

if TYPE_CHECKING:
    from core.rules.named import Meant

LONGEST_PAUSE = 24 * 60
"""Minutes: a session goes on for a day at most without anything happening."""
MEASURES_WITH_PROPERTY: frozenset[str] = frozenset({"sum", "avg", "min", "max", "distinct"})


def _exact_float(value: object) -> object:
    """Return an integer as it is written, or refuse it: as a float it could silently be another one."""
    if not isinstance(value, int):
        return value
    try:
        is_held = int(float(value)) == value
    except OverflowError:
        is_held = False
    if not is_held:
        raise PydanticCustomError("number_too_long", "no float holds it", {"given": value})
    return value


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
    window: EventWindow | None = None


class FirstTimeCondition(NodeBase):
    """A leaf: the first occurrence ever lies in the window."""

    kind: Literal["first_time"] = "first_time"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    window: Window


class StoppedCondition(NodeBase):
    """A leaf: did in `active`, did not in `silent`."""

    kind: Literal["stopped"] = "stopped"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    active: Window
    silent: Window


class ResumedCondition(NodeBase):
    """A leaf: did before `silent`, did not in it, did in `active`."""

    kind: Literal["resumed"] = "resumed"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    silent: Window
    active: Window

    @model_validator(mode="after")
    def _silence_begins(self) -> Self:
        if isinstance(self.silent, BetweenWindow) and self.silent.from_ is None:
            raise PydanticCustomError("silent_without_start", "silent has a first day")
        return self


class RegularCondition(NodeBase):
    """A leaf: at least so often in at least `in` of the last blocks that end with `as_of`."""

    kind: Literal["regular"] = "regular"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    at_least: Annotated[int, Field(ge=1, strict=True)]
    per: Literal["day", "week", "month"]
    in_: Annotated[int, Field(ge=1, strict=True, alias="in")]
    of_last: Annotated[int, Field(ge=1, strict=True)]

    @model_validator(mode="after")
    def _blocks_are_enough(self) -> Self:
        no_longer_than_allowed(self.of_last, self.per)
        if self.in_ > self.of_last:
            raise PydanticCustomError(
                "more_blocks_than_there_are",
                "in is at most of_last",
                {"in": self.in_, "of_last": self.of_last},
            )
        return self


class SequenceCondition(NodeBase):
    """A leaf: some chain of occurrences follows the steps; the window holds the first.

    `any_order` asks no chain but an occurrence for each positive step and none for the others, all within one
    session or with one value of `same`; the window then holds all of them.
    """

    kind: Literal["sequence"] = "sequence"
    steps: Annotated[tuple[Step, ...], Field(json_schema_extra={"minItems": 1})]
    same: str | None = None
    session_minutes: Annotated[int, Field(ge=1, le=LONGEST_PAUSE, strict=True)] | None = None
    any_order: Flag = False
    window: Window | None = None
    open: Literal["exclude", "include"] = "exclude"

    @model_validator(mode="after")
    def _steps_lead_on(self) -> Self:
        if not self.steps:
            raise PydanticCustomError("no_steps", "a sequence has steps")
        if self.steps[0].not_:
            raise PydanticCustomError("first_step_negated", "the first step is positive")
        if self.steps[0].within is not None:
            raise PydanticCustomError("first_step_within", "nothing comes before the first step")
        last_positive = max(place for place, step in enumerate(self.steps) if not step.not_)
        for place, step in enumerate(self.steps[:last_positive], start=1):
            if step.not_ and step.within is not None:
                raise PydanticCustomError("within_in_between", "two occurrences bound it", {"step": place})
        if self.any_order:
            if self.same is None and self.session_minutes is None:
                raise PydanticCustomError("any_order_of_all", "something holds the steps together")
            if any(step.within is not None for step in self.steps):
                raise PydanticCustomError("within_without_order", "nothing comes before a step")
        return self


class CompareCondition(NodeBase):
    """A leaf: one measure compared with `factor` times another one, exactly."""

    kind: Literal["compare"] = "compare"
    left: Side
    op: str
    right: Side
    factor: Annotated[float, BeforeValidator(_exact_float), Field(strict=True)] = 1.0

    @model_validator(mode="after")
    def _factor_is_exact(self) -> Self:
        if (exact_value(self.factor) * SCALE).denominator != 1:
            raise PydanticCustomError("factor_decimals", "six decimals at most", {"factor": self.factor})
        return self


class BucketCondition(NodeBase):
    """A leaf: the user's bucket under a seed, one of 10,000, lies between two, both ends in."""

    kind: Literal["bucket"] = "bucket"
    seed: str
    from_: Annotated[int, Field(ge=0, le=BUCKETS - 1, strict=True, alias="from")]
    to: Annotated[int, Field(ge=0, le=BUCKETS - 1, strict=True)]

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.from_ > self.to:
            numbers = {"first": self.from_, "last": self.to}
            raise PydanticCustomError("buckets_reversed", "from is after to", numbers)
        return self


class RankCondition(NodeBase):
    """A leaf: among the first or last of the base by a tag, or of those with the same value of another."""

    kind: Literal["rank"] = "rank"
    tag: str
    top: First | None = None
    bottom: First | None = None
    within: str | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        if (self.top is None) is (self.bottom is None):
            raise PydanticCustomError("rank_needs_one_end", "top or bottom")
        return self


class NamesPeople(NodeBase):
    """A leaf about people whom a name stands for, or everyone else (``in`` false)."""

    in_: Flag = Field(alias="in")

    # What the name stands for is no part of the rule: `named.bind` looks it up and keeps it here.
    _meant: Any = PrivateAttr(default=None)

    @property
    def meant(self) -> Meant | None:
        """What the name stands for; None = nobody has looked it up."""
        found: Meant | None = self._meant
        return found

    def bound_to(self, meant: Meant) -> Self:
        """Return the condition with what its name stands for."""
        bound = self.model_copy()
        bound._meant = meant
        return bound


class AudienceCondition(NamesPeople):
    """A leaf: among the people of a saved audience, as it is now or as a snapshot kept it, or not."""

    kind: Literal["audience"] = "audience"
    audience: str
    snapshot: str | None = None


class ListCondition(NamesPeople):
    """A leaf: on an uploaded list, or not."""

    kind: Literal["list"] = "list"
    list: str


Condition: TypeAlias = (
    TagCondition
    | EventCondition
    | FirstTimeCondition
    | StoppedCondition
    | ResumedCondition
    | RegularCondition
    | SequenceCondition
    | CompareCondition
    | BucketCondition
    | RankCondition
    | AudienceCondition
    | ListCondition
)

CONDITIONS: Mapping[str, type[Condition]] = {
    "tag": TagCondition,
    "event": EventCondition,
    "first_time": FirstTimeCondition,
    "stopped": StoppedCondition,
    "resumed": ResumedCondition,
    "regular": RegularCondition,
    "sequence": SequenceCondition,
    "compare": CompareCondition,
    "bucket": BucketCondition,
    "rank": RankCondition,
    "audience": AudienceCondition,
    "list": ListCondition,
}
"""By what stands in a node's `kind`."""
