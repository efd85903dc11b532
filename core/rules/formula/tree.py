"""A formula as a tree: literals, tags, and calls; operators are calls too. Inert data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias


@dataclass(frozen=True)
class Literal:
    """A number, a text, a truth value or a day, as it stands in the formula."""

    value: float | str | bool | date
    at: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Tag:
    """The value of a tag."""

    key: str
    at: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Call:
    """A function or an operator with its arguments.

    Attributes
    ----------
    name : str
        Key of `core.rules.formula.functions.FORMULA_FUNCTIONS`, if there is such a function.
    at : int
        Where it stands in the text, from 1.
    """

    name: str
    args: tuple[Expression, ...]
    at: int = field(default=1, compare=False)


Expression: TypeAlias = Literal | Tag | Call


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything in it, in the order of the text."""
    yield expression
    if isinstance(expression, Call):
        for arg in expression.args:
            yield from walk(arg)


def tags_in_formula(expression: Expression) -> tuple[str, ...]:
    """Return the tags that a formula names, each once, in order of first use."""
    return tuple(dict.fromkeys(part.key for part in walk(expression) if isinstance(part, Tag)))
