"""The pages beside the builder on a phone: words stay whole, names are not cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Actor, Workspace

LONG_NAME = "一条很长很长的人群名称用来看看在窄屏上会不会被截断或者撑破版面"
Visit = Callable[[str], Page]


@pytest.fixture
def viewport() -> tuple[int, int]:
    return 375, 812


def test_chinese_words_in_a_table_stay_on_one_line(visit: Visit) -> None:
    page = visit("/data")
    cell = page.locator(".coterie-table tbody td", has_text="用户").first
    expect(cell).to_be_attached()
    lines = cell.evaluate(
        """cell => { const range = document.createRange(); range.selectNodeContents(cell);
                     return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size; }"""
    )
    assert lines == 1


def test_the_name_of_an_audience_is_shown_whole(visit: Visit, sample_workspace: Path) -> None:
    workspace = Workspace.open(sample_workspace)
    rule = workspace.parse(
        {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": []}}
    )
    saved = workspace.save_audience(name=LONG_NAME, note="", rule=rule, actor=Actor("王芳"))
    try:
        page = visit("/audiences")
        name = page.locator(f".st-key-audience_{saved.id} a strong").last
        box = name.bounding_box()
        assert box is not None
        assert box["height"] > 30
        assert name.evaluate(
            "one => { const a = one.closest('a'); return a.scrollWidth <= a.clientWidth + 1; }"
        )
    finally:
        workspace.delete_audience(saved.id, actor=Actor("王芳"), revision=saved.revision)


def test_an_empty_choice_of_fields_is_said_in_the_language_of_the_page(visit: Visit) -> None:
    page = visit("/")
    page.locator('[data-act="export"]').click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox")).to_have_attribute("placeholder", "选择字段")
