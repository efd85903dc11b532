"""Uploaded lists on the page: a file becomes a list, with a report; every list with its size."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import CallerError, NotFound
from core.workspace import ListReport, PeopleList
from dashboard import links, navigation, people, state, tables, uploader
from dashboard.errors import boundary, describe, verbatim
from dashboard.i18n import pick, t
from dashboard.uploads import FILE_LIMIT, DraftFolder, UploadRefused, readable_bytes, sweep

AUTO, ID = "auto", "id"
MAX_NAME = 100
NUMBERS = ("rows", "matched", "unmatched", "duplicates", "empty", "unreadable")
SELDOM = frozenset({"empty", "unreadable"})  # said only where there are any

_FILE, _REPORT, _FAILED, _UPLOADS = "lists:file", "lists:report", "lists:failed", "lists:uploads"
# What an import says of a file that is too large or cannot be read speaks of places that lists do not have.
_OWN_WORDS = {"data.upload.too_large": "lists.upload.too_large", "data.upload.kind": "lists.upload.kind"}


@dataclass(frozen=True)
class _Uploaded:
    """A file that waits to become a list; its columns are read once."""

    path: Path
    columns: tuple[str, ...]


def draw() -> None:
    """Draw the upload, its report, and every list."""
    workspace = state.workspace()
    _upload()
    _say_what_failed()
    file: _Uploaded | None = st.session_state.get(_FILE)
    if file is not None and file.path.is_file():
        _form(file)
    report = st.session_state.get(_REPORT)
    if report is not None:
        _report(report)
    kept = workspace.lists()
    if not kept:
        st.header(t("lists.empty.title"), anchor=False)
        st.markdown(t("lists.empty.body"))
        return
    st.caption(t("lists.count", n=len(kept)))
    for one in kept:
        _row(one)


# ── a file becomes a list ───────────────────────────────────────────────────────────────────────


def _folder() -> DraftFolder:
    return DraftFolder(state.workspace().upload_dir(), f"list {state.session_key()}")


def _upload() -> None:
    number = st.session_state.setdefault(_UPLOADS, 0)
    limit = readable_bytes(FILE_LIMIT)
    label, rejected = t("lists.upload.label", limit=limit), t("lists.upload.rejected", limit=limit)
    uploader.draw(label, rejected, f"lists_upload_{number}", _take_upload, number)


def _take_upload(number: int) -> None:
    """Keep what was sent; a fresh uploader takes the old one's place, so that Streamlit frees its memory."""
    sent = st.session_state[f"lists_upload_{number}"]
    if sent is None:
        return
    st.session_state[_UPLOADS] = number + 1
    _forget()
    try:
        sweep(state.workspace().upload_dir())
        (path,) = _folder().add([sent])
        st.session_state[_FILE] = _Uploaded(path, state.workspace().list_columns(path))
    except (UploadRefused, CallerError) as error:
        _folder().clear()
        st.session_state[_FAILED] = error


def _forget() -> None:
    for key in (_FILE, _REPORT):
        st.session_state.pop(key, None)
    _folder().clear()


def _say_what_failed() -> None:
    error = st.session_state.pop(_FAILED, None)
    if isinstance(error, UploadRefused):
        shown = {name: verbatim(value) for name, value in error.params.items()}
        st.error(t(_OWN_WORDS.get(error.key, error.key), **shown))
    elif isinstance(error, CallerError):
        st.error(describe(error))


def _form(file: _Uploaded) -> None:
    workspace, number, path = state.workspace(), st.session_state.get(_UPLOADS, 0), file.path
    with st.container(border=True, key="lists_form"):
        st.markdown(t("lists.form.file", file=verbatim(path.name)))
        name = st.text_input(
            t("lists.name"),
            value=path.name.split(".")[0][:MAX_NAME],
            max_chars=MAX_NAME,
            key=f"lists_name_{number}",
        )
        left, right = st.columns(2)
        named: dict[str | None, str] = {None: t("lists.column.auto")}
        named |= {column: column for column in file.columns}
        column = left.selectbox(
            t("lists.column"), list(named), format_func=named.__getitem__, key=f"lists_column_{number}"
        )
        ways = {way: way_name(way) for way in (AUTO, *workspace.list_ways())}
        match = right.selectbox(
            t("lists.match"), list(ways), format_func=ways.__getitem__, key=f"lists_match_{number}"
        )
        taken = _taken(name)
        replaces = taken is not None and st.checkbox(
            t("lists.replace", name=verbatim(taken.name), count=taken.people), key=f"lists_replace_{number}"
        )
        with st.container(horizontal=True):
            if st.button(t("lists.add"), type="primary", key="lists_add"):
                with boundary():
                    report = workspace.add_list(
                        name, path, actor=state.actor(), column=column, match=match, replaces=replaces
                    )
                    _forget()
                    st.session_state[_REPORT] = report
                    st.rerun()
            st.button(t("lists.form.leave"), type="tertiary", key="lists_leave", on_click=_forget)


def _taken(name: str) -> PeopleList | None:
    try:
        return state.workspace().people_list(name)
    except NotFound:
        return None


def way_name(way: str) -> str:
    """Return what values are looked up by, for people: a tag by its label."""
    tag = state.workspace().data_version().catalogue.tags.get(way)
    if way in (AUTO, ID) or tag is None:
        return t(f"lists.match.{way}") if way in (AUTO, ID) else way
    return pick(tag.label)


def _report(report: ListReport) -> None:
    kept = report.kept
    with st.container(border=True, key="lists_report"):
        key = "lists.report.replaced" if report.is_replaced else "lists.report.added"
        st.success(t(key, name=verbatim(kept.name), count=kept.people))
        st.caption(
            t(
                "lists.report.how",
                source=verbatim(kept.source),
                column=verbatim(kept.column),
                way=way_name(kept.match),
            )
        )
        numbers = {number: getattr(kept, number) for number in NUMBERS}
        told = {number: n for number, n in numbers.items() if n or number not in SELDOM}
        st.html(tables.facts((t(f"lists.number.{number}"), f"{n:,}") for number, n in told.items()))
        if report.examples:
            examples = t("frame.comma").join(verbatim(value) for value in report.examples)
            st.markdown(t("lists.report.examples", examples=examples))
        with st.container(horizontal=True, vertical_alignment="center"):
            if kept.unmatched:
                st.download_button(
                    t("lists.report.unmatched"),
                    data=lambda: _csv(report),
                    file_name=f"{kept.name}-unmatched.csv",
                    mime="text/csv",
                    on_click="ignore",
                    key="lists_unmatched",
                )
            _use(kept)
            st.button(t("lists.report.close"), type="tertiary", key="lists_close", on_click=_forget)


def _csv(report: ListReport) -> bytes:
    out = io.BytesIO()
    report.unmatched.write_csv(out, include_bom=True)
    return out.getvalue()


# ── the lists ───────────────────────────────────────────────────────────────────────────────────


def _row(one: PeopleList) -> None:
    with st.container(border=True, key=f"list_{one.id}"):
        what, how_many, who, menu = st.columns([11, 3, 4, 4], vertical_alignment="center")
        with what.container(gap=None):
            st.markdown(f"**{verbatim(one.name)}**")
            st.caption(
                t(
                    "lists.report.how",
                    source=verbatim(one.source),
                    column=verbatim(one.column),
                    way=way_name(one.match),
                )
            )
            st.caption(
                t("lists.row", matched=one.matched, unmatched=one.unmatched, duplicates=one.duplicates)
            )
        how_many.html(tables.two_lines(t("lists.size", count=one.people), "", large=True))
        who.html(tables.two_lines(people.signed(one.by), people.moment(one.at)))
        with menu.container(horizontal=True, gap="small", wrap=False, vertical_alignment="center"):
            _use(one)
            if st.button(t("lists.remove"), key=f"list_remove_{one.id}", type="tertiary"):
                st.dialog(t("lists.remove.title"))(_remove)(one)


def _use(one: PeopleList) -> None:
    """Draw the link that opens the builder with the people on a list."""
    condition = {"kind": "list", "id": "c1", "list": one.name, "in": True}
    rule = {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": [condition]}}
    st.page_link(
        navigation.page_file("build"),
        label=t("lists.use"),
        query_params={links.RULE: json.dumps(rule, ensure_ascii=False, separators=(",", ":"))},
        help=t("lists.use.help"),
    )


def _remove(one: PeopleList) -> None:
    st.markdown(t("lists.remove.sure", name=verbatim(one.name)))
    if st.button(t("lists.remove.do", name=verbatim(one.name)), type="primary"):
        with boundary():
            state.workspace().remove_list(one.name, actor=state.actor())
            report = st.session_state.get(_REPORT)
            if report is not None and report.kept.id == one.id:
                del st.session_state[_REPORT]
            st.rerun()
