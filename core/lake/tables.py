"""The tables of one data version as engines read them, and a maker of them from frames in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import polars as pl

from core.schema import AT, DAY, EXISTS_FROM, HASH, USER_ID, USER_NO, Catalogue


class Tables(Protocol):
    """Read access to one immutable data version; safe to share between threads.

    Columns, dtypes and the meaning of missing are those of `core.schema`.
    """

    @property
    def catalogue(self) -> Catalogue:
        """The tags and events of the version."""
        ...

    @property
    def version_id(self) -> str:
        """Id of the data version."""
        ...

    def users(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of the users table, one row per user, ``user_no`` ascending."""
        ...

    def events(self, event: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of one event's table, one row per occurrence, sorted by (user_no, at)."""
        ...

    def keys(self) -> pl.DataFrame:
        """Return ``user_no``, ``user_id`` and ``hash`` of every key ever given, ``user_no`` ascending.

        The users of the version may be a subset.
        """
        ...

    def segments_of(self, event: str | None) -> tuple[str, ...]:
        """Return the ids of the segments that hold an event's table (None = the users): keys for caches."""
        ...


class FrameTables:
    """`Tables` over frames in memory, for tests and benchmarks.

    Parameters
    ----------
    catalogue : Catalogue
    users : polars.DataFrame
        As the users table; put in order of ``user_no`` when it is not. A missing ``exists_from`` column
        means that every user exists always.
    events : mapping of str to polars.DataFrame
        By event key; put in order of (user_no, at) when they are not.
    keys : polars.DataFrame
        ``user_no``, ``user_id``, ``hash``.
    version_id : str
        Also the stem of the segment ids.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        users: pl.DataFrame,
        events: Mapping[str, pl.DataFrame],
        keys: pl.DataFrame,
        version_id: str = "memory",
    ) -> None:
        self.catalogue = catalogue
        self.version_id = version_id
        if EXISTS_FROM not in users.columns:
            users = users.with_columns(pl.lit(None, dtype=pl.Date()).alias(EXISTS_FROM))
        self._users = in_order(users, (USER_NO,))
        self._events = {key: in_order(frame, (USER_NO, AT)) for key, frame in events.items()}
        self._keys = in_order(keys.select(USER_NO, USER_ID, HASH), (USER_NO,))

    def users(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of the users table."""
        return self._users.select(columns)

    def events(self, event: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of one event's table."""
        return self._events[event].select(columns)

    def keys(self) -> pl.DataFrame:
        """Return every key."""
        return self._keys

    def segments_of(self, event: str | None) -> tuple[str, ...]:
        """Return one made-up segment id per table."""
        return (f"{self.version_id}/{'users' if event is None else f'event:{event}'}",)


class UntilTables:
    """`Tables` without what happened after a day: later occurrences, and users who came later.

    Imported tags are those of the version all the same.

    Parameters
    ----------
    tables : Tables
    day : datetime.date
        The last one that counts.
    """

    def __init__(self, tables: Tables, day: date) -> None:
        self._tables = tables
        self._day = day
        self.catalogue = tables.catalogue
        self.version_id = f"{tables.version_id} until {day.isoformat()}"

    def users(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of the users table; who came later never exists."""
        frame = self._tables.users(columns)
        if EXISTS_FROM not in columns:
            return frame
        came = pl.col(EXISTS_FROM)
        never = pl.when(came > self._day).then(pl.lit(date.max)).otherwise(came)
        return frame.with_columns(never.alias(EXISTS_FROM))

    def events(self, event: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return the named columns of one event's table, later occurrences left out."""
        frame = self._tables.events(event, list(dict.fromkeys([*columns, DAY])))
        return frame.filter(pl.col(DAY) <= self._day).select(columns)

    def keys(self) -> pl.DataFrame:
        """Return every key."""
        return self._tables.keys()

    def segments_of(self, event: str | None) -> tuple[str, ...]:
        """Return ids that differ from those of the whole tables."""
        return tuple(f"{each} until {self._day.isoformat()}" for each in self._tables.segments_of(event))


def in_order(frame: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """Return the frame sorted by the columns, with the first of them flagged as sorted.

    A frame that is in order already is not sorted again; rows that tie keep their order.
    """
    if not _is_ordered(frame, by):
        frame = frame.sort(by, maintain_order=True)
    return frame.with_columns(pl.col(by[0]).set_sorted())


def _is_ordered(frame: pl.DataFrame, by: tuple[str, ...]) -> bool:
    if frame.height < 2:
        return True
    first = pl.col(by[0])
    step = first > first.shift(1)
    if len(by) == 2:
        second = pl.col(by[1])
        step = step | ((first == first.shift(1)) & (second >= second.shift(1)))
    else:
        step = first >= first.shift(1)
    return bool(frame.select(step.slice(1).all()).item())
