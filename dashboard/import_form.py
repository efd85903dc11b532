"""Preparing an import on the page: choose files, check what was understood, run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast
from zoneinfo import available_timezones

import streamlit as st

from core.errors import CallerError
from core.ingest import ImportReport, Progress
from dashboard import state, uploader
from dashboard.errors import boundary, show, verbatim
from dashboard.i18n import t
from dashboard.import_draft import SAMPLE, ImportDraft
from dashboard.imports import ImportRuns, desk
from dashboard.people import moment
from dashboard.plan_form import SourceForm
from dashboard.source_form import draw as draw_source
from dashboard.uploads import (
    FILE_LIMIT,
    KEPT_SECONDS,
    PLAN_FILE,
    SUFFIXES,
    DraftFolder,
    UploadRefused,
    files_below,
    readable_bytes,
    sweep,
)

Run = Callable[[Callable[[Progress], None], Callable[[], bool]], ImportReport]

PLACES = ("upload", "folder", "sample")
UNKNOWN_USERS = ("create", "refuse")

_DRAFT = "data:draft"
_UPLOADS = "data:uploads"
_SAID = "data:said"
_CHOSEN = "data_source"


def draw() -> None:
    """Draw the three steps of an import."""
    draft = _draft()
    _say_what_failed()
    st.header(t("data.step.files"), anchor=False)
    _files(draft)
    st.header(t("data.step.review"), anchor=False)
    if draft.is_empty:
        st.caption(t("data.review.none"))
        return
    _review(draft)
    st.header(t("data.step.run"), anchor=False)
    _settings(draft)
    _plan_text(draft)
    _run(draft)


def _draft() -> ImportDraft:
    """Return this browser's draft; the first time in a session, from its folder."""
    if _DRAFT not in st.session_state:
        workspace = state.workspace()
        sweep(workspace.upload_dir())
        folder = DraftFolder(workspace.upload_dir(), state.session_key())
        zone = st.context.timezone
        zone = zone if zone in available_timezones() else "Asia/Shanghai"
        st.session_state[_DRAFT] = ImportDraft(folder, workspace.data_folder(), zone)
    return cast(ImportDraft, st.session_state[_DRAFT])


# ── choosing files ──────────────────────────────────────────────────────────────────────────────


def _files(draft: ImportDraft) -> None:
    where = st.segmented_control(
        t("data.from"),
        PLACES,
        format_func={name: t(f"data.from.{name}") for name in PLACES}.__getitem__,
        default="upload",
        required=True,
        key="data_from",
        persist_state="session",
        label_visibility="collapsed",
    )
    if where == "upload":
        _upload(draft)
    elif where == "folder":
        _folder(draft)
    else:
        _sample(draft)
    _files_at_hand(draft)


def _upload(draft: ImportDraft) -> None:
    number = st.session_state.setdefault(_UPLOADS, 0)
    limit = readable_bytes(FILE_LIMIT)
    uploader.draw(
        t("data.upload.label", limit=limit), t("data.upload.rejected", limit=limit), f"data_upload_{number}",
        _take_uploads, draft, number, several=True,
    )  # fmt: skip
    st.caption(t("data.upload.larger", days=KEPT_SECONDS // 86400))


def _take_uploads(draft: ImportDraft, number: int) -> None:
    """Keep what was sent; a fresh uploader takes the old one's place, so that Streamlit frees its memory."""
    sent = st.session_state[f"data_upload_{number}"]
    st.session_state[_UPLOADS] = number + 1
    if sent:
        _attempt(lambda: draft.add_uploads(sent))


def _folder(draft: ImportDraft) -> None:
    folder = state.workspace().data_folder()
    if folder is None:
        st.info(t("data.folder.none"))
        return
    found = files_below(folder)
    if not found:
        st.info(t("data.folder.empty", allowed=" ".join(SUFFIXES)))
        return
    chosen = st.multiselect(
        t("data.folder.label"),
        found,
        format_func=str,
        placeholder=t("data.folder.placeholder"),
        key="data_paths",
    )
    st.button(
        t("data.folder.use"),
        on_click=_take_paths,
        args=(draft, folder),
        disabled=not chosen,
        key="data_use_paths",
    )


def _take_paths(draft: ImportDraft, folder: Path) -> None:
    paths = [folder / path for path in st.session_state["data_paths"]]
    st.session_state["data_paths"] = []
    _attempt(lambda: draft.add_paths(paths))


def _sample(draft: ImportDraft) -> None:
    plan = SAMPLE / PLAN_FILE
    if not plan.is_file():
        st.info(t("data.sample.absent", path=str(plan)))
        return
    st.markdown(t("data.sample.about"))
    with st.container(horizontal=True):
        workspace, actor = state.workspace(), state.actor()
        _start_button(
            t("data.sample.import"),
            "data_import_sample",
            lambda progress, cancelled: workspace.import_plan(
                plan, actor=actor, progress=progress, cancelled=cancelled
            ),
        )
        st.button(
            t("data.sample.look"),
            key="data_look_sample",
            help=t("data.sample.look_help"),
            on_click=_attempt,
            args=(draft.use_sample,),
        )


def _files_at_hand(draft: ImportDraft) -> None:
    if draft.is_empty:
        return
    absent = draft.absent()
    if absent:
        st.warning(t("data.draft.missing", files=verbatim(t("frame.comma").join(absent))))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for source in dict.fromkeys(form.source for form in draft.forms if not form.is_query):
            name = Path(source).name
            st.button(
                verbatim(name),
                key=f"data_remove_{source}",
                icon=":material/close:",
                icon_position="right",
                help=t("data.draft.remove", file=verbatim(name)),
                on_click=draft.remove,
                args=(source,),
            )
        st.button(t("data.draft.clear"), key="data_clear", type="tertiary", on_click=draft.clear)


# ── checking what was understood ────────────────────────────────────────────────────────────────


def _review(draft: ImportDraft) -> None:
    numbers = list(range(len(draft.forms)))
    if st.session_state.get(_CHOSEN) not in numbers:
        st.session_state[_CHOSEN] = 0
    names = [_name_of(form) for form in draft.forms]
    number = st.selectbox(
        t("data.review.source"),
        numbers,
        format_func=names.__getitem__,
        key=_CHOSEN,
        persist_state="session",
    )
    draw_source(draft, number)


def _name_of(form: SourceForm) -> str:
    return t("data.review.entry", file=form.name, holds=t(f"data.review.short.{form.holds}"))


# ── running ─────────────────────────────────────────────────────────────────────────────────────


def _settings(draft: ImportDraft) -> None:
    zones = sorted(available_timezones())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        zone = st.selectbox(
            t("data.plan.time_zone"),
            zones,
            index=zones.index(draft.plan.time_zone),
            help=t("data.plan.time_zone_help"),
            key=f"data_zone_{draft.epoch}",
            width=220,
        )
        day = st.date_input(
            t("data.plan.as_of"),
            value=draft.plan.as_of,
            min_value=date(1900, 1, 1),
            max_value=date(2999, 12, 31),
            help=t("data.plan.as_of_help"),
            key=f"data_as_of_{draft.epoch}",
            width=180,
        )
        unknown = st.selectbox(
            t("data.plan.unknown_users"),
            UNKNOWN_USERS,
            index=UNKNOWN_USERS.index(draft.plan.unknown_users),
            format_func={name: t(f"data.plan.unknown_users.{name}") for name in UNKNOWN_USERS}.__getitem__,
            key=f"data_unknown_{draft.epoch}",
            width=220,
        )
        rejects = st.number_input(
            t("data.plan.rejects"),
            min_value=0.0,
            max_value=100.0,
            value=draft.plan.max_reject_share * 100,
            step=1.0,
            format="%g",
            key=f"data_rejects_{draft.epoch}",
            width=220,
        )
    settings: dict[str, Any] = {
        "time_zone": zone,
        "as_of": day,
        "unknown_users": unknown,
        "max_reject_share": rejects / 100,
    }
    if any(getattr(draft.plan, name) != value for name, value in settings.items()):
        draft.set_plan(**settings)


def _plan_text(draft: ImportDraft) -> None:
    with st.expander(t("data.plan.toml")):
        st.caption(t("data.plan.toml_about"))
        text = draft.text()
        if not st.toggle(t("data.plan.edit"), key="data_edit_plan"):
            st.code(text, language="toml", height=320)
        else:
            edited = st.text_area(
                t("data.plan.edit_label"), value=text, height=320, key=f"data_plan_text_{draft.epoch}"
            )
            if st.button(t("data.plan.apply"), key="data_apply_plan"):
                with boundary():
                    draft.set_text(edited)
                    st.rerun()
        st.download_button(
            t("data.plan.download"),
            data=lambda: text,
            file_name=PLAN_FILE,
            mime="application/toml",
            on_click="ignore",
            key="data_download_plan",
        )


def _run(draft: ImportDraft) -> None:
    troubles = draft.troubles()
    if troubles:
        lines = [t(trouble.key, **_said(trouble.params)) for trouble in troubles]
        st.warning(t("data.plan.incomplete") + "\n" + "\n".join(f"- {verbatim(line)}" for line in lines))
    plan = None if troubles else draft.whole_plan()
    workspace, actor = state.workspace(), state.actor()

    def work(progress: Callable[[Progress], None], cancelled: Callable[[], bool]) -> ImportReport:
        if plan is None:
            raise RuntimeError("the form is not whole; its button is disabled")
        return workspace.import_plan(
            plan, actor=actor, base_dir=draft.folder.path, progress=progress, cancelled=cancelled
        )

    _start_button(t("data.run.start"), "data_run", work, disabled=plan is None)


def _said(params: Any) -> dict[str, object]:
    """Return what a trouble names, in words."""
    said = dict(params)
    if "role" in said:
        said["role"] = t(f"data.role.{said['role']}")
    if "columns" in said:
        said["columns"] = t("frame.comma").join(said["columns"])
    return said


def _start_button(label: str, key: str, work: Run, *, disabled: bool = False) -> None:
    if st.button(label, key=key, type="primary", disabled=disabled):
        try:
            desk.start(work, owner=state.session_key(), by=state.actor().name)
        except ImportRuns as busy:
            who = verbatim(busy.job.by or t("frame.actor.nobody"))
            st.error(t("data.run.busy", who=who, when=moment(busy.job.started_at)))
        else:
            st.rerun()


def _attempt(action: Callable[[], None]) -> None:
    """Do something in a callback, where nothing can be drawn; what failed is said in the run that follows."""
    try:
        action()
    except (UploadRefused, CallerError) as error:
        st.session_state[_SAID] = error


def _say_what_failed() -> None:
    error = st.session_state.pop(_SAID, None)
    if isinstance(error, UploadRefused):
        st.error(verbatim(t(error.key, **error.params)))
    elif error is not None:
        show(error)
