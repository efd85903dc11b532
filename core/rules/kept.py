"""People who were written down once, whatever becomes of them later: those on a list, those of a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class KeptPeople:
    """People by their numbers.

    Attributes
    ----------
    id : str
        Stands for exactly these people: a list that is replaced, and another snapshot, have another one.
    user_nos : callable () -> polars.Series
        Reads their ``user_no`` (UInt32, ascending); the data version in use may not have all of them.
    """

    id: str
    user_nos: Callable[[], pl.Series] = field(compare=False, repr=False)
