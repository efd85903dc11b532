"""Text files cut into whole rows: field counts checked, line numbers kept, quotes respected.

Most of a file runs through NumPy on the raw bytes and Polars' own parser. A block whose quotes are irregular
(a quote in the middle of a field) goes through Python's `csv`, which reads it as spreadsheets do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import ImportRefused, Problem

QUOTE, NEWLINE, RETURN = 0x22, 0x0A, 0x0D
MAX_ROW_BYTES = 16 << 20
# Python's own bound, 128 KiB a field, is for the whole process: it is only ever raised.
csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES * 4))


@dataclass(frozen=True)
class BadRow:
    """A row with another number of fields than the header."""

    line: int
    text: str
    fields: int


@dataclass(frozen=True)
class RowBlock:
    """Whole rows of a text file.

    Attributes
    ----------
    frame : polars.DataFrame
        The wanted columns, all String; an empty field is null or "".
    lines : ndarray of int64
        The line on which each row begins, from 1.
    bad : list of BadRow
    """

    frame: pl.DataFrame
    lines: NDArray[np.int64]
    bad: list[BadRow] = field(default_factory=list)


class RowCutter:
    """Cuts blocks of UTF-8 bytes into rows.

    Parameters
    ----------
    file : str
        Name for messages.
    header : sequence of str
        All columns of the file.
    wanted : sequence of str
        The columns to return.
    delimiter : str
    first_line : int
        Line on which the first block begins.
    """

    def __init__(
        self, file: str, header: Sequence[str], wanted: Sequence[str], delimiter: str, first_line: int
    ) -> None:
        self._file = file
        self._width = len(header)
        self._wanted = list(wanted)
        self._indexes = [list(header).index(name) for name in wanted]
        self._delimiter = delimiter
        self._line = first_line
        self._rest = b""

    def cut(self, blocks: Iterator[bytes]) -> Iterator[RowBlock]:
        """Yield the rows of all blocks, block by block."""
        for block in blocks:
            content = self._rest + block
            rows, used = self._rows(content, is_last=False)
            if used == 0 and len(content) > MAX_ROW_BYTES * 4:
                raise self._unclosed()
            self._rest = content[used:]
            if rows is not None:
                yield rows
        if self._rest:
            rows, _ = self._rows(self._rest, is_last=True)
            self._rest = b""
            if rows is not None:
                yield rows

    def _rows(self, content: bytes, *, is_last: bool) -> tuple[RowBlock | None, int]:
        """Return the whole rows of the content and how many bytes they take."""
        if is_last and not content.endswith(b"\n"):
            content += b"\n"
        data = np.frombuffer(content, dtype=np.uint8)
        newlines = np.flatnonzero(data == NEWLINE)
        separators = np.flatnonzero(data == ord(self._delimiter))
        ends = newlines
        if b'"' in content:
            outside = _outside_quotes(data)
            ends = newlines[outside[newlines]]
            separators = separators[outside[separators]]
            irregular = ends.size == 0 and is_last
            cut = int(ends[-1]) + 1 if ends.size else 0
            if irregular or not _quotes_are_regular(data[:cut], outside, ord(self._delimiter)):
                return self._rows_by_csv(content, is_last=is_last)
            if is_last and cut < len(content):
                return self._rows_by_csv(content, is_last=True)
        if ends.size == 0:
            return None, 0
        return self._rows_by_polars(content, newlines, ends, separators)

    def _rows_by_polars(
        self,
        content: bytes,
        newlines: NDArray[np.int64],
        ends: NDArray[np.int64],
        separators: NDArray[np.int64],
    ) -> tuple[RowBlock | None, int]:
        used = int(ends[-1]) + 1
        starts = np.empty_like(ends)
        starts[0], starts[1:] = 0, ends[:-1] + 1
        if newlines.size == ends.size or newlines[ends.size - 1] == ends[-1]:
            lines = np.arange(self._line, self._line + ends.size, dtype=np.int64)
        else:
            lines = self._line + np.searchsorted(newlines, starts).astype(np.int64)
        self._line += int(np.searchsorted(newlines, ends[-1], side="right"))
        fields = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
        lengths = ends - starts
        is_blank = lengths == 0
        short = np.flatnonzero(lengths == 1)
        if short.size:
            is_blank[short] = np.frombuffer(content, np.uint8)[starts[short]] == RETURN
        wrong = np.flatnonzero((fields != self._width) & ~is_blank)
        bad = [
            BadRow(int(lines[i]), _shown(content[int(starts[i]) : int(ends[i])]), int(fields[i]))
            for i in wrong
        ]
        keep = ~is_blank
        keep[wrong] = False
        good = content[:used] if keep.all() else _joined(content, starts, ends, keep)
        frame = self._parse(good, int(keep.sum()))
        if frame is None:
            raise ImportRefused(
                Problem("rows_unreadable", params={"file": self._file, "line": int(lines[0])})
            )
        return RowBlock(frame, lines[keep], bad), used

    def _parse(self, content: bytes, rows: int) -> pl.DataFrame | None:
        if rows == 0:
            return pl.DataFrame(schema=dict.fromkeys(self._wanted, pl.String()))
        if not self._indexes:
            return pl.DataFrame(height=rows)
        names = {f"column_{i}": name for i, name in zip(self._indexes, self._wanted, strict=True)}
        frame = pl.read_csv(
            content,
            has_header=False,
            separator=self._delimiter,
            infer_schema=False,
            columns=sorted(self._indexes),
        ).rename(names)
        return frame.select(self._wanted) if frame.height == rows else None

    def _rows_by_csv(self, content: bytes, *, is_last: bool) -> tuple[RowBlock | None, int]:
        """Read rows one by one with Python's csv; used where quotes stand in the middle of fields."""
        lines = _lines_of(content)
        feed = _Feed(lines)
        reader = csv.reader(feed, delimiter=self._delimiter)
        columns: list[list[str]] = [[] for _ in self._wanted]
        begins: list[int] = []
        bad: list[BadRow] = []
        used = used_lines = 0
        try:
            for row in reader:
                if feed.ended_inside:
                    # The text ended within quotes: the row goes on in the next block, or never ends.
                    if is_last:
                        raise self._unclosed(used_lines)
                    break
                begin = self._line + used_lines
                text = "".join(lines[used_lines : feed.given])
                used += len(text.encode("utf-8"))
                used_lines = feed.given
                feed.row_done()
                if not row:
                    continue
                if len(row) != self._width:
                    bad.append(BadRow(begin, _shown(text.encode("utf-8")), len(row)))
                    continue
                begins.append(begin)
                for values, i in zip(columns, self._indexes, strict=True):
                    values.append(row[i])
        except csv.Error:
            # A carriage return in the middle of a row, of which it cannot be said whether it ends one.
            params = {"file": self._file, "line": self._line + used_lines}
            raise ImportRefused(Problem("rows_unreadable", params=params)) from None
        self._line += used_lines
        frame = pl.DataFrame(
            dict(zip(self._wanted, columns, strict=True)), schema=dict.fromkeys(self._wanted, pl.String())
        )
        return RowBlock(frame, np.array(begins, dtype=np.int64), bad), used

    def _unclosed(self, lines_before: int = 0) -> ImportRefused:
        params = {"file": self._file, "line": self._line + lines_before}
        return ImportRefused(Problem("quote_never_closed", params=params))


class _Feed:
    """Lines for `csv.reader`, noting whether it ran out of them inside a row."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.given = 0
        self.ended_inside = False
        self._inside = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self.given == len(self._lines):
            self.ended_inside = self._inside
            raise StopIteration
        self._inside = True
        self.given += 1
        return self._lines[self.given - 1]

    def row_done(self) -> None:
        self._inside = False


def _lines_of(content: bytes) -> list[str]:
    return io.StringIO(content.decode("utf-8"), newline="\n").readlines()


def _outside_quotes(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for each byte whether it stands outside quotes (a closing quote counts as outside)."""
    parity: NDArray[np.uint8] = np.bitwise_xor.accumulate((data == QUOTE).view(np.uint8))
    return np.equal(parity, 0)


def _quotes_are_regular(data: NDArray[np.uint8], outside: NDArray[np.bool_], delimiter: int) -> bool:
    """Tell whether every quote opens a field, closes one, or is doubled inside one."""
    quotes = np.flatnonzero(data == QUOTE)
    if quotes.size == 0:
        return True
    opens = quotes[~outside[quotes]]
    closes = quotes[outside[quotes]]
    before = data[np.maximum(opens - 1, 0)]
    fine = (opens == 0) | (before == delimiter) | (before == NEWLINE) | (before == QUOTE)
    if not fine.all():
        return False
    last = data.size - 1
    after = data[np.minimum(closes + 1, last)]
    fine = (closes == last) | (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == QUOTE)
    return bool(fine.all())


def _joined(
    content: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], keep: NDArray[np.bool_]
) -> bytes:
    """Return the kept rows, copied in runs."""
    edges = np.flatnonzero(np.diff(keep.astype(np.int8), prepend=0, append=0))
    return b"".join(
        content[int(starts[a]) : int(ends[b - 1]) + 1] for a, b in zip(edges[::2], edges[1::2], strict=True)
    )


def _shown(text: bytes) -> str:
    return text.decode("utf-8").rstrip("\r\n")[:300]
