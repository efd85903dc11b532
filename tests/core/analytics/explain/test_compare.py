"""Two rules side by side: the parts add up, and open as rules of exactly these people."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from core.analytics.explain.compare import compare
from core.engines.memory import MemoryEngine
from core.errors import Cancelled
from core.rules import evaluate
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, reread
from tests.core.engines.worlds import World, days, rules, worlds


@given(worlds, rules(), rules(), days)
@settings(max_examples=60, deadline=None)
def test_the_parts_are_those_of_plain_counting(
    world: World, one: dict[str, Any], other: dict[str, Any], as_of: date
) -> None:
    here, there = asked(one, world.catalogue), asked(other, world.catalogue)
    engine = MemoryEngine(world.tables())
    found = compare(here, there, engine, world.catalogue, as_of, ())
    a, b = (set(evaluate.members(rule, world.users, world.catalogue, as_of)) for rule in (here, there))
    assert (found.here, found.there) == (len(a), len(b))
    for part, expected in ((found.both, a & b), (found.only_here, a - b), (found.only_there, b - a)):
        assert part.users == len(expected)
        if part.rule is not None:
            opened = reread(part.rule, world.catalogue)
            assert set(evaluate.members(opened, world.users, world.catalogue, as_of)) == expected
            assert engine.count(opened, as_of).count == part.users
        elif here.take is None and there.take is None:
            assert expected == set()
        if part.profile is not None:
            assert part.profile.count == part.users > 0
    assert found.both.profile is None


def rule_of(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
GOLD = {"kind": "tag", "id": "c2", "tag": "level", "op": "is", "value": "gold"}


def test_the_small_files_by_hand(workspace: Workspace) -> None:
    found = workspace.compare(workspace.parse(rule_of(CITY)), rule_of(GOLD))
    assert (found.both.users, found.only_here.users, found.only_there.users) == (2, 1, 1)
    assert found.only_there.rule is not None
    assert workspace.members(found.only_there.rule) == ["u05"]
    assert found.only_there.profile is not None
    assert {"phone", "name"}.isdisjoint(found.only_there.profile.tags)
    assert [change.kind for change in found.changes] == ["removed", "added"]


def test_it_is_told_how_far_both_sides_are_and_can_be_cancelled_at_any_tag(workspace: Workspace) -> None:
    here, there = workspace.parse(rule_of(CITY)), rule_of(GOLD)
    told: list[tuple[int, int]] = []
    found = workspace.compare(here, there, progress=lambda done, total: told.append((done, total)))
    assert found.only_here.profile is not None
    total = 2 * len(found.only_here.profile.tags)
    assert told == [(done, total) for done in range(1, total + 1)]
    for stop_after in (0, 1, total - 1):
        told.clear()
        with pytest.raises(Cancelled):
            workspace.compare(
                here, there,
                progress=lambda done, total: told.append((done, total)),
                cancelled=lambda: len(told) >= stop_after,  # noqa: B023  called before the loop goes on
            )  # fmt: skip
        assert len(told) == stop_after


def test_the_first_n_by_a_tag_have_no_rule_but_are_counted(workspace: Workspace) -> None:
    taken = rule_of(GOLD, take={"n": 1, "by": "points"})
    found = workspace.compare(workspace.parse(rule_of(GOLD)), taken)
    assert (found.here, found.there, found.both.users, found.only_here.users) == (3, 1, 1, 2)
    assert (found.both.rule, found.only_here.rule, found.only_here.profile) == (None, None, None)


def test_equal_shares_can_be_opened(workspace: Workspace) -> None:
    take = {"share": 0.5, "seed": "july"}
    found = workspace.compare(workspace.parse(rule_of(CITY, take=take)), rule_of(GOLD, take=take))
    assert found.both.rule is not None
    assert len(workspace.members(found.both.rule)) == found.both.users
