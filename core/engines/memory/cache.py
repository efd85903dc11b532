"""What the engine remembers: values under keys, the least recently used dropped at a limit of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast


class Sized(Protocol):
    """Anything that knows how many bytes it holds."""

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        ...


@dataclass(frozen=True)
class Number:
    """A remembered number."""

    value: int
    nbytes: int = 8


V = TypeVar("V", bound=Sized)

_ENTRY_BYTES = 512
"""What a key and its place in the table cost, so that many small entries are bounded too."""


class Cache:
    """Computed values by key, shared by threads; a value that many ask for at once is made once.

    Values must not be changed by those who get them. A value larger than the limit is handed out and
    forgotten.

    Parameters
    ----------
    limit_bytes : int
        Bytes that the entries may hold together. 0 remembers nothing.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._held_bytes = 0
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        self._in_making: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()
        self.made = 0

    @property
    def nbytes(self) -> int:
        """Bytes that the entries hold now."""
        return self._held_bytes

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether a value is held now."""
        with self._lock:
            return key in self._entries

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """Return the value under `key`, making it when it is not there.

        Parameters
        ----------
        key : hashable
            Names the value and everything it depends on.
        make : callable
            Makes it. Runs without the lock held, and may ask the cache for other keys. What it raises
            reaches everyone who waits for the value, and nothing is remembered.
        """
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return cast(V, self._entries[key])
            waiting = self._in_making.get(key)
            if waiting is None:
                mine: Future[Any] = Future()
                self._in_making[key] = mine
        if waiting is not None:
            return cast(V, waiting.result())
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._in_making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._in_making[key]
            self.made += 1
            self._keep(key, value)
        mine.set_result(value)
        return value

    def values(self) -> list[Sized]:
        """Return what is held now."""
        with self._lock:
            return list(self._entries.values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._held_bytes = 0

    def _keep(self, key: Hashable, value: Sized) -> None:
        size = value.nbytes + _ENTRY_BYTES
        if size > self.limit_bytes:
            return
        self._entries[key] = value
        self._held_bytes += size
        while self._held_bytes > self.limit_bytes:
            _, dropped = self._entries.popitem(last=False)
            self._held_bytes -= dropped.nbytes + _ENTRY_BYTES
