"""One engine per data version, shared by every session of the process."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

from core.engines.base import Engine
from core.engines.memory.engine import CACHE_BYTES
from core.errors import Problem, WorkspaceError
from core.lake.versions import DataVersion

CACHE_VARIABLE = "COTERIE_CACHE_MB"


def cache_bytes() -> int:
    """Return how many bytes an engine may remember, from the environment, else `CACHE_BYTES`.

    Raises
    ------
    WorkspaceError
        If the environment gives no whole number of megabytes.
    """
    given = os.environ.get(CACHE_VARIABLE, "").strip()
    if not given:
        return CACHE_BYTES
    if not given.isascii() or not given.isdigit():
        raise WorkspaceError(Problem("cache_setting", params={"variable": CACHE_VARIABLE, "given": given}))
    return int(given) << 20


class Engines:
    """Makes an engine when a version is first asked about and drops it once the version is not current.

    Whoever still works with the engine of a replaced version keeps it alive until they are done; then its
    memory is free.

    Parameters
    ----------
    make : callable
        Builds the engine of a version; it must be cheap and load data only when asked.
    """

    def __init__(self, make: Callable[[DataVersion], Engine]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._current: Engine | None = None
        self._by_version: weakref.WeakValueDictionary[str, Engine] = weakref.WeakValueDictionary()

    def of(self, version: DataVersion) -> Engine:
        """Return the version's engine, which becomes the one that is kept."""
        with self._lock:
            engine = self._by_version.get(version.id)
            if engine is None:
                engine = self._make(version)
                self._by_version[version.id] = engine
            self._current = engine
            return engine
