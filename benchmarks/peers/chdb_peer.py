"""ClickHouse inside the process (chdb), tables of its Memory engine, low-cardinality strings."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

from chdb.session import Session

from benchmarks.marketplace import EVENTS, event_path
from benchmarks.peers import Numbers
from benchmarks.questions import AS_OF, CHARTED, Five, Measured


class ClickHouse:
    """A session with the tables loaded."""

    def __init__(self, session: Session, threads: int) -> None:
        self._session = session
        self._settings = f" SETTINGS max_threads = {threads}"

    def ten_numbers(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """One query with countIf, over several ways to ask the events."""
        own = ", ".join(f"countIf(c{i})" for i in range(1, 6))
        running = ", ".join(
            "countIf(" + " AND ".join(f"c{j}" for j in range(1, i + 1)) + ")" for i in range(1, 6)
        )
        return {
            name: self._query(f"SELECT {own}, {running} FROM ({relation})")
            for name, relation in self._relations(five, flat=flat).items()
        }

    def plain_count(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Count with everything in WHERE."""
        return {
            name: self._query(f"SELECT count() FROM ({relation}) WHERE c1 AND c2 AND c3 AND c4 AND c5")
            for name, relation in self._relations(five, flat=flat).items()
        }

    def event_condition(self, asked: Measured) -> dict[str, Callable[[], Numbers]]:
        """Group by user."""
        measure = "count()" if asked.measure == "count" else "sum(amount)"
        day = f"day BETWEEN toDate('{asked.first}') AND toDate('{AS_OF}')"
        having = f"GROUP BY user_no HAVING {measure} >= {asked.at_least}"
        return {
            "one table": self._query(
                "SELECT count() FROM (SELECT user_no FROM events "
                f"WHERE event = '{asked.event}' AND {day} {having})"
            ),
            "tables": self._query(
                f"SELECT count() FROM (SELECT user_no FROM {asked.event} WHERE {day} {having})"
            ),
        }

    def charts(self, since: date) -> dict[str, Callable[[], Numbers]]:
        """Four group-bys."""
        where = f"FROM users WHERE registered_on >= toDate('{since}')"

        def separately() -> Numbers:
            numbers: Numbers = []
            for tag in CHARTED:
                numbers += self._ask(f"SELECT count() n {where} GROUP BY {tag} ORDER BY n DESC")
            return numbers

        return {"four queries": separately}

    def _relations(self, five: Five, *, flat: bool) -> dict[str, str]:
        words = ", ".join(f"'{word}'" for word in five.words)
        of_users = (
            f"ifNull(city = '{five.city}', 0) AS c1, "
            f"ifNull(multiSearchAny(assumeNotNull(title), [{words}]), 0) AS c2, gmv > {five.gmv} AS c3"
        )
        if flat:
            return {
                "flat": f"SELECT {of_users}, last_login_on >= toDate('{five.login_from}') AS c4, "
                f"last_purchase_on >= toDate('{five.purchase_from}') AS c5 FROM users"
            }
        login = f"(SELECT user_no FROM login WHERE day >= toDate('{five.login_from}'))"
        purchase = f"(SELECT user_no FROM purchase WHERE day >= toDate('{five.purchase_from}'))"
        grouped = (
            "SELECT user_no, "
            f"max(event = 'login' AND day >= toDate('{five.login_from}')) AS c4, "
            f"max(event = 'purchase' AND day >= toDate('{five.purchase_from}')) AS c5 "
            f"FROM events WHERE day >= toDate('{min(five.login_from, five.purchase_from)}') "
            "AND event IN ('login', 'purchase') GROUP BY user_no"
        )
        return {
            "semi joins": (
                f"SELECT {of_users}, user_no IN {login} AS c4, user_no IN {purchase} AS c5 FROM users"
            ),
            "one table": (
                f"SELECT {of_users}, e.c4 AS c4, e.c5 AS c5 FROM users "
                f"LEFT JOIN ({grouped}) e USING (user_no)"
            ),
        }

    def _query(self, query: str) -> Callable[[], Numbers]:
        return lambda: self._ask(query)

    def _ask(self, query: str) -> Numbers:
        text = str(self._session.query(query + self._settings, "CSV"))
        return [int(number) for row in csv.reader(io.StringIO(text)) for number in row]


def load(folder: Path, threads: int) -> ClickHouse:
    """Load the data."""
    session = Session()
    session.query("CREATE DATABASE b ENGINE = Atomic")
    session.query("USE b")
    strings = {"city", "title", *CHARTED}
    kept = ", ".join(
        f"CAST(u.`tag:{tag}` AS LowCardinality(Nullable(String))) AS {tag}" for tag in sorted(strings)
    )
    session.query(
        "CREATE TABLE users ENGINE = Memory AS SELECT u.user_no AS user_no, "
        f"{kept}, assumeNotNull(u.`tag:registered_on`)::Date AS registered_on, "
        "assumeNotNull(f.gmv) AS gmv, "
        "toDate(ifNull(f.last_login_on, toDate32('1970-01-01'))) AS last_login_on, "
        "toDate(ifNull(f.last_purchase_on, toDate32('1970-01-01'))) AS last_purchase_on "
        f"FROM file('{folder / 'users.parquet'}', Parquet) u "
        f"JOIN file('{folder / 'flat.parquet'}', Parquet) f ON u.user_no = f.user_no"
    )
    for event in EVENTS:
        amount = "assumeNotNull(`prop:amount`)" if event == "purchase" else "0.0"
        session.query(
            f"CREATE TABLE {event} ENGINE = Memory AS SELECT assumeNotNull(user_no) AS user_no, "
            f"toDate(assumeNotNull(day)) AS day, {amount} AS amount "
            f"FROM file('{event_path(folder, event)}', Parquet)"
        )
    kinds = ", ".join(f"'{event}' = {place}" for place, event in enumerate(EVENTS, start=1))
    union = " UNION ALL ".join(
        f"SELECT user_no, CAST('{event}' AS Enum8({kinds})) AS event, day, amount FROM {event}"
        for event in EVENTS
    )
    session.query(f"CREATE TABLE events ENGINE = Memory AS SELECT * FROM ({union})")
    return ClickHouse(session, threads)
