"""What was just deleted, and what was deleted lately: both can be brought back whole."""

from __future__ import annotations

import streamlit as st

from core.audiences.naming import copy_name, folded
from core.messages import message_of
from core.workspace import DAYS_KEPT, Audience, DeletedAudience
from dashboard import people, state
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t

_DELETED = "audiences:deleted"


def note(deleted: Audience) -> None:
    """Remember what was just deleted, so that it can be undone at once."""
    st.session_state[_DELETED] = deleted


def draw_undo() -> None:
    """Draw that an audience was just deleted, and the way back."""
    deleted: Audience | None = st.session_state.get(_DELETED)
    if deleted is None:
        return
    if deleted.id not in {each.audience.id for each in state.workspace().deleted_audiences()}:
        del st.session_state[_DELETED]  # somebody else restored it, or let it go
        return
    with st.container(horizontal=True, vertical_alignment="center", key="audiences_deleted"):
        st.markdown(t("audiences.deleted", name=verbatim(deleted.name)))
        if st.button(t("audiences.undo")):
            _restore(deleted)


def draw() -> None:
    """Draw what was deleted and can still be restored, folded."""
    found = state.workspace().deleted_audiences()
    if not found:
        return
    with st.expander(t("audiences.bin", n=len(found)), key="audiences_bin"):
        st.caption(t("audiences.bin.about", days=DAYS_KEPT))
        for deleted in found:
            _row(deleted)


def _row(deleted: DeletedAudience) -> None:
    """Draw one deleted audience with its two ways."""
    audience = deleted.audience
    with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"bin_{audience.id}"):
        told = t(
            "audiences.bin.row", name=verbatim(audience.name), who=verbatim(people.signed(deleted.by)),
            when=people.moment(deleted.at),
        )  # fmt: skip
        st.markdown(told)
        st.space("stretch")
        if st.button(t("audiences.bin.restore"), key=f"bin_restore_{audience.id}", type="tertiary"):
            _restore(audience)
        if st.button(t("audiences.bin.purge"), key=f"bin_purge_{audience.id}", type="tertiary"):
            st.dialog(t("audiences.bin.purge"))(_purge)(audience)


def _restore(audience: Audience) -> None:
    """Restore an audience, under its name with a number where somebody took the name meanwhile."""
    workspace = state.workspace()
    taken = {folded(saved.name) for saved in workspace.audiences()}
    name = copy_name(audience.name, taken) if folded(audience.name) in taken else None
    with boundary():
        back = workspace.restore_audience(audience.id, actor=state.actor(), name=name)
        st.session_state.pop(_DELETED, None)
        told = t("audiences.bin.restored", name=verbatim(back.name))
        problems = workspace.audience_problems(back)
        if problems:
            why = verbatim(pick(message_of(problems[0])))
            told += " " + t("audiences.bin.restored_broken", why=why)
        st.session_state["audiences:notice"] = told
        st.rerun()


def _purge(audience: Audience) -> None:
    st.markdown(t("audiences.bin.sure", name=verbatim(audience.name)))
    if st.button(t("audiences.bin.purge"), type="primary", key="bin_purge_sure"):
        with boundary():
            state.workspace().purge_audience(audience.id, actor=state.actor())
            st.session_state.pop(_DELETED, None)
            st.rerun()
