"""What the component sends: edits and commands, each once, in order, however often a message is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class MessageError(ValueError):
    """A message that the component cannot have sent."""


@dataclass(frozen=True)
class Step:
    """One thing done in the browser.

    Attributes
    ----------
    rev : int
        Counts up with every step of a page.
    gesture : str or None
        Names the edit; None for commands.
    tree : dict or None
        The whole rule after the edit; None for commands.
    command : dict or None
        ``{"name": …, …}``: undo, a template, a look at values.
    """

    rev: int
    gesture: str | None
    tree: dict[str, Any] | None
    command: dict[str, Any] | None


@dataclass(frozen=True)
class Message:
    """What arrives: the newest step, and before it those that have not been answered yet.

    Attributes
    ----------
    epoch : str
        Which tree the edits were made on: that of the last replacement by Python.
    steps : tuple of Step
        Oldest first.
    """

    epoch: str
    steps: tuple[Step, ...]


def read_message(state: object) -> Message | None:
    """Return the message in a component's state; None when it has not sent any.

    Raises
    ------
    MessageError
        If it has not the form that the component sends: a fault of ours, or somebody else's program.
    """
    if state is None:
        return None
    if not isinstance(state, Mapping) or not isinstance(state.get("epoch"), str):
        raise MessageError("a message has an epoch")
    earlier = state.get("earlier") or ()
    if not isinstance(earlier, list | tuple):
        raise MessageError("earlier steps are a list")
    return Message(state["epoch"], tuple(_step(raw) for raw in (*earlier, state)))


def _step(raw: object) -> Step:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("rev"), int | float):
        raise MessageError("a step has a rev")
    tree, command, gesture = raw.get("tree"), raw.get("command"), raw.get("gesture")
    if (tree is None) == (command is None):
        raise MessageError("a step is either an edit or a command")
    if not isinstance(tree if command is None else command, Mapping):
        raise MessageError("trees and commands are objects")
    return Step(
        rev=int(raw["rev"]),
        gesture=None if gesture is None else str(gesture),
        tree=None if tree is None else dict(tree),
        command=None if command is None else dict(command),
    )
