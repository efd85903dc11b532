"""An import being prepared: what is kept, what is guessed, and which files a plan may name."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import PlanError
from core.ingest import plan_from_toml
from dashboard.import_draft import ImportDraft
from dashboard.uploads import DraftFolder, UploadRefused

MEMBERS = "user_id,city,points,phone\nu1,北京,5,13800000001\nu2,上海,7,13800000002\n"
ORDERS = "user_id,paid_at,amount\nu1,2019-07-01 10:00:00,5\nu1,2019-07-02 10:00:00,6\n"
PLAN = '[[users]]\nsource = "{source}"\nid = "user_id"\n[users.tags.city]\n'


class Sent(io.BytesIO):
    def __init__(self, name: str, text: str | bytes) -> None:
        super().__init__(text.encode() if isinstance(text, str) else text)
        self.name = name
        self.size = self.getbuffer().nbytes


@pytest.fixture
def folder(tmp_path: Path) -> DraftFolder:
    return DraftFolder(tmp_path / "uploads", "browser")


@pytest.fixture
def draft(folder: DraftFolder, tmp_path: Path) -> ImportDraft:
    data = tmp_path / "data"
    data.mkdir()
    (data / "large.csv").write_text(MEMBERS, encoding="utf-8")
    return ImportDraft(folder, data, "Asia/Shanghai")


def test_uploaded_files_become_a_guessed_plan(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS), Sent("orders.csv", ORDERS)])
    assert draft.troubles() == ()
    plan = draft.whole_plan()
    assert (plan.time_zone, plan.users[0].id, plan.events[0].event) == ("Asia/Shanghai", "user_id", "orders")
    assert plan.users[0].tags["phone"].personal == "phone"


def test_corrections_stay_when_more_files_come(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    rows = tuple(replace(row, zh="积分") if row.column == "points" else row for row in draft.forms[0].rows)
    draft.change(0, replace(draft.forms[0], rows=rows))
    draft.add_uploads([Sent("orders.csv", ORDERS)])
    points = draft.whole_plan().users[0].tags["points"]
    assert points.label is not None
    assert points.label.zh == "积分"


def test_a_draft_is_found_again_as_it_was_left(draft: ImportDraft, folder: DraftFolder) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    draft.set_plan(time_zone="Europe/London")
    again = ImportDraft(folder, None, "Asia/Shanghai")
    assert again.whole_plan() == draft.whole_plan()
    assert again.plan.time_zone == "Europe/London"


def test_a_file_without_an_id_waits_for_the_operator_to_choose_one(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("people.csv", "wer,city\na,北京\nb,上海\n")])
    assert [form.holds for form in draft.forms] == ["nothing"]
    draft.change(0, replace(draft.forms[0], holds="users"))
    assert [trouble.key for trouble in draft.troubles()] == ["data.problem.no_id"]
    rows = tuple(replace(row, role="id") if row.column == "wer" else row for row in draft.forms[0].rows)
    draft.change(0, replace(draft.forms[0], rows=rows))
    assert draft.whole_plan().users[0].id == "wer"


def test_a_file_that_cannot_be_read_says_why_and_the_others_stay(draft: ImportDraft) -> None:
    mixed = MEMBERS.encode("gb18030") + "u3,广州,9,13800000003\n".encode()
    draft.add_uploads([Sent("users.csv", MEMBERS), Sent("mixed.csv", mixed)])
    assert set(draft.unreadable) == {"mixed.csv"}
    assert draft.whole_plan().users[0].source == "users.csv"


def test_a_plan_that_is_uploaded_takes_the_place_of_the_guess(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("my.toml", PLAN.format(source="data/users.csv"))])
    assert draft.absent() == ["users.csv"]
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    assert draft.absent() == []
    assert list(draft.whole_plan().users[0].tags) == ["city"]


def test_a_bad_plan_leaves_the_draft_as_it_was(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    before = draft.whole_plan()
    with pytest.raises(PlanError):
        draft.set_text("time_zone = 'Asia/Shanghia'")
    with pytest.raises(PlanError):
        draft.add_uploads([Sent("plan.toml", "= no toml"), Sent("more.csv", MEMBERS)])
    assert draft.whole_plan() == before
    assert [path.name for path in draft.folder.files()] == ["users.csv"]


@pytest.mark.parametrize("source", ["/etc/passwd", "/proc/self/environ", "{uploads}/*/users.csv"])
def test_a_plan_may_name_no_file_elsewhere(draft: ImportDraft, folder: DraftFolder, source: str) -> None:
    with pytest.raises(PlanError) as refused:
        draft.set_text(PLAN.format(source=source.format(uploads=folder.path.parent)))
    assert refused.value.code == "path_not_allowed"


def test_a_relative_path_cannot_climb_out(draft: ImportDraft, folder: DraftFolder) -> None:
    other = DraftFolder(folder.path.parent, "somebody else")
    other.add([Sent("theirs.csv", MEMBERS)])
    draft.set_text(PLAN.format(source=f"../{other.path.name}/theirs.csv"))
    assert draft.absent() == ["theirs.csv"]


def test_a_file_of_the_configured_folder_is_named_where_it_lies(draft: ImportDraft, tmp_path: Path) -> None:
    large = tmp_path / "data" / "large.csv"
    draft.add_paths([large])
    assert draft.whole_plan().users[0].source == str(large)
    draft.remove(str(large))
    assert draft.is_empty
    assert large.exists()


def test_the_sample_can_be_looked_at(draft: ImportDraft) -> None:
    draft.use_sample()
    assert draft.troubles() == ()
    assert draft.absent() == []
    assert draft.unreadable == {}
    assert len(draft.whole_plan().journey) == 3


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ([Sent("a.toml", ""), Sent("b.toml", "")], "data.upload.two_plans"),
        ([Sent("a.toml", "# 方案".encode("gb18030"))], "data.upload.plan_encoding"),
        ([Sent("a.toml", "#" * (2**20 + 1))], "data.upload.plan_too_large"),
    ],
)
def test_a_plan_that_cannot_be_kept_is_refused(draft: ImportDraft, sent: list[Sent], key: str) -> None:
    with pytest.raises(UploadRefused) as refused:
        draft.add_uploads(sent)
    assert refused.value.key == key


def test_clearing_forgets_files_and_plan(draft: ImportDraft, folder: DraftFolder) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    draft.clear()
    assert draft.is_empty
    assert not folder.path.exists()


def test_the_text_of_the_draft_is_its_plan(draft: ImportDraft) -> None:
    draft.add_uploads([Sent("users.csv", MEMBERS)])
    assert plan_from_toml(draft.text()) == draft.whole_plan()
