"""Coupons and activities: every number by hand, as the count of its rule, and against DuckDB."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest

from core.analytics import budget
from core.analytics.asking import Asking
from core.analytics.periods import Period
from core.messages import say
from core.schema import TagType
from core.workspace import Workspace
from tests.core.analytics.paper import assert_every_figure_is_the_count_of_its_rule, event
from tests.core.analytics.shop import (
    AS_OF,
    JUNE,
    asking,
    bought,
    claimed,
    files_of_sample,
    joined,
    redeemed,
    refused_by,
    wilson_by_hand,
)

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


def test_where_nobody_is_known_to_be_new_the_tag_or_the_event_of_registering_tells_it() -> None:
    asked = asking([{key: value for key, value in user.items() if key != "since"} for user in CLAIMS])
    assert not asked.knows_arrivals()
    # By the tag and by the event the same came on 30 and on 1 June; who had claimed too late did not count.
    for given in ({}, {"registered": None}, {"register": None}):
        found = budget.coupons(asked, JUNE, given)
        assert (of_coupon(found, "x").registered.users, of_coupon(found, "y").registered.users) == (1, 1)
        assert "within 7 days" in found.how_registered["en"]
        assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)
    in_july = budget.coupons(asked, Period(date(2019, 7, 1), AS_OF), {})
    assert in_july.together.registered.users == 0
    neither = budget.coupons(asked, JUNE, {"registered": None, "register": None})
    assert {row.registered for row in (*neither.rows, neither.together)} == {None}
    assert neither.how_registered == say("no_arrivals")
    assert of_coupon(neither, "x").claimed.users == 3


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


def test_answers_can_be_written_as_json() -> None:
    asked = asking(CLAIMS)
    for found in (
        budget.coupons(asked, JUNE),
        budget.last_activity(asked),
        budget.last_activity(asking([{}])),
    ):
        assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()


# ---- the sample, against DuckDB -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sample(sample: Workspace) -> Asking:
    _, engine = sample._engine()
    return Asking(engine, engine.catalogue, AS_OF)


@pytest.fixture(scope="module")
def files() -> duckdb.DuckDBPyConnection:
    return files_of_sample("users", "orders", "coupons", "activities")


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
