"""Every position of a threshold counts what the rule with that value counts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.explain import threshold
from core.engines.memory import MemoryEngine
from core.errors import CallerError, RuleError
from core.rules import evaluate
from core.rules.asked_on import days_of
from core.rules.edit import updated
from core.rules.measures import Occurrence
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, who
from tests.core.engines.worlds import World, catalogue_in, days, rules, worlds

SOME = settings(max_examples=60, deadline=None)


def count_with(world: World, rule_json: dict[str, Any], node: str, value: Any, as_of: date) -> int:
    return len(who(updated(asked(rule_json, world.catalogue), node, value=value), world, as_of))


@given(worlds, rules(), days)
@SOME
def test_positions_count_what_the_rule_with_that_value_counts(
    world: World, rule_json: dict[str, Any], as_of: date
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    for moved in threshold.movable(rule, world.catalogue):
        node = moved.node
        day = days_of(rule, as_of)[node.id].within
        found = threshold.curve(moved, engine.spread(rule, node.id, as_of), day)
        assert found.matched == len(who(rule, world, as_of))
        assert found.is_complete
        for handle, positions in found.handles.items():
            assert positions
            for place in positions:
                value = moved.moved(handle, place.value)
                changed = updated(rule, node.id, value=value)
                assert engine.count(changed, as_of).matched == place.matched
            for place in positions[:: max(1, len(positions) // 4)]:
                value = moved.moved(handle, place.value)
                assert count_with(world, rule_json, node.id, value, as_of) == place.matched
        assert sum(bar.users for bar in found.bars) == found.users - found.missing
        values = [step.value for step in found.steps]
        assert values == sorted(set(values))
        assert sum(step.at for step in found.steps) == found.users - found.missing
        so_far = 0
        for step in found.steps:
            assert step.below == so_far
            so_far += step.at


@given(worlds, rules(with_take=False), days, st.data())
@SOME
def test_an_arbitrary_value_is_counted_by_a_further_call(
    world: World, rule_json: dict[str, Any], as_of: date, data: st.DataObject
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    for moved in threshold.movable(rule, world.catalogue):
        if moved.handles.keys() != {"value"}:
            continue
        if moved.kind.value == "date":
            at: Any = data.draw(st.dates(date(1990, 1, 1), date(2021, 1, 1))).isoformat()
        else:
            at = data.draw(st.floats(-5, 4000) | st.sampled_from([0.3, 1 / 3, 2 / 3, 1e-6, 0.15]))
        day = days_of(rule, as_of)[moved.node.id].within
        found = threshold.curve(moved, engine.spread(rule, moved.node.id, as_of), day, at=at)
        assert found.at is not None
        assert found.at.matched == count_with(world, rule_json, moved.node.id, at, as_of)


@given(worlds, rules(), days)
@settings(max_examples=60, deadline=None)
def test_few_steps_are_exact_where_they_stand(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threshold, "MOST_STEPS", 4)
        patch.setattr(threshold, "BINS", 2)
        for moved in threshold.movable(rule, world.catalogue):
            spread = engine.spread(rule, moved.node.id, as_of)
            found = threshold.curve(moved, spread, days_of(rule, as_of)[moved.node.id].within)
            assert found.is_complete == (spread.values.n_unique() <= 4)
            for handle, positions in found.handles.items():
                for place in positions:
                    changed = updated(rule, moved.node.id, value=moved.moved(handle, place.value))
                    assert engine.count(changed, as_of).matched == place.matched


def rule_of(*conditions: dict[str, object], **more: object) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions), **more}
    return {"version": 1, "include": include}


BEIJING = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
POINTS = {"kind": "tag", "id": "c2", "tag": "points", "op": "gt", "value": 50}


def test_the_small_files_points_by_hand(workspace: Workspace) -> None:
    found = workspace.threshold(workspace.parse(rule_of(BEIJING, POINTS)), at=100).as_json()
    assert found["users"] == 3
    assert found["matched"] == 2
    assert found["steps"] == [
        {"value": -3.0, "below": 0, "at": 1},
        {"value": 50.0, "below": 1, "at": 0},
        {"value": 80.5, "below": 1, "at": 1},
        {"value": 120.0, "below": 2, "at": 1},
    ]
    assert found["handles"] == {
        "value": [
            {"value": -3.0, "matched": 2},
            {"value": 50.0, "matched": 2},
            {"value": 80.5, "matched": 1},
            {"value": 120.0, "matched": 0},
        ]
    }
    assert found["at"] == {"value": 100, "matched": 1}


def test_averages_are_compared_exactly_where_a_float_would_not_do() -> None:
    at = datetime(2019, 7, 1, tzinfo=UTC)
    bought = tuple(Occurrence(at, {"amount": amount}) for amount in (0.0, 0.0, 1.0))
    user = evaluate.OracleUser("u1", events={"buy": bought})
    world = World(catalogue_in("UTC"), (user,), (1,))
    node = {
        "kind": "event", "id": "c1", "event": "buy", "measure": "avg", "property": "amount", "op": "gt",
        "value": 1 / 3,
    }  # fmt: skip
    rule = asked(rule_of(node), world.catalogue)
    moved = threshold.chosen(rule, None, world.catalogue)
    found = threshold.curve(
        moved, MemoryEngine(world.tables()).spread(rule, "c1", date(2019, 7, 14)), date(2019, 7, 14)
    )
    # A third is above 0.3333333333333333, though the nearest float of both is the same.
    assert found.matched == len(who(rule, world, date(2019, 7, 14))) == 1


@pytest.mark.parametrize(
    ("conditions", "node", "code"),
    [
        ((BEIJING, POINTS), "c9", "node_unknown"),
        ((BEIJING, POINTS), "c1", "threshold_no_order"),
        ((BEIJING, POINTS), "g0", "threshold_no_order"),
        ((BEIJING, {**POINTS, "muted": True}), "c2", "threshold_muted"),
        ((BEIJING,), None, "threshold_none"),
        ((POINTS, {**POINTS, "id": "c3"}), None, "node_missing"),
        (({**POINTS, "op": "is_set", "value": None},), "c2", "threshold_no_order"),
        (({**POINTS, "value": {"tag": "spend"}},), "c2", "threshold_no_order"),
        (({**BEIJING, "tag": "phone"}, POINTS), "c1", "threshold_personal"),
    ],
)
def test_what_has_no_threshold_is_refused(
    conditions: tuple[dict[str, object], ...], node: str | None, code: str, workspace: Workspace
) -> None:
    with pytest.raises(CallerError) as refused:
        workspace.threshold(workspace.parse(rule_of(*conditions)), node)
    assert refused.value.code == code


def test_a_value_that_does_not_fit_is_refused_at_its_condition(workspace: Workspace) -> None:
    with pytest.raises(RuleError) as refused:
        workspace.threshold(workspace.parse(rule_of(POINTS)), at="many")
    assert (refused.value.code, refused.value.problems[0].node) == ("value_not_number", "c2")
