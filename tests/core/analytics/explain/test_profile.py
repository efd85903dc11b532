"""Profiles: counts by plain counting, statistics against their definitions worked out the long way."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.explain.profile import profile, usual_tags
from core.analytics.explain.statistics import benjamini_hochberg, hypergeometric_p, wilson
from core.engines.memory import MemoryEngine
from core.errors import CallerError
from core.rules import evaluate
from core.rules.edit import narrowed
from core.rules.tree import TakeTop
from core.tags.listing import EVERYBODY
from core.workspace import Workspace
from tests.core.analytics.explain.plain import asked, reread
from tests.core.engines.worlds import World, days, rules, worlds


@given(st.integers(0, 40), st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_fisher_s_test_adds_up_what_is_no_likelier(hits: int, size: int, drawn: int, holding: int) -> None:
    drawn, holding = min(drawn, size), min(holding, size)
    least, most = max(0, drawn + holding - size), min(drawn, holding)
    hits = min(max(hits, least), most)

    def chance(k: int) -> Fraction:
        ways = math.comb(holding, k) * math.comb(size - holding, drawn - k)
        return Fraction(ways, math.comb(size, drawn))

    expected = sum(chance(k) for k in range(least, most + 1) if chance(k) <= chance(hits))
    assert hypergeometric_p(hits, drawn, holding, size) == pytest.approx(float(expected), abs=1e-9)


def test_fisher_s_test_at_size() -> None:
    # The tea taster: 3 of 4 cups, p = 34/70.
    assert hypergeometric_p(3, 4, 4, 8) == pytest.approx(34 / 70)
    assert hypergeometric_p(120_000, 400_000, 300_000, 1_000_000) == pytest.approx(1.0, abs=0.01)
    # Two standard deviations off: nearly what the normal distribution says.
    spread = math.sqrt(120_000 * 0.7 * 600_000 / 999_999)
    two_off = hypergeometric_p(round(120_000 + 2 * spread), 400_000, 300_000, 1_000_000)
    assert two_off == pytest.approx(math.erfc(2 / math.sqrt(2)), rel=0.02)
    assert hypergeometric_p(300_000, 400_000, 300_000, 1_000_000) == 0.0
    assert hypergeometric_p(5, 5, 10, 10) == 1.0


def test_wilson_s_interval() -> None:
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775328), abs=1e-6)
    assert wilson(10, 10)[1] == 1.0


@given(st.integers(1, 500), st.data())
@settings(max_examples=60, deadline=None)
def test_wilson_s_ends_solve_the_score_equation(size: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, size))
    low, high = wilson(hits, size)
    assert 0 <= low <= hits / size <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            distance = abs(hits / size - end) / math.sqrt(end * (1 - end) / size)
            assert distance == pytest.approx(1.959963984540054, rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_benjamini_and_hochberg_reject_what_their_procedure_rejects(p_values: list[float]) -> None:
    q_values = benjamini_hochberg(p_values)
    ordered = sorted(p_values)
    for level in (0.01, 0.05, 0.2):
        passing = [k for k, p in enumerate(ordered, start=1) if p * len(p_values) / k <= level]
        limit = ordered[max(passing) - 1] if passing else -1.0
        assert [q <= level for q in q_values] == [p <= limit for p in p_values]


@given(worlds, rules(), days)
@settings(max_examples=50, deadline=None)
def test_traits_are_counted_plainly(world: World, rule_json: dict[str, Any], as_of: date) -> None:
    rule = asked(rule_json, world.catalogue)
    engine = MemoryEngine(world.tables())
    found = profile(
        rule, engine, world.catalogue, as_of, ["city", "points", "born", "interests", "vip"], minimum=3
    )
    members = set(evaluate.members(rule, world.users, world.catalogue, as_of))
    base = [user for user in world.users if evaluate.in_base(user, as_of)]
    assert (found.count, found.base) == (len(members), len(base))
    if not members:
        assert found.traits == ()
    for trait in found.traits:
        opened = reread(narrowed(EVERYBODY, trait.conditions), world.catalogue)
        having = {u.user_id for u in base if evaluate.holds(opened, u, world.catalogue, as_of)}
        assert trait.base == len(having) > 0
        assert trait.members == len(having & members)
        assert trait.tgi == pytest.approx(
            len(having & members) / len(members) * len(base) / len(having) * 100
        )
        assert trait.tgi_low <= trait.tgi * (1 + 1e-9)
        assert trait.tgi <= trait.tgi_high * (1 + 1e-9)
        assert trait.p <= trait.q * (1 + 1e-9)
        assert trait.is_small is (len(having) < 3 or len(members) < 3)
        if not isinstance(rule.take, TakeTop):
            assert (
                engine.count(reread(narrowed(rule, trait.conditions), world.catalogue), as_of).count
                == trait.members
            )
    ranks = [(t.is_small, not t.is_significant, -t.stands_out) for t in found.traits]
    assert ranks == sorted(ranks)
    for tag in ("city", "points", "born", "vip"):
        traits = [trait for trait in found.traits if trait.tag.key == tag]
        assert sum(trait.members for trait in traits) <= len(members)


def rule_of(*conditions: dict[str, object]) -> dict[str, object]:
    include = {"kind": "group", "id": "g0", "match": "all", "children": list(conditions)}
    return {"version": 1, "include": include}


BEIJING = {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": "北京"}


def test_everybody_stands_out_in_nothing(workspace: Workspace) -> None:
    for trait in workspace.profile(workspace.parse(rule_of())).traits:
        assert (trait.tgi, trait.p, trait.is_significant) == (100.0, 1.0, False)


def test_the_small_files_profile_by_hand(workspace: Workspace) -> None:
    found = workspace.profile(workspace.parse(rule_of(BEIJING)), ["level"], minimum=2)
    gold = next(trait for trait in found.traits if trait.value == "gold")
    assert (gold.members, gold.base, round(gold.tgi, 1)) == (2, 3, 155.6)
    assert gold.is_small is False
    assert gold.as_json()["conditions"] == [
        {"kind": "tag", "id": "level", "tag": "level", "op": "is", "value": "gold"}
    ]
    # 3 of 7 picked, 3 of 7 gold: only "2 or 3" and "0" are no likelier than 2, which has 12 of 35 chances.
    assert gold.p == pytest.approx(17 / 35)


def test_a_tag_named_twice_is_looked_at_once(workspace: Workspace) -> None:
    rule = workspace.parse(rule_of(BEIJING))
    assert workspace.profile(rule, ["city", "level", "city"]) == workspace.profile(rule, ["city", "level"])


def test_personal_tags_are_never_profiled(workspace: Workspace) -> None:
    assert {tag.key for tag in usual_tags(workspace.catalogue())}.isdisjoint(
        {"name", "phone", "email", "address", "card_id"}
    )
    for tag, code in (("phone", "profile_personal"), ("ctiy", "profile_tag_unknown")):
        with pytest.raises(CallerError) as refused:
            workspace.profile(workspace.parse(rule_of(BEIJING)), [tag])
        assert refused.value.code == code
        assert "phone" not in refused.value.problems[0].allowed
