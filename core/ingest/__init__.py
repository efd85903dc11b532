"""From files and databases to a committed data version: plans, readers, typing, report."""

from core.ingest.inspect import InspectedColumn, SourceInspection, inspect_source, propose_plan
from core.ingest.plan import ImportPlan
from core.ingest.plan_text import (
    import_json_schema,
    plan_from_data,
    plan_from_toml,
    plan_to_toml,
    read_plan,
)
from core.ingest.report import ColumnReport, ImportReport, Progress, Reject, SourceReport
from core.ingest.run import run_import

__all__ = [
    "ColumnReport",
    "ImportPlan",
    "ImportReport",
    "InspectedColumn",
    "Progress",
    "Reject",
    "SourceInspection",
    "SourceReport",
    "import_json_schema",
    "inspect_source",
    "plan_from_data",
    "plan_from_toml",
    "plan_to_toml",
    "propose_plan",
    "read_plan",
    "run_import",
]
