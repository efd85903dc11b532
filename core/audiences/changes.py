"""Who came into an audience and who left it from one snapshot to the next, and why: a path of single steps.

Between the old people and the new lie answers that never were: the old rule on another day, on newer data,
with other tags. From one to the next only one thing changes. What changed last for a person, before they came
to stand where they stand now, is the cause; so every person has exactly one, and the causes add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.audiences.records import CAUSES, Cause
from core.schema import USER_NO

ENTERED, CAUSE = "entered", "cause"


@dataclass(frozen=True)
class Step:
    """The people after one more thing has changed, as ``user_no``, and what it was."""

    cause: Cause
    people: pl.Series


@dataclass(frozen=True)
class Changes:
    """Who came and went.

    Attributes
    ----------
    people : polars.DataFrame
        One row per user who is in one of both: ``user_no`` (UInt32, ascending), ``entered`` (Boolean),
        ``cause`` (String).
    entered, left : dict
        How many, by cause, in the order of `CAUSES`; causes of nobody are left out.
    """

    people: pl.DataFrame
    entered: dict[str, int]
    left: dict[str, int]


def changes_between(before: pl.Series, steps: Sequence[Step], corrected: pl.Series | None = None) -> Changes:
    """Return who came and went along a path, with the cause of each.

    Parameters
    ----------
    before : polars.Series
        The old people, as ``user_no``.
    steps : sequence of Step
        In order; the last one's people are the new ones.
    corrected : polars.Series or None
        Of the step ``behaviour``: for whom the answer of the *old* day differs between the old data and the
        new. What was known of the past has changed for them, so that they changed by ``data``.
    """
    after = steps[-1].people if steps else before
    came, went = _without(after, before), _without(before, after)
    told = pl.DataFrame({USER_NO: pl.concat([came, went])}).with_columns(
        pl.Series(ENTERED, [True] * len(came) + [False] * len(went), dtype=pl.Boolean),
        pl.lit(None, dtype=pl.String).alias(CAUSE),
    )
    for place in range(len(steps) - 1, -1, -1):
        stood = before if place == 0 else steps[place - 1].people
        were_in = pl.col(USER_NO).is_in(stood.implode())
        cause: pl.Expr = pl.lit(steps[place].cause)
        if steps[place].cause == "behaviour" and corrected is not None:
            is_corrected = pl.col(USER_NO).is_in(corrected.implode())
            cause = pl.when(is_corrected).then(pl.lit("data")).otherwise(cause)
        turned_here = pl.col(CAUSE).is_null() & (were_in != pl.col(ENTERED))
        told = told.with_columns(pl.when(turned_here).then(cause).otherwise(pl.col(CAUSE)).alias(CAUSE))
    told = told.sort(USER_NO)
    return Changes(told, _counts(told.filter(pl.col(ENTERED))), _counts(told.filter(~pl.col(ENTERED))))


def different(one: pl.Series, other: pl.Series) -> pl.Series:
    """Return who is among the one or the other, but not both."""
    return pl.concat([_without(one, other), _without(other, one)])


def _without(one: pl.Series, other: pl.Series) -> pl.Series:
    numbers = one.cast(pl.UInt32).alias(USER_NO)
    return numbers.filter(~numbers.is_in(other.cast(pl.UInt32).implode()))


def _counts(rows: pl.DataFrame) -> dict[str, int]:
    found = {str(cause): int(users) for cause, users in rows[CAUSE].value_counts().rows()}
    return {cause: found[cause] for cause in CAUSES if cause in found}
