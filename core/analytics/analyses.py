"""All analyses by name, each asked in the same way: pages, command line and report read this one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.analytics import journey, journey_steps, lifecycle, movements, overview, retention, rfm
from core.analytics.asking import Asking
from core.analytics.journey import PartsOf
from core.analytics.movements import Movement
from core.analytics.periods import Period
from core.analytics.splits import tag_to_split_by
from core.errors import NotFound, Problem, nearest_name
from core.messages import Text, say
from core.schema import Catalogue
from core.tags.templates.proposals import Given, Slot


@dataclass(frozen=True)
class Request:
    """What is asked of an analysis.

    Attributes
    ----------
    by : str or None
        Key of a tag by whose values to tell the people apart, where the analysis can.
    given : mapping
        What stands in the analysis's slots; what is left out stands at its default.
    """

    asking: Asking
    period: Period
    parts_of: PartsOf
    by: str | None = None
    given: Given = field(default_factory=dict)


class Told(Protocol):
    """What an analysis tells."""

    def as_json(self) -> Mapping[str, object]:
        """Return the numbers, JSON-ready."""
        ...


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    key : str
        Its name on the command line and in plans.
    slots : callable (catalogue) -> slots
        What it must be told, with what the catalogue suggests.
    tell : callable (request) -> what it tells
    splits : bool
        Whether it can tell people apart by a tag.
    """

    key: str
    slots: Callable[[Catalogue], Sequence[Slot]]
    tell: Callable[[Request], Told]
    splits: bool = False

    @property
    def label(self) -> Text:
        """Its name for people."""
        return say(f"analysis_{self.key}")


@dataclass(frozen=True)
class OverviewTold:
    """The overview with the biggest movements."""

    numbers: overview.Overview
    movements: tuple[Movement, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {**self.numbers.as_json(), "movements": [each.as_json() for each in self.movements]}


def _overview(request: Request) -> Told:
    found = overview.overview(request.asking, request.period, request.given)
    moved = movements.movements(request.asking, request.period, found.before.period, request.given)
    return OverviewTold(found, moved)


def _journey(request: Request) -> Told:
    way, stuck_days = journey_steps.way_given(request.asking.catalogue, request.period, request.given)
    return journey.funnel(
        request.asking, way, split=request.by, parts_of=request.parts_of, stuck_days=stuck_days
    )


def _retention(request: Request) -> Told:
    parts = () if request.by is None else request.parts_of(request.asking.among, request.by)
    return retention.retention(request.asking, request.given, parts=parts)


ANALYSES: Mapping[str, Analysis] = {
    analysis.key: analysis
    for analysis in (
        Analysis("overview", overview.slots, _overview),
        Analysis("journey", journey_steps.slots, _journey, splits=True),
        Analysis("lifecycle", lifecycle.slots, lambda asked: lifecycle.lifecycle(asked.asking, asked.given)),
        Analysis("rfm", rfm.slots, lambda asked: rfm.rfm(asked.asking, asked.given)),
        Analysis("retention", retention.slots, _retention, splits=True),
    )
}


def tell(name: str, request: Request) -> Told:
    """Return what an analysis tells.

    Raises
    ------
    NotFound
        If there is no such analysis.
    RuleError
        If the tag to split by is unknown or personal, or what is given is wrong.
    """
    analysis = ANALYSES.get(name)
    if analysis is None:
        known = tuple(ANALYSES)
        raise NotFound(Problem("analysis_unknown", None, {"name": name}, known, nearest_name(name, known)))
    if request.by is not None:
        tag_to_split_by(request.asking.catalogue, request.by)
    return analysis.tell(request)


def given_by_plan(plan: Mapping[str, Any], name: str) -> Given:
    """Return what a plan gives one analysis: the table of its name."""
    table = plan.get(name, {})
    if not isinstance(table, Mapping):
        raise NotFound(Problem("analysis_plan_shape", name, {"name": name}))
    return table
