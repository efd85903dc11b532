"""Users sources: read, made unique, merged on the id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from core.errors import ImportRefused, PlanError, Problem
from core.ingest.inference import tag_type_of
from core.ingest.plan import ImportPlan, PropertyPlan, TagPlan, UsersSource
from core.ingest.report import ColumnReport
from core.ingest.source import Claim, SourceReader, TypedRows
from core.ingest.stats import ColumnStats
from core.ingest.values import KIND_OF, Kind, Reading, fold_width
from core.lake.draft import Draft
from core.schema import EXISTS_FROM, USER_NO, TagType, tag_column

ID, REGISTERED = "#id", "#registered"
_LINE = "#line"


@dataclass(frozen=True)
class UsersTable:
    """One source of users after reading.

    Attributes
    ----------
    frame : polars.DataFrame
        ``user_no`` (unique), ``exists_from`` where the source names a registered column, and ``tag:<key>``.
    types : dict of str to TagType
        By tag.
    columns : tuple of ColumnReport
    """

    frame: pl.DataFrame
    types: dict[str, TagType]
    columns: tuple[ColumnReport, ...]


def user_claims(plan: ImportPlan, source: UsersSource) -> dict[str, Claim]:
    """Return what is made from a users source's columns."""
    zone = ZoneInfo(source.time_zone) if source.time_zone else plan.zone
    claims = {ID: Claim(Reading(source.id, Kind.TEXT, zone, plan.zone), inferred=False)}
    if source.registered is not None:
        reading = Reading(source.registered, Kind.DAY, zone, plan.zone, time_format=source.registered_format)
        claims[REGISTERED] = Claim(reading, inferred=False)
    for key, tag in source.tags.items():
        column = tag.column or key
        claims[tag_column(key)] = typed_claim(tag.type, column, source.columns, tag, zone, plan.zone)
    return claims


def typed_claim(
    tag_type: TagType | None,
    column: str,
    overrides: dict[str, TagType],
    plan: TagPlan | PropertyPlan,
    zone: ZoneInfo,
    day_zone: ZoneInfo,
) -> Claim:
    """Return the claim of a tag or property: its own type, else the column's override, else inferred."""
    wanted = tag_type or overrides.get(column)
    if wanted is None and plan.time_format is not None:
        wanted = TagType.DATE
    kind = Kind.TEXT if wanted is None else KIND_OF[wanted]
    reading = Reading(column, kind, zone, day_zone, plan.separator, plan.time_format)
    return Claim(reading, inferred=wanted is None)


def read_users(
    reader: SourceReader,
    source: UsersSource,
    draft: Draft,
    *,
    fold: bool,
    tick: Callable[[float], None],
) -> UsersTable:
    """Read one source of users.

    Raises
    ------
    ImportRefused
        If an id stands twice and the plan says ``duplicates = "refuse"``.
    """
    pieces: list[pl.DataFrame] = []

    def gather() -> None:
        pieces.clear()
        for rows in reader.rows():
            kept = reader.refuse_rows(rows, rows.frame[ID].is_null(), "no_id", ID)
            pieces.append(_numbered(kept, draft, fold=fold))
            tick(rows.share)

    reader.settled(gather)
    if not pieces:
        raise ImportRefused(Problem("no_rows", node=reader.node))
    frame = pl.concat(pieces, how="vertical_relaxed")
    frame = _unique(frame, reader, source)
    types: dict[str, TagType] = {}
    reports: list[ColumnReport] = []
    for key, tag in source.tags.items():
        output = tag_column(key)
        stats = ColumnStats()
        stats.add(frame[output])
        inferred = reader.is_inferred(output)
        declared = tag.type or source.columns.get(tag.column or key)
        types[key] = declared or tag_type_of(reader.kinds[output], stats.distinct, stats.present)
        reports.append(column_report(reader.column_of(output), types[key], stats, inferred=inferred))
    return UsersTable(frame.drop(ID, _LINE), types, tuple(reports))


def column_report(name: str, tag_type: TagType, stats: ColumnStats, *, inferred: bool) -> ColumnReport:
    """Return what a column holds, for the report."""
    return ColumnReport(
        name=name,
        type=tag_type,
        inferred=inferred,
        missing=stats.missing,
        distinct=stats.distinct,
        low=stats.low,
        high=stats.high,
    )


def merged_users(
    tables: Sequence[UsersTable],
    event_users: pl.DataFrame,
    *,
    has_registered: bool,
    create: bool,
) -> pl.DataFrame:
    """Return the users table of the version.

    Parameters
    ----------
    tables : sequence of UsersTable
    event_users : polars.DataFrame
        ``user_no`` and ``day`` of the first event of everyone who has one.
    has_registered : bool
        Whether any source names a registered column: then a missing day is the day of the first event, or
        always. Otherwise users of the sources exist always, others from their first event on.
    create : bool
        Whether users known only from events are users.
    """
    numbers = [table.frame.select(USER_NO) for table in tables]
    if create:
        numbers.append(event_users.select(USER_NO))
    users = pl.concat(numbers).unique().sort(USER_NO)
    registered: list[pl.Expr] = []
    for n, table in enumerate(tables):
        frame = table.frame
        if EXISTS_FROM in frame.columns:
            frame = frame.rename({EXISTS_FROM: f"{EXISTS_FROM}:{n}"})
            registered.append(pl.col(f"{EXISTS_FROM}:{n}"))
        users = users.join(frame, on=USER_NO, how="left", maintain_order="left")
    users = users.join(event_users.rename({"day": "#first"}), on=USER_NO, how="left", maintain_order="left")
    if has_registered:
        exists_from = pl.coalesce(pl.min_horizontal(*registered), pl.col("#first"))
    else:
        known = pl.concat([pl.Series([], dtype=pl.UInt32()), *(t.frame[USER_NO] for t in tables)])
        in_sources = pl.col(USER_NO).is_in(known.implode()) if known.len() else pl.lit(False)
        exists_from = pl.when(~in_sources).then(pl.col("#first"))
    tags = [column for column in users.columns if column.startswith("tag:")]
    return users.select(USER_NO, exists_from.cast(pl.Date()).alias(EXISTS_FROM), *tags).sort(USER_NO)


def check_claims(plan: ImportPlan) -> None:
    """Refuse tags that two sources, or a source and a computed tag, both claim."""
    claimed: dict[str, str] = {}
    problems: list[Problem] = []
    for n, source in enumerate(plan.users):
        for key in source.tags:
            if key in claimed:
                problems.append(
                    Problem(
                        "tag_claimed_twice",
                        node=f"users[{n}].tags.{key}",
                        params={"tag": key, "first": claimed[key], "second": f"users[{n}]"},
                    )
                )
            claimed.setdefault(key, f"users[{n}]")
    problems += [
        Problem(
            "tag_claimed_twice",
            node=f"tags.{key}",
            params={"tag": key, "first": claimed[key], "second": f"tags.{key}"},
        )
        for key in plan.tags
        if key in claimed
    ]
    if problems:
        raise PlanError(problems)


def _numbered(rows: TypedRows, draft: Draft, *, fold: bool) -> pl.DataFrame:
    frame = rows.frame
    numbers = draft.book.numbers_of(frame[ID])
    columns = [numbers.alias(USER_NO), frame[ID], pl.Series(_LINE, rows.lines)]
    if REGISTERED in frame.columns:
        columns.append(frame[REGISTERED].alias(EXISTS_FROM))
    for name in frame.columns:
        if name.startswith("tag:"):
            columns.append(folded(frame[name]) if fold else frame[name])
    return pl.DataFrame(columns)


def folded(values: pl.Series) -> pl.Series:
    """Return texts with full- and half-width forms folded; other types unchanged."""
    if values.dtype in (pl.String(), pl.List(pl.String())):
        return fold_width(values)
    return values


def _unique(frame: pl.DataFrame, reader: SourceReader, source: UsersSource) -> pl.DataFrame:
    """Return one row per user, as the source's `duplicates` says."""
    again = frame.height - frame[USER_NO].n_unique()
    if again == 0:
        return frame
    if source.duplicates == "refuse":
        twice = frame.filter(pl.col(USER_NO).is_duplicated())
        first = twice.filter(pl.col(USER_NO) == twice[USER_NO][0])
        raise ImportRefused(
            Problem(
                "duplicate_ids",
                node=reader.node,
                params={
                    "count": twice[USER_NO].n_unique(),
                    "id": first[ID][0],
                    "lines": [str(line) for line in first[_LINE].head(3)],
                    "source": source.source or reader.node,
                },
            )
        )
    reader.tally.duplicates += again
    return frame.unique(USER_NO, keep=source.duplicates, maintain_order=True)
