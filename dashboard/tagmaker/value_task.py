"""The rule of one value of a rule tag on the builder's desk: every edit is written into the tag's draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import NotFound, Problem
from core.messages import Text
from dashboard import links, state
from dashboard.builder.desk import Desk
from dashboard.builder.history import History, Tree, empty_rule
from dashboard.i18n import pick
from dashboard.tagmaker.draft import TagDraft, keep, opened

_DESK = "build:desk_of_value"


@dataclass(frozen=True)
class ValueTask:
    """Which value of which draft.

    Attributes
    ----------
    purpose : str
        Of the draft: ``new:rules`` or ``edit:<key>``.
    place : int
        Of the value among the tag's, from 0.
    """

    purpose: str
    place: int

    @classmethod
    def read(cls, text: str) -> ValueTask:
        """Return the task that an address names.

        Raises
        ------
        NotFound
            If it names none.
        """
        purpose, _, place = text.rpartition(":")
        if purpose == "new:rules" or purpose.startswith("edit:"):
            try:
                return cls(purpose, int(place))
            except ValueError:
                pass  # told below
        raise NotFound(Problem("value_task_unknown"))

    @property
    def text(self) -> str:
        """How an address names it."""
        return f"{self.purpose}:{self.place}"

    @property
    def query(self) -> dict[str, str]:
        """What leads to the builder with this task."""
        return {links.VALUE: self.text}

    @property
    def way_back(self) -> dict[str, str]:
        """What leads to the tag's form on the page of tags."""
        what, _, which = self.purpose.partition(":")
        return {what: which}

    def draft(self) -> TagDraft:
        """Return the draft, which has the value.

        Raises
        ------
        NotFound
            If the tag or the draft is gone, or the draft has no such value.
        """
        what, _, which = self.purpose.partition(":")
        entry = state.workspace().tag_entry(which) if what == "edit" else None
        draft = opened(self.purpose, entry)
        making = draft.source.get("making") or {}
        if making.get("kind") != "rules" or not 0 <= self.place < len(making["values"]):
            raise NotFound(Problem("value_task_unknown"))
        return draft

    def desk(self, rev: int) -> Desk:
        """Return the builder's desk with the value's rule on it.

        Parameters
        ----------
        rev : int
            The newest step of the browser that any desk of this session has taken in.
        """
        rule = self._rule()
        known: _OnDesk | None = st.session_state.get(_DESK)
        if known is None or known.task != self or known.desk.history.tree != rule:
            known = _OnDesk(self, Desk(history=History.beginning_with(rule), rev=rev))
            st.session_state[_DESK] = known
        return known.desk

    def write(self, desk: Desk) -> None:
        """Write the rule on the desk into the draft, and keep that; the form undoes all edits of a visit."""
        tree = desk.history.tree
        if self._rule() == tree:
            return
        draft, on_desk = self.draft(), st.session_state[_DESK]
        if not on_desk.is_noted:
            draft.remember()
            on_desk.is_noted = True
        draft.source["making"]["values"][self.place]["rule"] = tree
        keep(draft)

    def told(self) -> dict[str, Any]:
        """Return what the builder says of it: ``tag`` and ``value`` by name, empty while they have none."""
        source = self.draft().source
        label = source["label"]
        name = pick(Text(zh=label["zh"], en=label["en"] or label["zh"]))
        return {"tag": name, "value": self._value()["value"], "place": self.place + 1}

    def _value(self) -> Mapping[str, Any]:
        return self.draft().source["making"]["values"][self.place]  # type: ignore[no-any-return]

    def _rule(self) -> Tree:
        return {**empty_rule(), **self._value()["rule"]}


@dataclass
class _OnDesk:
    task: ValueTask
    desk: Desk
    is_noted: bool = False
