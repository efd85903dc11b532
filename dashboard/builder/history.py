"""Undo and redo: every state of a rule as it was, the keystrokes of one field merged into one step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

MOST_STEPS = 500
MOST_CHARACTERS = 1_000_000  # of all states together, so that a draft stays within what the workspace keeps

Tree = dict[str, Any]


def empty_rule() -> Tree:
    """Return the rule that nobody has asked anything of: the base."""
    return {
        "version": 1,
        "include": {"kind": "group", "id": "g0", "match": "all", "children": []},
        "exclude": None,
        "take": None,
    }


@dataclass
class History:
    """The states of one rule in order, and where among them the page stands.

    Attributes
    ----------
    states : list of str
        Rules as JSON text, oldest first; never empty.
    at : int
        Index of the present one.
    gesture : str or None
        Name of the edit that made the present state, while further edits of that name still belong to it;
        None after an undo, so that nothing is merged into an old state.
    """

    states: list[str] = field(default_factory=lambda: [_written(empty_rule())])
    at: int = 0
    gesture: str | None = None

    @property
    def tree(self) -> Tree:
        """The present rule, freshly read: the caller may do with it as it likes."""
        return self.read(self.at)

    def read(self, at: int) -> Tree:
        """Return the rule of one of the states, freshly read."""
        return dict(json.loads(self.states[at]))

    def earlier(self, steps: int) -> Tree:
        """Return the rule as it was so many steps ago; 0 = the present one.

        Raises
        ------
        ValueError
            If there is no such state.
        """
        if not 0 <= steps <= self.at:
            raise ValueError(f"there are {self.at} earlier states, not {steps}")
        return dict(json.loads(self.states[self.at - steps]))

    @property
    def can_undo(self) -> bool:
        """Whether there is an older state."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a newer state."""
        return self.at < len(self.states) - 1

    def push(self, tree: Mapping[str, Any], gesture: str | None) -> bool:
        """Make this the present state; what could have been redone is gone.

        Parameters
        ----------
        tree : mapping
            The rule in JSON form.
        gesture : str or None
            Edits that follow one another under one name are one step; None is never merged.

        Returns
        -------
        bool
            Whether anything changed.
        """
        text = _written(tree)
        if text == self.states[self.at]:
            return False
        merges = gesture is not None and gesture == self.gesture
        del self.states[self.at + (0 if merges and self.at > 0 else 1) :]
        self.states.append(text)
        self._forget_oldest()
        self.at = len(self.states) - 1
        self.gesture = gesture
        return True

    def undo(self) -> bool:
        """Go back one step; tell whether there was one."""
        return self._go(-1)

    def redo(self) -> bool:
        """Go forward one step; tell whether there was one."""
        return self._go(1)

    def as_json(self) -> dict[str, Any]:
        """Return the history for a draft, as it is now: a draft is written while further edits come in."""
        return {"states": list(self.states), "at": self.at, "gesture": self.gesture}

    def snapshot(self) -> History:
        """Return the history as it is now, for whoever reads it while further edits come in."""
        return replace(self, states=list(self.states))

    @classmethod
    def beginning_with(cls, tree: Mapping[str, Any]) -> History:
        """Return the history of a rule that nothing has been done to yet."""
        return cls(states=[_written(tree)])

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> History:
        """Return the history that a draft kept."""
        states = [str(text) for text in kept["states"]]
        return cls(states=states, at=max(0, min(int(kept["at"]), len(states) - 1)), gesture=kept["gesture"])

    def _go(self, step: int) -> bool:
        if not 0 <= self.at + step < len(self.states):
            return False
        self.at += step
        self.gesture = None
        return True

    def _forget_oldest(self) -> None:
        total = sum(map(len, self.states))
        while len(self.states) > 2 and (len(self.states) > MOST_STEPS or total > MOST_CHARACTERS):
            total -= len(self.states.pop(0))


def _written(tree: Mapping[str, Any]) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
