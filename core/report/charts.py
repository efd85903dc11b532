"""The forms of charts: lines, columns, bars, a funnel and flows, each with labels beside what they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.report import svg

WIDTH = 680.0
"""What a sheet of A4 holds beside its margins."""
HALF = 330.0
"""Half of it, with a gap between two halves."""
_TOP, _BOTTOM, _GAP = 16.0, 20.0, 6.0
_NAMES = 112.0
"""At most so much room for the names of lines and layers at the right."""
Write = Callable[[float], str]


@dataclass(frozen=True)
class Line:
    """One line: a value for each tick, None where there is none."""

    name: str
    values: Sequence[float | None]
    colour: str
    is_strong: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of columns; values below 0 hang under the line."""

    name: str
    values: Sequence[float]
    colour: str


@dataclass(frozen=True)
class Bar:
    """One horizontal bar, with its number as it is written and the ends of its interval."""

    name: str
    value: float
    words: str
    low: float | None = None
    high: float | None = None
    colour: str = svg.BAR


@dataclass(frozen=True)
class Stop:
    """One step of a funnel: who reached it, who went no further, and how many of them went on."""

    stage: str
    name: str
    reached: float
    furthest: float
    words: str
    went_on: str | None


@dataclass(frozen=True)
class Stream:
    """So much that flows from one place at the left to one at the right."""

    source: int
    target: int
    value: float


def lines(
    heads: Sequence[str], told: Sequence[Line], write: Write, summary: str, *, width: float = WIDTH,
    height: float = 190, whole: bool = False, axis: Write | None = None,
) -> str:  # fmt: skip
    """Return lines over ticks; named at their ends; of one its last and greatest value is written."""
    known = [value for each in told for value in each.values if value is not None]
    scale = svg.ticks(max(known, default=0), 3 if height < 150 else 4, whole=whole)
    is_one = len(told) == 1
    ends = [] if is_one else [_end_of(each, write) for each in told]
    right = 14.0 if is_one else min(_NAMES + 30, max(map(svg.width_of, ends), default=0) + 12)
    if heads:
        right = max(right, svg.width_of(heads[-1]) / 2 + 2)
    frame = _Frame(heads, scale, axis or write, width, height, right)
    parts = [frame.grid(), frame.heads()]
    for each in told:
        parts.append(_line(frame, each))
    if is_one:
        parts.append(_marks(frame, told[0], write))
    else:
        wanted = [frame.y(_last(each)) for each in told]
        for at, words, each in zip(
            svg.apart(wanted, 13, _TOP, frame.bottom), ends, told, strict=True
        ):  # fmt: skip
            shown = svg.clipped(words, right - 10)
            parts.append(svg.text(frame.right + 8, at + 4, shown, fill=each.colour, bold=each.is_strong))
    return svg.drawing(width, height, parts, summary)


def columns(
    heads: Sequence[str], layers: Sequence[Layer], write: Write, summary: str, *, width: float = WIDTH,
    height: float = 230,
) -> str:  # fmt: skip
    """Return stacked columns, whose layers are named beside the last of them."""
    many = range(len(heads))
    above = [sum(max(each.values[n], 0) for each in layers) for n in many]
    below = [sum(min(each.values[n], 0) for each in layers) for n in many]
    scale = svg.ticks(max(above, default=0), whole=True)
    if min(below, default=0) < 0:
        step = scale[1]
        while scale[0] > min(below):
            scale = [scale[0] - step, *scale]
    right = min(_NAMES + 14, max((svg.width_of(each.name) for each in layers), default=0) + 24)
    frame = _Frame(heads, scale, write, width, height, right, is_column=True)
    wide = min(frame.step * 0.68, 54.0)
    parts = [frame.grid(), frame.heads()]
    up, down = [0.0] * len(heads), [0.0] * len(heads)
    middles = []
    for each in layers:
        for n in many:
            value, base = each.values[n], up if each.values[n] >= 0 else down
            start, base[n] = base[n], base[n] + value
            high, low = sorted((frame.y(start), frame.y(base[n])))
            parts.append(svg.rect(frame.x(n) - wide / 2, high, wide, low - high, each.colour))
            words = write(abs(value))
            if low - high >= 12 and svg.width_of(words, 10) <= wide - 4:
                parts.append(
                    svg.text(frame.x(n), (high + low) / 2 + 3.5, words, fill=_on(each.colour),
                             anchor="middle", size=10)
                )  # fmt: skip
            if n == len(heads) - 1:
                middles.append((high + low) / 2)
    if len(heads) <= 8:
        for n in many:
            parts.append(
                svg.text(frame.x(n), frame.y(above[n]) - 4, write(above[n]), fill=svg.INK, anchor="middle")
            )
    for at, each in zip(svg.apart(middles, 14, _TOP, frame.bottom), layers, strict=bool(middles)):
        parts += [
            svg.rect(frame.right + 6, at - 4, 8, 8, each.colour),
            svg.text(
                frame.right + 18, at + 4, svg.clipped(each.name, right - 20), fill=svg.INK
            ),
        ]  # fmt: skip
    return svg.drawing(width, height, parts, summary)


def bars(
    rows: Sequence[Bar], summary: str, *, width: float = WIDTH, mark: float | None = None
) -> str:  # fmt: skip
    """Return horizontal bars: name, bar with its interval, number.

    Parameters
    ----------
    mark : float or None
        A value with which the bars are compared: a line across all of them.
    """
    names = min(width * 0.36, max((svg.width_of(row.name) for row in rows), default=0)) + 8
    words = max((svg.width_of(row.words) for row in rows), default=0) + 8
    room = width - names - words
    most = max((max(row.value, row.high or 0, mark or 0) for row in rows), default=0) or 1
    parts, high = [], 20.0
    for n, row in enumerate(rows):
        y = n * high
        end = names + room * row.value / most
        parts += [
            svg.text(names - 8, y + 14, svg.clipped(row.name, names - 8), fill=svg.INK, anchor="end"),
            svg.rect(names, y + 3, room, 14, svg.TRACK),
            svg.rect(names, y + 3, end - names, 14, row.colour),
        ]
        after = end
        if row.low is not None and row.high is not None:
            low, top = (names + room * each / most for each in (row.low, row.high))
            parts += [
                svg.line(low, y + 10, top, y + 10, svg.MARK),
                svg.line(low, y + 7, low, y + 13, svg.MARK), svg.line(top, y + 7, top, y + 13, svg.MARK),
            ]  # fmt: skip
            after = max(after, top)
        parts.append(svg.text(after + 6, y + 14, row.words, fill=svg.INK))
    if mark is not None:
        at = names + room * mark / most
        parts.append(svg.line(at, 0, at, len(rows) * high, svg.MARK))
    return svg.drawing(width, max(len(rows), 1) * high, parts, summary)


def funnel(stops: Sequence[Stop], summary: str, *, width: float = WIDTH) -> str:
    """Return the steps of a journey as bars one below another, with who stopped at each made darker."""
    stages = min(110.0, max((svg.width_of(stop.stage) for stop in stops), default=0)) + 10
    names = stages + min(170.0, max((svg.width_of(stop.name) for stop in stops), default=0)) + 10
    words = max((svg.width_of(stop.words) for stop in stops), default=0) + 10
    room, high = width - names - words, 36.0
    most = max((stop.reached for stop in stops), default=0) or 1
    parts, shown = [], None
    for n, stop in enumerate(stops):
        y = n * high
        if stop.stage != shown:
            if n:
                parts.append(svg.line(0, y - 1, width, y - 1))
            parts.append(svg.text(0, y + 15, svg.clipped(stop.stage, stages - 8)))
            shown = stop.stage
        long, stayed = room * stop.reached / most, room * stop.furthest / most
        parts += [
            svg.text(stages, y + 15, svg.clipped(stop.name, names - stages - 8), fill=svg.INK),
            svg.rect(names, y + 3, room, 16, svg.TRACK),
            svg.rect(names, y + 3, long, 16, svg.BAR),
            svg.rect(names + long - stayed, y + 3, stayed, 16, svg.BRAND),
            svg.text(width - words + 8, y + 15, stop.words, fill=svg.INK),
        ]
        if stop.went_on is not None:
            parts.append(svg.text(names, y + 31, stop.went_on, size=10))
    return svg.drawing(width, max(len(stops), 1) * high, parts, summary)


def flows(
    left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], streams: Sequence[Stream],
    write: Write, summary: str, *, width: float = WIDTH, height: float = 280,
) -> str:  # fmt: skip
    """Return who moved from where to where, as bands between two stacks.

    Parameters
    ----------
    left, right : sequence of (str, str)
        Names and colours; a place with nothing in it is left out.
    """
    sums = (
        [sum(s.value for s in streams if s.source == n) for n in range(len(left))],
        [sum(s.value for s in streams if s.target == n) for n in range(len(right))],
    )
    gap, whole = 9.0, sum(sums[0]) or 1
    most = max(sum(1 for each in side if each) for side in sums)
    scale = (height - 2 * _GAP - gap * max(most - 1, 0)) / whole
    words = [
        [f"{name} {write(total)}" for (name, _), total in zip(places, totals, strict=True)]
        for places, totals in zip((left, right), sums, strict=True)
    ]
    room = min(220.0, max(svg.width_of(each) for side in words for each in side) + 20)
    ends = (room, width - room)
    parts: list[str] = []
    tops: list[dict[int, float]] = []
    for side, (places, totals) in enumerate(zip((left, right), sums, strict=True)):
        y, top = _GAP, {}
        for n, total in enumerate(totals):
            if total:
                top[n] = y
                y += total * scale + gap
        tops.append(top)
        wanted = [top[n] + totals[n] * scale / 2 for n in top]
        for n, at in zip(top, svg.apart(wanted, 13, _GAP, height - _GAP), strict=True):
            x = ends[side] - (10 if side == 0 else 0)
            parts += [
                svg.rect(x, top[n], 10, max(totals[n] * scale, 1), places[n][1]),
                svg.text(
                    x + (-6 if side == 0 else 16), at + 4, svg.clipped(words[side][n], room - 18),
                    fill=svg.INK, anchor="end" if side == 0 else "start",
                ),
            ]  # fmt: skip
    used = [dict(top) for top in tops]
    for stream in sorted(streams, key=lambda each: (each.source, each.target)):
        thick = stream.value * scale
        y1, y2 = used[0][stream.source], used[1][stream.target]
        used[0][stream.source] += thick
        used[1][stream.target] += thick
        parts.insert(0, _band(ends[0], y1, ends[1], y2, thick, left[stream.source][1]))
    return svg.drawing(width, height, parts, summary)


class _Frame:
    """The ground of a chart over ticks: its scales, its grid and its heads."""

    def __init__(
        self, heads: Sequence[str], scale: Sequence[float], write: Write, width: float, height: float,
        right: float, *, is_column: bool = False,
    ) -> None:  # fmt: skip
        self._names, self._scale = heads, scale
        self._written = [write(each) for each in scale]
        self.left = max(map(svg.width_of, self._written)) + 8
        self.right = width - right
        self.bottom = height - _BOTTOM
        span = self.right - self.left
        many = max(len(heads), 1)
        self.step = span / many if is_column else span / max(many - 1, 1)
        self._first = self.left + (self.step / 2 if is_column else 0)

    def x(self, place: int) -> float:
        """Return where a tick stands."""
        return self._first + self.step * place

    def y(self, value: float) -> float:
        """Return how high a value stands."""
        low, high = self._scale[0], self._scale[-1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - _TOP)

    def grid(self) -> str:
        """Return the lines across, each with its value."""
        return "".join(
            svg.line(self.left, self.y(at), self.right, self.y(at), svg.LOST if at == 0 else svg.LINE)
            + svg.text(self.left - 6, self.y(at) + 4, words, anchor="end")
            for at, words in zip(self._scale, self._written, strict=True)
        )

    def heads(self) -> str:
        """Return the names of as many ticks as there is room for, the last among them."""
        widest = max(map(svg.width_of, self._names), default=0) + 14
        every = max(1, int(-(-widest // max(self.step, 0.1))))
        last = len(self._names) - 1
        return "".join(
            svg.text(self._within(self.x(n), words), self.bottom + 14, words, anchor="middle")
            for n, words in enumerate(self._names)
            if (last - n) % every == 0
        )

    def _within(self, x: float, words: str) -> float:
        return max(x, svg.width_of(words) / 2)


def _line(frame: _Frame, told: Line) -> str:
    runs: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(told.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((frame.x(n), frame.y(value)))
    parts = []
    for run in runs:
        d = " ".join(f"{'L' if n else 'M'}{svg.place(x)} {svg.place(y)}" for n, (x, y) in enumerate(run))
        if len(run) > 1:
            parts.append(svg.path(d, stroke=told.colour, width=2.5 if told.is_strong else 1.75))
        if len(run) == 1 or len(told.values) <= 14:
            parts += [svg.dot(x, y, told.colour) for x, y in run]
    return "".join(parts)


def _marks(frame: _Frame, told: Line, write: Write) -> str:
    """Return the greatest and the last value of a line, written at their points, where both have room."""
    known = [(n, value) for n, value in enumerate(told.values) if value is not None]
    if not known:
        return ""
    last, greatest = known[-1], max(known, key=lambda each: each[1])
    shown = [last]
    apart = abs(frame.x(last[0]) - frame.x(greatest[0]))
    if apart > (svg.width_of(write(last[1])) + svg.width_of(write(greatest[1]))) / 2 + 6:
        shown.append(greatest)
    parts = []
    for n, value in shown:
        words = write(value)
        half = svg.width_of(words) / 2
        x = min(max(frame.x(n), frame.left + half), frame.right + 12 - half)
        parts += [
            svg.dot(frame.x(n), frame.y(value), told.colour, 3),
            svg.text(x, frame.y(value) - 6, words, fill=svg.INK, anchor="middle", bold=n == last[0]),
        ]
    return "".join(parts)


def _end_of(told: Line, write: Write) -> str:
    known = [value for value in told.values if value is not None]
    return f"{told.name} {write(known[-1])}" if known else told.name


def _last(told: Line) -> float:
    return next((value for value in reversed(told.values) if value is not None), 0.0)


def _band(x1: float, y1: float, x2: float, y2: float, thick: float, colour: str) -> str:
    middle = (x1 + x2) / 2
    a, b, c, d, m, t1, t2 = map(svg.place, (x1, y1, x2, y2, middle, y1 + thick, y2 + thick))
    curve = f"M{a} {b} C{m} {b} {m} {d} {c} {d} L{c} {t2} C{m} {t2} {m} {t1} {a} {t1} Z"
    return svg.path(curve, fill=colour, opacity=0.3)


def _on(colour: str) -> str:
    """Return the colour in which to write upon another one."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return svg.GROUND if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else svg.INK
