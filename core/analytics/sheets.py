"""What analyses tell as plain tables: on a page, in a file, on the command line and in the report the same.

A cell that is a `Figure` is a number of users that opens as an audience.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from core.analytics.analyses import OverviewTold, Told
from core.analytics.asking import Figure, Share
from core.analytics.journey import Funnel, FunnelStep
from core.analytics.lifecycle import Lifecycle, stage_label
from core.analytics.overview import MEASURES, OF_PEOPLE, Numbers, measure_label
from core.analytics.retention import Cell as RetentionCell
from core.analytics.retention import Curve, Retention
from core.analytics.rfm import Rfm, cell_label
from core.messages import Text, say
from core.schema import Catalogue, Label

Kind = Literal["text", "users", "count", "money", "number", "share", "days", "date"]
Value = Text | str | int | float | date | Figure | None
"""Shares are between 0 and 1, days may have fractions; None = there is none."""


@dataclass(frozen=True)
class Column:
    """One column: its head, and how its values are written."""

    label: Text
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """One table of an analysis.

    Attributes
    ----------
    key : str
        Its name in files.
    rows : tuple of tuple
        As many values as there are columns.
    """

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


def sheets(told: Told, catalogue: Catalogue) -> tuple[Sheet, ...]:
    """Return what an analysis tells as tables."""
    return tuple(_SHEETS[type(told)](told, catalogue))


def _column(code: str, kind: Kind = "text", **params: object) -> Column:
    return Column(say(f"sheet_{code}", **params), kind)


def _sheet(key: str, columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> Sheet:
    return Sheet(key, say(f"sheet_title_{key}"), tuple(columns), tuple(tuple(row) for row in rows))


def _overview(told: OverviewTold, catalogue: Catalogue) -> list[Sheet]:
    numbers = told.numbers
    kinds: dict[str, Kind] = {"gmv": "money", "average_order": "money", "repeat_rate": "share"}
    periods = (("now", numbers.now), ("before", numbers.before), ("year_before", numbers.year_before))
    measures = _sheet(
        "overview",
        (
            _column("period"), _column("from", "date"), _column("to", "date"),
            *(Column(measure_label(m), kinds.get(m, "users" if m in OF_PEOPLE else "count"))
              for m in MEASURES),
        ),
        [
            (say(f"period_{name}"), each.period.first, each.period.last, *_measures(each))
            for name, each in periods
        ],
    )  # fmt: skip
    course = _sheet(
        "trends",
        (
            _column("from", "date"), _column("to", "date"),
            *(Column(measure_label(m), kinds.get(m, "count" if m == "orders" else "users"))
              for m in ("new", "active", "buyers", "orders", "gmv")),
        ),
        [
            (m.period.first, m.period.last, m.new, m.active, m.buyers, m.bought.occurrences, m.bought.total)
            for m in numbers.course
        ],
    )  # fmt: skip
    moved = _sheet(
        "movements",
        (_column("movement"), _column("now", "users"), _column("before", "users")),
        [(each.sentence(catalogue), each.now, each.before) for each in told.movements],
    )
    fresh = _sheet(
        "freshness",
        (_column("event"), _column("rows", "count"), _column("last_day", "date"), _column("behind", "days")),
        [
            (_text(catalogue.events[each.event].label), each.rows, each.last_day, each.days_behind)
            for each in numbers.freshness
        ],
    )
    return [measures, course, moved, fresh]


def _measures(numbers: Numbers) -> list[Value]:
    if not numbers.is_known:
        return [None] * len(MEASURES)
    found: dict[str, Value] = {measure: numbers.value(measure) for measure in MEASURES}
    found |= {measure: numbers.people(measure) for measure in OF_PEOPLE}
    return [*({**found, "orders": numbers.bought.occurrences}.values())]


def _journey(told: Funnel, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    columns = (
        _column("stage"), _column("step"), _column("reached", "users"), _column("furthest", "users"),
        _column("continued", "users"), _column("conversion", "share"), _column("low", "share"),
        _column("high", "share"), _column("overall", "share"), _column("median", "days"),
        _column("p90", "days"), _column("stuck", "users", n=told.stuck_days),
    )  # fmt: skip
    found = [_sheet("journey", columns, [_step(step) for step in told.steps])]
    if told.groups:
        rows = [(group.label, *_step(step)) for group in told.groups for step in group.steps]
        found.append(_sheet("journey_groups", (_column("group"), *columns), rows))
    return found


def _step(step: FunnelStep) -> tuple[Value, ...]:
    seconds = step.delays.seconds
    continued = (
        None
        if step.continued is None or step.rule_continued is None
        else Figure(step.continued, step.rule_continued)
    )
    return (
        _text(step.stage.label), _text(step.step.label), Figure(step.reached, step.rule_reached),
        Figure(step.furthest, step.rule_furthest), continued, *_interval(step.interval),
        _value(step.overall), _days(seconds.get(0.5)), _days(seconds.get(0.9)), step.stuck,
    )  # fmt: skip


def _lifecycle(told: Lifecycle, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    months = _sheet(
        "stages",
        (
            _column("as_of", "date"), _column("lifecycle"), _column("users", "users"),
            _column("buyers", "users"), _column("orders", "count"), _column("amount", "money"),
        ),
        [
            (
                month.period.last, stage_label(stage.key), stage.people, stage.buyers,
                stage.bought.occurrences, stage.bought.total,
            )
            for month in told.months
            for stage in month.stages
        ],
    )  # fmt: skip
    flows = _sheet(
        "flows",
        (
            _column("was"), _column("is"), _column("users", "users"), _column("rate", "share"),
            _column("low", "share"), _column("high", "share"),
        ),
        [
            (stage_label(flow.before), stage_label(flow.after), flow.people, *_interval(flow.rate))
            for flow in told.flows
        ],
    )  # fmt: skip
    expected = _sheet(
        "expected",
        (_column("lifecycle"), _column("users", "count"), _column("expected", "count")),
        [(stage_label(each.stage), each.now, round(each.users)) for each in told.expected],
    )
    weeks = _sheet(
        "weeks",
        (
            _column("from", "date"), _column("to", "date"),
            *(_column(name, "users") for name in ("new", "retained", "returning", "lost")),
        ),
        [
            (week.period.first, week.period.last, week.new, week.retained, week.returning, week.lost)
            for week in told.weeks
        ],
    )  # fmt: skip
    return [months, flows, expected, weeks]


def _rfm(told: Rfm, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    counted = (
        _column("users", "users"), _column("orders", "count"), _column("amount", "money"),
        _column("per_user", "money"),
    )  # fmt: skip

    def numbers(people: Figure, orders: int, amount: float | None) -> tuple[Value, ...]:
        average = None if amount is None or not people.users else amount / people.users
        return people, orders, amount, average

    cells = _sheet(
        "cells",
        (_column("cell"), *counted, _column("of_buyers", "share"), _column("advice")),
        [
            (each.label, *numbers(each.people, each.bought.occurrences, each.bought.total),
             _value(each.share), each.advice)
            for each in told.cells
        ],
    )  # fmt: skip
    squares = _sheet(
        "squares",
        (_column("recency", "number"), _column("frequency", "number"), *counted),
        [
            (each.recency, each.frequency,
             *numbers(each.people, each.bought.occurrences, each.bought.total))
            for each in told.squares
        ],
    )  # fmt: skip
    moves = _sheet(
        "moves",
        (_column("was"), _column("is"), _column("users", "users")),
        [(cell_label(move.before), cell_label(move.after), move.people) for move in told.moves],
    )
    shifts = _sheet(
        "shifts",
        (_column("side"), _column("high_from", "number"), _column("changed", "users"),
         _column("of_buyers", "share")),
        [
            (say(f"rfm_side_{each.side}"), each.high_from, each.changed, _value(each.share))
            for each in told.shifts
        ],
    )  # fmt: skip
    return [cells, squares, moves, shifts]


def _retention(told: Retention, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    places = sorted({cell.after for cohort in told.cohorts for cell in cohort.cells})
    heads = [Column(place_label(told, place), "users") for place in places]

    def row(cells: Mapping[int, RetentionCell]) -> list[Value]:
        return [cells[place].people if place in cells else None for place in places]

    cohorts = _sheet(
        "cohorts",
        (_column("cohort", "date"), _column("users", "users"), *heads),
        [
            (each.period.first, each.people, *row({cell.after: cell for cell in each.cells}))
            for each in told.cohorts
        ],
    )
    curve = _sheet(
        "curve",
        (_column("group"), _column("after"), _column("cohorts", "count"), _column("users", "count"),
         _column("returned", "count"), _column("rate", "share"), _column("low", "share"),
         _column("high", "share")),
        [row for curve in (told.curve, *told.curves) for row in _points(told, curve)],
    )  # fmt: skip
    return [cohorts, curve]


def _points(told: Retention, curve: Curve) -> list[tuple[Value, ...]]:
    return [
        (curve.label, place_label(told, point.after), point.cohorts, point.people, point.returned,
         *_interval(point.share))
        for point in curve.points
    ]  # fmt: skip


def place_label(told: Retention, place: int) -> Text:
    """Return how long after the beginning a cell stands: "week 3", "days 2–4"."""
    if told.brackets:
        low, high = told.brackets[place - 1]
        code = "single" if low == high else "bracket"
        return say(f"retention_{told.grain}_{code}", n=low, low=low, high=high)
    return say(f"retention_{told.grain}_single", n=place)


def _text(label: Label) -> Text:
    return Text(zh=label.zh, en=label.en)


def _interval(share: Share | None) -> tuple[Value, Value, Value]:
    return (None, None, None) if share is None else (share.value, share.low, share.high)


def _value(share: Share | None) -> float | None:
    return None if share is None else share.value


def _days(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 86_400


_SHEETS: Mapping[type[Any], Callable[[Any, Catalogue], list[Sheet]]] = {
    OverviewTold: _overview,
    Funnel: _journey,
    Lifecycle: _lifecycle,
    Rfm: _rfm,
    Retention: _retention,
}
