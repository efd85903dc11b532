"""Periods: the one before, the same a year earlier, their parts, and months up to any day of a month."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analytics.periods import GRAINS, Grain, Period, month_ends, months_up_to, period_of
from core.clock import add_months
from core.errors import RuleError

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
days = st.dates(date(1990, 1, 1), date(2040, 12, 31))


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("asked", "before", "year_before"),
    [
        # Whole calendar months go with whole months, whatever their lengths.
        (("2019-06-01", "2019-06-30"), ("2019-05-01", "2019-05-31"), ("2018-06-01", "2018-06-30")),
        (("2019-03-01", "2019-03-31"), ("2019-02-01", "2019-02-28"), ("2018-03-01", "2018-03-31")),
        (("2020-02-01", "2020-02-29"), ("2020-01-01", "2020-01-31"), ("2019-02-01", "2019-02-28")),
        (("2021-02-01", "2021-02-28"), ("2021-01-01", "2021-01-31"), ("2020-02-01", "2020-02-29")),
        (("2019-01-01", "2019-03-31"), ("2018-10-01", "2018-12-31"), ("2018-01-01", "2018-03-31")),
        (("2019-01-01", "2019-12-31"), ("2018-01-01", "2018-12-31"), ("2018-01-01", "2018-12-31")),
        # Others go with as many days.
        (("2019-06-15", "2019-07-14"), ("2019-05-16", "2019-06-14"), ("2018-06-15", "2018-07-14")),
        (("2019-03-01", "2019-03-01"), ("2019-02-28", "2019-02-28"), ("2018-03-01", "2018-03-01")),
        (("2020-02-29", "2020-02-29"), ("2020-02-28", "2020-02-28"), ("2019-02-28", "2019-02-28")),
        (("2020-01-31", "2020-02-29"), ("2020-01-01", "2020-01-30"), ("2019-01-31", "2019-02-28")),
    ],
)
def test_a_period_is_compared_with_the_one_right_before_it_and_with_a_year_earlier(
    asked: tuple[str, str], before: tuple[str, str], year_before: tuple[str, str]
) -> None:
    assert period(*asked).before() == period(*before)
    assert period(*asked).year_before() == period(*year_before)


@given(days, st.integers(0, 500))
def test_the_period_before_ends_the_day_before_and_is_as_long(first: date, more: int) -> None:
    found = Period(first, first + timedelta(days=more))
    before = found.before()
    assert before.last == first - timedelta(days=1)
    is_of_months = first.day == 1 and (found.last + timedelta(days=1)).day == 1
    assert is_of_months or before.days == found.days == more + 1


@given(days, st.integers(0, 390), st.sampled_from(GRAINS))
def test_the_parts_of_a_period_are_all_its_days_once(first: date, more: int, grain: Grain) -> None:
    found = Period(first, first + timedelta(days=more))
    parts = found.parts(grain)
    assert [part.first for part in parts[1:]] == [part.last + timedelta(days=1) for part in parts[:-1]]
    assert (parts[0].first, parts[-1].last) == (found.first, found.last)
    assert sum(part.days for part in parts) == found.days
    for part in parts[1:]:
        assert grain == "day" or (part.first.weekday() == 0 if grain == "week" else part.first.day == 1)


def test_the_first_and_the_last_part_lie_within_the_period() -> None:
    found = period("2019-06-26", "2019-07-14")
    assert found.parts("week") == [
        period("2019-06-26", "2019-06-30"), period("2019-07-01", "2019-07-07"),
        period("2019-07-08", "2019-07-14"),
    ]  # fmt: skip
    assert found.parts("month") == [period("2019-06-26", "2019-06-30"), period("2019-07-01", "2019-07-14")]


def test_a_course_of_more_parts_than_a_chart_can_hold_is_refused() -> None:
    assert len(period("2018-06-11", "2019-07-15").parts("day")) == 400
    with pytest.raises(RuleError) as refused:
        period("2018-06-11", "2019-07-16").parts("day")
    assert refused.value.code == "period_too_long"


@pytest.mark.parametrize(("length", "grain"), [(1, "day"), (62, "day"), (63, "week"), (400, "week"), (401, "month")])  # fmt: skip
def test_the_usual_grain_grows_with_the_period(length: int, grain: str) -> None:
    assert Period(date(2018, 1, 1), date(2018, 1, 1) + timedelta(days=length - 1)).usual_grain() == grain


def test_a_period_left_out_is_the_last_thirty_days() -> None:
    as_of = date(2019, 7, 14)
    assert period_of(as_of) == period("2019-06-15", "2019-07-14")
    assert period_of(as_of, last=date(2019, 6, 30)) == JUNE
    assert period_of(as_of, first=date(2019, 7, 14)) == Period(as_of, as_of)


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (date(2019, 7, 2), date(2019, 7, 1), "period_reversed"),
        (date(2019, 7, 15), None, "period_reversed"),
        (date(2019, 7, 1), date(2019, 7, 15), "period_after_data"),
        (None, date(2019, 7, 15), "period_after_data"),
    ],
)
def test_a_period_that_cannot_be_is_refused(first: date | None, last: date | None, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        period_of(date(2019, 7, 14), first, last)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        ("2019-07-14", [("2019-05-15", "2019-06-14"), ("2019-06-15", "2019-07-14")]),
        # That of 28 February begins on 29 January: on the day after the same day of the month before.
        ("2019-03-31", [("2019-02-01", "2019-02-28"), ("2019-03-01", "2019-03-31")]),
        ("2019-02-28", [("2018-12-29", "2019-01-28"), ("2019-01-29", "2019-02-28")]),
        ("2020-02-29", [("2019-12-30", "2020-01-29"), ("2020-01-30", "2020-02-29")]),
        ("2019-01-01", [("2018-11-02", "2018-12-01"), ("2018-12-02", "2019-01-01")]),
    ],
)
def test_months_up_to_a_day_are_cut_as_the_last_month_of_a_rule(
    as_of: str, months: list[tuple[str, str]]
) -> None:
    assert months_up_to(date.fromisoformat(as_of), 2) == [period(*month) for month in months]


@given(days, st.integers(1, 30))
def test_months_up_to_a_day_leave_no_day_out(as_of: date, many: int) -> None:
    months = months_up_to(as_of, many)
    assert len(months) == many
    assert months[-1].last == as_of
    for before, after in itertools.pairwise(months):
        assert after.first == before.last + timedelta(days=1)
        assert before.first <= before.last
    assert months[0].first == add_months(as_of, -many) + timedelta(days=1)


def test_month_ends_are_those_of_so_many_months_before_and_the_day_itself() -> None:
    ends = [date(2018, 12, 31), date(2019, 1, 31), date(2019, 2, 28)]
    assert month_ends(date(2019, 3, 31), 3) == [*ends, date(2019, 3, 31)]
    assert month_ends(date(2019, 3, 1), 2) == [*ends[1:], date(2019, 3, 1)]
    assert month_ends(date(2019, 2, 28), 1) == ends[1:]
