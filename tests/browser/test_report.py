"""The report in a real browser, opened from disk without a network, and printed on A4."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from core.workspace import Workspace

A4 = (595, 842)
"""In points."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_opens_from_disk_and_prints(
    browser: Browser, imported_sample: Path, tmp_path: Path, language: str
) -> None:
    door = Workspace.open(imported_sample)
    file = tmp_path / "report.html"
    door.write_report(door.report(language, by="source_channel"), file)  # type: ignore[arg-type]
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 900})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert said == []
    assert asked == [file.as_uri()]
    assert page.locator("section").count() == 8
    assert page.locator("h1").evaluate("(one) => getComputedStyle(one).fontSize") == "28px", (
        "its style applies"
    )
    wide = page.evaluate(
        """() => [...document.querySelectorAll('table, svg')]
          .filter((one) => one.getBoundingClientRect().right > document.body.getBoundingClientRect().right)
          .map((one) => one.textContent.slice(0, 60))"""
    )
    assert wide == [], "nothing is wider than the page"
    cut = page.evaluate(
        """() => [...document.querySelectorAll('svg text')].filter((one) => {
            const box = one.getBBox(), svg = one.ownerSVGElement.viewBox.baseVal;
            return box.x < -1 || box.x + box.width > svg.width + 1 || box.y + box.height > svg.height + 4;
          }).map((one) => one.textContent)"""
    )
    assert cut == [], "no label is cut"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 8
    box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", printed)
    assert box is not None
    assert tuple(round(float(each)) for each in box.groups()) == A4
    context.close()


def test_a_telephone_scrolls_tables_and_not_the_page(
    browser: Browser, imported_sample: Path, tmp_path: Path
) -> None:
    door = Workspace.open(imported_sample)
    file = tmp_path / "report.html"
    door.write_report(door.report("zh"), file)
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
