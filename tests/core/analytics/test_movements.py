"""The biggest movements: who became more or fewer than all did, what is chance, who carries it, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from core.analytics.analyses import OverviewTold, Request, tell
from core.analytics.asking import Asking
from core.analytics.movements import MOST_VALUES, SMALLEST, Movement, movements
from core.analytics.periods import Period
from core.messages import say
from core.report.remarks import notes
from core.schema import TagType
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
TAGS = {"city": TagType.ENUM, "channel": TagType.ENUM, "is_vip": TagType.BOOLEAN}


def world(groups: list[tuple[dict[str, Any], int, int]], tags: Mapping[str, TagType] = TAGS) -> Asking:
    """People by tags, with how many of them bought (and came in) in June, and how many in May."""
    people: dict[str, Mapping[str, Any]] = {}
    buys: list[Done] = []
    for place, (has, now, before) in enumerate(groups):
        for n in range(now):
            buys.append((f"g{place}n{n}", "2019-06-10 10:00"))
        for n in range(before):
            buys.append((f"g{place}b{n}", "2019-05-10 10:00"))
        people |= {f"g{place}n{n}": {**has, "since": date(2019, 1, 1)} for n in range(now)}
        people |= {f"g{place}b{n}": {**has, "since": date(2019, 1, 1)} for n in range(before)}
    return asking(people, {"purchase": ({}, buys)}, tags=tags)


def told(asked: Asking, **more: Any) -> tuple[Movement, ...]:
    found = movements(asked, JUNE, JUNE.before(), **more)
    if found:
        assert_every_figure_is_the_count_of_its_rule(asked, found)
    return found


def test_a_group_that_moved_otherwise_than_all_is_told_with_its_score() -> None:
    asked = world([({"city": "北京"}, 200, 100), ({"city": "上海"}, 100, 100), ({"city": "广州"}, 100, 100)])
    buyers = [movement for movement in told(asked) if movement.measure == "buyers"]
    (movement,) = buyers
    assert (movement.tag, movement.label["zh"], movement.now.users, movement.before.users) == (
        "city",
        "北京",
        200,
        100,
    )
    # All became 400 from 300; 北京 would have become 133.3, give or take √(200 + 100 × 16/9).
    assert movement.overall == pytest.approx(1 / 3)
    assert movement.score == pytest.approx((200 - 400 / 3) / math.sqrt(200 + 100 * (4 / 3) ** 2))
    assert movement.change == 1.0
    assert movement.driver is None
    assert len(ids_of(asked, movement.now)) == 200


def test_each_tag_and_measure_is_told_once_the_surest_first() -> None:
    asked = world(
        [({"city": "北京", "is_vip": True}, 400, 100), ({"city": "上海", "is_vip": False}, 20, 300)]
    )
    found = told(asked)
    assert len({(m.measure, m.tag) for m in found}) == len(found)
    scores = [abs(movement.score) for movement in found]
    assert scores == sorted(scores, reverse=True)
    assert len(told(asked, many=1)) == 1
    # Bought is what was active, too.
    assert {(m.measure, m.tag) for m in found} == {
        (m, t) for m in ("buyers", "active") for t in ("city", "is_vip")
    }


def test_what_may_be_chance_is_not_told() -> None:
    assert told(world([({"city": "北京"}, 60, 50), ({"city": "上海"}, 50, 60)])) == ()
    few = SMALLEST - 1
    assert told(world([({"city": "北京"}, few, 0), ({"city": "上海"}, 300, 300)])) == ()
    enough = told(world([({"city": "北京"}, SMALLEST, 0), ({"city": "上海"}, 300, 300)]))
    assert {movement.label["zh"] for movement in enough} == {"北京"}
    assert enough[0].change is None
    assert "0" in enough[0].sentence(world([]).catalogue)["en"]


def test_a_group_that_is_gone_is_told_too() -> None:
    (movement, *_) = told(world([({"city": "北京"}, 0, 100), ({"city": "上海"}, 300, 200)]))
    assert (movement.label["zh"], movement.now.users, movement.before.users, movement.change) == (
        "北京",
        0,
        100,
        -1,
    )


def test_where_everybody_moved_alike_nothing_is_told() -> None:
    assert told(world([({"city": "北京"}, 400, 100), ({"city": "上海"}, 400, 100)])) == ()
    assert told(world([({"city": "北京"}, 400, 100)])) == ()
    assert told(world([({"city": "北京"}, 400, 0), ({"city": "上海"}, 40, 0)])) == ()
    assert told(world([])) == ()


def test_the_value_of_another_tag_that_carries_the_change_is_named() -> None:
    asked = world([
        ({"city": "北京", "channel": "广告"}, 110, 10), ({"city": "北京", "channel": "自然"}, 105, 95),
        ({"city": "上海", "channel": "广告"}, 150, 150), ({"city": "上海", "channel": "自然"}, 150, 150),
    ])  # fmt: skip
    movement = next(
        m for m in told(asked) if (m.measure, m.tag) == ("buyers", "city") and m.label["zh"] == "北京"
    )
    driver = movement.driver
    assert driver is not None
    assert (driver.tag, driver.label["zh"], driver.now.users, driver.before.users) == (
        "channel",
        "广告",
        110,
        10,
    )
    assert driver.share == pytest.approx(100 / 110)
    assert "广告" in movement.sentence(asked.catalogue)["zh"]
    printed = movement.as_json()
    assert printed["driver"] == {
        "tag": "channel", "label": {"zh": "广告", "en": "广告"}, "share": 0.909, "now": 110, "before": 10,
    }  # fmt: skip


def test_a_part_that_moved_as_the_group_did_is_no_driver() -> None:
    asked = world([
        ({"city": "北京", "channel": "广告"}, 150, 50), ({"city": "北京", "channel": "自然"}, 150, 50),
        ({"city": "上海", "channel": "广告"}, 150, 150), ({"city": "上海", "channel": "自然"}, 150, 150),
    ])  # fmt: skip
    movement = next(
        m for m in told(asked) if (m.measure, m.tag) == ("buyers", "city") and m.label["zh"] == "北京"
    )
    assert movement.driver is None


def test_new_users_move_as_well() -> None:
    people: dict[str, Mapping[str, Any]] = {}
    for city, day, many in (("北京", date(2019, 6, 30), 100), ("北京", date(2019, 5, 31), 10), ("上海", date(2019, 5, 1), 90), ("上海", date(2019, 6, 1), 90)):  # fmt: skip
        people |= {f"{city}{day}{n}": {"city": city, "since": day} for n in range(many)}
    asked = asking(people, {"purchase": ({}, [])}, tags=TAGS)
    found = {(m.label["zh"], m.now.users, m.before.users) for m in told(asked) if m.measure == "new"}
    assert found == {("北京", 100, 10)}


def test_a_tag_of_more_values_than_can_be_told_is_passed_over_quickly() -> None:
    groups = [({"city": f"c{n}", "channel": "a" if n % 2 else "b"}, 1, 1) for n in range(5_000)]
    asked = world(groups)
    spec = asked.catalogue.tags["city"].model_copy(update={"distinct": 5_000})
    assert spec.distinct > MOST_VALUES
    many = asked.catalogue.model_copy(update={"tags": {**asked.catalogue.tags, "city": spec}})
    assert movements(Asking(asked.engine, many, asked.as_of), JUNE, JUNE.before()) == ()


@pytest.mark.parametrize(
    ("first", "is_told"),
    [("2019-05-01 00:00", True), ("2019-05-02 00:00", False), ("2019-06-02 00:00", False)],
)
def test_against_days_that_are_not_known_nothing_has_moved(first: str, is_told: bool) -> None:
    people = {
        f"{city}{n}": {"city": city, "since": date(2019, 1, 1)}
        for city in ("北京", "上海")
        for n in range(100)
    }
    # In 北京 many came to buy in June, in 上海 as many as in May, which may be only partly in the data.
    june = [(user, "2019-06-10 10:00") for user in people]
    may = [(f"上海{n}", first) for n in range(100)] if first < "2019-06" else [("上海0", first)]
    asked = asking(people, {"purchase": ({}, [*may, *june])}, tags=TAGS)
    found = tell("overview", Request(asked, JUNE, parts_of=lambda *_: ()))
    assert isinstance(found, OverviewTold)
    assert found.numbers.before.is_known == is_told
    assert bool(found.movements) == is_told
    assert bool(found.as_json()["movements"]) == is_told
    assert found.is_comparable == is_told
    not_comparable = say("report_not_comparable")["en"]
    assert (not_comparable in [note["en"] for note in notes(found)]) != is_told
