"""An audience split into parts that never overlap and add up: by a tag, at random by share, by equal size."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from core.analytics.overlap import Asked, condition_of
from core.analytics.splits import bar_label, end_of_range, tag_to_split_by
from core.engines.base import Bar, Breakdown, Engine
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.conditions import BucketCondition, ListCondition
from core.rules.edit import all_of, depth, fresh_ids, narrowed
from core.rules.kept import KeptPeople
from core.rules.named import Meant
from core.rules.parse import dump_rule
from core.rules.share import BUCKETS
from core.rules.tree import MAX_DEPTH, Node, Rule, TagCondition, TakeTop
from core.schema import TagType

TOP = 12
MOST_PARTS = 100
_LOOKED_AT = 1_000
"""Among so many values, the base's most frequent, the audience's most frequent are looked for."""
_LONGEST_STEM = 80


@dataclass(frozen=True)
class Kept:
    """The people of a part who are written down because no rule can name them.

    Attributes
    ----------
    list_name : str
        The name under which the part's rule looks for them: to save that rule, keep them as this list first.
    user_nos : polars.Series
        UInt32, ascending.
    """

    list_name: str
    user_nos: pl.Series


@dataclass(frozen=True)
class AudiencePart:
    """One part of an audience.

    Attributes
    ----------
    rule : Rule
        Its people, to be saved or exported.
    users : int
        How many they are; 0 where nobody is at present.
    kept : Kept or None
        Of parts of equal size; None = the rule stands for itself.
    """

    label: Text
    rule: Rule
    users: int
    kept: Kept | None = None

    def as_json(self) -> dict[str, object]:
        """Return the part, JSON-ready; people who are written down by the name of their list."""
        return {
            "label": dict(self.label),
            "users": self.users,
            "rule": dump_rule(self.rule),
            "list": None if self.kept is None else self.kept.list_name,
        }


@dataclass(frozen=True)
class Split:
    """All parts of an audience: nobody is in two of them, and their users add up to `users`."""

    users: int
    parts: tuple[AudiencePart, ...]

    def as_json(self) -> dict[str, object]:
        """Return the split, JSON-ready."""
        return {"users": self.users, "parts": [part.as_json() for part in self.parts]}


def by_tag(asked: Asked, tag: str, engine: Engine, as_of: date, *, top: int = TOP) -> Split:
    """Return one part per value of a tag, for other values, and for users without one.

    The parts divide the audience on every other day and in other data too, so those for other values and
    for none are there even without anybody. Numbers and dates are divided into ranges of round width, the
    first and the last open. Of a multi tag, whoever has several of the values is in the part of the first.

    Parameters
    ----------
    top : int
        How many values, the most frequent in the audience first, or at most how many ranges.

    Raises
    ------
    RuleError
        If the tag is unknown or personal, `top` is out of bounds, or the audience is not saved and takes the
        first n by a tag or is nested as deep as a rule may be.
    """
    spec = tag_to_split_by(engine.catalogue, tag)
    _refuse_number(top, least=1)
    whole = _whole(asked)
    found = engine.breakdown(whole, tag, as_of, top=_LOOKED_AT, bins=top)
    match spec.type:
        case TagType.NUMBER | TagType.DATE:
            pieces = _ranges(found)
        case TagType.MULTI:
            pieces = _sets(tag, _most_frequent(found, top))
        case TagType.BOOLEAN:
            pieces = [
                (say("split_true"), _nodes(tag, "is_true")),
                (say("split_false"), _nodes(tag, "is_false")),
            ]
        case TagType.TEXT | TagType.ENUM:
            pieces = _values(tag, _most_frequent(found, top))
    pieces.append((say("split_missing"), _nodes(tag, "not_set")))
    return _split(whole, pieces, engine, as_of)


def at_random(asked: Asked, shares: Sequence[int], seed: str, engine: Engine, as_of: date) -> Split:
    """Return parts at random by share; the same seed always puts a user into the same part.

    Each user falls for themselves, by the hash of `bucket`: a part has about its share of the audience, and
    whoever joins the audience later changes nobody's part.

    Parameters
    ----------
    shares : sequence of int
        In ten-thousandths of the audience. What they leave of 10,000 is a last part.

    Raises
    ------
    RuleError
        If a share is below 1 or they exceed 10,000 together, there are too many, or the audience is not
        saved and takes the first n by a tag or is nested as deep as a rule may be.
    """
    rest = BUCKETS - sum(shares)
    if rest < 0 or any(share < 1 for share in shares):
        raise RuleError(Problem("split_shares", params={"sum": f"{sum(shares):,}"}))
    _refuse_number(len(shares), least=1)
    pieces: list[tuple[Text, tuple[Node, ...]]] = []
    first = 0
    for place, share in enumerate([*shares, rest] if rest else shares, start=1):
        code = "split_share" if place <= len(shares) else "split_rest"
        bucket = BucketCondition(id="b", seed=seed, from_=first, to=first + share - 1)
        pieces.append((say(code, place=place, percent=f"{share / 100:g}"), (bucket,)))
        first += share
    return _split(_whole(asked), pieces, engine, as_of)


def by_equal_size(asked: Asked, parts: int, seed: str, engine: Engine, as_of: date) -> Split:
    """Return parts at random whose sizes differ by one at most, the larger ones first.

    No condition of the language divides an audience so exactly, for one person more moves others from part to
    part. The people of each part are therefore written down: a part stays as it is, whoever joins or leaves
    the audience. They are put in the order of their hash under the seed and cut, so the same seed and the
    same people make the same parts.

    Raises
    ------
    RuleError
        If there are fewer than 2 or more than `MOST_PARTS` parts.
    """
    _refuse_number(parts, least=2)
    people = engine.in_random_order(asked.rule, seed, as_of)
    stem = asked.name.strip()[:_LONGEST_STEM]
    found = []
    for place, chosen in enumerate(np.array_split(people.to_numpy(), parts), start=1):
        user_nos = pl.Series("user_no", np.sort(chosen), dtype=pl.UInt32)
        kept = Kept(f"{stem} {place}/{parts}", user_nos)
        label = say("split_equal", place=place, parts=parts)
        found.append(AudiencePart(label, _on_list(kept), len(user_nos), kept))
    return Split(len(people), tuple(found))


def _whole(asked: Asked) -> Rule:
    """Return a rule for the people of an audience that further conditions can narrow."""
    if asked.audience is None:
        if isinstance(asked.rule.take, TakeTop):
            raise RuleError(Problem("split_of_take", params={"n": asked.rule.take.n}))
        return asked.rule
    ids = fresh_ids([])
    named = condition_of(asked, ids)
    return Rule(include=all_of(ids, [] if named is None else [named]))


def _split(
    whole: Rule, pieces: Sequence[tuple[Text, tuple[Node, ...]]], engine: Engine, as_of: date
) -> Split:
    parts = []
    for label, nodes in pieces:
        rule = narrowed(whole, nodes)
        if depth(rule) > MAX_DEPTH:
            raise RuleError(Problem("split_too_deep", params={"limit": MAX_DEPTH}))
        parts.append(AudiencePart(label, rule, engine.count(rule, as_of).count))
    return Split(engine.count(whole, as_of).count, tuple(parts))


def _on_list(kept: Kept) -> Rule:
    digest = hashlib.sha256(kept.user_nos.to_numpy().tobytes()).hexdigest()
    people = KeptPeople(f"part {digest}", lambda: kept.user_nos)
    ids = fresh_ids([])
    on_list = ListCondition(id=next(ids), list=kept.list_name, in_=True)
    return Rule(include=all_of(ids, [on_list.bound_to(Meant(kept.list_name, people=people))]))


def _most_frequent(found: Breakdown, top: int) -> list[str]:
    bars = sorted((bar for bar in found.bars if bar.matched), key=lambda bar: -bar.matched)
    return [str(bar.value) for bar in bars[:top]]


def _values(tag: str, named: Sequence[str]) -> list[tuple[Text, tuple[Node, ...]]]:
    pieces = [(Text(zh=value, en=value), _nodes(tag, "is", value)) for value in named]
    if not named:
        return [(say("split_any_value"), _nodes(tag, "is_set"))]
    return [*pieces, (say("split_other"), _nodes(tag, "not_in", list(named)))]


def _sets(tag: str, named: Sequence[str]) -> list[tuple[Text, tuple[Node, ...]]]:
    """Return for each value those who have it and none of the values before."""
    if not named:
        return [(say("split_any_value"), _nodes(tag, "is_set"))]
    pieces: list[tuple[Text, tuple[Node, ...]]] = []
    for place, value in enumerate(named):
        holding = _nodes(tag, "has_any", [value])
        if place:
            label = say("split_first_of_several", value=value)
            pieces.append((label, (*holding, *_nodes(tag, "has_none", list(named[:place])))))
        else:
            pieces.append((Text(zh=value, en=value), holding))
    return [*pieces, (say("split_other"), _nodes(tag, "has_none", list(named)))]


def _ranges(found: Breakdown) -> list[tuple[Text, tuple[Node, ...]]]:
    """Return the ranges from the first that holds anybody to the last, those two open to their ends."""
    holding = [place for place, bar in enumerate(found.bars) if bar.matched]
    bars = found.bars[holding[0] : holding[-1] + 1] if holding else ()
    if len(bars) < 2:
        return [(say("split_any_value"), _nodes(found.tag, "is_set"))]
    last = len(bars) - 1
    return [
        _range(found.tag, bar, is_first=place == 0, is_last=place == last) for place, bar in enumerate(bars)
    ]


def _range(tag: str, bar: Bar, *, is_first: bool, is_last: bool) -> tuple[Text, tuple[Node, ...]]:
    low, high = bar.low, bar.high
    if isinstance(low, date) and isinstance(high, date):
        if is_first:
            return say("split_before_day", high=high), _nodes(tag, "before", high.isoformat())
        if is_last:
            day_before = low - timedelta(days=1)
            return say("split_from_day", low=low), _nodes(tag, "after", day_before.isoformat())
        day = high - timedelta(days=1)
        label = say("split_bin", low=low, high=day)
        return label, _nodes(tag, "between", [low.isoformat(), day.isoformat()])
    if is_first:
        return say("split_below", high=end_of_range(high)), _nodes(tag, "lt", high)
    if is_last:
        return say("split_from", low=end_of_range(low)), _nodes(tag, "gte", low)
    return bar_label(bar), (*_nodes(tag, "gte", low), *_nodes(tag, "lt", high))


def _nodes(tag: str, op: str, value: object = None) -> tuple[Node, ...]:
    """Return one condition; its id is a placeholder."""
    return (TagCondition(id=tag, tag=tag, op=op, value=value),)


def _refuse_number(n: int, *, least: int) -> None:
    if not least <= n <= MOST_PARTS:
        raise RuleError(Problem("split_number", params={"n": n, "least": least, "most": MOST_PARTS}))
