"""The parts that charts are put together of: rows with a track, bars, words beside them, the common look."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from dashboard import theme
from dashboard.theme import Palette

ROW = 26
"""Height of one horizontal bar with its gap, in pixels."""

TOP, BOTTOM = 22, 4
LABEL_COLUMN, NUMBER_COLUMN, INDEX_COLUMN = 104, 58, 44
WIDE_LABEL_COLUMN = 230
LETTER = 7.0
"""Width of a letter in a label, a Chinese one counting two, in pixels."""


def rows_figure(rows: int, colours: Palette, *, left: int, right: int, top: int) -> go.Figure:
    """Return an empty figure of horizontal rows, 0 to 1 wide, each with its track."""
    figure = empty(
        colours,
        height=top + rows * ROW + BOTTOM,
        margin={"l": left, "r": right, "t": top, "b": BOTTOM},
        x={"range": [0, 1]},
        y={"range": [rows - 0.5, -0.5]},
    )
    figure.add_trace(
        go.Bar(x=[1.0] * rows, y=list(range(rows)), orientation="h", width=0.54,
               marker={"color": colours.track, "line": {"width": 0}}, hoverinfo="skip")
    )  # fmt: skip
    return figure


def add_bars(
    figure: go.Figure,
    lengths: Sequence[float],
    colour: str | Sequence[str],
    start: Sequence[float] | None = None,
) -> None:
    """Lay one bar into every row, from `start` (None = the left edge); lengths are shares of the track."""
    figure.add_trace(
        go.Bar(x=list(lengths), y=list(range(len(lengths))), base=start, orientation="h", width=0.54,
               marker={"color": colour, "line": {"width": 0}, "cornerradius": 3}, hoverinfo="skip")
    )  # fmt: skip


def add_hover(figure: go.Figure, texts: Sequence[str], colours: Palette) -> None:
    """Let the whole row answer to the pointer, not only its bar."""
    figure.add_trace(
        go.Bar(x=[1.0] * len(texts), y=list(range(len(texts))), orientation="h", width=1.0,
               marker={"color": colours.ink, "opacity": 0, "line": {"width": 0}},
               hovertext=[safe(text) for text in texts], hoverinfo="text")
    )  # fmt: skip


def write(figure: go.Figure, row: int, words: str, *, colours: str, column: str, bold: bool = False) -> None:
    """Write into a column of a row: label left of the bars, number, last right of them; row -1 is above."""
    place: dict[str, Any] = {
        "label": {"x": 0, "xanchor": "left", "xshift": -figure.layout.margin.l},
        "bar": {"x": 0, "xanchor": "left", "xshift": 0},
        "number": {"x": 1, "xanchor": "right", "xshift": NUMBER_COLUMN},
        "last": {"x": 1, "xanchor": "right", "xshift": figure.layout.margin.r},
    }[column]
    above = row < 0
    text = safe(words)
    figure.add_annotation(
        text=f"<b>{text}</b>" if bold else text,
        xref="paper", yref="paper" if above else "y", y=1 if above else row,
        yanchor="bottom" if above else "middle", showarrow=False,
        font={"color": colours, "size": 12 if above else 13}, **place,
    )  # fmt: skip


def empty(
    colours: Palette,
    *,
    height: int,
    margin: Mapping[str, int],
    x: Mapping[str, Any] | None = None,
    y: Mapping[str, Any] | None = None,
    **more: Any,
) -> go.Figure:
    """Return a figure without traces in the common look.

    All that is known of its layout is told at once: each update of a figure takes Plotly milliseconds.

    Parameters
    ----------
    x, y : mapping or None
        What differs of the axes.
    **more
        What differs of the rest of the layout.
    """
    common = layout(colours, height=height, margin=margin)
    axes = {"xaxis": {**common["xaxis"], **(x or {})}, "yaxis": {**common["yaxis"], **(y or {})}}
    return go.Figure(layout={**common, **axes, **more})


def layout(colours: Palette, *, height: int, margin: Mapping[str, int]) -> dict[str, Any]:
    """Return the look that all charts have in common: our type, no axes, no legend, nothing to drag."""
    hidden = {"visible": False, "fixedrange": True, "automargin": False}
    return {
        "height": height,
        "margin": {**margin, "pad": 0},
        "font": {"family": theme.FONT, "size": 13, "color": colours.ink},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "barmode": "overlay",
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": colours.raised,
            "bordercolor": colours.line_strong,
            "font": {"color": colours.ink, "size": 13, "family": theme.FONT},
            "align": "left",
        },
        "xaxis": hidden,
        "yaxis": hidden,
    }


def safe(words: str) -> str:
    """Return words in which Plotly finds no markup: values are people's own text. Line breaks stay."""
    return escape(words, quote=False).replace("\n", "<br>")


def clipped(label: str, column: int = LABEL_COLUMN) -> str:
    """Return as much of a label as fits a column of so many pixels, with an ellipsis for what does not."""
    width, used = column // LETTER, 0
    for index, letter in enumerate(label):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > width:
            return label[:index].rstrip() + "…"
    return label
