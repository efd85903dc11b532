"""From a window of a rule to literal days or instants."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core import clock
from core.clock import Days, Instants, Span
from core.rules.parts import AgoWindow, BetweenWindow, CalendarWindow, LastWindow, Window

NO_DAY = Days(date.max, date.min)


def span_of(window: Window | None, as_of: date, zone: ZoneInfo) -> Span:
    """Return what a window covers for `as_of`, never reaching past its end.

    Parameters
    ----------
    window : Window or None
        None = ever up to `as_of`.
    as_of : datetime.date
        The day the rule is evaluated for.
    zone : zoneinfo.ZoneInfo
        The workspace's time zone, in which days are cut.
    """
    match window:
        case None:
            return Days(None, as_of)
        case LastWindow(last=n, unit=unit):
            return clock.last(n, unit, as_of, zone)
        case AgoWindow(ago=(far, near), unit=unit):
            return clock.ago(far, near, unit, as_of, zone)
        case CalendarWindow(calendar=name):
            return clock.calendar(name, as_of).clipped(as_of)
        case BetweenWindow(from_=first, to=last):
            return Days(first, last).clipped(as_of)


def before(span: Span, as_of: date) -> Span:
    """Return all time before a span begins, up to `as_of`; none before a span without a beginning."""
    if isinstance(span, Instants):
        return Instants(datetime.min.replace(tzinfo=UTC), span.start)
    if span.first is None or span.first == date.min:
        return NO_DAY
    return Days(None, clock.add_days(span.first, -1)).clipped(as_of)
