"""Retention: of the people who began in one period, how many come back in later ones.

Cohorts and returns are cut by the calendar of the workspace (days, weeks from Monday, calendar months), so
that every cell is a condition on two runs of days. The three readings are those on which product analytics
has settled (Amplitude's "return on", "return on or after" and "return in brackets"):

- classic: active in the k-th period after the one in which they began;
- rolling: active in the k-th period or any later one up to the day of the data;
- bracket: active at least once between two periods after it, both in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from core import clock
from core.analytics.asking import Asking, Figure, Share, any_of, came, did, together
from core.analytics.periods import Grain, Period
from core.analytics.splits import Part
from core.clock import Days
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.conditions import FirstTimeCondition
from core.rules.parts import BetweenWindow
from core.rules.tree import Node
from core.schema import Catalogue
from core.tags.templates.proposals import (
    PURCHASES,
    VISITS,
    Given,
    Slot,
    filled,
    last_of_journey,
    likely_event,
)

Reading = Literal["classic", "rolling", "bracket"]
READINGS: tuple[Reading, ...] = ("classic", "rolling", "bracket")
BEGINNINGS = ("registered", "first_event")
GRAIN_NAMES = ("day", "week", "month")
MOST_COHORTS = 60
LAST_BRACKET = 3650
"""Brackets end by so many periods after the beginning."""
_USUAL_COHORTS = {"day": 14, "week": 12, "month": 12}


@dataclass(frozen=True)
class Cell:
    """People of one cohort who came back.

    Attributes
    ----------
    after : int
        How many periods after the one in which they began; of a bracket its place, from 1.
    people : Figure
    share : Share or None
        Of the cohort; None of a cohort of nobody.
    is_complete : bool
        Whether all the days in which they could come back lie in the data: until then the cell may grow.
        A rolling cell always may, so it is complete when its first period is.
    """

    after: int
    people: Figure
    share: Share | None
    is_complete: bool


@dataclass(frozen=True)
class Cohort:
    """People who began in one period, and who of them came back.

    Attributes
    ----------
    cells : tuple of Cell
        Those whose days have begun.
    """

    period: Period
    people: Figure
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Point:
    """The retention of all cohorts together, so far after their beginning.

    Attributes
    ----------
    cohorts : int
        How many cohorts it is of: those whose cell is complete.
    people, returned : Figure
        Users of these cohorts, and those of them who came back.
    """

    after: int
    cohorts: int
    people: Figure
    returned: Figure

    @property
    def share(self) -> Share | None:
        """Return who came back as a share of the cohorts' people."""
        return self.returned.share_of(self.people)


@dataclass(frozen=True)
class Curve:
    """The retention of some people, period by period."""

    label: Text
    people: Figure
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Retention:
    """Who came back.

    Attributes
    ----------
    brackets : tuple of (int, int)
        Of the reading "bracket": periods after the beginning, both ends in; else empty.
    cohorts : tuple of Cohort
        Ascending; those of nobody are among them. None where nobody can be known to have begun.
    curve : Curve
        All cohorts together.
    curves : tuple of Curve
        By the values of the tag asked for; empty when none was.
    note : Text or None
        Why there are no cohorts: the data do not say since when people are users.
    """

    grain: Grain
    reading: Reading
    brackets: tuple[tuple[int, int], ...]
    cohorts: tuple[Cohort, ...]
    curve: Curve
    curves: tuple[Curve, ...] = ()
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "grain": self.grain,
            "reading": self.reading,
            "brackets": [list(bracket) for bracket in self.brackets],
            "cohorts": [
                {
                    "from": cohort.period.first.isoformat(),
                    "to": cohort.period.last.isoformat(),
                    "users": cohort.people.users,
                    "cells": [
                        {
                            "after": cell.after, "users": cell.people.users,
                            "share": None if cell.share is None else cell.share.as_json(),
                            "is_complete": cell.is_complete,
                        }
                        for cell in cohort.cells
                    ],
                }
                for cohort in self.cohorts
            ],
            "curve": None if self.note is not None else _curve_json(self.curve),
            "curves": [_curve_json(curve) for curve in self.curves],
            "note": None if self.note is None else dict(self.note),
        }  # fmt: skip


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what retention must be told, with what the catalogue suggests."""
    events = tuple(catalogue.events)
    visit, purchase = likely_event(catalogue, VISITS), last_of_journey(catalogue, PURCHASES)
    return (
        Slot("begin", "choice", say("slot_begin"), "registered", BEGINNINGS),
        Slot("first_event", "event", say("slot_first_event"), purchase, events, is_optional=True),
        Slot("returning", "events", say("slot_returning"), [visit] if visit else list(events), events),
        Slot("grain", "choice", say("slot_grain"), "week", GRAIN_NAMES),
        Slot("reading", "choice", say("slot_reading"), "classic", READINGS),
        Slot("cohorts", "whole", say("slot_cohorts"), None, low=1, high=MOST_COHORTS, is_optional=True),
        Slot("brackets", "edges", say("slot_brackets"), [1, 2, 5, 9, 13]),
    )


def retention(asking: Asking, given: Given | None = None, *, parts: Sequence[Part] = ()) -> Retention:
    """Return who came back.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; what is left out stands at its default. ``brackets`` are the periods at
        which brackets begin, each ending before the next; the last is the end, which is in none.
    parts : sequence of Part
        The parts of the people that get a curve of their own.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given; if the first thing done is asked for and no event is
        named.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    if told["begin"] == "first_event" and not told["first_event"]:
        raise RuleError(Problem("template_slot_empty", "first_event", {"slot": say("slot_first_event")}))
    if told["reading"] == "bracket" and not _are_brackets(told["brackets"]):
        raise RuleError(Problem("retention_brackets", "brackets", {"most": LAST_BRACKET}))
    way = _Way(asking, told)
    if told["begin"] == "registered" and not asking.knows_arrivals():
        nothing = _curve(say("everybody_together"), asking.figure(*way.began(way.whole)), ())
        note = say("no_arrivals")
        return Retention(way.grain, told["reading"], tuple(way.brackets), (), nothing, note=note)
    everybody, *of_parts = way.told_apart([(), *(part.nodes for part in parts)])
    return Retention(
        way.grain, told["reading"], tuple(way.brackets), everybody[1],
        _curve(say("everybody_together"), *everybody),
        tuple(_curve(part.label, *of_part) for part, of_part in zip(parts, of_parts, strict=True)),
    )  # fmt: skip


def _are_brackets(edges: Sequence[float]) -> bool:
    """Tell whether there is a bracket at all, and each begins with a whole period."""
    return len(edges) > 1 and all(edge == int(edge) and 1 <= edge <= LAST_BRACKET for edge in edges)


class _Way:
    """How cohorts and returns are told, from what is given."""

    def __init__(self, asking: Asking, told: Given) -> None:
        self._asking = asking
        self._told = told
        self.grain: Grain = told["grain"]
        many = told["cohorts"] or _USUAL_COHORTS[self.grain]
        self.periods = _periods_up_to(asking.as_of, self.grain, many)
        self.whole = Period(self.periods[0].first, self.periods[-1].last)
        edges = [int(edge) for edge in told["brackets"]] if told["reading"] == "bracket" else []
        self.brackets = [(low, high - 1) for low, high in pairwise(edges)]
        self._conditions: dict[Days, Node] = {}

    def began(self, period: Period) -> tuple[Node, ...]:
        """Return the conditions of having begun in a period."""
        if self._told["begin"] == "first_event":
            event = str(self._told["first_event"])
            return (FirstTimeCondition(id="first", event=event, window=period.window),)
        return came(period, self._asking.as_of)

    def told_apart(self, parts: Sequence[tuple[Node, ...]]) -> list[tuple[Figure, tuple[Cohort, ...]]]:
        """Return for each part of the people who began at all, and the cohorts; all are asked together."""
        began = {period: self.began(period) for period in (self.whole, *self.periods)}
        cells = {period: self._cells(period) for period in self.periods}
        asked: list[Sequence[Node]] = []
        for among in parts:
            asked.append((*among, *began[self.whole]))
            for period in self.periods:
                of_cohort = (*among, *began[period])
                asked += [of_cohort, *((*of_cohort, self._returned(span)) for _, span in cells[period])]
        figures = iter(self._asking.figures(asked))
        return [
            (next(figures), tuple(self._cohort(period, cells[period], figures) for period in self.periods))
            for _ in parts
        ]

    def _cohort(self, period: Period, cells: Sequence[tuple[int, Days]], figures: Iterator[Figure]) -> Cohort:
        """Return one cohort from its figures: its people, then those of each cell."""
        people = next(figures)
        found = []
        for place, span in cells:
            cell = next(figures)
            found.append(Cell(place, cell, cell.share_of(people), self._is_complete(span, period, place)))
        return Cohort(period, people, tuple(found))

    def _cells(self, period: Period) -> list[tuple[int, Days]]:
        """Return the cells of a cohort whose days have begun: their places, and their days."""
        last = self._asking.as_of
        return [(place, span) for place, span in self._returns(period) if span.first and span.first <= last]

    def _returned(self, span: Days) -> Node:
        """Return the condition of having come back in some days; one and the same for all cohorts."""
        if span not in self._conditions:
            window = _window(span, self._asking.as_of)
            self._conditions[span] = any_of(did(self._told["returning"], window))
        return self._conditions[span]

    def _returns(self, period: Period) -> list[tuple[int, Days]]:
        """Return when the people of a cohort may come back: the cell's place and its days."""
        if self.brackets:
            return [
                (place, Days(self._after(period, low).first, self._after(period, high).last))
                for place, (low, high) in enumerate(self.brackets, 1)
            ]
        many = len(self.periods)
        found = []
        for after in range(many):
            then = self._after(period, after)
            # Who began is there in the first period; of it the classic reading says how many were active.
            found.append((after, Days(then.first, None if self._told["reading"] == "rolling" else then.last)))
        return found

    def _after(self, period: Period, periods: int) -> Period:
        return _moved(period.first, self.grain, periods)

    def _is_complete(self, span: Days, period: Period, after: int) -> bool:
        last = self._after(period, after).last if span.last is None else span.last
        return last <= self._asking.as_of


def _periods_up_to(as_of: date, grain: Grain, many: int) -> list[Period]:
    """Return the last `many` calendar periods up to the one that holds a day, which is whole here."""
    first = {"day": as_of, "week": clock.add_days(as_of, -as_of.weekday()), "month": as_of.replace(day=1)}
    return [_moved(first[grain], grain, -back) for back in range(many - 1, -1, -1)]


def _moved(first: date, grain: Grain, periods: int) -> Period:
    """Return the period so many after the one that begins with a day."""
    if grain == "month":
        start = clock.add_months(first, periods)
        return Period(start, clock.add_days(clock.add_months(start, 1), -1))
    days = 7 if grain == "week" else 1
    start = clock.add_days(first, periods * days)
    return Period(start, clock.add_days(start, days - 1))


def _window(span: Days, as_of: date) -> BetweenWindow:
    last = as_of if span.last is None else min(span.last, as_of)
    return BetweenWindow(from_=span.first, to=last)


def _curve(label: Text, people: Figure, cohorts: Sequence[Cohort]) -> Curve:
    """Return all cohorts together: at each place those whose cell is complete."""
    places = sorted({cell.after for cohort in cohorts for cell in cohort.cells})
    points = []
    for after in places:
        held = [
            (cohort.people, cell.people)
            for cohort in cohorts
            for cell in cohort.cells
            if cell.after == after and cell.is_complete
        ]
        if held:
            points.append(Point(after, len(held), *map(together, zip(*held, strict=True))))
    return Curve(label, people, tuple(points))


def _curve_json(curve: Curve) -> dict[str, object]:
    return {
        "label": dict(curve.label),
        "users": curve.people.users,
        "points": [
            {
                "after": point.after, "cohorts": point.cohorts, "users": point.people.users,
                "returned": point.returned.users,
                "share": None if point.share is None else point.share.as_json(),
            }
            for point in curve.points
        ],
    }  # fmt: skip
