"""Lists and snapshots on the page of audiences: uploading, the report, refusals, removing, taking a snapshot."""

from __future__ import annotations

import csv
import io

import pytest

from dashboard import people_lists
from dashboard.i18n import said

PHONES = "姓名,手机\n王,13800000001\n李,13800000006\n王,13800000001\n赵,13799999999\n"


def shown(page):
    cells = [element.proto.body for element in page.get("html")]
    return " ".join([element.value.replace("\\", "") for element in (*page.markdown, *page.caption)] + cells)


def upload(page, name="邀请.csv", content=PHONES):
    page.file_uploader[0].upload(name, content.encode(), "text/csv").run()
    return page


@pytest.fixture
def listed(workspace, tmp_path, somebody):
    path = tmp_path / "邀请.csv"
    path.write_text(PHONES, encoding="utf-8")
    workspace.add_list("闭门会 *7月*", path, actor=somebody)
    return workspace


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_lists_the_page_teaches_what_one_is(workspace, open_page, language):
    page = open_page("audiences", language=language)
    assert said("lists.empty.title", language) in [header.value for header in page.header]
    assert not page.exception


def test_an_uploaded_file_becomes_a_list_with_a_report(workspace, open_page):
    page = upload(open_page("audiences"))
    assert page.text_input(key="lists_name_1").value == "邀请"
    assert page.selectbox(key="lists_column_1").options[1:] == ["姓名", "手机"]
    assert page.selectbox(key="lists_match_1").options[1:] == ["User id", "Phone"]
    page.button(key="lists_add").click().run()
    assert not page.error
    (kept,) = workspace.lists()
    assert (kept.name, kept.source, kept.match, kept.people) == ("邀请", "邀请.csv", "phone", 2)
    assert "2 people" in page.success[0].value
    told = shown(page)
    for words in ("Values that did not</dt><dd>1", "Duplicate rows</dt><dd>1", "137****9999"):
        assert words in told
    assert "13799999999" not in told
    assert list(workspace.upload_dir().glob("*/*")) == []


def test_the_unmatched_rows_are_downloaded_as_they_were_written(listed):
    (kept,) = listed.lists()
    path = listed.upload_dir() / "again.csv"
    path.write_text(PHONES, encoding="utf-8")
    report = listed.add_list("again", path, actor=kept.by)
    rows = list(csv.reader(io.StringIO(people_lists._csv(report).decode("utf-8-sig"))))
    assert rows == [["line", "手机"], ["5", "13799999999"]]


def test_a_list_of_the_same_name_is_replaced_when_that_is_ticked(listed, open_page):
    page = upload(open_page("audiences"), "新.csv", "user_id\nu4\n")
    page.text_input(key="lists_name_1").set_value("闭门会 *7月*").run()
    page.button(key="lists_add").click().run()
    assert "闭门会" in page.error[0].value
    assert listed.lists()[0].people == 2
    page.checkbox(key="lists_replace_1").check().run()
    page.button(key="lists_add").click().run()
    assert not page.error
    assert [(kept.people, kept.match) for kept in listed.lists()] == [(1, "id")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", "", "is empty"),
        ("x.pdf", "user_id", "cannot be read|not a kind"),
        ("x.csv", "a,a\n1,2\n", "stands twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(workspace, open_page, name, content, words):
    page = upload(open_page("audiences"), name, content)
    assert len(page.error) == 1
    assert any(word in page.error[0].value.replace("\\", "") for word in words.split("|"))
    assert not page.exception


def test_nothing_that_matches_is_refused_in_words_and_the_file_stays_to_be_looked_at(workspace, open_page):
    page = upload(open_page("audiences", language="zh"), "x.csv", "手机\n13700000000\n")
    page.button(key="lists_add").click().run()
    told = page.error[0].value.replace("\\", "")
    assert "没有一个对得上任何用户" in told
    assert "137****0000" in told
    assert "13700000000" not in told
    assert page.text_input(key="lists_name_1").value == "x"
    page.button(key="lists_leave").click().run()
    assert "lists_name_1" not in [field.key for field in page.text_input]
    assert workspace.lists() == []


def test_every_list_is_shown_with_its_numbers_and_a_way_into_the_builder(listed, open_page):
    page = open_page("audiences")
    told = shown(page)
    for words in ("闭门会 *7月*", "2 people", "matched 2 · unmatched 1 · duplicates 1", "looked up by Phone"):
        assert words in told
    links = [link.proto.query_string for link in page.get("page_link")]
    assert any("%22kind%22%3A%22list%22" in link for link in links)


def test_the_log_tells_of_lists_and_snapshots(listed, open_page, rule_of, somebody):
    saved = listed.save_audience(name="北京", rule=rule_of("city", "is", "北京"), actor=somebody)
    listed.take_snapshot(saved.id, actor=somebody)
    listed.remove_list("闭门会 *7月*", actor=somebody)
    told = shown(open_page("exports"))
    for words in (
        "List uploaded",
        "邀请.csv: 2 people",
        "Snapshot taken",
        "as of 2019-07-14: 2 people",
        "List removed",
    ):
        assert words in told
