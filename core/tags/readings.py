"""What refreshes leave behind: readings of tags, one per data version and day, and the runs; inert data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias

from core.tags.distributions import Distribution
from core.tags.records import Refresh

RunState: TypeAlias = Literal["running", "done", "stopped", "failed", "killed"]


@dataclass(frozen=True)
class TagReading:
    """How a tag was distributed, and by which definition.

    Attributes
    ----------
    tag_version, given_no : int
        The version of the definition, and the number of the file with given values; 0 for tags of the data.
    """

    key: str
    data_version: str
    as_of: date
    tag_version: int
    given_no: int
    at: datetime
    distribution: Distribution

    def as_json(self) -> dict[str, Any]:
        """Return the reading, JSON-ready."""
        return {
            "data_version": self.data_version,
            "as_of": self.as_of.isoformat(),
            "tag_version": self.tag_version,
            "at": self.at.isoformat(timespec="seconds"),
            "distribution": self.distribution.as_json(),
        }


@dataclass(frozen=True)
class RefreshRun:
    """One refresh of a workspace.

    Attributes
    ----------
    finished_at : datetime.datetime or None
        UTC; None = it runs, or was killed.
    state : str
        ``running``, ``done``, ``stopped`` by somebody, ``failed`` by a fault of ours, ``killed`` with its
        process.
    by : Actor
        Who started it.
    tags : tuple of mapping
        What was read: ``{"key", "with_value", "base", "psi", "mark", "vanished", "error"}``.
    audiences : tuple of mapping
        What was refreshed, as `core.workspace.Refreshed` in JSON form.
    """

    id: str
    started_at: datetime
    finished_at: datetime | None
    state: RunState
    as_of: date
    data_version: str
    by: Any
    tags: tuple[Mapping[str, Any], ...] = ()
    audiences: tuple[Mapping[str, Any], ...] = ()

    def result(self) -> dict[str, Any]:
        """Return what it did, JSON-ready."""
        return {"tags": [dict(each) for each in self.tags], "audiences": [dict(a) for a in self.audiences]}

    def as_json(self) -> dict[str, Any]:
        """Return the run, JSON-ready."""
        finished = self.finished_at
        return {
            "id": self.id,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "finished_at": None if finished is None else finished.isoformat(timespec="seconds"),
            "state": self.state,
            "as_of": self.as_of.isoformat(),
            "data_version": self.data_version,
            "by": self.by.name,
            **self.result(),
        }


def is_due(
    last: TagReading | None, refresh: Refresh, *, data_version: str, as_of: date, tag_version: int,
    given_no: int,
) -> bool:  # fmt: skip
    """Tell whether a tag should be read.

    A tag that was never read, or whose definition or given values changed since, is due whatever its
    rhythm, unless it is refreshed by hand only. So is one that goes with the data once these are newer.
    """
    if refresh == "manual":
        return False
    if last is None or (last.tag_version, last.given_no) != (tag_version, given_no):
        return True
    match refresh:
        case "with_data":
            return last.data_version != data_version
        case "daily":
            return last.as_of != as_of or last.data_version != data_version
        case "weekly":
            return abs((as_of - last.as_of).days) >= 7
        case "monthly":
            return (as_of.year, as_of.month) != (last.as_of.year, last.as_of.month)
