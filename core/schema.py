"""The tables of a data version and the catalogue of its tags and events: inert data, no computing.

A data version holds one table of users (one row per user) and one per event type (one row per occurrence):

=============  ==============================  ==========================================================
table          column                          dtype, unit, meaning of missing
=============  ==============================  ==========================================================
users          ``user_no``                     UInt32, unique, ascending
users          ``exists_from``                 Date; the day from which the user is in the base; null = always
users          ``tag:<key>``                   by `TAG_DTYPES`; null = the user has no value
event type     ``user_no``                     UInt32; the table is sorted by (user_no, at)
event type     ``at``                          Datetime[μs, UTC]; never null
event type     ``day``                         Date; the calendar day of ``at`` in the workspace's time zone
event type     ``prop:<key>``                  by `TAG_DTYPES`; null = the occurrence has no value
keys           ``user_no, user_id, hash``      UInt32, String, UInt64; append-only, shared by all versions
=============  ==============================  ==========================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeVar, cast
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, PrivateAttr, SerializeAsAny

from core.errors import Problem
from core.messages import Text

T = TypeVar("T")

_MOST_KNOWN = 4096

USER_NO, USER_ID, HASH = "user_no", "user_id", "hash"
EXISTS_FROM, AT, DAY = "exists_from", "at", "day"


def tag_column(key: str) -> str:
    """Return the column of a tag in the users table."""
    return f"tag:{key}"


def property_column(key: str) -> str:
    """Return the column of a property in an event table."""
    return f"prop:{key}"


class TagType(StrEnum):
    """What kind of fact a tag (or an event's property) states."""

    TEXT = "text"
    ENUM = "enum"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MULTI = "multi"


TAG_DTYPES: Mapping[TagType, pl.DataType] = {
    TagType.TEXT: pl.String(),
    TagType.ENUM: pl.String(),
    TagType.NUMBER: pl.Float64(),
    TagType.BOOLEAN: pl.Boolean(),
    TagType.DATE: pl.Date(),
    TagType.MULTI: pl.List(pl.String()),
}

Personal = Literal["name", "phone", "email", "address", "id"]


class _Inert(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Inert):
    """A name for people, in both languages."""

    zh: str
    en: str

    def as_text(self) -> Text:
        """Return the name in the form that messages take."""
        return Text(zh=self.zh, en=self.en)


class Making(_Inert):
    """How a computed tag is made. A statistic stands here, the other kinds in `core.rules.makings`."""


class Measurement(Making):
    """A statistic of events per user; the same words as an event condition.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of dict
        Property conditions in rule form (``{"property", "op", "value"}``); all must hold.
    measure : str
        ``count sum avg min max distinct days first_at last_at``, or ``days_since_first days_since_last``: the
        days from then to `as_of`, 0 on the day itself.
    property : str or None
        The property measured, where the measure needs one.
    window : dict or None
        In rule form; None = ever up to `as_of`.
    missing : float or None
        Value for users without a matching occurrence; None = as the measure says.
    only_with : bool
        Users without a matching occurrence have no value, also where the measure would say 0.
    """

    kind: Literal["statistic"] = "statistic"
    event: str
    where: tuple[dict[str, Any], ...] = ()
    measure: str
    property: str | None = None
    window: dict[str, Any] | None = None
    missing: float | None = None
    only_with: bool = False


def _made(value: object) -> object:
    """Read the one kind of making that stands in data versions: statistics that their plan defines."""
    return Measurement.model_validate(value) if isinstance(value, Mapping) else value


class Validity(_Inert):
    """How long a tag's value holds: `n` units, the first day in.

    Attributes
    ----------
    since : str or None
        Key of the date tag from which it counts, user by user; a user without that date has no value. None
        = from `day`.
    day : datetime.date or None
        The day to which all the tag's values belong: that of the data they came with.
    """

    n: int = Field(ge=1)
    unit: Literal["day", "week", "month"]
    since: str | None = None
    day: date | None = None


class TagSpec(_Inert):
    """One tag: a typed fact per user.

    Attributes
    ----------
    key : str
        Unique among tags; what rules name.
    dimension : str
        Key of the folder in the catalogue.
    unit : str or None
        Unit of a number, for people ("元").
    personal : str or None
        The kind of personal field, masked wherever it is shown until revealed; None = not personal.
    computed : Making or None
        How it is made; None = imported with the users.
    coverage : float
        Share of the version's users with a value, between 0 and 1; for computed tags at the default `as_of`.
    distinct : int
        Number of different values; 0 for tags that are computed.
    validity : Validity or None
        A value past it is missing; None = values hold for ever.
    stands_at : datetime.date or None
        A paused tag has its values of this day also when a later one is asked for; None = it is not paused.
    """

    key: str
    type: TagType
    label: Label
    dimension: str = "other"
    unit: str | None = None
    personal: Personal | None = None
    computed: Annotated[SerializeAsAny[InstanceOf[Making]], BeforeValidator(_made)] | None = None
    coverage: float = 0.0
    distinct: int = 0
    # What operators decide is no part of the data: it is never written into a data version.
    validity: Validity | None = Field(default=None, exclude=True)
    stands_at: date | None = Field(default=None, exclude=True)


class PropertySpec(_Inert):
    """One typed property of an event's occurrences; ``distinct`` and ``coverage`` as for tags."""

    key: str
    type: TagType
    label: Label
    coverage: float = 0.0
    distinct: int = 0


class EventSpec(_Inert):
    """One kind of event.

    Attributes
    ----------
    rows : int
        Number of occurrences in the data version.
    first_day, last_day : datetime.date or None
        Days of the oldest and newest occurrence; None when there are none.
    """

    key: str
    label: Label
    properties: Mapping[str, PropertySpec] = Field(default_factory=dict)
    rows: int = 0
    first_day: date | None = None
    last_day: date | None = None


class JourneyStep(_Inert):
    """One step of the journey: reached by whoever ever had one of the events (none named = everyone)."""

    key: str
    label: Label
    events: tuple[str, ...] = ()


class JourneyStage(_Inert):
    """A stage of the journey: consecutive steps under one name."""

    key: str
    label: Label
    steps: tuple[JourneyStep, ...]


class Catalogue(_Inert):
    """The tags and events of one data version, and what is needed to read rules against them.

    Attributes
    ----------
    time_zone : str
        IANA name; days are cut in it.
    as_of : datetime.date or None
        The plan's day, the default for every question; None = the plan names none.
    dimensions : mapping of str to Label
        Folders of the catalogue in the order in which they are shown.
    tags, events : mapping
        By key, in the order of the plan.
    journey : tuple of JourneyStage
        Empty when the plan names no journey.
    withheld : mapping of str to Problem
        Tags that exist but cannot be asked, by key, and why.
    """

    time_zone: str = "UTC"
    as_of: date | None = None
    dimensions: Mapping[str, Label] = Field(default_factory=dict)
    tags: Mapping[str, TagSpec] = Field(default_factory=dict)
    events: Mapping[str, EventSpec] = Field(default_factory=dict)
    journey: tuple[JourneyStage, ...] = ()
    withheld: Mapping[str, Problem] = Field(default_factory=dict, exclude=True)
    # What `core.rules.literal` has made of the tags, by key and day: a catalogue never changes.
    _known_tags: dict[tuple[str, date], object] = PrivateAttr(default_factory=dict)

    def __copy__(self) -> Self:
        """Return a copy that knows nothing yet: it may be about to get other tags."""
        copied = super().__copy__()
        copied._known_tags = {}
        return copied

    def __eq__(self, other: object) -> bool:
        """Tell whether two catalogues say the same, whatever is remembered of either."""
        return isinstance(other, Catalogue) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it holds mappings

    def known_tag(self, key: str, as_of: date, make: Callable[[], T]) -> T:
        """Return what was made of a tag for a day, made now if it was not."""
        found = self._known_tags.get((key, as_of))
        if found is None:
            if len(self._known_tags) >= _MOST_KNOWN:
                self._known_tags.clear()
            found = self._known_tags[key, as_of] = make()
        return cast(T, found)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)

    def journey_steps(self) -> Iterator[tuple[JourneyStage, JourneyStep]]:
        """Yield the steps in order, each with its stage."""
        for stage in self.journey:
            for step in stage.steps:
                yield stage, step
