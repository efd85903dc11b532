"""Sheets and figures as words: what the browser draws, and the rows of the download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from core.analytics.asking import Figure
from core.analytics.sheets import Kind, Sheet, Value
from core.audiences.spreadsheet import neutralised, neutralised_texts
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import written

Link = Callable[[Sheet, int, str], str]
"""From a sheet, a row and the key of a column to the address that opens the figure there."""


def sheet_data(sheet: Sheet, *, link: Link) -> dict[str, Any]:
    """Return a sheet as the component draws it."""
    return {
        "caption": pick(sheet.title),
        "columns": [{"text": pick(column.label), "kind": column.kind} for column in sheet.columns],
        "rows": [
            [
                cell(value, column.kind, link, (sheet, row, column.key))
                for value, column in zip(values, sheet.columns, strict=True)
            ]
            for row, values in enumerate(sheet.rows)
        ],
    }


def cell(value: Value, kind: Kind, link: Link, at: tuple[Sheet, int, str]) -> dict[str, Any]:
    """Return one value as a cell; a figure of somebody is a link."""
    text = written(value, kind)
    if not isinstance(value, Figure) or not value.users:
        return {"text": text}
    return {"text": text, "href": link(*at), "title": t("analyses.open", n=f"{value.users:,}")}


def table_of(sheet: Sheet) -> pl.DataFrame:
    """Return a sheet as a plain table in the language of the session: figures as numbers of users."""
    heads = _distinct([pick(column.label) for column in sheet.columns])
    columns = {head: [_plain(row[place]) for row in sheet.rows] for place, head in enumerate(heads)}
    return pl.DataFrame(columns, strict=False)


def as_csv(table: pl.DataFrame) -> bytes:
    """Return a table as CSV for spreadsheets: with BOM, and cells that they would run made text."""
    heads = dict(zip(table.columns, neutralised_texts(table.columns), strict=True))
    texts = [neutralised(pl.col(name)) for name, dtype in table.schema.items() if dtype == pl.String()]
    return table.with_columns(texts).rename(heads).write_csv(include_bom=True).encode()


def _plain(value: Value) -> Any:
    if isinstance(value, Figure):
        return value.users
    return pick(value) if isinstance(value, dict) else value


def _distinct(heads: Sequence[str]) -> list[str]:
    """Return heads of columns, those that occur again with their place."""
    return [head if heads.index(head) == place else f"{head} {place + 1}" for place, head in enumerate(heads)]
