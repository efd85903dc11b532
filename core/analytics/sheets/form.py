"""What a table of an analysis is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import takewhile
from typing import Literal

from core.analytics.asking import Figure, Share
from core.messages import Text, say

Kind = Literal["text", "users", "count", "money", "number", "share", "days", "date"]
Value = Text | str | int | float | date | Figure | None
"""Shares are between 0 and 1, days may have fractions; None = there is none."""
Name = Sequence[Text | str | int | date]
"""What tells a row from the others."""
_HEADING: frozenset[Kind] = frozenset({"text", "date"})
_ID_BYTES = 6


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    key : str
        Its name in links: no other column of the sheet has it.
    label : Text
        Its head.
    kind : str
        How its values are written.
    """

    key: str
    label: Text
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """One table of an analysis.

    Attributes
    ----------
    key : str
        Its name in files.
    rows : tuple of tuple
        As many values as there are columns.
    names : tuple of Name or None
        What tells each row from the others, if that is not its heading: where headings may be alike, or
        change while the row stays what it is. None = the heading: the texts and days before its numbers.
    """

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    names: tuple[Name, ...] | None = None

    @cached_property
    def row_ids(self) -> tuple[str, ...]:
        """A short id of each row, made of its name in both languages: wherever it stands, it keeps it."""
        heads = len(list(takewhile(lambda each: each.kind in _HEADING, self.columns)))
        names = [row[:heads] for row in self.rows] if self.names is None else self.names
        return tuple(_digest(name) for name in names)

    def figure(self, row_id: str, column_key: str) -> Figure | None:
        """Return the number of users in a row and a column; None if there is none, or several such rows."""
        rows = [row for row, known in zip(self.rows, self.row_ids, strict=True) if known == row_id]
        places = [place for place, each in enumerate(self.columns) if each.key == column_key]
        found = rows[0][places[0]] if len(rows) == len(places) == 1 else None
        return found if isinstance(found, Figure) else None


def column(code: str, kind: Kind = "text", **params: object) -> Column:
    """Return a column by the code of its head, which is its key too."""
    return Column(code, say(f"sheet_{code}", **params), kind)


def sheet(
    key: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]], names: Sequence[Name] | None = None
) -> Sheet:
    """Return a table by its key."""
    told = None if names is None else tuple(names)
    return Sheet(key, say(f"sheet_title_{key}"), tuple(columns), tuple(tuple(row) for row in rows), told)


def interval(share: Share | None) -> tuple[Value, Value, Value]:
    """Return a share and the ends of its interval."""
    return (None, None, None) if share is None else (share.value, share.low, share.high)


def value_of(share: Share | None) -> float | None:
    """Return a share without its interval."""
    return None if share is None else share.value


def days_of(seconds: float | None) -> float | None:
    """Return seconds as days."""
    return None if seconds is None else seconds / 86_400


def minutes_of(seconds: float | None) -> float | None:
    """Return seconds as minutes."""
    return None if seconds is None else seconds / 60


def _digest(name: Sequence[Value]) -> str:
    text = json.dumps(
        list(name), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=date.isoformat
    )
    return hashlib.blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest()
