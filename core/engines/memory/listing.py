"""What the people in one answer did: when, how often by value, and listed; and sums of tags."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from core.clock import Days
from core.engines.memory import tallies, timelines
from core.engines.memory.bits import Words, as_series
from core.engines.memory.columns import PlainColumn
from core.engines.memory.conditions import Conditions
from core.engines.memory.events import both
from core.engines.memory.held import HeldVersion
from core.engines.memory.per_user import exact_sum
from core.engines.memory.tiles import Tiles
from core.engines.tallies import Deeds, Occurred, TagSum
from core.rules.exact import scaled_array, unscaled
from core.rules.literal import literal_where
from core.rules.literal_values import LiteralMeasure
from core.rules.measures import MEASURES
from core.rules.tree import Rule
from core.schema import AT, USER_NO, Catalogue, TagType, property_column


class Listing:
    """The part of the engine in memory that tells what the people in one answer did, and adds up tags."""

    catalogue: Catalogue
    _held: HeldVersion
    _conditions: Conditions
    _tiles: Tiles

    def _answer(self, rule: Rule, as_of: date) -> Words:
        raise NotImplementedError

    def deeds(
        self, rule: Rule, deeds: Deeds, properties: Sequence[str], span: Days, as_of: date
    ) -> pl.DataFrame:
        """Return what the people in an answer did in some days, one row per occurrence."""
        event = self.catalogue.events[deeds.event]
        where = literal_where(deeds.where, event, as_of)
        partition, measures = self._held.partition(event.key), self._conditions.measures
        span = span.clipped(as_of)
        chosen = measures.chosen(partition, LiteralMeasure(event.key, where, MEASURES["count"], None, span))
        chosen = both(chosen, partition.within(span, 0, len(partition)))
        listed = as_series(self._answer(rule, as_of), self._held.user_count).gather(partition.rows)
        places = (listed if chosen is None else listed & chosen).arg_true()
        columns = {
            USER_NO: self._held.user_nos.gather(partition.rows.gather(places)),
            AT: partition.moments().instants_of(places),
        }
        taken = places.to_numpy()
        columns |= {property_column(key): partition.column(key).taken(taken) for key in properties}
        return pl.DataFrame(columns)

    def users_in_each(
        self, rule: Rule, events: Sequence[str], spans: Sequence[Days], as_of: date
    ) -> list[int]:
        """Return how many of the people in an answer did one of some events in each of several stretches."""
        by_days = [self._held.partition(event).by_day() for event in dict.fromkeys(events)]
        seen = [span.clipped(as_of) for span in spans]
        return timelines.users_in_each(
            self._answer(rule, as_of), by_days, seen, self._held.user_count, self._tiles
        )

    def occurred(self, rule: Rule, event: str, prop: str, span: Days, as_of: date) -> list[Occurred]:
        """Return, for each value of a property, how the people in an answer did an event in some days."""
        people, partition = self._answer(rule, as_of), self._held.partition(event)
        return tallies.occurred(people, partition, prop, span.clipped(as_of))

    def tag_sums(self, rules: Sequence[Rule], tag: str, as_of: date) -> list[TagSum]:
        """Return the sum of a number tag over the people in each answer."""
        if self.catalogue.tags[tag].type is not TagType.NUMBER:
            raise TypeError(f"{tag} is no number")
        column = self._conditions.column(tag, as_of)
        if not isinstance(column, PlainColumn):
            raise TypeError(f"{tag} is not held as numbers")
        found = []
        for rule in rules:
            members = as_series(self._answer(rule, as_of), self._held.user_count)
            values = column.values.filter(members).drop_nulls()
            whole = scaled_array(values.to_numpy())
            found.append(TagSum(len(values), unscaled(exact_sum(whole))))
        return found
