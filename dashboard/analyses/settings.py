"""What an analysis is told besides whom and when: changed on its page, and kept in the page's address."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import streamlit as st

from core.analytics.analyses import ANALYSES, refuse_unfit
from core.errors import RuleError
from core.workspace import Slot
from dashboard import state
from dashboard.analyses import steps
from dashboard.i18n import t
from dashboard.links import LONGEST_ADDRESS
from dashboard.tagmaker.ready import answer, keep_answer, left_amounts

LONGEST = LONGEST_ADDRESS - 500
"""Characters of settings in an address, which has other parts besides."""


def draw(name: str) -> dict[str, Any]:
    """Let the operator change what the analysis is told, and return what differs from what is usual."""
    every = _slots(name)
    if any(slot.kind == "steps" for slot in every) and steps.settle():
        st.warning(t("analyses.steps.gone"))
    slots = [slot for slot in every if slot.kind != "steps"]
    with st.popover(t("analyses.settings"), icon=":material/tune:"):
        st.caption(t("analyses.settings.about"))
        given: dict[str, Any] = {}
        for slot in slots:
            given[slot.key] = answer(_purpose(name), slot, given)
    usual = {slot.key: slot.default for slot in slots}
    changed = {key: value for key, value in given.items() if _plain(value) != _plain(usual[key])}
    for slot in every:
        if slot.kind == "steps":
            steps.button(slot, changed)
            changed |= {slot.key: steps.own()} if steps.own() else {}
    return changed


def remarks(name: str) -> list[str]:
    """Return what to say of settings that were given and are left out."""
    left = [value for slot in _slots(name) for value in left_amounts(_purpose(name), slot)]
    return [t("analyses.settings.left", values=t("frame.comma").join(left))] if left else []


def written(given: Mapping[str, Any]) -> str | None:
    """Return settings as an address carries them; None where there are none, or too many."""
    if not given:
        return None
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text if len(quote(text)) <= LONGEST else None


def take(name: str, text: str) -> bool:
    """Take over the settings of an address; False, and nothing is taken, if they do not fit."""
    try:
        given, every = json.loads(text), _slots(name)
        # What neither numbers nor letters can be is refused here: NaN, half of a surrogate pair.
        json.dumps(given, allow_nan=False, ensure_ascii=False).encode()
        if not isinstance(given, dict):
            return False
        refuse_unfit(name, state.workspace().catalogue(), given)
    except (ValueError, RecursionError, RuleError):
        return False
    for slot in every:
        if slot.kind == "steps":
            steps.keep(given.get(slot.key) or ())
        elif slot.key in given:
            keep_answer(_purpose(name), slot, given[slot.key])
    return True


def _slots(name: str) -> Sequence[Slot]:
    return ANALYSES[name].slots(state.workspace().catalogue())


def _purpose(name: str) -> str:
    return f"analyses_{name}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
