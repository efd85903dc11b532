"""The one door to core for pages and the command line.

`Workspace` is put together from six parts, each in its file: `versions` (the data), `questions` (what is
asked of it), `keeping` (what operators save), `exporting` (what they take away), `people` (lists and
snapshots), `explaining` (why a number is what it is). Only here and in the command line is the clock read.
"""

from __future__ import annotations

from core.analytics.journey import Funnel, FunnelGroup, FunnelStep
from core.audiences.records import (
    Action,
    Actor,
    Audience,
    ExportRecord,
    ExportRequest,
    ExportResult,
    Format,
    Header,
    LogEntry,
    PeopleList,
    Purpose,
    Snapshot,
)
from core.workspace.answers import Checked, CountAnswer, Listing, json_schemas
from core.workspace.explaining import Explaining
from core.workspace.exporting import asks_nothing
from core.workspace.people import ListReport

__all__ = [
    "Action",
    "Actor",
    "Audience",
    "Checked",
    "CountAnswer",
    "ExportRecord",
    "ExportRequest",
    "ExportResult",
    "Format",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "Header",
    "ListReport",
    "Listing",
    "LogEntry",
    "PeopleList",
    "Purpose",
    "Snapshot",
    "Workspace",
    "asks_nothing",
    "json_schemas",
]


class Workspace(Explaining):
    """A folder with data versions and a database of what operators made; see the methods of its parts."""
