"""Budget, coupons and activities: every number by hand, as the count of its rule, and against DuckDB."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analytics import budget
from core.analytics.asking import Asking
from core.analytics.budget.splitting import whole_parts
from core.analytics.periods import Period
from core.errors import RuleError
from core.messages import message_of
from core.schema import EventSpec, TagSpec, TagType
from core.workspace import Workspace
from tests.core.analytics import paper
from tests.core.analytics.paper import assert_every_figure_is_the_count_of_its_rule, event, tag

SAMPLE = Path(__file__).parents[3] / "sample_data"
AS_OF = date(2019, 7, 14)
JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
TO_NOW = Period(date(2019, 6, 15), AS_OF)
TAGS = (
    tag("source_channel", TagType.ENUM), tag("cost", TagType.NUMBER), tag("interests", TagType.MULTI),
    tag("registered_on", TagType.DATE), tag("is_vip", TagType.BOOLEAN), tag("title", TagType.TEXT),
)  # fmt: skip
EVENTS = (
    event("register"), event("purchase", amount=TagType.NUMBER), event("coupon_claim", coupon=TagType.ENUM),
    event("coupon_redeem", coupon=TagType.ENUM), event("activity_join", activity=TagType.ENUM),
)  # fmt: skip


def asking(
    users: list[dict[str, Any]], tags: tuple[TagSpec, ...] = TAGS, events: tuple[EventSpec, ...] = EVENTS
) -> Asking:
    return paper.asking(users, AS_OF, tags, events)


def bought(at: str, amount: float | None) -> tuple[str, str, dict[str, Any]]:
    return "purchase", at, {"amount": amount}


def claimed(at: str, coupon: str | None) -> tuple[str, str, dict[str, Any]]:
    return "coupon_claim", at, {"coupon": coupon}


def redeemed(at: str, coupon: str) -> tuple[str, str, dict[str, Any]]:
    return "coupon_redeem", at, {"coupon": coupon}


def joined(at: str, activity: str | None) -> tuple[str, str, dict[str, Any]]:
    return "activity_join", at, {"activity": activity}


def wilson_by_hand(hits: int, size: int) -> tuple[float, float]:
    z, p = 1.959963984540054, hits / size
    middle = (p + z * z / (2 * size)) / (1 + z * z / size)
    reach = z / (1 + z * z / size) * math.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
    return middle - reach, middle + reach


def refused_by(ask: Any, code: str) -> RuleError:
    with pytest.raises(RuleError) as refused:
        ask()
    assert code in [problem.code for problem in refused.value.problems]
    for problem in refused.value.problems:
        assert all(message_of(problem).values())
    return refused.value


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
    assert f"about {round(reached)} people, more than the 100" in a.warning["en"]
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


# ---- coupons ------------------------------------------------------------------------------------------------

CLAIMS = [
    # Came on the last day of June and claimed at once, twice; redeemed it in June, bought for the first time.
    {"since": date(2019, 6, 30), "registered_on": date(2019, 6, 30), "did": [
        ("register", "2019-06-30 10:00", {}), claimed("2019-06-30 10:05", "x"), claimed("2019-06-30 10:06", "x"),
        redeemed("2019-06-30 11:00", "x"), bought("2019-06-30 11:00", 9.0)]},
    # Came on 1 June and claimed eight days later: too late to have come with it.
    {"since": date(2019, 6, 1), "registered_on": date(2019, 6, 1), "did": [
        ("register", "2019-06-01 10:00", {}), claimed("2019-06-09 10:00", "x")]},
    # Seven days later is not.
    {"since": date(2019, 6, 1), "registered_on": date(2019, 6, 1), "did": [
        ("register", "2019-06-01 10:00", {}), claimed("2019-06-08 09:00", "y")]},
    # An old user, who had bought before, claimed in June and redeemed in July.
    {"since": date(2018, 1, 1), "registered_on": date(2018, 1, 1), "did": [
        claimed("2019-06-05 10:00", "x"), claimed("2019-06-05 10:00", "y"), redeemed("2019-07-01 00:00", "x"),
        bought("2019-05-01 10:00", 1.0), bought("2019-06-06 10:00", 1.0)]},
    # Claimed outside of June, and a coupon without a name.
    {"did": [claimed("2019-05-31 23:59", "x"), claimed("2019-07-01 00:00", "z"), claimed("2019-06-10 00:00", None)]},
]  # fmt: skip


def of_coupon(found: budget.Coupons, name: str) -> budget.Coupon:
    return next(row for row in found.rows if row.label["en"] == name)


def test_coupons_can_be_counted_on_paper() -> None:
    asked = asking(CLAIMS)
    found = budget.coupons(asked, JUNE)
    assert [row.label["en"] for row in found.rows] == ["x", "y"]
    x, y = found.rows
    assert (x.claimed.users, x.claims) == (3, 4)
    assert x.redeemed is not None
    assert x.first_orders is not None
    assert (x.redeemed.users, x.redemptions, x.registered.users, x.first_orders.users) == (1, 1, 1, 1)
    assert x.redemption is not None
    assert (x.redemption.value, x.redemption.low, x.redemption.high) == pytest.approx(
        (1 / 3, *wilson_by_hand(1, 3))
    )
    assert (y.claimed.users, y.claims, y.registered.users) == (2, 2, 1)
    assert y.redeemed is not None
    assert y.first_orders is not None
    assert (y.redeemed.users, y.first_orders.users) == (0, 0)
    together = found.together
    assert (together.claimed.users, together.claims, together.registered.users) == (4, 6, 2)
    assert found.note is None
    assert "within 7 days" in found.how_registered["en"]
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_registrations_are_as_near_as_the_data_can_tell() -> None:
    asked = asking(CLAIMS)
    by_event = budget.coupons(asked, JUNE, {"registered": None})
    assert (of_coupon(by_event, "x").registered.users, of_coupon(by_event, "y").registered.users) == (1, 1)
    by_period = budget.coupons(asked, JUNE, {"registered": None, "register": None})
    # Also who came on 1 June and claimed on the 9th.
    assert (of_coupon(by_period, "x").registered.users, of_coupon(by_period, "y").registered.users) == (2, 1)
    assert "cannot be told how far apart" in by_period.how_registered["en"]
    for found in (by_event, by_period):
        assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_who_registered_within_a_week_after_a_claim_came_with_it() -> None:
    users = [
        {"since": date(2019, 6, day), "registered_on": date(2019, 6, day), "did": [claimed("2019-06-01 10:00", "x"), ("register", f"2019-06-{day:02} {hour}", {})]}
        for day, hour in ((8, "10:00"), (8, "10:01"), (2, "00:00"))
    ]  # fmt: skip
    assert of_coupon(budget.coupons(asking(users), JUNE), "x").registered.users == 2


def test_without_redemptions_and_purchases_these_are_not_known_rather_than_none() -> None:
    events = (event("coupon_claim", coupon=TagType.ENUM),)
    found = budget.coupons(asking([{"did": [claimed("2019-06-01 10:00", "x")]}], events=events), JUNE)
    (x,) = found.rows
    assert (x.claimed.users, x.redeemed, x.redemption, x.first_orders) == (1, None, None, None)
    refused_by(lambda: budget.coupons(asking(CLAIMS), JUNE, {"redeemed": None}), "template_slot_empty")


def test_where_nobody_claimed_a_coupon_it_says_so() -> None:
    for users in ([], [{}], [{"did": [claimed("2019-07-01 00:00", "x")]}]):
        found = budget.coupons(asking(users), JUNE)
        assert found.rows == ()
        assert found.together.claimed.users == 0
        assert found.note is not None
        assert found.note["zh"] == "2019-06-01 至 2019-06-30 没有人领取优惠券。"


def test_coupons_that_are_too_many_are_named_by_their_number() -> None:
    found = budget.coupons(
        asking([{"did": [claimed("2019-06-01 10:00", f"c{n:02}") for n in range(53)]}]), JUNE
    )
    assert (len(found.rows), found.more, found.together.claims) == (50, 3, 53)


# ---- the latest activity ------------------------------------------------------------------------------------


def test_the_latest_activity_is_the_one_that_somebody_joined_last() -> None:
    asked = asking(
        [
            {
                "interests": {"a", "b"},
                "did": [joined("2019-07-14 10:00", "new"), joined("2019-07-01 10:00", "old")],
            },
            {"interests": {"a"}, "did": [joined("2019-06-01 10:00", "new")]},
            {
                "interests": {"b"},
                "did": [joined("2019-07-14 09:59", "old"), joined("2019-07-14 23:00", None)],
            },
            {"interests": {"b"}, "did": [joined("2019-07-15 00:00", "later")]},
            {"did": [joined("2019-07-02 10:00", "old"), joined("2019-07-03 10:00", "old")]},
            {"since": date(2019, 8, 1), "interests": {"a"}, "did": [joined("2019-07-14 11:00", "later")]},
        ]
    )
    found = budget.last_activity(asked)
    assert found.activity is not None
    assert (found.activity.label["en"], found.activity.joined.users, found.activity.times) == ("new", 2, 2)
    assert found.activity.last_on == AS_OF
    assert [(each.label["en"], each.joined.users, each.times) for each in found.before] == [("old", 3, 4)]
    (liked,) = found.likes
    # Both joiners like a, as 2 of 5 do; one of them b, as 3 of 5 do.
    assert [
        (row.label["en"], row.figure.users, row.everybody.users, round(row.index or 0, 6))
        for row in liked.rows
    ] == [
        ("a", 2, 2, 250.0),
        ("b", 1, 3, 83.333333),
    ]
    assert liked.missing.users == 0
    assert found.is_small
    assert all(row.is_small for row in liked.rows)
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_of_activities_joined_at_the_same_moment_the_larger_is_the_latest() -> None:
    asked = asking(
        [
            {"did": [joined("2019-07-14 10:00", "a"), joined("2019-07-14 10:00", "b")]},
            {"did": [joined("2019-07-01 10:00", "b")]},
        ]
    )
    found = budget.last_activity(asked)
    assert found.activity is not None
    assert found.activity.label["en"] == "b"


def test_thirty_people_are_no_longer_few() -> None:
    users = [{"interests": {"a"}, "did": [joined("2019-07-01 10:00", "x")]} for _ in range(30)]
    for some, is_small in ((users, False), (users[1:], True)):
        found = budget.last_activity(asking(some))
        assert (found.is_small, found.likes[0].rows[0].is_small) == (is_small, is_small)


def test_where_nobody_joined_anything_it_says_so() -> None:
    for users in ([], [{}], [{"did": [joined("2019-07-15 10:00", "x")]}]):
        found = budget.last_activity(asking(users))
        assert (found.activity, found.likes, found.before) == (None, (), ())
        assert found.note is not None
        assert found.as_json()["activity"] is None


# ---- the sample, against DuckDB -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sample(sample: Workspace) -> Asking:
    _, engine = sample._engine()
    return Asking(engine, engine.catalogue, AS_OF)


@pytest.fixture(scope="module")
def files() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    for name in ("users", "orders", "coupons", "activities", "channel_costs"):
        database.execute(
            f"CREATE TABLE {name} AS SELECT * FROM read_csv(?, all_varchar = true)",  # noqa: S608 - ours
            [str(SAMPLE / f"{name}.csv")],
        )
    return database


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


COUPONS = """
    WITH first_orders AS (
        SELECT user_id, min(CAST(paid_at AS TIMESTAMP)) AS first FROM orders WHERE paid_at IS NOT NULL GROUP BY 1
    ), claims AS (
        SELECT c.user_id, c.coupon, CAST(c.claimed_at AS TIMESTAMP) AS claimed, CAST(u.registered_at AS TIMESTAMP) AS came,
            f.first FROM coupons c JOIN users u USING (user_id) LEFT JOIN first_orders f USING (user_id)
        WHERE CAST(c.claimed_at AS DATE) BETWEEN DATE '2019-01-01' AND DATE '2019-06-30'
    ), redeemed AS (
        SELECT user_id, coupon FROM coupons
        WHERE CAST(redeemed_at AS DATE) BETWEEN DATE '2019-01-01' AND DATE '2019-06-30'
    )
    SELECT coupon, count(DISTINCT user_id), count(*),
        count(DISTINCT user_id) FILTER (EXISTS (FROM redeemed r WHERE r.user_id = c.user_id AND r.coupon = c.coupon)),
        (SELECT count(*) FROM redeemed r WHERE r.coupon = c.coupon AND r.user_id IN (SELECT user_id FROM claims d WHERE d.coupon = c.coupon)),
        count(DISTINCT user_id) FILTER (CAST(came AS DATE) BETWEEN DATE '2019-01-01' AND DATE '2019-06-30'
            AND abs(CAST(claimed AS DATE) - CAST(came AS DATE)) <= 7),
        count(DISTINCT user_id) FILTER (CAST(first AS DATE) BETWEEN DATE '2019-01-01' AND DATE '2019-06-30')
    FROM claims c GROUP BY coupon
"""


def test_the_coupons_of_the_sample_are_those_that_sql_finds(
    of_sample: Asking, files: duckdb.DuckDBPyConnection
) -> None:
    found = budget.coupons(of_sample, Period(date(2019, 1, 1), JUNE.last))
    shown = {
        row.label["zh"]: [
            row.claimed.users, row.claims, row.redeemed.users if row.redeemed else None, row.redemptions,
            row.registered.users, row.first_orders.users if row.first_orders else None,
        ]
        for row in found.rows
    }  # fmt: skip
    assert shown == {coupon: numbers for coupon, *numbers in files.execute(COUPONS).fetchall()}
    assert len(shown) > 3
    assert_every_figure_is_the_count_of_its_rule(found, of_sample.engine, AS_OF)


def test_the_latest_activity_of_the_sample_is_the_one_that_sql_finds(
    of_sample: Asking, files: duckdb.DuckDBPyConnection
) -> None:
    found = budget.last_activity(of_sample)
    latest = files.execute(
        "SELECT activity, count(DISTINCT user_id), count(*), max(joined_at) FROM activities GROUP BY 1 ORDER BY 4 DESC LIMIT 6"
    ).fetchall()
    assert found.activity is not None
    shown = [found.activity, *found.before]
    assert [(each.label["zh"], each.joined.users, each.times, str(each.last_on)) for each in shown] == [
        (name, users, times, last[:10]) for name, users, times, last in latest
    ]
    interests = files.execute(
        """
        WITH liked AS (SELECT user_id, unnest(string_split(interests, ';')) AS topic FROM users),
            joiners AS (SELECT DISTINCT user_id FROM activities WHERE activity = ?)
        SELECT topic, count(*) FILTER (user_id IN (FROM joiners)) AS joined, count(*) AS everybody,
            100 * (joined / (SELECT count(*) FROM joiners)) / (count(*) / (SELECT count(*) FROM users))
        FROM liked GROUP BY topic ORDER BY joined DESC LIMIT 10
        """,
        [latest[0][0]],
    ).fetchall()
    expected = {
        topic: (joined, everybody, pytest.approx(index)) for topic, joined, everybody, index in interests
    }
    liked = next(each for each in found.likes if each.tag == "interests")
    assert {
        row.label["zh"]: (row.figure.users, row.everybody.users, row.index) for row in liked.rows
    } == expected
    assert_every_figure_is_the_count_of_its_rule(found, of_sample.engine, AS_OF)
