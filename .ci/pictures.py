"""Take the pictures of the documents anew: `make pictures`. Every page in both languages, over the sample.

A picture is a function that brings a page into the state to be shown. Elements are named as in the code, not
as in a language, so that one function serves both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from core.workspace import Actor, Workspace  # noqa: E402
from tests.browser.builder_page import Builder, closed_door_rule  # noqa: E402
from tests.browser.conftest import settle  # noqa: E402
from tests.browser.processes import (  # noqa: E402
    FLAGS,
    address_of,
    browser_file,
    clean_environment,
    ended,
)  # fmt: skip

SHARP = ("--font-render-hinting=none",)  # else letters stand where the grid of pixels wants them
FOLDER = ROOT / "docs" / "pictures"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
AUDIENCE = {"zh": "闭门会邀请名单", "en": "Closed-door meeting"}
LIST = {"zh": "闭门会签到", "en": "Came to the meeting"}


def further_kinds(language: str) -> dict[str, Any]:
    """Return a rule with conditions that look at the order, the rhythm and the rank of what people did."""
    chat = {"event": "click_chat"}
    paid = {"event": "purchase", "measure": "sum", "property": "amount"}
    children: list[dict[str, Any]] = [
        {
            "kind": "sequence", "id": "c1", "window": {"last": 180, "unit": "day"},
            "steps": [chat, {"event": "submit_order", "not": True, "within": {"n": 7, "unit": "day"}}],
        },
        {
            "kind": "regular", "id": "c2", "event": "login", "at_least": 1, "per": "week",
            "in": 3, "of_last": 4,
        },
        {
            "kind": "compare", "id": "c3", "op": "gt", "factor": 1.5,
            "left": {**paid, "window": {"last": 90, "unit": "day"}},
            "right": {**paid, "window": {"ago": [180, 90], "unit": "day"}},
        },
        {"kind": "rank", "id": "c4", "tag": "gmv", "top": {"share": 0.1}, "within": "city"},
        {"kind": "list", "id": "c5", "list": LIST[language], "in": True},
    ]  # fmt: skip
    include = {"kind": "group", "id": "g0", "match": "any", "children": children}
    return {"version": 1, "include": include, "exclude": None, "take": None}


def with_superfluous() -> dict[str, Any]:
    """Return the rule of the closed-door meeting with a condition that keeps nobody out."""
    rule = closed_door_rule()
    extra = {"kind": "tag", "id": "c9", "tag": "gmv", "op": "gt", "value": 1000}
    rule["include"]["children"].append(extra)
    return rule


class Camera:
    """One page in one language.

    Parameters
    ----------
    address : str
        Of the server, without a slash at the end.
    """

    def __init__(self, page: Page, address: str, language: str) -> None:
        self.page, self.language = page, language
        self._address = address

    def visit(self, path: str) -> Page:
        """Open a path and wait until it is drawn."""
        self.page.goto(self._address + path)
        settle(self.page)
        return self.page

    def build(self, rule: dict[str, Any]) -> None:
        """Open the builder with a rule, and put away what it says about the link."""
        Builder(self.visit(f"/?rule={quote(json.dumps(rule))}"))
        self.page.locator(".notice button").click()
        expect(self.page.locator(".notice")).to_have_count(0)

    def tab(self, place: int) -> None:
        """Open a tab of the insight panel by its place."""
        self.page.locator(".insighttabs [role=tab]").nth(place).click()


def builder(camera: Camera) -> None:
    """Five conditions dragged together."""
    camera.build(closed_door_rule())


def conditions(camera: Camera) -> None:
    """Cards of the kinds that look at order, rhythm and rank."""
    camera.build(further_kinds(camera.language))


def diagnose(camera: Camera) -> None:
    """The logic check, near misses, and why one user is in."""
    camera.page.set_viewport_size({"width": 1440, "height": 1240})
    camera.build(with_superfluous())
    camera.page.locator(".idlink").first.click()
    expect(camera.page.locator(".personverdict")).to_be_visible()


def size(camera: Camera) -> None:
    """The threshold curve, and ways to 60 people."""
    camera.build(closed_door_rule())
    camera.tab(1)
    camera.page.locator('[data-f="solvesize"]').fill("60")
    expect(camera.page.locator(".suggestion").first).to_be_visible()


def history(camera: Camera) -> None:
    """Half a year of weeks, and what the people of one did since."""
    camera.build(closed_door_rule())
    camera.tab(2)
    weeks = camera.page.locator(".week")
    expect(weeks).to_have_count(26)
    weeks.nth(17).click()
    expect(camera.page.locator(".since tbody tr").first).to_be_visible()


def profile(camera: Camera) -> None:
    """What stands out of the people against everyone."""
    camera.build(closed_door_rule())
    camera.tab(3)
    expect(camera.page.locator(".trait").first).to_be_visible()


def compare(camera: Camera) -> None:
    """The rule beside a saved audience."""
    rule = closed_door_rule()
    rule["include"]["children"][2]["value"] = 1000
    camera.build(rule)
    camera.tab(3)
    camera.page.locator("[role=tabpanel] .segmented [data-mode]").nth(1).click()
    camera.page.locator(".versuswith select").select_option(label=AUDIENCE[camera.language])
    expect(camera.page.locator(".partslist li")).to_have_count(3)


def definition(camera: Camera) -> None:
    """The rule in words, and what changed."""
    camera.build(with_superfluous())
    camera.page.locator('[data-act="more"]').click()
    camera.page.get_by_role("menuitem").nth(1).click()
    expect(camera.page.locator(".dialog textarea").first).to_be_visible()


def lists(camera: Camera) -> None:
    """Uploaded lists."""
    page = camera.visit("/audiences")
    page.get_by_role("tab").nth(1).click()


def _page_of(name: str) -> Callable[[Camera], None]:
    """Return what opens one of the manager's pages as it is."""

    def shown(camera: Camera) -> None:
        page = camera.visit(f"/{name}")
        expect(page.locator(".coterie-sheet, .coterie-funnel").first).to_be_visible()

    shown.__name__ = name
    return shown


ANALYSES = ("overview", "journey", "lifecycle", "rfm", "retention", "budget", "channels", "members")

PICTURES: dict[str, Callable[[Camera], None]] = {
    shown.__name__: shown
    for shown in (
        *(builder, conditions, diagnose, size, history, profile, compare, definition, lists),
        *(_page_of(name) for name in ANALYSES),
    )
}


def prepared(root: Path) -> None:
    """Make a workspace of the sample with an audience and a list in each language."""
    workspace = Workspace.create(root)
    workspace.import_plan(ROOT / "sample_data" / "plan.toml", actor=Actor("王芳"))
    for name in AUDIENCE.values():
        workspace.save_audience(name=name, rule=closed_door_rule(), actor=Actor("王芳"))
    came = root.parent / "came.csv"
    came.write_text("user_id\n" + "".join(f"u{n:05}\n" for n in range(400, 520)), encoding="utf-8")
    for name in LIST.values():
        workspace.add_list(name, came, actor=Actor("王芳"))


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Serve a workspace on a free port of this machine."""
    command = [sys.executable, "-m", "dashboard", "--workspace", str(root), "--port", "0"]
    log = root.parent / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=clean_environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield address_of(server, log)
    finally:
        server.terminate()
        ended(server)


def take(browser: Browser, at: str, language: str, names: list[str]) -> None:
    """Take some pictures in one language."""
    for name in names:
        context = browser.new_context(
            locale=LOCALES[language], viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
        )
        camera = Camera(context.new_page(), at, language)
        PICTURES[name](camera)
        expect(camera.page.locator(".panel :is(.compare, .people).stale")).to_have_count(0)
        settle(camera.page)
        camera.page.wait_for_timeout(400)
        camera.page.screenshot(path=FOLDER / f"{name}.{language}.png")
        context.close()
        print(f"docs/pictures/{name}.{language}.png")  # noqa: T201 - a command


def main() -> None:
    """Take those that the command line names; by default all."""
    names = sys.argv[1:] or list(PICTURES)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "workspace"
        prepared(root)
        browser = playwright.chromium.launch(executable_path=browser_file(playwright), args=[*FLAGS, *SHARP])
        with served(root) as at:
            for language in LOCALES:
                take(browser, at, language, names)


if __name__ == "__main__":
    main()
