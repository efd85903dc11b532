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
from core.messages import Text, say
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

    None of them is known of a step that asks who came in the period, where the data do not say since when
    people are users.

    Attributes
    ----------
    reached : int or None
        Users who reached the step; None = not known.
    furthest : int or None
        Users who reached it and none of the later ones; None = not known.
    continued : int or None
        Users who reached both it and the next; None for the last step, and where it is not known.
    sessions : Sessions or None
        How many sessions reached the step and went on; None where people are what goes through the steps,
        and where it is not known. The shares are then of sessions, else of users.
    conversion : float or None
        ``continued / reached``, between 0 and 1; None for the last step, and where nobody is known to have
        reached it.
    interval : Share or None
        The conversion with its interval.
    overall : Share or None
        Of those who reached the first step, who reached this one as well; None where nobody did, and where it
        is not known who did.
    delays : Delays
        From first doing the step to the next doing of the one after it, of those who continued; of nobody
        where a step is told without events.
    stuck : Figure or None
        Of `furthest`, those who had reached the step so many days before already; None = not known.
    """

    stage: JourneyStage
    step: JourneyStep
    reached: int | None
    furthest: int | None
    continued: int | None
    sessions: Sessions | None
    conversion: float | None
    rule_reached: Rule | None
    rule_furthest: Rule | None
    rule_continued: Rule | None
    interval: Share | None
    overall: Share | None
    delays: Delays
    stuck: Figure | None

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
            "stuck": None if self.stuck is None else self.stuck.users,
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
    not_started : int or None
        Users who reached no step; ``furthest`` of all steps and this add up to ``total``. None = not known.
    rule_not_started : Rule or None
        None when the journey begins with a step that everybody has reached, or it is not known who did.
    groups : tuple of FunnelGroup
        By the values of the tag asked for; empty when none was.
    is_overlapping : bool
        Whether one user may stand in several groups (multi tags).
    stuck_days : int
        How long who is stuck has stood at a step.
    session_minutes, sessions : int or None
        The longest pause of a session, and how many there were, whatever happened in them; None where people
        are what goes through the steps. In order, after a first step of who came, they are the sessions of
        these; None as well where it is not known who came.
    notes : tuple of Text
        Why it is not known who reached the first step, and what would tell it.
    """

    as_of: date
    total: int
    steps: tuple[FunnelStep, ...]
    not_started: int | None
    rule: Rule
    rule_not_started: Rule | None
    groups: tuple[FunnelGroup, ...] = ()
    is_overlapping: bool = False
    stuck_days: int = STUCK_DAYS
    session_minutes: int | None = None
    sessions: int | None = None
    notes: tuple[Text, ...] = ()

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
            "notes": [dict(note) for note in self.notes],
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
    steps = Steps(asking, way, stuck_days)
    minutes = way.session_minutes
    total = asking.figure()
    is_known = steps.is_known(0)
    nobody_began = steps.not_started() if is_known else ()
    not_started = asking.figure(*nobody_began) if nobody_began else None
    groups: tuple[FunnelGroup, ...] = ()
    if split is not None and parts_of is not None:
        tag_to_split_by(asking.catalogue, split)
        groups = tuple(_group(asking, steps, part) for part in parts_of(asking.among, split))
    return Funnel(
        as_of=asking.as_of,
        total=total.users,
        steps=_counted(asking, steps, ()),
        not_started=(0 if is_known else None) if not_started is None else not_started.users,
        rule=total.rule,
        rule_not_started=None if not_started is None else not_started.rule,
        groups=groups,
        is_overlapping=split is not None and asking.catalogue.tags[split].type is TagType.MULTI,
        stuck_days=stuck_days,
        session_minutes=minutes,
        sessions=None if minutes is None else _all_sessions(asking, steps),
        notes=() if is_known else _not_known(way),
    )


def elsewhere(asking: Asking, way: Way, place: int, *, many: int = 6) -> tuple[Elsewhere, ...]:
    """Return what people who stopped at a step did after it instead, the most frequent first.

    Parameters
    ----------
    place : int
        Which step, from 0. It has events.
    many : int
        At most so many events; a person stands at each that they did.

    Raises
    ------
    RuleError
        If it is not known who reached the step: the data do not say since when people are users.
    """
    steps = Steps(asking, way, STUCK_DAYS)
    if not steps.is_known(place):
        raise RuleError(Problem("no_arrivals"))
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


def _not_known(way: Way) -> tuple[Text, ...]:
    """Return why it is not known who reached the first step, and what follows from that."""
    code = "journey_no_arrivals_in_order" if way.in_order else "journey_no_arrivals"
    return say("no_arrivals"), say(code, step=way.steps[0][1].label.as_text())


def _group(asking: Asking, steps: Steps, part: Part) -> FunnelGroup:
    people = asking.figure(*part.nodes)
    return FunnelGroup(part.label, people.users, _counted(asking, steps, part.nodes), people.rule)


def _counted(asking: Asking, told: Steps, among: Sequence[Node]) -> tuple[FunnelStep, ...]:
    """Return the numbers of all steps, of the people for whom some conditions hold."""
    many = len(told.keys)

    def known(of: Callable[[int], tuple[Node, ...]], upto: int = many) -> list[Figure | None]:
        """Return a figure for each step; None where it cannot be known, and for those not asked about."""
        found = asking.known((*among, *of(n)) if told.is_known(n) else None for n in range(upto))
        return [*found, *(None for _ in range(upto, many))]

    reached, furthest, stuck = known(told.reached), known(told.furthest), known(told.stuck)
    continued = known(lambda place: told.together(place, place + 1), many - 1)
    both = known(lambda place: told.together(0, place)) if told.is_known(0) else [None] * many
    sessions = [_sessions(asking, told, among, place) for place in range(many)]
    found = []
    for place in range(many):
        counted = sessions[place]
        if told.way.session_minutes is None:
            went_on, overall = _share(continued[place], reached[place]), _share(both[place], reached[0])
        else:
            went_on, overall = _shares_of_sessions(counted, sessions[0])
        found.append(
            FunnelStep(
                stage=told.way.steps[place][0],
                step=told.keys[place],
                reached=_users(reached[place]),
                furthest=_users(furthest[place]),
                continued=_users(continued[place]),
                sessions=None if counted is None else counted.of_step,
                conversion=_value(went_on),
                rule_reached=_rule(reached[place]),
                rule_furthest=_rule(furthest[place]),
                rule_continued=_rule(continued[place]),
                interval=went_on,
                overall=overall,
                delays=_NOTHING if continued[place] is None else _delays(asking, told, among, place),
                stuck=stuck[place],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class _OfSessions:
    """The sessions of a step, and how many reached it and the first one as well; None = not known."""

    of_step: Sessions
    both: int | None


def _all_sessions(asking: Asking, told: Steps) -> int | None:
    """Return how many sessions are looked at; None where it is not known whose they are."""
    if told.way.in_order and not told.is_known(0):
        return None
    return asking.sessions(told.sessions(), *told.looked_at())


def _sessions(asking: Asking, told: Steps, among: Sequence[Node], place: int) -> _OfSessions | None:
    """Return how many sessions reached a step; None where people go through the steps, or if not known."""
    if told.way.session_minutes is None or not told.is_known(place):
        return None

    def together(first: int, later: int) -> int:
        return asking.sessions(told.sessions_together(first, later), *among, *told.whose_sessions(first))

    went_on = together(place, place + 1) if place + 1 < len(told.keys) else None
    both = together(0, place) if told.is_known(0) else None
    return _OfSessions(Sessions(together(place, place), went_on), both)


def _shares_of_sessions(
    counted: _OfSessions | None, first: _OfSessions | None
) -> tuple[Share | None, Share | None]:
    """Return of the sessions of a step how many went on, and of those of the first how many reached it."""
    if counted is None:
        return None, None
    of_step = counted.of_step
    went_on = None if of_step.continued is None else share(of_step.continued, of_step.reached)
    if counted.both is None or first is None:
        return went_on, None
    return went_on, share(counted.both, first.of_step.reached)


def _delays(asking: Asking, told: Steps, among: Sequence[Node], place: int) -> Delays:
    first, then = (told.keys[at].events for at in (place, place + 1))
    if not first or not then:
        return _NOTHING
    conditions = (*among, *told.together(place, place + 1))
    is_by_session = told.way.session_minutes is not None
    in_sessions = told.sessions_together(place, place + 1) if is_by_session else ()
    return asking.delays(first, then, *conditions, span=told.span, in_sessions=in_sessions)


def _share(of: Figure | None, whole: Figure | None) -> Share | None:
    return None if of is None or whole is None else of.share_of(whole)


def _value(share: Share | None) -> float | None:
    return None if share is None else share.value


def _users(figure: Figure | None) -> int | None:
    return None if figure is None else figure.users


def _rule(figure: Figure | None) -> Rule | None:
    return None if figure is None else figure.rule
