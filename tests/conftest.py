"""What all tests share: the imported sample, a throw-away PostgreSQL, and the list of what could not be tested.

A test that lacks something skips with a reason that begins "NOT TESTED:"; the end of the run names these.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from core.workspace import Actor, Workspace

NOT_TESTED = "NOT TESTED:"
ROOT = Path(__file__).resolve().parents[1]
_BINARIES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name everything that was skipped because the machine lacks something."""
    lacking: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(NOT_TESTED):
            lacking[reason] = lacking.get(reason, 0) + 1
    for reason, tests in sorted(lacking.items()):
        terminalreporter.write_line(f"{reason} ({tests} test{'s' if tests > 1 else ''})", yellow=True)


@pytest.fixture(scope="session")
def imported_sample(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A workspace with the sample, imported once per run for all workers: to be copied, not used."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    root = shared / "imported_sample"
    with (shared / "imported_sample.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            unfinished = shared / "imported_sample.part"
            Workspace.create(unfinished).import_plan(ROOT / "sample_data" / "plan.toml", actor=Actor("Test"))
            unfinished.rename(root)
    return root


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The xdist worker's name; "master" without xdist."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


@pytest.fixture(scope="module")
def sample(imported_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample, for the tests of one module that keep nothing in it."""
    return Workspace.open(shutil.copytree(imported_sample, tmp_path_factory.mktemp("sample") / "workspace"))


@pytest.fixture
def own_sample(imported_sample: Path, tmp_path: Path) -> Workspace:
    """The sample, for one test that keeps something in it."""
    return Workspace.open(shutil.copytree(imported_sample, tmp_path / "own_sample"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server on which databases may be made: an existing one, or one of our own.

    ``COTERIE_TEST_POSTGRES`` names an existing one (a SQLAlchemy URL of a maintenance database). Otherwise a
    server is started from the binaries of the machine, reachable through a socket in its own folder only.
    """
    if url := os.environ.get("COTERIE_TEST_POSTGRES"):
        yield url
        return
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip(f"{NOT_TESTED} PostgreSQL: no server binaries on this machine")
    folder = Path(tempfile.mkdtemp(prefix="coterie-postgres-"))
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    # PostgreSQL refuses to run as root.
    as_owner = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120, **as_owner)  # type: ignore[call-overload]

    try:
        run(f"{binaries}/initdb", "-D", str(data), "-U", "coterie", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        start = ("-D", str(data), "-l", str(folder / "log"), "-w", "-o", options)
        run(f"{binaries}/pg_ctl", "start", *start)
        try:
            yield f"postgresql+psycopg://coterie@/postgres?host={folder}"
        finally:
            run(f"{binaries}/pg_ctl", "stop", "-D", str(data), "-m", "immediate")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database that is dropped after the test."""
    name = f"coterie_{uuid.uuid4().hex}"
    server = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        server.dispose()


def _postgres_binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [folder for pattern in _BINARIES for folder in sorted(Path("/").glob(pattern.lstrip("/")))]
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def _owner() -> pwd.struct_passwd | None:
    """Return whom the server shall belong to; None = whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip(f"{NOT_TESTED} PostgreSQL: running as root without an account to give the server to")
