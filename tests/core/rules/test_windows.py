"""Windows and days: literal dates as the language promises, on every day of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import clock
from core.clock import Days, Instants
from core.rules.tree import AgoWindow, BetweenWindow, CalendarWindow, LastWindow
from core.rules.windows import span_of

SHANGHAI, NEW_YORK, SAO_PAULO = (
    ZoneInfo(z) for z in ("Asia/Shanghai", "America/New_York", "America/Sao_Paulo")
)
JULY = date(2019, 7, 14)
units = st.sampled_from(["day", "week", "month"])
near_today = st.dates(date(1900, 1, 1), date(2200, 1, 1))


def days(first: str | None, last: str | None) -> Days:
    return Days(date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (None, days(None, "2019-07-14")),
        (LastWindow(last=1, unit="day"), days("2019-07-14", "2019-07-14")),
        (LastWindow(last=30, unit="day"), days("2019-06-15", "2019-07-14")),
        (LastWindow(last=2, unit="week"), days("2019-07-01", "2019-07-14")),
        (LastWindow(last=1, unit="month"), days("2019-06-15", "2019-07-14")),
        (AgoWindow(ago=(60, 30), unit="day"), days("2019-05-16", "2019-06-14")),
        (AgoWindow(ago=(2, 1), unit="month"), days("2019-05-15", "2019-06-14")),
        (AgoWindow(ago=(7, 0), unit="day"), days("2019-07-08", "2019-07-14")),
        (CalendarWindow(calendar="this_month"), days("2019-07-01", "2019-07-14")),
        (CalendarWindow(calendar="last_week"), days("2019-07-01", "2019-07-07")),
        (CalendarWindow(calendar="last_year"), days("2018-01-01", "2018-12-31")),
        (BetweenWindow(**{"from": "2019-01-01"}), days("2019-01-01", "2019-07-14")),
        (BetweenWindow(to="2019-06-30"), days(None, "2019-06-30")),
        (BetweenWindow(**{"from": "2019-01-01", "to": "2020-01-01"}), days("2019-01-01", "2019-07-14")),
    ],
    ids=str,
)
def test_a_window_covers_these_days(window: object, expected: Days) -> None:
    assert span_of(window, JULY, SHANGHAI) == expected  # type: ignore[arg-type]


def test_months_are_clamped_to_the_end_of_the_month() -> None:
    assert clock.last(1, "month", date(2019, 3, 31), SHANGHAI) == days("2019-03-01", "2019-03-31")
    assert clock.last(1, "month", date(2019, 3, 30), SHANGHAI) == days("2019-03-01", "2019-03-30")
    assert clock.last(12, "month", date(2020, 2, 29), SHANGHAI) == days("2019-03-01", "2020-02-29")


@given(near_today, units, st.integers(1, 500), st.integers(1, 500))
@settings(deadline=None)
def test_the_last_far_days_are_the_last_near_days_and_those_between(
    as_of: date, unit: clock.Unit, one: int, other: int
) -> None:
    near, far = sorted((one, other))
    if near == far:
        return
    whole, rest = clock.last(far, unit, as_of, SHANGHAI), clock.last(near, unit, as_of, SHANGHAI)
    between = clock.ago(far, near, unit, as_of, SHANGHAI)
    assert isinstance(whole, Days)
    assert isinstance(rest, Days)
    assert isinstance(between, Days)
    assert (between.first, rest.last) == (whole.first, whole.last)
    assert rest.first is not None
    assert between.last == rest.first - timedelta(days=1)


def test_hours_are_elapsed_time_back_from_the_end_of_the_day() -> None:
    # On 10 March 2019 New York's day has 23 hours; 24 hours back lie in the day before.
    span = clock.last(24, "hour", date(2019, 3, 10), NEW_YORK)
    end = datetime(2019, 3, 11, 4, tzinfo=UTC)
    assert span == Instants(end - timedelta(hours=24), end)
    assert end - timedelta(hours=24) in span
    assert end not in span


def test_a_day_whose_midnight_does_not_exist_still_ends_once() -> None:
    assert clock.end_of(date(2018, 11, 3), SAO_PAULO) == datetime(2018, 11, 4, 3, tzinfo=UTC)


@given(st.dates(), units, st.integers(1, 1170), st.sampled_from(clock.CalendarName.__args__))
@settings(deadline=None)
def test_no_day_of_the_calendar_breaks_the_reckoning(
    as_of: date, unit: clock.Unit, n: int, name: clock.CalendarName
) -> None:
    for window in (
        LastWindow(last=n, unit=unit),
        AgoWindow(ago=(n + 1, n), unit=unit),
        LastWindow(last=n, unit="hour"),
    ):
        span_of(window, as_of, NEW_YORK)
    period = clock.calendar(name, as_of)
    assert period.first is not None
    assert period.last is not None
    assert period.first <= period.last
    ahead = clock.next_days(n, unit, as_of)
    assert as_of not in ahead


@pytest.mark.parametrize("as_of", [date.min, date.max])
@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK])
def test_the_first_and_the_last_day_can_be_asked_for(as_of: date, zone: ZoneInfo) -> None:
    for window in (
        LastWindow(last=36_500, unit="day"),
        LastWindow(last=876_000, unit="hour"),
        AgoWindow(ago=(1_200, 1), unit="month"),
        CalendarWindow(calendar="last_quarter"),
    ):
        span_of(window, as_of, zone)
    clock.next_days(1_170, "month", as_of)
    clock.next_anniversary(date(2000, 2, 29), as_of)
