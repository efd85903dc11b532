"""People written down once: whole or not at all, found damaged when they are, swept when nobody names them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest

from core.errors import WorkspaceError
from core.lake.people import STALE_SECONDS, PeopleFiles
from core.messages import message_of


@pytest.fixture
def files(tmp_path: Path) -> PeopleFiles:
    return PeopleFiles(tmp_path / "lists")


def test_people_come_back_in_order_each_once(files: PeopleFiles) -> None:
    kept = files.keep(pl.Series([7, 3, 7, 4_000_000_000]))
    assert (files.read(kept).dtype, files.read(kept).to_list()) == (pl.UInt32, [3, 7, 4_000_000_000])
    assert kept.rows == 3
    assert files.read(files.keep(pl.Series([], dtype=pl.UInt32))).to_list() == []


def test_the_same_people_twice_are_two_files(files: PeopleFiles) -> None:
    assert files.keep(pl.Series([1])).name != files.keep(pl.Series([1])).name


@pytest.mark.parametrize(("harm", "code"), [("gone", "people_missing"), ("changed", "people_damaged")])
def test_a_file_that_is_gone_or_changed_is_named_with_what_to_do(
    harm: str, code: str, files: PeopleFiles, tmp_path: Path
) -> None:
    kept = files.keep(pl.Series([1, 2]))
    path = tmp_path / "lists" / kept.name
    if harm == "gone":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(WorkspaceError) as refused:
        files.read(kept)
    assert refused.value.code == code
    assert f"lists/{kept.name}" in message_of(refused.value.problems[0])["zh"]


def test_what_nobody_names_is_swept_after_a_day(files: PeopleFiles, tmp_path: Path) -> None:
    named, dropped, fresh = (files.keep(pl.Series([n])) for n in range(3))
    half = tmp_path / "lists" / ".abc.parquet.part"
    half.write_bytes(b"killed while writing")
    long_ago = time.time() - STALE_SECONDS - 60
    for path in (tmp_path / "lists" / named.name, tmp_path / "lists" / dropped.name, half):
        os.utime(path, (long_ago, long_ago))
    assert files.sweep({named.name}) == sorted([dropped.name, half.name])
    assert files.read(named).to_list() == [0]
    assert files.read(fresh).to_list() == [2]


def test_a_folder_that_cannot_be_written_changes_nothing(files: PeopleFiles, tmp_path: Path) -> None:
    (tmp_path / "lists").rmdir()
    with pytest.raises(WorkspaceError) as refused:
        files.keep(pl.Series([1]))
    assert refused.value.code == "people_unwritable"
