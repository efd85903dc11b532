"""What the tab 画像对比 asks: who the people are against everyone, and against another rule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from core.analytics.explain.compare import Part
from core.analytics.explain.difference import Change
from core.analytics.explain.profile import Profile, Trait
from core.rules.parse import dump_rule
from core.rules.tree import Rule
from core.workspace import Audience, Workspace
from dashboard.builder.history import History

Tell = Callable[[Mapping[str, int]], None]

MOST_TRAITS = 120
TOP_TRAITS = 5  # of either side of a comparison
MOST_STATES = 20

_SHOWN = (
    "tag", "label", "value", "is_missing", "members", "base", "member_share", "base_share",
    "tgi", "tgi_low", "tgi_high", "q", "is_significant", "is_small", "conditions",
)  # fmt: skip


def profile(
    workspace: Workspace, rule: Rule, as_of: date, tags: Sequence[str] | None, tell: Tell,
    cancelled: Callable[[], bool],
) -> dict[str, Any]:  # fmt: skip
    """Return what stands out of the people of a rule, the surest and largest first.

    Parameters
    ----------
    tags : sequence of str or None
        Tags to look at; None = all that can be.
    tell : callable
        Told after each tag how many were looked at, ``done`` of ``total``.
    cancelled : callable
        Asked before each tag whether to stop.

    Returns
    -------
    dict
        As `explain --what profile`, with at most `MOST_TRAITS` traits; ``looked_at`` says of how many,
        ``standing_out`` how many of all are significant and not small.
    """
    found = workspace.profile(rule, tags, as_of, progress=_counting(tell), cancelled=cancelled)
    return _profile(found, found.traits[:MOST_TRAITS])


def others(workspace: Workspace, history: History) -> dict[str, Any]:
    """Return what a rule can be compared with.

    Returns
    -------
    dict
        ``audiences`` (``id``, ``name``), the last changed first; ``states``: earlier states of
        the rule, newest first, at most `MOST_STATES`, each with its ``state`` (a name that stays with it),
        ``steps`` (back) and ``changes`` (what was done to it next).
    """
    found = [{"id": audience.id, "name": audience.name} for audience in workspace.audiences()]
    return {"audiences": found, "states": list(_earlier(workspace, history))}


def compare(
    workspace: Workspace, rule: Rule, as_of: date, history: History, against: Mapping[str, Any], tell: Tell,
    cancelled: Callable[[], bool],
) -> dict[str, Any]:  # fmt: skip
    """Return the rule ("here") beside another one ("there").

    Parameters
    ----------
    against : mapping
        ``{"audience": id}`` or ``{"state": name}``.
    tell, cancelled : callable
        As for `profile`, of both sides together.

    Returns
    -------
    dict
        ``here``, ``there``; ``both``, ``only_here``, ``only_there``: ``users``, ``rule`` and ``profile`` (the
        top few traits that are sure, what they have before what they lack); ``changes``: what leads from
        there to here. Or only ``is_gone``: the state is no longer in the history (an edit after an undo
        forgets what could have been redone).

    Raises
    ------
    NotFound, RuleError
        If there is no such audience, or its rule does not fit the data any more.
    """
    there = _there(workspace, history, against)
    if there is None:
        return {"is_gone": True}
    found = workspace.compare(
        rule, there, as_of, mask=workspace.mask, progress=_counting(tell), cancelled=cancelled
    )
    return {
        "here": found.here,
        "there": found.there,
        "both": _part(found.both),
        "only_here": _part(found.only_here),
        "only_there": _part(found.only_there),
        "changes": _changes(found.changes),
    }


def _counting(tell: Tell) -> Callable[[int, int], None]:
    return lambda done, total: tell({"done": done, "total": total})


def _earlier(workspace: Workspace, history: History) -> Iterator[dict[str, Any]]:
    """Yield the states before the present one that can be read, each once."""
    present = history.states[history.at]
    seen, after = {present}, workspace.check(history.read(history.at)).rule
    for at in range(history.at - 1, -1, -1):
        if len(seen) > MOST_STATES:
            return
        checked = workspace.check(history.read(at))
        if checked.rule is None or checked.errors:
            continue
        if history.states[at] not in seen:
            seen.add(history.states[at])
            changes = () if after is None else _difference(workspace, checked.rule, after)
            yield {
                "state": _name(history.states[at]),
                "steps": history.at - at,
                "changes": _changes(changes),
            }
        after = checked.rule


def _difference(workspace: Workspace, before: Rule, after: Rule) -> tuple[Change, ...]:
    return workspace.difference(before, after, mask=workspace.mask).changes


def _there(
    workspace: Workspace, history: History, against: Mapping[str, Any]
) -> Audience | Mapping[str, Any] | None:
    if "state" not in against:
        return workspace.audience(str(against["audience"]))
    return next(
        (history.read(at) for at, text in enumerate(history.states) if _name(text) == against["state"]), None
    )


def _name(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:16]


def _part(part: Part) -> dict[str, Any]:
    return {
        "users": part.users,
        "rule": None if part.rule is None else dump_rule(part.rule),
        "profile": None if part.profile is None else _profile(part.profile, _telling(part.profile)),
    }


def _sure(found: Profile) -> list[Trait]:
    return [trait for trait in found.traits if trait.is_significant and not trait.is_small]


def _telling(found: Profile) -> list[Trait]:
    """Return the few sure traits that say who they are: what they have before what they lack."""
    return sorted(_sure(found), key=lambda trait: trait.tgi < 100)[:TOP_TRAITS]


def _profile(found: Profile, shown: Sequence[Trait]) -> dict[str, Any]:
    return {
        "count": found.count,
        "base": found.base,
        "minimum": found.minimum,
        "tags": list(found.tags),
        "looked_at": len(found.traits),
        "standing_out": len(_sure(found)),
        "traits": [_trait(trait) for trait in shown],
    }


def _trait(trait: Trait) -> dict[str, Any]:
    whole = trait.as_json()
    return {name: whole[name] for name in _SHOWN}


def _changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [{"kind": change.kind, "node": change.node, "text": dict(change.text)} for change in changes]
