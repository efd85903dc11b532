"""Days and windows: from "the last 30 days" to literal dates and instants, in the workspace's time zone.

Nothing here reads the clock but `yesterday`, which only the outermost layers call.
"""

from __future__ import annotations

import calendar as _calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["hour", "day", "week", "month"]
CalendarName = Literal[
    "today", "yesterday", "this_week", "last_week", "this_month", "last_month",
    "this_quarter", "last_quarter", "this_year", "last_year",
]  # fmt: skip


@dataclass(frozen=True)
class Days:
    """A run of calendar days, both ends in.

    Attributes
    ----------
    first, last : datetime.date or None
        None leaves that end open. ``first`` after ``last`` holds no day.
    """

    first: date | None
    last: date | None

    def clipped(self, as_of: date) -> Days:
        """Return the part that does not lie after `as_of`."""
        return Days(self.first, as_of if self.last is None else min(self.last, as_of))

    def __contains__(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


EVER = Days(None, None)
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
"""Questions are asked for days from the one to the other."""


@dataclass(frozen=True)
class Instants:
    """A stretch of elapsed time, the start in and the end out.

    Attributes
    ----------
    start, end : datetime.datetime
        In UTC.
    """

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


Span = Days | Instants


def end_of(as_of: date, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) at which the day ends in the zone; it belongs to the next day.

    Beyond what a datetime can hold, the last instant that it can.
    """
    try:
        return datetime.combine(as_of + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant in the zone."""
    return at.astimezone(zone).date()


def last(n: int, unit: Unit, as_of: date, zone: ZoneInfo) -> Span:
    """Return the last `n` units that end with `as_of`, inclusive.

    Days are calendar days, a week is 7 of them, months reach back to the day after the same day `n` months
    ago (clamped to the month's end), hours are elapsed time back from the end of `as_of`.
    """
    if unit == "hour":
        end = end_of(as_of, zone)
        return Instants(_hours_before(end, n), end)
    return Days(first_day(n, unit, as_of), as_of)


def ago(far: int, near: int, unit: Unit, as_of: date, zone: ZoneInfo) -> Span:
    """Return the units between `far` and `near` ago, so that last `far` = last `near` plus this."""
    if unit == "hour":
        end = end_of(as_of, zone)
        return Instants(_hours_before(end, far), _hours_before(end, near))
    return Days(first_day(far, unit, as_of), add_days(first_day(near, unit, as_of), -1))


def days_from(first: date, n: int, unit: Literal["day", "week", "month"]) -> Days:
    """Return the `n` units that begin with a day; n months end before the same day n months later."""
    end = add_months(first, n) if unit == "month" else add_days(first, n * (7 if unit == "week" else 1))
    return Days(first, add_days(end, -1))


def elapsed(n: int, unit: Literal["hour", "day", "week"]) -> timedelta:
    """Return a length of elapsed time: a day is 24 hours, a week 7 days."""
    return n * {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[unit]


def next_days(n: int, unit: Unit, as_of: date) -> Days:
    """Return tomorrow to `as_of` + `n` units (months clamped to the month's end)."""
    tomorrow = add_days(as_of, 1)
    if tomorrow == as_of:
        return Days(date.max, date.min)
    if unit == "month":
        return Days(tomorrow, add_months(as_of, n))
    return Days(tomorrow, add_days(as_of, n * (7 if unit == "week" else 1)))


def calendar(name: CalendarName, as_of: date) -> Days:
    """Return the whole calendar period around or before `as_of`; weeks begin on Monday."""
    if name in ("today", "yesterday"):
        day = as_of if name == "today" else add_days(as_of, -1)
        return Days(day, day)
    which, period = name.split("_")
    start = _period_start(period, as_of)
    if which == "last":
        start = _period_start(period, add_days(start, -1))
    return Days(start, _last_of_period(period, start))


def first_day(n: int, unit: Unit, as_of: date) -> date:
    """Return the first of the last `n` days, weeks or months that end with `as_of`."""
    if unit == "month":
        return add_days(add_months(as_of, -n), 1)
    return add_days(as_of, 1 - n * (7 if unit == "week" else 1))


def add_days(day: date, days: int) -> date:
    """Return the day `days` later (or earlier), at most the first or last that the calendar holds."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later (or earlier), clamped to the month's end and to the calendar's."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        return date.min if year < date.min.year else date.max
    return date(year, month + 1, min(day.day, _calendar.monthrange(year, month + 1)[1]))


def next_anniversary(day: date, as_of: date) -> date:
    """Return the first anniversary of `day` on or after `as_of`; 29 February counts on 1 March otherwise."""
    this_year = _anniversary(day, as_of.year)
    if this_year >= as_of or as_of.year == date.max.year:
        return this_year
    return _anniversary(day, as_of.year + 1)


def yesterday(zone: ZoneInfo) -> date:
    """Return the day before the present one in the zone. Reads the clock."""
    return datetime.now(zone).date() - timedelta(days=1)


def _hours_before(end: datetime, hours: int) -> datetime:
    try:
        return end - timedelta(hours=hours)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _period_start(period: str, day: date) -> date:
    match period:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case _:
            return date(day.year, 1, 1)


def _last_of_period(period: str, start: date) -> date:
    if period == "week":
        return add_days(start, 6)
    following = add_months(start, {"month": 1, "quarter": 3, "year": 12}[period])
    return following if following == date.max else add_days(following, -1)


def _anniversary(day: date, year: int) -> date:
    if (day.month, day.day) == (2, 29) and not _calendar.isleap(year):
        return date(year, 3, 1)
    return day.replace(year=year)
