"""The one door to core for pages and the command line.

`Workspace` is put together from its parts, each in its file: `versions` (the data), `questions` (what is
asked of it), `keeping` (what operators save), `whole_audiences` (all people of an audience), `exporting`
(what they take away), `people` (lists),
`explaining` (why a number is what it is), `tagging` (tags looked at), `tag_life` (tags changed),
`tag_effects` (what a change would do), `tag_values` (values typed in or uploaded), `audience_life`
(audiences looked after), `audience_refresh` (their snapshots, and why people came and went),
`audience_compare` (overlaps and parts), `audience_bin` (deletions undone),
`refreshing` (all that is due, and the health of tags),
`goal_plans` (from a goal to tags and audiences), `one_user` (what is known of one), `analysing` (the
manager's view), `reporting` (the same on paper).
Only here and in the command line is the clock read.
"""

from __future__ import annotations

from core.analytics.apart import Apart
from core.analytics.journey import Funnel, FunnelGroup, FunnelStep
from core.analytics.overlap import NearDuplicates, Overlap
from core.analytics.parts import Split
from core.audiences.records import (
    CAUSES,
    Action,
    Actor,
    Audience,
    AudienceState,
    AudienceVersion,
    Cause,
    DeletedAudience,
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
from core.tags.distributions import Distribution
from core.tags.drift import Drift
from core.tags.entries import TagEntry
from core.tags.graph import GraphNode, TagGraph
from core.tags.health import Finding, HealthReport
from core.tags.readings import RefreshRun, TagReading
from core.tags.records import (
    MOVES,
    REFRESHES,
    STATUSES,
    TIMELINESS,
    USES,
    TagDefinition,
    TagRecord,
    TagVersion,
)
from core.tags.templates import Slot
from core.tags.templates.proposals import LONGEST_STEP_NAME
from core.workspace.analysing import read_analysis_plan
from core.workspace.answers import Checked, CountAnswer, Listing, json_schemas
from core.workspace.audience_bin import DAYS_KEPT
from core.workspace.audience_life import AudienceUse, HandRow
from core.workspace.audience_refresh import ChangedPerson, Refreshed
from core.workspace.exporting import asks_nothing
from core.workspace.goal_plans import GoalPlan, GoalPreview, chosen_of
from core.workspace.one_user import Deed, UserCard
from core.workspace.people import ListReport
from core.workspace.refreshing import RefreshProgress
from core.workspace.reporting import Reporting
from core.workspace.tag_effects import AudienceMove, MergeEffect, TagEffect, TagMove
from core.workspace.tag_life import TagImported
from core.workspace.tag_values import GivenReport, GivenRow, GivenSummary
from core.workspace.tagging import TagPreview, TagUse
from core.workspace.whole_audiences import AudienceNumbers

__all__ = [
    "CAUSES",
    "DAYS_KEPT",
    "LONGEST_STEP_NAME",
    "MOVES",
    "REFRESHES",
    "STATUSES",
    "TIMELINESS",
    "USES",
    "Action",
    "Actor",
    "Apart",
    "Audience",
    "AudienceMove",
    "AudienceNumbers",
    "AudienceState",
    "AudienceUse",
    "AudienceVersion",
    "Cause",
    "ChangedPerson",
    "Checked",
    "CountAnswer",
    "Deed",
    "DeletedAudience",
    "Distribution",
    "Drift",
    "ExportRecord",
    "ExportRequest",
    "ExportResult",
    "Finding",
    "Format",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "GivenReport",
    "GivenRow",
    "GivenSummary",
    "GoalPlan",
    "GoalPreview",
    "GraphNode",
    "HandRow",
    "Header",
    "HealthReport",
    "ListReport",
    "Listing",
    "LogEntry",
    "MergeEffect",
    "NearDuplicates",
    "Overlap",
    "PeopleList",
    "Purpose",
    "RefreshProgress",
    "RefreshRun",
    "Refreshed",
    "Slot",
    "Snapshot",
    "Split",
    "TagDefinition",
    "TagEffect",
    "TagEntry",
    "TagGraph",
    "TagImported",
    "TagMove",
    "TagPreview",
    "TagReading",
    "TagRecord",
    "TagUse",
    "TagVersion",
    "UserCard",
    "Workspace",
    "asks_nothing",
    "chosen_of",
    "json_schemas",
    "read_analysis_plan",
]


class Workspace(Reporting):
    """A folder with data versions and a database of what operators made; see the methods of its parts."""
