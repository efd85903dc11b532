"""The steps of a journey, edited: each is some events or a saved audience, one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.analytics.journey_steps import MOST_STEPS, way_given
from core.workspace import LONGEST_STEP_NAME, Slot
from dashboard import state
from dashboard.errors import boundary
from dashboard.i18n import pick, t

OWN = "journey:steps"
"""In the session: the operator's own steps, as a plan writes them; absent or empty = the plan's journey."""
_DRAFT, _NUMBER = "journey:draft", "journey:draft_number"


def own() -> list[dict[str, Any]]:
    """Return the operator's own steps; none = the journey of the plan."""
    return list(st.session_state.get(OWN, ()))


def keep(told: Sequence[Mapping[str, Any]]) -> None:
    """Take over steps as a plan writes them, audiences by id; none = the journey of the plan."""
    ids = {name: audience for audience, name in _audiences().items()}
    st.session_state[OWN] = [
        {**step, "audience": ids.get(step["audience"], step["audience"])}
        if "audience" in step
        else dict(step)
        for step in told
    ]


def settle() -> bool:
    """Go back to the journey of the plan if an audience of the own steps is gone, and tell whether it is."""
    if {step["audience"] for step in own() if "audience" in step} <= _audiences().keys():
        return False
    st.session_state.pop(OWN, None)
    return True


def button(slot: Slot, others: Mapping[str, Any]) -> None:
    """Draw the button that opens the steps for editing; `others` is what else the journey is told."""
    many = len(own())
    label = t("analyses.steps.own", n=many) if many else t("analyses.steps.edit")
    if st.button(label, icon=":material/route:", key="journey_steps"):
        st.session_state[_DRAFT] = [_numbered(_unnamed(step, _audiences())) for step in own() or _planned()]
        st.dialog(t("analyses.steps.title"), width="large")(_edit)(slot, others)


def _audiences() -> dict[str, str]:
    """Return the names of the saved audiences by id."""
    return {audience.id: audience.name for audience in state.workspace().audiences()}


def _planned() -> list[dict[str, Any]]:
    """Return the steps of the plan's journey, or an empty one to begin with."""
    journey = state.workspace().catalogue().journey_steps()
    planned = [{"label": pick(step.label), "events": list(step.events)} for _, step in journey]
    return planned or [{"label": "", "events": []}]


def _unnamed(step: Mapping[str, Any], audiences: Mapping[str, str]) -> dict[str, Any]:
    """Return a step without its name if that is no more than what it consists of: so it goes on following."""
    return {**step, "label": "" if step["label"] == _called(step, audiences) else step["label"]}


def _numbered(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step under a number of its own, under which its fields keep what is typed."""
    st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    named = {"events": [], "audience": None, **step}
    return {**named, "number": st.session_state[_NUMBER], "came_as": named["label"]}


def _edit(slot: Slot, others: Mapping[str, Any]) -> None:
    st.caption(t("analyses.steps.about"))
    draft: list[dict[str, Any]] = st.session_state[_DRAFT]
    audiences = _audiences()
    for place, step in enumerate(draft):
        _step(step, place, slot, audiences)
    with st.container(horizontal=True):
        if st.button(t("analyses.steps.add"), icon=":material/add:", disabled=len(draft) >= MOST_STEPS):
            _change(lambda steps: steps.append(_numbered({"label": ""})))
        if own() and state.workspace().catalogue().journey and st.button(t("analyses.steps.planned")):
            st.session_state.pop(OWN, None)
            st.rerun()
    with boundary():
        steps = [_written(step, audiences) for step in draft]
        if st.button(t("analyses.steps.apply"), type="primary", key="journey_steps_apply"):
            workspace = state.workspace()
            # Refuses what does not fit, also what does not go with the rest.
            way_given(workspace.asking(), workspace.period(), {**others, slot.key: steps})
            st.session_state[OWN] = steps
            st.rerun()


def _step(step: dict[str, Any], place: int, slot: Slot, audiences: Mapping[str, str]) -> None:
    """Draw the fields of one step and take over what stands in them."""
    number, catalogue = step["number"], state.workspace().catalogue()
    named = {"n": place + 1}
    names = {key: pick(catalogue.events[key].label) for key in slot.allowed}
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", key=f"step_{number}"):
        step["label"] = st.text_input(
            t("analyses.steps.label", **named), step["label"], key=f"step_label_{number}", width=170,
            placeholder=t("analyses.steps.label_left_out"), max_chars=LONGEST_STEP_NAME,
        )  # fmt: skip
        step["events"] = st.multiselect(
            t("analyses.steps.events", **named), list(names), default=step["events"],
            format_func=names.__getitem__, key=f"step_events_{number}", width=280,
            disabled=step["audience"] is not None,
            placeholder=t("analyses.steps.everybody" if place == 0 else "analyses.steps.choose"),
        )  # fmt: skip
        if audiences:
            options = [None, *audiences]
            shown: dict[str | None, str] = {None: t("analyses.steps.no_audience")}
            shown.update(audiences)
            index = options.index(step["audience"]) if step["audience"] in options else 0
            step["audience"] = st.selectbox(
                t("analyses.steps.audience", **named), options, index=index, format_func=shown.__getitem__,
                key=f"step_audience_{number}", width=170, on_change=_rename, args=(step,),
            )  # fmt: skip
        last = len(st.session_state[_DRAFT]) - 1
        moves: tuple[tuple[str, str, bool, Callable[[list[Any]], None]], ...] = (
            ("up", "arrow_upward", place == 0, _moved(place, -1)),
            (
                "down",
                "arrow_downward",
                place == last,
                _moved(place, 1),
            ),
            ("drop", "close", last == 0, lambda steps: steps.pop(place)),
        )
        for name, icon, is_idle, move in moves:
            if st.button(
                t(f"analyses.steps.{name}", **named), icon=f":material/{icon}:", type="tertiary",
                key=f"step_{name}_{number}", disabled=is_idle,
            ):  # fmt: skip
                _change(move)


def _rename(step: Mapping[str, Any]) -> None:
    """Leave the name that a step came with behind when it becomes an audience, another, or events again."""
    key = f"step_label_{step['number']}"
    if st.session_state.get(key) == step["came_as"]:
        st.session_state[key] = ""


def _moved(place: int, by: int) -> Callable[[list[Any]], None]:
    return lambda steps: steps.insert(place + by, steps.pop(place))


def _change(move: Callable[[list[Any]], Any]) -> None:
    """Change which steps there are, and draw the dialog anew."""
    move(st.session_state[_DRAFT])
    st.rerun(scope="fragment")


def _written(step: Mapping[str, Any], audiences: Mapping[str, str]) -> dict[str, Any]:
    """Return a step as a plan writes it; one without a name is called as what it consists of."""
    named = {"label": step["label"].strip() or _called(step, audiences) or t("analyses.everybody")}
    if step["audience"] is not None:
        return {**named, "audience": step["audience"]}
    return {**named, "events": list(step["events"])}


def _called(step: Mapping[str, Any], audiences: Mapping[str, str]) -> str:
    """Return what a step consists of, cut to the length of a name; empty for one of nothing."""
    if step.get("audience") is not None:
        return audiences.get(step["audience"], "")[:LONGEST_STEP_NAME]
    events = state.workspace().catalogue().events
    names = [pick(events[key].label) for key in step["events"] if key in events]
    return t("frame.comma").join(names)[:LONGEST_STEP_NAME]
