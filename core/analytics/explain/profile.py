"""Who the people of a rule are: what stands out of them against the base, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from core.analytics.explain.statistics import benjamini_hochberg, hypergeometric_p, wilson
from core.analytics.splits import bar_label, bar_nodes
from core.engines.base import Bar, Breakdown, Engine
from core.errors import Cancelled, NotFound, Problem, RuleError, nearest_name
from core.messages import Text, say
from core.rules.tree import Node, Rule, TagCondition
from core.schema import Catalogue, TagSpec, TagType

MINIMUM_BASE = 30
SIGNIFICANT = 0.05
TOP, BINS = 12, 8
_MOST_TEXTS = 200

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True)
class Trait:
    """One value of one tag among the people and in the base.

    Attributes
    ----------
    value : str, bool or None
        The value; None for a range, and for people without a value.
    low, high : float, datetime.date or None
        A range's ends, low in and high out (the last range holds both).
    is_missing : bool
        Whether these are the people without a value.
    members, base : int
        Users who have it, among the people of the rule and in the base.
    member_share, base_share : float
        Of all people of the rule, and of the whole base.
    tgi, tgi_low, tgi_high : float
        ``member_share / base_share × 100``, and its 95 % interval: Wilson's of the member share, divided by
        the base's share, which is counted and not estimated.
    p, q : float
        Fisher's exact two-sided p against a random pick of as many people from the base, and the same after
        Benjamini and Hochberg over all values looked at.
    is_small : bool
        Whether too few of the base have it, or too few people match, to say anything.
    conditions : tuple of Node
        Hold for exactly those who have it; ids are placeholders.
    """

    tag: TagSpec
    label: Text
    value: str | bool | None
    low: float | date | None
    high: float | date | None
    is_missing: bool
    members: int
    base: int
    member_share: float
    base_share: float
    tgi: float
    tgi_low: float
    tgi_high: float
    p: float
    q: float
    is_small: bool
    conditions: tuple[Node, ...]

    @property
    def is_significant(self) -> bool:
        """Whether it stands out although so many values were looked at."""
        return self.q <= SIGNIFICANT

    @property
    def stands_out(self) -> float:
        """How far the nearer end of the interval is from 100, as a logarithm; 0 = it holds 100."""
        if self.tgi_low > 100:
            return math.log(self.tgi_low / 100)
        return math.log(100 / self.tgi_high) if self.tgi_high < 100 else 0.0

    def as_json(self) -> dict[str, object]:
        """Return the trait, JSON-ready."""
        return {
            "tag": self.tag.key,
            "label": dict(self.label),
            "value": self.value,
            "low": _plain(self.low),
            "high": _plain(self.high),
            "is_missing": self.is_missing,
            "members": self.members,
            "base": self.base,
            "member_share": self.member_share,
            "base_share": self.base_share,
            "tgi": self.tgi,
            "tgi_low": self.tgi_low,
            "tgi_high": self.tgi_high,
            "p": self.p,
            "q": self.q,
            "is_significant": self.is_significant,
            "is_small": self.is_small,
            "conditions": [
                node.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"kind": node.kind}
                for node in self.conditions
            ],
        }


@dataclass(frozen=True)
class Profile:
    """What stands out of the people of a rule, the surest and largest first, small ones last.

    Attributes
    ----------
    count, base : int
        People of the rule (after take), and the base.
    minimum : int
        Below so many a trait is small.
    """

    count: int
    base: int
    minimum: int
    tags: tuple[str, ...]
    traits: tuple[Trait, ...]

    def as_json(self) -> dict[str, object]:
        """Return the profile, JSON-ready."""
        return {
            "count": self.count,
            "base": self.base,
            "minimum": self.minimum,
            "tags": list(self.tags),
            "traits": [trait.as_json() for trait in self.traits],
        }


@dataclass(frozen=True)
class _Looked:
    """One value that is looked at, before anything is reckoned."""

    tag: TagSpec
    label: Text
    bar: Bar
    is_missing: bool
    conditions: tuple[Node, ...]


def profile(
    rule: Rule,
    engine: Engine,
    catalogue: Catalogue,
    as_of: date,
    tags: Sequence[str] | None = None,
    *,
    minimum: int = MINIMUM_BASE,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Profile:
    """Return what stands out of the people of a rule.

    Parameters
    ----------
    tags : sequence of str or None
        Tags to look at; None = every tag that is neither personal nor a text with very many values.
    minimum : int
        Below so many users of the base (or people of the rule) a trait is small.
    progress, cancelled : callable or None
        Told after each tag how many of how many were looked at; asked before each whether to stop.

    Raises
    ------
    NotFound, RuleError
        If a tag is unknown or personal.
    Cancelled
        When `cancelled` says so.
    """
    chosen = (
        usual_tags(catalogue) if tags is None else [_allowed(catalogue, tag) for tag in dict.fromkeys(tags)]
    )
    count, base = engine.count(rule, as_of).count, engine.base_count(as_of)
    looked: list[_Looked] = []
    for place, tag in enumerate(chosen, start=1):
        if cancelled is not None and cancelled():
            raise Cancelled(Problem("cancelled"))
        found = engine.breakdown(rule, tag.key, as_of, top=TOP, bins=BINS)
        looked += [each for each in _values_of(tag, found) if each.bar.base]
        if progress is not None:
            progress(place, len(chosen))
    if not count or not base:
        return Profile(count, base, minimum, tuple(tag.key for tag in chosen), ())
    p_values = [hypergeometric_p(each.bar.matched, count, each.bar.base, base) for each in looked]
    traits = [
        _trait(each, count, base, p, q, minimum)
        for each, p, q in zip(looked, p_values, benjamini_hochberg(p_values), strict=True)
    ]
    traits.sort(key=lambda trait: (trait.is_small, not trait.is_significant, -trait.stands_out))
    return Profile(count, base, minimum, tuple(tag.key for tag in chosen), tuple(traits))


def usual_tags(catalogue: Catalogue) -> list[TagSpec]:
    """Return the tags that are looked at when none is named."""
    return [
        tag
        for tag in catalogue.tags.values()
        if tag.personal is None and (tag.type is not TagType.TEXT or 0 < tag.distinct <= _MOST_TEXTS)
    ]


def _allowed(catalogue: Catalogue, key: str) -> TagSpec:
    tag = catalogue.tags.get(key)
    allowed = tuple(key for key, spec in catalogue.tags.items() if spec.personal is None)
    if tag is None:
        nearest = nearest_name(key, allowed)
        raise NotFound(Problem("profile_tag_unknown", params={"tag": key}, allowed=allowed, nearest=nearest))
    if tag.personal is not None:
        raise RuleError(Problem("profile_personal", params={"tag": tag.label.as_text()}, allowed=allowed))
    return tag


def _values_of(tag: TagSpec, found: Breakdown) -> Iterator[_Looked]:
    last = len(found.bars) - 1
    for place, bar in enumerate(found.bars):
        conditions = bar_nodes(tag.key, tag.type, bar, is_last=place == last)
        yield _Looked(
            tag, bar_label(bar, is_last=place == last), bar, is_missing=False, conditions=conditions
        )
    missing = Bar(None, None, None, *found.missing)
    unset = (TagCondition(id=tag.key, tag=tag.key, op="not_set"),)
    yield _Looked(tag, say("split_missing"), missing, is_missing=True, conditions=unset)


def _trait(looked: _Looked, count: int, base: int, p: float, q: float, minimum: int) -> Trait:
    bar = looked.bar
    base_share = bar.base / base
    low, high = wilson(bar.matched, count)
    return Trait(
        tag=looked.tag,
        label=looked.label,
        value=bar.value,
        low=bar.low,
        high=bar.high,
        is_missing=looked.is_missing,
        members=bar.matched,
        base=bar.base,
        member_share=bar.matched / count,
        base_share=base_share,
        tgi=bar.matched / count / base_share * 100,
        tgi_low=low / base_share * 100,
        tgi_high=high / base_share * 100,
        p=p,
        q=q,
        is_small=bar.base < minimum or count < minimum,
        conditions=looked.conditions,
    )


def _plain(end: float | date | None) -> float | str | None:
    return end.isoformat() if isinstance(end, date) else end
