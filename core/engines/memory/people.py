"""The people of an answer: who is taken, in which order they are shown, and their tags as a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Words, as_series, nobody, pack, rows_in, scatter, words_for
from core.engines.memory.columns import Column, MultiColumn
from core.engines.memory.held import HeldVersion
from core.engines.memory.tiles import Tiles
from core.rules.share import in_share_mask, share_values
from core.rules.tree import TakeTop
from core.schema import USER_ID

Rows = NDArray[np.uint32]

_SHOW_ALL_SHARE = 0.05
"""Above this share of all users, walking everyone in order is cheaper than sorting the chosen."""


def taken_top(take: TakeTop, matched: Words, column: Column, held: HeldVersion) -> Words:
    """Return the first `n` of the matched by a tag; ties by ``user_id``, nobody without a value.

    Parameters
    ----------
    take : TakeTop
        How many, and in which order.
    matched : numpy.ndarray of uint64
        Who can be taken.
    column : Column
        The tag's values.
    held : HeldVersion
        Where the ids are.
    """
    if isinstance(column, MultiColumn):
        raise TypeError("sets of values have no order")
    rows = rows_in(matched, held.user_count)
    people = pl.DataFrame({"row": rows, "value": column.taken(rows)}).drop_nulls("value")
    if people.height <= take.n:
        return scatter(people.get_column("row").to_numpy(), held.user_count)
    descending = take.order == "desc"
    values = people.get_column("value")
    first = values.top_k(take.n) if descending else values.bottom_k(take.n)
    edge = first.min() if descending else first.max()
    value = pl.col("value")
    surely = people.filter(value > edge if descending else value < edge).get_column("row")
    tied = people.filter(value == edge).get_column("row")
    last = first_by_id(tied.to_numpy(), take.n - len(surely), held)
    return scatter(np.concatenate([surely.to_numpy(), last]), held.user_count)


def share_mask(seed: str, share: float, held: HeldVersion, tiles: Tiles) -> Words:
    """Return the users who lie in a share, each decided by the stored hash."""
    words = nobody(held.user_count)
    hashes = held.hashes()

    def work(start: int, stop: int) -> None:
        flags = in_share_mask(share_values(hashes[start:stop], seed), share)
        words[start // 64 : start // 64 + words_for(stop - start)] = pack(flags)

    tiles.run(held.user_count, work)
    return words


def by_share(rows: Rows, seed: str, held: HeldVersion) -> Rows:
    """Return the rows by their share value under a seed, ascending; ties by row."""
    return rows[np.argsort(share_values(held.hashes()[rows], seed), kind="stable")]


def first_by_id(rows: Rows, n: int, held: HeldVersion) -> Rows:
    """Return the `n` rows with the smallest ``user_id``, in its order."""
    ids = held.user_ids().gather(rows)
    if n >= len(rows):
        return pl.Series(rows).gather(ids.arg_sort()).to_numpy()
    first = pl.DataFrame({"row": rows, "id": ids}).bottom_k(n, by="id").sort("id")
    return first.get_column("row").to_numpy()


def all_by_id(held: HeldVersion) -> Rows:
    """Return every row in the order of ``user_id``."""
    ids = held.user_ids()
    if ids.is_sorted():
        return np.arange(held.user_count, dtype=np.uint32)
    return ids.arg_sort().cast(pl.UInt32).to_numpy()


def by_id(rows: Rows, order: Rows | None, held: HeldVersion) -> Rows:
    """Return the rows in the order of ``user_id``; `order` = everybody's, where it is known."""
    if order is None:
        return first_by_id(rows, len(rows), held)
    chosen = as_series(scatter(rows, held.user_count), held.user_count)
    return pl.Series(order).filter(chosen.gather(order)).to_numpy()


def is_many(rows: Rows, held: HeldVersion) -> bool:
    """Tell whether walking everyone in order is the cheaper way to sort these."""
    return len(rows) > _SHOW_ALL_SHARE * held.user_count


def table(rows: Rows, columns: dict[str, Column], held: HeldVersion, tiles: Tiles) -> pl.DataFrame:
    """Return ``user_id`` and the columns' values of the rows, in the given order."""
    found: list[pl.Series] = [pl.Series()] * (1 + len(columns))
    makers: list[Callable[[], pl.Series]] = [
        lambda: held.user_ids().gather(rows),
        *(partial(column.taken, rows) for column in columns.values()),
    ]

    def work(first: int, end: int) -> None:
        for place in range(first, end):
            found[place] = makers[place]()

    tiles.each([(place, place + 1) for place in range(len(makers))], work)
    return pl.DataFrame(dict(zip([USER_ID, *columns], found, strict=True)))
