"""Answers to what the browser looks up: values with their numbers, and which pasted values occur nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from core.errors import NotFound
from core.schema import Catalogue
from core.workspace import Workspace
from dashboard.builder.palette import MOST_SHIPPED

MOST_CHECKED = 10_000


def answer(workspace: Workspace, command: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    """Return the answer to a ``values`` or ``known`` command, with the ``ask`` by which it is recognised."""
    tag, event = str(command["tag"]), command.get("event")
    place = None if event is None else str(event)
    if command["name"] == "values":
        return {
            "name": "values",
            "ask": command["ask"],
            **values(workspace, tag, place, str(command.get("search", "")), as_of),
        }
    wanted = [str(value) for value in command["values"][:MOST_CHECKED]]
    return {
        "name": "known",
        "ask": command["ask"],
        "unknown": unknown_values(workspace, tag, place, wanted, str(command["how"])),
    }


def audiences(workspace: Workspace, ask: str, but: str | None) -> dict[str, Any]:
    """Return the answer to an ``audiences`` command: id and name of each, the last changed first.

    The audience ``but`` is left out: that which the rule was opened from cannot stand in itself.
    """
    items = [[audience.id, audience.name] for audience in workspace.audiences() if audience.id != but]
    return {"name": "values", "ask": ask, "items": items, "is_more": False}


def snapshots(workspace: Workspace, ask: str, audience: str) -> dict[str, Any]:
    """Return the answer to a ``snapshots`` command: id, day and size of each, the last taken first.

    Of an audience that does not exist there are none: what is wrong is told at the condition.
    """
    try:
        found = workspace.snapshots(audience)
    except NotFound:
        found = []
    items = [[snapshot.id, snapshot.as_of.isoformat(), snapshot.people] for snapshot in found]
    return {"name": "values", "ask": ask, "items": items, "is_more": False}


def lists(workspace: Workspace, ask: str) -> dict[str, Any]:
    """Return the answer to a ``lists`` command: name (twice) and size of each, the last uploaded first."""
    items = [[one.name, one.name, one.people] for one in workspace.lists()]
    return {"name": "values", "ask": ask, "items": items, "is_more": False}


def values(workspace: Workspace, tag: str, event: str | None, search: str, as_of: date) -> dict[str, Any]:
    """Return ``items`` (value, number), the most frequent first, and whether there are more.

    Values of personal tags are not listed at all.
    """
    if is_personal(workspace.data_version().catalogue, tag, event):
        return {"items": [], "is_more": False}
    found = workspace.values(tag, event=event, search=search, limit=MOST_SHIPPED + 1, as_of=as_of)
    return {
        "items": [[value, count] for value, count in found[:MOST_SHIPPED]],
        "is_more": len(found) > MOST_SHIPPED,
    }


def unknown_values(
    workspace: Workspace, tag: str, event: str | None, wanted: list[str], how: str
) -> list[str]:
    """Return those of the wanted values that match nobody, in their order.

    Parameters
    ----------
    how : {"exact", "contains", "free"}
        Whether a value must occur as it stands, or as a part of one.
    """
    known = workspace.known_values(tag, wanted, event=event)
    unknown = [value for value in wanted if value not in known]
    if how != "contains":
        return unknown
    return [value for value in unknown if not workspace.values(tag, event=event, search=value, limit=1)]


def is_personal(catalogue: Catalogue, tag: str, event: str | None) -> bool:
    """Tell whether a tag is personal; properties of events never are."""
    spec = catalogue.tags.get(tag) if event is None else None
    return spec is not None and spec.personal is not None
