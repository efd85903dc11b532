"""What is wrong with tags, or could be better, each with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any, Literal, get_args

from core.engines.base import Engine
from core.errors import CoterieError
from core.messages import Text, message_of, say
from core.rules.made_of import tags_of
from core.schema import Catalogue, TagType
from core.tags.distributions import Distribution
from core.tags.drift import Drift, compared
from core.tags.entries import TagEntry
from core.tags.health_measures import association

FindingKind = Literal["broken", "empty", "expired", "drifting", "vanished", "stale", "redundant", "unused"]
KINDS: tuple[FindingKind, ...] = get_args(FindingKind)
"""In the order of urgency."""
Remedy = Literal["edit", "retire", "refresh", "merge", "look"]

UNUSED_DAYS = 90
REDUNDANT = 0.95
"""From this normalised mutual information on, two tags say the same.

Cramér's V is 1 also where one tag says all about the other but not the other way round (a city its province):
it is told beside, and decides nothing.
"""
MOST_PAIRS = 2_000
_OF_ONES = 0.2
"""The share of the work that looking at tags one by one is, before they are compared."""
LEAST_KNOWN = 30
"""Of fewer users who have both values nothing is said."""


@dataclass(frozen=True)
class Finding:
    """One thing that is worth knowing of a tag.

    Attributes
    ----------
    key : str
        The tag.
    text, remedy : Text
        What it is, and what can be done.
    action : str
        What the remedy comes to: ``edit``, ``retire``, ``refresh``, ``merge`` (into `other`) or ``look``.
    other : str or None
        The other tag, of one that is redundant.
    """

    kind: FindingKind
    key: str
    label: Text
    text: Text
    remedy: Text
    action: Remedy
    other: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the finding, JSON-ready."""
        return {
            "kind": self.kind,
            "key": self.key,
            "label": dict(self.label),
            "text": dict(self.text),
            "remedy": dict(self.remedy),
            "action": self.action,
            "other": self.other,
            "detail": dict(self.detail),
        }


@dataclass(frozen=True)
class HealthReport:
    """Everything that was found, the most urgent first.

    Attributes
    ----------
    tags : int
        How many tags were looked at.
    not_compared : int
        Pairs of those that were not compared: past `MOST_PAIRS`, or stopped before.
    """

    as_of: date
    tags: int
    findings: tuple[Finding, ...]
    not_compared: int

    def as_json(self) -> dict[str, Any]:
        """Return the report, JSON-ready."""
        return {
            "as_of": self.as_of.isoformat(),
            "tags": self.tags,
            "findings": [finding.as_json() for finding in self.findings],
            "not_compared": self.not_compared,
        }


@dataclass(frozen=True)
class Known:
    """What is known of one tag besides its values.

    Attributes
    ----------
    readings : sequence of Distribution
        Of different data versions, the newest first; the present one need not be among them.
    is_due : bool
        Whether a refresh should have read it by now.
    unused_days : int or None
        For how many days nothing has used it; None = something does.
    expired : int
        Users whose value is past its validity.
    """

    entry: TagEntry
    readings: Sequence[Distribution] = ()
    is_due: bool = False
    unused_days: int | None = None
    expired: int = 0


def health(
    known: Sequence[Known],
    engine: Engine,
    as_of: date,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> HealthReport:
    """Return what is wrong with tags.

    Parameters
    ----------
    known : sequence of Known
        Tags that are not retired and no drafts.
    progress, cancelled : callable or None
        Told the share that is done; asked whether to stop: the report then has what was found.
    """
    found: list[Finding] = []
    askable: list[Known] = []
    looked_at = 0

    def tell(share: float) -> None:
        if progress is not None:
            progress(share)

    for each in known:
        if cancelled is not None and cancelled():
            break
        try:
            found += _of_one(each, engine, as_of)
            if each.entry.key in engine.catalogue.tags:
                askable.append(each)
        except CoterieError as error:
            found.append(_finding("broken", each.entry, "edit", why=message_of(error.problems[0])))
        looked_at += 1
        tell(_OF_ONES * looked_at / len(known))
    pairs = [
        (one.entry, other.entry)
        for one, other in combinations(_comparable(askable, engine.catalogue), 2)
        if not _is_related(one.entry.key, other.entry.key, engine.catalogue)
    ]
    asked, done = pairs[:MOST_PAIRS], 0
    for one, other in asked:
        if cancelled is not None and cancelled():
            break
        found += _redundant(one, other, engine, as_of)
        done += 1
        if done % 20 == 0:
            tell(_OF_ONES + (1 - _OF_ONES) * done / len(asked))
    found.sort(key=lambda finding: (KINDS.index(finding.kind), finding.key))
    return HealthReport(as_of, looked_at, tuple(found), len(pairs) - done)


def drift_of(readings: Sequence[Distribution]) -> Drift | None:
    """Return what changed between the last two readings, the newest first; None = there are no two."""
    return None if len(readings) < 2 else compared(readings[1], readings[0])


def _of_one(each: Known, engine: Engine, as_of: date) -> list[Finding]:
    entry = each.entry
    if entry.trouble is not None and entry.trouble.severity == "error":
        why = message_of(entry.trouble)
        return [_finding("broken", entry, "edit", why=why)]
    found = []
    if entry.key in engine.catalogue.tags and engine.coverage(entry.key, as_of) == 0:
        found.append(_finding("empty", entry, "edit"))
    if each.expired:
        found.append(_finding("expired", entry, "refresh", n=f"{each.expired:,}"))
    drift = drift_of(each.readings)
    if drift is not None and drift.mark is not None and drift.mark != "stable" and drift.psi is not None:
        mover = say("health_no_mover") if drift.mover is None else drift.mover.sentence()
        mark = say(f"health_{drift.mark}")
        found.append(_finding("drifting", entry, "look", psi=f"{drift.psi:.2f}", mark=mark, mover=mover))
    if drift is not None and drift.vanished:
        found.append(_finding("vanished", entry, "look", values=list(drift.vanished[:10])))
    if each.is_due:
        found.append(_finding("stale", entry, "refresh"))
    if each.unused_days is not None and each.unused_days >= UNUSED_DAYS:
        found.append(_finding("unused", entry, "retire", days=each.unused_days))
    return found


def _finding(kind: FindingKind, entry: TagEntry, action: Remedy, **params: Any) -> Finding:
    label = entry.definition.label.as_text()
    text, remedy = (say(f"health_{kind}{ending}", tag=label, **params) for ending in ("", "_remedy"))
    return Finding(kind, entry.key, label, text, remedy, action)


def _comparable(known: Sequence[Known], catalogue: Catalogue) -> list[Known]:
    """Return tags that can be put beside others: personal ones are nobody's, text is anything."""
    return [
        each
        for each in known
        if catalogue.tags[each.entry.key].personal is None
        and catalogue.tags[each.entry.key].type is not TagType.TEXT
    ]


def _is_related(one: str, other: str, catalogue: Catalogue) -> bool:
    """Tell whether a tag is made of the other, however far: that they go together is no news."""
    for start, sought in ((one, other), (other, one)):
        left, seen = [start], set[str]()
        while left:
            key = left.pop()
            if key == sought:
                return True
            if key in seen or key not in catalogue.tags:
                continue
            seen.add(key)
            left.extend(tags_of(catalogue.tags[key]))
    return False


def _redundant(one: TagEntry, other: TagEntry, engine: Engine, as_of: date) -> list[Finding]:
    together = association(engine.contingency(one.key, other.key, as_of))
    strength = together.mutual_information
    holders = min(engine.coverage(one.key, as_of), engine.coverage(other.key, as_of))
    if together.known < max(LEAST_KNOWN, holders // 2) or strength < REDUNDANT:
        return []
    label = other.definition.label.as_text()
    name = one.definition.label.as_text()
    params = {"tag": name, "other": label, "strength": f"{strength:.2f}"}
    text, remedy = say("health_redundant", **params), say("health_redundant_remedy", **params)
    return [Finding("redundant", one.key, name, text, remedy, "merge", other.key, together.as_json())]
