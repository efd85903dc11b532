"""One dispatch for all that a kind of condition means: one entry per kind in a table; the unknown raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

M = TypeVar("M")


def meaning_of(table: Mapping[type[Any], M], thing: object) -> M:
    """Return what a table holds for the class of a thing.

    Raises
    ------
    TypeError
        If the table has no entry for exactly this class: a kind that nobody gave a meaning here.
    """
    try:
        return table[type(thing)]
    except KeyError:
        raise TypeError(f"no meaning here for {type(thing).__name__}") from None
