"""Lists and snapshots in a real browser: uploaded, reported, used in the builder, kept while they are used."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from core.workspace import Actor, Workspace
from tests.browser.builder_page import Builder, count_by_command_line

Visit = Callable[[str], Page]
SOMEBODY = Actor("王芳")


def lists_tab(page: Page) -> None:
    page.get_by_role("tab", name="名单").click()


def test_a_file_becomes_a_list_is_used_in_the_builder_and_stays_while_it_is_used(
    visit: Visit,
    sample_workspace: Path,
    tmp_path: Path,
    axe: Callable[[Page], None],
    settled: Callable[[Page], None],
) -> None:
    workspace = Workspace.open(sample_workspace)
    file = tmp_path / "闭门会签到.csv"
    file.write_text("编号,姓名\nu00001,甲\nu00002,乙\nu00001,甲\nx77,丙\n", encoding="utf-8")
    page = visit("/audiences")
    lists_tab(page)
    page.locator("input[type=file]").set_input_files(file)
    form = page.locator(".st-key-lists_form")
    expect(form.get_by_label("名单名称")).to_have_value("闭门会签到")
    axe(page)
    form.get_by_role("button", name="建立名单").click()
    report = page.locator(".st-key-lists_report")
    for words in ("名单「闭门会签到」已建立：2 人", "列「编号」，按用户编号查找", "没对上的例如：x77"):
        expect(report).to_contain_text(words)
    with page.expect_download() as waiting:
        report.get_by_role("button", name="下载没对上的行").click()
    assert Path(waiting.value.path()).read_text(encoding="utf-8-sig") == "line,编号\n5,x77\n"
    axe(page)

    report.get_by_role("link", name="去圈选").click()
    builder = Builder(page)
    expect(builder.page.locator(".sentence")).to_have_text("在名单「闭门会签到」上")
    rule = builder.rule()
    assert builder.number() == count_by_command_line(sample_workspace, rule)["count"] == 2
    saved = workspace.save_audience(name="签到的人", rule=rule, actor=SOMEBODY)

    page = visit("/audiences")
    row = page.locator(f".st-key-audience_{saved.id}")
    row.get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name="快照").or_(page.get_by_role("option", name="快照")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("^拍一张快照")).click()
    expect(dialog.get_by_role("table")).to_contain_text("2 人")
    axe(page)
    assert [taken.people for taken in workspace.snapshots(saved.id)] == [2]
    page.keyboard.press("Escape")
    settled(page)

    lists_tab(page)
    remove = page.get_by_role("dialog").get_by_role("button", name=re.compile("^删除「"))
    listed = page.locator("[class*='st-key-list_']").filter(has_text="闭门会签到").first
    listed.get_by_role("button", name="删除").click()
    remove.click()
    expect(page.get_by_role("dialog").get_by_test_id("stAlert")).to_contain_text("签到的人")
    workspace.delete_audience(saved.id, actor=SOMEBODY)
    remove.click()
    expect(page.locator("[class*='st-key-list_']").filter(has_text="闭门会签到")).to_have_count(0)
    assert "闭门会签到" not in [kept.name for kept in workspace.lists()]
