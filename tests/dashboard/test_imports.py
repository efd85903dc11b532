"""The import in the background: one at a time, with progress, cancellable, whatever ends it is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.errors import Cancelled, ImportRefused, Problem
from core.ingest import ImportReport, Progress
from dashboard.imports import ImportDesk, ImportJob, ImportRuns

REPORT = ImportReport(version="v1", users=3, events=0, new_users=3, first_day=None, last_day=None, sources=())


class Held:
    """Work that goes on until it is let go, or asked to stop."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, progress, cancelled) -> ImportReport:
        progress(Progress("progress_reading", 0.25, {"source": "users.csv"}))
        while not self.go.wait(0.005):
            if cancelled():
                raise Cancelled(Problem("import_cancelled"))
        return REPORT


@pytest.fixture
def held() -> Iterator[Held]:
    work = Held()
    yield work
    work.go.set()


def begun(desk: ImportDesk, work) -> ImportJob:
    return desk.start(work, owner="one", by="王芳")


def ended(job: ImportJob) -> ImportJob:
    job.wait(10)
    assert not job.is_running
    return job


def test_a_finished_import_keeps_its_report(held: Held) -> None:
    desk = ImportDesk()
    job = begun(desk, held)
    assert (job.phase, job.report) == ("running", None)
    held.go.set()
    assert (ended(job).phase, job.report, job.error) == ("done", REPORT, None)
    assert job.progress == Progress("progress_reading", 0.25, {"source": "users.csv"})
    assert desk.job is job


def test_a_second_import_is_refused_while_one_runs_and_says_whose_it_is(held: Held) -> None:
    desk = ImportDesk()
    job = begun(desk, held)
    with pytest.raises(ImportRuns) as refused:
        desk.start(held, owner="other", by="李雷")
    assert refused.value.job is job
    assert refused.value.job.by == "王芳"
    held.go.set()
    ended(job)
    assert ended(desk.start(held, owner="other", by="李雷")).phase == "done"


def test_an_import_stops_when_asked_to(held: Held) -> None:
    job = begun(ImportDesk(), held)
    job.cancel()
    assert (ended(job).phase, job.report) == ("cancelled", None)


def test_a_refused_import_keeps_why() -> None:
    def refuse(progress, cancelled) -> ImportReport:
        raise ImportRefused(Problem("no_rows", node="users[0]"))

    job = ended(begun(ImportDesk(), refuse))
    assert job.phase == "refused"
    assert isinstance(job.error, ImportRefused)


def test_a_fault_of_ours_is_logged_under_an_id_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    value = str(13_800_000_000 + 1)

    def fail(progress, cancelled) -> ImportReport:
        raise RuntimeError(value)

    job = ended(begun(ImportDesk(), fail))
    assert job.phase == "broken"
    assert job.log_id is not None
    assert job.log_id in caplog.text
    assert value not in caplog.text


def test_only_an_ended_import_is_put_away(held: Held) -> None:
    desk = ImportDesk()
    job = begun(desk, held)
    desk.put_away(job)
    assert desk.job is job
    held.go.set()
    ended(job)
    desk.put_away(job)
    assert desk.job is None
