"""The analyses of people in DuckDB's SQL, written from their definitions in words, not from the code.

All asks the tables ``people(who, since)`` and ``done(event, who, moment, amount)``; days are local.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

MACROS = """
CREATE MACRO here(d) AS TABLE SELECT who, since FROM people WHERE since <= d;
CREATE MACRO did(d) AS TABLE
    SELECT event, who, moment, CAST(moment AS DATE) AS day, amount FROM done SEMI JOIN here(d) USING (who)
    WHERE CAST(moment AS DATE) <= d;

-- Life cycle: 365 and 180 days for buyers, 180 and 90 for others, mature from the third purchase on.
CREATE MACRO stage_at(d, buy, visit) AS TABLE
    WITH facts AS (
        SELECT who, count(*) FILTER (event = buy) AS buys,
            max(day) FILTER (event = buy) AS last_buy, max(day) FILTER (event = visit) AS last_visit
        FROM here(d) LEFT JOIN did(d) USING (who) GROUP BY who)
    SELECT who, CASE
        WHEN buys > 0 AND d - last_buy >= 365 OR buys = 0 AND coalesce(d - last_visit, 99999) >= 180 THEN 'churned'
        WHEN buys > 0 AND d - last_buy >= 180 OR buys = 0 AND coalesce(d - last_visit, 99999) >= 90 THEN 'dormant'
        WHEN buys >= 3 THEN 'mature' WHEN buys > 0 THEN 'growth' ELSE 'introduction' END AS stage
    FROM facts;

-- RFM: of n buyers the ceil(i n / 5)-th value is the i-th edge; who is above j edges scores j + 1.
CREATE MACRO buyers_at(d, buy) AS TABLE
    SELECT who, d - max(day) FILTER (amount > 0) AS days, count(*) FILTER (amount > 0) AS times,
        sum(CAST(amount AS DECIMAL(18, 6))) AS spend
    FROM did(d) WHERE event = buy GROUP BY who HAVING count(*) FILTER (amount > 0) > 0;
CREATE MACRO fifths_at(d, buy) AS TABLE
    WITH b AS (FROM buyers_at(d, buy)), edges AS (SELECT
        list_transform([1, 2, 3, 4], lambda i: list(days ORDER BY days)[(i * count(*) + 4) // 5]) AS rs,
        list_transform([1, 2, 3, 4], lambda i: list(times ORDER BY times)[(i * count(*) + 4) // 5]) AS fs,
        list_transform([1, 2, 3, 4], lambda i: list(spend ORDER BY spend)[(i * count(*) + 4) // 5]) AS ms FROM b)
    SELECT who, 5 - len(list_filter(rs, lambda e: days > e)) AS r,
        1 + len(list_filter(fs, lambda e: times > e)) AS f, 1 + len(list_filter(ms, lambda e: spend > e)) AS m
    FROM b, edges;
CREATE MACRO thresholds_at(d, buy) AS TABLE
    SELECT who, 5 - len(list_filter([31, 91, 181, 366], lambda e: days >= e)) AS r,
        1 + len(list_filter([2, 3, 5, 10], lambda e: times >= e)) AS f,
        1 + len(list_filter([500, 1000, 3000, 10000], lambda e: spend >= e)) AS m
    FROM buyers_at(d, buy);
"""
CELL = """
    CASE WHEN s.who IS NULL THEN 'never' ELSE (CASE WHEN m >= 4 THEN '' ELSE 'plain_' END) || (CASE
        WHEN r >= 4 AND f >= 4 THEN (CASE WHEN m >= 4 THEN 'champion' ELSE 'value' END) WHEN r >= 4 THEN 'growing'
        WHEN f >= 4 THEN 'keep' ELSE 'win_back' END) END
"""


class Plain:
    """The same questions in SQL."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute(MACROS)

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()

    def numbers(self, day: date, first: date, last: date, buy: str, visit: str) -> tuple[Any, ...]:
        """New, active, buyers, orders, amount, repeaters of a period."""
        (found,) = self.rows(
            """
            WITH b AS (SELECT who, count(*) AS n, sum(CAST(amount AS DECIMAL(18, 6))) AS paid FROM did($day)
                       WHERE event = $buy AND day BETWEEN $first AND $last GROUP BY who)
            SELECT (SELECT count(*) FROM here($day) WHERE since BETWEEN $first AND $last),
                (SELECT count(DISTINCT who) FROM did($day) WHERE event = $visit AND day BETWEEN $first AND $last),
                count(*), coalesce(sum(n), 0), coalesce(sum(paid), 0), count(*) FILTER (n > 1) FROM b
            """,
            day=day, first=first, last=last, buy=buy, visit=visit,
        )  # fmt: skip
        return tuple(float(value) for value in found)

    def stages(self, day: date, buy: str, visit: str) -> Counter[str]:
        return Counter(dict(self.rows("SELECT stage, count(*) FROM stage_at($d, $b, $v) GROUP BY 1", d=day, b=buy, v=visit)))  # fmt: skip

    def flows(self, then: date, day: date, buy: str, visit: str) -> dict[tuple[str, str], int]:
        query = """
            SELECT coalesce(a.stage, 'come'), b.stage, count(*) FROM stage_at($d, $b, $v) b
            LEFT JOIN stage_at($t, $b, $v) a USING (who) GROUP BY 1, 2
        """
        return {(was, now): n for was, now, n in self.rows(query, t=then, d=day, b=buy, v=visit)}

    def weeks(self, day: date, visit: str) -> dict[date, tuple[int, ...]]:
        """New, retained, returning, lost by week."""
        query = """
            WITH active AS (SELECT DISTINCT who, date_trunc('week', day) AS week FROM did($d) WHERE event = $v)
            SELECT CAST(coalesce(a.week, b.week + INTERVAL 7 DAY) AS DATE) AS week,
                count(*) FILTER (b.who IS NULL AND p.since >= a.week),
                count(*) FILTER (a.who IS NOT NULL AND b.who IS NOT NULL),
                count(*) FILTER (b.who IS NULL AND p.since < a.week), count(*) FILTER (a.who IS NULL)
            FROM active a FULL JOIN active b ON a.who = b.who AND b.week + INTERVAL 7 DAY = a.week
            JOIN people p ON p.who = coalesce(a.who, b.who) GROUP BY 1
        """
        return {week: tuple(numbers) for week, *numbers in self.rows(query, d=day, v=visit)}

    def squares(self, method: str, day: date, buy: str) -> dict[tuple[int, int], int]:
        found = self.rows(f"SELECT r, f, count(*) FROM {method}_at($d, $b) GROUP BY 1, 2", d=day, b=buy)  # noqa: S608 - ours
        return {(r, f): n for r, f, n in found}

    def moves(self, method: str, then: date, day: date, buy: str) -> dict[tuple[str, str], int]:
        cells = f"SELECT h.who, {CELL} AS cell FROM here(${{d}}) h LEFT JOIN {method}_at(${{d}}, $b) s USING (who)"  # noqa: S608 - ours
        query = f"""
            WITH a AS ({cells.format(d="t")}), b AS ({cells.format(d="d")})
            SELECT coalesce(a.cell, 'come'), b.cell, count(*) FROM b LEFT JOIN a USING (who) GROUP BY 1, 2
        """  # noqa: S608 - ours
        return {(was, now): n for was, now, n in self.rows(query, t=then, d=day, b=buy)}

    def retention(
        self, day: date, grain: str, reading: str, returning: str, *, first_event: str | None = None
    ) -> dict[tuple[date, int], int]:  # fmt: skip
        """People of every cohort by how many periods after, or since how many, they came back; k = -1: all."""
        begun = "SELECT who, since AS day FROM here($d)"
        if first_event is not None:
            begun = f"SELECT who, min(day) AS day FROM did($d) WHERE event = '{first_event}' GROUP BY who"  # noqa: S608
        query = f"""
            WITH began AS (SELECT who, CAST(date_trunc('{grain}', day) AS DATE) AS cohort FROM ({begun})),
            back AS (
                SELECT DISTINCT b.who, cohort, date_diff('{grain}', cohort, CAST(date_trunc('{grain}', day) AS DATE)) AS k
                FROM began b JOIN did($d) v ON v.who = b.who AND v.event = $v),
            told AS (SELECT who, cohort, unnest(CASE WHEN '{reading}' = 'rolling' AND k >= 0
                THEN range(0, CAST(k AS BIGINT) + 1) ELSE [CAST(k AS BIGINT)] END) AS k FROM back)
            SELECT cohort, k, count(DISTINCT who) FROM told WHERE k >= 0 GROUP BY ALL
            UNION ALL SELECT cohort, -1, count(*) FROM began GROUP BY ALL
        """  # noqa: S608 - ours
        return {(cohort, k): n for cohort, k, n in self.rows(query, d=day, v=returning)}

    def journey(
        self, day: date, steps: Sequence[Sequence[str]], *, in_order: bool = False, within: int = 99_999,
        period: tuple[date, date] | None = None,
    ) -> list[set[str]]:  # fmt: skip
        """Who reached each step; a step of no events everybody has reached, or who came in the period."""
        first, last = period or (date.min, date.max)
        found: list[set[str]] = []
        before: str | None = None
        for place, events in enumerate(steps):
            if not events:
                came = "SELECT who FROM here($d) WHERE since BETWEEN $first AND $last OR $ever"
                found.append(
                    {who for (who,) in self.rows(came, d=day, first=first, last=last, ever=period is None)}
                )
                continue
            named = ", ".join(f"'{event}'" for event in events)
            is_first = before is None
            in_period = (
                ""
                if in_order and not (is_first and place == 0)
                else f" AND day BETWEEN DATE '{first}' AND DATE '{last}'"
            )
            after = "" if is_first or not in_order else (
                f" AND EXISTS (FROM {before} b WHERE b.who = v.who AND b.moment < v.moment"
                f" AND v.moment <= b.moment + INTERVAL {within * 24} HOUR)"
            )  # fmt: skip
            name = f"chain_{place}"
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT who, moment FROM did(DATE '{day}') v WHERE event IN ({named}){in_period}{after}")  # noqa: S608  # fmt: skip
            who = {who for (who,) in self.rows(f"SELECT DISTINCT who FROM {name}")}  # noqa: S608 - ours
            found.append(who & found[0] if in_order and found and not steps[0] else who)
            before = name
        return found

    def delays(
        self, day: date, first: Sequence[str], then: Sequence[str], among: set[str],
        span: tuple[date, date] = (date.min, date.max),
    ) -> tuple[Any, ...]:  # fmt: skip
        """From the first of some events to the next of others, of some people: known, median, 90th percentile."""
        one, two = (", ".join(f"'{event}'" for event in events) for events in (first, then))
        query = f"""
            WITH v AS (FROM did($d) WHERE day BETWEEN $first AND $last),
            a AS (SELECT who, min(moment) AS start FROM v WHERE event IN ({one}) GROUP BY who),
            t AS (SELECT who, min(epoch_us(moment) - epoch_us(start)) AS us FROM a JOIN v USING (who)
                  WHERE event IN ({two}) AND moment >= start AND who IN (SELECT unnest($among)) GROUP BY who)
            SELECT count(*), quantile_disc(us, 0.5) / 1e6, quantile_disc(us, 0.9) / 1e6 FROM t
        """  # noqa: S608 - ours
        return self.rows(query, d=day, among=sorted(among), first=span[0], last=span[1])[0]

    def visits(
        self, day: date, steps: Sequence[Sequence[str]], minutes: int, *, in_order: bool,
        period: tuple[date, date] | None = None,
    ) -> list[tuple[int, int, int]]:  # fmt: skip
        """Of each step and the one after it, which all have events: sessions with it, with both, whose they are."""
        first, last = period or (date.min, date.max)
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE visits AS
            SELECT event, who, moment, day BETWEEN DATE '{first}' AND DATE '{last}' AS counts,
                sum(CAST(coalesce(moment - prev > INTERVAL {minutes} MINUTE, true) AS INT))
                    OVER (PARTITION BY who ORDER BY moment) AS visit
            FROM (SELECT *, lag(moment) OVER (PARTITION BY who ORDER BY moment) AS prev FROM did(DATE '{day}'))
        """)  # noqa: S608 - ours
        for place, events in enumerate(steps):
            named = ", ".join(f"'{event}'" for event in events)
            told = "AND counts" if not in_order or place == 0 else (
                f"AND EXISTS (FROM step_{place - 1} b WHERE b.who = v.who AND b.visit = v.visit"
                " AND b.moment < v.moment)"
            )  # fmt: skip
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE step_{place} AS SELECT DISTINCT who, visit, moment FROM visits v WHERE event IN ({named}) {told}")  # noqa: S608  # fmt: skip
        found = []
        for place in range(len(steps) - 1):
            (with_it,) = self.rows(f"SELECT count(*) FROM (SELECT DISTINCT who, visit FROM step_{place})")  # noqa: S608 - ours  # fmt: skip
            (with_both,) = self.rows(f"SELECT count(*), count(DISTINCT who) FROM (SELECT DISTINCT who, visit FROM step_{place} SEMI JOIN step_{place + 1} USING (who, visit))")  # noqa: S608 - ours  # fmt: skip
            found.append((with_it[0], *with_both))
        return found


def furthest(reached: Sequence[set[str]]) -> list[int]:
    """How many stand at each step: who reached it and none of the later ones."""
    return [len(who.difference(*reached[place + 1 :])) for place, who in enumerate(reached)]


def cohorts_of(found: Any) -> Mapping[tuple[date, int], int]:
    """The cohorts and cells of a retention, as `Plain.retention` tells them; nobody left out."""
    told = {(c.period.first, cell.after): cell.people.users for c in found.cohorts for cell in c.cells}
    told |= {(c.period.first, -1): c.people.users for c in found.cohorts}
    return {key: n for key, n in told.items() if n}
