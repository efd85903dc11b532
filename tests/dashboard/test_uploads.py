"""Files from the browser: safe names, bounds, nothing half written, swept when old."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard import uploads
from dashboard.i18n import texts
from dashboard.uploads import DraftFolder, UploadRefused, files_below, readable_bytes, safe_name, sweep


@dataclass
class Sent:
    name: str
    content: bytes = b"user_id\nu1\n"
    claimed: int | None = None

    @property
    def size(self) -> int:
        return len(self.content) if self.claimed is None else self.claimed

    def getbuffer(self) -> memoryview:
        return memoryview(self.content)


@pytest.fixture
def draft(tmp_path: Path) -> DraftFolder:
    return DraftFolder(tmp_path / "uploads", "a browser")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("users.csv", "users.csv"),
        ("用户 2019（上）.csv", "用户 2019（上）.csv"),
        ("all[1]*.csv", "all_1__.csv"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\data\\orders.csv", "orders.csv"),
        (".hidden.csv", "hidden.csv"),
        ("a\x00b\nc.csv", "a_b_c.csv"),
        ("plan.toml", "_plan.toml"),
        ("<script>.csv", "_script_.csv"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_name_from_the_browser_cannot_leave_its_folder(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("given", ["长" * 200 + ".csv.gz", "x" * 500, "a." + "b" * 400])
def test_a_long_name_is_cut_to_what_every_disk_takes(given: str) -> None:
    assert 0 < len(safe_name(given).encode()) <= 120


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("长" * 200 + ".csv.gz").endswith(".csv.gz")


def test_uploaded_files_are_kept_and_listed_by_name(draft: DraftFolder) -> None:
    paths = draft.add([Sent("users.csv"), Sent("orders.csv", b"a,b\n1,2\n")])
    assert [p.name for p in paths] == ["users.csv", "orders.csv"]
    assert [p.name for p in draft.files()] == ["orders.csv", "users.csv"]
    assert paths[1].read_bytes() == b"a,b\n1,2\n"


def test_a_file_uploaded_again_replaces_the_first(draft: DraftFolder) -> None:
    draft.add([Sent("users.csv", b"old")])
    draft.add([Sent("users.csv", b"new")])
    assert [p.read_bytes() for p in draft.files()] == [b"new"]


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ([Sent("users.csv"), Sent("empty.csv", b"")], "data.upload.empty"),
        ([Sent("users.csv"), Sent("big.csv", claimed=200 * 2**20 + 1)], "data.upload.too_large"),
        ([Sent("users.csv"), Sent("run.exe")], "data.upload.kind"),
        ([Sent("users.csv"), Sent("dir/users.csv")], "data.upload.same_name"),
        ([Sent(f"{i}.csv") for i in range(51)], "data.upload.too_many"),
        ([Sent(f"{i}.csv", claimed=199 * 2**20) for i in range(11)], "data.upload.too_much"),
    ],
)
def test_one_bad_file_refuses_all_and_writes_nothing(draft: DraftFolder, sent: list[Sent], key: str) -> None:
    with pytest.raises(UploadRefused) as refused:
        draft.add(sent)
    assert refused.value.key == key
    for wording in texts()[key].values():
        assert wording.format(**refused.value.params)
    assert draft.files() == []


def test_a_full_disk_leaves_no_half_file_and_the_old_one(
    draft: DraftFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft.add([Sent("users.csv", b"old")])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UploadRefused) as refused:
        draft.add([Sent("users.csv", b"new")])
    assert refused.value.key == "data.upload.disk"
    assert [p.read_bytes() for p in draft.path.iterdir()] == [b"old"]


def test_the_plan_lies_beside_the_files_and_is_none_of_them(draft: DraftFolder) -> None:
    draft.add([Sent("users.csv")])
    draft.write_plan('time_zone = "Asia/Shanghai"\n')
    assert draft.plan_file.read_text(encoding="utf-8") == 'time_zone = "Asia/Shanghai"\n'
    assert [p.name for p in draft.files()] == ["users.csv"]


def test_a_draft_is_cleared_with_everything_in_it(draft: DraftFolder) -> None:
    draft.add([Sent("users.csv")])
    draft.write_plan("")
    draft.clear()
    assert not draft.path.exists()
    draft.clear()


def test_removing_takes_one_file_and_no_other(draft: DraftFolder) -> None:
    draft.add([Sent("users.csv"), Sent("orders.csv")])
    draft.remove("users.csv")
    draft.remove("../../anything")
    assert [p.name for p in draft.files()] == ["orders.csv"]


def test_two_browsers_have_two_drafts(tmp_path: Path) -> None:
    one, other = DraftFolder(tmp_path, "one"), DraftFolder(tmp_path, "../other")
    one.add([Sent("users.csv")])
    assert other.files() == []
    assert other.path.parent == tmp_path


def test_drafts_that_nobody_touched_for_a_week_are_swept(tmp_path: Path) -> None:
    old, new = DraftFolder(tmp_path, "old"), DraftFolder(tmp_path, "new")
    for draft in (old, new):
        draft.add([Sent("users.csv")])
    present = new.files()[0].stat().st_mtime
    for path in (old.files()[0], old.path):
        os.utime(path, (present - uploads.KEPT_SECONDS - 60,) * 2)
    assert sweep(tmp_path, now=present) == 1
    assert not old.path.exists()
    assert new.files()
    assert sweep(tmp_path / "absent") == 0


def test_the_folder_lists_only_readable_files_inside_it(tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    folder = tmp_path / "data"
    (folder / "2019").mkdir(parents=True)
    for name in ("2019/users.csv", "orders.parquet", "notes.md"):
        (folder / name).write_text("x")
    (folder / "link.csv").symlink_to(outside)
    assert files_below(folder) == [Path("2019/users.csv"), Path("orders.parquet")]
    assert files_below(folder, limit=1) == [Path("2019/users.csv")]


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (1023, "1023 B"), (3_565_158, "3.4 MB"), (200 * 2**20, "200 MB"), (2**31, "2 GB")],
)
def test_sizes_read_as_people_write_them(size: int, words: str) -> None:
    assert readable_bytes(size) == words
