"""Versions on disk: what is shared, what is swept, what happens when a file is damaged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from core.errors import Conflict, NotFound, WorkspaceError
from core.lake.draft import Draft
from core.lake.keys import KeyBook, user_hashes
from core.lake.lake import Lake
from core.lake.tables import FrameTables
from core.lake.versions import DataVersion
from core.messages import message_of
from core.rules.share import user_hash
from core.schema import (
    AT,
    DAY,
    EXISTS_FROM,
    USER_NO,
    Catalogue,
    EventSpec,
    Label,
    PropertySpec,
    TagSpec,
    TagType,
)

_LABEL = Label(zh="甲", en="A")
CATALOGUE = Catalogue(
    tags={"city": TagSpec(key="city", type=TagType.TEXT, label=_LABEL)},
    events={
        "login": EventSpec(
            key="login",
            label=_LABEL,
            properties={"x": PropertySpec(key="x", type=TagType.NUMBER, label=_LABEL)},
        ),
        "none": EventSpec(key="none", label=_LABEL),
    },
)


def _write(draft: Draft, ids: list[str], cities: list[str | None]) -> None:
    numbers = draft.assign_keys(pl.Series(ids))[USER_NO]
    users = pl.DataFrame(
        {USER_NO: numbers, EXISTS_FROM: pl.Series([None] * len(ids), dtype=pl.Date), "tag:city": cities}
    )
    draft.write_users(users.sort(USER_NO))
    at = pl.Series(AT, [dt.datetime(2019, 7, 14, tzinfo=dt.UTC)] * len(ids)).cast(pl.Datetime("us", "UTC"))
    events = pl.DataFrame({USER_NO: numbers, AT: at, DAY: at.dt.date(), "prop:x": [1.0] * len(ids)}).sort(
        USER_NO
    )
    draft.write_events("login", [events])
    draft.write_events("none", [])


def _commit(lake: Lake, ids: list[str], cities: list[str | None]) -> DataVersion:
    with lake.begin() as draft:
        _write(draft, ids, cities)
        return draft.commit(CATALOGUE, {"time_zone": "UTC"}, {"users": len(ids)})


def test_an_empty_lake_has_no_version(tmp_path: Path) -> None:
    assert Lake(tmp_path).current() is None
    assert Lake(tmp_path).versions() == []


def test_a_committed_version_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    version = _commit(Lake(tmp_path), ["b", "a"], ["北京", None])
    lake = Lake(tmp_path)
    current = lake.current()
    assert current == version
    tables = lake.tables(version)
    assert tables.users([USER_NO, "tag:city"]).rows() == [(0, "北京"), (1, None)]
    assert tables.events("login", [USER_NO, "prop:x"]).rows() == [(0, 1.0), (1, 1.0)]
    assert tables.events("none", [USER_NO, AT, DAY]).is_empty()
    assert tables.keys().rows() == [(0, "b", user_hash("b")), (1, "a", user_hash("a"))]
    assert (version.user_count, version.event_count) == (2, 2)
    assert version.bytes == sum(p.stat().st_size for p in tmp_path.rglob("*.parquet"))
    assert tables.segments_of(None) == (version.users[0].id,)
    with pytest.raises(NotFound):
        tables.events("logn", [USER_NO])


def test_the_same_rows_again_share_their_segments(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = _commit(lake, ["a", "b"], ["x", "y"])
    second = _commit(lake, ["a", "b"], ["x", "z"])
    assert first.id != second.id
    assert first.events == second.events
    assert first.users != second.users
    assert first.keys == second.keys
    assert len(list((tmp_path / "segments").iterdir())) == 3


def test_numbers_are_never_given_twice_even_after_going_back(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = _commit(lake, ["a"], ["x"])
    _commit(lake, ["b"], ["x"])
    lake.activate(first.id)
    third = _commit(lake, ["c", "a"], ["x", "x"])
    assert lake.tables(third).keys()["user_id"].to_list() == ["a", "b", "c"]
    assert lake.tables(third).users([USER_NO])[USER_NO].to_list() == [0, 2]
    assert lake.versions()[0].id == third.id
    assert len(lake.versions()) == 3


def test_leaving_without_a_commit_changes_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    before = _commit(lake, ["a"], ["x"])
    files = sorted(tmp_path.rglob("*"))

    def fail() -> None:
        with lake.begin() as draft:
            _write(draft, ["z"], ["q"])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert sorted(tmp_path.rglob("*")) == files
    assert lake.current() == before
    assert lake.tables(_commit(lake, ["y"], ["x"])).keys()["user_id"].to_list() == ["a", "y"]


def test_going_back_to_an_earlier_version_and_to_one_that_does_not_exist(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    first = _commit(lake, ["a"], ["x"])
    second = _commit(lake, ["a"], ["y"])
    assert lake.activate(first.id) == first
    assert lake.current() == first
    for wrong in (second.id[:-1], "../../etc/passwd", ""):
        with pytest.raises(NotFound) as error:
            lake.activate(wrong)
        assert message_of(error.value.problems[0])["zh"]
    assert lake.current() == first


def test_a_second_import_at_the_same_time_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.begin() as draft:
        with pytest.raises(Conflict) as error, Lake(tmp_path).begin():
            pass
        assert error.value.code == "import_running"
        with pytest.raises(Conflict):
            lake.sweep()
        assert draft.folder.is_dir()


def test_the_sweep_removes_what_no_version_names_and_nothing_else(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    version = _commit(lake, ["a"], ["x"])
    for stale in ("segments/feed/00000.parquet", "incoming/dead/x", "keys/0000000009-x.parquet", "rejects/gone.csv",
                  "versions/.x.json.1.tmp", ".CURRENT.1.tmp"):  # fmt: skip
        (tmp_path / stale).parent.mkdir(exist_ok=True)
        (tmp_path / stale).write_bytes(b"x")
    assert lake.sweep() == [
        ".CURRENT.1.tmp", "incoming/dead", "keys/0000000009-x.parquet", "rejects/gone.csv", "segments/feed", "versions/.x.json.1.tmp",
    ]  # fmt: skip
    assert lake.sweep() == []
    assert lake.tables(version).users(["tag:city"]).rows() == [("x",)]


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
@pytest.mark.parametrize("where", ["users", "events", "keys"])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, harm: str, where: str) -> None:
    version = _commit(Lake(tmp_path), ["a"], ["x"])
    path = {
        "users": tmp_path / "segments" / version.users[0].id / version.users[0].files[0].name,
        "events": tmp_path
        / "segments"
        / version.events["login"][0].id
        / version.events["login"][0].files[0].name,
        "keys": tmp_path / "keys" / version.keys[0].name,
    }[where]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(content if harm == "flip" else content[:-3])
    tables = Lake(tmp_path).tables(version)
    read = {
        "keys": tables.keys,
        "users": lambda: tables.users([USER_NO]),
        "events": lambda: tables.events("login", [USER_NO]),
    }
    with pytest.raises(WorkspaceError) as error:
        read[where]()
    assert error.value.code == ("segment_missing" if harm == "gone" else "segment_damaged")
    assert path.name in message_of(error.value.problems[0])["en"]


@pytest.mark.parametrize("content", [b"", b"{", b"{}", None])
def test_a_damaged_version_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    version = _commit(Lake(tmp_path), ["a"], ["x"])
    path = tmp_path / "versions" / f"{version.id}.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(WorkspaceError) as error:
        Lake(tmp_path).current()
    assert error.value.code == "version_damaged"


def test_ids_get_numbers_in_order_of_appearance_and_keep_them() -> None:
    book = KeyBook(pl.Series(["a", "b"]))
    assert book.numbers_of(pl.Series(["c", "b", "c", "", "a"])).to_list() == [2, 1, 2, 3, 0]
    assert book.numbers_of(
        pl.concat([pl.Series(["é"]), pl.Series(["用户", "c"])], rechunk=False)
    ).to_list() == [4, 5, 2]
    assert book.new_ids().to_list() == ["c", "", "é", "用户"]
    assert book.ids_of(pl.Series([5, 0], dtype=pl.UInt32)).to_list() == ["用户", "a"]
    assert (book.count, book.known_count) == (6, 2)
    assert KeyBook(pl.Series([], dtype=pl.String)).numbers_of(pl.Series(["x"])).to_list() == [0]


def test_hashes_of_many_ids_are_those_of_the_rules() -> None:
    ids = ["u0001", "00001", "用户 5", ""]
    assert user_hashes(pl.Series(ids)).tolist() == [user_hash(i) for i in ids]


def test_tables_from_frames_put_themselves_in_order() -> None:
    at = [dt.datetime(2019, 7, 2, tzinfo=dt.UTC), dt.datetime(2019, 7, 1, tzinfo=dt.UTC)]
    tables = FrameTables(
        CATALOGUE,
        pl.DataFrame({USER_NO: pl.Series([1, 0], dtype=pl.UInt32), "tag:city": ["b", "a"]}),
        {"login": pl.DataFrame({USER_NO: pl.Series([0, 0], dtype=pl.UInt32), AT: at})},
        pl.DataFrame(
            {
                USER_NO: pl.Series([0, 1], dtype=pl.UInt32),
                "user_id": ["a", "b"],
                "hash": pl.Series([1, 2], dtype=pl.UInt64),
            }
        ),
    )
    assert tables.users([USER_NO, EXISTS_FROM, "tag:city"]).rows() == [(0, None, "a"), (1, None, "b")]
    assert tables.events("login", [AT])[AT].to_list() == at[::-1]
    assert tables.segments_of(None) != tables.segments_of("login")
