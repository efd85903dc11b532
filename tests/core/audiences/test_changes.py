"""Who came and who went along a path of single steps: each person has one cause, and causes add up."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from core.audiences.changes import Step, changes_between, different
from core.audiences.records import CAUSES

people = st.sets(st.integers(0, 12))
NUMBERS = ("unknown", "clock", "behaviour", "tag", "rule", "hand")


def series(numbers: set[int]) -> pl.Series:
    return pl.Series(sorted(numbers), dtype=pl.UInt32)


@given(people, st.lists(people, min_size=len(NUMBERS), max_size=len(NUMBERS)), people)
def test_everybody_who_came_or_went_has_the_cause_that_turned_them_last(
    before: set[int], path: list[set[int]], corrected: set[int]
) -> None:
    steps = [Step(cause, series(now)) for cause, now in zip(NUMBERS, path, strict=True)]  # type: ignore[arg-type]
    found = changes_between(series(before), steps, series(corrected))
    after = path[-1]
    rows = {number: (entered, cause) for number, entered, cause in found.people.rows()}
    assert {number for number, (entered, _) in rows.items() if entered} == after - before
    assert {number for number, (entered, _) in rows.items() if not entered} == before - after
    assert sum(found.entered.values()) == len(after - before)
    assert sum(found.left.values()) == len(before - after)
    assert list(found.entered) == [cause for cause in CAUSES if cause in found.entered]
    states = [before, *path]
    for number, (entered, cause) in rows.items():
        turns = [
            place
            for place in range(1, len(states))
            if (number in states[place - 1]) != (number in states[place])
        ]
        expected = NUMBERS[turns[-1] - 1]
        assert (number in states[turns[-1]]) is entered
        if expected == "behaviour" and number in corrected:
            expected = "data"
        assert cause == expected


@given(people, people)
def test_those_who_differ_are_in_one_of_both(one: set[int], other: set[int]) -> None:
    assert set(different(series(one), series(other)).to_list()) == one ^ other


def test_where_nothing_was_before_there_is_nothing_to_tell() -> None:
    found = changes_between(series({1}), [Step("clock", series({1}))])
    assert (found.people.height, found.entered, found.left) == (0, {}, {})
