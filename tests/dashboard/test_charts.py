"""The charts: every number of core's answer stands in the figure and in its table, in both schemes."""

import json
from datetime import date

import pytest

from core.engines.base import Bar, Breakdown, WaterfallBar
from core.schema import Label, TagSpec, TagType
from dashboard import charts
from dashboard.theme import DARK, LIGHT

WAY = (
    WaterfallBar("base", None, 20_000),
    WaterfallBar("node", "c1", 4_182),
    WaterfallBar("node", "c2", 66),
    WaterfallBar("exclude", "x0", 59),
    WaterfallBar("take", None, 30),
)
CHANNEL = TagSpec(key="channel", type=TagType.ENUM, label=Label(zh="来源渠道", en="Source channel"))
GMV = TagSpec(key="gmv", type=TagType.NUMBER, label=Label(zh="总交易额", en="GMV"), unit="元")
DAY = TagSpec(key="day", type=TagType.DATE, label=Label(zh="注册日", en="Registered on"))


def channels(*bars, other=(0, 0), missing=(0, 0)):
    return Breakdown(
        "channel", TagType.ENUM, tuple(Bar(v, None, None, m, b) for v, m, b in bars), other, missing
    )


def bins(tag, *edges_and_counts, missing=(0, 0)):
    return Breakdown(
        tag.key,
        tag.type,
        tuple(Bar(None, low, high, m, b) for low, high, m, b in edges_and_counts),
        (0, 0),
        missing,
    )


def words(chart):
    return [annotation.text for annotation in chart.figure.layout.annotations]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_waterfall_writes_every_number_beside_its_bar(palette):
    chart = charts.waterfall(WAY, {"c1": "城市", "c2": "职位"}, palette)
    assert {"20,000", "4,182", "66", "59", "<b>30</b>", "城市", "职位"} <= set(words(chart))


def test_the_waterfall_table_says_who_is_left_and_who_was_dropped():
    chart = charts.waterfall(WAY, {"c1": "城市", "c2": "职位"}, LIGHT)
    assert chart.rows[1] == ("城市", "4,182", "15,818")
    assert [row[2] for row in chart.rows] == ["0", "15,818", "4,116", "7", "29"]


def test_a_waterfall_over_an_empty_base_is_drawn():
    chart = charts.waterfall((WaterfallBar("base", None, 0), WaterfallBar("node", "c1", 0)), {}, LIGHT)
    assert chart.rows[1][1:] == ("0", "0")


def test_a_condition_without_a_name_is_called_by_its_place():
    chart = charts.waterfall(WAY[:2], {}, LIGHT)
    assert chart.rows[1][0].endswith("1")


def test_a_breakdown_writes_share_and_index_against_the_base():
    chart = charts.breakdown(
        channels(("好友分享", 22, 4_800), ("线上广告", 5, 10_400)),
        CHANNEL,
        count=59,
        base=20_000,
        colours=LIGHT,
    )
    assert chart.rows[0] == ("好友分享", "37.3 %", "24.0 %", "155")
    assert chart.rows[1] == ("线上广告", "8.5 %", "52.0 %", "16")
    inks = {annotation.text: annotation.font.color for annotation in chart.figure.layout.annotations}
    assert inks["155"] == LIGHT.good
    assert inks["16"] == LIGHT.bad


def test_a_breakdown_shows_the_rest_and_those_without_a_value_only_where_there_are_some():
    without = charts.breakdown(channels(("a", 1, 1)), CHANNEL, count=1, base=1, colours=LIGHT)
    both = charts.breakdown(
        channels(("a", 1, 1), other=(0, 3), missing=(2, 2)), CHANNEL, count=3, base=6, colours=LIGHT
    )
    assert len(without.rows) == 1
    assert len(both.rows) == 3


def test_a_breakdown_of_nobody_is_drawn():
    chart = charts.breakdown(channels(("a", 0, 7)), CHANNEL, count=0, base=7, colours=LIGHT)
    assert chart.rows[0] == ("a", "–", "100.0 %", "0")


def test_a_breakdown_without_any_value_is_drawn():
    chart = charts.breakdown(channels(missing=(3, 9)), CHANNEL, count=3, base=9, colours=LIGHT)
    assert chart.rows[0][1] == "100.0 %"


def test_values_that_look_like_markup_stay_text():
    chart = charts.breakdown(
        channels(('<a href="javascript:x">v</a>', 1, 1)), CHANNEL, count=1, base=1, colours=LIGHT
    )
    assert not any("<a" in text for text in words(chart))
    assert "<a" not in json.dumps(chart.figure.data[-1].hovertext)


def test_a_long_label_is_cut_to_its_column_and_whole_in_the_table():
    label = "增长黑客与数据运营负责人"
    chart = charts.breakdown(channels((label, 1, 1)), CHANNEL, count=1, base=1, colours=LIGHT)
    assert "增长黑客与数据…" in words(chart)
    assert chart.rows[0][0] == label


def test_numbers_become_a_histogram_against_the_base():
    chart = charts.breakdown(
        bins(GMV, (0.0, 1000.0, 3, 60), (1000.0, 2000.0, 1, 20), missing=(0, 20)),
        GMV,
        count=4,
        base=100,
        colours=DARK,
    )
    assert chart.rows == (
        ("0 – 1,000", "75.0 %", "60.0 %"),
        ("1,000 – 2,000", "25.0 %", "20.0 %"),
        (chart.rows[2][0], "0.0 %", "20.0 %"),
    )
    assert list(chart.figure.data[0].text) == ["75.0 %", "25.0 %"]
    assert chart.figure.data[0].marker.color == DARK.bar


def test_a_histogram_of_many_bins_writes_only_the_tallest_bars_number():
    many = bins(GMV, *((float(i), float(i + 1), i, 20) for i in range(20)))
    chart = charts.breakdown(many, GMV, count=190, base=400, colours=LIGHT)
    assert [text for text in chart.figure.data[0].text if text] == ["10.0 %"]


def test_days_in_a_bin_are_named_with_both_ends_in():
    first, second, end = date(2019, 1, 1), date(2019, 2, 1), date(2019, 2, 28)
    chart = charts.breakdown(
        bins(DAY, (first, second, 1, 1), (second, end, 1, 1)), DAY, count=2, base=2, colours=LIGHT
    )
    assert [row[0] for row in chart.rows[:2]] == ["2019-01-01 – 2019-01-31", "2019-02-01 – 2019-02-28"]


def test_a_histogram_with_one_bin_is_drawn():
    chart = charts.breakdown(bins(GMV, (5.0, 5.0, 2, 2)), GMV, count=2, base=2, colours=LIGHT)
    assert chart.rows[0][1] == "100.0 %"


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [(0, 0, "–"), (0, 10, "0.0 %"), (1, 20_000, "< 0.1 %"), (59, 20_000, "0.3 %"), (1, 1, "100.0 %")],
)
def test_a_share_never_reads_zero_for_somebody(part, whole, written):
    assert charts.share(part, whole) == written


@pytest.mark.parametrize("chart", [
    charts.waterfall(WAY, {}, LIGHT),
    charts.breakdown(channels(("a", 1, 2)), CHANNEL, count=1, base=2, colours=LIGHT),
    charts.breakdown(bins(GMV, (0.0, 1.0, 1, 2)), GMV, count=1, base=2, colours=LIGHT),
], ids=["waterfall", "values", "histogram"])  # fmt: skip
def test_every_chart_says_in_words_what_it_shows(chart):
    assert chart.summary.endswith((".", "。"))
    assert all(len(row) == len(chart.header) for row in chart.rows)
