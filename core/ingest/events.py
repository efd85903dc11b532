"""Events sources: read, told apart by kind, handed to the spool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from core.errors import ImportRefused, PlanError, Problem
from core.ingest.inference import tag_type_of
from core.ingest.plan import AMOUNT, EventsSource, ImportPlan
from core.ingest.report import ColumnReport
from core.ingest.source import Claim, SourceReader, TypedRows
from core.ingest.spool import BUFFER_BYTES, EventSpool
from core.ingest.stats import ColumnStats
from core.ingest.times import local_days
from core.ingest.users import ID, column_report, folded, typed_claim
from core.ingest.values import Kind, Reading
from core.lake.draft import Draft
from core.schema import AT, USER_NO, TagType, property_column

TIME, EVENT = "#at", "#event"
MAX_EVENT_KINDS = 1_000


@dataclass
class EventsTable:
    """One source of events after reading.

    Attributes
    ----------
    source : EventsSource
    spools : dict of str to EventSpool
        By event.
    types : dict of str to TagType
        Declared or by kind, by property; texts are told from enums event by event.
    inferred : dict of str to bool
    kinds : dict of str to Kind
    columns : tuple of ColumnReport
    first_day, last_day : datetime.date or None
    """

    source: EventsSource
    spools: dict[str, EventSpool]
    declared: dict[str, TagType | None] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    columns: tuple[ColumnReport, ...] = ()
    first_day: date | None = None
    last_day: date | None = None


def event_claims(plan: ImportPlan, source: EventsSource, columns: tuple[str, ...]) -> dict[str, Claim]:
    """Return what is made from an events source's columns; `columns` are those it has."""
    zone = ZoneInfo(source.time_zone) if source.time_zone else plan.zone
    moment = Reading(source.at, Kind.MOMENT, zone, plan.zone, time_format=source.time_format)
    claims = {
        ID: Claim(Reading(source.user, Kind.TEXT, zone, plan.zone), inferred=False),
        TIME: Claim(moment, inferred=False),
    }
    if source.event_column is not None:
        claims[EVENT] = Claim(Reading(source.event_column, Kind.TEXT, zone, plan.zone), inferred=False)
    if source.amount is not None and source.amount in columns:
        reading = Reading(source.amount, Kind.NUMBER, zone, plan.zone)
        claims[property_column(AMOUNT)] = Claim(reading, inferred=False)
    for key, prop in source.properties.items():
        column = prop.column or key
        claims[property_column(key)] = typed_claim(prop.type, column, source.columns, prop, zone, plan.zone)
    return claims


def amount_expressions(
    source: EventsSource, columns: tuple[str, ...], node: str
) -> dict[str, tuple[str, str]]:
    """Return the amount's expression, unless the amount is a column: an exact column name comes first."""
    if source.amount is None or source.amount in columns:
        return {}
    return {property_column(AMOUNT): (source.amount, f"{node}.amount")}


def read_events(
    reader: SourceReader,
    plan: ImportPlan,
    source: EventsSource,
    draft: Draft,
    folder: Path,
    known_users: pl.Series | None,
    tick: Callable[[float], None],
) -> EventsTable:
    """Read one source of events into spools.

    Parameters
    ----------
    reader : SourceReader
    plan : ImportPlan
    source : EventsSource
    draft : Draft
    folder : pathlib.Path
        For runs.
    known_users : polars.Series or None
        Ids of the users sources when events of others are refused; None = they create the user.
    tick : callable
        Told the share of the source that has been read.
    """
    table = EventsTable(source, {})

    def gather() -> None:
        for spool in table.spools.values():
            spool.clear()
        table.spools.clear()
        table.first_day = table.last_day = None
        if source.event is not None:
            table.spools[source.event] = EventSpool(folder / "0")
        for rows in reader.rows():
            _take(_checked(rows, reader, known_users), table, plan, draft, folder)
            tick(rows.share)

    reader.settled(gather)
    for spool in table.spools.values():
        spool.settle()
    _describe(table, reader)
    return table


def check_types(tables: list[EventsTable]) -> None:
    """Refuse a property that two sources of one event type differently."""
    seen: dict[tuple[str, str], tuple[int, Kind]] = {}
    for n, table in enumerate(tables):
        for event, spool in table.spools.items():
            for column, stats in spool.stats.items():
                kind = table.kinds[column]
                if stats.present == 0:
                    continue
                first = seen.setdefault((event, column), (n, kind))
                if first[1] is not kind:
                    raise PlanError(
                        Problem(
                            "property_types_differ",
                            node=f"events[{n}].properties.{column.removeprefix('prop:')}",
                            params={
                                "property": column.removeprefix("prop:"),
                                "event": event,
                                "first": first[1].value,
                                "second": kind.value,
                                "other": f"events[{first[0]}]",
                            },
                        )
                    )


def _checked(rows: TypedRows, reader: SourceReader, known_users: pl.Series | None) -> TypedRows:
    """Reject rows without user, time or kind, and of users that may not be created."""
    rows = reader.refuse_rows(rows, rows.frame[ID].is_null(), "no_id", ID)
    rows = reader.refuse_rows(rows, rows.frame[TIME].is_null(), "no_time", TIME)
    if EVENT in rows.frame.columns:
        rows = reader.refuse_rows(rows, rows.frame[EVENT].is_null(), "no_event", EVENT)
    if known_users is not None:
        unknown = ~rows.frame[ID].is_in(known_users.implode())
        rows = reader.refuse_rows(rows, unknown, "unknown_user", ID)
    return rows


def _take(rows: TypedRows, table: EventsTable, plan: ImportPlan, draft: Draft, folder: Path) -> None:
    frame = rows.frame
    if frame.height == 0:
        return
    _note_days(frame[TIME], table, plan)
    properties = [name for name in frame.columns if name.startswith("prop:")]
    columns = [
        draft.book.numbers_of(frame[ID]).alias(USER_NO),
        frame[TIME].alias(AT),
        *(folded(frame[p]) if plan.fold_width else frame[p] for p in properties),
    ]
    typed = pl.DataFrame(columns)
    if table.source.event is not None:
        table.spools[table.source.event].add(typed)
    else:
        parts = typed.with_columns(frame[EVENT]).partition_by(EVENT, as_dict=True, include_key=False)
        for (event,), part in sorted(parts.items(), key=lambda item: str(item[0][0])):
            spool = table.spools.get(str(event))
            if spool is None:
                if len(table.spools) == MAX_EVENT_KINDS:
                    raise ImportRefused(
                        Problem(
                            "too_many_events",
                            params={"column": table.source.event_column, "limit": MAX_EVENT_KINDS},
                        )
                    )
                spool = table.spools[str(event)] = EventSpool(folder / str(len(table.spools)))
            spool.add(part)
    if sum(spool.held_bytes for spool in table.spools.values()) > BUFFER_BYTES:
        for spool in table.spools.values():
            spool.lay_down()


def _note_days(times: pl.Series, table: EventsTable, plan: ImportPlan) -> None:
    ends = local_days(pl.Series([times.min(), times.max()], dtype=times.dtype), plan.zone)
    first, last = ends[0], ends[1]
    table.first_day = first if table.first_day is None else min(table.first_day, first)
    table.last_day = last if table.last_day is None else max(table.last_day, last)


def _describe(table: EventsTable, reader: SourceReader) -> None:
    """Fill in the types and the report's columns."""
    source = table.source
    reports: list[ColumnReport] = []
    for key, prop in source.properties.items():
        output = property_column(key)
        table.kinds[output] = reader.kinds[output]
        table.declared[output] = prop.type or source.columns.get(prop.column or key)
        reports.append(_report(table, output, reader.column_of(output), reader.is_inferred(output)))
    if source.amount is not None:
        output = property_column(AMOUNT)
        table.kinds[output] = Kind.NUMBER
        table.declared[output] = TagType.NUMBER
        reports.append(_report(table, output, source.amount, inferred=False))
    table.columns = tuple(reports)


def _report(table: EventsTable, output: str, name: str, inferred: bool) -> ColumnReport:
    stats = ColumnStats()
    for spool in table.spools.values():
        if output in spool.stats:
            stats.merge(spool.stats[output])
    tag_type = table.declared[output] or tag_type_of(table.kinds[output], stats.distinct, stats.present)
    return column_report(name, tag_type, stats, inferred=inferred)
