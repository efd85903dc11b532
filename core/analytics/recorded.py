"""Of which days the data hold records; what lies outside them is not known, which is not 0."""

from __future__ import annotations

from collections.abc import Iterable

from core.clock import Days
from core.errors import Problem, Unrecorded
from core.messages import Text, say
from core.schema import Catalogue


def days_of_events(catalogue: Catalogue, events: Iterable[str]) -> Days:
    """Return the days from the first to the last on which any of some events is known to have happened."""
    specs = [catalogue.events[event] for event in events]
    first = [spec.first_day for spec in specs if spec.first_day is not None]
    last = [spec.last_day for spec in specs if spec.last_day is not None]
    return Days(min(first, default=None), max(last, default=None))


def recorded_days(catalogue: Catalogue) -> Days:
    """Return the days from the first event to the last, or to the plan's day if that is later.

    Both ends are None where nothing ever happened: then nothing is said of any day.
    """
    days = days_of_events(catalogue, catalogue.events)
    if days.last is None or catalogue.as_of is None:
        return days
    return Days(days.first, max(days.last, catalogue.as_of))


def refuse_unrecorded(catalogue: Catalogue, asked: Days) -> None:
    """Refuse days of which nothing is recorded.

    Parameters
    ----------
    asked : Days
        Without a first day: everything up to the last.

    Raises
    ------
    Unrecorded
        If all of them lie before the records, or all after.
    """
    known = recorded_days(catalogue)
    if known.first is not None and asked.last is not None and asked.last < known.first:
        raise Unrecorded(Problem("days_before_records", params={"day": asked.last, "first": known.first}))
    if known.last is not None and asked.first is not None and asked.first > known.last:
        raise Unrecorded(Problem("days_after_records", params={"day": asked.first, "last": known.last}))


def lacking_days(catalogue: Catalogue, asked: Days) -> tuple[Text, ...]:
    """Return which of some days nothing is recorded of, in words; empty where all are.

    Parameters
    ----------
    asked : Days
        As for `refuse_unrecorded`.
    """
    known, found = recorded_days(catalogue), []
    if known.first is not None and asked.first is not None and asked.first < known.first:
        found.append(say("records_begin", first=known.first))
    if known.last is not None and asked.last is not None and asked.last > known.last:
        found.append(say("records_end", last=known.last, days=(asked.last - known.last).days))
    return tuple(found)
