"""Drawings: in proportion, labels apart and inside, colours those of the pages, texts escaped."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from core.analytics.wording import Wording, change, money, percent, points
from core.report import charts, svg
from core.report.tables import WIDTH, Cell, Grid, grid_html
from dashboard import theme
from tests.core.report.reading import Report
from tests.core.report.worlds import HOSTILE


def rects(drawn: str) -> list[dict[str, str]]:
    return [attributes for tag, attributes in Report(drawn).tags if tag == "rect"]  # type: ignore[misc]


def texts(drawn: str) -> list[tuple[float, float, str]]:
    found = re.findall(r'<text x="([-\d.]+)" y="([-\d.]+)"[^>]*>([^<]*)</text>', drawn)
    return [(float(x), float(y), words) for x, y, words in found]


def test_colours_are_those_of_the_pages() -> None:
    light = theme.LIGHT
    assert theme.SERIES["light"] == svg.SERIES
    assert (
        light.ink, light.mute, light.line, light.track, light.ground, light.brand, light.bar, light.mark,
        light.line_strong,
    ) == (svg.INK, svg.MUTE, svg.LINE, svg.TRACK, svg.GROUND, svg.BRAND, svg.BAR, svg.MARK, svg.LOST)  # fmt: skip


def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = charts.bars([charts.Bar("a", 10, "10"), charts.Bar("b", 5, "5"), charts.Bar("c", 0, "0")], "x")
    long = [float(rect["width"]) for rect in rects(drawn) if rect["fill"] == svg.BAR]
    assert long[0] == pytest.approx(2 * long[1], abs=0.2)
    assert long[2] == 0


def test_columns_add_up_and_what_is_lost_hangs_below() -> None:
    layers = [charts.Layer("one", [30, 10], "#0f5bd7"), charts.Layer("lost", [-15, 0], "#d0d5dd")]
    drawn = charts.columns(["a", "b"], layers, lambda v: f"{v:g}", "x")
    up = [r for r in rects(drawn) if r["fill"] == "#0f5bd7" and float(r["width"]) > 8]
    down = [r for r in rects(drawn) if r["fill"] == "#d0d5dd" and float(r["width"]) > 8]
    assert float(up[0]["height"]) == pytest.approx(3 * float(up[1]["height"]), abs=0.3)
    assert float(down[0]["height"]) == pytest.approx(float(up[0]["height"]) / 2, abs=0.3)
    assert float(down[0]["y"]) == pytest.approx(float(up[0]["y"]) + float(up[0]["height"]), abs=0.2)


def test_flows_keep_everybody() -> None:
    streams = [charts.Stream(0, 0, 60), charts.Stream(0, 1, 20), charts.Stream(1, 1, 20)]
    drawn = charts.flows([("a", "#111111"), ("b", "#222222")], [("c", "#333333"), ("d", "#444444")], streams,
                         lambda v: f"{v:g}", "x")  # fmt: skip
    heights = {rect["fill"]: float(rect["height"]) for rect in rects(drawn)}
    assert heights["#111111"] == pytest.approx(4 * heights["#222222"], abs=0.5)
    assert heights["#333333"] + heights["#444444"] == pytest.approx(
        heights["#111111"] + heights["#222222"], abs=0.3
    )
    assert drawn.count("<path") == 3


def test_names_of_lines_do_not_lie_upon_each_other() -> None:
    told = [charts.Line(f"line {n}", [0.1, 0.2], svg.SERIES[n % 8]) for n in range(9)]
    drawn = charts.lines(["a", "b"], told, percent, "x", height=210)
    at = sorted(y for _, y, words in texts(drawn) if words.startswith("line"))
    assert len(at) == 9
    assert all(later - earlier >= 12.9 for earlier, later in pairwise(at))


def test_a_line_with_gaps_and_a_line_of_nothing() -> None:
    drawn = charts.lines(["a", "b", "c"], [charts.Line("x", [1, None, 3], svg.BRAND)], money, "x")
    assert drawn.count("<circle") >= 2
    assert "<path" not in drawn
    empty = charts.lines(["a"], [charts.Line("x", [None], svg.BRAND)], money, "x")
    assert "nan" not in empty


@pytest.mark.parametrize("top", [0, 0.03, 1, 3, 7, 99, 100, 12_345, 9.99e8])
def test_ticks_are_few_round_and_reach_the_top(top: float) -> None:
    found = svg.ticks(top, whole=top >= 1)
    assert found[0] == 0
    assert found[-1] >= top
    assert 2 <= len(found) <= 6
    assert top < 1 or all(each == int(each) for each in found)


def test_words_that_do_not_fit_end_in_an_ellipsis() -> None:
    assert svg.clipped("short", 100) == "short"
    clipped = svg.clipped("有效行为与很长很长的名字", 80)
    assert clipped.endswith("…")
    assert svg.width_of(clipped) <= 80


def test_nothing_in_a_drawing_can_run() -> None:
    drawn = (
        charts.bars([charts.Bar(HOSTILE, 1, HOSTILE)], HOSTILE)
        + charts.lines([HOSTILE], [charts.Line(HOSTILE, [1], svg.BRAND)] * 2, lambda _: HOSTILE, HOSTILE)
        + charts.columns([HOSTILE], [charts.Layer(HOSTILE, [1], svg.BRAND)], lambda _: HOSTILE, HOSTILE)
        + charts.funnel([charts.Stop(HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE)], HOSTILE)
        + charts.flows(
            [(HOSTILE, svg.BRAND)], [(HOSTILE, svg.BRAND)], [charts.Stream(0, 0, 1)], money, HOSTILE
        )
    )
    assert {tag for tag, _ in Report(drawn).tags} <= {"svg", "text", "rect", "line", "path", "circle"}
    assert "<script" not in drawn
    assert svg.clean("a\x00\x1b[31m") == "a��[31m"


def test_a_table_that_is_too_wide_stands_in_parts_each_with_its_names() -> None:
    heads = (Cell("name", "text"), *(Cell(f"a long head {n}") for n in range(40)))
    row = (Cell("somebody", "text"), *(Cell(f"{n:,}0,000") for n in range(40)))
    tables = (
        Report(f'<section id="x">{grid_html(Grid("t", heads, (row, row), 1))}</section>').sections["x"].tables
    )
    assert len(tables) > 1
    assert all(table.rows[1][0] == "somebody" for table in tables)
    assert sum(len(table.rows[0]) - 1 for table in tables) == 40
    widths = [sum(svg.width_of(words, 10) for words in table.rows[1]) for table in tables]
    assert max(widths) <= WIDTH


def test_numbers_are_written_as_on_the_pages() -> None:
    english, chinese = Wording("en"), Wording("zh")
    assert [percent(0.1234), percent(0.0004), percent(0), percent(1)] == [
        "12.3 %",
        "< 0.1 %",
        "0.0 %",
        "100.0 %",
    ]
    assert [money(1234.56), money(12.5), money(12), money(-1500.7)] == ["1,235", "12.50", "12", "-1,501"]
    assert [english.short(446_359), chinese.short(446_359), english.short(3.25)] == [
        "446.4K",
        "44.6 万",
        "3.2",
    ]
    assert [change(110, 100), change(90, 100), change(1, 0)] == ["+10.0 %", "−10.0 %", None]
    assert points(0.201, 0.231) == "−3.0 pp"
    assert english.written(None, "users") == "–"
    assert english.written(3, "days") == "3"
    assert english.written(3.25, "days") == "3.2"
