"""The tables of overview, journey, life cycle, RFM and retention."""

from __future__ import annotations

from collections.abc import Mapping

from core.analytics.analyses import OverviewTold
from core.analytics.asking import Figure
from core.analytics.journey import Funnel, FunnelStep
from core.analytics.lifecycle import Lifecycle, stage_label
from core.analytics.overview import COURSES, MEASURES, OF_PEOPLE, Moment, Numbers, measure_label
from core.analytics.retention import Cell as RetentionCell
from core.analytics.retention import Curve, Retention
from core.analytics.rfm import Rfm, cell_label
from core.analytics.sheets.form import (
    Column,
    Kind,
    Sheet,
    Value,
    column,
    days_of,
    interval,
    minutes_of,
    sheet,
    value_of,
)
from core.messages import Text, say
from core.rules.tree import Rule
from core.schema import Catalogue


def overview_sheets(told: OverviewTold, catalogue: Catalogue) -> list[Sheet]:
    """Return overview as tables."""
    numbers = told.numbers
    kinds: dict[str, Kind] = {"gmv": "money", "average_order": "money", "repeat_rate": "share"}
    periods = (("now", numbers.now), ("before", numbers.before), ("year_before", numbers.year_before))
    measures = sheet(
        "overview",
        (
            column("period"), column("from", "date"), column("to", "date"),
            *(Column(m, measure_label(m), kinds.get(m, "users" if m in OF_PEOPLE else "count"))
              for m in MEASURES),
        ),
        [
            (say(f"period_{name}"), each.period.first, each.period.last, *_measures(each))
            for name, each in periods
        ],
        [(name,) for name, _ in periods],
    )  # fmt: skip
    course = sheet(
        "trends",
        (
            column("from", "date"), column("to", "date"),
            *(Column(m, measure_label(m), kinds.get(m, "count" if m == "orders" else "users"))
              for m in COURSES),
        ),
        [
            (each.period.first, each.period.last, *(_of_moment(each, measure) for measure in COURSES))
            for each in numbers.course
        ],
    )  # fmt: skip
    moved = sheet(
        "movements",
        (column("movement"), column("now", "users"), column("before", "users")),
        [(each.sentence(catalogue), each.now, each.before) for each in told.movements],
        [(each.measure, each.tag, each.label) for each in told.movements],
    )
    fresh = sheet(
        "freshness",
        (column("event"), column("rows", "count"), column("last_day", "date"), column("behind", "days")),
        [
            (catalogue.events[each.event].label.as_text(), each.rows, each.last_day, each.days_behind)
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


def _of_moment(moment: Moment, measure: str) -> Value:
    if measure in OF_PEOPLE:
        return moment.people(measure)
    return moment.bought.occurrences if measure == "orders" and moment.is_known else moment.value(measure)


def journey_sheets(told: Funnel, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return journey as tables."""
    by_session = told.session_minutes is not None
    sessions: tuple[Column, ...] = ()
    times = column("median", "days"), column("p90", "days")
    if by_session:
        sessions = column("sessions", "count"), column("sessions_on", "count")
        # Within a session steps follow each other in minutes.
        times = column("median_minutes", "number"), column("p90_minutes", "number")
    columns = (
        column("stage"), column("step"), column("reached", "users"), column("furthest", "users"),
        column("continued", "users"), *sessions, column("conversion", "share"), column("low", "share"),
        column("high", "share"), column("overall", "share"), *times,
        column("stuck", "users", n=told.stuck_days),
    )  # fmt: skip
    names = [(step.stage.key, step.step.key) for step in told.steps]
    found = [sheet("journey", columns, [_step(step, by_session=by_session) for step in told.steps], names)]
    if told.groups:
        rows = [
            (group.label, *_step(step, by_session=by_session))
            for group in told.groups
            for step in group.steps
        ]
        in_groups = [(group.label, *name) for group in told.groups for name in names]
        found.append(sheet("journey_groups", (column("group"), *columns), rows, in_groups))
    return found


def _step(step: FunnelStep, *, by_session: bool) -> tuple[Value, ...]:
    seconds, as_time = step.delays.seconds, minutes_of if by_session else days_of
    counted = step.sessions
    sessions: tuple[Value, ...] = ()
    if by_session:
        sessions = (None, None) if counted is None else (counted.reached, counted.continued)
    return (
        step.stage.label.as_text(), step.step.label.as_text(), _figure(step.reached, step.rule_reached),
        _figure(step.furthest, step.rule_furthest), _figure(step.continued, step.rule_continued),
        *sessions, *interval(step.interval),
        value_of(step.overall), *(as_time(seconds.get(part)) for part in (0.5, 0.9)), step.stuck,
    )  # fmt: skip


def _figure(users: int | None, rule: Rule | None) -> Figure | None:
    return None if users is None or rule is None else Figure(users, rule)


def lifecycle_sheets(told: Lifecycle, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return lifecycle as tables."""
    months = sheet(
        "stages",
        (
            column("as_of", "date"), column("lifecycle"), column("users", "users"),
            column("buyers", "users"), column("orders", "count"), column("amount", "money"),
        ),
        [
            (
                month.period.last, stage_label(stage.key), stage.people, stage.buyers,
                stage.bought.occurrences, stage.bought.total,
            )
            for month in told.months
            for stage in month.stages
        ],
        [(month.period.last, stage.key) for month in told.months for stage in month.stages],
    )  # fmt: skip
    flows = sheet(
        "flows",
        (
            column("was"), column("is"), column("users", "users"), column("rate", "share"),
            column("low", "share"), column("high", "share"),
        ),
        [
            (stage_label(flow.before), stage_label(flow.after), flow.people, *interval(flow.rate))
            for flow in told.flows
        ],
        [(flow.before, flow.after) for flow in told.flows],
    )  # fmt: skip
    expected = sheet(
        "expected",
        (column("lifecycle"), column("users", "count"), column("expected", "count")),
        [(stage_label(each.stage), each.now, round(each.users)) for each in told.expected],
    )
    # Who came or came back stands there by itself only where the two cannot be told apart.
    named = ("new", "retained", "returning", "lost", *(("gained",) if not told.knows_arrivals else ()))
    weeks = sheet(
        "weeks",
        (column("from", "date"), column("to", "date"), *(column(name, "users") for name in named)),
        [
            (week.period.first, week.period.last, *(getattr(week, name) for name in named))
            for week in told.weeks
        ],
    )
    return [months, flows, expected, weeks]


def rfm_sheets(told: Rfm, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return rfm as tables."""
    counted = (
        column("users", "users"), column("orders", "count"), column("amount", "money"),
        column("per_user", "money"),
    )  # fmt: skip

    def numbers(people: Figure, orders: int, amount: float | None) -> tuple[Value, ...]:
        average = None if amount is None or not people.users else amount / people.users
        return people, orders, amount, average

    cells = sheet(
        "cells",
        (column("cell"), *counted, column("of_buyers", "share"), column("advice")),
        [
            (each.label, *numbers(each.people, each.bought.occurrences, each.bought.total),
             value_of(each.share), each.advice)
            for each in told.cells
        ],
        [(each.key,) for each in told.cells],
    )  # fmt: skip
    squares = sheet(
        "squares",
        (column("recency", "number"), column("frequency", "number"), *counted),
        [
            (each.recency, each.frequency,
             *numbers(each.people, each.bought.occurrences, each.bought.total))
            for each in told.squares
        ],
        [(each.recency, each.frequency) for each in told.squares],
    )  # fmt: skip
    moves = sheet(
        "moves",
        (column("was"), column("is"), column("users", "users")),
        [(cell_label(move.before), cell_label(move.after), move.people) for move in told.moves],
        [(move.before, move.after) for move in told.moves],
    )
    shifts = sheet(
        "shifts",
        (column("side"), column("high_from", "number"), column("changed", "users"),
         column("of_buyers", "share")),
        [
            (say(f"rfm_side_{each.side}"), each.high_from, each.changed, value_of(each.share))
            for each in told.shifts
        ],
        [(each.side, each.high_from) for each in told.shifts],
    )  # fmt: skip
    return [cells, squares, moves, shifts]


def retention_sheets(told: Retention, catalogue: Catalogue) -> list[Sheet]:  # noqa: ARG001 - as for all analyses
    """Return retention as tables."""
    places = sorted({cell.after for cohort in told.cohorts for cell in cohort.cells})
    heads = [Column(place_key(place), place_label(told, place), "users") for place in places]

    def row(cells: Mapping[int, RetentionCell]) -> list[Value]:
        return [cells[place].people if place in cells else None for place in places]

    cohorts = sheet(
        "cohorts",
        (column("cohort", "date"), column("users", "users"), *heads),
        [
            (each.period.first, each.people, *row({cell.after: cell for cell in each.cells}))
            for each in told.cohorts
        ],
    )
    curve = sheet(
        "curve",
        (column("group"), column("after"), column("cohorts", "count"), column("users", "users"),
         column("returned", "users"), column("rate", "share"), column("low", "share"),
         column("high", "share")),
        [row for curve in (told.curve, *told.curves) for row in _points(told, curve)],
    )  # fmt: skip
    return [cohorts, curve]


def _points(told: Retention, curve: Curve) -> list[tuple[Value, ...]]:
    return [
        (curve.label, place_label(told, point.after), point.cohorts, point.people, point.returned,
         *interval(point.share))
        for point in curve.points
    ]  # fmt: skip


def place_key(place: int) -> str:
    """Return the key of the column of those who came back so long after the beginning."""
    return f"after_{place}"


def place_label(told: Retention, place: int) -> Text:
    """Return how long after the beginning a cell stands: "week 3", "days 2–4"."""
    if told.brackets:
        low, high = told.brackets[place - 1]
        code = "single" if low == high else "bracket"
        return say(f"retention_{told.grain}_{code}", n=low, low=low, high=high)
    return say(f"retention_{told.grain}_single", n=place)
