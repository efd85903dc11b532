"""What the component learns of the data: folders, search forms, ops from the one table, templates that fit."""

import json

from core.rules.conditions import CONDITIONS
from core.rules.json_schema import rule_json_schema
from core.rules.ops import ops_for
from core.schema import TagType
from dashboard.builder import facts, templates
from dashboard.builder.palette import catalogue_data, search_forms


def test_an_entry_is_found_by_key_labels_pinyin_and_initials():
    forms = search_forms("last_login_on", "最近登录日期", "Last login on")
    assert set(forms) >= {"last_login_on", "最近登录日期", "lastloginon", "zuijindengluriqi", "zjdlrq"}


def test_every_op_of_every_type_has_a_control(workspace):
    data = catalogue_data(workspace.catalogue())
    for kind in TagType:
        assert [op["key"] for op in data["ops"][kind.value]] == [op.key for op in ops_for(kind)]
        assert all(op["shape"] for op in data["ops"][kind.value])


def test_folders_come_in_the_catalogues_order_then_events_then_further_kinds(workspace):
    data = catalogue_data(workspace.catalogue())
    assert [dimension["key"] for dimension in data["dimensions"][-2:]] == ["events", "more"]
    named = {dimension["key"] for dimension in data["dimensions"]}
    assert {tag["dimension"] for tag in data["tags"]} <= named
    json.dumps(data)


def test_no_value_of_a_personal_tag_stands_in_the_catalogue(workspace):
    assert "13800000001" not in json.dumps(catalogue_data(workspace.catalogue()))


def test_a_template_that_the_data_cannot_answer_says_what_is_missing(workspace):
    offered = {entry["key"]: entry["reason"] for entry in templates.offered(workspace.catalogue(), "en")}
    assert "login" in offered["closed_door_meeting"]
    assert "birthday" in offered["birthday_soon"]


def test_people_are_masked_until_they_are_revealed(workspace, rule_of):
    rule, day = workspace.parse(rule_of("city", "is", "北京")), workspace.default_as_of()
    wish = facts.Wish(fields=["phone", "gmv"])
    masked = facts.people(workspace, rule, day, wish)
    assert (masked["personal"], masked["is_revealed"]) == (True, False)
    assert masked["rows"] == [["u1", "138****0001", 5200.0], ["u2", "138****0002", 1200.0]]
    shown = facts.people(workspace, rule, day, facts.Wish(fields=["phone"], reveals=True))
    assert shown["rows"][0] == ["u1", "13800000001"]


def test_a_draft_never_keeps_that_values_were_revealed():
    assert "reveals" not in facts.Wish(["city"], ["phone"], reveals=True).as_json()


def test_breakdowns_are_ready_for_json_and_add_up(workspace, rule_of):
    rule, day = workspace.parse(rule_of("gmv", "gt", 1000)), workspace.default_as_of()
    for shown in facts.breakdowns(workspace, rule, day, ["city", "gmv", "title"], (4, 6)):
        json.dumps(shown)
        assert sum(bar["matched"] for bar in shown["bars"]) + shown["other"][0] + shown["missing"][0] == 4


def test_a_wish_for_tags_that_are_gone_is_dropped(workspace):
    wish = facts.wished({"tags": ["city", "gone"], "fields": ["gone"]}, facts.Wish(), workspace.catalogue())
    assert (wish.tags, wish.fields) == (["city"], [])


def test_a_tag_that_the_rule_fixes_to_one_value_is_not_compared_unless_somebody_chose_it(workspace, rule_of):
    catalogue = workspace.catalogue()
    open_rule, fixed = (
        workspace.parse(rule_of("city", "in", value)) for value in (["北京", "上海"], ["北京"])
    )
    assert "city" in facts.charts(facts.Wish(), open_rule, catalogue)
    assert "city" not in facts.charts(facts.Wish(), fixed, catalogue)
    assert facts.charts(facts.Wish(["city"]), fixed, catalogue) == ["city"]
    assert facts.charts(facts.Wish([]), open_rule, catalogue) == []


def test_every_kind_of_condition_can_be_begun_and_what_they_allow_is_what_the_language_allows(workspace):
    data = catalogue_data(workspace.catalogue())
    assert {kind["key"] for kind in data["kinds"]} == set(CONDITIONS) - {"tag", "event"}
    assert all(kind["offered"] for kind in data["kinds"])
    schema = rule_json_schema()["$defs"]
    assert data["units"]["within"] == schema["Within"]["properties"]["unit"]["enum"]
    assert data["units"]["regular"] == schema["RegularCondition"]["properties"]["per"]["enum"]
    assert data["units"]["since"] == schema["Length"]["properties"]["unit"]["enum"]


def test_kinds_that_ask_about_events_are_not_offered_without_events(workspace):
    bare = workspace.catalogue().model_copy(update={"events": {}})
    offered = {kind["key"] for kind in catalogue_data(bare)["kinds"] if kind["offered"]}
    assert offered == {"rank", "bucket", "audience", "list"}
