"""RFM: buyers by how lately, how often and for how much they bought (Hughes, 1994).

Scores go from 1 to 5, 5 the best; the eight named cells tell high from low on each side, as the ready tag
`core.tags.templates.rfm` does. Spend is what was paid, before money came back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core import clock
from core.analytics.asking import Asking, Figure, Share, as_of_day, share
from core.clock import Days
from core.engines.tallies import Deeds, Done
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.parts import BetweenWindow, PropertyCondition
from core.rules.tree import EventCondition, Group, Node, Window
from core.schema import Catalogue
from core.tags.templates.proposals import Given, Slot, filled
from core.tags.templates.rfm import CELLS, RFM

SCORES = (1, 2, 3, 4, 5)
NEVER, COME = "never", "come"
"""Who has not bought; who was no user yet."""
SIDES = ("r", "f", "m")
_FREE = {"refund", "refunded"}
Place = tuple[float | date | None, float | date | None]
"""The values of a score: above the first, up to the second; None = no end."""


@dataclass(frozen=True)
class Scale:
    """Where the five scores of one side begin and end.

    Attributes
    ----------
    side : {"r", "f", "m"}
    edges : tuple
        Four values between the scores, from the worst to the best: days of the last purchase for "r", numbers
        otherwise; empty where nobody bought. A value above exactly j of them has the score j + 1.
    is_reached : bool
        Whether a value that equals an edge counts as above it, as thresholds do.
    """

    side: str
    edges: tuple[float | date, ...]
    is_reached: bool = False

    def place(self, low: int, high: int) -> Place:
        """Return between which values the scores from `low` to `high` lie."""
        ends = (None, *self.edges, None) if self.edges else (None,) * 6
        return ends[low - 1], ends[high]


@dataclass(frozen=True)
class Square:
    """The buyers with one score of recency and one of frequency."""

    recency: int
    frequency: int
    people: Figure
    bought: Done


@dataclass(frozen=True)
class NamedCell:
    """One of the eight cells.

    Attributes
    ----------
    key : str
        See `core.tags.templates.rfm.CELLS`.
    """

    key: str
    people: Figure
    share: Share | None
    bought: Done

    @property
    def label(self) -> Text:
        """Its name."""
        return say(f"rfm_{self.key}")

    @property
    def advice(self) -> Text:
        """What is usually done for these people."""
        return say(f"rfm_{self.key}_advice")


@dataclass(frozen=True)
class Move:
    """People who were in one cell on an earlier day and are in one now; `NEVER` and `COME` are such cells."""

    before: str
    after: str
    people: Figure


@dataclass(frozen=True)
class Shift:
    """What moving one threshold to the neighbouring score would do.

    Attributes
    ----------
    side : {"r", "f", "m"}
    high_from : int
        The score from which the side would be high.
    changed : Figure
        The buyers who would be in another cell.
    share : Share or None
        Of all buyers.
    """

    side: str
    high_from: int
    changed: Figure
    share: Share | None


@dataclass(frozen=True)
class Rfm:
    """The buyers of some people, by RFM.

    Attributes
    ----------
    buyers, never : Figure
        Who bought in the days looked at, and who did not.
    scales : mapping of str to Scale
        By side.
    squares : tuple of Square
        All 25, empty ones among them.
    cells : tuple of NamedCell
        All eight.
    moves : tuple of Move
        Between `since` and now, the pairs that hold anybody.
    knows_arrivals : bool
        Whether the data say since when people are users. Where they do not, nobody moves in from outside:
        who came since is among those who had never bought.
    """

    buyers: Figure
    never: Figure
    scales: Mapping[str, Scale]
    high_from: int
    squares: tuple[Square, ...]
    cells: tuple[NamedCell, ...]
    shifts: tuple[Shift, ...]
    since: date
    moves: tuple[Move, ...]
    knows_arrivals: bool

    @property
    def notes(self) -> tuple[Text, ...]:
        """What is not known of newcomers, and what would tell it."""
        return () if self.knows_arrivals else (say("no_arrivals"), say("rfm_no_arrivals"))

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "buyers": self.buyers.users,
            "never": self.never.users,
            "high_from": self.high_from,
            "scales": {side: [_written(edge) for edge in scale.edges] for side, scale in self.scales.items()},
            "squares": [
                {"recency": square.recency, "frequency": square.frequency, **_counted(square)}
                for square in self.squares
            ],
            "cells": [
                {
                    "cell": cell.key, "label": dict(cell.label), **_counted(cell),
                    "share": None if cell.share is None else cell.share.as_json(),
                }
                for cell in self.cells
            ],
            "shifts": [
                {
                    "side": shift.side, "high_from": shift.high_from, "changed": shift.changed.users,
                    "share": None if shift.share is None else shift.share.as_json(),
                }
                for shift in self.shifts
            ],
            "since": self.since.isoformat(),
            "moves": [{"from": m.before, "to": m.after, "users": m.people.users} for m in self.moves],
            "notes": [dict(note) for note in self.notes],
        }  # fmt: skip


def cell_label(cell: str) -> Text:
    """Return the name of a cell, of those who never bought, or of those who came."""
    return say("lifecycle_come" if cell == COME else f"rfm_{cell}")


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what RFM must be told, with what the catalogue suggests."""
    return tuple(slot for slot in RFM.slots(catalogue) if slot.key not in _FREE)


def rfm(asking: Asking, given: Given | None = None, *, since: date | None = None) -> Rfm:
    """Return the buyers by RFM.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; what is left out stands at its default. Thresholds are those of the ready
        tag: recency in days, frequency in purchases, spend in money; a value that reaches one has the score.
    since : datetime.date or None
        The earlier day from which moves are told, by its own scores; None = a month before.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given; if `since` is not before the day.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    since = since or clock.add_months(asking.as_of, -1)
    if since >= asking.as_of:
        raise RuleError(Problem("rfm_since_not_before", params={"since": since, "as_of": asking.as_of}))
    now, then = _Scored(asking, told, asking.as_of), _Scored(asking, told, since)
    span = Days(now.first, asking.as_of)
    buyers, never = asking.figures([(now.bought,), (now.bought_nothing,)])
    squares = [(r, f) for r in SCORES[::-1] for f in SCORES]
    in_squares = asking.figures((*now.scores("r", r, r), *now.scores("f", f, f)) for r, f in squares)
    in_cells = asking.figures(now.cell(key) for key, *_ in CELLS)
    deeds = Deeds(now.event, amount=now.amount)
    done = asking.totals([*in_squares, *in_cells], deeds, span)
    return Rfm(
        buyers=buyers,
        never=never,
        scales=now.scales,
        high_from=now.high_from,
        squares=tuple(
            Square(r, f, figure, bought)
            for (r, f), figure, bought in zip(squares, in_squares, done[: len(squares)], strict=True)
        ),
        cells=tuple(
            NamedCell(key, figure, figure.share_of(buyers), bought)
            for (key, *_), figure, bought in zip(CELLS, in_cells, done[len(squares) :], strict=True)
        ),
        shifts=tuple(_shifts(asking, now, buyers)),
        since=since,
        moves=tuple(_moves(asking, now, then)),
        knows_arrivals=asking.knows_arrivals(),
    )


class _Scored:
    """The scores of one day as conditions that are asked as of it."""

    def __init__(self, asking: Asking, told: Given, day: date) -> None:
        self.day = day
        self.event, self.amount = str(told["purchase"]), str(told["amount"])
        self.high_from = int(told["high_from"])
        self.first = None if told["days"] is None else clock.add_days(day, 1 - int(told["days"]))
        self._paid = (PropertyCondition(property=self.amount, op="gt", value=0),)
        self._window: Window | None = None if self.first is None else BetweenWindow(from_=self.first, to=day)
        self.bought = self._measure("count", "gte", 1)
        self.bought_nothing = self._measure("count", "eq", 0)
        by_quintiles = told["method"] == "quintiles"
        self.scales = {
            side: self._quintiles(asking, side) if by_quintiles else self._thresholds(told, side)
            for side in SIDES
        }

    def scores(self, side: str, low: int, high: int) -> tuple[Node, ...]:
        """Return the conditions of a buyer's score lying between two, both in."""
        above, upto = self.scales[side].place(low, high)
        return (self.bought, *self._between(side, above, upto))

    def cell(self, key: str) -> tuple[Node, ...]:
        """Return the conditions of standing in a named cell; of `NEVER` of having bought nothing."""
        if key == NEVER:
            return (self.bought_nothing,)
        levels = next(levels for cell, *levels in CELLS if cell == key)
        found: list[Node] = [self.bought]
        for side, level in zip(SIDES, levels, strict=True):
            low, high = (self.high_from, 5) if level == "high" else (1, self.high_from - 1)
            found += self._between(side, *self.scales[side].place(low, high))
        return tuple(found)

    def _between(self, side: str, above: Any, upto: Any) -> tuple[Node, ...]:
        if side == "r":
            # A later day is the better score.
            low = None if above is None else clock.add_days(above, 1)
            if low is not None and upto is not None and low > upto:
                return (self._measure("last_at", "not_set"), self._measure("last_at", "is_set"))
            if low is not None and upto is not None:
                return (self._measure("last_at", "between", [low.isoformat(), upto.isoformat()]),)
            if low is not None:
                return (self._measure("last_at", "after", above.isoformat()),)
            if upto is not None:
                return (self._measure("last_at", "before", clock.add_days(upto, 1).isoformat()),)
            return ()
        reached = self.scales[side].is_reached
        low_op, high_op = ("gte", "lt") if reached else ("gt", "lte")
        ends = ((low_op, above), (high_op, upto))
        return tuple(self._value(side, op, value) for op, value in ends if value is not None)

    def _value(self, side: str, op: str, value: float) -> EventCondition:
        if side == "f":
            return self._measure("count", op, value)
        return self._measure("sum", op, value, self.amount, where=())

    def _measure(
        self, measure: Any, op: str, value: Any = None, of: str | None = None,
        where: tuple[PropertyCondition, ...] | None = None,
    ) -> EventCondition:  # fmt: skip
        return EventCondition(
            id=f"{measure}_{op}", event=self.event, measure=measure, property=of, op=op, value=value,
            where=self._paid if where is None else where, window=self._window,
        )  # fmt: skip

    def _quintiles(self, asking: Asking, side: str) -> Scale:
        """Return the scale whose scores hold a fifth of the buyers each, as far as equal values allow."""
        node = {
            "r": self._measure("last_at", "is_set"),
            "f": self._measure("count", "gte", 0),
            "m": self._measure("sum", "gte", 0, self.amount, where=()),
        }[side]
        if self.day == asking.as_of:
            rule = asking.rule(self.bought, node)
            measured = rule.include.children[-1]
        else:
            rule = asking.rule(as_of_day(self.day, (self.bought, node)))
            then = rule.include.children[-1]
            measured = then.children[-1] if isinstance(then, Group) else then
        spread = asking.engine.spread(rule, measured.id, asking.as_of)
        if side != "r":
            return Scale(side, tuple(_fifths(spread.values, spread.counts)))
        # Fifths are counted from the fewest days since the last purchase, as the ready tag counts them.
        newest_first = _fifths(spread.values.reverse(), spread.counts[::-1])
        return Scale(side, tuple(clock.add_days(last, -1) for last in reversed(newest_first)))

    def _thresholds(self, told: Given, side: str) -> Scale:
        if side == "r":
            # So many days since, or more, is the worse score; of days there are whole ones only.
            days = reversed(told["recency_edges"])
            return Scale(side, tuple(clock.add_days(self.day, -math.ceil(each)) for each in days))
        edges = told["frequency_edges" if side == "f" else "spend_edges"]
        return Scale(side, tuple(float(edge) for edge in edges), is_reached=True)


def _fifths(values: pl.Series, counts: NDArray[np.int64]) -> list[Any]:
    """Return the ceil(i n / 5)-th of n values in this order, i from 1 to 4 (``percentile_disc(i/5)``)."""
    upto = np.cumsum(counts)
    if not len(upto):
        return []
    places = np.searchsorted(upto, [-(-i * int(upto[-1]) // 5) for i in range(1, 5)])
    return [values[int(place)] for place in places]


def _shifts(asking: Asking, now: _Scored, buyers: Figure) -> list[Shift]:
    """Return for each side what one score more or less for "high" would change."""
    asked = [
        (side, moved, min(moved, now.high_from))
        for side, moved in product(SIDES, (now.high_from - 1, now.high_from + 1))
        if 2 <= moved <= 5
    ]
    figures = asking.figures(now.scores(side, score, score) for side, _, score in asked)
    return [
        Shift(side, moved, figure, share(figure.users, buyers.users))
        for (side, moved, _), figure in zip(asked, figures, strict=True)
    ]


def _moves(asking: Asking, now: _Scored, then: _Scored) -> list[Move]:
    cells = [*(key for key, *_ in CELLS), NEVER]
    before: dict[str, tuple[Node, ...]] = {key: (as_of_day(then.day, then.cell(key)),) for key in cells}
    came = asking.came_since(then.day)
    if came is not None:
        before[COME] = came
    pairs = list(product(before, cells))
    figures = asking.figures((*before[was], *now.cell(now_in)) for was, now_in in pairs)
    return [
        Move(was, now_in, figure)
        for (was, now_in), figure in zip(pairs, figures, strict=True)
        if figure.users
    ]


def _counted(group: Square | NamedCell) -> dict[str, object]:
    bought, users = group.bought, group.people.users
    average = None if not users or bought.total is None else round(bought.total / users, 2)
    return {"users": users, "orders": bought.occurrences, "amount": bought.total, "average": average}


def _written(edge: float | date) -> float | str:
    return edge.isoformat() if isinstance(edge, date) else edge
