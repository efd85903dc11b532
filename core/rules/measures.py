"""The measure table: what an event condition (or a computed tag) measures of a user's occurrences.

One entry per measure: its key, labels, what it needs, what it gives and how it is read in a sentence. `of` is
the meaning in plain Python; sums and averages are exact numbers, never floats.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from core.clock import local_day
from core.messages import Text
from core.rules.exact import exact_total, scaled
from core.schema import TagType

Measured: TypeAlias = int | float | Fraction | date | None


@dataclass(frozen=True)
class Occurrence:
    """One thing that a user did.

    Attributes
    ----------
    at : datetime.datetime
        In UTC.
    properties : mapping of str to object
        Values by property; absent or None = missing. Numbers are floats, dates are days, multi values are
        collections of texts (an empty one is missing).
    """

    at: datetime
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One way to measure a user's matching occurrences.

    Attributes
    ----------
    key : str
        What stands in a rule's ``measure``.
    label : Text
        Its name in menus.
    subject : Text
        How a sentence names the measured: ``{event}``, ``{property}``, and ``{window}`` where the language
        puts the window there.
    type : TagType
        What it gives: a number, or a date (then date ops compare it).
    needs_property : bool
        Whether it measures a property rather than the occurrences themselves.
    needs_number : bool
        Whether that property must be a number.
    zero_when_none : bool
        Whether it is 0, rather than missing, when nothing matched.
    is_exact_sum : bool
        Whether it is compared as an exact sum of millionths (`core.rules.exact`).
    of : callable (occurrences, present property values, zone) -> measured value or None
        The meaning; None = missing.
    unit : Text or None
        What it counts, as said after a number (with the space before it).
    """

    key: str
    label: Text
    subject: Text
    type: TagType
    needs_property: bool
    needs_number: bool
    zero_when_none: bool
    is_exact_sum: bool
    of: Callable[[Sequence[Occurrence], Sequence[Any], ZoneInfo], Measured]
    unit: Text | None = None


def present(occurrences: Sequence[Occurrence], key: str) -> list[Any]:
    """Return the values of a property that are not missing."""
    values = (occurrence.properties.get(key) for occurrence in occurrences)
    return [value for value in values if not is_missing(value)]


def is_missing(value: object) -> bool:
    """Tell whether there is no value: None, a NaN, or a set without any value."""
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - NaN is what differs from itself
    return value is None or (isinstance(value, Collection) and not isinstance(value, str) and not value)


def _distinct(values: Sequence[Any]) -> int:
    """Return the number of different values; a multi value counts as each of its values."""
    flat: set[Any] = set()
    for value in values:
        flat.update(value if isinstance(value, Collection) and not isinstance(value, str) else (value,))
    return len(flat)


def _total(values: Sequence[float]) -> int:
    return sum(scaled(value) for value in values)


def _days(occurrences: Sequence[Occurrence], zone: ZoneInfo) -> list[date]:
    return [local_day(occurrence.at, zone) for occurrence in occurrences]


def _counted(key: str, label: Text, subject: Text, unit: Text, of: Callable[..., Measured]) -> Measure:
    return Measure(key, label, subject, TagType.NUMBER, False, False, True, False, of, unit)


def _of_numbers(
    key: str, label: Text, subject: Text, of: Callable[[Sequence[float]], Measured], *, exact: bool = False
) -> Measure:
    def measured(_occurrences: Sequence[Occurrence], values: Sequence[Any], _zone: ZoneInfo) -> Measured:
        return of(values)

    is_zero = key == "sum"
    return Measure(key, label, subject, TagType.NUMBER, True, True, is_zero, exact, measured)


def _dated(key: str, label: Text, subject: Text, pick: Callable[[Sequence[date]], date]) -> Measure:
    def measured(occurrences: Sequence[Occurrence], _values: Sequence[Any], zone: ZoneInfo) -> Measured:
        return pick(_days(occurrences, zone)) if occurrences else None

    return Measure(key, label, subject, TagType.DATE, False, False, False, False, measured)


def _texts(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


TABLE: tuple[Measure, ...] = (
    _counted("count", _texts("次数", "times"),
             _texts("{window}{event}次数", "the number of {event} events{window}"), _texts(" 次", ""),
             lambda occurrences, _values, _zone: len(occurrences)),
    _of_numbers("sum", _texts("合计", "total"),
                _texts("{window}{event}的{property}合计", "the total {property} of {event}{window}"),
                lambda values: exact_total(_total(values)), exact=True),
    _of_numbers("avg", _texts("平均值", "average"),
                _texts("{window}{event}的{property}平均值", "the average {property} of {event}{window}"),
                lambda values: exact_total(_total(values), len(values)) if values else None, exact=True),
    _of_numbers("min", _texts("最小值", "smallest"),
                _texts("{window}{event}的{property}最小值", "the smallest {property} of {event}{window}"),
                lambda values: min(values, default=None)),
    _of_numbers("max", _texts("最大值", "largest"),
                _texts("{window}{event}的{property}最大值", "the largest {property} of {event}{window}"),
                lambda values: max(values, default=None)),
    Measure("distinct", _texts("去重数", "different values"),
            _texts("{window}{event}的不同{property}数",
                   "the number of different values of {property} of {event}{window}"),
            TagType.NUMBER, True, False, True, False,
            lambda _occurrences, values, _zone: _distinct(values)),
    _counted("days", _texts("天数", "days"),
             _texts("{window}{event}的天数", "the number of days with {event}{window}"),
             _texts(" 天", ""),
             lambda occurrences, _values, zone: len(set(_days(occurrences, zone)))),
    _dated("first_at", _texts("首次日期", "first day"),
           _texts("{window}首次{event}的日期", "the day of the first {event}{window}"), min),
    _dated("last_at", _texts("最近日期", "latest day"),
           _texts("{window}最近一次{event}的日期", "the day of the latest {event}{window}"), max),
)  # fmt: skip

MEASURES: Mapping[str, Measure] = {measure.key: measure for measure in TABLE}

DAYS_SINCE: Mapping[str, str] = {"days_since_first": "first_at", "days_since_last": "last_at"}
"""What only a tag measures: the days from a measured day to `as_of`, by the measure that gives the day."""
