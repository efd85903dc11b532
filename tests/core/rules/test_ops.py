"""The op table: complete, the same in plain Python and in Polars, and clear about what it refuses."""

from __future__ import annotations

from datetime import date
from string import Formatter
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import clock
from core.clock import Days
from core.errors import RuleError
from core.rules.arguments import AtLeast, ascii_lower
from core.rules.ops import OPS, TABLE, Op, op_of, ops_for, wanted_of
from core.schema import TAG_DTYPES, TagType
from tests.core.rules.strategies import as_ofs, comparisons, days, numbers, texts, values_of

JULY = date(2019, 7, 14)
DESIGNED = {
    TagType.TEXT: "is is_not in not_in contains_any contains_none starts_with ends_with matches",
    TagType.ENUM: "is is_not in not_in contains_any contains_none starts_with ends_with matches",
    TagType.NUMBER: "eq ne gt gte lt lte between not_between",
    TagType.BOOLEAN: "is_true is_false",
    TagType.DATE: "before after on between in_last not_in_last in_next calendar anniversary_in_next",
    TagType.MULTI: "has_any has_all has_none has_exactly has_at_least",
}


@pytest.mark.parametrize("kind", TagType)
def test_every_type_has_exactly_the_ops_of_the_language(kind: TagType) -> None:
    assert [op.key for op in ops_for(kind)] == [*DESIGNED[kind].split(), "is_set", "not_set"]


def test_an_op_stands_in_the_table_once_for_each_type() -> None:
    entries = [(kind, op.key) for op in TABLE for kind in op.types]
    assert len(entries) == len(set(entries)) == len(OPS)


@pytest.mark.parametrize("op", TABLE, ids=lambda op: f"{op.types[0]}-{op.key}")
def test_every_op_can_be_read_in_both_languages(op: Op) -> None:
    for language in ("zh", "en"):
        assert op.label[language]
        named = {name for _, name, _, _ in Formatter().parse(op.sentence[language]) if name}
        assert named == ({"it"} if op.shape == "none" else {"it", "value"})


def test_only_the_ops_of_the_language_compare_fields() -> None:
    fields = {op.key for op in TABLE if op.takes_field}
    assert fields == {"gt", "gte", "lt", "lte", "eq", "ne", "before", "after", "on"}


def test_an_unknown_op_raises_with_the_nearest_of_the_type() -> None:
    with pytest.raises(RuleError) as caught:
        op_of(TagType.TEXT, "contains_al")
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == ("unknown_op", "contains_any")
    assert problem.allowed == tuple(op.key for op in ops_for(TagType.TEXT))


@given(comparisons(), as_ofs, st.data())
@settings(max_examples=600, deadline=None)
def test_an_op_means_the_same_in_python_and_in_polars(
    comparison: tuple[Op, TagType, Any], as_of: date, data: st.DataObject
) -> None:
    op, kind, value = comparison
    argument = op.literal(value, as_of)
    hash(argument)
    present = data.draw(st.lists(values_of(kind), min_size=1, max_size=6))
    rows = [None, *present]
    column = pl.DataFrame({"it": pl.Series(rows, dtype=TAG_DTYPES[kind])})
    found = column.select(op.expr(pl.col("it"), argument)).to_series().to_list()
    missing = op.holds_when_missing if not op.needs_value else None
    assert found == [missing, *(op.holds(row, argument) for row in present)]
    assert all(isinstance(op.holds(row, argument), bool) for row in present)


@given(comparisons().filter(lambda c: c[0].takes_field), st.data())
@settings(max_examples=100, deadline=None)
def test_a_field_comparison_means_the_same_in_python_and_in_polars(
    comparison: tuple[Op, TagType, Any], data: st.DataObject
) -> None:
    op, kind, _ = comparison
    rows = data.draw(st.lists(st.tuples(*[st.one_of(st.none(), values_of(kind))] * 2), max_size=6))
    frame = pl.DataFrame(rows, schema={"a": TAG_DTYPES[kind], "b": TAG_DTYPES[kind]}, orient="row")
    found = frame.select(op.expr(pl.col("a"), pl.col("b"))).to_series().to_list()
    assert found == [None if a is None or b is None else op.holds(a, b) for a, b in rows]


@given(st.sampled_from(ops_for(TagType.MULTI)[:5]), st.lists(texts, max_size=4), st.data())
@settings(deadline=None)
def test_a_multi_op_means_the_same_by_numbers(op: Op, has: list[str], data: st.DataObject) -> None:
    of = data.draw(st.lists(texts, min_size=1, max_size=4))
    k = data.draw(st.integers(1, len(set(of))))
    argument = op.literal({"k": k, "of": of} if op.key == "has_at_least" else of, JULY)
    wanted, asked_for = wanted_of(argument)  # type: ignore[arg-type]
    assert op.holds_counts is not None
    hits = len(set(has) & set(wanted))
    assert op.holds(has, argument) == op.holds_counts(hits, len(set(has)), len(wanted), asked_for)


@given(texts, texts)
@example("ı", "i")
@example("İ", "i̇")
@example("K", "k")
@example("Ä", "ä")
@settings(deadline=None)
def test_only_the_case_of_ascii_letters_is_ignored(text: str, part: str) -> None:
    folded = ascii_lower(text)
    assert len(folded) == len(text)
    assert all(a == b or (a.isascii() and a.lower() == b) for a, b in zip(text, folded, strict=True))
    if part:
        op = op_of(TagType.TEXT, "contains_any")
        assert op.holds(text, op.literal([part], JULY)) == (ascii_lower(part) in folded)


@given(days, as_ofs, st.integers(0, 400))
@settings(deadline=None)
def test_an_anniversary_is_counted_by_month_and_day(day: date, as_of: date, ahead: int) -> None:
    op = op_of(TagType.DATE, "anniversary_in_next")
    following = clock.next_anniversary(day, as_of)
    expected = as_of <= following <= clock.add_days(as_of, ahead)
    assert op.holds(day, op.literal(ahead, as_of)) == expected


def test_relative_dates_become_the_days_that_the_language_promises() -> None:
    def days_of(op: str, value: object) -> object:
        return op_of(TagType.DATE, op).literal(value, JULY)

    assert days_of("in_last", {"n": 30, "unit": "day"}) == Days(date(2019, 6, 15), JULY)
    assert days_of("in_last", {"n": 2, "unit": "week"}) == Days(date(2019, 7, 1), JULY)
    assert days_of("in_last", {"n": 1, "unit": "month"}) == Days(date(2019, 6, 15), JULY)
    assert days_of("in_next", {"n": 30, "unit": "day"}) == Days(date(2019, 7, 15), date(2019, 8, 13))
    assert days_of("calendar", "this_week") == Days(date(2019, 7, 8), date(2019, 7, 14))
    assert days_of("calendar", "last_quarter") == Days(date(2019, 4, 1), date(2019, 6, 30))
    assert days_of("between", ["2019-01-01", "2019-06-30"]) == Days(date(2019, 1, 1), date(2019, 6, 30))


def test_lists_are_read_as_sorted_values_each_once() -> None:
    assert op_of(TagType.ENUM, "in").literal(["b", "a", "b"], JULY) == ("a", "b")
    assert op_of(TagType.ENUM, "contains_any").literal(["B", "b", "Ä"], JULY) == ("b", "Ä")
    assert op_of(TagType.MULTI, "has_at_least").literal({"k": 1, "of": ["b", "a"]}, JULY) == AtLeast(
        1, ("a", "b")
    )


@given(numbers)
@settings(deadline=None)
def test_any_finite_float_may_be_compared_with(number: float) -> None:
    assert op_of(TagType.NUMBER, "eq").literal(number, JULY) == number


@given(comparisons(), as_ofs)
@settings(max_examples=300, deadline=None)
def test_reading_a_value_never_depends_on_the_day(comparison: tuple[Op, TagType, Any], as_of: date) -> None:
    op, _, value = comparison
    assert op.resolve(op.read(value), as_of) == op.literal(value, as_of)
