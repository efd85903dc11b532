"""Formulas: each means exactly this value, over columns as for one user, or is refused at exactly this place."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RuleError
from core.messages import message_of
from core.rules.formula import (
    FORMULA_FUNCTIONS,
    Expression,
    describe_formula,
    divides_by_zero,
    dump_formula,
    formula_column,
    formula_divides_by_zero,
    formula_problems,
    formula_type,
    formula_value,
    parse_formula,
    tags_in_formula,
)
from core.rules.formula.reading import MAX_CHARACTERS, MAX_DEPTH
from core.rules.formula.tree import Call, Literal, Tag
from core.rules.makings import MAKINGS
from core.schema import TAG_DTYPES, Catalogue, Label, TagSpec, TagType
from tests.core.rules.golden import FOLDER

AS_OF = date(2019, 7, 14)
TYPES = {
    "a": TagType.NUMBER, "b": TagType.NUMBER, "a-b": TagType.NUMBER, "spend": TagType.NUMBER, "vip": TagType.BOOLEAN,
    "city": TagType.ENUM, "title": TagType.TEXT, "born": TagType.DATE, "seen": TagType.DATE, "topics": TagType.MULTI,
}  # fmt: skip
CATALOGUE = Catalogue(
    tags={
        key: TagSpec(key=key, type=kind, label=Label(zh=f"名{key}", en=f"name {key}"))
        for key, kind in TYPES.items()
    }
)
ROWS: list[dict[str, Any]] = json.loads((FOLDER / "tags" / "formulas.json").read_text(encoding="utf-8"))
MEANT, REFUSED = ([row for row in ROWS if key in row] for key in ("value", "refused"))


def typed(values: dict[str, Any]) -> dict[str, Any]:
    read = {TagType.DATE: date.fromisoformat, TagType.MULTI: frozenset}
    return {key: read.get(TYPES[key], lambda value: value)(value) for key, value in values.items()}


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    columns = {
        key: pl.Series(
            [sorted(row[key]) if isinstance(row.get(key), frozenset) else row.get(key) for row in rows],
            dtype=TAG_DTYPES[kind], strict=True,
        )
        for key, kind in TYPES.items()
    }  # fmt: skip
    return pl.DataFrame({"row": pl.Series(range(len(rows)), dtype=pl.UInt32), **columns}).with_columns(
        pl.col(pl.Float64).fill_nan(None)
    )


def over_columns(
    expression: Expression, rows: list[dict[str, Any]], as_of: date
) -> tuple[list[Any], list[bool]]:
    frame = frame_of(rows)
    values = formula_column(expression, frame, TYPES, as_of)
    return values.to_list(), divides_by_zero(expression, frame, TYPES, as_of).to_list()


@pytest.mark.parametrize("row", MEANT, ids=lambda row: f"{row['formula']} of {row['values']}")
def test_a_golden_formula_means_this_value(row: dict[str, Any]) -> None:
    expression, as_of = parse_formula(row["formula"]), date.fromisoformat(row.get("as_of", "2019-07-14"))
    assert [p for p in formula_problems(expression, CATALOGUE) if p.severity == "error"] == []
    value = formula_value(expression, typed(row["values"]), as_of)
    assert (value.isoformat() if isinstance(value, date) else value) == row["value"]
    assert over_columns(expression, [typed(row["values"])], as_of)[0] == [value]
    if "divides_by_zero" in row:
        assert formula_divides_by_zero(expression, typed(row["values"]), as_of) is row["divides_by_zero"]
        assert over_columns(expression, [typed(row["values"])], as_of)[1] == [row["divides_by_zero"]]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["formula"])
def test_a_golden_refusal_names_the_place_and_the_remedy(row: dict[str, Any]) -> None:
    try:
        problems = formula_problems(parse_formula(row["formula"]), CATALOGUE)
    except RuleError as error:
        problems = error.problems
    wrong = [problem for problem in problems if problem.severity == "error"]
    assert wrong[0].code == row["refused"]
    assert wrong[0].params.get("position") == row.get("position")
    assert wrong[0].nearest == row.get("nearest")
    for problem in problems:
        said = message_of(problem)
        assert said["zh"]
        assert said["en"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    problems = formula_problems(parse_formula("spnd + city * yeers_since(born) / (a - b)"), CATALOGUE)
    assert [problem.code for problem in problems] == [
        "unknown_tag", "formula_function_unknown", "formula_argument_kind", "formula_may_divide_by_zero",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["(" * 10_000, "-" * 1_900 + "1", "not " * 400 + "vip", "1" + "+1" * 900, "a" * 5_000]
)
def test_hostile_nesting_is_refused_and_overflows_nothing(text: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_formula(text)
    assert refused.value.code in {"formula_too_long", "formula_too_deep", "formula_too_many_parts"}


def test_a_formula_of_many_levels_takes_no_time_over_columns() -> None:
    expression = parse_formula("1 / (a + " * 16 + "b" + ")" * 16)
    assert over_columns(expression, [{"a": 1.0, "b": 2.0}], AS_OF)[0] == [
        formula_value(expression, {"a": 1.0, "b": 2.0}, AS_OF)
    ]


def test_the_bounds_themselves_are_allowed() -> None:
    assert parse_formula("(" * (MAX_DEPTH - 1) + "a" + ")" * (MAX_DEPTH - 1)) == Tag("a")
    assert parse_formula("a" + " " * (MAX_CHARACTERS - 1)) == Tag("a")


@given(st.text(alphabet="ab1.<=>!+-*/%(),\"'` ifnotandordate且", max_size=40) | st.text(max_size=30))
def test_whatever_is_typed_is_a_formula_or_a_refusal(text: str) -> None:
    try:
        expression = parse_formula(text)
    except RuleError:
        return
    assert parse_formula(dump_formula(expression)) == expression
    formula_problems(expression, CATALOGUE)
    describe_formula(expression, CATALOGUE)


_numbers = st.sampled_from([0.0, -0.0, 1.0, 2.0, -3.5, 0.1, 1e-9, 3.0, 1e308, 12.0, 45.0]) | st.floats(
    allow_nan=False, allow_infinity=False, width=32
)
_days = st.dates(date(1, 1, 1), date(9999, 12, 31)) | st.sampled_from(
    [date(2000, 2, 29), date(2019, 7, 14), date(2019, 1, 31), date(9999, 12, 31), date(1, 1, 1)]
)
_texts = st.sampled_from(["北京", "beijing", "BEIJING", "", "K", "a'b"])
_VALUES: dict[TagType, st.SearchStrategy[Any]] = {
    TagType.NUMBER: _numbers | st.just(float("nan")), TagType.BOOLEAN: st.booleans(), TagType.ENUM: _texts,
    TagType.TEXT: _texts, TagType.DATE: _days,
    TagType.MULTI: st.frozensets(st.sampled_from(["a", "b", "职场"]), max_size=3),
}  # fmt: skip
_users = st.fixed_dictionaries({}, optional={key: _VALUES[kind] for key, kind in TYPES.items()})


def _of(kind: str) -> st.SearchStrategy[Expression]:
    return {"number": _number, "boolean": _boolean, "date": _date, "text": _text}[kind]


def _call(name: str, *args: st.SearchStrategy[Any]) -> st.SearchStrategy[Expression]:
    return st.tuples(*args).map(lambda given: Call(name, tuple(given)))


_topics = st.just(Tag("topics"))
_word = _texts.filter(lambda text: text and "'" not in text).map(Literal)
_number: st.SearchStrategy[Expression] = st.deferred(
    lambda: st.one_of(
        _numbers.map(lambda n: Literal(n + 0.0)), st.sampled_from(["a", "b", "a-b"]).map(Tag),
        st.sampled_from(["+", "-", "*", "/", "%", "min", "max"]).flatmap(lambda op: _call(op, _number, _number)),
        st.sampled_from(["abs", "round", "floor", "ceil"]).flatmap(lambda op: _call(op, _number)),
        st.sampled_from(["days_since", "years_since", "months_since", "year", "month", "day", "weekday"]).flatmap(
            lambda op: _call(op, _date)
        ),
        _call("round", _number, st.sampled_from([0.0, 1.0, 2.0, 6.0, 7.0, 1.5]).map(Literal)),
        _call("if", _boolean, _number, _number), _call("coalesce", _number, _number), _call("length", _topics),
        _call("-", _date, _date), _call("days_between", _date, _date), _call("negative", st.just(Tag("a"))),
    )
)  # fmt: skip
_boolean: st.SearchStrategy[Expression] = st.deferred(
    lambda: st.one_of(
        st.booleans().map(Literal), st.just(Tag("vip")),
        st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), st.sampled_from(["number", "date"])).flatmap(
            lambda pair: _call(pair[0], _of(pair[1]), _of(pair[1]))
        ),
        st.sampled_from(["==", "!="]).flatmap(lambda op: _call(op, _text, _text)),
        st.sampled_from(["and", "or"]).flatmap(lambda op: _call(op, _boolean, _boolean)), _call("not", _boolean),
        _call("is_missing", _number), _call("is_missing", _topics), _call("has", _topics, _word, _word),
        st.sampled_from(["in", "contains"]).flatmap(lambda op: _call(op, _text, _word)),
    )
)  # fmt: skip
_date: st.SearchStrategy[Expression] = st.deferred(
    lambda: st.one_of(
        _days.map(Literal), st.sampled_from(["born", "seen"]).map(Tag), st.just(Call("today", ())),
        _call("add_days", _date, _number), _call("max", _date, _date), _call("if", _boolean, _date, _date),
    )
)  # fmt: skip
_text: st.SearchStrategy[Expression] = st.deferred(
    lambda: st.one_of(
        _word, st.sampled_from(["city", "title"]).map(Tag), _call("if", _boolean, _text, _text),
        _call("coalesce", _text, _text),
    )
)  # fmt: skip


@given(
    st.one_of(_number, _boolean, _date, _text), st.lists(_users, min_size=1, max_size=8),
    st.sampled_from([AS_OF, date(2020, 2, 29), date(2019, 2, 28), date(9999, 12, 31)]),
)  # fmt: skip
def test_columns_say_what_is_said_of_each_user(
    expression: Expression, users: list[dict[str, Any]], as_of: date
) -> None:
    wrong = [p for p in formula_problems(expression, CATALOGUE) if p.severity == "error"]
    assert {p.code for p in wrong} <= {"formula_divides_by_zero"}
    values, zeros = over_columns(expression, users, as_of)
    assert values == [formula_value(expression, user, as_of) for user in users]
    assert zeros == [formula_divides_by_zero(expression, user, as_of) for user in users]
    formula_type(expression, CATALOGUE)
    assert set(tags_in_formula(expression)) <= set(TYPES)
    assert "{" not in "".join(describe_formula(expression, CATALOGUE).values())


def test_every_function_occurs_in_the_golden_formulas() -> None:
    def names(expression: Expression) -> set[str]:
        if not isinstance(expression, Call):
            return set()
        return {expression.name}.union(*(names(arg) for arg in expression.args))

    used = set().union(*(names(parse_formula(row["formula"])) for row in MEANT))
    assert set(FORMULA_FUNCTIONS) - used <= {"<", "<=", ">="}


def test_the_documents_name_every_function_and_every_way_to_make_a_tag() -> None:
    text = (FOLDER.parents[1] / "docs" / "semantics.md").read_text(encoding="utf-8")
    told = text[text.index("## How tags are made") : text.index("## Windows")]
    functions = {key for key in FORMULA_FUNCTIONS if key.isidentifier()} - {"negative"}
    assert {name for name in {*functions, *MAKINGS} if f"`{name}`" not in told} == set()
