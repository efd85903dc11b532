"""The measures of a tag's health: values by hand, and what must hold of any counts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.engines.crossing import Class, Contingency
from core.tags.health_measures import (
    association,
    cramers_v,
    mark_of,
    normalised_mutual_information,
    population_stability,
)

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "measures.json").read_text(encoding="utf-8")
)
QUICK = settings(deadline=None)
counts = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=20)
tables = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 60), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def as_table(rows: list[list[int]]) -> Any:
    return np.array(rows, dtype=np.int64)


@pytest.mark.parametrize("row", GOLDEN["population_stability"], ids=str)
def test_the_index_by_hand(row: dict[str, Any]) -> None:
    psi = population_stability(row["before"], row["after"])
    assert psi == (None if row["psi"] is None else pytest.approx(row["psi"], rel=1e-12, abs=1e-15))
    assert (None if psi is None else mark_of(psi)) == row["mark"]


@pytest.mark.parametrize(
    ("psi", "mark"),
    [(0, "stable"), (0.0999, "stable"), (0.1, "moving"), (0.2499, "moving"), (0.25, "drifted")],
)
def test_a_mark_begins_at_its_number(psi: float, mark: str) -> None:
    assert mark_of(psi) == mark


@given(counts)
@QUICK
def test_the_index_is_the_same_both_ways_and_never_negative(pairs: list[tuple[int, int]]) -> None:
    before, after = [n for n, _ in pairs], [m for _, m in pairs]
    psi, back = population_stability(before, after), population_stability(after, before)
    if not sum(before) or not sum(after):
        assert psi is back is None
        return
    assert psi is not None
    assert psi == pytest.approx(back, rel=1e-9, abs=1e-15)
    assert psi >= 0
    assert population_stability(before, before) == 0
    assert population_stability([*before, 0], [*after, 0]) == psi
    order = sorted(range(len(pairs)), key=lambda place: pairs[place])
    shuffled = population_stability([before[i] for i in order], [after[i] for i in order])
    assert shuffled == psi


def test_other_classes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="2 classes"):
        population_stability([1, 2], [1, 2, 3])


@pytest.mark.parametrize("row", GOLDEN["association"], ids=str)
def test_association_by_hand(row: dict[str, Any]) -> None:
    table = as_table(row["table"])
    for name, measure in (
        ("cramers_v", cramers_v),
        ("mutual_information", normalised_mutual_information),
    ):
        if name in row:
            assert measure(table) == pytest.approx(row[name], rel=1e-12, abs=1e-12)
            assert measure(table.T) == pytest.approx(row[name], rel=1e-12, abs=1e-12)


@given(tables)
@QUICK
def test_association_is_that_of_plain_sums(rows: list[list[int]]) -> None:
    held = [row for row in rows if sum(row)]
    columns = [column for column in zip(*held, strict=True) if sum(column)]
    held = [list(row) for row in zip(*columns, strict=True)]
    users, v, shared = (
        sum(map(sum, held)),
        cramers_v(as_table(rows)),
        normalised_mutual_information(as_table(rows)),
    )
    assert 0 <= v <= 1
    assert 0 <= shared <= 1
    if users < 2 or len(held) < 2 or len(columns) < 2:
        assert v == 0
        assert shared == pytest.approx(0, abs=1e-12)
        return
    chi_square, information = 0.0, 0.0
    for row in held:
        for place, column in enumerate(columns):
            expected = sum(row) * sum(column) / users
            chi_square += (row[place] - expected) ** 2 / expected
            if row[place]:
                information += row[place] / users * math.log(row[place] / expected)
    r, k = len(held), len(columns)
    corrected = max(0.0, chi_square / users - (k - 1) * (r - 1) / (users - 1))
    width = min(r - (r - 1) ** 2 / (users - 1), k - (k - 1) ** 2 / (users - 1)) - 1
    if width > 1e-9:
        assert v == pytest.approx(min(1.0, math.sqrt(corrected / width)), rel=1e-6, abs=1e-6)
    entropies = sum(
        -sum(part / users * math.log(part / users) for part in map(sum, side)) for side in (held, columns)
    )
    assert shared == pytest.approx(2 * information / entropies, rel=1e-6, abs=1e-9)


def test_chance_alone_is_no_association() -> None:
    chance = np.random.default_rng(7)
    means = []
    for _ in range(50):
        table = np.bincount(chance.integers(0, 100, 400), minlength=100).reshape(10, 10)
        means.append(cramers_v(table))
    # Without the correction it would be about sqrt(81 / 400 / 9) = 0.15.
    assert float(np.mean(means)) < 0.05


def test_being_missing_together_is_told_apart_from_going_together() -> None:
    classes = (Class("value", "a"), Class("value", "b"), Class("missing"))
    table = as_table([[25, 25, 0], [25, 25, 0], [0, 0, 900]])
    found = association(Contingency(classes, classes, table))
    assert (found.users, found.known, found.cramers_v, found.mutual_information) == (1000, 100, 0, 0)
    assert found.cramers_v_with_missing > 0.5
    assert found.mutual_information_with_missing > 0.5
