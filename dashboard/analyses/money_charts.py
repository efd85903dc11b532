"""The charts of budget and channels: figures from core's own types, with direct labels."""

from __future__ import annotations

import plotly.graph_objects as go

from core.analytics.attribution import Attribution
from core.analytics.budget import BudgetGroups
from core.analytics.crediting import MODELS
from core.messages import say
from core.schema import Catalogue
from dashboard import figures, theme
from dashboard.analyses.charts import timeline
from dashboard.charts import Chart
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import percent

_MOST_TOUCHES = 8
_ROUND_BARS, _BARS_OF_TOUCH = 90, 52
"""Height of a chart of credits, in pixels: what is round its bars, and each touch."""
_TOUCH_COLUMN = 132
"""Width of the names of touches, in pixels: what a phone can spare."""


def responses(found: BudgetGroups) -> Chart:
    """Return the response of each group as a dot with its interval and its buyers, the highest first."""
    colours = theme.palette()
    rows = [(row, group) for row, group in enumerate(found.groups) if group.response is not None]
    rows.sort(key=lambda each: -(each[1].response.value if each[1].response else 0))
    held = [group for _, group in rows]
    figure = figures.rows_figure(
        len(held), colours, left=figures.LABEL_COLUMN, right=figures.NUMBER_COLUMN, top=figures.BOTTOM
    )
    most = max((group.response.high for group in held if group.response), default=0) or 1
    for row, group in enumerate(held):
        if group.response is None:
            continue
        low, value, high = (
            part / most for part in (group.response.low, group.response.value, group.response.high)
        )
        figure.add_trace(
            go.Scatter(
                x=[low, high], y=[row, row], mode="lines", line={"color": colours.bar, "width": 6},
                hoverinfo="skip",
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=[value], y=[row], mode="markers", marker={"color": colours.bar_strong, "size": 10},
                customdata=[[rows[row][0], "bought"]],
                hovertext=[
                    figures.safe(
                        f"{pick(group.label)} · {percent(group.response.value)} "
                        f"({percent(group.response.low)}–{percent(group.response.high)})"
                    )
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
        figures.write(figure, row, figures.clipped(pick(group.label)), colours=colours.ink, column="label")
        figures.write(figure, row, percent(group.response.value), colours=colours.ink, column="last")
    best = held[0].label if held else "–"
    return Chart(figure, t("analyses.budget.response_summary", group=best), (), ())


def attribution(found: Attribution, catalogue: Catalogue) -> Chart:
    """Return the orders credited to each touch under each model, side by side, with who bought after it."""
    colours, tints = theme.palette(), theme.series()
    rows = [(row, touch) for row, touch in enumerate(found.touches) if touch.purchases][:_MOST_TOUCHES]
    rows.sort(key=lambda each: -max(each[1].credits[model].orders for model in MODELS))
    held = [touch for _, touch in rows]
    names = [
        "<br>".join(
            figures.safe(figures.clipped(pick(text), _TOUCH_COLUMN))
            for text in (touch.label, catalogue.events[touch.of.event].label.as_text())
        )
        for touch in held
    ]
    figure = timeline(
        colours,
        x={
            "showgrid": True, "gridcolor": colours.track, "rangemode": "tozero", "tickformat": None,
            "nticks": 5,
        },
        y={"type": "category", "tickvals": names, "autorange": "reversed", "showgrid": False},
        barmode="group",
        bargap=0.25,
        height=_ROUND_BARS + _BARS_OF_TOUCH * len(held),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": colours.ink}},
    )  # fmt: skip
    for place, model in enumerate(MODELS):
        label = pick(say(f"model_{model}"))
        values = [touch.credits[model].orders for touch in held]
        figure.add_trace(
            go.Bar(
                x=values, y=names, orientation="h", name=figures.safe(label),
                marker={"color": tints[place], "line": {"width": 0}},
                customdata=[[row, "bought"] for row, _ in rows],
                hovertext=[
                    figures.safe(f"{label} · {pick(touch.label)} · {value:,.1f}")
                    for touch, value in zip(held, values, strict=True)
                ],
                hoverinfo="text",
            )
        )  # fmt: skip
    return Chart(figure, t("analyses.channels.attribution_summary"), (), ())
