"""DuckDB, asked for the same analyses: everything in memory, a table per event and one of all events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from benchmarks.marketplace import event_path
from benchmarks.peers import Numbers
from benchmarks.peers.analysing import (
    ACTIVE_DAYS,
    ACTIVITY,
    COHORTS,
    LOST_DAYS,
    NEW_DAYS,
    PAIRS,
    STAGES,
    STEPS,
    WEEKS,
    Moved,
)

_EVENTS = tuple(dict.fromkeys((*ACTIVITY, *STEPS)))


class DuckDBAnalysis:
    """A connection with the tables loaded."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def analysed(self, question: str, moved: Moved, *, is_cold: bool) -> dict[str, Callable[[], Numbers]]:  # noqa: ARG002 - it remembers nothing
        """Answer in every way that the question can be asked."""
        queries = {
            "overview": _overview, "retention": _retention, "funnel": _funnel, "stages": _stages,
        }[question](moved)  # fmt: skip
        return {name: self._query(query) for name, query in queries.items()}

    def _query(self, query: str) -> Callable[[], Numbers]:
        def ask() -> Numbers:
            row = self._connection.execute(query).fetchone()
            return [int(number) for listed in row or () for number in listed]

        return ask


def _overview(moved: Moved) -> dict[str, str]:
    days = moved.overview()
    within = f"day BETWEEN DATE '{days[0]}' AND DATE '{days[-1]}'"
    listed = ", ".join(f"DATE '{day}'" for day in days)

    def query(active: str) -> str:
        return (
            f"WITH d AS (SELECT unnest([{listed}]) AS day), a AS ({active}), "
            "b AS (SELECT day, count(DISTINCT user_no) AS n, count(*) AS orders, sum(amount) AS total "
            f"FROM purchase WHERE {within} GROUP BY day), "
            "j AS (SELECT d.day, coalesce(a.n, 0) AS active, coalesce(b.n, 0) AS buyers, "
            "coalesce(b.orders, 0) AS orders, round(100 * coalesce(b.total, 0)) AS cents "
            "FROM d LEFT JOIN a ON a.day = d.day LEFT JOIN b ON b.day = d.day) "
            "SELECT list(active ORDER BY day), list(buyers ORDER BY day), list(orders ORDER BY day), "
            "list(cents ORDER BY day) FROM j"
        )

    union = " UNION ALL ".join(f"SELECT user_no, day FROM {event} WHERE {within}" for event in ACTIVITY)
    events = ", ".join(f"'{event}'" for event in ACTIVITY)
    ones = ", ".join(f"count(*) FILTER (b & {1 << place} > 0)" for place in range(len(days)))
    distinct = "SELECT day, count(DISTINCT user_no) AS n FROM"
    return {
        "tables": query(f"{distinct} ({union}) GROUP BY day"),
        "one table": query(f"{distinct} events WHERE event IN ({events}) AND {within} GROUP BY day"),
        "grouped twice": query(
            f"SELECT day, count(*) AS n FROM (SELECT DISTINCT user_no, day FROM ({union})) GROUP BY day"
        ),
        "bits": query(
            f"SELECT unnest([{listed}]) AS day, unnest([{ones}]) AS n FROM (SELECT bit_or("
            f"1::INTEGER << (day - DATE '{days[0]}')) AS b FROM ({union}) GROUP BY user_no)"
        ),
    }


def _retention(moved: Moved) -> dict[str, str]:
    weeks = moved.weeks()
    start, end = weeks[0][0], weeks[-1][1]
    week = f"((day - DATE '{start}') // 7)"
    began = (
        f"SELECT user_no, (min(day) - DATE '{start}') // 7 AS cohort FROM login GROUP BY user_no "
        f"HAVING min(day) BETWEEN DATE '{start}' AND DATE '{weeks[COHORTS - 1][1]}'"
    )
    seen = f"SELECT user_no, {week} AS week FROM login WHERE day BETWEEN DATE '{start}' AND DATE '{end}'"

    def query(cells: str) -> str:
        return (
            f"WITH f AS MATERIALIZED ({began}), c AS (SELECT cohort, count(*) AS n FROM f GROUP BY cohort), "
            f"g AS (SELECT unnest(range({COHORTS})) AS cohort), "
            f"k AS (SELECT cohort, unnest(range({WEEKS})) AS after FROM g), r AS ({cells}), "
            "every AS (SELECT cohort, -1 AS after, coalesce(n, 0) AS n FROM g LEFT JOIN c USING (cohort) "
            "UNION ALL SELECT cohort, after, coalesce(n, 0) FROM k LEFT JOIN r USING (cohort, after)) "
            "SELECT list(n ORDER BY cohort, after) FROM every"
        )

    bits = (
        f"SELECT user_no, min(day) AS first, bit_or(CASE WHEN day BETWEEN DATE '{start}' AND DATE '{end}' "
        f"THEN 1::INTEGER << {week} ELSE 0 END) AS b FROM login GROUP BY user_no "
        f"HAVING first BETWEEN DATE '{start}' AND DATE '{weeks[COHORTS - 1][1]}'"
    )
    ones = ", ".join(f"count(*) FILTER ((b >> (cohort + {week})) & 1 > 0)" for week in range(WEEKS))
    joined = f"f JOIN ({seen}) s USING (user_no)"
    return {
        "count distinct": query(
            f"SELECT cohort, week - cohort AS after, count(DISTINCT user_no) AS n FROM {joined} "
            "GROUP BY cohort, week - cohort"
        ),
        "grouped twice": query(
            "SELECT cohort, week - cohort AS after, count(*) AS n FROM "
            f"f JOIN (SELECT DISTINCT * FROM ({seen})) s USING (user_no) GROUP BY cohort, week - cohort"
        ),
        "bits": (
            f"WITH f AS (SELECT (first - DATE '{start}') // 7 AS cohort, b FROM ({bits})), "
            f"c AS (SELECT cohort, [count(*), {ones}] AS n FROM f GROUP BY cohort), "
            f"g AS (SELECT unnest(range({COHORTS})) AS cohort) SELECT flatten(list("
            f"coalesce(n, [0 FOR x IN range({WEEKS + 1})]) ORDER BY cohort)) "
            "FROM g LEFT JOIN c USING (cohort)"
        ),
    }


def _funnel(moved: Moved) -> dict[str, str]:
    first, last = moved.funnel()
    within = f"day BETWEEN DATE '{first}' AND DATE '{last}'"
    counted = ", ".join(
        [f"count(*) FILTER (s{place})" for place in range(len(STEPS))]
        + [f"count(*) FILTER (s{one} AND s{other})" for one, other in PAIRS]
    )
    listed = ", ".join(f"'{step}'" for step in STEPS)
    or_of = ", ".join(f"bool_or(event = '{step}') AS s{place}" for place, step in enumerate(STEPS))
    joins = " ".join(
        f"LEFT JOIN (SELECT DISTINCT user_no FROM {step} WHERE {within}) t{place} "
        f"ON t{place}.user_no = u.user_no"
        for place, step in enumerate(STEPS)
    )
    has = ", ".join(f"t{place}.user_no IS NOT NULL AS s{place}" for place in range(len(STEPS)))
    semi = ", ".join(
        f"user_no IN (SELECT user_no FROM {step} WHERE {within}) AS s{place}"
        for place, step in enumerate(STEPS)
    )
    pieces = " UNION ALL ".join(
        f"SELECT user_no, {1 << place} AS bit FROM {step} WHERE {within}" for place, step in enumerate(STEPS)
    )
    bits = ", ".join(f"(b & {1 << place}) > 0 AS s{place}" for place in range(len(STEPS)))
    relations = {
        "one table": (f"SELECT {or_of} FROM events WHERE event IN ({listed}) AND {within} GROUP BY user_no"),
        "bits": f"SELECT {bits} FROM (SELECT bit_or(bit) AS b FROM ({pieces}) GROUP BY user_no)",
        "outer joins": f"SELECT {has} FROM users u {joins}",
        "semi joins": f"SELECT {semi} FROM users",
    }
    return {name: f"SELECT [{counted}] FROM ({relation})" for name, relation in relations.items()}


def _stages(moved: Moved) -> dict[str, str]:
    days = ", ".join(f"DATE '{day}'" for day in moved.month_ends())
    active = ", ".join(f"'{event}'" for event in ACTIVITY)
    stage = (
        f"CASE WHEN u.exists_from > d.day - {NEW_DAYS} THEN 0 WHEN a.last > d.day - {ACTIVE_DAYS} THEN 1 "
        f"WHEN a.last > d.day - {LOST_DAYS} THEN 2 ELSE 3 END"
    )
    last = (
        "SELECT d.day, e.user_no, max(e.day) AS last FROM {events} e "
        f"JOIN d ON e.day <= d.day AND e.day > d.day - {LOST_DAYS} GROUP BY d.day, e.user_no"
    )
    wide = ", ".join(
        f"max(CASE WHEN day <= DATE '{day}' THEN day END) AS l{place}"
        for place, day in enumerate(moved.month_ends())
    )
    union = " UNION ALL ".join(f"SELECT user_no, day FROM {event}" for event in ACTIVITY)
    places, many = range(len(moved.month_ends())), range(len(STAGES))
    staged = ", ".join(
        f"CASE WHEN u.exists_from > DATE '{day}' THEN -1 "
        f"WHEN u.exists_from > DATE '{day}' - {NEW_DAYS} THEN 0 "
        f"WHEN b & {1 << (2 * place)} > 0 THEN 1 WHEN b & {2 << (2 * place)} > 0 THEN 2 ELSE 3 END "
        f"AS s{place}"
        for place, day in enumerate(moved.month_ends())
    )
    staged_counts = ", ".join(f"count(*) FILTER (s{place} = {one})" for place in places for one in many)
    before, now = places[-2], places[-1]
    staged_flows = ", ".join(
        f"count(*) FILTER (s{before} = {one} AND s{now} = {other})" for one in many for other in many
    )

    def query(lasts: str) -> str:
        counted = ", ".join(f"count(*) FILTER (stage = {place})" for place in range(len(STAGES)))
        flows = ", ".join(
            f"count(*) FILTER (b.stage = {one} AND e.stage = {other})"
            for one in range(len(STAGES))
            for other in range(len(STAGES))
        )
        return (
            f"WITH d AS (SELECT unnest([{days}]) AS day), a AS ({lasts}), "
            f"s AS MATERIALIZED (SELECT d.day, u.user_no, {stage} AS stage FROM users u CROSS JOIN d "
            "LEFT JOIN a ON a.day = d.day AND a.user_no = u.user_no WHERE u.exists_from <= d.day), "
            f"c AS (SELECT day, [{counted}] AS n FROM s GROUP BY day), "
            "t AS (SELECT DISTINCT day FROM d ORDER BY day DESC LIMIT 2), "
            "b AS (SELECT user_no, stage FROM s WHERE day = (SELECT min(day) FROM t)), "
            "e AS (SELECT user_no, stage FROM s WHERE day = (SELECT max(day) FROM t)) "
            "SELECT (SELECT flatten(list(n ORDER BY day)) FROM c), "
            f"(SELECT [{flows}] FROM b JOIN e USING (user_no))"
        )

    def one_scan(relation: str) -> str:
        """Return each user's last days for all the days at once, turned to rows afterwards."""
        lasts = ", ".join(f"l{place}" for place in range(len(moved.month_ends())))
        return (
            f"SELECT unnest([{days}]) AS day, user_no, unnest([{lasts}]) AS last "
            f"FROM (SELECT user_no, {wide} FROM {relation} GROUP BY user_no)"
        )

    # Of every day the windows in which it lies, as bits: two for each of the days.
    bit = " | ".join(
        f"(CASE WHEN day <= DATE '{day}' AND day > DATE '{day}' - {length} THEN {1 << (2 * place + far)} "
        "ELSE 0 END)"
        for place, day in enumerate(moved.month_ends())
        for far, length in enumerate((ACTIVE_DAYS, LOST_DAYS))
    )
    calendar = f"SELECT day, {bit} AS bits FROM (SELECT DISTINCT day FROM ({union}))"
    return {
        "bits": (
            f"WITH m AS (SELECT user_no, bit_or(bits) AS b FROM ({union}) JOIN ({calendar}) USING (day) "
            "WHERE bits > 0 GROUP BY user_no), "
            f"s AS MATERIALIZED (SELECT {staged} FROM users u LEFT JOIN m USING (user_no)) "
            f"SELECT [{staged_counts}], [{staged_flows}] FROM s"
        ),
        "one table": query(last.format(events=f"(SELECT * FROM events WHERE event IN ({active}))")),
        "tables": query(last.format(events=f"({union})")),
        "one scan": query(one_scan(f"({union})")),
    }


def load(folder: Path, threads: int) -> DuckDBAnalysis:
    """Load the data."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute(
        "CREATE TABLE users AS SELECT user_no, coalesce(exists_from, DATE '0001-01-01') AS exists_from "
        f"FROM '{folder / 'users.parquet'}' ORDER BY user_no"
    )
    for event in _EVENTS:
        amount = ', "prop:amount" AS amount' if event == "purchase" else ""
        connection.execute(
            f"CREATE TABLE {event} AS SELECT user_no, day{amount} FROM '{event_path(folder, event)}'"
        )
    kinds = ", ".join(f"'{event}'" for event in _EVENTS)
    connection.execute(f"CREATE TYPE events_t AS ENUM ({kinds})")
    union = " UNION ALL ".join(
        f"SELECT user_no, '{event}'::events_t AS event, day FROM {event}" for event in _EVENTS
    )
    connection.execute(f"CREATE TABLE events AS SELECT * FROM ({union}) ORDER BY user_no, day")
    return DuckDBAnalysis(connection)
