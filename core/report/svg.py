"""The pieces of drawings: shapes and texts as SVG, each text escaped, and how much room words need."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Sequence

INK, MUTE, LINE, TRACK, GROUND = "#1d2430", "#5d6675", "#e4e7ec", "#f2f4f7", "#ffffff"
BRAND, BAR, MARK, LOST = "#0f5bd7", "#84adff", "#475467", "#d0d5dd"
SERIES = ("#0f5bd7", "#f79009", "#0e9384", "#7a5af8", "#c11574", "#667085", "#4ca30d", "#a4400a")
"""The light colours of the pages, which a test holds to them."""

SIZE = 11
"""Of texts, in the units of the drawing: pixels of a screen."""
LINE_HEIGHT = 14
_NARROW, _WIDE = frozenset("iIljt.,:;'|!()[] "), frozenset("mwMWOQ@%&")


def clean(text: str) -> str:
    """Return a text that an HTML page may hold: escaped, without characters that are not text."""
    shown = "".join(c if c >= " " or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return html.escape(shown, quote=True)


def element(name: str, content: str = "", /, **attributes: str | float | None) -> str:
    """Return an element; underscores in names become hyphens, what is None is left out.

    Parameters
    ----------
    content : str
        Finished markup: a text goes through `clean` first.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_written(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}>{content}</{name}>"


def drawing(width: float, height: float, parts: Sequence[str], summary: str) -> str:
    """Return a whole drawing, which says in words what it shows."""
    box = f"0 0 {_written(width)} {_written(height)}"
    return element(
        "svg", "".join(parts), viewBox=box, width=width, height=height, role="img", aria_label=summary
    )


def text(
    x: float, y: float, words: str, *, fill: str = MUTE, anchor: str = "start", bold: bool = False,
    size: float = SIZE,
) -> str:  # fmt: skip
    """Return words at a place: their baseline, and the left, middle or right end of it."""
    return element(
        "text", clean(words), x=x, y=y, fill=fill, text_anchor=None if anchor == "start" else anchor,
        font_weight=600 if bold else None, font_size=None if size == SIZE else size,
    )  # fmt: skip


def rect(x: float, y: float, width: float, height: float, fill: str, *, opacity: float | None = None) -> str:
    """Return a filled rectangle; a height or width below 0 is none."""
    return element(
        "rect", x=x, y=y, width=max(width, 0), height=max(height, 0), fill=fill, fill_opacity=opacity
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 1) -> str:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width)


def path(d: str, *, fill: str = "none", stroke: str | None = None, width: float | None = None,
         opacity: float | None = None) -> str:  # fmt: skip
    """Return a path."""
    return element(
        "path", d=d, fill=fill, stroke=stroke, stroke_width=width, fill_opacity=opacity,
        stroke_linejoin="round" if stroke else None,
    )  # fmt: skip


def dot(x: float, y: float, fill: str, radius: float = 2.5) -> str:
    """Return a small disc."""
    return element("circle", cx=x, cy=y, r=radius, fill=fill)


def place(value: float) -> str:
    """Return a number of a drawing, to a tenth of its unit."""
    return f"{value:.1f}".removesuffix(".0")


def width_of(words: str, size: float = SIZE) -> float:
    """Return about how wide words are, rather too wide: without a browser nobody can measure them."""
    return size * sum(
        1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.3 if c in _NARROW
        else 0.86 if c in _WIDE else 0.66 if c.isupper() else 0.56
        for c in words
    )  # fmt: skip


def clipped(words: str, room: float, size: float = SIZE) -> str:
    """Return words as far as they fit, with an ellipsis where they do not."""
    if width_of(words, size) <= room:
        return words
    kept = words
    while kept and width_of(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def ticks(top: float, many: int = 4, *, whole: bool = False) -> list[float]:
    """Return round values from 0 to at least `top`, about `many` of them."""
    if top <= 0:
        return [0.0, 1.0]
    step = _round_step(top / many, whole=whole)
    return [step * n for n in range(math.ceil(top / step - 1e-9) + 1)]


def apart(wanted: Sequence[float], room: float, low: float, high: float) -> list[float]:
    """Return places near those wanted that keep their order and distance, between two ends where they can."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    found: list[float] = []
    for index in order:
        found.append(max(wanted[index], low, found[-1] + room if found else low))
    limit = high
    for at in reversed(range(len(found))):
        found[at] = min(found[at], limit)
        limit = found[at] - room
    return [found[order.index(index)] for index in range(len(wanted))]


def _round_step(least: float, *, whole: bool) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    step = next(round_ * power for round_ in (1, 2, 2.5, 5, 10) if round_ * power >= least - 1e-12)
    return max(1.0, math.ceil(step)) if whole else step


def _written(value: str | float) -> str:
    return html.escape(value, quote=True) if isinstance(value, str) else place(float(value))
