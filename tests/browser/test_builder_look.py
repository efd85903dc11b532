"""What the builder looks like: nothing cut at any width, nothing that jumps away, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.builder_page import Builder

Visit = Callable[[str], Page]
ROOT_OF_BUILDER = (
    "document.querySelector('.st-key-build_rule [data-testid=stBidiComponentIsolated]').shadowRoot"
)


def test_a_page_that_is_drawn_anew_leaves_no_listeners_behind(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city")
    before = listeners(page)
    assert before
    for name, said in (("EN", "City is one of"), ("中文", "城市是")):
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator(".sentence")).to_contain_text(said, timeout=20_000)
    assert listeners(page) == before


def listeners(page: Page) -> list[str]:
    """The kinds of listeners on what outlives a page of the builder: its root, and the window as far as ours."""
    tools = page.context.new_cdp_session(page)
    found: list[str] = []
    for thing, ours in ((ROOT_OF_BUILDER, None), ("window", {"pointerdown", "pagehide"})):
        shown = tools.send("Runtime.evaluate", {"expression": thing})["result"]["objectId"]
        told = tools.send("DOMDebugger.getEventListeners", {"objectId": shown})["listeners"]
        found += [listener["type"] for listener in told if ours is None or listener["type"] in ours]
    tools.detach()
    return sorted(found)


def test_the_keys_are_listed_in_words(visit: Visit) -> None:
    page = visit("/")
    Builder(page)
    page.locator('[data-act="more"]').click()
    page.get_by_role("menuitem", name="快捷键").click()
    listed = page.locator(".dialog .keys")
    expect(listed.locator("dt")).to_have_count(listed.locator("dd").count())
    expect(listed.locator("dd").first).to_have_text("搜索标签")
    expect(listed).not_to_contain_text("[object")


def test_a_rule_is_read_whole_at_every_width(visit: Visit, settled: Callable[[Page], None]) -> None:
    page = visit("/")
    builder = Builder(page)
    page.locator('[data-act="templates"]').click()
    page.locator(".templatelist .template").first.click()
    expect(builder.rows).to_have_count(5)
    builder.settle()
    parts = page.locator(".canvas :is(.name, .sentence, .segmented, .controls, .numbers), .asof .field")
    for width, height in ((1440, 900), (1040, 800), (768, 1024), (375, 812)):
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        cut = parts.evaluate_all(
            """(parts) => parts.filter((part) => {
              const box = part.getBoundingClientRect(), canvas = part.closest('.middle').getBoundingClientRect();
              const isMeant = getComputedStyle(part).display === 'none';
              const isCut = part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0;
              return !isMeant && (box.width < 8 || isCut || box.left < canvas.left || box.right > canvas.right + 1);
            }).map((part) => `${part.className}: ${part.textContent}`)"""
        )
        assert cut == [], width


def test_what_is_shown_stays_while_a_condition_waits_for_its_value(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:gmv")
    expect(page.locator(".people tbody tr")).not_to_have_count(0)
    place = builder.row("总交易额").bounding_box()
    field = builder.row("总交易额").locator("input.number")
    field.fill("")
    expect(page.locator(".panel.brokenrule")).to_be_visible()
    page.wait_for_timeout(600)
    assert builder.row("总交易额").bounding_box()["y"] == place["y"]
    expect(page.locator(".sentence.stale")).to_contain_text("总交易额")
    expect(page.locator(".people.stale tbody tr")).not_to_have_count(0)
    field.fill("500")
    expect(page.locator(".people.stale")).to_have_count(0)
    expect(page.locator(".sentence")).to_contain_text("500")
