"""A list of people as a file: masked or revealed, safe to open in a spreadsheet, with its manifest."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]

from core.audiences.masking import masked
from core.audiences.records import Actor, ExportRecord, Header, Purpose
from core.audiences.spreadsheet import neutralised, neutralised_texts
from core.messages import say
from core.schema import USER_ID, Catalogue, Label

MAX_XLSX_ROWS = 100_000
MULTI_SEPARATOR = "|"
_USER_ID_LABEL = Label(zh="用户编号", en="User ID")
_EXACT = 2**53
_MAX_NAME_BYTES = 150


def list_table(
    frame: pl.DataFrame, fields: Sequence[str], catalogue: Catalogue, *, purpose: Purpose, header: Header
) -> pl.DataFrame:
    """Return the table as it will stand in the file, ``user_id`` first.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per person: ``user_id`` and every field, dtypes as in `core.schema.TAG_DTYPES`.

    Returns
    -------
    polars.DataFrame
        Text is neutralised, personal fields are masked for analysis, several values are joined by ``|``,
        numbers that are all whole are Int64. Missing values stay missing.
    """
    columns = [neutralised(pl.col(USER_ID))]
    for key in fields:
        columns.append(_cell(frame[key], key, catalogue, purpose))
    table = frame.select(columns)
    return table.rename(dict(zip(table.columns, _header(fields, catalogue, header), strict=True)))


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write UTF-8 with a byte order mark, by which spreadsheet programs know Chinese."""
    table.write_csv(path, include_bom=True)


def write_xlsx(table: pl.DataFrame, path: Path) -> None:
    """Write a workbook with one sheet; text cells are text, so that ids and phones keep every digit."""
    # The rows pass through a file of their own; it must not stay behind in a folder that others read.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        book = xlsxwriter.Workbook(
            path,
            {
                "constant_memory": True, "tmpdir": folder, "strings_to_formulas": False,
                "strings_to_urls": False, "strings_to_numbers": False,
            },
        )  # fmt: skip
        text, day, bold = (
            book.add_format({"num_format": "@"}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
            book.add_format({"num_format": "@", "bold": True}),
        )
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 1)
        for place, (name, dtype) in enumerate(table.schema.items()):
            sheet.set_column(place, place, 18, text if dtype == pl.String else None)
            sheet.write_string(0, place, name, bold)
        for line, row in enumerate(table.iter_rows(), start=1):
            for place, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(line, place, value[:32_767], text)
                elif isinstance(value, bool):
                    sheet.write_boolean(line, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, day)
                else:
                    sheet.write_number(line, place, value)
        book.close()


def manifest(
    record: ExportRecord,
    catalogue: Catalogue,
    *,
    rule: Mapping[str, Any],
    is_rule_masked: bool,
    size: int,
) -> dict[str, Any]:
    """Return what is written beside a list, JSON-ready: what it holds, of which data, made by whom and why.

    Parameters
    ----------
    rule : mapping
        In JSON form, as shown in the manifest.
    size : int
        Bytes of the list.
    """
    return {
        "file": record.file_name,
        "format": record.format,
        "bytes": size,
        "sha256": record.sha256,
        "rows": record.rows,
        "fields": [USER_ID, *record.fields],
        "labels": {key: dict(catalogue.tags[key].label.as_text()) for key in record.fields},
        "masked": [
            key
            for key in record.fields
            if catalogue.tags[key].personal is not None and key not in record.revealed
        ],
        "revealed": list(record.revealed),
        "audience": record.audience_name,
        "purpose": record.purpose,
        "reason": record.reason,
        "rule": dict(rule),
        "rule_masked": is_rule_masked,
        "sentence": record.sentence,
        **({} if record.people is None else {"people": record.people}),
        "as_of": record.as_of.isoformat(),
        "data_version": record.data_version,
        "made_at": record.at.isoformat(timespec="seconds"),
        "made_by": _who(record.by),
        "export_id": record.id,
    }


def write_manifest(content: Mapping[str, Any], path: Path) -> None:
    """Write a manifest as JSON for people and programs."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def file_stem(audience_name: str | None, as_of: date) -> str:
    """Return the name of a list's file, without its ending: the audience and the day, safe on any system."""
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]+', "_", audience_name or "audience").strip(" ._") or "audience"
    return f"{name.encode()[:_MAX_NAME_BYTES].decode(errors='ignore')}-{as_of.isoformat()}"


def sha256_of(path: Path) -> str:
    """Return the checksum of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cell(values: pl.Series, key: str, catalogue: Catalogue, purpose: Purpose) -> pl.Expr:
    column, personal = pl.col(key), catalogue.tags[key].personal
    if personal is not None and purpose == "analysis":
        return neutralised(masked(column, values.dtype, personal)).alias(key)
    if isinstance(values.dtype, pl.List):
        return neutralised(column.list.join(MULTI_SEPARATOR)).alias(key)
    if values.dtype == pl.String:
        return neutralised(column).alias(key)
    if values.dtype.is_float() and _is_whole(values):
        return column.cast(pl.Int64)
    return column


def _is_whole(values: pl.Series) -> bool:
    present = values.drop_nulls()
    return bool(((present == present.round(0)) & (present.abs() < _EXACT)).all())


def _header(fields: Sequence[str], catalogue: Catalogue, header: Header) -> list[str]:
    if header == "key":
        return neutralised_texts([USER_ID, *fields])
    labels = [_USER_ID_LABEL, *(catalogue.tags[key].label for key in fields)]
    names = [label.as_text()[header] for label in labels]
    # Two tags may share a label; a table's columns may not.
    keyed = [
        f"{name} ({key})" if names.count(name) > 1 else name
        for name, key in zip(names, (USER_ID, *fields), strict=True)
    ]
    return neutralised_texts(keyed)


def _who(actor: Actor) -> dict[str, Any]:
    who: dict[str, Any] = {"name": actor.name, "verified": actor.verified}
    if not actor.verified:
        who["note"] = say("name_not_verified")
    return who
