"""The pure logic of the builder's scripts: every test of tests/js in Chromium, and in node where there is one."""

from __future__ import annotations

import mimetypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from dashboard.builder import bundle

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://127.0.0.1"
FILES = sorted((ROOT / "tests" / "js").glob("*.test.mjs"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_scripts_logic_holds_in_chromium(page: Page, file: Path) -> None:
    page.route(f"{ADDRESS}/**", _from_disk)
    page.goto(f"{ADDRESS}/")
    results = page.evaluate(
        "async (path) => { await import(path); return globalThis.testResults; }",
        f"/{file.relative_to(ROOT)}",
    )
    assert [result for result in results if result["error"]] == []
    assert len(results) == len(re.findall(r"^test\(", file.read_text(encoding="utf-8"), re.MULTILINE))


if shutil.which("node"):

    def test_the_scripts_logic_holds_in_node() -> None:
        ran = subprocess.run(
            ["node", "--test", *map(str, FILES)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert ran.returncode == 0, ran.stdout[-4000:]


def test_every_source_is_joined_and_nothing_is_joined_twice() -> None:
    files = {path.stem for path in (ROOT / "dashboard" / "builder" / "js").glob("*.js")}
    assert sorted(bundle.SOURCES) == sorted(files - {"door"})
    code = bundle.stage_code()
    assert not re.search(r"^import ", code, re.MULTILINE)
    assert re.findall(r"^export \w+", code, re.MULTILINE) == ["export default"]


def test_names_at_the_top_of_the_sources_are_unique() -> None:
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", bundle.stage_code(), re.MULTILINE)
    assert sorted(names) == sorted(set(names))


def test_no_script_parses_markup() -> None:
    code = bundle.stage_code() + bundle.door_code("builder")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval("):
        assert way not in code


def _from_disk(route: Route) -> None:
    path = ROOT / route.request.url.removeprefix(f"{ADDRESS}/")
    if not path.is_file():
        route.fulfill(status=200, content_type="text/html", body="<!doctype html><title>tests</title>")
        return
    kind = "text/javascript" if path.suffix in (".js", ".mjs") else mimetypes.guess_type(path)[0]
    route.fulfill(status=200, content_type=kind or "text/plain", body=path.read_bytes())
