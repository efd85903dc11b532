"""Solve for a size: the smallest changes of a rule that bring it near the number of people wanted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from core.analytics.explain.difference import Change, difference
from core.analytics.explain.moves import Move, Moves
from core.analytics.explain.threshold import movable
from core.engines.base import Answer, Engine
from core.errors import Problem, RuleError
from core.messages import Text
from core.rules.check import check, errors_of
from core.rules.describe import describe
from core.rules.edit import muted
from core.rules.parse import dump_rule
from core.rules.tree import Rule, TakeShare, TakeTop
from core.rules.wording import Mask
from core.schema import Catalogue

MOST_SUGGESTIONS = 8
_MOST_PER_NODE = 2
_PAIRED = 3
_TWO_CHANGES = 0.25
_NEAR = (0.0, 0.02, 0.1, 0.3)


@dataclass(frozen=True)
class Suggestion:
    """One way to come near the size.

    Attributes
    ----------
    kind : str
        ``threshold``, ``window``, ``values``, ``match`` (how many conditions must hold), ``mute``, ``take``
        or ``two`` (two conditions change).
    count : int
        What the changed rule counts, after its take.
    changes : tuple of Change
        What is different from the rule that was asked about.
    """

    kind: str
    count: int
    rule: Rule
    sentence: Text
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Solution:
    """Suggestions for a size, the best first.

    Attributes
    ----------
    target, count : int
        How many people are wanted, and how many there are now.
    """

    target: int
    count: int
    suggestions: tuple[Suggestion, ...]

    def as_json(self) -> dict[str, object]:
        """Return the suggestions, JSON-ready."""
        return {
            "target": self.target,
            "count": self.count,
            "suggestions": [
                {
                    "kind": found.kind,
                    "count": found.count,
                    "off_by": found.count - self.target,
                    "rule": dump_rule(found.rule),
                    "sentence": dict(found.sentence),
                    "changes": [change.as_json() for change in found.changes],
                }
                for found in self.suggestions
            ],
        }


def solve(
    rule: Rule, target: int, engine: Engine, catalogue: Catalogue, as_of: date, mask: Mask | None = None
) -> Solution:
    """Return at most `MOST_SUGGESTIONS` changes that bring a rule near a size.

    Raises
    ------
    RuleError
        If the size is below 1 or above the base.
    """
    base = engine.base_count(as_of)
    if not 1 <= target <= base:
        raise RuleError(Problem("size_out_of_range", params={"size": target, "base": base}))
    now = engine.count(rule, as_of)
    if now.count == target:
        return Solution(target, now.count, ())
    bare, goal = _to_change(rule, target)
    answer = now if bare is rule else engine.count(bare, as_of)
    found = [
        *Moves(engine, catalogue, as_of, goal).all(bare, answer),
        *_pairs(bare, Moves(engine, catalogue, as_of, goal), answer, catalogue),
        *_takes(rule, Moves(engine, catalogue, as_of, target), now),
    ]
    ranked = _ranked(found, now, target, engine, catalogue, as_of)
    suggestions = tuple(
        Suggestion(
            move.kind, count, move.rule, describe(move.rule, catalogue, mask),
            difference(rule, move.rule, catalogue, mask),
        )
        for move, count in ranked
    )  # fmt: skip
    return Solution(target, now.count, suggestions)


def _to_change(rule: Rule, target: int) -> tuple[Rule, int]:
    """Return the rule whose conditions may change, and how many it is to match before its take.

    A share stays, so more must match; the first n by a tag would hide what its conditions let through, so
    that take is left out.
    """
    match rule.take:
        case TakeShare(share=share) if share > 0:
            return rule, min(round(target / share), 1 << 62)
        case TakeTop():
            return rule.model_copy(update={"take": None}), target
        case _:
            return rule, target


def _pairs(rule: Rule, moves: Moves, answer: Answer, catalogue: Catalogue) -> Iterator[Move]:
    """Yield two conditions changed: one half of the way or dropped, then a second one for the rest."""
    thresholds = movable(rule, catalogue)[: _PAIRED + 1]
    half_way = round(math.sqrt(max(answer.matched, 1) * moves.target))
    first: list[Move] = []
    for threshold in thresholds[:_PAIRED]:
        first += moves.thresholds(rule, threshold, half_way)
    mutes = [move for move in moves.mutes(rule, answer) if move.matched != answer.matched]
    wants_more = moves.target > answer.matched
    if wants_more:
        mutes = [move for move in mutes if answer.matched < (move.matched or 0) < moves.target]
        mutes.sort(key=lambda move: -(move.matched or 0))
        first += mutes[:_PAIRED]
    for move in first:
        for threshold in movable(move.rule, catalogue):
            if threshold.node.id in move.nodes or threshold.node.id not in {t.node.id for t in thresholds}:
                continue
            for second in moves.thresholds(move.rule, threshold, moves.target):
                size = move.size + second.size + _TWO_CHANGES
                yield Move("two", (*move.nodes, *second.nodes), second.rule, size, second.matched)
    if wants_more:
        for one, other in combinations(mutes[:_PAIRED], 2):
            both = muted(one.rule, other.nodes[0])
            yield Move("two", (*one.nodes, *other.nodes), both, one.size + other.size + _TWO_CHANGES)


def _takes(rule: Rule, moves: Moves, now: Answer) -> Iterator[Move]:
    if now.matched < moves.target:
        return
    if isinstance(rule.take, TakeShare):
        share = min(moves.target / now.matched, 1.0)
        take = rule.take.model_copy(update={"share": round(share, 6)})
        yield Move("take", (), rule.model_copy(update={"take": take}), _TWO_CHANGES)
    yield from moves.takes(rule)


def _ranked(
    found: Iterable[Move], now: Answer, target: int, engine: Engine, catalogue: Catalogue, as_of: date
) -> list[tuple[Move, int]]:  # fmt: skip
    """Return the best moves with what they count: nearest first, and of the near ones the smallest change."""
    counted: list[tuple[Move, int]] = []
    seen: set[str] = set()
    for move in found:
        key = move.rule.model_dump_json()
        if key in seen or errors_of(check(move.rule, catalogue)):
            continue
        seen.add(key)
        known = move.matched if move.rule.take is None else None
        count = engine.count(move.rule, as_of).count if known is None else known
        if abs(count - target) < abs(now.count - target):
            counted.append((move, count))

    def rank(each: tuple[Move, int]) -> tuple[int, float, float]:
        move, count = each
        off = abs(count - target) / target
        band = next((place for place, limit in enumerate(_NEAR) if off <= limit), len(_NEAR))
        return band, move.size if band < len(_NEAR) else off, off

    counted.sort(key=rank)
    kept: list[tuple[Move, int]] = []
    per_node: dict[tuple[str, ...], int] = {}
    for move, count in counted:
        key_of = (move.kind,) if move.kind == "take" else tuple(sorted(move.nodes))
        per_node[key_of] = per_node.get(key_of, 0) + 1
        if per_node[key_of] <= _MOST_PER_NODE:
            kept.append((move, count))
    return kept[:MOST_SUGGESTIONS]
