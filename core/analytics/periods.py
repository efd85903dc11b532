"""Periods that analyses compare: runs of days, the one before, the same a year earlier, and their parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from core import clock
from core.clock import Days
from core.errors import Problem, RuleError
from core.rules.parts import BetweenWindow

Grain = Literal["day", "week", "month"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month")
USUAL_DAYS = 30
_MOST_PARTS = 400
_DAYS_BY_DAY, _DAYS_BY_WEEK = 62, 400


@dataclass(frozen=True)
class Period:
    """A run of calendar days, both ends in; `first` is not after `last`."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def span(self) -> Days:
        """The same as `core.clock.Days`."""
        return Days(self.first, self.last)

    @property
    def window(self) -> BetweenWindow:
        """The same as a window of the condition language."""
        return BetweenWindow(from_=self.first, to=self.last)

    def before(self) -> Period:
        """Return as many days, right before it; of whole calendar months, as many months."""
        if self._is_of_whole_months():
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
            first = clock.add_months(self.first, -months)
        else:
            first = clock.add_days(self.first, -self.days)
        return Period(first, clock.add_days(self.first, -1))

    def year_before(self) -> Period:
        """Return the same days a year earlier; 29 February is 28 February there."""
        if self._is_of_whole_months():
            return Period(clock.add_months(self.first, -12), _last_of_month(clock.add_months(self.last, -12)))
        return Period(clock.add_months(self.first, -12), clock.add_months(self.last, -12))

    def parts(self, grain: Grain) -> list[Period]:
        """Return its days, weeks (from Monday) or calendar months, first and last as far as they lie in it.

        Raises
        ------
        RuleError
            If there would be more than a chart can hold.
        """
        found, first = [], self.first
        while first <= self.last:
            found.append(Period(first, min(_end(first, grain), self.last)))
            first = clock.add_days(found[-1].last, 1)
            if len(found) > _MOST_PARTS:
                raise RuleError(Problem("period_too_long", params={"limit": _MOST_PARTS}))
        return found

    def usual_grain(self) -> Grain:
        """Return the grain in which its course can be read: days for two months, weeks for a year."""
        return "day" if self.days <= _DAYS_BY_DAY else "week" if self.days <= _DAYS_BY_WEEK else "month"

    def _is_of_whole_months(self) -> bool:
        return self.first.day == 1 and self.last == _last_of_month(self.last)


def period_of(as_of: date, first: date | None = None, last: date | None = None) -> Period:
    """Return the period that is asked for; left out, it ends with `as_of` and has 30 days.

    Raises
    ------
    RuleError
        If it ends before it begins, or after `as_of`.
    """
    last = last or as_of
    first = first or clock.add_days(last, 1 - USUAL_DAYS)
    if first > last:
        raise RuleError(Problem("period_reversed", params={"first": first, "last": last}))
    if last > as_of:
        raise RuleError(Problem("period_after_data", params={"last": last, "as_of": as_of}))
    return Period(first, last)


def months_up_to(as_of: date, many: int) -> list[Period]:
    """Return the `many` months that end with `as_of` and with the same day of the months before, ascending.

    They are cut as the condition language cuts the last n months: the month of 14 July begins on 15 June, and
    that of a month's last day on the day after the same day (clamped) of the month before.
    """
    ends = [clock.add_months(as_of, -back) for back in range(many, -1, -1)]
    return [Period(clock.add_days(before, 1), end) for before, end in pairwise(ends)]


def month_ends(as_of: date, many: int) -> list[date]:
    """Return the last days of the `many` calendar months before `as_of`'s, and `as_of`, ascending."""
    first = as_of.replace(day=1)
    return [clock.add_days(clock.add_months(first, -back), -1) for back in range(many - 1, -1, -1)] + [as_of]


def _end(first: date, grain: Grain) -> date:
    match grain:
        case "day":
            return first
        case "week":
            return clock.add_days(first, 6 - first.weekday())
        case "month":
            return _last_of_month(first)


def _last_of_month(day: date) -> date:
    return clock.add_days(clock.add_months(day.replace(day=1), 1), -1)
