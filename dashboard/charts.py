"""The charts: figures from core's own types, in the session's language and colours, each with its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import plotly.graph_objects as go
import streamlit as st

from core.engines.base import Bar, Breakdown, WaterfallBar
from core.schema import TagSpec
from dashboard import figures, tables, theme
from dashboard.i18n import pick, t
from dashboard.theme import Palette

_NUMBER_OVERHANG, _DATE_OVERHANG = 18, 36
"""Room at the sides of a histogram for half of the outermost tick's words, in pixels."""

_FEW_BINS = 8
_HIGH_INDEX, _LOW_INDEX = 120, 80


@dataclass(frozen=True)
class Chart:
    """A figure and the same in words, for who cannot see it.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure
    summary : str
        One sentence: what the chart shows, and its main number.
    header : tuple of str
        Column heads of the table.
    rows : tuple of tuple of str
        All the numbers of the chart, as they are written in it.
    """

    figure: go.Figure
    summary: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def draw(chart: Chart, *, key: str) -> None:
    """Draw a chart and, for screen readers, its table.

    Parameters
    ----------
    key : str
        Keeps the chart mounted from run to run.
    """
    st.plotly_chart(
        chart.figure,
        theme=None,
        key=key,
        alt=chart.summary,
        config={"displayModeBar": False, "scrollZoom": False},
    )
    st.html(tables.table(chart.summary, chart.header, chart.rows, unseen=True))


def waterfall(
    bars: Sequence[WaterfallBar],
    labels: Mapping[str, str],
    colours: Palette | None = None,
    *,
    wide: bool = False,
) -> Chart:
    """Return the way from the base to the answer: who is left after each condition, and who was dropped.

    Parameters
    ----------
    bars : sequence of WaterfallBar
        ``Answer.waterfall``.
    labels : mapping of str to str
        What the nodes are called, by id; one that is missing is called by its place.
    colours : Palette, optional
        None = those of the session's scheme.
    wide : bool
        Where there is room, labels get twice as much of it.
    """
    colours = colours or theme.palette()
    column = figures.WIDE_LABEL_COLUMN if wide else figures.LABEL_COLUMN
    base = max(bars[0].count, 1)
    names = [_step_name(bar, index, labels) for index, bar in enumerate(bars)]
    dropped = [0, *(before.count - bar.count for before, bar in pairwise(bars))]
    fill = [colours.exclude if bar.kind == "exclude" else colours.bar for bar in bars]
    figure = figures.rows_figure(
        len(bars), colours, left=column, right=figures.NUMBER_COLUMN, top=figures.BOTTOM
    )
    figures.add_bars(figure, [bar.count / base for bar in bars], fill)
    figures.add_bars(
        figure,
        [max(drop, 0) / base for drop in dropped],
        colours.line_strong,
        start=[b.count / base for b in bars],
    )
    figures.add_hover(
        figure,
        [
            t(
                "charts.waterfall.hover" if drop >= 0 else "charts.waterfall.hover.more",
                name=name,
                count=bar.count,
                share=share(bar.count, base),
                dropped=abs(drop),
            )
            for name, bar, drop in zip(names, bars, dropped, strict=True)
        ],
        colours,
    )
    for row, (name, bar) in enumerate(zip(names, bars, strict=True)):
        ink = colours.exclude_ink if bar.kind == "exclude" else colours.ink
        figures.write(figure, row, figures.clipped(name, column), colours=ink, column="label")
        figures.write(
            figure, row, f"{bar.count:,}", colours=colours.ink, bold=row == len(bars) - 1, column="last"
        )
    return Chart(
        figure,
        t("charts.waterfall.summary", base=bars[0].count, left=bars[-1].count),
        (t("charts.condition"), t("charts.left"), t("charts.dropped")),
        tuple(
            (name, f"{bar.count:,}", f"{drop:,}" if drop >= 0 else f"+{-drop:,}")
            for name, bar, drop in zip(names, bars, dropped, strict=True)
        ),
    )


def breakdown(of: Breakdown, tag: TagSpec, *, count: int, base: int, colours: Palette | None = None) -> Chart:
    """Return how a tag is distributed among the answer's people, against the base.

    Values become rows with their share and index (TGI: share in the answer ÷ share in the base × 100);
    numbers and dates become a histogram.

    Parameters
    ----------
    of : Breakdown
    tag : TagSpec
        The tag broken down: its label and unit.
    count, base : int
        People in the answer and in the base: what shares are shares of.
    colours : Palette, optional
        None = those of the session's scheme.
    """
    colours = colours or theme.palette()
    if any(bar.low is not None for bar in of.bars):
        return _histogram(of, tag, count, base, colours)
    return _value_rows(of, tag, count, base, colours)


def share(part: int, whole: int) -> str:
    """Return a share as it is written: one digit after the point, and never "0.0 %" for somebody."""
    if whole == 0:
        return "–"
    if 0 < part / whole < 0.001:
        return "< 0.1 %"
    return f"{part / whole:.1%}".replace("%", " %")


def _value_rows(of: Breakdown, tag: TagSpec, count: int, base: int, colours: Palette) -> Chart:
    rows = [(_value_name(bar.value), bar.matched, bar.base) for bar in of.bars]
    if any(of.other):
        rows.append((t("charts.other"), *of.other))
    if any(of.missing):
        rows.append((t("charts.missing"), *of.missing))
    shares = [(matched / max(count, 1), of_base / max(base, 1)) for _, matched, of_base in rows]
    widest = max((max(pair) for pair in shares), default=0.0) or 1.0
    figure = figures.rows_figure(
        len(rows),
        colours,
        left=figures.LABEL_COLUMN,
        right=figures.NUMBER_COLUMN + figures.INDEX_COLUMN,
        top=figures.TOP,
    )
    figures.add_bars(figure, [mine / widest for mine, _ in shares], colours.bar)
    figure.add_trace(
        go.Scatter(
            x=[theirs / widest for _, theirs in shares],
            y=list(range(len(rows))),
            mode="markers",
            marker={"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": colours.mark}},
            hoverinfo="skip",
        )
    )
    written = [
        (name, share(matched, count), share(of_base, base), _index(mine, theirs))
        for (name, matched, of_base), (mine, theirs) in zip(rows, shares, strict=True)
    ]
    figures.add_hover(
        figure,
        [
            t("charts.breakdown.hover", name=name, count=matched, share=mine, base=theirs, index=index)
            for (name, mine, theirs, index), (_, matched, _) in zip(written, rows, strict=True)
        ],
        colours,
    )
    for row, (name, mine, _, index) in enumerate(written):
        figures.write(figure, row, figures.clipped(name), colours=colours.ink, column="label")
        figures.write(figure, row, mine, colours=colours.ink, column="number")
        figures.write(figure, row, index, colours=_index_ink(index, colours), column="last")
    figures.write(figure, -1, t("charts.legend"), colours=colours.mute, column="bar")
    figures.write(figure, -1, t("charts.share"), colours=colours.mute, column="number")
    figures.write(figure, -1, t("charts.index"), colours=colours.mute, column="last")
    return Chart(
        figure,
        t("charts.breakdown.summary", tag=tag.label, n=len(of.bars)),
        (pick(tag.label), t("charts.share"), t("charts.base_share"), t("charts.index")),
        tuple(written),
    )


def _histogram(of: Breakdown, tag: TagSpec, count: int, base: int, colours: Palette) -> Chart:
    bars = of.bars
    mine = [bar.matched / max(count, 1) for bar in bars]
    theirs = [bar.base / max(base, 1) for bar in bars]
    names = [_bin_name(bar, last=index == len(bars) - 1) for index, bar in enumerate(bars)]
    sides = _DATE_OVERHANG if isinstance(bars[0].low, date) else _NUMBER_OVERHANG
    margin = {"l": sides, "r": sides, "t": figures.TOP, "b": 24}
    ticks = _few_edges(len(bars), 2 if isinstance(bars[0].low, date) else 4)
    figure = figures.empty(
        colours,
        height=190,
        margin=margin,
        x={
            "visible": True,
            "tickvals": [edge - 0.5 for edge in ticks],
            "ticktext": [_edge_name(bars, edge) for edge in ticks],
            "tickfont": {"color": colours.mute, "size": 11},
            "ticklabeloverflow": "allow",
            "showgrid": False,
            "zeroline": False,
            "range": [-0.6, len(bars) - 0.4],
        },
        y={"range": [0, max([*mine, *theirs, 1e-9]) * 1.15]},
    )
    figure.add_trace(
        go.Bar(
            x=list(range(len(bars))),
            y=mine,
            width=0.9,
            marker={"color": colours.bar, "line": {"width": 0}},
            text=_bin_texts(bars, mine, count),
            textposition="outside",
            constraintext="none",
            textangle=0,
            textfont={"color": colours.ink, "size": 12},
            cliponaxis=False,
            hovertext=[
                figures.safe(
                    t(
                        "charts.histogram.hover",
                        name=name,
                        count=bar.matched,
                        share=share(bar.matched, count),
                        base=share(bar.base, base),
                    )
                )
                for name, bar in zip(names, bars, strict=True)
            ],
            hoverinfo="text",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[edge - 0.5 for edge in range(len(bars) + 1)],
            y=[*theirs, theirs[-1]],
            mode="lines",
            line={"shape": "hv", "width": 1.5, "color": colours.mark},
            hoverinfo="skip",
        )
    )
    figure.add_annotation(
        text=_histogram_legend(of, tag, count),
        xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom", showarrow=False,
        font={"color": colours.mute, "size": 12},
    )  # fmt: skip
    rows = [
        (name, share(bar.matched, count), share(bar.base, base))
        for name, bar in zip(names, bars, strict=True)
    ]
    rows.append((t("charts.missing"), share(of.missing[0], count), share(of.missing[1], base)))
    return Chart(
        figure,
        t(
            "charts.histogram.summary",
            tag=tag.label,
            low=_edge_name(bars, 0),
            high=_edge_name(bars, len(bars)),
        ),
        (pick(tag.label), t("charts.share"), t("charts.base_share")),
        tuple(rows),
    )


def _histogram_legend(of: Breakdown, tag: TagSpec, count: int) -> str:
    words = [t("charts.histogram.legend")]
    if tag.unit:
        words.append(t("charts.unit", unit=tag.unit))
    if of.missing[0]:
        words.append(t("charts.without", share=share(of.missing[0], count)))
    return figures.safe(" · ".join(words))


def _bin_texts(bars: Sequence[Bar], mine: Sequence[float], count: int) -> list[str]:
    """Return what is written on the bars: every share where there is room, else the tallest bar's."""
    tallest = max(range(len(mine)), key=mine.__getitem__)
    return [
        share(bar.matched, count) if bar.matched and (len(bars) <= _FEW_BINS or index == tallest) else ""
        for index, bar in enumerate(bars)
    ]


def _few_edges(bins: int, most: int) -> list[int]:
    """Return the edges that get a tick: the first, the last, and evenly spaced ones between them."""
    steps = min(most, bins)
    return sorted({round(bins * step / steps) for step in range(steps + 1)})


def _edge_name(bars: Sequence[Bar], edge: int) -> str:
    value = bars[edge].low if edge < len(bars) else bars[-1].high
    return value.isoformat() if isinstance(value, date) else f"{value:,.6g}"


def _bin_name(bar: Bar, *, last: bool) -> str:
    """Return a bin's ends as people read them: days both in; numbers with the open end said."""
    if isinstance(bar.low, date) and isinstance(bar.high, date):
        final = bar.high if last else bar.high - timedelta(days=1)
        return bar.low.isoformat() if bar.low >= final else f"{bar.low.isoformat()} – {final.isoformat()}"
    return f"{bar.low:,.6g} – {bar.high:,.6g}"


def _value_name(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return t("charts.yes") if value else t("charts.no")
    return "" if value is None else value


def _step_name(bar: WaterfallBar, index: int, labels: Mapping[str, str]) -> str:
    match bar.kind:
        case "base":
            return t("charts.base")
        case "exclude":
            return t("charts.exclude")
        case "take":
            return t("charts.take")
        case "fixed" | "added" | "removed":
            return t(f"charts.{bar.kind}")
        case _:
            return labels.get(bar.node or "", "") or t("charts.nth_condition", n=index)


def _index(mine: float, theirs: float) -> str:
    return f"{mine / theirs * 100:,.0f}" if theirs else "–"


def _index_ink(index: str, colours: Palette) -> str:
    number = int(index.replace(",", "")) if index != "–" else 100
    if number >= _HIGH_INDEX:
        return colours.good
    return colours.bad if number <= _LOW_INDEX else colours.mute
