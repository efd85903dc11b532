"""The analyses of people on public data against DuckDB, which counts them from the same files.

Online Retail (UCI) has a year of a shop's order lines, ecom_events (retentioneering-tools) half a year of clicks.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.analytics.journey import funnel
from core.analytics.journey_steps import way_given
from core.analytics.overview import overview
from core.analytics.periods import Period
from core.analytics.retention import retention
from core.analytics.rfm import rfm
from core.workspace import Actor, Workspace
from tests.core.analytics.made import assert_every_figure_is_the_count_of_its_rule
from tests.core.analytics.plain_sql import Plain, cohorts_of, furthest

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
LI = Actor("李")
RETAIL = """
    CREATE TABLE done AS SELECT 'purchase' AS event, CustomerID AS who, CAST(InvoiceDate AS TIMESTAMP) AS moment,
        CAST(CAST(Quantity AS DECIMAL(12, 0)) * CAST(UnitPrice AS DECIMAL(12, 3)) AS DOUBLE) AS amount
    FROM read_csv('{folder}/online_retail.csv.gz', all_varchar = true)
    WHERE CustomerID IS NOT NULL AND InvoiceNo NOT LIKE 'C%';
    CREATE TABLE people AS SELECT CustomerID AS who, min(CAST(CAST(InvoiceDate AS TIMESTAMP) AS DATE)) AS since
    FROM read_csv('{folder}/online_retail.csv.gz', all_varchar = true) WHERE CustomerID IS NOT NULL GROUP BY 1;
"""
CLICKS = """
    CREATE TABLE done AS SELECT event, user_id AS who, CAST(timestamp AS TIMESTAMP) AS moment, NULL::DOUBLE AS amount
    FROM read_csv('{folder}/ecom.csv.gz', all_varchar = true);
    CREATE TABLE people AS SELECT who, min(CAST(moment AS DATE)) AS since FROM done GROUP BY 1;
"""
CLICKS_PLAN = """\
time_zone = "UTC"
[[events]]
event_column = "event"
source = "ecom.csv.gz"
user = "user_id"
at = "timestamp"
properties = ["platform"]
"""


def folder_of(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"NOT TESTED: analyses on {name}: its files are not in ../shared/data/{name}")
    return DATA / name


def in_sql(tables: str, folder: Path) -> Plain:
    connection = duckdb.connect()
    connection.execute(tables.format(folder=folder))
    return Plain(connection)


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Plain]:
    folder = folder_of("online_retail")
    workspace = Workspace.create(tmp_path_factory.mktemp("retail") / "workspace")
    workspace.import_plan(ROOT / "docs" / "import-plans" / "online-retail.toml", actor=LI, base_dir=folder)
    return workspace, in_sql(RETAIL, folder)


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Plain]:
    folder = folder_of("ecom_events")
    place = tmp_path_factory.mktemp("clicks")
    (place / "plan.toml").write_text(CLICKS_PLAN, "utf-8")
    workspace = Workspace.create(place / "workspace")
    workspace.import_plan(place / "plan.toml", actor=LI, base_dir=folder)
    return workspace, in_sql(CLICKS, folder)


def test_the_overview_of_a_shop(retail: tuple[Workspace, Plain]) -> None:
    workspace, plain = retail
    asked = workspace.asking()
    assert asked.as_of == date(2011, 12, 9)
    found = overview(asked, Period(date(2011, 11, 1), date(2011, 11, 30)), {"activity": ["purchase"]})
    for one in (found.now, found.before):
        first, last = one.period.first, one.period.last
        told = (one.new.users, one.active.users, one.buyers.users, one.bought.occurrences, one.bought.total, one.repeaters.users)  # fmt: skip
        assert told == pytest.approx(plain.numbers(asked.as_of, first, last, "purchase", "purchase"))
    # The data begin on 1 December 2010.
    assert (found.before.is_known, found.year_before.is_known) == (True, False)
    for moment in found.course:
        numbers = plain.numbers(asked.as_of, moment.period.first, moment.period.last, "purchase", "purchase")
        assert (moment.new.users, moment.buyers.users, moment.bought.total) == pytest.approx((numbers[0], numbers[2], numbers[4]))  # fmt: skip


@pytest.mark.parametrize("method", ["fifths", "thresholds"])
@pytest.mark.parametrize("day", [date(2011, 12, 9), date(2011, 8, 31)])
def test_rfm_of_a_shop(retail: tuple[Workspace, Plain], method: str, day: date) -> None:
    workspace, plain = retail
    asked = workspace.asking(day)
    found = rfm(asked, {"method": "quintiles" if method == "fifths" else method})
    squares = {(s.recency, s.frequency): s.people.users for s in found.squares if s.people.users}
    assert squares == plain.squares(method, day, "purchase")
    assert found.since == (date(2011, 11, 9) if day.month == 12 else date(2011, 7, 31))
    moves = {(move.before, move.after): move.people.users for move in found.moves}
    assert moves == plain.moves(method, found.since, day, "purchase")
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize("reading", ["classic", "rolling"])
def test_retention_by_the_month_of_the_first_purchase(retail: tuple[Workspace, Plain], reading: str) -> None:
    workspace, plain = retail
    asked = workspace.asking()
    told = {
        "begin": "first_event",
        "returning": ["purchase"],
        "grain": "month",
        "reading": reading,
        "cohorts": 13,
    }
    found = retention(asked, told)
    every = plain.retention(asked.as_of, "month", reading, "purchase", first_event="purchase")
    assert cohorts_of(found) == every
    # The known first cohort of this data set.
    assert found.cohorts[0].people.users == every[date(2010, 12, 1), -1] == 885


@pytest.mark.parametrize("order", ["any", "strict"])
@pytest.mark.parametrize("when", ["ever", "period"])
@pytest.mark.parametrize("minutes", [5, 30])
def test_the_sessions_of_clicks(clicks: tuple[Workspace, Plain], order: str, when: str, minutes: int) -> None:
    workspace, plain = clicks
    asked = workspace.asking()
    steps = [["home"], ["catalog", "search"], ["product_view"], ["add_to_cart"]]
    period = Period(date(2024, 3, 1), date(2024, 3, 31))
    way, _ = way_given(
        asked, period,
        {"steps": [{"label": str(n), "events": step} for n, step in enumerate(steps)],
         "order": order, "when": when, "session_minutes": minutes},
    )  # fmt: skip
    found = funnel(asked, way)
    expected = plain.visits(
        asked.as_of, steps, minutes, in_order=order == "strict",
        period=(period.first, period.last) if when == "period" else None,
    )  # fmt: skip
    told = [
        (step.sessions.reached, step.sessions.continued, step.continued)
        for step in found.steps[:-1]
        if step.sessions is not None
    ]
    assert told == expected
    assert expected[0][1] > 100
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize(("order", "within"), [("any", None), ("strict", None), ("strict", 7)])
@pytest.mark.parametrize("when", ["ever", "period"])
def test_the_journey_of_clicks(
    clicks: tuple[Workspace, Plain], order: str, within: int | None, when: str
) -> None:
    workspace, plain = clicks
    asked = workspace.asking()
    events = list(asked.catalogue.events)
    steps = [["home"], ["catalog", "search"], ["product_view"], ["add_to_cart"]]
    assert {event for step in steps for event in step} <= set(events)
    period = Period(date(2024, 3, 1), date(2024, 3, 31))
    given: dict[str, Any] = {
        "steps": [{"label": str(n), "events": step} for n, step in enumerate(steps)],
        "order": order, "within_days": within, "when": when,
    }  # fmt: skip
    way, _ = way_given(asked, period, given)
    found = funnel(asked, way)
    reached = plain.journey(
        asked.as_of, steps, in_order=order == "strict", within=within or 99_999,
        period=(period.first, period.last) if when == "period" else None,
    )  # fmt: skip
    assert [step.reached for step in found.steps] == [len(who) for who in reached]
    assert [step.furthest for step in found.steps] == furthest(reached)
    for place in range(len(steps) - 1):
        delays = found.steps[place].delays
        timed = {} if when == "ever" else {
            "span": (period.first, date.max if order == "strict" else period.last)
        }  # fmt: skip
        expected = plain.delays(
            asked.as_of, steps[place], steps[place + 1], reached[place] & reached[place + 1], **timed
        )
        assert (delays.known, delays.seconds.get(0.5), delays.seconds.get(0.9)) == pytest.approx(expected)
    assert_every_figure_is_the_count_of_its_rule(asked, found)


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("first_event", [None, "home"])
def test_retention_of_clicks(clicks: tuple[Workspace, Plain], grain: str, first_event: str | None) -> None:
    workspace, plain = clicks
    asked = workspace.asking(date(2024, 5, 31))
    told: dict[str, Any] = {"returning": ["home"], "grain": grain, "cohorts": 6}
    if first_event:
        told |= {"begin": "first_event", "first_event": first_event}
    found = retention(asked, told)
    every = plain.retention(asked.as_of, grain, "classic", "home", first_event=first_event)
    begin = found.cohorts[0].period.first
    assert cohorts_of(found) == {(cohort, k): n for (cohort, k), n in every.items() if cohort >= begin}
