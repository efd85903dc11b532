"""The journey as a funnel. Every number in it is the count of a rule, so that it opens in the builder.

Unless order is asked for, reaching a step means having had one of its events, in whatever order; a person's
furthest step is the last one reached. In order, it means a chain of all the steps up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any

from core.analytics.asking import Asking, Figure, Share, any_of, did, did_none, share
from core.analytics.overview import came
from core.analytics.periods import Period
from core.analytics.splits import Part, tag_to_split_by
from core.engines.tallies import Delays
from core.errors import Problem, RuleError, WorkspaceError
from core.messages import Text
from core.rules.conditions import SequenceCondition
from core.rules.edit import as_condition, fresh_ids
from core.rules.parts import AgoWindow, DayAgo, Step, Window, Within
from core.rules.tree import Group, Node, Rule, TakeTop
from core.schema import Catalogue, JourneyStage, JourneyStep, TagType

MOST_CHAINS = 40
"""A step with several events makes so many chains of single events; more are refused."""
STUCK_DAYS = 7
_EVER_SO_LONG = 36_500
_NOTHING = Delays(0, 0, {})

PartsOf = Callable[[Rule, str], Sequence[Part]]


@dataclass(frozen=True)
class Way:
    """How the steps of a journey are told.

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
    """

    steps: tuple[tuple[JourneyStage, JourneyStep], ...]
    rules: dict[str, Rule] = field(default_factory=dict)
    in_order: bool = False
    within: Within | None = None
    period: Period | None = None


@dataclass(frozen=True)
class FunnelStep:
    """The numbers of one step, in users, each with the rule that it is the count of.

    Attributes
    ----------
    reached : int
        Users who reached the step.
    furthest : int
        Users who reached it and none of the later ones.
    continued : int or None
        Users who reached both it and the next; None for the last step.
    conversion : float or None
        ``continued / reached``, between 0 and 1; None for the last step, and where nobody reached it.
    interval : Share or None
        The conversion with its interval.
    overall : Share or None
        Of those who reached the first step, who reached this one as well; None where nobody did.
    delays : Delays
        From first doing the step to the next doing of the one after it, of those who continued; of nobody
        where a step is told without events.
    stuck : Figure
        Of `furthest`, those who had reached the step so many days before already.
    """

    stage: JourneyStage
    step: JourneyStep
    reached: int
    furthest: int
    continued: int | None
    conversion: float | None
    rule_reached: Rule
    rule_furthest: Rule
    rule_continued: Rule | None
    interval: Share | None
    overall: Share | None
    delays: Delays
    stuck: Figure

    def as_json(self) -> dict[str, object]:
        """Return the numbers of the step, JSON-ready."""
        seconds = self.delays.seconds
        return {
            "stage": self.stage.key,
            "stage_label": self.stage.label.as_text(),
            "step": self.step.key,
            "label": self.step.label.as_text(),
            "reached": self.reached,
            "furthest": self.furthest,
            "continued": self.continued,
            "conversion": None if self.conversion is None else round(self.conversion, 6),
            "interval": None if self.interval is None else self.interval.as_json(),
            "overall": None if self.overall is None else self.overall.as_json(),
            "median_seconds": seconds.get(0.5),
            "p90_seconds": seconds.get(0.9),
            "stuck": self.stuck.users,
        }


@dataclass(frozen=True)
class FunnelGroup:
    """The funnel of the people with one value of the tag by which it is split."""

    label: Text
    total: int
    steps: tuple[FunnelStep, ...]
    rule: Rule


@dataclass(frozen=True)
class Funnel:
    """Where people stand on their journey.

    Attributes
    ----------
    total : int
        Everybody asked about: the base, or the members of the audience.
    not_started : int
        Users who reached no step; ``furthest`` of all steps and this add up to ``total``.
    rule_not_started : Rule or None
        None when the journey begins with a step that everybody has reached.
    groups : tuple of FunnelGroup
        By the values of the tag asked for; empty when none was.
    is_overlapping : bool
        Whether one user may stand in several groups (multi tags).
    stuck_days : int
        How long who is stuck has stood at a step.
    """

    as_of: date
    total: int
    steps: tuple[FunnelStep, ...]
    not_started: int
    rule: Rule
    rule_not_started: Rule | None
    groups: tuple[FunnelGroup, ...] = ()
    is_overlapping: bool = False
    stuck_days: int = STUCK_DAYS

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "total": self.total,
            "not_started": self.not_started,
            "stuck_days": self.stuck_days,
            "steps": [step.as_json() for step in self.steps],
            "groups": [
                {
                    "label": dict(group.label),
                    "total": group.total,
                    "steps": [s.as_json() for s in group.steps],
                }
                for group in self.groups
            ],
            "is_overlapping": self.is_overlapping,
        }


@dataclass(frozen=True)
class Elsewhere:
    """People who stopped at a step, and did something else after it."""

    event: str
    people: Figure
    share: Share | None


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


def funnel(
    asking: Asking,
    way: Way,
    *,
    split: str | None = None,
    parts_of: PartsOf | None = None,
    stuck_days: int = STUCK_DAYS,
) -> Funnel:
    """Return the funnel of a journey.

    Parameters
    ----------
    split : str or None
        Key of a tag by whose values to tell the steps apart; needs `parts_of`.
    parts_of : callable or None
        Returns the parts into which a tag divides the members of a rule.
    stuck_days : int
        How many days ago who is stuck had reached the step already; at least 1.

    Raises
    ------
    RuleError
        If the audience takes the first n by a tag (who they are cannot be said as a condition), the tag is
        unknown or personal, or the steps in order make too many chains.
    """
    if isinstance(asking.among.take, TakeTop):
        raise RuleError(Problem("funnel_of_take", params={"n": asking.among.take.n}))
    steps = _Steps(way, stuck_days)
    total = asking.figure()
    nobody_began = steps.not_started()
    not_started = asking.figure(*nobody_began) if nobody_began else None
    groups: tuple[FunnelGroup, ...] = ()
    if split is not None and parts_of is not None:
        tag_to_split_by(asking.catalogue, split)
        groups = tuple(_group(asking, steps, part) for part in parts_of(asking.among, split))
    return Funnel(
        as_of=asking.as_of,
        total=total.users,
        steps=steps.counted(asking, ()),
        not_started=0 if not_started is None else not_started.users,
        rule=total.rule,
        rule_not_started=None if not_started is None else not_started.rule,
        groups=groups,
        is_overlapping=split is not None and asking.catalogue.tags[split].type is TagType.MULTI,
        stuck_days=stuck_days,
    )


def elsewhere(asking: Asking, way: Way, place: int, *, many: int = 6) -> tuple[Elsewhere, ...]:
    """Return what people who stopped at a step did after it instead, the most frequent first.

    Parameters
    ----------
    place : int
        Which step, from 0. It has events.
    many : int
        At most so many events; a person stands at each that they did.
    """
    steps = _Steps(way, STUCK_DAYS)
    events = way.steps[place][1].events
    own = {event for _, step in way.steps[place:] for event in step.events}
    stopped = asking.figure(*steps.furthest(place))
    others = [event for event in asking.catalogue.events if event not in own]
    figures = asking.figures(
        (*steps.furthest(place), any_of([_chain([first, other], None, None) for first in events]))
        for other in others
    )
    found = [
        Elsewhere(event, figure, figure.share_of(stopped))
        for event, figure in zip(others, figures, strict=True)
        if figure.users
    ]
    return tuple(sorted(found, key=lambda each: -each.people.users)[:many])


def _group(asking: Asking, steps: _Steps, part: Part) -> FunnelGroup:
    people = asking.figure(*part.nodes)
    return FunnelGroup(part.label, people.users, steps.counted(asking, part.nodes), people.rule)


class _Steps:
    """The steps of a way as conditions."""

    def __init__(self, way: Way, stuck_days: int) -> None:
        self._way = way
        self._stuck_days = stuck_days
        self._keys = [step for _, step in way.steps]
        self._window: Window | None = None if way.period is None else way.period.window

    def reached(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step; none for a step that everybody has."""
        if self._way.in_order:
            return self._in_order(place)
        return self._did(place)

    def not_reached(self, places: Sequence[int]) -> tuple[Node, ...]:
        """Return the conditions of having reached none of some steps."""
        if self._way.in_order:
            # Who has not reached the first of them has reached none of the later ones.
            return tuple(_negated(self._in_order(places[0]))) if places else ()
        told_by_rule = [place for place in places if self._keys[place].key in self._way.rules]
        events = [event for place in places for event in self._keys[place].events]
        rules = [node for place in told_by_rule for node in _negated(self._did(place))]
        return (*did_none(events, self._window), *rules)

    def furthest(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step and none of the later ones."""
        return (*self.reached(place), *self.not_reached(range(place + 1, len(self._keys))))

    def continued(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of having reached a step and the next."""
        if self._way.in_order:
            return self._in_order(place + 1)
        return (*self._did(place), *self._did(place + 1))

    def not_started(self) -> tuple[Node, ...]:
        """Return the conditions of having reached no step; none where everybody reached the first."""
        first = () if self._is_for_all(0) else self.not_reached([0])
        if self._is_for_all(0):
            if self._way.period is None:
                return ()
            first = tuple(_negated(self._did(0)))
        # In order nobody reaches a later step without the first.
        return first if self._way.in_order else (*first, *self.not_reached(range(1, len(self._keys))))

    def stuck(self, place: int) -> tuple[Node, ...]:
        """Return the conditions of standing at a step, and of having reached it so many days ago already."""
        events = self._keys[place].events
        if events:
            window = AgoWindow(ago=(_EVER_SO_LONG, self._stuck_days), unit="day")
            return (*self.furthest(place), *did(events, window))
        ago = DayAgo(ago=self._stuck_days, unit="day")
        return (*self.furthest(place), Group(id="existed", match="all", as_of=ago))

    def counted(self, asking: Asking, among: Sequence[Node]) -> tuple[FunnelStep, ...]:
        """Return the numbers of all steps, of the people for whom some conditions hold."""
        many = len(self._keys)
        reached = asking.figures((*among, *self.reached(place)) for place in range(many))
        furthest = asking.figures((*among, *self.furthest(place)) for place in range(many))
        continued = asking.figures((*among, *self.continued(place)) for place in range(many - 1))
        stuck = asking.figures((*among, *self.stuck(place)) for place in range(many))
        both = asking.figures((*among, *self.reached(0), *self.reached(place)) for place in range(many))
        delays = [self._delays(asking, among, place) for place in range(many - 1)]
        return tuple(
            FunnelStep(
                stage=self._way.steps[place][0],
                step=self._keys[place],
                reached=reached[place].users,
                furthest=furthest[place].users,
                continued=continued[place].users if place < many - 1 else None,
                conversion=_conversion(continued[place].users, reached[place].users)
                if place < many - 1
                else None,
                rule_reached=reached[place].rule,
                rule_furthest=furthest[place].rule,
                rule_continued=continued[place].rule if place < many - 1 else None,
                interval=share(continued[place].users, reached[place].users) if place < many - 1 else None,
                overall=share(both[place].users, reached[0].users),
                delays=delays[place] if place < many - 1 else _NOTHING,
                stuck=stuck[place],
            )
            for place in range(many)
        )

    def _delays(self, asking: Asking, among: Sequence[Node], place: int) -> Delays:
        first, then = (self._keys[at].events for at in (place, place + 1))
        if not first or not then:
            return _NOTHING
        return asking.delays(first, then, *among, *self.continued(place))

    def _is_for_all(self, place: int) -> bool:
        step = self._keys[place]
        return not step.events and step.key not in self._way.rules

    def _did(self, place: int) -> tuple[Node, ...]:
        step, period = self._keys[place], self._way.period
        rule = self._way.rules.get(step.key)
        if rule is not None:
            condition = as_condition(rule, fresh_ids([rule]))
            return () if condition is None else (condition,)
        if not step.events:
            return () if period is None else came(period, period.last)
        return did(step.events, self._window)

    def _in_order(self, place: int) -> tuple[Node, ...]:
        """Return the condition of a chain of all steps up to one; steps with several events make several."""
        steps = [self._keys[at].events for at in range(place + 1)]
        came_first = self._did(0) if not steps[0] else ()
        events = [each for each in steps if each]
        if not events:
            return came_first
        chains = list(product(*events))
        if len(chains) > MOST_CHAINS:
            raise RuleError(Problem("journey_too_many_chains", params={"limit": MOST_CHAINS}))
        window = None if came_first else self._window
        return (*came_first, any_of([_chain(chain, self._way.within, window) for chain in chains]))


def _chain(events: Sequence[str], within: Within | None, window: Window | None) -> SequenceCondition:
    steps = (Step(event=events[0]), *(Step(event=event, within=within) for event in events[1:]))
    return SequenceCondition(id="chain", steps=steps, window=window)


def _negated(conditions: Sequence[Node]) -> Sequence[Node]:
    """Return the condition that not all of several hold."""
    return (Group(id="not", match="all", not_=True, children=tuple(conditions)),) if conditions else ()


def _conversion(continued: int, reached: int) -> float | None:
    return continued / reached if reached else None
