"""The acceptance case on the sample: costs, near misses, thresholds and weeks by plain counting in Python."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.rules.parse import parse_rule
from core.rules.tree import Rule
from core.schema import DAY, USER_ID, USER_NO, property_column, tag_column
from core.workspace import Workspace
from tests.docs.test_house_plan import ROOT

AS_OF = date(2019, 7, 14)
TARGET = 60


@pytest.fixture(scope="module")
def rule() -> Rule:
    text = Path(ROOT / "docs" / "examples" / "closed-door-meeting.json").read_text(encoding="utf-8")
    return parse_rule(text)


class People:
    """The sample's people, read row by row."""

    def __init__(self, workspace: Workspace) -> None:
        tables = workspace._lake.tables(workspace.data_version())
        users = tables.users([USER_NO, "exists_from", tag_column("city"), tag_column("title")])
        self.users = users.rows()
        self.purchases = tables.events("purchase", [USER_NO, DAY, property_column("amount")]).rows()
        self.logins = tables.events("login", [USER_NO, DAY]).rows()
        self.ids = dict(tables.keys().select(USER_NO, USER_ID).rows())

    def conditions(self, day: date) -> tuple[set[int], dict[str, set[int]], dict[int, float]]:
        """The base, who satisfies each condition, and what everybody has spent up to the day."""
        base = {no for no, since, _, _ in self.users if since is None or since <= day}
        spent = dict.fromkeys(base, 0)
        for no, at, amount in self.purchases:
            if at <= day and amount is not None and no in base:
                spent[no] += round(amount * 1_000_000)
        gmv = {no: total / 1_000_000 for no, total in spent.items()}
        words = ("互联网", "增长", "流量", "运营", "产品")

        def did(rows: list[tuple[object, ...]], days: int) -> set[int]:
            first = day - timedelta(days=days - 1)
            return {row[0] for row in rows if first <= row[1] <= day}  # type: ignore[operator,misc]

        return (
            base,
            {
                "c1": {no for no, _, city, _ in self.users if city == "北京"} & base,
                "c2": {no for no, _, _, title in self.users if title and any(w in title for w in words)}
                & base,
                "c3": {no for no, total in gmv.items() if total > 3000},
                "c4": did(self.logins, 30) & base,
                "c5": did(self.purchases, 60) & base,
            },
            gmv,
        )


@pytest.fixture(scope="module")
def people(sample: Workspace) -> People:
    return People(sample)


def test_costs_and_near_misses(sample: Workspace, rule: Rule, people: People) -> None:
    base, held, _ = people.conditions(AS_OF)
    matched = set.intersection(*held.values())
    costs = sample.costs(rule)
    assert (costs.matched, costs.base) == (len(matched), len(base))
    near = sample.near_misses(rule)
    found = {group.node: group for group in near.groups}
    for key in held:
        others = set.intersection(*(who for other, who in held.items() if other != key))
        assert next(c.cost for c in costs.nodes if c.node == key) == len(others) - len(matched)
        alone = others - held[key]
        assert (found[key].users if key in found else 0) == len(alone)
        if key in found:
            assert found[key].rule is not None
            assert set(sample.members(found[key].rule)) == {people.ids[no] for no in alone}
    assert near.several == 0


def test_the_threshold_of_spend(sample: Workspace, rule: Rule, people: People) -> None:
    _, held, gmv = people.conditions(AS_OF)
    others = set.intersection(*(who for key, who in held.items() if key != "c3"))
    curve = sample.threshold(rule, "c3", at=1234.5)
    values = sorted(gmv[no] for no in others)
    assert curve.users == len(values)
    for place in curve.handles["value"]:
        assert place.matched == sum(value > place.value for value in values)
    assert curve.at is not None
    assert curve.at.matched == sum(value > 1234.5 for value in values)


def test_sixty_people(sample: Workspace, rule: Rule, people: People) -> None:
    _, held, gmv = people.conditions(AS_OF)
    solution = sample.solve(rule, TARGET)
    assert solution.count == len(set.intersection(*held.values()))
    exact = [found for found in solution.suggestions if found.count == TARGET]
    assert exact
    for found in solution.suggestions:
        assert sample.count(found.rule).answer.count == found.count
    others = set.intersection(*(who for key, who in held.items() if key != "c3"))
    moved = next(
        f for f in solution.suggestions if [c.node for c in f.changes] == ["c3"] and f.kind == "threshold"
    )
    limit = moved.changes[0].after["value"]  # type: ignore[index]
    assert sum(gmv[no] > limit for no in others) == moved.count  # type: ignore[operator]
    assert moved.count == min(
        (sum(gmv[no] >= gmv[other] for no in others) for other in others), key=lambda n: abs(n - TARGET)
    )


def test_ten_weeks_and_what_they_bought_since(sample: Workspace, rule: Rule, people: People) -> None:
    counted: Callable[[date], int] = lambda day: len(set.intersection(*people.conditions(day)[1].values()))  # noqa: E731
    history = sample.history(rule, weeks=10)
    assert [week.count for week in history.weeks] == [counted(week.as_of) for week in history.weeks]
    assert history.not_historical == ("city", "title")
    day = AS_OF - timedelta(days=63)
    base, held, _ = people.conditions(day)
    matched = set.intersection(*held.values())
    since = sample.since(rule, day, event="purchase")
    for group, who in ((since.members, matched), (since.base, base)):
        bought = [(no, amount) for no, at, amount in people.purchases if no in who and day < at <= AS_OF]
        assert (group.people, group.did.occurrences) == (len(who), len(bought))
        assert group.did.users == len({no for no, _ in bought})
        assert group.did.total == pytest.approx(sum(amount or 0 for _, amount in bought))


def test_city_stands_out(sample: Workspace, rule: Rule, people: People) -> None:
    base, held, _ = people.conditions(AS_OF)
    matched = set.intersection(*held.values())
    city = next(t for t in sample.profile(rule, ["city"]).traits if t.value == "北京")
    assert (city.members, city.base) == (len(matched), len(held["c1"]))
    assert city.tgi == pytest.approx(len(base) / len(held["c1"]) * 100)
    assert city.is_significant
    assert pl.Series([city.tgi_low, city.tgi, city.tgi_high]).is_sorted()


@pytest.mark.parametrize(
    "condition",
    [
        {"kind": "sequence", "steps": [{"event": "login"}, {"event": "purchase"}]},
        {
            "kind": "stopped",
            "event": "purchase",
            "active": {"to": "2019-05-01"},
            "silent": {"last": 9, "unit": "day"},
        },
    ],
    ids=lambda condition: condition["kind"],
)
def test_what_people_did_since_is_what_the_rule_asks_about_in_whatever_kind(
    condition: dict[str, object], sample: Workspace
) -> None:
    include = {"kind": "group", "id": "g", "match": "all", "children": [{**condition, "id": "c"}]}
    found = sample.since(sample.parse({"include": include}), AS_OF - timedelta(days=30))
    assert (found.event, found.number) == ("purchase", "amount")
