"""What may stand in a condition's `value`: each form read from JSON, or refused with what would be right.

An op names one reader. A reader returns what the op compares with, typed and hashable; dates that depend on
`as_of` stay relative until `resolve` makes them literal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, NoReturn, TypeAlias, get_args

import polars as pl

from core import clock
from core.clock import CalendarName, Days
from core.errors import Problem, RuleError, nearest_name

MAX_PATTERN_CHARACTERS = 1_000
MAX_DAYS = 36_500
DAYS_IN_UNIT: Mapping[clock.Unit, int] = {"day": 1, "week": 7, "month": 31}
CALENDAR_NAMES: tuple[str, ...] = get_args(CalendarName)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Shape(StrEnum):
    """The form of an op's `value`; the builder chooses its control by it."""

    NONE = "none"
    ONE = "one"
    LIST = "list"
    PAIR = "pair"
    RELATIVE = "relative"
    CALENDAR = "calendar"
    DAYS = "days"
    AT_LEAST = "at_least"


class Relative(NamedTuple):
    """``{"n": 30, "unit": "day"}``."""

    n: int
    unit: clock.Unit


class AtLeast(NamedTuple):
    """``{"k": 2, "of": […]}``: at least `k` of the values."""

    k: int
    of: tuple[str, ...]


Argument: TypeAlias = (
    str
    | float
    | date
    | Days
    | AtLeast
    | Relative
    | tuple[str, ...]
    | tuple[int, ...]
    | tuple[float, float]
    | None
)


def ascii_lower(text: str) -> str:
    """Return the text with A to Z, and nothing else, in lower case."""
    return text.translate(_ASCII_LOWER)


def shown(value: object) -> str:
    """Return a value for a message, as JSON writes it; a long one by its beginning."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= 60 else text[:59] + "…"


def field_named(value: object) -> str | None:
    """Return the other tag of a field comparison ``{"tag": "other"}``, else None."""
    if isinstance(value, dict) and value.keys() == {"tag"} and isinstance(value["tag"], str):
        return value["tag"]
    return None


def read_nothing(value: object) -> None:
    """Read the value of an op that takes none."""
    if value is not None:
        _refuse("value_not_wanted", value)


def read_text(value: object) -> str:
    """Read one text, compared exactly."""
    if not isinstance(value, str):
        _refuse("value_not_text", value)
    return value


def read_part(value: object) -> str:
    """Read one part of a text, compared without ASCII case; an empty part would stand in every text."""
    text = read_text(value)
    if not text:
        _refuse("text_empty", value)
    return ascii_lower(text)


def read_texts(value: object) -> tuple[str, ...]:
    """Read a list of texts: sorted, each once, not empty."""
    if not isinstance(value, list | tuple):
        _refuse("value_not_list", value)
    if not value:
        _refuse("list_empty", value)
    for item in value:
        if not isinstance(item, str):
            _refuse("value_not_text", item)
    return tuple(sorted(set(value)))


def read_parts(value: object) -> tuple[str, ...]:
    """Read a list of parts of texts, compared without ASCII case: sorted, each once."""
    return tuple(sorted({read_part(item) for item in read_texts(value)}))


def read_pattern(value: object) -> str:
    """Read a regular expression in the syntax of Rust's `regex`; Polars is asked whether it compiles."""
    pattern = read_text(value)
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        _refuse("pattern_too_long", value, limit=MAX_PATTERN_CHARACTERS)
    reason = _why_not_a_pattern(pattern)
    if reason is not None:
        _refuse("pattern_broken", value, reason=reason)
    return pattern


def read_number(value: object) -> float:
    """Read one finite number that a 64-bit float holds exactly as far as it is an integer."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("value_not_number", value)
    try:
        number = float(value)
    except OverflowError:
        _refuse("number_too_long", value)
    if not math.isfinite(number):
        _refuse("number_not_finite", value)
    if isinstance(value, int) and int(number) != value:
        _refuse("number_too_long", value)
    return number + 0.0


def read_numbers(value: object) -> tuple[float, float]:
    """Read ``[low, high]``, the low end not above the high end."""
    low, high = (read_number(end) for end in _two(value))
    if low > high:
        _refuse("pair_reversed", value)
    return low, high


def read_day(value: object) -> date:
    """Read one calendar day, ``"YYYY-MM-DD"``."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        _refuse("value_not_date", value)
    try:
        return date.fromisoformat(value)
    except ValueError:
        _refuse("date_does_not_exist", value)


def read_days(value: object) -> Days:
    """Read ``[from, to]``, both in, `from` not after `to`."""
    first, last = (read_day(end) for end in _two(value))
    if first > last:
        _refuse("pair_reversed", value)
    return Days(first, last)


def read_relative(value: object) -> Relative:
    """Read ``{"n": 30, "unit": "day|week|month"}``."""
    if not isinstance(value, dict):
        _refuse("value_not_relative", value)
    _only_fields(value, ("n", "unit"), "value_not_relative")
    unit = next((known for known in DAYS_IN_UNIT if known == value["unit"]), None)
    if unit is None:
        _refuse("unknown_unit", value["unit"], allowed=DAYS_IN_UNIT)
    return Relative(_whole(value["n"], 1, MAX_DAYS // DAYS_IN_UNIT[unit]), unit)


def read_calendar(value: object) -> str:
    """Read the name of a calendar period."""
    if not isinstance(value, str) or value not in CALENDAR_NAMES:
        _refuse("unknown_calendar", value, allowed=CALENDAR_NAMES)
    return value


def read_day_count(value: object) -> int:
    """Read a number of days, 0 = today."""
    return _whole(value, 0, MAX_DAYS)


def read_at_least(value: object) -> AtLeast:
    """Read ``{"k": 2, "of": […]}``, `k` between 1 and the number of different values."""
    if not isinstance(value, dict):
        _refuse("value_not_at_least", value)
    _only_fields(value, ("k", "of"), "value_not_at_least")
    of = read_texts(value["of"])
    return AtLeast(_whole(value["k"], 1, len(of)), of)


def as_it_stands(argument: Argument, as_of: date) -> Argument:  # noqa: ARG001 - the signature of all resolvers
    """Resolve an argument that does not depend on the day."""
    return argument


def back_from(argument: Relative, as_of: date) -> Days:
    """Resolve "in the last n units": days that end with `as_of`."""
    return Days(clock.first_day(argument.n, argument.unit, as_of), as_of)


def ahead_of(argument: Relative, as_of: date) -> Days:
    """Resolve "in the next n units": tomorrow to `as_of` + n."""
    return clock.next_days(argument.n, argument.unit, as_of)


def period(argument: CalendarName, as_of: date) -> Days:
    """Resolve a calendar period to its days, the whole of it."""
    return clock.calendar(argument, as_of)


@lru_cache(maxsize=256)
def anniversaries(argument: int, as_of: date) -> tuple[int, ...]:
    """Resolve "anniversary in the next n days" to the days of the year that count, as month × 100 + day."""
    last = clock.add_days(as_of, argument)
    leap_year = [clock.add_days(date(2000, 1, 1), i) for i in range(366)]
    return tuple(
        day.month * 100 + day.day for day in leap_year if as_of <= clock.next_anniversary(day, as_of) <= last
    )


def _refuse(code: str, value: object, *, allowed: Iterable[str] = (), **params: object) -> NoReturn:
    names = tuple(allowed)
    nearest = nearest_name(value, names) if isinstance(value, str) and names else None
    params = {"given": shown(value), **params}
    if names:
        params["allowed"] = names
    raise RuleError(Problem(code, params=params, allowed=names, nearest=nearest))


def _two(value: object) -> list[object]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse("value_not_pair", value)
    return list(value)


def _whole(value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        _refuse("not_a_whole_number_between", value, low=low, high=high)
    return value


def _only_fields(value: Mapping[str, object], fields: tuple[str, ...], code: str) -> None:
    for name in value:
        if name not in fields:
            _refuse("unknown_field", name, allowed=fields, field=name)
    if len(value) != len(fields):
        _refuse(code, value)


@lru_cache(maxsize=256)
def _why_not_a_pattern(pattern: str) -> str | None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        lines = [line.strip() for line in str(error).split("\n\n")[0].splitlines()]
        reason = next((line for line in lines if line.startswith("error:")), lines[0])
        return reason.removeprefix("error:").removeprefix("regex error:").strip()
    return None


Reader: TypeAlias = Callable[[object], Argument]
