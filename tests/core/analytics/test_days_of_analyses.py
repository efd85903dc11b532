"""Days: those of the time zone wherever it is, nothing after the day asked for, late comers beside early ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.journey import funnel
from core.analytics.journey_steps import way_given
from core.analytics.lifecycle import COME, lifecycle
from core.analytics.movements import movements
from core.analytics.overview import overview
from core.analytics.periods import Period
from core.analytics.retention import retention
from core.analytics.rfm import rfm
from core.schema import TagType
from tests.core.analytics.made import Done, asking

AS_OF = date(2019, 6, 30)
TIMES = ("00:00", "00:30", "12:00", "23:30", "23:59:59")
STEPS = [
    {"label": "来", "events": []},
    {"label": "看", "events": ["login"]},
    {"label": "买", "events": ["purchase"]},
]
TAGS = {"city": TagType.ENUM}


def world(as_of: date = AS_OF, *, until: date | None = None) -> Asking:
    """Some people of June whose days do not lie beside a change of the clock; `until` cuts what is later."""
    chance = random.Random(7)  # noqa: S311 - people, not secrets
    people: Mapping[str, Mapping[str, Any]] = {
        f"u{n:02}": {"since": date(2019, 5, 1) + timedelta(days=n), "city": "北京" if n % 3 else "上海"}
        for n in range(75)
    }
    done: dict[str, list[Done]] = {"login": [], "purchase": []}
    for user, has in people.items():
        for event, many in (("login", 6), ("purchase", 2)):
            for _ in range(chance.randrange(many + 1)):
                day = has["since"] + timedelta(days=chance.randrange(40))
                at = datetime.fromisoformat(f"{day} {chance.choice(TIMES)}")
                amount = float(chance.randrange(50))
                if until is None or at.date() <= until:
                    done[event].append((user, at.isoformat(sep=" "), {"amount": amount}))
    money = {"amount": TagType.NUMBER}
    return asking(
        people, {event: (money, occurrences) for event, occurrences in done.items()}, tags=TAGS, as_of=as_of
    )


def _journey(asked: Asking, **given: Any) -> Any:
    way, stuck = way_given(asked, Period(date(2019, 6, 10), AS_OF), {"steps": STEPS, **given})
    return funnel(asked, way, stuck_days=stuck).as_json()


def _overview(asked: Asking) -> Any:
    month = Period(asked.as_of.replace(day=1), asked.as_of)
    told = overview(asked, month).as_json()
    del told["freshness"]  # it tells of the data, not of the day
    return told, [each.as_json() for each in movements(asked, month, month.before())]


ANALYSES: Mapping[str, Callable[[Asking], Any]] = {
    "overview": _overview,
    "journey": _journey,
    "journey in order": lambda asked: _journey(asked, order="strict", within_days=3),
    "journey of a period": lambda asked: _journey(asked, when="period"),
    "life cycle": lambda asked: lifecycle(asked, {"dormant_days": 20, "churned_days": 30, "quiet_days": 7, "lost_days": 20}).as_json(),
    "rfm": lambda asked: rfm(asked).as_json(),
    "rfm by thresholds": lambda asked: rfm(asked, {"method": "thresholds", "recency_edges": [1, 2, 8, 20]}).as_json(),
    "retention": lambda asked: retention(asked, {"grain": "week"}).as_json(),
    "retention of buyers": lambda asked: retention(asked, {"begin": "first_event", "grain": "day", "reading": "rolling"}).as_json(),
}  # fmt: skip


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Pacific/Kiritimati"])
def test_days_are_those_of_the_time_zone_wherever_it_is(
    name: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 23:30 in New York is the next day in UTC, half past midnight on Kiritimati the day before.
    here = ANALYSES[name](world())
    monkeypatch.setattr("tests.core.analytics.made.ZONE", zone)
    assert world().catalogue.time_zone == zone
    assert ANALYSES[name](world()) == here


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("as_of", [date(2019, 5, 31), date(2019, 6, 15)])
def test_nothing_after_the_day_asked_for_is_seen(name: str, as_of: date) -> None:
    assert ANALYSES[name](world(as_of)) == ANALYSES[name](world(as_of, until=as_of))


def test_who_came_later_than_the_earlier_day_comes_from_nowhere() -> None:
    asked = world()
    then = date(2019, 5, 30)
    come = sum(1 for n in range(75) if then < date(2019, 5, 1) + timedelta(days=n) <= AS_OF)
    flows = lifecycle(asked).flows
    assert sum(flow.people.users for flow in flows if flow.before == COME) == come == 31
    moves = rfm(asked, since=then).moves
    assert sum(move.people.users for move in moves if move.before == COME) == 31
    assert sum(flow.people.users for flow in flows) == sum(move.people.users for move in moves) == 61
