"""The insight panel as operators use it: why the number is what it is, and what would change it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from core.workspace import Workspace
from tests.browser.builder_page import Builder, closed_door_rule
from tests.browser.conftest import settle
from tests.browser.test_builder_hands import finger  # noqa: F401  a fixture

Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def door(sample_workspace: Path) -> Workspace:
    """The workspace behind the page, asked directly."""
    return Workspace.open(sample_workspace)


def opened(visit: Visit, rule: dict[str, Any]) -> Builder:
    """The builder with a rule, from a link."""
    return Builder(visit(f"/?rule={quote(json.dumps(rule))}"))


def with_condition(**condition: Any) -> dict[str, Any]:
    """The rule of the closed-door meeting and one more condition, `c9`."""
    rule = closed_door_rule()
    rule["include"]["children"].append({"id": "c9", **condition})
    return rule


def number_in(text: str) -> int:
    """The first number in a text."""
    return int(re.sub(r"\D", "", re.search(r"[\d,]+", text)[0]))  # type: ignore[index]


def test_diagnosing_by_mouse_and_keyboard(
    visit: Visit, page: Page, door: Workspace, axe: Callable[[Page], None]
) -> None:
    asked: list[str] = []

    def note(socket: WebSocket) -> None:
        socket.on(
            "framesent", lambda frame: asked.append(str(frame)) if "near_misses" in str(frame) else None
        )

    page.on("websocket", note)
    rule = with_condition(kind="tag", tag="gmv", op="gt", value=1000)
    builder = opened(visit, rule)
    most = builder.rows.filter(has=page.locator(".cost.most"))
    expect(most).to_have_count(1)
    costs = door.costs(door.parse(rule)).as_json()
    assert most.get_attribute("data-id") == costs["costliest"]
    cost = costs["nodes"][costs["costliest"]]["cost"]
    expect(most.locator(".first")).to_have_attribute("title", re.compile(f"{cost:,}"))
    assert asked == [], "a closed panel asks nothing"

    diagnose, size = (page.get_by_role("tab", name=name, exact=True) for name in ("诊断", "调规模"))
    diagnose.click()
    near = door.near_misses(door.parse(rule)).as_json()
    expect(page.locator(".nearrow")).to_have_count(len(near["groups"]))
    shown = zip(page.locator(".nearrow").all(), near["groups"], strict=True)
    for row, group in shown:
        expect(row.locator(".nearwhat")).to_have_text(group["what"]["zh"])
        expect(row.locator(".value")).to_have_text(f"{group['users']:,}")
    for part in (builder.count, page.locator('[data-act="save"]'), page.locator('[data-act="export"]')):
        expect(part).to_be_in_viewport()
    axe(page)

    # What is superfluous is found; a press shows the card, the remedy mends it, undo takes that back.
    (finding,) = door.logic(door.parse(rule)).as_json()["findings"]
    line = page.locator(".finding")
    expect(line.locator(".findingtext")).to_have_text(finding["message"]["zh"])
    line.locator(".findingtext").click()
    expect(page.locator('[data-id="c9"] [data-grip]')).to_be_focused()
    line.locator(".remedy").click()
    expect(builder.rows).to_have_count(5)
    expect(page.locator(".finding")).to_have_count(0)
    page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(6)
    expect(page.locator(".finding")).to_have_count(1)

    # A group of near misses opens as a rule; undo brings the former rule back.
    group = near["groups"][0]
    page.locator(".nearopen").first.click()
    expect(builder.count).to_have_text(f"{group['users']:,}")
    assert door.count(door.parse(builder.rule())).answer.count == group["users"]
    page.locator('[data-act="undo"]').click()
    expect(page.locator(".nearrow").first.locator(".value")).to_have_text(f"{group['users']:,}")

    # Edits in quick succession: the panel ends with the numbers of the last one.
    for _ in range(3):
        page.locator('[data-act="undo"]').click(delay=10)
        page.locator('[data-act="redo"]').click(delay=10)
    builder.settle()
    expect(page.locator(".insightbody .stale")).to_have_count(0)
    expect(page.locator(".near .cardhead .quiet")).to_have_text(f"共 {near['users']:,} 人")

    # Tabs by arrows; Escape closes and gives the focus back; the charts return.
    diagnose.focus()
    page.keyboard.press("ArrowRight")
    expect(size).to_be_focused()
    expect(size).to_have_attribute("aria-selected", "true")
    expect(page.locator(".threshold")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".insightbody")).to_be_hidden()
    expect(size).to_be_focused()
    expect(page.locator(".panelbody .chart").first).to_be_visible()


def test_why_one_user_is_in_or_not(
    visit: Visit, page: Page, door: Workspace, axe: Callable[[Page], None]
) -> None:
    rule = with_condition(kind="tag", tag="phone", op="is_set")
    clicked, ordered = {"event": "click_chat"}, {"event": "submit_order"}
    rule["include"]["children"].append({"kind": "sequence", "id": "c10", "steps": [clicked, ordered]})
    builder = opened(visit, rule)
    link = page.locator(".idlink").first
    user = link.inner_text()
    link.click()
    found = door.person(door.parse(rule), user).as_json()
    assert found["is_taken"]
    expect(page.locator(".personverdict")).to_have_text(f"{user} 在人群里")
    lines = page.locator(".verdictline")
    expect(lines).to_have_count(len(found["nodes"]))
    marks = page.locator(".node > .verdict.holds")
    expect(marks).to_have_count(len(found["nodes"]))
    gmv = next(child["id"] for child in rule["include"]["children"] if child.get("tag") == "gmv")
    value = found["nodes"][gmv]["value"]
    expect(page.locator(".verdicts")).to_contain_text(f"{value:,.6f}".rstrip("0").rstrip("."))
    bought = rule["include"]["children"][4]["id"]
    times = found["nodes"][bought]["occurrence_count"]
    occurrences = lines.filter(has=page.locator(f'[data-f="occurrences:{bought}"]'))
    occurrences.locator("summary").click()
    expect(occurrences.locator("summary")).to_have_text(f"计入 {times} 次")
    expect(occurrences.locator("li")).to_have_count(len(found["nodes"][bought]["occurrences"]))

    # Of a sequence: what she did of its steps, and which step it was.
    steps = page.locator('details:has([data-f="occurrences:c10"])')
    steps.locator("summary").click()
    expect(steps.locator("summary")).to_have_text(
        f"截至当日共有 {found['nodes']['c10']['occurrence_count']} 次相关行为"
    )
    for name in ("提交订单", "点击一键约聊"):
        expect(steps.locator("li").filter(has_text=name).first).to_be_visible()

    # Personal values are masked until they are revealed, which is logged.
    masked = found["nodes"]["c9"]["value"]
    assert "*" in masked
    expect(page.locator(".verdicts")).to_contain_text(masked)
    axe(page)
    before = reveals(door)
    page.locator('[data-f="personreveal"]').click()
    expect(page.locator('[data-f="personreveal"]')).to_have_text("恢复脱敏")
    expect(page.locator(".verdicts")).not_to_contain_text(masked)
    assert reveals(door) == before + 1

    # Somebody who is not in: the cards show what fails, and the marks go with the panel.
    other = next(
        id_ for id_ in ("u00001", "u00002", "u00003", "u00004")
        if not door.person(door.parse(rule), id_).as_json()["is_matched"]
    )  # fmt: skip
    page.get_by_label("用户 ID", exact=True).fill(other)
    page.keyboard.press("Enter")
    expect(page.locator(".personverdict")).to_contain_text(f"{other} 不在")
    fails = sum(
        not node["holds"] for node in door.person(door.parse(rule), other).as_json()["nodes"].values()
    )
    expect(page.locator(".node > .verdict:not(.holds):visible")).to_have_count(fails)
    page.get_by_label("用户 ID", exact=True).fill("nobody")
    page.keyboard.press("Enter")
    expect(page.locator(".person")).to_contain_text("nobody")
    expect(page.locator(".node > .verdict:visible")).to_have_count(0)
    builder.settle()


def reveals(door: Workspace) -> int:
    """How many reveals the log holds."""
    return sum(entry.action == "reveal" for entry in door.log(1000))


def test_a_threshold_is_dragged_and_a_size_is_solved_for(
    visit: Visit, page: Page, door: Workspace, axe: Callable[[Page], None]
) -> None:
    builder = opened(visit, closed_door_rule())
    page.get_by_role("tab", name="调规模").click()
    count, handle, box = (
        page.locator(".thresholdcount"),
        page.get_by_role("slider"),
        page.locator(".curvebox"),
    )
    start = builder.number()
    expect(count).to_have_text(f"{start} 人")

    # The count follows the handle; let go, the condition has changed, in one step of undo.
    at, field = handle.bounding_box(), box.bounding_box()
    assert at is not None
    assert field is not None
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + 30)
    page.mouse.down()
    page.mouse.move(field["x"] + 2, at["y"] + 30, steps=6)
    expect(count).not_to_have_text(f"{start} 人")
    dragged = number_in(count.inner_text())
    assert builder.number() == start, "the rule waits until the handle is let go"
    page.mouse.up()
    expect(builder.count).to_have_text(f"{dragged}")
    assert door.count(door.parse(builder.rule())).answer.count == dragged

    # By keyboard: the keys of one visit are one more step.
    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    builder.settle()
    keyed = number_in(handle.get_attribute("aria-valuetext").split("，")[1])  # type: ignore[union-attr]
    assert keyed < dragged
    expect(builder.count).to_have_text(f"{keyed}")
    axe(page)
    for number in (dragged, start):
        page.locator('[data-act="undo"]').click()
        expect(builder.count).to_have_text(f"{number}")
    expect(count).to_have_text(f"{start} 人")

    # "I can write to 60 people": suggestions come as the command line has them; one press applies.
    page.get_by_label("想要的人数").fill("60")
    solved = door.solve(door.parse(closed_door_rule()), 60).as_json()["suggestions"]
    expect(page.locator(".suggestion")).to_have_count(len(solved))
    first = page.locator(".suggestion").first
    for change in solved[0]["changes"]:
        expect(first).to_contain_text(change["text"]["zh"])
    first.click()
    expect(builder.count).to_have_text(f"{solved[0]['count']}")
    page.locator('[data-act="undo"]').click()
    expect(builder.count).to_have_text(f"{start}")
    expect(page.locator(".suggestion")).to_have_count(len(solved))

    # A rule in mid-edit: what was known stays, and can be read; nothing claims to be on its way.
    builder.row("总交易额").locator(".number").fill("")
    expect(page.locator(".insightbody .notice:visible")).to_be_visible()
    expect(page.locator(".tally")).to_contain_text("「大于」还需要一个值")
    expect(page.locator(".curve")).to_be_visible()
    expect(page.locator(".insightbody")).not_to_contain_text("正在计算")
    axe(page)
    builder.row("总交易额").locator(".number").fill("3000")
    expect(builder.count).to_have_text(f"{start}")

    # The panel stays where it was when the language changes.
    builder.settle()
    settle(page)  # a press on the frame's buttons can be lost while answers are still coming in
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("tab", name="Size", exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".thresholdcount")).to_have_text(f"{start} people")


@pytest.mark.parametrize("locale", ["en-US"])
def test_on_a_phone_it_is_a_sheet_that_a_finger_uses(
    finger: BrowserContext,  # noqa: F811
    app_url: str,
    axe: Callable[[Page], None],
    locale: str,
) -> None:
    page = finger.new_page()
    page.goto(f"{app_url}/?rule={quote(json.dumps(closed_door_rule()))}")
    builder = Builder(page)
    start = builder.number()
    opener = page.get_by_label("Why this number? Open insight")
    opener.tap()
    page.get_by_role("tab", name="Size", exact=True).tap()
    handle = page.get_by_role("slider")
    expect(handle).to_be_in_viewport()
    for part in (builder.count, page.locator('[data-act="save"]'), page.locator('[data-act="export"]')):
        expect(part).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    at, field = handle.bounding_box(), page.locator(".curvebox").bounding_box()
    assert at is not None
    assert field is not None
    touch, y = finger.new_cdp_session(page), at["y"] + 40

    def send(kind: str, x: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x = at["x"] + at["width"] / 2
    send("touchStart", x)
    for step in range(1, 7):
        send("touchMove", x + (field["x"] + 2 - x) * step / 6)
        page.wait_for_timeout(30)  # moves of one frame are handed on together, a moment later
    dragged = number_in(page.locator(".thresholdcount").inner_text())
    assert dragged > start
    send("touchEnd", x)
    expect(builder.count).to_have_text(f"{dragged}")
    axe(page)
    page.locator(".insightclose").tap()
    expect(opener).to_be_focused()
    expect(page.locator(".insight")).to_be_hidden()

    # What names a condition shows its card: the sheet gives way.
    opener.tap()
    page.get_by_role("tab", name="Diagnose", exact=True).tap()
    page.locator(".nearname").first.tap()
    expect(page.locator(".insight")).to_be_hidden()
    expect(page.locator("li.row [data-grip]:focus")).to_have_count(1)


@pytest.mark.parametrize("locale", ["en-US"])
def test_the_definition_is_read_and_what_changed_is_told(
    visit: Visit, page: Page, door: Workspace, axe: Callable[[Page], None], locale: str
) -> None:
    builder = opened(visit, closed_door_rule())
    builder.row("Total spend").locator(".number").fill("5000")
    builder.settle()
    sentence = door.sentence(door.parse(builder.rule()))
    page.locator('[data-act="more"]').click()
    page.get_by_role("menuitem", name="Definition").click()
    expect(page.get_by_label("In Chinese")).to_have_value(sentence["zh"])
    expect(page.get_by_label("In English")).to_have_value(sentence["en"])
    changes = page.locator(".changelist li")
    expect(changes).to_have_count(1)
    expect(changes).to_contain_text("5,000")
    page.get_by_label("Since which state").select_option(index=1)
    expect(changes).to_have_count(5)
    assert page.locator(".dialog").evaluate("e => e.scrollWidth <= e.clientWidth"), "cut by a long state"
    axe(page)
    page.keyboard.press("Escape")
    expect(page.locator(".dialog")).to_have_count(0)
