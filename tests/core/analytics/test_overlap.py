"""Audiences side by side: every number is the count of the rule that opens it; duplicates are found."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.overlap import Asked, near_duplicates, overlaps, together
from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.rules import evaluate
from core.rules.canonical import rule_key
from core.rules.parse import dump_rule
from core.rules.tree import Rule
from core.workspace import Workspace
from tests.core.engines.agreement import asked
from tests.core.engines.kinds import AUDIENCES
from tests.core.engines.worlds import World, days, rules, world_of, worlds
from tests.core.small_files import ACTOR

SOME = settings(max_examples=35, deadline=None)
saved = st.lists(st.sampled_from(sorted(AUDIENCES)), max_size=3, unique=True)


def people(world: World, rule: Rule, as_of: date) -> set[str]:
    return set(evaluate.members(rule, world.users, world.catalogue, as_of))


def of_world(world: World, rules_json: list[dict[str, Any]], names: list[str]) -> list[Asked]:
    found = [Asked(f"r{n}", asked(rule, world.catalogue)) for n, rule in enumerate(rules_json)]
    return found + [Asked(name, asked(AUDIENCES[name], world.catalogue), name) for name in names]


@given(worlds, st.lists(rules(), max_size=4), saved, days)
@SOME
def test_every_region_and_pair_is_counted_and_opened_by_its_rule(
    world: World, rules_json: list[dict[str, Any]], names: list[str], as_of: date
) -> None:
    chosen = of_world(world, rules_json, names)[-5:]
    if len(chosen) < 2:
        return
    engine = MemoryEngine(world.tables())
    sets = [people(world, each.rule, as_of) for each in chosen]
    found = overlaps(chosen, engine, as_of)

    def assert_opens(rule: Rule | None, users: int, expected: set[str]) -> None:
        assert users == len(expected)
        if rule is None:
            return
        assert engine.count(rule, as_of).count == users
        opened = asked(dump_rule(rule), world.catalogue, world)
        assert people(world, opened, as_of) == expected
        assert engine.count(opened, as_of).count == users

    assert found.sizes == tuple(map(len, sets))
    assert found.base == sum(evaluate.in_base(user, as_of) for user in world.users)
    assert found.union == len(set().union(*sets)) == sum(region.users for region in found.regions)
    assert [region.users for region in found.regions] == sorted(
        (region.users for region in found.regions), reverse=True
    )
    for region in found.regions:
        inside = set.intersection(*(sets[place] for place in region.members))
        outside = set().union(*(some for place, some in enumerate(sets) if place not in region.members))
        assert_opens(region.rule, region.users, inside - outside)
        assert region.users
    assert [(pair.first, pair.second) for pair in found.pairs] == list(combinations(range(len(sets)), 2))
    for pair in found.pairs:
        one, other = sets[pair.first], sets[pair.second]
        assert_opens(pair.rule_both, pair.both, one & other)
        assert_opens(pair.rule_only_first, pair.only_first, one - other)
        assert_opens(pair.rule_only_second, pair.only_second, other - one)
        assert pair.jaccard == (len(one & other) / len(one | other) if one | other else None)
        assert pair.first_in_second == (len(one & other) / len(one) if one else None)
        assert pair.second_in_first == (len(one & other) / len(other) if other else None)


@given(worlds, st.lists(rules(with_take=False), max_size=2), saved, days)
@SOME
def test_a_region_of_saved_audiences_or_of_rules_without_take_can_be_opened(
    world: World, rules_json: list[dict[str, Any]], names: list[str], as_of: date
) -> None:
    chosen = of_world(world, rules_json, names)
    if len(chosen) < 2:
        return
    found = overlaps(chosen, MemoryEngine(world.tables()), as_of)
    assert all(region.rule is not None for region in found.regions)


def rule(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"include": {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}, **more}


CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
VIP = {"kind": "tag", "id": "c1", "tag": "vip", "op": "is_true"}


def test_saved_audiences_are_named_in_the_rules_of_a_region() -> None:
    world = world_of(3)
    chosen = of_world(world, [], ["beijing", "half", "big"])
    found = together(chosen, [0, 2], [1])
    assert found is not None
    assert dump_rule(found) == {
        "version": 1,
        "include": {
            "kind": "group", "id": "n1", "match": "all",
            "children": [
                {"kind": "audience", "id": "n2", "audience": "beijing", "in": True},
                {"kind": "audience", "id": "n3", "audience": "big", "in": True},
            ],
        },
        "exclude": {
            "kind": "group", "id": "n5", "match": "any",
            "children": [{"kind": "audience", "id": "n4", "audience": "half", "in": True}],
        },
        "take": None,
    }  # fmt: skip


def test_what_no_rule_can_say_has_no_rule() -> None:
    catalogue = world_of(3).catalogue
    plain = Asked("plain", asked(rule(CITY), catalogue))
    first = Asked("first", asked(rule(VIP, take={"n": 3, "by": "points"}), catalogue))
    share = Asked("share", asked(rule(VIP, take={"share": 0.5, "seed": "july"}), catalogue))
    same = Asked("same", asked(rule(CITY, take={"share": 0.5, "seed": "july"}), catalogue))
    everyone = Asked("everyone", asked(rule(), catalogue))
    assert together([plain, first], [0, 1], []) is None
    assert together([plain, share], [0], [1]) is None
    shared = together([share, same], [0], [1])
    assert shared is not None
    assert shared.take == share.rule.take
    assert together([plain, everyone], [0], [1]) is None
    assert together([plain, everyone], [0, 1], []) is not None


@pytest.mark.parametrize("many", [0, 1, 6])
def test_other_than_two_to_five_audiences_are_refused(many: int) -> None:
    world = world_of(3)
    chosen = [Asked(str(place), asked(rule(CITY), world.catalogue)) for place in range(many)]
    with pytest.raises(RuleError) as refused:
        overlaps(chosen, MemoryEngine(world.tables()), date(2019, 7, 14))
    assert refused.value.code == "overlap_number"


def test_an_audience_is_not_compared_with_itself() -> None:
    world = world_of(3)
    chosen = of_world(world, [], ["beijing"]) * 2
    with pytest.raises(RuleError) as refused:
        overlaps(chosen, MemoryEngine(world.tables()), date(2019, 7, 14))
    assert (refused.value.code, refused.value.problems[0].params) == (
        "overlap_twice",
        {"audience": "beijing"},
    )


def test_regions_open_in_a_workspace(workspace: Workspace) -> None:
    chosen = []
    for name, condition in (
        ("北京", {**CITY}),
        ("gold", {"kind": "tag", "id": "c1", "tag": "level", "op": "is", "value": "gold"}),
    ):
        audience = workspace.save_audience(name=name, rule={"version": 1, **rule(condition)}, actor=ACTOR)
        chosen.append(Asked(name, workspace.parse(audience.rule), audience.id))
    version = workspace.data_version()
    engine = MemoryEngine(workspace._lake.tables(version))
    found = overlaps(chosen, engine, date(2019, 7, 14))
    assert (found.sizes, found.base, found.union) == ((3, 3), 7, 4)
    assert [(region.members, region.users) for region in found.regions] == [((0, 1), 2), ((0,), 1), ((1,), 1)]
    for region in found.regions:
        assert region.rule is not None
        assert workspace.count(workspace.parse(dump_rule(region.rule))).answer.count == region.users
    (pair,) = found.pairs
    assert pair.rule_only_second is not None
    assert workspace.members(workspace.parse(dump_rule(pair.rule_only_second))) == ["u05"]
    assert (pair.jaccard, pair.first_in_second) == (0.5, 2 / 3)
    assert found.as_json()["audiences"] == [
        {"name": "北京", "audience": chosen[0].audience, "users": 3},
        {"name": "gold", "audience": chosen[1].audience, "users": 3},
    ]


# ---- duplicates ------------------------------------------------------------------------------------------


@given(worlds, st.lists(rules(), max_size=6), days, st.integers(0, 6), st.data())
@SOME
def test_duplicates_are_equal_definitions_and_nearly_equal_people(
    world: World, rules_json: list[dict[str, Any]], as_of: date, most: int, data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(rules_json), max_size=3)) if rules_json else []
    chosen = [asked(each, world.catalogue) for each in [*rules_json, *again]]
    sets = [people(world, each, as_of) for each in chosen]
    keys = [rule_key(each, world.catalogue, as_of) for each in chosen]
    found = near_duplicates(chosen, MemoryEngine(world.tables()), as_of, most=most)
    compared = set(list(dict.fromkeys(keys))[:most])
    expected = {}
    for one, other in combinations(range(len(chosen)), 2):
        both, either = len(sets[one] & sets[other]), len(sets[one] | sets[other])
        if keys[one] == keys[other]:
            expected[one, other] = (True, both, 1.0 if both else None)
        elif {keys[one], keys[other]} <= compared and sets[one] and sets[other] and both / either >= 0.95:
            expected[one, other] = (False, both, both / either)
    assert {
        (pair.first, pair.second): (pair.is_same_definition, pair.both, pair.jaccard) for pair in found.pairs
    } == expected
    assert len(found.pairs) == len(expected)
    assert found.not_compared == tuple(place for place, key in enumerate(keys) if key not in compared)
    for place, size in enumerate(found.sizes):
        if size is not None:
            assert size == len(sets[place])
        else:
            assert place in found.not_compared


def test_the_same_said_in_other_words_is_the_same_definition() -> None:
    world = world_of(5)
    one = asked(rule(CITY, VIP | {"id": "c2"}), world.catalogue)
    other = asked(rule(VIP, CITY | {"id": "c9", "op": "in", "value": ["北京"]}), world.catalogue)
    (pair,) = near_duplicates([one, other], MemoryEngine(world.tables()), date(2019, 7, 14)).pairs
    assert pair.is_same_definition
