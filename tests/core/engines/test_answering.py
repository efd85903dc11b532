"""The quick way to an answer, without any number on the way, finds whom the way with numbers finds."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given, settings

from core.engines.memory import MemoryEngine
from core.engines.memory.tiles import Tiles
from core.engines.memory.tree import Pass, answering
from core.rules.edit import muted, negated, replaced
from core.rules.tree import Rule, nodes
from tests.core.engines.agreement import asked
from tests.core.engines.worlds import World, days, rules, worlds


@given(worlds, rules(), days)
@settings(max_examples=150, deadline=None)
def test_both_ways_to_an_answer_find_the_same_people(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    changed = [rule]
    for node in nodes(rule):
        changed.append(muted(rule, node.id))
        if node is not rule.include:
            changed.append(replaced(rule, node.id, negated(node)))
    for each in changed:
        assert_same(each, engine, as_of)


def assert_same(rule: Rule, engine: MemoryEngine, as_of: date) -> None:
    masks = engine._masks(rule, as_of)
    counted = Pass(rule, masks).run(Tiles(threads=1))
    assert answering(rule, masks).tolist() == counted.matched.tolist()
    assert counted.matching == int(sum(word.bit_count() for word in counted.matched.tolist()))
    answer = engine.count(rule, as_of)
    assert answer.matched == counted.matching
    assert answer.count == engine.sizes([rule], as_of)[0] == len(engine.members(rule, as_of))
