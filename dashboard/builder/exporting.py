"""The dialog that takes the list away: purpose first, then the reason, the fields in order, the format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import streamlit as st

from core.audiences.fields import default_fields
from core.audiences.lists import MAX_XLSX_ROWS
from core.audiences.records import Format, Header, Purpose
from core.rules.tree import Rule
from core.schema import Catalogue
from core.workspace import Audience, ExportRequest, ExportResult, Workspace
from core.workspace.exporting import asks_nothing
from dashboard import state
from dashboard.builder.desk import Asking, Desk
from dashboard.builder.saving import remember, who_acts
from dashboard.errors import boundary, verbatim
from dashboard.i18n import language, pick, t

PURPOSES: tuple[Purpose, ...] = ("analysis", "contact")
HEADERS: tuple[Header, ...] = ("zh", "en", "key")

_MADE = "build:export_made"
_KINDS = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_form(desk: Desk, rule: Rule, asking: Asking) -> None:
    """Draw the form for the rule on the desk."""
    name = desk.saved.name if desk.saved else None
    draw(rule, state.as_of(), name=name, audience=desk.aside(asking))


def draw(rule: Rule, day: date, *, name: str | None, audience: Audience | None = None) -> None:
    """Draw the form; a button makes the file, its manifest and the row in the log, another hands it over.

    Parameters
    ----------
    name : str or None
        What the people are called, for the file and the log.
    audience : Audience or None
        Saved, with people who are not those of the rule alone.
    """
    workspace = state.workspace()
    rows = workspace.count(rule, day).answer.count
    if audience is not None:
        rows, audience = _whose(audience, rule, rows)
    st.markdown(f"**{t('build.export.people', n=rows)}** · {day.isoformat()}")
    purpose: Purpose = st.radio(
        t("build.export.purpose"),
        PURPOSES,
        format_func=lambda p: t(f"build.export.{p}"),
        key="build_export_purpose",
    )
    reason = ""
    if purpose == "contact":
        reason = st.text_input(
            t("build.export.reason"), key="build_export_reason", max_chars=300,
            help=t("build.export.reason.help"),
        )  # fmt: skip
    fields = _fields(rule, workspace.data_version().catalogue)
    left, right = st.columns(2)
    formats = ["csv", "xlsx"] if rows <= MAX_XLSX_ROWS else ["csv"]
    form = cast(
        Format,
        left.radio(
            t("build.export.format"),
            formats,
            format_func=lambda f: t(f"build.export.{f}"),
            key="build_export_format",
        ),
    )
    header: Header = right.radio(
        t("build.export.header"),
        HEADERS,
        index=HEADERS.index(language()),
        format_func=lambda h: t(f"build.export.header.{h}"),
        key="build_export_header",
    )
    actor = who_acts("build_export_who")
    request = ExportRequest(
        rule=rule, actor=actor, fields=tuple(fields), purpose=purpose, format=form, as_of=day, reason=reason,
        audience_name=name,
        people_of=None if audience is None else audience.id, header=header,
    )  # fmt: skip
    is_of_everybody = asks_nothing(rule) and (audience is None or audience.fixed_to is None)
    is_careless = purpose == "contact" and is_of_everybody
    if is_careless:
        st.warning(t("build.export.everyone"))
    if st.button(t("build.export.make"), type="primary", width="stretch", disabled=is_careless):
        _make(workspace, request)
    made = st.session_state.get(_MADE)
    if made is not None and made[0] == request:
        _hand_over(made[1])
    st.caption(t("build.export.logged"))


def _whose(audience: Audience, rule: Rule, by_rule: int) -> tuple[int, Audience | None]:
    """Ask whether those by hand come along; return how many people that makes, and the audience if so."""
    numbers = state.workspace().audience_numbers(audience.id, state.as_of(), rule=rule)
    whole = t(
        "build.export.whole.fixed" if numbers.is_fixed else "build.export.whole.ruled",
        n=numbers.count, ruled=numbers.ruled, added=numbers.added, removed=numbers.removed,
    )  # fmt: skip
    words = {"whole": whole, "rule": t("build.export.rule_alone", n=by_rule)}
    chosen = st.radio(
        t("build.export.whose"), list(words), format_func=words.__getitem__, key="build_export_whose"
    )
    return (numbers.count, audience) if chosen == "whole" else (by_rule, None)


def _make(workspace: Workspace, request: ExportRequest) -> None:
    """Write the file, its manifest and the row in the log, or say why not."""
    refusal = _refusal(request)
    if refusal is not None:
        st.warning(refusal)
        return
    remember(request.actor)
    with boundary():
        st.session_state[_MADE] = request, workspace.export(request)


def _hand_over(made: ExportResult) -> None:
    st.success(t("build.export.made", file=verbatim(made.file_name), rows=made.rows))
    st.download_button(
        t("build.export.download", file=verbatim(made.file_name)), data=made.path.read_bytes,
        file_name=made.file_name, mime=_KINDS[made.path.suffix], on_click="ignore", type="primary",
        width="stretch", key="build_export_download",
    )  # fmt: skip


def _fields(rule: Rule, catalogue: Catalogue) -> Sequence[str]:
    return st.multiselect(
        t("build.export.fields"),
        list(catalogue.tags),
        default=list(default_fields(rule, catalogue)),
        format_func=lambda key: pick(catalogue.tags[key].label),
        help=t("build.export.fields.id"),
        placeholder=t("build.export.fields.choose"),
        key="build_export_fields",
    )


def _refusal(request: ExportRequest) -> str | None:
    """Return why the list cannot be had as it is asked for; None when it can."""
    if request.purpose == "analysis":
        return None
    if not request.reason.strip():
        return t("build.export.reason.missing")
    is_signed = request.actor.verified or request.actor.name != t("frame.actor.nobody")
    return None if is_signed else t("build.you.missing")
