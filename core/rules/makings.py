"""How computed tags are made, beyond the statistic of `core.schema`: inert data, as it stands in JSON.

A making is part of the condition language: rules stand in it, engines and the oracle give it its meaning.
`core.rules.making_text` is the way in and out, `core.rules.making_check` tells whether it fits a catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import polars as pl
from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from core.errors import RuleError
from core.rules.formula import Expression, parse_formula
from core.rules.parts import Day, PropertyCondition, Window
from core.rules.tree import Rule
from core.schema import Making, Measurement, TagType

MOST_VALUES = 10_000
"""So many values a tag may list; a longer list is no tag but a table to import."""

Named = Annotated[str, Field(min_length=1, max_length=200)]


class ValueByRule(Making):
    """One value of a rule tag and whom it is given to; the rule takes nobody away by `take`."""

    value: Named
    rule: Rule


class ByRules(Making):
    """A value for whoever a rule matches: the first that matches, or all of them as a set.

    Attributes
    ----------
    values : tuple of ValueByRule
        In order.
    keep : {"first", "all"}
        ``all`` makes a tag of the type multi.
    otherwise : str or None
        The value of everyone else in the base; None = they have none.
    """

    kind: Literal["rules"] = "rules"
    values: Annotated[tuple[ValueByRule, ...], Field(min_length=1, max_length=MOST_VALUES)]
    keep: Literal["first", "all"] = "first"
    otherwise: Named | None = None


class Bands(Making):
    """A name for every band of a number or date: from an edge (in) up to the next (out).

    Attributes
    ----------
    of : str
        Key of the tag that is divided.
    edges : tuple of float or of datetime.date
        Ascending.
    labels : tuple of str or None
        One more than edges: below the first, between them, from the last. None = no value there.
    """

    kind: Literal["bands"] = "bands"
    of: str
    edges: Annotated[
        tuple[Annotated[float, Field(allow_inf_nan=False, strict=True)], ...] | tuple[Day, ...],
        Field(min_length=1, max_length=MOST_VALUES - 1),
    ]
    labels: tuple[Named | None, ...]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        edges: list[Any] = list(self.edges)
        if edges != sorted(set(edges)):
            raise PydanticCustomError("edges_not_ascending", "edges ascend")
        if len(self.labels) != len(edges) + 1:
            params = {"labels": len(self.labels), "wanted": len(edges) + 1}
            raise PydanticCustomError("labels_not_between_edges", "one label more than edges", params)
        if all(label is None for label in self.labels):
            raise PydanticCustomError("no_labels", "at least one band has a name")
        return self


class Quantiles(Making):
    """A name for every part of the base by size of a number or date; equal values are never divided.

    Of n users with a value, the i-th of k-1 edges is the ceil(i n / k)-th smallest value (SQL's
    ``percentile_disc(i/k)``); a value above exactly j edges bears the label j.

    Attributes
    ----------
    of : str
        Key of the tag that is divided.
    labels : tuple of str
        From the smallest values to the largest.
    """

    kind: Literal["quantiles"] = "quantiles"
    of: str
    labels: Annotated[tuple[Named, ...], Field(min_length=2, max_length=100)]


class Preference(Making):
    """The value of a property (or the hour) that a user's occurrences have most often, or spend most on.

    Ties go to the value that comes first by code point. An occurrence with several values counts for each.

    Attributes
    ----------
    event : str
        Key of the event.
    where : tuple of PropertyCondition
        All must hold for an occurrence to count.
    window : window or None
        None = ever up to `as_of`.
    of : str or None
        The property; None = the hour of the day in the workspace's time zone, as ``"21:00"``.
    weigh : str or None
        The number property that is added up; None = occurrences are counted.
    gives : {"value", "share"}
        The value itself, or its share of the user's total, between 0 and 1.
    at_least : int
        Users with fewer occurrences that have a value have no preference.
    share_at_least : float
        Nor have those whose favourite has a smaller share.
    """

    kind: Literal["preference"] = "preference"
    event: str
    where: tuple[PropertyCondition, ...] = ()
    window: Window | None = None
    of: str | None = None
    weigh: str | None = None
    gives: Literal["value", "share"] = "value"
    at_least: Annotated[int, Field(ge=1, strict=True)] = 1
    share_at_least: Annotated[float, Field(ge=0, le=1)] = 0.0


class Formula(Making):
    """A formula over other tags; see `core.rules.formula`."""

    kind: Literal["formula"] = "formula"
    text: str

    @property
    def expression(self) -> Expression:
        """The formula as it is read; raises RuleError with its fault, at the field ``text``."""
        try:
            return _expression(self.text)
        except RuleError as error:
            raise RuleError([replace(p, node="text") for p in error.problems]) from error


@lru_cache(maxsize=1024)
def _expression(text: str) -> Expression:
    return parse_formula(text)


@dataclass(frozen=True)
class GivenValues:
    """Values that were typed in or uploaded, user by user.

    Attributes
    ----------
    id : str
        Stands for exactly these values.
    read : callable () -> polars.DataFrame
        One row per value: ``user_no`` (UInt32), ``value`` (the tag's dtype; null = the value was taken away),
        ``since`` (Date; the day from which it holds), ``until`` (Date; the last day on which it does, null =
        for ever). Of a user's several rows the one with the latest `since` up to `as_of` counts, the last of
        them if several are of one day.
    """

    id: str
    read: Callable[[], pl.DataFrame] = field(compare=False, repr=False)


class Given(Making):
    """Values that people typed in or uploaded, each from a day and perhaps until a day.

    Attributes
    ----------
    type : TagType
        What the values are.
    """

    kind: Literal["given"] = "given"
    type: TagType
    _values: GivenValues | None = PrivateAttr(default=None)

    @property
    def values(self) -> GivenValues | None:
        """The values; None = nobody has told where they are kept."""
        return self._values

    def bound_to(self, values: GivenValues) -> Given:
        """Return the same making with its values."""
        bound = self.model_copy()
        bound._values = values
        return bound


MAKINGS: Mapping[str, type[Making]] = {
    "statistic": Measurement,
    "rules": ByRules,
    "bands": Bands,
    "quantiles": Quantiles,
    "preference": Preference,
    "formula": Formula,
    "given": Given,
}
"""Every kind, by the word in its ``kind``."""
