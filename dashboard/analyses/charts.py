"""The charts of people, stages and cells: figures from core's own types, with direct labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

import plotly.graph_objects as go

from core.analytics.asking import SMALL
from core.analytics.lifecycle import COME, STAGE_KEYS, Flow, Lifecycle, stage_label
from core.analytics.overview import OF_PEOPLE, Overview, measure_label
from core.analytics.retention import Curve, Retention
from core.analytics.rfm import Rfm
from core.analytics.sheets import place_label
from dashboard import figures, theme
from dashboard.charts import Chart
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import percent, short
from dashboard.theme import Palette

HEIGHT = 300
TRENDS = ("active", "buyers", "new", "orders", "gmv")
_A_YEAR, _FEW_DAYS = 366, 7
_NAMED_PLACES = 4
"""How many names of periods lie side by side on a phone."""
_SIDE = 92
"""Room at the right for the names of lines, in pixels."""


def trend(found: Overview, measure: str) -> Chart:
    """Return the course of one measure, each point with its people; what is not known is a gap."""
    colours = theme.palette()
    values = [moment.value(measure) for moment in found.course]
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    days = [moment.period.first for moment in found.course]
    people = measure if measure in OF_PEOPLE else "buyers"  # of orders and sales those who bought
    ticks: dict[str, Any] = {}
    if days and (days[-1] - days[0]).days > _A_YEAR:
        ticks = {"tickformat": "%Y-%m", "nticks": 5}
    elif len(days) <= _FEW_DAYS:  # else there would be times of a day between them
        ticks = {"tickvals": days}
    figure = timeline(colours, x=ticks)
    figure.add_trace(
        go.Scatter(
            x=days,
            y=values,
            mode="lines+markers",
            line={"color": colours.brand_ink, "width": 2},
            marker={"size": 7, "color": colours.brand_ink, "line": {"width": 0}},
            fill="tozeroy",
            fillcolor=_faded(colours.brand_ink, 0.08),
            customdata=[[row, people] for row in range(len(days))],
            hovertext=[
                "" if value is None else figures.safe(f"{day.isoformat()} · {short(value)}")
                for day, value in zip(days, values, strict=True)
            ],
            hoverinfo="text",
            cliponaxis=False,
        )
    )
    for place, value in sorted({max(known, key=itemgetter(1)), known[-1]}) if known else ():
        figure.add_annotation(
            x=days[place], y=value, text=short(value), showarrow=False, yshift=14,
            font={"size": 12, "color": colours.ink},
        )  # fmt: skip
    return Chart(
        figure,
        t(
            "analyses.overview.trend_summary", measure=measure_label(measure),
            first=days[0] if days else "", last=days[-1] if days else "",
            value=short(known[-1][1]) if known else "–",
        ),
        (),
        (),
    )  # fmt: skip


def stages(found: Lifecycle, *, by_value: bool) -> Chart:
    """Return how many people are in each stage over the months, or what they bought, stacked."""
    colours = theme.palette()
    months = found.months
    ends = [month.period.last for month in months]
    figure = timeline(colours, right=_SIDE, x=_ticks(ends, "%m"), barmode="stack", bargap=0.35)
    top, names = 0.0, list[tuple[float, str, str]]()
    totals = [sum(_worth(stage, by_value) for stage in month.stages) for month in months]
    for place, key in enumerate(STAGE_KEYS):
        values = [_worth(month.stages[place], by_value) for month in months]
        figure.add_trace(
            go.Bar(
                x=[end.isoformat() for end in ends],
                y=values,
                marker={"color": stage_colours()[place], "line": {"width": 0}},
                customdata=[
                    [row * len(STAGE_KEYS) + place, "buyers" if by_value else "users"]
                    for row in range(len(months))
                ],
                hovertext=[
                    figures.safe(
                        f"{pick(stage_label(key))} · {end.isoformat()} · {value:,.0f}"
                        + (f" · {percent(value / total)}" if total else "")
                    )
                    for end, value, total in zip(ends, values, totals, strict=True)
                ],
                hoverinfo="text",
            )
        )
        if values and values[-1]:
            names.append((top + values[-1] / 2, pick(stage_label(key)), colours.ink))
        top += values[-1] if values else 0
    for height, label, tint in _apart(names, max(totals, default=0)):
        figure.add_annotation(
            x=1, xref="paper", y=height, text=figures.safe(label), showarrow=False, xanchor="left", xshift=6,
            font={"size": 12, "color": tint},
        )  # fmt: skip
    mature = months[-1].stages[STAGE_KEYS.index("mature")].people.users
    return Chart(
        figure,
        t("analyses.lifecycle.summary", first=ends[0], last=ends[-1], mature=mature),
        (),
        (),
    )


def sankey(flows: Sequence[Flow], before: date, after: date) -> Chart:
    """Return who moved from which stage to which, as flows.

    The ``customdata`` of a flow is "before>after", of a stage "before>" at the left, ">after" at the right.
    """
    colours = theme.palette()
    left = [*STAGE_KEYS, COME]
    names = [pick(stage_label(key)) for key in (*left, *STAGE_KEYS)]
    tints = [*stage_colours(), colours.mark, *stage_colours()]
    figure = figures.empty(colours, height=HEIGHT + 60, margin={"l": 4, "r": 4, "t": 8, "b": 8})
    figure.add_trace(
        go.Sankey(
            arrangement="fixed",
            node={
                "label": [figures.safe(name) for name in names], "color": tints, "pad": 14, "thickness": 12,
                "line": {"width": 0},
                "customdata": [*(f"{key}>" for key in left), *(f">{key}" for key in STAGE_KEYS)],
                "hovertemplate": "%{label}: %{value:,}<extra></extra>",
            },
            link={
                "source": [left.index(flow.before) for flow in flows],
                "target": [len(left) + STAGE_KEYS.index(flow.after) for flow in flows],
                "value": [flow.people.users for flow in flows],
                "customdata": [f"{flow.before}>{flow.after}" for flow in flows],
                "color": [_faded(tints[left.index(flow.before)], 0.35) for flow in flows],
                "hovertemplate": "%{source.label} → %{target.label}: %{value:,}<extra></extra>",
            },
            textfont={"color": colours.ink, "size": 12, "family": theme.FONT},
        )
    )  # fmt: skip
    return Chart(figure, t("analyses.lifecycle.flow_summary", before=before, after=after), (), ())


def weeks(found: Lifecycle) -> Chart:
    """Return who was active each week: new, retained and returning above the line, lost below it."""
    colours, tints = theme.palette(), theme.series()
    ticks = _ticks([week.period.first for week in found.weeks], "%m-%d", at_most=4)
    figure = timeline(colours, right=_SIDE, x=ticks, barmode="relative", bargap=0.3)
    starts = [week.period.first.isoformat() for week in found.weeks]
    top = 0
    colour_of = {
        "retained": tints[0], "returning": tints[2], "gained": tints[2], "new": tints[1],
        "lost": colours.line_strong,
    }  # fmt: skip
    for name in found.parts_of_weeks:
        people = [getattr(week, name).users for week in found.weeks]
        sign = -1 if name == "lost" else 1
        label = t(f"analyses.lifecycle.{name}")
        figure.add_trace(
            go.Bar(
                x=starts, y=[sign * each for each in people],
                marker={"color": colour_of[name], "line": {"width": 0}},
                customdata=[[row, name] for row in range(len(starts))],
                hovertext=[
                    figures.safe(f"{label} · {start} · {each:,}")
                    for start, each in zip(starts, people, strict=True)
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
        if people:
            at = -people[-1] / 2 if name == "lost" else top + people[-1] / 2
            figure.add_annotation(
                x=1, xref="paper", y=at, text=figures.safe(label), showarrow=False, xanchor="left", xshift=6,
                font={"size": 12, "color": colours.ink},
            )  # fmt: skip
            top += people[-1] if name != "lost" else 0
    return Chart(figure, t("analyses.lifecycle.week_summary", n=len(starts)), (), ())


def treemap(found: Rfm) -> Chart:
    """Return the eight cells as areas of their people; the ``customdata`` of an area is the cell's key."""
    colours, tints = theme.palette(), theme.series()
    held = [cell for cell in found.cells if cell.people.users]
    figure = figures.empty(
        colours,
        height=HEIGHT + 80,
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        uniformtext={"minsize": 11, "mode": "hide"},
    )
    shades = {cell.key: tints[place % len(tints)] for place, cell in enumerate(found.cells)}
    figure.add_trace(
        go.Treemap(
            labels=[figures.safe(pick(cell.label)) for cell in held],
            parents=[""] * len(held),
            values=[cell.people.users for cell in held],
            customdata=[cell.key for cell in held],
            text=[
                figures.safe(f"{cell.people.users:,} · {percent(cell.share.value if cell.share else 0)}")
                for cell in held
            ],
            texttemplate="<b>%{label}</b><br>%{text}",
            marker={"colors": [_faded(shades[cell.key], 0.28) for cell in held], "line": {"width": 0}},
            textfont={"color": colours.ink, "size": 13, "family": theme.FONT},
            hovertemplate="%{label}<br>%{text}<extra></extra>",
            tiling={"pad": 3},
            pathbar={"visible": False},
        )
    )
    largest = max(held, key=lambda cell: cell.people.users, default=None)
    return Chart(
        figure,
        t("analyses.rfm.summary", n=found.buyers.users, cell="–" if largest is None else largest.label),
        (),
        (),
    )


def curves(found: Retention) -> Chart:
    """Return the retention of everybody, or of each group, period by period; points open who came back."""
    colours, tints = theme.palette(), theme.series()
    shown: list[Curve] = [found.curve, *found.curves]
    places = sorted({point.after for curve in shown for point in curve.points if point.after})
    named = places[:: -(-len(places) // _NAMED_PLACES)] if places else []
    figure = timeline(
        colours,
        right=_SIDE,
        x={
            "type": "linear",
            "tickangle": 0,
            "tickvals": named,
            "ticktext": [figures.safe(pick(place_label(found, place))) for place in named],
        },
        y={"tickformat": ".0%"},
    )
    ends: list[tuple[float, str, str]] = []
    row_of = {
        (number, point.after): row
        for row, (number, point) in enumerate(
            (number, point) for number, curve in enumerate(shown) for point in curve.points
        )
    }
    for number, curve in enumerate(shown):
        points = [point for point in curve.points if point.after and point.share is not None]
        tint = colours.ink if number == 0 else tints[(number - 1) % len(tints)]
        figure.add_trace(
            go.Scatter(
                x=[point.after for point in points],
                y=[point.share.value if point.share else 0 for point in points],
                mode="lines+markers",
                line={"color": tint, "width": 3 if number == 0 else 1.75},
                marker={
                    "size": 6,
                    "color": tint,
                    "line": {"width": 1.5, "color": tint},
                    "symbol": ["circle-open" if point.people.users < SMALL else "circle" for point in points],
                },
                customdata=[[row_of[number, point.after], "returned"] for point in points],
                hovertext=[
                    figures.safe(
                        f"{pick(curve.label)} · {pick(place_label(found, point.after))} · "
                        f"{percent(point.share.value if point.share else 0)} "
                        f"({point.returned.users:,} / {point.people.users:,})"
                    )
                    for point in points
                ],
                hoverinfo="text",
                cliponaxis=False,
            )
        )
        if points and points[-1].share is not None:
            ends.append((points[-1].share.value, pick(curve.label), tint))
    for height, label, tint in _apart(ends, max((height for height, _, _ in ends), default=0)):
        figure.add_annotation(
            x=1, xref="paper", y=height, text=figures.safe(figures.clipped(label, _SIDE - 8)),
            showarrow=False, xanchor="left", xshift=8, font={"size": 12, "color": tint},
        )  # fmt: skip
    points = [point for point in found.curve.points if point.after and point.share is not None]
    first, last = (points[0].share, points[-1].share) if points else (None, None)
    return Chart(
        figure,
        t(
            "analyses.retention.summary", label=found.curve.label,
            first="–" if first is None else percent(first.value),
            last="–" if last is None else percent(last.value),
        ),
        (),
        (),
    )  # fmt: skip


def stage_colours() -> tuple[str, ...]:
    """Return the colours of the five stages, from fresh to gone."""
    tints = theme.series()
    return (tints[0], tints[2], tints[6], tints[1], tints[5])


def timeline(
    colours: Palette,
    *,
    right: int = 18,
    x: Mapping[str, Any] | None = None,
    y: Mapping[str, Any] | None = None,
    **more: Any,
) -> go.Figure:
    """Return an empty figure with quiet axes; `right` = room for the names of lines, in pixels.

    What differs of the axes and of the layout is told as in `dashboard.figures.empty`.
    """
    axis = {"visible": True, "tickfont": {"color": colours.mute, "size": 12}}
    days = {"showgrid": False, "zeroline": False, "tickformat": t("analyses.date_tick"), "nticks": 10}
    amounts = {
        "showgrid": True, "gridcolor": colours.track, "zeroline": True, "zerolinecolor": colours.line,
        "nticks": 5, "rangemode": "tozero", "tickformat": ",~f", "automargin": True,
    }  # fmt: skip
    return figures.empty(
        colours,
        x={**axis, **days, **(x or {})},
        y={**axis, **amounts, **(y or {})},
        **{
            "height": HEIGHT,
            "margin": {"l": 46, "r": right, "t": 22, "b": 40},
            "hovermode": "closest",
            **more,
        },
    )


def _ticks(days: Sequence[date], form: str, *, at_most: int = 12) -> dict[str, Any]:
    """Return an axis of days whose labels fit a phone: short, upright, the year only where it changes."""
    step = -(-len(days) // at_most) if days else 1
    shown = days[::step]
    return {
        "type": "category",
        "tickangle": 0,
        "tickvals": [day.isoformat() for day in shown],
        "ticktext": [
            f"{day:{form}}" + (f"<br>{day.year}" if not place or day.year != shown[place - 1].year else "")
            for place, day in enumerate(shown)
        ],
    }


def _worth(stage: Any, by_value: bool) -> float:
    return float(stage.bought.total or 0) if by_value else float(stage.people.users)


def _apart(ends: Sequence[tuple[float, str, str]], top: float) -> list[tuple[float, str, str]]:
    """Return the names of lines or areas at heights that do not lie upon each other; `top` is the highest."""
    ordered, room = sorted(ends), top * 0.075
    found: list[tuple[float, str, str]] = []
    for height, label, tint in ordered:
        lowest = found[-1][0] + room if found else height
        found.append((max(height, lowest), label, tint))
    return found


def _faded(colour: str, share: float) -> str:
    """Return a colour as a translucent one."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
