"""The further kinds of condition in the builder: added, edited, read and counted like any other row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.rules.conditions import CONDITIONS
from core.workspace import Actor, Workspace
from tests.browser.builder_page import Builder, closed_door_rule, count_by_command_line

Visit = Callable[[str], Page]

KINDS = [kind for kind in CONDITIONS if kind not in ("tag", "event")]


@pytest.fixture(scope="module")
def audience(sample_workspace: Path) -> str:
    """The id of an audience to choose; its name is 闭门会邀请."""
    workspace = Workspace.open(sample_workspace)
    return workspace.save_audience(name="闭门会邀请", rule=closed_door_rule(), actor=Actor("Test")).id


def add(builder: Builder, kind: str) -> Locator:
    """Add one kind from the palette's folder; return its row, the last."""
    builder.add(f"kind:{kind}")
    return builder.rows.last


def choose(row: Locator, label: str, value: str) -> None:
    """Choose from a list by its name for readers."""
    row.get_by_label(label, exact=True).select_option(value)


def agrees(builder: Builder, workspace: Path) -> dict:
    """Return the page's condition after comparing the page's number with the command line's."""
    number, rule = builder.number(), builder.rule()
    counted = count_by_command_line(workspace, rule)
    assert number == counted["count"]
    expect(builder.page.locator(".sentence")).to_have_text(counted["sentence"]["zh"])
    return rule["include"]["children"][0]


def test_every_kind_is_added_with_something_that_can_be_counted_and_reads_well(
    visit: Visit, sample_workspace: Path, audience: str, axe: Callable[[Page], None]
) -> None:
    builder = Builder(visit("/"))
    for kind in KINDS:
        row = add(builder, kind)
        expect(row.locator(".own")).not_to_have_text("—")
        assert row.locator(".name").inner_text().strip()
    agrees(builder, sample_workspace)
    assert "null" not in builder.include.inner_text()
    assert "undefined" not in builder.include.inner_text()
    axe(builder.page)
    builder.page.reload()
    again = Builder(builder.page)
    expect(again.rows).to_have_count(len(KINDS))
    assert [child["kind"] for child in again.rule()["include"]["children"]] == KINDS


def test_the_further_kinds_are_found_by_pinyin(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.search.fill("xingweilujing")
    expect(builder.item("kind", "sequence")).to_be_visible()
    builder.search.press("Enter")
    expect(builder.row("行为路径")).to_be_visible()
