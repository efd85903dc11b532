"""What an unsaved rule survives, what is refused, and everything that is opened, shown and hidden."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Actor, Workspace
from tests.browser.builder_page import ROOT, Builder, closed_door_rule, count_by_command_line
from tests.browser.processes import clean_environment, ended

Visit = Callable[[str], Page]


class Server:
    """A server that comes back at the same address."""

    def __init__(self, root: Path, log: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._root, self._log = root, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dashboard", "--workspace", str(self._root), "--port", str(self.port)],
                cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                env=clean_environment(),
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()  # noqa: S310  our own server
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError(self._log.read_text(encoding="utf-8"))

    def end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        ended(self._process)

    def wait_for_draft(self, tag: str) -> None:
        """Wait until a rule that asks a tag is written as a draft: a moment after the edit, in the background."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            if any(f'"{tag}"' in json.dumps(rule) for rule in self.drafted()):
                return
            time.sleep(0.05)
        raise AssertionError(f"no draft asks {tag}")

    def drafted(self) -> list[dict]:
        """The history of the one draft: its rules, oldest first."""
        with closing(sqlite3.connect(self._root / "coterie.db")) as database:
            drafts = [json.loads(state) for (state,) in database.execute("SELECT state FROM drafts")]
        return [json.loads(rule) for draft in drafts for rule in draft["history"]["states"]]

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None


@pytest.fixture
def server(imported_sample: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(imported_sample, tmp_path / "workspace")
    running = Server(tmp_path / "workspace", tmp_path / "log")
    yield running
    if running.is_running:
        running.end(signal.SIGTERM)


def test_edits_made_while_the_server_is_away_are_taken_in_when_it_is_back(page: Page, server: Server) -> None:
    page.goto(server.url)
    builder = Builder(page)
    builder.add("tag:city", "tag:gmv")
    server.wait_for_draft("gmv")
    server.end(signal.SIGKILL)
    builder.row("总交易额").locator("input").fill("500")
    builder.item("event", "login").click()
    expect(builder.rows).to_have_count(3)
    server.start()
    expect(builder.shell).not_to_have_class(re.compile("waiting"), timeout=60_000)
    rule = builder.rule()
    assert rule["include"]["children"][1]["value"] == 500
    assert builder.number() == count_by_command_line(server._root, rule)["count"]
    server.wait_for_draft("login")
    conditions = [each["include"]["children"] for each in server.drafted()]
    asked = [[each.get("tag", each.get("event")) for each in children] for children in conditions]
    assert asked[-3:] == [["city", "gmv"], ["city", "gmv"], ["city", "gmv", "login"]]
    assert [children[1]["value"] for children in conditions[-3:]] == [0, 500, 500]
    page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(2)
    expect(builder.row("总交易额").locator("input")).to_have_value("500")
    page.locator('[data-act="undo"]').click()
    expect(builder.row("总交易额").locator("input")).to_have_value("0")


def test_an_unsaved_rule_and_its_history_survive_an_orderly_restart(page: Page, server: Server) -> None:
    page.goto(server.url)
    builder = Builder(page)
    builder.add("tag:city", "event:login")
    server.end(signal.SIGTERM)
    server.start()
    page.goto(server.url)
    builder = Builder(page)
    builder.assert_outline("且(城市 登录)")
    page.locator('[data-act="undo"]').click()
    expect(builder.rows).to_have_count(1)


def test_two_operators_who_save_the_same_audience_are_told_of_each_other(
    visit: Visit, sample_workspace: Path, rule: dict
) -> None:
    workspace = Workspace.open(sample_workspace)
    saved = workspace.save_audience(name="两人同改", rule=rule, actor=Actor("甲"))
    page = visit(f"/?audience={saved.id}")
    builder = Builder(page)
    builder.add("tag:gmv")
    workspace.save_audience(
        name="两人同改",
        note="乙改过",
        rule=rule,
        actor=Actor("乙"),
        audience_id=saved.id,
        revision=saved.revision,
    )
    page.locator('[data-act="save"]').click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("更新")).click()
    expect(dialog.get_by_role("alert")).to_contain_text("乙")
    assert workspace.audience(saved.id).note == "乙改过"
    dialog.get_by_role("button", name="用我的规则覆盖").click()
    dialog.get_by_role("button", name=re.compile("更新")).click()
    expect(page.locator(".toolbar .status")).to_have_text("已保存")
    assert len(workspace.audience(saved.id).rule["include"]["children"]) == 2


@pytest.fixture
def rule() -> dict:
    condition = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
    group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
    return {"version": 1, "include": group, "exclude": None, "take": None}


def test_a_link_opens_its_rule_and_a_broken_one_leaves_the_draft(visit: Visit, rule: dict) -> None:
    page = visit("/?rule=" + json.dumps(rule))
    builder = Builder(page)
    builder.assert_outline("且(城市)")
    number = builder.number()
    page = visit('/?rule={"version": 9}')
    builder = Builder(page)
    expect(page.locator(".notice.error").first).to_be_visible()
    expect(builder.count).to_have_text(f"{number:,}")


def test_the_rule_goes_out_and_comes_in_as_json(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    page.locator('[data-act="more"]').click()
    page.get_by_role("menuitem", name="从 JSON 打开规则").click()
    page.locator("textarea.json").fill("{")
    page.get_by_role("button", name="打开", exact=True).click()
    expect(page.locator(".dialog .problem")).to_be_visible()
    page.locator("textarea.json").fill(json.dumps(closed_door_rule(), ensure_ascii=False))
    page.get_by_role("button", name="打开", exact=True).click()
    expect(builder.rows).to_have_count(5)
    builder.settle()
    sent = closed_door_rule()
    assert builder.rule()["include"] == sent["include"]


def test_an_unknown_tag_op_and_property_are_named_where_they_stand(visit: Visit, rule: dict) -> None:
    rule["include"]["children"] += [
        {"kind": "tag", "id": "c2", "tag": "ctiy", "op": "is", "value": "北京"},
        {"kind": "tag", "id": "c3", "tag": "gmv", "op": "contains_any", "value": ["1"]},
        {"kind": "tag", "id": "c4", "tag": "title", "op": "matches", "value": "(("},
    ]
    page = visit("/?rule=" + json.dumps(rule))
    for node, word in (("c2", "city"), ("c3", "contains_any"), ("c4", "((")):
        expect(page.locator(f'[data-id="{node}"] .problem.error').first).to_contain_text(word)
    expect(page.locator(".tally .count")).to_have_text("—")


def test_properties_of_an_event_are_filtered_in_place(visit: Visit, sample_workspace: Path) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("event:purchase")
    whole = builder.number()
    builder.row("购买").get_by_role("button", name=re.compile("按属性筛选")).click()
    page.get_by_role("menuitem").first.click()
    expect(builder.row("购买").locator(".filter")).to_have_count(1)
    builder.settle()
    assert builder.number() <= whole
    assert builder.number() == count_by_command_line(sample_workspace, builder.rule())["count"]
    builder.row("购买").locator("select").first.select_option("never")
    builder.settle()
    assert builder.rule()["include"]["children"][0]["value"] == 0


def test_every_form_of_window_is_edited_in_place(visit: Visit, sample_workspace: Path) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("event:login")
    workspace = Workspace.open(sample_workspace)
    for window in ("ever", "ago", "between", "calendar"):
        builder.row("登录").get_by_label("时间范围").select_option(window)
        builder.settle()
        expect(builder.row("登录").locator(".problem")).to_have_count(0)
        assert builder.number() == workspace.count(workspace.parse(builder.rule())).answer.count, window


def test_every_op_of_every_type_begins_with_something_that_counts_or_says_what_is_missing(
    visit: Visit,
) -> None:
    page = visit("/")
    builder = Builder(page)
    for name, entry in (
        ("城市", "tag:city"),
        ("总交易额", "tag:gmv"),
        ("生日", "tag:birthday"),
        ("感兴趣的话题", "tag:interests"),
    ):
        builder.add(entry)
        select = builder.row(name).locator("select.op")
        for op in select.evaluate("element => [...element.options].map(option => option.value)"):
            select.select_option(op)
            builder.settle()
            broken = builder.row(name).locator(".problem.error").count()
            assert broken or not page.locator(".panel.brokenrule").count(), (name, op)
        page.locator('[data-act="more"]').click()
        page.get_by_role("menuitem", name="新建规则").click()
        expect(builder.rows).to_have_count(0)


def test_a_number_is_compared_with_another_tag(visit: Visit, sample_workspace: Path) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:gmv")
    builder.row("总交易额").get_by_role("button", name=re.compile("改为与另一个标签比较")).click()
    builder.row("总交易额").get_by_label("与另一个标签比较").select_option("gmv_365d")
    builder.settle()
    rule = builder.rule()
    assert rule["include"]["children"][0]["value"] == {"tag": "gmv_365d"}
    assert builder.number() == count_by_command_line(sample_workspace, rule)["count"]


def test_taking_the_top_or_a_share_is_the_last_bar_of_the_waterfall(
    visit: Visit, sample_workspace: Path
) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city")
    page.locator(".quota").get_by_role("button", name="前 N 名").click()
    page.locator(".quota").get_by_label(re.compile("取多少人")).fill("60")
    builder.settle()
    expect(builder.count).to_have_text("60")
    expect(page.locator(".waterfall .step").last).to_have_class(re.compile("take"))
    page.locator(".quota").get_by_role("button", name="随机比例").click()
    builder.settle()
    assert builder.number() == count_by_command_line(sample_workspace, builder.rule())["count"]


def test_personal_values_are_masked_until_revealed_and_the_reveal_is_logged(
    visit: Visit, sample_workspace: Path
) -> None:
    page = visit("/")
    builder = Builder(page)
    names = page.locator(".people tbody td:nth-child(2)")
    expect(names.first).to_contain_text("*")
    page.get_by_role("button", name="显示个人信息").click()
    expect(names.first).not_to_contain_text("*")
    newest = Workspace.open(sample_workspace).log(1)[0]
    assert (newest.action, newest.detail["fields"]) == ("reveal", ["name"])
    builder.add("event:login")
    expect(names.first).to_contain_text("*")


def test_a_personal_tags_menu_lists_no_values(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:phone")
    builder.row("手机号").locator("select.op").select_option("in")
    builder.row("手机号").locator("button.chips").click()
    expect(page.locator(".picker .note")).to_contain_text("个人信息不列出可选值")
    expect(page.locator(".options li")).to_have_count(0)


def test_the_day_can_be_changed_and_imported_tags_are_marked(visit: Visit, sample_workspace: Path) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city")
    day = page.get_by_label("数据截至", exact=True)
    day.fill("2019年3月")
    expect(day).to_have_attribute("aria-invalid", "true")
    day.blur()
    expect(day).to_have_value("2019-07-14")
    day.fill("2019/3/1")
    page.keyboard.press("Enter")
    expect(page.locator(".notice.warning")).to_contain_text("非历史值")
    builder.settle()
    ran = count_by_command_line(sample_workspace, builder.rule(), "--as-of", "2019-03-01")
    assert builder.number() == ran["count"]
    day.fill("")
    day.blur()
    expect(day).to_have_value("2019-07-14")
    expect(page.locator(".notice.warning")).to_have_count(0)


def test_nesting_stops_at_eight_levels_and_says_so(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city")
    for _ in range(7):
        builder.grip(builder.row("城市")).focus()
        page.keyboard.press("g")
        builder.settle()
    expect(builder.groups).to_have_count(7)
    builder.grip(builder.row("城市")).focus()
    page.keyboard.press("g")
    expect(builder.groups).to_have_count(7)
    expect(page.get_by_text("这是第 8 层")).to_be_visible()
    builder.drag(builder.item("tag", "gmv"), builder.row("城市"))
    assert builder.rows.count() == 2
    expect(builder.groups).to_have_count(7)


def test_the_language_changes_in_one_click_and_keeps_the_rule(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    builder.add("tag:city", "event:login")
    number = builder.number()
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.locator(".sentence")).to_contain_text("City is one of", timeout=20_000)
    builder = Builder(page)
    assert builder.number() == number
    builder.assert_outline("All(City Log in)")


def test_a_press_on_the_header_in_the_moment_of_an_edit_is_followed_as_well(
    visit: Visit, settled: Callable[[Page], None]
) -> None:
    page = visit("/")
    builder = Builder(page)
    settled(page)
    # Streamlit sends both in one message, as a run of the fragment of the first of them.
    page.evaluate(
        """() => {
          const shadow = document.querySelector(
            ".st-key-build_rule [data-testid=stBidiComponentIsolated]"
          ).shadowRoot;
          shadow.querySelector('[data-item="event:login"]').click();
          document.querySelector(".st-key-coterie_language button").click();
        }"""
    )
    expect(page.get_by_role("button", name="中文", exact=True)).to_be_visible()
    expect(builder.rows).to_have_count(1)
    expect(builder.rows).to_contain_text("Log in")


def test_the_palette_is_searched_by_pinyin_initials_and_key(visit: Visit) -> None:
    page = visit("/")
    builder = Builder(page)
    for typed in ("zjye", "zongjiaoyie", "gmv", "总交易", "TOTAL"):
        builder.search.fill(typed)
        expect(builder.item("tag", "gmv")).to_be_visible()
        expect(builder.item("tag", "city")).to_have_count(0)
    builder.search.fill("不存在的")
    expect(page.locator(".palette .empty")).to_be_visible()
