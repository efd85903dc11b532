"""Overview, journey, life cycle, RFM and retention of the sample against DuckDB, which counts them from its files."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from core.analytics.asking import Asking
from core.analytics.journey import elsewhere, funnel
from core.analytics.journey_steps import way_given
from core.analytics.lifecycle import lifecycle
from core.analytics.overview import Numbers, overview
from core.analytics.periods import Period
from core.analytics.retention import retention
from core.analytics.rfm import rfm
from core.workspace import Workspace
from tests.core.analytics.plain_sql import Plain, cohorts_of, furthest
from tests.core.analytics.shop import files_of_sample

DAYS = [date(2019, 7, 14), date(2019, 3, 31)]
BUY, VISIT = "purchase", "login"
TABLES = """
    CREATE TABLE people AS SELECT user_id AS who, CAST(CAST(registered_at AS TIMESTAMP) AS DATE) AS since FROM users;
    CREATE TABLE done AS
        SELECT event, user_id AS who, CAST(written AS TIMESTAMP) AS moment, CAST(amount AS DOUBLE) AS amount FROM (
            SELECT 'login' AS event, user_id, "at" AS written, NULL AS amount FROM logins
            UNION ALL SELECT 'view_expert', user_id, viewed_at, NULL FROM expert_views
            UNION ALL SELECT 'favourite', user_id, added_at, NULL FROM favourites
            UNION ALL SELECT 'search', user_id, searched_at, NULL FROM searches
            UNION ALL SELECT 'enter_category', user_id, entered_at, NULL FROM category_visits
            UNION ALL SELECT 'click_chat', user_id, clicked_at, NULL FROM chats
            UNION ALL SELECT 'consult_adviser', user_id, asked_at, NULL FROM consultations
            UNION ALL SELECT 'submit_order', user_id, submitted_at, amount FROM orders
            UNION ALL SELECT 'purchase', user_id, paid_at, amount FROM orders
            UNION ALL SELECT 'complete_order', user_id, completed_at, amount FROM orders)
        WHERE written IS NOT NULL;
"""
STEPS = [
    [], ["view_expert", "favourite", "search"], ["enter_category"], ["click_chat"], ["consult_adviser"],
    ["submit_order"], ["purchase"], ["complete_order"],
]  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Plain:
    names = ("users", "logins", "orders", "expert_views", "favourites", "searches", "category_visits", "chats", "consultations")  # fmt: skip
    connection: duckdb.DuckDBPyConnection = files_of_sample(*names)
    connection.execute(TABLES)
    return Plain(connection)


@pytest.fixture(params=DAYS, ids=str)
def asked(request: pytest.FixtureRequest, sample: Workspace) -> Asking:
    return sample.asking(request.param)


def numbers(found: Numbers) -> tuple[float, ...]:
    bought = found.bought
    return (
        found.new.users, found.active.users, found.buyers.users, bought.occurrences, bought.total or 0,
        found.repeaters.users,
    )  # fmt: skip


def test_the_numbers_of_the_overview(asked: Asking, plain: Plain) -> None:
    day = asked.as_of
    period = Period(day.replace(day=1), day)
    found = overview(asked, period)
    for one in (found.now, found.before, found.year_before):
        assert numbers(one) == pytest.approx(
            plain.numbers(day, one.period.first, one.period.last, BUY, VISIT)
        )
    for moment in found.course:
        expected = plain.numbers(day, moment.period.first, moment.period.last, BUY, VISIT)
        assert (moment.new.users, moment.active.users, moment.buyers.users) == expected[:3]
        assert (moment.bought.occurrences, moment.bought.total) == pytest.approx(expected[3:5])


def test_the_life_cycle(asked: Asking, plain: Plain) -> None:
    found = lifecycle(asked, months=2, weeks=5)
    day = asked.as_of
    for month in found.months:
        told = Counter({stage.key: stage.people.users for stage in month.stages})
        assert told == plain.stages(month.period.last, BUY, VISIT)
    # A month before 31 March is 28 February.
    then = date(2019, 6, 14) if day == DAYS[0] else date(2019, 2, 28)
    flows = {(flow.before, flow.after): flow.people.users for flow in found.flows}
    assert flows == plain.flows(then, day, BUY, VISIT)
    weeks = plain.weeks(day, VISIT)
    for week in found.weeks:
        told_week = (week.new.users, week.retained.users, week.returning.users, week.lost.users)
        assert told_week == weeks[week.period.first]


@pytest.mark.parametrize("method", ["fifths", "thresholds"])
def test_rfm(asked: Asking, plain: Plain, method: str) -> None:
    since = asked.as_of - timedelta(days=45)
    found = rfm(asked, {"method": "quintiles" if method == "fifths" else method}, since=since)
    squares = {(s.recency, s.frequency): s.people.users for s in found.squares if s.people.users}
    assert squares == plain.squares(method, asked.as_of, BUY)
    moves = {(move.before, move.after): move.people.users for move in found.moves}
    assert moves == plain.moves(method, since, asked.as_of, BUY)
    for cell in found.cells:
        assert cell.people.users == sum(n for (_, now), n in moves.items() if now == cell.key)


@pytest.mark.parametrize("first_event", [None, BUY])
@pytest.mark.parametrize("reading", ["classic", "rolling"])
@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_retention(asked: Asking, plain: Plain, grain: str, reading: str, first_event: str | None) -> None:
    told = {"grain": grain, "reading": reading, "cohorts": 5}
    if first_event is not None:
        told |= {"begin": "first_event", "first_event": first_event}
    found = retention(asked, told)
    begin = found.cohorts[0].period.first
    every = plain.retention(asked.as_of, grain, reading, VISIT, first_event=first_event)
    assert cohorts_of(found) == {(cohort, k): n for (cohort, k), n in every.items() if cohort >= begin}


def test_brackets(asked: Asking, plain: Plain) -> None:
    found = retention(asked, {"grain": "week", "reading": "bracket", "brackets": [1, 2, 4, 7], "cohorts": 6})
    query = """
        SELECT count(DISTINCT v.who) FROM here($d) h JOIN did($d) v ON v.who = h.who AND event = 'login'
        WHERE since BETWEEN $first AND $last
            AND date_diff('week', $first, CAST(date_trunc('week', day) AS DATE)) BETWEEN $low AND $high
    """
    for cohort in found.cohorts:
        for cell in cohort.cells:
            low, high = found.brackets[cell.after - 1]
            asked_of = {"d": asked.as_of, "first": cohort.period.first, "last": cohort.period.last}
            assert plain.rows(query, **asked_of, low=low, high=high) == [(cell.people.users,)]


@pytest.mark.parametrize("when", ["ever", "period"])
@pytest.mark.parametrize(("order", "within"), [("any", None), ("strict", None), ("strict", 3)])
def test_the_journey(asked: Asking, plain: Plain, order: str, within: int | None, when: str) -> None:
    day = asked.as_of
    period = Period(date(2019, 1, 1), date(2019, 3, 20))
    way, _ = way_given(asked, period, {"order": order, "within_days": within, "when": when})
    found = funnel(asked, way, stuck_days=30)
    told: Any = {"in_order": order == "strict", "within": within or 99_999}
    told["period"] = (period.first, period.last) if when == "period" else None
    reached = plain.journey(day, STEPS, **told)
    assert [step.reached for step in found.steps] == [len(who) for who in reached]
    assert [step.furthest for step in found.steps] == furthest(reached)
    then = plain.journey(day - timedelta(days=30), STEPS, **told)
    for place, step in enumerate(found.steps):
        stands = reached[place].difference(*reached[place + 1 :])
        assert step.stuck.users == len(stands & then[place])
        if place + 1 < len(STEPS):
            continued = reached[place] & reached[place + 1]
            assert step.continued == len(continued)
            if STEPS[place]:
                span = (date.min, date.max) if when == "ever" else (
                    period.first, date.max if order == "strict" else period.last
                )  # fmt: skip
                expected = plain.delays(day, STEPS[place], STEPS[place + 1], continued, span)
                seconds = (step.delays.known, step.delays.seconds.get(0.5), step.delays.seconds.get(0.9))
                assert seconds == pytest.approx(expected)


def test_where_people_went_who_stopped(asked: Asking, plain: Plain) -> None:
    way, _ = way_given(asked, Period(asked.as_of, asked.as_of), {})
    reached = plain.journey(asked.as_of, STEPS)
    stopped = sorted(reached[3].difference(*reached[4:]))
    query = """
        SELECT b.event, count(DISTINCT b.who) FROM did($d) a JOIN did($d) b ON a.who = b.who AND b.moment > a.moment
        WHERE a.event = 'click_chat' AND a.who IN (SELECT unnest($who)) GROUP BY 1
    """
    after = dict(plain.rows(query, d=asked.as_of, who=stopped))
    found = {each.event: each.people.users for each in elsewhere(asked, way, 3, many=99)}
    known = {"login", "view_expert", "favourite", "search", "enter_category"}
    assert {event: n for event, n in found.items() if event in known} == {
        event: n for event, n in after.items() if event in known
    }  # fmt: skip
    assert known & after.keys()
