"""The journey as a funnel. Every number in it is the count of a rule, so that it opens in the builder.

Unless order is asked for, reaching a step means having had one of its events, in whatever order; a person's
furthest step is the last one reached. In order, it means a chain of all the steps up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.analytics.asking import Asking, Figure, Share, any_of, share
from core.analytics.journey_steps import STUCK_DAYS, Steps, Way, chain
from core.analytics.splits import Part, tag_to_split_by
from core.engines.tallies import Delays
from core.errors import Problem, RuleError
from core.messages import Text
from core.rules.tree import Node, Rule, TakeTop
from core.schema import JourneyStage, JourneyStep, TagType

_NOTHING = Delays(0, 0, {})

PartsOf = Callable[[Rule, str], Sequence[Part]]


@dataclass(frozen=True)
class Sessions:
    """How many sessions reached a step, and of these the next as well; None for the last step."""

    reached: int
    continued: int | None


@dataclass(frozen=True)
class FunnelStep:
    """The numbers of one step, each number of users with the rule that it is the count of.

    Attributes
    ----------
    reached : int
        Users who reached the step.
    furthest : int
        Users who reached it and none of the later ones.
    continued : int or None
        Users who reached both it and the next; None for the last step.
    sessions : Sessions or None
        How many sessions reached the step and went on; None where people are what goes through the steps.
        The shares are then of sessions, else of users.
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
    sessions: Sessions | None
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
            "sessions": None if self.sessions is None else self.sessions.reached,
            "sessions_continued": None if self.sessions is None else self.sessions.continued,
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
    session_minutes, sessions : int or None
        The longest pause of a session, and how many there were, whatever happened in them; None where people
        are what goes through the steps.
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
    session_minutes: int | None = None
    sessions: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "total": self.total,
            "not_started": self.not_started,
            "stuck_days": self.stuck_days,
            "session_minutes": self.session_minutes,
            "sessions": self.sessions,
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
    steps = Steps(way, stuck_days, tuple(asking.catalogue.events))
    minutes = way.session_minutes
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
        steps=_counted(asking, steps, ()),
        not_started=0 if not_started is None else not_started.users,
        rule=total.rule,
        rule_not_started=None if not_started is None else not_started.rule,
        groups=groups,
        is_overlapping=split is not None and asking.catalogue.tags[split].type is TagType.MULTI,
        stuck_days=stuck_days,
        session_minutes=minutes,
        sessions=None if minutes is None else asking.sessions(steps.sessions(), *steps.whose_sessions),
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
    steps = Steps(way, STUCK_DAYS, tuple(asking.catalogue.events))
    events = way.steps[place][1].events
    own = {event for _, step in way.steps[place:] for event in step.events}
    stopped = asking.figure(*steps.furthest(place))
    others = [event for event in asking.catalogue.events if event not in own]
    figures = asking.figures(
        (*steps.furthest(place), any_of([chain([first, other]) for first in events])) for other in others
    )
    found = [
        Elsewhere(event, figure, figure.share_of(stopped))
        for event, figure in zip(others, figures, strict=True)
        if figure.users
    ]
    return tuple(sorted(found, key=lambda each: -each.people.users)[:many])


def _group(asking: Asking, steps: Steps, part: Part) -> FunnelGroup:
    people = asking.figure(*part.nodes)
    return FunnelGroup(part.label, people.users, _counted(asking, steps, part.nodes), people.rule)


def _counted(asking: Asking, told: Steps, among: Sequence[Node]) -> tuple[FunnelStep, ...]:
    """Return the numbers of all steps, of the people for whom some conditions hold."""
    places = range(len(told.keys))
    last = places[-1]
    reached = asking.figures((*among, *told.reached(place)) for place in places)
    furthest = asking.figures((*among, *told.furthest(place)) for place in places)
    continued = asking.figures((*among, *told.together(place, place + 1)) for place in places[:-1])
    stuck = asking.figures((*among, *told.stuck(place)) for place in places)
    both = asking.figures((*among, *told.together(0, place)) for place in places)
    sessions = _sessions(asking, told, among)
    found = []
    for place in places:
        went_on = continued[place] if place < last else None
        counted = sessions[place] if sessions else None
        of_reached, of_continued = reached[place].users, None if went_on is None else went_on.users
        of_both, of_first = both[place].users, reached[0].users
        if counted is not None:
            of_reached, of_continued = counted.of_step.reached, counted.of_step.continued
            of_both, of_first = counted.both, sessions[0].of_step.reached
        interval = None if of_continued is None else share(of_continued, of_reached)
        found.append(
            FunnelStep(
                stage=told.way.steps[place][0],
                step=told.keys[place],
                reached=reached[place].users,
                furthest=furthest[place].users,
                continued=None if went_on is None else went_on.users,
                sessions=None if counted is None else counted.of_step,
                conversion=None if interval is None else interval.value,
                rule_reached=reached[place].rule,
                rule_furthest=furthest[place].rule,
                rule_continued=None if went_on is None else went_on.rule,
                interval=interval,
                overall=share(of_both, of_first),
                delays=_delays(asking, told, among, place) if place < last else _NOTHING,
                stuck=stuck[place],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class _OfSessions:
    """The sessions of a step, and how many reached it and the first one."""

    of_step: Sessions
    both: int


def _sessions(asking: Asking, told: Steps, among: Sequence[Node]) -> list[_OfSessions]:
    """Return by step how many sessions reached it; nothing where people go through the steps."""
    if told.way.session_minutes is None:
        return []
    whose = (*among, *told.whose_sessions)
    places = range(len(told.keys))

    def together(place: int, later: int) -> int:
        return asking.sessions(told.sessions_together(place, later), *whose)

    return [
        _OfSessions(
            Sessions(together(place, place), together(place, place + 1) if place < places[-1] else None),
            together(0, place),
        )
        for place in places
    ]


def _delays(asking: Asking, told: Steps, among: Sequence[Node], place: int) -> Delays:
    first, then = (told.keys[at].events for at in (place, place + 1))
    if not first or not then:
        return _NOTHING
    conditions = (*among, *told.together(place, place + 1))
    is_by_session = told.way.session_minutes is not None
    in_sessions = told.sessions_together(place, place + 1) if is_by_session else ()
    return asking.delays(first, then, *conditions, span=told.span, in_sessions=in_sessions)
