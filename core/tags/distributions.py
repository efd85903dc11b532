"""How a tag is distributed in the base at one day: an inert reading, to be kept and compared later."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.engines.base import Engine
from core.engines.crossing import quantile_cuts
from core.engines.spread import Spread
from core.rules.lookup import tag_of
from core.rules.tree import Group, Rule, TagCondition
from core.schema import TAG_DTYPES, TagType
from core.tags.listing import EVERYBODY

NAMED_VALUES = 50
DISTRIBUTION_BINS = 20

Form = Literal["values", "sets", "numbers", "dates", "personal"]


@dataclass(frozen=True)
class Distribution:
    """One reading of a tag. Counts are users of the base at `as_of`.

    Attributes
    ----------
    base, with_value : int
        Everybody; those who have a value.
    distinct : int
        How many different values they have.
    is_personal : bool
        Then nothing is kept that a value could be read from: all of the following is empty.
    values : tuple of (str, int)
        The most frequent values of text, enum, boolean (``true`` and ``false``) and multi tags, by users,
        descending; after them those of an earlier reading that are not among them, perhaps with 0 users. A
        user of a multi tag stands at each of their values.
    other : int
        Users who have a value that is not named.
    cuts : tuple of float or datetime.date
        Where the bins of numbers and dates begin, but for the first, which has no lower end; the last has no
        upper one.
    counts : tuple of int
        Users in each bin, one more than there are cuts.
    low, high : float, datetime.date or None
        The smallest and the largest number or day.
    mean : float or None
        Of numbers.
    """

    tag: str
    type: TagType
    as_of: date
    base: int
    with_value: int
    distinct: int
    is_personal: bool = False
    values: tuple[tuple[str, int], ...] = ()
    other: int = 0
    cuts: tuple[float | date, ...] = ()
    counts: tuple[int, ...] = ()
    low: float | date | None = None
    high: float | date | None = None
    mean: float | None = None

    @property
    def coverage(self) -> float | None:
        """The share of the base that has a value; None without anybody."""
        return self.with_value / self.base if self.base else None

    @property
    def missing(self) -> int:
        """Users without a value."""
        return self.base - self.with_value

    @property
    def form(self) -> Form:
        """What the reading holds; readings of one form can be compared."""
        if self.is_personal:
            return "personal"
        forms: Mapping[TagType, Form] = {
            TagType.MULTI: "sets",
            TagType.NUMBER: "numbers",
            TagType.DATE: "dates",
        }
        return forms.get(self.type, "values")

    @property
    def leading(self) -> tuple[tuple[str, int], ...]:
        """The most frequent values that anybody has: those by which a later reading is compared."""
        return tuple((value, users) for value, users in self.values if users)[:NAMED_VALUES]

    @property
    def names_all(self) -> bool:
        """Whether every value that occurs is named."""
        return sum(users > 0 for _, users in self.values) == self.distinct

    def as_json(self) -> dict[str, Any]:
        """Return the reading, JSON-ready; `from_json` is its inverse."""
        return {
            "tag": self.tag,
            "type": self.type.value,
            "as_of": self.as_of.isoformat(),
            "base": self.base,
            "with_value": self.with_value,
            "distinct": self.distinct,
            "is_personal": self.is_personal,
            "values": [{"value": value, "users": users} for value, users in self.values],
            "other": self.other,
            "cuts": [_written(cut) for cut in self.cuts],
            "counts": list(self.counts),
            "low": _written(self.low),
            "high": _written(self.high),
            "mean": self.mean,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Distribution:
        """Return the reading that was written down.

        Raises
        ------
        KeyError, ValueError
            If `as_json` did not write it.
        """
        kind = TagType(kept["type"])

        def read(end: Any) -> Any:
            return date.fromisoformat(end) if kind is TagType.DATE and end is not None else end

        return cls(
            tag=kept["tag"],
            type=kind,
            as_of=date.fromisoformat(kept["as_of"]),
            base=kept["base"],
            with_value=kept["with_value"],
            distinct=kept["distinct"],
            is_personal=kept["is_personal"],
            values=tuple((each["value"], each["users"]) for each in kept["values"]),
            other=kept["other"],
            cuts=tuple(read(cut) for cut in kept["cuts"]),
            counts=tuple(kept["counts"]),
            low=read(kept["low"]),
            high=read(kept["high"]),
            mean=kept["mean"],
        )


def distribution_of(
    engine: Engine, tag: str, as_of: date, *, like: Distribution | None = None
) -> Distribution:
    """Return how a tag is distributed in the base.

    Parameters
    ----------
    like : Distribution or None
        An earlier reading with which this one shall be compared: numbers and dates are counted in its bins,
        and its values are named too. One of another form makes no difference. None = numbers and dates are
        counted in up to 20 bins of about equal size.

    Raises
    ------
    RuleError
        If there is no such tag.
    """
    spec = tag_of(engine.catalogue, tag)
    base, distinct = engine.base_count(as_of), engine.distinct(tag, as_of)
    if spec.personal is not None:
        with_value = engine.coverage(tag, as_of)
        return Distribution(tag, spec.type, as_of, base, with_value, distinct, is_personal=True)
    if spec.type in (TagType.NUMBER, TagType.DATE):
        empty = Distribution(tag, spec.type, as_of, base, 0, distinct)
        same_form = like is not None and like.form == empty.form
        return _of_ordered(
            empty, engine.ordered_values(tag, as_of), like.cuts if like and same_form else None
        )
    found = engine.breakdown(EVERYBODY, tag, as_of, top=NAMED_VALUES)
    values = {_named(bar.value): bar.base for bar in found.bars}
    other = found.other[1]
    wanted = [] if like is None else [value for value, _ in like.leading if value not in values]
    for value in wanted:
        users = 0 if spec.type is TagType.BOOLEAN else _users_with(engine, tag, spec.type, value, as_of)
        values[value] = users
        if spec.type is not TagType.MULTI:
            other -= users
    with_value = base - found.missing[1]
    return Distribution(
        tag, spec.type, as_of, base, with_value, distinct, values=tuple(values.items()), other=other
    )


def _of_ordered(empty: Distribution, found: Spread, cuts: Sequence[float | date] | None) -> Distribution:
    """Return a reading of numbers or days from every value with its number of users."""
    values, counts = found.values, found.counts
    if cuts is None:
        cuts = values.gather(quantile_cuts(counts, DISTRIBUTION_BINS)).to_list()
    upto = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    starts = values.search_sorted(pl.Series(cuts, dtype=TAG_DTYPES[empty.type]), side="left").to_numpy()
    in_bins = np.diff(upto[np.concatenate([[0], starts, [len(values)]]).astype(np.int64)])
    with_value = int(upto[-1])
    return Distribution(
        tag=empty.tag,
        type=empty.type,
        as_of=empty.as_of,
        base=empty.base,
        with_value=with_value,
        distinct=empty.distinct,
        cuts=tuple(cuts),
        counts=tuple(in_bins.tolist()),
        low=values[0] if with_value else None,
        high=values[-1] if with_value else None,
        mean=_mean(values, counts) if with_value and empty.type is TagType.NUMBER else None,
    )


def _mean(values: pl.Series, counts: NDArray[np.int64]) -> float:
    """Return the mean, added exactly, so that no order of rows makes a difference."""
    numbers, users = values.to_numpy(), int(counts.sum())
    reach = max(abs(float(numbers[0])), abs(float(numbers[-1])))
    if math.isfinite(reach * users):
        return math.fsum((numbers * counts).tolist()) / users
    # The sum would leave the floats: each value is weighed before it is added.
    return math.fsum((numbers * (counts / users)).tolist())


def _users_with(engine: Engine, tag: str, kind: TagType, value: str, as_of: date) -> int:
    op, argument = ("has_any", [value]) if kind is TagType.MULTI else ("is", value)
    condition = TagCondition(id="c1", tag=tag, op=op, value=argument)
    return engine.count(Rule(include=Group(id="g0", match="all", children=(condition,))), as_of).count


def _named(value: str | bool | None) -> str:
    """Return a value as text; a boolean as JSON writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(end: float | date | None) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end
