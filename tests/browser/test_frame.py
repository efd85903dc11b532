"""The frame in a real browser: menu, language, scheme, who acts, empty workspaces, safe shutdown."""

import re
import shutil
import urllib.request

import pytest
from playwright.sync_api import expect

from dashboard import state

SECTION = (
    "/overview", "/journey", "/lifecycle", "/rfm", "/retention", "/budget", "/channels", "/members",
)  # fmt: skip
PAGES = ("/", "/audiences", "/tags", *SECTION, "/data", "/exports")
MENU = {
    "zh-CN": (
        "圈选", "人群", "标签", "总览", "旅程", "生命周期", "RFM", "留存", "预算与优惠券", "渠道与触点", "会员",
        "数据", "导出记录",
    ),
    "en-US": (
        "Build", "Audiences", "Tags", "Overview", "Journey", "Life cycle", "RFM", "Retention",
        "Budget and coupons", "Channels and touch", "Members", "Data", "Exports",
    ),
}  # fmt: skip


def header(page):
    return page.locator(".st-key-coterie_header")


@pytest.mark.parametrize(
    ("locale", "language"), [("zh-CN", "zh-CN"), ("zh-TW", "zh-CN"), ("en-US", "en"), ("fr-FR", "en")]
)
def test_the_interface_begins_in_the_language_of_the_browser(visit, locale, language):
    page = visit()
    expect(page.get_by_test_id("stTopNavLink").first).to_have_text(
        MENU["zh-CN" if language == "zh-CN" else "en-US"][0]
    )
    expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_menu_leads_to_every_page_and_back(visit, settled, locale):
    page = visit("/exports")
    for words, path in zip(MENU[locale], PAGES, strict=True):
        if path in SECTION:
            page.get_by_text("洞察" if locale == "zh-CN" else "Insights", exact=True).click()
            page.get_by_role("menuitem", name=words, exact=True).click()
        else:
            page.get_by_test_id("stTopNavLink").get_by_text(words, exact=True).click()
        expect(page).to_have_url(re.compile(rf"127\.0\.0\.1:\d+{path}(\?|$)"))
        settled(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        assert page.title() == f"{words} · {'Coterie 圈选' if locale == 'zh-CN' else 'Coterie'}"


def test_one_click_changes_the_language_and_the_link(visit, settled):
    page = visit("/exports")
    header(page).get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
    expect(page).to_have_url(re.compile(r"lang=en"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
    header(page).get_by_role("button", name="中文", exact=True).click()
    expect(page.get_by_role("heading", name="导出记录")).to_be_visible()
    expect(page).to_have_url(re.compile(r"lang=zh"))


def test_the_link_decides_the_language(visit):
    page = visit("/exports?lang=en")
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()


def test_the_chosen_language_is_kept_over_pages_and_for_the_next_visit(visit, settled):
    page = visit("/exports")
    header(page).get_by_role("button", name="EN", exact=True).click()
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()
    page.get_by_test_id("stTopNavLink").get_by_text("Audiences", exact=True).click()
    expect(page.get_by_role("heading", name="Audiences")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/audiences\?lang=en"))
    visit("/exports")
    expect(page.get_by_role("heading", name="Exports")).to_be_visible()


def test_a_link_in_another_language_is_not_kept_for_the_next_visit(visit):
    visit("/exports?lang=en")
    page = visit("/exports")
    expect(page.get_by_role("heading", name="导出记录")).to_be_visible()


def test_the_header_names_the_day_of_the_data_and_the_users(visit):
    page = visit("/exports")
    expect(header(page).locator(".coterie-pill")).to_have_text(re.compile(r"数据 2019-07-14 · [\d,]+ 人"))


def test_a_typed_name_is_shown_said_to_be_unverified_and_kept(visit):
    page = visit("/exports")
    header(page).get_by_role("button", name="未署名").click()
    expect(page.get_by_text("没有人核实过这个名字")).to_be_visible()
    page.get_by_label("您的姓名").fill("王 芳*")
    page.keyboard.press("Enter")
    expect(header(page).get_by_role("button", name="王 芳*")).to_be_visible()
    # The browser keeps the name a moment after the header shows it.
    page.wait_for_function("name => document.cookie.includes(`${name}=`)", arg=state.ACTOR_COOKIE)
    visit("/audiences")
    expect(header(page).get_by_role("button", name="王 芳*")).to_be_visible()


def test_the_scheme_is_switched_in_the_menu_and_charts_follow(visit, settled):
    page = visit("/exports")
    background = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").click()
    expect(page.locator(".stApp")).to_have_css("background-color", "rgb(17, 21, 28)")
    expect(page.locator(".stAppHeader")).to_have_css("background-color", "rgb(17, 21, 28)")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_an_accessibility_violation(visit, axe, in_schemes, path):
    page = visit(path)
    for _ in in_schemes(page):
        axe(page)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_the_window(visit, settled, path):
    page = visit(path)
    for width, height in ((3840, 2160), (768, 900), (375, 740)):
        page.set_viewport_size({"width": width, "height": height})
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= width


@pytest.mark.parametrize("viewport", [(375, 740)])
def test_on_a_phone_the_menu_opens_from_the_side(visit, settled, viewport):
    page = visit("/exports")
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").get_by_text("人群").click()
    expect(page.get_by_role("heading", name="人群", exact=True)).to_be_visible()


def test_a_browser_is_known_by_a_cookie_that_no_script_can_read(visit, context):
    page = visit()
    [cookie] = [cookie for cookie in context.cookies() if cookie["name"] == "coterie_browser"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert len(cookie["value"]) >= 22
    assert "coterie_browser" not in page.evaluate("document.cookie")
    visit("/exports")
    assert cookie["value"] in [c["value"] for c in context.cookies()]
    context.clear_cookies()
    visit("/exports")  # the browser has this page already, and is told so
    assert "coterie_browser" in [c["name"] for c in context.cookies()]


def test_every_browser_has_its_own_cookie_and_keeps_it(app_url):
    def cookie(sent=None):
        request = urllib.request.Request(app_url, headers={"Cookie": sent} if sent else {})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310  our own server
            return answer.headers.get("set-cookie") or ""

    first, second = cookie(), cookie()
    assert first.startswith("coterie_browser=")
    assert first.split(";")[0] != second.split(";")[0]
    assert "coterie_browser" not in cookie(first.split(";")[0])


def test_an_absent_workspace_is_explained_and_made_on_request(page, start_app, settled, tmp_path):
    app = start_app(tmp_path / "nothing-here")
    page.goto(app.url)
    settled(page)
    expect(page.get_by_role("heading", name="还没有工作区")).to_be_visible()
    expect(page.get_by_text(str(tmp_path / "nothing-here"))).to_be_visible()
    assert not (tmp_path / "nothing-here").exists()
    page.get_by_role("button", name="新建空工作区").click()
    expect(page).to_have_url(re.compile(r"/data"))
    page.goto(app.url)
    settled(page)
    expect(page.get_by_role("heading", name="工作区里还没有数据")).to_be_visible()
    page.get_by_role("link", name="去导入数据").click()
    expect(page).to_have_url(re.compile(r"/data"))


def test_a_folder_that_is_no_workspace_is_refused_in_words(page, start_app, settled, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    page.goto(start_app(tmp_path).url)
    settled(page)
    expect(page.get_by_test_id("stAlert")).to_contain_text("不是工作区")
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_sigterm_ends_the_server_cleanly_while_a_page_is_open(
    page, start_app, settled, imported_sample, tmp_path
):
    shutil.copytree(imported_sample, tmp_path / "workspace")
    app = start_app(tmp_path / "workspace")
    page.goto(app.url + "/exports")
    settled(page)
    assert app.stop() in (0, -15)
    assert "Traceback" not in app.log.read_text(encoding="utf-8")
