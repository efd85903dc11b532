"""The journey in a real browser: its numbers are links, and the builder counts the same."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.analytics.journey import Funnel
from core.workspace import Actor, Workspace

STEPS = (
    "注册",
    "有效行为",
    "搜索并进入分类页",
    "点击「一键约聊」",
    "咨询顾问",
    "提交订单",
    "支付成功",
    "订单完成",
)


@pytest.fixture(scope="module")
def workspace(sample_workspace: Path) -> Workspace:
    return Workspace.open(sample_workspace)


def number(text: str) -> int:
    return int(re.sub(r"[^\d]", "", text))


def rows_of(page: Page) -> list[list[str]]:
    table = page.locator("table.funnel")
    return [
        [
            row.locator(".label").inner_text(),
            *(cell.inner_text() for cell in row.locator("td").all()),
        ]
        for row in table.locator("tbody tr").all()
    ]


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_the_funnel_shows_what_the_command_line_says(
    visit: Callable[[str], Page], workspace: Workspace
) -> None:
    page = visit("/journey")
    expect(page.locator("table.funnel tbody tr")).to_have_count(8)
    said = workspace.funnel().as_json()["steps"]
    shown = rows_of(page)
    assert [row[0] for row in shown] == [step["label"]["zh"] for step in said]
    assert [number(row[1]) for row in shown] == [step["reached"] for step in said]
    assert [number(row[3]) for row in shown] == [step["furthest"] for step in said]
    assert sum(number(row[3]) for row in shown) == workspace.funnel().total


def test_every_number_opens_in_the_builder_with_the_same_count(
    visit: Callable[[str], Page], settled: Callable[[Page], None]
) -> None:
    page = visit("/journey")
    link = page.locator("table.funnel tbody tr").nth(3).locator("td a").last
    shown = number(link.inner_text())
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/\?rule="))
    settled(page)
    expect(page.locator(".counted strong.count")).to_have_text(f"{shown:,}")


def test_a_split_stands_beside_the_whole_and_adds_up(
    visit: Callable[[str], Page], workspace: Workspace
) -> None:
    page = visit("/journey")
    choose(page, "拆分", "城市")
    table = page.locator("table.split")
    expect(table.locator("tbody tr")).to_have_count(8)
    groups = workspace.funnel(split="city").groups
    heads = [head.locator("span").first.inner_text() for head in table.locator("thead th.number").all()]
    assert heads == ["合计", *(group.label["zh"] for group in groups)]
    first = [number(a.inner_text()) for a in table.locator("tbody tr").first.locator("td a").all()]
    assert first[0] == sum(first[1:])
    page.get_by_role("radio", name="停在这一步").click()
    last = table.locator("tbody tr").last.locator("td a")
    expect(last.nth(1)).to_have_text(f"{groups[0].steps[-1].furthest:,}")


def test_a_choice_survives_a_look_at_another_page(
    visit: Callable[[str], Page], settled: Callable[[Page], None]
) -> None:
    page = visit("/journey")
    choose(page, "拆分", "城市")
    expect(page.locator("table.split")).to_be_visible()
    page.get_by_role("link", name="人群", exact=True).click()
    settled(page)
    page.get_by_text("洞察", exact=True).click()
    page.get_by_role("menuitem", name="旅程", exact=True).click()
    expect(page.locator("table.split")).to_be_visible()


def test_a_saved_audience_has_its_own_funnel(visit: Callable[[str], Page], workspace: Workspace) -> None:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    workspace.save_audience(name="旅程里的北京用户", rule=rule, actor=Actor("Test"))
    page = visit("/journey")
    choose(page, "看谁", "旅程里的北京用户")
    expected = workspace.funnel(audience=workspace.parse(rule)).steps
    expect(page.locator("table.funnel tbody tr").first.locator("td a").first).to_have_text(
        f"{expected[0].reached:,}"
    )
    assert [number(row[1]) for row in rows_of(page)] == [step.reached for step in expected]


def test_the_download_holds_the_same_numbers_under_a_telling_name(
    visit: Callable[[str], Page], workspace: Workspace
) -> None:
    page = visit("/journey")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载 CSV").click()
    assert waiting.value.suggested_filename == "旅程_全部用户_2019-06-15_2019-07-14.csv"
    content = waiting.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["步骤"] for row in rows] == list(STEPS)
    assert [int(row["到达过"]) for row in rows] == [step.reached for step in workspace.funnel().steps]


def test_the_people_who_are_stuck_are_exported_from_their_card_as_they_are_counted(
    visit: Callable[[str], Page], settled: Callable[[Page], None], workspace: Workspace
) -> None:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "上海"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    saved = workspace.save_audience(name="旅程里的上海用户", rule=rule, actor=Actor("Test"))
    day = date(2019, 7, 1)
    page = visit(f"/journey?audience={saved.id}&day={day}")
    told = workspace.analyse("journey", day, audience=saved.id)
    for place, key in ((3, "Enter"), (4, "Space")):
        expected = told.steps[place].stuck
        card = page.locator(".card").nth(place)
        expect(card.locator(".value")).to_have_text(f"{expected.users:,}")
        button = card.get_by_role("button", name=f"导出停在「{STEPS[place]}」的 {expected.users:,} 人")
        button.press(key)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"停在「{STEPS[place]}」7 天以上")
        expect(dialog).to_contain_text(f"{expected.users:,} 人 · {day}")
        dialog.get_by_role("button", name="生成文件").click()
        with page.expect_download() as waiting:
            dialog.get_by_role("button", name="下载").click()
        rows = list(csv.reader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
        people = workspace.members(expected.rule, day)
        assert [row[0] for row in rows[1:]] == people
        assert len(people) == expected.users > 0
        record = workspace.exports()[0]
        assert record.rows == expected.users
        assert record.as_of == day
        assert record.audience_name == f"停在「{STEPS[place]}」7 天以上"
        assert waiting.value.suggested_filename == record.file_name == f"{record.audience_name}-{day}.csv"
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_have_count(0)
        settled(page)


def test_steps_are_edited_on_the_page_and_stand_in_its_address(
    visit: Callable[[str], Page], settled: Callable[[Page], None], workspace: Workspace
) -> None:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "上海"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    saved = workspace.save_audience(name="步骤里的上海用户", rule=rule, actor=Actor("Test"))
    page = visit("/journey")
    page.get_by_role("button", name="编辑步骤").click()
    dialog = page.get_by_role("dialog")
    for place in range(8, 3, -1):
        dialog.get_by_role("button", name=f"删除第 {place} 步").click()
        expect(dialog.get_by_role("textbox", name=f"第 {place} 步的名称")).to_have_count(0)
    dialog.get_by_role("button", name="上移第 3 步").click()
    expect(dialog.get_by_role("textbox", name="第 2 步的名称")).to_have_value("搜索并进入分类页")
    dialog.get_by_role("button", name="加一步").click()
    choose(page, "第 4 步或为人群", "步骤里的上海用户")
    # Two steps of one name are told before anything is lost.
    dialog.get_by_role("textbox", name="第 4 步的名称").fill("  有效行为 ")
    dialog.get_by_role("textbox", name="第 4 步的名称").press("Enter")
    dialog.get_by_role("button", name="应用").click()
    expect(dialog.get_by_text("步骤名称「有效行为」出现了两次。")).to_be_visible()
    dialog.get_by_role("textbox", name="第 4 步的名称").fill("")
    dialog.get_by_role("textbox", name="第 4 步的名称").press("Enter")
    dialog.get_by_role("button", name="应用").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("table.funnel tbody tr")).to_have_count(4)
    planned = {step.key: step for _, step in workspace.catalogue().journey_steps()}
    steps = [
        {"label": planned[key].label.zh, "events": list(planned[key].events)} for key in list(planned)[:3]
    ]
    given = {"steps": [steps[0], steps[2], steps[1], {"label": saved.name, "audience": saved.id}]}
    told = workspace.analyse("journey", given=given)
    assert isinstance(told, Funnel)
    shown = rows_of(page)
    assert [row[0] for row in shown] == ["注册", "搜索并进入分类页", "有效行为", "步骤里的上海用户"]
    assert [number(row[1]) for row in shown] == [step.reached for step in told.steps]
    again = visit(page.url[page.url.index("/journey") :])
    expect(again.locator("table.funnel tbody tr")).to_have_count(4)
    assert rows_of(again) == shown
    link = again.locator("table.funnel tbody tr").last.locator("td a").last
    link.click()
    again.wait_for_url(re.compile(r"/\?rule="))
    settled(again)
    expect(again.locator(".counted strong.count")).to_have_text(f"{told.steps[-1].furthest:,}")


def test_an_audience_as_a_step_is_refused_in_the_dialog_where_the_rest_asks_for_its_time(
    visit: Callable[[str], Page], workspace: Workspace
) -> None:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "广州"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    workspace.save_audience(name="步骤里的广州用户", rule=rule, actor=Actor("Test"))
    page = visit('/journey?set={"session_minutes":30}')
    page.get_by_role("button", name="编辑步骤").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_role("textbox", name="第 3 步的名称")
    expect(name).to_have_value("搜索并进入分类页")
    choose(page, "第 3 步或为人群", "步骤里的广州用户")
    # The name that it came with goes with what it was; one that is typed stays.
    expect(name).to_have_value("")
    name.fill("广州的")
    name.press("Enter")
    choose(page, "第 3 步或为人群", "不用人群")
    expect(name).to_have_value("广州的")
    choose(page, "第 3 步或为人群", "步骤里的广州用户")
    dialog.get_by_role("button", name="应用").click()
    expect(dialog.get_by_text("步骤「广州的」是一个人群，人群没有发生的时刻")).to_be_visible()


def test_per_session_the_bars_count_visits_and_people_open_as_ever(
    visit: Callable[[str], Page], settled: Callable[[Page], None], workspace: Workspace
) -> None:
    told = workspace.analyse("journey", given={"session_minutes": 30, "order": "strict"})
    assert isinstance(told, Funnel)
    page = visit('/journey?set={"session_minutes":30,"order":"strict"}')
    expect(page.get_by_text(f"共 {told.sessions:,} 次会话")).to_be_visible()
    rows = page.locator("table.funnel tbody tr")
    for place, step in enumerate(told.steps):
        assert step.sessions is not None
        cells = rows.nth(place).locator("td")
        expect(cells.nth(0)).to_have_text(f"{step.sessions.reached:,}")
        expect(cells.nth(1)).to_have_text(f"{step.reached:,}")
    went_on = rows.nth(1).locator("td").nth(2).locator("a")
    went_on.click()
    page.wait_for_url(re.compile(r"/\?rule="))
    settled(page)
    expect(page.locator(".counted strong.count")).to_have_text(f"{told.steps[1].continued:,}")
    expect(page.locator(".sentence")).to_contain_text("同一次会话内（停顿不超过 30 分钟）")


@pytest.mark.parametrize(("locale", "viewport"), [("zh-CN", (1440, 900)), ("en-US", (375, 812))])
def test_nobody_is_shut_out(
    visit: Callable[[str], Page],
    axe: Callable[[Page], None],
    in_schemes: Callable[[Page], Iterator[str]],
    locale: str,
    viewport: tuple[int, int],
) -> None:
    page = visit("/journey")
    expect(page.locator("table.funnel tbody tr")).to_have_count(8)
    choose(page, "拆分" if locale == "zh-CN" else "Split by", "城市" if locale == "zh-CN" else "City")
    expect(page.locator("table.split")).to_be_visible()
    for _ in in_schemes(page):
        axe(page)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the window"


def test_the_boxes_speak_the_other_language_and_keep_what_was_chosen(
    visit: Callable[[str], Page], settled: Callable[[Page], None]
) -> None:
    page = visit('/journey?set={"when":"period"}')
    choose(page, "对比", "上一个时间段")
    expect(page.locator("table.funnel")).to_have_count(2)
    page.get_by_role("button", name="EN", exact=True).click()
    settled(page)
    expect(page.get_by_role("combobox", name="Beside")).to_have_value("The period before")
    expect(page.get_by_role("combobox", name="At which step")).not_to_have_value(re.compile("[一-龥]"))
    expect(page.locator("table.funnel")).to_have_count(2)
