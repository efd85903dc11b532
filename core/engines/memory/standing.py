"""Where people stand towards a rule: who is one condition away, and whose fate one condition decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from core.engines.base import NearMisses, Verdict
from core.engines.memory.bits import CountedMask, Words, as_series, count
from core.engines.memory.breakdowns import counts_among
from core.engines.memory.columns import CodedColumn, Column, PlainColumn
from core.engines.memory.measures import as_floats
from core.engines.memory.per_user import PerUser
from core.engines.memory.tiles import Tiles
from core.engines.memory.tree import Masks, Pass, Place
from core.engines.spread import Spread
from core.rules.tree import AnyNode, Group, Rule, is_muted
from core.schema import TagType


@dataclass(frozen=True)
class Decided:
    """For whom one condition decides.

    Attributes
    ----------
    people : numpy.ndarray of uint64
        Those who match or not as the condition says.
    fixed : int
        How many match whatever it says.
    is_flipped : bool
        Whether those match for whom the condition, before its own `not`, does not hold.
    """

    people: Words
    fixed: int
    is_flipped: bool


def near_misses(rule: Rule, masks: Masks, tiles: Tiles) -> NearMisses:
    """Return how many are kept out by exactly one node, by node; see `core.engines.base.NearMisses`."""
    counting = [node for root in _roots(rule) for node in _counting(root) if node is not rule.include]
    base = masks.base.mask
    mended = {node.id: np.zeros_like(base) for node in counting}

    def watch(words: slice, node: str, at: Place) -> None:
        if node in mended and at.absent is not None:
            mended[node][words] = at.absent

    outside = ~Pass(rule, masks, watch).run(tiles).matched
    for mask in mended.values():
        np.bitwise_and(mask, outside, out=mask)
    lowest: dict[str, Words] = {}
    for root in _roots(rule):
        if not is_muted(root):
            _sink(root, mended, lowest)
    once, twice = np.zeros_like(base), np.zeros_like(base)
    for mask in lowest.values():
        twice |= once & mask
        once |= mask
    return NearMisses({node.id: count(lowest[node.id] & ~twice) for node in counting}, count(twice))


def decided(rule: Rule, node: str, masks: Masks, tiles: Tiles) -> Decided:
    """Return for whom a condition decides; it must count."""
    held, failed = np.zeros_like(masks.base.mask), np.zeros_like(masks.base.mask)

    def watch(words: slice, watched: str, at: Place) -> None:
        if watched == node:
            held[words] = 0 if at.held is None else at.held
            failed[words] = 0 if at.failed is None else at.failed

    Pass(rule, masks, watch).run(tiles)
    return Decided(held ^ failed, count(held & failed), _is_flipped(rule, node))


def verdict(rule: Rule, row: int, user_no: int, masks: Masks, answer: Words, tiles: Tiles) -> Verdict:
    """Return what a rule says of the user of one row.

    Parameters
    ----------
    masks : Masks
        Of conditions also those who are not in the base: of them as well it is said what they satisfy.
    answer : numpy.ndarray of uint64
        Who is in it after take.
    """

    def bit(found: CountedMask) -> CountedMask:
        one = int(found.mask[row // 64]) >> (row % 64) & 1
        return CountedMask(np.array([one], dtype=np.uint64), one)

    is_in_base, is_taken = (bool(bit(CountedMask(mask, 0)).count) for mask in (masks.base.mask, answer))
    alone = replace(masks.each(bit), base=CountedMask(np.ones(1, dtype=np.uint64), 1))
    counted = Pass(rule, alone).run(tiles)
    exclude = rule.exclude
    counts = exclude is not None and bool(exclude.children) and not is_muted(exclude)
    return Verdict(
        user_no=user_no,
        is_in_base=is_in_base,
        nodes={node: bool(own) for node, own in counted.own.items()},
        is_included=bool(counted.included),
        is_excluded=counts and exclude is not None and bool(counted.own[exclude.id]),
        is_taken=is_taken,
    )


def spread_of_column(column: Column, among: Decided) -> Spread:
    """Return the values of a number or date tag among the people for whom its condition decides."""
    if isinstance(column, CodedColumn):
        counts = counts_among(column, among.people)
        present = np.flatnonzero(counts[:-1])
        values = column.dictionary.gather(present)
        kept = counts[present].astype(np.int64)
        return Spread(TagType.DATE, values, kept, int(counts[-1]), among.fixed, among.is_flipped)
    if not isinstance(column, PlainColumn) or column.values.dtype != pl.Float64:
        raise TypeError("only numbers and dates have an order")
    asked = column.values.filter(as_series(among.people, len(column)))
    numbers, counts = np.unique(asked.drop_nulls().to_numpy() + 0.0, return_counts=True)
    missing = asked.null_count()
    return Spread(TagType.NUMBER, pl.Series(numbers), counts, missing, among.fixed, among.is_flipped)


def spread_of_measure(per_user: PerUser, among: Decided, *, zero_when_none: bool) -> Spread:
    """Return the values of an event's measure among the people for whom its condition decides.

    Parameters
    ----------
    per_user : PerUser
        The measure of those who have one.
    zero_when_none : bool
        Whether the others have 0 rather than no value.
    """
    chosen = per_user.among(among.people)
    values, divisors = chosen.values, chosen.divisors
    rest = count(among.people) - len(chosen.rows)
    if isinstance(values, pl.Series) and values.dtype == pl.Date:
        distinct = values.alias("value").to_frame().group_by("value").len().sort("value")
        counts = distinct["len"].to_numpy().astype(np.int64)
        return Spread(TagType.DATE, distinct["value"], counts, rest, among.fixed, among.is_flipped)
    floats = as_floats(chosen) + 0.0
    totals = _totals(chosen)
    missing = rest
    if zero_when_none:
        missing = 0
        floats = np.append(floats, np.zeros(rest))
        totals = None if totals is None else np.append(totals, np.zeros(rest, dtype=totals.dtype))
    if totals is None:
        numbers, counts = np.unique(floats, return_counts=True)
        return Spread(TagType.NUMBER, pl.Series(numbers), counts, missing, among.fixed, among.is_flipped)
    order = np.argsort(floats, kind="stable")
    return Spread(
        TagType.NUMBER, pl.Series(floats[order]), np.ones(len(order), dtype=np.int64), missing, among.fixed,
        among.is_flipped, totals[order], None if divisors is None else divisors[order],
    )  # fmt: skip


def _totals(per_user: PerUser) -> np.ndarray | None:
    """Return exact sums (and those of averages) as integers of 10^-6; None for counts and for values."""
    if isinstance(per_user.values, np.ndarray):
        return per_user.values
    return per_user.values.to_numpy() if per_user.values.dtype == pl.Int64 else None


def _sink(node: AnyNode, mended: Mapping[str, Words], lowest: dict[str, Words]) -> Words | None:
    """Fill in whom a node mends and nothing below it does; return whom the node or anything below mends."""
    below: Words | None = None
    if isinstance(node, Group):
        for child in node.children:
            if not is_muted(child):
                found = _sink(child, mended, lowest)
                below = found if below is None or found is None else below | found
    mask = mended.get(node.id)
    if mask is None:
        return below
    lowest[node.id] = mask if below is None else mask & ~below
    return mask if below is None else mask | below


def _roots(rule: Rule) -> list[Group]:
    return [rule.include] if rule.exclude is None else [rule.include, rule.exclude]


def _counting(root: Group) -> list[AnyNode]:
    """Return the nodes of a tree that count: neither muted nor below a muted group."""
    if is_muted(root):
        return []
    found: list[AnyNode] = [root]
    for child in root.children:
        if isinstance(child, Group):
            found += _counting(child)
        elif not is_muted(child):
            found.append(child)
    return found


def _is_flipped(rule: Rule, node: str) -> bool:
    """Tell whether an odd number of `not`, the node's own and the exclude's among them, stands above it."""
    for root in _roots(rule):
        path = _path(root, node)
        if path is not None:
            return (sum(step.not_ for step in path) + (root is rule.exclude)) % 2 == 1
    raise KeyError(node)


def _path(root: AnyNode, node: str) -> list[AnyNode] | None:
    if root.id == node:
        return [root]
    children = root.children if isinstance(root, Group) else ()
    for child in children:
        below = _path(child, node)
        if below is not None:
            return [root, *below]
    return None
