"""What sets audiences apart: values of tags that are common in one of them and rare in another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.analytics.explain.profile import MINIMUM_BASE, Profile, Progress, Trait, profile, usual_tags
from core.analytics.overlap import Asked, condition_of
from core.engines.base import Engine
from core.messages import Text
from core.rules.edit import all_of, copied, fresh_ids
from core.rules.naming import tags_in
from core.rules.tree import Node, Rule
from core.schema import Catalogue, TagSpec

SMALL_EFFECT = 0.2
"""Below this h two shares hardly differ (J. Cohen, Statistical Power Analysis, 2nd ed. 1988, section 6.2)."""
MOST_DIFFERENCES = 15
MOST_OF_A_TAG = 3


@dataclass(frozen=True)
class Difference:
    """One value of one tag, in every audience.

    Attributes
    ----------
    label : Text
        The value, or the range, in words.
    members : tuple of int
        Users who have it, by audience.
    shares : tuple of float
        The same as shares of the audiences.
    base, base_share : int and float
        Of the whole base.
    effect : float
        Cohen's h between the largest share and the smallest, ``2·asin √p − 2·asin √q``; 0 to π.
    conditions : tuple of Node
        All of them hold for who has it.
    """

    tag: TagSpec
    label: Text
    members: tuple[int, ...]
    shares: tuple[float, ...]
    base: int
    base_share: float
    effect: float
    conditions: tuple[Node, ...]

    def as_json(self) -> dict[str, object]:
        """Return the difference, JSON-ready."""
        return {
            "tag": self.tag.key,
            "label": dict(self.label),
            "members": list(self.members),
            "shares": list(self.shares),
            "base": self.base,
            "base_share": self.base_share,
            "effect": self.effect,
        }


@dataclass(frozen=True)
class Apart:
    """How audiences differ, the widest difference first.

    Attributes
    ----------
    names : tuple of str
        The audiences that were compared: none, or at least two.
    sizes : tuple of int
        Their people.
    too_few : tuple of (str, int)
        The other audiences and their people: fewer than `minimum`, so that shares of them tell nothing.
    base : int
        The whole base.
    minimum : int
        So many people an audience needs.
    looked_at : int
        Tags that were looked at.
    defining : tuple of TagSpec
        Tags that their own rules name: they differ by definition and were left out.
    differences : tuple of Difference
        At most `MOST_DIFFERENCES`, of one tag at most `MOST_OF_A_TAG`, each with an effect of `SMALL_EFFECT`
        at least and standing out of the base in at least one audience; of values with the same numbers
        everywhere, or with those of everyone else, only one.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    too_few: tuple[tuple[str, int], ...]
    base: int
    minimum: int
    looked_at: int
    defining: tuple[TagSpec, ...]
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, object]:
        """Return the answer, JSON-ready."""
        return {
            "audiences": [
                {"name": name, "count": size} for name, size in zip(self.names, self.sizes, strict=True)
            ],
            "too_few": [{"name": name, "count": size} for name, size in self.too_few],
            "base": self.base,
            "minimum": self.minimum,
            "looked_at": self.looked_at,
            "defining": [tag.key for tag in self.defining],
            "differences": [each.as_json() for each in self.differences],
        }


def apart(
    asked: Sequence[Asked],
    engine: Engine,
    catalogue: Catalogue,
    as_of: date,
    *,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Apart:
    """Return what sets audiences apart.

    Every audience is profiled against the base as in the builder. Of all values that surely stand out in one,
    those come first whose share differs most between the audiences.

    Parameters
    ----------
    progress, cancelled : callable or None
        Told after each tag of each audience how many of how many were looked at; asked before each whether
        to stop.

    Raises
    ------
    Cancelled
        When `cancelled` says so.
    """
    sized = [(each, engine.count(each.rule, as_of).count) for each in asked]
    enough = [each for each, size in sized if size >= MINIMUM_BASE]
    too_few = tuple((each.name, size) for each, size in sized if size < MINIMUM_BASE)
    asked = enough if len(enough) >= 2 else []
    defining = {tag for each in asked for tag in tags_in(each.rule, through_audiences=True)}
    tags = [tag.key for tag in usual_tags(catalogue) if tag.key not in defining]
    profiles = []
    for place, each in enumerate(asked):
        profiles.append(
            profile(
                each.rule, engine, catalogue, as_of, tags,
                progress=_further(progress, place, len(asked)), cancelled=cancelled,
            )
        )  # fmt: skip
    by_key = [{_key(trait): trait for trait in found.traits} for found in profiles]
    seen: dict[tuple[object, ...], Trait] = {}
    for found in profiles:
        for trait in found.traits:
            if trait.is_significant and not trait.is_small:
                seen.setdefault(_key(trait), trait)
    differences = []
    for key, trait in seen.items():
        members = tuple(
            known[key].members if key in known else _count(one, trait, engine, as_of)
            for one, known in zip(asked, by_key, strict=True)
        )
        differences.append((_difference(trait, members, profiles), trait))
    base, sizes = engine.base_count(as_of), tuple(found.count for found in profiles)
    return Apart(
        names=tuple(each.name for each in asked),
        sizes=sizes,
        too_few=too_few,
        base=base,
        minimum=MINIMUM_BASE,
        looked_at=len(tags) if asked else 0,
        defining=tuple(spec for key, spec in catalogue.tags.items() if key in defining),
        differences=_widest(differences, sizes, base),
    )


def _further(progress: Progress | None, place: int, parts: int) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total: progress(place * total + done, parts * total)


def _key(trait: Trait) -> tuple[object, ...]:
    return trait.tag.key, trait.value, trait.low, trait.high, trait.is_missing


def _count(asked: Asked, trait: Trait, engine: Engine, as_of: date) -> int:
    """Count whom of an audience a value has that its own profile does not show, rare as it is there."""
    ids = fresh_ids([asked.rule])
    among = condition_of(asked, ids)
    parts = [copied(node, ids) for node in trait.conditions]
    whole = all_of(ids, parts if among is None else [among, *parts])
    return engine.count(Rule(include=whole), as_of).count


def _difference(trait: Trait, members: tuple[int, ...], profiles: Sequence[Profile]) -> Difference:
    shares = tuple(hits / found.count for hits, found in zip(members, profiles, strict=True))
    angles = [2 * math.asin(math.sqrt(share)) for share in shares]
    return Difference(
        tag=trait.tag, label=trait.label, members=members, shares=shares, base=trait.base,
        base_share=trait.base_share, effect=max(angles) - min(angles), conditions=trait.conditions,
    )  # fmt: skip


def _widest(
    found: Sequence[tuple[Difference, Trait]], sizes: tuple[int, ...], base: int
) -> tuple[Difference, ...]:
    """Return the widest of the differences, what people have before what they lack."""
    kept: list[Difference] = []
    told: set[tuple[tuple[int, ...], int]] = set()
    # Rounded, as "yes" and "no" have the same effect but for how a computer reckons.
    for each, _ in sorted(found, key=lambda pair: (-round(pair[0].effect, 9), *_lacks(pair[1]))):
        of_tag = sum(one.tag.key == each.tag.key for one in kept)
        # Who never bought has no date of a purchase, no order value, …: that is said once. So is "yes", of
        # which "no" is only the rest.
        same = (each.members, each.base)
        rest = (tuple(size - hits for size, hits in zip(sizes, each.members, strict=True)), base - each.base)
        if each.effect >= SMALL_EFFECT and of_tag < MOST_OF_A_TAG and told.isdisjoint({same, rest}):
            kept.append(each)
            told.add(same)
    return tuple(kept[:MOST_DIFFERENCES])


def _lacks(trait: Trait) -> tuple[bool, bool]:
    return trait.is_missing, trait.value is False
