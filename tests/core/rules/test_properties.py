"""What holds of every rule and every user: the laws of the condition language."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import end_of
from core.rules.canonical import canonical
from core.rules.check import check
from core.rules.describe import describe, describe_node
from core.rules.evaluate import OracleUser, in_base, matching, members, node_numbers
from core.rules.measures import Occurrence
from core.rules.parse import parse_rule
from core.rules.tree import Group, Rule, nodes
from core.schema import Catalogue
from tests.core.engines.worlds import World, catalogue_in, days, rules, worlds
from tests.core.rules.strategies import as_ofs

MANY = settings(max_examples=120, deadline=None)


def of_root(root: Any) -> Rule:
    """Return the rule that asks only for a node."""
    group = root if isinstance(root, Group) else Group(id="root", match="all", children=(root,))
    return Rule(include=group)


def held(rule: Rule, world: World, as_of: date) -> set[str]:
    return matching(rule, world.users, world.catalogue, as_of)


def base_of(world: World, as_of: date) -> set[str]:
    return {user.user_id for user in world.users if in_base(user, as_of)}


@given(worlds, rules(with_take=False), days)
@MANY
def test_a_rule_and_its_not_split_the_base(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    for node in nodes(parse_rule(rule_json)):
        unmuted = node.model_copy(update={"muted": False})
        if isinstance(node, Group) and not [c for c in node.children if not c.muted]:
            continue
        asked = Group(id="r", match="all", children=(unmuted,))
        denied = Group(id="r", match="all", children=(unmuted.model_copy(update={"not_": not unmuted.not_}),))
        yes, no = held(of_root(asked), world, as_of), held(of_root(denied), world, as_of)
        counted = not isinstance(node, Group) or canonical(unmuted, world.catalogue, as_of) != '["base"]'
        if counted:
            assert yes | no == base_of(world, as_of)
            assert not yes & no


@given(worlds, rules(), days)
@MANY
def test_events_after_as_of_change_nothing(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = parse_rule(rule_json)
    end = end_of(as_of, world.catalogue.zone)
    later = [Occurrence(end + timedelta(hours=h), {"amount": 5.0, "topics": ("a",)}) for h in (0, 1, 900)]
    fuller = [
        replace(user, events={key: [*user.events.get(key, ()), *later] for key in world.catalogue.events})
        for user in world.users
    ]
    assert members(rule, fuller, world.catalogue, as_of) == members(rule, world.users, world.catalogue, as_of)
    assert node_numbers(rule, fuller, world.catalogue, as_of) == node_numbers(
        rule, world.users, world.catalogue, as_of
    )


@given(worlds, rules(), days)
@MANY
def test_the_order_of_users_and_of_occurrences_changes_nothing(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = parse_rule(rule_json)
    turned = [
        replace(user, events={key: list(reversed(found)) for key, found in user.events.items()})
        for user in reversed(world.users)
    ]
    assert members(rule, turned, world.catalogue, as_of) == members(rule, world.users, world.catalogue, as_of)


@given(worlds, rules(), days)
@MANY
def test_the_numbers_of_the_nodes_hang_together(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = parse_rule(rule_json)
    numbers = node_numbers(rule, world.users, world.catalogue, as_of)
    matched = len(held(rule, world, as_of))
    size = len(base_of(world, as_of))
    for node in nodes(rule):
        own, running, without, missing = numbers[node.id]
        assert 0 <= own <= size
        assert 0 <= missing <= size
        if node.muted:
            assert without == matched
        if isinstance(node, Group):
            assert missing == 0
        elif not node.not_:
            assert own + missing <= size
        if node in (rule.include, rule.exclude):
            assert running == own
    if not rule.include.not_ and rule.include.match != "at_least" and not rule.include.muted:
        counted = [numbers[c.id].running for c in rule.include.children if not c.muted]
        steps = [step for step in counted if step is not None]
        assert steps == sorted(steps, reverse=rule.include.match == "all")


@given(rules(), rules(), worlds, days)
@MANY
def test_equal_keys_have_equal_members(
    first: dict[str, Any], second: dict[str, Any], world: World, as_of: date
) -> None:
    found: dict[str, set[str]] = {}
    for rule_json in (first, second):
        for node in nodes(parse_rule(rule_json)):
            alone = of_root(Group(id="r", match="all", children=(node.model_copy(update={"muted": False}),)))
            people = held(alone, world, as_of)
            assert found.setdefault(canonical(node, world.catalogue, as_of), people) == people


@given(rules(), st.randoms(use_true_random=False), days)
@MANY
def test_ids_order_and_muted_children_make_no_difference_to_a_key(
    rule_json: dict[str, Any], chance: Any, as_of: date
) -> None:
    catalogue = catalogue_in("UTC")
    key = canonical(parse_rule(rule_json).include, catalogue, as_of)

    def shuffled(node: dict[str, Any]) -> dict[str, Any]:
        node = {**node, "id": f"other {node['id']}"}
        if "children" in node:
            node["children"] = [shuffled(child) for child in node["children"]]
            chance.shuffle(node["children"])
            muted = {"kind": "tag", "id": f"m {node['id']}", "tag": "vip", "op": "is_true", "muted": True}
            if any(not child.get("muted") for child in node["children"]):
                node["children"].append(muted)
        return node

    assert canonical(parse_rule({"include": shuffled(rule_json["include"])}).include, catalogue, as_of) == key


@given(worlds, rules(), as_ofs)
@settings(max_examples=150, deadline=None)
def test_every_day_of_the_calendar_can_be_asked_for(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = parse_rule(rule_json)
    taken = members(rule, world.users, world.catalogue, as_of)
    assert set(taken) <= held(rule, world, as_of) <= base_of(world, as_of)
    canonical(rule.include, world.catalogue, as_of)


@given(rules())
@MANY
def test_every_rule_has_a_sentence_and_so_has_every_node(rule_json: dict[str, Any]) -> None:
    rule = parse_rule(rule_json)
    for catalogue in (catalogue_in("UTC"), Catalogue()):
        for text in (describe(rule, catalogue), *(describe_node(node, catalogue) for node in nodes(rule))):
            assert text["zh"]
            assert text["en"]
            assert "{" not in text["en"] or catalogue == Catalogue()


@given(rules())
@MANY
def test_check_finds_nothing_in_a_sound_rule_and_everything_where_the_catalogue_is_empty(
    rule_json: dict[str, Any],
) -> None:
    rule = parse_rule(rule_json)
    assert [p for p in check(rule, catalogue_in("UTC")) if p.severity == "error"] == []
    conditions = [node.id for node in nodes(rule) if node.kind not in ("group", "bucket")]
    unknown = [p.node for p in check(rule, Catalogue()) if p.code in ("unknown_tag", "unknown_event")]
    assert [node for node in dict.fromkeys(unknown) if node is not None] == conditions


def test_the_base_is_whoever_exists_by_the_end_of_the_day() -> None:
    day = date(2019, 7, 14)
    assert in_base(OracleUser("a"), date.min)
    assert in_base(OracleUser("a", day), day)
    assert not in_base(OracleUser("a", day + timedelta(days=1)), day)
