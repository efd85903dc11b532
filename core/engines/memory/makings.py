"""Tags as columns, however they are made: one function per kind of making, from literal data to a column."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.memory.bits import Words, as_series, count, everybody, pack_series, rows_in
from core.engines.memory.columns import (
    CodedColumn,
    Codes,
    Column,
    MultiColumn,
    PlainColumn,
    coded,
    column_of,
    narrow,
)
from core.engines.memory.expiry import only
from core.engines.memory.measures import as_floats
from core.engines.memory.preferences import preference
from core.engines.memory.sources import Sources
from core.rules.dispatch import meaning_of
from core.rules.formula import formula_column
from core.rules.literal_values import (
    LiteralBands,
    LiteralByRules,
    LiteralFormula,
    LiteralGiven,
    LiteralPreference,
    LiteralQuantiles,
    LiteralStatistic,
    LiteralTag,
    LiteralValidity,
)
from core.schema import TAG_DTYPES, USER_NO, TagSpec, TagType

_EPOCH = date(1970, 1, 1)


def made(tag: LiteralTag, sources: Sources) -> Column:
    """Return the values of a tag that is computed, or whose values expire; one per user."""
    if tag.made is None:
        column = sources.held.column(tag.spec.key)
    else:
        column = meaning_of(_MAKINGS, tag.made)(tag.made, tag.spec, sources)
    return column if tag.validity is None else only(column, _still_holds(tag.validity, sources))


def _still_holds(validity: LiteralValidity, sources: Sources) -> Words | None:
    """Return the users whose value still holds; None = all."""
    if validity.since is not None:
        since = sources.measures.values(validity.since)
        if not isinstance(since, CodedColumn):
            raise TypeError(f"{validity.since.spec.key} is not a date")
        hits = [validity.holds(day) for day in since.dictionary.to_list()]
        return since.mask_of(np.array([*hits, False]), sources.tiles)
    if validity.day is None or validity.holds(validity.day):
        return None
    return np.zeros_like(everybody(sources.held.user_count))


def _statistic(made: LiteralStatistic, spec: TagSpec, sources: Sources) -> Column:
    """Return a measure, missing where it and the definition say so."""
    per_user = sources.measures.per_user(made.measured)
    rows = sources.held.user_count
    if spec.type is TagType.DATE:
        found = pl.DataFrame({"row": per_user.rows, "day": per_user.values})
        everyone = pl.DataFrame({"row": np.arange(rows, dtype=np.uint32)})
        days = everyone.join(found, on="row", how="left", maintain_order="left").get_column("day")
        return coded(days, days.unique().drop_nulls().sort())
    numbers = np.full(rows, math.nan if made.when_none is None else made.when_none)
    if made.counted_to is None:
        numbers[per_user.rows] = as_floats(per_user)
    else:
        measured = pl.Series(per_user.values).to_physical().to_numpy()
        numbers[per_user.rows] = (made.counted_to - _EPOCH).days - measured
    return PlainColumn(pl.Series(numbers).fill_nan(None))


def _by_rules(made: LiteralByRules, spec: TagSpec, sources: Sources) -> Column:  # noqa: ARG001 - as for all kinds
    values = [value for value, _ in made.values]
    people = [sources.answer(rule, made.as_of) for _, rule in made.values]
    rest = sources.base(made.as_of).copy()
    if made.otherwise is not None:
        for mask in people:
            np.bitwise_and(rest, ~mask, out=rest)
        values.append(made.otherwise)
        people.append(rest)
    rows = sources.held.user_count
    return _sets(values, people, rows) if made.keeps_all else _firsts(values, people, rows, sources)


def _firsts(values: Sequence[str], people: Sequence[Words], rows: int, sources: Sources) -> CodedColumn:
    """Return for every user the value of the first mask in which they are."""
    dictionary = pl.Series(sorted(set(values)), dtype=pl.String)
    places = {value: place for place, value in enumerate(dictionary.to_list())}
    codes = narrow(pl.repeat(len(dictionary), rows, dtype=pl.UInt32, eager=True), len(dictionary)).copy()
    taken = np.zeros_like(everybody(rows))
    free = [mask.copy() for mask in people]
    for mask in free:
        np.bitwise_and(mask, ~taken, out=mask)
        np.bitwise_or(taken, mask, out=taken)

    def work(start: int, stop: int) -> None:
        words = slice(start // 64, -(-stop // 64))
        for value, mask in zip(values, free, strict=True):
            flags = as_series(mask[words], stop - start).to_numpy()
            codes[start:stop][flags] = places[value]

    sources.tiles.run(rows, work)
    return CodedColumn(dictionary, codes, None if count(taken) == rows else taken)


def _sets(values: Sequence[str], people: Sequence[Words], rows: int) -> MultiColumn:
    """Return for every user the values of all masks in which they are."""
    by_value: dict[str, Words] = {}
    for value, mask in zip(values, people, strict=True):
        by_value[value] = by_value[value] | mask if value in by_value else mask
    dictionary = sorted(by_value)
    owners = [rows_in(by_value[value], rows) for value in dictionary]
    lengths = [len(found) for found in owners]
    codes: NDArray[np.uint32] = np.repeat(np.arange(len(dictionary), dtype=np.uint32), lengths)
    owner: NDArray[np.uint32] = np.concatenate(owners).astype(np.uint32)
    order = np.argsort(owner, kind="stable")
    sizes = np.bincount(owner, minlength=rows)
    has_value = np.zeros_like(everybody(rows))
    for mask in by_value.values():
        np.bitwise_or(has_value, mask, out=has_value)
    largest = int(sizes.max()) if rows else 0
    return MultiColumn(
        pl.Series(dictionary, dtype=pl.String),
        narrow(pl.Series(codes[order]), max(len(dictionary) - 1, 0)),
        owner[order],
        narrow(pl.Series(sizes), largest),
        has_value,
    )


def _bands(made: LiteralBands, spec: TagSpec, sources: Sources) -> CodedColumn:  # noqa: ARG001 - as for all kinds
    return _divided(sources.measures.values(made.of), made.edges, made.labels, "right", sources)


def _quantiles(made: LiteralQuantiles, spec: TagSpec, sources: Sources) -> Column:  # noqa: ARG001
    column = sources.measures.values(made.of)
    base = sources.base(made.as_of)
    edges = _edges(column, base, len(made.labels))
    is_everyone = count(base) == sources.held.user_count
    divided = _divided(column, edges, made.labels, "left", sources)
    return divided if is_everyone else only(divided, base)


def _edges(column: Column, base: Words, parts: int) -> list[Any]:
    """Return the values at which the base is divided: the ceil(i n / parts)-th smallest."""
    if isinstance(column, CodedColumn):
        flags = as_series(base, len(column)).to_numpy()
        counts = np.bincount(column.codes[flags], minlength=column.missing_code + 1)[:-1]
        ends = np.cumsum(counts)
        known = int(ends[-1]) if len(ends) else 0
        wanted = [-(-i * known // parts) for i in range(1, parts)] if known else []
        return [column.dictionary[int(place)] for place in np.searchsorted(ends, wanted)]
    if not isinstance(column, PlainColumn) or column.values.dtype != pl.Float64:
        raise TypeError("only numbers and dates have an order")
    values = column.values.filter(as_series(base, len(column))).drop_nulls().to_numpy()
    if not len(values):
        return []
    places = [-(-i * len(values) // parts) - 1 for i in range(1, parts)]
    return np.partition(values, places)[places].tolist()  # type: ignore[no-any-return]


def _divided(
    column: Column, edges: Sequence[Any], labels: Sequence[str | None], side: Any, sources: Sources
) -> CodedColumn:
    """Return the label of the band in which each value lies.

    Parameters
    ----------
    edges : sequence of float or datetime.date
        Ascending; an edge may stand several times.
    side : {"left", "right"}
        Whether a value that is an edge lies below it (``left``) or above.
    """
    dictionary = pl.Series(sorted({label for label in labels if label is not None}), dtype=pl.String)
    places = {label: place for place, label in enumerate(dictionary.to_list())}
    missing = len(dictionary)
    code_of_band = np.array([missing if label is None else places[label] for label in labels])
    dtype = narrow(pl.Series([missing], dtype=pl.UInt32), missing).dtype
    code_of_band = code_of_band.astype(dtype)
    if isinstance(column, CodedColumn):
        days = column.dictionary.to_physical().to_numpy()
        ends = pl.Series(edges, dtype=pl.Date).to_physical().to_numpy()
        by_code = np.append(code_of_band[np.searchsorted(ends, days, side=side)], dtype.type(missing))
        return _coded(dictionary, by_code.take(column.codes))
    if not isinstance(column, PlainColumn) or column.values.dtype != pl.Float64:
        raise TypeError("only numbers and dates have an order")
    codes: Codes = np.full(len(column), missing, dtype=dtype)
    ends = np.array(edges, dtype=np.float64)

    def work(start: int, stop: int) -> None:
        values = column.series(start, stop)
        found = code_of_band[np.searchsorted(ends, values.fill_null(0.0).to_numpy(), side=side)]
        if values.null_count():
            found[values.is_null().to_numpy()] = missing
        codes[start:stop] = found

    sources.tiles.run(len(column), work)
    return _coded(dictionary, codes)


def _coded(dictionary: pl.Series, codes: Codes) -> CodedColumn:
    known = pl.Series(codes) != len(dictionary)
    return CodedColumn(dictionary, codes, None if known.all() else pack_series(known))


def _formula(made: LiteralFormula, spec: TagSpec, sources: Sources) -> Column:
    """Return a formula over tags, shard by shard."""
    columns = {tag.spec.key: sources.measures.values(tag) for tag in made.tags}
    types = {tag.spec.key: tag.spec.type for tag in made.tags}
    parts: dict[int, pl.Series] = {}

    def work(start: int, stop: int) -> None:
        rows = np.arange(start, stop, dtype=np.uint32)
        # Beside the rows: a formula that names no tag still has one value for each.
        given: dict[str, pl.Series] = {"": pl.Series(rows)}
        for key, column in columns.items():
            given[key] = column.taken(rows) if isinstance(column, MultiColumn) else column.series(start, stop)
        parts[start] = formula_column(made.expression, pl.DataFrame(given), types, made.as_of)

    shards = sources.tiles.shards(sources.held.user_count)
    sources.tiles.each(shards, work)
    found = [parts[start] for start, _ in shards] or [pl.Series(dtype=TAG_DTYPES[spec.type])]
    return column_of(pl.concat(found).cast(TAG_DTYPES[spec.type]), spec.type)


def _given(made: LiteralGiven, spec: TagSpec, sources: Sources) -> Column:
    held = sources.held
    day = pl.lit(made.as_of)
    latest = (
        made.values.read()
        .filter(pl.col("since") <= day)
        .sort("since", maintain_order=True)
        .unique(USER_NO, keep="last", maintain_order=True)
        .with_columns(
            value=pl.when(pl.col("until").is_null() | (pl.col("until") >= day)).then(pl.col("value"))
        )
        .select(USER_NO, "value")
    )
    everyone = held.user_nos.alias(USER_NO).to_frame()
    values = everyone.join(latest, on=USER_NO, how="left", maintain_order="left").get_column("value")
    return column_of(values.cast(TAG_DTYPES[spec.type]), spec.type)


_MAKINGS: Mapping[type[Any], Callable[[Any, TagSpec, Sources], Column]] = {
    LiteralStatistic: _statistic,
    LiteralByRules: _by_rules,
    LiteralBands: _bands,
    LiteralQuantiles: _quantiles,
    LiteralPreference: preference,
    LiteralFormula: _formula,
    LiteralGiven: _given,
}
