"""Touch 触达: messages from pushed to delivered and clicked, and what came of it.

Every number of people is the count of a rule. Numbers of occurrences stand beside the people who did them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import clock
from core.analytics.asking import Asking, Figure, Share
from core.analytics.periods import Period
from core.analytics.touchpoints import (
    NAMES,
    PropertyOf,
    Value,
    did_with,
    likely_names,
    values_in,
)
from core.engines.tallies import Deeds
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.conditions import SequenceCondition
from core.rules.parts import BetweenWindow, Step, Within
from core.rules.tree import Group, Node
from core.schema import Catalogue
from core.tags.templates.proposals import (
    PURCHASES,
    Given,
    Slot,
    filled,
    last_of_journey,
    likely_event,
    properties_of,
)

TOP = 20
MESSAGES = ("message", "sms", "push", "mail", "消息", "短信", "邮件")
CHAIN = (
    ("push", "send", "sent", "推送", "发送"),
    ("deliver", "receive", "送达"),
    ("click", "open", "点击", "打开"),
)
JOINS = ("join", "attend", "参加", "参与")


@dataclass(frozen=True)
class TouchStep:
    """One step of a chain.

    Attributes
    ----------
    events : tuple of str
        Reached by whoever had one of them.
    people : Figure
        Who reached it and every step before it.
    times : int or None
        How often these people did it on the days in which it counts; None for the outcome.
    of_previous, of_first : Share or None
        The people as a share of those of the step before and of the first; None for the first, and of nobody.
    """

    events: tuple[str, ...]
    label: Text
    people: Figure
    times: int | None
    of_previous: Share | None
    of_first: Share | None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "events": list(self.events),
            "label": dict(self.label),
            "users": self.people.users,
            "times": self.times,
            "of_previous": None if self.of_previous is None else self.of_previous.as_json(),
            "of_first": None if self.of_first is None else self.of_first.as_json(),
        }


@dataclass(frozen=True)
class TouchRow:
    """The steps of one campaign, or of all together."""

    label: Text
    steps: tuple[TouchStep, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {"label": dict(self.label), "steps": [step.as_json() for step in self.steps]}


@dataclass(frozen=True)
class Chain:
    """How far touches of a period got.

    Attributes
    ----------
    everything : TouchRow
        Whatever the value; its steps do not ask that it is the same at each.
    rows : tuple of TouchRow
        By value, those of most people first, then the rest as one, then touches without a value. A person who
        was touched by several stands in several.
    notes : tuple of Text
        What keeps numbers from meaning what they seem to.
    """

    as_of: date
    period: Period
    everything: TouchRow
    rows: tuple[TouchRow, ...]
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "first": self.period.first.isoformat(),
            "last": self.period.last.isoformat(),
            "all": self.everything.as_json(),
            "rows": [row.as_json() for row in self.rows],
            "notes": [dict(note) for note in self.notes],
        }


def chain_slots(catalogue: Catalogue) -> Sequence[Slot]:
    """Return what `chain` must be told, with what the catalogue suggests."""
    events = tuple(catalogue.events)
    steps = [likely_event(catalogue, words, about=MESSAGES) for words in CHAIN]
    likely = list(dict.fromkeys(step for step in steps if step is not None))
    outcomes = [likely_event(catalogue, JOINS), last_of_journey(catalogue, PURCHASES)]
    after = [event for event in dict.fromkeys(outcomes) if event is not None and event not in likely]
    first = catalogue.events.get(likely[0]) if likely else None
    by = likely_names(first, ("campaign", "营销活动", "channel", "渠道"))
    return (
        Slot("chain", "events", say("slot_chain"), likely, events),
        Slot("by", "choice", say("slot_chain_by"), by, properties_of(catalogue, NAMES)),
        Slot("outcomes", "events", say("slot_outcomes"), after, events, is_optional=True),
        Slot("outcome_days", "whole", say("slot_response_days"), 7, low=1, high=365),
    )


def chain(asking: Asking, period: Period, given: Given | None = None) -> Chain:
    """Return how far the touches of a period got, step by step, by value and in all.

    The first step is had in the period, the others from its first day to `days` days after its last, in
    whatever order. The outcome comes later than the last step of the chain, within `days` times 24 hours.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, or ``too_many_values``.
    """
    catalogue = asking.catalogue
    told = filled(chain_slots(catalogue), catalogue, given)
    asked = _Chain(asking, period, told)
    of = PropertyOf(asked.events[0], str(told["by"]))
    values = values_in(asking, of, period.span, TOP)
    everything, *rows = asked.rows([Value("value", None, say("channels_all"), ()), *values])
    notes = [] if values else [say("touches_nobody", first=period.first, last=period.last)]
    if values and clock.add_days(period.last, asked.days) > asking.as_of:
        notes.append(say("touches_still_open", as_of=asking.as_of, days=asked.days))
    return Chain(asking.as_of, period, everything, tuple(rows), tuple(notes))


class _Chain:
    """The questions of one call."""

    def __init__(self, asking: Asking, period: Period, told: Given) -> None:
        self.events = [str(event) for event in dict.fromkeys(told["chain"])]
        self.days = int(told["outcome_days"])
        self._asking, self._by = asking, str(told["by"])
        self._outcomes = [str(event) for event in dict.fromkeys(told["outcomes"] or ())]
        self._first = period
        self._later = Period(period.first, clock.add_days(period.last, self.days))
        refuse_unshared(asking.catalogue, self.events, self._by, "by")
        if twice := [event for event in self._outcomes if event in self.events]:
            raise RuleError(Problem("touches_outcome_in_chain", "outcomes", {"event": twice[0]}))

    def rows(self, values: Sequence[Value]) -> list[TouchRow]:
        """Return the steps for several values."""
        conditions = [condition for value in values for condition in self._conditions(value)]
        figures = self._asking.figures(conditions)
        many = len(self.events) + bool(self._outcomes)
        return [
            self._row(value, figures[place * many : (place + 1) * many]) for place, value in enumerate(values)
        ]

    def _conditions(self, value: Value) -> list[tuple[Node, ...]]:
        had = [did_with(event, value.where, self._window(n)) for n, event in enumerate(self.events)]
        found: list[tuple[Node, ...]] = [tuple(had[: n + 1]) for n in range(len(had))]
        if self._outcomes:
            found.append((*had, self._outcome(value)))
        return found

    def _outcome(self, value: Value) -> Node:
        """Return the condition that one of the outcomes came after the last step of the chain."""
        last = len(self.events) - 1
        sequences = tuple(
            SequenceCondition(
                id=event,
                steps=(
                    Step(event=self.events[last], where=value.where),
                    Step(event=event, within=Within(n=self.days, unit="day")),
                ),
                window=self._window(last),
            )
            for event in self._outcomes
        )
        return sequences[0] if len(sequences) == 1 else Group(id="any", match="any", children=sequences)

    def _window(self, place: int) -> BetweenWindow:
        return self._first.window if place == 0 else self._later.window

    def _row(self, value: Value, figures: Sequence[Figure]) -> TouchRow:
        steps = []
        for place, figure in enumerate(figures):
            is_outcome = place == len(self.events)
            events = tuple(self._outcomes) if is_outcome else (self.events[place],)
            times = None
            if not is_outcome:
                span = (self._later if place else self._first).span
                times = self._asking.totals([figure], Deeds(events[0], value.where), span)[0].occurrences
            steps.append(
                TouchStep(
                    events=events,
                    label=self._label(events),
                    people=figure,
                    times=times,
                    of_previous=figure.share_of(figures[place - 1]) if place else None,
                    of_first=figure.share_of(figures[0]) if place else None,
                )
            )
        return TouchRow(value.label, tuple(steps))

    def _label(self, events: Sequence[str]) -> Text:
        labels = [self._asking.catalogue.events[event].label for event in events]
        names = [label.as_text() for label in labels]
        return names[0] if len(names) == 1 else say("touches_outcome", events=names)


def refuse_unshared(catalogue: Catalogue, events: Sequence[str], prop: str, slot: str) -> None:
    """Refuse a property that one of the events does not have, or that is no name there."""
    problems = [
        Problem("touches_not_shared", slot, {"event": event, "property": prop})
        for event in events
        if (spec := catalogue.events[event].properties.get(prop)) is None or spec.type not in NAMES
    ]
    if problems:
        raise RuleError(problems)
