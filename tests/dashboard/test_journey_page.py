"""The Journey page: the funnel's numbers, split and filtered, and what is said where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.sheets import sheets
from core.workspace import Actor, Workspace
from dashboard.funnel.words import funnel_data, split_data
from dashboard.sheet.words import as_csv, table_of

USERS = """\
user_id,city,phone,registered_on
u1,北京,13800000001,2019-01-05
u2,北京,13800000002,2019-02-11
u3,上海,13800000003,2019-03-01
u4,,13800000004,2019-06-30
"""
EVENTS = """\
user_id,at,event
u1,2019-06-01,view
u1,2019-06-02,purchase
u2,2019-06-03,view
u3,2019-06-20,purchase
"""
PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
[users.tags.city]
type = "enum"
label = {zh = "城市", en = "City"}
[users.tags.phone]
personal = "phone"
[[events]]
event_column = "event"
source = "events.csv"
user = "user_id"
at = "at"
[[journey]]
key = "registered"
label = {zh = "注册用户", en = "Registered"}
[[journey.steps]]
key = "register"
label = {zh = "注册", en = "Registered"}
[[journey.steps]]
key = "view"
label = {zh = "=浏览", en = "=Viewed"}
events = ["view"]
[[journey]]
key = "buyer"
label = {zh = "交易用户", en = "Buyers"}
[[journey.steps]]
key = "paid"
label = {zh = "支付成功", en = "Paid"}
events = ["purchase"]
"""


@pytest.fixture
def journey(workspace: Workspace, tmp_path: Path) -> Workspace:
    """The dashboard's workspace, holding four users and a journey of three steps."""
    for name, text in (("users.csv", USERS), ("events.csv", EVENTS), ("plan.toml", PLAN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    workspace.import_plan(tmp_path / "plan.toml", actor=Actor("王芳"))
    return workspace


def tables(app: AppTest) -> list[dict[str, Any]]:
    """Return what the funnel component was given, one entry per table."""
    assert not app.exception
    drawn = [element.proto for element in app.get("bidi_component")]
    return [json.loads(proto.json) for proto in drawn if proto.component_name == "coterie_funnel"]


def steps_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for stage in table["stages"] for step in stage["steps"]]


def rule_in(href: str) -> dict[str, Any]:
    return json.loads(parse_qs(urlsplit(href).query)["rule"][0])


def test_the_funnel_is_drawn_with_its_stages_and_numbers(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    (table,) = tables(open_page("journey", language="zh"))
    assert [stage["label"] for stage in table["stages"]] == ["注册用户", "交易用户"]
    assert [
        (s["reached"]["text"], s["furthest"]["text"], s["conversion"]["text"]) for s in steps_of(table)
    ] == [
        ("4", "1", "50.0 %"),
        ("2", "1", "50.0 %"),
        ("2", "2", "–"),
    ]


def test_every_number_of_somebody_leads_to_a_rule_with_the_same_count(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    app = open_page("journey")
    app = app.selectbox(key="analyses_by").select("city").run()
    whole, split = tables(app)
    figures = [step[name] for step in steps_of(whole) for name in ("reached", "furthest")]
    figures += [cell["figure"] for step in steps_of(split) for cell in step["cells"]]
    assert len(figures) == 3 * 2 + 3 * 4
    open_ones = [figure for figure in figures if figure["href"]]
    assert {figure["text"] for figure in figures if not figure["href"]} == {"0"}
    assert len(open_ones) > len(figures) / 2
    for figure in open_ones:
        counted = journey.count(journey.parse(rule_in(figure["href"]))).answer.count
        assert figure["text"] == f"{counted:,}"
        assert "as_of=2019-07-14" in figure["href"]


def test_the_columns_of_a_split_are_its_values_and_those_without_one(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    app = open_page("journey", language="zh").selectbox(key="analyses_by").select("city").run()
    split = tables(app)[1]
    assert [(group["text"], group["under"]) for group in split["groups"]] == [
        ("合计", "4"),
        ("北京", "2"),
        ("上海", "1"),
        ("无值", "1"),
    ]
    app = app.segmented_control(key="journey_measure").set_value("furthest").run()
    last = steps_of(tables(app)[1])[-1]
    assert [cell["figure"]["text"] for cell in last["cells"]] == ["2", "1", "1", "0"]


def test_personal_tags_are_no_choice_for_a_split(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    app = open_page("journey")
    assert app.selectbox(key="analyses_by").options == ["No split", "City"]


def test_an_audience_narrows_the_funnel(
    open_page: Callable[..., AppTest], journey: Workspace, rule_of: Callable[..., dict[str, Any]]
) -> None:
    saved = journey.save_audience(name="北京", rule=rule_of("city", "is", "北京"), actor=Actor("王芳"))
    app = open_page("journey").selectbox(key="analyses_audience").select(saved.id).run()
    (table,) = tables(app)
    assert [step["reached"]["text"] for step in steps_of(table)] == ["2", "2", "1"]


def test_an_audience_that_no_longer_fits_says_so(
    open_page: Callable[..., AppTest], journey: Workspace, rule_of: Callable[..., dict[str, Any]]
) -> None:
    saved = journey.save_audience(name="北京", rule=rule_of("city", "is", "北京"), actor=Actor("王芳"))
    journey.activate(journey.data_versions()[-1].id, Actor("王芳"))
    assert journey.catalogue().journey == ()
    journey.activate(journey.data_versions()[0].id, Actor("王芳"))
    app = open_page("journey")
    journey.delete_audience(saved.id, actor=Actor("王芳"))
    app = app.run()
    assert not app.exception
    assert app.selectbox(key="analyses_audience").value == ""


def test_an_earlier_day_is_counted_for_that_day_and_marked(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    app = open_page("journey").selectbox(key="analyses_by").select("city").run()
    app = app.date_input(key="analyses_day").set_value(date(2019, 6, 2)).run()
    assert [step["reached"]["text"] for step in steps_of(tables(app)[0])] == ["3", "1", "1"]
    assert "not historical" in app.warning[0].value
    assert "City" in app.warning[0].value


def test_the_plain_table_holds_the_same_numbers(
    open_page: Callable[..., AppTest], journey: Workspace
) -> None:
    app = open_page("journey").segmented_control(key="analyses_view_journey").set_value("table").run()
    assert not app.exception
    drawn = [element.proto for element in app.get("bidi_component")]
    (table,) = [json.loads(proto.json) for proto in drawn if proto.component_name == "coterie_sheet"]
    assert [row[2]["text"] for row in table["rows"]] == ["4", "2", "2"]
    assert tables(app) == []


def test_a_plan_without_a_journey_is_told_how_to_name_one(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    app = open_page("journey", language="zh")
    assert not app.exception
    assert app.header[0].value == "这份数据的导入方案没有写旅程"
    assert "[[journey.steps]]" in app.code[0].value
    assert any("purchase" in caption.value for caption in app.caption)


@pytest.fixture
def in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words without a session to ask for the language."""
    monkeypatch.setattr("dashboard.i18n.language", lambda: "zh")


def no_link(_: object) -> str:
    return ""


@pytest.mark.usefixtures("in_chinese")
def test_the_download_neutralises_what_a_spreadsheet_would_run(journey: Workspace) -> None:
    whole, groups = sheets(journey.funnel(split="city"), journey.catalogue())
    content = as_csv(table_of(groups)).decode("utf-8")
    assert content.startswith("\ufeff分组,阶段,步骤,到达过,停在这里,走到下一步,转化率")
    lines = content.splitlines()
    assert len(lines) == 1 + 3 * 3
    assert "'=浏览" in lines[2]
    assert as_csv(table_of(whole)).decode("utf-8").splitlines()[1].split(",")[2:5] == ["4", "1", "2"]


@pytest.mark.usefixtures("in_chinese")
def test_words_of_an_empty_funnel_divide_by_nothing(journey: Workspace) -> None:
    nobody = journey.funnel(date(2001, 1, 1), split="city")
    drawn = funnel_data(nobody, caption="", link=no_link)
    assert [step["reached_share"] for step in steps_of(drawn)] == [0, 0, 0]
    assert split_data(nobody, "reached", caption="", link=no_link)["groups"][0]["under"] == "0"
