"""One pass over a rule's masks: the answer, and for every node its own, running and without counts.

Going up, every node gets its own mask. Going down, every node gets three masks that say what the answer would
be if the node held for everyone, held for nobody, or were not there; under 且 and 或 they come from running
combinations of the siblings before and after it, under "at least k" from bit-sliced counters. So a node's
`without` costs a few word operations, however deep the tree, and no condition is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.engines.memory.bits import Words, count, nobody
from core.engines.memory.tiles import Tiles
from core.rules.tree import AnyNode, Group, Rule, is_muted, nodes

SHARDS_AT_ONCE = 4
"""Measured: combining words takes microseconds per shard, handing the interpreter over takes as long."""

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
class _Place:
    """What the answer would be if a node held for everyone, for nobody, or were not there; None = nobody."""

    held: Words | None
    failed: Words | None
    absent: Words | None

    def turned(self) -> _Place:
        """Return the place seen from below a `not`."""
        return _Place(self.failed, self.held, self.absent)

    def where(self, holds: Words) -> Words | None:
        """Return the answer if the node held for these."""
        if self.failed is None:
            return None if self.held is None else self.held & holds
        if self.held is None:
            return self.failed & ~holds
        return (self.held & holds) | (self.failed & ~holds)


class Pass:
    """A rule made ready for counting.

    Parameters
    ----------
    rule : Rule
        The rule; its ids are unique.
    holds : mapping of str to numpy.ndarray of uint64
        For every condition of the rule the mask of users for whom it holds, before its `not`.
    base : numpy.ndarray of uint64
        The users who are asked.
    """

    def __init__(self, rule: Rule, holds: Mapping[str, Words], base: Words) -> None:
        self._rule = rule
        self._holds = holds
        self._base = base
        self._all_nodes = list(nodes(rule))
        self._place = {node.id: place for place, node in enumerate(self._all_nodes)}
        self._muted = {node.id for node in self._all_nodes if is_muted(node)}
        self._running = _with_running(rule, self._muted)
        self._matched = nobody(len(base) * 64)

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
        return Counted(
            matched=self._matched,
            own={node.id: int(totals[self._place[node.id], _OWN]) for node in self._all_nodes},
            running={key: int(totals[self._place[key], _RUNNING]) for key in self._running},
            without={node.id: int(totals[self._place[node.id], _WITHOUT]) for node in self._all_nodes},
            included=int(answered[:, 0].sum()),
            matching=int(answered[:, 1].sum()),
        )

    def _shard(self, words: slice, numbers: NDArray[np.int64]) -> tuple[int, int]:
        """Fill in one shard's part; return how many the include tree leaves, and how many match."""
        base = self._base[words]
        shard = _Shard(base, self._holds, words, self._muted, numbers, self._place, self._running)
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
        shard.matched = count(matched)
        shard.sink(include, _Place(held=open_to, failed=None, absent=open_to))
        if exclude is not None:
            shard.sink(exclude, _Place(held=None, failed=kept, absent=kept))
        return (shard.matched if dropped is None else count(kept)), shard.matched


def _with_running(rule: Rule, muted: set[str]) -> set[str]:
    """Return the ids of the nodes that have a running count."""
    having = {rule.include.id} | ({rule.exclude.id} if rule.exclude is not None else set())
    for node in nodes(rule):
        if isinstance(node, Group) and node.match != "at_least":
            seen_unmuted = False
            for child in node.children:
                seen_unmuted = seen_unmuted or child.id not in muted
                if seen_unmuted:
                    having.add(child.id)
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
    running: set[str]
    matched: int = 0
    masks: dict[str, Words] = field(default_factory=dict)

    def rise(self, node: AnyNode, *, of_nothing: Words, is_root: bool = True) -> Words:
        """Return (and keep) the users of the base for whom the node holds by itself, its `not` applied.

        A group that asks nothing has nothing to negate: it holds for `of_nothing`.
        """
        mask: Words | None = None
        if isinstance(node, Group):
            mask = self._combined(node, of_nothing)
        else:
            mask = self.holds[node.id][self.words] & self.base
        if mask is None:
            mask = of_nothing
        elif node.not_:
            mask = self.base & ~mask
        self.masks[node.id] = mask
        own = count(mask)
        self.numbers[self.place[node.id], _OWN] = own
        if is_root:
            self.numbers[self.place[node.id], _RUNNING] = own
        return mask

    def sink(self, node: AnyNode, at: _Place) -> None:
        """Fill in `without` for the node and everything below it."""
        if node.id in self.muted:
            self._unchanged(node)
            return
        self.numbers[self.place[node.id], _WITHOUT] = 0 if at.absent is None else count(at.absent)
        if not isinstance(node, Group):
            return
        below = at.turned() if node.not_ else at
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
        masks = [self.rise(child, of_nothing=of_nothing, is_root=False) for child in group.children]
        so_far: Words | None = None
        running = 0
        for child, mask in zip(group.children, masks, strict=True):
            if child.id not in self.muted:
                if so_far is None:
                    so_far = mask
                    running = int(self.numbers[self.place[child.id], _OWN])
                elif group.match != "at_least":
                    so_far = so_far & mask if group.match == "all" else so_far | mask
                    running = count(so_far)
            if child.id in self.running:
                self.numbers[self.place[child.id], _RUNNING] = running
        if so_far is not None and group.match == "at_least":
            counted = [m for c, m in zip(group.children, masks, strict=True) if c.id not in self.muted]
            return at_least(group.k or 1, planes_of(counted), self.base)
        return so_far

    def _places(self, group: Group, masks: list[Words], at: _Place) -> list[_Place]:
        """Return the place of each unmuted child, given the masks of all of them."""
        if group.match == "at_least":
            return self._places_at_least(group.k or 1, masks, at)
        if len(masks) <= 1:
            return [at] * len(masks)
        held_by_all = group.match == "all"
        places = []
        for others in _others(masks, held_by_all):
            outcome = at.where(others)
            places.append(
                _Place(held=outcome, failed=at.failed, absent=outcome)
                if held_by_all
                else _Place(held=at.held, failed=outcome, absent=outcome)
            )
        return places

    def _places_at_least(self, k: int, masks: list[Words], at: _Place) -> list[_Place]:
        planes = planes_of(masks)
        places = []
        for mask in masks:
            others = planes_without(planes, mask)
            failed = at.where(at_least(k, others, self.base))
            held = at.where(at_least(k - 1, others, self.base))
            places.append(_Place(held, failed, failed if len(masks) > 1 else at.absent))
        return places


def _others(masks: Sequence[Words], by_and: bool) -> list[Words]:
    """Return for each mask all the others combined, from running combinations before and after it."""
    last = len(masks) - 1
    after: list[Words] = [masks[last]] * (last + 1)
    for place in range(last - 1, 0, -1):
        after[place] = masks[place] & after[place + 1] if by_and else masks[place] | after[place + 1]
    combined = [after[1]]
    before = masks[0]
    for place in range(1, last):
        combined.append(before & after[place + 1] if by_and else before | after[place + 1])
        before = before & masks[place] if by_and else before | masks[place]
    combined.append(before)
    return combined


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
