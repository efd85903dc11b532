"""Up to five audiences side by side: who is in exactly which, each group to be opened as a rule of its own.

Also, of many audiences, which say the same and which are nearly the same people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from core.engines.base import Engine
from core.engines.crossing import MOST_REGIONS_OF
from core.errors import Problem, RuleError
from core.rules.canonical import rule_key
from core.rules.conditions import AudienceCondition
from core.rules.edit import all_of, as_condition, depth, fresh_ids
from core.rules.named import Meant
from core.rules.parse import dump_rule
from core.rules.tree import MAX_DEPTH, Group, Node, Rule, TakeTop

NEAR = 0.95
"""From this Jaccard index on, two audiences are nearly the same people."""
MOST_NEAR = 300
"""So many different definitions are compared with each other at most."""


@dataclass(frozen=True)
class Asked:
    """An audience that is compared, or split.

    Attributes
    ----------
    name : str
        For people.
    rule : Rule
        Whom it holds, the names in it looked up.
    audience : str or None
        The id under which it is saved: rules made of it then name it, and follow it when it changes. None =
        it is not saved; rules made of it repeat its conditions.
    """

    name: str
    rule: Rule
    audience: str | None = None


def condition_of(asked: Asked, ids: Iterator[str]) -> Node | None:
    """Return the one node that holds for an audience's people; None = everybody.

    The take of one that is not saved is left aside.
    """
    if asked.audience is None:
        return as_condition(asked.rule, ids)
    named = AudienceCondition(id=next(ids), audience=asked.audience, in_=True)
    return named.bound_to(Meant(asked.name, asked.rule))


@dataclass(frozen=True)
class Region:
    """The users who are in exactly some of the audiences.

    Attributes
    ----------
    members : tuple of int
        Places of these audiences, ascending; there is at least one.
    users : int
        At least 1.
    rule : Rule or None
        Counts exactly these users, whatever the data. None where no rule can say it: an audience that is not
        saved has a take that the others do not share, or the rule would be nested too deep.
    """

    members: tuple[int, ...]
    users: int
    rule: Rule | None

    def as_json(self) -> dict[str, object]:
        """Return the region, JSON-ready."""
        return {"members": list(self.members), "users": self.users, "rule": _dumped(self.rule)}


@dataclass(frozen=True)
class Pair:
    """Two of the audiences, whatever the others.

    Attributes
    ----------
    first, second : int
        Their places, the smaller first.
    both, only_first, only_second : int
        Users in both, and in one without the other.
    rule_both, rule_only_first, rule_only_second : Rule or None
        As in `Region`.
    """

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    rule_both: Rule | None
    rule_only_first: Rule | None
    rule_only_second: Rule | None

    @property
    def jaccard(self) -> float | None:
        """Users in both as a share of those in either; None without anybody."""
        return _share(self.both, self.both + self.only_first + self.only_second)

    @property
    def first_in_second(self) -> float | None:
        """The share of the first one's users who are in the second; None if the first has none."""
        return _share(self.both, self.both + self.only_first)

    @property
    def second_in_first(self) -> float | None:
        """The share of the second one's users who are in the first; None if the second has none."""
        return _share(self.both, self.both + self.only_second)

    def as_json(self) -> dict[str, object]:
        """Return the pair, JSON-ready."""
        return {
            "first": self.first,
            "second": self.second,
            "both": self.both,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "jaccard": self.jaccard,
            "first_in_second": self.first_in_second,
            "second_in_first": self.second_in_first,
            "rule_both": _dumped(self.rule_both),
            "rule_only_first": _dumped(self.rule_only_first),
            "rule_only_second": _dumped(self.rule_only_second),
        }


@dataclass(frozen=True)
class Overlap:
    """How some audiences overlap at one day.

    Attributes
    ----------
    asked : tuple of Asked
        The audiences; everything else names them by their places here.
    sizes : tuple of int
        Users in each, after take.
    base : int
        Everybody who exists at `as_of`.
    union : int
        Users in at least one of them; the users of the regions add up to it.
    regions : tuple of Region
        Those that hold anybody, the largest first, then those of fewer audiences.
    pairs : tuple of Pair
        Every two audiences, in order.
    """

    as_of: date
    asked: tuple[Asked, ...]
    sizes: tuple[int, ...]
    base: int
    union: int
    regions: tuple[Region, ...]
    pairs: tuple[Pair, ...]

    def as_json(self) -> dict[str, object]:
        """Return the overlap, JSON-ready."""
        return {
            "as_of": self.as_of.isoformat(),
            "base": self.base,
            "union": self.union,
            "audiences": [
                {"name": asked.name, "audience": asked.audience, "users": users}
                for asked, users in zip(self.asked, self.sizes, strict=True)
            ],
            "regions": [region.as_json() for region in self.regions],
            "pairs": [pair.as_json() for pair in self.pairs],
        }


def overlaps(asked: Sequence[Asked], engine: Engine, as_of: date) -> Overlap:
    """Return how two to five audiences overlap.

    Raises
    ------
    RuleError
        If there are fewer or more, or one saved audience is named twice.
    """
    if not 2 <= len(asked) <= MOST_REGIONS_OF:
        raise RuleError(Problem("overlap_number", params={"n": len(asked), "most": MOST_REGIONS_OF}))
    saved = [each.audience for each in asked if each.audience is not None]
    twice = next((each for each in asked if saved.count(each.audience or "") > 1), None)
    if twice is not None:
        raise RuleError(Problem("overlap_twice", params={"audience": twice.name}))
    exact = engine.regions([each.rule for each in asked], as_of)

    def users_in(*, among: int, without: int = 0) -> int:
        return sum(users for which, users in exact.items() if which & among == among and not which & without)

    places = range(len(asked))
    regions = [
        Region(members, exact[which], together(asked, members, [p for p in places if p not in members]))
        for which in exact
        if exact[which]
        for members in [tuple(place for place in places if which >> place & 1)]
    ]
    regions.sort(key=lambda region: (-region.users, len(region.members), region.members))
    pairs = [
        Pair(
            first=one,
            second=other,
            both=users_in(among=1 << one | 1 << other),
            only_first=users_in(among=1 << one, without=1 << other),
            only_second=users_in(among=1 << other, without=1 << one),
            rule_both=together(asked, [one, other], []),
            rule_only_first=together(asked, [one], [other]),
            rule_only_second=together(asked, [other], [one]),
        )
        for one, other in combinations(places, 2)
    ]
    return Overlap(
        as_of=as_of,
        asked=tuple(asked),
        sizes=tuple(users_in(among=1 << place) for place in places),
        base=engine.base_count(as_of),
        union=sum(exact.values()),
        regions=tuple(regions),
        pairs=tuple(pairs),
    )


def together(asked: Sequence[Asked], inside: Sequence[int], outside: Sequence[int]) -> Rule | None:
    """Return the rule for the users who are in some of the audiences and not in others.

    Parameters
    ----------
    inside, outside : sequence of int
        Places of audiences; at least one inside.

    Returns
    -------
    Rule or None
        None where no rule can say it (see `Region`), and where an audience that asks nothing, and so holds
        everybody, is among those outside.
    """
    named = [asked[place] for place in (*inside, *outside)]
    # A share can be taken of the whole at last if all take the same; the first n cannot, nor of a saved one.
    takes = [each.rule.take if each.audience is None else None for each in named]
    take = takes[0]
    if any(other != take for other in takes) or isinstance(take, TakeTop):
        return None
    ids = fresh_ids(each.rule for each in named)
    root = next(ids)
    kept = [node for place in inside if (node := condition_of(asked[place], ids)) is not None]
    left: list[Node] = []
    for place in outside:
        node = condition_of(asked[place], ids)
        if node is None:
            return None
        left.append(node)
    exclude = Group(id=next(ids), match="any", children=tuple(left)) if left else None
    rule = Rule(include=all_of(iter([root]), kept), exclude=exclude, take=take)
    return rule if depth(rule) <= MAX_DEPTH else None


@dataclass(frozen=True)
class Alike:
    """Two audiences that are the same, or nearly.

    Attributes
    ----------
    first, second : int
        Their places, the smaller first.
    is_same_definition : bool
        Whether their rules say the same, in whatever words, on whatever data.
    both : int
        Users in both.
    jaccard : float or None
        Users in both as a share of those in either, `NEAR` at least unless the definition is the same; None
        if neither has any (then it is the same).
    """

    first: int
    second: int
    is_same_definition: bool
    both: int
    jaccard: float | None

    def as_json(self) -> dict[str, object]:
        """Return the pair, JSON-ready."""
        return {
            "first": self.first,
            "second": self.second,
            "is_same_definition": self.is_same_definition,
            "both": self.both,
            "jaccard": self.jaccard,
        }


@dataclass(frozen=True)
class NearDuplicates:
    """Which of many audiences are the same or nearly.

    Attributes
    ----------
    pairs : tuple of Alike
        The same definitions first, then by Jaccard index, descending; ties by places.
    sizes : tuple of int or None
        Users in each audience; None for one that was not counted.
    not_compared : tuple of int
        Places of the audiences whose people were not compared, only their definitions: they come after
        `MOST_NEAR` others.
    """

    pairs: tuple[Alike, ...]
    sizes: tuple[int | None, ...]
    not_compared: tuple[int, ...]

    def as_json(self) -> dict[str, object]:
        """Return the pairs, JSON-ready."""
        return {
            "pairs": [pair.as_json() for pair in self.pairs],
            "sizes": list(self.sizes),
            "not_compared": list(self.not_compared),
        }


def near_duplicates(
    rules: Sequence[Rule], engine: Engine, as_of: date, *, most: int = MOST_NEAR
) -> NearDuplicates:
    """Return which of many audiences are the same or nearly the same people.

    Every definition is compared with every other. People are compared among the first `most` different
    definitions, exactly and in one pass.

    Parameters
    ----------
    rules : sequence of Rule
        In the order in which they matter.
    """
    by_key: dict[str, list[int]] = {}
    for place, rule in enumerate(rules):
        by_key.setdefault(rule_key(rule, engine.catalogue, as_of), []).append(place)
    groups = list(by_key.values())
    compared = groups[:most]
    found = engine.nearby([rules[group[0]] for group in compared], as_of, jaccard=NEAR)
    sizes: list[int | None] = [None] * len(rules)
    for group, size in zip(compared, found.sizes, strict=True):
        for place in group:
            sizes[place] = size
    pairs: list[Alike] = []
    for group in groups:
        for first, second in combinations(group, 2):
            users = sizes[first]
            if users is None:
                users = engine.count(rules[first], as_of).count
                for place in group:
                    sizes[place] = users
            pairs.append(Alike(first, second, True, users, 1.0 if users else None))
    for one, other, both in found.pairs:
        jaccard = both / (found.sizes[one] + found.sizes[other] - both)
        pairs += [
            Alike(min(first, second), max(first, second), False, both, jaccard)
            for first in compared[one]
            for second in compared[other]
        ]
    pairs.sort(key=lambda pair: (not pair.is_same_definition, -(pair.jaccard or 0), pair.first, pair.second))
    left = tuple(sorted(place for group in groups[most:] for place in group))
    return NearDuplicates(tuple(pairs), tuple(sizes), left)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _dumped(rule: Rule | None) -> dict[str, object] | None:
    return None if rule is None else dump_rule(rule)
