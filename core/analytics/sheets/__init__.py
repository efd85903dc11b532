"""What analyses tell as plain tables: on a page, in a file, on the command line and in the report the same.

A cell that is a `Figure` is a number of users that opens as an audience.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.analytics.analyses import BudgetTold, ChannelsTold, OverviewTold, Told
from core.analytics.journey import Funnel
from core.analytics.lifecycle import Lifecycle
from core.analytics.members import Members
from core.analytics.retention import Retention
from core.analytics.rfm import Rfm
from core.analytics.sheets.form import Column, Kind, Sheet, Value
from core.analytics.sheets.money import budget_sheets, channels_sheets, members_sheets
from core.analytics.sheets.people import (
    journey_sheets,
    lifecycle_sheets,
    overview_sheets,
    place_key,
    place_label,
    retention_sheets,
    rfm_sheets,
)
from core.schema import Catalogue

__all__ = ["Column", "Kind", "Sheet", "Value", "place_key", "place_label", "sheets"]

_SHEETS: Mapping[type[Any], Callable[[Any, Catalogue], list[Sheet]]] = {
    OverviewTold: overview_sheets,
    Funnel: journey_sheets,
    Lifecycle: lifecycle_sheets,
    Rfm: rfm_sheets,
    Retention: retention_sheets,
    BudgetTold: budget_sheets,
    ChannelsTold: channels_sheets,
    Members: members_sheets,
}


def sheets(told: Told, catalogue: Catalogue) -> tuple[Sheet, ...]:
    """Return what an analysis tells as tables."""
    return tuple(_SHEETS[type(told)](told, catalogue))
