"""Touch: messages step by step and coupons, on paper, and on the sample against DuckDB's SQL."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.analytics import coupons as coupon_analysis
from core.analytics.asking import Asking
from core.analytics.coupons import Coupon, coupons
from core.analytics.explain.statistics import wilson
from core.analytics.periods import Period
from core.analytics.touches import Chain, TouchRow, chain, chain_slots
from core.errors import RuleError
from core.messages import message_of
from core.schema import TagType
from core.workspace import Workspace
from tests.core.analytics.made import asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
SAMPLE = Path(__file__).resolve().parents[3] / "sample_data"
CAMPAIGN = {"campaign": TagType.ENUM}
COUPON = {"coupon": TagType.TEXT}

PUSHES = [
    ("ann", "2019-06-01 00:00", {"campaign": "A"}),
    ("ann", "2019-06-02 00:00", {"campaign": "A"}),
    ("bob", "2019-06-30 23:59", {"campaign": "A"}),
    ("bob", "2019-06-20 10:00", {"campaign": "B"}),
    ("cat", "2019-05-31 23:59", {"campaign": "A"}),
    ("dan", "2019-06-10 10:00", {"campaign": "A"}),
    ("eve", "2019-06-10 10:00", {}),
]
DELIVERIES = [
    ("ann", "2019-06-01 00:00", {"campaign": "A"}),  # in the moment of the push
    ("bob", "2019-07-07 23:59", {"campaign": "A"}),  # on the last day that counts
    ("bob", "2019-06-20 10:01", {"campaign": "B"}),
    ("cat", "2019-06-01 10:00", {"campaign": "A"}),
    ("dan", "2019-07-08 00:00", {"campaign": "A"}),  # a day too late
    ("eve", "2019-06-10 10:01", {}),
]
CLICKS = [
    ("ann", "2019-06-01 08:00", {"campaign": "A"}),
    ("ann", "2019-06-01 09:00", {"campaign": "A"}),
    ("bob", "2019-06-20 12:00", {"campaign": "B"}),
    ("dan", "2019-06-10 12:00", {"campaign": "B"}),
]
BUYS = [("ann", "2019-06-08 09:00"), ("bob", "2019-06-20 12:00"), ("eve", "2019-06-10 12:00")]


def messages(buys: Any = BUYS, joins: Any = (), people: Any = ("ann", "bob", "cat", "dan", "eve")) -> Asking:
    events = {
        "message_push": (CAMPAIGN, PUSHES if people else []),
        "message_deliver": (CAMPAIGN, DELIVERIES if people else []),
        "message_click": (CAMPAIGN, CLICKS if people else []),
        "activity_join": ({"activity": TagType.ENUM}, joins),
        "purchase": ({"amount": TagType.NUMBER}, buys),
    }
    return asking({user: {} for user in people}, events)


def people(row: TouchRow) -> list[int]:
    return [step.people.users for step in row.steps]


def rows(found: Chain) -> dict[str, TouchRow]:
    return {row.label["en"]: row for row in found.rows}


def test_every_step_can_be_counted_on_paper() -> None:
    asked = messages()
    found = chain(asked, JUNE)
    told = rows(found)
    assert list(told) == ["A", "B", "no value"]
    assert people(told["A"]) == [3, 2, 1, 1]
    assert people(told["B"]) == [1, 1, 1, 0]  # bob bought at the very moment of the click, not after it
    assert people(told["no value"]) == [1, 1, 0, 0]
    assert people(found.everything) == [4, 3, 2, 1]
    assert [step.times for step in told["A"].steps] == [4, 2, 2, None]
    assert ids_of(asked, told["A"].steps[1].people) == ["ann", "bob"]
    assert [step.label["en"] for step in told["A"].steps][-1] == "any of: activity_join, purchase"
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_shares_are_of_the_step_before_and_of_the_first_with_wilsons_interval() -> None:
    steps = rows(chain(messages(), JUNE))["A"].steps
    assert steps[0].of_previous is None
    assert steps[0].of_first is None
    clicked = steps[2]
    assert clicked.of_previous is not None
    assert clicked.of_first is not None
    assert (clicked.of_previous.value, clicked.of_previous.low, clicked.of_previous.high) == (
        0.5,
        *wilson(1, 2),
    )
    assert (clicked.of_first.value, clicked.of_first.low, clicked.of_first.high) == (1 / 3, *wilson(1, 3))
    after_nobody = rows(chain(messages(), JUNE))["no value"].steps[3]
    assert after_nobody.of_previous is None
    assert after_nobody.of_first is not None


def test_the_outcome_comes_later_and_soon_enough() -> None:
    for at, reached in (
        ("2019-06-01 08:00", 0),  # the moment of the first click, and before the second
        ("2019-06-01 08:01", 1),
        ("2019-06-08 09:00", 1),  # seven times 24 hours after the second click
        ("2019-06-08 09:01", 0),
    ):
        assert people(rows(chain(messages([("ann", at)]), JUNE))["A"])[-1] == reached, at
    joined = messages([], [("ann", "2019-06-02 08:00", {"activity": "x"})])
    assert people(rows(chain(joined, JUNE))["A"])[-1] == 1
    assert people(rows(chain(joined, JUNE, {"outcomes": ["purchase"]}))["A"])[-1] == 0
    assert len(rows(chain(joined, JUNE, {"outcomes": []}))["A"].steps) == 3


def test_one_outcome_has_its_own_name() -> None:
    found = chain(messages(), JUNE, {"outcomes": ["purchase"]})
    assert found.everything.steps[-1].label["en"] == "purchase"


def test_nobody_and_the_last_days_say_so() -> None:
    nobody = chain(messages(), Period(date(2019, 4, 1), date(2019, 4, 30)))
    assert nobody.rows == ()
    assert people(nobody.everything) == [0, 0, 0, 0]
    assert "Nobody was touched" in nobody.notes[0]["en"]
    assert chain(messages(people=(), buys=[]), JUNE).rows == ()
    late = chain(messages(), Period(date(2019, 6, 1), date(2019, 7, 10)))
    assert "2019-07-14" in late.notes[0]["en"]
    assert json.loads(json.dumps(late.as_json()))["rows"][0]["steps"][0]["times"] == 4


def test_values_beyond_the_first_twenty_are_one() -> None:
    pushes = [(f"u{n:02}", "2019-06-02 10:00", {"campaign": f"k{n:02}"}) for n in range(23)]
    asked = asking({f"u{n:02}": {} for n in range(23)}, {"push": (CAMPAIGN, pushes), "buy": ({}, [])})
    found = chain(asked, JUNE, {"chain": ["push"], "by": "campaign"})
    assert [people(row) for row in found.rows] == [[1, 0]] * 20 + [[3, 0]]
    assert found.rows[-1].label["en"] == "other"
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"chain": ["message_push", "message_puls"]}, "template_slot_not_one_of"),
        ({"chain": []}, "template_slot_empty"),
        ({"by": "campain"}, "template_slot_not_one_of"),
        ({"by": "activity"}, "touches_not_shared"),
        ({"chain": ["message_push", "purchase"], "outcomes": []}, "touches_not_shared"),
        ({"outcomes": ["message_click"]}, "touches_outcome_in_chain"),
        ({"outcome_days": 0}, "template_slot_out_of_bounds"),
    ],
)
def test_bad_settings_are_refused_in_both_languages(told: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        chain(messages(), JUNE, told)
    assert refused.value.code == code
    assert all(
        message_of(problem)[language] for problem in refused.value.problems for language in ("zh", "en")
    )


def test_thousands_of_campaigns_are_refused() -> None:
    pushes = [("ann", "2019-06-02 10:00", {"campaign": f"k{n}"}) for n in range(1_001)]
    asked = asking({"ann": {}}, {"push": (CAMPAIGN, pushes), "buy": ({}, [])})
    with pytest.raises(RuleError) as refused:
        chain(asked, JUNE, {"chain": ["push"], "by": "campaign"})
    assert refused.value.code == "too_many_values"


def test_settings_are_guessed_from_the_catalogue(sample: Workspace) -> None:
    catalogue = sample._engine()[1].catalogue
    assert {slot.key: slot.default for slot in chain_slots(catalogue)} == {
        "chain": ["message_push", "message_deliver", "message_click"], "by": "campaign",
        "outcomes": ["activity_join", "purchase"], "outcome_days": 7,
    }  # fmt: skip
    assert {slot.key: slot.default for slot in coupon_analysis.slots(catalogue)} == {
        "claim": "coupon_claim", "redeem": "coupon_redeem", "coupon": "coupon", "redeem_days": 30,
    }  # fmt: skip


# ---- coupons --------------------------------------------------------------------------------------------------

CLAIMS = [
    ("ann", "2019-06-01 10:00", {"coupon": "X"}),
    ("ann", "2019-06-01 10:00", {"coupon": "X"}),
    ("bob", "2019-06-02 10:00", {"coupon": "X"}),
    ("bob", "2019-06-02 10:00", {"coupon": "Y"}),
    ("cat", "2019-05-31 23:59", {"coupon": "X"}),
    ("dan", "2019-06-30 23:59", {"coupon": "X"}),
]
REDEMPTIONS = [
    ("ann", "2019-06-01 10:00", {"coupon": "X"}),
    ("cat", "2019-06-03 10:00", {"coupon": "X"}),
    ("cat", "2019-06-04 10:00", {"coupon": "X"}),
    ("bob", "2019-06-03 10:00", {"coupon": "Z"}),
    ("dan", "2019-07-10 10:00", {"coupon": "X"}),
]


def shop(claims: Any = CLAIMS, redemptions: Any = REDEMPTIONS) -> Asking:
    events = {
        "coupon_claim": (COUPON, claims),
        "coupon_redeem": (COUPON, redemptions),
        "buy": ({"coupon": TagType.NUMBER}, []),
    }
    return asking({user: {} for user in ("ann", "bob", "cat", "dan")}, events)


def numbers(row: Coupon) -> tuple[int, ...]:
    return row.claimed.users, row.claims, row.redeemed.users, row.redemptions, row.used.users


def test_coupons_can_be_counted_on_paper() -> None:
    asked = shop()
    found = coupons(asked, JUNE, {"redeem_days": 10})
    assert {row.label["en"]: numbers(row) for row in found.rows} == {
        "X": (3, 4, 2, 3, 2), "Y": (1, 1, 0, 0, 0), "Z": (0, 0, 1, 1, 0),
    }  # fmt: skip
    assert numbers(found.everything) == (3, 5, 3, 4, 3)
    x, y, z = found.rows
    assert x.share_of_people is not None
    assert (x.share_of_people.value, x.share_of_people.low, x.share_of_people.high) == (2 / 3, *wilson(2, 3))
    assert (x.per_claim, y.per_claim, z.per_claim, z.share_of_people) == (0.75, 0.0, None, None)
    assert ids_of(asked, x.used) == ["ann", "dan"]
    assert ids_of(asked, coupons(asked, JUNE, {"redeem_days": 9}).rows[0].used) == ["ann"]
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_no_coupons_say_so() -> None:
    found = coupons(shop([], []), JUNE)
    assert found.rows == ()
    assert "Nobody claimed" in found.notes[0]["en"]
    assert json.loads(json.dumps(found.as_json()))["all"]["share_of_people"] is None
    assert "2019-07-14" in coupons(shop(), JUNE).notes[0]["en"]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"redeem": "coupon_claim"}, "coupons_same_event"),
        ({"redeem": "buy"}, "touches_not_shared"),
        ({"claim": "claimed"}, "template_slot_not_one_of"),
        ({"coupon": None}, "template_slot_empty"),
    ],
)
def test_bad_settings_of_coupons_are_refused(told: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        coupons(shop(), JUNE, told)
    assert refused.value.code == code
    assert all(
        message_of(problem)[language] for problem in refused.value.problems for language in ("zh", "en")
    )


# ---- the sample against SQL -----------------------------------------------------------------------------------

STEPS = """
    WITH m AS (
        SELECT user_id, campaign, CAST(pushed_at AS TIMESTAMP) AS pushed, CAST(delivered_at AS TIMESTAMP) AS delivered,
            CAST(clicked_at AS TIMESTAMP) AS clicked FROM read_csv('{f}/messages.csv', all_varchar = true)
    ), outcome AS (
        SELECT user_id, CAST(paid_at AS TIMESTAMP) AS moment FROM read_csv('{f}/orders.csv', all_varchar = true)
        WHERE paid_at IS NOT NULL
        UNION ALL SELECT user_id, CAST(joined_at AS TIMESTAMP) FROM read_csv('{f}/activities.csv', all_varchar = true)
    ), facts AS (
        SELECT {by} AS campaign, user_id,
            BOOL_OR(pushed::DATE BETWEEN '2019-01-01' AND '2019-06-15') AS p,
            COALESCE(BOOL_OR(delivered::DATE BETWEEN '2019-01-01' AND '2019-07-05'), false) AS d,
            COALESCE(BOOL_OR(clicked::DATE BETWEEN '2019-01-01' AND '2019-07-05'), false) AS c,
            COALESCE(BOOL_OR(clicked::DATE BETWEEN '2019-01-01' AND '2019-07-05' AND EXISTS (
                SELECT 1 FROM outcome o WHERE o.user_id = m.user_id AND o.moment > m.clicked
                    AND o.moment <= m.clicked + INTERVAL 20 DAY AND o.moment < '2019-07-15')), false) AS o
        FROM m GROUP BY 1, 2
    )
    SELECT campaign, COUNT(*) FILTER (p), COUNT(*) FILTER (p AND d), COUNT(*) FILTER (p AND d AND c),
        COUNT(*) FILTER (p AND d AND c AND o) FROM facts GROUP BY 1 HAVING COUNT(*) FILTER (p) > 0 ORDER BY 2 DESC, 1
"""
OF_COUPONS = """
    WITH c AS (
        SELECT user_id, coupon, CAST(claimed_at AS DATE) AS claimed, CAST(redeemed_at AS DATE) AS redeemed
        FROM read_csv('{f}/coupons.csv', all_varchar = true)
    ), facts AS (
        SELECT coupon, user_id, COUNT(*) FILTER (claimed BETWEEN '2019-01-01' AND '2019-05-31') AS claims,
            COUNT(*) FILTER (redeemed BETWEEN '2019-01-01' AND '2019-05-31') AS redemptions,
            COUNT(*) FILTER (redeemed BETWEEN '2019-01-01' AND '2019-06-30') AS later
        FROM c GROUP BY 1, 2
    )
    SELECT coupon, COUNT(*) FILTER (claims > 0), SUM(claims)::INT, COUNT(*) FILTER (redemptions > 0),
        SUM(redemptions)::INT, COUNT(*) FILTER (claims > 0 AND later > 0)
    FROM facts GROUP BY 1 HAVING SUM(claims) + SUM(redemptions) > 0
"""


def test_the_samples_messages_are_those_of_the_definition_in_sql(sample: Workspace) -> None:
    _, engine = sample._engine()
    asked = Asking(engine, engine.catalogue, date(2019, 7, 14))
    found = chain(asked, Period(date(2019, 1, 1), date(2019, 6, 15)), {"outcome_days": 20})
    expected = {name: steps for name, *steps in duckdb.sql(STEPS.format(f=SAMPLE, by="campaign")).fetchall()}
    assert {row.label["zh"]: people(row) for row in found.rows} == expected
    ((_, *everything),) = duckdb.sql(STEPS.format(f=SAMPLE, by="''")).fetchall()
    assert people(found.everything) == everything
    assert everything[-1] > 0
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_the_samples_coupons_are_those_of_the_definition_in_sql(sample: Workspace) -> None:
    _, engine = sample._engine()
    asked = Asking(engine, engine.catalogue, date(2019, 7, 14))
    found = coupons(asked, Period(date(2019, 1, 1), date(2019, 5, 31)))
    expected = {name: tuple(told) for name, *told in duckdb.sql(OF_COUPONS.format(f=SAMPLE)).fetchall()}
    assert {row.label["zh"]: numbers(row) for row in found.rows} == expected
    assert len(expected) >= 3
    assert_every_figure_is_the_count_of_its_rule(asked, found)
