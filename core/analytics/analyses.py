"""All analyses by name, each asked in the same way: pages, command line and report read this one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from core.analytics import (
    attribution,
    budget,
    channels,
    coupons,
    journey,
    journey_steps,
    lifecycle,
    members,
    movements,
    overview,
    retention,
    rfm,
    touches,
)
from core.analytics.asking import Asking
from core.analytics.journey import PartsOf
from core.analytics.movements import Movement
from core.analytics.periods import Period
from core.analytics.recorded import lacking_days, refuse_unrecorded
from core.analytics.splits import tag_to_split_by
from core.clock import Days
from core.errors import NotFound, Problem, RuleError, nearest_name
from core.messages import Text, message_of, say
from core.schema import Catalogue
from core.tags.templates.proposals import Given, Slot, filled

T = TypeVar("T")


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


def _up_to_the_day(request: Request) -> Days | None:
    return Days(None, request.asking.as_of)


def _in_the_period(request: Request) -> Days | None:
    return request.period.span


def _when_the_steps_are(request: Request) -> Days | None:
    is_in_period = request.given.get("when") == "period"
    return _in_the_period(request) if is_in_period else _up_to_the_day(request)


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
    looks_at : callable (request) -> Days or None
        The days whose records it tells of; None = it tells of users, whatever is recorded of them.
    """

    key: str
    slots: Callable[[Catalogue], Sequence[Slot]]
    tell: Callable[[Request], Told]
    splits: bool = False
    looks_at: Callable[[Request], Days | None] = _up_to_the_day

    @property
    def label(self) -> Text:
        """Its name for people."""
        return say(f"analysis_{self.key}")


@dataclass(frozen=True)
class OverviewTold:
    """The overview with the biggest movements; none where one of the two periods is not known."""

    numbers: overview.Overview
    movements: tuple[Movement, ...]

    @property
    def is_comparable(self) -> bool:
        """Whether both the period and the one before are known, so that something can have moved."""
        return self.numbers.now.is_known and self.numbers.before.is_known

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {**self.numbers.as_json(), "movements": [each.as_json() for each in self.movements]}


@dataclass(frozen=True)
class BudgetTold:
    """Budget and coupons: what each question tells; None where the data lack what it needs.

    Attributes
    ----------
    notes : tuple of Text
        Why something is absent.
    """

    split: budget.BudgetSplit | None
    coupons: budget.Coupons | None
    activity: budget.LastActivity | None
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        parts = {"split": self.split, "coupons": self.coupons, "activity": self.activity}
        return _parts_json(parts, self.notes)


@dataclass(frozen=True)
class ChannelsTold:
    """Channels and touch: what each question tells; None where the data lack what it needs."""

    channels: channels.Channels | None
    attribution: attribution.Attribution | None
    chain: touches.Chain | None
    coupons: coupons.Coupons | None
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        parts = {"attribution": self.attribution, "touch": self.chain, "coupons": self.coupons}
        own = {} if self.channels is None else self.channels.as_json()
        return {**own, **_parts_json(parts, self.notes)}


def _parts_json(parts: Mapping[str, Told | None], notes: Sequence[Text]) -> dict[str, object]:
    told = {name: None if part is None else part.as_json() for name, part in parts.items()}
    return {**told, "not_told": [dict(note) for note in notes]}


def _channel_slots(catalogue: Catalogue) -> Sequence[Slot]:
    """Return the slots of channels, attribution, touch and coupons; what several need is asked once."""
    asked = (channels.slots, attribution.slots, touches.chain_slots, coupons.slots)
    by_key = {slot.key: slot for part in asked for slot in part(catalogue)}
    return tuple(by_key.values())


def _channels(request: Request) -> Told:
    parts = _Parts(request)
    return ChannelsTold(
        parts.told(channels.channels, channels.slots),
        parts.told(attribution.attribution, attribution.slots),
        parts.told(touches.chain, touches.chain_slots),
        parts.told(coupons.coupons, coupons.slots),
        tuple(parts.notes),
    )


def _budget(request: Request) -> Told:
    parts = _Parts(request)
    return BudgetTold(
        parts.told(budget.split, budget.slots),
        parts.told(budget.coupons, budget.slots),
        parts.told(lambda asking, _, given: budget.last_activity(asking, given), budget.slots),
        tuple(parts.notes),
    )


class _Parts:
    """Asks the parts of an analysis one by one; one that the data say nothing of is left out, with why."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.notes: list[Text] = []

    def given(self, slots: Sequence[Slot]) -> Given:
        """Return what is given for some slots."""
        keys = {slot.key for slot in slots}
        return {key: value for key, value in self._request.given.items() if key in keys}

    def told(
        self,
        ask: Callable[[Asking, Period, Given], T],
        slots: Callable[[Catalogue], Sequence[Slot]],
    ) -> T | None:
        """Return what a part tells; None if a slot that nobody filled has nothing to stand in it."""
        request = self._request
        given = self.given(slots(request.asking.catalogue))
        try:
            return ask(request.asking, request.period, given)
        except RuleError as error:
            if not is_lacking(error, request.given):
                raise
            self.notes += [message_of(problem) for problem in error.problems]
            return None


def _overview(request: Request) -> Told:
    found = overview.overview(request.asking, request.period, request.given)
    moved: tuple[Movement, ...] = ()
    if found.now.is_known and found.before.is_known:
        moved = movements.movements(request.asking, request.period, found.before.period, request.given)
    return OverviewTold(found, moved)


def _journey(request: Request) -> Told:
    way, stuck_days = journey_steps.way_given(request.asking, request.period, request.given)
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
        Analysis("journey", journey_steps.slots, _journey, splits=True, looks_at=_when_the_steps_are),
        Analysis("lifecycle", lifecycle.slots, lambda asked: lifecycle.lifecycle(asked.asking, asked.given)),
        Analysis("rfm", rfm.slots, lambda asked: rfm.rfm(asked.asking, asked.given)),
        Analysis("retention", retention.slots, _retention, splits=True),
        Analysis("budget", budget.slots, _budget, looks_at=_in_the_period),
        Analysis("channels", _channel_slots, _channels, looks_at=_in_the_period),
        Analysis(
            "members",
            members.slots,
            lambda asked: members.members(asked.asking, asked.given),
            looks_at=lambda _: None,
        ),
    )
}


def tell(name: str, request: Request) -> Told:
    """Return what an analysis tells.

    Raises
    ------
    NotFound
        If there is no such analysis.
    RuleError
        If the tag to split by is unknown or personal, or what is given is wrong; `Unrecorded` if nothing is
        recorded of all the days that it looks at.
    """
    analysis = _named(name)
    if request.by is not None:
        tag_to_split_by(request.asking.catalogue, request.by)
    days = analysis.looks_at(request)
    if days is not None:
        refuse_unrecorded(request.asking.catalogue, days)
    return analysis.tell(request)


def not_recorded(name: str, request: Request) -> tuple[Text, ...]:
    """Return of which of the days that an analysis looks at nothing is recorded, in words; empty = of none.

    Raises
    ------
    NotFound
        If there is no such analysis.
    """
    days = _named(name).looks_at(request)
    return () if days is None else lacking_days(request.asking.catalogue, days)


def _named(name: str) -> Analysis:
    analysis = ANALYSES.get(name)
    if analysis is None:
        raise NotFound(unknown(name))
    return analysis


def refuse_unfit(name: str, catalogue: Catalogue, given: Given) -> None:
    """Refuse what is given to an analysis if its slots do not take it.

    Raises
    ------
    RuleError
        With everything that is wrong, each at the name of its slot.
    """
    filled(ANALYSES[name].slots(catalogue), catalogue, given)


def audiences_in(given: Given) -> tuple[str, ...]:
    """Return the ids or names of the audiences that what is given names, as far as it is well formed."""
    steps = given.get("steps")
    told = steps if isinstance(steps, list | tuple) else ()
    names = [step.get("audience") for step in told if isinstance(step, Mapping)]
    return tuple(name for name in names if isinstance(name, str) and name)


def is_lacking(error: RuleError, given: Given) -> bool:
    """Tell whether an analysis is refused for nothing but what the data lack and nobody told it."""
    lacking = {"template_slot_nothing", "template_slot_empty"}
    told = {key for key, value in given.items() if value not in (None, [], ())}
    return all(problem.code in lacking and problem.node not in told for problem in error.problems)


def given_by_plan(plan: Mapping[str, Any], name: str) -> Given:
    """Return what a plan gives one analysis: the table of its name.

    Raises
    ------
    NotFound
        If the plan has tables of no analysis, or one that is no table.
    """
    if missing := [unknown(other) for other in plan if other not in ANALYSES]:
        raise NotFound(missing)
    table = plan.get(name, {})
    if not isinstance(table, Mapping):
        raise NotFound(Problem("analysis_plan_shape", name, {"name": name}))
    return table


def unknown(name: str) -> Problem:
    """Return the problem that there is no analysis of a name."""
    known = tuple(ANALYSES)
    return Problem("analysis_unknown", None, {"name": name}, known, nearest_name(name, known))
