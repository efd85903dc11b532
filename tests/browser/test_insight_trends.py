"""The insight panel's tabs 趋势 and 画像对比: weeks, what people did since, who they are, and rule beside rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from core.workspace import Actor, Workspace
from tests.browser.builder_page import Builder, closed_door_rule, count_by_command_line

Visit = Callable[[str], Page]

TODAY = "2019-07-14"


@pytest.fixture(scope="module")
def workspace(sample_workspace: Path) -> Workspace:
    """The workspace that the pages are over."""
    return Workspace.open(sample_workspace)


@pytest.fixture(scope="module")
def audience(workspace: Workspace) -> str:
    """The name of an audience to compare with."""
    name = "闭门会邀请名单"
    workspace.save_audience(name=name, rule=closed_door_rule(), actor=Actor("Test"))
    return name


def open_tab(builder: Builder, name: str) -> Locator:
    """Open a tab of the panel by its strip; return the panel's body."""
    builder.page.get_by_role("tab", name=name).click()
    return builder.page.get_by_role("tabpanel")


def numbers_in(text: str) -> list[int]:
    """Return the whole numbers in a text, thousands put together."""
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", text)]


def rule_and_day(builder: Builder) -> tuple[dict[str, Any], str]:
    """Return the page's rule and the day that it is looked at."""
    return builder.rule(), builder.page.locator(".asof .daytext").input_value()


def test_weeks_are_counted_chosen_and_followed(
    visit: Visit, sample_workspace: Path, workspace: Workspace, axe: Callable[[Page], None]
) -> None:
    builder = Builder(visit("/"))
    page = builder.page
    builder.add("event:purchase", "tag:city")
    panel = open_tab(builder, "趋势")
    weeks = panel.locator(".week")
    expect(weeks).to_have_count(26)
    expect(panel.get_by_text("26 周，截至 2019-07-14")).to_be_visible()
    expect(panel.get_by_text("非历史值：城市")).to_be_visible()
    rule = workspace.parse(builder.rule())
    told = [numbers_in(label)[3] for label in weeks.evaluate_all("all => all.map((e) => e.ariaLabel)")]
    assert told == [week.count for week in workspace.history(rule).weeks]

    # By mouse: the day changes, the line stays, and what they did since is the workspace's.
    weeks.nth(20).hover()
    expect(panel.locator(".readout")).to_contain_text("2019-06-09")
    weeks.nth(20).click()
    builder.settle()
    tree, day = rule_and_day(builder)
    assert day == "2019-06-09"
    assert builder.number() == count_by_command_line(sample_workspace, tree, "--as-of", day)["count"]
    expect(weeks).to_have_count(26)
    expect(weeks.nth(20)).to_have_attribute("aria-pressed", "true")
    since = workspace.since(rule, date(2019, 6, 9))
    row = panel.locator(".since tbody tr").first
    expect(row.locator("td").first).to_contain_text(f"{since.members.did.users:,}")
    expect(row.locator("td").last).to_contain_text(f"{since.base.did.users:,}")
    panel.get_by_label("看哪个行为").select_option("login")
    logins = workspace.since(rule, date(2019, 6, 9), event="login")
    expect(row.locator("td").first).to_contain_text(f"{logins.members.did.users:,}")
    axe(page)

    # By keyboard: arrows walk along the weeks, Enter chooses, and there is a way back.
    weeks.nth(20).focus()
    page.keyboard.press("ArrowLeft")
    expect(weeks.nth(19)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".asof .daytext")).to_have_value("2019-06-02")
    expect(weeks.nth(19)).to_be_focused()
    panel.get_by_role("button", name=f"回到 {TODAY}").click()
    expect(page.locator(".asof .daytext")).to_have_value(TODAY)
    expect(panel.get_by_text("选一个更早的日期")).to_be_visible()

    # Another rule has another line.
    builder.row("购买").locator("[data-grip]").first.focus()
    page.keyboard.press("m")
    without = workspace.parse(builder.rule())
    newest = workspace.count(without).answer.count
    expect(weeks.last).to_have_attribute("aria-label", re.compile(f"：{newest:,} 人"))


def test_what_stands_out_is_dragged_into_the_rule_and_the_rule_set_beside_others(
    visit: Visit, sample_workspace: Path, audience: str, workspace: Workspace, axe: Callable[[Page], None]
) -> None:
    builder = Builder(visit("/"))
    page = builder.page
    builder.add("event:purchase")
    panel = open_tab(builder, "画像对比")
    traits = panel.locator(".trait")
    expect(traits.first).to_be_visible()
    profile = workspace.profile(workspace.parse(builder.rule()))
    panel.get_by_role("button", name="偏高").click()
    best = next(trait for trait in profile.traits if trait.tgi > 100)
    expect(traits.first.locator(".sr")).to_contain_text(f"TGI {round(best.tgi):,}")
    axe(page)

    # A line is dragged into the rule: those who have the value.
    builder.drag(traits.first.locator(".traitname"), builder.open_end())
    expect(builder.rows).to_have_count(1 + len(best.conditions))
    assert builder.number() == best.members
    page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(1)
    builder.settle()

    # By keyboard: Space grabs and Escape gives up without closing the panel, Enter adds.
    add = panel.get_by_role("button", name="加为条件").first
    add.focus()
    page.keyboard.press("Space")
    expect(builder.shell).to_have_class(re.compile("grabbing"))
    page.keyboard.press("Escape")
    expect(builder.shell).not_to_have_class(re.compile("grabbing"))
    expect(add).to_be_focused()
    page.keyboard.press("Enter")
    expect(builder.rows).to_have_count(1 + len(best.conditions))
    assert builder.number() == best.members

    # Fewer tags are looked at.
    panel.get_by_role("button", name="标签（").click()
    page.get_by_role("button", name="清空").click()
    page.get_by_role("dialog").get_by_label("城市", exact=True).check()
    page.keyboard.press("Escape")
    expect(panel.locator(".trait .of").first).to_have_text("城市")
    expect(panel.get_by_role("button", name="标签（1）")).to_be_visible()

    # Beside the state before: only those who lack the value are there alone, and they open as a rule.
    panel.get_by_role("button", name="和另一条规则比").click()
    other = panel.get_by_label("和哪条规则比")
    before = other.locator("option", has_text="1 步之前").get_attribute("value")
    other.select_option(before)
    parts = panel.locator(".partslist li")
    expect(parts).to_have_count(3)
    here, both, there = [numbers_in(text)[-1] for text in parts.locator("strong").all_inner_texts()]
    assert (here, both, both + there) == (0, builder.number(), profile.count)
    expect(panel.locator(".changeslist li.added")).to_have_count(1)
    panel.get_by_role("button", name="在圈选里打开：只在对方").click()
    builder.settle()
    assert builder.number() == there
    page.keyboard.press("Control+z")
    builder.settle()
    assert builder.number() == best.members

    # Beside a saved audience: the same numbers as on the command line.
    other.select_option(label=audience)
    expected = workspace.compare(workspace.parse(builder.rule()), closed_door_rule())
    expect(parts.first.locator("strong")).to_have_text(f"{expected.only_here.users:,}")
    expect(parts.nth(1).locator("strong")).to_have_text(f"{expected.both.users:,}")
    expect(parts.last.locator("strong")).to_have_text(f"{expected.only_there.users:,}")
    assert count_by_command_line(sample_workspace, closed_door_rule())["count"] == expected.there
    axe(page)


@pytest.mark.parametrize("locale", ["en-US"])
@pytest.mark.parametrize("color_scheme", ["dark"])
@pytest.mark.parametrize("viewport", [(375, 720)])
def test_both_tabs_are_a_sheet_on_a_phone(visit: Visit, axe: Callable[[Page], None]) -> None:
    builder = Builder(visit("/?lang=en"))
    page = builder.page
    page.get_by_role("button", name="Add condition").click()
    builder.add("event:purchase")
    page.keyboard.press("Escape")
    page.locator(".shut").click()
    page.locator('[data-act="insight"]').click()
    panel = open_tab(builder, "History")
    weeks = panel.locator(".week")
    expect(weeks).to_have_count(26)
    weeks.nth(10).click()
    expect(page.locator(".asof .daytext")).to_have_value("2019-03-31")
    expect(panel.locator(".since tbody tr")).to_have_count(3)
    axe(page)
    panel = open_tab(builder, "Profile")
    expect(panel.locator(".trait").first).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375

    # A finger carries a line into the rule; the sheet gives way meanwhile.
    line = panel.locator(".trait").first
    grip, target = line.locator("[data-grip]").bounding_box(), builder.open_end()
    assert grip is not None
    session = page.context.new_cdp_session(page)
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": px, "y": py} for px, py in points]},
        )

    touch("touchStart", (x, y))
    touch("touchMove", (x + 20, y - 20))
    expect(page.locator(".insight")).to_have_css("opacity", "0")
    place = target.bounding_box()
    assert place is not None
    touch("touchMove", (place["x"] + 60, place["y"] + place["height"] / 2))
    page.wait_for_timeout(60)
    touch("touchEnd")
    builder.settle()
    expect(builder.include.locator(":scope > .children > li")).to_have_count(2)
