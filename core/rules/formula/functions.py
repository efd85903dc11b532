"""The function table of formulas: one entry per function and operator.

Its key, what it takes and gives, its meaning in plain Python and over Polars columns, and how it is read in a
sentence stand in one entry; checker, evaluation, sentences and the page's help read it.

Unless an entry says otherwise a missing argument makes the result missing, and so does a number that is not
finite. The plain meaning is given present values only; it gives None where there is no value.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

import polars as pl

from core.messages import Text
from core.rules.ops import op_of
from core.schema import TagType


class Kind(StrEnum):
    """What a part of a formula is. Text and enum are one; `any` and `same` stand in signatures only."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    MULTI = "multi"
    ANY = "any"
    SAME = "same"
    ORDERED = "ordered"
    """A number or a date, and the same as the other arguments of this kind."""


Plain: TypeAlias = Callable[..., Any]
Columns: TypeAlias = Callable[..., pl.Expr]


@dataclass(frozen=True)
class Function:
    """One function.

    Attributes
    ----------
    key : str
        What stands in a formula.
    takes : tuple of Kind
        Of its arguments, in order.
    gives : Kind
        Of its result; `same` and `ordered` = that of such arguments.
    more : bool
        Whether the last argument may stand several times.
    literal : bool
        Whether all arguments but the first must be written down as texts.
    plain : callable (as_of, *values) -> value or None
        The meaning for present values.
    columns : callable (as_of, *expressions) -> expression
        The same meaning over columns; null = missing.
    takes_missing : bool
        Whether the meanings are given missing values too (then as None).
    sentence : Text
        How it is read; arguments as ``{a}``, ``{b}``, ``{c}``, all that follow the first as ``{rest}``.
    about : Text
        What it does, for the help beside the editor.
    """

    key: str
    takes: tuple[Kind, ...]
    gives: Kind
    plain: Plain
    columns: Columns
    sentence: Text
    about: Text
    more: bool = False
    literal: bool = False
    takes_missing: bool = False


_N, _T, _B, _D, _M = Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN, Kind.DATE, Kind.MULTI
_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = (date.min - _EPOCH).days, (date.max - _EPOCH).days
_MOST_DAYS = 4_000_000


def _texts(zh: str, en: str) -> Text:
    return Text(zh=zh, en=en)


def finite(value: float) -> float | None:
    """Return a number as it counts: not finite is missing, and -0 is 0."""
    return value + 0.0 if math.isfinite(value) else None


def finite_expr(number: pl.Expr) -> pl.Expr:
    """Return numbers as they count: not finite is missing, and -0 is 0."""
    return pl.when(number.is_finite()).then(number + 0.0)


def _arithmetic(
    key: str,
    plain: Callable[[float, float], float],
    columns: Callable[[pl.Expr, pl.Expr], pl.Expr],
    about: Text,
) -> Function:
    return Function(
        key, (_N, _N), _N, lambda _, a, b: finite(plain(a, b)), lambda _, a, b: finite_expr(columns(a, b)),
        _texts(f"{{a}} {key} {{b}}", f"{{a}} {key} {{b}}"), about,
    )  # fmt: skip


def _quotient(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    """Return a / b, rounded once: by a scalar Polars multiplies with its reciprocal, which rounds twice."""
    return a / (b + a * 0.0)


def _divided(key: str, about: Text, *, rest: bool) -> Function:
    """Return division, or what is left of it with the sign of the divisor; by zero there is no value."""

    def plain(_: date, a: float, b: float) -> float | None:
        if b == 0:
            return None
        quotient = finite(a / b)
        if quotient is None or not rest:
            return quotient
        return finite(a - b * float(math.floor(quotient)))

    def columns(_: date, a: pl.Expr, b: pl.Expr) -> pl.Expr:
        quotient = finite_expr(pl.when(b != 0).then(_quotient(a, b)))
        return finite_expr(a - b * quotient.floor()) if rest else quotient

    sentence = _texts(f"{{a}} {key} {{b}}", f"{{a}} {key} {{b}}")
    return Function(key, (_N, _N), _N, plain, columns, sentence, about)


def _compared(key: str, kind: Kind, of: Callable[[Any, Any], Any], zh: str, en: str) -> Function:
    return Function(
        key, (kind, kind), _B, lambda _, a, b: bool(of(a, b)), lambda _, a, b: of(a, b),
        _texts(f"{{a}}{zh}{{b}}", f"{{a}} {en} {{b}}"), _texts(f"比较：{zh}", f"whether {{a}} {en} {{b}}"),
    )  # fmt: skip


def _and(_: date, a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(_: date, a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _rounded(_: date, a: float, digits: float = 0.0) -> float | None:
    if not digits.is_integer() or not 0 <= digits <= 6:
        return None
    scale = 10.0**digits
    shifted = finite(a * scale + 0.5)
    return None if shifted is None else finite(float(math.floor(shifted)) / scale)


def _rounded_expr(_: date, a: pl.Expr, digits: pl.Expr | None = None) -> pl.Expr:
    n = pl.lit(0.0) if digits is None else digits
    whole = (n == n.floor()) & (n >= 0) & (n <= 6)
    scale = pl.when(whole).then(pl.lit(10.0) ** n)
    return finite_expr(_quotient(finite_expr(a * scale + 0.5).floor(), scale))


def _years(as_of: date, day: date) -> float:
    before = (as_of.month, as_of.day) < (day.month, day.day)
    return float(as_of.year - day.year - before)


def _years_expr(as_of: date, day: pl.Expr) -> pl.Expr:
    place = day.dt.month().cast(pl.Int32) * 100 + day.dt.day().cast(pl.Int32)
    before = (pl.lit(as_of.month * 100 + as_of.day) < place).cast(pl.Int32)
    return (as_of.year - day.dt.year() - before).cast(pl.Float64)


def _last_day(as_of: date) -> int:
    return calendar.monthrange(as_of.year, as_of.month)[1]


def _months(as_of: date, day: date) -> float:
    before = as_of.day < min(day.day, _last_day(as_of))
    return float((as_of.year - day.year) * 12 + as_of.month - day.month - before)


def _months_expr(as_of: date, day: pl.Expr) -> pl.Expr:
    clamped = pl.min_horizontal(day.dt.day().cast(pl.Int32), pl.lit(_last_day(as_of)))
    is_before = pl.lit(as_of.day) < clamped
    months = (as_of.year - day.dt.year()) * 12 + as_of.month - day.dt.month().cast(pl.Int32)
    return (months - is_before.cast(pl.Int32)).cast(pl.Float64)


def _add_days(_: date, day: date, n: float) -> date | None:
    if not n.is_integer() or abs(n) > _MOST_DAYS:
        return None
    place = (day - _EPOCH).days + int(n)
    return _EPOCH + timedelta(days=place) if _FIRST <= place <= _LAST else None


def _add_days_expr(_: date, day: pl.Expr, n: pl.Expr) -> pl.Expr:
    whole = pl.when((n == n.floor()) & (n.abs() <= _MOST_DAYS)).then(n).cast(pl.Int64)
    place = day.cast(pl.Int32).cast(pl.Int64) + whole
    return pl.when(place.is_between(_FIRST, _LAST)).then(place).cast(pl.Int32).cast(pl.Date)


def _days_expr(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    return (later.cast(pl.Int32) - earlier.cast(pl.Int32)).cast(pl.Float64)


def _literal_texts(rest: Sequence[Any]) -> list[str]:
    return [str(text) for text in rest]


def _contains(as_of: date, value: str, *wanted: str) -> bool:
    op = op_of(TagType.TEXT, "contains_any")
    return bool(op.holds(value, op.literal(_literal_texts(wanted), as_of)))


def _contains_expr(as_of: date, value: pl.Expr, *wanted: str) -> pl.Expr:
    op = op_of(TagType.TEXT, "contains_any")
    return op.expr(value, op.literal(_literal_texts(wanted), as_of))


def _any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0]
    for part in parts[1:]:
        found = found | part
    return found


def _all_present(value: pl.Expr, parts: Sequence[pl.Expr]) -> pl.Expr:
    return pl.when(pl.all_horizontal(*(part.is_not_null() for part in parts))).then(value)


def _one(
    key: str, of: Callable[[float], float], expr: Callable[[pl.Expr], pl.Expr], zh: str, en: str
) -> Function:
    """Return a function of one number."""
    return Function(
        key, (_N,), _N, lambda _, a: finite(float(of(a))), lambda _, a: finite_expr(expr(a)),
        _texts(zh, en), _texts(zh.format(a="a"), en.format(a="a")),
    )  # fmt: skip


def _of_day(
    key: str, of: Callable[[date], int], expr: Callable[[pl.Expr], pl.Expr], zh: str, en: str
) -> Function:
    """Return a function of one day that counts."""
    return Function(
        key, (_D,), _N, lambda _, a: float(of(a)), lambda _, a: expr(a).cast(pl.Float64),
        _texts(zh, en), _texts(zh.format(a="a"), en.format(a="a")),
    )  # fmt: skip


TABLE: tuple[Function, ...] = (
    _arithmetic("+", lambda a, b: a + b, lambda a, b: a + b, _texts("加", "plus")),
    Function(
        "-", (Kind.ORDERED, Kind.ORDERED), _N,
        lambda _, a, b: float((a - b).days) if isinstance(a, date) else finite(a - b),
        # Days are cast to how many they are since 1970; numbers stay.
        lambda _, a, b: finite_expr(a.cast(pl.Float64) - b.cast(pl.Float64)),
        _texts("{a} - {b}", "{a} - {b}"),
        _texts("减；两个日期相减得天数", "minus; of two days, the days between"),
    ),
    _arithmetic("*", lambda a, b: a * b, lambda a, b: a * b, _texts("乘", "times")),
    _divided("/", _texts("除；除以 0 没有值", "divided by; by 0 there is no value"), rest=False),
    _divided("%",
             _texts("余数，符号随除数", "the rest of a division, with the sign of the divisor"), rest=True),
    _one("negative", lambda a: -a, lambda a: -a, "-{a}", "-{a}"),
    _compared("==", Kind.SAME, lambda a, b: a == b, " 等于 ", "is"),
    _compared("!=", Kind.SAME, lambda a, b: a != b, " 不等于 ", "is not"),
    _compared("<", Kind.ORDERED, lambda a, b: a < b, " 小于 ", "is below"),
    _compared("<=", Kind.ORDERED, lambda a, b: a <= b, " 不大于 ", "is at most"),
    _compared(">", Kind.ORDERED, lambda a, b: a > b, " 大于 ", "is above"),
    _compared(">=", Kind.ORDERED, lambda a, b: a >= b, " 不小于 ", "is at least"),
    Function("and", (_B, _B), _B, _and, lambda _, a, b: a & b, _texts("{a}且{b}", "{a} and {b}"),
             _texts("都成立", "both hold"), takes_missing=True),
    Function("or", (_B, _B), _B, _or, lambda _, a, b: a | b, _texts("{a}或{b}", "{a} or {b}"),
             _texts("至少一个成立", "at least one holds"), takes_missing=True),
    Function("not", (_B,), _B, lambda _, a: not a, lambda _, a: ~a, _texts("非（{a}）", "not ({a})"),
             _texts("不成立", "does not hold")),
    Function("if", (_B, Kind.SAME, Kind.SAME), Kind.SAME,
             lambda _, c, a, b: None if c is None else a if c else b,
             lambda _, c, a, b: pl.when(c).then(a).when(~c).then(b),
             _texts("如果{a}则{b}否则{c}", "{b} if {a}, else {c}"),
             _texts("if(条件, 成立时, 否则)；条件没有值则没有值", "if(condition, when it holds, otherwise)"),
             takes_missing=True),
    Function("coalesce", (Kind.SAME, Kind.SAME), Kind.SAME,
             lambda _, *values: next((v for v in values if v is not None), None),
             lambda _, *values: pl.coalesce(*values),
             _texts("{a}，没有则{rest}", "{a}, else {rest}"),
             _texts("第一个有值的", "the first that has a value"), more=True, takes_missing=True),
    Function("is_missing", (Kind.ANY,), _B, lambda _, a: a is None, lambda _, a: a.is_null(),
             _texts("{a}没有值", "{a} is missing"),
             _texts("没有值", "whether there is no value"), takes_missing=True),
    Function("today", (), _D, lambda as_of: as_of, pl.lit,
             _texts("数据截至日期", "today"),
             _texts("数据截至日期", "the day for which it is asked")),
    _one("abs", abs, lambda a: a.abs(), "{a}的绝对值", "the size of {a}"),
    Function("round", (_N,), _N, _rounded, _rounded_expr, _texts("{a}四舍五入", "{a} rounded"),
             _texts("四舍五入，可给小数位数 0 到 6", "rounded half up, to 0 to 6 decimals")),
    _one("floor", math.floor, lambda a: a.floor(), "{a}向下取整", "{a} rounded down"),
    _one("ceil", math.ceil, lambda a: a.ceil(), "{a}向上取整", "{a} rounded up"),
    Function("min", (Kind.ORDERED, Kind.ORDERED), Kind.ORDERED, lambda _, *v: min(v),
             lambda _, *v: _all_present(pl.min_horizontal(*v), v),
             _texts("{a}、{rest}中最小的", "the least of {a}, {rest}"),
             _texts("最小的", "the least"), more=True),
    Function("max", (Kind.ORDERED, Kind.ORDERED), Kind.ORDERED, lambda _, *v: max(v),
             lambda _, *v: _all_present(pl.max_horizontal(*v), v),
             _texts("{a}、{rest}中最大的", "the greatest of {a}, {rest}"),
             _texts("最大的", "the greatest"), more=True),
    Function("in", (_T, _T), _B, lambda _, a, *rest: a in _literal_texts(rest),
             lambda _, a, *rest: a.is_in(_literal_texts(rest)),
             _texts("{a}是{rest}之一", "{a} is one of {rest}"),
             _texts("是其中之一", "whether it is one of them"), more=True, literal=True),
    Function("contains", (_T, _T), _B, _contains, _contains_expr,
             _texts("{a}含有{rest}", "{a} contains {rest}"),
             _texts("含有其中任一，英文不分大小写", "whether it contains one of them, case aside"),
             more=True, literal=True),
    Function("has", (_M, _T), _B, lambda _, a, *rest: any(text in a for text in _literal_texts(rest)),
             lambda _, a, *rest: _any_of([a.list.contains(text) for text in _literal_texts(rest)]),
             _texts("{a}包含{rest}", "{a} has {rest}"),
             _texts("多值标签含有其中任一", "whether a set holds one of them"),
             more=True, literal=True),
    Function("length", (_M,), _N, lambda _, a: float(len(a)), lambda _, a: a.list.n_unique().cast(pl.Float64),
             _texts("{a}的个数", "the number of {a}"),
             _texts("多值标签有几个值", "how many values a set has")),
    Function("days_between", (_D, _D), _N, lambda _, a, b: float((b - a).days),
             lambda _, a, b: _days_expr(b, a),
             _texts("从{a}到{b}的天数", "the days from {a} to {b}"),
             _texts("两个日期相隔天数", "days from the first to the second")),
    Function("days_since", (_D,), _N, lambda as_of, a: float((as_of - a).days),
             lambda as_of, a: _days_expr(pl.lit(as_of), a), _texts("{a}距今的天数", "days since {a}"),
             _texts("到数据截至日期的天数", "days up to the day asked for")),
    Function("years_since", (_D,), _N, _years, _years_expr,
             _texts("{a}距今的整年数", "completed years since {a}"),
             _texts("满几年；2 月 29 日在平年按 3 月 1 日算",
                    "completed years; 29 February counts as 1 March in other years")),
    Function("months_since", (_D,), _N, _months, _months_expr,
             _texts("{a}距今的整月数", "completed months since {a}"),
             _texts("满几个月", "completed months")),
    _of_day("year", lambda a: a.year, lambda a: a.dt.year(), "{a}的年份", "the year of {a}"),
    _of_day("month", lambda a: a.month, lambda a: a.dt.month(), "{a}的月份", "the month of {a}"),
    _of_day("day", lambda a: a.day, lambda a: a.dt.day(), "{a}是几号", "the day of the month of {a}"),
    _of_day("weekday", lambda a: a.isoweekday(), lambda a: a.dt.weekday(),
            "{a}是星期几", "the day of the week of {a}"),
    Function("add_days", (_D, _N), _D, _add_days, _add_days_expr,
             _texts("{a}加 {b} 天", "{b} days after {a}"),
             _texts("往后几天；不是整数则没有值", "so many days later; no value if that is not whole")),
)  # fmt: skip

FORMULA_FUNCTIONS: Mapping[str, Function] = {function.key: function for function in TABLE}
OPTIONAL_DIGITS = "round"
"""The one function whose second argument may be left out."""
