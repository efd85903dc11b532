"""Ranks: everyone in the order of a tag, all together or by the value of another tag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory import people
from core.engines.memory.bits import Words, as_series, nobody, scatter
from core.engines.memory.columns import CodedColumn, Column, MultiColumn
from core.engines.memory.measures import Needed
from core.engines.memory.per_user import Rows, runs_of
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralRank
from core.rules.literal_values import LiteralTag


@dataclass(frozen=True)
class _Ranked:
    """Users who have a place, group by group, the first of each group first.

    Attributes
    ----------
    rows : numpy.ndarray of uint32
        Their rows.
    starts, lengths : numpy.ndarray of uint32
        Where each group begins, and how long it is.
    """

    rows: Rows
    starts: NDArray[np.uint32]
    lengths: NDArray[np.uint32]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.rows.nbytes + self.starts.nbytes + self.lengths.nbytes


def holds(asked: LiteralRank, sources: Sources, as_of: date) -> Words:
    """Return the users who come first in their group."""
    measures = sources.measures
    within = None if asked.within is None else measures.key_of(asked.within)
    key = ("ranked", sources.held.segments, measures.key_of(asked.tag), within, asked.is_top, as_of)
    ranked = sources.cache.get(key, lambda: _ranked(asked, sources, as_of))
    if not len(ranked.rows):
        return nobody(sources.held.user_count)
    sizes, back = np.unique(ranked.lengths, return_inverse=True)
    # More places than anyone can have are as many as there are.
    limits = np.array([min(asked.places(int(size)), int(size)) for size in sizes], dtype=np.uint32)[back]
    place = np.arange(len(ranked.rows), dtype=np.uint32) - np.repeat(ranked.starts, ranked.lengths)
    return scatter(ranked.rows[place < np.repeat(limits, ranked.lengths)], sources.held.user_count)


def needed(asked: LiteralRank, sources: Sources) -> Needed:
    """Return the tags that a user must have a value of."""
    return sources.measures.needed_tags(_tags(asked))


def _tags(asked: LiteralRank) -> list[LiteralTag]:
    return [asked.tag] if asked.within is None else [asked.tag, asked.within]


def _ranked(asked: LiteralRank, sources: Sources, as_of: date) -> _Ranked:
    held = sources.held
    ranked = sources.base(as_of) & needed(asked, sources).having()
    by_id = sources.cache.get(("by user_id", held.segments), lambda: people.all_by_id(held))
    order = pl.Series("row", by_id)
    rows = order.filter(as_series(ranked, held.user_count).gather(order))
    found = pl.DataFrame({"row": rows, "value": _ordered(sources.measures.values(asked.tag), rows)})
    # The order of ids is kept among those who tie.
    ordered = found.sort("value", descending=asked.is_top, maintain_order=True).get_column("row")
    if asked.within is None:
        groups = pl.repeat(0, len(ordered), dtype=pl.UInt32, eager=True)
    else:
        column = sources.measures.values(asked.within)
        of_rows = _ordered(column, ordered)
        codes = (of_rows if isinstance(column, CodedColumn) else of_rows.rank("dense")).to_numpy()
        # By NumPy, which sorts the small whole numbers that codes are without comparing them.
        by_group = np.argsort(codes, kind="stable")
        ordered, groups = ordered.gather(by_group), pl.Series(codes[by_group])
    runs = runs_of(groups)
    return _Ranked(ordered.to_numpy(), runs.starts, runs.lengths)


def _ordered(column: Column, rows: pl.Series) -> pl.Series:
    """Return something of each row that is ordered, and equal, as the values are; -0 is 0."""
    if isinstance(column, MultiColumn):
        raise TypeError("sets of values have no order")
    if isinstance(column, CodedColumn):
        return pl.Series(column.codes.take(rows.to_numpy()))
    values = column.values.gather(rows)
    return values + 0.0 if values.dtype == pl.Float64 else values
