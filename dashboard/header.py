"""The right end of the header: the data's day and users, who acts, the language; and the frame's style."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Any

import streamlit as st

from core.errors import CallerError
from core.messages import Language
from dashboard import i18n, state, theme
from dashboard.errors import verbatim
from dashboard.i18n import t

_OTHER: dict[Language, Language] = {"zh": "en", "en": "zh"}
_NAME_INPUT = "coterie:name_input"


def style() -> None:
    """Put the palettes and the frame's style sheet into the page."""
    st.html(f"<style>:root {{ {theme.css_variables()} }}\n{_asset('frame.css')}</style>")


def draw() -> None:
    """Draw the header's right end, pinned into Streamlit's own header by the style sheet."""
    with st.container(key="coterie_header", horizontal=True, horizontal_alignment="right", gap="small"):
        _data_pill()
        _actor_popover()
        _language_switch()
        _keep_in_browser()


def _data_pill() -> None:
    try:
        workspace = state.workspace()
        users, day = workspace.data_version().user_count, workspace.default_as_of()
    except CallerError:
        words = t("frame.header.no_data")
    else:
        words = t("frame.header.data", day=day.isoformat(), users=users)
    st.html(f'<span class="coterie-pill" title="{escape(words)}">{escape(words)}</span>', width="content")


def _actor_popover() -> None:
    actor = state.actor()
    with st.popover(verbatim(actor.name), key="coterie_actor", type="tertiary"):
        if actor.verified:
            st.write(t("frame.actor.verified"))
            return
        st.text_input(
            t("frame.actor.name"),
            value=state.typed_name(),
            key=_NAME_INPUT,
            max_chars=60,
            autocomplete="name",
            on_change=_take_name,
        )
        st.caption(t("frame.actor.unverified"))


def _take_name() -> None:
    state.set_typed_name(st.session_state[_NAME_INPUT])


def _language_switch() -> None:
    other = _OTHER[i18n.language()]
    st.button(
        i18n.said("frame.language.name", other),
        key="coterie_language",
        type="tertiary",
        help=i18n.said("frame.language.switch", other),
        on_click=i18n.set_language,
        args=(other,),
    )


def _keep_in_browser() -> None:
    """Let the browser keep what was chosen here, name the page's language, and report its scheme."""
    data: dict[str, Any] = {"language": i18n.language(), "scheme": theme.scheme(), "cookies": {}}
    if i18n.was_chosen():
        data["cookies"][i18n.LANGUAGE_COOKIE] = i18n.language()
    if state.name_was_typed():
        data["cookies"][state.ACTOR_COOKIE] = state.typed_name()
    component = st.components.v2.component("coterie_frame", js=_asset("frame.js"))
    component(key=theme.SCHEME_REPORT, data=data, height=0, on_scheme_change=_redraw)


def _redraw() -> None:
    """Do nothing but let Streamlit run the page again, so that charts are drawn in the reported scheme."""


def _asset(name: str) -> str:
    return (resources.files("dashboard") / "assets" / name).read_text(encoding="utf-8")
