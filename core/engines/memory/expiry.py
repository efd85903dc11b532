"""Columns of which only some users keep their value."""

from __future__ import annotations

import polars as pl

from core.engines.memory.bits import Words, as_series
from core.engines.memory.columns import CodedColumn, Column, MultiColumn, PlainColumn


def only(column: Column, keep: Words | None) -> Column:
    """Return the column with the values of the users in `keep` alone; None = of all."""
    if keep is None:
        return column
    flags = as_series(keep, len(column))
    if isinstance(column, PlainColumn):
        kept = pl.DataFrame({"value": column.values, "keep": flags}).select(
            pl.when(pl.col("keep")).then(pl.col("value"))
        )
        return PlainColumn(kept.to_series())
    if isinstance(column, CodedColumn):
        codes = column.codes.copy()
        codes[~flags.to_numpy()] = column.missing_code
        return CodedColumn(column.dictionary, codes, column.valid() & keep)
    of_kept = flags.gather(pl.Series(column.owners)).to_numpy()
    sizes = column.sizes.copy()
    sizes[~flags.to_numpy()] = 0
    return MultiColumn(
        column.dictionary, column.codes[of_kept], column.owners[of_kept], sizes, column.has_value & keep
    )
