"""The tables of analyses: rows and columns that are found again wherever they stand."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from core.analytics.analyses import ANALYSES
from core.analytics.asking import Figure
from core.analytics.sheets import Column, Sheet, sheets
from core.analytics.splits import bar_label
from core.engines.base import Bar
from core.messages import Text, say
from core.schema import TagType
from core.tags.listing import EVERYBODY
from core.workspace import Workspace

NOBODY, SOMEBODY = Figure(0, EVERYBODY), Figure(7, EVERYBODY)


def written(value: str) -> Text:
    return Text(zh=value, en=value)


def table(*rows: Any, names: Any = None) -> Sheet:
    columns = (
        Column("value", written("value")), Column("day", written("day"), "date"),
        Column("users", written("users"), "users"), Column("note", written("note")),
    )  # fmt: skip
    return Sheet("cities", written("cities"), columns, tuple(rows), names)


BEIJING = (written("北京"), date(2019, 7, 14), SOMEBODY, "since June")
SHANGHAI = (written("上海"), date(2019, 7, 14), NOBODY, None)


def test_a_row_keeps_its_id_wherever_it_stands_and_whatever_its_numbers_are() -> None:
    here, there = table(BEIJING, SHANGHAI), table(SHANGHAI, (*BEIJING[:2], NOBODY, "since July"))
    assert here.row_ids == there.row_ids[::-1]
    assert here.row_ids[0] != here.row_ids[1]
    assert here.figure(here.row_ids[0], "users") == SOMEBODY
    assert there.figure(here.row_ids[0], "users") == NOBODY


def test_an_id_is_short_and_says_nothing_of_the_value() -> None:
    (row_id,) = table(BEIJING).row_ids
    # As `b2sum -l 48` tells it of [{"en":"北京","zh":"北京"},"2019-07-14"]: kept links rest on it.
    assert row_id == "de24a5322dd2"


def test_a_day_in_the_heading_tells_rows_apart() -> None:
    found = table(BEIJING, (BEIJING[0], date(2019, 6, 14), NOBODY, None))
    assert found.figure(found.row_ids[1], "users") == NOBODY


def test_a_value_called_as_we_call_the_others_is_another_row() -> None:
    other = say("split_other")
    rows = [
        (label, date(2019, 7, 14), SOMEBODY, None)
        for label in (other, written(other["zh"]), written(other["en"]))
    ]
    assert len(set(table(*rows).row_ids)) == 3


def test_of_several_rows_with_one_heading_none_is_found() -> None:
    twice = table(BEIJING, SHANGHAI, (*BEIJING[:2], NOBODY, None))
    assert twice.figure(twice.row_ids[0], "users") is None
    assert twice.figure(twice.row_ids[1], "users") == NOBODY
    named = table(*twice.rows, names=(("a", 1), ("b", 1), ("a", 2)))
    assert [named.figure(row_id, "users") for row_id in named.row_ids] == [SOMEBODY, NOBODY, NOBODY]


@pytest.mark.parametrize(("row_id", "column"), [("0", "users"), ("", "users"), ("北京", "users")])
def test_what_is_no_row_is_not_found(row_id: str, column: str) -> None:
    assert table(BEIJING).figure(row_id, column) is None


@pytest.mark.parametrize("column", ["2", "", "user", "value", "day", "note"])
def test_what_is_no_number_of_users_is_not_found(column: str) -> None:
    found = table(BEIJING)
    assert found.figure(found.row_ids[0], column) is None


def test_a_column_that_is_there_twice_is_not_found() -> None:
    users = Column("users", written("users"), "users")
    found = Sheet("pairs", written("pairs"), (users, users), ((SOMEBODY, NOBODY),))
    assert found.figure(found.row_ids[0], "users") is None


@pytest.mark.parametrize("name", ANALYSES)
def test_no_two_rows_and_no_two_columns_of_a_sheet_are_called_alike(name: str, sample: Workspace) -> None:
    catalogue = sample.catalogue()
    every: dict[TagType, str] = {}
    for key, tag in catalogue.tags.items():
        if tag.personal is None:
            every.setdefault(tag.type, key)
    splits = [None, *every.values()] if ANALYSES[name].splits else [None]
    assert len(splits) == (1 if not ANALYSES[name].splits else 1 + len(TagType))
    rows = 0
    for by in splits:
        for found in sheets(sample.analyse(name, by=by), catalogue):
            assert len(found.row_ids) == len(found.rows)
            assert len(set(found.row_ids)) == len(found.rows), found.key
            assert len({column.key for column in found.columns}) == len(found.columns), found.key
            rows += len(found.rows)
    assert rows


def test_ranges_of_large_numbers_do_not_read_alike() -> None:
    edges = [20190100.0 + 10 * step for step in range(8)]
    labels = [
        bar_label(Bar(value=None, low=low, high=high, matched=1, base=1))["en"]
        for low, high in pairwise(edges)
    ]
    assert labels[:2] == ["20,190,100 to 20,190,110", "20,190,110 to 20,190,120"]
    assert len(set(labels)) == len(labels)
