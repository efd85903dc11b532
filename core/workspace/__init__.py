"""The one door to core for pages and the command line.

`Workspace` is put together from seven parts, each in its file: `versions` (the data), `questions` (what is
asked of it), `keeping` (what operators save), `exporting` (what they take away), `people` (lists and
snapshots), `explaining` (why a number is what it is), `tagging` (tags that operators
make). Only here and in the command line is the clock read.
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
from core.tags.records import TagDefinition, TagRecord, TagVersion
from core.workspace.answers import Checked, CountAnswer, Listing, json_schemas
from core.workspace.exporting import asks_nothing
from core.workspace.people import ListReport
from core.workspace.tagging import Tagging, TagPreview

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
    "TagDefinition",
    "TagPreview",
    "TagRecord",
    "TagVersion",
    "Workspace",
    "asks_nothing",
    "json_schemas",
]


class Workspace(Tagging):
    """A folder with data versions and a database of what operators made; see the methods of its parts."""
