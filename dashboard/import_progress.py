"""The import that runs, as every session sees it; and its outcome, for the session that started it."""

from __future__ import annotations

import streamlit as st

from core.errors import CallerError
from core.messages import say
from dashboard import navigation, state
from dashboard.data_versions import line_of
from dashboard.errors import describe, verbatim
from dashboard.i18n import pick, t
from dashboard.imports import ImportJob, desk
from dashboard.people import moment

VIEW = "data_view"
"""Key of the page's choice between versions and import."""

EVERY = 0.5
"""Seconds between two looks at a running import."""


def draw() -> None:
    """Draw the running import, or how it ended; nothing when there is none."""
    job = desk.job
    if job is None:
        return
    if job.is_running:
        _watch(job)
    elif job.owner == state.session_key():
        _outcome(job)


def _watch(job: ImportJob) -> None:
    @st.fragment(run_every=EVERY)
    def running() -> None:
        if not job.is_running:
            st.rerun()
        _running(job)

    running()


def _running(job: ImportJob) -> None:
    progress = job.progress
    words = t("data.run.running") if progress is None else pick(say(progress.code, **progress.params))
    with st.container(border=True, key="data_running"):
        st.progress(0.0 if progress is None else progress.share, text=f"{words} · {_elapsed(job)}")
        if job.owner != state.session_key():
            st.caption(t("data.run.others", who=verbatim(_who(job)), when=moment(job.started_at)))
            return
        st.button(
            t("data.run.cancelling") if job.is_cancelling else t("data.run.cancel"),
            key="data_cancel",
            on_click=job.cancel,
            disabled=job.is_cancelling,
        )


def _outcome(job: ImportJob) -> None:
    with st.container(border=True, key="data_outcome"):
        match job.phase:
            case "done":
                st.success(t("data.run.done", line=line_of(state.workspace().data_version())))
            case "cancelled":
                st.info(t("data.run.cancelled"))
            case "refused" if isinstance(job.error, CallerError):
                st.error(describe(job.error))
                st.caption(t("data.run.refused"))
                _refused_rows(job.error)
            case _:
                st.error(t("data.run.broken", id=job.log_id))
        with st.container(horizontal=True, vertical_alignment="center"):
            if job.phase == "done":
                st.page_link(navigation.page_file("build"), label=t("data.run.to_builder"))
                st.button(t("data.run.to_report"), key="data_to_report", on_click=_show_report, args=(job,))
            st.button(t("data.run.put_away"), key="data_put_away", on_click=desk.put_away, args=(job,))


def _show_report(job: ImportJob) -> None:
    st.session_state[VIEW] = "version"
    desk.put_away(job)


def _refused_rows(error: CallerError) -> None:
    """Offer the rows for which an import was refused."""
    path = state.workspace().refused_rows()
    if error.code == "too_many_rejects" and path is not None:
        st.download_button(
            t("data.run.refused_rows"),
            data=path.read_bytes,
            file_name=f"{t('data.report.rejects_file')}.csv",
            mime="text/csv",
            on_click="ignore",
            key="data_refused_rows",
        )


def _who(job: ImportJob) -> str:
    return job.by or t("frame.actor.nobody")


def _elapsed(job: ImportJob) -> str:
    return t("data.run.elapsed", seconds=job.seconds)
