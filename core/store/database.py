"""The database behind a workspace: opened when needed, brought up to date, and explained when it fails."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import Problem, WorkspaceError

URL_VARIABLE = "COTERIE_DATABASE_URL"
FILE_NAME = "coterie.db"
BUSY_SECONDS = 10
# The newest migration. Kept here so that opening an up-to-date database need not load Alembic; a test holds
# it to the migrations.
REVISION = "0007"
Signature: TypeAlias = tuple[int, ...]
# File systems tell times in steps of some milliseconds; two commits within one look alike.
_SETTLED = 100_000_000
_SIGNS = {
    "database_busy": ("database is locked", "database table is locked", "lock timeout", "deadlock"),
    "database_full": ("disk is full", "no space left", "disk full"),
    "database_read_only": ("readonly database", "read-only transaction"),
    "database_damaged": ("not a database", "malformed"),
    "database_unavailable": ("unable to open database file", "disk i/o error"),
}
_UPGRADE_LOCK = 0x436F7465726965  # one number for every process: PostgreSQL's advisory lock


class Database:
    """A lazily opened, thread-safe database.

    Nothing is connected until the first session, so that counting works without one.

    Parameters
    ----------
    root : pathlib.Path
        The workspace; its SQLite file lies in it.
    url : str or None
        A database URL instead; None = ``COTERIE_DATABASE_URL``, else the SQLite file.
    """

    def __init__(self, root: Path, url: str | None = None) -> None:
        self._root = root
        self._given = url if url is not None else os.environ.get(URL_VARIABLE) or None
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def signature(self) -> Signature | None:
        """Return what changes with every commit, so that nothing must be asked while it stays the same.

        Returns
        -------
        tuple or None
            The inode, time and size of SQLite's files, empty as long as there are none; None = ask: another
            server has the data, or the last commit is so fresh that the next could bear the same time.
        """
        found: Signature = ()
        for path in self._files:
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                found += (state.st_ino, state.st_mtime_ns, state.st_size)
                if time.time_ns() - state.st_mtime_ns < _SETTLED:
                    return None
        return found if self._files else None

    @contextlib.contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database and changes nothing."""
        with self._explained(), Session(self._ready(), expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that is committed at the end, or rolled back if anything is raised.

        On SQLite the write lock is taken at the beginning, so that what was read cannot change before it is
        written; others wait up to `BUSY_SECONDS`.
        """
        engine = self._ready().execution_options(coterie_writes=True)
        with self._explained(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """SQLite's files in which every commit leaves a trace; none for other databases."""
        url = self._url()
        if url.get_backend_name() != "sqlite" or not url.database:
            return ()
        return (Path(url.database), Path(f"{url.database}-wal"))

    def close(self) -> None:
        """Close every connection; the next session opens new ones."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _ready(self) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = self._connected()
                try:
                    with self._explained():
                        self._bring_up_to_date(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine

    def _connected(self) -> Engine:
        url = self._url()
        if url.get_backend_name() == "sqlite":
            engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        return create_engine(url, pool_pre_ping=True)

    def _url(self) -> URL:
        if self._given is None:
            return URL.create("sqlite", database=str(self._root / FILE_NAME))
        try:
            url = make_url(self._given)
            if url.drivername in ("postgres", "postgresql"):
                url = url.set(drivername="postgresql+psycopg")
            backend = url.get_backend_name()
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            raise WorkspaceError(
                Problem("database_url_unreadable", params={"variable": URL_VARIABLE})
            ) from error
        if backend not in ("sqlite", "postgresql"):
            raise WorkspaceError(
                Problem(
                    "database_unsupported",
                    params={"kind": backend, "variable": URL_VARIABLE},
                    allowed=("postgresql", "sqlite"),
                )
            )
        return url

    def _bring_up_to_date(self, engine: Engine) -> None:
        if _revision(engine) == REVISION:
            return
        with self._only_one_upgrades(engine):
            found = _revision(engine)
            if found == REVISION:
                return
            from core.store import upgrade

            if found is not None and found not in upgrade.known_revisions():
                raise WorkspaceError(Problem("database_newer", params={"found": found, "known": REVISION}))
            upgrade.to_newest(engine)

    @contextlib.contextmanager
    def _only_one_upgrades(self, engine: Engine) -> Iterator[None]:
        """Hold off other processes that open the same new or old database at this moment."""
        if engine.dialect.name == "postgresql":
            with engine.connect() as connection:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
                try:
                    yield
                finally:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _UPGRADE_LOCK})
            return
        file = Path(engine.url.database or FILE_NAME)
        try:
            lock = os.open(file.with_name(file.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise WorkspaceError(
                Problem("database_unavailable", params={"where": str(file), "why": error.strerror})
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the driver raises for a database that is busy, gone or broken into a `WorkspaceError`.

        Errors in our own statements pass through: they are faults of ours.
        """
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            code = _what_is_wrong(error)
            if code is None:
                raise
            raise WorkspaceError(
                Problem(code, params={"where": self._where(), "why": _first_line(error)})
            ) from error

    def _where(self) -> str:
        """Return the database's place for messages, never with a password."""
        return str(self._root / FILE_NAME) if self._given is None else self._url().render_as_string()


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # The driver would begin transactions by itself, late and only for writing; _begin_sqlite does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # Full: what was saved survives a power cut, not only a crash.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("coterie_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(engine: Engine) -> str | None:
    """Return the migration that the database is at; None = it has no tables yet."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _what_is_wrong(error: DBAPIError | PoolTimeout) -> str | None:
    """Return the code for what the caller can mend; None = a fault of ours, such as wrong SQL."""
    if isinstance(error, PoolTimeout):
        return "database_busy"
    words = str(error.orig).lower()
    for code, signs in _SIGNS.items():
        if any(sign in words for sign in signs):
            return code
    kind = type(error.orig)
    # SQLite also says OperationalError for wrong SQL.
    is_lost = kind.__name__ == "OperationalError" and not kind.__module__.startswith("sqlite3")
    return "database_unavailable" if is_lost or error.connection_invalidated else None


def _first_line(error: DBAPIError | PoolTimeout) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).strip().partition("\n")[0]
