"""Names of audiences and lists: what is accepted, when two are the same, and the names made for copies."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Container, Iterator
from typing import Any, Literal

from core.audiences.records import Actor
from core.errors import ExportRefused, Problem, WorkspaceError

MAX_NAME = 100
MAX_NOTE = 10_000
MAX_REASON = 2_000
MAX_LEVELS = 3
# What is said of a name that is blank, too long, or cannot be shown.
_REFUSALS = {
    "audience": ("audience_name_missing", "audience_name_too_long", "audience_name_unprintable"),
    "list": ("list_name_missing", "list_name_too_long", "list_name_unprintable"),
}


def clean_name(name: str, of: Literal["audience", "list"] = "audience") -> str:
    """Return the name without surrounding space.

    Parameters
    ----------
    of : {"audience", "list"}
        What bears it, for the message.

    Raises
    ------
    WorkspaceError
        If it is blank, longer than `MAX_NAME` characters, or holds line breaks or other control characters.
    """
    missing, too_long, unprintable = _REFUSALS[of]
    cleaned = name.strip()
    if not cleaned:
        raise WorkspaceError(Problem(missing))
    if len(cleaned) > MAX_NAME:
        raise WorkspaceError(Problem(too_long, params={"limit": MAX_NAME}))
    if not cleaned.isprintable():
        raise WorkspaceError(Problem(unprintable))
    return cleaned


def clean_note(note: str) -> str:
    """Return the note without surrounding space; longer than `MAX_NOTE` characters is refused."""
    cleaned = note.strip()
    if len(cleaned) > MAX_NOTE:
        raise WorkspaceError(Problem("audience_note_too_long", params={"limit": MAX_NOTE}))
    if any(unicodedata.category(c) == "Cs" or c == "\0" for c in cleaned):
        raise WorkspaceError(Problem("audience_name_unprintable"))
    return cleaned


def clean_actor(actor: Actor) -> Actor:
    """Return the actor with a tidy name; nobody acts without one.

    Raises
    ------
    WorkspaceError
        If the name is blank.
    """
    name = "".join(c if c.isprintable() else " " for c in actor.name).strip()[:MAX_NAME]
    if not name:
        raise WorkspaceError(Problem("actor_missing"))
    return Actor(name, actor.verified)


def clean_reason(reason: str) -> str:
    """Return the reason without surrounding space; longer than `MAX_REASON` characters is refused."""
    cleaned = "".join(c if c.isprintable() or c == "\n" else " " for c in reason).strip()
    if len(cleaned) > MAX_REASON:
        raise ExportRefused(Problem("export_reason_too_long", params={"limit": MAX_REASON}))
    return cleaned


def folded(name: str) -> str:
    """Return what two names have in common when people would take them for the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def copy_name(name: str, taken: Container[str]) -> str:
    """Return the name for a copy: the first of "name (2)", "name (3)", … that is free.

    Parameters
    ----------
    taken : container of str
        Names in use, folded.
    """
    for number in itertools.count(2):
        ending = f" ({number})"
        candidate = name[: MAX_NAME - len(ending)] + ending
        if folded(candidate) not in taken:
            return candidate
    raise AssertionError("there is always a next number")


def names_list(rule: Any, name: str) -> bool:
    """Tell whether a rule names a list.

    Parameters
    ----------
    rule : object
        In JSON form, as saved; it need not be one that can still be read.
    """
    return any(folded(named) == folded(name) for named in _named(rule, "list"))


def audiences_named(rule: Any) -> list[str]:
    """Return the ids and names of audiences that a rule, in JSON form as for `names_list`, names."""
    return list(_named(rule, "audience"))


def names_audience(rule: Any, audience_id: str, name: str) -> bool:
    """Tell whether a rule, in JSON form as for `names_list`, names an audience by its id or its name."""
    return any(named == audience_id or folded(named) == folded(name) for named in _named(rule, "audience"))


def _named(rule: Any, kind: str) -> Iterator[str]:
    """Yield what the conditions of a kind name."""
    if isinstance(rule, list):
        for part in rule:
            yield from _named(part, kind)
    elif isinstance(rule, dict):
        if rule.get("kind") == kind and isinstance(rule.get(kind), str):
            yield rule[kind]
        for part in rule.values():
            yield from _named(part, kind)


def clean_folder(folder: str) -> str:
    """Return the way of a folder, its parts parted by ``/``; empty = in none.

    Raises
    ------
    WorkspaceError
        If it has more than `MAX_LEVELS` parts, or a part is no name.
    """
    parts = [part.strip() for part in folder.split("/") if part.strip()]
    if len(parts) > MAX_LEVELS:
        raise WorkspaceError(Problem("folder_too_deep", params={"limit": MAX_LEVELS}))
    if any(len(part) > MAX_NAME or not part.isprintable() for part in parts):
        raise WorkspaceError(Problem("folder_name_bad", params={"limit": MAX_NAME}))
    return "/".join(parts)
