"""From a condition to the mask of users for whom it holds.

What an op means is asked of the op table: once per dictionary, once per shard of numbers, or once per user
who did something. Everything computed on the way is remembered under the segments it came from and literal
arguments, so editing one condition recomputes that one, and changing a threshold does not measure again.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from core.clock import Days, Span
from core.engines.memory.bits import (
    Flags,
    Words,
    as_series,
    count,
    everybody,
    nobody,
    pack,
    scatter,
    words_for,
)
from core.engines.memory.cache import Cache
from core.engines.memory.columns import Column, MultiColumn, PlainColumn, coded, mask_of_rows
from core.engines.memory.events import LastDays, PerUser, both
from core.engines.memory.held import HeldVersion
from core.engines.memory.tiles import Tiles
from core.engines.memory.tree import at_least, planes_of
from core.rules.arguments import field_named
from core.rules.exact import exact_argument, exact_total, ranks, unscaled_array
from core.rules.ops import Op, op_of, wanted_of
from core.rules.tree import (
    MEASURES_ZERO_WHEN_NONE,
    Condition,
    EventCondition,
    Measure,
    PropertyCondition,
    TagCondition,
)
from core.rules.windows import span_of
from core.schema import Measurement, TagSpec, TagType

_SURELY_MORE = 2.0**52


@dataclass(frozen=True)
class _Measured:
    """What is measured of an event's occurrences, with everything literal.

    Attributes
    ----------
    where : tuple of (property, op key, argument)
        Sorted, so that their order makes no difference.
    """

    event: str
    where: tuple[tuple[str, str, Hashable], ...]
    measure: Measure
    property: str | None
    span: Span


@dataclass(frozen=True)
class _Number:
    """A remembered number."""

    value: int
    nbytes: int = 8


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
    """

    def __init__(self, held: HeldVersion, cache: Cache, tiles: Tiles) -> None:
        self._held = held
        self._cache = cache
        self._tiles = tiles

    def base(self, as_of: date) -> Words:
        """Return the users who exist at the end of the day."""
        key = ("base", self._held.segments, as_of)
        return self._cache.get(key, lambda: self._held.base(as_of, self._tiles))

    def base_count(self, as_of: date) -> int:
        """Return how many users exist at the end of the day."""
        key = ("base count", self._held.segments, as_of)
        return self._cache.get(key, lambda: _Number(count(self.base(as_of)))).value

    def holds(self, condition: Condition, as_of: date) -> Words:
        """Return for whom a condition holds, before its `not`; also users who are not in the base."""
        if isinstance(condition, EventCondition):
            return self._event_holds(condition, as_of)
        return self._tag_holds(condition, as_of)

    def missing(self, condition: Condition, as_of: date) -> int:
        """Return how many users of the base lack a value that the condition needs."""
        if isinstance(condition, EventCondition):
            if condition.measure in MEASURES_ZERO_WHEN_NONE or not _measure_op(condition).needs_value:
                return 0
            measured = self._measured(condition, as_of)
            return self._without_value(
                ("measured", self._event_key(measured)), as_of, lambda: self._has_measure(measured)
            )
        if not op_of(self._held.catalogue.tags[condition.tag].type, condition.op).needs_value:
            return 0
        tags = [condition.tag, *([other] if (other := field_named(condition.value)) is not None else [])]

        def valid() -> Words:
            masks = [self.valid(tag, as_of) for tag in tags]
            return masks[0] if len(masks) == 1 else masks[0] & masks[1]

        return self._without_value(tuple(self._tag_key(tag, as_of) for tag in tags), as_of, valid)

    def valid(self, tag: str, as_of: date) -> Words:
        """Return the users who have a value of a tag."""
        key = ("valid", self._tag_key(tag, as_of))
        return self._cache.get(key, lambda: self.column(tag, as_of).valid(self._tiles))

    def column(self, tag: str, as_of: date) -> Column:
        """Return a tag's values; a computed tag's at `as_of`."""
        spec = self._held.catalogue.tags[tag]
        if spec.computed is None:
            return self._held.column(tag)
        return self._cache.get(("column", self._tag_key(tag, as_of)), lambda: self._computed(spec, as_of))

    def column_key(self, tag: str, as_of: date) -> Hashable:
        """Return what names a tag's values at `as_of`, for those who remember something made of them."""
        return self._tag_key(tag, as_of)

    # tags

    def _tag_holds(self, condition: TagCondition, as_of: date) -> Words:
        kind = self._held.catalogue.tags[condition.tag].type
        op = op_of(kind, condition.op)
        other = field_named(condition.value) if op.takes_field else None
        if other is not None:
            keys = (self._tag_key(condition.tag, as_of), self._tag_key(other, as_of))
            return self._cache.get(
                ("field", op.key, *keys), lambda: self._fields_hold(condition.tag, op, other, as_of)
            )
        argument: Any = op.literal(condition.value, as_of)
        key = ("tag", self._tag_key(condition.tag, as_of), op.key, argument)
        return self._cache.get(key, lambda: self._column_holds(condition.tag, op, argument, as_of))

    def _column_holds(self, tag: str, op: Op, argument: Any, as_of: date) -> Words:
        column = self.column(tag, as_of)
        if isinstance(column, MultiColumn):
            return self._sets_hold(tag, column, op, argument, as_of)
        return column.mask(lambda values: op.expr(values, argument), self._tiles)

    def _sets_hold(self, tag: str, column: MultiColumn, op: Op, argument: Any, as_of: date) -> Words:
        """Combine one mask per wanted value: for each number of hits, ask whether the op holds."""
        everyone = everybody(self._held.user_count)
        if op.holds_counts is None:
            return column.has_value if op.holds(None, argument) else everyone & ~column.has_value
        wanted, k = wanted_of(argument)
        planes = planes_of([self._value_mask(tag, column, value, as_of) for value in wanted])
        largest = int(column.sizes.max()) if len(column) else 0
        words = nobody(self._held.user_count)
        for hits in range(min(len(wanted), largest) + 1):
            sizes = np.arange(largest + 1)
            holds = np.zeros(largest + 1, dtype=np.bool_)
            holds[:] = op.holds_counts(hits, sizes, len(wanted), k)
            holds &= (sizes >= hits) & (sizes > 0)
            if not holds.any():
                continue
            with_hits = at_least(hits, planes, everyone) & ~at_least(hits + 1, planes, everyone)
            if not holds[max(hits, 1) :].all():
                with_hits = with_hits & pack(holds[column.sizes])
            words |= with_hits
        return words & column.has_value

    def _value_mask(self, tag: str, column: MultiColumn, value: str, as_of: date) -> Words:
        key = ("value", self._tag_key(tag, as_of), value)
        return self._cache.get(key, lambda: column.mask_of_value(value))

    def _fields_hold(self, tag: str, op: Op, other: str, as_of: date) -> Words:
        columns = {"value": self.column(tag, as_of), "other": self.column(other, as_of)}
        compared = {name: column for name, column in columns.items() if not isinstance(column, MultiColumn)}
        holds = op.expr(pl.col("value"), pl.col("other"))
        return mask_of_rows(self._held.user_count, holds, compared, self._tiles)

    def _tag_key(self, tag: str, as_of: date) -> tuple[Hashable, ...]:
        """Name the values of a tag at `as_of`."""
        spec = self._held.catalogue.tags[tag]
        if spec.computed is None:
            return (self._held.segments, tag)
        return (
            *self._event_key(self._measured(spec.computed, as_of)),
            spec.computed.missing,
        )

    def _computed(self, spec: TagSpec, as_of: date) -> Column:
        """Compute a tag from events: one value per user, missing where the measure and the plan say so."""
        definition = spec.computed
        if definition is None:
            raise TypeError(f"{spec.key} is not computed")
        per_user = self._per_user(self._measured(definition, as_of))
        rows = self._held.user_count
        if spec.type is TagType.DATE:
            days = np.full(rows, -1, dtype=np.int64)
            days[per_user.rows] = pl.Series(per_user.values).to_physical().to_numpy()
            values = (
                pl.Series(days)
                .to_frame("day")
                .select(pl.when(pl.col("day") != -1).then(pl.col("day")).cast(pl.Int32).cast(pl.Date))
            )
            series = values.to_series()
            return coded(series, series.unique().drop_nulls().sort())
        when_none = 0.0 if definition.measure in MEASURES_ZERO_WHEN_NONE else math.nan
        if definition.missing is not None:
            when_none = definition.missing
        numbers = np.full(rows, when_none)
        numbers[per_user.rows] = _as_floats(per_user)
        return PlainColumn(pl.Series(numbers).fill_nan(None))

    # events

    def _event_holds(self, condition: EventCondition, as_of: date) -> Words:
        op = _measure_op(condition)
        measured = self._measured(condition, as_of)
        argument: Any = op.literal(condition.value, as_of)
        key = ("event", self._event_key(measured), op.key, argument)

        def make() -> Words:
            if condition.measure == "count" and isinstance(measured.span, Days):
                whether = _asks_whether(op, argument)
                if whether is not None and (measured.span.last is None or measured.span.last >= as_of):
                    did = self._did(measured, measured.span.first, as_of)
                    return did if whether else everybody(self._held.user_count) & ~did
            return self._compared(self._per_user(measured), condition.measure, op, argument)

        return self._cache.get(key, make)

    def _did(self, measured: _Measured, first: date | None, as_of: date) -> Words:
        """Return who did it on `first` or later: one comparison with everybody's last day."""
        partition = self._held.partition(measured.event)
        seen_until = partition.last_seen(as_of)
        key = ("last days", self._source_key(measured), seen_until)
        last: LastDays = self._cache.get(
            key, lambda: partition.last_days(as_of, self._chosen(measured.event, measured.where))
        )
        words = nobody(self._held.user_count)
        since = last.days.dtype.type(last.since(first))

        def work(start: int, stop: int) -> None:
            words[start // 64 : start // 64 + words_for(stop - start)] = pack(last.days[start:stop] >= since)

        self._tiles.run(self._held.user_count, work)
        return words

    def _compared(self, per_user: PerUser, measure: Measure, op: Op, argument: Any) -> Words:
        """Return the users whose measure holds; the others have 0 or no value, as the measure says."""
        rows = self._held.user_count
        if measure in MEASURES_ZERO_WHEN_NONE:
            rest_holds = bool(op.holds(0, argument))
        else:
            rest_holds = op.holds_when_missing
        hits = _hits(per_user, op, argument)
        if not rest_holds:
            return scatter(per_user.rows[hits], rows)
        return everybody(rows) & ~scatter(per_user.rows[~hits], rows)

    def _has_measure(self, measured: _Measured) -> Words:
        return scatter(self._per_user(measured).rows, self._held.user_count)

    def _per_user(self, measured: _Measured) -> PerUser:
        def make() -> PerUser:
            partition = self._held.partition(measured.event)
            chosen = both(partition.within(measured.span), self._chosen(measured.event, measured.where))
            return partition.measured(measured.measure, measured.property, chosen)

        return self._cache.get(("per user", self._event_key(measured)), make)

    def _chosen(self, event: str, where: Sequence[tuple[str, str, Any]]) -> pl.Series | None:
        """Return which occurrences satisfy all property conditions; None = all, for there are none."""
        partition = self._held.partition(event)
        chosen = None
        for key, op_key, argument in where:
            kind = self._held.catalogue.events[event].properties[key].type
            op = op_of(kind, op_key)
            name = ("where", self._held.tables.segments_of(event), self._held.segments, key, op_key, argument)

            def make(key: str = key, op: Op = op, argument: Any = argument) -> Words:
                column = partition.column(key)
                if isinstance(column, MultiColumn):
                    values = pl.DataFrame({"value": column.taken(np.arange(len(column), dtype=np.uint32))})
                    held = values.select(op.expr(pl.col("value"), argument).fill_null(False))
                    return pack(held.to_series().to_numpy())
                return column.mask(lambda values: op.expr(values, argument), self._tiles)

            chosen = both(chosen, as_series(self._cache.get(name, make), len(partition)))
        return chosen

    def _measured(self, asked: EventCondition | Measurement, as_of: date) -> _Measured:
        """Make literal what is measured."""
        condition = asked if isinstance(asked, EventCondition) else _as_condition(asked)
        where = []
        for item in condition.where:
            kind = self._held.catalogue.events[condition.event].properties[item.property].type
            where.append((item.property, item.op, op_of(kind, item.op).literal(item.value, as_of)))
        span = span_of(condition.window, as_of, self._held.catalogue.zone)
        return _Measured(
            condition.event, tuple(sorted(where, key=repr)), condition.measure, condition.property, span
        )

    def _event_key(self, measured: _Measured) -> tuple[Hashable, ...]:
        return (*self._source_key(measured), measured.span, measured.measure, measured.property)

    def _source_key(self, measured: _Measured) -> tuple[Hashable, ...]:
        segments = self._held.tables.segments_of(measured.event)
        return (self._held.segments, segments, measured.event, measured.where)

    def _without_value(self, of: Hashable, as_of: date, valid: Any) -> int:
        def make() -> _Number:
            return _Number(count(self.base(as_of) & ~valid()))

        return self._cache.get(("missing", of, as_of), make).value


def _measure_op(condition: EventCondition) -> Op:
    """Return the op that compares the condition's measure."""
    return op_of(measure_type(condition.measure), condition.op)


def measure_type(measure: Measure) -> TagType:
    """Return what a measure is: a day for the first and last, else a number."""
    return TagType.DATE if measure in {"first_at", "last_at"} else TagType.NUMBER


def _as_condition(definition: Measurement) -> EventCondition:
    """Return a computed tag's definition as the event condition that measures the same."""
    return EventCondition.model_validate(
        {
            "kind": "event",
            "id": "computed",
            "event": definition.event,
            "where": [PropertyCondition.model_validate(item) for item in definition.where],
            "measure": definition.measure,
            "property": definition.property,
            "op": "is_set",
            "window": definition.window,
        }
    )


def _asks_whether(op: Op, argument: Any) -> bool | None:
    """Tell whether a comparison of a count asks only "at least one" (True) or "none" (False); else None.

    The op's answer can change at its limits only, so it is asked on either side of each.
    """
    limits = argument if isinstance(argument, tuple) else (argument,)
    if not all(isinstance(limit, float) for limit in limits):
        return None
    near = {n for limit in limits for n in range(math.floor(limit) - 1, math.ceil(limit) + 2) if n >= 1}
    far = {1, 2, 4 * max(_SURELY_MORE, *limits)}
    when_any = {bool(op.holds(n, argument)) for n in near | far}
    when_none = bool(op.holds(0, argument))
    return when_any.pop() if when_any in ({True}, {False}) and when_none not in when_any else None


def _hits(per_user: PerUser, op: Op, argument: Any) -> Flags:
    """Return for each user with a measure whether it holds."""
    flags = np.zeros(len(per_user.rows), dtype=np.bool_)
    values = per_user.values
    if argument is None:
        flags[:] = bool(op.holds(0, None))
    elif not isinstance(values, pl.Series):
        exact = exact_argument(argument)
        divisors = [1] * len(values) if per_user.divisors is None else per_user.divisors.to_list()
        totals = zip(values.tolist(), divisors, strict=True)
        flags[:] = [bool(op.holds(exact_total(total, n), exact)) for total, n in totals]
    elif values.dtype == pl.Int64:
        n = None if per_user.divisors is None else per_user.divisors.cast(pl.Int64).to_numpy()
        flags[:] = op.holds(*ranks(values.to_numpy(), n, argument))
    else:
        held = values.alias("value").to_frame().select(op.expr(pl.col("value"), argument))
        flags[:] = held.to_series().to_numpy()
    return flags


def _as_floats(per_user: PerUser) -> Any:
    """Return a number's measure as floats, sums and averages rounded once."""
    values = per_user.values
    if not isinstance(values, pl.Series):
        divisors = [1] * len(values) if per_user.divisors is None else per_user.divisors.to_list()
        return [float(exact_total(total, n)) for total, n in zip(values.tolist(), divisors, strict=True)]
    if values.dtype == pl.Int64:
        n = None if per_user.divisors is None else per_user.divisors.cast(pl.Int64).to_numpy()
        return unscaled_array(values.to_numpy(), n)
    return values.cast(pl.Float64).to_numpy()
