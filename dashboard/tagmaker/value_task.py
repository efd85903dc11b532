"""The rule of one value of a rule tag on the builder's desk: every edit is written into the tag's draft."""

from __future__ import annotations

import copy
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
    value : str
        Id of the value among the tag's.
    """

    purpose: str
    value: str

    @classmethod
    def read(cls, text: str) -> ValueTask:
        """Return the task that an address names.

        Raises
        ------
        NotFound
            If it names none.
        """
        purpose, _, value = text.rpartition(":")
        if (purpose == "new:rules" or purpose.startswith("edit:")) and value:
            return cls(purpose, value)
        raise NotFound(Problem("value_task_unknown"))

    @property
    def text(self) -> str:
        """How an address names it."""
        return f"{self.purpose}:{self.value}"

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
        """Return the draft, which has the value, with all that other tabs made of it.

        Raises
        ------
        NotFound
            If the tag or the draft is gone, or the draft has no such value.
        """
        what, _, which = self.purpose.partition(":")
        entry = state.workspace().tag_entry(which) if what == "edit" else None
        draft = opened(self.purpose, entry)
        keep(draft)
        if draft.kind != "rules" or self.value not in {each["id"] for each in self._values(draft)}:
            raise NotFound(Problem("value_task_unknown"))
        return draft

    def desk(self, rev: int) -> Desk:
        """Return the builder's desk with the value's rule on it, and what it is for.

        Parameters
        ----------
        rev : int
            The newest step of the browser that any desk of this session has taken in.

        Raises
        ------
        NotFound
            As for `draft`.
        """
        draft = self.draft()
        rule = _whole(self._value(draft)["rule"])
        known: _OnDesk | None = st.session_state.get(_DESK)
        if known is None or known.task != self:
            known = _OnDesk(self, Desk(history=History.beginning_with(rule), rev=rev), seen=rule)
            st.session_state[_DESK] = known
        known.desk.task = self._told(draft)
        return known.desk

    def settle(self, desk: Desk) -> None:
        """Bring desk and draft together: every edit is written, and what came from elsewhere is taken over.

        The form, or another tab, may have changed the rule since: that becomes a step of the desk's history.
        Where the desk was edited as well, the desk's rule stays, and it is said. The form undoes all edits of
        a visit in one step. To be called after `desk` in the same run.
        """
        draft, on_desk = opened(self.purpose), st.session_state[_DESK]
        value, tree = self._value(draft), desk.history.tree
        there = _whole(value["rule"])
        if there == tree:
            on_desk.seen = tree
            return
        if tree == on_desk.seen:
            desk.replaced(desk.history.push(there, None))
            desk.notice("warn", "build.notice.rule_from_form")
            on_desk.seen = there
            return
        if there != on_desk.seen:
            desk.notice("warn", "build.notice.rule_from_here")
        if on_desk.wrote != draft.source["making"]:  # the first edit, or the form was at work since
            draft.remember()
        value["rule"] = tree
        keep(draft)
        on_desk.seen, on_desk.wrote = tree, copy.deepcopy(draft.source["making"])

    def leave(self) -> None:
        """End the visit: what the next one edits is undone by itself."""
        st.session_state.pop(_DESK, None)

    def _told(self, draft: TagDraft) -> dict[str, Any]:
        """Return what the builder says of it: ``tag`` and ``value`` by name, empty while they have none."""
        label = draft.source["label"]
        name = pick(Text(zh=label["zh"], en=label["en"] or label["zh"]))
        ids = [each["id"] for each in self._values(draft)]
        return {"tag": name, "value": self._value(draft)["value"], "place": ids.index(self.value) + 1}

    def _values(self, draft: TagDraft) -> list[dict[str, Any]]:
        return draft.source["making"]["values"]  # type: ignore[no-any-return]

    def _value(self, draft: TagDraft) -> dict[str, Any]:
        return next(each for each in self._values(draft) if each["id"] == self.value)


@dataclass
class _OnDesk:
    """A value's rule on the desk: as desk and draft last agreed on it, and the making as last written."""

    task: ValueTask
    desk: Desk
    seen: Tree
    wrote: dict[str, Any] | None = None


def _whole(rule: Mapping[str, Any]) -> Tree:
    return {**empty_rule(), **rule}
