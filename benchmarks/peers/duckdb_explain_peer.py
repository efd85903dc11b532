"""DuckDB, asked the same: conditional aggregation over one Boolean column per condition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from benchmarks.peers import Numbers, duckdb_peer
from benchmarks.peers.duckdb_peer import DuckDB
from benchmarks.peers.explaining import CONDITIONS, TARGET, THRESHOLDS, WEEKS
from benchmarks.questions import Five


class DuckDBExplain(DuckDB):
    """The same connection, asked why."""

    def explained(self, question: str, five: Five) -> dict[str, Callable[[], Numbers]]:
        """Answer in every way that the five conditions can be asked."""
        if question == "history":
            return {"26 queries": self._week_by_week(five), "one query": self._query_rows(_weeks(self, five))}
        asked = _edit() if question == "edit" else None
        found: dict[str, Callable[[], Numbers]] = {}
        for name, relation in self._relations(five, flat=False).items():
            with_spend = relation.replace("SELECT ", "SELECT gmv, ", 1)
            query = f"SELECT {asked} FROM ({with_spend})" if asked is not None else _solve(with_spend)
            found[name] = self._query(query)
        return found

    def _week_by_week(self, five: Five) -> Callable[[], Numbers]:
        queries = [
            f"SELECT count(*) FROM users WHERE {self._of_users(five)} "
            f"AND user_no IN (SELECT user_no FROM login WHERE day BETWEEN "
            f"DATE '{day - timedelta(days=five.login_days - 1)}' AND DATE '{day}') "
            f"AND user_no IN (SELECT user_no FROM purchase WHERE day BETWEEN "
            f"DATE '{day - timedelta(days=five.purchase_days - 1)}' AND DATE '{day}')"
            for day in WEEKS
        ]
        each = [self._query(query) for query in queries]
        return lambda: [ask()[0] for ask in each]

    def _query_rows(self, query: str) -> Callable[[], Numbers]:
        return lambda: [int(number) for (number,) in self._connection.execute(query).fetchall()]

    def of_users(self, five: Five) -> str:
        """Return the three conditions on users."""
        return self._of_users(five)


def _others(node: str) -> str:
    """Return that all conditions but one hold."""
    return " AND ".join(other for other in CONDITIONS if other != node)


def _edit() -> str:
    all_hold = "count(*) FILTER (" + " AND ".join(CONDITIONS) + ")"
    costs = [f"count(*) FILTER ({_others(node)}) - {all_hold}" for node in CONDITIONS]
    near = [f"count(*) FILTER ({_others(node)} AND NOT coalesce({node}, false))" for node in CONDITIONS]
    read_off = [f"count(*) FILTER ({_others('c3')} AND gmv > {limit})" for limit in THRESHOLDS]
    return ", ".join([*costs, *near, *read_off])


def _solve(relation: str) -> str:
    withouts = ", ".join(f"(SELECT count(*) FROM r WHERE {_others(node)})" for node in CONDITIONS)
    return (
        f"WITH r AS MATERIALIZED ({relation}), "
        f"o AS (SELECT rank() OVER (ORDER BY gmv DESC) - 1 AS above FROM r WHERE {_others('c3')} "
        "AND gmv IS NOT NULL) "
        f"SELECT (SELECT min(abs(above - {TARGET})) FROM o), {withouts}"
    )


def _weeks(peer: DuckDBExplain, five: Five) -> str:
    days = ", ".join(f"DATE '{day}'" for day in WEEKS)
    return (
        f"WITH w AS (SELECT unnest([{days}]) AS until), "
        f"u AS MATERIALIZED (SELECT user_no FROM users WHERE {peer.of_users(five)}), "
        "l AS (SELECT DISTINCT w.until, e.user_no FROM login e JOIN u USING (user_no) JOIN w "
        f"ON e.day BETWEEN w.until - {five.login_days - 1} AND w.until), "
        "p AS (SELECT DISTINCT w.until, e.user_no FROM purchase e JOIN u USING (user_no) JOIN w "
        f"ON e.day BETWEEN w.until - {five.purchase_days - 1} AND w.until) "
        "SELECT count(l.user_no) FROM w LEFT JOIN (l JOIN p USING (until, user_no)) l ON w.until = l.until "
        "GROUP BY w.until ORDER BY w.until DESC"
    )


def load(folder: Path, threads: int) -> DuckDBExplain:
    """Load the data."""
    loaded = duckdb_peer.load(folder, threads)
    return DuckDBExplain(loaded._connection, loaded._end)
