"""One data version as it is held in memory: read column by column when first needed, shared by everyone."""

from __future__ import annotations

import sys
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Words, everybody
from core.engines.memory.cache import Cache
from core.engines.memory.columns import CodedColumn, Column, PlainColumn, coded, column_of
from core.engines.memory.events import PIECE_OCCURRENCES, Partition
from core.engines.memory.tiles import Tiles
from core.lake.tables import Tables
from core.schema import EXISTS_FROM, HASH, USER_ID, USER_NO, Catalogue, tag_column


class HeldVersion:
    """The tables of a data version in the forms in which the engine asks them.

    Rows are the users of the version, 0 to `user_count` - 1, in the order of ``user_no``. Nothing is ever
    dropped again: it goes with the engine.

    Parameters
    ----------
    tables : Tables
        The data version.
    piece_occurrences : int
        About how many occurrences of an event are worked on at a time.
    """

    def __init__(self, tables: Tables, piece_occurrences: int = PIECE_OCCURRENCES) -> None:
        self._piece_occurrences = piece_occurrences
        self.tables = tables
        self.catalogue: Catalogue = tables.catalogue
        self.segments = tables.segments_of(None)
        self.user_nos: pl.Series = tables.users([USER_NO]).get_column(USER_NO).rechunk()
        self.user_count = len(self.user_nos)
        self._kept = Cache(sys.maxsize)

    @property
    def nbytes(self) -> int:
        """Bytes held in memory now."""
        return int(self.user_nos.estimated_size()) + sum(value.nbytes for value in self._kept.values())

    def column(self, tag: str) -> Column:
        """Return the column of an imported tag."""

        def read() -> Column:
            name = tag_column(tag)
            return column_of(self.tables.users([name]).get_column(name), self.catalogue.tags[tag].type)

        return self._kept.get(("tag", tag), read)

    def partition(self, event: str) -> Partition:
        """Return the occurrences of an event."""

        def read() -> Partition:
            spec = self.catalogue.events[event]
            return Partition(self.tables, spec, self.row_of, self.user_count, self._piece_occurrences)

        return self._kept.get(("event", event), read)

    def base(self, as_of: date, tiles: Tiles) -> Words:
        """Return the users who exist at the end of the day, as a mask."""
        exists_from = self._kept.get("exists_from", self._read_exists_from)
        if not len(exists_from.dictionary):
            return everybody(self.user_count)
        return exists_from.mask(lambda day: day.is_null() | (day <= as_of), tiles)

    @property
    def row_of(self) -> pl.Series:
        """By ``user_no``, the user's row; null where there is none, as in the last place."""
        return self._kept.get("row_of", self._make_row_of).values

    def rows_of(self, user_nos: pl.Series) -> NDArray[np.uint32]:
        """Return the rows of users; numbers that the version does not have are passed over."""
        row_of = self.row_of
        rows = row_of.gather(user_nos.cast(pl.UInt32).clip(upper_bound=len(row_of) - 1))
        return rows.drop_nulls().to_numpy()

    def user_ids(self) -> pl.Series:
        """Return the ``user_id`` of every row."""
        return self._kept.get("user_ids", lambda: PlainColumn(self._keys(USER_ID))).values

    def hashes(self) -> NDArray[np.uint64]:
        """Return the stored hash of every row."""
        return self._kept.get("hashes", lambda: PlainColumn(self._keys(HASH))).values.to_numpy()

    def _keys(self, column: str) -> pl.Series:
        keys = self.tables.keys().select(USER_NO, column)
        if not keys.get_column(USER_NO).equals(self.user_nos):
            users = self.user_nos.alias(USER_NO).to_frame()
            keys = users.join(keys, on=USER_NO, how="left", maintain_order="left")
        return keys.get_column(column).rechunk()

    def _read_exists_from(self) -> CodedColumn:
        days = self.tables.users([EXISTS_FROM]).get_column(EXISTS_FROM)
        return coded(days, days.unique().drop_nulls().sort())

    def _make_row_of(self) -> PlainColumn:
        newest = self.user_nos.max()
        places = np.full((newest if isinstance(newest, int) else -1) + 2, self.user_count, dtype=np.uint32)
        places[self.user_nos.to_numpy()] = np.arange(self.user_count, dtype=np.uint32)
        row = pl.col("row")
        known = pl.when(row < self.user_count).then(row)
        return PlainColumn(pl.Series("row", places).to_frame().select(known).to_series())
