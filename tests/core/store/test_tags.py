"""Tags in the database: versions, two at once, and databases of the release before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect

from core.audiences.records import Actor
from core.errors import Conflict, NotFound
from core.lake.versions import FileRef
from core.rules.making_text import parse_making
from core.schema import Label
from core.store import AudienceStore, Database, RecordStore, TagStore, upgrade
from core.tags.records import TagDefinition, TagRecord

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LI, WU = Actor("李"), Actor("吴")
DOUBLE = TagDefinition(
    "double", Label(zh="双倍", en="Double"), parse_making({"kind": "formula", "text": "points * 2"})
)
FILE = FileRef(name="f.parquet", sha256="0" * 64, rows=1, bytes=10)


@pytest.fixture
def tags(database: Database) -> TagStore:
    return TagStore(database)


def create(tags: TagStore, definition: TagDefinition = DOUBLE, by: Actor = LI) -> TagRecord:
    (record,) = tags.create([definition], "active", by, NOW, admit=lambda _: None)
    return record


def change(tags: TagStore, definition: TagDefinition, version: int, by: Actor = LI) -> TagRecord:
    return tags.change(definition, version, "", by, NOW, admit=lambda _: None, told=lambda *_: [])


def test_what_is_kept_comes_back(tags: TagStore) -> None:
    kept = create(tags)
    assert tags.get("double") == kept
    assert tags.all() == [kept]
    assert [version.definition for version in tags.versions("double")] == [DOUBLE]
    with pytest.raises(NotFound) as unknown:
        tags.get("duble")
    assert unknown.value.problems[0].nearest == "double"


def test_the_stamp_moves_with_every_change_and_with_nothing_else(tags: TagStore, database: Database) -> None:
    seen = [tags.stamp()]
    create(tags)
    seen.append(tags.stamp())
    change(tags, replace(DOUBLE, unit="元"), 1)
    seen.append(tags.stamp())
    tags.move("double", "paused", LI, NOW, stands_at=date(2026, 1, 1), admit=lambda *_: None)
    seen.append(tags.stamp())
    assert tags.give("double", FILE, 0, {}, LI, NOW) is not None
    seen.append(tags.stamp())
    assert len(set(seen)) == len(seen)
    AudienceStore(database).create("甲", "", {"include": {}}, LI, NOW)
    assert tags.stamp() == seen[-1]
    assert TagStore(database).stamp() == seen[-1]


def test_a_stamp_is_never_older_than_a_commit_of_somebody_else(tags: TagStore, database: Database) -> None:
    other = TagStore(database)
    create(tags)
    for version in range(1, 30):
        assert other.stamp() == tags.stamp()
        change(tags, replace(DOUBLE, unit=str(version)), version)
    assert other.stamp() == (1, 30)


def test_what_admission_refuses_is_not_kept(tags: TagStore) -> None:
    def refuse(*_: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tags.create([DOUBLE], "active", LI, NOW, admit=refuse)
    assert tags.all() == []
    create(tags)
    with pytest.raises(ZeroDivisionError):
        tags.move("double", "retired", LI, NOW, admit=refuse)
    assert tags.get("double").status == "active"


def test_of_many_who_change_a_tag_at_once_one_wins_and_the_others_are_told(tags: TagStore) -> None:
    create(tags)

    def attempt(number: int) -> str:
        try:
            return change(tags, replace(DOUBLE, unit=str(number)), 1, Actor(f"{number}")).changed_by
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(attempt, range(4)))
    assert told[1:] == ["tag_changed"] * 3
    assert tags.get("double").changed_by == told[0]
    assert tags.get("double").version == 2


def test_of_many_who_make_a_tag_at_once_one_wins(tags: TagStore) -> None:
    tags.all()  # the tables are there

    def attempt(number: int) -> str:
        try:
            return create(tags, by=Actor(str(number))).created_by
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(attempt, range(4)))
    assert told[1:] == ["tag_key_taken"] * 3


def test_a_file_that_somebody_else_has_replaced_is_not_overwritten(tags: TagStore) -> None:
    create(tags)
    assert tags.give("double", FILE, 0, {}, LI, NOW) is not None
    assert tags.give("double", FILE, 0, {}, WU, NOW) is None
    assert tags.given_files() == {"f.parquet"}
    record = tags.get("double")
    assert record.given is not None
    assert (record.given.file, record.given.by, record.given_no) == (FILE, "李", 1)


def test_a_merge_is_whole_or_not_at_all(tags: TagStore, database: Database) -> None:
    create(tags)
    create(tags, replace(DOUBLE, key="other"))
    audiences = AudienceStore(database)
    saved = audiences.create("甲", "", {"include": "double"}, LI, NOW)
    tags.merge("double", "other", [], [(saved, {"include": "other"})], WU, NOW)
    assert audiences.get("甲").rule == {"include": "other"}
    assert tags.get("double").status == "retired"
    with pytest.raises(Conflict, match="audience_changed"):
        tags.merge("other", "double", [], [(saved, {"include": "x"})], WU, NOW)
    assert tags.get("other").status == "active"
    assert RecordStore(database).entries(1)[0].action == "merge_tag"


def test_a_database_of_the_release_before_with_audiences_in_it_is_brought_up_to_date(
    database: Database,
) -> None:
    audiences = AudienceStore(database)
    saved = audiences.create("七月", "备注", {"include": {}}, LI, NOW)
    audiences.delete(audiences.create("六月", "", {"include": {}}, LI, NOW).id, LI, NOW)
    with database.writing() as session:
        config = upgrade._config()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0002")
        tables = set(inspect(session.connection()).get_table_names())
        assert not tables & {"tags", "tag_versions"}
    database.close()
    tags = TagStore(database)
    create(tags)
    assert (audiences.all(), audiences.deleted()) == ([saved], [])
    assert [record.definition for record in tags.all()] == [DOUBLE]
