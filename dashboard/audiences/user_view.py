"""One user: tags by folder, audiences, and what they did; personal values masked until asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from core.workspace import UserCard
from dashboard import navigation, state, tables
from dashboard.errors import verbatim
from dashboard.i18n import pick, t

MOST_DEEDS = 10_000
PER_PAGE = 100
_REVEALED = "users:revealed"


def draw(user_id: str) -> None:
    """Draw what is known of a user; without an id, the field to ask for one."""
    st.page_link(navigation.page_file("audiences"), label=t("audiences.back"), query_params={})
    st.title(t("users.title"), anchor=False)
    asked = st.text_input(t("users.id"), user_id, key="user_id", width=320).strip()
    if asked != user_id:
        st.query_params["user"] = asked
    if not asked:
        st.caption(t("users.about"))
        return
    workspace = state.workspace()
    card = workspace.user_card(asked, state.as_of(), limit=MOST_DEEDS)
    st.caption(t("users.head", user=verbatim(card.user_id), day=card.as_of.isoformat()))
    if _reveals(card.user_id):
        card = workspace.user_card(asked, state.as_of(), limit=MOST_DEEDS, reveal=True)
    known, did = st.columns([2, 3], gap="large")
    with known:
        _tags(card)
        st.header(t("users.audiences"), anchor=False)
        if not card.audiences:
            st.caption(t("users.no_audience"))
        for audience in card.audiences:
            st.page_link(
                navigation.page_file("audiences"), label=verbatim(audience.name),
                query_params={"view": audience.id},
            )  # fmt: skip
    with did:
        _deeds(card)


def _reveals(user_id: str) -> bool:
    """Draw the way to see personal values, and log it before they are seen; tell whether they are."""
    workspace = state.workspace()
    tags = workspace.data_version().catalogue.tags
    personal = [key for key, spec in tags.items() if spec.personal is not None]
    if not personal:
        return False
    reveals = st.toggle(t("users.reveal"), key=f"user_reveal_{user_id}", help=t("users.reveal_help"))
    if reveals and st.session_state.get(_REVEALED) != user_id:
        workspace.log_reveal(personal, f"user {user_id}", state.actor())
    st.session_state[_REVEALED] = user_id if reveals else None
    return reveals


def _tags(card: UserCard) -> None:
    catalogue = state.workspace().data_version().catalogue
    for folder, label in catalogue.dimensions.items():
        pairs = [
            (pick(catalogue.tags[key].label), _written(value, catalogue.tags[key].unit))
            for key, value in card.tags
            if catalogue.tags[key].dimension == folder
        ]
        if pairs:
            st.header(verbatim(pick(label)), anchor=False)
            st.html(tables.facts(pairs))


def _deeds(card: UserCard) -> None:
    catalogue = state.workspace().data_version().catalogue
    st.header(t("users.timeline"), anchor=False)
    events = sorted({deed.event for deed in card.deeds})
    chosen = st.pills(
        t("users.events"), events, selection_mode="multi", label_visibility="collapsed", key="user_events",
        format_func=lambda key: pick(catalogue.events[key].label),
    )  # fmt: skip
    found = [deed for deed in card.deeds if not chosen or deed.event in chosen]
    pages = -(-len(found) // PER_PAGE)
    first = (st.pagination(pages, key="user_page") - 1) * PER_PAGE if pages > 1 else 0
    shown = found[first : first + PER_PAGE]
    if len(card.deeds) < card.occurrences:
        st.warning(t("users.newest_only", n=len(card.deeds), all=card.occurrences))
    st.caption(t("users.shown", n=len(shown), all=len(found)))
    rows = []
    for deed in shown:
        spec = catalogue.events[deed.event]
        told = [f"{pick(spec.properties[name].label)} {_written(value)}" for name, value in deed.properties]
        rows.append((f"{deed.at:%Y-%m-%d %H:%M}", pick(spec.label), t("frame.comma").join(told)))
    if rows:
        head = [t("users.when"), t("users.what"), t("users.details")]
        st.html(tables.table(t("users.timeline"), head, rows))


def _written(value: Any, unit: str | None = None) -> str:
    if isinstance(value, bool):
        return t("tags.yes") if value else t("tags.no")
    if isinstance(value, list):
        return t("frame.comma").join(map(str, value))
    if isinstance(value, date):
        return value.isoformat()
    text = f"{value:,.10g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}" if unit else text
