"""Attribution: on paper, against plain Python on random paths, and on the sample against DuckDB's SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics import crediting
from core.analytics.asking import Asking
from core.analytics.attribution import MODELS, Attribution, Touch, attribution, slots
from core.analytics.crediting import credited
from core.analytics.periods import Period
from core.errors import RuleError
from core.messages import message_of
from core.schema import TagType
from core.workspace import Workspace
from tests.core.analytics.made import asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
SAMPLE = Path(__file__).resolve().parents[3] / "sample_data"
BUY = {"amount": TagType.NUMBER}
CLICK = {"campaign": TagType.ENUM, "channel": TagType.ENUM}
JOIN = {"activity": TagType.TEXT}


def world(
    buys: Sequence[Any],
    clicks: Sequence[Any] = (),
    joins: Sequence[Any] = (),
    people: Sequence[str] = ("ann", "bob", "cat", "dan"),
) -> Asking:
    events = {"purchase": (BUY, buys), "message_click": (CLICK, clicks), "activity_join": (JOIN, joins)}
    return asking({user: {} for user in people}, events)


def bought(user: str, at: str, amount: float | None = 100.0) -> tuple[str, str, dict[str, Any]]:
    return user, at, {"amount": amount}


def clicked(user: str, at: str, campaign: str | None) -> tuple[str, str, dict[str, Any]]:
    return user, at, {"campaign": campaign}


def orders(found: Attribution, model: str) -> dict[str, float]:
    told = {touch.label["en"]: touch.credits[model].orders for touch in found.touches}  # type: ignore[index]
    return {name: round(many, 9) for name, many in told.items()}


def by_label(found: Attribution) -> dict[str, Touch]:
    return {touch.label["en"]: touch for touch in found.touches}


def assert_credits_add_up(found: Attribution) -> None:
    for model in MODELS:
        given = [touch.credits[model] for touch in found.touches]
        assert sum(c.orders for c in given) + found.without_touch.orders == pytest.approx(found.total.orders)
        if found.total.revenue is None:
            assert all(c.revenue is None for c in [*given, found.without_touch])
        else:
            revenue = sum(c.revenue or 0 for c in given) + (found.without_touch.revenue or 0)
            assert revenue == pytest.approx(found.total.revenue)


def test_three_touches_and_the_four_models() -> None:
    asked = world(
        [bought("ann", "2019-06-10 12:00", 200.0)],
        [
            clicked("ann", "2019-06-01 08:00", "A"),
            clicked("ann", "2019-06-05 08:00", "B"),
            clicked("ann", "2019-06-09 08:00", "C"),
        ],
    )
    found = attribution(asked, JUNE)
    assert orders(found, "first") == {"A": 1, "B": 0, "C": 0}
    assert orders(found, "last") == {"A": 0, "B": 0, "C": 1}
    assert orders(found, "linear") == {name: round(1 / 3, 9) for name in "ABC"}
    assert orders(found, "position") == {"A": 0.4, "B": 0.2, "C": 0.4}
    assert by_label(found)["B"].credits["position"].revenue == pytest.approx(40.0)
    assert found.without_touch.orders == 0
    assert_credits_add_up(found)
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize(
    ("many", "shares"),
    [(1, [1.0]), (2, [0.5, 0.5]), (4, [0.4, 0.1, 0.1, 0.4]), (6, [0.4, 0.05, 0.05, 0.05, 0.05, 0.4])],
)
def test_the_ends_get_40_percent_each_by_position(many: int, shares: list[float]) -> None:
    clicks = [clicked("ann", f"2019-06-{day:02} 08:00", f"k{day}") for day in range(1, many + 1)]
    found = attribution(world([bought("ann", "2019-06-20 12:00")], clicks), JUNE)
    told = orders(found, "position")
    assert [told[f"k{day}"] for day in range(1, many + 1)] == pytest.approx(shares)
    assert_credits_add_up(found)


def test_touches_in_one_moment_share_their_places() -> None:
    clicks = [clicked("ann", "2019-06-01 08:00", name) for name in "AB"] + [
        clicked("ann", "2019-06-02 08:00", "C")
    ]
    found = attribution(world([bought("ann", "2019-06-02 12:00")], clicks), JUNE)
    assert orders(found, "first") == {"A": 0.5, "B": 0.5, "C": 0}
    assert orders(found, "last") == {"A": 0, "B": 0, "C": 1}
    assert orders(found, "position") == {"A": 0.3, "B": 0.3, "C": 0.4}
    both = attribution(world([bought("ann", "2019-06-02 12:00")], clicks[:2]), JUNE)
    for model in MODELS:
        assert orders(both, model) == {"A": 0.5, "B": 0.5}


def test_a_touch_at_the_moment_of_the_purchase_counts_and_one_after_it_does_not() -> None:
    buys = [bought("ann", "2019-06-10 12:00"), bought("bob", "2019-06-10 12:00")]
    clicks = [clicked("ann", "2019-06-10 12:00", "A"), clicked("bob", "2019-06-10 12:01", "A")]
    asked = world(buys, clicks)
    found = attribution(asked, JUNE)
    assert orders(found, "first") == {"A": 1}
    assert found.without_touch.orders == 1
    assert by_label(found)["A"].people.users == 2  # the figure does not ask for the order
    assert found.untouched.users == 0
    assert_credits_add_up(found)
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_the_lookback_is_of_calendar_days() -> None:
    buys = [bought("ann", "2019-06-10 12:00"), bought("bob", "2019-06-10 00:00")]
    clicks = [clicked("ann", "2019-06-03 00:00", "A"), clicked("bob", "2019-06-02 23:59", "B")]
    found = attribution(world(buys, clicks), JUNE, {"lookback_days": 7})
    assert orders(found, "linear") == {"A": 1, "B": 0}
    assert (found.without_touch.orders, found.without_touch.revenue) == (1, 100.0)
    early = attribution(
        world([bought("ann", "2019-06-01 00:00")], [clicked("ann", "2019-05-25 00:00", "A")]),
        JUNE,
        {"lookback_days": 7},
    )
    assert orders(early, "first") == {"A": 1}
    assert by_label(early)["A"].people.users == 1


def test_every_purchase_has_touches_of_its_own() -> None:
    buys = [
        bought("ann", "2019-06-05 12:00", 10.0),
        bought("ann", "2019-06-20 12:00", 30.0),
        bought("ann", "2019-07-01 00:00", 99.0),
    ]
    clicks = [clicked("ann", "2019-06-04 12:00", "A"), clicked("ann", "2019-06-19 12:00", "B")]
    asked = world([*buys, bought("bob", "2019-06-01 12:00", None)], clicks)
    found = attribution(asked, JUNE)
    assert orders(found, "first") == {"A": 2, "B": 0}
    assert orders(found, "last") == {"A": 1, "B": 1}
    assert orders(found, "linear") == {"A": 1.5, "B": 0.5}
    a = by_label(found)["A"]
    assert (a.purchases, a.people.users, a.credits["linear"].revenue) == (2, 1, 25.0)
    assert (found.total.orders, found.total.revenue) == (3, 40.0)
    assert (found.without_touch.orders, found.without_touch.revenue) == (1, 0.0)
    assert ids_of(asked, found.untouched) == ["bob"]
    assert_credits_add_up(found)


def test_two_purchases_in_one_moment_are_two() -> None:
    found = attribution(
        world([bought("ann", "2019-06-05 12:00")] * 2, [clicked("ann", "2019-06-05 12:00", "A")] * 2), JUNE
    )
    assert (found.total.orders, by_label(found)["A"].purchases) == (2, 2)
    for model in MODELS:
        assert orders(found, model) == {"A": 2}


def test_several_kinds_of_touches_and_touches_without_a_value() -> None:
    clicks = [clicked("ann", "2019-06-01 08:00", None), clicked("ann", "2019-06-02 08:00", "A")]
    joins = [("ann", "2019-06-03 08:00", {"activity": "A"}), ("cat", "2019-06-03 08:00", {"activity": "A"})]
    asked = world([bought("ann", "2019-06-04 12:00")], clicks, joins)
    found = attribution(asked, JUNE)
    assert [(touch.of.name, touch.sort, touch.label["en"]) for touch in found.touches] == [
        ("message_click.campaign", "value", "A"),
        ("message_click.campaign", "missing", "no value"),
        ("activity_join.activity", "value", "A"),
    ]
    assert [round(touch.credits["position"].orders, 9) for touch in found.touches] == [0.2, 0.4, 0.4]
    assert [touch.people.users for touch in found.touches] == [1, 1, 1]
    assert_credits_add_up(found)
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_values_beyond_the_first_twenty_are_one() -> None:
    clicks = [clicked("ann", f"2019-06-01 08:{n:02}", f"k{n:02}") for n in range(25)] + [
        clicked("bob", "2019-06-01 08:00", "k24")
    ]
    asked = world([bought("ann", "2019-06-04 12:00"), bought("bob", "2019-06-04 12:00")], clicks)
    found = attribution(asked, JUNE)
    assert [touch.label["en"] for touch in found.touches] == [
        "k24",
        *(f"k{n:02}" for n in range(19)),
        "other",
    ]
    other = found.touches[-1]
    assert (other.sort, other.purchases, other.people.users) == ("other", 1, 1)
    assert other.credits["linear"].orders == pytest.approx(5 / 25)
    assert_credits_add_up(found)
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_nobody_and_nothing_say_why() -> None:
    for asked in (world([], people=()), world([bought("ann", "2019-05-31 23:59")])):
        found = attribution(asked, JUNE)
        assert (found.total.orders, found.touches, found.buyers.users) == (0, (), 0)
        assert "Nobody bought" in found.notes[0]["en"]
        assert json.loads(json.dumps(found.as_json()))["total"]["orders"] == 0
    lone = attribution(world([bought("ann", "2019-06-01 10:00")]), JUNE)
    assert (lone.without_touch.orders, lone.untouched.users) == (1, 1)
    assert "no touch" in lone.notes[0]["en"]
    late = attribution(
        world([bought("ann", "2019-06-01 10:00")], [clicked("bob", "2019-06-03 10:00", "A")]), JUNE
    )
    assert any("2019-06-03" in note["en"] for note in late.notes)


def test_without_an_amount_only_orders_are_credited() -> None:
    asked = world([bought("ann", "2019-06-10 12:00")], [clicked("ann", "2019-06-09 12:00", "A")])
    found = attribution(asked, JUNE, {"amount": None})
    assert (found.total.revenue, found.without_touch.revenue, found.touches[0].credits["last"].revenue) == (
        None,
        None,
        None,
    )
    assert_credits_add_up(found)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"touches": ["message_click.campain"]}, "template_slot_not_one_of"),
        ({"touches": "message_click.campaign"}, "template_slot_not_list"),
        ({"touches": []}, "template_slot_empty"),
        ({"touches": ["message_click.campaign", "message_click.channel"]}, "attribution_event_twice"),
        ({"purchase": "message_click", "amount": None}, "attribution_purchase_as_touch"),
        ({"purchase": "bought"}, "template_slot_not_one_of"),
        ({"lookback_days": 0}, "template_slot_out_of_bounds"),
    ],
)
def test_bad_settings_are_refused_in_both_languages(told: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        attribution(world([]), JUNE, told)
    assert code in [problem.code for problem in refused.value.problems]
    assert all(
        message_of(problem)[language] for problem in refused.value.problems for language in ("zh", "en")
    )


def test_a_property_with_thousands_of_values_is_refused() -> None:
    clicks = [clicked("ann", "2019-06-01 08:00", f"k{n}") for n in range(1_001)]
    with pytest.raises(RuleError) as refused:
        attribution(world([bought("ann", "2019-06-02 08:00")], clicks), JUNE)
    assert refused.value.code == "too_many_values"


def test_settings_are_guessed_from_the_catalogue(sample: Workspace) -> None:
    told = {slot.key: slot.default for slot in slots(sample._engine()[1].catalogue)}
    assert told == {
        "touches": ["message_click.campaign", "activity_join.activity"], "purchase": "purchase", "amount": "amount",
        "lookback_days": 30,
    }  # fmt: skip


# ---- random paths against plain Python ------------------------------------------------------------------------

ZONE = "Asia/Shanghai"
moments = st.integers(0, 12).map(
    lambda hours: datetime(2019, 6, 1, 4, tzinfo=UTC) + timedelta(hours=6 * hours)
)
people = st.integers(1, 3)


def plain_weights(many: int, model: str) -> list[Fraction]:
    if model == "linear" or many <= (2 if model == "position" else 1):
        return [Fraction(1, many)] * many
    ends = {"first": (1, 0), "last": (0, 1), "position": (Fraction(2, 5), Fraction(2, 5))}[model]
    middle = Fraction(1 - ends[0] - ends[1]) / (many - 2) if many > 2 else Fraction(0)
    return [Fraction(ends[0]), *[middle] * (many - 2), Fraction(ends[1])]


def plain(buys: list[Any], touches: list[Any], lookback: int, model: str) -> dict[Any, Fraction]:
    zone, found = ZoneInfo(ZONE), defaultdict(Fraction)
    for place, (user, at) in enumerate(buys):
        first = at.astimezone(zone).date() - timedelta(days=lookback)
        path = sorted(
            (t for t in touches if t[0] == user and t[1] <= at and t[1].astimezone(zone).date() >= first),
            key=lambda t: t[1],
        )
        weights = plain_weights(len(path), model) if path else []
        for _, moment, kind, value in path:
            tied = [weights[n] for n, t in enumerate(path) if t[1] == moment]
            found[place, kind, value] += sum(tied) / len(tied)
    return dict(found)


@given(
    st.lists(st.tuples(people, moments), max_size=6),
    st.lists(
        st.tuples(people, moments, st.sampled_from(["x", "y"]), st.sampled_from(["a", "b", None])),
        max_size=12,
    ),
    st.integers(1, 3),
    st.sampled_from([1, 7, 4_000_000]),
)
@settings(max_examples=120, deadline=None)
def test_credits_are_those_of_plain_python(
    buys: list[Any], touches: list[Any], lookback: int, piece: int
) -> None:
    utc, number = pl.Datetime("us", "UTC"), pl.UInt32
    orders = pl.DataFrame(buys, schema={"user_no": number, "at": utc}, orient="row").with_row_index("order")
    came = pl.DataFrame(
        touches, schema={"user_no": number, "at": utc, "kind": pl.String, "value": pl.String}, orient="row"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crediting, "_MOST_PAIRS", piece)
        found = credited(orders, came, lookback, ZONE)
    for model in MODELS:
        expected = plain(buys, touches, lookback, model)
        told = {row[:3]: row[3] for row in found.select("order", "kind", "value", f"weight_{model}").rows()}
        assert told == pytest.approx({key: float(weight) for key, weight in expected.items()})


# ---- the sample against SQL -----------------------------------------------------------------------------------

OF_THE_SAMPLE = """
    WITH bought AS (
        SELECT ROW_NUMBER() OVER () AS n, user_id, CAST(paid_at AS TIMESTAMP) AS moment, CAST(amount AS DOUBLE) AS amount
        FROM read_csv('{f}/orders.csv', all_varchar = true)
        WHERE CAST(paid_at AS DATE) BETWEEN '2019-01-01' AND '2019-06-30'
    ), touch AS (
        SELECT 'message_push.campaign' AS kind, user_id, campaign AS name, CAST(pushed_at AS TIMESTAMP) AS moment
        FROM read_csv('{f}/messages.csv', all_varchar = true)
        UNION ALL
        SELECT 'activity_join.activity', user_id, activity, CAST(joined_at AS TIMESTAMP)
        FROM read_csv('{f}/activities.csv', all_varchar = true)
    ), path AS (
        SELECT b.n, b.amount, t.kind, t.name,
            RANK() OVER (PARTITION BY b.n ORDER BY t.moment) AS place,
            COUNT(*) OVER (PARTITION BY b.n, t.moment) AS tied, COUNT(*) OVER (PARTITION BY b.n) AS many
        FROM bought b JOIN touch t ON t.user_id = b.user_id AND t.moment <= b.moment
            AND CAST(t.moment AS DATE) >= CAST(b.moment AS DATE) - 90
    ), weighed AS (
        SELECT *, CASE WHEN place = 1 THEN 1.0 / tied ELSE 0 END AS w_first,
            CASE WHEN place + tied - 1 = many THEN 1.0 / tied ELSE 0 END AS w_last, 1.0 / many AS w_linear,
            CASE WHEN many <= 2 THEN 1.0 / many
                ELSE ((place = 1)::INT * 0.4 + (place + tied - 1 = many)::INT * 0.4
                    + (tied - (place = 1)::INT - (place + tied - 1 = many)::INT) * 0.2 / (many - 2)) / tied END AS w_position
        FROM path
    )
    SELECT kind, name, COUNT(DISTINCT n), SUM(w_first), SUM(w_last), SUM(w_linear), SUM(w_position),
        SUM(w_first * amount), SUM(w_last * amount), SUM(w_linear * amount), SUM(w_position * amount)
    FROM weighed GROUP BY kind, name
    UNION ALL
    SELECT 'none', '', COUNT(*), 0, 0, 0, 0, SUM(amount), 0, 0, 0 FROM bought WHERE n NOT IN (SELECT n FROM path)
    UNION ALL SELECT 'all', '', COUNT(*), MAX((SELECT MAX(many) FROM path)), 0, 0, 0, SUM(amount), 0, 0, 0 FROM bought
"""
PEOPLE_OF_THE_SAMPLE = """
    SELECT m.campaign, COUNT(DISTINCT m.user_id) FROM read_csv('{f}/messages.csv', all_varchar = true) m
    WHERE CAST(m.pushed_at AS DATE) BETWEEN DATE '2019-01-01' - 90 AND '2019-06-30' AND m.user_id IN (
        SELECT user_id FROM read_csv('{f}/orders.csv', all_varchar = true)
        WHERE CAST(paid_at AS DATE) BETWEEN '2019-01-01' AND '2019-06-30')
    GROUP BY 1
"""


def test_the_samples_credits_are_those_of_the_definition_in_sql(sample: Workspace) -> None:
    _, engine = sample._engine()
    asked = Asking(engine, engine.catalogue, date(2019, 7, 14))
    told = {"touches": ["message_push.campaign", "activity_join.activity"], "lookback_days": 90}
    found = attribution(asked, Period(date(2019, 1, 1), date(2019, 6, 30)), told)
    expected = {
        (kind, name): numbers
        for kind, name, *numbers in duckdb.sql(OF_THE_SAMPLE.format(f=SAMPLE)).fetchall()
    }
    everything, none = expected.pop(("all", "")), expected.pop(("none", ""))
    assert float(everything[1]) >= 3  # some paths are long enough to tell the models apart
    assert (found.total.orders, found.total.revenue) == (everything[0], float(everything[5]))
    assert (found.without_touch.orders, found.without_touch.revenue) == (none[0], float(none[5]))
    credited_to = {(t.of.name, t.label["zh"]): t for t in found.touches if t.purchases}
    assert credited_to.keys() == expected.keys()
    for key, touch in credited_to.items():
        numbers = [float(number) for number in expected[key]]
        assert touch.purchases == numbers[0]
        assert [touch.credits[model].orders for model in MODELS] == pytest.approx(numbers[1:5])
        assert [touch.credits[model].revenue for model in MODELS] == pytest.approx(numbers[5:9])
    people_of = dict(duckdb.sql(PEOPLE_OF_THE_SAMPLE.format(f=SAMPLE)).fetchall())
    assert {t.label["zh"]: t.people.users for t in found.touches if t.of.event == "message_push"} == people_of
    assert_credits_add_up(found)
    assert_every_figure_is_the_count_of_its_rule(asked, found)
