"""What sets audiences apart: every number is that of plain counting, the widest differences come first."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.apart import MOST_OF_A_TAG, SMALL_EFFECT, apart
from core.analytics.overlap import Asked
from core.engines.memory import MemoryEngine
from core.errors import Cancelled
from core.rules import evaluate
from core.rules.parse import parse_rule
from core.rules.tree import Group, Rule
from core.workspace import Actor, Workspace
from tests.core.engines.agreement import asked
from tests.core.engines.worlds import World, days, rules, worlds

LI = Actor("李")


@given(worlds, st.lists(rules(), min_size=2, max_size=3), days)
@settings(max_examples=12, deadline=None)
def test_members_are_those_of_plain_counting(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    chosen = [Asked(f"r{n}", asked(rule, world.catalogue)) for n, rule in enumerate(rules_json)]
    found = apart(chosen, MemoryEngine(world.tables()), world.catalogue, as_of)
    sets = [set(evaluate.members(each.rule, world.users, world.catalogue, as_of)) for each in chosen]
    assert found.sizes == tuple(map(len, sets))
    assert found.differences == ()  # nobody is told by so few people


def bought(city: str, *, at_least: int = 0) -> Rule:
    city_is = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": city}
    children = [city_is] if not at_least else [{**city_is, "tag": "gmv", "op": "gte", "value": at_least}]
    group = {"kind": "group", "id": "g0", "match": "all", "children": children}
    return parse_rule({"version": 1, "include": group})


def test_values_that_differ_come_first_and_what_the_rules_name_is_left_out(
    own_sample: Workspace,
) -> None:
    door = own_sample
    here = door.save_audience(name="北京", rule=bought("北京"), actor=LI)
    there = door.save_audience(name="大客户", rule=bought("", at_least=3000), actor=LI)
    told: list[tuple[int, int]] = []
    found = door.what_sets_apart([here.id, "大客户"], progress=lambda *now: told.append(now))
    assert [tag.key for tag in found.defining] == ["city", "gmv"]
    assert found.sizes == tuple(door.count(door.audience_rule(one)).answer.count for one in (here, there))
    assert found.differences[0].effect > 1
    assert {each.tag.key for each in found.differences}.isdisjoint({"city", "gmv"})
    assert all(one.effect >= other.effect for one, other in pairwise(found.differences))
    assert all(each.effect >= SMALL_EFFECT for each in found.differences)
    tags = [each.tag.key for each in found.differences]
    assert max(tags.count(tag) for tag in tags) <= MOST_OF_A_TAG
    assert told[-1] == (2 * found.looked_at, 2 * found.looked_at)
    # Every number once more, as the count of a rule.
    for each in found.differences:
        if each.tag.type != "enum" or each.label["zh"] == "无值":
            continue
        for audience, hits, share in zip((here, there), each.members, each.shares, strict=True):
            among = {"kind": "audience", "id": "a", "audience": audience.id, "in": True}
            has = {"kind": "tag", "id": "b", "tag": each.tag.key, "op": "is", "value": each.label["zh"]}
            rule = {
                "version": 1,
                "include": {"kind": "group", "id": "g", "match": "all", "children": [among, has]},
            }
            assert door.count(door.parse(rule)).answer.count == hits
            assert share == hits / door.count(door.audience_rule(audience)).answer.count


def test_the_same_people_twice_are_set_apart_by_nothing(sample: Workspace) -> None:
    everybody = Asked("全部", Rule(include=Group(id="g", match="all")))
    version, engine = sample._engine()
    found = apart([everybody, everybody], engine, version.catalogue, sample.default_as_of())
    assert (found.differences, found.defining) == ((), ())
    assert found.looked_at > 30


def test_it_stops_when_nobody_waits(own_sample: Workspace) -> None:
    own_sample.save_audience(name="甲", rule=bought("北京"), actor=LI)
    own_sample.save_audience(name="乙", rule=bought("上海"), actor=LI)
    with pytest.raises(Cancelled):
        own_sample.what_sets_apart(["甲", "乙"], cancelled=lambda: True)
