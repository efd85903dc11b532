"""Events on their way from files, in any order, to one table per kind in order of (user, time).

Rows are gathered in memory, and laid down as sorted runs when they grow too many; then the runs of one event
are merged range by range of users, so that memory depends on neither the file nor the number of kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from core.ingest.stats import ColumnStats
from core.ingest.times import local_days
from core.schema import AT, DAY, USER_NO

BUFFER_BYTES = 192 << 20
PART_BYTES = 96 << 20
_SAMPLES_PER_PART = 256
_BATCH_ROWS = 65_536


class EventSpool:
    """The rows of one event.

    Attributes
    ----------
    rows, bytes, held_bytes : int
        Rows taken in, their size, and the size of those in memory.
    stats : dict of str to ColumnStats
        By property column.
    """

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self.stats: dict[str, ColumnStats] = {}
        self._folder = folder
        self._new: list[pl.DataFrame] = []
        self._held: pl.DataFrame | None = None
        self._runs: list[Path] = []
        self.bytes = 0
        self.held_bytes = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take in rows: ``user_no``, ``at`` and property columns."""
        self._new.append(frame)
        self.rows += frame.height
        size = int(frame.estimated_size())
        self.bytes += size
        self.held_bytes += size

    def settle(self) -> None:
        """Count what the newly held rows hold, and join them to the others."""
        if not self._new:
            return
        new = pl.concat(self._new, how="diagonal_relaxed")
        self._new = []
        for column in new.columns:
            if column not in (USER_NO, AT):
                self.stats.setdefault(column, ColumnStats()).add(new[column])
        held = [new] if self._held is None else [self._held, new]
        self._held = pl.concat(held, how="diagonal_relaxed")

    def lay_down(self) -> None:
        """Write the held rows to disk as one run in order of users."""
        self.settle()
        if self._held is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{len(self._runs):05d}.arrow"
        self._held.sort(USER_NO, maintain_order=True).write_ipc(
            path, compression="uncompressed", record_batch_size=_BATCH_ROWS
        )
        self._runs.append(path)
        self._held = None
        self.held_bytes = 0

    def held(self) -> list[pl.DataFrame]:
        """Return the rows in memory."""
        self.settle()
        return [] if self._held is None else [self._held]

    def runs(self) -> list[pl.LazyFrame]:
        """Return the runs on disk, in order of users."""
        return [pl.scan_ipc(path) for path in self._runs]

    def release(self) -> None:
        """Give memory and disk back; the counts stay."""
        for path in self._runs:
            path.unlink()
        self._runs, self._new, self._held, self.held_bytes = [], [], None, 0

    def clear(self) -> None:
        """Forget everything."""
        self.release()
        self.rows, self.bytes, self.stats = 0, 0, {}


def merged_parts(
    spools: Sequence[EventSpool], zone: ZoneInfo, look: Callable[[pl.DataFrame], None]
) -> Iterator[pl.DataFrame]:
    """Yield one event's table in parts, in order of (user_no, at), with the day in the zone.

    Parameters
    ----------
    spools : sequence of EventSpool
        The event's rows, one spool per source.
    zone : zoneinfo.ZoneInfo
    look : callable
        Shown each part before it is yielded.
    """
    held = [piece.sort(USER_NO, maintain_order=True) for spool in spools for piece in spool.held()]
    tables = [run for spool in spools for run in spool.runs()] + [piece.lazy() for piece in held]
    if not tables:
        return
    parts = max(1, round(sum(spool.bytes for spool in spools) / PART_BYTES))
    for slices in _ranges(tables, parts):
        part = _ordered(pl.concat(slices, how="diagonal_relaxed", rechunk=True), zone)
        look(part)
        yield part


def _ranges(tables: Sequence[pl.LazyFrame], parts: int) -> Iterator[list[pl.DataFrame]]:
    """Yield, for one range of users after the other, what each sorted table holds of it."""
    if parts == 1:
        yield [table.collect() for table in tables]
        return
    numbers = [table.select(USER_NO).collect().to_series().to_numpy() for table in tables]
    samples = np.sort(np.concatenate([n[:: max(1, n.size // (parts * _SAMPLES_PER_PART))] for n in numbers]))
    bounds = np.unique(samples[[samples.size * i // parts for i in range(1, parts)]])
    cuts = [[0, *np.searchsorted(n, bounds).tolist(), n.size] for n in numbers]
    del numbers
    for i in range(len(bounds) + 1):
        slices = [
            table.slice(cut[i], cut[i + 1] - cut[i]).collect()
            for table, cut in zip(tables, cuts, strict=True)
            if cut[i + 1] > cut[i]
        ]
        if slices:
            yield slices


def _ordered(frame: pl.DataFrame, zone: ZoneInfo) -> pl.DataFrame:
    frame = frame.sort(USER_NO, AT, maintain_order=True)
    return frame.insert_column(2, local_days(frame[AT], zone).alias(DAY))


class FirstDays:
    """The day of each user's first event, gathered from tables in order of (user_no, at)."""

    _NONE = np.iinfo(np.int32).max

    def __init__(self, count: int) -> None:
        self._days = np.full(count, self._NONE, dtype=np.int32)

    def watch(self, parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass parts on, looking at each."""
        for part in parts:
            users = part[USER_NO].to_numpy()
            starts = np.flatnonzero(np.diff(users, prepend=users[:1] + 1))
            days = part[DAY].gather(starts).to_physical().to_numpy()
            self._days[users[starts]] = np.minimum(self._days[users[starts]], days)
            yield part

    def frame(self) -> pl.DataFrame:
        """Return ``user_no`` and ``day`` of everyone who has an event."""
        users = np.flatnonzero(self._days != self._NONE)
        return pl.DataFrame(
            {
                USER_NO: pl.Series(users.astype(np.uint32)),
                DAY: pl.Series(self._days[users]).cast(pl.Date()),
            }
        )
