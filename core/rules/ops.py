"""THE op table: an op's key, types, labels, argument shape, sentence and meaning stand in one entry.

Menus, the checker, the oracle, the engines and the sentences read it; nothing else knows what an op means.
`holds` is the meaning in plain Python, `expr` the same in Polars. Where one expression of Python means the
same for a value, an array and a Polars expression, both are that one expression.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import polars as pl

from core.clock import Days
from core.errors import Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules import arguments as args
from core.rules.arguments import Argument, AtLeast, Reader, Shape, ascii_lower
from core.schema import TagType

STRINGS = (TagType.TEXT, TagType.ENUM)
NUMBER = (TagType.NUMBER,)
BOOLEAN = (TagType.BOOLEAN,)
DATE = (TagType.DATE,)
MULTI = (TagType.MULTI,)


@dataclass(frozen=True)
class Op:
    """One way to compare a value.

    Attributes
    ----------
    key : str
        What stands in a rule's ``op``; unique among the ops of one type.
    types : tuple of TagType
        The types it compares.
    label : Text
        Its name in menus.
    sentence : Text
        How a condition with it is read: ``{it}`` is what is compared, ``{value}`` what with.
    shape : Shape
        The form of the rule's ``value``.
    read : callable
        The rule's JSON value, typed; raises RuleError (without a node id) when it does not fit.
    holds : callable (value, argument) -> bool
        The meaning, in plain Python, for a value that is present (a multi value: a collection of texts,
        not empty). With takes_field the argument may be another value of the same type.
    expr : callable (column, argument) -> polars.Expr
        The same in Polars; null where the value is missing, but for `is_set` and `not_set`.
    resolve : callable (what `read` returned, as_of) -> argument
        Makes relative dates literal.
    takes_field : bool
        Whether ``{"tag": "other"}`` may stand as ``value``.
    holds_when_missing : bool
        What it says of a missing value: False, but for `not_set`.
    needs_value : bool
        Whether a missing value is what keeps people out; False for `is_set` and `not_set`.
    holds_counts : callable (hits, size, wanted, k) or None
        Multi ops only: the meaning by numbers, for ints, arrays and expressions alike. `hits` = how many of
        the wanted values the user has, `size` = how many values the user has at all, `wanted` = how many
        are wanted, `k` = how many of them are asked for (0 unless the op takes a k).
    """

    key: str
    types: tuple[TagType, ...]
    label: Text
    sentence: Text
    shape: Shape
    read: Reader
    holds: Callable[[Any, Any], Any]
    expr: Callable[[pl.Expr, Any], pl.Expr]
    resolve: Callable[[Any, date], Argument] = args.as_it_stands
    takes_field: bool = False
    holds_when_missing: bool = False
    needs_value: bool = True
    holds_counts: Callable[[Any, Any, Any, Any], Any] | None = None

    def literal(self, value: object, as_of: date) -> Argument:
        """Return the rule's JSON value as a literal, hashable argument; equal arguments mean the same.

        Raises
        ------
        RuleError
            If the value does not fit the op; its problem carries no node id.
        """
        return self.resolve(self.read(value), as_of)


_Texts: TypeAlias = tuple[Text, Text]


def _texts(label_zh: str, label_en: str, sentence_zh: str, sentence_en: str, /) -> _Texts:
    return Text(zh=label_zh, en=label_en), Text(zh=sentence_zh, en=sentence_en)


def _op(
    key: str,
    types: tuple[TagType, ...],
    texts: _Texts,
    shape: Shape,
    read: Reader,
    *,
    holds: Callable[[Any, Any], Any],
    expr: Callable[[pl.Expr, Any], pl.Expr],
    resolve: Callable[[Any, date], Argument] = args.as_it_stands,
) -> Op:
    return Op(key, types, *texts, shape, read, holds, expr, resolve)


def _plain(
    key: str,
    types: tuple[TagType, ...],
    texts: _Texts,
    read: Reader,
    meaning: Callable[[Any, Any], Any],
    *,
    shape: Shape = Shape.ONE,
    takes_field: bool = False,
) -> Op:
    """Return an op whose meaning is one Python expression, good for values and expressions alike."""
    return Op(key, types, *texts, shape, read, meaning, meaning, takes_field=takes_field)


def _in_days(
    key: str,
    texts: _Texts,
    shape: Shape,
    read: Reader,
    resolve: Callable[[Any, date], Argument] = args.as_it_stands,
    *,
    outside: bool = False,
) -> Op:
    """Return an op that asks whether a date lies in (or outside of) a run of days."""

    def holds(value: date, days: Days) -> bool:
        return (value in days) is not outside

    def expr(column: pl.Expr, days: Days) -> pl.Expr:
        inside = (column >= (days.first or date.min)) & (column <= (days.last or date.max))
        return ~inside if outside else inside

    return Op(key, DATE, *texts, shape, read, holds, expr, resolve)


def _any_part(value: str, parts: Iterable[str]) -> bool:
    folded = ascii_lower(value)
    return any(part in folded for part in parts)


def _any_part_expr(column: pl.Expr, parts: Collection[str]) -> pl.Expr:
    return column.str.contains_any(list(parts), ascii_case_insensitive=True)


def _matches(value: str, pattern: str) -> bool:
    return bool(pl.Series([value]).str.contains(pattern).item())


def _ignoring_ascii_case(text: str) -> str:
    """Return a pattern of Rust's `regex` for exactly this text, A to Z in either case and nothing else."""
    return "".join(
        f"[{char}{char.upper()}]" if "a" <= char <= "z" else pl.escape_regex(char) for char in text
    )


def wanted_of(argument: tuple[str, ...] | AtLeast) -> tuple[tuple[str, ...], int]:
    """Return a multi op's literal argument as the wanted values and k (0 where the op takes none)."""
    return (argument.of, argument.k) if isinstance(argument, AtLeast) else (argument, 0)


def _multi(
    key: str,
    texts: _Texts,
    by_counts: Callable[[Any, Any, Any, Any], Any],
    *,
    read: Reader = args.read_texts,
    shape: Shape = Shape.LIST,
) -> Op:
    """Return an op on a set of values, whose meaning rests on how many values are hit."""

    def holds(value: Collection[str], argument: tuple[str, ...] | AtLeast) -> bool:
        wanted, k = wanted_of(argument)
        has = set(value)
        return bool(by_counts(len(has.intersection(wanted)), len(has), len(wanted), k))

    def expr(column: pl.Expr, argument: tuple[str, ...] | AtLeast) -> pl.Expr:
        wanted, k = wanted_of(argument)
        has = column.list.drop_nulls()
        size = has.list.n_unique()
        hits = has.list.set_intersection(pl.lit(pl.Series([list(wanted)]))).list.len()
        return pl.when(size > 0).then(by_counts(hits, size, len(wanted), k))

    return Op(key, MULTI, *texts, shape, read, holds, expr, holds_counts=by_counts)


def _presence(key: str, types: tuple[TagType, ...], expr: Callable[[pl.Expr], pl.Expr]) -> Op:
    """Return `is_set` or `not_set`, the two ops that say something of a missing value."""
    is_set = key == "is_set"
    return Op(
        key,
        types,
        *(
            _texts("有值", "is known", "{it}有值", "{it} is known")
            if is_set
            else _texts("无值", "is missing", "{it}无值", "{it} is missing")
        ),
        Shape.NONE,
        args.read_nothing,
        holds=lambda _value, _argument: is_set,
        expr=lambda column, _argument: expr(column),
        holds_when_missing=not is_set,
        needs_value=False,
    )


def _has_values(column: pl.Expr) -> pl.Expr:
    return (column.list.drop_nulls().list.len() > 0).fill_null(False)


_SINGLE = tuple(t for t in TagType if t is not TagType.MULTI)

TABLE: tuple[Op, ...] = (
    # text, enum -------------------------------------------------------------------------------------
    _plain("is", STRINGS, _texts("是", "is", "{it}是{value}", "{it} is {value}"),
           args.read_text, lambda value, text: value == text),
    _plain("is_not", STRINGS, _texts("不是", "is not", "{it}不是{value}", "{it} is not {value}"),
           args.read_text, lambda value, text: value != text),
    _op("in", STRINGS, _texts("是其中之一", "is one of", "{it}是{value}之一", "{it} is one of {value}"),
        Shape.LIST, args.read_texts,
        holds=lambda value, texts: value in texts,
        expr=lambda column, texts: column.is_in(list(texts))),
    _op("not_in", STRINGS,
        _texts("不是其中任何一个", "is none of", "{it}不是{value}中的任何一个", "{it} is none of {value}"),
        Shape.LIST, args.read_texts,
        holds=lambda value, texts: value not in texts,
        expr=lambda column, texts: ~column.is_in(list(texts))),
    _op("contains_any", STRINGS,
        _texts("包含任一", "contains any of", "{it}包含{value}任一", "{it} contains any of {value}"),
        Shape.LIST, args.read_parts, holds=_any_part, expr=_any_part_expr),
    _op("contains_none", STRINGS,
        _texts("不包含任何", "contains none of",
               "{it}不包含{value}中的任何一个", "{it} contains none of {value}"),
        Shape.LIST, args.read_parts,
        holds=lambda value, parts: not _any_part(value, parts),
        expr=lambda column, parts: ~_any_part_expr(column, parts)),
    _op("starts_with", STRINGS,
        _texts("开头是", "starts with", "{it}以{value}开头", "{it} starts with {value}"),
        Shape.ONE, args.read_part,
        holds=lambda value, part: ascii_lower(value).startswith(part),
        expr=lambda column, part: column.str.contains(rf"\A{_ignoring_ascii_case(part)}")),
    _op("ends_with", STRINGS,
        _texts("结尾是", "ends with", "{it}以{value}结尾", "{it} ends with {value}"),
        Shape.ONE, args.read_part,
        holds=lambda value, part: ascii_lower(value).endswith(part),
        expr=lambda column, part: column.str.contains(rf"{_ignoring_ascii_case(part)}\z")),
    _op("matches", STRINGS, _texts("匹配正则", "matches", "{it}匹配正则{value}", "{it} matches {value}"),
        Shape.ONE, args.read_pattern,
        holds=_matches, expr=lambda column, pattern: column.str.contains(pattern)),
    # number -----------------------------------------------------------------------------------------
    _plain("eq", NUMBER, _texts("等于", "=", "{it}等于{value}", "{it} is {value}"),
           args.read_number, lambda value, limit: value == limit, takes_field=True),
    _plain("ne", NUMBER, _texts("不等于", "≠", "{it}不等于{value}", "{it} is not {value}"),
           args.read_number, lambda value, limit: value != limit, takes_field=True),
    _plain("gt", NUMBER, _texts("大于", ">", "{it}大于{value}", "{it} is over {value}"),
           args.read_number, lambda value, limit: value > limit, takes_field=True),
    _plain("gte", NUMBER, _texts("大于等于", "≥", "{it}不少于{value}", "{it} is at least {value}"),
           args.read_number, lambda value, limit: value >= limit, takes_field=True),
    _plain("lt", NUMBER, _texts("小于", "<", "{it}小于{value}", "{it} is under {value}"),
           args.read_number, lambda value, limit: value < limit, takes_field=True),
    _plain("lte", NUMBER, _texts("小于等于", "≤", "{it}不超过{value}", "{it} is at most {value}"),
           args.read_number, lambda value, limit: value <= limit, takes_field=True),
    _plain("between", NUMBER,
           _texts("介于", "between", "{it}在{value}之间（含两端）", "{it} is between {value} (inclusive)"),
           args.read_numbers, lambda value, ends: (value >= ends[0]) & (value <= ends[1]), shape=Shape.PAIR),
    _plain("not_between", NUMBER,
           _texts("不介于", "not between",
                  "{it}不在{value}之间（含两端）", "{it} is not between {value} (inclusive)"),
           args.read_numbers, lambda value, ends: (value < ends[0]) | (value > ends[1]), shape=Shape.PAIR),
    # boolean ----------------------------------------------------------------------------------------
    _op("is_true", BOOLEAN, _texts("为是", "is true", "{it}为「是」", "{it} is true"),
        Shape.NONE, args.read_nothing,
        holds=lambda value, _: bool(value), expr=lambda column, _: column),
    _op("is_false", BOOLEAN, _texts("为否", "is false", "{it}为「否」", "{it} is false"),
        Shape.NONE, args.read_nothing,
        holds=lambda value, _: not value, expr=lambda column, _: ~column),
    # date -------------------------------------------------------------------------------------------
    _plain("before", DATE, _texts("早于", "before", "{it}早于{value}", "{it} is before {value}"),
           args.read_day, lambda value, day: value < day, takes_field=True),
    _plain("after", DATE, _texts("晚于", "after", "{it}晚于{value}", "{it} is after {value}"),
           args.read_day, lambda value, day: value > day, takes_field=True),
    _plain("on", DATE, _texts("就在", "on", "{it}是{value}", "{it} is on {value}"),
           args.read_day, lambda value, day: value == day, takes_field=True),
    _in_days(
        "between",
        _texts("介于", "between", "{it}在{value}之间（含两端）", "{it} is between {value} (inclusive)"),
        Shape.PAIR, args.read_days),
    _in_days(
        "in_last", _texts("在最近", "in the last", "{it}在近 {value}内", "{it} is in the last {value}"),
        Shape.RELATIVE, args.read_relative, args.back_from),
    _in_days(
        "not_in_last",
        _texts("不在最近", "not in the last", "{it}不在近 {value}内", "{it} is not in the last {value}"),
        Shape.RELATIVE, args.read_relative, args.back_from, outside=True),
    _in_days(
        "in_next", _texts("在未来", "in the next", "{it}在未来 {value}内", "{it} is in the next {value}"),
        Shape.RELATIVE, args.read_relative, args.ahead_of),
    _in_days(
        "calendar", _texts("在日历期间", "in the calendar period", "{it}在{value}", "{it} is {value}"),
        Shape.CALENDAR, args.read_calendar, args.period),
    _op("anniversary_in_next", DATE,
        _texts("周年日在未来", "anniversary in the next",
               "{it}的周年日{value}", "the anniversary of {it} is {value}"),
        Shape.DAYS, args.read_day_count,
        holds=lambda value, days: value.month * 100 + value.day in days,
        expr=lambda column, days: (
            (column.dt.month().cast(pl.Int32) * 100 + column.dt.day()).is_in(list(days))
        ),
        resolve=args.anniversaries),
    # multi ------------------------------------------------------------------------------------------
    _multi("has_any", _texts("含任一", "has any of", "{it}含{value}任一", "{it} has any of {value}"),
           lambda hits, _size, _wanted, _k: hits > 0),
    _multi("has_all", _texts("含全部", "has all of", "{it}同时含{value}", "{it} has all of {value}"),
           lambda hits, _size, wanted, _k: hits == wanted),
    _multi("has_none",
           _texts("不含", "has none of", "{it}不含{value}中的任何一个", "{it} has none of {value}"),
           lambda hits, _size, _wanted, _k: hits == 0),
    _multi("has_exactly", _texts("恰好是", "is exactly", "{it}恰好是{value}", "{it} is exactly {value}"),
           lambda hits, size, wanted, _k: (hits == wanted) & (size == wanted)),
    _multi("has_at_least",
           _texts("至少含几个", "has at least k of", "{it}至少含{value}", "{it} has at least {value}"),
           lambda hits, _size, _wanted, k: hits >= k,
           read=args.read_at_least, shape=Shape.AT_LEAST),
    # all types --------------------------------------------------------------------------------------
    _presence("is_set", _SINGLE, lambda column: column.is_not_null()),
    _presence("not_set", _SINGLE, lambda column: column.is_null()),
    _presence("is_set", MULTI, _has_values),
    _presence("not_set", MULTI, lambda column: ~_has_values(column)),
)  # fmt: skip

OPS: Mapping[tuple[TagType, str], Op] = {(kind, op.key): op for op in TABLE for kind in op.types}
OP_KEYS: tuple[str, ...] = tuple(dict.fromkeys(op.key for op in TABLE))


def ops_for(kind: TagType) -> tuple[Op, ...]:
    """Return the ops of a type in the order of menus."""
    return tuple(op for op in TABLE if kind in op.types)


def op_of(kind: TagType, key: str) -> Op:
    """Return the op that a type knows by a key.

    Raises
    ------
    RuleError
        ``unknown_op``, with the type's ops and the nearest, if there is none; no node id.
    """
    op = OPS.get((kind, key))
    if op is None:
        allowed = tuple(o.key for o in ops_for(kind))
        raise RuleError(
            Problem(
                "unknown_op",
                params={"op": key, "type": say(f"tag_type_{kind.value}"), "allowed": allowed},
                allowed=allowed,
                nearest=nearest_name(key, allowed),
            )
        )
    return op
