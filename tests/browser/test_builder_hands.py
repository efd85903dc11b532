"""The same without a mouse: the closed-door rule from the keyboard alone, and by touch."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.builder_page import Builder, closed_door_rule, count_by_command_line

Visit = Callable[[str], Page]


def live(page: Page) -> str:
    """What was said to those who do not see."""
    return " ".join(page.locator(".shell > [role=status]").all_inner_texts())


def find(page: Page, typed: str) -> None:
    """Look something up in the palette from wherever the focus is, and put the focus on the first hit."""
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type(typed)
    page.keyboard.press("ArrowDown")


def tab_to(page: Page, label: re.Pattern[str]) -> None:
    """Press Tab until the control that is called so has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if label.search(focused(page)):
            return
    raise AssertionError(f"nothing called {label.pattern} can be reached; the focus is on {focused(page)}")


def focused(page: Page) -> str:
    """The accessible name of what has the focus, as far as the builder gave it one."""
    return page.evaluate(
        """() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                   return e?.getAttribute('aria-label') ?? e?.textContent ?? ''; }"""
    )


def test_the_closed_door_rule_is_built_from_the_keyboard_alone(visit: Visit, sample_workspace: Path) -> None:
    page = visit("/")
    builder = Builder(page)
    page.locator(".palette .search").focus()
    for typed in ("city", "zhiwei", "zjye", "login", "purchase"):
        find(page, typed)
        before = builder.rows.count()
        if typed == "login":  # the last login day is found first: the event lies below it
            while "登录，行为" not in focused(page):
                page.keyboard.press("ArrowDown")
        if typed == "purchase":
            while "购买，行为" not in focused(page):
                page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(builder.rows).to_have_count(before + 1)
        builder.settle()
    builder.grip(builder.row("城市")).focus()
    tab_to(page, re.compile("城市：运算符"))
    page.keyboard.press("Home")
    builder.settle()
    builder.grip(builder.row("职位")).focus()
    tab_to(page, re.compile("职位 包含任一"))
    page.keyboard.press("Enter")
    for _ in range(builder.page.locator(".tokens .chip").count()):
        page.keyboard.press("Backspace")
    for word in ("互联网", "增长", "流量", "运营", "产品"):
        page.keyboard.type(word)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    builder.grip(builder.row("总交易额")).focus()
    tab_to(page, re.compile("总交易额 大于"))
    page.keyboard.type("3000")
    builder.settle()
    builder.grip(builder.row("购买")).focus()
    tab_to(page, re.compile("^时间范围"))
    tab_to(page, re.compile("^近"))
    page.keyboard.type("60")
    builder.settle()
    expected = count_by_command_line(sample_workspace, closed_door_rule())
    expect(builder.count).to_have_text(f"{expected['count']:,}")
    expect(page.locator(".sentence")).to_have_text(expected["sentence"]["zh"])


def test_a_row_is_grabbed_moved_into_a_group_and_dropped_with_every_step_said(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city", "tag:gmv", "tag:gender")
    builder.grip(builder.row("总交易额")).focus()
    page.keyboard.press("g")
    builder.assert_outline("且(城市 或(总交易额) 性别)")
    builder.grip(builder.row("性别")).focus()
    page.keyboard.press("Space")
    assert "已抓起「性别」" in live(page)
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".dropline")).to_be_visible()
    assert "位置 3/" in live(page)
    page.keyboard.press("Enter")
    builder.assert_outline("且(城市 或(性别 总交易额))")
    assert "已移动「性别」" in live(page)
    assert "性别" in focused(page)


def test_escape_puts_a_grabbed_row_back(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city", "tag:gmv")
    builder.grip(builder.row("总交易额")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    builder.assert_outline("且(城市 总交易额)")
    assert "已取消" in live(page)


def test_the_keys_of_a_row_move_mute_negate_duplicate_and_delete_it(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city", "tag:gmv")
    builder.grip(builder.row("总交易额")).focus()
    page.keyboard.press("Alt+ArrowUp")
    builder.assert_outline("且(总交易额 城市)")
    page.keyboard.press("m")
    expect(builder.row("总交易额")).to_have_class(re.compile("muted"))
    expect(builder.row("总交易额").locator(".mutednote")).to_be_visible()
    page.keyboard.press("m")
    page.keyboard.press("n")
    expect(builder.row("总交易额").locator(".flag")).to_be_visible()
    page.keyboard.press("d")
    builder.assert_outline("且(总交易额 总交易额 城市)")
    page.keyboard.press("Delete")
    builder.assert_outline("且(总交易额 城市)")
    page.keyboard.press("Control+z")
    expect(builder.rows).to_have_count(3)


def test_a_tag_of_the_palette_is_grabbed_and_dropped_in_the_exclude_block(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city")
    find(page, "xingbie")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    builder.settle()
    builder.assert_outline("且(城市) - 或(性别)")


def test_streamlits_own_keys_do_not_act_inside_the_builder(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.item("tag", "city").focus()
    page.evaluate("window.stayed = true")
    for key in ("c", "r"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.fixture
def finger(browser: Browser, locale: str) -> BrowserContext:
    """A phone: 375 pixels wide, touched."""
    opened = browser.new_context(
        viewport={"width": 375, "height": 760}, has_touch=True, is_mobile=True, locale=locale,
        reduced_motion="reduce",
    )  # fmt: skip
    yield opened
    opened.close()


def test_a_finger_drags_by_the_grip_and_the_number_stays_in_sight(
    finger: BrowserContext, app_url: str
) -> None:
    page = finger.new_page()
    page.goto(app_url)
    builder = Builder(page)
    for key in ("city", "gmv", "gender"):
        page.locator(".addbutton").tap()
        builder.item("tag", key).tap()
        page.locator(".palette .shut").tap()
    builder.settle()
    builder.assert_outline("且(城市 总交易额 性别)")
    touch = finger.new_cdp_session(page)
    builder.row("性别").scroll_into_view_if_needed()
    start, end = builder.grip(builder.row("性别")).bounding_box(), builder.row("总交易额").bounding_box()
    assert start is not None
    assert end is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2

    def send(kind: str, at: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": at}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", y)
    for step in range(1, 9):
        send("touchMove", y + (end["y"] + 2 - y) * step / 8)
        page.wait_for_timeout(20)
    expect(page.locator(".dragged")).to_be_visible()
    send("touchEnd", y)
    builder.assert_outline("且(城市 性别 总交易额)")
    page.locator(".panelbody").scroll_into_view_if_needed()
    page.mouse.wheel(0, 4000)
    for part in (builder.count, page.locator('[data-act="save"]'), page.locator('[data-act="export"]')):
        expect(part).to_be_in_viewport()


def test_a_finger_drags_from_the_palette_into_the_rule(finger: BrowserContext, app_url: str) -> None:
    page = finger.new_page()
    page.goto(app_url)
    builder = Builder(page)
    page.locator(".addbutton").tap()
    item = builder.item("tag", "gmv")
    item.scroll_into_view_if_needed()
    start = item.locator(".grip").bounding_box()
    assert start is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    touch = finger.new_cdp_session(page)

    def send(kind: str, at: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": at}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", y)
    for step in range(1, 4):
        send("touchMove", y - 8 * step)
        page.wait_for_timeout(20)
    builder.open_end().evaluate("element => element.scrollIntoView({block: 'center'})")
    target = builder.open_end().bounding_box()
    assert target is not None
    x = target["x"] + 100
    for _ in range(3):
        send("touchMove", target["y"] + target["height"] / 2)
        page.wait_for_timeout(30)
    send("touchEnd", y)
    builder.assert_outline("且(总交易额)")


class InputMethod:
    """An input method as it writes Chinese: letters that are not yet text, then the word."""

    def __init__(self, page: Page) -> None:
        self._tools = page.context.new_cdp_session(page)

    def compose(self, letters: str) -> None:
        """Show letters that are being composed, one after another."""
        for end in range(1, len(letters) + 1):
            self._tools.send(
                "Input.imeSetComposition", {"text": letters[:end], "selectionStart": end, "selectionEnd": end}
            )

    def finish(self, word: str) -> None:
        """Put the word in the place of the letters."""
        self._tools.send("Input.insertText", {"text": word})


def test_enter_while_an_input_method_composes_adds_nothing(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    method = InputMethod(page)
    builder.search.focus()
    method.compose("cheng'shi")
    expect(builder.item("tag", "city")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    expect(builder.rows).to_have_count(0)
    method.finish("城市")
    page.keyboard.press("Enter")
    expect(builder.rows).to_have_count(1)


def test_letters_of_an_input_method_are_no_values_and_the_finished_word_is(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    method = InputMethod(page)
    builder.add("tag:title")
    builder.row("职位").locator("button.chips").click()
    for _ in range(page.locator(".tokens .chip").count()):
        page.keyboard.press("Backspace")
    method.compose("zeng")
    page.keyboard.press("Enter")
    expect(page.locator(".tokens .chip")).to_have_count(0)
    method.finish("增长")
    page.keyboard.press("Enter")
    expect(page.locator(".tokens .chip")).to_have_text(["增长"])
    page.keyboard.press("Escape")
    builder.row("职位").locator("select.op").select_option("starts_with")
    builder.settle()
    field = builder.row("职位").locator("input.text")
    field.fill("")
    field.focus()
    method.compose("chan")
    page.wait_for_timeout(300)
    builder.settle()
    expect(builder.row("职位").locator(".problem.error")).to_be_visible()
    method.finish("产品")
    page.wait_for_timeout(300)
    builder.settle()
    assert builder.rule()["include"]["children"][0]["value"] == "产品"
