"""How a tag is distributed among some people against the base, and how often its values occur.

Values are counted on the code columns: filter the codes by the mask, then one histogram over the codes. The
base's histogram is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.base import Bar, Breakdown
from core.engines.memory.bins import date_edges, number_edges
from core.engines.memory.bits import Words, as_series, count, nobody, scatter
from core.engines.memory.columns import CodedColumn, Codes, Column, MultiColumn, PlainColumn, coded
from core.engines.memory.tiles import Tiles
from core.schema import TagSpec

Counts = NDArray[np.int64]
_PAIRED_ABOVE = 1 << 16
"""From so many one-byte codes on, counting them two at a time is faster."""


@dataclass(frozen=True)
class Histogram:
    """Numbers in bins.

    Attributes
    ----------
    edges : tuple of float
        One more than there are bins; empty when nobody has a value.
    codes : numpy.ndarray
        Per row the bin, or the number of bins where the value is missing.
    """

    edges: tuple[float, ...]
    codes: Codes

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.codes.nbytes + 32 * len(self.edges)


def counts_of(codes: Codes, size: int, chosen: Words | None) -> Counts:
    """Return how many of the chosen rows have each of the codes 0 to `size` - 1 (None = all rows)."""
    kept = codes if chosen is None else pl.Series(codes).filter(as_series(chosen, len(codes))).to_numpy()
    if kept.dtype != np.uint8 or len(kept) < _PAIRED_ABOVE:
        return np.bincount(kept, minlength=size)
    pairs = np.ascontiguousarray(kept[: len(kept) // 2 * 2]).view(np.uint16)
    square = np.bincount(pairs, minlength=1 << 16).reshape(256, 256)
    counts: Counts = square.sum(axis=0) + square.sum(axis=1)
    if len(kept) % 2:
        counts[kept[-1]] += 1
    return counts[:size]


def counts_among(column: CodedColumn | MultiColumn | Histogram, chosen: Words | None) -> Counts:
    """Return how many of the chosen rows have each code, the missing one last; each value for sets."""
    if isinstance(column, MultiColumn):
        codes = pl.Series(column.codes)
        if chosen is not None:
            codes = codes.filter(as_series(chosen, len(column)).gather(pl.Series(column.owners)))
        return np.bincount(codes.to_numpy(), minlength=len(column.dictionary))
    size = max(len(column.edges) - 1, 1) if isinstance(column, Histogram) else column.missing_code
    return counts_of(column.codes, size + 1, chosen)


def distinct_among(column: Column, chosen: Words) -> int:
    """Return how many different values the chosen rows have; of a multi tag, in all their sets."""
    if isinstance(column, PlainColumn):
        # -0 and 0 are one number.
        values = column.values + 0.0 if column.values.dtype == pl.Float64 else column.values
        return values.filter(as_series(chosen, len(column))).drop_nulls().n_unique()
    return int(np.count_nonzero(counts_among(column, chosen)[: len(column.dictionary)]))


def mask_per_code(column: CodedColumn, tiles: Tiles) -> NDArray[np.uint64]:
    """Return one mask per code, the missing one last, as the rows of a matrix."""
    codes = np.arange(column.missing_code + 1)
    return np.stack([column.mask_of(codes == code, tiles) for code in codes])


def histogram(column: PlainColumn, base: Words, bins: int, tiles: Tiles) -> Histogram:
    """Return a number's bins, chosen for the users of the base, and the bin of every row."""
    rows = len(column.values)
    asked = column.values.filter(as_series(base, rows)).drop_nulls()
    edges: list[float] = []
    if len(asked):
        low, high = float(asked.min()), float(asked.max())  # type: ignore[arg-type]
        usual = asked.quantile(0.99, interpolation="lower")
        whole = bool((asked == asked.floor()).all())
        edges = number_edges(low, high, high if usual is None else usual, bins, whole=whole)
    last = max(len(edges) - 2, 0)
    codes: Codes = np.zeros(rows, dtype=np.uint8) if bins < 255 else np.zeros(rows, dtype=np.uint32)

    def work(start: int, stop: int) -> None:
        shard = column.values[start:stop]
        values = shard.fill_null(0.0).to_numpy()
        within = codes[start:stop]
        for edge in edges[1 : last + 1]:
            np.add(within, values >= edge, out=within)
        if shard.null_count():
            within[shard.is_null().to_numpy()] = last + 1

    tiles.run(rows, work)
    return Histogram(tuple(edges), codes)


def as_coded(column: Column) -> CodedColumn | MultiColumn:
    """Return a column with a dictionary, making one for text that has too many values to keep it."""
    if isinstance(column, PlainColumn):
        return coded(column.values, column.values.unique().drop_nulls().sort())
    return column


def of_numbers(tag: TagSpec, bins: Histogram, matched: Words, base_counts: Counts) -> Breakdown:
    """Return a number's histogram among the matched against the base's."""
    matched_counts = counts_among(bins, matched)
    bars = tuple(
        Bar(None, low, high, int(matched_counts[place]), int(base_counts[place]))
        for place, (low, high) in enumerate(zip(bins.edges, bins.edges[1:], strict=False))
    )
    return Breakdown(tag.key, tag.type, bars, (0, 0), (int(matched_counts[-1]), int(base_counts[-1])))


def of_dates(
    tag: TagSpec, column: CodedColumn, matched_counts: Counts, base_counts: Counts, bins: int
) -> Breakdown:
    """Return a date's histogram among the matched against the base's (one count per code)."""
    missing = (int(matched_counts[-1]), int(base_counts[-1]))
    present = np.flatnonzero(base_counts[:-1])
    if not len(present):
        return Breakdown(tag.key, tag.type, (), (0, 0), missing)
    edges = date_edges(column.dictionary[int(present[0])], column.dictionary[int(present[-1])], bins)
    places = column.dictionary.search_sorted(pl.Series(edges[:-1], dtype=pl.Date)).to_list()
    ends = [*places[1:], len(column.dictionary)]
    bars = tuple(
        Bar(None, edges[i], edges[i + 1], int(matched_counts[a:b].sum()), int(base_counts[:-1][a:b].sum()))
        for i, (a, b) in enumerate(zip(places, ends, strict=True))
    )
    return Breakdown(tag.key, tag.type, bars, (0, 0), missing)


def of_values(
    tag: TagSpec,
    column: CodedColumn | MultiColumn,
    people: tuple[Words, Words],
    counts: tuple[Counts, Counts],
    top: int,
) -> Breakdown:
    """Return the most frequent values among the matched against the base.

    Parameters
    ----------
    tag : TagSpec
        The tag.
    column : CodedColumn or MultiColumn
        Its values.
    people : pair of masks
        The matched, and the base.
    counts : pair of numpy.ndarray
        For either, one count per code as `counts_among` gives it.
    top : int
        How many values to show.
    """
    matched, base = people
    matched_counts, base_counts = counts
    values = slice(0, len(column.dictionary))
    order = most_frequent(base_counts[values])
    shown, rest = order[:top], order[top:]
    bars = tuple(
        Bar(_plain(column.dictionary[code]), None, None, int(matched_counts[code]), int(base_counts[code]))
        for code in shown.tolist()
    )
    if isinstance(column, MultiColumn):
        of_rest = _holding(column, rest)
        other = count(of_rest & matched), count(of_rest & base)
        missing = count(matched & ~column.has_value), count(base & ~column.has_value)
    else:
        other = int(matched_counts[rest].sum()), int(base_counts[rest].sum())
        missing = int(matched_counts[-1]), int(base_counts[-1])
    return Breakdown(tag.key, tag.type, bars, other, missing)


def most_frequent(counts: Counts) -> NDArray[np.int64]:
    """Return the codes that occur, the most frequent first, ties in the dictionary's order."""
    order = np.argsort(-counts, kind="stable")
    return order[counts[order] > 0]


def _holding(column: MultiColumn, codes: NDArray[np.int64]) -> Words:
    """Return the rows that hold at least one of the values."""
    if not len(codes):
        return nobody(len(column))
    wanted = np.zeros(len(column.dictionary), dtype=np.bool_)
    wanted[codes] = True
    return scatter(column.owners[wanted[column.codes]], len(column))


def _plain(value: Any) -> str | bool:
    """Return a value as Python's own."""
    return value if isinstance(value, bool) else str(value)
