"""What the tab 趋势 asks: the rule's size in earlier weeks, and what its people did since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from core import clock
from core.analytics.explain.history import WEEKS, Week
from core.rules.made_of import events_in
from core.rules.tree import Rule
from core.schema import Catalogue
from core.workspace import Workspace

Tell = Callable[[Mapping[str, Any]], None]


def trend(
    workspace: Workspace, rule: Rule, as_of: date, tell: Tell, cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Return what the rule counted in each week of the past half year, oldest first.

    Parameters
    ----------
    tell : callable
        Told the answer so far after each week; the weeks come newest first.
    cancelled : callable
        Asked before each week whether to stop.

    Returns
    -------
    dict
        ``weeks`` (``as_of``, ``count``, ``matched``, ``base``), ``total`` (how many there will be),
        ``until`` (day of the newest), ``today`` (the workspace's own day), ``not_historical`` (keys of
        tags), ``begins`` (null, or the first ``day`` for which the data can answer, and the ``event`` that
        begins then; null = all together).

    Raises
    ------
    Cancelled
        When `cancelled` says so.
    """
    today = workspace.default_as_of()
    until = newest_week(as_of, today)
    found: list[Week] = []
    head = {
        "total": WEEKS,
        "until": until.isoformat(),
        "today": today.isoformat(),
        "not_historical": list(workspace.not_historical(rule)),
        "begins": begins(rule, workspace.data_version().catalogue),
    }

    def answer() -> dict[str, Any]:
        return {**head, "weeks": [_week(week) for week in reversed(found)]}

    for week in workspace.weeks(rule, until, weeks=WEEKS, cancelled=cancelled):
        found.append(week)
        tell(answer())
    return answer()


def newest_week(as_of: date, today: date) -> date:
    """Return the day of the newest week that is shown.

    It is the workspace's own day while the chosen one lies in the half year before it: then the line stays
    while one day after another is chosen on it.
    """
    return today if clock.add_days(today, -7 * (WEEKS - 1)) <= as_of <= today else as_of


def begins(rule: Rule, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return from which day on the data can answer: the latest beginning of the events that are asked about.

    A rule that asks about none can be answered from the first event of all. None = there are no events.
    """
    first_days = {key: event.first_day for key, event in catalogue.events.items() if event.first_day}
    asked = {event: first_days[event] for event in events_in(rule, catalogue) if event in first_days}
    if asked:
        latest = max(asked, key=lambda event: asked[event])
        return {"event": latest, "day": asked[latest].isoformat()}
    return {"event": None, "day": min(first_days.values()).isoformat()} if first_days else None


def since(workspace: Workspace, rule: Rule, as_of: date, event: str | None) -> dict[str, Any]:
    """Return what the rule's people at a day did after it, up to the workspace's own day.

    Returns
    -------
    dict
        ``until``, and ``since``: as in `explain --what history --since`; null where no day lies between.
    """
    until = workspace.default_as_of()
    found = workspace.since(rule, as_of, until, event=event) if as_of < until else None
    return {"until": until.isoformat(), "since": None if found is None else found.as_json()}


def _week(week: Week) -> dict[str, Any]:
    return {
        "as_of": week.as_of.isoformat(),
        "count": week.count,
        "matched": week.matched,
        "base": week.base,
    }
