"""The dialog that saves the rule as an audience: name, note, and what to do when somebody else was faster."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import CallerError, Conflict
from core.rules.tree import Rule
from core.workspace import Actor, Audience
from dashboard import state
from dashboard.builder.desk import Asking, Desk
from dashboard.errors import describe, verbatim
from dashboard.i18n import t

_NAME, _NOTE, _AS_NEW, _WHO = "build_save_name", "build_save_note", "build_save_as_new", "build_save_who"


def save_form(desk: Desk, rule: Rule, asking: Asking) -> Audience | None:
    """Draw the form; return the audience once it has been saved."""
    place = st.empty()
    saved = desk.saved
    as_new = saved is None or st.checkbox(t("build.save.new"), key=_AS_NEW)
    _say_who(place, desk, rule, asking, as_new=as_new)
    with st.form("build_save", border=False):
        name = st.container(key="type_at_once").text_input(
            t("build.save.name"), value=saved.name if saved else "", max_chars=100, key=_NAME,
            disabled=not as_new,
        )  # fmt: skip
        note = st.text_area(
            t("build.save.note"), value=saved.note if saved else "", max_chars=1000, height=80,
            help=t("build.save.note.help"), key=_NOTE,
        )  # fmt: skip
        who = who_acts(_WHO)
        words = (
            t("build.save.update", name=verbatim(saved.name)) if saved and not as_new else t("build.save.do")
        )
        pressed = st.form_submit_button(words, type="primary", width="stretch")
    if not pressed:
        return None
    remember(who)
    try:
        return _save(desk, rule, name, note, as_new=as_new, actor=who)
    except Conflict as conflict:
        _explain(desk, conflict)
    except CallerError as error:
        st.error(describe(error))
    return None


def _say_who(place: DeltaGenerator, desk: Desk, rule: Rule, asking: Asking, *, as_new: bool) -> None:
    """Say how many the audience will hold, and what becomes of those by hand."""
    workspace, audience = state.workspace(), desk.aside(asking)
    by_rule = workspace.count(rule, state.as_of()).answer.count
    if audience is None:
        place.caption(t("build.save.dynamic", n=by_rule))
    elif as_new:
        place.caption(t("build.save.without_hand", n=by_rule, name=verbatim(audience.name)))
    else:
        numbers = workspace.audience_numbers(audience.id, state.as_of(), rule=rule)
        key = "build.save.fixed" if numbers.is_fixed else "build.save.with_hand"
        place.caption(t(key, n=numbers.count, rule=by_rule))


def _save(desk: Desk, rule: Rule, name: str, note: str, *, as_new: bool, actor: Actor) -> Audience:
    saved = desk.saved
    if saved is None or as_new:
        return state.workspace().save_audience(name=name, note=note, rule=rule, actor=actor)
    return state.workspace().save_audience(
        name=saved.name, note=note, rule=rule, actor=actor, audience_id=saved.id, revision=saved.revision
    )


def _explain(desk: Desk, conflict: Conflict) -> None:
    """Say who was faster; when it was the same audience, offer to save over their change."""
    st.error(describe(conflict))
    if desk.saved is None or conflict.code != "audience_changed":
        return
    newest = state.workspace().audience(desk.saved.id)
    st.button(t("build.save.overwrite"), on_click=_see_newest, args=(desk, newest.revision))


def _see_newest(desk: Desk, revision: int) -> None:
    """Having been told of the other change, the operator means to replace it."""
    if desk.saved is not None:
        desk.saved.revision = revision


def who_acts(key: str) -> Actor:
    """Return who acts; ask for a name where nobody has given one, and remember it."""
    actor = state.actor()
    if actor.verified or state.typed_name():
        return actor
    name = st.text_input(t("build.you"), max_chars=60, key=key, autocomplete="name").strip()
    return Actor(name, verified=False) if name else actor


def remember(actor: Actor) -> None:
    """Sign with the name that was just given from now on."""
    if not actor.verified and actor.name != state.actor().name:
        state.set_typed_name(actor.name)
