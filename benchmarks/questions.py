"""What every engine is asked: the five conditions, their edits, and the charts, in words that none owns."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

AS_OF = date(2019, 7, 14)
CHARTED = ("city", "gender", "source_channel", "member_level")
EXPORTED = (
    "city", "province", "gender", "birthday", "title", "identity", "registered_on", "source_channel",
    "member_level", "points", "gmv",
)  # fmt: skip
"""With `user_id` twelve columns."""


@dataclass(frozen=True)
class Five:
    """The five conditions of the acceptance case, with the values that an operator may edit."""

    city: str = "北京"
    words: tuple[str, ...] = ("互联网", "增长", "流量", "运营", "产品")
    gmv: float = 3000
    login_days: int = 30
    purchase_days: int = 60

    @property
    def login_from(self) -> date:
        """First day of the login window."""
        return AS_OF - timedelta(days=self.login_days - 1)

    @property
    def purchase_from(self) -> date:
        """First day of the purchase window."""
        return AS_OF - timedelta(days=self.purchase_days - 1)

    def as_rule(self, *, flat: bool) -> str:
        """Return the rule as JSON text; `flat` asks date tags instead of events."""
        return json.dumps(
            {
                "version": 1,
                "include": {
                    "kind": "group",
                    "id": "g0",
                    "match": "all",
                    "children": [
                        {"kind": "tag", "id": "c1", "tag": "city", "op": "is", "value": self.city},
                        {
                            "kind": "tag",
                            "id": "c2",
                            "tag": "title",
                            "op": "contains_any",
                            "value": self.words,
                        },
                        {"kind": "tag", "id": "c3", "tag": "gmv", "op": "gt", "value": self.gmv},
                        _did("c4", "login", self.login_days, flat=flat),
                        _did("c5", "purchase", self.purchase_days, flat=flat),
                    ],
                },
            },
            ensure_ascii=False,
        )


def _did(node: str, event: str, days: int, *, flat: bool) -> dict[str, Any]:
    if flat:
        value = {"n": days, "unit": "day"}
        return {"kind": "tag", "id": node, "tag": f"last_{event}_on", "op": "in_last", "value": value}
    window = {"last": days, "unit": "day"}
    count = {"measure": "count", "op": "gte", "value": 1, "window": window}
    return {"kind": "event", "id": node, "event": event, **count}


_CITIES = ("上海", "深圳", "广州", "杭州", "成都", "武汉", "南京")
_OTHER_CITIES = ("西安", "重庆", "苏州", "天津", "长沙", "郑州", "青岛")
_WORDS = ("经理", "总监", "设计", "市场", "销售", "工程", "顾问")
_OTHER_WORDS = ("创始", "老师", "律师", "分析", "编辑", "投资", "医")


def _edits(
    cities: tuple[str, ...], words: tuple[str, ...], gmv: float, days: int
) -> dict[str, tuple[Five, ...]]:
    return {
        "city": tuple(Five(city=city) for city in cities),
        "title": tuple(Five(words=(word, "互联网", "增长")) for word in words),
        "gmv": tuple(Five(gmv=gmv + 100 * step) for step in range(len(cities))),
        "login window": tuple(Five(login_days=days + step) for step in range(len(cities))),
        "purchase window": tuple(Five(purchase_days=2 * days + step) for step in range(len(cities))),
    }


EDITS: dict[str, dict[str, tuple[Five, ...]]] = {
    "flat": _edits(_CITIES, _WORDS, 2100, 21),
    "events": _edits(_OTHER_CITIES, _OTHER_WORDS, 2150, 22),
}
"""By the form of the two event conditions. Every edit sets a value that nobody has been asked for before."""

COLD = tuple(replace(Five(), login_days=14 + step, purchase_days=70 + step) for step in range(7))


@dataclass(frozen=True)
class Measured:
    """One event condition by itself: how many users reach a limit within some days."""

    name: str
    event: str
    measure: str
    at_least: float
    days: int

    @property
    def first(self) -> date:
        """First day of the window."""
        return AS_OF - timedelta(days=self.days - 1)

    def as_rule(self) -> str:
        """Return the rule as JSON text."""
        condition = {
            "kind": "event",
            "id": "c1",
            "event": self.event,
            "measure": self.measure,
            "op": "gte",
            "value": self.at_least,
            "window": {"last": self.days, "unit": "day"},
        }
        if self.measure == "sum":
            condition["property"] = "amount"
        group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
        return json.dumps({"version": 1, "include": group})


EVENT_CONDITIONS: dict[str, tuple[Measured, ...]] = {
    name: tuple(Measured(name, event, measure, limit, days + step) for step in range(7))
    for name, event, measure, limit, days in (
        ("purchase count, 60 days", "purchase", "count", 2, 60),
        ("purchase sum, 90 days", "purchase", "sum", 1000, 90),
        ("login count, 60 days", "login", "count", 5, 60),
    )
}


@dataclass(frozen=True)
class Followed:
    """One event, and then within some days another one, or none; the first in a window that ends today."""

    first: str
    then: str
    none: bool
    hours: int
    days: int

    def as_rule(self) -> str:
        """Return the rule as JSON text."""
        then: dict[str, Any] = {"event": self.then, "within": {"n": self.hours, "unit": "hour"}}
        if self.none:
            then["not"] = True
        condition = {
            "kind": "sequence",
            "id": "c1",
            "steps": [{"event": self.first}, then],
            "window": {"last": self.days, "unit": "day"},
        }
        group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
        return json.dumps({"version": 1, "include": group})

    @property
    def since(self) -> date:
        """First day of the window."""
        return AS_OF - timedelta(days=self.days - 1)


SEQUENCES: dict[str, tuple[Followed, ...]] = {
    name: tuple(Followed(first, then, none, hours + step, days + step) for step in range(7))
    for name, first, then, none, hours, days in (
        ("submitted, not bought in 7 days", "submit_order", "purchase", True, 168, 365),
        ("logged in, bought in 3 days", "login", "purchase", False, 72, 365),
        ("bought, no login in 30 days", "purchase", "login", True, 720, 365),
    )
}


def registered_since(day: date) -> str:
    """Return the rule for the charts' audience as JSON text."""
    value = (day - timedelta(days=1)).isoformat()
    condition = {"kind": "tag", "id": "c1", "tag": "registered_on", "op": "after", "value": value}
    group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
    return json.dumps({"version": 1, "include": group})
