"""Audiences side by side: who is in exactly which, every group to be opened; and near duplicates."""

from __future__ import annotations

import streamlit as st

from core.rules.tree import Rule
from dashboard import charts, links, navigation, state, tables
from dashboard.audiences import figures
from dashboard.errors import verbatim
from dashboard.i18n import pick, t

MOST = 5
_APART = "audiences:apart"


def draw(asked: str) -> None:
    """Draw the choice of audiences and, of two to five, how they overlap."""
    workspace = state.workspace()
    st.page_link(navigation.page_file("audiences"), label=t("audiences.back"), query_params={})
    st.title(t("audiences.compare"), anchor=False)
    names = {audience.id: audience.name for audience in workspace.audiences()}
    linked = list(dict.fromkeys(each for each in asked.split(",") if each))
    known = [each for each in linked if each in names]
    if len(known) < len(linked):
        st.warning(t("audiences.compare.unknown", n=len(linked) - len(known)))
    if len(known) > MOST:
        st.warning(t("audiences.compare.too_many", most=MOST))
    chosen = st.multiselect(
        t("audiences.compare.which"), list(names), default=known[:MOST],
        format_func=names.__getitem__, max_selections=MOST, key="compare_which",
    )  # fmt: skip
    if ",".join(chosen) != asked:
        st.query_params["compare"] = ",".join(chosen)
    if len(chosen) < 2:
        st.caption(t("audiences.compare.two"))
        return
    day = state.as_of()
    found = workspace.compare_audiences(chosen, day)
    st.caption(t("audiences.compare.summary", n=len(chosen), union=found.union))
    charts.draw(figures.upset(found), key="compare_upset")
    _apart(chosen)
    st.header(t("audiences.compare.groups"), anchor=False)
    with st.container(horizontal=True):
        for region in found.regions[: figures.MOST_REGIONS]:
            inside = " ∩ ".join(found.asked[place].name for place in region.members)
            _group(f"{inside} · {region.users:,}", region.rule)
    st.header(t("audiences.compare.pairs"), anchor=False)
    for pair in found.pairs:
        one, other = found.asked[pair.first].name, found.asked[pair.second].name
        with st.container(border=True, horizontal=True):
            _group(t("audiences.compare.both", one=one, other=other, n=pair.both), pair.rule_both)
            _group(t("audiences.compare.only", one=one, other=other, n=pair.only_first), pair.rule_only_first)
            _group(
                t("audiences.compare.only", one=other, other=one, n=pair.only_second), pair.rule_only_second
            )


def _apart(chosen: list[str]) -> None:
    """Draw what sets the audiences apart, once it is asked for: every tag of each is looked at."""
    workspace, day = state.workspace(), state.as_of()
    st.header(t("audiences.apart"), anchor=False)
    about = (tuple(chosen), day, workspace.stamp(), tuple(workspace.audience(one).revision for one in chosen))
    known = st.session_state.get(_APART)
    if known is None or known[0] != about:
        st.caption(t("audiences.apart.about"))
        if not st.button(t("audiences.apart.look"), key="compare_apart"):
            return
        bar = st.progress(0.0, t("audiences.apart.looking"))

        def tell(done: int, total: int) -> None:
            bar.progress(done / total, t("audiences.apart.looking"))

        found = workspace.what_sets_apart(chosen, day, progress=tell)
        st.session_state[_APART] = (about, found)
        st.rerun()
    found = known[1]
    if found.differences:
        st.caption(t("audiences.apart.how", n=found.looked_at))
        chart = figures.apart(found)
        charts.draw(chart, key="compare_apart_chart")
        with st.expander(t("audiences.apart.table")):
            st.html(tables.table(chart.summary, chart.header, chart.rows))
    elif found.names:
        st.caption(t("audiences.apart.none", n=found.looked_at))
    if found.too_few:
        names = verbatim(t("frame.comma").join(name for name, _ in found.too_few))
        st.caption(t("audiences.apart.too_few", names=names, minimum=found.minimum))
    if found.defining:
        names = t("frame.comma").join(pick(tag.label) for tag in found.defining)
        st.caption(t("audiences.apart.defining", names=verbatim(names)))


def draw_alike() -> None:
    """Draw which saved audiences are the same or nearly."""
    workspace = state.workspace()
    saved, found, broken = workspace.alike_audiences(state.as_of())
    if not found.pairs:
        st.caption(t("audiences.alike.none", n=len(saved)))
    for pair in found.pairs:
        one, other = saved[pair.first], saved[pair.second]
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            key = "audiences.alike.same" if pair.is_same_definition else "audiences.alike.near"
            share = "–" if pair.jaccard is None else f"{pair.jaccard:.0%}"
            st.markdown(t(key, one=verbatim(one.name), other=verbatim(other.name), share=share, n=pair.both))
            st.space("stretch")
            st.page_link(
                navigation.page_file("audiences"), label=t("audiences.compare"),
                query_params={"compare": f"{one.id},{other.id}"},
            )  # fmt: skip
    if broken:
        st.caption(t("audiences.alike.broken", names=verbatim(t("frame.comma").join(a.name for a in broken))))


def _group(label: str, rule: Rule | None) -> None:
    if rule is None:
        st.caption(f"{verbatim(label)} · {t('audiences.compare.no_rule')}")
    else:
        st.link_button(verbatim(label), links.builder_link(rule, state.as_of()), type="tertiary")
