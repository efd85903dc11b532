"""The snapshots of an audience: taking one, and those that were taken."""

from __future__ import annotations

import streamlit as st

from core.workspace import Audience
from dashboard import people, state, tables
from dashboard.errors import boundary, verbatim
from dashboard.i18n import t


def draw(audience: Audience) -> None:
    """Draw what a snapshot is, the button that takes one, and all there are."""
    workspace, day = state.workspace(), state.as_of()
    st.markdown(f"**{verbatim(audience.name)}**")
    st.caption(t("audiences.snapshots.about"))
    if st.button(t("audiences.snapshot.take", day=day.isoformat()), type="primary", key="snapshot_take"):
        with boundary():
            taken = workspace.take_snapshot(audience.id, actor=state.actor(), as_of=day)
            st.success(t("audiences.snapshot.taken", day=taken.as_of.isoformat(), count=taken.people))
    with boundary():
        found = workspace.snapshots(audience.id)
        if not found:
            st.caption(t("audiences.snapshots.none"))
            return
        rows = [
            (
                one.as_of.isoformat(),
                t("audiences.size", count=one.people),
                people.moment(one.at),
                people.signed(one.by),
                one.id,
            )
            for one in found
        ]
        columns = [t(f"audiences.snapshots.{name}") for name in ("day", "people", "taken", "who", "id")]
        st.html(tables.table(t("audiences.snapshots"), columns, rows))
