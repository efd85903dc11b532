"""What sets audiences apart: every number is that of plain counting, the widest differences come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.apart import MOST_OF_A_TAG, SMALL_EFFECT, apart
from core.analytics.explain.profile import MINIMUM_BASE
from core.analytics.overlap import Asked
from core.engines.memory import MemoryEngine
from core.errors import Cancelled
from core.rules import evaluate
from core.rules.by_hand import only
from core.rules.conditions import AudienceCondition
from core.rules.kept import KeptPeople
from core.rules.parse import parse_rule
from core.rules.tree import Group, Rule, TakeTop
from core.workspace import Actor, Workspace
from tests.core.engines.agreement import asked
from tests.core.engines.worlds import World, days, rules, worlds

LI = Actor("李")


@given(worlds, st.lists(rules(), min_size=2, max_size=3), days)
@settings(max_examples=12, deadline=None)
def test_members_are_those_of_plain_counting_and_few_people_tell_nothing(
    world: World, rules_json: list[dict[str, Any]], as_of: date
) -> None:
    chosen = [Asked(f"r{n}", asked(rule, world.catalogue)) for n, rule in enumerate(rules_json)]
    found = apart(chosen, MemoryEngine(world.tables()), world.catalogue, as_of)
    sets = {
        each.name: set(evaluate.members(each.rule, world.users, world.catalogue, as_of)) for each in chosen
    }
    enough = tuple(name for name, people in sets.items() if len(people) >= MINIMUM_BASE)
    assert found.names == (enough if len(enough) >= 2 else ())
    assert found.sizes == tuple(len(sets[name]) for name in found.names)
    few = [(name, len(people)) for name, people in sets.items() if len(people) < MINIMUM_BASE]
    assert list(found.too_few) == few
    for each in found.differences:
        having = Rule(include=Group(id="g", match="all", children=each.conditions))
        who = set(evaluate.members(having, world.users, world.catalogue, as_of))
        assert each.members == tuple(len(sets[name] & who) for name in found.names)


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
    assert found.too_few == ()
    # Every number once more, as the count of a rule.
    for each in found.differences:
        for audience, hits, share in zip((here, there), each.members, each.shares, strict=True):
            among = AudienceCondition(id="among", audience=audience.id, in_=True)
            has = [node.model_copy(update={"id": f"v{n}"}) for n, node in enumerate(each.conditions)]
            rule = Rule(include=Group(id="g", match="all", children=(among, *has)))
            assert door.count(rule).answer.count == hits
            assert share == hits / door.count(door.audience_rule(audience)).answer.count


def test_an_audience_of_a_few_people_sets_nothing_apart(own_sample: Workspace) -> None:
    door = own_sample
    for name, rule in (("北京", bought("北京")), ("大客户", bought("", at_least=3000))):
        door.save_audience(name=name, rule=rule, actor=LI)
    few = Rule(include=bought("", at_least=3000).include, take=TakeTop(n=3, by="gmv"))
    door.save_audience(name="三个人", rule=few, actor=LI)
    of_three = door.what_sets_apart(["北京", "大客户", "三个人"])
    assert of_three.too_few == (("三个人", 3),)
    assert replace(of_three, too_few=()) == door.what_sets_apart(["北京", "大客户"])
    alone = door.what_sets_apart(["北京", "三个人"])
    assert (alone.names, alone.differences, alone.too_few) == ((), (), (("三个人", 3),))


def test_of_yes_and_no_only_yes_is_told(sample: Workspace) -> None:
    version, engine = sample._engine()
    day = sample.default_as_of()
    yes = {"kind": "tag", "id": "c", "tag": "card_opened", "op": "is_true"}
    group = {"kind": "group", "id": "g", "match": "all", "children": [yes]}
    with_card = engine.members(parse_rule({"version": 1, "include": group}), day)
    one = Asked("有卡", only(KeptPeople("with a card", lambda: with_card)))
    everybody = Asked("全部", Rule(include=Group(id="g", match="all")))
    found = apart([one, everybody], engine, version.catalogue, day)
    told = [each for each in found.differences if each.tag.key == "card_opened"]
    assert [(each.members[0], each.shares[0]) for each in told] == [(len(with_card), 1.0)]


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
