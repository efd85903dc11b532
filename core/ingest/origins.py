"""Where rows come from, in one shape: named columns, read chunk by chunk, as often as needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.errors import ImportRefused, PlanError, Problem, nearest_name
from core.ingest.encodings import TextForm, checked_header, text_form, utf8_blocks
from core.ingest.plan import SourceFormat
from core.ingest.rows import BadRow, RowCutter

CHUNK_ROWS = 500_000
MAX_WORKBOOK_BYTES = 100 << 20
_WORKBOOKS = (".xlsx", ".xlsm")
_TEXTS = (".csv", ".tsv", ".tab", ".txt", ".gz")


@dataclass(frozen=True)
class Chunk:
    """Some rows of an origin.

    Attributes
    ----------
    frame : polars.DataFrame
        The wanted columns as they stand in the file: String from text files, typed from others.
    file : str
        Name of the file, or "query" or "database".
    lines : ndarray of int64
        Line (text), row (workbook) or number (elsewhere) of each row, from 1.
    bad : list of BadRow
        Rows that could not be cut into the right number of fields.
    share : float
        How much of the origin has been read with this chunk, between 0 and 1.
    """

    frame: pl.DataFrame
    file: str
    lines: NDArray[np.int64]
    share: float
    bad: list[BadRow] = field(default_factory=list)


class Origin(Protocol):
    """Rows that can be read again and again."""

    name: str
    columns: tuple[str, ...]

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Yield the named columns, in the order of the rows."""
        ...


class Files:
    """One or several files with the wanted columns, one after the other.

    Parameters
    ----------
    name : str
        As the plan names them.
    paths : sequence of (pathlib.Path, str)
        Files and their names for messages.
    form : SourceFormat
    """

    def __init__(self, name: str, paths: Sequence[tuple[Path, str]], form: SourceFormat) -> None:
        self.name = name
        self._form = form
        self._files = [_open_file(path, shown, form) for path, shown in paths]
        self.columns = self._files[0].columns

    @property
    def text_forms(self) -> list[TextForm]:
        """Return how the text files among them are written."""
        return [file.form for file in self._files if isinstance(file, _TextFile)]

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Yield the rows of every file in turn."""
        total = sum(file.bytes for file in self._files) or 1
        before = 0
        for file in self._files:
            for column in columns:
                if column not in file.columns:
                    raise missing_column(column, file.shown, file.columns)
            for chunk in file.chunks(columns):
                done = (before + chunk.share * file.bytes) / total
                yield Chunk(chunk.frame, chunk.file, chunk.lines, done, chunk.bad)
            before += file.bytes


class Staged:
    """Rows that were written to a Parquet file first: the result of a query.

    Parameters
    ----------
    name : str
    path : pathlib.Path
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._file = _ParquetFile(path, name)
        self.columns = self._file.columns

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        """Yield the rows."""
        for column in columns:
            if column not in self.columns:
                raise missing_column(column, self.name, self.columns)
        return self._file.chunks(columns)


def find_files(
    source: str, base_dir: Path, allowed_roots: Sequence[Path] | None, node: str
) -> list[tuple[Path, str]]:
    """Return the files that a path or glob names, in order of their names, with names for messages.

    Parameters
    ----------
    source : str
        As in the plan; relative to `base_dir`.
    allowed_roots : sequence of pathlib.Path or None
        Folders in which files must lie after following links; None = anywhere.
    node : str
        Place in the plan, for the message.

    Raises
    ------
    PlanError
        If there is no such file, or it lies elsewhere.
    """
    pattern = base_dir / source
    try:
        paths = [pattern] if pattern.is_file() else _matching(pattern)
    except OSError as error:  # a name that is too long, a folder that may not be entered
        params = {"file": source, "why": error.strerror or str(error)}
        raise PlanError(Problem("file_unreadable", node=node, params=params)) from None
    if allowed_roots is not None:
        roots = [root.resolve() for root in allowed_roots]
        inside = [p for p in paths if any(p.resolve().is_relative_to(root) for root in roots)]
        # A path outside looks like any other that may not be named, whether it exists or not.
        lies_inside = any(_anchor(pattern).resolve().is_relative_to(root) for root in roots)
        if len(inside) < len(paths) or not lies_inside:
            raise PlanError(Problem("path_not_allowed", node=node, params={"path": source}))
    if not paths:
        folder = pattern.parent
        names = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
        is_glob = _anchor(pattern) != pattern
        near = None if is_glob else nearest_name(pattern.name, names)
        raise PlanError(Problem("missing_file", node=node, params={"path": source}, nearest=near))
    if paths == [pattern]:
        return [(pattern, source)]
    return [(path, _shown(path, base_dir)) for path in paths]


def missing_column(column: str, source: str, columns: Sequence[str], node: str | None = None) -> PlanError:
    """Return the error for a column that a source does not have."""
    return PlanError(
        Problem(
            "missing_column",
            node=node,
            params={"column": column, "source": source},
            allowed=tuple(columns),
            nearest=nearest_name(column, columns),
        )
    )


def _matching(pattern: Path) -> list[Path]:
    """Return the files that a glob matches, in order of their names; none for what is no glob."""
    anchor = _anchor(pattern)
    wild = pattern.relative_to(anchor)
    if not wild.parts or any("**" in part and part != "**" for part in wild.parts):
        return []
    return sorted(path for path in anchor.glob(str(wild)) if path.is_file())


def _anchor(pattern: Path) -> Path:
    """Return the part of a path before its first wildcard."""
    parts: list[str] = []
    for part in pattern.parts:
        if any(mark in part for mark in "*?["):
            break
        parts.append(part)
    return Path(*parts)


def _shown(path: Path, base_dir: Path) -> str:
    return str(path.relative_to(base_dir)) if path.is_relative_to(base_dir) else path.name


class _TextFile:
    """csv, tsv, either of them compressed by gzip."""

    def __init__(self, path: Path, shown: str, form: SourceFormat) -> None:
        self._path, self.shown = path, shown
        self.bytes = path.stat().st_size
        if self.bytes == 0:
            raise ImportRefused(Problem("empty_file", params={"file": shown}))
        self.form = text_form(path, shown, form.encoding, form.delimiter)
        self.columns = self.form.header

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        form = self.form
        cutter = RowCutter(self.shown, form.header, columns, form.delimiter, 1 + form.header_lines)
        # Compressed files are some five times larger than they look: the share is a guess for them only.
        per_block = 1 / max(self.bytes, 1)
        read = 0
        blocks = utf8_blocks(self._path, self.shown, form.encoding, skip=form.header_bytes)
        for rows in cutter.cut(blocks):
            read += int(rows.frame.estimated_size())
            yield Chunk(rows.frame, self.shown, rows.lines, min(read * per_block, 1.0), rows.bad)


class _ParquetFile:
    def __init__(self, path: Path, shown: str) -> None:
        self._path, self.shown = path, shown
        self.bytes = path.stat().st_size
        if self.bytes == 0:
            raise ImportRefused(Problem("empty_file", params={"file": shown}))
        try:
            self._frame = pl.scan_parquet(path)
            self.columns = tuple(self._frame.collect_schema().names())
            self._rows = int(self._frame.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            raise ImportRefused(Problem("damaged_file", params={"file": shown})) from None

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        for start in range(0, max(self._rows, 1), CHUNK_ROWS):
            try:
                frame = self._frame.select(columns).slice(start, CHUNK_ROWS).collect()
            except pl.exceptions.PolarsError:
                raise ImportRefused(Problem("damaged_file", params={"file": self.shown})) from None
            lines = np.arange(start + 1, start + 1 + frame.height, dtype=np.int64)
            yield Chunk(frame, self.shown, lines, min((start + CHUNK_ROWS) / max(self._rows, 1), 1.0))


class _Workbook:
    """One sheet of an Excel workbook, read as a whole: it cannot be larger than a sheet."""

    def __init__(self, path: Path, shown: str, form: SourceFormat) -> None:
        self._path, self.shown = path, shown
        self.bytes = path.stat().st_size
        if self.bytes == 0:
            raise ImportRefused(Problem("empty_file", params={"file": shown}))
        if self.bytes > MAX_WORKBOOK_BYTES:
            limit = MAX_WORKBOOK_BYTES >> 20
            raise ImportRefused(Problem("workbook_too_large", params={"file": shown, "limit": limit}))
        self._frame = self._read(form.sheet)
        self.columns = tuple(self._frame.columns)
        if not self.columns:
            raise ImportRefused(Problem("empty_file", params={"file": shown}))

    def chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        frame = self._frame.select(columns)
        # The header is row 1. A row without any value is no row: sheets end with many of them.
        filled = ~self._frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        lines = np.flatnonzero(filled.to_numpy()).astype(np.int64) + 2
        yield Chunk(frame.filter(filled), self.shown, lines, 1.0)

    def _read(self, sheet: str | None) -> pl.DataFrame:
        import fastexcel  # heavy, and only workbooks need it

        try:
            sheets = fastexcel.read_excel(self._path).sheet_names
        except fastexcel.FastExcelError:
            raise ImportRefused(Problem("damaged_file", params={"file": self.shown})) from None
        name = sheet if sheet is not None else sheets[0]
        if name not in sheets:
            raise PlanError(
                Problem(
                    "missing_sheet",
                    params={"sheet": name, "file": self.shown},
                    allowed=tuple(sheets),
                    nearest=nearest_name(name, sheets),
                )
            )
        frame = pl.read_excel(
            self._path,
            sheet_name=name,
            infer_schema_length=None,
            drop_empty_rows=False,
            drop_empty_cols=False,
            raise_if_empty=False,
        )
        frame.columns = self._names(frame.columns, name)
        return frame.with_columns(_whole(column) for column in frame if column.dtype == pl.Float64())

    def _names(self, columns: Sequence[str], sheet: str) -> tuple[str, ...]:
        """Return the columns as the sheet names them; the reader numbers names that are absent or doubled."""
        bare = ["" if name == f"__UNNAMED__{place}" else name for place, name in enumerate(columns)]
        if any(re.sub(r"_\d+$", "", name) in bare for name in bare if re.search(r"._\d+$", name)):
            first = pl.read_excel(
                self._path, sheet_name=sheet, has_header=False, read_options={"n_rows": 1},
                drop_empty_cols=False,
            )  # fmt: skip
            bare = ["" if cell is None else str(cell) for cell in first.row(0)]
        return checked_header(bare, self.shown)


def _whole(numbers: pl.Series) -> pl.Series:
    """Return numbers without fractions as integers: a workbook knows no integers, phones are floats there."""
    fits = bool(((numbers == numbers.floor()) & (numbers.abs() < 2.0**53)).all())
    return numbers.cast(pl.Int64()) if fits else numbers


def _open_file(path: Path, shown: str, form: SourceFormat) -> _TextFile | _ParquetFile | _Workbook:
    try:
        path.open("rb").close()
    except OSError as error:
        params = {"file": shown, "why": error.strerror or str(error)}
        raise ImportRefused(Problem("file_unreadable", params=params)) from None
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq"):
        return _ParquetFile(path, shown)
    if suffix in _WORKBOOKS:
        return _Workbook(path, shown, form)
    if suffix in _TEXTS:
        return _TextFile(path, shown, form)
    raise PlanError(
        Problem(
            "unknown_file_kind",
            params={"file": shown},
            allowed=(".csv", ".csv.gz", ".tsv", ".tsv.gz", ".xlsx", ".parquet"),
        )
    )
