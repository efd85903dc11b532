"""The builder as a tester uses it: drags, keys, numbers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.command_line import core

ROOT = Path(__file__).resolve().parents[2]
CLOSED_DOOR = ROOT / "dashboard" / "builder" / "templates" / "1_closed_door_meeting.json"


class Builder:
    """One open builder page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.shell = page.locator(".shell")
        self.count = page.locator(".tally .count")
        self.rows = page.locator("li.row")
        self.groups = page.locator("li.group")
        self.include = page.locator("section.root").first
        self.exclude = page.locator("section.root.exclude")
        self.search = page.locator(".palette .search")
        expect(self.count).not_to_have_text("—", timeout=30_000)

    def item(self, kind: str, key: str) -> Locator:
        """An entry of the palette."""
        return self.page.locator(f'[data-item="{kind}:{key}"]')

    def add(self, *entries: str) -> None:
        """Click entries of the palette, ``"tag:city"``, one after another."""
        for entry in entries:
            before = self.rows.count()
            self.item(*entry.split(":")).click()
            expect(self.rows).to_have_count(before + 1)
            self.settle()

    def row(self, name: str) -> Locator:
        """The first row of what is called so."""
        return self.rows.filter(
            has=self.page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$"))
        ).first

    def grip(self, node: Locator) -> Locator:
        """The handle of a row or card."""
        return node.locator("[data-grip]").first

    def drag(self, what: Locator, to: Locator, *, at: tuple[float, float] = (0.5, 0.5)) -> None:
        """Drag with the mouse, in steps as a hand would, to a place in an element (shares of its size)."""
        what.scroll_into_view_if_needed()
        start = what.bounding_box()
        assert start is not None
        mouse = self.page.mouse
        mouse.move(start["x"] + min(40, start["width"] / 2), start["y"] + start["height"] / 2)
        mouse.down()
        mouse.move(start["x"] + 60, start["y"] + start["height"] / 2 + 6, steps=3)
        target = to.bounding_box()
        assert target is not None
        mouse.move(target["x"] + target["width"] * at[0], target["y"] + target["height"] * at[1], steps=8)
        self.page.wait_for_timeout(60)
        mouse.up()
        self.settle()

    def settle(self) -> None:
        """Wait until every edit has been answered."""
        expect(self.shell).not_to_have_class(re.compile(r"\bwaiting\b"))

    def number(self) -> int:
        """The number of people that the page shows."""
        self.settle()
        return int(self.count.inner_text().replace(",", ""))

    def open_end(self, group: Locator | None = None) -> Locator:
        """The invitation at the end of a group, which is its last gap."""
        return (group or self.include).locator(":scope > .ghost")

    def rule(self) -> dict[str, Any]:
        """The rule as the page exports it."""
        self.page.locator('[data-act="more"]').click()
        self.page.get_by_role("menuitem", name=re.compile("JSON")).first.click()
        text = self.page.locator("textarea.json").input_value()
        self.page.keyboard.press("Escape")
        return json.loads(text)

    def outline(self) -> str:
        """The include and exclude trees as nested names, for a glance: ``且(城市 或(总交易额 客单价))``."""
        return self.page.evaluate(OUTLINE)

    def assert_outline(self, wanted: str) -> None:
        """Wait until the trees read so; an addition may still wait for its first value."""
        deadline = time.monotonic() + 15
        while self.outline() != wanted and time.monotonic() < deadline:
            self.settle()
            self.page.wait_for_timeout(100)
        assert self.outline() == wanted


OUTLINE = """() => {
  const root = document.querySelector('.st-key-build_rule [data-testid=stBidiComponentIsolated]').shadowRoot;
  const read = (e) => e.classList.contains('group')
    ? `${e.querySelector('.segmented [aria-pressed=true]').textContent}(${[...e.querySelector('.children').children].map(read).join(' ')})`
    : e.querySelector('.name').textContent;
  return [...root.querySelectorAll('section.root')].map(read).join(' - ');
}"""


def count_by_command_line(workspace: Path, rule: dict[str, Any], *more: str) -> dict[str, Any]:
    """What ``python -m core count`` says of a rule."""
    done = core("count", "--workspace", workspace, "--rule", "-", "--json", *more, given=json.dumps(rule))
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def closed_door_rule() -> dict[str, Any]:
    """The rule of the closed-door meeting."""
    return dict(json.loads(CLOSED_DOOR.read_text(encoding="utf-8"))["rule"])
