"""Values of a tag that people type in or upload: given one by one or from a file, and taken away."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import streamlit as st

from core.errors import CallerError
from core.workspace import GivenReport, GivenRow, TagEntry
from dashboard import state, uploader
from dashboard.errors import boundary, describe, verbatim
from dashboard.i18n import t
from dashboard.uploads import FILE_LIMIT, DraftFolder, UploadRefused, readable_bytes, sweep

_FILE, _FAILED, _UPLOADS, _REPORT = "values:file", "values:failed", "values:uploads", "values:report"


def draw(entry: TagEntry) -> None:
    """Draw how many have a value, and the two ways to give some."""
    workspace = state.workspace()
    summary = workspace.given_summary(entry.key, state.as_of())
    st.header(t("tags.values"), anchor=False)
    st.caption(t("tags.values.summary", n=summary.users, expired=summary.expired))
    _say_report()
    by_hand, from_file = st.tabs([t("tags.values.by_hand"), t("tags.values.from_file")])
    with by_hand, boundary():
        _by_hand(entry)
    with from_file, boundary():
        _from_file(entry)


def _by_hand(entry: TagEntry) -> None:
    with st.form(f"values_{entry.key}", border=False):
        users = st.text_area(t("tags.values.users"), help=t("tags.values.users_help"), height=90)
        left, middle, right = st.columns(3)
        value = left.text_input(t("tags.value"))
        since = middle.date_input(t("tags.values.since"), value=state.as_of())
        until = right.date_input(t("tags.values.until"), value=None)
        gives = st.form_submit_button(t("tags.values.give"), type="primary")
        takes = st.form_submit_button(t("tags.values.take"))
    ids = [part for part in users.replace(",", "\n").replace("，", "\n").split("\n") if part.strip()]
    if gives or takes:
        workspace, first = state.workspace(), _day(since)
        if gives:
            rows = [GivenRow(user, value, _day(until)) for user in ids]
            _keep(workspace.give_values(entry.key, rows, actor=state.actor(), since=first))
        else:
            _keep(workspace.take_values(entry.key, ids, actor=state.actor(), since=first))


def _from_file(entry: TagEntry) -> None:
    number = st.session_state.setdefault(_UPLOADS, 0)
    limit = readable_bytes(FILE_LIMIT)
    uploader.draw(
        t("lists.upload.label", limit=limit), t("lists.upload.rejected", limit=limit),
        f"values_upload_{number}", _take_upload, number,
    )  # fmt: skip
    failed = st.session_state.pop(_FAILED, None)
    if isinstance(failed, UploadRefused):
        st.error(t(failed.key, **{name: verbatim(value) for name, value in failed.params.items()}))
    elif isinstance(failed, CallerError):
        st.error(describe(failed))
    path: Path | None = st.session_state.get(_FILE)
    if path is None or not path.is_file():
        return
    workspace = state.workspace()
    columns = workspace.list_columns(path)
    with st.form(f"values_file_{entry.key}", border=True):
        st.markdown(t("lists.form.file", file=verbatim(path.name)))
        left, right = st.columns(2)
        who = left.selectbox(t("tags.values.who_column"), columns)
        what = right.selectbox(t("tags.values.value_column"), [None, *columns], format_func=_or_same)
        value = left.text_input(t("tags.values.same"), help=t("tags.values.same_help"))
        until_column = right.selectbox(
            t("tags.values.until_column"), [None, *columns], format_func=lambda c: c or t("tags.values.none")
        )
        since = left.date_input(t("tags.values.since"), value=state.as_of())
        until = right.date_input(t("tags.values.until"), value=None)
        if not st.form_submit_button(t("tags.values.give"), type="primary"):
            return
    report = workspace.give_values_file(
        entry.key, path, column=who, value_column=what, value=None if what else value,
        until_column=until_column, since=_day(since), until=_day(until), shown=path.name,
        actor=state.actor(),
    )  # fmt: skip
    _folder().clear()
    st.session_state.pop(_FILE, None)
    _keep(report)


def _or_same(column: str | None) -> str:
    return column or t("tags.values.all_same")


def _folder() -> DraftFolder:
    return DraftFolder(state.workspace().upload_dir(), f"values {state.session_key()}")


def _take_upload(number: int) -> None:
    sent = st.session_state[f"values_upload_{number}"]
    if sent is None:
        return
    st.session_state[_UPLOADS] = number + 1
    try:
        sweep(state.workspace().upload_dir())
        (path,) = _folder().add([sent])
        st.session_state[_FILE] = path
        state.workspace().list_columns(path)
    except (UploadRefused, CallerError) as error:
        _folder().clear()
        st.session_state.pop(_FILE, None)
        st.session_state[_FAILED] = error


def _keep(report: GivenReport) -> None:
    st.session_state[_REPORT] = report
    st.rerun()


def _say_report() -> None:
    report: GivenReport | None = st.session_state.pop(_REPORT, None)
    if report is None:
        return
    st.success(t("tags.values.given", n=report.given))
    wrong = {"unknown": report.unknown, "bad_values": report.bad_values, "bad_days": report.bad_days,
             "duplicates": report.duplicates}  # fmt: skip
    for name, number in wrong.items():
        if number:
            st.caption(t(f"tags.values.{name}", n=number))
    if report.examples:
        st.caption(t("tags.values.examples", examples=verbatim(t("frame.comma").join(report.examples))))


def _day(chosen: object) -> date | None:
    return chosen if isinstance(chosen, date) else None
