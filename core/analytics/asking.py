"""Whom an analysis asks about and what answers: every number of people comes with the rule that it counts.

So whatever stands on a page can be opened as an audience, and has the same count there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from core import clock
from core.analytics.explain.statistics import wilson
from core.analytics.periods import Period
from core.clock import EVER, Days
from core.engines.base import Engine
from core.engines.tallies import Deeds, Delays, Done
from core.errors import Problem, RuleError
from core.messages import Language
from core.rules.check import check, errors_of
from core.rules.conditions import SequenceCondition
from core.rules.edit import as_condition, fresh_ids, narrowed_each
from core.rules.tree import EventCondition, Group, Node, Rule, Window
from core.schema import Catalogue
from core.tags.listing import EVERYBODY

SMALL = 30
"""A share of fewer people may be chance."""
SHARES_OF_TIME = (0.5, 0.9)
"""Of times the median and the 90th percentile are told."""


@dataclass(frozen=True)
class Figure:
    """A number of users, and the rule that it is the count of, asked for the same day as the analysis.

    Attributes
    ----------
    said : Rule or callable () -> Rule
        The rule, or what makes it for whoever opens the number.
    """

    users: int
    said: Rule | Callable[[], Rule]

    @property
    def rule(self) -> Rule:
        """The rule that it is the count of."""
        return self.said if isinstance(self.said, Rule) else self.said()

    def share_of(self, whole: Figure) -> Share | None:
        """Return it as a share of another figure; None of nobody."""
        return share(self.users, whole.users)


def together(figures: Sequence[Figure]) -> Figure:
    """Return the people of several figures that have nobody in common, none of them with a take, as one."""

    def rule() -> Rule:
        ids = fresh_ids(())
        parts = [as_condition(figure.rule, ids) for figure in figures]
        if any(part is None for part in parts):
            return EVERYBODY
        children = tuple(part for part in parts if part is not None)
        return Rule(include=Group(id=next(ids), match="any", children=children))

    return Figure(sum(figure.users for figure in figures), rule)


@dataclass(frozen=True)
class Share:
    """A share of users with its 95 % interval (Wilson 1927), all between 0 and 1."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Return the share and its interval, JSON-ready."""
        return {"value": round(self.value, 6), "low": round(self.low, 6), "high": round(self.high, 6)}


def share(hits: int, size: int) -> Share | None:
    """Return hits as a share of a size, with its interval; None of nobody."""
    return None if size == 0 else Share(hits / size, *wilson(hits, size))


def no_audience(name: str) -> Rule:
    """Refuse an audience where none is saved."""
    raise RuleError(Problem("unknown_audience", params={"audience": name}))


@dataclass(frozen=True)
class Asking:
    """Whom an analysis asks about, for one day.

    Attributes
    ----------
    among : Rule
        The people: everybody, or one condition that names an audience.
    language : {"zh", "en"}
        In which the groups of rules are named: a rule holds one name, for whoever opens it.
    audience : callable (id or name) -> Rule
        The rule of being in a saved audience, the name looked up; raises RuleError if there is none.
    """

    engine: Engine
    catalogue: Catalogue
    as_of: date
    among: Rule = EVERYBODY
    language: Language = "zh"
    audience: Callable[[str], Rule] = no_audience

    def rule(self, *conditions: Node) -> Rule:
        """Return the rule for those of the people for whom all conditions hold.

        Raises
        ------
        RuleError
            With everything that is wrong with the conditions.
        """
        return self.rules([conditions])[0]

    def rules(self, each: Iterable[Sequence[Node]]) -> list[Rule]:
        """Return the rule for those of the people for whom each set of conditions holds.

        Raises
        ------
        RuleError
            With everything that is wrong with the first set with which something is.
        """
        rules = list(narrowed_each(self.among, each))
        for rule in rules:
            if errors := errors_of(check(rule, self.catalogue)):
                raise RuleError(errors)
        return rules

    def figure(self, *conditions: Node) -> Figure:
        """Return how many of the people satisfy all conditions."""
        return self.figures([conditions])[0]

    def figures(self, each: Iterable[Sequence[Node]]) -> list[Figure]:
        """Return how many of the people satisfy each set of conditions."""
        rules = self.rules(each)
        sizes = self.engine.sizes(rules, self.as_of)
        return [Figure(users, rule) for users, rule in zip(sizes, rules, strict=True)]

    def known(self, each: Iterable[Sequence[Node] | None]) -> list[Figure | None]:
        """Return the same as `figures`; None for what is None, since nothing can be known of it."""
        asked = list(each)
        found = iter(self.figures(conditions for conditions in asked if conditions is not None))
        return [None if conditions is None else next(found) for conditions in asked]

    def knows_arrivals(self) -> bool:
        """Tell whether the data say since when people are users; of nobody nothing is left to say.

        Where they do not, everybody has always been a user, and who is new cannot be known. It is asked once.
        """
        return self._knows_arrivals

    @cached_property
    def _knows_arrivals(self) -> bool:
        everybody, always = self.figures([(), (existed(date.min),)])
        return always.users < everybody.users or not everybody.users

    def came(self, period: Period) -> tuple[Node, ...] | None:
        """Return the conditions of having become a user in a period; None where that cannot be known."""
        return came(period, self.as_of) if self.knows_arrivals() else None

    def came_since(self, day: date) -> tuple[Node, ...] | None:
        """Return the condition of not having been a user yet on a day; None where that cannot be known."""
        return (existed(day, is_negated=True),) if self.knows_arrivals() else None

    def totals(self, figures: Sequence[Figure], deeds: Deeds, span: Days) -> list[Done]:
        """Return what the people of each figure did in some days."""
        return self.engine.totals([figure.rule for figure in figures], deeds, span, self.as_of)

    def course(self, deeds: Deeds, spans: Sequence[Days], *conditions: Node) -> list[Done]:
        """Return what those of the people who satisfy all conditions did in each of several stretches."""
        return self.engine.course(self.rule(*conditions), deeds, spans, self.as_of)

    def figures_of_days(self, events: Sequence[str], periods: Sequence[Period]) -> list[Figure]:
        """Return how many of the people did one of some events in each of several periods, in one pass."""
        rules = self.rules([any_of(did(events, period.window))] for period in periods)
        spans = [period.span for period in periods]
        users = self.engine.users_in_each(self.among, events, spans, self.as_of)
        return [Figure(*each) for each in zip(users, rules, strict=True)]

    def delays(
        self, first: Sequence[str], then: Sequence[str], *conditions: Node, span: Days = EVER,
        in_sessions: Sequence[SequenceCondition] = (),
    ) -> Delays:  # fmt: skip
        """Return how soon those of the people did one of some events after first doing one of others."""
        return self.engine.delays(
            self.rule(*conditions),
            first,
            then,
            self.as_of,
            SHARES_OF_TIME,
            span=span,
            in_sessions=in_sessions,
        )

    def sessions(self, any_of: Sequence[SequenceCondition], *conditions: Node) -> int:
        """Return in how many sessions of those of the people one of some sequences holds."""
        return self.engine.sessions(self.rule(*conditions), any_of, self.as_of)


# ---- conditions in a few words; ids are placeholders -------------------------------------------------------


def did(events: Sequence[str], window: Window | None = None, *, at_least: int = 1) -> tuple[Node, ...]:
    """Return the condition of having done one of some events; of none that everybody has done."""
    had = tuple(_count(event, "gte", at_least, window) for event in events)
    return had if len(had) <= 1 else (Group(id="any", match="any", children=had),)


def did_none(events: Iterable[str], window: Window | None = None) -> tuple[Node, ...]:
    """Return the conditions of having done none of some events."""
    return tuple(_count(event, "eq", 0, window) for event in dict.fromkeys(events))


def existed(day: date, *, is_negated: bool = False) -> Group:
    """Return the condition of having been a user on a day, or of not having been one yet."""
    return Group(id="existed", match="all", as_of=day, not_=is_negated)


def came(period: Period, as_of: date) -> tuple[Node, ...]:
    """Return the conditions of having become a user in a period; by `as_of` everybody asked about is one."""
    came_by = () if period.last >= as_of else (existed(period.last),)
    return (existed(clock.add_days(period.first, -1), is_negated=True), *came_by)


def as_of_day(day: date, conditions: Sequence[Node]) -> Group:
    """Return the condition that some others held as of a day."""
    return Group(id="then", match="all", as_of=day, children=tuple(conditions))


def any_of(conditions: Sequence[Node]) -> Node:
    """Return the condition that one of several holds."""
    return conditions[0] if len(conditions) == 1 else Group(id="any", match="any", children=tuple(conditions))


def all_of(conditions: Sequence[Node]) -> Node:
    """Return the condition that all of several hold."""
    return conditions[0] if len(conditions) == 1 else Group(id="all", match="all", children=tuple(conditions))


def none_of(conditions: Sequence[Node]) -> Group:
    """Return the condition that none of several holds."""
    return Group(id="none", match="any", not_=True, children=tuple(conditions))


def _count(event: str, op: str, value: int, window: Window | None) -> EventCondition:
    return EventCondition(id=event, event=event, measure="count", op=op, value=value, window=window)
