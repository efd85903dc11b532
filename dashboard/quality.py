"""The quality report of an import as tables in the session's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from core.audiences.masking import mask
from core.ingest import ColumnReport, ImportReport, Reject, SourceReport
from core.lake.versions import DataVersion
from core.messages import say
from core.schema import Personal
from dashboard.i18n import pick, t

REJECTS_SHOWN = 50


Rows = tuple[Sequence[str], list[Sequence[str]]]
"""Heads of columns, and rows of cells."""


def facts_of(report: ImportReport) -> list[str]:
    """Return the range of days and how long it took, in words."""
    facts = [t("data.report.seconds", seconds=report.seconds)]
    if report.first_day is not None and report.last_day is not None:
        facts.insert(0, t("data.report.days", first=report.first_day, last=report.last_day))
    return facts


def source_names(report: ImportReport, version: DataVersion) -> list[str]:
    """Return what each source is called: its file and, for events of one kind, which kind."""
    return [_source_name(source, version) for source in report.sources]


def sources_rows(report: ImportReport, names: Sequence[str]) -> Rows:
    """Return one row per source: rows read, used, refused, filtered, duplicates."""
    heads = ("source", "kind", "rows", "kept", "refused", "filtered", "duplicates")
    return [t(f"data.report.{head}") for head in heads], [
        (
            name,
            t(f"data.kind.{source.kind}"),
            *(
                f"{number:,}"
                for number in (
                    source.rows_read,
                    source.rows_used,
                    source.rows_refused,
                    source.rows_filtered,
                    source.duplicates,
                )
            ),
        )
        for source, name in zip(report.sources, names, strict=True)
    ]


def columns_table(source: SourceReport) -> pl.DataFrame:
    """Return one row per column: type, missing (number, share of the used rows), distinct, range."""
    return pl.DataFrame(
        [
            {
                t("data.report.column"): column.name,
                t("data.report.type"): t(f"data.type.{column.type.value}"),
                t("data.report.missing"): column.missing,
                t("data.report.missing_share"): column.missing / source.rows_used
                if source.rows_used
                else None,
                t("data.report.distinct"): column.distinct,
                t("data.report.range"): _range(column),
            }
            for column in source.columns
        ],
        schema_overrides={t("data.report.missing_share"): pl.Float64, t("data.report.range"): pl.String},
    )


def rejects_rows(report: ImportReport, personal: Mapping[str, Personal]) -> Rows:
    """Return the first refused rows: file, line, column, reason.

    Parameters
    ----------
    personal : mapping
        Columns whose values are masked, as `personal_columns` finds them.
    """
    heads = ("file", "line", "column", "reason")
    return [t(f"data.report.{head}") for head in heads], [
        (reject.file, f"{reject.line:,}", reject.column or "", _reason(reject, personal))
        for reject in report.rejects[:REJECTS_SHOWN]
    ]


def personal_columns(version: DataVersion) -> dict[str, Personal]:
    """Return the columns that the version's plan marks as personal, with their kind; the ids are none."""
    return {
        tag.get("column") or key: tag["personal"]
        for source in version.plan.get("users", ())
        for key, tag in source.get("tags", {}).items()
        if tag.get("personal") is not None
    }


def refused_rows(report: ImportReport) -> int:
    """Return how many rows of all sources could not be read."""
    return sum(source.rows_refused for source in report.sources)


def _source_name(source: SourceReport, version: DataVersion) -> str:
    origin = t(f"data.origin.{source.origin}") if source.origin in ("query", "database") else source.origin
    place = re.fullmatch(r"events\[(\d+)\]", source.source)
    key = version.plan["events"][int(place[1])].get("event") if place else None
    if key is None or key not in version.catalogue.events:
        return origin
    return t("data.report.source_of", origin=origin, event=version.catalogue.events[key].label)


def _reason(reject: Reject, personal: Mapping[str, Personal]) -> str:
    value = reject.value or ""
    kind = personal.get(reject.column or "")
    shown = value if kind is None else mask(value, kind)
    return pick(say(f"reject_{reject.reason}", column=reject.column or "", value=shown))


def _range(column: ColumnReport) -> str | None:
    if column.low is None or column.high is None:
        return None
    low, high = _end(column.low), _end(column.high)
    return low if low == high else t("data.report.from_to", low=low, high=high)


def _end(end: float | date) -> str:
    return end.isoformat() if isinstance(end, date) else f"{end:,.6g}"
