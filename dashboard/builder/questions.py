"""What the insight panel can ask, one entry a question: JSON in, JSON out. No Streamlit.

A question is a function of what was `Asked`; it returns what `docs/explain.md` documents, JSON-ready. To
add one: write the function (here, or in a file of its own where it needs more than a few lines) and give it
an entry in `QUESTIONS` under the name by which the browser asks. What may take longer than a twentieth of a
second is `is_long`: it runs in a thread, tells `asked.progress` how far it is (any JSON, which the browser
gets as it is), and looks at `asked.cancelled()` now and then, to raise `Cancelled` when it says so. A
`CallerError` becomes the words that the panel shows; anything else is logged and shown as a fault of ours,
with its id.

Texts come in both languages (``{"zh", "en"}``) and the browser picks. Values that conditions on personal
tags name are masked wherever a rule is said in words; the browser has the rule itself, as somebody wrote it
there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.rules.naming import tags_in
from core.rules.tree import Rule
from core.workspace import Actor, Workspace
from dashboard.builder import profile_answers, trend_answers
from dashboard.builder.history import History


@dataclass(frozen=True)
class Asked:
    """One question about the present rule.

    Attributes
    ----------
    rule : Rule
        The rule on the desk: it can be counted.
    as_of : datetime.date
        The day that is asked about.
    args : mapping
        What the browser gave with the question.
    history : History
        The states of the rule; to be read only.
    actor : Actor
        Who asks, for the log.
    audience : str or None
        Id of the saved audience whose rule it is, if its people are not that rule's alone.
    progress : callable
        Told how far a long question is, in any JSON; replaces what was told before.
    cancelled : callable
        Whether nobody waits for a long question any more.
    """

    workspace: Workspace
    rule: Rule
    as_of: date
    args: Mapping[str, Any]
    history: History
    actor: Actor
    audience: str | None = field(default=None, kw_only=True)
    progress: Callable[[Any], None] = field(default=lambda _told: None)
    cancelled: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True)
class Question:
    """How one kind of question is answered, and whether that may take long."""

    answer: Callable[[Asked], Mapping[str, Any]]
    is_long: bool = False


def near_misses(asked: Asked) -> Mapping[str, Any]:
    """Return who fails exactly one condition, by condition."""
    door = asked.workspace
    return door.near_misses(asked.rule, asked.as_of, mask=door.mask).as_json()


def person(asked: Asked) -> Mapping[str, Any]:
    """Return why the user ``user`` is in, or not: `docs/explain.md`, and what is personal about it.

    With ``reveal`` the values of personal tags are shown, and that is logged before.

    Returns
    -------
    mapping
        Besides, ``is_personal``: whether the rule asks for a personal tag, and ``is_revealed``;
        ``by_hand`` if somebody added the user to the audience or removed them, whatever the rule says;
        ``is_among``: whether they are among all people of the audience, and ``is_fixed``: whether those are
        the people of a snapshot, whatever the rule says.
    """
    door, reveals = asked.workspace, bool(asked.args.get("reveal"))
    catalogue = door.data_version().catalogue
    personal = [key for key in tags_in(asked.rule) if catalogue.tags[key].personal is not None]
    user = str(asked.args["user"])
    if reveals and personal:
        door.log_reveal(personal, "build", asked.actor)
    found = door.person(asked.rule, user, asked.as_of, reveal=reveals, mask=door.mask)
    rows = () if asked.audience is None else door.by_hand(asked.audience)
    hand = next((row.as_json() for row in rows if row.user_id == user), None)
    is_among, is_fixed = found.verdict.is_taken, False
    if asked.audience is not None:
        is_among = door.has_person(asked.audience, user, asked.as_of, rule=asked.rule)
        is_fixed = door.audience(asked.audience).fixed_to is not None
    return {
        **found.as_json(), "is_personal": bool(personal), "is_revealed": reveals and bool(personal),
        "by_hand": hand, "is_among": is_among, "is_fixed": is_fixed,
    }  # fmt: skip


def thresholds(asked: Asked) -> Mapping[str, Any]:
    """Return the conditions with a threshold to move: ``nodes``, each with ``node`` and ``what``."""
    door = asked.workspace
    found = door.thresholds(asked.rule, mask=door.mask)
    return {"nodes": [{"node": node, "what": dict(what)} for node, what in found.items()]}


def threshold(asked: Asked) -> Mapping[str, Any]:
    """Return the distribution behind the condition ``node``, and the count at each threshold."""
    return asked.workspace.threshold(asked.rule, str(asked.args["node"]), asked.as_of).as_json()


def solve(asked: Asked) -> Mapping[str, Any]:
    """Return the smallest changes that come nearest to ``size`` people."""
    door = asked.workspace
    return door.solve(asked.rule, int(asked.args["size"]), asked.as_of, mask=door.mask).as_json()


def check(asked: Asked) -> Mapping[str, Any]:
    """Return what is odd about the rule, with remedies."""
    door = asked.workspace
    return door.logic(asked.rule, asked.as_of, mask=door.mask).as_json()


def trend(asked: Asked) -> Mapping[str, Any]:
    """Return the rule's size week by week, told as the weeks come."""
    return trend_answers.trend(asked.workspace, asked.rule, asked.as_of, asked.progress, asked.cancelled)


def since(asked: Asked) -> Mapping[str, Any]:
    """Return what the rule's people did after the day, by an event or by the likeliest."""
    return trend_answers.since(asked.workspace, asked.rule, asked.as_of, asked.args.get("event"))


def profile(asked: Asked) -> Mapping[str, Any]:
    """Return what stands out of the rule's people, of some tags or of all."""
    tags = asked.args.get("tags")
    return profile_answers.profile(
        asked.workspace, asked.rule, asked.as_of, tags, asked.progress, asked.cancelled
    )


def others(asked: Asked) -> Mapping[str, Any]:
    """Return what the rule can be compared with."""
    return profile_answers.others(asked.workspace, asked.history)


def compare(asked: Asked) -> Mapping[str, Any]:
    """Return the rule beside a saved audience or an earlier state of it."""
    against = asked.args["against"]
    return profile_answers.compare(
        asked.workspace, asked.rule, asked.as_of, asked.history, against, asked.progress, asked.cancelled
    )


QUESTIONS: Mapping[str, Question] = {
    "near_misses": Question(near_misses),
    "check": Question(check, is_long=True),
    "person": Question(person, is_long=True),
    "thresholds": Question(thresholds),
    "threshold": Question(threshold),
    "solve": Question(solve, is_long=True),
    "trend": Question(trend, is_long=True),
    "since": Question(since, is_long=True),
    "profile": Question(profile, is_long=True),
    "others": Question(others, is_long=True),
    "compare": Question(compare, is_long=True),
}
