"""The journey as a funnel. Every number in it is the count of a rule, so that it opens in the builder.

Reaching a step means ever having had one of its events, in whatever order; a person's furthest step is the
last one reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core.analytics.splits import Part, tag_to_split_by
from core.errors import Problem, RuleError, WorkspaceError
from core.messages import Text
from core.rules.edit import narrowed
from core.rules.tree import EventCondition, Group, Node, Rule, TakeTop
from core.schema import Catalogue, JourneyStage, JourneyStep, TagType
from core.tags.listing import EVERYBODY

Count = Callable[[Rule], int]


@dataclass(frozen=True)
class FunnelStep:
    """The numbers of one step, in users, each with the rule that it is the count of.

    Attributes
    ----------
    reached : int
        Users who ever reached the step.
    furthest : int
        Users who reached it and none of the later ones.
    continued : int or None
        Users who reached both it and the next; None for the last step.
    conversion : float or None
        ``continued / reached``, between 0 and 1; None for the last step, and where nobody reached it.
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

    def as_json(self) -> dict[str, object]:
        """Return the numbers of the step, JSON-ready."""
        return {
            "stage": self.stage.key,
            "stage_label": self.stage.label.as_text(),
            "step": self.step.key,
            "label": self.step.label.as_text(),
            "reached": self.reached,
            "furthest": self.furthest,
            "continued": self.continued,
            "conversion": None if self.conversion is None else round(self.conversion, 6),
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
    """

    as_of: date
    total: int
    steps: tuple[FunnelStep, ...]
    not_started: int
    rule: Rule
    rule_not_started: Rule | None
    groups: tuple[FunnelGroup, ...] = ()
    is_overlapping: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "total": self.total,
            "not_started": self.not_started,
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


def funnel(
    catalogue: Catalogue,
    count: Count,
    as_of: date,
    *,
    audience: Rule | None = None,
    split: str | None = None,
    parts_of: Callable[[Rule, str], Sequence[Part]] | None = None,
) -> Funnel:
    """Return the funnel of the catalogue's journey.

    Parameters
    ----------
    count : callable
        Answers a rule with its number of users at `as_of`.
    audience : Rule or None
        Whose journey; None = everybody's.
    split : str or None
        Key of a tag by whose values to tell the steps apart; needs `parts_of`.
    parts_of : callable or None
        Returns the parts into which a tag divides the members of a rule.

    Raises
    ------
    WorkspaceError
        If the plan names no journey, or a step after the first that has no events.
    RuleError
        If the audience takes the first n by a tag (who they are cannot be said as a condition), or the tag
        is unknown or personal.
    """
    starts = [step for _, step in catalogue.journey_steps()]
    if not starts:
        raise WorkspaceError(Problem("no_journey"))
    for step in starts[1:]:
        if not step.events:
            raise WorkspaceError(Problem("journey_step_without_events", params={"step": step.key}))
    audience = audience or EVERYBODY
    if isinstance(audience.take, TakeTop):
        raise RuleError(Problem("funnel_of_take", params={"n": audience.take.n}))
    steps = _steps(catalogue, count, audience)
    rule_not_started, not_started = None, 0
    if starts[0].events:
        rule_not_started = narrowed(audience, _did_none(starts))
        not_started = count(rule_not_started)
    groups: tuple[FunnelGroup, ...] = ()
    if split is not None and parts_of is not None:
        tag_to_split_by(catalogue, split)
        groups = tuple(
            _group(catalogue, count, narrowed(audience, part.nodes), part.label)
            for part in parts_of(audience, split)
        )
    return Funnel(
        as_of=as_of,
        total=count(audience),
        steps=steps,
        not_started=not_started,
        rule=audience,
        rule_not_started=rule_not_started,
        groups=groups,
        is_overlapping=split is not None and catalogue.tags[split].type is TagType.MULTI,
    )


def _group(catalogue: Catalogue, count: Count, rule: Rule, label: Text) -> FunnelGroup:
    return FunnelGroup(label, count(rule), _steps(catalogue, count, rule), rule)


def _steps(catalogue: Catalogue, count: Count, audience: Rule) -> tuple[FunnelStep, ...]:
    journey = list(catalogue.journey_steps())
    found = []
    for place, (stage, step) in enumerate(journey):
        later = [after for _, after in journey[place + 1 :]]
        rule_reached = narrowed(audience, _did(step))
        rule_furthest = narrowed(audience, (*_did(step), *_did_none(later)))
        rule_continued = narrowed(audience, (*_did(step), *_did(later[0]))) if later else None
        reached = count(rule_reached)
        continued = None if rule_continued is None else count(rule_continued)
        found.append(
            FunnelStep(
                stage=stage,
                step=step,
                reached=reached,
                furthest=count(rule_furthest),
                continued=continued,
                conversion=None if continued is None or not reached else continued / reached,
                rule_reached=rule_reached,
                rule_furthest=rule_furthest,
                rule_continued=rule_continued,
            )
        )
    return tuple(found)


def _did(step: JourneyStep) -> tuple[Node, ...]:
    """Return the condition of having had one of the step's events; none for a step that everybody has."""
    had = tuple(
        EventCondition(id=event, event=event, measure="count", op="gte", value=1) for event in step.events
    )
    if len(had) <= 1:
        return had
    return (Group(id=step.key, match="any", children=had),)


def _did_none(steps: Iterable[JourneyStep]) -> tuple[Node, ...]:
    events = dict.fromkeys(event for step in steps for event in step.events)
    return tuple(EventCondition(id=event, event=event, measure="count", op="eq", value=0) for event in events)
