"""Columns as the engine holds them: dictionary codes, numbers, and sets of values.

A column knows its values only; what an op means is asked of the op table, once per dictionary or once per
shard, and comes back as a mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Flags, Words, everybody, nobody, pack, pack_series, words_for
from core.engines.memory.tiles import Tiles
from core.schema import TagType

Codes = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]
Predicate = Callable[[pl.Expr], pl.Expr]
"""From a column to a Boolean, null where the value is missing."""

MOST_CODED_SHARE = 0.25
"""Text with more distinct values per row than this (phone numbers, say) is held as it is."""
MOST_COMPARED_RUNS = 4
"""Up to so many runs of adjoining codes are compared, more are looked up: measured to be the faster way."""

_V = "value"


@dataclass(frozen=True)
class CodedColumn:
    """Text, enum, boolean or date values as codes into their sorted dictionary.

    Attributes
    ----------
    dictionary : polars.Series
        The distinct values, ascending, none missing.
    codes : numpy.ndarray
        One per row, in the narrowest unsigned type; ``len(dictionary)`` = missing.
    has_value : numpy.ndarray of uint64 or None
        The rows that are not missing, as a mask; None = all.
    """

    dictionary: pl.Series
    codes: Codes
    has_value: Words | None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        held = self.codes.nbytes + int(self.dictionary.estimated_size())
        return held + (0 if self.has_value is None else self.has_value.nbytes)

    @property
    def missing_code(self) -> int:
        """The code of rows without a value."""
        return len(self.dictionary)

    def __len__(self) -> int:
        return len(self.codes)

    def series(self, start: int, stop: int) -> pl.Series:
        """Return the values of rows `start` to `stop`, null where missing."""
        return decode(self.dictionary, self.codes[start:stop])

    def taken(self, rows: NDArray[np.uint32]) -> pl.Series:
        """Return the values of the given rows, null where missing."""
        return decode(self.dictionary, self.codes.take(rows))

    def hits(self, predicate: Predicate) -> Flags:
        """Return for each code, the missing one last, whether the predicate holds."""
        held = self._asked.select(predicate(pl.col(_V)).fill_null(False)).to_series()
        return held.to_numpy().astype(np.bool_)

    @cached_property
    def _asked(self) -> pl.DataFrame:
        """The dictionary as predicates see it, the missing value last."""
        values = self.dictionary
        return (values.extend_constant(None, 1) if len(values) else values.clear(1)).alias(_V).to_frame()

    def mask(self, predicate: Predicate, tiles: Tiles) -> Words:
        """Return the rows for which the predicate holds."""
        return self.mask_of(self.hits(predicate), tiles)

    def mask_of(self, hits: Flags, tiles: Tiles) -> Words:
        """Return the rows whose code is among the hits (one flag per code, the missing one last)."""
        if self.missing_code and hits[-2] != hits[-1] and (self.has_value is None or hits[-2]):
            # The missing stand next to the largest value: a run up to the end takes one comparison less.
            asked = np.append(hits[:-1], hits[-2])
            words = self.mask_of(asked, tiles)
            return words if self.has_value is None else words & self.has_value
        words = nobody(len(self.codes))
        runs = _runs(hits)
        if not runs:
            return words
        if runs == [(0, self.missing_code)]:
            return everybody(len(self.codes))
        few = len(runs) <= MOST_COMPARED_RUNS
        top = self.missing_code
        are_hit = partial(_in_runs, runs, top) if few else _lookup(hits, self.codes.dtype)

        def work(start: int, stop: int) -> None:
            flags = are_hit(self.codes[start:stop])
            words[start // 64 : start // 64 + words_for(stop - start)] = pack(flags)

        tiles.run(len(self.codes), work)
        return words

    def valid(self) -> Words:
        """Return the rows that have a value."""
        return everybody(len(self.codes)) if self.has_value is None else self.has_value


@dataclass(frozen=True)
class PlainColumn:
    """Values as they are: numbers (Float64, never NaN), and text with too many values to code."""

    values: pl.Series

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.values.estimated_size())

    def __len__(self) -> int:
        return len(self.values)

    def series(self, start: int, stop: int) -> pl.Series:
        """Return the values of rows `start` to `stop`, null where missing."""
        return self.values[start:stop]

    def taken(self, rows: NDArray[np.uint32]) -> pl.Series:
        """Return the values of the given rows, null where missing."""
        return self.values.gather(rows)

    def mask(self, predicate: Predicate, tiles: Tiles) -> Words:
        """Return the rows for which the predicate holds."""
        return mask_of_rows(len(self.values), predicate(pl.col(_V)), {_V: self}, tiles)

    def mask_of_numbers(self, holds: Callable[[NDArray[np.float64]], Flags], tiles: Tiles) -> Words:
        """Return the rows that have a number for which a comparison of arrays holds."""
        numbers = self._numbers()
        words = nobody(len(numbers))

        def work(start: int, stop: int) -> None:
            words[start // 64 : start // 64 + words_for(stop - start)] = pack(holds(numbers[start:stop]))

        tiles.run(len(numbers), work)
        return words & pack_series(self.values.is_not_null()) if self.values.null_count() else words

    def _numbers(self) -> NDArray[np.float64]:
        """Return the numbers without copying them; anything may stand where the value is missing."""
        array = self.values.rechunk().to_arrow()
        held = np.frombuffer(array.buffers()[1], dtype=np.float64, count=array.offset + len(array))
        return held[array.offset :]

    def valid(self) -> Words:
        """Return the rows that have a value."""
        if not self.values.null_count():
            return everybody(len(self.values))
        return pack_series(self.values.is_not_null())


@dataclass(frozen=True)
class MultiColumn:
    """A set of values per row, as codes into the sorted dictionary, one after another.

    Attributes
    ----------
    dictionary : polars.Series
        The distinct values, ascending.
    codes : numpy.ndarray
        The values of all rows, each once per row.
    owners : numpy.ndarray of uint32
        The row that each code belongs to, ascending.
    sizes : numpy.ndarray
        Values per row; 0 where missing (an empty set is missing too).
    has_value : numpy.ndarray of uint64
        The rows that are not missing, as a mask.
    """

    dictionary: pl.Series
    codes: Codes
    owners: NDArray[np.uint32]
    sizes: Codes
    has_value: Words

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return (
            self.codes.nbytes
            + self.owners.nbytes
            + self.sizes.nbytes
            + self.has_value.nbytes
            + int(self.dictionary.estimated_size())
        )

    def __len__(self) -> int:
        return len(self.sizes)

    def taken(self, rows: NDArray[np.uint32]) -> pl.Series:
        """Return the values of the given rows as lists in the dictionary's order, null where missing."""
        sizes = self.sizes[rows].astype(np.int64)
        starts = np.searchsorted(self.owners, rows)
        within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        codes = self.codes[np.repeat(starts, sizes) + within]
        places = np.arange(len(rows), dtype=np.uint32)
        lists = (
            pl.DataFrame({"place": np.repeat(places, sizes)})
            .with_columns(decode(self.dictionary, codes).alias(_V))
            .group_by("place", maintain_order=True)
            .agg(_V)
        )
        asked = pl.DataFrame({"place": places})
        return asked.join(lists, on="place", how="left", maintain_order="left").get_column(_V)

    def mask_of_value(self, value: str) -> Words:
        """Return the rows that hold the value."""
        place = self.code_of(value)
        if place is None:
            return nobody(len(self.sizes))
        owners = pl.Series(self.owners).filter(pl.Series(self.codes) == place).to_numpy()
        flags = np.zeros(len(self.sizes), dtype=np.bool_)
        flags[owners] = True
        return pack(flags)

    def code_of(self, value: str) -> int | None:
        """Return the code of a value, None when no row has it."""
        place = int(self.dictionary.search_sorted(value, side="left"))
        found = place < len(self.dictionary) and self.dictionary[place] == value
        return place if found else None

    def valid(self) -> Words:
        """Return the rows that have a value."""
        return self.has_value


Column = CodedColumn | PlainColumn | MultiColumn


def column_of(values: pl.Series, kind: TagType) -> Column:
    """Return values of a tag or property in the form in which the engine asks them.

    Parameters
    ----------
    values : polars.Series
        By `core.schema.TAG_DTYPES`; null (and NaN) = missing.
    kind : TagType
        What they are.
    """
    match kind:
        case TagType.NUMBER:
            return PlainColumn(values.cast(pl.Float64).fill_nan(None).rechunk())
        case TagType.MULTI:
            return _multi(values)
        case TagType.DATE | TagType.BOOLEAN:
            return coded(values, values.unique().drop_nulls().sort())
        case TagType.TEXT | TagType.ENUM:
            dictionary = values.unique().drop_nulls()
            if len(dictionary) > max(1 << 16, MOST_CODED_SHARE * len(values)):
                return PlainColumn(values.rechunk())
            return coded(values, dictionary.sort())


def coded(values: pl.Series, dictionary: pl.Series) -> CodedColumn:
    """Return values as codes into a sorted dictionary that holds them all."""
    places = dictionary.alias(_V).to_frame().with_row_index("code")
    found = values.alias(_V).to_frame().join(places, on=_V, how="left", maintain_order="left")
    codes = found.get_column("code").fill_null(len(dictionary))
    has_value = pack_series(values.is_not_null()) if values.null_count() else None
    return CodedColumn(dictionary, narrow(codes, len(dictionary)), has_value)


def narrow(codes: pl.Series, largest: int) -> Codes:
    """Return whole numbers up to `largest` in the narrowest unsigned type that holds them."""
    for dtype in (pl.UInt8, pl.UInt16):
        if largest <= np.iinfo(np.uint8 if dtype == pl.UInt8 else np.uint16).max:
            return codes.cast(dtype).to_numpy()
    return codes.cast(pl.UInt32).to_numpy()


def decode(dictionary: pl.Series, codes: Codes) -> pl.Series:
    """Return the values behind codes, null for the missing code."""
    if not len(dictionary):
        return dictionary.clear(len(codes))
    return dictionary.extend_constant(None, 1).gather(pl.Series(codes))


def mask_of_rows(
    rows: int, holds: pl.Expr, columns: Mapping[str, CodedColumn | PlainColumn], tiles: Tiles
) -> Words:
    """Return the rows for which an expression over columns holds, asked shard by shard."""
    words = nobody(rows)

    def work(start: int, stop: int) -> None:
        shard = pl.DataFrame({name: column.series(start, stop) for name, column in columns.items()})
        held = pack_series(shard.select(holds).to_series())
        words[start // 64 : start // 64 + len(held)] = held

    tiles.run(rows, work)
    return words


def _multi(values: pl.Series) -> MultiColumn:
    rows = len(values)
    sets = values.list.unique()
    exploded = (
        pl.DataFrame({"owner": pl.arange(0, rows, dtype=pl.UInt32, eager=True), _V: sets})
        .explode(_V)
        .drop_nulls(_V)
    )
    dictionary = exploded.get_column(_V).unique().sort()
    column = coded(exploded.get_column(_V), dictionary)
    in_order = exploded.select("owner", code=pl.Series(column.codes)).sort("owner", "code")
    sizes = sets.list.drop_nulls().list.len().fill_null(0)
    largest = sizes.max()
    return MultiColumn(
        dictionary,
        in_order.get_column("code").to_numpy(),
        in_order.get_column("owner").to_numpy(),
        narrow(sizes, largest if isinstance(largest, int) else 0),
        pack_series(sizes > 0),
    )


def _runs(hits: Flags) -> list[tuple[int, int]]:
    """Return the runs of adjoining codes that are hit, as (first, last)."""
    edges = np.flatnonzero(np.diff(hits.astype(np.int8), prepend=np.int8(0), append=np.int8(0)))
    return [(int(first), int(end) - 1) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _lookup(hits: Flags, dtype: np.dtype[np.unsignedinteger]) -> Callable[[Codes], Flags]:
    """Return what looks codes up among the hits; one-byte codes two at a time, which is twice as fast."""
    if dtype != np.uint8:
        return hits.take
    one = np.zeros(256, dtype=np.uint16)
    one[: len(hits)] = hits
    two = (one[None, :] | (one[:, None] << 8)).ravel()

    def look_up(codes: Codes) -> Flags:
        even = len(codes) // 2 * 2
        flags = two.take(codes[:even].view(np.uint16)).view(np.bool_)
        return flags if even == len(codes) else np.append(flags, hits[codes[even]])

    return look_up


def _in_runs(runs: list[tuple[int, int]], top: int, codes: Codes) -> Flags:
    """Return for each code (none above `top`) whether it lies in one of the runs."""
    flags: Flags | None = None
    for first, last in runs:
        if first == last:
            within = codes == first
        elif first == 0:
            within = codes <= last
        elif last == top:
            within = codes >= first
        else:
            within = (codes >= first) & (codes <= last)
        flags = within if flags is None else flags | within
    return np.zeros(len(codes), dtype=np.bool_) if flags is None else flags
