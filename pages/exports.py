"""导出记录 Exports: who took which list away, when and why; and the log of everything else that was done."""

import json
from dataclasses import asdict
from typing import get_args

import streamlit as st

from core.workspace import Action, ExportRecord
from dashboard import log_entries, people, state, tables
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t

LIMIT = 1_000
EXPORTS_PER_PAGE, ENTRIES_PER_PAGE = 20, 50
PURPOSES = ("analysis", "contact")
ACTIONS = get_args(Action)
workspace = state.workspace()


def contains(words: str, *texts: object) -> bool:
    """Tell whether the texts together contain every word."""
    text = " ".join(str(one) for one in texts).casefold()
    return all(word in text for word in words.casefold().split())


def slice_of(rows: list, per_page: int, key: str) -> list:
    """Draw the page numbers where there are several, and return the rows of the chosen page."""
    pages = -(-len(rows) // per_page)
    first = (st.pagination(pages, key=key) - 1) * per_page if pages > 1 else 0
    return rows[first : first + per_page]


def manifest(record: ExportRecord) -> str:
    """Return the record as JSON; values of personal tags in its rule are masked."""
    return json.dumps(asdict(record), ensure_ascii=False, indent=2, default=str)


def draw_export(record: ExportRecord) -> None:
    heading = t(
        "exports.heading",
        name=verbatim(record.audience_name or record.file_name),
        rows=record.rows,
        purpose=t(f"exports.purpose.{record.purpose}"),
        who=verbatim(people.signed(record.by)),
        when=people.moment(record.at),
    )
    with st.expander(heading, key=f"export_{record.id}"):
        facts = [
            (t("exports.rule"), pick(record.sentence)),
            (t("exports.as_of"), record.as_of.isoformat()),
            (t("exports.data_version"), record.data_version),
            (t("exports.fields"), log_entries.field_names(record.fields) or "user_id"),
            (
                t("exports.revealed"),
                log_entries.field_names(record.revealed) or t("exports.nothing_revealed"),
            ),
            (t("exports.reason"), record.reason or "–"),
            (t("exports.file"), record.path),
            (t("exports.sha256"), record.sha256),
        ]
        st.html(tables.facts(facts))
        st.download_button(
            t("exports.manifest"),
            data=lambda: manifest(record),
            file_name=f"{record.file_name}.manifest.json",
            mime="application/json",
            on_click="ignore",
            key=f"manifest_{record.id}",
        )


st.title(t("exports.title"), anchor=False)
exports_tab, log_tab = st.tabs([t("exports.tab.exports"), t("exports.tab.log")])

with exports_tab, boundary():
    records = workspace.exports(LIMIT)
    if records:
        with st.container(horizontal=True, vertical_alignment="center"):
            words = st.text_input(
                t("exports.search"), placeholder=t("exports.search"), label_visibility="collapsed",
                key="exports_search", width=320,
            )  # fmt: skip
            purpose = st.segmented_control(
                t("exports.purpose"), PURPOSES, format_func=lambda key: t(f"exports.purpose.{key}"),
                label_visibility="collapsed", key="exports_purpose",
            )  # fmt: skip
        found = [
            record
            for record in records
            if purpose in (None, record.purpose)
            and contains(words, record.audience_name, record.file_name, record.by.name, record.reason)
        ]
        st.caption(t("exports.count", shown=len(found), all=len(records)))
        for record in slice_of(found, EXPORTS_PER_PAGE, "exports_page"):
            draw_export(record)
    else:
        st.header(t("exports.empty.title"), anchor=False)
        st.markdown(t("exports.empty.body"))

with log_tab, boundary():
    entries = workspace.log(LIMIT)
    if entries:
        chosen = st.pills(
            t("exports.action"), ACTIONS, selection_mode="multi", label_visibility="collapsed",
            format_func=lambda key: t(f"exports.action.{key}"), key="exports_actions",
        )  # fmt: skip
        matching = [entry for entry in entries if not chosen or entry.action in chosen]
        st.caption(t("exports.log.count", shown=len(matching), all=len(entries)))
        rows = [
            (
                people.moment(entry.at),
                people.signed(entry.by),
                t(f"exports.action.{entry.action}"),
                entry.subject,
                log_entries.detail(entry),
            )
            for entry in slice_of(matching, ENTRIES_PER_PAGE, "exports_log_page")
        ]
        columns = [t(f"exports.log.{name}") for name in ("when", "who", "action", "subject", "detail")]
        st.html(tables.table(t("exports.tab.log"), columns, rows))
    else:
        st.header(t("exports.log.empty.title"), anchor=False)
        st.markdown(t("exports.log.empty.body"))
