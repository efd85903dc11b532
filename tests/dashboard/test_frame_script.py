"""The frame without a browser: what it says when nothing is there, and what a session remembers."""

from datetime import date

import pytest
import streamlit as st

from core.errors import WorkspaceError
from core.workspace import Workspace
from dashboard import i18n, navigation, state


def said_by(app):
    return " ".join(element.value for element in (*app.header, *app.markdown, *app.error))


@pytest.mark.parametrize("key", [item.key for item in navigation.MENU])
def test_every_page_of_the_menu_exists_and_runs(workspace, open_page, key):
    page = open_page(key)
    assert not page.exception
    assert not page.error


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_absent_workspace_is_explained_and_not_made(workspace_root, open_page, language):
    page = open_page("audiences", language=language)
    assert str(workspace_root) in said_by(page)
    assert not workspace_root.exists()


def test_an_absent_workspace_is_made_on_request(workspace_root, open_page):
    page = open_page("exports")
    page.button[-1].click()
    page.run()
    assert Workspace.open(workspace_root).audiences() == []


@pytest.mark.parametrize("key", [item.key for item in navigation.MENU if item.needs_data])
def test_a_page_that_needs_data_says_where_to_import_them(workspace_root, open_page, key):
    Workspace.create(workspace_root)
    page = open_page(key)
    assert i18n.said("frame.no_data.title", "en") in said_by(page)
    assert not page.exception


def test_a_folder_with_other_things_is_refused_in_words(workspace_root, open_page):
    workspace_root.mkdir()
    (workspace_root / "holiday.jpg").touch()
    page = open_page("audiences")
    assert "is not a workspace" in said_by(page).replace("\\", "")


def test_one_workspace_is_shared_by_everybody(workspace):
    assert state.workspace() is workspace


def test_no_workspace_is_an_error_that_the_caller_can_mend(workspace_root):
    with pytest.raises(WorkspaceError):
        state.workspace()


def test_the_day_is_the_datas_own_until_another_is_chosen(workspace, monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    assert state.as_of() == date(2019, 7, 14)
    state.set_as_of(date(2019, 3, 1))
    assert state.as_of() == date(2019, 3, 1)
    state.set_as_of(None)
    assert state.as_of() == date(2019, 7, 14)


def test_nobodys_name_is_never_blank_and_never_verified(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    assert state.actor().name
    assert not state.actor().verified
    state.set_typed_name("  王芳 ")
    assert state.actor().name == "王芳"
    assert not state.actor().verified


def test_a_session_without_a_cookie_keeps_its_key(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    assert state.session_key() == state.session_key()
    assert state.new_session_key() != state.new_session_key()


def test_a_language_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="fr"):
        i18n.set_language("fr")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_link_decides_the_language(workspace, open_page, language):
    page = open_page("exports", language=language)
    assert page.title[0].value == i18n.said("exports.title", language)


def test_an_unknown_language_in_the_link_is_passed_over(workspace, open_page):
    page = open_page("exports", language="xx")
    assert page.title[0].value == i18n.said("exports.title", "en")


@pytest.mark.parametrize("cookie", ["", "x", "a" * 500, "../../etc/passwd......", "'; drop table draft--"])
def test_a_cookie_that_the_server_did_not_make_is_passed_over(monkeypatch, cookie):
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(type(st.context), "cookies", {state.BROWSER_COOKIE: cookie})
    assert state.session_key() != cookie


def test_a_browser_is_known_again_by_its_cookie(monkeypatch):
    mine = state.new_session_key()
    monkeypatch.setattr(type(st.context), "cookies", {state.BROWSER_COOKIE: mine})
    assert state.session_key() == mine


def test_a_name_is_read_back_from_its_cookie(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(type(st.context), "cookies", {state.ACTOR_COOKIE: "%E7%8E%8B%20%E8%8A%B3"})
    assert state.actor().name == "王 芳"
