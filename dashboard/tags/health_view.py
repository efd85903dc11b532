"""The health list of tags, and the refreshes: what is wrong, what was done, and doing it now."""

from __future__ import annotations

import streamlit as st

from core.messages import say
from core.workspace import CAUSES, Finding, HealthReport, RefreshProgress, RefreshRun
from dashboard import navigation, people, state, tables
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t

_REPORT = "tags:health"
_ICONS = {
    "broken": "🔴", "empty": "🔴", "expired": "🟠", "drifting": "🟠", "vanished": "🟠", "stale": "🟡",
    "redundant": "⚪", "unused": "⚪",
}  # fmt: skip


def draw_health() -> None:
    """Draw the findings; looking takes a while with many tags, so it is asked for."""
    workspace, day = state.workspace(), state.as_of()
    stamp = (workspace.stamp(), day, len(workspace.refresh_runs(1)))
    kept = st.session_state.get(_REPORT)
    st.caption(t("tags.health.about"))
    if st.button(t("tags.health.look"), type="primary") or kept is None:
        bar = st.progress(0.0, t("tags.health.looking"))

        def told(share: float) -> None:
            bar.progress(min(share, 1.0), t("tags.health.looking"))

        kept = st.session_state[_REPORT] = (stamp, workspace.tag_health(day, progress=told))
        bar.empty()
    if kept[0] != stamp:
        st.caption(t("tags.health.old"))
    report: HealthReport = kept[1]
    if not report.findings:
        st.success(t("tags.health.fine", n=report.tags))
        return
    st.caption(t("tags.health.count", n=len(report.findings), tags=report.tags))
    for place, finding in enumerate(report.findings):
        _finding(finding, place)
    if report.not_compared:
        st.caption(t("tags.health.not_compared", n=report.not_compared))


def _finding(finding: Finding, place: int) -> None:
    with st.container(border=True, key=f"finding_{place}"):
        what, action = st.columns([8, 2], vertical_alignment="center")
        with what.container(gap=None):
            st.page_link(
                navigation.page_file("tags"),
                label=f"{_ICONS[finding.kind]} **{verbatim(pick(finding.label))}**",
                query_params={"tag": finding.key},
            )
            st.markdown(verbatim(pick(finding.text)))
            st.caption(verbatim(pick(finding.remedy)))
        action.markdown(t(f"tags.health.{finding.kind}"))


def draw_refresh() -> None:
    """Draw the refresh that can be done now, the timer, and what earlier ones did."""
    workspace = state.workspace()
    st.caption(t("tags.refreshes.about"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        now = st.button(t("tags.refreshes.now"), type="primary")
        hours: list[int | None] = [None, *range(24)]
        chosen = st.selectbox(
            t("tags.refreshes.timer"), hours, index=hours.index(workspace.refresh_timer()), width=220,
            format_func=lambda hour: t("tags.refreshes.never") if hour is None else f"{hour:02}:00",
        )  # fmt: skip
    if chosen != workspace.refresh_timer():
        with boundary():
            workspace.set_refresh_timer(chosen, actor=state.actor())
            st.success(t("tags.refreshes.timer_set"))
    if now:
        with boundary():
            bar = st.progress(0.0)

            def told(progress: RefreshProgress) -> None:
                text = t(f"tags.refreshes.at_{progress.kind}", name=progress.name)
                bar.progress(progress.done / max(progress.total, 1), text)

            workspace.refresh(actor=state.actor(), as_of=state.as_of(), progress=told)
            bar.empty()
    runs = workspace.refresh_runs(20)
    if not runs:
        st.caption(t("tags.refreshes.none"))
    for run in runs:
        _run(run)


def _run(run: RefreshRun) -> None:
    head = t(
        "tags.refreshes.run", when=people.moment(run.started_at), who=verbatim(run.by.name),
        state=pick(say(f"refresh_state_{run.state}")), tags=len(run.tags), audiences=len(run.audiences),
    )  # fmt: skip
    with st.expander(head, key=f"run_{run.id}"):
        st.caption(t("tags.refreshes.of", day=run.as_of.isoformat(), version=run.data_version))
        rows = []
        for tag in run.tags:
            if tag.get("error"):
                rows.append((tag["key"], "–", pick(tag["error"])))
            else:
                psi = "–" if tag["psi"] is None else f"{tag['psi']:.3f}"
                rows.append((tag["key"], f"{tag['with_value']:,}", psi))
        if rows:
            head_of = [t("tags.graph.tag"), t("tags.users"), "PSI"]
            st.html(tables.table(t("tags.refreshes.tags"), head_of, rows))
        for audience in run.audiences:
            taken = audience["snapshot"]
            if taken is None:
                st.markdown(f"{verbatim(audience['audience'])}: {verbatim(pick(audience['error']))}")
                continue
            told = t(
                "tags.refreshes.audience", name=verbatim(audience["audience"]), n=taken["count"],
                entered=sum(taken["entered"].values()), left=sum(taken["left"].values()),
            )  # fmt: skip
            st.markdown(told)
            why = [
                f"{t(f'audiences.{side}')} {taken[side][cause]:,} {pick(say(f'cause_{cause}'))}"
                for side in ("entered", "left")
                for cause in CAUSES
                if cause in taken[side]
            ]
            if why:
                st.caption(verbatim(t("frame.comma").join(why)))
