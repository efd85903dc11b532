"""What users' occurrences have most often, or spend most on: one favourite per user.

Pieces of occurrences never divide a user, so that each is reckoned for itself: where there are few values, in
a table of users by values, else by sorting pairs of user and value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import pack
from core.engines.memory.breakdowns import as_coded
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn, narrow
from core.engines.memory.events import Partition, both, chosen_of
from core.engines.memory.per_user import Rows, fit_64_bits, reduced, runs_of
from core.engines.memory.sources import Sources
from core.rules.exact import scaled_array
from core.rules.literal_values import LiteralPreference
from core.schema import TagSpec

_CELLS = 1 << 18
"""A table of users by values has about so many cells: it stays in a core's cache while it is filled."""

_MOST_VALUES = 512
"""Where there are more values, most cells would be empty: then pairs are sorted."""


class _Values(NamedTuple):
    """The preferred values of some occurrences: one entry per value that one of them has.

    Attributes
    ----------
    rows : polars.Series of UInt32
        The user's row, ascending.
    codes : numpy.ndarray
        The value, as a code into the dictionary.
    weights : numpy.ndarray of int64 (or of Python integers) or None
        How much each counts; None = one.
    evidence : polars.Series of UInt32
        The user's row of every occurrence that has a value, ascending.
    """

    rows: pl.Series
    codes: NDArray[np.unsignedinteger[Any]]
    weights: NDArray[Any] | None
    evidence: pl.Series


@dataclass(frozen=True)
class _Favourites:
    """One favourite per user: its code, its weight, and the weight of all values together."""

    rows: Rows
    codes: NDArray[np.int64]
    weights: NDArray[Any]
    totals: NDArray[Any]


def preference(made: LiteralPreference, spec: TagSpec, sources: Sources) -> Column:  # noqa: ARG001 - as for all
    """Return every user's favourite, or its share; see `core.rules.makings.Preference`."""
    partition = sources.held.partition(made.event)
    where = sources.measures.chosen(partition, made)
    column = None if made.of is None else _as_codes(partition.column(made.of.key))
    dictionary = _HOURS if column is None else column.dictionary
    parts: dict[int, _Favourites] = {}

    def work(start: int, stop: int) -> None:
        among = None if where is None else where[start:stop]
        chosen = both(among, partition.within(made.span, start, stop))
        found = _values_of(made, partition, column, sources, (start, stop), chosen)
        parts[start] = _with_evidence(_favourites(found, len(dictionary)), found.evidence, made)

    sources.tiles.each(partition.pieces, work)
    ordered = [parts[start] for start, _ in partition.pieces]
    rows = np.concatenate([part.rows for part in ordered])
    size = sources.held.user_count
    if made.gives_share:
        shares = np.full(size, np.nan)
        shares[rows] = np.concatenate([_shares(part) for part in ordered])
        return PlainColumn(pl.Series(shares).fill_nan(None))
    codes = np.full(size, len(dictionary), dtype=np.uint32)
    codes[rows] = np.concatenate([part.codes for part in ordered])
    flags = np.zeros(size, dtype=np.bool_)
    flags[rows] = True
    return CodedColumn(dictionary, narrow(pl.Series(codes), len(dictionary)), pack(flags))


_HOURS = pl.Series([f"{hour:02}:00" for hour in range(24)], dtype=pl.String)


def _as_codes(column: Column) -> CodedColumn | MultiColumn:
    return column if isinstance(column, MultiColumn) else as_coded(column)


def _values_of(
    made: LiteralPreference,
    partition: Partition,
    column: CodedColumn | MultiColumn | None,
    sources: Sources,
    piece: tuple[int, int],
    chosen: pl.Series | None,
) -> _Values:
    """Return what the chosen occurrences of a piece have."""
    start, stop = piece
    weights = None
    if made.weigh is not None:
        numbers = partition.number(made.weigh.key)[start:stop]
        if numbers.null_count():
            chosen = both(chosen, numbers.is_not_null())
        whole = partition.whole(made.weigh.key)
        weights = (
            scaled_array(chosen_of(numbers, chosen).to_numpy())
            if whole is None
            else chosen_of(whole.values[start:stop], chosen).to_numpy()
        )
        if not (whole is not None and whole.fit) and not fit_64_bits(weights):
            weights = np.array(weights.tolist(), dtype=np.object_)
    rows = chosen_of(partition.rows[start:stop], chosen)
    if column is None:
        hours = partition.hours(sources.held.catalogue.time_zone)[start:stop]
        return _Values(rows, chosen_of(hours, chosen).to_numpy(), weights, rows)
    if isinstance(column, CodedColumn):
        codes = chosen_of(pl.Series(column.codes[start:stop]), chosen)
        known = codes != column.missing_code
        if not known.all():
            rows, codes = rows.filter(known), codes.filter(known)
            weights = None if weights is None else weights[known.to_numpy()]
        return _Values(rows, codes.to_numpy(), weights, rows)
    first, end = np.searchsorted(column.owners, np.array([start, stop], dtype=np.uint32)).tolist()
    owners = column.owners[first:end] - np.uint32(start)
    codes_of = column.codes[first:end]
    if chosen is not None:
        flags = chosen.to_numpy()
        kept = flags[owners]
        # Places among the chosen occurrences instead of among all of the piece.
        places = np.cumsum(flags) - 1
        owners, codes_of = places[owners[kept]], codes_of[kept]
    of_users = rows.gather(pl.Series(owners, dtype=pl.UInt32))
    evidence = rows.gather(pl.Series(np.unique(owners), dtype=pl.UInt32))
    return _Values(of_users, codes_of, None if weights is None else weights[owners], evidence)


def _favourites(found: _Values, values: int) -> _Favourites:
    """Return the heaviest value of every user, of equal ones the first."""
    users = runs_of(found.rows)
    if not users.length:
        nothing = np.zeros(0, dtype=np.int64)
        return _Favourites(users.rows, nothing, nothing, nothing)
    is_wide = found.weights is not None and found.weights.dtype == np.object_
    if values > _MOST_VALUES or is_wide:
        return _by_pairs(found, values)
    step = max(_CELLS // values, 1)
    blocks = []
    for first in range(0, len(users.rows), step):
        block = slice(first, first + step)
        start, lengths = int(users.starts[first]), users.lengths[block]
        of_block = slice(start, start + int(lengths.sum()))
        weights = None if found.weights is None else found.weights[of_block]
        blocks.append(_by_table(users.rows[block], lengths, found.codes[of_block], weights, values))
    return _joined(blocks)


def _by_table(
    rows: Rows,
    lengths: NDArray[np.uint32],
    codes: NDArray[np.unsignedinteger[Any]],
    weights: NDArray[Any] | None,
    values: int,
) -> _Favourites:
    cells = np.repeat(np.arange(len(rows), dtype=np.int64) * values, lengths) + codes
    size, shape = len(rows) * values, (len(rows), values)
    counted = np.bincount(cells, minlength=size).reshape(shape)
    if weights is None:
        best = counted.argmax(axis=1)
        return _Favourites(rows, best, counted[np.arange(len(rows)), best], lengths.astype(np.int64))
    table = np.zeros(size, dtype=np.int64)
    np.add.at(table, cells, weights)
    weighed = table.reshape(shape)
    # A value that never occurs is no favourite, also where all that occur weigh less than nothing.
    best = np.where(counted > 0, weighed, np.iinfo(np.int64).min).argmax(axis=1)
    return _Favourites(rows, best, weighed[np.arange(len(rows)), best], weighed.sum(axis=1))


def _by_pairs(found: _Values, values: int) -> _Favourites:
    pairs = found.rows.to_numpy().astype(np.uint64) * np.uint64(values) + found.codes.astype(np.uint64)
    order = np.argsort(pairs, kind="stable")
    runs = runs_of(pl.Series(pairs[order]))
    weights: NDArray[Any] = runs.lengths.astype(np.int64)
    if found.weights is not None:
        weights = reduced(np.add, found.weights[order], runs)
    of_pairs, codes = runs.rows // np.uint64(values), (runs.rows % np.uint64(values)).astype(np.int64)
    users = runs_of(pl.Series(of_pairs))
    totals, best = reduced(np.add, weights, users), reduced(np.maximum, weights, users)
    is_best = weights == np.repeat(best, users.lengths)
    # Pairs lie in the order of codes: the first of the best has the smallest.
    first = np.flatnonzero(is_best)
    owners = np.repeat(np.arange(len(users.rows)), users.lengths)[first]
    firsts = first[np.unique(owners, return_index=True)[1]]
    return _Favourites(users.rows.astype(np.uint32), codes[firsts], weights[firsts], totals)


def _joined(parts: Sequence[_Favourites]) -> _Favourites:
    rows, codes, weights, totals = zip(
        *((part.rows, part.codes, part.weights, part.totals) for part in parts), strict=True
    )
    return _Favourites(
        np.concatenate(rows), np.concatenate(codes), np.concatenate(weights), np.concatenate(totals)
    )


def _with_evidence(found: _Favourites, evidence: pl.Series, made: LiteralPreference) -> _Favourites:
    """Return the favourites for which there is enough evidence."""
    occurrences = runs_of(evidence)
    if not np.array_equal(occurrences.rows, found.rows):
        raise AssertionError("whoever has a favourite has an occurrence of it")
    enough = (occurrences.lengths >= made.at_least) & (found.totals > 0).astype(np.bool_)
    kept = _Favourites(found.rows[enough], found.codes[enough], found.weights[enough], found.totals[enough])
    if not made.share_at_least:
        return kept
    strong = _shares(kept) >= made.share_at_least
    return _Favourites(kept.rows[strong], kept.codes[strong], kept.weights[strong], kept.totals[strong])


def _shares(found: _Favourites) -> NDArray[np.float64]:
    """Return weight by total, each quotient rounded once."""
    largest = np.abs(np.concatenate([found.weights, found.totals])).max() if len(found.totals) else 0
    if int(largest) > 2**53:
        pairs = zip(found.weights.tolist(), found.totals.tolist(), strict=True)
        return np.array([weight / total for weight, total in pairs], dtype=np.float64)
    shares: NDArray[np.float64] = found.weights / found.totals
    return shares
