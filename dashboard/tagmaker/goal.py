"""From a goal to whom to talk to: its questions, the audiences with their sizes, the tags behind them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.workspace import GoalPlan, GoalPreview, chosen_of
from dashboard import charts, navigation, state
from dashboard.errors import boundary, verbatim
from dashboard.i18n import language, pick, t
from dashboard.tagmaker.ready import answer, draw_previews


def draw(key: str) -> None:
    """Draw the guided path of a goal."""
    workspace = state.workspace()
    st.page_link(navigation.page_file("tags"), label=t("tagmaker.back"), query_params={"new": ""})
    goals = workspace.goals()
    if key not in goals:
        workspace.goal_plan(key, language=language())  # says which there are
        return
    goal = goals[key]
    st.title(verbatim(pick(goal.label)), anchor=False)
    st.caption(verbatim(pick(goal.about)))
    form, found = st.columns([2, 3], gap="large")
    given: dict[str, Any] = {}
    with form:
        st.header(t("tagmaker.ready.asks"), anchor=False)
        for slot in goal.slots(workspace.data_version().catalogue):
            given[slot.key] = answer(f"goal_{key}", slot, given)
    with found, boundary():
        plan = workspace.goal_plan(key, given, language=language())
        preview = workspace.preview_goal(plan, state.as_of())
        _audiences(plan, preview, pick(goal.label))
        st.header(t("tagmaker.goal.tags", n=len(plan.tags)), anchor=False)
        if plan.reused:
            catalogue = workspace.data_version().catalogue
            names = t("frame.comma").join(pick(catalogue.tags[each].label) for each in plan.reused)
            st.caption(t("tagmaker.goal.reused", names=verbatim(names)))
        draw_previews(plan.tags, preview.tags)


def _audiences(plan: GoalPlan, preview: GoalPreview, folder: str) -> None:
    """Draw the audiences to choose from, and keep those that are chosen with the tags."""
    st.header(t("tagmaker.goal.who"), anchor=False)
    if plan.reused_audiences:
        names = t("frame.comma").join(plan.reused_audiences)
        st.caption(t("tagmaker.goal.reused_audiences", names=verbatim(names)))
    wanted = []
    for audience, count in zip(plan.audiences, preview.audiences, strict=True):
        with st.container(border=True):
            share = charts.share(count, preview.base)
            label = f"**{verbatim(audience.name)}** · {count:,} · {share}"
            if st.checkbox(label, value=True, key=f"goal_{plan.goal}_{audience.name}"):
                wanted.append(audience.name)
            st.caption(verbatim(audience.note))
            if not count:
                st.caption(t("tagmaker.goal.empty"))
    folder = st.text_input(
        t("tagmaker.goal.folder"), folder, max_chars=200, key=f"goal_{plan.goal}_folder"
    ).strip()
    numbers = {"tags": len(plan.tags), "audiences": len(wanted)}
    keep = st.button(
        t("tagmaker.goal.keep", **numbers), type="primary", disabled=not plan.tags and not wanted
    )
    if not keep:
        return
    state.workspace().keep_goal(chosen_of(plan, wanted), actor=state.actor(), folder=folder)
    words = "tagmaker.goal.kept" if folder else "tagmaker.goal.kept_plain"
    st.session_state["audiences:notice"] = t(words, **numbers, folder=verbatim(folder))
    st.switch_page(navigation.page_file("audiences"), query_params={})
