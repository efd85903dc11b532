"""Opening the database: made, brought up to date, and explained when it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.dialects import sqlite

from core.errors import WorkspaceError
from core.messages import message_of
from core.store import Database, DraftStore, database, upgrade
from core.store.models import Base, UtcTime

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def refusal_of(opened: Database) -> WorkspaceError:
    with pytest.raises(WorkspaceError) as refused, opened.writing() as session:
        session.execute(text("DELETE FROM log"))
    for problem in refused.value.problems:
        assert set(message_of(problem)) == {"zh", "en"}
    return refused.value


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.writing() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_opening_looks_for() -> None:
    assert upgrade.newest_revision() == database.REVISION


def test_going_back_takes_every_table_away(database: Database) -> None:
    from alembic import command

    with database.writing() as session:
        config = upgrade._config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "base")
        assert set(inspect(session.connection()).get_table_names()) <= {"alembic_version"}


def test_a_second_opening_finds_what_the_first_kept(tmp_path: Path) -> None:
    DraftStore(Database(tmp_path)).save("browser", {"a": 1}, NOW)
    assert DraftStore(Database(tmp_path)).load("browser") == {"a": 1}


def test_nothing_is_made_before_the_first_session(tmp_path: Path) -> None:
    Database(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_sqlite_writes_ahead_waits_and_holds_foreign_keys(tmp_path: Path) -> None:
    with Database(tmp_path).reading() as session:
        found = [
            session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        ]
    assert found == ["wal", 1, database.BUSY_SECONDS * 1000, 2]


def test_processes_that_open_a_new_workspace_together_make_its_tables_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from core.store import Database, DraftStore;"
        "DraftStore(Database(Path(sys.argv[1]))).save(sys.argv[2], {}, datetime.now(UTC))"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(n)]) for n in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert all(DraftStore(Database(tmp_path)).load(str(n)) == {} for n in range(4))


def test_threads_that_write_at_once_all_succeed(database: Database) -> None:
    drafts = DraftStore(database)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: drafts.save(f"browser {n % 4}", {"n": n}, NOW), range(40)))
    assert {drafts.load(f"browser {n}") is not None for n in range(4)} == {True}


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def half_done(database: Database) -> None:
        with database.writing() as session:
            session.execute(text("INSERT INTO drafts VALUES ('x', '{}', '2026-01-01')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_done(database)
    assert DraftStore(database).load("x") is None


def test_a_locked_database_says_that_it_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    opened = Database(tmp_path)
    DraftStore(opened).save("x", {}, NOW)
    other = sqlite3.connect(tmp_path / "coterie.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert refusal_of(opened).code == "database_busy"
    finally:
        other.close()
    opened.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "coterie.db").write_bytes(b"no database at all, but long enough to be read as one" * 40)
    refused = refusal_of(Database(tmp_path))
    assert refused.code == "database_damaged"
    assert "coterie.db" in message_of(refused.problems[0])["en"]


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    assert refusal_of(Database(tmp_path / "gone")).code == "database_unavailable"


def test_a_full_disk_is_told_apart(tmp_path: Path) -> None:
    opened = Database(tmp_path)
    drafts = DraftStore(opened)
    drafts.save("before", {"kept": True}, NOW)

    def save_without_room() -> None:
        large = text("INSERT INTO drafts VALUES ('large', :state, '2026-01-01')")
        with opened.writing() as session:
            session.execute(text("PRAGMA max_page_count = 1"))
            session.execute(large, {"state": "y" * 1_000_000})

    with pytest.raises(WorkspaceError) as refused:
        save_without_room()
    assert refused.value.code == "database_full"
    assert drafts.load("before") == {"kept": True}
    assert drafts.load("large") is None


def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    refused = refusal_of(database)
    assert refused.code == "database_newer"
    assert "9999" in message_of(refused.problems[0])["zh"]


def test_an_unreachable_server_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://someone:secret-word@/nowhere?host={tmp_path}"
    refused = refusal_of(Database(tmp_path, url))
    assert refused.code == "database_unavailable"
    assert "secret-word" not in str(message_of(refused.problems[0]))


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("no url", "database_url_unreadable"),
        ("mysql://somewhere/x", "database_unsupported"),
        ("nosuch://somewhere/x", "database_unsupported"),
    ],
)
def test_a_url_that_cannot_be_used_says_so(url: str, code: str, tmp_path: Path) -> None:
    assert refusal_of(Database(tmp_path, url)).code == code


def test_the_environment_names_the_database(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_DATABASE_URL", postgres_url.replace("postgresql+psycopg://", "postgresql://"))
    opened = Database(tmp_path)
    DraftStore(opened).save("x", {"a": 1}, NOW)
    opened.close()
    assert list(tmp_path.iterdir()) == []
    other = Database(tmp_path / "other folder", postgres_url)
    assert DraftStore(other).load("x") == {"a": 1}
    other.close()


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), sqlite.dialect())
