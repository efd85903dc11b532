"""Values of events' properties as groups of people: which campaign, channel, coupon, activity they met.

A property is named ``event.property``. Its most frequent values stand by themselves, the rest together, and
occurrences without a value by themselves too, so that every occurrence is in exactly one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.analytics.asking import Asking
from core.analytics.splits import PartKind
from core.clock import Days
from core.engines.tallies import Deeds
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.parts import PropertyCondition
from core.rules.tree import EventCondition, Node, Window
from core.schema import Catalogue, EventSpec, TagType, property_column
from core.tags.templates.proposals import has_word

MOST_VALUES = 1_000
"""A tag or property with more values than this tells people apart rather than where they came from."""
NAMES = (TagType.ENUM, TagType.TEXT)
"""The types whose values are names."""


@dataclass(frozen=True)
class PropertyOf:
    """A property of an event."""

    event: str
    prop: str

    @property
    def name(self) -> str:
        """What stands for it in a setting."""
        return f"{self.event}.{self.prop}"

    def label(self, catalogue: Catalogue) -> Text:
        """Return its name for people."""
        event = catalogue.events[self.event]
        of = event.properties[self.prop].label
        return say("property_of_event", event=event.label.as_text(), property=of.as_text())


@dataclass(frozen=True)
class Value:
    """One value of a property, the rest of its values, or none.

    Attributes
    ----------
    sort : {"value", "other", "missing"}
        ``other`` = any of the values that do not stand by themselves; ``missing`` = no value.
    value : str or None
        None but for ``value``.
    where : tuple of PropertyCondition
        What holds for exactly these occurrences.
    """

    sort: PartKind
    value: str | None
    label: Text
    where: tuple[PropertyCondition, ...]


def properties_named(catalogue: Catalogue) -> dict[str, PropertyOf]:
    """Return the properties whose values are names, by their own names, in the order of the catalogue."""
    found = [
        PropertyOf(event.key, prop.key)
        for event in catalogue.events.values()
        for prop in event.properties.values()
        if prop.type in NAMES
    ]
    return {of.name: of for of in found}


def likely_names(event: EventSpec | None, words: Sequence[str]) -> str | None:
    """Return the property of an event whose values are names and that has one of the words; None = none."""
    if event is None:
        return None
    keys = [prop.key for prop in event.properties.values() if prop.type in NAMES]
    for word in words:
        for key in keys:
            if has_word(key, event.properties[key].label, word):
                return key
    return None


def did_with(
    event: str, where: Sequence[PropertyCondition], window: Window | None, *, at_least: int = 1
) -> EventCondition:
    """Return the condition of having done something in a certain way, or with `at_least` 0 of never so."""
    op = "gte" if at_least else "eq"
    return EventCondition(
        id=event, event=event, where=tuple(where), measure="count", op=op, value=at_least, window=window
    )


def values_in(asking: Asking, of: PropertyOf, span: Days, top: int, *conditions: Node) -> list[Value]:
    """Return the values of a property in some days: those of most people first, `top` of them by themselves.

    Raises
    ------
    RuleError
        ``too_many_values``, if there are too many to be told apart.
    """
    deeds = asking.engine.deeds(asking.rule(*conditions), Deeds(of.event), [of.prop], span, asking.as_of)
    return as_values(of, ranked(deeds.get_column(property_column(of.prop)), deeds["user_no"]), top)


def ranked(values: pl.Series, user_nos: pl.Series) -> list[str | None]:
    """Return the values of occurrences by how many people had them, then by name; a missing one counts."""
    value = pl.col("value")
    found = (
        pl.DataFrame({"value": values, "user": user_nos})
        .group_by("value")
        .agg(pl.col("user").n_unique())
        .sort(["user", "value"], descending=[True, False])
    )
    return found.select(value).to_series().to_list()


def as_values(of: PropertyOf, ordered: Sequence[str | None], top: int) -> list[Value]:
    """Return values in the given order, `top` by themselves; the rest and the missing come last.

    Raises
    ------
    RuleError
        ``too_many_values``, if there are too many to be told apart.
    """
    names = [value for value in ordered if value is not None]
    if len(names) > MOST_VALUES:
        raise RuleError(too_many_values(of.name))
    key, shown = of.prop, names[:top]
    found = [Value("value", name, Text(zh=name, en=name), (_where(key, "is", name),)) for name in shown]
    if len(names) > len(shown):
        found.append(Value("other", None, say("split_other"), (_where(key, "not_in", shown),)))
    if None in ordered:
        found.append(Value("missing", None, say("split_missing"), (_where(key, "not_set"),)))
    return found


def too_many_values(name: str) -> Problem:
    """Return the problem that something has too many values to be told apart by them."""
    return Problem("too_many_values", params={"name": name, "limit": MOST_VALUES})


def _where(key: str, op: str, value: object = None) -> PropertyCondition:
    return PropertyCondition(property=key, op=op, value=value)
