"""Values of a tag in a file, or typed in: for whom they are, what they are, and what cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from core.audiences import list_files
from core.audiences.list_files import comparable, kind_of, known_values, opened, said_of_a_list
from core.errors import ListRefused, Problem
from core.ingest.values import KIND_OF, Kind, Reading, as_text, misfits, present, typed
from core.lake.tables import Tables
from core.messages import say
from core.rules.makings import MOST_VALUES
from core.schema import TAG_DTYPES, USER_NO, TagType

MOST_ROWS = 10_000_000
VALUE, SINCE, UNTIL = "value", "since", "until"
_LINE, _WHO, _GIVEN, _UNTIL = "\0line", "\0who", "\0value", "\0until"
_FAULT = "fault"
# Days are read as imports read them; values have no instants, so the zone makes no difference.
_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class GivenFound:
    """What was found in a file, or in what was typed.

    Attributes
    ----------
    rows : int
        Rows that were read.
    values : polars.DataFrame
        One row per user: ``user_no``, ``value`` (the tag's dtype), ``since``, ``until`` (Date; null = for
        ever).
    duplicates : int
        Rows that a later row of the same user replaced.
    refused : polars.DataFrame
        ``line``, ``who`` and ``fault`` (``unknown``, ``value`` or ``until``) of the rows that cannot be
        used, as they were written.
    """

    rows: int
    values: pl.DataFrame
    duplicates: int
    refused: pl.DataFrame


@dataclass(frozen=True)
class GivenColumns:
    """Which columns of a file hold what.

    Attributes
    ----------
    who : str
        For whom the value is.
    value : str or None
        None = all get the same.
    until : str or None
        The last day on which the value holds; None = the same for all.
    """

    who: str
    value: str | None = None
    until: str | None = None


def read_file(
    path: Path, shown: str, tables: Tables, kind: TagType, columns: GivenColumns, *, match: str,
    value: Any, since: date, until: date | None, is_folded: bool,
) -> GivenFound:  # fmt: skip
    """Return the values in a file.

    Parameters
    ----------
    match : str
        By what users are found, as for lists: ``id``, the key of a personal tag, or ``auto``.
    value : object
        What all get where no column says it; fits `kind`.
    until : datetime.date or None
        The last day where no column says it, and in cells of that column that are empty.

    Raises
    ------
    ListRefused
        If the file is empty, too large, damaged, or has no such column.
    """
    origin = opened(path, shown)
    wanted = [name for name in (columns.who, columns.value, columns.until) if name is not None]
    for name in wanted:
        if name not in origin.columns:
            raise list_files.no_such_column(name, shown, origin.columns)
    pieces: list[pl.DataFrame] = []
    rows = 0
    with said_of_a_list(shown):
        for chunk in origin.chunks(list(dict.fromkeys(wanted))):
            rows += chunk.frame.height
            if rows > MOST_ROWS:
                params = {"file": shown, "limit": f"{MOST_ROWS:,}"}
                raise ListRefused(Problem("list_too_many_rows", params=params))
            cells = {
                _WHO: chunk.frame[columns.who],
                **({} if columns.value is None else {_GIVEN: chunk.frame[columns.value]}),
                **({} if columns.until is None else {_UNTIL: chunk.frame[columns.until]}),
            }
            texts = [as_text(present(cell, ())).alias(name) for name, cell in cells.items()]
            pieces.append(pl.DataFrame([pl.Series(_LINE, chunk.lines, dtype=pl.Int64), *texts]))
    if not pieces or not rows:
        raise ListRefused(Problem("list_file_without_rows", params={"file": shown}))
    written = pl.concat(pieces).filter(pl.col(_WHO).is_not_null())
    return _found(
        written, tables, kind, match=match, value=value, since=since, until=until, is_folded=is_folded
    )


def read_typed(
    who: Sequence[str], values: Sequence[str], tables: Tables, kind: TagType, *, since: date,
    until: Sequence[date | None], is_folded: bool,
) -> GivenFound:  # fmt: skip
    """Return the values that were typed in for users by id, in text as they would stand in a file."""
    written = pl.DataFrame(
        {
            _LINE: pl.Series(range(1, len(who) + 1), dtype=pl.Int64),
            _WHO: pl.Series(who, dtype=pl.String),
            _GIVEN: pl.Series(values, dtype=pl.String),
            _UNTIL: pl.Series([None if day is None else day.isoformat() for day in until], dtype=pl.String),
        }
    )
    return _found(
        written, tables, kind, match=list_files.ID, value=None, since=since, until=None, is_folded=is_folded
    )


def one_value(text: str, kind: TagType) -> Any:
    """Return the one value that all get, written as it would stand in a file.

    Raises
    ------
    ListRefused
        If it does not fit the type.
    """
    read = typed(pl.Series([text.strip()], dtype=pl.String), Reading(VALUE, KIND_OF[kind], _ZONE, _ZONE))
    found = read.cast(TAG_DTYPES[kind]).to_list()[0]
    if found is None or text.strip() == "":
        raise ListRefused(
            Problem("tag_value_unfit", "value", {"given": text[:80], "type": say(f"type_{kind}")})
        )
    return found


def refuse_too_many(values: pl.Series, kind: TagType) -> None:
    """Refuse more different values than a list of them may have; text and numbers are no lists.

    Raises
    ------
    ListRefused
        With how many there are.
    """
    if kind not in (TagType.ENUM, TagType.MULTI):
        return
    each = values.explode(empty_as_null=False) if kind is TagType.MULTI else values
    distinct = each.drop_nulls().n_unique()
    if distinct > MOST_VALUES:
        params = {"values": f"{distinct:,}", "limit": f"{MOST_VALUES:,}"}
        raise ListRefused(Problem("tag_too_many_values", params=params))


def _found(
    written: pl.DataFrame, tables: Tables, kind: TagType, *, match: str, value: Any, since: date,
    until: date | None, is_folded: bool,
) -> GivenFound:  # fmt: skip
    users, way = _users(written[_WHO], tables, match, is_folded=is_folded)
    rows = written.with_columns(
        comparable(written[_WHO], kind_of(way, tables.catalogue), is_folded=is_folded).alias("#key")
    ).join(users, on="#key", how="left", maintain_order="left")
    rows = rows.with_columns(*_values(rows, kind, value), *_days(rows, until))
    fault = (
        pl.when(pl.col(USER_NO).is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("#bad value") | pl.col(VALUE).is_null())
        .then(pl.lit(VALUE))
        .when(pl.col("#bad until") | (pl.col(UNTIL) < pl.lit(since)))
        .then(pl.lit(UNTIL))
    )
    rows = rows.with_columns(fault.alias(_FAULT))
    good = rows.filter(pl.col(_FAULT).is_null())
    last = good.unique(USER_NO, keep="last", maintain_order=True)
    refused = rows.filter(pl.col(_FAULT).is_not_null())
    return GivenFound(
        rows=written.height,
        values=last.select(USER_NO, VALUE, pl.lit(since).alias(SINCE), UNTIL),
        duplicates=good.height - last.height,
        refused=refused.select(pl.col(_LINE).alias("line"), pl.col(_WHO).alias("who"), _FAULT),
    )


def _users(written: pl.Series, tables: Tables, match: str, *, is_folded: bool) -> tuple[pl.DataFrame, str]:
    """Return the users by what they are looked up by: of several ways, the one with most hits."""
    best: tuple[int, pl.DataFrame, str] | None = None
    for way in list_files.ways_tried(match, tables.catalogue):
        known = known_values(way, tables, is_folded=is_folded)
        known = known.rename({known.columns[0]: "#key"}).unique("#key", keep="none")
        asked = comparable(written, kind_of(way, tables.catalogue), is_folded=is_folded)
        hits = int(asked.is_in(known["#key"].implode()).fill_null(False).to_numpy().sum())
        if best is None or hits > best[0]:
            best = (hits, known, way)
    if best is None:
        raise ValueError("nothing to look users up by")
    return best[1], best[2]


def _values(rows: pl.DataFrame, kind: TagType, value: Any) -> list[pl.Series]:
    if _GIVEN not in rows.columns:
        same = pl.Series(VALUE, [value], dtype=TAG_DTYPES[kind])
        return [
            same.new_from_index(0, rows.height),
            pl.Series("#bad value", [False]).new_from_index(0, rows.height),
        ]
    raw = rows[_GIVEN]
    reading = KIND_OF[kind]
    values = typed(raw, Reading(_GIVEN, reading, _ZONE, _ZONE))
    return [values.cast(TAG_DTYPES[kind]).alias(VALUE), _bad(raw, values, reading).alias("#bad value")]


def _days(rows: pl.DataFrame, until: date | None) -> list[pl.Series]:
    if _UNTIL not in rows.columns:
        same = pl.Series(UNTIL, [until], dtype=pl.Date)
        return [
            same.new_from_index(0, rows.height),
            pl.Series("#bad until", [False]).new_from_index(0, rows.height),
        ]
    raw = rows[_UNTIL]
    days = typed(raw, Reading(_UNTIL, Kind.DAY, _ZONE, _ZONE))
    bad = _bad(raw, days, Kind.DAY).alias("#bad until")
    filled = days if until is None else days.fill_null(until)
    return [filled.alias(UNTIL), bad]


def _bad(raw: pl.Series, values: pl.Series, reading: Kind) -> pl.Series:
    found = misfits(raw, values, reading)
    return pl.Series([False]).new_from_index(0, len(raw)) if found is None else found
