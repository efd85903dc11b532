"""A real server over the imported sample, and a real Chromium that must not leave this machine.

``app_url``, ``page``, ``visit`` and ``axe`` are what most tests need. ``start_app`` starts further servers,
for tests that need a workspace of their own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.processes import FLAGS, address_of, browser_file, clean_environment, ended

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).resolve().parent / "screenshots"
NOT_TESTED = "NOT TESTED: pages in a browser:"

# Rules of axe that Streamlit itself breaks, where it breaks them, and why we cannot mend it.
NOT_OURS: dict[str, tuple[str, str]] = {
    "list": (
        'data-testid="stSidebarNavItems"',
        "on a phone Streamlit puts the names of the menu's sections straight into its list of links",
    ),
    "listitem": ('<li class="st-emotion-cache-', "and the links below such a name beside the list"),
    "presentation-role-conflict": (
        'data-testid="stFileUploaderDropzone"',
        "Streamlit gives the drop zone a name and the role of a decoration; its button is reached by keyboard",
    ),
}

# Whether script, stale parts and finite animations have all been at rest for so many milliseconds, in our own
# style sheet, which Streamlit brings in last when the machine is slow.
STILL_FOR = 200
STILL = """(milliseconds) => {
  const app = document.querySelector('[data-testid="stApp"]');
  const isFading = document.getAnimations().some(
    (one) => one.playState === 'running' && Number.isFinite(one.effect.getComputedTiming().endTime));
  const isStyled = getComputedStyle(document.documentElement).getPropertyValue('--coterie-ink') !== '';
  const isStill = isStyled && app?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale="true"]') && !isFading;
  if (!isStill) window.stillSince = null;
  else window.stillSince ??= performance.now();
  return isStill && performance.now() - window.stillSince >= milliseconds;
}"""

expect.set_options(timeout=15_000)


@dataclass
class App:
    """A server of the dashboard."""

    url: str
    workspace: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path

    def stop(self) -> int:
        """Ask the server to stop (SIGTERM) and return its exit code."""
        self.process.terminate()
        return ended(self.process)


@pytest.fixture(scope="session")
def sample_workspace(imported_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's own copy of the sample workspace, which ``app_url`` serves."""
    root = tmp_path_factory.mktemp("sample") / "workspace"
    shutil.copytree(imported_sample, root)
    return root


@pytest.fixture(scope="session")
def start_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., App]]:
    """A function that starts a server over a workspace: ``start_app(root, COTERIE_DATA_DIR="…") -> App``."""
    started: list[App] = []

    def start(workspace: Path, **environment: str) -> App:
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", "--workspace", str(workspace), "--port", "0"],
                cwd=ROOT, env=clean_environment() | environment, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        app = App(address_of(process, log), workspace, process, log)
        started.append(app)
        return app

    yield start
    for app in started:
        if app.process.poll() is None:
            app.stop()


@pytest.fixture(scope="session")
def app(sample_workspace: Path, start_app: Callable[..., App]) -> App:
    """The server over ``sample_workspace``, shared by this worker's tests."""
    return start_app(sample_workspace)


@pytest.fixture(scope="session")
def app_url(app: App) -> str:
    """Its address, without a slash at the end."""
    return app.url


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium: the machine's own, else the one that ``playwright install chromium`` fetched."""
    found = browser_file(playwright)
    if found is None:
        pytest.skip(f"{NOT_TESTED} no Chromium on this machine; run `playwright install chromium`")
    running = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
    yield running
    running.close()


@pytest.fixture
def locale() -> str:
    """Language of the browser; ``@pytest.mark.parametrize("locale", ["en-US"])`` changes it."""
    return "zh-CN"


@pytest.fixture
def color_scheme() -> str:
    """ "light" or "dark", as the system would say; parametrize to change it."""
    return "light"


@pytest.fixture
def viewport() -> tuple[int, int]:
    """Width and height of the window; parametrize to change it."""
    return 1440, 900


@dataclass
class Kept:
    """A browser of one language that serves one test after another, and what it asked for in the present one."""

    context: BrowserContext
    origins: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)

    def note(self, address: str) -> None:
        """Remember where something is asked for, and whether that is another host."""
        parts = urlsplit(address)
        if parts.scheme in ("data", "blob", "about", "file"):
            return
        self.origins.add(f"{parts.scheme}://{parts.netloc}")
        if parts.hostname != "127.0.0.1":
            self.foreign.append(address)

    def forget(self) -> None:
        """Forget everything but fetched files: pages, cookies, permissions and what pages stored."""
        for page in self.context.pages[1:]:
            page.close()
        blank = self.context.pages[0] if self.context.pages else self.context.new_page()
        blank.goto("about:blank")
        tools = self.context.new_cdp_session(blank)
        for origin in self.origins:
            kinds = "local_storage,indexeddb,cache_storage,service_workers"
            tools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": kinds})
        self.context.clear_cookies()
        self.context.clear_permissions()
        blank.close()
        self.origins.clear()
        self.foreign.clear()


@pytest.fixture(scope="session")
def kept(browser: Browser) -> Iterator[Callable[[str], Kept]]:
    """A function that returns the browser of a language.

    It lives as long as the tests: fetching and compiling Streamlit's scripts anew took most of a test's time.
    """
    known: dict[str, Kept] = {}

    def of(locale: str) -> Kept:
        if locale not in known:
            opened = browser.new_context(
                locale=locale, viewport={"width": 1440, "height": 900}, color_scheme="light",
                accept_downloads=True, reduced_motion="reduce",
            )  # fmt: skip
            known[locale] = made = Kept(opened)
            opened.on("request", lambda request: made.note(request.url))
            opened.on("page", lambda page: page.on("websocket", lambda socket: made.note(socket.url)))
        return known[locale]

    yield of
    for one in known.values():
        one.context.close()


@pytest.fixture
def context(kept: Callable[[str], Kept], locale: str) -> Iterator[BrowserContext]:
    """A browser that has never been here: no cookies. Whatever it asks of another host fails the test."""
    used = kept(locale)
    yield used.context
    foreign = list(used.foreign)
    used.forget()
    assert foreign == [], "the page asked another host"


@pytest.fixture
def page(
    context: BrowserContext, color_scheme: str, viewport: tuple[int, int], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """An empty page of that browser. A script that fails in it fails the test; a failure is pictured."""
    opened = context.new_page()
    if viewport != (1440, 900):
        opened.set_viewport_size({"width": viewport[0], "height": viewport[1]})
    if color_scheme != "light":
        opened.emulate_media(color_scheme=color_scheme)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    failed_before = request.session.testsfailed
    yield opened
    if request.session.testsfailed > failed_before:
        SCREENSHOTS.mkdir(exist_ok=True)
        opened.screenshot(path=SCREENSHOTS / (re.sub(r"[^\w.-]+", "_", request.node.name) + ".png"))
    assert faults == [], "a script of the page failed"


@pytest.fixture
def visit(page: Page, app_url: str) -> Callable[[str], Page]:
    """A function that opens a path of the dashboard and waits until it is drawn: ``visit("/audiences")``."""

    def open_path(path: str = "/") -> Page:
        page.goto(app_url + path)
        settle(page)
        return page

    return open_path


@pytest.fixture
def settled() -> Callable[[Page], None]:
    """A function that waits until a page's script has run and nothing is being redrawn."""
    return settle


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """A function that asserts that axe-core finds no violation in a page at rest: ``axe(page)``."""

    def check(page: Page) -> None:
        # What is still about the rule before the last edit is pale on purpose, for a moment.
        pale = ":is(.compare.stale, .people.stale, .insightbody .stale, .insightbody .old)"
        expect(page.locator(f".panel:not(.brokenrule) {pale}")).to_have_count(0)
        settle(page)
        found = [
            {"rule": violation["id"], "help": violation["help"], "at": [n["html"][:200] for n in nodes]}
            for violation in Axe().run(page).response["violations"]
            if (nodes := _ours(violation))
        ]
        assert found == []

    return check


@pytest.fixture
def in_schemes(settled: Callable[[Page], None]) -> Callable[[Page], Iterator[str]]:
    """A function that turns a page dark and light again, as the system would: ``for _ in in_schemes(page): …``."""

    def turn(page: Page) -> Iterator[str]:
        for scheme, background in (("dark", "rgb(17, 21, 28)"), ("light", "rgb(255, 255, 255)")):
            page.emulate_media(color_scheme=scheme)
            expect(page.locator(".stApp")).to_have_css("background-color", background)
            settled(page)
            yield scheme

    return turn


def settle(page: Page) -> None:
    """Wait until the page's script has run, nothing is being redrawn, and nothing fades or moves any more.

    A first draw is often followed by a second (the browser reports its scheme), and what was redrawn fades
    back in: until then colours and places are not what a person sees. So it must stay like that for a moment.
    """
    page.evaluate("window.stillSince = null")
    page.wait_for_function(STILL, arg=STILL_FOR, timeout=30_000)


def _ours(violation: dict) -> list[dict]:
    selector, _ = NOT_OURS.get(violation["id"], ("", ""))
    return [node for node in violation["nodes"] if not selector or selector not in node["html"]]
