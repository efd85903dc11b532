"""The story of tags and audiences in a real browser: made, used, refreshed on newer data, looked after, compared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.workspace import Actor, Workspace
from tests.browser.conftest import settle
from tests.command_line import core

ROOT = Path(__file__).resolve().parents[2]
LI = Actor("李")


@pytest.fixture(scope="module")
def own(imported_sample, tmp_path_factory, start_app):
    """A server over a copy of the sample of one's own."""
    root = tmp_path_factory.mktemp("tags") / "workspace"
    shutil.copytree(imported_sample, root)
    return start_app(root)


@pytest.fixture
def go(page, own):
    """A function that opens a path of that server."""

    def open_path(path: str):
        page.goto(own.url + path)
        settle(page)
        return page

    return open_path


def told(*arguments: object) -> dict:
    done = core(*arguments, "--json")
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def edges(page):
    return page.locator("[role=slider].edge")


def chosen(page, label, option):
    """Choose an option of a select box."""
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def typed(page, label, words, nth=0):
    field = page.get_by_label(label, exact=True).nth(nth)
    field.fill(words)
    field.press("Tab")
    settle(page)


def newer_data(root: Path, tmp_path: Path) -> None:
    """Import the sample as of a fortnight later: some bought since, one order of before has come in late."""
    folder = tmp_path / "newer"
    shutil.copytree(ROOT / "sample_data", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    plan = (folder / "plan.toml").read_text("utf-8")
    (folder / "plan.toml").write_text(plan.replace('as_of = "2019-07-14"', 'as_of = "2019-07-28"'), "utf-8")
    header, *rows = (folder / "orders.csv").read_text("utf-8").splitlines()
    last = rows[-1].split(",")
    names = header.split(",")

    def order(number: int, user: str, day: str) -> str:
        row = dict(zip(names, last, strict=True))
        times = dict.fromkeys(("submitted_at", "paid_at", "completed_at"), f"{day} 10:00")
        row.update(times, order_id=f"new-{number}", user_id=user, returned_at="", refund="", amount="9999")
        return ",".join(row[name] for name in names)

    workspace = Workspace.open(root)
    never = workspace.parse(
        {"include": {"kind": "group", "id": "g", "match": "all", "children": [
            {"kind": "event", "id": "e", "event": "purchase", "measure": "count", "op": "eq", "value": 0}]}}
    )  # fmt: skip
    users = list(workspace.members(never))[:6]
    new = [order(n, user, "2019-07-20") for n, user in enumerate(users[:5])]
    late = [order(9, users[5], "2019-07-10")]
    (folder / "orders.csv").write_text("\n".join([header, *rows, *new, *late]) + "\n", "utf-8")
    workspace.import_plan(folder / "plan.toml", actor=LI)


def test_the_story_of_tags_and_audiences(go, own, axe, tmp_path):
    door = Workspace.open(own.workspace)
    day = door.default_as_of()

    # 中年人 by bands over the birthday, one edge by the keyboard, one dragged.
    page = go("/tags?new=bands")
    chosen(page, "要切分的标签", "生日 · birthday")
    expect(edges(page)).to_have_count(2)
    first = edges(page).nth(0)
    before = first.get_attribute("aria-valuetext")
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(edges(page).nth(0)).not_to_have_attribute("aria-valuetext", str(before))
    expect(page.get_by_text(f"小于 {edges(page).nth(0).get_attribute('aria-valuetext')}")).to_be_visible()
    settle(page)
    box = edges(page).nth(1).bounding_box()
    assert box is not None
    at = edges(page).nth(1).get_attribute("aria-valuenow")
    page.mouse.move(box["x"] + 12, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] - 48, box["y"] + 60, steps=6)
    page.mouse.up()
    expect(edges(page).nth(1)).not_to_have_attribute("aria-valuenow", str(at))
    last = edges(page).nth(1).get_attribute("aria-valuetext")
    expect(page.get_by_text(f"{last} 及以上").first).to_be_visible()
    settle(page)
    typed(page, "名称", "中年人", nth=1)
    typed(page, "中文名称", "年龄层")
    expect(page.get_by_text("「中年人」").first).to_be_visible()
    axe(page)
    page.get_by_role("button", name="启用", exact=True).click()
    expect(page.get_by_role("heading", name="年龄层")).to_be_visible()
    settle(page)

    # Life cycle, RFM and a preference, ready made.
    for template in ("lifecycle", "rfm", "preference"):
        page = go(f"/tags?new=ready:{template}")
        page.get_by_role("button", name="全部启用").click()
        expect(page.get_by_role("tab", name="历次分布")).to_be_visible()
    made = {entry.key: entry for entry in door.tag_entries() if entry.version}
    assert {"nian_ling_ceng", "rfm_cell"} <= made.keys()
    middle = next(key for key in made if key == "nian_ling_ceng")
    shown = told("tags", "show", middle, "--workspace", own.workspace)
    assert shown["coverage"]["with_value"] == door.tag_coverage(middle, day)[0]

    # Used in audiences: the builder counts what the command line counts.
    lifecycle = next(entry.key for entry in made.values() if entry.definition.label.zh == "生命周期阶段")
    conditions = {
        "中年": [{"kind": "tag", "id": "c", "tag": middle, "op": "is", "value": "中年人"}],
        "买过的": [{"kind": "tag", "id": "c", "tag": "rfm_cell", "op": "is_not", "value": "从未购买"}],
        "有阶段": [{"kind": "tag", "id": "c", "tag": lifecycle, "op": "is_set"}],
    }
    saved = {}
    for name, children in conditions.items():
        root = {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": children}}
        saved[name] = door.save_audience(name=name, rule=root, actor=LI)
    page = go(f"/?audience={saved['中年'].id}")
    count = told("audiences", "show", "中年", "--workspace", own.workspace)["count"]
    expect(page.locator(".tally .count")).to_have_text(f"{count:,}")

    # Newer data; a refresh in the page says who came and why.
    page = go("/tags")
    page.get_by_role("tab", name="刷新").click()
    settle(page)
    page.get_by_role("button", name="现在刷新").click()
    expect(page.get_by_text("完成").first).to_be_visible(timeout=60_000)
    newer_data(own.workspace, tmp_path)
    page = go(f"/audiences?view={saved['买过的'].id}")
    page.get_by_role("button", name="现在刷新").click()
    expect(page.get_by_text("用户行为").first).to_be_visible(timeout=60_000)
    settle(page)
    newest = told("audiences", "snapshots", "买过的", "--workspace", own.workspace)["snapshots"][0]
    assert newest["entered"] == {"behaviour": 5, "data": 1}
    expect(page.locator("table").filter(has_text="数据补录或更正").first).to_be_attached()
    axe(page)

    # A tag in use is not retired: everything that uses it is shown.
    page = go("/tags?tag=rfm_cell")
    page.get_by_role("button", name="更多").click()
    page.get_by_role("menuitem", name="下线").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("还有 1 处在使用")).to_be_visible()
    expect(dialog.get_by_role("link", name="人群「买过的」")).to_be_visible()
    page.keyboard.press("Escape")
    settle(page)
    axe(page)

    # Three audiences side by side; a group opens in the builder with the same number.
    ids = ",".join(audience.id for audience in saved.values())
    page = go(f"/audiences?compare={ids}")
    overlap = told("audiences", "overlap", *conditions, "--workspace", own.workspace)
    largest = overlap["regions"][0]
    page.get_by_role("button", name="比较画像").click()
    expect(page.get_by_role("button", name="比较画像")).to_have_count(0, timeout=60_000)
    settle(page)
    apart = told("audiences", "overlap", *conditions, "--workspace", own.workspace, "--apart")["apart"]
    first = apart["differences"][0]
    row = page.get_by_role("row").filter(has_text=first["label"]["zh"]).first
    expect(row).to_contain_text(f"{first['shares'][0]:.1%}".replace("%", " %"))
    link = page.get_by_role("link", name=f"{largest['users']:,}").first
    axe(page)
    address = link.get_attribute("href")
    assert address is not None
    page.goto(own.url + address if address.startswith("/") else address)
    settle(page)
    expect(page.locator(".tally .count")).to_have_text(f"{largest['users']:,}")


def test_the_rule_of_a_value_is_built_in_the_builder(go, own, axe):
    page = go("/tags?new=rules")
    typed(page, "中文名称", "消费分层")
    page.get_by_role("button", name="增加取值").click()
    settle(page)
    typed(page, "取值 1", "花过钱")
    page.get_by_role("link", name="圈选这个取值").click()
    expect(page.get_by_role("heading", name="标签「消费分层」· 花过钱")).to_be_visible()
    page.get_by_role("button", name="总交易额", exact=False).first.click()
    expect(page.locator(".tally .count")).not_to_have_text("20,000")
    count = page.locator(".tally .count").inner_text()
    axe(page)
    page.reload()
    expect(page.locator(".tally .count")).to_have_text(count)
    page.get_by_role("button", name="用于标签，返回").click()
    expect(page.get_by_text(f"单看这条规则：{count} 人")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="启用", exact=True).click()
    expect(page.get_by_role("tab", name="历次分布")).to_be_visible()
    made = told("tags", "show", "xiao_fei_fen_ceng", "--workspace", own.workspace)
    assert f"{made['coverage']['with_value']:,}" == count


def test_people_by_hand_are_rows_beside_the_rule_in_the_builder_and_its_export(go, own, axe):
    door = Workspace.open(own.workspace)
    city = {"kind": "tag", "id": "c", "tag": "city", "op": "is", "value": "北京"}
    root = {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": [city]}}
    saved = door.save_audience(name="北京的人", rule=root, actor=LI)
    here = door.members(door.parse(root))
    outside = next(user for user in ("u00001", "u00002", "u00003", "u00004") if user not in here)
    page = go(f"/audiences?view={saved.id}")
    page.get_by_role("tab", name="手工").click()
    for user, button in ((outside, "加入"), (here[0], "移出"), (here[1], "移出")):
        page.get_by_role("textbox", name="用户编号").fill(user)
        page.get_by_role("textbox", name="原因").fill("认识")
        page.get_by_role("button", name=button, exact=True).first.click()
        expect(page.locator(f".st-key-hand_{user}")).to_be_visible()
        settle(page)
    page = go(f"/?audience={saved.id}")
    expect(page.locator(".tally .count")).to_have_text(f"{len(here) - 1:,}")
    rows = page.locator(".aside")
    for words in (f"规则{len(here):,}", "手工加入+1", "手工移出−2"):
        expect(rows).to_contain_text(words)
    axe(page)
    page.get_by_role("button", name="导出名单").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"整个人群 {len(here) - 1:,} 人")).to_be_visible()
    dialog.get_by_role("button", name="生成文件").click()
    expect(dialog.get_by_role("button", name="下载")).to_be_visible(timeout=30_000)
    newest = door.exports()[0]
    assert (newest.rows, newest.audience_name) == (len(here) - 1, "北京的人")
    assert "手工加入 1 人、移出 2 人" in newest.sentence["zh"]


PATHS = (
    "/tags", "/tags?new=", "/tags?new=statistic", "/tags?new=goal:rescue", "/tags?tag=city",
    "/audiences?view={audience}", "/audiences?compare={audience},{other}", "/audiences?user=u00001",
)  # fmt: skip


@pytest.fixture
def looked_after(own):
    """Two audiences, one with somebody by hand and a snapshot: what addresses may name."""
    door = Workspace.open(own.workspace)
    there = {audience.name: audience for audience in door.audiences()}
    for name in ("甲", "乙"):
        if name not in there:
            city = {
                "kind": "tag",
                "id": "c",
                "tag": "city",
                "op": "is",
                "value": {"甲": "北京", "乙": "上海"}[name],
            }
            root = {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": [city]}}
            there[name] = door.save_audience(name=name, rule=root, actor=LI)
            door.put_by_hand(there[name].id, ["u00001"], is_added=True, reason="认识", actor=LI)
            door.refresh_audience(there[name].id, actor=LI)
    return {"audience": there["甲"].id, "other": there["乙"].id}


@pytest.mark.parametrize(
    ("locale", "viewport", "color_scheme"),
    [("zh-CN", (1440, 900), "light"), ("en-US", (390, 844), "dark")],
)
@pytest.mark.parametrize("path", PATHS)
def test_nobody_is_shut_out(go, axe, looked_after, path):
    page = go(path.format_map(looked_after))
    axe(page)
    for width in (1440, 768, 390):  # in either language
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(
            "() => { const main = document.querySelector('.stMain'); return main.scrollWidth <= main.clientWidth }",
            timeout=5_000,
        )
