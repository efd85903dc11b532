"""The whole story in a browser: drag the five conditions, see the number, save, reload, export, find the members."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Workspace
from tests.browser.builder_page import Builder, closed_door_rule, count_by_command_line

Visit = Callable[[str], Page]


def drag_the_five(builder: Builder) -> None:
    """Drag the five conditions of the closed-door meeting together and set their values by hand."""
    page = builder.page
    for kind, key in (
        ("tag", "city"),
        ("tag", "title"),
        ("tag", "gmv"),
        ("event", "login"),
        ("event", "purchase"),
    ):
        before = builder.rows.count()
        builder.drag(builder.item(kind, key), builder.open_end())
        expect(builder.rows).to_have_count(before + 1)
    builder.row("城市").locator("select").first.select_option("is")
    title = builder.row("职位")
    title.locator("button.chips").click()
    for chip in page.locator(".tokens .chip button").all():
        chip.click()
    search = page.locator(".picker .search")
    for word in ("互联网", "增长", "流量", "运营", "产品"):
        search.fill(word)
        search.press("Enter")
    search.press("Escape")
    amount = builder.row("总交易额").locator("input")
    amount.fill("3000")
    builder.row("购买").locator("input").last.fill("60")
    builder.settle()


def test_the_five_conditions_dragged_together_give_what_the_command_line_gives(
    visit: Visit, sample_workspace: Path
) -> None:
    builder = Builder(visit("/"))
    drag_the_five(builder)
    expected = count_by_command_line(sample_workspace, closed_door_rule())
    expect(builder.count).to_have_text(f"{expected['count']:,}")
    builder.assert_outline("且(城市 职位 总交易额 登录 购买)")
    ours = count_by_command_line(sample_workspace, builder.rule())
    assert [ours["count"], ours["sentence"]] == [expected["count"], expected["sentence"]]
    running = [row.locator(".running").inner_text() for row in builder.rows.all()]
    assert running == [
        f"{ours['nodes'][row.get_attribute('data-id')]['running']:,}" for row in builder.rows.all()
    ]
    expect(builder.page.locator(".sentence")).to_have_text(expected["sentence"]["zh"])


def test_every_edit_changes_the_number_and_undo_and_redo_walk_through_them(visit: Visit) -> None:
    builder = Builder(visit("/"))
    numbers = [builder.number()]
    for kind, key in (("tag", "city"), ("event", "login"), ("tag", "gmv")):
        builder.item(kind, key).click()
        expect(builder.count).not_to_have_text(f"{numbers[-1]:,}")
        numbers.append(builder.number())
    undo, redo = builder.page.locator('[data-act="undo"]'), builder.page.locator('[data-act="redo"]')
    for number in reversed(numbers[:-1]):
        undo.click()
        expect(builder.count).to_have_text(f"{number:,}")
    for number in numbers[1:]:
        redo.click()
        expect(builder.count).to_have_text(f"{number:,}")


def test_a_default_value_that_arrives_later_belongs_to_the_same_step_of_undo(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.item("tag", "city").focus()
    builder.page.keyboard.press("Enter")
    expect(builder.row("城市").locator(".chip")).to_have_text("北京")
    builder.settle()
    builder.page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(0)


def test_keystrokes_in_one_field_are_one_step_and_typing_keeps_focus_and_characters(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:gmv")
    field = builder.row("总交易额").locator("input")
    field.click()
    builder.page.keyboard.press("Control+a")
    builder.page.keyboard.type("123456789", delay=35)
    builder.settle()
    expect(field).to_be_focused()
    expect(field).to_have_value("123456789")
    builder.page.keyboard.press("Control+z")
    expect(field).to_have_value("0")


def test_dragging_reorders_nests_groups_and_excludes(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:city", "tag:gmv", "tag:gender")
    builder.drag(builder.grip(builder.row("性别")), builder.row("城市"), at=(0.3, 0.05))
    builder.assert_outline("且(性别 城市 总交易额)")
    builder.drag(builder.grip(builder.row("性别")), builder.row("总交易额"))
    builder.assert_outline("且(城市 或(总交易额 性别))")
    builder.drag(builder.item("tag", "member_level"), builder.row("性别"), at=(0.5, 0.95))
    builder.assert_outline("且(城市 或(总交易额 性别 会员等级))")
    builder.drag(builder.grip(builder.row("会员等级")), builder.page.locator(".excludeghost"))
    builder.assert_outline("且(城市 或(总交易额 性别)) - 或(会员等级)")
    builder.drag(builder.grip(builder.groups.first), builder.exclude.locator(".ghost"))
    builder.assert_outline("且(城市) - 或(会员等级 或(总交易额 性别))")
    builder.drag(builder.grip(builder.row("会员等级")), builder.row("城市"), at=(0.3, 0.05))
    builder.assert_outline("且(会员等级 城市) - 或(或(总交易额 性别))")


def test_escape_gives_a_drag_up_and_nothing_has_changed(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.item("tag", "city").scroll_into_view_if_needed()
    start, end = builder.item("tag", "city").bounding_box(), builder.open_end().bounding_box()
    assert start is not None
    assert end is not None
    mouse = builder.page.mouse
    mouse.move(start["x"] + 40, start["y"] + 10)
    mouse.down()
    mouse.move(end["x"] + 80, end["y"] + 10, steps=6)
    expect(builder.page.locator(".dragged")).to_be_visible()
    expect(builder.page.locator(".dropline")).to_be_visible()
    builder.page.keyboard.press("Escape")
    mouse.up()
    expect(builder.page.locator(".dragged")).to_have_count(0)
    expect(builder.rows).to_have_count(0)


def test_a_rule_and_its_history_survive_a_reload(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:city")
    builder.add("event:login")
    number = builder.number()
    page = visit("/")
    builder = Builder(page)
    expect(builder.count).to_have_text(f"{number:,}")
    builder.assert_outline("且(城市 登录)")
    page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(1)


def test_a_condition_without_a_value_is_kept_shown_and_never_counts_as_everyone(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:city")
    number = builder.number()
    builder.row("城市").locator("button.chips").click()
    builder.page.locator(".tokens .chip button").click()
    expect(builder.row("城市").locator(".problem.error")).to_be_visible()
    expect(builder.page.locator(".tally .state")).to_be_visible()
    expect(builder.page.locator(".panel")).to_have_class(re.compile("brokenrule"))
    expect(builder.count).to_have_text(f"{number:,}")
    builder.page.locator(".options li").first.click()
    expect(builder.row("城市").locator(".problem")).to_have_count(0)
    expect(builder.page.locator(".panel")).not_to_have_class(re.compile("brokenrule"))


def test_a_pasted_column_of_values_says_which_match_nothing(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:city")
    builder.row("城市").locator("button.chips").click()
    builder.page.locator(".picker .search").evaluate(
        """input => { const data = new DataTransfer(); data.setData('text', '上海\\n火星\\n广州\\n');
           input.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }"""
    )
    expect(builder.page.locator(".note .bad")).to_contain_text("火星")
    builder.page.locator(".note .add").last.click()
    assert set(builder.page.locator(".tokens .chip").all_inner_texts()) == {"北京", "上海", "广州"}


def test_saving_opening_and_changing_an_audience(visit: Visit, sample_workspace: Path) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:city")
    page = builder.page
    page.locator('[data-act="save"]').click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("名称")).to_be_focused()
    page.keyboard.insert_text("北京用户")
    dialog.get_by_label("你的名字").fill("林运营")
    dialog.get_by_role("button", name="保存").click()
    expect(page.locator(".toolbar h1")).to_have_text("北京用户")
    expect(page.locator(".toolbar .status")).to_have_text("已保存")
    saved = Workspace.open(sample_workspace).audience("北京用户")
    builder.add("tag:gmv")
    expect(page.locator(".toolbar .status")).to_have_text("有未保存的修改")
    opened = Builder(visit(f"/?audience={saved.id}"))
    assert opened.outline() == "且(城市)"
    expect(page.locator(".toolbar h1")).to_have_text("北京用户")
    # The same link, followed again after another page: it opens again what was left otherwise.
    opened.add("tag:gmv")
    expect(opened.page).to_have_url(re.compile(r"/$"))
    for _ in range(2):
        opened.page.get_by_role("link", name="人群", exact=True).click()
        opened.page.get_by_role("link", name="北京用户").first.click()
        expect(opened.page.locator(".toolbar .status")).to_have_text("已保存")
        opened = Builder(opened.page)
        assert opened.outline() == "且(城市)"
        opened.add("tag:gmv")


def test_the_exported_file_holds_exactly_the_members(
    visit: Visit, sample_workspace: Path, tmp_path: Path
) -> None:
    page = visit("/")
    builder = Builder(page)
    page.locator(".template").first.click()
    expect(builder.rows).to_have_count(5)
    number = builder.number()
    page.locator('[data-act="export"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("你的名字").fill("林运营")
    dialog.get_by_role("button", name="生成文件").click()
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name=re.compile("下载")).click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    text = file.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
    workspace = Workspace.open(sample_workspace)
    members = workspace.members(workspace.parse(closed_door_rule()))
    assert sorted(row[0] for row in rows[1:]) == members
    assert len(rows) - 1 == number
    newest = workspace.exports(1)[0]
    assert [newest.rows, newest.by.name, newest.purpose] == [number, "林运营", "analysis"]


def test_everybody_is_not_exported_for_contact(visit: Visit) -> None:
    page = visit("/")
    Builder(page)
    page.locator('[data-act="export"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("联系：显示所选个人信息").click()
    expect(dialog.get_by_text("不能把全部用户作为联系名单导出")).to_be_visible()
    expect(dialog.get_by_role("button", name="生成文件")).to_be_disabled()


def test_a_contact_list_needs_a_reason_and_a_name_and_then_shows_what_was_chosen(
    visit: Visit, sample_workspace: Path
) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city", "tag:phone")
    page.locator('[data-act="export"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("联系：显示所选个人信息").click()
    make = dialog.get_by_role("button", name="生成文件")
    make.click()
    expect(dialog.get_by_text("联系名单需要写明原因")).to_be_visible()
    dialog.get_by_label("联系原因", exact=True).fill("闭门会邀请")
    make.click()
    expect(dialog.get_by_text("请先写上你的名字")).to_be_visible()
    dialog.get_by_label("你的名字").fill("林运营")
    fields = dialog.get_by_role("combobox")
    fields.fill("手机号")
    fields.press("Enter")
    fields.press("Tab")
    make.click()
    expect(dialog.get_by_text(re.compile("已生成"))).to_be_visible()
    newest = Workspace.open(sample_workspace).exports(1)[0]
    assert (newest.purpose, newest.reason, newest.by.verified) == ("contact", "闭门会邀请", False)
    assert newest.revealed == ("phone",)


@pytest.mark.parametrize(
    ("locale", "viewport"),
    [("zh-CN", (1440, 900)), ("en-US", (375, 760))],
)
def test_the_page_has_no_accessibility_violations(
    visit: Visit, axe: Callable[[Page], None], in_schemes: Callable[[Page], Iterator[str]]
) -> None:
    page = visit("/")
    builder = Builder(page)
    axe(page)
    page.locator(".template").nth(4).click()
    expect(builder.rows).to_have_count(4)
    builder.settle()
    for _ in in_schemes(page):
        axe(page)
    page.locator('[data-act="templates"]').click()
    for _ in in_schemes(page):
        axe(page)
