"""Charts of audiences: sizes over refreshes, who came and went and why; overlaps as an UpSet chart."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.analytics.apart import Apart, Difference
from core.messages import say
from core.workspace import CAUSES, Overlap, Snapshot
from dashboard import figures, people, theme
from dashboard.charts import Chart, share
from dashboard.i18n import pick, t

MOST_REGIONS = 24
_DOT = 26
_EDGE, _LEGEND = 12, 34


def cause_name(cause: str) -> str:
    """Return a cause in the session's language."""
    return pick(say(f"cause_{cause}"))


def history(snapshots: Sequence[Snapshot]) -> Chart:
    """Return the size at each snapshot, the oldest first, and who came (above) and left (below) by cause."""
    colours = theme.palette()
    shown = list(reversed(snapshots))
    days = [f"{one.as_of.isoformat()}<br>{people.moment(one.at)}" for one in shown]
    shades = _shades(colours)
    figure = go.Figure()
    figure.update_layout(**figures.layout(colours, height=280, margin={"l": 56, "r": 12, "t": 8, "b": 44}))
    figure.update_layout(
        barmode="relative", showlegend=True, legend={"font": {"size": 12}, "itemclick": False}
    )
    figure.update_xaxes(visible=True, type="category", tickfont={"size": 11, "color": colours.mute})
    figure.update_yaxes(visible=True, tickfont={"size": 11, "color": colours.mute}, gridcolor=colours.track)
    for cause in CAUSES:
        if not any(cause in one.entered or cause in one.left for one in shown):
            continue
        name = cause_name(cause)
        for side, sign in (("entered", 1), ("left", -1)):
            values = [sign * getattr(one, side).get(cause, 0) for one in shown]
            figure.add_trace(
                go.Bar(x=days, y=values, name=name, legendgroup=cause, showlegend=sign > 0, width=0.5,
                       marker={"color": shades[cause], "line": {"width": 0}},
                       customdata=[[t(f"audiences.{side}"), f"{abs(value):,}"] for value in values],
                       hovertemplate="%{fullData.name}: %{customdata[0]} %{customdata[1]}<extra></extra>")
            )  # fmt: skip
    figure.add_trace(
        go.Scatter(x=days, y=[one.people for one in shown], mode="lines+markers", name=t("audiences.people"),
                   line={"color": colours.ink, "width": 2}, marker={"size": 7},
                   hovertemplate="%{y:,}<extra></extra>")
    )  # fmt: skip
    head = (
        t("audiences.snapshots.day"), t("audiences.people"), t("audiences.entered"), t("audiences.left"),
        t("audiences.why"),
    )  # fmt: skip
    rows = tuple(
        (
            one.as_of.isoformat(), f"{one.people:,}", f"{sum(one.entered.values()):,}",
            f"{sum(one.left.values()):,}", why(one),
        )
        for one in shown
    )  # fmt: skip
    return Chart(figure, t("audiences.history.summary", n=len(shown)), head, rows)


def why(snapshot: Snapshot) -> str:
    """Return who came and went by cause, in one line."""
    parts = [
        f"{t(f'audiences.{side}')} {numbers[cause]:,} {cause_name(cause)}"
        for side, numbers in (("entered", snapshot.entered), ("left", snapshot.left))
        for cause in CAUSES
        if cause in numbers
    ]
    return t("frame.comma").join(parts)


def upset(overlap: Overlap) -> Chart:
    """Return who is in exactly which audiences: a column for each group, its size above, dots below."""
    colours = theme.palette()
    regions = overlap.regions[:MOST_REGIONS]
    names = [asked.name for asked in overlap.asked]
    rows = len(names)
    most = max((region.users for region in regions), default=1)
    figure = go.Figure()
    height = 190 + rows * _DOT
    share = rows * _DOT / (height - 12)
    layout = figures.layout(colours, height=height, margin={"l": 170, "r": 8, "t": 8, "b": 4})
    figure.update_layout(**layout)
    figure.update_layout(
        yaxis={"domain": [0, share], "range": [rows - 0.5, -0.5], "visible": False, "fixedrange": True},
        yaxis2={"domain": [share + 0.04, 1], "range": [0, most * 1.18], "visible": False, "fixedrange": True,
                "anchor": "x"},
        xaxis={"range": [-0.6, max(len(regions), 6) - 0.4], "visible": False, "fixedrange": True},
    )  # fmt: skip
    columns = list(range(len(regions)))
    figure.add_trace(
        go.Bar(x=columns, y=[region.users for region in regions], yaxis="y2", width=0.6,
               marker={"color": colours.bar_strong, "cornerradius": 3},
               text=[f"{region.users:,}" for region in regions],
               textposition="outside", textfont={"color": colours.ink, "size": 12}, cliponaxis=False,
               hovertext=[" ∩ ".join(figures.safe(names[m]) for m in region.members) for region in regions],
               hoverinfo="text")
    )  # fmt: skip
    for row in range(rows):
        inside = [row in region.members for region in regions]
        figure.add_trace(
            go.Scatter(x=columns, y=[row] * len(columns), mode="markers", hoverinfo="skip",
                       marker={"size": 13, "color": [colours.ink if i else colours.track for i in inside]})
        )  # fmt: skip
        figure.add_annotation(
            text=f"{figures.safe(figures.clipped(names[row], 110))} · {overlap.sizes[row]:,}", x=0,
            xref="paper", xanchor="left", xshift=-170, y=row, yref="y", showarrow=False,
            font={"size": 13, "color": colours.ink},
        )  # fmt: skip
    for column, region in enumerate(regions):
        if len(region.members) > 1:
            figure.add_shape(
                type="line", x0=column, x1=column, y0=min(region.members), y1=max(region.members), yref="y",
                line={"color": colours.ink, "width": 3}, layer="below",
            )  # fmt: skip
    told = tuple((" ∩ ".join(names[m] for m in region.members), f"{region.users:,}") for region in regions)
    head = (t("audiences.compare.exactly"), t("audiences.people"))
    return Chart(figure, t("audiences.compare.summary", n=len(names), union=overlap.union), head, told)


def apart(found: Apart) -> Chart:
    """Return in which values of tags audiences differ most: a row for each, a mark for each audience."""
    colours = theme.palette()
    rows = found.differences
    names = [_name_of(each) for each in rows]
    widest = max((max(*each.shares, each.base_share) for each in rows), default=1.0) or 1.0
    figure = figures.rows_figure(
        len(rows), colours, left=figures.WIDE_LABEL_COLUMN, right=_EDGE, top=figures.BOTTOM
    )
    places = list(range(len(rows)))
    figure.add_trace(
        go.Scatter(x=[each.base_share / widest for each in rows], y=places, mode="markers",
                   name=t("charts.base"), hoverinfo="skip", cliponaxis=False,
                   marker={"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": colours.mute}})
    )  # fmt: skip
    for place, (name, mark) in enumerate(zip(found.names, _marks(colours), strict=False)):
        figure.add_trace(
            go.Scatter(x=[each.shares[place] / widest for each in rows], y=places, mode="markers",
                       name=figures.safe(figures.clipped(name, 160)), hoverinfo="skip", cliponaxis=False,
                       marker={"size": 12, "line": {"width": 1, "color": colours.card}, **mark})
        )  # fmt: skip
    told = [
        "\n".join(
            [name]
            + [
                f"{audience}  {share(hits, size)} · {hits:,}"
                for audience, hits, size in zip(found.names, each.members, found.sizes, strict=True)
            ]
            + [f"{t('charts.base')}  {share(each.base, found.base)}"]
        )
        for name, each in zip(names, rows, strict=True)
    ]
    figures.add_hover(figure, told, colours)
    for row, name in enumerate(names):
        words = figures.clipped(name, figures.WIDE_LABEL_COLUMN)
        figures.write(figure, row, words, colours=colours.ink, column="label")
    for trace in figure.data:
        trace.showlegend = trace.name is not None
    figure.update_layout(
        showlegend=True, height=figure.layout.height + _LEGEND, margin_t=figures.BOTTOM + _LEGEND,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font": {"size": 12},
                "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip
    head = (t("audiences.apart.value"), *found.names, t("charts.base"))
    table = tuple(
        (
            name,
            *(share(hits, size) for hits, size in zip(each.members, found.sizes, strict=True)),
            share(each.base, found.base),
        )
        for name, each in zip(names, rows, strict=True)
    )
    return Chart(figure, t("audiences.apart.summary", n=len(rows)), head, table)


def _name_of(each: Difference) -> str:
    return f"{pick(each.tag.label)} · {pick(each.label)}"


def _marks(colours: theme.Palette) -> list[dict[str, str]]:
    """Return how the audiences are told apart: by colour, and by form for those who see none."""
    shades = (colours.bar_strong, colours.any, colours.exclude, colours.good, colours.ink)
    forms = ("circle", "diamond", "square", "triangle-up", "x")
    return [{"color": shade, "symbol": form} for shade, form in zip(shades, forms, strict=True)]


def _shades(colours: theme.Palette) -> dict[str, str]:
    return {
        "behaviour": colours.bar_strong, "clock": colours.bar, "rule": colours.any, "hand": colours.good,
        "tag": colours.any_ink, "data": colours.exclude, "list": colours.mark, "unknown": colours.line_strong,
    }  # fmt: skip
