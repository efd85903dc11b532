"""The life cycle: how many people are in each stage, what they are worth, and how they move between stages.

The stages are those of the ready tag `core.tags.templates.lifecycle`, by the same rules: they hold whom
the tag's values hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from core import clock
from core.analytics.asking import (
    Asking,
    Figure,
    Share,
    any_of,
    as_of_day,
    did,
    existed,
    none_of,
    share,
)
from core.analytics.periods import Period, months_up_to
from core.engines.tallies import Deeds, Done
from core.messages import Language, Text, say
from core.rules.edit import as_condition, fresh_ids
from core.rules.makings import ByRules
from core.rules.tree import Group, Node
from core.schema import Catalogue, TagType
from core.tags.templates.lifecycle import LIFECYCLE, STAGES, stage_name
from core.tags.templates.proposals import AMOUNTS, Given, Slot, filled, likely_property, properties_of

MONTHS, WEEKS = 6, 12
STAGE_KEYS: tuple[str, ...] = STAGES
"""The stages, from fresh to gone."""
COME = "come"
"""Where people came from who were not users yet on the earlier of two days."""


@dataclass(frozen=True)
class Stage:
    """One stage on one day.

    Attributes
    ----------
    people : Figure
    buyers : Figure
        Those of them who bought in the month that ends with the day.
    bought : Done
        What they bought in that month; `total` is None where no amount is known.
    """

    key: str
    people: Figure
    buyers: Figure
    bought: Done


@dataclass(frozen=True)
class Month:
    """All stages at the end of a month that ends with the day of the data, or that day of an earlier month.

    Attributes
    ----------
    period : Period
        The month; the stages are those of its last day.
    stages : tuple of Stage
        In the order of `STAGES`; together they are everybody who existed then.
    """

    period: Period
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Flow:
    """People who were in one stage on one day and are in another one on a later day.

    Attributes
    ----------
    before : str
        A stage, or `COME` for those who were not users yet.
    after : str
        A stage.
    rate : Share or None
        Of all who were in `before`, between 0 and 1; None of `COME`, and of a stage with nobody in it.
    """

    before: str
    after: str
    people: Figure
    rate: Share | None


@dataclass(frozen=True)
class Expected:
    """How many a stage holds a month later if everything goes on as it went in the month before.

    Attributes
    ----------
    users : float
        The sum over all stages of people × rate, and as many newcomers as in the month before (none where
        they are not known): one step of a Markov chain with the rates of one month (Kemeny and Snell, Finite
        Markov Chains, 1960).
    """

    stage: str
    now: int
    users: float


@dataclass(frozen=True)
class Week:
    """Who was active in a week, against the week before (growth accounting).

    Attributes
    ----------
    new : Figure or None
        Active in this week, not in the one before, and not a user before it; None where the data do not say
        since when people are users.
    retained : Figure
        Active in this week and in the one before.
    returning : Figure or None
        Active in this week, not in the one before, and a user before it; None as for `new`.
    gained : Figure
        Active in this week, not in the one before: `new` and `returning` together, whether or not they can
        be told apart.
    lost : Figure
        Active in the week before, not in this one.
    is_complete : bool
        Whether the data hold all seven days.
    """

    period: Period
    new: Figure | None
    retained: Figure
    returning: Figure | None
    gained: Figure
    lost: Figure
    is_complete: bool


@dataclass(frozen=True)
class Lifecycle:
    """The life cycle of some people up to a day.

    Attributes
    ----------
    about : Text
        The definition of the stages in words.
    months : tuple of Month
        Ascending; the last is the day of the data.
    flows : tuple of Flow
        From the last but one of the months to the last; the pairs that hold anybody.
    came : Figure
        Who became a user after the last but one of the months: those who flow from `COME`.
    knows_arrivals : bool
        Whether the data say since when people are users. Where they do not, everybody counts in the earlier
        months too, nobody flows in from outside, and who is new in a week is not known.
    """

    about: Text
    months: tuple[Month, ...]
    flows: tuple[Flow, ...]
    expected: tuple[Expected, ...]
    weeks: tuple[Week, ...]
    came: Figure
    knows_arrivals: bool

    @property
    def parts_of_weeks(self) -> tuple[str, ...]:
        """The fields of `Week` that are known and make up a week, those who were active first."""
        return ("retained", *(("returning", "new") if self.knows_arrivals else ("gained",)), "lost")

    @property
    def notes(self) -> tuple[Text, ...]:
        """What is not known of newcomers, and what would tell it."""
        return () if self.knows_arrivals else (say("no_arrivals"), say("lifecycle_no_arrivals"))

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "stages": [{"key": key, "label": dict(stage_label(key))} for key in STAGES],
            "definition": dict(self.about),
            "months": [
                {
                    "from": month.period.first.isoformat(),
                    "as_of": month.period.last.isoformat(),
                    "stages": [
                        {
                            "stage": stage.key, "users": stage.people.users, "buyers": stage.buyers.users,
                            "orders": stage.bought.occurrences, "amount": stage.bought.total,
                        }
                        for stage in month.stages
                    ],
                }
                for month in self.months
            ],
            "flows": [
                {
                    "from": flow.before, "to": flow.after, "users": flow.people.users,
                    "rate": None if flow.rate is None else flow.rate.as_json(),
                }
                for flow in self.flows
            ],
            "expected": [
                {"stage": one.stage, "now": one.now, "users": round(one.users, 1)} for one in self.expected
            ],
            "weeks": [
                {
                    "from": week.period.first.isoformat(), "to": week.period.last.isoformat(),
                    "new": None if week.new is None else week.new.users,
                    "retained": week.retained.users,
                    "returning": None if week.returning is None else week.returning.users,
                    "gained": week.gained.users, "lost": week.lost.users,
                    "is_complete": week.is_complete,
                }
                for week in self.weeks
            ],
            "notes": [dict(note) for note in self.notes],
        }  # fmt: skip


def stage_label(stage: str) -> Text:
    """Return the name of a stage, or of those who came."""
    return say(f"lifecycle_{stage}")


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return what the life cycle must be told, with what the catalogue suggests."""
    asked = tuple(LIFECYCLE.slots(catalogue))
    purchase = next(slot.default for slot in asked if slot.key == "purchase")
    numbers = properties_of(catalogue, [TagType.NUMBER])
    amount = likely_property(catalogue.events.get(str(purchase)), [TagType.NUMBER], AMOUNTS)
    return (
        *asked,
        Slot("amount", "property", say("slot_amount"), amount, numbers, is_optional=True, of="purchase"),
    )


def lifecycle(
    asking: Asking, given: Given | None = None, *, months: int = MONTHS, weeks: int = WEEKS
) -> Lifecycle:
    """Return the life cycle.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; what is left out stands at its default.
    months, weeks : int
        How many months before the one that ends with the day of the data, and how many weeks up to it; at
        least 1.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given.
    """
    told = filled(slots(asking.catalogue), asking.catalogue, given)
    template = {key: value for key, value in told.items() if key != "amount"}
    (proposal,) = LIFECYCLE.make(asking.catalogue, template)
    if not isinstance(proposal.making, ByRules):
        raise TypeError("the life cycle is made by rules")
    stages = stage_conditions(proposal.making, asking.language)
    deeds = Deeds(str(told["purchase"]), amount=told["amount"])
    found = tuple(_month(asking, period, stages, deeds) for period in months_up_to(asking.as_of, months + 1))
    flows = _flows(asking, found[-2], stages)
    activity = list(dict.fromkeys([*(told["activity"] or ()), *([] if told["activity"] else [deeds.event])]))
    return Lifecycle(
        about=proposal.description,
        months=found,
        flows=tuple(flow for flow in flows if flow.people.users),
        expected=tuple(_expected(found[-1], flows)),
        weeks=tuple(_weeks(asking, activity, weeks)),
        came=asking.figure(existed(found[-2].period.last, is_negated=True)),
        knows_arrivals=asking.knows_arrivals(),
    )


def stage_conditions(making: ByRules, language: Language) -> dict[str, tuple[Node, ...]]:
    """Return for every stage the conditions of being in it: its own rule, and none of those before it."""
    by_name = {stage_name(stage): stage for stage in STAGES}
    asked: list[Node] = []
    found: dict[str, tuple[Node, ...]] = {}
    for value in making.values:
        condition = as_condition(value.rule, fresh_ids([value.rule]))
        if condition is None:
            raise ValueError("a stage asks something")
        stage = by_name[value.value]
        if isinstance(condition, Group):  # so that the builder shows which stage it is
            condition = condition.model_copy(update={"label": stage_label(stage)[language]})
        found[stage] = (condition, *((none_of(asked),) if asked else ()))
        asked.append(condition)
    found[STAGES[0]] = (none_of(asked),)
    return {stage: found[stage] for stage in STAGES}


def _at(asking: Asking, day: date, conditions: Sequence[Node]) -> tuple[Node, ...]:
    return tuple(conditions) if day == asking.as_of else (as_of_day(day, conditions),)


def _month(asking: Asking, period: Period, stages: dict[str, tuple[Node, ...]], deeds: Deeds) -> Month:
    day = period.last
    people = asking.figures(_at(asking, day, conditions) for conditions in stages.values())
    bought = did([deeds.event], period.window)
    buyers = asking.figures((*_at(asking, day, conditions), *bought) for conditions in stages.values())
    done = asking.totals(people, deeds, period.span)
    return Month(period, tuple(Stage(*each) for each in zip(stages, people, buyers, done, strict=True)))


def _flows(asking: Asking, earlier: Month, stages: dict[str, tuple[Node, ...]]) -> list[Flow]:
    day = earlier.period.last
    then: dict[str, Sequence[Node]] = {
        stage: (as_of_day(day, conditions),) for stage, conditions in stages.items()
    }
    came = asking.came_since(day)
    if came is not None:
        then[COME] = came
    pairs = [(before, after) for before in then for after in STAGES]
    figures = asking.figures((*then[before], *stages[after]) for before, after in pairs)
    were = {stage.key: stage.people.users for stage in earlier.stages}
    return [
        Flow(before, after, figure, None if before == COME else share(figure.users, were[before]))
        for (before, after), figure in zip(pairs, figures, strict=True)
    ]


def _expected(now: Month, flows: Sequence[Flow]) -> list[Expected]:
    people = {stage.key: stage.people.users for stage in now.stages}
    expected = dict.fromkeys(STAGES, 0.0)
    for flow in flows:
        if flow.before == COME:
            expected[flow.after] += flow.people.users
        elif flow.rate is not None:
            expected[flow.after] += people[flow.before] * flow.rate.value
    for stage in STAGES:
        if not any(flow.before == stage and flow.rate is not None for flow in flows):
            expected[stage] += people[stage]  # nobody was in it: of those who are now, no rate is known
    return [Expected(stage, people[stage], expected[stage]) for stage in STAGES]


def _weeks(asking: Asking, activity: Sequence[str], many: int) -> list[Week]:
    monday = clock.add_days(asking.as_of, -asking.as_of.weekday())
    starts = [clock.add_days(monday, -7 * back) for back in range(many, -1, -1)]
    periods = [Period(first, min(clock.add_days(first, 6), asking.as_of)) for first in starts]
    active = [any_of(did(activity, period.window)) for period in periods]
    found = []
    for (before, period), (was, now) in zip(pairwise(periods), pairwise(active), strict=True):
        came, gained = asking.came_since(before.last), (now, none_of([was]))
        new, returning = asking.known(
            [None, None] if came is None else [(*came, *gained), (existed(before.last), *gained)]
        )
        retained, both, lost = asking.figures([(now, was), gained, (was, none_of([now]))])
        found.append(Week(period, new, retained, returning, both, lost, period.days == 7))
    return found
