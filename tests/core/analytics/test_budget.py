"""Groups and a sum over them: every number by hand, as the count of its rule, and against DuckDB."""

from __future__ import annotations

import json
import math
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analytics import budget
from core.analytics.asking import Asking
from core.analytics.budget.splitting import whole_parts
from core.messages import message_of
from core.workspace import Workspace
from tests.core.analytics.paper import assert_every_figure_is_the_count_of_its_rule
from tests.core.analytics.shop import (
    AS_OF,
    JUNE,
    TO_NOW,
    asking,
    bought,
    files_of_sample,
    refused_by,
    wilson_by_hand,
)

# ---- groups -------------------------------------------------------------------------------------------------


def group(found: budget.BudgetGroups, name: str) -> budget.BudgetGroup:
    return next(each for each in found.groups if each.label["en"] == name)


SHOP = [
    # The window of 30 days up to 30 June begins on 1 June.
    {"source_channel": "ads", "cost": 10.0, "since": date(2019, 6, 1), "did": [bought("2019-06-01 00:00", 0.1), bought("2019-06-30 23:59", 0.2)]},
    {"source_channel": "ads", "cost": 20.0, "since": date(2019, 5, 31), "did": [bought("2019-05-31 23:59", 100.0)]},
    {"source_channel": "ads", "since": date(2019, 6, 30), "did": [bought("2019-07-01 00:00", 100.0)]},
    {"source_channel": "ads", "cost": 99.0, "since": date(2019, 7, 1), "did": [bought("2019-06-15 12:00", 5.0)]},
    {"source_channel": "friends", "since": date(2018, 1, 1), "did": [bought("2019-06-10 12:00", None)]},
    {"since": date(2018, 1, 1), "cost": 3.0},
]  # fmt: skip


def test_groups_can_be_counted_on_paper() -> None:
    asked = asking(SHOP)
    found = budget.groups(asked, JUNE, {"days": 30})
    assert [each.label["en"] for each in found.groups] == ["ads", "friends", "no value"]
    assert found.everybody.users == 5
    assert (found.window.first, found.window.last) == (JUNE.first, JUNE.last)
    ads = group(found, "ads")
    # Whoever came in July is none of them, whatever they did before.
    assert (ads.people.users, ads.new.users, ads.buyers.users, ads.orders) == (3, 2, 1, 2)
    assert ads.value == 0.3
    assert (ads.cost, ads.cost_known, ads.cost_per_person) == (30.0, 2, 15.0)
    assert ads.value_per_yuan == pytest.approx((0.3 / 3) / 15)
    assert ads.response is not None
    assert (ads.response.low, ads.response.high) == pytest.approx(wilson_by_hand(1, 3))
    friends = group(found, "friends")
    assert (friends.people.users, friends.new.users, friends.buyers.users, friends.orders) == (1, 0, 1, 1)
    assert (friends.value, friends.cost, friends.value_per_yuan) == (0.0, None, None)
    assert group(found, "no value").cost == 3.0
    assert assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF) == 10


def test_new_people_alone_can_be_compared() -> None:
    asked = asking(SHOP)
    found = budget.groups(asked, JUNE, {"days": 30, "whom": "new"})
    (ads,) = found.groups
    assert (found.everybody.users, ads.people.users, ads.new.users, ads.buyers.users) == (2, 2, 2, 1)
    assert (ads.cost, ads.cost_known, ads.value) == (10.0, 1, 0.3)
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_the_window_reaches_back_from_the_end_of_the_period_whatever_its_length() -> None:
    found = budget.groups(asking(SHOP), JUNE, {"days": 31})
    assert (group(found, "ads").buyers.users, group(found, "ads").value) == (2, 100.3)
    today = budget.groups(asking(SHOP), TO_NOW, {"days": 14})
    assert (group(today, "ads").people.users, group(today, "ads").value) == (4, 100.0)


def test_a_cost_that_is_told_goes_before_the_tag() -> None:
    found = budget.groups(asking(SHOP), JUNE, {"costs": {"friends": 50, "ads": 0}})
    assert (group(found, "friends").cost, group(found, "friends").cost_known) == (50.0, 1)
    assert (group(found, "ads").cost, group(found, "ads").value_per_yuan) == (0.0, None)
    assert group(found, "no value").cost == 3.0
    refused = refused_by(
        lambda: budget.groups(asking(SHOP), JUNE, {"costs": {"freinds": 1}}), "budget_cost_of_nobody"
    )
    assert refused.problems[0].nearest == "friends"
    for wrong in ({"ads": -1}, {"ads": "1"}, {"ads": math.inf}, ["ads"], {1: 1}):
        refused_by(
            lambda wrong=wrong: budget.groups(asking(SHOP), JUNE, {"costs": wrong}),
            "template_slot_not_amounts",
        )


def test_without_any_cost_it_is_not_known_rather_than_nothing() -> None:
    found = budget.groups(asking(SHOP), JUNE, {"cost": None})
    assert {each.cost for each in found.groups} == {None}


def test_a_yes_or_no_makes_groups_too() -> None:
    asked = asking([{"is_vip": True}, {"is_vip": False}, {"is_vip": False}, {}])
    found = budget.groups(asked, TO_NOW, {"group": "is_vip"})
    assert [(each.label["en"], each.people.users) for each in found.groups] == [
        ("no", 2),
        ("yes", 1),
        ("no value", 1),
    ]
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_nobody_and_nobody_new_say_so() -> None:
    for users, told in (
        ([], {}),
        ([{"since": date(2019, 7, 1)}], {}),
        ([{"since": date(2018, 1, 1)}], {"whom": "new"}),
    ):
        found = budget.groups(asking(users), JUNE, told)
        assert (found.groups, found.everybody.users) == ((), 0)
        assert found.note is not None
        split = budget.split(asking(users), JUNE, told)
        assert (split.shares, split.note) == ((), found.note)


def test_a_tag_with_very_many_values_is_refused() -> None:
    asked = asking([{"title": f"t{n}"} for n in range(51)])
    refused = refused_by(lambda: budget.groups(asked, TO_NOW, {"group": "title"}), "budget_too_many_groups")
    assert "51" in message_of(refused.problems[0])["zh"]
    assert (
        len(budget.groups(asking([{"title": f"t{n}"} for n in range(50)]), TO_NOW, {"group": "title"}).groups)
        == 50
    )


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"group": "city"}, "template_slot_not_one_of"),
        ({"group": None}, "template_slot_empty"),
        ({"group": "interests"}, "template_slot_not_one_of"),
        ({"purchase": "buy"}, "template_slot_not_one_of"),
        ({"purchase": "register"}, "template_slot_not_one_of"),
        ({"days": 0}, "template_slot_out_of_bounds"),
        ({"sum": 0.5}, "template_slot_not_whole"),
        ({"whom": "old"}, "template_slot_not_one_of"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(told: dict[str, Any], code: str) -> None:
    refused_by(lambda: budget.groups(asking(SHOP), JUNE, told), code)
    refused_by(lambda: budget.split(asking(SHOP), JUNE, told), code)


def test_data_without_the_events_say_what_is_lacking() -> None:
    bare = asking([{}], tags=(), events=())
    for ask in (
        lambda: budget.groups(bare, JUNE),
        lambda: budget.split(bare, JUNE),
        lambda: budget.coupons(bare, JUNE),
        lambda: budget.last_activity(bare),
    ):
        refused_by(ask, "template_slot_nothing")


# ---- a sum over groups --------------------------------------------------------------------------------------


def crowd(
    channel: str | None, people: int, buyers: int, amount: float, cost: float | None
) -> list[dict[str, Any]]:
    more: dict[str, Any] = {} if cost is None else {"cost": cost}
    return [
        {"source_channel": channel, **more, "did": [bought("2019-07-01 12:00", amount)] if n < buyers else []}
        for n in range(people)
    ]


def test_a_sum_is_split_by_the_lower_bound_of_what_a_yuan_brings() -> None:
    asked = asking(
        [
            *crowd("a", 100, 20, 50.0, 4.0),
            *crowd("b", 40, 10, 30.0, 2.0),
            *crowd("few", 29, 29, 1000.0, 1.0),
            *crowd("unknown cost", 30, 5, 10.0, None),
            *crowd("free", 30, 5, 10.0, 0.0),
            *crowd("no buyers", 30, 0, 0.0, 1.0),
            *crowd("given away", 30, 5, 0.0, 1.0),
            *crowd(None, 50, 5, 10.0, 1.0),
        ]
    )
    found = budget.split(asked, TO_NOW, {"sum": 10_001})
    weight_a = wilson_by_hand(20, 100)[0] * 50 / 4
    weight_b = wilson_by_hand(10, 40)[0] * 30 / 2
    a, b = (next(each for each in found.shares if each.group.label["en"] == name) for name in "ab")
    assert (a.weight, b.weight) == pytest.approx((weight_a, weight_b))
    quota = 10_001 * weight_a / (weight_a + weight_b)
    # Of two remainders that add up to one yuan the larger one gets it.
    assert a.yuan == round(quota)
    assert a.yuan + b.yuan == found.total == 10_001
    low, high = wilson_by_hand(20, 100)
    reached = a.yuan / 4
    assert a.people == reached
    assert (a.buyers.value, a.buyers.low, a.buyers.high) == pytest.approx(
        (reached * 0.2, reached * low, reached * high)
    )
    assert (a.value.value, a.value.low, a.value.high) == pytest.approx(
        (reached * 10, reached * low * 50, reached * high * 50)
    )
    assert found.value.low == pytest.approx(a.value.low + b.value.low)
    assert found.buyers.high == pytest.approx(a.buyers.high + b.buyers.high)
    reasons = {each.group.label["en"]: each.why["en"] for each in found.left_out}
    assert reasons == {
        "few": "only 29 people; below 30 the response says little",
        "unknown cost": "its cost is not known",
        "free": "its cost is 0: what a yuan brings cannot be told",
        "no buyers": "nobody bought in the window",
        "given away": "its purchases add up to nothing",
        "no value": "no value of 'source_channel', so nowhere to spend it",
    }
    assert a.warning is not None
    assert f"about {round(reached):,} people, more than the 100" in a.warning["en"]
    assert found.note is None
    assert len(found.assumptions) == 4
    assert found.as_json()["total"] == 10_001
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)
    again = budget.split_of(found.groups, 1)
    assert sum(each.yuan for each in again.shares) == 1
    assert all(each.warning is None for each in again.shares)


def test_where_no_group_can_take_anything_there_is_no_split_and_a_reason_for_each() -> None:
    found = budget.split(asking(SHOP), JUNE)
    assert found.shares == ()
    assert found.note is not None
    assert found.note["en"].startswith("No group can be given anything")
    assert len(found.left_out) == len(found.groups.groups) == 3
    assert (found.buyers.value, found.value.high) == (0, 0)


@given(
    st.integers(1, 10**12),
    st.lists(st.floats(1e-9, 1e9, allow_nan=False, allow_infinity=False), min_size=1, max_size=50),
)
def test_whole_parts_add_up_exactly_and_are_a_yuan_at_most_from_their_quota(
    total: int, weights: list[float]
) -> None:
    parts = whole_parts(total, weights)
    assert sum(parts) == total
    whole = sum(map(Fraction, weights), Fraction(0))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1


def test_equal_remainders_go_to_the_first() -> None:
    assert whole_parts(10, [1.0, 1.0, 1.0]) == [4, 3, 3]
    assert whole_parts(1, [1.0, 1.0]) == [1, 0]
    assert whole_parts(50_000, []) == []


def test_answers_can_be_written_as_json() -> None:
    for users in (SHOP, [], crowd("a", 30, 3, 9.0, 1.0)):
        for found in (budget.groups(asking(users), JUNE), budget.split(asking(users), TO_NOW)):
            assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()


# ---- the sample, against DuckDB -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sample(sample: Workspace) -> Asking:
    _, engine = sample._engine()
    return Asking(engine, engine.catalogue, AS_OF)


@pytest.fixture(scope="module")
def files() -> duckdb.DuckDBPyConnection:
    return files_of_sample("users", "orders", "channel_costs")


# Buyers and value of the 90 days up to 30 June; who came later is nobody's. Each month's spend on a channel is
# shared equally among all who signed up through it in that month, to the cent.
GROUPS = """
    WITH costs AS (
        SELECT u.user_id, round(CAST(c.cost_yuan AS DOUBLE) / count(*) OVER (PARTITION BY u.source_channel, c.month), 2)::DECIMAL(12, 2) AS cost
        FROM users u JOIN channel_costs c ON c.source_channel = u.source_channel AND c.month = u.registered_at[1:7]
    ), bought AS (
        SELECT user_id, count(*) AS orders, sum(CAST(amount AS DECIMAL(12, 2))) AS value FROM orders
        WHERE paid_at IS NOT NULL AND CAST(paid_at AS TIMESTAMP) >= TIMESTAMP '2019-04-02'
            AND CAST(paid_at AS TIMESTAMP) < TIMESTAMP '2019-07-01'
        GROUP BY user_id
    )
    SELECT coalesce(u.source_channel, 'no value'), count(*),
        count(*) FILTER (CAST(u.registered_at AS TIMESTAMP) >= TIMESTAMP '2019-06-01'),
        count(b.user_id), coalesce(sum(b.orders), 0), coalesce(sum(b.value), 0), sum(c.cost), count(c.cost)
    FROM users u LEFT JOIN costs c USING (user_id) LEFT JOIN bought b USING (user_id)
    WHERE CAST(u.registered_at AS TIMESTAMP) < TIMESTAMP '2019-07-01'
    GROUP BY 1
"""


def test_the_groups_of_the_sample_are_those_that_sql_finds(
    of_sample: Asking, files: duckdb.DuckDBPyConnection
) -> None:
    found = budget.groups(of_sample, JUNE)
    expected = {name: numbers for name, *numbers in files.execute(GROUPS).fetchall()}
    assert {
        each.label["zh"] if each.kind == "value" else "no value" for each in found.groups
    } == expected.keys()
    for each in found.groups:
        name = each.label["zh"] if each.kind == "value" else "no value"
        people, new, buyers, orders, value, cost, known = expected[name]
        assert (each.people.users, each.new.users, each.buyers.users, each.orders) == (
            people,
            new,
            buyers,
            orders,
        )
        assert (each.value, each.cost_known) == (float(value), known)
        assert each.cost == (None if cost is None else pytest.approx(float(cost), abs=0.01 * known))
    assert_every_figure_is_the_count_of_its_rule(found, of_sample.engine, AS_OF)
    split = budget.split(of_sample, JUNE)
    assert sum(share.yuan for share in split.shares) == split.total == 50_000
    assert [each.group.kind for each in split.left_out] == ["missing"]
