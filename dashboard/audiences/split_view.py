"""An audience split into parts that add up: by a tag, equal, at random; kept as audiences."""

from __future__ import annotations

import streamlit as st

from core.workspace import Audience, Split
from dashboard import charts, links, state, tables
from dashboard.errors import verbatim
from dashboard.i18n import pick, t
from dashboard.tagmaker.ready import numbers_in

WAYS = ("tag", "equal", "random")


def draw(audience: Audience) -> None:
    """Draw the ways to split, the parts with their sizes, and keeping them."""
    way = st.segmented_control(
        t("audiences.split.way"), WAYS, default="tag", required=True, key="split_way",
        format_func=lambda key: t(f"audiences.split.{key}"), label_visibility="collapsed",
    )  # fmt: skip
    split = _split(audience, way)
    if split is None:
        return
    rows = [
        (pick(part.label), f"{part.users:,}", charts.share(part.users, split.users)) for part in split.parts
    ]
    head = [t("audiences.split.part"), t("audiences.people"), t("tags.share")]
    st.html(tables.table(t("audiences.tab.split"), head, rows))
    openable = [part for part in split.parts if part.kept is None and part.users]
    if openable:
        with st.popover(t("audiences.split.open")):
            for part in openable:
                label = f"{pick(part.label)} · {part.users:,}"
                st.link_button(label, links.builder_link(part.rule, state.as_of()), type="tertiary")
    with st.form("split_keep", border=False):
        stem = st.text_input(t("audiences.split.stem"), audience.name, max_chars=80)
        folder = st.text_input(t("audiences.folder"), audience.folder)
        if not st.form_submit_button(t("audiences.split.keep", n=len(split.parts)), type="primary"):
            return
    names = [f"{stem} · {pick(part.label)}"[:100] for part in split.parts]
    state.workspace().save_parts(split, names, actor=state.actor(), folder=folder)
    st.session_state["audiences:notice"] = t("audiences.split.kept", n=len(names))
    st.rerun()


def _split(audience: Audience, way: str) -> Split | None:
    workspace, day = state.workspace(), state.as_of()
    if way == "tag":
        tags = {
            key: spec
            for key, spec in workspace.data_version().catalogue.tags.items()
            if spec.personal is None
        }
        tag = st.selectbox(
            t("audiences.split.by"), list(tags), index=None, format_func=lambda key: pick(tags[key].label)
        )
        return None if tag is None else workspace.split_by_tag(audience.id, tag, day)
    left, right = st.columns(2)
    seed = right.text_input(t("audiences.split.seed"), "1", help=t("audiences.split.seed_help"))
    if way == "equal":
        number = left.number_input(t("audiences.split.number"), 2, 20, 2)
        return workspace.split_equally(audience.id, int(number), seed, day)
    text = left.text_input(t("audiences.split.shares"), "50, 50", help=t("audiences.split.shares_help"))
    percents = numbers_in(text.replace("%", ""))
    if isinstance(percents, str):
        st.error(t("audiences.split.shares_wrong", given=verbatim(text)))
        return None
    return workspace.split_at_random(audience.id, [round(share * 100) for share in percents], seed, day)
