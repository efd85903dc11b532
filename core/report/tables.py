"""Tables of the report: they fit the page, whatever they hold, and repeat their heads on the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.analytics.sheets import Sheet
from core.analytics.wording import RIGHT, Wording
from core.report.svg import clean, width_of

MOST_ROWS = 60
WIDTH = 680.0
NARROW = 318.0
"""Two tables as narrow as this stand side by side."""
_STEPS = 10
_SIZES = ((12.0, 16.0, 190.0), (11.0, 12.0, 150.0), (10.0, 8.0, 110.0))
"""Of type, the room beside it in a cell, and how wide texts are before they break: the first that fits."""
_WHOLE = 7.0
"""Names as wide as so many characters of 中文 are never broken."""
_SHORT_HEAD = 4.0
"""Nor are heads of so many."""
_SHORT_TABLE = 10
"""A table of so many rows is not cut in two by the end of a page."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    kind : {"text", "date", "number", "heat"}
    under : str
        What stands below, smaller.
    heat : float or None
        How much of the accent there is behind it, between 0 and 1; None = none.
    is_young : bool
        Whether it may still grow.
    """

    words: str
    kind: str = "number"
    under: str = ""
    heat: float | None = None
    is_young: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: its heads, its rows with as many cells each, and how many columns name a row."""

    caption: str
    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    leads: int


def grid_of(sheet: Sheet, words: Wording) -> Grid:
    """Return a sheet of an analysis as it is written, with at most `MOST_ROWS` rows."""
    kinds = [
        "number" if column.kind in RIGHT else "date" if column.kind == "date" else "text"
        for column in sheet.columns
    ]
    heads = tuple(
        Cell(words.pick(column.label), kind) for column, kind in zip(sheet.columns, kinds, strict=True)
    )
    rows = tuple(
        tuple(
            Cell(words.written(value, column.kind), kind)
            for value, column, kind in zip(row, sheet.columns, kinds, strict=True)
        )
        for row in sheet.rows[:MOST_ROWS]
    )
    leads = next((n for n, kind in enumerate(kinds) if kind == "number"), len(kinds))
    return Grid(words.pick(sheet.title), heads, rows, max(leads, 1))


def sheet_html(sheet: Sheet, words: Wording, more: Callable[[int], str]) -> str:
    """Return a sheet with its title.

    Parameters
    ----------
    more : callable (rows left out) -> str
        What is said, as markup, where there are more than `MOST_ROWS` rows.
    """
    title = f"<h3>{clean(words.pick(sheet.title))}</h3>"
    if not sheet.rows:
        return f'{title}<p class="none">{clean(words.say("report_no_rows"))}</p>'
    left_out = len(sheet.rows) - MOST_ROWS
    return title + grid_html(grid_of(sheet, words)) + (more(left_out) if left_out > 0 else "")


def is_narrow(sheet: Sheet, words: Wording) -> bool:
    """Tell whether a sheet leaves room for another one beside it."""
    return sum(_widths(grid_of(sheet, words), *_SIZES[1])) <= NARROW


def grid_html(grid: Grid) -> str:
    """Return a table; one that is too wide at the smallest type in parts, each with the names of its rows."""
    for step, size in enumerate(_SIZES):
        widths = _widths(grid, *size)
        if sum(widths) <= WIDTH:
            return _table(grid, range(len(grid.heads)), step)
    parts = _parts(widths, grid.leads)
    return "".join(_table(grid, [*range(grid.leads), *part], len(_SIZES) - 1) for part in parts)


def _parts(widths: Sequence[float], leads: int) -> list[list[int]]:
    """Return the columns that stand together: as few parts as may be, and none much wider than another."""
    room = max(WIDTH - sum(widths[:leads]), 1.0)
    each = room
    for many in range(2, len(widths) + 1):
        each = sum(widths[leads:]) / many
        if each <= room * 0.97:
            break
    parts: list[list[int]] = [[]]
    used = 0.0
    for n in range(leads, len(widths)):
        # Half a column over its share is as near to it as half a column under.
        if parts[-1] and used + widths[n] > min(room, each + widths[n] / 2):
            parts.append([])
            used = 0.0
        parts[-1].append(n)
        used += widths[n]
    return parts


def _widths(grid: Grid, size: float, room: float, widest: float) -> list[float]:
    found = []
    for n, head in enumerate(grid.heads):
        cells = [row[n] for row in grid.rows]
        natural = max((_wide(cell, size) for cell in cells), default=0.0)
        if head.kind == "text":
            natural = min(natural, widest)
        words = [head.words] if _is_short(head) else head.words.split()
        pieces = [piece for word in words for piece in _pieces(word)]
        # A head may take three lines, but no word of it is cut.
        told = max((width_of(piece, size) for piece in pieces), default=0.0)
        found.append(max(natural, told, width_of(head.words, size) / 3) + room)
    return found


def _wide(cell: Cell, size: float) -> float:
    return max(width_of(cell.words, size), width_of(cell.under, size - 1.5))


def _table(grid: Grid, columns: Sequence[int], step: int) -> str:
    named = [grid.heads[n] for n in columns]
    heads = "".join(
        f'<th scope="col"{_class(head, is_whole=_is_short(head))}>{_breaking(head.words)}</th>'
        for head in named
    )
    rows = "".join(
        "<tr>" + "".join(_cell(row[n], is_name=n == 0) for n in columns) + "</tr>" for row in grid.rows
    )
    is_short = " whole" if len(grid.rows) <= _SHORT_TABLE else ""
    caption = f"<caption>{clean(grid.caption)}</caption><thead><tr>{heads}</tr></thead>"
    return f'<table class="t{step}{is_short}">{caption}<tbody>{rows}</tbody></table>'


def _is_short(head: Cell) -> bool:
    return width_of(head.words, 1) <= _SHORT_HEAD


def _breaking(words: str) -> str:
    """Return a head, as markup, with the places at which 中文 may be broken: it has no spaces to break at."""
    return " ".join("<wbr>".join(map(clean, _pieces(word))) for word in words.split(" "))


def _pieces(word: str) -> list[str]:
    if word.isascii() or len(word) <= 5:
        return [word]
    many = -(-len(word) // 5)
    each = -(-len(word) // many)
    return [word[at : at + each] for at in range(0, len(word), each)]


def _cell(cell: Cell, *, is_name: bool) -> str:
    under = f"<small>{clean(cell.under)}</small>" if cell.under else ""
    inner = clean(cell.words) + under
    if is_name:
        return f'<th scope="row"{_class(cell)}>{inner}</th>'
    return f"<td{_class(cell)}>{inner}</td>"


def _class(cell: Cell, *, is_whole: bool | None = None) -> str:
    names = [] if cell.kind == "number" else [cell.kind]
    if is_whole or (is_whole is None and cell.kind == "text" and width_of(cell.words, 1) <= _WHOLE):
        names.append("name")
    if cell.heat is not None:
        names.append(f"h{round(min(max(cell.heat, 0.0), 1.0) * _STEPS)}")
    if cell.is_young:
        names.append("young")
    return f' class="{" ".join(names)}"' if names else ""
