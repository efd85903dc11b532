"""Channels 渠道: who came, stayed, bought and was lost by where they came from, and what that cost.

A channel is the value of a tag (where a user came from, for good), or of an event's property (by which way
somebody came at that time; then one person may be in several channels).
"""

from __future__ import annotations

from collections.abc import Sequence

from core import clock
from core.analytics.asking import Asking, Figure, did, did_none
from core.analytics.channel_figures import Channel, Channels, Cost
from core.analytics.periods import Period
from core.analytics.recorded import days_of_events
from core.analytics.splits import parts_by_size
from core.analytics.touchpoints import (
    MOST_VALUES,
    NAMES,
    PropertyOf,
    did_with,
    properties_named,
    too_many_values,
    values_in,
)
from core.clock import Days
from core.engines.tallies import Deeds
from core.errors import RuleError
from core.messages import Text, say
from core.rules.parts import BetweenWindow, PropertyCondition
from core.rules.tree import Node, TagCondition
from core.schema import Catalogue, TagType
from core.tags.templates.proposals import (
    AMOUNTS,
    COSTS,
    PURCHASES,
    SOURCES,
    VISITS,
    Given,
    Slot,
    filled,
    has_word,
    last_of_journey,
    likely_event,
    likely_property,
    likely_tag,
    properties_of,
    tags_of_type,
    tags_of_types,
)

__all__ = ["Channel", "Channels", "Cost", "channels", "slots"]

TOP = 8


def slots(catalogue: Catalogue) -> Sequence[Slot]:
    """Return what the analysis must be told, with what the catalogue suggests."""
    events = tuple(catalogue.events)
    purchase = last_of_journey(catalogue, PURCHASES)
    visit = likely_event(catalogue, VISITS)
    amount = likely_property(catalogue.events.get(purchase or ""), [TagType.NUMBER], AMOUNTS)
    known = (
        *tags_of_types(catalogue, NAMES),
        *properties_named(catalogue),
    )
    costs, cost = tags_of_type(catalogue, TagType.NUMBER), likely_tag(catalogue, [TagType.NUMBER], COSTS)
    numbers = properties_of(catalogue, [TagType.NUMBER])
    return (
        Slot("channel", "choice", say("slot_channel"), _likely_channel(catalogue), known),
        Slot("purchase", "event", say("slot_purchase"), purchase, events),
        Slot("amount", "property", say("slot_amount"), amount, numbers, is_optional=True, of="purchase"),
        Slot("activity", "events", say("slot_activity"), [visit] if visit else [], events, is_optional=True),
        Slot("cost", "tag", say("slot_cost"), cost, costs, is_optional=True),
        Slot("lost_days", "whole", say("slot_silent_days"), 90, low=1, high=3650),
    )


def channels(asking: Asking, period: Period, given: Given | None = None) -> Channels:
    """Return everybody by channel.

    Whoever buys is active, whatever events are named. With an event's property as the channel, people are in
    that of the period itself, and `active_before`, `retained`, `lost` and `silent` in that by which they came
    when they were last known to be active.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, or ``too_many_values`` if people cannot be told
        apart by the channel.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    asked = _Asked(asking, period, told)
    everybody, *rows = asked.rows([(say("channels_all"), _Everybody()), *_sources(asking, period, told)])
    return Channels(
        as_of=asking.as_of,
        period=period,
        everybody=everybody,
        rows=tuple(rows),
        is_overlapping=str(told["channel"]) not in asking.catalogue.tags,
        notes=asked.notes(everybody, has_rows=bool(rows)),
    )


class _Everybody:
    """Everybody, or the people of a tag's value."""

    def __init__(self, nodes: Sequence[Node] = ()) -> None:
        self._nodes = tuple(nodes)

    def within(self, window: BetweenWindow) -> tuple[Node, ...]:  # noqa: ARG002 - as for _Came
        """Return the condition of being one of them."""
        return self._nodes


class _Came:
    """Who did an event with some values of a property."""

    def __init__(self, of: PropertyOf, where: Sequence[PropertyCondition]) -> None:
        self._event, self._where = of.event, where

    def within(self, window: BetweenWindow) -> tuple[Node, ...]:
        """Return the condition of having done it in some days."""
        return (did_with(self._event, self._where, window),)


_Source = _Everybody | _Came


class _Asked:
    """The questions of one call."""

    def __init__(self, asking: Asking, period: Period, told: Given) -> None:
        self._asking, self._period, self._told = asking, period, told
        self._buy = str(told["purchase"])
        self._activity = list(dict.fromkeys([self._buy, *(told["activity"] or ())]))
        self._came = asking.came(period)

    def rows(self, sources: Sequence[tuple[Text, _Source]]) -> list[Channel]:
        """Return the numbers of several groups of people."""
        names = list(self._conditions(_Everybody()))
        figures = self._asking.figures(
            nodes for _, source in sources for nodes in self._conditions(source).values()
        )
        found = [
            dict(zip(names, figures[place : place + len(names)], strict=True))
            for place in range(0, len(figures), len(names))
        ]
        done = self._asking.totals([each["converted"] for each in found], self._deeds, self._period.span)
        costs = self._costs([each.pop("costed", None) for each in found])
        return [
            Channel(
                label=label, new=each.pop("new", None), **each, orders=did_it.occurrences, gmv=did_it.total,
                cost=cost,
            )
            for (label, _), each, did_it, cost in zip(sources, found, done, costs, strict=True)
        ]  # fmt: skip

    def notes(self, everybody: Channel, *, has_rows: bool) -> tuple[Text, ...]:
        """Return what the numbers do not say by themselves."""
        found = []
        if not everybody.people.users:
            return (say("nobody_asked"),)
        if not everybody.active.users:
            found.append(say("channels_nobody_active", first=self._period.first, last=self._period.last))
        if not has_rows:
            found.append(say("channels_none"))
        if self._came is None:
            found.append(say("no_arrivals"))
        begin = days_of_events(self._asking.catalogue, self._activity).first
        if begin is not None and begin > min(self._period.before().first, self._quiet().first):
            found.append(say("channels_before_data", first=begin))
        return tuple(found)

    @property
    def _deeds(self) -> Deeds:
        return Deeds(self._buy, amount=self._told["amount"])

    def _conditions(self, source: _Source) -> dict[str, tuple[Node, ...]]:
        """Return by the name of each number whom it counts."""
        period, activity = self._period, self._activity
        before, quiet = period.before(), self._quiet()
        now, then = source.within(period.window), source.within(before.window)
        was_active = did(activity, before.window)
        found: dict[str, tuple[Node, ...]] = {
            "people": now,
            "active": (*now, *did(activity, period.window)),
            "active_before": (*then, *was_active),
            "retained": (*then, *was_active, *did(activity, period.window)),
            "lost": (*then, *was_active, *did_none(activity, period.window)),
            "silent": (
                *source.within(quiet.window),
                *did(activity, quiet.window),
                *did_none(activity, BetweenWindow(from_=clock.add_days(quiet.last, 1), to=period.last)),
            ),
            "converted": (*now, *did([self._buy], period.window)),
        }
        if self._came is not None:
            found["new"] = (*now, *self._came)
            if self._told["cost"] is not None:
                cost = str(self._told["cost"])
                found["costed"] = (*found["new"], TagCondition(id=cost, tag=cost, op="is_set"))
        return found

    def _quiet(self) -> Period:
        """Return the days of a last activity whose silence becomes long enough on a day in the period."""
        days = int(self._told["lost_days"])
        return Period(clock.add_days(self._period.first, -days), clock.add_days(self._period.last, -days))

    def _costs(self, people: Sequence[Figure | None]) -> list[Cost | None]:
        known = [figure for figure in people if figure is not None]
        if not known:
            return [None for _ in people]
        asking = self._asking
        sums = asking.engine.tag_sums([f.rule for f in known], str(self._told["cost"]), asking.as_of)
        values = asking.totals(known, self._deeds, self._period.span)
        return [
            Cost(figure, sum_of.total, value.total) if figure.users else None
            for figure, sum_of, value in zip(known, sums, values, strict=True)
        ]


def _sources(asking: Asking, period: Period, told: Given) -> list[tuple[Text, _Source]]:
    """Return the channels, those of most people first."""
    name = str(told["channel"])
    if name not in asking.catalogue.tags:
        of = properties_named(asking.catalogue)[name]
        both = Days(period.before().first, period.last)
        return [(value.label, _Came(of, value.where)) for value in values_in(asking, of, both, TOP)]
    if asking.engine.distinct(name, asking.as_of) > MOST_VALUES:
        raise RuleError(too_many_values(name))
    found = parts_by_size(asking.engine, asking.among, name, asking.as_of, most=TOP)
    return [(part.label, _Everybody(part.nodes)) for part in found]


def _likely_channel(catalogue: Catalogue) -> str | None:
    tag = likely_tag(catalogue, NAMES, SOURCES)
    if tag is not None:
        return tag
    named = properties_named(catalogue)
    for word in SOURCES:
        for name, of in named.items():
            spec = catalogue.events[of.event].properties[of.prop]
            if has_word(spec.key, spec.label, word):
                return name
    return None
