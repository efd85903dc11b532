"""For which day each part of a rule is asked: a group may stand as of an earlier day than its rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from core import clock
from core.rules.parts import DayAgo
from core.rules.tree import AnyNode, Group, Rule, nodes


def day_within(group: Group, as_of: date) -> date:
    """Return the day as of which the children of a group are asked, where the group itself is for `as_of`.

    A day after `as_of` is `as_of`: nothing after it is ever seen.
    """
    match group.as_of:
        case None:
            return as_of
        case DayAgo(ago=n, unit=unit):
            return clock.add_days(clock.first_day(n, unit, as_of), -1)
        case day:
            return min(day, as_of)


def asks_who_existed(group: Group) -> bool:
    """Tell whether a group says nothing but its day: it holds for whoever existed then."""
    return group.as_of is not None and not group.children


class Days(NamedTuple):
    """The days of one node.

    Attributes
    ----------
    around : datetime.date
        The day of the group in which it stands: its numbers count users who existed then.
    within : datetime.date
        The day as of which what it says is asked; of a condition the same.
    """

    around: date
    within: date


def days_of(rule: Rule, as_of: date) -> Mapping[str, Days]:
    """Return the days of every node, by id, where the rule is asked for `as_of`."""
    found: dict[str, Days] = {}
    for root in (rule.include, rule.exclude):
        if root is not None:
            _find(root, as_of, found)
    return found


def has_days(rule: Rule) -> bool:
    """Tell whether any group of a rule has a day of its own."""
    return any(isinstance(node, Group) and node.as_of is not None for node in nodes(rule))


def _find(node: AnyNode, around: date, found: dict[str, Days]) -> None:
    """Put the days of a node and of all below it among those that were found."""
    if not isinstance(node, Group):
        found[node.id] = Days(around, around)
        return
    within = day_within(node, around)
    found[node.id] = Days(around, within)
    for child in node.children:
        _find(child, within, found)
