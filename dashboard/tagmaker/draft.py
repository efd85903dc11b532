"""The tag that is being made: kept in the session and, so that it survives a reload, in the workspace."""

from __future__ import annotations

import copy
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.workspace import TagEntry
from dashboard import state
from dashboard.tagmaker.joining import joined

_KEY, _KNOWN = "tagmaker:draft", "tagmaker:kept"
_KEPT = ("id", "purpose", "source", "version", "status", "typed_key", "undone")
# Two tabs of one browser have one draft: of two that write at once, the second sees what the first wrote.
_lock = threading.Lock()
EMPTY: dict[str, dict[str, Any]] = {
    "bands": {"kind": "bands", "of": "", "edges": [], "labels": [""]},
    "quantiles": {"kind": "quantiles", "of": "", "labels": ["1", "2", "3", "4", "5"]},
    "statistic": {"kind": "statistic", "event": "", "measure": "count", "where": []},
    "preference": {"kind": "preference", "event": "", "where": [], "at_least": 1},
    "formula": {"kind": "formula", "text": ""},
    "rules": {"kind": "rules", "values": [], "keep": "first", "otherwise": None},
    "given": {"kind": "given", "type": "enum"},
}
KINDS = tuple(EMPTY)


@dataclass
class TagDraft:
    """A definition on the way.

    Attributes
    ----------
    purpose : str
        ``new:<kind>`` or ``edit:<key>``.
    source : dict
        The definition as JSON, perhaps not yet right; the values of a rule tag have an ``id`` besides, by
        which tabs and addresses tell them apart whatever their order.
    version : int or None
        The version that was opened; None = a new tag.
    status : str
        Of the tag that is changed.
    round : int
        Part of the keys of the widgets: a fresh draft has fresh ones.
    typed_key : str
        The key that was typed in; empty = the one that is proposed.
    undone : list of dict
        Earlier makings, the last first to be brought back.
    id : str
        Random: which draft it is, whatever it is for.
    """

    purpose: str
    source: dict[str, Any]
    version: int | None = None
    status: str = "new"
    round: int = 0
    typed_key: str = ""
    undone: list[dict[str, Any]] = field(default_factory=list)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def kind(self) -> str:
        """How the tag is made; ``data`` for one that comes with the data."""
        making = self.source.get("making")
        return "data" if making is None else str(making["kind"])

    @property
    def definition(self) -> dict[str, Any]:
        """The source as a definition is written: without what only the draft needs."""
        making = self.source.get("making")
        if self.kind != "rules" or making is None:
            return dict(self.source)
        values = [{key: each[key] for key in each if key != "id"} for each in making["values"]]
        return {**self.source, "making": {**making, "values": values}}

    def as_json(self) -> dict[str, Any]:
        """Return what is kept of the draft."""
        told: dict[str, Any] = json.loads(json.dumps({name: getattr(self, name) for name in _KEPT}))
        return told

    def take(self, kept: Mapping[str, Any]) -> None:
        """Become what was kept; widgets are drawn anew."""
        for name in _KEPT:
            setattr(self, name, copy.deepcopy(kept[name]))
        self.round += 1

    def key(self, name: str, *, stays: bool = False) -> str:
        """Return the key of a widget of this draft; of one that `stays` through its rounds, focus and all."""
        return f"tagmaker_{self.round // 1_000 if stays else self.round}_{name}"

    def remember(self) -> None:
        """Note the making as it is, so that the next change can be undone."""
        self.undone = [*self.undone[-19:], copy.deepcopy(self.source["making"])]

    def undo(self) -> None:
        """Bring the making back as it was before the last change that was noted."""
        self.source["making"] = self.undone.pop()
        self.round += 1


def opened(purpose: str, entry: TagEntry | None = None) -> TagDraft:
    """Return the draft for a purpose: the one at hand, the one kept for this browser, else a fresh one."""
    known = st.session_state.get(_KEY)
    if isinstance(known, TagDraft) and known.purpose == purpose:
        return known
    kept = unfinished()
    # Every draft has a thousand rounds of its own, so that no widget inherits what another draft's held.
    number = int(st.session_state.get("tagmaker:round", 0)) + 1_000
    st.session_state["tagmaker:round"] = number
    if kept is not None and kept.purpose == purpose and (entry is None or kept.version == entry.version):
        draft = kept
        st.session_state[_KNOWN] = draft.as_json()
    elif entry is not None:
        draft = TagDraft(purpose, entry.definition.as_json(), entry.version, entry.status)
    else:
        kind = purpose.removeprefix("new:")
        label = {"zh": "", "en": ""}
        making = copy.deepcopy(EMPTY[kind])
        draft = TagDraft(purpose, {"key": "", "label": label, "making": making})
    for place, value in enumerate(draft.source["making"]["values"] if draft.kind == "rules" else ()):
        value.setdefault("id", str(place))
    draft.round = number
    st.session_state[_KEY] = draft
    return draft


def keep(draft: TagDraft) -> bool:
    """Keep a draft for this browser, if it has changed, together with what another tab made of it.

    Returns
    -------
    bool
        Whether something of another tab came into it: what is drawn of it is old then.
    """
    mine, known = draft.as_json(), st.session_state.get(_KNOWN)
    with _lock:
        stored = state.workspace().load_draft(_owner())
        told = mine
        # Another draft in its place, which another tab has begun, is none of this one's: this one is kept.
        if stored and known is not None and stored.get("id") == draft.id and stored != known:
            # An earlier making would take the other tab's work away with it.
            told = {**joined(known, mine, stored), "undone": []}
        if told != stored:
            state.workspace().save_draft(_owner(), told)
    st.session_state[_KNOWN] = told
    if told == mine:
        return False
    draft.take(told)
    return True


def new_value(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return another value of a rule tag."""
    return {"id": secrets.token_hex(4), "value": "", "rule": dict(rule)}


def unfinished() -> TagDraft | None:
    """Return the draft that was kept for this browser; None = nothing is unfinished."""
    kept = state.workspace().load_draft(_owner())
    if not kept or not all(name in kept for name in _KEPT):
        return None  # nothing, or what an earlier release kept
    return TagDraft(**{name: kept[name] for name in _KEPT})


def forget() -> None:
    """Let go of the draft: it was kept as a tag, or given up."""
    st.session_state.pop(_KEY, None)
    st.session_state.pop(_KNOWN, None)
    state.workspace().save_draft(_owner(), {})


def _owner() -> str:
    return f"{state.session_key()} tag"
