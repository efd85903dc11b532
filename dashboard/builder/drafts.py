"""Unsaved rules survive: each desk is kept in the workspace a moment after it changed, off its way."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.errors import CallerError
from core.workspace import Workspace

PAUSE = 0.15  # seconds between two writes, so that typing does not keep the database busy

_log = logging.getLogger("coterie.dashboard")


class DraftKeeper:
    """Writes the newest draft of every owner, in the background, in order; what waits can be read at once.

    An owner is a browser: of two windows of one browser, the draft is that of the newest edit.

    The one worker is joined when the process ends, so that an orderly stop loses nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[tuple[Workspace, str], Mapping[str, Any]] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drafts")

    def keep(self, workspace: Workspace, owner: str, state: Mapping[str, Any]) -> None:
        """Keep this as the owner's draft, in place of what was kept before."""
        with self._lock:
            is_first = not self._waiting
            self._waiting[workspace, owner] = state
        if is_first:
            self._worker.submit(self._write)

    def load(self, workspace: Workspace, owner: str) -> Mapping[str, Any] | None:
        """Return the owner's draft, written or still waiting; None = there is none."""
        with self._lock:
            waiting = self._waiting.get((workspace, owner))
        return waiting if waiting is not None else workspace.load_draft(owner)

    def close(self) -> None:
        """Write what waits and take nothing more."""
        self._worker.shutdown(wait=True)

    def _write(self) -> None:
        time.sleep(PAUSE)
        with self._lock:
            batch = dict(self._waiting)
        for (workspace, owner), state in batch.items():
            try:
                workspace.save_draft(owner, state)
            except CallerError as error:
                # The rule lives on in the session; only a restart would lose it. The reason is for the log.
                _log.warning("a draft could not be kept: %s", error.code)
        with self._lock:
            for key, state in batch.items():
                if self._waiting.get(key) is state:
                    del self._waiting[key]
            is_more = bool(self._waiting)
        if is_more:
            self._worker.submit(self._write)


keeper = DraftKeeper()
