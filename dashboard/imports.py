"""The import that runs in the background: one at a time in a process, with progress, cancellable.

It belongs to the process and not to a page run, so it goes on when the operator turns to another page, and
every session sees that it runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from core.errors import CallerError, Cancelled
from core.ingest import ImportReport, Progress
from dashboard.errors import log_unknown

Phase = Literal["running", "done", "refused", "cancelled", "broken"]
Work = Callable[[Callable[[Progress], None], Callable[[], bool]], ImportReport]


class ImportRuns(Exception):
    """Another import is under way; it is carried as `job`."""

    def __init__(self, job: ImportJob) -> None:
        super().__init__(f"an import by {job.by} runs since {job.started_at}")
        self.job = job


class ImportJob:
    """One import in its thread.

    Attributes
    ----------
    owner : str
        Key of the session that started it, the one that is shown its outcome.
    by : str
        Name of the person who started it.
    started_at : datetime.datetime
        In UTC.
    progress : Progress or None
        The newest report of the importer; None before the first.
    report : ImportReport or None
        What was imported, when the phase is ``done``.
    error : Exception or None
        Why nothing was imported, when the phase is ``refused``, ``cancelled`` or ``broken`` (our own fault).
    log_id : str or None
        Where the server's log tells about a ``broken`` one.
    """

    def __init__(self, work: Work, *, owner: str, by: str) -> None:
        self.owner = owner
        self.by = by
        self.started_at = datetime.now(UTC)
        self.progress: Progress | None = None
        self.report: ImportReport | None = None
        self.error: Exception | None = None
        self.log_id: str | None = None
        self.phase: Phase = "running"
        self._work = work
        self._clock = time.monotonic()
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coterie-import", daemon=True)

    @property
    def is_running(self) -> bool:
        """Whether it still works."""
        return self.phase == "running"

    @property
    def is_cancelling(self) -> bool:
        """Whether it was asked to stop and has not yet."""
        return self.is_running and self._cancel.is_set()

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._clock

    def cancel(self) -> None:
        """Ask it to stop; the data version in use stays as it is."""
        self._cancel.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it has ended, at most so many seconds."""
        self._thread.join(seconds)

    def _begin(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self.report = self._work(self._heard, self._cancel.is_set)
        except Cancelled as error:
            self.error, self.phase = error, "cancelled"
        except CallerError as error:
            self.error, self.phase = error, "refused"
        except Exception as error:  # noqa: BLE001  the thread's outermost frame: logged, kept and shown
            self.error, self.log_id, self.phase = error, log_unknown(error), "broken"
        else:
            self.phase = "done"

    def _heard(self, progress: Progress) -> None:
        self.progress = progress


class ImportDesk:
    """Holds the one import of the process and the newest outcome."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._job: ImportJob | None = None

    @property
    def job(self) -> ImportJob | None:
        """The import that runs, or the last one that nobody has put away."""
        return self._job

    def start(self, work: Work, *, owner: str, by: str) -> ImportJob:
        """Start an import in its thread.

        Parameters
        ----------
        work : callable
            Takes where to report progress and whether to stop; returns the report.
        owner, by : str
            Key of the session and name of the person.

        Raises
        ------
        ImportRuns
            If one is under way.
        """
        with self._lock:
            if self._job is not None and self._job.is_running:
                raise ImportRuns(self._job)
            self._job = ImportJob(work, owner=owner, by=by)
            self._job._begin()
            return self._job

    def put_away(self, job: ImportJob) -> None:
        """Forget an import that has ended."""
        with self._lock:
            if self._job is job and not job.is_running:
                self._job = None


desk = ImportDesk()
"""The process's own."""
