"""The page of exports in a real browser: the list, its details, the manifest, the log."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.workspace import Actor, ExportRequest, Workspace
from tests.browser.conftest import settle


@pytest.fixture(scope="module")
def exported(sample_workspace):
    """One export for contact, of big spenders in 北京, by somebody whose name nobody verified."""
    workspace = Workspace.open(sample_workspace)
    conditions = [
        {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"},
        {"kind": "tag", "id": "c2", "tag": "gmv", "op": "gt", "value": 3000},
    ]
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": conditions}}
    workspace.export(
        ExportRequest(
            rule=workspace.parse(rule),
            actor=Actor("王芳"),
            purpose="contact",
            fields=("name", "phone"),
            reason="闭门会邀请",
            audience_name="闭门会名单",
        )
    )
    workspace.log_reveal(["phone"], "preview", Actor("王芳"))
    return workspace.exports()[0]


def opened(page):
    page.get_by_text("闭门会名单").first.click()
    settle(page)  # what opens moves what lies in it
    return page.get_by_test_id("stExpander").first


def test_an_export_opens_to_its_rule_fields_reason_and_checksum(visit, exported):
    page = visit("/exports")
    details = opened(page)
    for words in (
        "城市是「北京」",
        "姓名、手机",
        "闭门会邀请",
        exported.sha256,
        f"{exported.rows:,} 人",
        "王芳（未经验证）",
    ):
        expect(details).to_contain_text(words)


def test_the_manifest_is_downloaded_with_the_whole_record(visit, exported):
    page = visit("/exports")
    button = opened(page).get_by_role("button", name="下载导出说明")
    with page.expect_download() as waiting:
        button.click()
    download = waiting.value
    assert download.suggested_filename == f"{exported.file_name}.manifest.json"
    manifest = json.loads(Path(download.path()).read_text(encoding="utf-8"))
    assert manifest["sha256"] == exported.sha256
    assert manifest["by"] == {"name": "王芳", "verified": False}
    assert manifest["rule"] == exported.rule


def test_a_search_without_a_find_shows_none(visit, exported):
    page = visit("/exports")
    page.get_by_label("搜索人群、文件、导出人或理由").fill("没有这个词")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stExpander")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"^0 / \d+ 次导出$"))).to_be_visible()


def test_the_log_is_narrowed_to_an_action(visit, exported, sample_workspace):
    reveals = [entry for entry in Workspace.open(sample_workspace).log() if entry.action == "reveal"]
    page = visit("/exports")
    page.get_by_role("tab", name="操作日志").click()
    log = page.get_by_role("region", name="操作日志")
    expect(log).to_contain_text("导出名单")  # of the newest entries, those of the fixture
    page.get_by_role("button", name="查看个人信息").click()
    expect(log).not_to_contain_text("导出名单")
    expect(log.get_by_role("row")).to_have_count(1 + len(reveals))
    expect(log).to_contain_text("手机")


def test_details_and_log_have_no_accessibility_violation(visit, axe, in_schemes, exported):
    page = visit("/exports")
    opened(page)
    for _ in in_schemes(page):
        axe(page)
    page.get_by_role("tab", name="操作日志").click()
    expect(page.get_by_role("region", name="操作日志")).to_be_visible()
    for _ in in_schemes(page):
        axe(page)
