"""The page of audiences: sizes, search, sentences with masked values, and what cannot be counted."""

import pytest

from dashboard.i18n import said


def shown(page):
    cells = [element.proto.body for element in page.get("html")]
    return [element.value.replace("\\", "") for element in (*page.markdown, *page.caption)] + cells


def names(page):
    """Return the names of the audiences that are listed: the links that open one."""
    links = [link.proto for link in page.get("page_link")]
    return [link.label.replace("\\", "")[2:-2] for link in links if "audience=" in link.query_string]


@pytest.fixture
def saved(workspace, rule_of, somebody):
    """Three audiences in the tiny workspace: 北京 (2 people), 上海 (2), big spenders (3)."""
    for name, rule, note in (
        ("北京用户", rule_of("city", "is", "北京"), "闭门会"),
        ("Shanghai", rule_of("city", "is", "上海"), ""),
        ("大额 *VIP*", rule_of("gmv", "gt", 3000), ""),
    ):
        workspace.save_audience(name=name, note=note, rule=rule, actor=somebody)
    return workspace


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_audiences_the_page_teaches_how_to_make_one(workspace, open_page, language):
    page = open_page("audiences", language=language)
    assert page.header[0].value == said("audiences.empty.title", language)
    assert names(page) == []
    assert [link.proto.label for link in page.get("page_link")] == [said("audiences.empty.open", language)]


def test_every_audience_is_listed_with_its_size_and_share_now(saved, open_page):
    page = open_page("audiences")
    assert set(names(page)) == {"北京用户", "Shanghai", "大额 *VIP*"}
    assert sum("2 people" in text and "33.3 %" in text for text in shown(page)) == 2
    assert sum("3 people" in text and "50.0 %" in text for text in shown(page)) == 1


def test_an_audience_is_read_back_as_a_sentence_in_the_language(saved, open_page):
    assert any("城市" in text and "北京" in text for text in shown(open_page("audiences", language="zh")))
    assert any("City" in text and "北京" in text for text in shown(open_page("audiences")))


def test_values_of_personal_tags_are_masked_in_the_sentence(workspace, open_page, rule_of, somebody):
    workspace.save_audience(name="one", rule=rule_of("phone", "is", "13800000001"), actor=somebody)
    texts = " ".join(shown(open_page("audiences")))
    assert "13800000001" not in texts
    assert "138****0001" in texts


def test_an_unverified_author_is_said_to_be_one(saved, open_page):
    assert sum("王芳 (not verified)" in text for text in shown(open_page("audiences"))) == 3


@pytest.mark.parametrize(
    ("words", "found"), [("北京", 1), ("闭门", 1), ("SHANG", 1), ("王芳", 3), ("大额 王", 1), ("无此", 0)]
)
def test_search_looks_at_names_notes_and_authors(saved, open_page, words, found):
    page = open_page("audiences")
    page.text_input(key="audiences_search").set_value(words).run()
    assert len(names(page)) == found
    assert bool(page.info) == (found == 0)


def test_an_audience_whose_tag_is_gone_says_so_and_the_others_are_counted(saved, open_page, monkeypatch):
    audience = saved.audiences()[0]
    broken = {**audience.rule, "include": {**audience.rule["include"], "children": [
        {"kind": "tag", "id": "c1", "tag": "no_such_tag", "op": "is", "value": "x"}]}}  # fmt: skip
    all_of = saved.audiences()
    changed = [type(audience)(**{**audience.__dict__, "rule": broken}), *all_of[1:]]
    monkeypatch.setattr(saved, "audiences", lambda: changed)
    page = open_page("audiences")
    assert sum("Cannot be counted now" in text for text in shown(page)) == 1
    assert sum("people" in text and "of all users" in text for text in shown(page)) == 2
    assert not page.exception


def test_many_audiences_are_shown_in_pages(workspace, open_page, rule_of, somebody):
    for n in range(23):
        workspace.save_audience(name=f"audience {n:02}", rule=rule_of("city", "is_set"), actor=somebody)
    page = open_page("audiences")
    assert len(names(page)) == 20
    assert any("23 of 23" in text for text in shown(page))
