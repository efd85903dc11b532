"""From a condition to the mask of users for whom it holds.

What an op means is asked of the op table: once per dictionary, once per shard of numbers, or once per user
who did something. Everything computed on the way is remembered under the segments it came from and literal
arguments, so editing one condition recomputes that one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from core.engines.memory.bits import CountedMask, Words, count, everybody, nobody, pack
from core.engines.memory.cache import Cache
from core.engines.memory.columns import Column, MultiColumn, PlainColumn, mask_of_rows
from core.engines.memory.held import HeldVersion
from core.engines.memory.measures import Measures
from core.engines.memory.tiles import Tiles
from core.engines.memory.tree import at_least, planes_of
from core.rules.literal import (
    LiteralEventCondition,
    LiteralTag,
    LiteralTagCondition,
    condition_key,
    literal,
    literal_tag,
)
from core.rules.ops import wanted_of
from core.rules.tree import Condition
from core.schema import TagType


@dataclass(frozen=True)
class _Number:
    """A remembered number."""

    value: int
    nbytes: int = 8


@dataclass(frozen=True)
class Asked:
    """What is known of one condition, before its `not`.

    Attributes
    ----------
    holds : CountedMask
        The users of the base for whom it holds.
    missing : int
        Users of the base who lack a value for it.
    """

    holds: CountedMask
    missing: int


class Conditions:
    """Masks of conditions over one data version.

    Parameters
    ----------
    held : HeldVersion
        The version's columns.
    cache : Cache
        Where masks and measures are remembered.
    tiles : Tiles
        How work on rows is divided.
    in_passing : bool
        Whether many days are asked about once each (see `Measures`).
    """

    def __init__(self, held: HeldVersion, cache: Cache, tiles: Tiles, *, in_passing: bool = False) -> None:
        self._held = held
        self._cache = cache
        self._tiles = tiles
        self._measures = Measures(held, cache, tiles, in_passing=in_passing)

    @property
    def measures(self) -> Measures:
        """What users did, measured."""
        return self._measures

    def base(self, as_of: date) -> Words:
        """Return the users who exist at the end of the day."""
        key = ("base", self._held.segments, as_of)
        return self._cache.get(key, lambda: self._held.base(as_of, self._tiles))

    def base_count(self, as_of: date) -> int:
        """Return how many users exist at the end of the day."""
        key = ("base count", self._held.segments, as_of)
        return self._cache.get(key, lambda: _Number(count(self.base(as_of)))).value

    def asked(self, condition: Condition, as_of: date) -> Asked:
        """Return for whom of the base a condition holds, before its `not`, and who lacks a value for it."""
        asked = literal(condition, self._held.catalogue, as_of)
        is_everyone = self.base_count(as_of) == self._held.user_count

        def in_base() -> CountedMask:
            mask = self._holds(asked, as_of) if is_everyone else self._anyone(asked, as_of) & self.base(as_of)
            return CountedMask(mask, count(mask))

        key = ("in base", self._name(asked), None if is_everyone else as_of)
        return Asked(self._cache.get(key, in_base), self._lacking(asked, as_of))

    def anyone(self, condition: Condition, as_of: date) -> Words:
        """Return for whom a condition holds, before its `not`, in the base or not."""
        return self._anyone(literal(condition, self._held.catalogue, as_of), as_of)

    def _anyone(self, asked: LiteralTagCondition | LiteralEventCondition, as_of: date) -> Words:
        return self._cache.get(("holds", self._name(asked)), lambda: self._holds(asked, as_of))

    def _holds(self, asked: LiteralTagCondition | LiteralEventCondition, as_of: date) -> Words:
        if isinstance(asked, LiteralEventCondition):
            return self._measures.holds(asked, as_of)
        return self._tag_holds(asked)

    def _name(self, asked: LiteralTagCondition | LiteralEventCondition) -> tuple[Hashable, ...]:
        """Name what is asked of which data."""
        return (condition_key(asked), *self._segments(asked))

    def _lacking(self, asked: LiteralTagCondition | LiteralEventCondition, as_of: date) -> int:
        """Return how many users of the base lack a value that a condition needs."""
        if not asked.op.needs_value:
            return 0
        if isinstance(asked, LiteralEventCondition):
            measured = asked.measured
            if measured.measure.zero_when_none:
                return 0
            name: Hashable = self._measures.key(measured)
            return self._missing(name, as_of, lambda: self._measures.has_value(measured))
        tags = [asked.tag, *([asked.other] if asked.other is not None else [])]
        name = tuple(self._key(tag) for tag in tags)
        return self._missing(name, as_of, lambda: self._all_valid(tags))

    def valid(self, tag: str, as_of: date) -> Words:
        """Return the users who have a value of a tag."""
        return self._valid(literal_tag(tag, self._held.catalogue, as_of))

    def column(self, tag: str, as_of: date) -> Column:
        """Return a tag's values; a computed tag's at `as_of`."""
        return self._column(literal_tag(tag, self._held.catalogue, as_of))

    def column_key(self, tag: str, as_of: date) -> Hashable:
        """Return what names a tag's values at `as_of`, for those who remember something made of them."""
        return self._key(literal_tag(tag, self._held.catalogue, as_of))

    def _tag_holds(self, asked: LiteralTagCondition) -> Words:
        column = self._column(asked.tag)
        if asked.other is not None:
            return self._fields_hold(asked, column, self._column(asked.other))
        if isinstance(column, MultiColumn):
            return self._sets_hold(asked, column)
        op, argument = asked.op, asked.argument
        if asked.tag.spec.type is TagType.NUMBER and isinstance(column, PlainColumn) and op.expr is op.holds:
            # One expression is the meaning for values and arrays: then no detour over Polars is needed.
            return column.mask_of_numbers(lambda numbers: op.holds(numbers, argument), self._tiles)
        return column.mask(lambda values: op.expr(values, argument), self._tiles)

    def _fields_hold(self, asked: LiteralTagCondition, column: Column, other: Column) -> Words:
        if isinstance(column, MultiColumn) or isinstance(other, MultiColumn):
            raise TypeError("sets of values are not compared with each other")
        holds = asked.op.expr(pl.col("value"), pl.col("other"))
        return mask_of_rows(self._held.user_count, holds, {"value": column, "other": other}, self._tiles)

    def _sets_hold(self, asked: LiteralTagCondition, column: MultiColumn) -> Words:
        """Combine one mask per wanted value: for each number of hits, ask whether the op holds."""
        op, argument = asked.op, asked.argument
        everyone = everybody(self._held.user_count)
        if op.holds_counts is None:
            return everyone & ~column.has_value if op.holds_when_missing else column.has_value
        wanted, k = wanted_of(argument)  # type: ignore[arg-type]
        planes = planes_of([self._value_mask(asked.tag, column, value) for value in wanted])
        largest = int(column.sizes.max()) if len(column) else 0
        sizes = np.arange(largest + 1)
        words = nobody(self._held.user_count)
        for hits in range(min(len(wanted), largest) + 1):
            possible = (sizes >= hits) & (sizes > 0)
            holds = possible & np.asarray(op.holds_counts(hits, sizes, len(wanted), k))
            if not holds.any():
                continue
            with_hits = at_least(hits, planes, everyone) & ~at_least(hits + 1, planes, everyone)
            words |= with_hits if (holds == possible).all() else with_hits & pack(holds[column.sizes])
        return words & column.has_value

    def _value_mask(self, tag: LiteralTag, column: MultiColumn, value: str) -> Words:
        return self._cache.get(("value", self._key(tag), value), lambda: column.mask_of_value(value))

    def _all_valid(self, tags: list[LiteralTag]) -> Words:
        masks = [self._valid(tag) for tag in tags]
        return masks[0] if len(masks) == 1 else masks[0] & masks[1]

    def _valid(self, tag: LiteralTag) -> Words:
        key = ("valid", self._key(tag))
        return self._cache.get(key, lambda: self._column(tag).valid())

    def _column(self, tag: LiteralTag) -> Column:
        if tag.computed is None:
            return self._held.column(tag.spec.key)
        return self._cache.get(("column", self._key(tag)), lambda: self._measures.column(tag))

    def _key(self, tag: LiteralTag) -> tuple[Hashable, ...]:
        """Name the values of a tag."""
        if tag.computed is None or tag.spec.computed is None:
            return (self._held.segments, tag.spec.key)
        return (*self._measures.key(tag.computed), tag.spec.type, tag.spec.computed.missing)

    def _segments(self, asked: LiteralTagCondition | LiteralEventCondition) -> tuple[Hashable, ...]:
        """Name the data that a condition is asked of."""
        if isinstance(asked, LiteralEventCondition):
            events = {asked.measured.event}
        else:
            made = [tag.computed for tag in (asked.tag, asked.other) if tag is not None]
            events = {measure.event for measure in made if measure is not None}
        of_events = tuple(self._held.tables.segments_of(event) for event in sorted(events))
        return (self._held.segments, *of_events)

    def _missing(self, of: Hashable, as_of: date, valid: Callable[[], Words]) -> int:
        def make() -> _Number:
            return _Number(count(self.base(as_of) & ~valid()))

        return self._cache.get(("missing", of, as_of), make).value
