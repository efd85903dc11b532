"""SQL in a plan: one SELECT over the listed files, an expression over one row, and nothing else."""

from __future__ import annotations

import polars as pl
import pytest

from core.errors import PlanError
from core.ingest.sql import check_query, expression
from tests.core.ingest.workbench import Workbench, refusal

HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM READ_CSV ('/etc/passwd')",
    "SELECT * FROM read_parquet('/x.parquet')",
    "SELECT * FROM read_json('/x.json')",
    "SELECT * FROM read_ipc('/x')",
    "SELECT * FROM scan_csv('/x')",
    "SELECT * FROM \"read_csv\"('/etc/passwd')",
    "SELECT * FROM `read_csv`('/etc/passwd')",
    "SELECT * FROM t, read_csv('/etc/passwd')",
    "SELECT * FROM t JOIN read_csv('/etc/passwd') u ON TRUE",
    "SELECT * FROM t WHERE a IN (SELECT a FROM read_csv('/etc/passwd'))",
    "WITH x AS (SELECT * FROM read_csv('/etc/passwd')) SELECT * FROM x",
    "SELECT * FROM /* c */ read_csv /* c */ ('/etc/passwd')",
    "SELECT * FROM read_csv -- c\n('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM t, '/etc/passwd'",
    "SELECT * FROM other",
    "SELECT * FROM t JOIN other ON TRUE",
    "SELECT * FROM t, other",
    "SELECT * FROM (SELECT * FROM other)",
    "SELECT * FROM t UNION SELECT * FROM other",
    "SELECT a FROM t; DROP TABLE t",
    "SELECT a FROM t; SELECT a FROM t",
    "DROP TABLE t",
    "CREATE TABLE x AS SELECT * FROM t",
    "DELETE FROM t",
    "TRUNCATE t",
    "SHOW TABLES",
    "EXPLAIN SELECT * FROM t",
    "INSERT INTO t VALUES (1)",
    "UPDATE t SET a = 1",
    "COPY t TO '/tmp/x'",
    "ATTACH '/tmp/x' AS x",
    "SELECT a INTO x FROM t",
    "SELECT getenv('HOME') FROM t",
    "",
    "   ",
    ";",
    "-- nothing",
    "SELECT \x00 FROM t",
    # What ends a text or a comment for the engine, and not for a reader who knows standard SQL only.
    "SELECT E'\\'' AS a FROM read_csv('/etc/passwd') --'",
    "SELECT a FROM t WHERE a = e'\\' AND a IN (SELECT a FROM read_csv('/etc/passwd')) --'",
    "SELECT a FROM t WHERE a = U&'x'",
    "SELECT a FROM t --\r, read_csv('/etc/passwd')",
    "SELECT a FROM t /*! , read_csv('/etc/passwd') */",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_refused(bench: Workbench, query: str) -> None:
    with pytest.raises(PlanError) as error:
        check_query(query, ["t"], "users[0].query")
    assert refusal(error)


@pytest.mark.parametrize("query", [q for q in HOSTILE if q.strip() and "\x00" not in q])
def test_hostile_queries_are_refused_by_an_import(bench: Workbench, query: str) -> None:
    bench.file("t.csv", "a,b\n1,2\n")
    bench.file("other.csv", "a\n1\n")
    escaped = query.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    with pytest.raises(PlanError):
        bench.run(f'[files]\nt = "t.csv"\n[[users]]\nquery = "{escaped}"\nid = "a"\n')
    assert bench.lake.current() is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t",
        "select T.a, sum(u.b) AS s FROM t AS T JOIN u ON T.a = u.a GROUP BY T.a HAVING sum(u.b) > 1 ORDER BY s LIMIT 5;",
        "WITH x AS (SELECT a, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS n FROM t) SELECT * FROM x WHERE n = 1",
        "SELECT * FROM t, u WHERE t.a = u.a AND t.b IN (SELECT b FROM u)",
        "SELECT CASE WHEN a > 1 THEN 'from read_csv(x)' ELSE \"b\" END AS c FROM (SELECT * FROM t) AS s",
        "SELECT EXTRACT(YEAR FROM d) AS y, COUNT(DISTINCT a) AS n FROM t GROUP BY 1",
        "SELECT a FROM t UNION ALL SELECT a FROM u",
    ],
)
def test_ordinary_queries_pass(query: str) -> None:
    check_query(query, ["t", "u", "T"], "q")


def test_a_query_joins_the_listed_files_typed(bench: Workbench) -> None:
    bench.file("people.csv", "id,zip,joined\n1,00123,2019-01-05\n2,00456,2019-02-06\n")
    bench.file(
        "orders.csv",
        "id,q,p,paid_at\n1,2,1.5,2019-05-01 10:00:00\n1,1,4,2019-05-02 11:00:00\n2,1,1,2019-05-03 12:00:00\n",
    )
    bench.run(
        'time_zone = "Asia/Shanghai"\n[files]\npeople = "people.csv"\norders = "orders.csv"\n'
        '[[users]]\nquery = "SELECT p.id, p.zip, p.joined, SUM(o.q * o.p) AS total, MAX(o.paid_at) AS last FROM people p '
        "JOIN orders o ON p.id = o.id WHERE p.joined >= DATE '2019-01-01' GROUP BY p.id, p.zip, p.joined\"\n"
        'id = "id"\nregistered = "joined"\ntags = ["zip", "total", "last"]\n'
    )
    users = bench.users("zip", "total", "last", "exists_from")
    assert {k: (v[0], v[1], str(v[2]), str(v[3])) for k, v in users.items()} == {
        "1": ("00123", 7.0, "2019-05-02", "2019-01-05"),
        "2": ("00456", 1.0, "2019-05-03", "2019-02-06"),
    }


def test_an_unknown_table_and_column_are_named_with_the_nearest(bench: Workbench) -> None:
    bench.file("orders.csv", "id,q\n1,2\n")
    plan = '[files]\norders = "orders.csv"\n[[users]]\nquery = "SELECT {what}"\nid = "id"\n'
    with pytest.raises(PlanError) as error:
        bench.run(plan.format(what="id FROM order"))
    assert (error.value.code, error.value.problems[0].nearest) in [
        ("sql_unknown_table", "orders"),
        ("sql_failed", None),
    ]
    with pytest.raises(PlanError) as error:
        bench.run(plan.format(what="id FROM ordrs"))
    assert (error.value.code, error.value.problems[0].nearest) == ("sql_unknown_table", "orders")
    with pytest.raises(PlanError) as error:
        bench.run(plan.format(what="nope FROM orders"))
    assert error.value.code == "sql_failed"
    assert "nope" in refusal(error)


SCHEMA = {"q": pl.Float64(), "name": pl.String(), "d": pl.Date(), "at": pl.Datetime("us")}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SUM(q) > 1", "sql_function"),
        ("read_csv('/etc/passwd')", "sql_function"),
        ("q > (SELECT 1)", "sql_not_allowed"),
        ("q > 1; DROP TABLE t", "sql_not_allowed"),
        ("ROW_NUMBER() OVER () = 1", "sql_not_allowed"),
        ("qq > 1", "missing_column"),
        ("q > 'x'", "sql_failed"),
        ("q >", "sql_failed"),
        ("   ", "sql_empty"),
    ],
)
def test_expressions_that_are_more_or_less_than_one_rows_value_are_refused(text: str, code: str) -> None:
    with pytest.raises(PlanError) as error:
        expression(text, SCHEMA, "where")
    assert error.value.code == code
    assert refusal(error)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q * 2", 6.0),
        ("name = 'x' AND q BETWEEN 1 AND 5", True),
        ("d >= '2019-07-01'", True),
        ("at < '2019-07-14 10:00'", False),
        ("NOT name LIKE 'y%' AND name IS NOT NULL", True),
        ("CASE WHEN q > 2 THEN 1 ELSE 0 END", 1),
        ("COALESCE(NULLIF(name, 'x'), 'none')", "none"),
        ("EXTRACT(YEAR FROM d) = 2019", True),
    ],
)
def test_expressions_over_typed_columns(text: str, expected: object) -> None:
    import datetime as dt

    row = {"q": [3.0], "name": ["x"], "d": [dt.date(2019, 7, 14)], "at": [dt.datetime(2019, 7, 14, 12)]}
    frame = pl.DataFrame(row, schema=SCHEMA)
    assert frame.select(expression(text, SCHEMA, "where")).item() == expected
