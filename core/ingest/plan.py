"""The import plan: how files become users, events and tags, as inert models of the TOML.

Shape only. Whether the files fit is found out by `run`; what each key means stands in its description, which
is also the text of the published JSON Schema.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.rules.tree import Measure
from core.schema import Label, Personal, TagType

AMOUNT = "amount"
Duplicates = Literal["refuse", "first", "last"]
UnknownUsers = Literal["create", "refuse"]


def _as_label(value: object) -> object:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("unknown_time_zone")
    return name


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii() or text in '"\r\n':
        raise ValueError("bad_delimiter")
    return text


# What stands before the type is what a plan may hold as well, and what the JSON Schema therefore allows.
LabelText = Annotated[Label, BeforeValidator(_as_label, json_schema_input_type=str | Label)]
TimeZoneName = Annotated[str, AfterValidator(_known_zone)]
Key = Annotated[str, Field(min_length=1, max_length=200)]


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceFormat(_Plan):
    """How a text file or a workbook is read; everything is found out where it is left out."""

    encoding: str | None = Field(None, description="Text encoding; found out when left out.")
    delimiter: Annotated[str, AfterValidator(_one_character)] | None = Field(
        None, description="The character between fields; found out when left out."
    )
    sheet: str | None = Field(None, description="Sheet of a workbook; the first when left out.")
    null_values: tuple[str, ...] = Field(
        (), description="Texts that mean 'no value' besides the empty field."
    )
    columns: dict[str, TagType] = Field(
        default_factory=dict, description="Types of columns, where they shall not be inferred."
    )


class FileSource(SourceFormat):
    """A file that a query may join; a plain string is short for ``{source = "..."}``."""

    source: str = Field(min_length=1, description="Path or glob, relative to the plan.")


def _as_file(value: object) -> object:
    return {"source": value} if isinstance(value, str) else value


class Source(SourceFormat):
    """Where rows come from: a ``source``, a ``query`` over [files], or a ``database`` with its ``query``."""

    source: str | None = Field(
        None, min_length=1, description="Path or glob, relative to the plan: csv, csv.gz, tsv, xlsx, parquet."
    )
    query: str | None = Field(
        None, min_length=1, description="One SELECT over the tables of [files], or over the database."
    )
    database: str | None = Field(
        None, min_length=1, description="SQLAlchemy URL, or env:NAME; never stored or shown."
    )
    where: str | None = Field(
        None, min_length=1, description="Row filter: an SQL expression over the source's typed columns."
    )
    time_zone: TimeZoneName | None = Field(
        None, description="Zone in which naive times of this source are read; the plan's when left out."
    )

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if self.database is not None:
            if self.query is None or self.source is not None:
                raise ValueError("database_needs_query")
        elif (self.source is None) == (self.query is None):
            raise ValueError("source_or_query")
        return self


class TagPlan(_Plan):
    """An imported tag: one column of a users source."""

    column: str | None = Field(None, description="Column of the source; the tag's key when left out.")
    type: TagType | None = Field(None, description="Type; inferred when left out.")
    label: LabelText | None = Field(None, description="Name for people, {zh, en} or one text for both.")
    dimension: Key = Field("other", description="Folder of the catalogue.")
    unit: str | None = Field(None, description="Unit of a number, for people.")
    personal: Personal | None = Field(None, description="Kind of personal field: masked until revealed.")
    separator: str = Field("|", min_length=1, description="What stands between the values of a multi tag.")
    time_format: str | None = Field(None, description="strptime form of a date, or epoch_s, epoch_ms.")


class PropertyPlan(_Plan):
    """A property of an event: one column of its source."""

    column: str | None = Field(None, description="Column of the source; the property's key when left out.")
    type: TagType | None = Field(None, description="Type; inferred when left out.")
    label: LabelText | None = Field(None, description="Name for people.")
    separator: str = Field("|", min_length=1, description="Between the values of a multi property.")
    time_format: str | None = Field(None, description="strptime form of a date, or epoch_s, epoch_ms.")


def _as_columns(value: object) -> object:
    return {key: {} for key in value} if isinstance(value, list | tuple) else value


class UsersSource(Source):
    """A source of users: one row per user."""

    id: str = Field(min_length=1, description="Column with the user's id.")
    duplicates: Duplicates = Field("refuse", description="What an id that stands twice in this source means.")
    registered: str | None = Field(None, description="Column with the day from which the user exists.")
    registered_format: str | None = Field(
        None, description="strptime form of `registered`, or epoch_s, epoch_ms."
    )
    tags: Annotated[
        dict[Key, TagPlan],
        BeforeValidator(_as_columns, json_schema_input_type=tuple[str, ...] | dict[Key, TagPlan]),
    ] = Field(
        default_factory=dict, description="Tags by key; a list of columns is short for tags of that name."
    )


class EventsSource(Source):
    """A source of events: one row per occurrence."""

    event: Key | None = Field(None, description="Key of the event, where all rows are of one kind.")
    event_column: str | None = Field(None, description="Column that names the kind of each row.")
    label: LabelText | None = Field(None, description="Name of the event for people.")
    user: str = Field(min_length=1, description="Column with the user's id.")
    at: str = Field(min_length=1, description="Column with the time.")
    time_format: str | None = Field(None, description="strptime form of `at`, or epoch_s, epoch_ms.")
    amount: str | None = Field(
        None, min_length=1, description="A column, or an SQL expression over the source's typed columns."
    )
    amount_label: LabelText | None = Field(None, description="Name of the amount for people.")
    properties: Annotated[
        dict[Key, PropertyPlan],
        BeforeValidator(_as_columns, json_schema_input_type=tuple[str, ...] | dict[Key, PropertyPlan]),
    ] = Field(default_factory=dict, description="Properties by key; a list of columns is short for that.")

    @model_validator(mode="after")
    def _one_kind(self) -> EventsSource:
        if (self.event is None) == (self.event_column is None):
            raise ValueError("event_or_event_column")
        if self.event_column is not None and self.label is not None:
            raise ValueError("label_needs_event")
        if self.amount is not None and AMOUNT in self.properties:
            raise ValueError("amount_twice")
        return self


class ComputedTag(_Plan):
    """A tag computed from events, with its value at `as_of`."""

    event: Key = Field(description="Key of the event.")
    measure: Measure = Field(description="As in an event condition.")
    property: str | None = Field(None, description="The property measured, where the measure needs one.")
    where: tuple[dict[str, Any], ...] = Field((), description="Property conditions, as in a rule.")
    window: dict[str, Any] | None = Field(None, description="As in a rule; absent = ever up to as_of.")
    missing: float | None = Field(
        None,
        allow_inf_nan=False,
        description="Value without a matching occurrence; left out = as the measure says.",
    )
    label: LabelText | None = Field(None, description="Name for people.")
    dimension: Key = Field("other", description="Folder of the catalogue.")
    unit: str | None = Field(None, description="Unit of a number, for people.")


class JourneyStepPlan(_Plan):
    """A step of the journey, reached by whoever ever had one of the events (none = everyone)."""

    key: Key
    label: LabelText
    events: tuple[Key, ...] = ()


class JourneyStagePlan(_Plan):
    """A stage of the journey: consecutive steps under one name."""

    key: Key
    label: LabelText
    steps: tuple[JourneyStepPlan, ...] = ()


class ImportPlan(_Plan):
    """How files become users, events and tags; can be run again on newer files."""

    time_zone: TimeZoneName = Field(
        "UTC", description="IANA name: naive times are read in it, days are cut in it."
    )
    as_of: date | None = Field(None, description="The workspace's default day.")
    unknown_users: UnknownUsers = Field("create", description="Events of unknown users: create or refuse.")
    max_reject_share: float = Field(
        0.01, ge=0, le=1, description="A source with a larger share of rejected rows refuses the import."
    )
    fold_width: bool = Field(
        False, description="Fold full-width and half-width forms in text and enum values."
    )
    dimensions: dict[Key, LabelText] = Field(
        default_factory=dict, description="Names of the catalogue's folders, in order."
    )
    event_labels: dict[Key, LabelText] = Field(
        default_factory=dict, description="Names of events, by key; needed with event_column."
    )
    files: dict[
        Key, Annotated[FileSource, BeforeValidator(_as_file, json_schema_input_type=str | FileSource)]
    ] = Field(default_factory=dict, description="Tables that a query may join.")
    users: tuple[UsersSource, ...] = Field((), description="None, one or several; merged on the id.")
    events: tuple[EventsSource, ...] = Field((), description="None, one or several.")
    tags: dict[Key, ComputedTag] = Field(default_factory=dict, description="Tags computed from events.")
    journey: tuple[JourneyStagePlan, ...] = Field((), description="Stages and steps of the journey.")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)
