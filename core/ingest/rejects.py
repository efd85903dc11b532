"""Rows that could not be read: counted by reason, the first ones kept for the page, all kept in a file."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from core.errors import ImportRefused, Problem
from core.ingest.origins import Chunk
from core.ingest.report import Reject
from core.ingest.values import Reading

SHOWN = 50
_HEADER = ("source", "file", "line", "column", "value", "reason", "原因", "row")
_LONGEST_VALUE = 200


class RejectLog:
    """The rejects of one import.

    Parameters
    ----------
    path : pathlib.Path
        Where the file is written; it is made with the first reject.

    Attributes
    ----------
    first : list of Reject
        The first of them, at most `SHOWN`.
    count : int
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: list[Reject] = []
        self.count = 0
        self._parts = 0

    def new_part(self) -> Path:
        """Return where a source may write its rejects until it has been read to its end."""
        self._parts += 1
        return self.path.with_name(f"{self.path.stem}-{self._parts}.csv")

    def take(self, rows: Path, first: Sequence[Reject], count: int) -> None:
        """Append the rejects of one source, written as CSV rows."""
        with self.path.open("ab") as file:
            if self.count == 0:
                # The mark lets spreadsheets show the Chinese.
                file.write("\ufeff".encode() + (",".join(_HEADER) + "\r\n").encode())
            with rows.open("rb") as source:
                shutil.copyfileobj(source, file)
        self.first += first[: SHOWN - len(self.first)]
        self.count += count


class SourceTally:
    """The row counts of one source; its rejects go to a file as they come.

    Parameters
    ----------
    source : str
        Place in the plan.
    log : RejectLog
        Takes the rejects when the source has been read to its end.

    Attributes
    ----------
    read, refused, filtered, duplicates : int
    reasons : collections.Counter
        Rejects by reason.
    """

    def __init__(self, source: str, log: RejectLog) -> None:
        self.source = source
        self._log = log
        self._path = log.new_part()
        self.read = self.refused = self.filtered = self.duplicates = 0
        self.reasons: Counter[str] = Counter()
        self._first: list[Reject] = []

    @property
    def used(self) -> int:
        """Rows that were imported."""
        return self.read - self.refused - self.filtered - self.duplicates

    def refuse(self, rejects: Sequence[Reject], rows: Sequence[str]) -> None:
        """Count rejects and write them down.

        Parameters
        ----------
        rejects : sequence of Reject
        rows : sequence of str
            What stands in each of the rows.
        """
        if not rejects:
            return
        self.refused += len(rejects)
        self.reasons.update(reject.reason for reject in rejects)
        self._first += rejects[: SHOWN - len(self._first)]
        with self._path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            for reject, row in zip(rejects, rows, strict=True):
                reason = reject.text()
                place = (reject.source, reject.file, reject.line, reject.column or "", reject.value or "")
                writer.writerow([*place, reason["en"], reason["zh"], row])

    def refuse_cut(self, chunk: Chunk) -> None:
        """Reject the rows of a chunk that could not be cut into the right number of fields."""
        self.refuse(
            [
                Reject(
                    source=self.source,
                    file=chunk.file,
                    line=row.line,
                    column=None,
                    reason="fields",
                    value=str(row.fields),
                )
                for row in chunk.bad
            ],
            [row.text for row in chunk.bad],
        )

    def refuse_misfits(
        self, chunk: Chunk, raw: pl.DataFrame, misfits: Mapping[Reading, pl.Series]
    ) -> pl.Series | None:
        """Reject rows with a value that does not fit its type; returns the mask of the others, None = all.

        Parameters
        ----------
        chunk : Chunk
        raw : polars.DataFrame
            Its columns, as `values.present` leaves them.
        misfits : mapping of Reading to polars.Series
            As `values.misfits` finds them, for the readings that have any.
        """
        if not misfits:
            return None
        bad = pl.select(pl.any_horizontal(*misfits.values())).to_series()
        rejects, texts = [], []
        for i in bad.arg_true().to_list():
            reading = next(reading for reading, mask in misfits.items() if mask[i])
            rejects.append(
                Reject(
                    source=self.source,
                    file=chunk.file,
                    line=int(chunk.lines[i]),
                    column=reading.column,
                    reason=f"not_{reading.kind.value}",
                    value=shortened(raw[reading.column][i]),
                )
            )
            texts.append(row_text(raw.row(i, named=True)))
        self.refuse(rejects, texts)
        return ~bad

    def restart(self) -> None:
        """Forget everything: the source is read again from its beginning."""
        self.read = self.refused = self.filtered = self.duplicates = 0
        self.reasons.clear()
        self._first.clear()
        self._path.unlink(missing_ok=True)

    def close(self, max_reject_share: float) -> None:
        """Hand the rejects over, and refuse the import when they are too many.

        Raises
        ------
        ImportRefused
            If the source has no rows at all, or more rejects than the plan allows.
        """
        if self.read == 0:
            raise ImportRefused(Problem("no_rows", node=self.source))
        if not self.refused:
            return
        self._log.take(self._path, self._first, self.refused)
        self._path.unlink()
        first = self._first[0]
        if self.refused > max_reject_share * self.read:
            raise ImportRefused(
                Problem(
                    "too_many_rejects",
                    node=self.source,
                    params={
                        "refused": self.refused,
                        "read": self.read,
                        "limit": f"{max_reject_share * 100:.6g}%",
                        "file": first.file,
                        "line": first.line,
                        "reason": first.text(),
                    },
                )
            )


def row_text(row: Mapping[str, object]) -> str:
    """Return what stands in a row, for the file of rejects."""
    return json.dumps({k.removeprefix("#"): v for k, v in row.items()}, ensure_ascii=False, default=str)


def shortened(value: object) -> str:
    """Return a value as it is shown in messages."""
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
