"""RFM, counted on paper: fifths and thresholds, squares and cells, shifts and moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from core.analytics.asking import Asking
from core.analytics.rfm import CELLS, COME, NEVER, Rfm, cell_label, rfm
from core.errors import RuleError
from core.schema import TagType
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

AS_OF = date(2019, 7, 14)
MONEY = {"amount": TagType.NUMBER}
Events = Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]]


def bought(user: str, *purchases: tuple[str, float | None]) -> list[Done]:
    return [(user, f"{day} 23:30", {"amount": amount}) for day, amount in purchases]


# Ten buyers, the first the worst in everything: bought ten to one days ago, once to ten times 1 yuan.
TEN: list[Done] = [
    done for n in range(1, 11) for done in bought(f"u{n:02}", *[(f"2019-07-{3 + n:02}", 1.0)] * n)
]
THRESHOLDS = {
    "method": "thresholds", "recency_edges": [10, 20, 30, 40], "frequency_edges": [2, 3, 4, 5],
    "spend_edges": [10, 20, 30, 40], "high_from": 4,
}  # fmt: skip


def world(purchases: list[Done], people: Mapping[str, Mapping[str, Any]] | None = None, as_of: date = AS_OF) -> Asking:  # fmt: skip
    known = (
        people if people is not None else {user: {} for user in dict.fromkeys(done[0] for done in purchases)}
    )
    return asking(known, {"purchase": (MONEY, purchases)}, as_of=as_of)


def told(asked: Asking, *, since: date | None = None, **given: Any) -> Rfm:
    found = rfm(asked, given, since=since)
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    everybody, buyers = asked.figure().users, found.buyers.users
    assert buyers + found.never.users == everybody
    assert sum(square.people.users for square in found.squares) == buyers
    assert sum(cell.people.users for cell in found.cells) == buyers
    assert len(found.squares) == 25
    assert sum(move.people.users for move in found.moves) == everybody
    for key in (*(key for key, *_ in CELLS), NEVER):
        now = (
            sum(cell.people.users for cell in found.cells if cell.key == key)
            if key != NEVER
            else found.never.users
        )
        assert sum(move.people.users for move in found.moves if move.after == key) == now, key
    return found


def squares(asked: Asking, found: Rfm) -> dict[tuple[int, int], list[str]]:
    return {(s.recency, s.frequency): ids_of(asked, s.people) for s in found.squares if s.people.users}


def cells(asked: Asking, found: Rfm) -> dict[str, list[str]]:
    return {cell.key: ids_of(asked, cell.people) for cell in found.cells if cell.people.users}


def test_fifths_hold_a_fifth_of_the_buyers_each() -> None:
    asked = world(TEN)
    found = told(asked)
    assert squares(asked, found) == {(n, n): [f"u{2 * n - 1:02}", f"u{2 * n:02}"] for n in range(1, 6)}
    assert found.scales["f"].edges == found.scales["m"].edges == (2, 4, 6, 8)
    # Bought on 5, 7, 9 and 11 July is the last day of a score.
    assert found.scales["r"].edges == tuple(date(2019, 7, day) for day in (5, 7, 9, 11))
    assert cells(asked, found) == {
        "champion": ["u07", "u08", "u09", "u10"], "plain_win_back": [f"u{n:02}" for n in range(1, 7)],
    }  # fmt: skip
    champion = next(cell for cell in found.cells if cell.key == "champion")
    assert (champion.bought.occurrences, champion.bought.total) == (34, 34)
    assert champion.share is not None
    assert champion.share.value == 0.4


def test_equal_values_have_equal_scores_even_if_some_scores_hold_nobody() -> None:
    same = [done for user in "abcde" for done in bought(user, ("2019-07-01", 5.0))]
    asked = world(same)
    found = told(asked)
    # Fifths by the ready tag: one above the edges that a value exceeds, so all are 1; of days since, so all 5.
    assert squares(asked, found) == {(5, 1): list("abcde")}
    three = [
        *bought("a", ("2019-07-01", 1.0)),
        *bought("b", ("2019-07-02", 1.0)),
        *bought("c", ("2019-07-03", 1.0)),
    ]
    asked = world(three)
    # The ceil(3i/5)-th days are 11, 12, 12, 13: nobody has more than two edges below 12.
    assert {key[0]: who for key, who in squares(asked, told(asked)).items()} == {5: ["c"], 4: ["b"], 2: ["a"]}


def test_thresholds_give_the_better_score_to_who_reaches_them() -> None:
    asked = world([
        *bought("r9", ("2019-07-05", 1)), *bought("r10", ("2019-07-04", 1)), *bought("r40", ("2019-06-04", 1)),
        *bought("f2", *[("2019-07-14", 10)] * 2), *bought("f5", *[("2019-07-14", 8)] * 5),
    ])  # fmt: skip
    found = told(asked, **THRESHOLDS)
    # So many days or more is the worse score of recency: 10 days ago is 4, 40 days ago 1.
    assert squares(asked, found) == {
        (5, 1): ["r9"], (4, 1): ["r10"], (1, 1): ["r40"], (5, 2): ["f2"], (5, 5): ["f5"],
    }  # fmt: skip
    # 20 yuan reach the score 3, 40 the score 5.
    assert cells(asked, found) == {
        "champion": ["f5"], "plain_growing": ["f2", "r10", "r9"], "plain_win_back": ["r40"],
    }  # fmt: skip


def test_an_edge_of_half_a_day_lies_between_two_days() -> None:
    asked = world([*bought("d10", ("2019-07-04", 1)), *bought("d11", ("2019-07-03", 1))])
    found = told(asked, **{**THRESHOLDS, "recency_edges": [10.5, 20, 30, 40]})
    assert squares(asked, found) == {(5, 1): ["d10"], (4, 1): ["d11"]}


def test_free_orders_are_no_purchases_and_money_that_comes_back_lowers_the_spend_alone() -> None:
    people: Mapping[str, Mapping[str, Any]] = {"free": {}, "none": {}, "minus": {}, "pays": {}}
    asked = world(
        [
            *bought("free", ("2019-07-14", 0), ("2019-07-13", None)),
            *bought("minus", ("2019-06-30", 50), ("2019-07-14", -45)),
            *bought("pays", ("2019-07-01", 20), ("2019-07-14", 0)),
        ],
        people,
    )
    found = told(asked, **THRESHOLDS)
    assert ids_of(asked, found.never) == ["free", "none"]
    # "minus" bought last on 30 June (14 days ago) and once; its spend is 5.
    assert squares(asked, found) == {(4, 1): ["minus", "pays"]}
    by_fifths = told(asked)
    assert by_fifths.scales["m"].edges == (5, 5, 20, 20)


def test_who_spent_less_than_nothing_is_scored_too() -> None:
    asked = world([*bought("a", ("2019-07-01", 10), ("2019-07-02", -50)), *bought("b", ("2019-07-01", 10))])
    found = told(asked)
    assert found.scales["m"].edges == (-40, -40, 10, 10)
    assert found.buyers.users == 2


def test_only_the_days_looked_at_count() -> None:
    asked = world([*bought("a", ("2019-07-01", 10), ("2019-06-30", 100)), *bought("b", ("2019-06-30", 100))])
    # 14 days up to 14 July begin on 1 July.
    found = told(asked, days=14, **THRESHOLDS)
    assert (ids_of(asked, found.buyers), ids_of(asked, found.never)) == (["a"], ["b"])
    (square,) = (square for square in found.squares if square.people.users)
    assert (square.frequency, square.bought.occurrences, square.bought.total) == (1, 1, 10)
    assert {(m.before, m.after): ids_of(asked, m.people) for m in found.moves} == {
        (NEVER, "plain_growing"): ["a"], (NEVER, NEVER): ["b"],
    }  # fmt: skip


def test_a_shift_changes_those_with_the_score_that_changes_sides() -> None:
    asked = world(TEN)
    found = told(asked)
    assert {(s.side, s.high_from): ids_of(asked, s.changed) for s in found.shifts} == {
        **{(side, 3): ["u05", "u06"] for side in "rfm"}, **{(side, 5): ["u07", "u08"] for side in "rfm"},
    }  # fmt: skip
    by_side = {(s.side, s.high_from): s.share and s.share.value for s in found.shifts}
    assert by_side["r", 3] == 0.2
    # "High" from 5 cannot be moved up, from 2 not down.
    assert {s.high_from for s in told(asked, high_from=5).shifts} == {4}
    assert {s.high_from for s in told(asked, high_from=2).shifts} == {3}
    # It is what the cells do then.
    moved = told(asked, high_from=3)
    assert len(cells(asked, moved)["champion"]) == len(cells(asked, found)["champion"]) + 2


def test_people_move_from_cell_to_cell_by_the_scores_of_each_day() -> None:
    people: Mapping[str, Mapping[str, Any]] = {
        "up": {}, "down": {"since": date(2019, 1, 1)}, "first": {"since": date(2019, 6, 14)},
        "late": {"since": date(2019, 6, 15)}, "later": {"since": date(2019, 7, 14)},
    }  # fmt: skip
    asked = world(
        [
            *bought("up", ("2019-06-10", 5), *[("2019-07-10", 20)] * 4),
            *bought("down", *[("2019-06-10", 20)] * 4),
            *bought("first", ("2019-06-15", 5)), *bought("late", ("2019-06-16", 50)),
        ],
        people,
    )  # fmt: skip
    found = told(asked, **{**THRESHOLDS, "recency_edges": [5, 20, 30, 40]})
    assert found.since == date(2019, 6, 14)
    assert {(m.before, m.after): ids_of(asked, m.people) for m in found.moves} == {
        ("plain_growing", "champion"): ["up"],
        ("champion", "keep"): ["down"],
        (NEVER, "plain_win_back"): ["first"],
        (COME, "win_back"): ["late"],
        (COME, NEVER): ["later"],
    }  # fmt: skip
    earlier = told(asked, since=date(2019, 6, 9), **THRESHOLDS)
    assert {move.before for move in earlier.moves} == {NEVER, COME}


def test_a_month_before_the_last_of_march_is_the_last_of_february() -> None:
    asked = world(bought("a", ("2019-03-01", 5)), as_of=date(2019, 3, 31))
    assert told(asked).since == date(2019, 2, 28)


def test_a_day_that_is_not_before_has_no_moves() -> None:
    with pytest.raises(RuleError) as refused:
        told(world(TEN), since=AS_OF)
    assert refused.value.code == "rfm_since_not_before"


@pytest.mark.parametrize("given", [{}, THRESHOLDS])
def test_nobody_one_buyer_and_a_day_before_the_data(given: dict[str, Any]) -> None:
    nobody = told(world([], {}), **given)
    assert nobody.moves == ()
    assert all(cell.share is None for cell in nobody.cells)
    assert told(world([], {"a": {}}), **given).never.users == 1
    one = world(bought("a", ("2019-07-14", 100.0)))
    assert sum(1 for square in told(one, **given).squares if square.people.users) == 1
    early = world(TEN, as_of=date(2018, 1, 31))
    assert told(early, **given).never.users == 10
    told(world(TEN, as_of=date(1900, 1, 1)), **given)


def test_cells_have_names_and_advice_and_all_is_printed() -> None:
    found = told(world(TEN))
    assert all(cell.label["zh"] and cell.advice["en"] for cell in found.cells)
    assert all(cell_label(key)["zh"] for key in (NEVER, COME))
    printed = found.as_json()
    assert printed["scales"]["r"] == ["2019-07-05", "2019-07-07", "2019-07-09", "2019-07-11"]  # type: ignore[index]
    assert {len(printed[key]) for key in ("squares",)} == {25}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"method": "fifths"}, "template_slot_not_one_of"),
        ({"recency_edges": [1, 2, 3]}, "template_edges_number"),
        ({"spend_edges": [1, 2, 3, float("inf")]}, "edges_not_ascending"),
        ({"high_from": 6}, "template_slot_out_of_bounds"),
        ({"days": 0}, "template_slot_out_of_bounds"),
        ({"amount": None}, "template_slot_empty"),
        ({"refund": None}, "template_slot_unknown"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        told(world(TEN), **given)
    assert {problem.code for problem in refused.value.problems} == {code}
