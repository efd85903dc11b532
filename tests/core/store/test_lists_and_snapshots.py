"""Lists and snapshots in both databases: names, replacing, refusals, the log, and the way from older tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect, text

from core.audiences.naming import names_list
from core.audiences.records import Actor, PeopleList, Snapshot
from core.errors import Conflict, NotFound
from core.lake.versions import FileRef
from core.messages import message_of
from core.store import AudienceStore, Database, PeopleStore, RecordStore, upgrade

NOW = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LI, WU = Actor("李"), Actor("Wu", verified=True)
FILE = FileRef(name="abc.parquet", sha256="0" * 64, rows=3, bytes=700)
INVITED = PeopleList(
    id="l1", name="闭门会", source="邀请.csv", column="手机", match="phone", rows=8, empty=1, duplicates=2,
    matched=3, unmatched=2, unreadable=1, people=3, data_version="v1", file=FILE, at=NOW, by=LI,
)  # fmt: skip


def rule_on(name: str) -> dict[str, Any]:
    inner = {"kind": "group", "id": "g1", "match": "any", "children": [
        {"kind": "list", "id": "c", "list": name, "in": False}]}  # fmt: skip
    return {"version": 1, "include": {"kind": "group", "id": "g", "match": "all", "children": [inner]}}


def nothing() -> None:
    """Put no further file in place."""


@pytest.fixture
def people(database: Database) -> PeopleStore:
    return PeopleStore(database)


def put(people: PeopleStore, new: PeopleList, *, replaces: bool = False) -> PeopleList:
    return people.put_list(new, replaces=replaces, before_commit=nothing)[0]


def test_a_list_comes_back_as_it_was(people: PeopleStore) -> None:
    assert people.put_list(INVITED, replaces=False, before_commit=nothing) == (INVITED, False)
    assert people.lists() == [INVITED]
    assert people.people_list(" 闭门会 ") == INVITED
    assert people.list_files() == {"abc.parquet"}


def test_a_list_of_the_same_name_is_replaced_only_when_that_is_said(people: PeopleStore) -> None:
    put(people, INVITED)
    again = replace(INVITED, id="l2", file=FILE.model_copy(update={"name": "new.parquet"}), at=LATER, by=WU)
    with pytest.raises(Conflict) as refused:
        put(people, again)
    words = message_of(refused.value.problems[0])
    assert refused.value.code == "list_exists"
    assert all("李" in told and "2026-01-01 08:30" in told for told in words.values())
    assert people.put_list(again, replaces=True, before_commit=nothing) == (replace(again, id="l1"), True)
    assert people.list_files() == {"new.parquet"}


def test_nothing_is_kept_when_a_file_beside_it_cannot_be_put_in_place(
    people: PeopleStore, database: Database
) -> None:
    def fail() -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        people.put_list(INVITED, replaces=False, before_commit=fail)
    assert people.lists() == []
    assert RecordStore(database).entries(9) == []


def test_a_list_that_an_audience_names_is_not_removed(people: PeopleStore, database: Database) -> None:
    audiences = AudienceStore(database)
    put(people, INVITED)
    put(people, replace(INVITED, id="l3", name="别的"))
    for name, named in (("甲", "闭门会"), ("乙", "闭门会 "), ("丙", "别的")):
        audiences.create(name, "", rule_on(named), LI, NOW)
    with pytest.raises(Conflict) as refused:
        people.remove_list("闭门会", is_named_in=names_list, actor=LI, at=NOW)
    assert (refused.value.code, set(refused.value.problems[0].params["audiences"])) == (
        "list_in_use",
        {"甲", "乙"},
    )
    for name in ("甲", "乙"):
        audiences.delete(audiences.get(name).id, LI, NOW)
    assert people.remove_list("闭门会", is_named_in=names_list, actor=WU, at=LATER) == INVITED
    assert [one.name for one in people.lists()] == ["别的"]


def test_an_unknown_list_is_named_with_the_nearest(people: PeopleStore) -> None:
    put(people, INVITED)
    for ask in (
        people.people_list,
        lambda name: people.remove_list(name, is_named_in=names_list, actor=LI, at=NOW),
    ):
        with pytest.raises(NotFound) as refused:
            ask("闭门")
        (problem,) = refused.value.problems
        assert (problem.code, problem.allowed, problem.nearest) == ("list_unknown", ("闭门会",), "闭门会")


def test_snapshots_come_newest_first_and_go_with_their_audience(
    people: PeopleStore, database: Database
) -> None:
    audiences = AudienceStore(database)
    one, other = (audiences.create(name, "", rule_on("x"), LI, NOW) for name in ("甲", "乙"))
    first = Snapshot("s1", one.id, date(2019, 6, 30), "v1", one.rule, 3, FILE, NOW, LI)
    second = replace(first, id="s2", as_of=date(2019, 7, 14), at=LATER, by=WU)
    for snapshot in (first, second, replace(first, id="s3", audience_id=other.id)):
        people.add_snapshot(snapshot)
    assert people.snapshots(one.id) == [second, first]
    audiences.delete(one.id, LI, LATER)
    with pytest.raises(NotFound, match="audience_unknown"):
        people.add_snapshot(replace(first, id="s4"))
    assert len(people.snapshots(one.id)) == 2  # it may be restored
    audiences.purge(one.id, LI, LATER)
    assert people.snapshots(one.id) == []
    assert [snapshot.id for snapshot in people.snapshots(other.id)] == ["s3"]
    with pytest.raises(NotFound, match="audience_unknown"):
        people.add_snapshot(first)
    assert people.snapshot_files() == {FILE.name}


def test_every_change_stands_in_the_log(people: PeopleStore, database: Database) -> None:
    audience = AudienceStore(database).create("甲", "", rule_on("x"), LI, NOW)
    put(people, INVITED)
    put(people, INVITED, replaces=True)
    people.remove_list("闭门会", is_named_in=names_list, actor=WU, at=LATER)
    people.add_snapshot(Snapshot("s1", audience.id, date(2019, 6, 30), "v1", {}, 3, FILE, NOW, LI))
    told = [(entry.action, entry.subject, entry.by) for entry in RecordStore(database).entries(4)]
    assert told == [
        ("snapshot_audience", "甲", LI),
        ("remove_list", "闭门会", WU),
        ("replace_list", "闭门会", LI),
        ("add_list", "闭门会", LI),
    ]


def test_a_database_of_the_first_release_with_audiences_in_it_is_brought_up_to_date(
    database: Database,
) -> None:
    audiences = AudienceStore(database)
    saved = audiences.create("七月", "备注", rule_on("x"), LI, NOW)
    with database.writing() as session:
        config = upgrade._config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0001")
        tables = set(inspect(session.connection()).get_table_names())
        assert not tables & {"lists", "snapshots"}
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
    database.close()
    people = PeopleStore(database)
    put(people, INVITED)
    people.add_snapshot(Snapshot("s1", saved.id, date(2019, 6, 30), "v1", {}, 3, FILE, NOW, LI))
    assert audiences.all() == [saved]
    assert len(people.snapshots(saved.id)) == 1


def test_of_two_who_upload_a_list_of_one_name_at_once_one_is_refused(people: PeopleStore) -> None:
    people.lists()  # the tables are there

    def upload(number: int) -> str:
        try:
            return put(people, replace(INVITED, id=f"l{number}", source=f"{number}.csv")).source
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(upload, range(4)))
    assert sorted(told)[1:] == ["list_exists"] * 3
    assert [one.source for one in people.lists()] == sorted(told)[:1]
