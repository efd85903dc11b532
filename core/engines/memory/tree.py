"""One pass over a rule's masks: the answer, and for every node its own, running and without counts.

Going up, every node gets its own mask. Going down, every node gets three masks that say what the answer would
be if the node held for everyone, held for nobody, or were not there; under 且 and 或 they come from running
combinations of the siblings before and after it, under "at least k" from bit-sliced counters. So a node's
`without` costs a few word operations, however deep the tree, and no condition is asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from core.engines.memory.bits import CountedMask, Words, count, nobody
from core.engines.memory.tiles import SHARDS_AT_ONCE, Tiles
from core.rules.asked_on import asks_who_existed
from core.rules.tree import AnyNode, Group, Rule, is_muted, nodes

_OWN, _RUNNING, _WITHOUT = 0, 1, 2


@dataclass(frozen=True)
class Counted:
    """What one pass found.

    Attributes
    ----------
    matched : numpy.ndarray of uint64
        Include minus exclude, as a mask.
    own, running, without : dict of str to int
        By node id; a node without a running count is absent from `running`.
    included : int
        Users that the include tree leaves, before the exclude.
    matching : int
        Users in `matched`.
    """

    matched: Words
    own: dict[str, int]
    running: dict[str, int]
    without: dict[str, int]
    included: int
    matching: int


@dataclass(frozen=True)
class Place:
    """What the answer would be if a node held for everyone, for nobody, or were not there; None = nobody."""

    held: Words | None
    failed: Words | None
    absent: Words | None

    def only_among(self, people: Words) -> Place:
        """Return the place seen from below a group that holds for nobody but these people."""
        if self.failed is None:
            return Place(None if self.held is None else self.held & people, None, self.absent)
        others = self.failed & ~people
        return Place(others if self.held is None else (self.held & people) | others, self.failed, self.absent)

    def turned(self) -> Place:
        """Return the place seen from below a `not`."""
        return Place(self.failed, self.held, self.absent)


Watch = Callable[[slice, str, Place], None]
"""Told, for a shard's words, the place of every node that counts."""


@dataclass(frozen=True)
class Masks:
    """Who is asked by a rule, and for whom its conditions hold.

    Attributes
    ----------
    holds : mapping of str to CountedMask
        For every condition of the rule the users of the base for whom it holds, before its `not`; of a
        condition as of an earlier day, those who existed then.
    base : CountedMask
        The users who are asked.
    around, within : mapping of str to CountedMask
        For nodes in groups as of an earlier day, and for such groups, the users who existed on the day of the
        group in which the node stands, and on its own (`core.rules.asked_on.Days`); none named = the base.
    """

    holds: Mapping[str, CountedMask]
    base: CountedMask
    around: Mapping[str, CountedMask] = field(default_factory=dict)
    within: Mapping[str, CountedMask] = field(default_factory=dict)

    def each(self, of: Callable[[CountedMask], CountedMask]) -> Masks:
        """Return the same of other people, or of fewer of them."""
        named = [
            {node: of(found) for node, found in group.items()}
            for group in (self.holds, self.around, self.within)
        ]
        return Masks(named[0], of(self.base), named[1], named[2])


class Pass:
    """A rule made ready for counting.

    Parameters
    ----------
    rule : Rule
        The rule; its ids are unique.
    masks : Masks
        Who is asked, and for whom the conditions hold.
    watch : callable or None
        Sees the places on the way, for those who ask more of them than numbers. Called from several threads.
    """

    def __init__(
        self,
        rule: Rule,
        masks: Masks,
        watch: Watch | None = None,
    ) -> None:
        holds, base = masks.holds, masks.base
        self._rule = rule
        self._watch = watch
        self._holds = {node: found.mask for node, found in holds.items()}
        self._base = base.mask
        self._around = {node: found.mask for node, found in masks.around.items()}
        self._within = {node: found.mask for node, found in masks.within.items()}
        self._own = {
            node.id: masks.around.get(node.id, base).count - holds[node.id].count
            if node.not_
            else holds[node.id].count
            for node in nodes(rule)
            if not isinstance(node, Group)
        }
        self._all_nodes = list(nodes(rule))
        self._place = {node.id: place for place, node in enumerate(self._all_nodes)}
        self._muted = {node.id for node in self._all_nodes if is_muted(node)}
        self._running_of = _running_of(rule, self._muted)
        self._matched = nobody(len(base.mask) * 64)

    def run(self, tiles: Tiles) -> Counted:
        """Count, shard by shard."""
        rows = len(self._base) * 64
        parts = tiles.shards(rows, SHARDS_AT_ONCE)
        shards = {start: place for place, (start, _) in enumerate(parts)}
        numbers = np.zeros((len(shards), len(self._all_nodes), 3), dtype=np.int64)
        answered = np.zeros((len(shards), 2), dtype=np.int64)

        def work(start: int, stop: int) -> None:
            shard = shards[start]
            answered[shard] = self._shard(slice(start // 64, stop // 64), numbers[shard])

        tiles.each(parts, work)
        totals = numbers.sum(axis=0)
        own = {
            node.id: self._own.get(node.id, int(totals[self._place[node.id], _OWN]))
            for node in self._all_nodes
        }
        return Counted(
            matched=self._matched,
            own=own,
            running={
                key: own[up_to] if is_first else int(totals[self._place[up_to], _RUNNING])
                for key, (up_to, is_first) in self._running_of.items()
            },
            without={node.id: int(totals[self._place[node.id], _WITHOUT]) for node in self._all_nodes},
            included=int(answered[:, 0].sum()),
            matching=int(answered[:, 1].sum()),
        )

    def _shard(self, words: slice, numbers: NDArray[np.int64]) -> tuple[int, int]:
        """Fill in one shard's part; return how many the include tree leaves, and how many match."""
        base = self._base[words]
        shard = _Shard(
            base, self._holds, words, self._muted, numbers, self._place, self._watch,
            around=self._around, within=self._within,
        )  # fmt: skip
        include, exclude = self._rule.include, self._rule.exclude
        kept = shard.rise(include, of_nothing=base)
        if include.id in self._muted:
            kept = base
        dropped = shard.rise(exclude, of_nothing=np.zeros_like(base)) if exclude is not None else None
        if exclude is None or exclude.id in self._muted or not exclude.children:
            dropped = None
        open_to = base if dropped is None else base & ~dropped
        matched = kept if dropped is None else kept & ~dropped
        self._matched[words] = matched
        shard.matched = shard.counted(matched)
        shard.sink(include, Place(held=open_to, failed=None, absent=open_to))
        if exclude is not None:
            shard.sink(exclude, Place(held=None, failed=kept, absent=kept))
        return shard.counted(kept), shard.matched


def answering(rule: Rule, masks: Masks) -> Words:
    """Return include minus exclude, as a mask, without any number on the way."""
    base = masks.base.mask
    include, exclude = rule.include, rule.exclude
    kept = base if is_muted(include) or not include.children else _answering(include, masks, base)
    if exclude is None or is_muted(exclude) or not exclude.children:
        return kept
    return kept & ~_answering(exclude, masks, base)


def _answering(node: AnyNode, masks: Masks, around: Words) -> Words:
    if not isinstance(node, Group):
        mask = masks.holds[node.id].mask
    else:
        existed = masks.within.get(node.id)
        within = around if existed is None else existed.mask
        found = [_answering(child, masks, within) for child in node.children if not is_muted(child)]
        mask = _combined(node, found, within)
    return around & ~mask if node.not_ else mask


def _combined(group: Group, masks: Sequence[Words], within: Words) -> Words:
    if not masks:  # it asks who existed on its day: an empty group elsewhere is refused
        return within
    if group.match == "at_least":
        return at_least(group.k or 1, planes_of(masks), within)
    return reduce(np.bitwise_and if group.match == "all" else np.bitwise_or, masks)


def _running_of(rule: Rule, muted: set[str]) -> dict[str, tuple[str, bool]]:
    """Return for each node with a running count the sibling up to which it runs: the last one that counts.

    Also whether that one is the first, so that the count is its own; a root runs up to itself.
    """
    roots = [root for root in (rule.include, rule.exclude) if root is not None]
    having = {root.id: (root.id, True) for root in roots}
    for node in nodes(rule):
        if isinstance(node, Group) and node.match != "at_least":
            counted: list[str] = []
            for child in node.children:
                if child.id not in muted:
                    counted.append(child.id)
                if counted:
                    having[child.id] = (counted[-1], len(counted) == 1)
    return having


@dataclass
class _Shard:
    """The pass over one shard: masks going up are kept for the way down."""

    base: Words
    holds: Mapping[str, Words]
    words: slice
    muted: set[str]
    numbers: NDArray[np.int64]
    place: Mapping[str, int]
    watch: Watch | None = None
    around: Mapping[str, Words] = field(default_factory=dict)
    within: Mapping[str, Words] = field(default_factory=dict)
    matched: int = 0
    masks: dict[str, Words] = field(default_factory=dict)
    so_far: dict[str, list[Words]] = field(default_factory=dict)
    counts: dict[int, tuple[Words, int]] = field(default_factory=dict)

    def counted(self, mask: Words) -> int:
        """Return how many users a mask holds; of one and the same array it is counted once."""
        if id(mask) not in self.counts:
            # The array is kept, so that its id stays its own.
            self.counts[id(mask)] = mask, count(mask)
        return self.counts[id(mask)][1]

    def existed_around(self, node: AnyNode) -> Words:
        """Return the users who existed on the day of the group in which a node stands."""
        people = self.around.get(node.id)
        return self.base if people is None else people[self.words]

    def existed_within(self, node: AnyNode) -> Words:
        """Return the users who existed on the day of a node itself."""
        people = self.within.get(node.id)
        return self.existed_around(node) if people is None else people[self.words]

    def rise(self, node: AnyNode, *, of_nothing: Words) -> Words:
        """Return (and keep) the users of the base for whom the node holds by itself, its `not` applied.

        A group that asks nothing has nothing to negate: it holds for `of_nothing`.
        """
        mask: Words | None = None
        if isinstance(node, Group):
            mask = self._combined(node, of_nothing)
        else:
            mask = self.holds[node.id][self.words]
        around = self.existed_around(node)
        if mask is None:
            mask = of_nothing if around is self.base else of_nothing & around
        else:
            if node.id in self.within:
                mask = mask & self.existed_within(node)
            if node.not_:
                mask = around & ~mask
        self.masks[node.id] = mask
        if isinstance(node, Group):
            self.numbers[self.place[node.id], _OWN] = self.counted(mask)
        return mask

    def sink(self, node: AnyNode, at: Place) -> None:
        """Fill in `without` for the node and everything below it."""
        if node.id in self.muted:
            self._unchanged(node)
            return
        self.numbers[self.place[node.id], _WITHOUT] = 0 if at.absent is None else self.counted(at.absent)
        if self.watch is not None:
            self.watch(self.words, node.id, at)
        if not isinstance(node, Group):
            return
        below = at.turned() if node.not_ else at
        if node.id in self.within:
            below = below.only_among(self.existed_within(node))
        counted = [child for child in node.children if child.id not in self.muted]
        places = self._places(node, [self.masks[child.id] for child in counted], below)
        for child, place in zip(counted, places, strict=True):
            self.sink(child, place)
        for child in node.children:
            if child.id in self.muted:
                self._unchanged(child)

    def _unchanged(self, node: AnyNode) -> None:
        """A node that does not count: without it, what matches."""
        self.numbers[self.place[node.id], _WITHOUT] = self.matched
        if isinstance(node, Group):
            for child in node.children:
                self._unchanged(child)

    def _combined(self, group: Group, of_nothing: Words) -> Words | None:
        """Return the group's unmuted children combined, filling in their running counts; None = no child."""
        risen = {child.id: self.rise(child, of_nothing=of_nothing) for child in group.children}
        counted = [(key, mask) for key, mask in risen.items() if key not in self.muted]
        if asks_who_existed(group):
            return self.existed_within(group)
        if not counted:
            return None
        if group.match == "at_least":
            existed = self.existed_within(group)
            return at_least(group.k or 1, planes_of([mask for _, mask in counted]), existed)
        so_far = [counted[0][1]]
        for key, mask in counted[1:]:
            so_far.append(so_far[-1] & mask if group.match == "all" else so_far[-1] | mask)
            self.numbers[self.place[key], _RUNNING] = self.counted(so_far[-1])
        self.so_far[group.id] = so_far
        return so_far[-1]

    def _places(self, group: Group, masks: list[Words], at: Place) -> list[Place]:
        """Return the place of each unmuted child, given the masks of all of them."""
        if group.match == "at_least":
            return self._places_at_least(group.k or 1, masks, at)
        if len(masks) <= 1:
            return [at] * len(masks)
        held_by_all = group.match == "all"
        places = []
        for others in _others(masks, self.so_far[group.id], held_by_all):
            outcome = self._where(at, others)
            places.append(
                Place(held=outcome, failed=at.failed, absent=outcome)
                if held_by_all
                else Place(held=at.held, failed=outcome, absent=outcome)
            )
        return places

    def _places_at_least(self, k: int, masks: list[Words], at: Place) -> list[Place]:
        planes = planes_of(masks)
        places = []
        for mask in masks:
            others = planes_without(planes, mask)
            failed = self._where(at, at_least(k, others, self.base))
            held = self._where(at, at_least(k - 1, others, self.base))
            places.append(Place(held, failed, failed if len(masks) > 1 else at.absent))
        return places

    def _where(self, at: Place, holds: Words) -> Words | None:
        """Return the answer if the node at a place held for these users of the base."""
        if at.failed is None:
            if at.held is None:
                return None
            return holds if at.held is self.base else at.held & holds
        if at.held is None:
            return at.failed & ~holds
        return (at.held & holds) | (at.failed & ~holds)


def _others(masks: Sequence[Words], so_far: Sequence[Words], by_and: bool) -> list[Words]:
    """Return for each of several masks all the others combined, by what is combined before and after it.

    Parameters
    ----------
    masks : sequence of numpy.ndarray
        At least two.
    so_far : sequence of numpy.ndarray
        For each mask the combination up to and including it.
    by_and : bool
        Whether they are combined by and, else by or.
    """
    combine = np.bitwise_and if by_and else np.bitwise_or
    last = len(masks) - 1
    others = [so_far[last - 1]]
    after = masks[last]
    for place in range(last - 1, 0, -1):
        others.append(combine(so_far[place - 1], after))
        after = combine(masks[place], after)
    others.append(after)
    return others[::-1]


def planes_of(masks: Sequence[Words]) -> list[Words]:
    """Return for each row how many masks hold it, as bit planes, the lowest first."""
    planes: list[Words] = []
    for mask in masks:
        carry = mask
        for place, plane in enumerate(planes):
            planes[place], carry = plane ^ carry, plane & carry
        if len(planes) < (len(masks)).bit_length():
            planes.append(carry)
    return planes


def planes_without(planes: Sequence[Words], mask: Words) -> list[Words]:
    """Return the counters less one where the mask, which was counted, holds."""
    borrow = mask
    left = []
    for plane in planes:
        left.append(plane ^ borrow)
        borrow = ~plane & borrow
    return left


def at_least(k: int, planes: Sequence[Words], base: Words) -> Words:
    """Return the rows of the base whose counter is `k` or more."""
    if k <= 0:
        return base
    if k.bit_length() > len(planes):
        return np.zeros_like(base)
    above = np.zeros_like(base)
    level = base
    for place in range(len(planes) - 1, -1, -1):
        if k >> place & 1:
            level = level & planes[place]
        else:
            above = above | (level & planes[place])
            level = level & ~planes[place]
    return above | level
