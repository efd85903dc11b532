"""A number for each value of a tag: fields side by side, one per value, empty where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.analytics.budget import MOST_GROUPS
from core.messages import say
from core.schema import TagType
from dashboard import state
from dashboard.errors import verbatim
from dashboard.i18n import pick, t


def ask(label: str, key: str, tag: str | None) -> dict[str, float] | None:
    """Ask for a number by value of a tag; None = nothing is told.

    What was typed for the values of another tag is kept for when that is chosen again.
    """
    st.caption(verbatim(label))
    values = {} if tag is None else _values(tag)
    are_few = 0 < len(values) <= MOST_GROUPS
    _take(key, tag or "", list(values) if are_few else [])
    if not are_few:
        why = "too_many" if values else "no_tag"
        st.caption(t(f"tagmaker.amounts.{why}", most=MOST_GROUPS))
        return None
    told: dict[str, float] = {}
    # In a form: a page that is drawn anew for one field would take the next one from under the fingers.
    with st.form(f"{key}:form"):
        left, right = st.columns(2)
        for place, (value, name) in enumerate(values.items()):
            with right if place % 2 else left:
                amount = st.number_input(
                    verbatim(name), 0.0, value=None, step=100.0, format="%.12g",
                    key=_field(key, tag or "", value), persist_state="session",
                    placeholder=t("tagmaker.amounts.unknown"),
                )  # fmt: skip
            if amount is not None:
                told[value] = amount
        st.form_submit_button(t("tagmaker.amounts.apply"))
    return told or None


def keep(key: str, amounts: Mapping[str, float]) -> None:
    """Let numbers stand in the fields when they are asked for next; those of no value are left then."""
    st.session_state[_given(key)] = dict(amounts)


def left(key: str) -> list[str]:
    """Return the values for which a number was given last though the tag has none such."""
    return list(st.session_state.get(_left(key), ()))


def _take(key: str, tag: str, values: list[str]) -> None:
    given = st.session_state.pop(_given(key), None)
    if given is None:
        return
    for value in values:
        st.session_state[_field(key, tag, value)] = float(given[value]) if value in given else None
    st.session_state[_left(key)] = [value for value in given if value not in values]


def _values(tag: str) -> dict[str, str]:
    """Return the values of a tag and how they are called; if there are too many, one too many."""
    workspace = state.workspace()
    if workspace.catalogue().tags[tag].type is TagType.BOOLEAN:
        return {value: pick(say(f"split_{value}")) for value in ("true", "false")}
    found = workspace.values(tag, limit=MOST_GROUPS + 1, as_of=state.as_of())
    return {value: value for value, users in found if users}


def _field(key: str, tag: str, value: str) -> str:
    return f"{key}:{tag}:{value}"


def _given(key: str) -> str:
    return f"{key}:given"


def _left(key: str) -> str:
    return f"{key}:left"
