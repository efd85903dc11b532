"""The rule of one value of a rule tag, built on the builder's desk and written into the tag's draft."""

import pytest

from core.errors import NotFound
from core.workspace import Actor, TagDefinition
from dashboard.i18n import said
from dashboard.tagmaker.value_task import ValueTask
from tests.dashboard.test_builder_page import component_data, send

WU = Actor("吴")


@pytest.fixture
def tier(workspace, rule_of):
    """A rule tag of two values: 高 is a spend above 4000, 低 everybody."""
    values = [
        {"value": "高", "rule": rule_of("gmv", "gt", 4000)},
        {"value": "低", "rule": rule_of("gmv", "gte", 0)},
    ]
    making = {"kind": "rules", "values": values, "keep": "first", "otherwise": None}
    label = {"zh": "价值分层", "en": "Tier"}
    definition = TagDefinition.from_json({"key": "tier", "label": label, "making": making})
    return workspace.create_tag(definition, actor=WU)


def edited(page, tree):
    """Edit the rule on the desk as the browser does."""
    at = component_data(page, "coterie_builder")
    step = {"rev": at["rev"] + 1, "epoch": at["epoch"], "gesture": "x", "tree": tree, "command": None}
    return send(page, "coterie_builder", "edit", step)


def done(page):
    at = component_data(page, "coterie_builder")
    step = {"rev": at["rev"] + 1, "epoch": at["epoch"], "gesture": None, "tree": None}
    return send(page, "coterie_builder", "edit", {**step, "command": {"name": "done"}})


def at_the_form(page):
    page.switch_page("../pages/tags.py")
    page.query_params["edit"] = "tier"
    page.run()


def drafted(page, place):
    return page.session_state["tagmaker:draft"].source["making"]["values"][place]["rule"]


def test_a_values_rule_is_built_in_the_builder_and_goes_back_to_the_form(tier, open_page, rule_of):
    page = open_page("build", value="edit:tier:0")
    at = component_data(page, "coterie_builder")
    assert at["task"] == {"tag": "Tier", "value": "高", "place": 1}
    assert (at["counts"]["count"], at["can_undo"]) == (3, False)
    wanted = rule_of("gmv", "gt", 8000)
    edited(page, wanted)
    assert component_data(page, "coterie_builder")["counts"]["count"] == 1
    assert drafted(page, 0) == wanted
    assert drafted(page, 1)["include"] == rule_of("gmv", "gte", 0)["include"]
    done(page)
    assert page.query_params["edit"] == "tier"
    assert any("8,000" in element.value for element in page.markdown)


def test_the_form_takes_a_whole_visit_to_the_builder_back_in_one_step(tier, open_page, rule_of):
    page = open_page("build", value="edit:tier:0")
    for least in (7000, 8000):
        edited(page, rule_of("gmv", "gt", least))
    at_the_form(page)
    assert drafted(page, 0)["include"]["children"][0]["value"] == 8000
    next(each for each in page.button if each.label == "Undo").click().run()
    assert drafted(page, 0)["include"]["children"][0]["value"] == 4000


def test_what_was_on_the_desk_before_is_there_again_afterwards(tier, open_page, rule_of):
    page = open_page("build")
    mine = rule_of("city", "is", "北京")
    edited(page, mine)
    page.query_params["value"] = "edit:tier:1"
    page.run()
    assert component_data(page, "coterie_builder")["task"]["place"] == 2
    edited(page, rule_of("city", "is", "上海"))
    del page.query_params["value"]
    page.run()
    at = component_data(page, "coterie_builder")
    assert (at["task"], at["tree"]["include"]) == (None, mine["include"])


@pytest.mark.parametrize("text", ["edit:tier:2", "edit:tier:x", "edit:nobody:0", "new:bands:0", "tier", ""])
def test_a_value_that_is_not_there_is_said_and_the_own_desk_is_left_as_it_is(tier, open_page, text):
    page = open_page("build", value=text)
    at = component_data(page, "coterie_builder")
    assert [notice["kind"] for notice in at["notices"]] == ["error"]
    assert at["task"] is None


def test_addresses_of_values_are_read_as_they_are_written():
    for purpose in ("new:rules", "edit:tier"):
        task = ValueTask(purpose, "3")
        assert ValueTask.read(task.query["value"]) == task
    with pytest.raises(NotFound, match="value_task_unknown"):
        ValueTask.read("edit:tier")


@pytest.fixture
def one_browser(monkeypatch):
    """Every page is a tab of one browser."""
    monkeypatch.setattr("dashboard.state.session_key", lambda: "b" * 22)


def label_of(page, name):
    return next(each for each in page.text_input if each.label == said(name, "en"))


def test_what_is_built_in_another_tab_is_joined_with_what_the_form_changed(
    tier, open_page, rule_of, one_browser
):
    form = open_page("tags", edit="tier")
    builder = open_page("build", value="edit:tier:0")
    wanted = rule_of("gmv", "gt", 8000)
    edited(builder, wanted)
    label_of(form, "tagmaker.name_en").set_value("Value tier").run()
    assert drafted(form, 0) == wanted
    assert form.session_state["tagmaker:draft"].source["label"]["en"] == "Value tier"
    assert any("8,000" in element.value for element in form.markdown)
    assert [toast.value for toast in form.toast] == [said("tagmaker.joined", "en")]
    builder.run()
    assert component_data(builder, "coterie_builder")["task"]["tag"] == "Value tier"
    again = open_page("tags", edit="tier")  # a reload
    assert drafted(again, 0) == wanted
    assert label_of(again, "tagmaker.name_en").value == "Value tier"


def test_a_value_that_moved_in_the_form_stays_the_one_on_the_desk(tier, open_page, rule_of, one_browser):
    form = open_page("tags", edit="tier")
    builder = open_page("build", value="edit:tier:1")
    next(each for each in form.button if each.label == "↑" and not each.disabled).click().run()
    wanted = rule_of("gmv", "gt", 8000)
    edited(builder, wanted)
    assert component_data(builder, "coterie_builder")["task"] == {"tag": "Tier", "value": "低", "place": 1}
    form.run()
    assert [value["value"] for value in form.session_state["tagmaker:draft"].source["making"]["values"]] == [
        "低",
        "高",
    ]
    assert drafted(form, 0) == wanted


def test_a_value_that_was_taken_away_in_the_form_is_said_to_be_gone(tier, open_page, rule_of, one_browser):
    form = open_page("tags", edit="tier")
    builder = open_page("build", value="edit:tier:1")
    [each for each in form.button if each.label == "✕"][1].click().run()
    builder.run()
    at = component_data(builder, "coterie_builder")
    assert ([notice["kind"] for notice in at["notices"]], at["task"]) == (["error"], None)


def test_a_second_visit_is_undone_by_itself_and_leaves_what_the_form_did_between(tier, open_page, rule_of):
    page = open_page("build", value="edit:tier:0")
    edited(page, rule_of("gmv", "gt", 7000))
    done(page)
    at_the_form(page)
    label_of(page, "tagmaker.rules.otherwise").set_value("其他").run()
    page.switch_page("../pages/build.py")
    page.query_params["value"] = "edit:tier:0"
    page.run()
    edited(page, rule_of("gmv", "gt", 8000))
    at_the_form(page)
    next(each for each in page.button if each.label == "Undo").click().run()
    assert drafted(page, 0)["include"]["children"][0]["value"] == 7000
    assert page.session_state["tagmaker:draft"].source["making"]["otherwise"] == "其他"
    next(each for each in page.button if each.label == "Undo").click().run()
    assert drafted(page, 0)["include"]["children"][0]["value"] == 4000


def copied(form, workspace, rule, place=0):
    """Copy a saved audience's rule in the form."""
    audience = workspace.save_audience(name=f"人群 {place}", rule=rule, actor=WU)
    form.run()
    box = [each for each in form.selectbox if each.label == said("tagmaker.rules.copy", "en")][place]
    box.set_value(audience.id).run()


def test_a_rule_that_both_tabs_changed_stays_whole_and_the_desk_says_so(
    tier, workspace, open_page, rule_of, one_browser
):
    form, builder = open_page("tags", edit="tier"), open_page("build", value="edit:tier:0")
    elsewhere, here = rule_of("city", "is", "北京"), rule_of("title", "contains_any", ["运营"])
    copied(form, workspace, elsewhere)
    edited(builder, here)
    at = component_data(builder, "coterie_builder")
    assert at["tree"]["include"] == here["include"]
    assert [notice["text"] for notice in at["notices"]] == [said("build.notice.rule_from_here", "en")]
    form.run()
    assert drafted(form, 0)["include"] == here["include"]


def test_a_rule_that_the_form_changed_is_taken_over_and_undo_brings_the_desks_back(
    tier, workspace, open_page, rule_of, one_browser
):
    form, builder = open_page("tags", edit="tier"), open_page("build", value="edit:tier:0")
    copied(form, workspace, rule_of("city", "is", "北京"))
    builder.run()
    at = component_data(builder, "coterie_builder")
    assert at["tree"]["include"] == rule_of("city", "is", "北京")["include"]
    assert at["can_undo"]
    assert [notice["text"] for notice in at["notices"]] == [said("build.notice.rule_from_form", "en")]


def test_undo_in_one_tab_leaves_what_the_other_built(tier, open_page, rule_of, one_browser):
    form, builder = open_page("tags", edit="tier"), open_page("build", value="edit:tier:1")
    wanted = rule_of("gmv", "gt", 8000)
    edited(builder, wanted)
    next(each for each in form.button if each.label == "↑" and not each.disabled).click().run()
    assert drafted(form, 0) == wanted
    assert next(each for each in form.button if each.label == "Undo").disabled


def test_a_draft_that_was_given_up_in_another_tab_is_not_mixed_with_the_next(
    workspace, open_page, one_browser
):
    one, two = open_page("tags", new="rules"), open_page("tags", new="rules")
    label_of(one, "tagmaker.name_zh").set_value("甲标签").run()
    two.run()
    chooser = open_page("tags", new="")
    next(each for each in chooser.button if each.label == said("tagmaker.give_up", "en")).click().run()
    fresh = open_page("tags", new="rules")
    label_of(fresh, "tagmaker.name_zh").set_value("全新标签").run()
    label_of(two, "tagmaker.rules.otherwise").set_value("其他").run()
    fresh.run()
    assert label_of(fresh, "tagmaker.name_zh").value == "全新标签"
    assert fresh.session_state["tagmaker:draft"].source["making"]["otherwise"] is None
    assert two.session_state["tagmaker:draft"].source["label"]["zh"] != "全新标签"
