"""What a table of an analysis is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.analytics.asking import Figure, Share
from core.messages import Text, say

Kind = Literal["text", "users", "count", "money", "number", "share", "days", "date"]
Value = Text | str | int | float | date | Figure | None
"""Shares are between 0 and 1, days may have fractions; None = there is none."""


@dataclass(frozen=True)
class Column:
    """One column: its head, and how its values are written."""

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
    """

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


def column(code: str, kind: Kind = "text", **params: object) -> Column:
    """Return a column by the code of its head."""
    return Column(say(f"sheet_{code}", **params), kind)


def sheet(key: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> Sheet:
    """Return a table by its key."""
    return Sheet(key, say(f"sheet_title_{key}"), tuple(columns), tuple(tuple(row) for row in rows))


def interval(share: Share | None) -> tuple[Value, Value, Value]:
    """Return a share and the ends of its interval."""
    return (None, None, None) if share is None else (share.value, share.low, share.high)


def value_of(share: Share | None) -> float | None:
    """Return a share without its interval."""
    return None if share is None else share.value


def days_of(seconds: float | None) -> float | None:
    """Return seconds as days."""
    return None if seconds is None else seconds / 86_400
