"""What the logic check says is so, by plain counting, and its remedies are rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from core.analytics.explain.logic import Finding, examine
from core.engines.memory import MemoryEngine
from core.rules.asked_on import days_of
from core.rules.edit import found, muted, removed
from core.rules.tree import Group, Rule
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, counting, reread, who
from tests.core.engines.worlds import World, days, rules, worlds


def alone(*children: Any, match: Any = "all") -> Rule:
    return Rule(include=Group(id="alone", match=match, children=children))


@given(worlds, rules(with_take=False), days)
@settings(max_examples=50, deadline=None)
def test_what_is_said_is_so(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    findings = examine(rule, MemoryEngine(world.tables()), world.catalogue, as_of).findings
    base = {user.user_id for user in world.users if user.exists_from is None or user.exists_from <= as_of}
    nodes = {node.id: node for node in counting(rule)}
    asked_on = {key: of.around for key, of in days_of(rule, as_of).items()}
    if not base:
        assert findings == ()
        return
    for finding in findings:
        node, day = nodes[finding.node], asked_on[finding.node]
        match finding.code:
            case "check_nobody":
                assert who(alone(node), world, day) == set()
            case "check_everybody" | "check_any_everybody":
                assert who(alone(node), world, day) == who(alone(), world, day)
            case "check_drops_nobody":
                assert who(muted(rule, node.id), world, as_of) == who(rule, world, as_of)
            case "check_contradiction":
                assert who(alone(node, nodes[finding.others[0]]), world, day) == set()
            case "check_any_redundant":
                others = who(alone(*(nodes[key] for key in finding.others), match="any"), world, day)
                assert who(alone(node), world, day) <= others
            case "check_exclude_nobody":
                without = rule.model_copy(update={"exclude": None})
                assert who(without, world, as_of) == who(rule, world, as_of)
            case "check_any_swallows_not":
                assert isinstance(node, Group)
                assert node.match == "any"
            case other:
                assert other in ("check_values_unknown", "check_window_before_data")
        if finding.remedy is not None:
            mended = reread(finding.remedy.rule, world.catalogue)
            assert mended != rule
            assert finding.remedy.text["zh"]
            if finding.code in ("check_drops_nobody", "check_exclude_nobody"):
                assert who(mended, world, as_of) == who(rule, world, as_of)
    told = {finding.node for finding in findings}
    for node in nodes.values():
        if not isinstance(node, Group) and not who(alone(node), world, asked_on[node.id]):
            assert node.id in told


CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
LEVEL = {"kind": "tag", "id": "c2", "tag": "level", "op": "is", "value": "gold"}
BOUGHT = {"kind": "event", "id": "c3", "event": "buy", "measure": "count", "op": "gte", "value": 1}


def rule_of(*conditions: dict[str, Any], match: str = "all", **more: Any) -> dict[str, Any]:
    include = {"kind": "group", "id": "g0", "match": match, "children": list(conditions)}
    return {"version": 1, "include": include, **more}


def group(*children: dict[str, Any], match: str = "any", key: str = "g1") -> dict[str, Any]:
    return {"kind": "group", "id": key, "match": match, "children": list(children)}


def told(workspace: Workspace, rule: dict[str, Any]) -> dict[str, Finding]:
    found = workspace.logic(workspace.parse(rule)).findings
    return {f"{finding.code} {finding.node}": finding for finding in found}


def members(workspace: Workspace, finding: Finding) -> list[str]:
    assert finding.remedy is not None
    return workspace.members(reread(finding.remedy.rule, workspace.catalogue()))


def test_a_sound_rule_has_nothing_to_tell(workspace: Workspace) -> None:
    assert told(workspace, rule_of(CITY, LEVEL)) == {}
    assert told(workspace, rule_of()) == {}


def test_two_cities_at_once_become_one_list(workspace: Workspace) -> None:
    found = told(workspace, rule_of(CITY, {**CITY, "id": "c9", "value": "上海"}))
    finding = found["check_contradiction c9"]
    assert finding.others == ("c1",)
    assert "互相矛盾" in finding.message["zh"]
    assert members(workspace, finding) == ["007", "u01", "u02", "u03", "u04"]


def test_other_contradictions_mute_the_second(workspace: Workspace) -> None:
    found = told(workspace, rule_of({**CITY, "value": "广州"}, BOUGHT))
    assert members(workspace, found["check_contradiction c3"]) == ["u05"]


def test_a_misspelt_city_names_the_nearest(workspace: Workspace) -> None:
    found = told(workspace, rule_of({**CITY, "value": "北京市"}))
    finding = found["check_values_unknown c1"]
    assert finding.nearest == "北京"
    assert "北京市" in finding.message["zh"]
    assert members(workspace, finding) == ["007", "u01", "u02"]
    assert "check_nobody c1" not in found
    listed = told(workspace, rule_of({**CITY, "op": "in", "value": ["北京", "南京"]}))
    assert members(workspace, listed["check_values_unknown c1"]) == ["007", "u01", "u02"]


def test_an_unknown_value_of_a_personal_tag_is_compared_with_nothing(workspace: Workspace) -> None:
    phone = {"kind": "tag", "id": "c1", "tag": "phone", "op": "is", "value": "13800000009"}
    rule = workspace.parse(rule_of(phone))
    finding = workspace.logic(rule, mask=workspace.mask).findings[0]
    assert (finding.code, finding.nearest) == ("check_values_unknown", None)
    assert "13800000009" not in finding.message["zh"] + finding.message["en"]


def test_an_unknown_value_of_a_property_is_told(workspace: Workspace) -> None:
    where = [{"property": "channel", "op": "is", "value": "shop"}]
    assert "check_values_unknown c3" in told(workspace, rule_of({**BOUGHT, "where": where}))


FAR, SHOP = {"last": 90, "unit": "day"}, [{"property": "channel", "op": "is", "value": "shop"}]


@pytest.mark.parametrize(
    "kind",
    [
        {"kind": "first_time", "event": "view", "where": SHOP, "window": FAR},
        {"kind": "stopped", "event": "view", "where": SHOP, "active": FAR, "silent": {"last": 1, "unit": "day"}},
        {"kind": "resumed", "event": "view", "where": SHOP, "silent": FAR, "active": {"last": 1, "unit": "day"}},
        {"kind": "regular", "event": "view", "where": SHOP, "at_least": 1, "per": "week", "in": 1, "of_last": 13},
        {"kind": "sequence", "window": FAR, "steps": [{"event": "view"}, {"event": "buy", "where": SHOP}]},
        {
            "kind": "compare", "op": "gt",
            "left": {"event": "buy", "measure": "count", "where": SHOP},
            "right": {"event": "view", "measure": "count", "window": FAR},
        },
    ],
    ids=lambda kind: kind["kind"],
)  # fmt: skip
def test_every_kind_is_told_of_windows_before_the_data_and_of_values_that_do_not_occur(
    kind: dict[str, Any], workspace: Workspace
) -> None:
    findings = told(workspace, rule_of({**kind, "id": "c3"}))
    assert "2019-06-01" in findings["check_window_before_data c3"].message["en"]
    assert "shop" in findings["check_values_unknown c3"].message["en"]


@pytest.mark.parametrize(
    ("window", "remedy"),
    [
        ({"last": 90, "unit": "day"}, {"last": 44, "unit": "day"}),
        ({"last": 12, "unit": "month"}, {"last": 1, "unit": "month"}),
        ({"last": 9000, "unit": "hour"}, {"last": 1056, "unit": "hour"}),
        ({"from": "2018-01-01"}, {"from": "2019-06-01"}),
        ({"to": "2019-05-01", "from": "2019-01-01"}, None),
        ({"ago": [90, 30], "unit": "day"}, None),
    ],
)
def test_a_window_that_reaches_before_the_data_is_shortened(
    window: dict[str, Any], remedy: dict[str, Any] | None, workspace: Workspace
) -> None:
    viewed = {**BOUGHT, "event": "view", "window": window}
    finding = told(workspace, rule_of(viewed))["check_window_before_data c3"]
    assert "2019-06-01" in finding.message["en"]
    if remedy is None:
        assert finding.remedy is None
        return
    assert finding.remedy is not None
    condition = found(finding.remedy.rule, "c3")
    assert condition is not None
    assert condition.model_dump(mode="json", by_alias=True, exclude_none=True)["window"] == remedy


def test_a_window_within_the_data_is_fine(workspace: Workspace) -> None:
    viewed = {**BOUGHT, "event": "view", "window": {"last": 44, "unit": "day"}}
    assert told(workspace, rule_of(viewed)) == {}


def test_alternatives_that_bring_nobody_or_everybody(workspace: Workspace) -> None:
    cities = {**CITY, "id": "c9", "op": "in", "value": ["北京", "上海"]}
    found = told(workspace, rule_of(CITY, cities, match="any"))
    assert found["check_any_redundant c1"].others == ("c9",)
    whole = {"kind": "tag", "id": "c9", "tag": "points", "op": "gte", "value": -3}
    everyone = {**whole, "tag": "registered_on", "op": "is_set", "value": None}
    assert "check_any_everybody c9" in told(workspace, rule_of(CITY, everyone, match="any"))


def test_a_negation_among_alternatives_is_swallowed(workspace: Workspace) -> None:
    one, other = (
        {**CITY, "id": key, "op": "is_not", "value": v} for key, v in (("c8", "北京"), ("c9", "上海"))
    )
    finding = told(workspace, rule_of(one, other, match="any"))["check_any_swallows_not g0"]
    assert finding.others == ("c8", "c9")
    assert members(workspace, finding) == ["u05"]
    not_city = {**CITY, "id": "c8", "not": True}
    cities = {**CITY, "id": "c9", "op": "in", "value": ["北京", "上海"]}
    assert "check_any_swallows_not g1" in told(workspace, rule_of(LEVEL, group(not_city, cities)))


def test_what_changes_nothing_is_taken_out(workspace: Workspace) -> None:
    spend = {"kind": "tag", "id": "c4", "tag": "spend", "op": "gt", "value": 0}
    found = told(workspace, rule_of(BOUGHT, spend))
    assert {"check_drops_nobody c3", "check_drops_nobody c4"} <= set(found)
    excluded = {**rule_of(CITY), "exclude": group({**CITY, "id": "x1", "value": "广州"})}
    finding = told(workspace, excluded)["check_exclude_nobody g1"]
    assert members(workspace, finding) == ["007", "u01", "u02"]


def test_an_emptied_group_goes_with_its_last_condition(workspace: Workspace) -> None:
    rule = workspace.parse(rule_of(CITY, group(LEVEL)))
    assert removed(rule, "c2").include.children == rule.include.children[:1]


EVERYONE = {"kind": "tag", "id": "c9", "tag": "registered_on", "op": "is_set"}
THEN = {"as_of": "2019-03-15"}


@pytest.mark.parametrize(
    "of_then",
    [
        {**group(EVERYONE), **THEN},
        {**group(EVERYONE, {**LEVEL, "muted": True}, match="all"), **THEN},
        {**group(group(EVERYONE, key="g2"), match="all"), **THEN},
    ],
)
def test_a_condition_that_everybody_then_satisfies_is_not_idle_where_it_asks_who_existed(
    of_then: dict[str, Any], workspace: Workspace
) -> None:
    rule = workspace.parse(rule_of(of_then))
    assert workspace.count(rule).answer.matched < workspace.count(workspace.parse(rule_of())).answer.matched
    assert told(workspace, rule_of(of_then)) == {}


def test_beside_other_conditions_it_is_idle_on_an_earlier_day_too(workspace: Workspace) -> None:
    rule = rule_of({**group(EVERYONE, LEVEL, match="all"), **THEN})
    finding = told(workspace, rule)["check_everybody c9"]
    assert members(workspace, finding) == workspace.members(workspace.parse(rule))
