"""The manager's pages in a real browser: the Monday story, every number opens, nobody is shut out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.workspace import Actor, Workspace
from tests.browser.conftest import settle

Visit = Callable[[str], Page]
PAGES = ("overview", "journey", "lifecycle", "rfm", "retention", "budget", "channels", "members")


@pytest.fixture(scope="module")
def workspace(sample_workspace: Path) -> Workspace:
    return Workspace.open(sample_workspace)


def opened(page: Page, number: Locator) -> tuple[int, int]:
    """Follow a number that is a link; return what it promised, and what the builder counts."""
    found = re.search(r"[\d,]+", number.get_attribute("title") or "")
    assert found is not None
    number.click()
    page.wait_for_url(re.compile(r"/\?(figure|rule|kept)="))
    settle(page)
    count = page.locator(".tally .count")
    expect(count).not_to_have_text("—", timeout=30_000)
    expect(page.locator(".shell")).not_to_have_class(re.compile(r"\bwaiting\b"))
    return int(found[0].replace(",", "")), int(count.inner_text().replace(",", ""))


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(option)  # a long list draws only what is in sight
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def test_on_monday_a_drop_leads_to_the_people_to_talk_to_and_their_list(
    visit: Visit, workspace: Workspace
) -> None:
    page = visit("/overview")
    choose(page, "时间段", "近 90 天")
    movement = page.locator("li", has_text="会员等级为「金卡」的新增用户减少")
    expect(movement).to_be_visible()
    before = workspace.analyse("overview", first=workspace.period().last, given={})  # a day alone is told too
    assert before.as_json()["now"]["from"] == "2019-07-14"
    page.get_by_text("洞察", exact=True).click()
    page.get_by_role("menuitem", name="旅程", exact=True).click()
    settle(page)
    expect(page.get_by_role("combobox", name="时间段")).to_have_value("近 90 天")
    choose(page, "拆分", "来源渠道")
    expect(page.locator("table.split thead th.number")).to_have_count(6)
    stuck = page.locator(".card", has_text="点击「一键约聊」").locator(".value a")
    promised, counted = opened(page, stuck)
    steps = workspace.analyse("journey").as_json()["steps"]
    assert promised == counted == next(s for s in steps if s["step"] == "click_chat")["stuck"]
    page.get_by_role("button", name="导出名单").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="生成文件").click()
    expect(dialog.get_by_role("button", name="下载")).to_be_visible(timeout=30_000)
    assert workspace.exports()[0].rows == counted


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("/overview", ".card:nth-child(2) .lines li:nth-child(2) a"),
        ("/lifecycle", ".card:nth-child(3) .value a"),
        ("/lifecycle", "table.heatmap tr:nth-child(1) td.heat:nth-child(5) a"),
        ("/rfm", "table.heatmap td a"),
        ("/retention?by=source_channel", "table.heatmap tr:nth-child(2) td.heat:nth-child(6) a"),
        ("/budget", ".card:nth-child(2) .value a"),
        ("/channels", "table.heatmap td.heat a"),
        ("/members", "tbody td a"),
    ],
)  # fmt: skip
def test_a_number_opens_in_the_builder_with_the_same_count(visit: Visit, path: str, number: str) -> None:
    page = visit(path)
    promised, counted = opened(page, page.locator(number).first)
    assert promised == counted > 0


def test_from_an_opened_number_one_step_leads_back_and_a_reload_opens_it_no_more(visit: Visit) -> None:
    page = visit("/overview?day=2019-06-30")
    opened(page, page.locator(".card .value a").first)
    expect(page).to_have_url(re.compile(r"/$"))
    page.reload()
    settle(page)
    expect(page.get_by_text("已打开链接里的规则")).to_have_count(0)
    page.go_back()
    settle(page)
    expect(page).to_have_url(re.compile(r"/overview\?day=2019-06-30$"))


def test_a_point_of_a_chart_offers_its_people(visit: Visit) -> None:
    page = visit("/overview")
    chart = page.locator(".js-plotly-plot").first
    expect(chart.locator("path.point").first).to_be_visible()
    box = chart.locator("path.point").nth(10).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    offer = page.get_by_text("点数字在圈选页打开")
    expect(offer).to_be_visible()
    shown = int(re.sub(r"\D", "", offer.locator("a").inner_text()))
    with page.expect_popup() as opening:
        offer.locator("a").click()
    builder = opening.value
    expect(builder.locator(".tally .count")).to_have_text(f"{shown:,}", timeout=30_000)


@pytest.mark.parametrize(
    ("path", "area", "place", "along"),
    [
        ("/rfm", ".st-key-rfm_treemap .treemaplayer .slice:has(text:not(:empty)) path.surface", 2, 0.5),
        ("/lifecycle", ".st-key-lifecycle_sankey .sankey-link", 0, 0.1),
        ("/lifecycle", ".st-key-lifecycle_sankey .node-rect", 1, 0.5),
    ],
)
@pytest.mark.parametrize(("locale", "viewport"), [("zh-CN", (1440, 900)), ("en-US", (390, 844))])
def test_an_area_or_a_flow_of_a_chart_offers_its_people(
    visit: Visit,
    axe: Callable[[Page], None],
    path: str,
    area: str,
    place: int,
    along: float,
    locale: str,
    viewport: tuple[int, int],
) -> None:
    page = visit(path)
    drawn = page.locator(area)
    expect(drawn.nth(place)).to_be_visible(timeout=30_000)
    page.locator(".coterie-areas").scroll_into_view_if_needed()
    settle(page)
    shape, box = drawn.nth(place).get_attribute("d"), drawn.nth(place).bounding_box()
    assert box is not None
    offer = page.locator(".coterie-areas")
    expect(offer).to_have_text(
        "点击色块，看是哪些人" if locale == "zh-CN" else "Click an area to see who is in it"
    )
    page.mouse.click(box["x"] + box["width"] * along, box["y"] + box["height"] / 2)
    expect(offer.locator("a")).to_be_visible()
    axe(page)
    assert drawn.nth(place).get_attribute("d") == shape, "Plotly zoomed into the area"
    promised, counted = opened(page, offer.locator("a"))
    assert promised == counted > 0


def test_period_day_audience_and_split_stand_in_the_link_and_are_taken_from_it(
    visit: Visit, workspace: Workspace
) -> None:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    saved = workspace.save_audience(name="分析里的北京用户", rule=rule, actor=Actor("Test"))
    page = visit(f"/retention?audience={saved.id}&by=source_channel&day=2019-06-30")
    expect(page.get_by_role("combobox", name="看谁")).to_have_value("分析里的北京用户")
    expect(page.get_by_role("combobox", name="拆分")).to_have_value("来源渠道")
    expect(page.locator("table.heatmap tbody tr").last).to_contain_text("2019-06-24")
    promised, counted = opened(page, page.locator("table.heatmap td a").first)
    assert promised == counted
    told = workspace.analyse("retention", workspace.period().first.replace(day=30), audience=saved.id)
    assert told.as_json()["cohorts"][0]["users"] == promised


def test_the_report_is_downloaded_opens_from_disk_and_prints(visit: Visit, tmp_path: Path) -> None:
    page = visit("/overview")
    page.get_by_role("button", name="报告").click()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="下载报告").click()
    assert waiting.value.suggested_filename == "报告_2019-06-15_2019-07-14.html"
    file = tmp_path / "report.html"
    waiting.value.save_as(file)
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", name="用户分析报告")).to_be_visible()
    expect(page.locator("section")).to_have_count(len(PAGES))
    assert len(page.pdf(format="A4")) > 50_000


def test_what_is_asked_before_the_data_begin_is_said_and_is_no_zero(visit: Visit) -> None:
    page = visit("/overview?from=2010-01-01&to=2010-01-31")
    expect(page.get_by_text("没有记录，未知").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    page = visit("/overview?from=2010-01-01&to=2010-01-31&day=2010-02-28")
    expect(page.get_by_text("在 2010-02-28 没有任何用户").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_page_that_has_nothing_to_tell_says_why_and_waits_for_nothing(visit: Visit) -> None:
    page = visit("/channels?from=2015-01-01&to=2015-01-31")
    expect(page.get_by_text("2015-01-31 及以前没有任何行为记录")).to_be_visible()
    expect(page.locator(".coterie-skeleton")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("locale", "viewport"), [("zh-CN", (1440, 900)), ("en-US", (390, 844))])
def test_nobody_is_shut_out(
    visit: Visit,
    axe: Callable[[Page], None],
    in_schemes: Callable[[Page], Iterator[str]],
    name: str,
    locale: str,
    viewport: tuple[int, int],
) -> None:
    page = visit(f"/{name}")
    expect(page.locator(".coterie-sheet table, .coterie-sheet .cards, table.funnel").first).to_be_visible()
    for _ in in_schemes(page):
        axe(page)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the window"
    page.get_by_role("radio", name="表" if locale == "zh-CN" else "Table", exact=True).click()
    settle(page)
    expect(page.locator(".coterie-sheet table").first).to_be_visible()


def type_costs(page: Page, definitions: str, costs: dict[str, str]) -> None:
    """Type what groups cost into their fields among the definitions, as fast as keys go."""
    page.get_by_role("button", name=definitions).click()
    for group, cost in costs.items():
        page.get_by_role("spinbutton", name=group, exact=True).focus()
        page.keyboard.type(cost)
    page.get_by_test_id("stFormSubmitButton").get_by_role("button").click()
    settle(page)
    for group, cost in costs.items():
        expect(page.get_by_role("spinbutton", name=group, exact=True)).to_have_value(cost)
    page.keyboard.press("Escape")
    settle(page)


def costs_told(page: Page) -> dict[str, str]:
    """Return the cost of each group as the page's table has it."""
    table = page.locator(".st-key-budget_groups table")
    rows = table.locator("tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("td").nth(8).inner_text() for row in rows}


def test_costs_that_were_typed_outlive_another_page_another_language_and_go_into_the_report(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("/budget")
    before = costs_told(page)
    type_costs(page, "口径", {"线上广告": "123456"})
    assert costs_told(page) == {**before, "线上广告": "123,456"}

    def to(menu: str, name: str) -> None:
        page.get_by_text(menu, exact=True).click()
        page.get_by_role("menuitem", name=name, exact=True).click()
        settle(page)

    to("洞察", "会员")
    to("洞察", "预算与优惠券")
    assert costs_told(page) == {**before, "线上广告": "123,456"}
    type_costs(page, "口径", {"好友分享": "7890", "线下活动": "45", "自然浏览": "6"})
    both = {**before, "线上广告": "123,456", "好友分享": "7,890", "线下活动": "45", "自然浏览": "6"}
    assert costs_told(page) == both
    page.get_by_role("button", name="EN", exact=True).click()
    settle(page)
    in_english = {("no value" if group == "无值" else group): cost for group, cost in both.items()}
    assert costs_told(page) == in_english
    to("Insights", "Members")
    page.get_by_role("button", name="Report", exact=True).click()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="Download report").click()
    file = tmp_path / "report.html"
    waiting.value.save_as(file)
    report = file.read_text(encoding="utf-8")
    assert "123,456" in report
    assert "7,890" in report


def test_period_people_and_split_come_along_to_every_page_and_into_the_other_language(
    visit: Callable[[str], Page], settled: Callable[[Page], None]
) -> None:
    page = visit("/overview")
    settled(page)
    to_page(page, "旅程")
    settled(page)
    expect(page.get_by_role("combobox", name="时间段")).to_have_value("近 30 天")
    assert "period" not in page.url
    page = visit("/journey?period=d90&by=city")
    expect(page.locator("table.split")).to_be_visible()
    to_page(page, "留存")
    settled(page)
    expect(page.get_by_role("combobox", name="拆分")).to_have_value("城市")
    to_page(page, "旅程")
    settled(page)
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("combobox", name="Split by")).to_have_value("City")
    page.get_by_text("Table", exact=True).click()
    settled(page)
    expect(page.get_by_role("combobox", name="Period")).to_have_value("Last 90 days")
    expect(page.get_by_role("combobox", name="Split by")).to_have_value("City")
    assert "by=city" in page.url


def to_page(page: Page, name: str) -> None:
    """Go to a page by the menu."""
    page.get_by_text("洞察", exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()
