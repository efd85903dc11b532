"""The time machine counts each week plainly, can be stopped, and says what people did since."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.explain import history
from core.clock import local_day
from core.engines.memory import MemoryEngine
from core.errors import CallerError, Cancelled
from core.rules import evaluate
from core.rules.exact import exact_total, scaled
from core.rules.measures import present
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked
from tests.core.engines.worlds import World, days, rules, worlds


@given(worlds, rules(), days)
@settings(max_examples=25, deadline=None)
def test_every_week_is_counted_plainly(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    now = engine.count(rule, as_of)
    found = list(history.weeks(rule, engine, as_of, many=5))
    assert [week.as_of for week in found] == [as_of - timedelta(days=7 * n) for n in range(5)]
    assert [(week.done, week.total) for week in found] == [(n, 5) for n in range(1, 6)]
    assert (found[0].count, found[0].matched, found[0].base) == (now.count, now.matched, now.base)
    for week in found:
        assert week.count == len(evaluate.members(rule, world.users, world.catalogue, week.as_of))
        assert week.base == sum(evaluate.in_base(user, week.as_of) for user in world.users)


@given(worlds, rules(), days, st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_what_they_did_since_is_counted_plainly(
    world: World, rule_json: dict[str, Any], day: date, length: int
) -> None:
    rule = asked(rule_json, world.catalogue)
    engine, until = MemoryEngine(world.tables()), day + timedelta(days=length)
    found = history.since(rule, engine, world.catalogue, day, until, event="buy", prop="amount")
    members = set(evaluate.members(rule, world.users, world.catalogue, day))
    base = {user.user_id for user in world.users if evaluate.in_base(user, day)}
    for group, people in ((found.members, members), (found.base, base)):
        bought = [
            [o for o in user.events.get("buy", ()) if day < local_day(o.at, world.catalogue.zone) <= until]
            for user in world.users
            if user.user_id in people
        ]
        total = sum(scaled(value) for done in bought for value in present(done, "amount"))
        assert group.people == len(people)
        assert group.did.users == sum(bool(done) for done in bought)
        assert group.did.occurrences == sum(map(len, bought))
        assert group.did.total == float(exact_total(total))
    if found.ratio is not None:
        share = found.members.did.users / found.members.people
        assert found.ratio == pytest.approx(share / (found.base.did.users / found.base.people))


@given(worlds, rules(), days)
@settings(max_examples=50, deadline=None)
def test_an_engine_aside_answers_the_same(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables(), shard_rows=64)
    assert engine.aside().count(rule, as_of) == engine.count(rule, as_of)
    assert engine.aside().members(rule, as_of).equals(engine.members(rule, as_of))


CITY = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}
BOUGHT = {
    "kind": "event", "id": "c2", "event": "buy", "measure": "count", "op": "gte", "value": 1,
    "window": {"last": 7, "unit": "day"},
}  # fmt: skip


def rule_of(*conditions: dict[str, Any]) -> dict[str, Any]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include}


def test_the_small_files_weeks_by_hand(workspace: Workspace) -> None:
    seen: list[int] = []
    found = workspace.history(
        workspace.parse(rule_of(BOUGHT)), weeks=7, progress=lambda week: seen.append(week.done)
    )
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    counts = {week.as_of.isoformat(): week.count for week in found.weeks}
    # Bought on 3 and 6 June and on 1 July.
    assert counts == {
        "2019-06-02": 0, "2019-06-09": 2, "2019-06-16": 0, "2019-06-23": 0, "2019-06-30": 0,
        "2019-07-07": 1, "2019-07-14": 0,
    }  # fmt: skip
    assert found.not_historical == ()
    assert workspace.history(workspace.parse(rule_of(CITY)), weeks=2).not_historical == ("city",)


def test_it_can_be_stopped_at_any_week(workspace: Workspace) -> None:
    rule = workspace.parse(rule_of(BOUGHT))
    left = iter([False, False, True])
    with pytest.raises(Cancelled):
        workspace.history(rule, weeks=10, cancelled=lambda: next(left))
    assert len(list(islice(workspace.weeks(rule, weeks=10), 3))) == 3


def test_other_days_are_remembered_aside(workspace: Workspace) -> None:
    world_engine = workspace._engine()[1]
    assert isinstance(world_engine, MemoryEngine)
    rule = workspace.parse(rule_of(BOUGHT, CITY))
    workspace.count(rule)
    before = len(world_engine._cache.values())
    workspace.history(rule, weeks=6)
    assert len(world_engine._cache.values()) == before


def test_since_takes_the_likeliest_event_and_amount(workspace: Workspace) -> None:
    found = workspace.since(workspace.parse(rule_of(CITY)), date(2019, 6, 2))
    assert (found.event, found.number, found.until) == ("buy", "amount", date(2019, 7, 14))
    assert found.as_json()["members"] == {
        "people": 3, "users": 1, "share": 1 / 3, "occurrences": 1, "total": 99.5, "total_per_head": 99.5 / 3,
    }  # fmt: skip
    assert (found.base.did.users, found.base.did.occurrences, found.base.did.total) == (2, 3, 149.5)
    viewed = workspace.since(workspace.parse(rule_of(CITY)), date(2019, 6, 2), event="view")
    assert (viewed.event, viewed.number) == ("view", None)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda w, r: w.history(r, weeks=0), "weeks_out_of_range"),
        (lambda w, r: w.history(r, weeks=521), "weeks_out_of_range"),
        (lambda w, r: w.history(r, weeks=10**18), "weeks_out_of_range"),
        (lambda w, r: w.history(r, date(1900, 1, 8), weeks=9), "as_of_out_of_range"),
        (lambda w, r: w.since(r, date(2019, 7, 14)), "since_not_before"),
        (lambda w, r: w.since(r, date(2019, 6, 1), event="byu"), "event_unknown"),
        (lambda w, r: w.since(r, date(2019, 6, 1), prop="channel"), "number_unknown"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Any, code: str, workspace: Workspace) -> None:
    with pytest.raises(CallerError) as refused:
        ask(workspace, workspace.parse(rule_of(CITY)))
    assert refused.value.code == code
