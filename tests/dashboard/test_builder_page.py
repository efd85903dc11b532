"""The builder's page without a browser: links, edits sent by the component, reveals, faults."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.analytics.sheets import sheets
from dashboard import links
from dashboard.builder import component


def component_data(page, name):
    """What one of the page's components was given."""
    for element in page.get("bidi_component"):
        if element.proto.component_name == name:
            return json.loads(element.proto.json)
    raise AssertionError(f"no component {name}")


def send(page, key, name, value):
    """Send a component's state as the browser does, and run what follows."""
    element = next(e for e in page.get("bidi_component") if e.proto.component_name == key)
    states = page._tree.get_widget_states()
    state = states.widgets.add()
    state.id, state.json_value = element.proto.id, json.dumps({name: value})
    page._tree = page._run(states)._tree
    return page


def query_of(link):
    return dict(parse_qsl(urlsplit(link).query))


def answer(page):
    return component_data(page, "coterie_builder")


def test_the_page_opens_with_everyone_and_teaches(workspace, open_page):
    page = open_page("build", language="zh")
    assert not page.exception
    assert answer(page)["counts"]["count"] == 6
    assert component_data(page, "coterie_stage")["texts"]["start.title"].startswith("把标签")


def test_an_edit_is_answered_with_its_count(workspace, open_page, rule_of):
    page = open_page("build")
    at = answer(page)
    state = {
        "rev": at["rev"] + 1,
        "epoch": at["epoch"],
        "gesture": "x",
        "tree": rule_of("city", "is", "北京"),
        "command": None,
    }
    send(page, "coterie_builder", "edit", state)
    assert answer(page)["counts"]["count"] == 2
    assert answer(page)["rev"] == at["rev"] + 1


def test_a_link_opens_its_rule_once_and_the_former_rule_can_be_had_back(workspace, open_page, rule_of):
    page = open_page("build", rule=json.dumps(rule_of("city", "is", "上海")))
    assert answer(page)["counts"]["count"] == 2
    assert answer(page)["can_undo"]
    edit(page, rule_of("city", "is", "北京"))
    page.run()
    assert answer(page)["tree"]["include"]["children"][0]["value"] == "北京"


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 7}'])
def test_a_link_that_cannot_be_read_says_so_and_changes_nothing(workspace, open_page, text):
    page = open_page("build", rule=text)
    assert answer(page)["counts"]["count"] == 6
    assert answer(page)["notices"]


def test_a_link_of_older_data_opens_and_says_what_is_gone(workspace, open_page, rule_of):
    page = open_page("build", rule=json.dumps(rule_of("citty", "is", "上海")))
    assert answer(page)["counts"] is None
    assert "city" in answer(page)["problems"][0]["text"]


def test_a_link_to_an_audience_that_is_gone_says_so(workspace, open_page):
    page = open_page("build", audience="gone")
    assert answer(page)["notices"]
    assert answer(page)["counts"]["count"] == 6


def edit(page, tree):
    """Send another rule, as the browser does after an edit."""
    at = answer(page)
    state = {"rev": at["rev"] + 1, "epoch": at["epoch"], "gesture": "x", "tree": tree, "command": None}
    return send(page, "coterie_builder", "edit", state)


def number_of(workspace, city):
    """Return what a link to the number of people of a city carries."""
    told = sheets(workspace.analyse("members"), workspace.catalogue())
    table = next(each for each in told if each.key == "members_city")
    place = [row[0]["zh"] for row in table.rows].index(city)
    return {"name": "members", "day": "2019-07-14", "at": [table.key, table.row_ids[place], "users"]}


def test_a_number_of_an_analysis_opens_once_and_what_is_made_of_it_outlives_a_run_of_the_page(
    workspace, open_page, rule_of
):
    page = open_page("build", figure=json.dumps(number_of(workspace, "广州")))
    assert answer(page)["counts"]["count"] == 1
    edit(page, rule_of("city", "is", "北京"))
    assert answer(page)["counts"]["count"] == 2
    page.run()
    assert answer(page)["counts"]["count"] == 2


@pytest.mark.parametrize(("language", "name"), [("zh", "流失期"), ("en", "Churned")])
def test_a_stage_that_is_opened_is_named_in_the_language_of_the_page(workspace, open_page, language, name):
    found = next(
        each for each in sheets(workspace.analyse("lifecycle"), workspace.catalogue()) if each.key == "stages"
    )
    asked = {"name": "lifecycle", "day": "2019-07-14", "at": ["stages", found.row_ids[-1], "users"]}
    page = open_page("build", language=language, figure=json.dumps(asked))
    assert [node["label"] for node in answer(page)["tree"]["include"]["children"]] == [name]


@pytest.mark.parametrize(
    "at", [["members_city", 0, 1], ["members_city", "0", "1"], ["members_city", "000000000000", "users"], 7]
)
def test_a_link_to_a_number_that_is_gone_says_so_and_changes_nothing(workspace, open_page, at):
    broken = {**number_of(workspace, "广州"), "at": at}
    page = open_page("build", figure=json.dumps(broken))
    assert not page.exception
    assert answer(page)["counts"]["count"] == 6
    assert "not to be found" in answer(page)["notices"][0]["text"]


def test_a_link_carries_the_rule_but_never_a_personal_value(workspace, rule_of):
    plain = query_of(links.builder_link(rule_of("city", "is", "北京"), workspace.default_as_of()))
    assert json.loads(plain["rule"]) == rule_of("city", "is", "北京")
    assert plain["as_of"] == "2019-07-14"
    hidden = links.builder_link(rule_of("phone", "is", "13800000001"))
    assert "13800000001" not in hidden
    assert workspace.kept_rule(query_of(hidden)["kept"]) == rule_of("phone", "is", "13800000001")


def test_a_rule_too_long_for_an_address_is_kept_behind_a_token(workspace, rule_of):
    link = links.builder_link(rule_of("city", "in", [f"城市{n}" for n in range(500)]))
    assert len(link) < 200
    assert "kept" in query_of(link)


def test_a_kept_rule_opens_from_its_token(workspace, open_page, rule_of):
    link = links.builder_link(rule_of("phone", "is", "13800000001"))
    page = open_page("build", **query_of(link))
    assert answer(page)["counts"]["count"] == 1
    assert "13800000001" not in (answer(page)["sentence"] or "")


def test_every_reveal_is_logged_before_it_shows_and_ends_with_the_rule(workspace, open_page, rule_of):
    page = open_page("build")
    send(page, "coterie_facts", "ask", {"n": 1, "fields": ["phone"], "reveal": True})
    assert component_data(page, "coterie_facts")["people"]["rows"][0][1] == "13800000001"
    (entry,) = [entry for entry in workspace.log() if entry.action == "reveal"]
    assert entry.detail["fields"] == ["phone"]
    at = answer(page)
    state = {
        "rev": at["rev"] + 1,
        "epoch": at["epoch"],
        "gesture": "x",
        "tree": rule_of("city", "is", "北京"),
        "command": None,
    }
    send(page, "coterie_builder", "edit", state)
    people = component_data(page, "coterie_facts")["people"]
    assert people["rows"][0][1] == "138****0001"
    assert not people["is_revealed"]


def test_the_code_travels_with_the_stage_and_an_answer_is_small(workspace, open_page):
    page = open_page("build")
    sizes = {e.proto.component_name: len(e.proto.js_content) for e in page.get("bidi_component")}
    assert sizes["coterie_builder"] < 1_000
    assert len(json.dumps(answer(page))) < 5_000
    assert component.STAGE != component.BUILDER
