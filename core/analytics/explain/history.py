"""The time machine: what the same rule counted in earlier weeks, and what its people did since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from core import clock
from core.engines.base import Engine
from core.engines.tallies import Done
from core.errors import Cancelled, NotFound, Problem, RuleError, nearest_name
from core.rules.naming import events_of
from core.rules.tree import Group as RuleGroup
from core.rules.tree import Rule, nodes
from core.schema import Catalogue, EventSpec, TagType
from core.tags.listing import EVERYBODY

WEEKS, MOST_WEEKS = 26, 520
_SPENT = "amount"


@dataclass(frozen=True)
class Week:
    """What the rule counts at one day.

    Attributes
    ----------
    count, matched, base : int
        After take; before take; everyone who existed.
    done, total : int
        How far the whole is.
    """

    as_of: date
    count: int
    matched: int
    base: int
    done: int
    total: int


@dataclass(frozen=True)
class Group:
    """What a group of people did in a stretch of days.

    Attributes
    ----------
    people : int
        How many they are.
    did : Done
        How many of them did it, how often, and what they spent.
    """

    people: int
    did: Done

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        people, did = self.people, self.did
        return {
            "people": people,
            "users": did.users,
            "share": did.users / people if people else None,
            "occurrences": did.occurrences,
            "total": did.total,
            "total_per_head": None if did.total is None or not people else did.total / people,
        }


@dataclass(frozen=True)
class Since:
    """What the members at a day did after it, against everyone who existed then.

    Attributes
    ----------
    day, until : datetime.date
        From the day after `day` to `until`, both in.
    event, number : str
        What was done, and the number property added up; None = none.
    """

    day: date
    until: date
    event: str
    number: str | None
    members: Group
    base: Group

    @property
    def ratio(self) -> float | None:
        """The members' share of those who did it, divided by the base's; None where either is nothing."""
        if not self.members.people or not self.base.did.users:
            return None
        return self.members.did.users / self.members.people / (self.base.did.users / self.base.people)

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "day": self.day.isoformat(),
            "until": self.until.isoformat(),
            "event": self.event,
            "property": self.number,
            "members": self.members.as_json(),
            "base": self.base.as_json(),
            "ratio": self.ratio,
        }


@dataclass(frozen=True)
class History:
    """A rule's size week by week, oldest first.

    Attributes
    ----------
    not_historical : tuple of str
        Imported tags in the rule: on earlier days, too, they have the values of the data version (非历史值).
    since : Since or None
        What was asked for besides.
    """

    weeks: tuple[Week, ...]
    not_historical: tuple[str, ...]
    since: Since | None = None

    def as_json(self) -> dict[str, object]:
        """Return the history, JSON-ready."""
        return {
            "weeks": [
                {
                    "as_of": week.as_of.isoformat(),
                    "count": week.count,
                    "matched": week.matched,
                    "base": week.base,
                }
                for week in self.weeks
            ],
            "not_historical": list(self.not_historical),
            "since": None if self.since is None else self.since.as_json(),
        }


def weeks(
    rule: Rule,
    engine: Engine,
    as_of: date,
    *,
    many: int = WEEKS,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Week]:
    """Yield what a rule counted on the same day of earlier weeks, the newest first.

    What is remembered on the way is remembered aside, so that the present day's answers stay quick.

    Parameters
    ----------
    many : int
        How many weeks, the present one among them.
    cancelled : callable or None
        Asked before each week whether to stop.

    Raises
    ------
    RuleError
        If `many` is out of range.
    Cancelled
        When `cancelled` says so; closing the generator stops it as well.
    """
    refuse_too_many(many)
    aside = engine.aside()
    for place in range(many):
        if cancelled is not None and cancelled():
            raise Cancelled(Problem("cancelled"))
        day = clock.add_days(as_of, -7 * place)
        answer = aside.count(rule, day)
        yield Week(day, answer.count, answer.matched, answer.base, place + 1, many)


def refuse_too_many(weeks: int) -> None:
    """Raise RuleError if so many weeks are none, or too many."""
    if not 1 <= weeks <= MOST_WEEKS:
        raise RuleError(Problem("weeks_out_of_range", params={"weeks": weeks, "most": MOST_WEEKS}))


def since(
    rule: Rule,
    engine: Engine,
    catalogue: Catalogue,
    day: date,
    until: date,
    *,
    event: str | None = None,
    prop: str | None = None,
) -> Since:
    """Return what a rule's members at a day did after it, against everyone who existed then.

    Parameters
    ----------
    event : str or None
        What they did; None = the rule's first event that has an amount, else the catalogue's.
    prop : str or None
        The number property to add up; None = ``amount``, where the event has it.

    Raises
    ------
    NotFound, RuleError
        If the event or property is unknown, the property is no number, or `until` is not after `day`.
    """
    if until <= day:
        raise RuleError(Problem("since_not_before", params={"day": day, "until": until}))
    spec = _event(rule, catalogue, event)
    number = _number(spec, prop)
    first = clock.add_days(day, 1)

    def group(of: Rule) -> Group:
        people = engine.members(of, day)
        return Group(len(people), engine.done(people, spec.key, number, first, until))

    return Since(day, until, spec.key, number, group(rule), group(EVERYBODY))


def _event(rule: Rule, catalogue: Catalogue, event: str | None) -> EventSpec:
    known = catalogue.events
    if event is not None:
        if event not in known:
            nearest = nearest_name(event, known)
            raise NotFound(
                Problem("event_unknown", params={"name": event}, allowed=tuple(known), nearest=nearest)
            )
        return known[event]
    conditions = [node for node in nodes(rule) if not isinstance(node, RuleGroup)]
    asked = [named.event for node in conditions for named in events_of(node)]
    if not known:
        raise NotFound(Problem("event_none"))
    ordered: Sequence[str] = list(dict.fromkeys([*asked, *known]))
    return known[next((key for key in ordered if _number(known[key], None) is not None), ordered[0])]


def _number(event: EventSpec, prop: str | None) -> str | None:
    numbers = tuple(key for key, spec in event.properties.items() if spec.type is TagType.NUMBER)
    if prop is None:
        return _SPENT if _SPENT in numbers else None
    if prop not in numbers:
        nearest = nearest_name(prop, numbers)
        raise NotFound(Problem("number_unknown", params={"name": prop}, allowed=numbers, nearest=nearest))
    return prop
