"""One rule against another: who is in both, only here, only there, each with its rule, and who they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from core.analytics.explain.difference import Change
from core.analytics.explain.profile import Profile, Progress, profile
from core.engines.base import Engine
from core.rules.edit import all_of, as_condition, depth, fresh_ids, negated
from core.rules.parse import dump_rule
from core.rules.tree import MAX_DEPTH, Node, Rule, TakeTop, is_muted
from core.schema import Catalogue


@dataclass(frozen=True)
class Part:
    """Some of the people of two rules.

    Attributes
    ----------
    rule : Rule or None
        Matches exactly them, whatever the data; None where no rule can say that: one of the two takes the
        first n by a tag, or they take different shares, the rule would be nested too deep, or nobody can be
        in this part because a rule asks nothing.
    profile : Profile or None
        What stands out of them; None without a rule, for nobody, and for those who are in both.
    """

    users: int
    rule: Rule | None
    profile: Profile | None = None

    def as_json(self) -> dict[str, object]:
        """Return the part, JSON-ready."""
        return {
            "users": self.users,
            "rule": None if self.rule is None else dump_rule(self.rule),
            "profile": None if self.profile is None else self.profile.as_json(),
        }


@dataclass(frozen=True)
class Comparison:
    """Two rules side by side; `here` is the one asked about, `there` the other.

    Attributes
    ----------
    here, there : int
        How many each counts, after take.
    changes : tuple of Change
        What leads from there to here.
    """

    here: int
    there: int
    both: Part
    only_here: Part
    only_there: Part
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, object]:
        """Return the comparison, JSON-ready."""
        return {
            "here": self.here,
            "there": self.there,
            "both": self.both.as_json(),
            "only_here": self.only_here.as_json(),
            "only_there": self.only_there.as_json(),
            "changes": [change.as_json() for change in self.changes],
        }


def compare(
    here: Rule,
    there: Rule,
    engine: Engine,
    catalogue: Catalogue,
    as_of: date,
    changes: tuple[Change, ...],
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Comparison:
    """Return who is in both rules, only in one and only in the other.

    Parameters
    ----------
    changes : tuple of Change
        What leads from there to here, as the rules were written.
    progress, cancelled : callable or None
        Told after each tag of either side's profile how many of how many were looked at; asked before each
        whether to stop.

    Raises
    ------
    Cancelled
        When `cancelled` says so.
    """
    one, other = (engine.members(rule, as_of).to_numpy() for rule in (here, there))
    both = len(np.intersect1d(one, other, assume_unique=True))
    parts = [
        Part(len(one) - both, _together(here, there, negate=True)),
        Part(len(other) - both, _together(there, here, negate=True)),
    ]
    many = sum(part.rule is not None and part.users > 0 for part in parts)
    looked_at = 0

    def told(done: int, total: int) -> None:
        if progress is not None:
            progress(looked_at + done, many * total)

    for place, part in enumerate(parts):
        if part.rule is not None and part.users:
            found = profile(part.rule, engine, catalogue, as_of, progress=told, cancelled=cancelled)
            parts[place] = replace(part, profile=found)
            looked_at += len(found.tags)
    only_here, only_there = parts
    return Comparison(
        here=len(one),
        there=len(other),
        both=Part(both, _together(here, there, negate=False)),
        only_here=only_here,
        only_there=only_there,
        changes=changes,
    )


def _together(rule: Rule, other: Rule, *, negate: bool) -> Rule | None:
    """Return the rule for those of a rule who are (or are not) in the other; None where there is none."""
    if rule.take != other.take or isinstance(rule.take, TakeTop):
        return None
    ids = fresh_ids([rule, other])
    asked = as_condition(other, ids)
    if asked is None:
        return None if negate else rule
    include = rule.include
    parts: list[Node] = [include] if include.children and not is_muted(include) else []
    parts.append(negated(asked) if negate else asked)
    found = rule.model_copy(update={"include": all_of(ids, parts)})
    return found if depth(found) <= MAX_DEPTH else None
