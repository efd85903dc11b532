"""The steps of a journey as conditions: in whatever order, or one after another; ever, or in a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from core import clock
from core.analytics.asking import Asking, any_of, did, did_none, existed
from core.analytics.periods import Period
from core.clock import EVER, Days
from core.errors import Problem, RuleError, WorkspaceError
from core.messages import say
from core.rules.conditions import LONGEST_PAUSE, SequenceCondition
from core.rules.edit import as_condition, fresh_ids
from core.rules.parts import DayAgo, Step, Window, Within
from core.rules.tree import Group, Node, Rule
from core.schema import Catalogue, JourneyStage, JourneyStep, Label
from core.tags.templates.proposals import Given, Slot, filled

MOST_STEPS = 20
MOST_CHAINS = 40
"""A step with several events makes so many chains of single events; more are refused."""
STUCK_DAYS = 7
ORDERS, WHENS = ("any", "strict"), ("ever", "period")


@dataclass(frozen=True)
class Way:
    """How the steps of a journey are told, and what goes through them: people, or sessions.

    Attributes
    ----------
    steps : tuple of (JourneyStage, JourneyStep)
        In order. A step without events is the first, and has been reached by everybody (in a period: by who
        came in it).
    rules : mapping of str to Rule
        By key of the step, for steps that are told by a rule and not by events; not in order.
    in_order : bool
        Whether a step counts only after the one before it.
    within : Within or None
        In order: how soon each step follows the one before it; None = ever.
    period : Period or None
        When the steps are taken (in order: the first of them); None = ever.
    session_minutes : int or None
        The longest pause of a session: what belongs together then lies in one. None = in any of them.
    """

    steps: tuple[tuple[JourneyStage, JourneyStep], ...]
    rules: dict[str, Rule] = field(default_factory=dict)
    in_order: bool = False
    within: Within | None = None
    period: Period | None = None
    session_minutes: int | None = None

    @property
    def asks_who_came(self) -> bool:
        """Whether the first step is that of who came in the period."""
        first = self.steps[0][1]
        return self.period is not None and not first.events and first.key not in self.rules


def way_of(catalogue: Catalogue, **fields: Any) -> Way:
    """Return the journey that the data's plan names; fields as of `Way`.

    Raises
    ------
    WorkspaceError
        If the plan names no journey, or a step after the first that has no events.
    """
    steps = tuple(catalogue.journey_steps())
    if not steps:
        raise WorkspaceError(Problem("no_journey"))
    for _, step in steps[1:]:
        if not step.events:
            raise WorkspaceError(Problem("journey_step_without_events", params={"step": step.key}))
    return Way(steps=steps, **fields)


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what the journey must be told, with what the catalogue suggests.

    ``steps`` left empty is the journey of the data's plan.
    """
    events = tuple(catalogue.events)
    return (
        Slot(
            "steps",
            "steps",
            say("slot_steps"),
            None,
            events,
            is_optional=True,
            high=MOST_STEPS,
            with_audiences=True,
        ),
        Slot("order", "choice", say("slot_order"), "any", ORDERS),
        Slot("within_days", "whole", say("slot_within_days"), None, low=1, high=3650, is_optional=True),
        Slot("when", "choice", say("slot_when"), "ever", WHENS),
        Slot(
            "session_minutes",
            "whole",
            say("slot_session_minutes"),
            None,
            low=1,
            high=LONGEST_PAUSE,
            is_optional=True,
        ),
        Slot("stuck_days", "whole", say("slot_stuck_days"), STUCK_DAYS, low=1, high=3650),
    )


def way_given(asking: Asking, period: Period, given: Given | None) -> tuple[Way, int]:
    """Return how the steps are told by what stands in the slots, and after how many days somebody is stuck.

    Parameters
    ----------
    period : Period
        When the steps are taken, where ``when`` is "period".

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, also if a step is told by an audience, which has no
        time, and its time is asked for.
    WorkspaceError
        If no steps are given and the plan names no journey.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    fields: dict[str, Any] = {
        "in_order": told["order"] == "strict",
        "within": None if told["within_days"] is None else Within(n=int(told["within_days"]), unit="day"),
        "period": period if told["when"] == "period" else None,
        "session_minutes": told["session_minutes"],
    }
    if not told["steps"]:
        return way_of(asking.catalogue, **fields), int(told["stuck_days"])
    stage = JourneyStage(key="own", label=Label(**say("journey_own_stage")), steps=())
    steps = tuple(
        (
            stage,
            JourneyStep(
                key=f"step{place}",
                label=Label(zh=step["label"], en=step["label"]),
                events=tuple(step.get("events", ())),
            ),
        )
        for place, step in enumerate(told["steps"], 1)
    )
    rules = {
        f"step{place}": asking.audience(step["audience"])
        for place, step in enumerate(told["steps"], 1)
        if "audience" in step
    }
    way = Way(steps=steps, rules=rules, **fields)
    for place, (_, step) in enumerate(steps):
        if step.key in rules:
            if way.in_order or way.period is not None or way.session_minutes is not None:
                raise RuleError(Problem("journey_audience_without_time", "steps", {"step": step.label.zh}))
        elif place and not step.events:
            raise RuleError(Problem("journey_own_step_without_events", "steps", {"step": step.label.zh}))
    return way, int(told["stuck_days"])


class Steps:
    """The steps of a way as conditions."""

    def __init__(self, asking: Asking, way: Way, stuck_days: int) -> None:
        self.way = way
        self._events = tuple(asking.catalogue.events)
        self._is_first_known = not way.asks_who_came or asking.knows_arrivals()
        self._stuck_days = stuck_days
        self.keys = [step for _, step in way.steps]
        self._window: Window | None = None if way.period is None else way.period.window

    def is_known(self, place: int) -> bool:
        """Tell whether it can be known who reached a step.

        It cannot where the first step is that of who came in the period, and the data do not say since when
        people are users; in order every step asks for the first.
        """
        return self._is_first_known or (place > 0 and not self.way.in_order)

    def reached(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step; none for a step that everybody has."""
        if self.way.in_order:
            return self._in_order(place)
        return self._did(place)

    def not_reached(self, places: Sequence[int]) -> tuple[Node, ...]:
        """Return the conditions of having reached none of some steps."""
        if self.way.in_order:
            # Who has not reached the first of them has reached none of the later ones.
            return tuple(_negated(self._in_order(places[0]))) if places else ()
        told_by_rule = [place for place in places if self.keys[place].key in self.way.rules]
        events = [event for place in places for event in self.keys[place].events]
        rules = [node for place in told_by_rule for node in _negated(self._did(place))]
        return (*did_none(events, self._window), *rules)

    def furthest(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step and none of the later ones."""
        return (*self.reached(place), *self.not_reached(range(place + 1, len(self.keys))))

    def together(self, place: int, later: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step and a later one; of sessions, in one of them."""
        if self.way.in_order:
            return self._in_order(later)
        in_one = self._in_one_session(place, later)
        return (any_of(in_one),) if in_one else (*self._did(place), *self._did(later))

    def not_started(self) -> tuple[Node, ...]:
        """Return the conditions of having reached no step; none where everybody reached the first."""
        first = () if self._is_for_all(0) else self.not_reached([0])
        if self._is_for_all(0):
            if self.way.period is None:
                return ()
            first = tuple(_negated(self._did(0)))
        # In order nobody reaches a later step without the first.
        return first if self.way.in_order else (*first, *self.not_reached(range(1, len(self.keys))))

    def stuck(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of standing at a step, and of having reached it so many days ago already."""
        # What was reached then, in the same way: an event before its turn, or before the period, is no step.
        ago = DayAgo(ago=self._stuck_days, unit="day")
        then = Group(id="then", match="all", as_of=ago, children=self.reached(place))
        return (*self.furthest(place), then)

    def whose_sessions(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of being somebody whose sessions are counted at a step."""
        asks_for_first = self.way.in_order or place == 0
        return self._did(0) if asks_for_first and not self.keys[0].events else ()

    def looked_at(self) -> tuple[Node, ...]:
        """Return the conditions of being somebody whose sessions are looked at at all.

        In order nothing counts without the first step; that of who came has all their sessions, whenever.
        """
        return self.whose_sessions(0) if self.way.in_order else ()

    def sessions(self) -> list[SequenceCondition]:
        """Return what holds of every session that is looked at, whatever happened in it."""
        window = None if self.way.in_order and not self.keys[0].events else self._window
        return [self._chain([event], window) for event in self._events]

    def sessions_together(self, place: int, later: int) -> list[SequenceCondition]:
        """Return what holds of the sessions that reached a step and a later one (or the same)."""
        if self.way.in_order:
            return self._chains(later) or self.sessions()
        in_one = self._in_one_session(place, later)
        if in_one:
            return in_one
        events = self.keys[later].events
        return [self._chain([event], self._window) for event in events] or self.sessions()

    @property
    def span(self) -> Days:
        """When what is timed lies."""
        period = self.way.period
        if period is None:
            return EVER
        return Days(period.first, None) if self.way.in_order else period.span

    def _in_one_session(self, place: int, later: int) -> list[SequenceCondition]:
        """Return what holds if a session has both of two steps; nothing where none needs to hold them."""
        minutes, (first, then) = self.way.session_minutes, (self.keys[at].events for at in (place, later))
        if minutes is None or place == later or not first or not then:
            return []
        return [
            SequenceCondition(
                id="together", steps=(Step(event=one), Step(event=other)), session_minutes=minutes,
                any_order=True, window=self._window,
            )
            for one, other in product(first, then)
        ]  # fmt: skip

    def _is_for_all(self, place: int) -> bool:
        step = self.keys[place]
        return not step.events and step.key not in self.way.rules

    def _did(self, place: int) -> tuple[Node, ...]:
        step, period = self.keys[place], self.way.period
        rule = self.way.rules.get(step.key)
        if rule is not None:
            condition = as_condition(rule, fresh_ids([rule]))
            return () if condition is None else (condition,)
        if not step.events:
            return () if period is None else _came_in(period)
        return did(step.events, self._window)

    def _in_order(self, place: int) -> tuple[Node, ...]:
        """Return the condition of a chain of all steps up to one."""
        chains = self._chains(place)
        return (*self.whose_sessions(place), *([any_of(chains)] if chains else []))

    def _chains(self, place: int) -> list[SequenceCondition]:
        """Return the chains of all steps up to one; steps with several events make several."""
        events = [self.keys[at].events for at in range(place + 1) if self.keys[at].events]
        chains = list(product(*events)) if events else []
        if len(chains) > MOST_CHAINS:
            raise RuleError(Problem("journey_too_many_chains", params={"limit": MOST_CHAINS}))
        window = self._window if self.keys[0].events else None
        return [self._chain(each, window) for each in chains]

    def _chain(self, events: Sequence[str], window: Window | None) -> SequenceCondition:
        return chain(events, self.way.within, window, self.way.session_minutes)


def chain(
    events: Sequence[str], within: Within | None = None, window: Window | None = None,
    session_minutes: int | None = None,
) -> SequenceCondition:  # fmt: skip
    """Return the condition of a chain of occurrences, each within a length of time of the one before."""
    steps = (Step(event=events[0]), *(Step(event=event, within=within) for event in events[1:]))
    return SequenceCondition(id="chain", steps=steps, window=window, session_minutes=session_minutes)


def _came_in(period: Period) -> tuple[Node, ...]:
    """Return the conditions of having become a user in a period, whatever day they are asked for."""
    return (existed(clock.add_days(period.first, -1), is_negated=True), existed(period.last))


def _negated(conditions: Sequence[Node]) -> Sequence[Node]:
    """Return the condition that not all of several hold."""
    return (Group(id="not", match="all", not_=True, children=tuple(conditions)),) if conditions else ()
