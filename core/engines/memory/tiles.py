"""Work on rows in shards, on a few threads: NumPy and Polars release the interpreter while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.engines.memory.bits import WORD_BITS

SHARD_ROWS = 1 << 20
"""A shard's mask is 128 KiB: the masks of a rule's nodes stay in a core's cache while they are combined."""

SMALLEST_SHARD_ROWS = 1 << 17
"""Below this, handing work to another thread costs more than it saves."""

SHARDS_AT_ONCE = 4
"""Measured: light work takes microseconds per shard, handing the interpreter over takes as long."""


class Tiles:
    """Runs work over shards of rows, or other parts.

    Parameters
    ----------
    threads : int
        Threads that work on one question, the asking one among them.
    shard_rows : int
        Most rows of a shard; a multiple of 64, so that no word belongs to two shards.
    """

    def __init__(self, threads: int = 2, shard_rows: int = SHARD_ROWS) -> None:
        if threads < 1 or shard_rows < 1 or shard_rows % WORD_BITS:
            raise ValueError("at least one thread, and shards of whole words")
        self.threads = threads
        self.shard_rows = shard_rows
        self._pool = ThreadPoolExecutor(threads - 1, "count") if threads > 1 else None

    def shards(self, rows: int, at_once: int = 1) -> list[tuple[int, int]]:
        """Return the shards of so many rows as (start, stop): whole words, and work for every thread.

        Parameters
        ----------
        rows : int
            How many there are.
        at_once : int
            How many shards to take together, for work so light that threads would mostly wait for each
            other between its steps.
        """
        fair_share = -(-rows // (self.threads * WORD_BITS)) * WORD_BITS
        size = min(self.shard_rows * at_once, max(fair_share, SMALLEST_SHARD_ROWS * at_once**2))
        return [(start, min(start + size, rows)) for start in range(0, rows, size)]

    def run(self, rows: int, work: Callable[[int, int], None]) -> None:
        """Call ``work(start, stop)`` once for every shard of `rows`; return when all are done."""
        self.each(self.shards(rows), work)

    def each(self, parts: Sequence[tuple[int, int]], work: Callable[[int, int], None]) -> None:
        """Call ``work(start, stop)`` once for every part; return when all are done.

        The asking thread takes parts itself, so it never waits for threads that others keep busy.
        """
        left = iter(list(parts))
        others = (
            [self._pool.submit(_drain, left, work) for _ in range(min(self.threads, len(parts)) - 1)]
            if self._pool is not None
            else []
        )
        try:
            _drain(left, work)
        finally:
            for other in others:
                if not other.cancel():
                    other.result()


def _drain(left: Iterator[tuple[int, int]], work: Callable[[int, int], None]) -> None:
    """Take parts until none is left; a list's iterator hands each to one thread only."""
    for start, stop in left:
        work(start, stop)
