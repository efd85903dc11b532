"""Audiences, drafts, kept rules and the log, in both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.audiences.records import Actor, Audience, ExportRecord
from core.errors import Conflict, NotFound, WorkspaceError
from core.messages import message_of
from core.store import AudienceStore, Database, DraftStore, RecordStore, drafts

NOW = datetime(2026, 1, 1, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LI, WU = Actor("李"), Actor("Wu", verified=True)
RULE = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": []}}


@pytest.fixture
def audiences(database: Database) -> AudienceStore:
    return AudienceStore(database)


@pytest.fixture
def saved(audiences: AudienceStore) -> Audience:
    return audiences.create("闭门会", "七月", RULE, LI, NOW)


def test_a_saved_audience_comes_back_as_it_was(audiences: AudienceStore, saved: Audience) -> None:
    assert audiences.all() == [saved]
    assert audiences.get(saved.id) == audiences.get("闭门会") == saved
    assert (saved.rule, saved.note, saved.created_by, saved.created_at, saved.revision) == (
        RULE,
        "七月",
        LI,
        NOW,
        1,
    )


def test_a_change_keeps_who_made_it_first_and_counts_on(audiences: AudienceStore, saved: Audience) -> None:
    changed = audiences.save(saved.id, 1, name="闭门会二", note="", rule={"x": 1}, actor=WU, at=LATER)
    assert (changed.created_by, changed.created_at) == (LI, NOW)
    assert (changed.changed_by, changed.changed_at, changed.revision) == (WU, LATER, 2)
    assert audiences.get(saved.id) == changed


def test_a_stale_save_is_refused_and_says_who_and_when(audiences: AudienceStore, saved: Audience) -> None:
    audiences.save(saved.id, 1, name="闭门会", note="", rule={}, actor=WU, at=LATER)
    with pytest.raises(Conflict) as refused:
        audiences.save(saved.id, 1, name="闭门会", note="mine", rule=RULE, actor=LI, at=LATER)
    words = message_of(refused.value.problems[0])
    assert refused.value.code == "audience_changed"
    assert all("Wu" in text and "2026-01-01 09:30" in text for text in words.values())
    assert audiences.get(saved.id).note == ""


@pytest.mark.parametrize("name", ["闭门会", "  闭门会 ", "Ａbc", "ABC"])
def test_names_that_people_would_take_for_the_same_are_one_name(
    name: str, audiences: AudienceStore, saved: Audience
) -> None:
    audiences.create("abc", "", RULE, LI, NOW)
    with pytest.raises(Conflict) as refused:
        audiences.create(name, "", RULE, WU, LATER)
    assert refused.value.code == "audience_name_taken"
    other = audiences.create("other", "", RULE, WU, LATER)
    with pytest.raises(Conflict):
        audiences.rename(other.id, name, WU, LATER)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("  ", "audience_name_missing"),
        ("x" * 101, "audience_name_too_long"),
        ("two\nlines", "audience_name_unprintable"),
        ("\ud800", "audience_name_unprintable"),
    ],
)
def test_a_name_that_cannot_be_shown_is_refused(name: str, code: str, audiences: AudienceStore) -> None:
    with pytest.raises(WorkspaceError) as refused:
        audiences.create(name, "", RULE, LI, NOW)
    assert refused.value.code == code
    assert audiences.all() == []


def test_renaming_to_its_own_name_in_other_letters_is_allowed(audiences: AudienceStore) -> None:
    made = audiences.create("july", "", RULE, LI, NOW)
    assert audiences.rename(made.id, "July", LI, LATER).name == "July"


def test_renaming_and_deleting_may_name_the_revision_seen(audiences: AudienceStore, saved: Audience) -> None:
    audiences.rename(saved.id, "新名", WU, LATER, revision=1)
    with pytest.raises(Conflict):
        audiences.rename(saved.id, "又一个", LI, LATER, revision=1)
    with pytest.raises(Conflict):
        audiences.delete(saved.id, LI, LATER, revision=1)
    audiences.delete(saved.id, LI, LATER, revision=2)
    assert audiences.all() == []


def test_a_copy_gets_the_first_free_number(audiences: AudienceStore, saved: Audience) -> None:
    assert audiences.duplicate(saved.id, WU, LATER).name == "闭门会 (2)"
    third = audiences.duplicate(saved.id, WU, LATER)
    assert (third.name, third.rule, third.created_by, third.revision) == ("闭门会 (3)", RULE, WU, 1)
    assert audiences.duplicate(saved.id, WU, LATER, name="另一个").name == "另一个"


def test_the_copy_of_a_long_name_stays_a_name(audiences: AudienceStore) -> None:
    made = audiences.create("长" * 100, "", RULE, LI, NOW)
    assert audiences.duplicate(made.id, LI, NOW).name == "长" * 96 + " (2)"


@pytest.mark.parametrize(
    "act",
    [
        lambda audiences: audiences.save("gone", 1, name="x", note="", rule={}, actor=LI, at=NOW),
        lambda audiences: audiences.rename("gone", "x", LI, NOW),
        lambda audiences: audiences.duplicate("gone", LI, NOW),
        lambda audiences: audiences.delete("gone", LI, NOW),
    ],
    ids=["save", "rename", "duplicate", "delete"],
)
def test_what_is_gone_cannot_be_changed(
    act: Callable[[AudienceStore], object], audiences: AudienceStore
) -> None:
    with pytest.raises(NotFound):
        act(audiences)


@pytest.mark.parametrize("name", ["闭门会", "ﷺ" * 55, "x" * 100])
def test_a_deleted_audience_leaves_its_name_to_others_and_comes_back_under_another(
    name: str, audiences: AudienceStore
) -> None:
    old = audiences.create(name, "", RULE, LI, NOW)
    audiences.delete(old.id, WU, LATER)
    (deleted,) = audiences.deleted()
    assert (deleted.audience, deleted.at, deleted.by) == (old, LATER, WU)
    new = audiences.create(name, "", RULE, LI, LATER)
    with pytest.raises(Conflict, match="audience_name_taken"):
        audiences.restore(old.id, LI, LATER)
    back = audiences.restore(old.id, LI, LATER, name="旧的")
    assert (back.id, back.name, back.revision) == (old.id, "旧的", 2)
    assert {one.id for one in audiences.all()} == {old.id, new.id}
    assert [version.action for version in audiences.versions(old.id)] == ["restore_audience", "save_audience"]


def test_what_was_deleted_is_let_go_only_when_that_was_long_enough_ago(
    audiences: AudienceStore, saved: Audience
) -> None:
    audiences.delete(saved.id, LI, LATER)
    with pytest.raises(NotFound, match="audience_not_deleted"):
        audiences.purge(saved.id, LI, LATER, deleted_before=LATER)
    audiences.purge(saved.id, LI, LATER, deleted_before=LATER + timedelta(seconds=1))
    assert audiences.deleted() == audiences.versions(saved.id) == []


def test_an_unknown_name_brings_the_nearest(audiences: AudienceStore) -> None:
    audiences.create("july meeting", "", RULE, LI, NOW)
    with pytest.raises(NotFound) as refused:
        audiences.get("july meting")
    assert refused.value.problems[0].nearest == "july meeting"


def test_of_threads_that_save_the_same_audience_exactly_one_wins(
    audiences: AudienceStore, saved: Audience
) -> None:
    def save(n: int) -> bool:
        try:
            audiences.save(saved.id, 1, name="闭门会", note=str(n), rule=RULE, actor=Actor(f"p{n}"), at=LATER)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(save, range(8)))
    assert won.count(True) == 1
    assert audiences.get(saved.id).note == str(won.index(True))


def test_of_threads_that_take_the_same_name_exactly_one_wins(audiences: AudienceStore) -> None:
    def create(n: int) -> bool:
        try:
            audiences.create("七月", "", RULE, Actor(f"p{n}"), NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1
    assert len(audiences.all()) == 1


def test_of_processes_that_save_the_same_audience_exactly_one_wins(tmp_path: Path) -> None:
    made = AudienceStore(Database(tmp_path)).create("七月", "", RULE, LI, NOW)
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC;"
        "from core.audiences.records import Actor; from core.errors import Conflict;"
        "from core.store import AudienceStore, Database\n"
        "try: AudienceStore(Database(Path(sys.argv[1]))).save(sys.argv[2], 1, name='七月', note='', rule={},"
        " actor=Actor('p'), at=datetime.now(UTC))\n"
        "except Conflict: sys.exit(2)"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), made.id]) for _ in range(3)]
    assert sorted(process.wait(60) for process in running) == [0, 2, 2]


def test_every_change_stands_in_the_log(database: Database, audiences: AudienceStore) -> None:
    made = audiences.create("七月", "", RULE, LI, NOW)
    audiences.rename(made.id, "八月", WU, LATER)
    audiences.delete(made.id, WU, LATER)
    entries = RecordStore(database).entries(10)
    assert [(entry.action, entry.subject, entry.by) for entry in entries] == [
        ("delete_audience", "八月", WU),
        ("rename_audience", "八月", WU),
        ("save_audience", "七月", LI),
    ]


def test_a_refused_change_leaves_no_entry(
    database: Database, audiences: AudienceStore, saved: Audience
) -> None:
    with pytest.raises(Conflict):
        audiences.save(saved.id, 7, name="x", note="", rule={}, actor=LI, at=NOW)
    assert len(RecordStore(database).entries(10)) == 1


def test_a_draft_is_kept_per_browser_in_its_newest_state(database: Database) -> None:
    store = DraftStore(database)
    store.save("a", {"n": 1}, NOW)
    store.save("a", {"n": 2, "text": "你好\x00\ud800"}, NOW)
    assert store.load("a") == {"n": 2, "text": "你好\x00\ud800"}
    assert store.load("b") is None


def test_a_draft_without_bounds_is_refused_and_the_last_one_stays(database: Database) -> None:
    store = DraftStore(database)
    store.save("a", {"n": 1}, NOW)
    with pytest.raises(WorkspaceError, match="draft_too_large"):
        store.save("a", {"text": "x" * drafts.MAX_DRAFT_BYTES}, NOW)
    with pytest.raises(WorkspaceError, match="draft_owner_unreadable"):
        store.save("a" * 201, {}, NOW)
    assert store.load("a") == {"n": 1}


def test_drafts_that_nobody_touched_for_long_are_dropped(database: Database) -> None:
    store = DraftStore(database)
    store.save("old", {}, NOW)
    store.save("new", {}, NOW + timedelta(days=drafts.DRAFT_DAYS + 1))
    assert store.load("old") is None


def test_the_same_rule_has_the_same_token_and_the_token_says_nothing(database: Database) -> None:
    store = DraftStore(database)
    rule = {"phone": "13800000001"}
    token = store.keep_rule(rule, NOW)
    assert store.keep_rule(dict(rule), LATER) == token
    assert store.keep_rule({"phone": "13800000002"}, NOW) != token
    assert "13800000001" not in token
    assert len(token) >= 20
    assert store.kept_rule(token) == rule
    with pytest.raises(NotFound):
        store.kept_rule("guess")
    with pytest.raises(WorkspaceError, match="rule_too_large"):
        store.keep_rule({"x": "y" * drafts.MAX_RULE_BYTES}, NOW)


def test_threads_that_keep_the_same_rule_get_one_token(database: Database) -> None:
    store = DraftStore(database)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: store.keep_rule({"a": 1}, NOW), range(16)))
    assert len(tokens) == 1


def record(number: int) -> ExportRecord:
    return ExportRecord(
        id=str(number), at=NOW + timedelta(minutes=number), by=LI, audience_name=None, purpose="contact",
        reason="回访", format="csv", fields=("city", "phone"), revealed=("phone",), rule=RULE,
        sentence={"zh": "全部", "en": "all"}, data_version="v", as_of=date(2019, 7, 14), rows=3,
        sha256="0" * 64, file_name="x.csv", path="/x.csv",
    )  # fmt: skip


def test_exports_come_back_newest_first_each_with_its_entry_in_the_log(database: Database) -> None:
    records = RecordStore(database)
    for number in range(3):
        records.add_export(record(number), before_commit=lambda: None)
    assert records.exports(2) == [record(2), record(1)]
    entry = records.entries(1)[0]
    assert (entry.action, entry.subject, entry.detail["revealed"]) == ("export", "x.csv", ["phone"])


def test_an_export_whose_files_cannot_be_put_in_place_is_not_kept(database: Database) -> None:
    def fail() -> None:
        raise OSError("no place")

    records = RecordStore(database)
    with pytest.raises(OSError, match="no place"):
        records.add_export(record(1), before_commit=fail)
    assert records.exports(10) == []
    assert records.entries(10) == []
