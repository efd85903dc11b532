"""The page of audiences in a real browser: open, rename, duplicate, delete, undo, and two people at once."""

import re

import pytest
from playwright.sync_api import expect

from core.workspace import Actor, Workspace

BUILDER = re.compile(r"127\.0\.0\.1:\d+/(\?|$)")
SOMEBODY, SOMEBODY_ELSE = Actor("王芳"), Actor("李娜")


@pytest.fixture
def saved(sample_workspace, request):
    """A fresh audience of the people in 北京, under a name of its own; gone after the test."""
    workspace = Workspace.open(sample_workspace)
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    audience = workspace.save_audience(
        name=f"北京 {request.node.name}"[:60], note="闭门会", rule=rule, actor=SOMEBODY
    )
    yield workspace, audience
    for left in workspace.audiences():
        workspace.delete_audience(left.id, actor=SOMEBODY)
    for deleted in workspace.deleted_audiences():
        workspace.purge_audience(deleted.audience.id, actor=SOMEBODY)


def row(page, audience):
    return page.locator(f".st-key-audience_{audience.id}")


def choose(page, audience, action):
    row(page, audience).get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name=action).or_(page.get_by_role("option", name=action)).first.click()


def test_a_row_shows_name_sentence_note_author_and_the_size_that_the_workspace_counts(visit, saved):
    workspace, audience = saved
    count = workspace.count(workspace.parse(audience.rule)).answer.count
    shown = row(visit("/audiences"), audience)
    for words in (audience.name, "城市是「北京」", "备注：闭门会", "王芳（未经验证）", f"{count:,} 人"):
        expect(shown).to_contain_text(words)


def test_the_name_opens_the_audience_in_the_builder(visit, settled, saved):
    _, audience = saved
    page = visit("/audiences")
    row(page, audience).get_by_role("link", name=audience.name).click()
    expect(page).to_have_url(BUILDER)
    expect(page.get_by_text(audience.name).first).to_be_visible()
    expect(page.get_by_text("北京").first).to_be_visible()


def test_the_address_of_a_name_opens_the_audience_in_a_new_tab_too(visit, page, context, settled, saved):
    _, audience = saved
    visit("/audiences")
    link = row(page, audience).get_by_role("link", name=audience.name)
    other = context.new_page()
    other.goto(link.evaluate("link => link.href"))
    expect(other).to_have_url(BUILDER)
    expect(other.get_by_text(audience.name).first).to_be_visible()


def test_search_keeps_what_is_found_and_says_when_nothing_is(visit, settled, saved):
    _, audience = saved
    page = visit("/audiences")
    page.get_by_label("搜索名称、备注或修改人").fill("闭门")
    page.keyboard.press("Enter")
    expect(row(page, audience)).to_be_visible()
    page.get_by_label("搜索名称、备注或修改人").fill("没有这个词")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("没有这个词")
    expect(row(page, audience)).to_have_count(0)


def test_the_composition_shows_the_way_to_the_size_and_a_tag_against_everybody(visit, axe, saved):
    workspace, audience = saved
    page = visit("/audiences")
    row(page, audience).get_by_role("button", name="构成").click()
    dialog = page.get_by_role("dialog")
    way = dialog.get_by_role("table").first
    answer = workspace.count(workspace.parse(audience.rule)).answer
    expect(way).to_contain_text(f"{answer.base:,}")
    expect(way).to_contain_text("城市是「北京」")
    expect(way).to_contain_text(f"{answer.count:,}")
    expect(dialog.locator(".js-plotly-plot")).to_have_count(2)
    axe(page)


def test_another_tag_is_chosen_in_the_composition(visit, saved):
    _, audience = saved
    page = visit("/audiences")
    row(page, audience).get_by_role("button", name="构成").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".js-plotly-plot")).to_have_count(2)
    dialog.get_by_role("combobox").fill("总交易额")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("table").nth(1)).to_contain_text("总交易额")
    expect(dialog).to_be_visible()


def test_an_audience_is_renamed(visit, saved):
    workspace, audience = saved
    page = visit("/audiences")
    choose(page, audience, "改名")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("名称").fill("改过的名称")
    dialog.get_by_role("button", name="改名").click()
    expect(row(page, audience)).to_contain_text("改过的名称")
    expect(dialog).to_have_count(0)
    assert workspace.audience(audience.id).name == "改过的名称"


def test_a_name_that_is_taken_is_refused_in_words_and_nothing_changes(visit, saved):
    workspace, audience = saved
    other = workspace.duplicate_audience(audience.id, actor=SOMEBODY_ELSE)
    page = visit("/audiences")
    choose(page, audience, "改名")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("名称").fill(other.name)
    dialog.get_by_role("button", name="改名").click()
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("已有名为")
    assert workspace.audience(audience.id).name == audience.name


def test_of_two_who_rename_at_once_the_second_is_told_who_was_first(visit, settled, saved):
    workspace, audience = saved
    page = visit("/audiences")
    choose(page, audience, "改名")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("名称")).to_have_value(audience.name)
    settled(page)
    workspace.rename_audience(audience.id, "先改的名称", actor=SOMEBODY_ELSE)
    dialog.get_by_label("名称").fill("后改的名称")
    dialog.get_by_role("button", name="改名").click()
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("李娜")
    assert workspace.audience(audience.id).name == "先改的名称"


def test_the_charts_follow_when_the_scheme_changes(visit, context, settled, saved):
    _, audience = saved
    page = visit("/audiences")
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").click()
    page.keyboard.press("Escape")
    settled(page)
    row(page, audience).get_by_role("button", name="构成").click()
    bars = page.get_by_role("dialog").locator(".js-plotly-plot").first.locator(".bars").nth(1).locator("path")
    expect(bars.first).to_have_css("fill", "rgb(79, 130, 224)")


def test_an_audience_is_duplicated(visit, saved):
    workspace, audience = saved
    page = visit("/audiences")
    choose(page, audience, "复制")
    expect(page.locator("[class*='st-key-audience_'][data-testid='stVerticalBlock']")).to_have_count(2)
    assert {one.name for one in workspace.audiences()} == {audience.name, f"{audience.name} (2)"}


def test_deleting_asks_first_and_can_be_undone(visit, settled, saved):
    workspace, audience = saved
    page = visit("/audiences")
    choose(page, audience, "删除")
    assert workspace.audience(audience.id)
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^删除「")).click()
    expect(page.get_by_text(f"已删除「{audience.name}」")).to_be_visible()
    assert workspace.audiences() == []
    page.get_by_role("button", name="撤销删除").click()
    expect(page.get_by_role("link", name=audience.name)).to_be_visible()
    [back] = workspace.audiences()
    assert (back.id, back.name, back.note, back.rule) == (
        audience.id, audience.name, audience.note, audience.rule
    )  # fmt: skip


def test_what_was_deleted_lately_is_let_go_only_when_asked_twice(visit, settled, axe, saved):
    workspace, audience = saved
    workspace.delete_audience(audience.id, actor=SOMEBODY_ELSE)
    page = visit("/audiences")
    page.get_by_text(re.compile("^最近删除")).click()
    lately = page.locator(f".st-key-bin_{audience.id}")
    expect(lately).to_contain_text("李娜")
    axe(page)
    lately.get_by_role("button", name="彻底删除").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("不能恢复")).to_be_visible()
    dialog.get_by_role("button", name="彻底删除").click()
    expect(lately).to_have_count(0)
    assert workspace.deleted_audiences() == []


def test_closing_the_question_deletes_nothing(visit, saved):
    workspace, audience = saved
    page = visit("/audiences")
    choose(page, audience, "删除")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert workspace.audience(audience.id) == audience


def test_rows_and_dialogs_have_no_accessibility_violation(visit, axe, in_schemes, saved):
    _, audience = saved
    page = visit("/audiences")
    expect(row(page, audience)).to_contain_text("占全部用户")
    for _ in in_schemes(page):
        axe(page)
    choose(page, audience, "改名")
    expect(page.get_by_role("dialog").get_by_label("名称")).to_be_visible()
    for _ in in_schemes(page):
        axe(page)


@pytest.mark.parametrize("viewport", [(375, 740)])
def test_a_row_fits_a_phone(visit, saved, viewport):
    _, audience = saved
    page = visit("/audiences")
    box = row(page, audience).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= viewport[0]
