"""A file of ids, phones or e-mails looked up among the users: who is on the list, and whom nobody knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from core.audiences.masking import mask
from core.audiences.spreadsheet import neutralised, neutralised_texts
from core.errors import ImportRefused, ListRefused, PlanError, Problem, nearest_name
from core.ingest.origins import Files
from core.ingest.plan import FileSource
from core.ingest.values import as_text, fold_width, present
from core.lake.tables import Tables
from core.schema import USER_ID, USER_NO, Catalogue, Personal, tag_column

MAX_BYTES = 200 << 20
MAX_ROWS = 10_000_000
MOST_EXAMPLES = 5
AUTO, ID = "auto", "id"

# Personal fields by which one person is told from another; several people share a name or an address.
_TELLING: frozenset[Personal] = frozenset({"phone", "email", "id"})
# No column of a text file can bear these names.
_LINE, _VALUE, _WRITTEN = "\0line", "\0value", "\0written"
# One phone is written in many ways: with blanks, hyphens and brackets, with and without China's country code.
_BETWEEN_DIGITS = r"[\s().-]"
_WITH_CODE = r"^(?:\+|00)?86(1\d{10})$"
# What the readers of an import say, said of a list.
_RETOLD: Mapping[str, str] = {"empty_file": "list_file_empty", "undecodable": "list_undecodable"}


@dataclass(frozen=True)
class Found:
    """What looking up a file found; the numbers are those of `core.audiences.records.PeopleList`.

    Attributes
    ----------
    column : str
        The column that was looked up.
    match : str
        What with: ``id`` or the key of a tag.
    personal : str or None
        The kind of that tag.
    people : polars.Series
        ``user_no`` of everyone on the list.
    unmatched : polars.DataFrame
        Line and value of the values that no user has, each where it stands first; see `unmatched_table`.
    """

    column: str
    match: str
    personal: Personal | None
    rows: int
    empty: int
    duplicates: int
    matched: int
    unreadable: int
    people: pl.Series
    unmatched: pl.DataFrame

    @property
    def examples(self) -> tuple[str, ...]:
        """The first unmatched values, masked where the tag is personal or they look as if they were."""
        values = self.unmatched[_VALUE].head(MOST_EXAMPLES).to_list()
        return tuple(
            hidden(value) if self.personal is None else mask(value, self.personal) for value in values
        )

    def unmatched_table(self) -> pl.DataFrame:
        """Return the unmatched rows, ``line`` and the column, safe to open in a spreadsheet."""
        name = self.column if self.column != "line" else "line (2)"
        (name,) = neutralised_texts([name])
        return self.unmatched.select(pl.col(_LINE).alias("line"), neutralised(pl.col(_VALUE)).alias(name))


def ways(catalogue: Catalogue) -> tuple[str, ...]:
    """Return what the values of a file may be looked up by: ``id``, and tags that tell people apart."""
    tags = catalogue.tags.values()
    return (ID, *(tag.key for tag in tags if tag.computed is None and tag.personal in _TELLING))


def columns_of(path: Path, shown: str) -> tuple[str, ...]:
    """Return the columns of a file.

    Raises
    ------
    ListRefused
        If it is empty, too large or damaged.
    """
    return opened(path, shown).columns


def look_up(
    path: Path, shown: str, tables: Tables, *, column: str | None, match: str, is_folded: bool
) -> Found:
    """Look up the values of a file among the users of a data version.

    Ids are compared exactly; what is marked personal without the spaces around it, phones without what is
    written between digits and without China's country code, e-mails whatever the case of their letters.

    Parameters
    ----------
    path : pathlib.Path
        The file: whatever an import reads.
    shown : str
        Its name for messages.
    column : str or None
        None = the column with most hits. A first row that is itself a hit is then a row and no header.
    match : str
        ``id``, the key of a personal tag, or ``auto`` for the one with most hits.
    is_folded : bool
        Whether the import folded full-width and half-width forms.

    Raises
    ------
    ListRefused
        If the file is empty, too large, damaged, has no such column, or nothing in it is known.
    """
    tried = ways_tried(match, tables.catalogue)
    columns, cells, unreadable = _read(path, shown, column)
    known = {way: known_values(way, tables, is_folded=is_folded) for way in tried}
    kinds = {way: kind_of(way, tables.catalogue) for way in tried}
    best: tuple[tuple[int, bool], str, str, pl.DataFrame] | None = None
    for name in columns:
        given = cells.select(pl.col(_LINE), pl.col(name).alias(_VALUE))
        header = None if column is not None else pl.DataFrame({_LINE: [1], _VALUE: [name]})
        for way in tried:
            rows = _rows(given, header, known[way], kinds[way], is_folded=is_folded)
            hits = rows.unique(_VALUE).join(known[way], on=_VALUE, how="semi").height
            # A column without values is the last that is told of.
            worth = (hits, rows[_VALUE].null_count() < rows.height)
            if best is None or worth > best[0]:
                best = (worth, name, way, rows)
    if best is None or not best[0][1]:
        raise ListRefused(Problem("list_file_without_rows", params={"file": shown}))
    (hits, _), name, way, rows = best
    distinct = rows.drop_nulls(_VALUE).unique(_VALUE, keep="first", maintain_order=True)
    found = Found(
        column=name,
        match=way,
        personal=kinds[way],
        rows=rows.height,
        empty=rows[_VALUE].null_count(),
        duplicates=rows.height - rows[_VALUE].null_count() - distinct.height,
        matched=hits,
        unreadable=unreadable,
        people=known[way].join(distinct, on=_VALUE, how="semi")[USER_NO].unique().sort(),
        unmatched=distinct.join(known[way], on=_VALUE, how="anti", maintain_order="left").select(
            _LINE, pl.col(_WRITTEN).alias(_VALUE)
        ),
    )
    if not hits:
        raise _nothing_matched(found, shown, tried)
    return found


def ways_tried(match: str, catalogue: Catalogue) -> tuple[str, ...]:
    """Return what values are looked up by; raises ListRefused where there is no such way."""
    allowed = ways(catalogue)
    if match == AUTO:
        return allowed
    if match not in allowed:
        choices = (AUTO, *allowed)
        nearest = nearest_name(match, choices)
        raise ListRefused(
            Problem("list_match_unknown", None, {"given": match, "allowed": choices}, choices, nearest)
        )
    return (match,)


def _read(path: Path, shown: str, column: str | None) -> tuple[Sequence[str], pl.DataFrame, int]:
    """Return the columns to look at, their cells as text with their lines, and how many rows are broken."""
    origin = opened(path, shown)
    columns = origin.columns if column is None else (column,)
    if column is not None and column not in origin.columns:
        raise no_such_column(column, shown, origin.columns)
    with said_of_a_list(shown):
        pieces = list(_pieces(origin, columns, shown))
    schema = {_LINE: pl.Int64(), **dict.fromkeys(columns, pl.String())}
    cells = pl.concat([piece for piece, _ in pieces]) if pieces else pl.DataFrame(schema=schema)
    return columns, cells, sum(bad for _, bad in pieces)


def opened(path: Path, shown: str) -> Files:
    """Return a file that can be read piece by piece; one that is too large or damaged is refused."""
    with said_of_a_list(shown):
        if path.stat().st_size > MAX_BYTES:
            params = {"file": shown, "limit": MAX_BYTES >> 20}
            raise ListRefused(Problem("list_file_too_large", params=params))
        return Files(shown, [(path, shown)], FileSource(source=shown))


@contextmanager
def said_of_a_list(shown: str) -> Iterator[None]:
    """Turn what the system and an import's readers say of a file into a `ListRefused`."""
    try:
        yield
    except FileNotFoundError as error:
        raise ListRefused(Problem("list_file_missing", params={"file": shown})) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise ListRefused(Problem("file_unreadable", params={"file": shown, "why": why})) from error
    except (ImportRefused, PlanError) as error:
        told = [replace(p, code=_RETOLD.get(p.code, p.code), node=None) for p in error.problems]
        raise ListRefused(told) from error


def _pieces(origin: Files, columns: Sequence[str], shown: str) -> Iterator[tuple[pl.DataFrame, int]]:
    rows = 0
    for chunk in origin.chunks(columns):
        rows += chunk.frame.height
        if rows > MAX_ROWS:
            raise ListRefused(Problem("list_too_many_rows", params={"file": shown, "limit": f"{MAX_ROWS:,}"}))
        texts = [as_text(present(chunk.frame[name], ())) for name in columns]
        yield pl.DataFrame([pl.Series(_LINE, chunk.lines, dtype=pl.Int64), *texts]), len(chunk.bad)


def known_values(way: str, tables: Tables, *, is_folded: bool) -> pl.DataFrame:
    """Return every value that a user has, with the user's number."""
    if way == ID:
        keys = tables.keys().select(pl.col(USER_ID).alias(_VALUE), USER_NO)
        return keys.join(tables.users([USER_NO]), on=USER_NO, how="semi")
    column = tag_column(way)
    users = tables.users([USER_NO, column])
    if isinstance(users.schema[column], pl.List):
        users = users.explode(column)
    values = comparable(as_text(users[column]), kind_of(way, tables.catalogue), is_folded=is_folded)
    return pl.DataFrame([values.alias(_VALUE), users[USER_NO]]).drop_nulls(_VALUE)


def kind_of(way: str, catalogue: Catalogue) -> Personal | None:
    """Return the kind of personal field by which values are looked up; None = by id."""
    return None if way == ID else catalogue.tags[way].personal


def comparable(values: pl.Series, kind: Personal | None, *, is_folded: bool) -> pl.Series:
    """Return values in the form in which the same one always looks the same."""
    if kind is None:
        return values
    texts = (fold_width(values) if is_folded else values).str.strip_chars()
    if kind == "phone":
        texts = texts.str.replace_all(_BETWEEN_DIGITS, "").str.replace(_WITH_CODE, "$1")
    if kind == "email":
        texts = texts.str.to_lowercase()
    return present(texts, ())


def _rows(
    given: pl.DataFrame, header: pl.DataFrame | None, known: pl.DataFrame, kind: Personal | None,
    *, is_folded: bool,
) -> pl.DataFrame:  # fmt: skip
    """Return the rows as written and in the form that is compared; the header among them if it is known."""

    def both(cells: pl.DataFrame) -> pl.DataFrame:
        compared = comparable(cells[_VALUE], kind, is_folded=is_folded)
        return cells.rename({_VALUE: _WRITTEN}).with_columns(compared.alias(_VALUE))

    rows = both(given)
    if header is None:
        return rows
    first = both(header)
    return pl.concat([first, rows]) if (known[_VALUE] == first[_VALUE].item()).any() else rows


def no_such_column(column: str, shown: str, columns: Sequence[str]) -> ListRefused:
    """Return the error for a column that a file does not have."""
    allowed = tuple(columns)
    params = {"file": shown, "column": column, "columns": allowed}
    return ListRefused(Problem("list_column_missing", None, params, allowed, nearest_name(column, allowed)))


def _nothing_matched(found: Found, shown: str, tried: tuple[str, ...]) -> ListRefused:
    params = {
        "file": shown,
        "column": found.column,
        "values": f"{found.unmatched.height:,}",
        "tried": tried,
        "examples": found.examples,
    }
    return ListRefused(Problem("list_nothing_matched", params=params))


def hidden(value: str) -> str:
    """Return a value of which nobody knows what it is, hidden like what it looks like."""
    if "@" in value:
        return mask(value, "email")
    if re.fullmatch(r"\s*\d{14,17}[\dXx]\s*", value):  # an identity card's, the last character a check
        return mask(value, "id")
    return mask(value, "phone") if re.fullmatch(r"[\d\s+()-]{7,}", value) else value
