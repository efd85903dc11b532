"""Workspaces that lack what analyses ask about: no purchases, no events at all, an audience of nobody."""

from __future__ import annotations

from pathlib import Path

from core.rules.tree import Group, Rule, TagCondition
from core.workspace import Workspace
from tests.core.report.worlds import workspace_of
from tests.core.small_files import ACTOR, EVENTS, PLAN

NOBODY = "没有人"
_HEAD = PLAN.partition("[tags.spend]")[0]
_JOURNEY = PLAN[PLAN.index("[[journey]]") :].partition('[[journey.steps]]\nkey = "buy"')[0]


def without_purchases(folder: Path) -> Workspace:
    """Seven users who look and ask and never buy; nothing is named like a purchase, and there is no journey."""
    rows = [row for row in EVENTS.splitlines(keepends=True) if ",buy," not in row]
    return workspace_of(folder, events="".join(rows), plan=_HEAD)


def without_amounts(folder: Path) -> Workspace:
    """The same with a journey that ends with asking: that is taken for the purchase, and it has no amount."""
    rows = [row for row in EVENTS.splitlines(keepends=True) if ",buy," not in row]
    return workspace_of(folder, events="".join(rows), plan=_HEAD + _JOURNEY)


def without_events(folder: Path) -> Workspace:
    """Seven users of whom nothing is known to have happened."""
    return workspace_of(folder, plan=_HEAD.partition("[[events]]")[0])


def with_an_audience_of_nobody(folder: Path) -> Workspace:
    """Seven users and nine events, and an audience in a city where nobody is."""
    door = workspace_of(folder)
    nowhere = TagCondition(id="c1", tag="city", op="is", value="无")
    rule = Rule(include=Group(id="g0", match="all", children=(nowhere,)))
    door.save_audience(name=NOBODY, rule=rule, actor=ACTOR)
    return door


LACKING = {
    "no purchases": without_purchases,
    "no amounts": without_amounts,
    "no events": without_events,
}
