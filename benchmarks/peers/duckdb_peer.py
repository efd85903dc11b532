"""DuckDB with everything in memory: enums for city and title, events both in one table and one table each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb

from benchmarks.marketplace import EVENTS, event_path
from benchmarks.peers import Numbers
from benchmarks.questions import AS_OF, CHARTED, Five, Followed, Measured
from core.clock import end_of
from core.schema import Catalogue


class DuckDB:
    """A connection with the tables loaded."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, end: datetime) -> None:
        self._connection = connection
        self._end = end

    def ten_numbers(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """One query with conditional aggregation, over several ways to ask the events."""
        own = ", ".join(f"count(*) FILTER (c{i})" for i in range(1, 6))
        running = ", ".join(
            "count(*) FILTER (" + " AND ".join(f"c{j}" for j in range(1, i + 1)) + ")" for i in range(1, 6)
        )
        return {
            name: self._query(f"SELECT {own}, {running} FROM ({relation})")
            for name, relation in self._relations(five, flat=flat).items()
        }

    def plain_count(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Count with everything in WHERE, so that the optimizer may order it."""
        if flat:
            where = f"{self._of_users(five)} AND {self._flat_events(five)}"
            return {"where": self._query(f"SELECT count(*) FROM users WHERE {where}")}
        login, purchase = self._semi_joins(five)
        return {
            "tables": self._query(
                f"SELECT count(*) FROM users WHERE {self._of_users(five)} AND {login} AND {purchase}"
            ),
            "conditional": self._query(
                f"SELECT count(*) FROM ({self._relations(five, flat=False)['one table']}) "
                "WHERE c1 AND c2 AND c3 AND c4 AND c5"
            ),
        }

    def event_condition(self, asked: Measured) -> dict[str, Callable[[], Numbers]]:
        """Group by user, from one table of all events and from a table per event."""
        measure = "count(*)" if asked.measure == "count" else "sum(amount)"
        having = f"GROUP BY user_no HAVING {measure} >= {asked.at_least}"
        day = f"day BETWEEN DATE '{asked.first}' AND DATE '{AS_OF}'"
        return {
            "one table": self._query(
                "SELECT count(*) FROM (SELECT user_no FROM events "
                f"WHERE event = '{asked.event}' AND {day} {having})"
            ),
            "tables": self._query(
                f"SELECT count(*) FROM (SELECT user_no FROM {asked.event} WHERE {day} {having})"
            ),
        }

    def sequence(self, asked: Followed) -> dict[str, Callable[[], Numbers]]:
        """Join each first event with the next other one, anti-join, or walk both in one window."""
        end, length = f"TIMESTAMP '{self._end:%Y-%m-%d %H:%M:%S}'", f"INTERVAL {asked.hours} HOUR"
        first = (
            f"(SELECT user_no, moment FROM {asked.first} WHERE day BETWEEN DATE '{asked.since}' "
            f"AND DATE '{AS_OF}')"
        )
        then = f"(SELECT user_no, moment FROM {asked.then} WHERE moment < {end})"
        users = "SELECT count(DISTINCT a.user_no) FROM"
        both = (
            "(SELECT user_no, moment, other, min(CASE WHEN other THEN moment END) OVER "
            "(PARTITION BY user_no ORDER BY moment "
            "RANGE BETWEEN INTERVAL 1 MICROSECOND FOLLOWING AND UNBOUNDED FOLLOWING) AS next "
            f"FROM (SELECT user_no, moment, false AS other FROM {first} UNION ALL "
            f"SELECT user_no, moment, true AS other FROM {then})) a"
        )
        near = (
            f"EXISTS (SELECT 1 FROM {then} b "
            f"WHERE b.user_no = a.user_no AND b.moment > a.moment AND b.moment <= a.moment + {length})"
        )
        if asked.none:
            done = f"a.moment + {length} < {end}"
            return {
                "asof join": self._query(
                    f"{users} {first} a ASOF LEFT JOIN {then} b "
                    "ON a.user_no = b.user_no AND a.moment < b.moment "
                    f"WHERE {done} AND (b.moment IS NULL OR b.moment > a.moment + {length})"
                ),
                "anti join": self._query(f"{users} {first} a WHERE {done} AND NOT {near}"),
                "window": self._query(
                    f"{users} {both} WHERE NOT a.other AND {done} "
                    f"AND (a.next IS NULL OR a.next > a.moment + {length})"
                ),
            }
        return {
            "asof join": self._query(
                f"{users} {first} a ASOF JOIN {then} b ON a.user_no = b.user_no AND a.moment < b.moment "
                f"WHERE b.moment <= a.moment + {length}"
            ),
            "semi join": self._query(f"{users} {first} a WHERE {near}"),
            "window": self._query(f"{users} {both} WHERE NOT a.other AND a.next <= a.moment + {length}"),
        }

    def charts(self, since: date) -> dict[str, Callable[[], Numbers]]:
        """Four group-bys, and grouping sets in one query."""
        where = f"FROM users WHERE registered_on >= DATE '{since}'"

        def separately() -> Numbers:
            numbers: Numbers = []
            for tag in CHARTED:
                rows = self._connection.execute(f"SELECT count(*) n {where} GROUP BY {tag} ORDER BY n DESC")
                numbers += [int(n) for (n,) in rows.fetchall()]
            return numbers

        def together() -> Numbers:
            sets = ", ".join(f"({tag})" for tag in CHARTED)
            grouping = f"GROUPING({', '.join(CHARTED)})"
            rows = self._connection.execute(
                f"SELECT {grouping} g, count(*) n {where} GROUP BY GROUPING SETS ({sets}) ORDER BY g, n DESC"
            )
            found = rows.fetchall()
            order = sorted({g for g, _ in found}, reverse=True)
            by_tag = {g: [int(n) for h, n in found if h == g] for g in order}
            places = [sum(1 << (3 - j) for j in range(4) if j != i) for i in range(4)]
            return [n for place in places for n in by_tag[place]]

        return {"four queries": separately, "grouping sets": together}

    def _relations(self, five: Five, *, flat: bool) -> dict[str, str]:
        """Return queries with one Boolean column per condition, one row per user."""
        of_users = self._columns_of_users(five)
        if flat:
            login, purchase = self._flat_events(five).split(" AND ")
            return {"flat": f"SELECT {of_users}, {login} AS c4, {purchase} AS c5 FROM users"}
        login, purchase = self._semi_joins(five)
        earliest = min(five.login_from, five.purchase_from)
        return {
            "semi joins": f"SELECT {of_users}, {login} AS c4, {purchase} AS c5 FROM users",
            "outer joins": (
                f"SELECT {of_users}, l.user_no IS NOT NULL AS c4, p.user_no IS NOT NULL AS c5 FROM users u "
                f"LEFT JOIN (SELECT DISTINCT user_no FROM login WHERE day >= DATE '{five.login_from}') l "
                "ON u.user_no = l.user_no "
                f"LEFT JOIN (SELECT DISTINCT user_no FROM purchase "
                f"WHERE day >= DATE '{five.purchase_from}') p "
                "ON u.user_no = p.user_no"
            ),
            "one table": (
                f"SELECT {of_users}, coalesce(e.c4, false) AS c4, coalesce(e.c5, false) AS c5 FROM users u "
                "LEFT JOIN (SELECT user_no, "
                f"bool_or(event = 'login' AND day >= DATE '{five.login_from}') AS c4, "
                f"bool_or(event = 'purchase' AND day >= DATE '{five.purchase_from}') AS c5 "
                f"FROM events WHERE day >= DATE '{earliest}' AND event IN ('login', 'purchase') "
                "GROUP BY user_no) e ON u.user_no = e.user_no"
            ),
        }

    def _columns_of_users(self, five: Five) -> str:
        city, title, gmv = self._of_users(five).split(" AND ")
        return f"{city} AS c1, {title} AS c2, {gmv} AS c3"

    def _of_users(self, five: Five) -> str:
        """Return the three conditions on users; the words are looked for in the enum's values first."""
        contains = " OR ".join(f"contains(value, '{word}')" for word in five.words)
        rows = self._connection.execute(
            f"SELECT value FROM (SELECT unnest(enum_range(NULL::titles))::VARCHAR AS value) WHERE {contains}"
        )
        listed = ", ".join(f"'{value}'" for (value,) in rows.fetchall()) or "''"
        return f"city = '{five.city}' AND title IN ({listed}) AND gmv > {five.gmv}"

    @staticmethod
    def _flat_events(five: Five) -> str:
        return (
            f"last_login_on >= DATE '{five.login_from}' AND last_purchase_on >= DATE '{five.purchase_from}'"
        )

    @staticmethod
    def _semi_joins(five: Five) -> tuple[str, str]:
        return (
            f"user_no IN (SELECT user_no FROM login WHERE day >= DATE '{five.login_from}')",
            f"user_no IN (SELECT user_no FROM purchase WHERE day >= DATE '{five.purchase_from}')",
        )

    def _query(self, query: str) -> Callable[[], Numbers]:
        def ask() -> Numbers:
            row = self._connection.execute(query).fetchone()
            return [int(number) for number in row or ()]

        return ask


def load(folder: Path, threads: int) -> DuckDB:
    """Load the data."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.execute("SET TimeZone = 'UTC'")
    users, flat = folder / "users.parquet", folder / "flat.parquet"
    for name, column in (("cities", "tag:city"), ("titles", "tag:title")):
        connection.execute(
            f"CREATE TYPE {name} AS ENUM (SELECT DISTINCT \"{column}\" v FROM '{users}' WHERE v IS NOT NULL)"
        )
    kept = ", ".join(f'u."tag:{tag}" AS {tag}' for tag in CHARTED if tag != "city")
    connection.execute(
        'CREATE TABLE users AS SELECT u.user_no, u."tag:city"::cities AS city, '
        'u."tag:title"::titles AS title, '
        f'u."tag:registered_on" AS registered_on, {kept}, f.gmv, f.last_login_on, f.last_purchase_on '
        f"FROM '{users}' u JOIN '{flat}' f ON u.user_no = f.user_no ORDER BY u.user_no"
    )
    for event in EVENTS:
        amount = '"prop:amount" AS amount' if event == "purchase" else "NULL::DOUBLE AS amount"
        connection.execute(
            f'CREATE TABLE {event} AS SELECT user_no, day, "at"::TIMESTAMP AS moment, {amount} '
            f"FROM '{event_path(folder, event)}'"
        )
    kinds = ", ".join(f"'{event}'" for event in EVENTS)
    connection.execute(f"CREATE TYPE events_t AS ENUM ({kinds})")
    union = " UNION ALL ".join(
        f"SELECT user_no, '{event}'::events_t AS event, day, amount FROM {event}" for event in EVENTS
    )
    connection.execute(f"CREATE TABLE events AS SELECT * FROM ({union}) ORDER BY user_no, day")
    text = (folder / "catalogue.json").read_text(encoding="utf-8")
    zone = Catalogue.model_validate_json(text).zone
    return DuckDB(connection, end_of(AS_OF, zone))
