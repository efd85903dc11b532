"""Suggestions count what they say, change little, and come nearer to the size."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.explain.moves import Moves
from core.analytics.explain.solve import MOST_SUGGESTIONS, solve
from core.analytics.explain.threshold import curve, movable
from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.rules import evaluate
from core.rules.edit import found, updated
from core.rules.parts import LastWindow
from core.rules.tree import EventCondition
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, reread, who
from tests.core.engines.worlds import World, days, rules, worlds


@given(worlds, rules(), days, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_every_suggestion_counts_what_it_says_and_comes_nearer(
    world: World, rule_json: dict[str, Any], as_of: date, target: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    base = engine.base_count(as_of)
    if target > base:
        with pytest.raises(RuleError):
            solve(rule, target, engine, world.catalogue, as_of)
        return
    solution = solve(rule, target, engine, world.catalogue, as_of)
    assert solution.count == len(evaluate.members(rule, world.users, world.catalogue, as_of))
    assert len(solution.suggestions) <= MOST_SUGGESTIONS
    if solution.count == target:
        assert solution.suggestions == ()
    for suggestion in solution.suggestions:
        opened = reread(suggestion.rule, world.catalogue)
        members = evaluate.members(opened, world.users, world.catalogue, as_of)
        assert suggestion.count == len(members)
        assert abs(suggestion.count - target) < abs(solution.count - target)
        changed = {change.node for change in suggestion.changes if change.kind != "take"}
        assert suggestion.changes
        assert len(changed) <= (2 if suggestion.kind == "two" else 1)


@given(worlds, rules(with_take=False), days, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_a_threshold_moves_to_where_it_comes_nearest(
    world: World, rule_json: dict[str, Any], as_of: date, target: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    moves = Moves(engine, world.catalogue, as_of, target)
    monotone = {"gt", "gte", "lt", "lte", "before", "after", "in_last", "not_in_last"}
    for threshold in movable(rule, world.catalogue):
        if threshold.op.key not in monotone:
            continue
        spread = engine.spread(rule, threshold.node.id, as_of)
        places = curve(threshold, spread, as_of).handles
        for move in moves.thresholds(rule, threshold, target):
            changed = found(move.rule, threshold.node.id)
            assert changed is not None
            assert len(who(move.rule, world, as_of)) == move.matched
            all_let_through = spread.fixed + spread.people
            best = min(
                (
                    abs(p.matched - target)
                    for handle, ps in places.items()
                    for p in ps
                    if p.matched != all_let_through and p.value != threshold.handles[handle]
                ),
                default=0,
            )
            assert move.matched is not None
            assert abs(move.matched - target) <= best or move.matched == all_let_through


def rule_of(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include, **more}


BEIJING = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
POINTS = {"kind": "tag", "id": "c2", "tag": "points", "op": "gt", "value": 100}
BOUGHT = {
    "kind": "event", "id": "c3", "event": "buy", "measure": "count", "op": "gte", "value": 1,
    "window": {"last": 20, "unit": "day"},
}  # fmt: skip


def kinds(workspace: Workspace, rule: dict[str, object], size: int) -> dict[str, list[tuple[int, str]]]:
    solution = workspace.solve(workspace.parse(rule), size)
    found: dict[str, list[tuple[int, str]]] = {}
    for suggestion in solution.suggestions:
        words = "; ".join(change.text["en"] for change in suggestion.changes)
        found.setdefault(suggestion.kind, []).append((suggestion.count, words))
    return found


def test_a_threshold_moves_to_a_round_number(workspace: Workspace) -> None:
    # Points in 北京: 120, 80.5, -3.
    found = kinds(workspace, rule_of(BEIJING, POINTS), 2)
    assert found["threshold"] == [(2, "“points is over 100” became “points is over 80”")]


def test_a_city_is_added_and_a_window_widened(workspace: Workspace) -> None:
    found = kinds(workspace, rule_of(BEIJING), 5)
    assert (
        found["values"][0] == (5, "“City is “北京”” became “City is one of “上海” and “北京””")
        or found["values"]
    )
    assert found["values"][0][0] == 5
    assert kinds(workspace, rule_of(BOUGHT), 2)["window"][0][0] == 2


def test_too_many_are_cut_by_a_take(workspace: Workspace) -> None:
    found = kinds(workspace, rule_of(), 2)
    assert found["take"][0][0] == 2
    assert found["take"][0][1].startswith("and at the end: then the 2 with the highest")


def test_a_take_that_is_there_changes_its_number(workspace: Workspace) -> None:
    found = kinds(workspace, rule_of(take={"n": 3, "by": "points"}), 5)
    assert found["take"][0] == (
        5,
        "“then the 3 with the highest points” became “then the 5 with the highest points”",
    )


@pytest.mark.parametrize("size", [0, -1, 8])
def test_a_size_that_cannot_be_is_refused(size: int, workspace: Workspace) -> None:
    with pytest.raises(RuleError) as refused:
        workspace.solve(workspace.parse(rule_of(BEIJING)), size)
    assert refused.value.code == "size_out_of_range"


def test_nothing_is_suggested_where_the_size_is_right(workspace: Workspace) -> None:
    assert workspace.solve(workspace.parse(rule_of(BEIJING)), 3).suggestions == ()


def test_a_changed_value_keeps_the_node_s_id(workspace: Workspace) -> None:
    rule = workspace.parse(rule_of(BEIJING, POINTS))
    assert found(updated(rule, "c2", value=5), "c2") is not None


def test_a_window_is_not_widened_to_before_the_data_of_its_own_day(workspace: Workspace) -> None:
    # Views are known from 1 June on: of 20 June that is 20 days, of the day asked for 44.
    viewed = {**BOUGHT, "event": "view", "window": {"last": 2, "unit": "day"}}
    then = {"kind": "group", "id": "g1", "match": "all", "as_of": "2019-06-20", "children": [viewed]}
    rule = workspace.parse(rule_of(then))
    engine, as_of = workspace._engine()[1], date(2019, 7, 14)
    answer = engine.count(rule, as_of)
    moves = Moves(engine, workspace.catalogue(), as_of, answer.base).all(rule, answer)
    widened = [found(move.rule, "c3") for move in moves if move.kind == "window"]
    assert [node.window.last for node in widened if isinstance(node, EventCondition)]
    for node in widened:
        assert isinstance(node, EventCondition)
        assert isinstance(node.window, LastWindow)
        assert node.window.last <= 20
