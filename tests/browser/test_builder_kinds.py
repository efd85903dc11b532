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


@pytest.fixture(scope="module")
def people_list(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a list to choose: three of the sample's users."""
    workspace, name = Workspace.open(sample_workspace), "签到的人"
    file = tmp_path_factory.mktemp("list") / "ids.csv"
    file.write_text("user_id\nu00001\nu00002\nu00003\n", encoding="utf-8")
    workspace.add_list(name, file, actor=Actor("Test"))
    return name


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
    visit: Visit, sample_workspace: Path, audience: str, people_list: str, axe: Callable[[Page], None]
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


def test_a_sequence_is_built_step_by_step_and_agrees_with_the_command_line(
    visit: Visit, sample_workspace: Path
) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "sequence")
    choose(row, "第 1 步：行为", "click_chat")
    choose(row, "第 2 步：行为", "submit_order")
    row.get_by_role("button", name="之后没有…").click()
    choose(row, "第 3 步：行为", "purchase")
    choose(row, "第 3 步：时限", "some")
    row.get_by_label("第 3 步：多长时间内").fill("3")
    choose(row, "时限还没到的人", "include")
    choose(row, "各步之间相同的属性", "expert_id")
    choose(row, "第 1 步：时间范围", "last")
    row.get_by_label("第 1 步：近", exact=True).fill("90")
    expect(builder.page.locator(".sentence")).to_contain_text("近 90 天")
    built = agrees(builder, sample_workspace)
    assert {key: built[key] for key in built if key not in ("id", "kind")} == {
        "steps": [
            {"event": "click_chat"},
            {"event": "submit_order"},
            {"event": "purchase", "not": True, "within": {"n": 3, "unit": "day"}},
        ],
        "same": "expert_id",
        "window": {"last": 90, "unit": "day"},
        "open": "include",
    }
    row.get_by_label("第 3 步：上移这一步").click()
    expect(row.get_by_text("（到下一步之前）")).to_be_visible()
    steps = agrees(builder, sample_workspace)["steps"]
    assert steps[1:] == [{"event": "purchase", "not": True}, {"event": "submit_order"}]
    row.get_by_label("第 2 步：删除这一步").click()
    expect(row.locator(".seqstep")).to_have_count(2)
    assert len(agrees(builder, sample_workspace)["steps"]) == 2


def test_steps_are_held_together_by_a_session_and_freed_of_their_order(
    visit: Visit, sample_workspace: Path
) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "sequence")
    choose(row, "第 1 步：行为", "search")
    choose(row, "第 2 步：行为", "click_chat")
    expect(row.get_by_label("各步的先后")).to_have_count(0)
    choose(row, "第 2 步：时限", "some")
    choose(row, "是否在同一次会话内", "one")
    row.get_by_label("会话内最长停顿").fill("45")
    expect(builder.page.locator(".sentence")).to_contain_text("同一次会话内（停顿不超过 45 分钟）")
    built = agrees(builder, sample_workspace)
    assert built["session_minutes"] == 45
    assert "within" in built["steps"][1]
    choose(row, "各步的先后", "any")
    expect(row.get_by_label("第 2 步：时限")).to_have_count(0)
    expect(builder.page.locator(".sentence")).to_contain_text("不分先后")
    row.get_by_role("button", name="没有…").click()
    choose(row, "第 3 步：行为", "purchase")
    built = agrees(builder, sample_workspace)
    assert built["any_order"] is True
    assert built["steps"] == [
        {"event": "search"},
        {"event": "click_chat"},
        {"event": "purchase", "not": True},
    ]
    choose(row, "是否在同一次会话内", "any")
    expect(row.get_by_label("各步的先后")).to_have_count(0)
    built = agrees(builder, sample_workspace)
    assert not built.keys() & {"session_minutes", "any_order"}


def test_a_regular_condition_is_edited_in_place(visit: Visit, sample_workspace: Path) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "regular")
    choose(row, "行为", "search")
    choose(row, "按天、周还是月", "month")
    row.get_by_label("近几段").fill("6")
    row.get_by_label("至少几段").fill("2")
    row.get_by_label("每段至少几次").fill("3")
    expect(builder.page.locator(".sentence")).to_contain_text("不少于 3 次")
    built = agrees(builder, sample_workspace)
    assert [built[key] for key in ("event", "per", "in", "of_last", "at_least")] == [
        "search",
        "month",
        2,
        6,
        3,
    ]
    row.get_by_label("至少几段").fill("7")
    expect(row.locator(".problem.error")).to_be_visible()


def test_two_measures_are_compared_with_a_factor_and_a_filter(visit: Visit, sample_workspace: Path) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "compare")
    row.get_by_label("第二项的几倍").fill("1.5")
    choose(row, "怎样比较", "gte")
    row.get_by_label("第一项：购买: 按属性筛选").click()
    builder.page.get_by_role("menuitem", name="金额").click()
    row.get_by_label("第一项：金额 大于").fill("100")
    choose(row, "第二项：行为", "submit_order")
    expect(builder.page.locator(".sentence")).to_contain_text("1.5 倍")
    built = agrees(builder, sample_workspace)
    assert [built["op"], built["factor"], built["right"]["event"]] == ["gte", 1.5, "submit_order"]
    assert built["left"]["where"] == [{"property": "amount", "op": "gt", "value": 100}]
    choose(row, "第一项：购买：度量", "last_at")
    expect(row.get_by_label("怎样比较")).to_have_value("before")
    assert agrees(builder, sample_workspace)["right"]["measure"] == "last_at"


def test_a_rank_is_taken_as_a_share_within_each_value_of_another_tag(
    visit: Visit, sample_workspace: Path
) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "rank")
    choose(row, "按哪个标签排", "points")
    choose(row, "单位", "share")
    row.get_by_label("取多少").fill("7")
    choose(row, "在哪些人里排", "city")
    choose(row, "从哪头排起", "bottom")
    expect(builder.page.locator(".sentence")).to_contain_text("最低的")
    built = agrees(builder, sample_workspace)
    assert [built["tag"], built["bottom"], built["within"]] == ["points", {"share": 0.07}, "city"]
    choose(row, "按哪个标签排", "registered_on")
    expect(row.get_by_label("从哪头排起").locator("option:checked")).to_have_text("最早的")


def test_a_saved_audience_is_chosen_by_its_name(visit: Visit, sample_workspace: Path, audience: str) -> None:
    builder = Builder(visit("/"))
    row = add(builder, "audience")
    expect(row.get_by_label("哪个人群").locator("option:checked")).to_have_text("闭门会邀请")
    inside = agrees(builder, sample_workspace)
    assert inside["in"] is True
    choose(row, "属于还是不属于", "out")
    expect(builder.page.locator(".sentence")).to_contain_text("不在人群")
    built = agrees(builder, sample_workspace)
    assert [built["audience"], built["in"]] == [audience, False]


def test_a_snapshot_and_a_list_are_chosen_with_their_sizes(
    visit: Visit, sample_workspace: Path, audience: str, people_list: str
) -> None:
    workspace = Workspace.open(sample_workspace)
    taken = workspace.take_snapshot(audience, actor=Actor("Test"))
    builder = Builder(visit("/"))
    row = add(builder, "audience")
    when = row.get_by_label("现在的规则还是快照")
    expect(when.locator("option:checked")).to_have_text("按现在的规则")
    when.select_option(label=f"{taken.as_of} 的快照（{taken.people:,} 人）")
    expect(builder.page.locator(".sentence")).to_contain_text(f"{taken.as_of} 的快照中")
    built = agrees(builder, sample_workspace)
    assert [built["audience"], built["snapshot"]] == [audience, taken.id]
    choose(row, "现在的规则还是快照", "")
    expect(builder.page.locator(".sentence")).not_to_contain_text("快照")
    assert "snapshot" not in agrees(builder, sample_workspace)
    row.locator("[data-f=more]").click()
    builder.page.get_by_role("menuitem", name="删除").click()
    row = add(builder, "list")
    expect(row.get_by_label("哪份名单").locator("option:checked")).to_have_text(f"{people_list}（3 人）")
    assert agrees(builder, sample_workspace)["list"] == people_list
    choose(row, "在不在名单上", "out")
    expect(builder.page.locator(".sentence")).to_contain_text("不在名单")
    assert agrees(builder, sample_workspace)["in"] is False


def test_an_event_condition_is_turned_into_each_other_kind_and_keeps_its_filters(
    visit: Visit, sample_workspace: Path
) -> None:
    builder = Builder(visit("/"))
    builder.add("event:purchase")
    row = builder.rows.first
    row.get_by_label("购买: 按属性筛选").click()
    builder.page.get_by_role("menuitem", name="金额").click()
    row.get_by_label("金额 大于").fill("500")
    for name, kind in (
        ("首次做", "first_time"), ("沉默流失", "stopped"), ("沉默后回流", "resumed"), ("规律做", "regular"),
        ("次数与金额", "event"), ("行为路径（之后又做…）", "sequence"),
    ):  # fmt: skip
        builder.settle()
        row.locator("[data-f=more]").click()
        builder.page.get_by_role("menuitem", name=f"改为：{name}").click()
        expect(row.locator(".cardbody" if kind == "sequence" else ".filter").first).to_be_visible()
        built = agrees(builder, sample_workspace)
        holder = built["steps"][0] if kind == "sequence" else built
        assert [built["kind"], holder["event"]] == [kind, "purchase"]
        assert holder["where"] == [{"property": "amount", "op": "gt", "value": 500}]


def test_an_event_counts_since_each_users_own_date(visit: Visit, sample_workspace: Path) -> None:
    builder = Builder(visit("/"))
    builder.add("event:purchase")
    row = builder.rows.first
    choose(row, "时间范围", "since")
    choose(row, "起算日期", "registered_on")
    row.get_by_label("多长时间内").fill("2")
    choose(row, "单位", "week")
    expect(builder.page.locator(".sentence")).to_contain_text("2 周")
    assert agrees(builder, sample_workspace)["window"] == {
        "since": {"tag": "registered_on"}, "for": {"n": 2, "unit": "week"},
    }  # fmt: skip


def test_a_sequence_is_added_and_edited_by_keyboard_alone(visit: Visit, sample_workspace: Path) -> None:
    builder = Builder(visit("/"))
    press = builder.page.keyboard.press
    builder.search.focus()
    builder.page.keyboard.type("sequence")
    press("Enter")
    row = builder.row("行为路径")
    expect(row).to_be_visible()
    builder.settle()
    row.locator("[data-f=addnot]").focus()
    press("Enter")
    expect(row.locator(".seqstep")).to_have_count(3)
    expect(row.locator("[data-f=addnot]")).to_be_focused()
    row.get_by_label("第 3 步：行为").focus()
    press("ArrowDown")
    press("ArrowDown")
    row.get_by_label("第 3 步：时限").focus()
    press("ArrowDown")
    limit = row.get_by_label("第 3 步：多长时间内")
    limit.focus()
    press("ArrowUp")
    expect(limit).to_have_value("8")
    steps = agrees(builder, sample_workspace)["steps"]
    assert steps[2] == {"event": "return_order", "not": True, "within": {"n": 8, "unit": "day"}}
    row.locator("[data-grip]").first.focus()
    press("n")
    expect(row.locator(".flag.not")).to_be_visible()
    press("m")
    expect(row.locator(".mutednote")).to_be_visible()
    press("Control+z")
    press("Control+z")
    assert agrees(builder, sample_workspace)["steps"] == steps


def test_further_kinds_are_dragged_into_place_and_between_groups(visit: Visit) -> None:
    builder = Builder(visit("/"))
    builder.add("tag:gmv")
    builder.drag(builder.item("kind", "bucket"), builder.row("总交易额"))
    builder.assert_outline("且(或(总交易额 随机分桶))")
    builder.drag(builder.item("kind", "sequence"), builder.page.locator(".excludeghost"))
    builder.assert_outline("且(或(总交易额 随机分桶)) - 或(行为路径)")
    builder.drag(builder.grip(builder.row("行为路径")), builder.row("总交易额"), at=(0.3, 0.05))
    builder.assert_outline("且(或(行为路径 总交易额 随机分桶))")


def test_a_group_is_asked_as_of_an_earlier_day_and_again_as_of_the_rule_s(
    visit: Visit, sample_workspace: Path, axe: Callable[[Page], None]
) -> None:
    builder = Builder(visit("/"))
    page = builder.page
    builder.add("event:purchase")
    now = builder.number()
    builder.include.locator('[data-f="more"]').first.click()
    page.get_by_role("menuitem", name="按更早的某天判断").click()
    agrees(builder, sample_workspace)
    assert builder.rule()["include"]["as_of"] == {"ago": 1, "unit": "month"}
    assert builder.number() != now
    axe(page)
    page.get_by_label("按哪一天判断").select_option("day")
    page.get_by_label("截至", exact=True).fill("2019-03-31")
    expect(page.locator(".sentence")).to_contain_text("截至 2019-03-31 时")
    agrees(builder, sample_workspace)
    assert builder.rule()["include"]["as_of"] == "2019-03-31"
    page.get_by_role("button", name="改回与整条规则同一天").click()
    expect(page.locator(".sentence")).not_to_contain_text("截至")
    assert builder.number() == now
