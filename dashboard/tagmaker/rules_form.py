"""Rule tags: values in order, each with a rule that is built in the builder (`value_task`)."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.errors import RuleError
from core.messages import message_of
from dashboard import navigation, state
from dashboard.errors import verbatim
from dashboard.i18n import pick, t
from dashboard.tagmaker.draft import TagDraft, new_value
from dashboard.tagmaker.value_task import ValueTask

EVERYBODY = {
    "version": 1,
    "include": {"kind": "group", "id": "g0", "match": "all", "children": []},
    "exclude": None,
    "take": None,
}


def draw(draft: TagDraft, making: dict[str, Any]) -> None:
    """Draw the values with their rules, how several matches are settled, and the value of everyone else."""
    making["keep"] = st.segmented_control(
        t("tagmaker.rules.keep"), ("first", "all"), default=making.get("keep") or "first", required=True,
        format_func=lambda key: t(f"tagmaker.rules.keep.{key}"), key=draft.key("keep"),
    )  # fmt: skip
    st.caption(t("tagmaker.rules.about"))
    for place, value in enumerate(making["values"]):
        _value(draft, making, value, place)
    if st.button(t("tagmaker.rules.add"), key=draft.key("add_value")):
        _change(draft, making, [*making["values"], new_value(EVERYBODY)])
    otherwise = st.text_input(
        t("tagmaker.rules.otherwise"), making.get("otherwise") or "", help=t("tagmaker.rules.otherwise_help"),
        key=draft.key("otherwise"),
    )  # fmt: skip
    making["otherwise"] = otherwise.strip() or None
    if st.button(t("tagmaker.undo"), disabled=not draft.undone, key=draft.key("undo")):
        draft.undo()
        st.rerun()


def _value(draft: TagDraft, making: dict[str, Any], value: dict[str, Any], place: int) -> None:
    workspace = state.workspace()
    with st.container(border=True):
        values = making["values"]
        is_last = place == len(values) - 1
        with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
            value["value"] = st.text_input(
                t("tagmaker.rules.value", n=place + 1), value["value"], key=draft.key(f"value_{place}")
            ).strip()
            is_up = _small(draft, "up", place, disabled=place == 0)
            is_down = _small(draft, "down", place, disabled=is_last)
            is_away = _small(draft, "remove", place)
        if is_up:
            _change(draft, making, [*values[: place - 1], value, values[place - 1], *values[place + 1 :]])
        if is_down:
            _change(draft, making, [*values[:place], values[place + 1], value, *values[place + 2 :]])
        if is_away:
            _change(draft, making, values[:place] + values[place + 1 :])
        try:
            rule = workspace.parse(value["rule"])
            st.markdown(verbatim(pick(workspace.sentence(rule))))
            own = workspace.count(rule, state.as_of()).answer.count
            st.caption(t("tagmaker.rules.own", n=own))
        except RuleError as error:
            st.markdown(f":red[{verbatim(pick(message_of(error.problems[0])))}]")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                navigation.page_file("build"), label=t("tagmaker.rules.build"),
                query_params=ValueTask(draft.purpose, value["id"]).query, icon=":material/tune:",
            )  # fmt: skip
            saved = {audience.id: audience for audience in workspace.audiences()}
            chosen = st.selectbox(
                t("tagmaker.rules.copy"), [None, *saved], label_visibility="collapsed", width=240,
                format_func=lambda key: t("tagmaker.rules.copy") if key is None else saved[key].name,
                key=draft.key(f"copy_{place}"),
            )  # fmt: skip
            if chosen is not None:
                copied = {**value, "rule": saved[chosen].rule, "value": value["value"] or saved[chosen].name}
                _change(draft, making, [*values[:place], copied, *values[place + 1 :]])


def _small(draft: TagDraft, what: str, place: int, *, disabled: bool = False) -> bool:
    """Draw a small button beside a value, and tell whether it was pressed."""
    sign = {"up": "↑", "down": "↓", "remove": "✕"}[what]
    return st.button(
        sign, type="tertiary", disabled=disabled, help=t(f"tagmaker.{what}"), width="content",
        key=draft.key(f"{what}_{place}"),
    )  # fmt: skip


def _change(draft: TagDraft, making: dict[str, Any], values: list[dict[str, Any]]) -> None:
    draft.remember()
    making["values"] = values
    draft.round += 1
    st.rerun()
