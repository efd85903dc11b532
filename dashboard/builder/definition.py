"""The definition as text: the rule in both languages, and what changed since an earlier state of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import RuleError
from core.rules.tree import Rule
from core.workspace import Workspace
from dashboard.builder.history import History

MOST_STATES = 20  # earlier states that are offered for comparison, the newest first
SAVED = "saved"  # the state that the audience was saved with, among the numbers of steps


def definition(door: Workspace, rule: Rule | None, history: History, saved: str | None) -> dict[str, Any]:
    """Return the rule in words, and the earlier states that it can be compared with.

    Parameters
    ----------
    rule : Rule or None
        The present rule; None while it cannot be counted.
    saved : str or None
        The name of the audience that it was opened from or saved as.

    Returns
    -------
    dict
        ``sentence`` (in both languages, or None), ``saved``, and ``states``, newest first, those left out
        that were not complete: ``ago`` (how many steps) and ``text`` (what changed from it to the next state
        that was complete; None where nothing did).
    """
    sentence = None if rule is None else dict(door.sentence(rule, reveal=False))
    states: list[dict[str, Any]] = []
    newer = rule
    for ago in range(1, min(history.at, MOST_STATES) + 1):
        try:
            older = door.parse(history.earlier(ago))
        except RuleError:  # in the middle of an edit, whose value was not given yet
            continue
        states.append({"ago": ago, "text": None if newer is None else _step(door, older, newer)})
        newer = older
    return {"name": "definition", "sentence": sentence, "saved": saved, "states": states}


def changes(door: Workspace, before: Mapping[str, Any], after: Rule, since: int | str) -> dict[str, Any]:
    """Return what leads from an earlier state to the present rule: ``texts``, one a change.

    Raises
    ------
    RuleError
        If the earlier state cannot be read, or does not fit the data.
    """
    found = door.difference(before, after, mask=door.mask)
    return {"name": "changes", "since": since, "texts": [dict(change.text) for change in found.changes]}


def _step(door: Workspace, before: Rule, after: Rule) -> dict[str, str] | None:
    texts = [change.text for change in door.difference(before, after, mask=door.mask).changes]
    if not texts:
        return None
    return {"zh": "；".join(text["zh"] for text in texts), "en": "; ".join(text["en"] for text in texts)}
