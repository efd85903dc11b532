"""Rows that could not be read: counted by reason, the first ones kept for the page, all kept in a file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.errors import ImportRefused, Problem
from core.ingest.report import Reject

SHOWN = 50
_HEADER = ("source", "file", "line", "column", "value", "reason", "原因", "row")
_LONGEST_VALUE = 200


class RejectLog:
    """The rejects of one import.

    Parameters
    ----------
    path : pathlib.Path
        Where the file is written; it is made with the first reject.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first: list[Reject] = []
        self.count = 0

    def add(self, rejects: Sequence[Reject], rows: Sequence[str]) -> None:
        """Write rejects down.

        Parameters
        ----------
        rejects : sequence of Reject
        rows : sequence of str
            What stands in each of the rows.
        """
        if not rejects:
            return
        is_new = self.count == 0
        with self.path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if is_new:
                # The mark lets spreadsheets show the Chinese.
                file.write("\ufeff")
                writer.writerow(_HEADER)
            for reject, row in zip(rejects, rows, strict=True):
                place = (reject.source, reject.file, reject.line, reject.column or "", reject.value or "")
                reason = reject.text()
                writer.writerow([*place, reason["en"], reason["zh"], row])
        self.count += len(rejects)
        self.first += rejects[: max(SHOWN - len(self.first), 0)]


class SourceTally:
    """The row counts of one source.

    Attributes
    ----------
    read, refused, filtered, duplicates : int
    reasons : collections.Counter
    """

    def __init__(self, source: str, log: RejectLog) -> None:
        self.source = source
        self._log = log
        self.read = self.refused = self.filtered = self.duplicates = 0
        self.reasons: Counter[str] = Counter()
        self._kept: list[tuple[list[Reject], list[str]]] = []

    @property
    def used(self) -> int:
        """Rows that were imported."""
        return self.read - self.refused - self.filtered - self.duplicates

    def refuse(self, rejects: Sequence[Reject], rows: Sequence[str]) -> None:
        """Count rejects and keep them until the source has been read to its end."""
        if rejects:
            self.refused += len(rejects)
            self.reasons.update(reject.reason for reject in rejects)
            self._kept.append((list(rejects), list(rows)))

    def restart(self) -> None:
        """Forget everything: the source is read again from its beginning."""
        self.read = self.refused = self.filtered = self.duplicates = 0
        self.reasons.clear()
        self._kept.clear()

    def close(self, max_reject_share: float) -> None:
        """Write the rejects down and refuse the import when they are too many.

        Raises
        ------
        ImportRefused
            If the source has no rows at all, or more rejects than the plan allows.
        """
        for rejects, rows in self._kept:
            self._log.add(rejects, rows)
        first = self._kept[0][0][0] if self._kept else None
        self._kept.clear()
        if self.read == 0:
            raise ImportRefused(Problem("no_rows", node=self.source))
        if first is not None and self.refused > max_reject_share * self.read:
            raise ImportRefused(
                Problem(
                    "too_many_rejects",
                    node=self.source,
                    params={
                        "refused": self.refused,
                        "read": self.read,
                        "limit": f"{max_reject_share:.4%}".rstrip("0%").rstrip(".") + "%",
                        "file": first.file,
                        "line": first.line,
                        "reason": first.text(),
                    },
                )
            )


def shortened(value: object) -> str:
    """Return a value as it is shown in messages."""
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
