"""The data versions on the page: the one in use, its quality report, earlier ones and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.errors import CallerError
from core.ingest import ImportReport
from core.lake.versions import DataVersion
from core.workspace import Actor
from dashboard import state, tables
from dashboard.errors import show, verbatim
from dashboard.i18n import t
from dashboard.people import moment, signed
from dashboard.quality import (
    REJECTS_SHOWN,
    columns_table,
    facts_of,
    personal_columns,
    refused_rows,
    rejects_rows,
    source_names,
    sources_rows,
)
from dashboard.uploads import readable_bytes

VERSIONS_SHOWN = 5

_REPORT_OF = "data:report_of"
_CHANGED_FROM = "data:changed_from"
_SHOWN = "data:versions_shown"
_FAILED = "data:activation_failed"


def draw(current: DataVersion) -> None:
    """Draw the version in use, the earlier ones, and a quality report."""
    people = _importers()
    versions = state.workspace().data_versions()
    failed = st.session_state.pop(_FAILED, None)
    if failed is not None:
        show(failed)
    _undo_offer(current)
    _card(current, people.get(current.id))
    st.header(t("data.version.past"), anchor=False)
    others = [version for version in versions if version.id != current.id]
    if not others:
        st.caption(t("data.version.none_past"))
    shown = int(st.session_state.get(_SHOWN, VERSIONS_SHOWN))
    for version in others[:shown]:
        _row(version, people.get(version.id))
    if len(others) > shown:
        more = min(VERSIONS_SHOWN, len(others) - shown)
        st.button(t("data.version.more", n=more), on_click=_show_more, args=(shown + more,))
    chosen = next((v for v in versions if v.id == st.session_state.get(_REPORT_OF)), current)
    _report(chosen, is_current=chosen.id == current.id)


def line_of(version: DataVersion) -> str:
    """Return what a version holds, in one line."""
    return t(
        "data.version.line",
        users=version.user_count,
        events=version.event_count,
        size=readable_bytes(version.bytes),
    )


def _card(version: DataVersion, by: Actor | None) -> None:
    with st.container(border=True, key="data_current"):
        st.caption(t("data.version.current"))
        with st.container(horizontal=True, key="data_facts"):
            st.metric(t("data.version.as_of"), state.workspace().default_as_of().isoformat(), width="content")
            st.metric(t("data.version.users"), f"{version.user_count:,}", width="content")
            st.metric(t("data.version.events"), f"{version.event_count:,}", width="content")
            st.metric(t("data.version.size"), readable_bytes(version.bytes), width="content")
        st.caption(t("data.version.imported_by", when=moment(version.created_at), who=verbatim(_by(by))))


def _row(version: DataVersion, by: Actor | None) -> None:
    when = moment(version.created_at)
    with st.container(
        horizontal=True, vertical_alignment="center", border=True, key=f"data_version_{version.id}"
    ):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{when}** · {verbatim(_by(by))}")
            st.caption(line_of(version))
        st.button(
            t("data.version.report"),
            key=f"data_report_{version.id}",
            help=t("data.version.report_help", when=when),
            on_click=_show_report,
            args=(version.id,),
        )
        if st.button(
            t("data.version.use"), key=f"data_use_{version.id}", help=t("data.version.use_help", when=when)
        ):
            _confirm(version)


def _confirm(version: DataVersion) -> None:
    """Ask before everybody's numbers change."""

    @st.dialog(t("data.version.confirm_title"))
    def dialog() -> None:
        st.markdown(t("data.version.confirm", when=moment(version.created_at), line=line_of(version)))
        with st.container(horizontal=True):
            if st.button(
                t("data.version.confirm_yes"),
                key="data_confirm",
                type="primary",
                on_click=_use,
                args=(version.id,),
            ):
                st.rerun()
            if st.button(t("data.version.confirm_no")):
                st.rerun()

    dialog()


def _use(version_id: str) -> None:
    before = state.workspace().data_version().id
    if _activate(version_id):
        st.session_state[_CHANGED_FROM] = before
        _show_report(None)


def _activate(version_id: str) -> bool:
    """Put a version in use, in a callback; what goes wrong is said in the run that follows."""
    try:
        state.workspace().activate(version_id, state.actor())
    except CallerError as error:
        st.session_state[_FAILED] = error
        return False
    return True


def _undo_offer(current: DataVersion) -> None:
    before = st.session_state.get(_CHANGED_FROM)
    if before is None or before == current.id:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(t("data.version.changed", when=moment(current.created_at)), width="stretch")
        st.button(t("data.version.undo"), on_click=_undo, args=(before,))


def _undo(version_id: str) -> None:
    if _activate(version_id):
        st.session_state.pop(_CHANGED_FROM, None)


def _show_report(version_id: str | None) -> None:
    st.session_state[_REPORT_OF] = version_id


def _show_more(shown: int) -> None:
    st.session_state[_SHOWN] = shown


def _report(version: DataVersion, *, is_current: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        title = "data.report.title" if is_current else "data.report.of"
        st.header(t(title, when=moment(version.created_at)), anchor=False)
        if not is_current:
            st.button(t("data.report.back"), on_click=_show_report, args=(None,))
    if not version.report:
        st.caption(t("data.report.none"))
        return
    report = ImportReport.model_validate(version.report)
    st.caption(" · ".join(facts_of(report)))
    names = source_names(report, version)
    with st.container(key="data_sources"):
        st.html(tables.table(t("data.report.title"), *sources_rows(report, names)))
    _rejects(report, version)
    _columns(report, names)


def _columns(report: ImportReport, names: Sequence[str]) -> None:
    """Draw what stands in the columns of one source, chosen from all."""
    numbers = [number for number, source in enumerate(report.sources) if source.columns]
    if not numbers:
        return
    number = st.selectbox(
        t("data.report.columns_of"),
        numbers,
        format_func=lambda n: names[n],
        key=f"data_columns_of_{report.version}",
        width=400,
    )
    st.dataframe(
        columns_table(report.sources[number]),
        hide_index=True,
        height="content",
        column_config={
            t("data.report.missing_share"): st.column_config.NumberColumn(format="percent"),
            t("data.report.missing"): st.column_config.NumberColumn(format="localized"),
            t("data.report.distinct"): st.column_config.NumberColumn(format="localized"),
        },
        alt=names[number],
    )


def _rejects(report: ImportReport, version: DataVersion) -> None:
    refused = refused_rows(report)
    if not refused:
        st.caption(t("data.report.no_rejects"))
        return
    personal = personal_columns(version)
    st.html(tables.table(t("data.report.rejects"), *rejects_rows(report, personal)))
    if refused > REJECTS_SHOWN:
        st.caption(t("data.report.rejects_first", n=REJECTS_SHOWN))
    workspace, actor = state.workspace(), state.actor()
    path = workspace.rejected_rows(version)
    if path is None:
        return
    keys = [key for key, tag in version.catalogue.tags.items() if tag.personal is not None]

    def content() -> bytes:
        # The file holds whole rows as they came: whoever takes it sees what is masked elsewhere.
        if keys:
            workspace.log_reveal(keys, path.name, actor)
        return path.read_bytes()

    st.download_button(
        t("data.report.rejects_download", n=refused),
        data=content,
        file_name=f"{t('data.report.rejects_file')}_{report.version}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"data_rejects_{report.version}",
    )


def _by(actor: Actor | None) -> str:
    return t("data.version.by_unknown") if actor is None else signed(actor)


def _importers() -> Mapping[str, Actor]:
    """Return who imported each version, as the log says."""
    return {entry.subject: entry.by for entry in state.workspace().log(1000) if entry.action == "import"}
