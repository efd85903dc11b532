"""Which pictures show what an analysis tells: of people here, of money and members in `money_pictures`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.analytics.analyses import BudgetTold, ChannelsTold, OverviewTold, Told
from core.analytics.asking import Share
from core.analytics.journey import Funnel, FunnelGroup
from core.analytics.lifecycle import COME, Lifecycle, stage_label
from core.analytics.members import Members
from core.analytics.overview import MEASURES, Numbers, Overview, measure_label
from core.analytics.retention import Curve, Retention
from core.analytics.rfm import SCORES, Rfm
from core.analytics.sheets import place_label
from core.analytics.wording import NONE, Wording, change, money, percent, points
from core.report import charts, svg
from core.report.framing import figure, side_by_side
from core.report.money_pictures import budget_pictures, channels_pictures, members_pictures
from core.report.tables import Cell, Grid, grid_html
from core.tags.templates.lifecycle import STAGES

TRENDS = ("active", "buyers", "new", "orders", "gmv")
STAGE_COLOURS = tuple(svg.SERIES[n] for n in (0, 2, 6, 1, 5))
"""Of the five stages, from fresh to gone; as on the pages."""
WEEK_COLOURS = {
    "retained": svg.SERIES[0], "returning": svg.SERIES[2], "gained": svg.SERIES[2], "new": svg.SERIES[1],
    "lost": svg.LOST,
}  # fmt: skip
RATES = ("average_order", "repeat_rate")
_MOST_CURVES = 8


def pictures(told: Told, words: Wording) -> list[str]:
    """Return the pictures of what an analysis tells, as markup; those with nothing to show are left out."""
    return [each for each in _PICTURES[type(told)](told, words) if each]


def _overview(told: OverviewTold, words: Wording) -> list[str]:
    numbers = told.numbers
    cards = "".join(_card(numbers, measure, words) for measure in MEASURES)
    found = [f'<div class="cards">{cards}</div>']
    if len(numbers.course) > 1:
        found.append(
            side_by_side(
                [_trend(numbers, measure, words) for measure in TRENDS if numbers.has_course(measure)]
            )
        )
    return found


def _card(numbers: Overview, measure: str, words: Wording) -> str:
    label = svg.clean(words.pick(measure_label(measure)))
    if not numbers.now.is_known:
        unknown = svg.clean(words.say("report_not_known"))
        return f'<div class="card"><h3>{label}</h3><p>{NONE}</p><ul><li>{unknown}</li></ul></div>'
    value = _measure(numbers.now, measure, words)
    against = ""
    for name, then in (("before", numbers.before), ("year", numbers.year_before)):
        compared = svg.clean(words.say(f"report_vs_{name}"))
        against += f"<li>{compared} {_against(numbers.now, then, measure, words)}</li>"
    return f'<div class="card"><h3>{label}</h3><p>{svg.clean(value)}</p><ul>{against}</ul></div>'


def _measure(numbers: Numbers, measure: str, words: Wording) -> str:
    value = numbers.value(measure)
    if value is None:
        return NONE
    if measure == "repeat_rate":
        return percent(value)
    return money(value) if measure in ("gmv", "average_order") else words.written(value, "count")


def _against(now: Numbers, then: Numbers, measure: str, words: Wording) -> str:
    if not then.is_known:
        return f"<span>{svg.clean(words.say('report_not_known'))}</span>"
    mine, theirs = now.value(measure), then.value(measure)
    if mine is None or theirs is None:
        return f"<b>{NONE}</b>"
    moved = points(mine, theirs) if measure == "repeat_rate" else change(mine, theirs)
    tone = "up" if mine > theirs else "down" if mine < theirs else "same"
    was = svg.clean(_measure(then, measure, words) if measure in RATES else words.short(theirs))
    return f'<b class="{tone}">{svg.clean(moved or NONE)}</b> <span>{was}</span>'


def _trend(numbers: Overview, measure: str, words: Wording) -> str:
    values = [moment.value(measure) for moment in numbers.course]
    heads = [moment.period.first.isoformat()[5 if len(values) <= 62 else 0 :] for moment in numbers.course]
    name = words.pick(measure_label(measure))
    told = [charts.Line(name, values, svg.BRAND)]
    drawn = charts.lines(
        heads, told, words.short, name, width=charts.HALF, height=132, whole=measure != "gmv"
    )
    return figure(name, drawn)


def _journey(told: Funnel, words: Wording) -> list[str]:
    stops = []
    for n, step in enumerate(told.steps):
        label, went_on = words.pick(step.step.label.as_text()), None
        if step.conversion is not None and n + 1 < len(told.steps):
            went_on = words.say("report_went_on", share=percent(step.conversion))
        share = "" if step.overall is None else f" ({percent(step.overall.value)})"
        stage = words.pick(step.stage.label.as_text())
        stops.append(
            charts.Stop(
                stage, label, step.reached or 0, step.furthest or 0,
                NONE if step.reached is None else f"{step.reached:,}{share}", went_on,
            )
        )  # fmt: skip
    title = words.say("report_picture_funnel")
    is_known = any(step.reached is not None for step in told.steps)
    found = [figure(title, charts.funnel(stops, title))] if is_known else []
    # Of a first step that is not known there are no shares.
    if told.groups and told.steps[0].reached is not None:
        found.append(_journey_groups(told.groups, words))
    return found


def _journey_groups(groups: Sequence[FunnelGroup], words: Wording) -> str:
    steps = groups[0].steps
    heads = (
        Cell(words.say("sheet_group"), "text"), Cell(words.say("sheet_users")),
        *(Cell(words.pick(step.step.label.as_text()), "heat") for step in steps),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(words.pick(group.label), "text"), Cell(f"{group.total:,}"),
            *(_heat(step.overall, f"{step.reached:,}", 1) for step in group.steps),
        )
        for group in groups
    )  # fmt: skip
    title = words.say("report_picture_groups")
    return figure(title, grid_html(Grid(title, heads, rows, 2)))


def _lifecycle(told: Lifecycle, words: Wording) -> list[str]:
    ends = [month.period.last.isoformat() for month in told.months]
    layers = [
        charts.Layer(
            words.pick(stage_label(key)),
            [month.stages[n].people.users for month in told.months],
            STAGE_COLOURS[n],
        )
        for n, key in enumerate(STAGES)
    ]
    title = words.say("report_picture_stages")
    found = [figure(title, charts.columns(ends, layers, words.short, title))]
    if told.flows:
        sources = (*STAGES, COME)
        colours = (*STAGE_COLOURS, svg.MARK)
        left = [
            (words.pick(stage_label(key)), tint) for key, tint in zip(sources, colours, strict=True)
        ]  # fmt: skip
        streams = [
            charts.Stream(sources.index(flow.before), STAGES.index(flow.after), flow.people.users)
            for flow in told.flows
        ]
        title = words.say("report_picture_flows", before=ends[-2], after=ends[-1])
        found.append(figure(title, charts.flows(left, left[:-1], streams, _whole, title)))
    return [*found, _weeks(told, words)]


def _weeks(told: Lifecycle, words: Wording) -> str:
    layers = [
        charts.Layer(
            words.say(f"sheet_{name}"),
            [(-1 if name == "lost" else 1) * getattr(week, name).users for week in told.weeks],
            WEEK_COLOURS[name],
        )
        for name in told.parts_of_weeks
    ]
    if not any(value for layer in layers for value in layer.values):
        return ""
    heads = [week.period.first.isoformat()[5:] for week in told.weeks]
    title = words.say("report_picture_weeks")
    return figure(title, charts.columns(heads, layers, words.short, title))


def _rfm(told: Rfm, words: Wording) -> list[str]:
    rows = [
        charts.Bar(
            words.pick(cell.label), cell.people.users,
            f"{cell.people.users:,} ({percent(cell.share.value if cell.share else 0)})",
        )
        for cell in told.cells
    ]  # fmt: skip
    title = words.say("sheet_title_cells")
    found = [figure(title, charts.bars(rows, title))]
    people = {(square.recency, square.frequency): square.people.users for square in told.squares}
    most = max(people.values(), default=0) or 1
    heads = (Cell(words.say("report_r_by_f"), "text"), *(Cell(f"F {f}", "heat") for f in SCORES))
    squares = tuple(
        (
            Cell(f"R {r}", "text"),
            *(
                Cell(f"{people[r, f]:,}", "heat", percent(people[r, f] / (told.buyers.users or 1)),
                     people[r, f] / most)
                for f in SCORES
            ),
        )
        for r in SCORES[::-1]
    )  # fmt: skip
    title = words.say("report_picture_squares")
    return [*found, figure(title, grid_html(Grid(title, heads, squares, 1)))]


def _retention(told: Retention, words: Wording) -> list[str]:
    shown = [told.curve, *told.curves[:_MOST_CURVES]]
    places = sorted({point.after for curve in shown for point in curve.points if point.after})
    found = []
    if places:
        heads = [words.pick(place_label(told, place)) for place in places]
        drawn = [_curve(curve, n, places, words) for n, curve in enumerate(shown)]
        title = words.say("sheet_title_curve")
        curves = charts.lines(heads, drawn, percent, title, height=210, axis=_whole_percent)
        found.append(figure(title, curves))
    return [*found, _cohorts(told, words)]


def _curve(curve: Curve, number: int, places: Sequence[int], words: Wording) -> charts.Line:
    held = {point.after: point.share.value for point in curve.points if point.share is not None}
    tint = svg.INK if number == 0 else svg.SERIES[(number - 1) % len(svg.SERIES)]
    return charts.Line(
        words.pick(curve.label), [held.get(place) for place in places], tint, is_strong=number == 0
    )


def _cohorts(told: Retention, words: Wording) -> str:
    places = sorted({cell.after for cohort in told.cohorts for cell in cohort.cells})
    shares = [cell.share.value for c in told.cohorts for cell in c.cells if cell.share and cell.after]
    most = max(shares, default=0) or 1
    heads = (
        Cell(words.say("sheet_cohort"), "date"), Cell(words.say("sheet_users")),
        *(Cell(words.pick(place_label(told, place)), "heat") for place in places),
    )  # fmt: skip
    rows = []
    for cohort in told.cohorts:
        held = {cell.after: cell for cell in cohort.cells}
        cells = [
            _heat(cell.share, f"{cell.people.users:,}", most,
                  is_young=not cell.is_complete)
            if (cell := held.get(place)) is not None
            else Cell("", "heat")
            for place in places
        ]  # fmt: skip
        first = cohort.period.first.isoformat()
        rows.append((Cell(first, "date"), Cell(f"{cohort.people.users:,}"), *cells))
    title = words.say("report_picture_cohorts")
    return figure(title, grid_html(Grid(title, heads, tuple(rows), 2)))


def _heat(share: Share | None, under: str, most: float, *, is_young: bool = False) -> Cell:
    if share is None:
        return Cell(NONE, "heat")
    return Cell(percent(share.value), "heat", under, share.value / most, is_young)


def _whole_percent(share: float) -> str:
    return f"{share * 100:,.4g} %"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


_PICTURES: Mapping[type[Any], Callable[[Any, Wording], list[str]]] = {
    OverviewTold: _overview,
    Funnel: _journey,
    Lifecycle: _lifecycle,
    Rfm: _rfm,
    Retention: _retention,
    BudgetTold: budget_pictures,
    ChannelsTold: channels_pictures,
    Members: members_pictures,
}
