"""How soon the manager's pages show their first figures, and answer a filter, in a real Chromium.

Every page has a server of its own: the first visit after its start is told by itself. Then fresh visits ask
the same again in a session of their own, and a visitor chooses audiences and periods that nobody chose.
``python -m benchmarks.bench_pages MILLIONS``.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks.report import CONSOLE, Target, keep, print_targets
from benchmarks.served import browser, server, workspace
from core.workspace import Actor, Workspace

PAGES = ("overview", "journey", "lifecycle", "rfm", "retention", "budget", "channels", "members")
WITH_PERIOD = ("overview", "budget", "channels")
VISITS = 5
CITIES = ("北京", "上海", "广州", "深圳", "杭州", "成都")
AMONG, EVERYBODY, PERIOD = "看谁", "全部用户", "时间段"
PERIODS = ("近 7 天", "近 90 天", "本月", "上月", "今年")
FIRST_MS, FILTER_MS = 1_500, 700
STILL_MS = 300
"""All is there once nothing has changed for so long."""

# What a figure stands in: cards and tables (in the shadow of a component) and the text of charts. Stale ones
# are those of the question before.
FIGURES = """
window.figures = () => {
  const main = document.querySelector('[data-testid="stMain"]');
  const found = [];
  const look = (root) => {
    for (const one of root.querySelectorAll('.coterie-sheet, .coterie-funnel, .js-plotly-plot .main-svg')) {
      found.push(one.textContent);
    }
    for (const one of root.querySelectorAll('*')) {
      if (one.shadowRoot) look(one.shadowRoot);
    }
  };
  if (main) look(main);
  return found.filter((text) => /\\d/.test(text)).join(' ');
};
window.atRest = () => !document.querySelector('.coterie-skeleton, [data-testid="stSkeleton"]')
  && [...document.querySelectorAll('.stPlotlyChart')].every((one) => one.querySelector('.main-svg text'))
  && document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning';
window.seen = {};
window.watch = (before) => {
  window.seen = {};
  const look = () => {
    const now = performance.now();
    const figures = window.figures();
    if (!window.seen.title && document.querySelector('[data-testid="stMain"] h1')) window.seen.title = now;
    if (!window.seen.figures && figures && figures !== before) window.seen.figures = now;
    if (window.seen.figures) {
      if (!window.atRest() || figures !== window.seen.last) window.seen.rest = now;
      window.seen.last = figures;
      window.seen.isDone = now - window.seen.rest > STILL;
      if (window.seen.isDone) return;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
document.addEventListener('click', (event) => {
  if (event.composedPath().some((one) => one.getAttribute?.('role') === 'option')) {
    window.chosenAt = performance.now();
    window.watch(window.figures());
  }
}, true);
window.watch('');
""".replace("STILL", str(STILL_MS))
DONE = "() => window.seen.isDone && window.seen"


def main(millions: int) -> None:
    """Measure, print and keep."""
    users = millions * 1_000_000
    root = workspace(users)
    _audiences(root)
    found: dict[str, Any] = {}
    with sync_playwright() as playwright:
        for name in PAGES:
            found[name] = _measured(playwright, root, name)
            _print(name, found[name])
    targets = [
        target
        for name, numbers in found.items()
        for target in (
            Target(
                f"{name}: first figures", numbers["visit"]["figures_ms"], FIRST_MS, at_most=True, unit="ms"
            ),
            Target(f"{name}: a filter", numbers["filter"]["figures_ms"], FILTER_MS, at_most=True, unit="ms"),
        )
    ]
    print_targets(targets)
    path = keep(f"pages_{millions}m", {"users": users, "pages": found}, targets)
    CONSOLE.print(f"Kept in {path}")


def _audiences(root: Path) -> None:
    """Save the audiences that are chosen, unless they are there."""
    saved = Workspace.open(root)
    known = {audience.name for audience in saved.audiences()}
    for city in CITIES:
        if city not in known:
            condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": city}
            include = {"kind": "group", "id": "g", "match": "all", "children": [condition]}
            rule = {"version": 1, "include": include}
            saved.save_audience(name=city, rule=rule, actor=Actor("benchmark", verified=False))


def _measured(playwright: Any, root: Path, name: str) -> dict[str, Any]:
    with server(root) as (url, _), browser(playwright) as chromium:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
        context.add_init_script(FIGURES)
        address = f"{url}/{name}"
        first = _visit(context, address)[0]
        visits = [_visit(context, address)[0] for _ in range(VISITS)]
        page = _visit(context, address, stays=True)[1]
        audiences = [_chosen(page, AMONG, city) for city in CITIES]
        periods = []
        if name in WITH_PERIOD:
            _chosen(page, AMONG, EVERYBODY)
            periods = [_chosen(page, PERIOD, period) for period in PERIODS]
    return {
        "first_after_start": first,
        "visit": _median(visits),
        "filter": _median([*audiences, *periods]),
        "audience": _median(audiences),
        **({"period": _median(periods)} if periods else {}),
    }


def _visit(context: BrowserContext, address: str, *, stays: bool = False) -> tuple[dict[str, float], Page]:
    """Open a page; return milliseconds to its title, to its first figures and until all is there.

    The title is drawn before anything is counted: what comes before it is the browser's and Streamlit's.
    """
    page = context.new_page()
    page.goto(address, wait_until="commit")
    found = page.wait_for_function(DONE, timeout=120_000).json_value()
    if not stays:
        page.close()
    times = {"title_ms": found["title"], "figures_ms": found["figures"], "complete_ms": found["rest"]}
    return times, page


def _chosen(page: Page, label: str, option: str) -> dict[str, float]:
    """Choose in the bar; return milliseconds to the first new figures and until all is there."""
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(option)
    page.get_by_role("option", name=option, exact=True).click()
    found = page.wait_for_function(DONE, timeout=120_000).json_value()
    chosen = page.evaluate("window.chosenAt")
    page.wait_for_timeout(300)
    return {"figures_ms": found["figures"] - chosen, "complete_ms": found["rest"] - chosen}


def _median(times: Sequence[dict[str, float]]) -> dict[str, Any]:
    medians = {key: round(statistics.median(one[key] for one in times), 1) for key in times[0]}
    return {**medians, "n": len(times), "times_ms": [round(one["figures_ms"]) for one in times]}


def _print(name: str, numbers: dict[str, Any]) -> None:
    told = ", ".join(
        f"{what} {numbers[what]['figures_ms']:,.0f} ({numbers[what]['complete_ms']:,.0f})"
        for what in ("first_after_start", "visit", "audience", "period")
        if what in numbers
    )
    title = numbers["visit"]["title_ms"]
    CONSOLE.print(f"{name}, ms to first figures (and to all): {told}; to the title of a visit {title:,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
