"""Databases as sources, really: SQLite and PostgreSQL, through a query and nothing else."""

from __future__ import annotations

import datetime as dt
import sqlite3

import pytest
from sqlalchemy import create_engine, text

from core.errors import CoterieError, ImportRefused, PlanError
from tests.core.ingest.workbench import Workbench, refusal

DATABASE_PLAN = (
    'time_zone = "Asia/Shanghai"\n[[users]]\ndatabase = "{url}"\n'
    "query = \"SELECT id, city, age, born, seen FROM people WHERE city <> 'x:y' OR city IS NULL ORDER BY id;\"\n"
    'id = "id"\ntags = ["city", "age", "born", "seen"]\n'
)
EXPECTED = {
    "17850": ("北京", 30.5, dt.date(1990, 1, 2), dt.date(2019, 7, 14)),
    "2": (None, None, None, None),
}
SECRET_URL = "postgresql://someone:hunter2@db.internal.example:5999/crm"  # noqa: S105


def _fill(engine_url: str) -> None:
    engine = create_engine(engine_url)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE people (id BIGINT, city TEXT, age NUMERIC(6,2), born DATE, seen TIMESTAMP)")
        )
        connection.execute(
            text(
                "INSERT INTO people VALUES (17850, '北京', 30.50, '1990-01-02', '2019-07-14 23:30:00'), (2, NULL, NULL, NULL, NULL)"
            )
        )
    engine.dispose()


def test_sqlite_is_read_through_a_query(bench: Workbench) -> None:
    url = f"sqlite:///{bench.folder / 'd.db'}"
    _fill(url)
    bench.run(DATABASE_PLAN.format(url=url))
    assert bench.users("city", "age", "born", "seen") == EXPECTED


def test_postgresql_is_read_through_a_query(
    bench: Workbench, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(postgres_url)
    bench.run(DATABASE_PLAN.format(url=postgres_url))
    assert bench.users("city", "age", "born", "seen") == EXPECTED
    monkeypatch.setenv("COTERIE_SOURCE_CRM", postgres_url)
    bench.run(DATABASE_PLAN.format(url="env:COTERIE_SOURCE_CRM"), allowed_roots=[bench.folder])
    assert bench.users("city", "age", "born", "seen") == EXPECTED


def test_postgresql_cannot_be_written_through_a_query(bench: Workbench, postgres_url: str) -> None:
    _fill(postgres_url)
    plan = DATABASE_PLAN.format(url=postgres_url)
    head, tail = plan.split("SELECT", 1)
    hidden = "WITH gone AS (DELETE FROM people RETURNING id) SELECT"
    with pytest.raises(PlanError):
        bench.run(head + hidden + tail)
    writing = "SELECT setval('s', 3) AS n, id, city, age, born, seen FROM people"
    wait = f'{writing}"\n' + tail.split('"\n', 1)[1]
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE s"))
    with pytest.raises(ImportRefused) as error:
        bench.run(head + wait)
    assert "read-only" in refusal(error)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM people")).scalar() == 2
    engine.dispose()


def test_many_rows_of_a_database_are_read_in_pieces(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ingest.database._ROWS_AT_ONCE", 100)
    with sqlite3.connect(bench.folder / "d.db") as connection:
        connection.execute("CREATE TABLE t (id, x, mixed)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?)",
            [(n, None if n < 150 else n / 2, n if n < 120 else f"code {n}") for n in range(350)],
        )
    connection.close()
    source = f'[[users]]\ndatabase = "sqlite:///{bench.folder}/d.db"\n'
    query = "SELECT * FROM t"
    bench.run(source + f'query = "{query}"\nid = "id"\ntags = ["x", "mixed"]\n')
    users = bench.users("x", "mixed")
    assert len(users) == 350
    assert users["349"] == (174.5, "code 349")
    assert users["7"] == (None, "7")


def test_a_database_url_is_never_stored_or_shown(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    database = bench.folder / "geheim.db"
    _fill(f"sqlite:///{database}")
    bench.run(DATABASE_PLAN.format(url=f"sqlite:///{database}"))
    for path in bench.lake.root.rglob("*"):
        if path.is_file():
            assert b"geheim" not in path.read_bytes(), path
    monkeypatch.setenv("COTERIE_SOURCE_X", SECRET_URL)
    for url in (
        SECRET_URL,
        "env:COTERIE_SOURCE_X",
        "nonsense://someone:hunter2@db.internal.example/x",
        "hunter2",
    ):
        with pytest.raises(CoterieError) as error:
            bench.run(DATABASE_PLAN.format(url=url))
        shown = (
            str(error.value)
            + refusal(error)
            + repr(error.value.__cause__)
            + str(error.value.__suppress_context__)
        )
        assert "hunter2" not in shown
        assert "db.internal" not in shown


@pytest.mark.parametrize(
    ("url", "query", "code"),
    [
        ("sqlite:///{d}/none.db", "SELECT 1 AS id", "database_missing"),
        ("sqlite:///{d}/d.db", "SELECT nope FROM people", "database_query_failed"),
        ("sqlite:///{d}/d.db", "DELETE FROM people", "sql_only_select"),
        ("sqlite:///{d}/d.db", "SELECT 1 AS id; DROP TABLE people", "sql_several_statements"),
        ("sqlite:///{d}/d.db", "ATTACH 'x' AS y", "sql_only_select"),
        ("sqlite:///{d}/d.db", "SELECT id, id FROM people", "column_twice"),
        ("env:NO_SUCH_VARIABLE", "SELECT 1 AS id", "variable_not_set"),
        ("nonsense", "SELECT 1 AS id", "source_url_unreadable"),
    ],
)
def test_a_database_that_does_not_work_is_refused(bench: Workbench, url: str, query: str, code: str) -> None:
    _fill(f"sqlite:///{bench.folder}/d.db")
    with pytest.raises(CoterieError) as error:
        bench.run(f'[[users]]\ndatabase = "{url.format(d=bench.folder)}"\nquery = "{query}"\nid = "id"\n')
    assert error.value.code == code
    assert error.value.exit_code == 2
    assert refusal(error)


def test_from_the_page_only_databases_that_the_environment_names_for_it_are_read(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(f"sqlite:///{bench.folder}/d.db")
    monkeypatch.setenv("COTERIE_DATABASE_URL", f"sqlite:///{bench.folder}/d.db")
    for url in (f"sqlite:///{bench.folder}/d.db", "env:COTERIE_DATABASE_URL"):
        with pytest.raises(PlanError) as error:
            bench.run(DATABASE_PLAN.format(url=url), allowed_roots=[bench.folder])
        assert error.value.code == "database_not_allowed"
