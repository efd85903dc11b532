"""The latest activity: who joined it, and what they like against everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.analytics.asking import SMALL, Asking, Figure, Share
from core.analytics.budget.plan import told
from core.analytics.likes import Likes, likes
from core.analytics.rows import share_as_json
from core.clock import EVER, local_day
from core.messages import Text, say
from core.rules.conditions import EventCondition
from core.rules.parts import PropertyCondition
from core.tags.templates.proposals import Given

MOST_BEFORE = 5


@dataclass(frozen=True)
class Activity:
    """One activity, up to the day that is asked for.

    Attributes
    ----------
    joined : Figure
        Users who ever joined it.
    share : Share or None
        Of everybody asked about.
    times : int
        How often they did, together.
    last_at : datetime.datetime
        When somebody joined it last, in UTC; `last_on` is the day in the workspace's time zone.
    """

    label: Text
    joined: Figure
    share: Share | None
    times: int
    last_at: datetime
    last_on: date

    def as_json(self) -> dict[str, object]:
        """Return the activity, JSON-ready."""
        return {
            "label": dict(self.label),
            "joined": self.joined.users,
            "share": share_as_json(self.share),
            "times": self.times,
            "last_on": self.last_on.isoformat(),
        }


@dataclass(frozen=True)
class LastActivity:
    """The activity that somebody joined last, and what its people like.

    Attributes
    ----------
    activity : Activity or None
        None where nobody joined any; `note` says so then.
    before : tuple of Activity
        The activities that were joined last before it, the latest first, at most 5.
    likes : tuple of Likes
        Of those who joined it, against everybody asked about.
    is_small : bool
        Whether fewer than 30 people joined it, so that what they like may be chance.
    """

    activity: Activity | None
    before: tuple[Activity, ...]
    likes: tuple[Likes, ...]
    is_small: bool
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "activity": None if self.activity is None else self.activity.as_json(),
            "before": [activity.as_json() for activity in self.before],
            "likes": [each.as_json() for each in self.likes],
            "is_small": self.is_small,
            "note": None if self.note is None else dict(self.note),
        }


def last_activity(asking: Asking, given: Given | None = None) -> LastActivity:
    """Return the activity that somebody joined last up to `as_of`, who joined it, and what they like.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; `join` and `activity` may not be empty.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given.
    """
    plan = told(asking.catalogue, given, "join", "activity")
    join, prop = str(plan["join"]), str(plan["activity"])
    found = asking.engine.occurred(asking.rule(), join, prop, EVER, asking.as_of)
    # Of activities joined at the same moment last, the one with more users is first, as it was.
    found = sorted(found, key=lambda each: each.last_at, reverse=True)[: MOST_BEFORE + 1]
    if not found:
        return LastActivity(None, (), (), False, say("budget_no_activity", day=asking.as_of))
    conditions = [_joined(join, prop, each.value) for each in found]
    figures = asking.figures([[condition] for condition in conditions])
    everybody = asking.figure()
    activities = [
        Activity(
            Text(zh=each.value, en=each.value), figure, figure.share_of(everybody), each.occurrences,
            each.last_at, local_day(each.last_at, asking.catalogue.zone),
        )
        for each, figure in zip(found, figures, strict=True)
    ]  # fmt: skip
    liked = likes(asking, plan["preferences"] or (), [conditions[0]])
    return LastActivity(activities[0], tuple(activities[1:]), liked, activities[0].joined.users < SMALL)


def _joined(join: str, prop: str, activity: str) -> EventCondition:
    where = (PropertyCondition(property=prop, op="is", value=activity),)
    return EventCondition(id=join, event=join, where=where, measure="count", op="gte", value=1)
