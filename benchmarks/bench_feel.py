"""How the builder feels over a million users: from an edit sent to the number painted, and with 20 at once.

One real Chromium edits the five conditions; then 20 editors speak Streamlit's protocol over raw websockets,
each with a session of its own and a pause to think between edits. ``python -m benchmarks.bench_feel``.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.report import CONSOLE, Target, keep, print_targets
from benchmarks.served import browser, server, workspace

USERS = 1_000_000
EDITS = 120
EDITORS = 20
EDITS_EACH = 25
FURTHER = 60  # sessions opened beside the editors, to weigh one
THINKING = (0.4, 1.2)  # seconds between two edits of one person
TEMPLATE = Path(__file__).parents[1] / "dashboard" / "builder" / "templates" / "1_closed_door_meeting.json"

# What the insight panel shows: its tab, and the section that follows an edit.
INSIGHT = {"near misses": ("诊断", ".near"), "the threshold curve": ("调规模", ".threshold")}

# Times every message to the server, and the first frame after the page has taken its answer over.
STOPWATCH = """
window.edits = [];
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  window.sentAt = performance.now();
  return send.call(this, data);
};
window.watch = (shell) => new MutationObserver(() => {
  if (shell.classList.contains('waiting') || !window.sentAt) return;
  const from = window.sentAt;
  window.sentAt = null;
  window.isDue = true;
  requestAnimationFrame(() => setTimeout(() => {
    window.paintedAt = performance.now();
    window.edits.push(window.paintedAt - from);
  }));
}).observe(shell, { attributes: true, attributeFilter: ['class'] });
window.insight = [];
// What is old is marked; the mark goes when the answer about the edit's rule has been drawn.
window.watchInsight = (section) => new MutationObserver(() => {
  if (section.classList.contains('stale') || !window.isDue) return;
  window.isDue = false;
  requestAnimationFrame(() => setTimeout(() => window.insight.push(performance.now() - window.paintedAt)));
}).observe(section, { attributes: true, attributeFilter: ['class'] });
"""


def main() -> None:
    """Measure, print and keep."""
    with server(workspace(USERS)) as (url, served):
        process = psutil.Process(served.pid)
        CONSOLE.print("  one browser …", style="dim")
        alone, insight = in_a_browser(url)
        CONSOLE.print(f"  {EDITORS} editors …", style="dim")
        together, memory = asyncio.run(with_many(url, process))
    found = {
        "users": USERS,
        "browser": {kind: summary(times) for kind, times in alone.items()},
        "after the number": {kind: summary(times) for kind, times in insight.items()},
        "editors": {"number": EDITORS, **summary(together), "session_kib": round(memory / 1024)},
    }
    shown = {
        **found["browser"],
        **{f"{kind}, after the number": s for kind, s in found["after the number"].items()},
    }
    for name, numbers in {**shown, f"{EDITORS} at once": found["editors"]}.items():
        CONSOLE.print(
            f"{name}: p50 {numbers['p50_ms']:.0f}, p95 {numbers['p95_ms']:.0f} ms, n {numbers['n']}"
        )
    everything = [ms for times in alone.values() for ms in times]
    targets = [
        Target("edit sent to number painted, p50", quantile(everything, 0.5), 60, at_most=True, unit="ms"),
        Target("edit sent to number painted, p95", quantile(everything, 0.95), 150, at_most=True, unit="ms"),
        *(
            Target(
                f"{kind} painted after the number, p95", quantile(times, 0.95), 100, at_most=True, unit="ms"
            )
            for kind, times in insight.items()
        ),
        Target(f"{EDITORS} editors at once, p95", quantile(together, 0.95), 400, at_most=True, unit="ms"),
        Target("memory of a session", memory / 1024, 500, at_most=True, unit="KiB"),
    ]
    print_targets(targets)
    keep("feel", found, targets)


def in_a_browser(url: str) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return milliseconds from edit sent to number painted by kind of edit, and from there to insight."""
    with sync_playwright() as playwright, browser(playwright) as chromium:
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        page.add_init_script(STOPWATCH)
        page.goto(url)
        page.locator(".template").first.wait_for(timeout=120_000)
        page.locator(".template").first.click()
        page.locator("li.row").nth(4).wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
        page.locator(".shell").evaluate("shell => window.watch(shell)")
        amount = page.locator("li.row").nth(2).locator("input")
        window = page.locator("li.row").nth(4).locator("input").last
        grip = page.locator("li.row").nth(1).locator("[data-grip]")
        chance = random.Random(7)  # noqa: S311  an order of edits, no secret
        found = {
            "a new number": _edits(page, lambda: amount.fill(str(chance.randrange(500, 9_000)))),
            "a new window": _edits(page, lambda: window.fill(str(chance.randrange(5, 200)))),
            "mute and unmute": _edits(page, lambda: grip.press("m")),
        }
        insight = {}
        for what, (tab, section) in INSIGHT.items():
            page.get_by_role("tab", name=tab, exact=True).click()
            page.locator(f"{section}:not(.stale)").wait_for()
            page.locator(section).evaluate("section => window.watchInsight(section)")
            page.evaluate("window.insight = []")
            name = f"a new number, {what} open"
            found[name] = _edits(page, lambda: amount.fill(str(chance.randrange(500, 9_000))))
            page.wait_for_function("n => window.insight.length >= n", arg=len(found[name]), timeout=20_000)
            insight[what] = [float(ms) for ms in page.evaluate("window.insight")]
    return found, insight


def _edits(page: Page, edit: Any) -> list[float]:
    page.evaluate("window.edits = []")
    for done in range(1, EDITS // 3 + 1):
        edit()
        page.wait_for_function("n => window.edits.length >= n", arg=done, timeout=20_000)
        page.wait_for_timeout(500)  # the charts follow meanwhile, as they do for people
    return [float(ms) for ms in page.evaluate("window.edits")]


@dataclass
class Editor:
    """One person's session over a raw websocket."""

    socket: ClientConnection
    component: str = ""
    fragment: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    page: str = ""
    rev: int = 0

    async def open(self) -> None:
        """Load the page and learn where the builder stands."""
        await self._ask(None, {})
        await self._until(lambda: bool(self.data), finished=True)
        self.rev = int(self.data["rev"])

    async def edit(self, tree: dict[str, Any]) -> float:
        """Send one edit; return the milliseconds until its numbers are here."""
        self.rev += 1
        state = {
            "rev": self.rev, "epoch": self.data["epoch"], "gesture": f"bench@{self.rev}", "tree": tree,
            "command": None, "earlier": [],
        }  # fmt: skip
        started = time.perf_counter()
        await self._ask(self.fragment, {self.component: {"edit": state}})
        await self._until(lambda: self.data.get("rev") == self.rev)
        return 1000 * (time.perf_counter() - started)

    async def _ask(self, fragment: str | None, states: dict[str, Any]) -> None:
        message = BackMsg()
        message.rerun_script.query_string = ""
        message.rerun_script.page_script_hash = self.page
        if fragment:
            message.rerun_script.fragment_id = fragment
        for widget, value in states.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.json_value = widget, json.dumps(value)
        await self.socket.send(message.SerializeToString())

    async def _until(self, done: Any, *, finished: bool = False) -> None:
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), timeout=60)
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page = message.new_session.page_script_hash
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                if element.WhichOneof("type") == "bidi_component":
                    self._take(element.bidi_component, message.delta.fragment_id)
            if done() and (not finished or kind == "script_finished"):
                return

    def _take(self, component: Any, fragment: str) -> None:
        if component.component_name == "coterie_builder":
            self.component, self.fragment = component.id, fragment
            self.data = json.loads(component.json)


async def with_many(url: str, process: psutil.Process) -> tuple[list[float], float]:
    """Return all editors' milliseconds, and the bytes that one session takes."""
    rule = json.loads(TEMPLATE.read_text(encoding="utf-8"))["rule"]
    address = url.replace("http", "ws") + "/_stcore/stream"

    async def enter() -> Editor:
        editor = Editor(await connect(address, subprotocols=["streamlit"], max_size=None, origin=url))
        await editor.open()
        await editor.edit(rule)
        return editor

    editors = [await enter() for _ in range(EDITORS)]
    # What one more session takes, once the first have filled what all share.
    before = process.memory_info().rss
    further = [await enter() for _ in range(FURTHER)]
    memory = (process.memory_info().rss - before) / FURTHER
    for editor in further:
        await editor.socket.close()
    everybody = await asyncio.gather(*(_person(editor, rule, seed) for seed, editor in enumerate(editors)))
    for editor in editors:
        await editor.socket.close()
    return [ms for person in everybody for ms in person], memory


async def _person(editor: Editor, rule: dict[str, Any], seed: int) -> list[float]:
    chance = random.Random(seed)  # noqa: S311  an order of edits, no secret
    times = []
    for _ in range(EDITS_EACH):
        await asyncio.sleep(chance.uniform(*THINKING))
        tree = json.loads(json.dumps(rule))
        tree["include"]["children"][2]["value"] = chance.randrange(500, 9_000)
        tree["include"]["children"][4]["window"]["last"] = chance.randrange(5, 200)
        times.append(await editor.edit(tree))
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Return n, p50 and p95."""
    return {
        "n": len(times),
        "p50_ms": round(quantile(times, 0.5), 1),
        "p95_ms": round(quantile(times, 0.95), 1),
    }


def quantile(times: list[float], share: float) -> float:
    """Return the quantile, interpolated."""
    return statistics.quantiles(times, n=100, method="inclusive")[round(share * 100) - 1]


if __name__ == "__main__":
    main()
