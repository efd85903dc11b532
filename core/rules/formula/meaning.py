"""What a formula means: in plain Python on one user, and the same over Polars columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from core.messages import Text, fill, say
from core.rules.formula.functions import FORMULA_FUNCTIONS, Function
from core.rules.formula.tree import Call, Expression, Literal, Tag, walk
from core.rules.measures import is_missing
from core.rules.wording import number
from core.schema import Catalogue, TagType

_DTYPES: Mapping[type, pl.DataType] = {
    float: pl.Float64(),
    str: pl.String(),
    bool: pl.Boolean(),
    date: pl.Date(),
}


def formula_value(expression: Expression, values: Mapping[str, Any], as_of: date) -> Any:
    """Return a formula's value for one user; None = missing.

    Parameters
    ----------
    values : mapping of str to object
        Values of tags, as the oracle has them; absent, None, NaN and an empty set = missing.
    """
    match expression:
        case Literal(value=value):
            return value
        case Tag(key=key):
            found = values.get(key)
            if is_missing(found):
                return None
            return found + 0.0 if isinstance(found, float) else found
        case Call(name=name, args=args):
            function = FORMULA_FUNCTIONS[name]
            given = [formula_value(arg, values, as_of) for arg in args]
            if not function.takes_missing and any(value is None for value in given):
                return None
            return function.plain(as_of, *given)


def formula_divides_by_zero(expression: Expression, values: Mapping[str, Any], as_of: date) -> bool:
    """Tell whether a user has no value while something in the formula is divided by 0."""
    return formula_value(expression, values, as_of) is None and any(
        formula_value(divisor, values, as_of) == 0 for divisor in _divisors(expression)
    )


def formula_column(
    expression: Expression, frame: pl.DataFrame, types: Mapping[str, TagType], as_of: date
) -> pl.Series:
    """Return a formula's values over columns, one per row; null = missing.

    Every part becomes a column of its own: as one expression of Polars, whose guards name each part twice,
    it would double with every level.

    Parameters
    ----------
    frame : polars.DataFrame
        One column per tag that the formula names, under the tag's key: of `core.schema.TAG_DTYPES`, none NaN.
    types : mapping of str to TagType
        Of these tags.
    """
    match expression:
        case Literal(value=value):
            return pl.repeat(value, frame.height, dtype=_DTYPES[type(value)], eager=True)
        case Tag(key=key):
            column = frame.get_column(key)
            if types[key] is TagType.NUMBER:
                return column + 0.0
            if types[key] is not TagType.MULTI:
                return column
            filled = pl.when(pl.col(key).list.len() > 0).then(pl.col(key))
            return frame.select(filled).to_series()
        case Call(name=name, args=args):
            function = FORMULA_FUNCTIONS[name]
            if not args:
                return pl.repeat(function.plain(as_of), frame.height, dtype=pl.Date(), eager=True)
            whole = args[:1] if function.literal else args
            texts = [arg.value for arg in args[1:] if isinstance(arg, Literal)] if function.literal else []
            given = [formula_column(arg, frame, types, as_of) for arg in whole]
            parts = pl.DataFrame({str(place): column for place, column in enumerate(given)})
            return parts.select(function.columns(as_of, *map(pl.col, parts.columns), *texts)).to_series()


def divides_by_zero(
    expression: Expression, frame: pl.DataFrame, types: Mapping[str, TagType], as_of: date
) -> pl.Series:
    """Return for every row whether there is no value while something is divided by 0."""
    found = pl.repeat(False, frame.height, dtype=pl.Boolean(), eager=True)
    for divisor in _divisors(expression):
        found = found | (formula_column(divisor, frame, types, as_of) == 0).fill_null(False)
    return found & formula_column(expression, frame, types, as_of).is_null()


def describe_formula(expression: Expression, catalogue: Catalogue) -> Text:
    """Return a formula in words, tags by their names; what does not exist is read as it stands."""
    match expression:
        case Literal(value=bool() as value):
            return say("formula_true" if value else "formula_false")
        case Literal(value=float() as value):
            return Text(zh=number(value), en=number(value))
        case Literal(value=str() as value):
            return say("quoted", text=value)
        case Literal(value=value):
            return Text(zh=value.isoformat(), en=value.isoformat())  # type: ignore[union-attr]
        case Tag(key=key):
            spec = catalogue.tags.get(key)
            label = Text(zh=key, en=key) if spec is None else spec.label.as_text()
            return say("formula_tag", tag=label)
        case Call(name=name, args=args):
            told = [_inside(arg, catalogue) for arg in args]
            function = FORMULA_FUNCTIONS.get(name)
            if function is None or len(args) < len(function.takes):
                return say("formula_call", name=name, args=told)
            return _sentence(function, told)


def _inside(expression: Expression, catalogue: Catalogue) -> Text:
    """Return an argument in words, in brackets where it is made of several parts by an operator."""
    text = describe_formula(expression, catalogue)
    is_joined = isinstance(expression, Call) and not expression.name.isidentifier()
    is_joined |= isinstance(expression, Call) and expression.name in ("and", "or", "if")
    return say("formula_bracketed", what=text) if is_joined else text


def _sentence(function: Function, told: list[Text]) -> Text:
    names = dict(zip("abc", told, strict=False))
    return fill(function.sentence, **names, rest=told[1:])


def _divisors(expression: Expression) -> list[Expression]:
    return [
        p.args[1]
        for p in walk(expression)
        if isinstance(p, Call) and p.name in ("/", "%") and len(p.args) == 2
    ]
