"""One source of an import on the page: its first rows, what each column was taken for, corrections."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

import polars as pl
import streamlit as st

from core.audiences.masking import mask
from core.ingest import SourceInspection
from core.messages import say
from core.schema import Personal, TagType
from dashboard.errors import describe, verbatim
from dashboard.i18n import language, pick, t
from dashboard.import_draft import ImportDraft
from dashboard.plan_form import PERSONAL, ROLES, ColumnRow, Holds, Role, SourceForm

STANDARD_DIMENSIONS = (
    "journey", "rfm", "interests", "demographics", "identity", "search", "membership", "acquisition", "other",
)  # fmt: skip
HOLDS: tuple[Holds, ...] = ("users", "events", "nothing")
NOT_PERSONAL = "none"

_TABLES = "data:tables"
_EXAMPLES, _ROWS = 3, 6
_DELIMITERS = {"\t": "Tab", " ": "␣"}


def draw(draft: ImportDraft, number: int) -> None:
    """Draw a source's form; corrections go into the draft at once."""
    form = draft.forms[number]
    if form.is_query:
        st.info(t("data.review.query"))
        return
    unreadable = draft.unreadable.get(form.source)
    if unreadable is not None:
        st.error(describe(unreadable))
        return
    inspection = draft.inspections.get(form.source)
    if inspection is None:
        return
    _first_rows(form, inspection)
    holds = st.segmented_control(
        t("data.review.holds"),
        HOLDS,
        format_func={name: t(f"data.review.holds_{name}") for name in HOLDS}.__getitem__,
        default=form.holds,
        required=True,
        key=f"data_holds_{number}_{draft.epoch}",
    )
    if holds != form.holds:
        draft.change(number, replace(form, holds=holds))
        st.rerun()
    if form.holds == "nothing":
        return
    corrected = _columns(draft, _settings(draft, form, number), number, inspection)
    if corrected != form:
        draft.change(number, corrected)


def _first_rows(form: SourceForm, inspection: SourceInspection) -> None:
    """Draw the first rows; columns that are marked as personal are masked here as everywhere."""
    personal = _personal(form)
    heads = [column.name for column in inspection.columns]
    rows = [
        [
            value if value is None else _shown_value(value, personal.get(head))
            for head, value in zip(heads, row, strict=True)
        ]
        for row in inspection.first_rows[:_ROWS]
    ]
    with st.expander(t("data.review.first_rows"), expanded=True):
        st.dataframe(
            pl.DataFrame(rows, schema=dict.fromkeys(heads, pl.String), orient="row"),
            height="content",
            hide_index=True,
            placeholder="",
            alt=t("data.review.first_rows"),
        )
        st.caption(verbatim(" · ".join(_facts(inspection))))


def _facts(inspection: SourceInspection) -> list[str]:
    facts = [t("data.review.found", rows=inspection.rows, columns=len(inspection.columns))]
    if inspection.bad_rows:
        facts.append(t("data.review.bad_rows", n=inspection.bad_rows))
    if inspection.encoding is not None:
        facts.append(inspection.encoding.upper())
    if inspection.delimiter is not None:
        facts.append(
            t("data.review.delimiter", delimiter=_DELIMITERS.get(inspection.delimiter, inspection.delimiter))
        )
    return facts


def _settings(draft: ImportDraft, form: SourceForm, number: int) -> SourceForm:
    """Draw what counts for the whole source; return the form with what was chosen."""
    suffix = f"{number}_{draft.epoch}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if form.holds == "users":
            choices = ["refuse", "first", "last"]
            duplicates = st.selectbox(
                t("data.users.duplicates"),
                choices,
                index=choices.index(form.duplicates),
                format_func={name: t(f"data.users.duplicates.{name}") for name in choices}.__getitem__,
                key=f"data_duplicates_{suffix}",
                width=220,
            )
            form = replace(form, duplicates=duplicates)
        else:
            event = st.text_input(
                t("data.event.key"),
                value=form.event,
                help=t("data.event.key_help"),
                disabled=any(row.role == "event" for row in form.rows),
                key=f"data_event_{suffix}",
                width=220,
            )
            time_format = st.text_input(
                t("data.event.time_format"),
                value=form.time_format,
                help=t("data.event.time_format_help"),
                key=f"data_time_format_{suffix}",
                width=220,
            )
            form = replace(form, event=event, time_format=time_format)
        where = st.text_input(t("data.event.where"), value=form.where, key=f"data_where_{suffix}", width=300)
    return replace(form, where=where)


def _columns(draft: ImportDraft, form: SourceForm, number: int, inspection: SourceInspection) -> SourceForm:
    """Draw the table of columns; return the form with the rows as corrected.

    The table that the widget is given must not change while it lives, or its edits would be applied twice: it
    is made when the widget is new, from the form as it then stands.
    """
    key = f"data_columns_{number}_{form.holds}_{draft.epoch}"
    tables: dict[str, pl.DataFrame] = st.session_state.setdefault(_TABLES, {})
    if key not in st.session_state or key not in tables:
        tables.clear()
        tables[key] = _table(form, inspection)
    st.markdown(f"**{t('data.review.columns')}**")
    edited = cast(
        pl.DataFrame,
        st.data_editor(
            tables[key],
            key=key,
            hide_index=True,
            num_rows="fixed",
            column_order=_shown(form),
            column_config=_config(draft, form),
            disabled=["column", "understood", "samples"],
            alt=t("data.review.columns"),
        ),
    )
    return replace(form, rows=tuple(_corrected(row) for row in edited.iter_rows(named=True)))


def _shown(form: SourceForm) -> list[str]:
    """Return the columns of the table in order; those that no row of this kind can use are left out."""
    first = ["column", "samples", "understood", "role", "type", "key", "zh", "en"]
    return [*first, *(["dimension", "unit", "personal"] if form.holds == "users" else []), "separator"]


def _table(form: SourceForm, inspection: SourceInspection) -> pl.DataFrame:
    seen = {column.name: column for column in inspection.columns}
    rows: list[dict[str, Any]] = []
    for row in form.rows:
        column = seen[row.column]
        rows.append(
            {
                **asdict(row),
                "samples": t("frame.comma").join(
                    _shown_value(value, row.personal) for value in column.samples[:_EXAMPLES]
                ),
                "understood": t(f"data.type.{column.type.value}") if row.personal else column.why[language()],
                "personal": row.personal or NOT_PERSONAL,
                "unit": row.unit or "",
            }
        )
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("unit", "zh", "en"), pl.String))


def _personal(form: SourceForm) -> dict[str, str]:
    return {row.column: row.personal for row in form.rows if row.role == "tag" and row.personal}


def _shown_value(value: str, kind: str | None) -> str:
    return value if kind is None else mask(value, cast(Personal, kind))


def _corrected(row: dict[str, Any]) -> ColumnRow:
    return ColumnRow(
        column=row["column"],
        role=cast(Role, row["role"]),
        type=row["type"],
        key=row["key"] or "",
        zh=row["zh"] or "",
        en=row["en"] or "",
        dimension=row["dimension"] or "other",
        unit=row["unit"] or None,
        personal=None if row["personal"] == NOT_PERSONAL else row["personal"],
        separator=row["separator"] or "|",
    )


def _config(draft: ImportDraft, form: SourceForm) -> dict[str, Any]:
    text, choice = st.column_config.TextColumn, st.column_config.SelectboxColumn
    labels = draft.plan.dimensions
    known = dict.fromkeys([*labels, *STANDARD_DIMENSIONS, *(row.dimension for row in form.rows)])

    def dimension(name: Any) -> str:
        if name in labels:
            return pick(labels[name])
        return pick(say(f"dimension_{name}")) if name in STANDARD_DIMENSIONS else str(name)

    return {
        "column": text(t("data.column.name"), pinned=True, width=120),
        "samples": text(t("data.column.samples"), width=150),
        "understood": text(t("data.column.understood"), width=240),
        "role": choice(
            t("data.column.role"),
            options=ROLES[form.holds],
            format_func=lambda role: t(f"data.role.{role}"),
            required=True,
            width=100,
        ),
        "type": choice(
            t("data.column.type"),
            options=[kind.value for kind in TagType],
            format_func=lambda kind: t(f"data.type.{kind}"),
            required=True,
            width=80,
        ),
        "key": text(t("data.column.key"), help=t("data.column.key_help"), width=120),
        "zh": text(t("data.column.zh"), width=100),
        "en": text(t("data.column.en"), width=110),
        "dimension": choice(
            t("data.column.dimension"), options=list(known), format_func=dimension, required=True, width=110
        ),
        "unit": text(t("data.column.unit"), width=60),
        "personal": choice(
            t("data.column.personal"),
            help=t("data.column.personal_help"),
            options=[NOT_PERSONAL, *PERSONAL],
            format_func=lambda kind: t(f"data.personal.{kind}"),
            required=True,
            width=90,
        ),
        "separator": text(
            t("data.column.separator"), help=t("data.column.separator_help"), max_chars=5, width=70
        ),
    }
