"""Two states of one draft joined: what either changed since they parted is kept, nothing is lost silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_ABSENT = object()
_WHOLE = frozenset({"rule", "making"})
"""Fields whose parts mean something only together: half of one rule and half of another is a third one."""


def joined(base: Any, mine: Any, theirs: Any) -> Any:
    """Return, in JSON, what two people or tabs made of the same thing.

    Parameters
    ----------
    base : object
        What both began from.
    mine, theirs : object
        What became of it. Objects are joined field by field, lists of things with an ``id`` thing by thing;
        rules, and makings but those of rule tags, stay whole. Where both changed the same, mine is kept.
    """
    if theirs in (mine, base):
        return mine
    if mine == base:
        return theirs
    if all(isinstance(each, Mapping) for each in (base, mine, theirs)):
        keys = dict.fromkeys([*mine, *theirs])
        return _together(keys, base, mine, theirs)
    if all(_has_ids(each) for each in (base, mine, theirs)):
        olds, ours, others = ({each["id"]: each for each in part} for part in (base, mine, theirs))
        first, then = (others, ours) if list(ours) == list(olds) else (ours, others)
        return list(_together(dict.fromkeys([*first, *then]), olds, ours, others).values())
    return mine


def _together(
    keys: Iterable[str], base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> dict[str, Any]:
    found = {key: _one(key, *(part.get(key, _ABSENT) for part in (base, mine, theirs))) for key in keys}
    return {key: value for key, value in found.items() if value is not _ABSENT}


def _one(key: str, base: Any, mine: Any, theirs: Any) -> Any:
    """Join one field; what one side took away stays where the other changed it."""
    is_changed = theirs is not _ABSENT and theirs != base
    if mine is _ABSENT and is_changed:
        return theirs
    if key in _WHOLE and not all(_has_values(each) for each in (base, mine, theirs)):
        return mine if mine != base else theirs
    return joined(base, mine, theirs)


def _has_values(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("kind") == "rules" and "values" in part


def _has_ids(part: object) -> bool:
    if not isinstance(part, list):
        return False
    return all(isinstance(each, Mapping) and "id" in each for each in part)
