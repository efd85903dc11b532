"""The dialog that takes the list away: purpose first, then the reason, the fields in order, the format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import streamlit as st

from core.audiences.fields import default_fields
from core.audiences.lists import MAX_XLSX_ROWS, file_stem
from core.audiences.records import Format, Header, Purpose
from core.rules.tree import Rule
from core.schema import Catalogue
from core.workspace import Actor, ExportRequest, Workspace
from core.workspace.exporting import asks_nothing
from dashboard import state
from dashboard.builder.desk import Desk
from dashboard.builder.saving import who_acts
from dashboard.errors import boundary
from dashboard.i18n import language, pick, t

PURPOSES: tuple[Purpose, ...] = ("analysis", "contact")
HEADERS: tuple[Header, ...] = ("zh", "en", "key")

_KINDS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_form(desk: Desk, rule: Rule) -> None:
    """Draw the form; the button makes the file, its manifest and the row in the log when it is pressed."""
    workspace, day = state.workspace(), state.as_of()
    rows = workspace.count(rule, day).answer.count
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
    refusal = _refusal(rule, purpose, reason, actor)
    if refusal:
        st.warning(refusal)
    request = ExportRequest(
        rule=rule, actor=actor, fields=tuple(fields), purpose=purpose, format=form, as_of=day, reason=reason,
        audience_name=desk.saved.name if desk.saved else None, header=header,
    )  # fmt: skip
    _download(workspace, request, day, disabled=refusal is not None)
    st.caption(t("build.export.logged"))


def _fields(rule: Rule, catalogue: Catalogue) -> Sequence[str]:
    return st.multiselect(
        t("build.export.fields"),
        list(catalogue.tags),
        default=list(default_fields(rule, catalogue)),
        format_func=lambda key: pick(catalogue.tags[key].label),
        help=t("build.export.fields.id"),
        key="build_export_fields",
    )


def _refusal(rule: Rule, purpose: Purpose, reason: str, actor: Actor) -> str | None:
    """Return why the list cannot be had as it is asked for; None when it can."""
    if purpose == "analysis":
        return None
    if asks_nothing(rule):
        return t("build.export.everyone")
    if not reason.strip():
        return t("build.export.reason.missing")
    is_signed = actor.verified or actor.name != t("frame.actor.nobody")
    return None if is_signed else t("build.you.missing")


def _download(workspace: Workspace, request: ExportRequest, day: date, *, disabled: bool) -> None:
    """Draw the button; nothing is written before it is pressed."""
    name = f"{file_stem(request.audience_name, day)}.{request.format}"

    def make() -> bytes:
        return workspace.export(request).path.read_bytes()

    with boundary():
        st.download_button(
            t("build.export.download", file=name), data=make, file_name=name, mime=_KINDS[request.format],
            on_click="ignore", type="primary", width="stretch", disabled=disabled,
            key="build_export_download",
        )  # fmt: skip
