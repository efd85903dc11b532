"""Importing in a real browser: upload, correct, run, see the report, go back to an earlier version."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Workspace

MEMBERS = """\
会员编号,姓名,手机,城市,标签,积分,注册日期
00001,王芳,13800000001,北京,运营|增长,1200,2019-01-05
00002,李雷,13800000002,上海,产品,80,2019-02-11
00003,韩梅梅,13800000003,北京,,560,2019-03-01
"""
ORDERS = """\
会员编号,下单时间,金额,渠道
00001,2019-07-01 10:00:00,5200,小程序
00001,2019-07-03 11:00:00,100,APP
00003,2019-06-20 09:30:00,880.5,小程序
"""
PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
[[users]]
source = "members.csv"
id = "会员编号"
[users.tags.city]
column = "城市"
label = {zh = "城市", en = "City"}
"""
Files = dict[str, str]


@pytest.fixture(scope="module")
def own_app(imported_sample: Path, tmp_path_factory: pytest.TempPathFactory, start_app: Callable):
    """A server over a copy of the sample that these tests may change, with a folder for large files."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(imported_sample, folder / "workspace")
    (folder / "data" / "2019").mkdir(parents=True)
    (folder / "data" / "2019" / "members.csv").write_text(MEMBERS, encoding="utf-8")
    return start_app(folder / "workspace", COTERIE_DATA_DIR=str(folder / "data"))


@pytest.fixture
def workspace(own_app) -> Workspace:
    return Workspace.open(own_app.workspace)


@pytest.fixture
def data_page(page: Page, own_app, settled: Callable[[Page], None]) -> Page:
    page.goto(own_app.url + "/data")
    settled(page)
    return page


def turn_to(page: Page, view: str) -> None:
    page.get_by_role("radio", name=view, exact=True).click()


def upload(page: Page, **files: str | bytes) -> None:
    """Upload files given as ``members_csv="…"``."""
    box = page.locator('input[type="file"]')
    expect(box).to_have_count(1)  # the one that took the files before gives way to a fresh one
    box.set_input_files(
        [
            {
                "name": name.replace("_csv", ".csv").replace("_toml", ".toml"),
                "mimeType": "text/plain",
                "buffer": text if isinstance(text, bytes) else text.encode(),
            }
            for name, text in files.items()
        ]
    )


def test_files_are_uploaded_understood_and_imported(data_page: Page, workspace: Workspace) -> None:
    before = workspace.data_version().id
    turn_to(data_page, "导入")
    upload(data_page, members_csv=MEMBERS, orders_csv=ORDERS)
    expect(data_page.get_by_role("button", name="members.csv")).to_be_visible()
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    data_page.get_by_role("button", name="开始导入").click()
    expect(data_page.get_by_text("已导入并开始使用")).to_be_visible()
    version = workspace.data_version()
    assert version.id != before
    assert (version.user_count, version.event_count) == (3, 3)
    assert version.catalogue.tags["手机"].personal == "phone"
    assert version.catalogue.events["orders"].rows == 3
    expect(data_page.locator(".coterie-pill")).to_contain_text("3 人")
    turn_to(data_page, "数据版本")
    expect(data_page.locator(".st-key-data_current")).to_contain_text("未署名")
    expect(data_page.get_by_role("region", name="质量报告")).to_contain_text("members.csv")


def test_one_click_and_a_confirmation_go_back_to_an_earlier_version_and_undo_returns(
    data_page: Page, workspace: Workspace
) -> None:
    if len(workspace.data_versions()) == 1:
        import_members(data_page)
        turn_to(data_page, "数据版本")
    present = workspace.data_version()
    sample = next(v for v in workspace.data_versions() if v.user_count == 20_000)
    row = data_page.locator(f".st-key-data_version_{sample.id}")
    expect(row).to_contain_text("20,000 位用户")
    row.get_by_role("button", name="改用这一版").click()
    dialog = data_page.get_by_role("dialog")
    expect(dialog).to_contain_text("已保存的人群")
    dialog.get_by_role("button", name="改用这一版").click()
    expect(data_page.get_by_text("已改用")).to_be_visible()
    expect(data_page.locator(".coterie-pill")).to_contain_text("20,000 人")
    assert workspace.data_version().id == sample.id
    data_page.get_by_role("button", name="撤销").click()
    expect(data_page.locator(".coterie-pill")).not_to_contain_text("20,000 人")
    assert workspace.data_version().id == present.id


def import_members(page: Page) -> None:
    turn_to(page, "导入")
    upload(page, members_csv=MEMBERS, orders_csv=ORDERS)
    expect(page.get_by_text("3 行 · 7 列")).to_be_visible()
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("已导入并开始使用")).to_be_visible()


def test_a_column_is_corrected_by_choosing_and_the_plan_says_so(
    data_page: Page, settled: Callable[[Page], None]
) -> None:
    turn_to(data_page, "导入")
    upload(data_page, members_csv=MEMBERS)
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    settled(data_page)
    grid = data_page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    editor = data_page.locator("#portal textarea")
    # The grid is a canvas: the cell 中文名 of the column 积分 is reached by its place, once it stands still.
    for _ in range(5):
        box = grid.bounding_box()
        assert box is not None
        data_page.mouse.dblclick(box["x"] + box["width"] * 0.63, box["y"] + box["height"] * 6.5 / 8)
        with suppress(AssertionError):
            expect(editor).to_be_visible(timeout=3_000)
            break
    editor.fill("会员积分")
    data_page.keyboard.press("Enter")
    settled(data_page)
    data_page.get_by_text("导入方案（TOML）").click()
    expect(data_page.get_by_test_id("stCode")).to_contain_text('label = {zh = "会员积分", en = "会员积分"}')


def test_a_plan_comes_with_its_files(data_page: Page, settled: Callable[[Page], None]) -> None:
    turn_to(data_page, "导入")
    upload(data_page, plan_toml=PLAN)
    expect(data_page.get_by_text("还没有上传的文件：members.csv")).to_be_visible()
    upload(data_page, members_csv=MEMBERS)
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    data_page.get_by_text("导入方案（TOML）").click()
    code = data_page.get_by_test_id("stCode")
    expect(code).to_contain_text('id = "会员编号"')
    expect(code).not_to_contain_text("手机")
    settled(data_page)
    with data_page.expect_download() as waiting:
        data_page.get_by_role("button", name="下载方案").click()
    assert waiting.value.suggested_filename == "plan.toml"
    assert 'label = {zh = "城市", en = "City"}' in waiting.value.path().read_text(encoding="utf-8")


def test_an_unfinished_import_survives_another_page_and_a_reload(
    data_page: Page, settled: Callable[[Page], None]
) -> None:
    turn_to(data_page, "导入")
    upload(data_page, members_csv=MEMBERS)
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    data_page.get_by_role("link", name="人群", exact=True).click()
    settled(data_page)
    data_page.get_by_role("link", name="数据", exact=True).click()
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    data_page.reload()
    turn_to(data_page, "导入")
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()


def test_a_file_of_the_configured_folder_is_named_and_not_uploaded(data_page: Page) -> None:
    turn_to(data_page, "导入")
    turn_to(data_page, "服务器文件夹")
    data_page.get_by_role("combobox", name="数据文件夹里的文件").click()
    data_page.get_by_role("option", name="2019/members.csv").click()
    data_page.keyboard.press("Escape")
    data_page.get_by_role("button", name="用这些文件").click()
    expect(data_page.get_by_text("3 行 · 7 列")).to_be_visible()
    expect(data_page.get_by_role("button", name="开始导入")).to_be_enabled()


def test_a_plan_may_not_name_a_file_elsewhere(data_page: Page) -> None:
    turn_to(data_page, "导入")
    upload(data_page, plan_toml=PLAN.replace('"members.csv"', '"/etc/passwd"'))
    expect(data_page.get_by_role("alert").filter(has_text="/etc/passwd")).to_be_visible()
    expect(data_page.get_by_role("button", name="开始导入")).to_have_count(0)


@pytest.mark.parametrize(("locale", "viewport"), [("zh-CN", (1440, 900)), ("en-US", (375, 812))])
def test_nobody_is_shut_out(
    data_page: Page, axe: Callable[[Page], None], in_schemes: Callable[[Page], Iterator[str]], locale: str
) -> None:
    for _ in in_schemes(data_page):
        axe(data_page)
    turn_to(data_page, "导入" if locale == "zh-CN" else "Import")
    upload(data_page, members_csv=MEMBERS)
    expect(data_page.locator(".st-key-data_run")).to_be_visible()
    for _ in in_schemes(data_page):
        axe(data_page)
    wide = data_page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page is wider than the window"
