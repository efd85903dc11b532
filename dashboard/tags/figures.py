"""Charts of tags: how values are distributed, now and over refreshes, and what a tag hangs together with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import plotly.graph_objects as go

from core.engines.base import Bar, Breakdown
from core.workspace import Distribution, TagGraph, TagReading
from dashboard import charts, figures, theme
from dashboard.charts import Chart
from dashboard.i18n import pick, t

MOST_ROWS = 24


def distribution(of: Breakdown, base: int) -> Chart:
    """Return how many users have each value, or lie in each range, with the rest and those without one."""
    colours = theme.palette()
    rows = [(bar_name(bar), bar.base) for bar in of.bars[:MOST_ROWS]]
    hidden = sum(bar.base for bar in of.bars[MOST_ROWS:]) + of.other[1]
    if hidden:
        rows.append((t("tags.other_values"), hidden))
    if of.missing[1]:
        rows.append((t("tags.no_value"), of.missing[1]))
    most = max((users for _, users in rows), default=0) or 1
    figure = figures.rows_figure(
        len(rows), colours, left=figures.WIDE_LABEL_COLUMN, right=130, top=figures.BOTTOM
    )
    fill = [colours.bar if index < len(of.bars) else colours.line_strong for index in range(len(rows))]
    figures.add_bars(figure, [users / most for _, users in rows], fill)
    for row, (name, users) in enumerate(rows):
        label = figures.clipped(name, figures.WIDE_LABEL_COLUMN)
        figures.write(figure, row, label, colours=colours.ink, column="label")
        figures.write(
            figure, row, f"{users:,} · {charts.share(users, base)}", colours=colours.ink, column="last"
        )
    head = (t("tags.value"), t("tags.users"), t("tags.share"))
    told = tuple((name, f"{users:,}", charts.share(users, base)) for name, users in rows)
    return Chart(figure, t("tags.distribution.summary", base=base), head, told)


def over_time(readings: Sequence[TagReading]) -> Chart:
    """Return the shares of the leading values at each refresh, the oldest first; of numbers, their ranges."""
    colours = theme.palette()
    shown = list(reversed(readings))
    names, columns = _classes([reading.distribution for reading in shown])
    days = [f"{reading.as_of.isoformat()}<br>{reading.at:%m-%d %H:%M}" for reading in shown]
    shades = _shades(len(names), colours)
    figure = go.Figure()
    figure.update_layout(**figures.layout(colours, height=240, margin={"l": 8, "r": 8, "t": 8, "b": 44}))
    figure.update_layout(barmode="stack", showlegend=True)
    figure.update_layout(legend={"orientation": "v", "font": {"size": 12}, "itemclick": False})
    figure.update_xaxes(visible=True, type="category", tickfont={"size": 11, "color": colours.mute})
    for place, name in enumerate(names):
        shares = [column[place] for column in columns]
        figure.add_trace(
            go.Bar(x=days, y=shares, name=figures.safe(figures.clipped(name, 160)), width=0.6,
                   marker={"color": shades[place], "line": {"width": 0}},
                   hovertemplate="%{fullData.name}: %{y:.1%}<extra></extra>")
        )  # fmt: skip
    head = (t("tags.value"), *(reading.as_of.isoformat() for reading in shown))
    rows = tuple((name, *(f"{column[place]:.1%}" for column in columns)) for place, name in enumerate(names))
    return Chart(figure, t("tags.over_time.summary", n=len(shown)), head, rows)


def graph_source(graph: TagGraph) -> str:
    """Return what a tag is made from and what uses it, in Graphviz's language, in the session's colours."""
    colours = theme.palette()
    fills = {
        "tag": colours.brand_soft,
        "event": colours.soft,
        "audience": colours.any_soft,
        "export": colours.card,
    }
    lines = [
        "digraph tags { rankdir=LR; bgcolor=transparent; nodesep=0.18; ranksep=0.4;",
        f'node [shape=box style="rounded,filled" fontname="{theme.FONT.split(",")[0].strip(chr(39))}"'
        f' fontsize=12 fontcolor="{colours.ink}" height=0.32 margin="0.12,0.05"];',
        f'edge [color="{colours.line_strong}" arrowsize=0.6];',
    ]
    for place, node in enumerate(graph.nodes):
        label = f"{t(f'tags.graph.{node.kind}')} · {figures.clipped(pick(node.label), 180)}"
        width = 2 if node.depth == 0 else 1
        colour = colours.brand if node.depth == 0 else colours.line_strong
        lines.append(
            f'n{place} [label="{_quoted(label)}" fillcolor="{fills[node.kind]}"'
            f' color="{colour}" penwidth={width}];'
        )
    lines += [f"n{source} -> n{target};" for source, target in graph.edges]
    return "\n".join([*lines, "}"])


def bar_name(bar: Bar) -> str:
    """Return what a bar of a breakdown stands for."""
    if bar.value is not None:
        if isinstance(bar.value, bool):
            return t("tags.yes") if bar.value else t("tags.no")
        return str(bar.value)
    return f"{end_name(bar.low)} – {end_name(bar.high)}"


def end_name(end: float | date | None) -> str:
    """Return one end of a range."""
    if end is None:
        return ""
    return end.isoformat() if isinstance(end, date) else f"{end:,.10g}"


def _classes(found: Sequence[Distribution]) -> tuple[list[str], list[list[float]]]:
    """Return the classes of the newest reading, and their shares in each."""
    newest = found[-1]
    if newest.cuts:
        ends = [None, *newest.cuts, None]
        names = [f"{end_name(low)} – {end_name(high)}" for low, high in pairwise(ends)]
        columns = [
            [users / max(each.base, 1) for users in each.counts]
            if each.cuts == newest.cuts
            else [0.0] * len(names)
            for each in found
        ]
    else:
        names = [value for value, _ in newest.values[:8]]
        columns = [[dict(each.values).get(name, 0) / max(each.base, 1) for name in names] for each in found]
    names.append(t("tags.no_value"))
    for column, each in zip(columns, found, strict=True):
        column.append(each.missing / max(each.base, 1))
    return names, columns


def _shades(number: int, colours: theme.Palette) -> list[str]:
    """Return as many shades of the accent as there are classes, the last, for no value, grey."""
    strong, pale = (
        tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (colours.bar_strong, colours.track)
    )
    steps = max(number - 1, 1)
    shades = []
    for place in range(number - 1):
        mix = 0.85 * place / steps
        rgb = (round(s + (p - s) * mix) for s, p in zip(strong, pale, strict=True))
        shades.append("#" + "".join(f"{c:02x}" for c in rgb))
    return [*shades, colours.line_strong]


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"')
