"""Charts whose areas open: every area offers as many people as it shows, and their rule counts them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.analytics.sheets import sheets
from core.workspace import Actor, Workspace

USERS = """\
user_id,registered_on
u1,2019-01-05
u2,2019-02-11
u3,2019-03-01
u4,2019-07-02
"""
BUYS = """\
user_id,at,amount
u1,2019-02-01 10:00:00,5200
u1,2019-07-03 10:00:00,100
u2,2019-06-20 09:30:00,8800
u3,2019-05-01 20:00:00,4100
"""
PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
[[events]]
event = "purchase"
source = "buys.csv"
user = "user_id"
at = "at"
amount = "amount"
"""


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Any) -> Workspace:
    """The dashboard's workspace: three buyers, and one who came within the month."""
    for name, text in (("users.csv", USERS), ("buys.csv", BUYS), ("plan.toml", PLAN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    workspace.import_plan(tmp_path / "plan.toml", actor=Actor("王芳"))
    return workspace


def drawn(app: AppTest, kind: str) -> dict[str, Any]:
    """Return the first trace of a kind among the charts of a page."""
    assert not app.exception
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return next(trace for spec in specs for trace in spec["data"] if trace["type"] == kind)


def offered(app: AppTest) -> Mapping[str, Mapping[str, str]]:
    (told,) = [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if element.proto.component_name == "coterie_areas"
    ]
    return told["areas"]


def count_of(workspace: Workspace, href: str) -> int:
    query = dict(parse_qsl(urlsplit(href).query))
    if "figure" in query:
        return len(workspace.members(*workspace.figure(json.loads(query["figure"]))))
    return len(workspace.members(workspace.parse(query["rule"])))


def test_every_area_of_the_treemap_opens_its_people(
    open_page: Callable[..., AppTest], shop: Workspace
) -> None:
    app = open_page("rfm")
    treemap = drawn(app, "treemap")
    areas = offered(app)
    assert sum(treemap["values"]) == 3
    for key, users in zip(treemap["customdata"], treemap["values"], strict=True):
        assert areas[key]["text"] == f"{users:,}"
        assert count_of(shop, areas[key]["href"]) == users


def test_every_flow_and_every_stage_at_its_ends_opens_its_people(
    open_page: Callable[..., AppTest], shop: Workspace
) -> None:
    app = open_page("lifecycle")
    sankey = drawn(app, "sankey")
    areas, links = offered(app), sankey["link"]
    nodes = dict.fromkeys(range(len(sankey["node"]["customdata"])), 0)
    for name, source, target, users in zip(
        links["customdata"], links["source"], links["target"], links["value"], strict=True
    ):
        nodes[source] += users
        nodes[target] += users
        assert areas[name]["text"] == f"{users:,}"
        assert count_of(shop, areas[name]["href"]) == users
    assert sum(links["value"]) == 4
    assert areas["come>"]["text"] == "1"
    for place, users in nodes.items():
        area = areas[sankey["node"]["customdata"][place]]
        assert area["text"] == f"{users:,}"
        assert count_of(shop, area["href"]) == users


def test_an_area_says_whose_it_is_and_where_its_number_leads(
    open_page: Callable[..., AppTest], shop: Workspace
) -> None:
    area = offered(open_page("lifecycle", language="zh"))["come>"]
    assert area["before"] + area["text"] + area["after"] == "新来的：1 人，点数字在圈选页打开"


def traces(app: AppTest, page: str) -> list[dict[str, Any]]:
    """Return the traces of a page's charts whose points open something."""
    assert not app.exception, page
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    return [trace for spec in specs for trace in spec["data"] if trace.get("customdata")]


def test_every_point_of_a_curve_of_retention_opens_who_came_back(
    open_page: Callable[..., AppTest], shop: Workspace
) -> None:
    given = {"begin": "registered", "returning": ["purchase"], "grain": "month"}
    app = open_page("retention", set=json.dumps(given))
    told = shop.analyse("retention", given=given)
    curve = next(each for each in sheets(told, shop.catalogue()) if each.key == "curve")
    checked = 0
    for trace in traces(app, "retention"):
        for (row, column), text in zip(trace["customdata"], trace["hovertext"], strict=True):
            figure = curve.figure(curve.row_ids[row], column)
            assert figure is not None
            assert f"({figure.users} / " in text
            assert len(shop.members(figure.rule)) == figure.users
            checked += figure.users
    assert checked > 0


def test_every_response_of_the_budget_opens_the_buyers_of_its_group(
    open_page: Callable[..., AppTest], workspace: Workspace
) -> None:
    given = {"group": "city", "days": 365}
    app = open_page("budget", set=json.dumps(given))
    told = workspace.analyse("budget", given=given)
    groups = next(each for each in sheets(told, workspace.catalogue()) if each.key == "budget_groups")
    points = [
        (*place, text)
        for trace in traces(app, "budget")
        for place, text in zip(trace["customdata"], trace["hovertext"], strict=True)
    ]
    assert len(points) > 1
    for row, column, text in points:
        assert text.startswith(str(groups.rows[row][0]["en"]))  # type: ignore[index]
        figure = groups.figure(groups.row_ids[row], column)
        assert figure is not None
        assert len(workspace.members(figure.rule)) == figure.users
