"""The overview: a period's numbers against the one before and the same a year earlier, and their course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.analytics.asking import Asking, Figure, any_of, did, share
from core.analytics.periods import Grain, Period
from core.analytics.recorded import days_of_events, recorded_days
from core.engines.tallies import Deeds, Done
from core.messages import Text, say
from core.rules.tree import Node
from core.schema import Catalogue, TagType
from core.tags.templates.proposals import (
    AMOUNTS,
    PURCHASES,
    VISITS,
    Given,
    Slot,
    filled,
    last_of_journey,
    likely_event,
    likely_property,
    properties_of,
)

MEASURES = ("new", "active", "buyers", "orders", "gmv", "average_order", "repeat_rate")
OF_PEOPLE = ("new", "active", "buyers")
"""The measures that are counts of users; the others are of what the buyers did."""
COURSES = ("new", "active", "buyers", "orders", "gmv")
"""The measures that are told part by part."""


@dataclass(frozen=True)
class Numbers:
    """The numbers of one period.

    Attributes
    ----------
    new : Figure or None
        Users who came in it; None where the data do not say since when people are users.
    active, buyers, repeaters : Figure
        Who did one of the activities; who bought; who bought at least twice in it.
    bought : Done
        Purchases in it, and the sum of their amount; `total` is None where no amount is known.
    is_known : bool
        Whether the data reach back to its first day: both the oldest purchase and the oldest activity lie
        no later. Of an event that never happened nothing is known, so it says nothing about the days. And
        whether its first day lies in the records at all: a period is told as far as they reach.
    """

    period: Period
    new: Figure | None
    active: Figure
    buyers: Figure
    repeaters: Figure
    bought: Done
    is_known: bool

    def value(self, measure: str) -> float | None:
        """Return one of `MEASURES`; None where there is none, or it is not known.

        There is no average of nothing. Not known are an amount that the data do not name, who is new where
        nothing says since when people are users, and everything of a period that begins before the records
        or after them.
        """
        if not self.is_known:
            return None
        match measure:
            case "new" | "active" | "buyers":
                people = self.people(measure)
                return None if people is None else float(people.users)
            case "orders":
                return float(self.bought.occurrences)
            case "gmv":
                return self.bought.total
            case "average_order":
                total, orders = self.bought.total, self.bought.occurrences
                return None if total is None or not orders else total / orders
            case _:
                found = share(self.repeaters.users, self.buyers.users)
                return None if found is None else found.value

    def people(self, measure: str) -> Figure | None:
        """Return the people behind one of `MEASURES`; None where they are not known."""
        if not self.is_known:
            return None
        named = {"new": self.new, "active": self.active, "repeat_rate": self.repeaters}
        return named.get(measure, self.buyers)


@dataclass(frozen=True)
class Moment:
    """The numbers of one part of the period: a point of the trends.

    Attributes
    ----------
    is_known : bool
        As of `Numbers`: whether the first day of the part lies in the records.
    """

    period: Period
    new: Figure | None
    active: Figure
    buyers: Figure
    bought: Done
    is_known: bool

    def people(self, measure: str) -> Figure | None:
        """Return the people behind one of `COURSES`; None where they are not known."""
        named = {"new": self.new, "active": self.active}
        return named.get(measure, self.buyers) if self.is_known else None

    def value(self, measure: str) -> float | None:
        """Return one of `COURSES`; None where it is not known."""
        if not self.is_known:
            return None
        if measure in OF_PEOPLE:
            people = self.people(measure)
            return None if people is None else float(people.users)
        return float(self.bought.occurrences) if measure == "orders" else self.bought.total


@dataclass(frozen=True)
class Freshness:
    """How new one event's data are.

    Attributes
    ----------
    last_day : datetime.date or None
        The newest occurrence in the data version; None = there is none.
    days_behind : int or None
        From then to the day of the data; 0 or less = up to it.
    """

    event: str
    rows: int
    last_day: date | None
    days_behind: int | None


@dataclass(frozen=True)
class Overview:
    """The numbers of a period, of the one before, and of the same a year earlier.

    Attributes
    ----------
    known_from : datetime.date or None
        The first day from which both purchases and activities are recorded; None = neither ever happened.
    known_to : datetime.date or None
        The last day up to the one asked for of which the data hold records, as in `core.analytics.recorded`;
        None = of none.
    """

    now: Numbers
    before: Numbers
    year_before: Numbers
    grain: Grain
    course: tuple[Moment, ...]
    freshness: tuple[Freshness, ...]
    known_from: date | None
    known_to: date | None

    @property
    def notes(self) -> tuple[Text, ...]:
        """Why numbers are not known, and what would tell them."""
        found = [say("no_arrivals")] if self.now.new is None else []
        if self.known_from is None:
            found.append(say("overview_nothing_recorded"))
        periods = [each.period for each in (self.now, self.before, self.year_before)]
        if self.known_from is not None and any(each.first < self.known_from for each in periods):
            found.append(say("overview_known_from", first=self.known_from))
        if self.known_to is not None and any(each.first > self.known_to for each in periods):
            found.append(say("overview_known_to", last=self.known_to))
        return tuple(found)

    def has_course(self, measure: str) -> bool:
        """Tell whether one of `COURSES` is known of any part of the period."""
        return any(moment.value(measure) is not None for moment in self.course)

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            **{name: _json(getattr(self, name)) for name in ("now", "before", "year_before")},
            "grain": self.grain,
            "course": [
                {
                    "from": moment.period.first.isoformat(), "to": moment.period.last.isoformat(),
                    "is_known": moment.is_known,
                    **{measure: _rounded(moment.value(measure)) for measure in COURSES},
                }
                for moment in self.course
            ],
            "freshness": [
                {
                    "event": each.event, "rows": each.rows,
                    "last_day": None if each.last_day is None else each.last_day.isoformat(),
                    "days_behind": each.days_behind,
                }
                for each in self.freshness
            ],
            "known_from": None if self.known_from is None else self.known_from.isoformat(),
            "known_to": None if self.known_to is None else self.known_to.isoformat(),
            "notes": [dict(note) for note in self.notes],
        }  # fmt: skip


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what the overview must be told, with what the catalogue suggests."""
    events = tuple(catalogue.events)
    visit, purchase = likely_event(catalogue, VISITS), last_of_journey(catalogue, PURCHASES)
    amount = likely_property(catalogue.events.get(purchase or ""), [TagType.NUMBER], AMOUNTS)
    numbers = properties_of(catalogue, [TagType.NUMBER])
    return (
        Slot("purchase", "event", say("slot_purchase"), purchase, events),
        Slot("amount", "property", say("slot_amount"), amount, numbers, is_optional=True, of="purchase"),
        Slot("activity", "events", say("slot_active"), [visit] if visit else list(events), events),
    )


def overview(
    asking: Asking, period: Period, given: Given | None = None, *, grain: Grain | None = None
) -> Overview:
    """Return the overview.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; what is left out stands at its default.
    grain : {"day", "week", "month"} or None
        Of the trends; None = that in which the period can be read.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given; if the trends would have too many points.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    way = _Way(asking, told)
    grain = grain or period.usual_grain()
    return Overview(
        now=way.numbers(period),
        before=way.numbers(period.before()),
        year_before=way.numbers(period.year_before()),
        grain=grain,
        course=way.course(period.parts(grain)),
        freshness=tuple(_freshness(asking)),
        known_from=way.known_from,
        known_to=way.known_to,
    )


class _Way:
    def __init__(self, asking: Asking, told: Given) -> None:
        self._asking = asking
        self._activity = list(told["activity"])
        self._deeds = Deeds(str(told["purchase"]), amount=told["amount"])
        bought, active = (
            days_of_events(asking.catalogue, events).first for events in ([self._deeds.event], self._activity)
        )
        self.known_from = max((day for day in (bought, active) if day is not None), default=None)
        last = recorded_days(asking.catalogue).last
        self.known_to = None if last is None else min(last, asking.as_of)

    def numbers(self, period: Period) -> Numbers:
        """Return the numbers of a period."""
        buy = self._deeds.event
        conditions: list[Sequence[Node]] = [
            self._active(period),
            did([buy], period.window),
            did([buy], period.window, at_least=2),
        ]
        (new,) = self._asking.known([self._asking.came(period)])
        active, buyers, repeaters = self._asking.figures(conditions)
        (bought,) = self._asking.course(self._deeds, [period.span])
        return Numbers(period, new, active, buyers, repeaters, bought, self._knows(period))

    def course(self, parts: Sequence[Period]) -> tuple[Moment, ...]:
        """Return the numbers of every part of a period."""
        spans = [part.span for part in parts]
        new = self._asking.known(self._asking.came(part) for part in parts)
        active = self._asking.figures_of_days(self._activity, parts)
        bought = self._asking.course(self._deeds, spans)
        buyers = [
            Figure(done.users, self._asking.rule(*did([self._deeds.event], part.window)))
            for part, done in zip(parts, bought, strict=True)
        ]
        known = [self._knows(part) for part in parts]
        return tuple(Moment(*each) for each in zip(parts, new, active, buyers, bought, known, strict=True))

    def _knows(self, period: Period) -> bool:
        if self.known_from is None or self.known_to is None:
            return False
        return self.known_from <= period.first <= self.known_to

    def _active(self, period: Period) -> tuple[Node, ...]:
        return (any_of(did(self._activity, period.window)),)


def measure_label(measure: str) -> Text:
    """Return the name of one of `MEASURES`."""
    return say(f"measure_{measure}")


def measure_about(measure: str) -> Text:
    """Return the definition of one of `MEASURES`."""
    return say(f"measure_{measure}_about")


def _freshness(asking: Asking) -> list[Freshness]:
    found = []
    for event in asking.catalogue.events.values():
        last = event.last_day
        behind = None if last is None else (asking.as_of - last).days
        found.append(Freshness(event.key, event.rows, last, behind))
    return found


def _json(numbers: Numbers) -> dict[str, Any]:
    period = numbers.period
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "is_known": numbers.is_known,
        **{measure: _rounded(numbers.value(measure)) for measure in MEASURES},
        "repeaters": numbers.repeaters.users if numbers.is_known else None,
    }


def _rounded(value: float | None) -> float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else round(value, 6)
