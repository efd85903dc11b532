"""How two tags go together: their values in a few classes each, one small code per user, counted in pairs.

The codes of a tag are remembered, so that each tag is put in classes once however many others it meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.crossing import Class, Contingency, quantile_cuts
from core.engines.memory.bits import Words, as_series, rows_in
from core.engines.memory.breakdowns import counts_of, most_frequent
from core.engines.memory.columns import CodedColumn, Column, MultiColumn
from core.engines.memory.tiles import Tiles

MOST_VALUES = 200
"""Up to so many values each is a class of its own."""
NAMED_VALUES = 50
"""Of more values so many are, the most frequent; the rest is one."""
CONTINGENCY_BINS = 10


@dataclass(frozen=True)
class Classes:
    """The values of a tag in at most 202 classes.

    Attributes
    ----------
    classes : tuple of Class
        The missing last.
    codes : numpy.ndarray of uint8
        Per row its class; the number of classes for rows outside of the base.
    """

    classes: tuple[Class, ...]
    codes: NDArray[np.uint8]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.codes.nbytes + 100 * len(self.classes)


def classes_of(column: Column, base: Words) -> Classes:
    """Return the values of a tag in classes, as they are distributed in the base."""
    asked = as_series(base, len(column))
    if isinstance(column, MultiColumn):
        return _of_sets(column, asked)
    if isinstance(column, CodedColumn):
        counts = counts_of(column.codes, column.missing_code + 1, base)
        if column.dictionary.dtype == pl.Date:
            return _of_dates(column, counts, asked)
        return _of_codes(column, _named(counts[:-1]), asked)
    if column.values.dtype == pl.Float64:
        return _of_numbers(column.values, asked)
    return _of_texts(column.values, asked)


def contingency(one: Classes, other: Classes, tiles: Tiles) -> Contingency:
    """Return how many users of the base are in each pair of classes."""
    rows, columns = len(one.classes), len(other.classes)
    found = np.zeros((rows + 1) * (columns + 1), dtype=np.int64)
    lock = Lock()

    def work(start: int, stop: int) -> None:
        pairs = one.codes[start:stop].astype(np.uint16)
        pairs *= np.uint16(columns + 1)
        pairs += other.codes[start:stop]
        held = np.bincount(pairs, minlength=len(found))
        with lock:
            np.add(found, held, out=found)

    tiles.run(len(one.codes), work)
    table = found.reshape(rows + 1, columns + 1)[:rows, :columns]
    return Contingency(one.classes, other.classes, table)


def differing(one: Column, other: Column, base: Words) -> NDArray[np.bool_]:
    """Return which users of the base have another value, or none, in one column than in the other."""
    asked = as_series(base, len(one)).to_numpy()
    if isinstance(one, CodedColumn) and isinstance(other, CodedColumn):
        if one.dictionary.dtype != other.dictionary.dtype:
            neither = (one.codes == one.missing_code) & (other.codes == other.missing_code)
            differ: NDArray[np.bool_] = asked & ~neither
            return differ
        # One dictionary's codes are written in the other's; a value that it lacks gets a code of its own.
        values = other.dictionary.alias("value").to_frame().with_row_index("place")
        joined = (
            one.dictionary.alias("value")
            .to_frame()
            .join(values, on="value", how="left", maintain_order="left")
        )
        places = joined.get_column("place").cast(pl.Int64).fill_null(-1).to_numpy()
        written = np.append(places, other.missing_code)[one.codes]
        moved: NDArray[np.bool_] = asked & (written != other.codes)
        return moved
    rows = rows_in(base, len(one))
    before, after = one.taken(rows), other.taken(rows)
    changed = np.zeros(len(one), dtype=np.bool_)
    if before.dtype != after.dtype:
        changed[rows] = (before.is_not_null() | after.is_not_null()).to_numpy()
    else:
        changed[rows] = before.ne_missing(after).to_numpy()
    return changed


def among(classes: Classes, chosen: NDArray[np.bool_]) -> Classes:
    """Return the classes with only the chosen users in them."""
    outside = np.uint8(len(classes.classes))
    return Classes(classes.classes, np.where(chosen, classes.codes, outside).astype(np.uint8))


def _named(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the values that are classes of their own, the most frequent first."""
    order = most_frequent(counts)
    return order if len(order) <= MOST_VALUES else order[:NAMED_VALUES]


def _of_codes(column: CodedColumn, named: NDArray[np.int64], asked: pl.Series) -> Classes:
    """Return the classes of values that have codes."""
    by_code = np.full(column.missing_code + 1, len(named), dtype=np.uint8)
    by_code[named] = np.arange(len(named))
    by_code[-1] = len(named) + 1
    classes = [Class("value", column.dictionary[code]) for code in named.tolist()]
    return _finished(classes, by_code[column.codes], asked, has_other=True)


def _of_dates(column: CodedColumn, counts: NDArray[np.int64], asked: pl.Series) -> Classes:
    present = np.flatnonzero(counts[:-1])
    starts = present[quantile_cuts(counts[present], CONTINGENCY_BINS)]
    by_code = np.searchsorted(starts, np.arange(column.missing_code + 1), side="right").astype(np.uint8)
    by_code[-1] = len(starts) + 1
    cuts = [column.dictionary[place] for place in starts.tolist()]
    return _finished(_bins(cuts), by_code[column.codes], asked, has_other=False)


def _of_numbers(values: pl.Series, asked: pl.Series) -> Classes:
    present, counts = np.unique(values.filter(asked).drop_nulls().to_numpy() + 0.0, return_counts=True)
    cuts = present[quantile_cuts(counts, CONTINGENCY_BINS)]
    codes = np.searchsorted(cuts, values.fill_null(0.0).to_numpy(), side="right").astype(np.uint8)
    codes[values.is_null().to_numpy()] = len(cuts) + 1
    return _finished(_bins(cuts.tolist()), codes, asked, has_other=False)


def _bins(cuts: Sequence[float]) -> list[Class]:
    ends = [None, *cuts, None]
    return [Class("bin", low=low, high=high) for low, high in pairwise(ends)]


def _of_texts(values: pl.Series, asked: pl.Series) -> Classes:
    """Return the classes of text with so many values that it has no codes."""
    known = values.filter(asked).drop_nulls().alias("value").to_frame()
    counts = known.group_by("value").len("users").sort(["users", "value"], descending=[True, False])
    frequent = counts.get_column("value")
    frequent = frequent if len(frequent) <= MOST_VALUES else frequent[:NAMED_VALUES]
    places = frequent.to_frame().with_row_index("place")
    joined = values.alias("value").to_frame().join(places, on="value", how="left", maintain_order="left")
    place = joined.get_column("place").fill_null(len(frequent))
    codes = place.cast(pl.UInt8).to_numpy().copy()
    codes[values.is_null().to_numpy()] = len(frequent) + 1
    return _finished([Class("value", value) for value in frequent], codes, asked, has_other=True)


def _of_sets(column: MultiColumn, asked: pl.Series) -> Classes:
    """Return the classes of sets of values: a set is one value, whatever it has in common with others."""
    sets, many = _numbered(column)
    counts = np.bincount(pl.Series(sets).filter(asked).to_numpy(), minlength=many)
    counts[0] = 0
    named = _named(counts)
    by_set = np.full(many, len(named), dtype=np.uint8)
    by_set[named] = np.arange(len(named))
    by_set[0] = len(named) + 1
    # Of every set some row that has it.
    row_of = np.zeros(many, dtype=np.uint32)
    row_of[sets] = np.arange(len(sets), dtype=np.uint32)
    values = column.taken(row_of[named]).to_list()
    classes = [Class("value", tuple(value)) for value in values]
    return _finished(classes, by_set[sets], asked, has_other=True)


def _numbered(column: MultiColumn) -> tuple[NDArray[np.int64], int]:
    """Return a number for every row that equal sets share, 0 for none, and how many numbers there are.

    Value by value: a set's number stands for the number of what came before and its next value. They do not
    depend on the order of rows.
    """
    sizes = column.sizes.astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    numbers = np.zeros(len(sizes), dtype=np.int64)
    many = 1
    for place in range(int(sizes.max(initial=0))):
        rows = np.flatnonzero(sizes > place)
        next_value = column.codes[starts[rows] + place].astype(np.int64)
        longer, which = np.unique(numbers[rows] * len(column.dictionary) + next_value, return_inverse=True)
        numbers[rows] = many + which
        many += len(longer)
    return numbers, many


def _finished(
    classes: list[Class], codes: NDArray[np.uint8], asked: pl.Series, *, has_other: bool
) -> Classes:
    """Return the classes with their last ones; a class for other values only where somebody has one."""
    kept = codes.copy()
    if has_other:
        other = len(classes)
        if bool((pl.Series(kept).filter(asked) == other).any()):
            classes = [*classes, Class("other")]
        else:
            kept[kept > other] -= 1
    kept[~asked.to_numpy()] = len(classes) + 1
    return Classes((*classes, Class("missing")), kept)
