"""Bad files in a real browser: one clear message with the place and the way out, and the data stay in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.workspace import Workspace

GOOD = "user_id,city,registered_on\nu1,北京,2019-01-05\nu2,上海,2019-02-11\n"
WORDS = {
    "zh-CN": {
        "import": "导入",
        "start": "开始导入",
        "file": "文件",
        "empty": "是空文件",
        "twice": ("u1", "2、4", "duplicates"),
        "mixed": ("users.csv", "编码"),
        "date": ("users.csv", "第 3 行", "不是日期", "max_reject_share"),
        "large": ("超过每个 200 MB", "服务器文件夹"),
        "stays": "正在使用的数据没有变",
    },
    "en-US": {
        "import": "Import",
        "start": "Import",
        "file": "File",
        "empty": "is empty",
        "twice": ("u1", "2, 4", "duplicates"),
        "mixed": ("users.csv", "encoding"),
        "date": ("users.csv", "line 3", "not a date", "max_reject_share"),
        "large": ("larger than 200 MB", "On the server"),
        "stays": "The data in use are unchanged",
    },
}
PLAN = """\
[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
"""


@pytest.fixture(params=list(WORDS))
def locale(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def words(locale: str) -> dict:
    return WORDS[locale]


@pytest.fixture
def before(sample_workspace: Path) -> str:
    return Workspace.open(sample_workspace).data_version().id


@pytest.fixture
def importing(visit: Callable[[str], Page], words: dict) -> Page:
    page = visit("/data")
    page.get_by_role("radio", name=words["import"], exact=True).click()
    expect(page.locator('input[type="file"]')).to_be_attached()
    return page


def send(page: Page, **files: str | bytes) -> None:
    page.locator('input[type="file"]').set_input_files(
        [
            {
                "name": name.replace("_", "."),
                "mimeType": "text/plain",
                "buffer": text if isinstance(text, bytes) else text.encode(),
            }
            for name, text in files.items()
        ]
    )


def start(page: Page, words: dict) -> None:
    page.locator(".st-key-data_run").get_by_role("button", name=words["start"], exact=True).click()


def the_error(page: Page) -> Locator:
    shown = page.get_by_test_id("stAlertContentError")
    expect(shown).to_have_count(1)
    return shown


def unchanged(before: str, sample_workspace: Path) -> None:
    assert Workspace.open(sample_workspace).data_version().id == before


def test_an_empty_file(importing: Page, words: dict, before: str, sample_workspace: Path) -> None:
    send(importing, users_csv="")
    expect(the_error(importing)).to_contain_text(words["empty"])
    unchanged(before, sample_workspace)


def test_an_id_that_stands_twice(importing: Page, words: dict, before: str, sample_workspace: Path) -> None:
    send(importing, plan_toml=PLAN, users_csv=GOOD + "u1,广州,2019-03-01\n")
    start(importing, words)
    for part in words["twice"]:
        expect(the_error(importing)).to_contain_text(part)
    expect(importing.get_by_text(words["stays"])).to_be_visible()
    expect(importing.locator(".st-key-data_run button")).to_be_enabled()
    unchanged(before, sample_workspace)


def test_a_date_that_is_none(importing: Page, words: dict, before: str, sample_workspace: Path) -> None:
    send(importing, plan_toml=PLAN, users_csv=GOOD.replace("2019-02-11", "昨天"))
    start(importing, words)
    for part in words["date"]:
        expect(the_error(importing)).to_contain_text(part)
    unchanged(before, sample_workspace)


def test_two_encodings_in_one_file(importing: Page, words: dict, before: str, sample_workspace: Path) -> None:
    send(importing, users_csv=GOOD.encode() + "u3,广州,2019-03-01\n".encode("gb18030"))
    for part in words["mixed"]:
        expect(the_error(importing)).to_contain_text(part)
    unchanged(before, sample_workspace)


def test_a_file_that_is_too_large_is_not_even_sent(
    importing: Page, words: dict, before: str, sample_workspace: Path, tmp_path: Path
) -> None:
    large = tmp_path / "events.csv"
    with large.open("wb") as file:
        file.truncate(5 * 2**30)
    sent: list[str] = []
    importing.on("request", lambda request: sent.append(request.method))
    importing.locator('input[type="file"]').set_input_files(large)
    shown = importing.locator(".coterie-rejected")
    expect(shown).to_be_visible()
    for part in words["large"]:
        expect(shown).to_contain_text(part)
    assert "PUT" not in sent
    unchanged(before, sample_workspace)
