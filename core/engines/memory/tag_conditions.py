"""Conditions on tags: one column, two columns compared, or sets of values by one mask per value."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from core.engines.memory.bits import Words, everybody, nobody, pack
from core.engines.memory.columns import Column, MultiColumn, PlainColumn, mask_of_rows
from core.engines.memory.measures import Needed
from core.engines.memory.sources import Sources
from core.engines.memory.tree import at_least, planes_of
from core.rules.literal_conditions import LiteralTagCondition
from core.rules.literal_values import LiteralTag
from core.rules.ops import wanted_of
from core.schema import TagType


def holds(asked: LiteralTagCondition, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users for whom a condition on a tag holds."""
    column = sources.measures.values(asked.tag)
    if asked.other is not None:
        return _fields_hold(asked, column, sources.measures.values(asked.other), sources)
    if isinstance(column, MultiColumn):
        return _sets_hold(asked, column, sources)
    op, argument = asked.op, asked.argument
    if asked.tag.spec.type is TagType.NUMBER and isinstance(column, PlainColumn) and op.expr is op.holds:
        # One expression is the meaning for values and arrays: then no detour over Polars is needed.
        return column.mask_of_numbers(lambda numbers: op.holds(numbers, argument), sources.tiles)
    return column.mask(lambda values: op.expr(values, argument), sources.tiles)


def needed(asked: LiteralTagCondition, sources: Sources) -> Needed | None:
    """Return the tags that a user must have a value of."""
    if not asked.op.needs_value:
        return None
    tags = [asked.tag, *([asked.other] if asked.other is not None else [])]
    return sources.measures.needed_tags(tags)


def _fields_hold(asked: LiteralTagCondition, column: Column, other: Column, sources: Sources) -> Words:
    if isinstance(column, MultiColumn) or isinstance(other, MultiColumn):
        raise TypeError("sets of values are not compared with each other")
    holds = asked.op.expr(pl.col("value"), pl.col("other"))
    return mask_of_rows(sources.held.user_count, holds, {"value": column, "other": other}, sources.tiles)


def _sets_hold(asked: LiteralTagCondition, column: MultiColumn, sources: Sources) -> Words:
    """Combine one mask per wanted value: for each number of hits, ask whether the op holds."""
    op, argument = asked.op, asked.argument
    everyone = everybody(sources.held.user_count)
    if op.holds_counts is None:
        return everyone & ~column.has_value if op.holds_when_missing else column.has_value
    wanted, k = wanted_of(argument)  # type: ignore[arg-type]
    planes = planes_of([_value_mask(asked.tag, column, value, sources) for value in wanted])
    largest = int(column.sizes.max()) if len(column) else 0
    sizes = np.arange(largest + 1)
    words = nobody(sources.held.user_count)
    for hits in range(min(len(wanted), largest) + 1):
        possible = (sizes >= hits) & (sizes > 0)
        holds = possible & np.asarray(op.holds_counts(hits, sizes, len(wanted), k))
        if not holds.any():
            continue
        with_hits = at_least(hits, planes, everyone) & ~at_least(hits + 1, planes, everyone)
        words |= with_hits if (holds == possible).all() else with_hits & pack(holds[column.sizes])
    return words & column.has_value


def _value_mask(tag: LiteralTag, column: MultiColumn, value: str, sources: Sources) -> Words:
    return sources.cache.get(
        ("value", sources.measures.key_of(tag), value), lambda: column.mask_of_value(value)
    )
