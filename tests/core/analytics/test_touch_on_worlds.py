"""Channels, attribution, touch and coupons on random marketplaces: figures are counts of rules, sums add up."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.asking import Asking
from core.analytics.attribution import MODELS, attribution
from core.analytics.channels import channels
from core.analytics.coupons import coupons
from core.analytics.periods import Period
from core.analytics.touches import chain
from core.clock import add_days
from core.engines.memory import MemoryEngine
from core.errors import RuleError
from core.messages import message_of
from tests.core.analytics.made import asking, assert_every_figure_is_the_count_of_its_rule
from tests.core.engines.agreement import asked
from tests.core.engines.worlds import World, days, rules, worlds

SOME = settings(max_examples=30, deadline=None)
SHOP = {"purchase": "buy", "amount": "amount"}
lengths = st.sampled_from([1, 30, 400])


def question(world: World, rule_json: dict[str, Any], as_of: date) -> Asking:
    rule = asked({"version": 1, "include": rule_json["include"]}, world.catalogue)
    return Asking(MemoryEngine(world.tables()), world.catalogue, as_of, rule)


@given(
    worlds,
    rules(with_take=False),
    days,
    lengths,
    st.sampled_from(["city", "title", "visit.category"]),
)
@SOME
def test_channels_add_up(
    world: World, rule_json: dict[str, Any], as_of: date, length: int, channel: str
) -> None:
    question_ = question(world, rule_json, as_of)
    told = {**SHOP, "channel": channel, "activity": ["visit"], "cost": "points", "lost_days": 59}
    found = channels(question_, Period(add_days(as_of, -length), as_of), told)
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    for row in (found.everybody, *found.rows):
        assert row.retained.users + row.lost.users == row.active_before.users
        assert row.converted.users <= row.active.users
        assert row.orders >= row.converted.users
    if not found.is_overlapping:
        for name, figure in found.everybody.figures().items():
            assert sum(row.figures()[name].users for row in found.rows) == figure.users, name
        assert sum(row.orders for row in found.rows) == found.everybody.orders
        assert sum(row.gmv or 0 for row in found.rows) == pytest.approx(found.everybody.gmv or 0)
    found.as_json()


@given(
    worlds,
    rules(with_take=False),
    days,
    lengths,
    st.sampled_from([1, 60, 365]),
    st.booleans(),
)
@SOME
def test_credits_add_up(
    world: World, rule_json: dict[str, Any], as_of: date, length: int, lookback: int, has_amount: bool
) -> None:
    question_ = question(world, rule_json, as_of)
    told = {**SHOP, "touches": ["visit.category"], "lookback_days": lookback}
    found = attribution(
        question_, Period(add_days(as_of, -length), as_of), told if has_amount else {**told, "amount": None}
    )
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    assert found.untouched.users <= found.buyers.users
    for model in MODELS:
        credited = [touch.credits[model] for touch in found.touches]
        assert sum(c.orders for c in credited) + found.without_touch.orders == pytest.approx(
            found.total.orders
        )
        if has_amount:
            revenue = sum(c.revenue or 0 for c in credited) + (found.without_touch.revenue or 0)
            assert revenue == pytest.approx(found.total.revenue, abs=1e-5)
    found.as_json()


@given(worlds, rules(with_take=False), days, lengths)
@SOME
def test_steps_never_grow(world: World, rule_json: dict[str, Any], as_of: date, length: int) -> None:
    question_ = question(world, rule_json, as_of)
    period = Period(add_days(as_of, -length), as_of)
    found = chain(
        question_, period, {"chain": ["visit"], "by": "category", "outcomes": ["buy"], "outcome_days": 40}
    )
    assert_every_figure_is_the_count_of_its_rule(question_, found)
    for row in (found.everything, *found.rows):
        many = [step.people.users for step in row.steps]
        assert many == sorted(many, reverse=True)
    of_coupons = coupons(question_, period, {"claim": "visit", "redeem": "buy", "coupon": "category"})
    assert_every_figure_is_the_count_of_its_rule(question_, of_coupons)
    assert sum(row.claims for row in of_coupons.rows) == of_coupons.everything.claims
    assert sum(row.redemptions for row in of_coupons.rows) == of_coupons.everything.redemptions
    found.as_json()
    of_coupons.as_json()


@pytest.mark.parametrize("analysis", [channels, attribution, chain, coupons])
def test_data_without_events_are_refused_with_what_is_missing(analysis: Any) -> None:
    with pytest.raises(RuleError) as refused:
        analysis(asking({"ann": {}}, {}), Period(date(2019, 6, 1), date(2019, 6, 30)))
    assert {problem.code for problem in refused.value.problems} == {"template_slot_nothing"}
    assert all(
        message_of(problem)[language] for problem in refused.value.problems for language in ("zh", "en")
    )
