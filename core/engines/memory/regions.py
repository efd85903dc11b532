"""Who is in exactly which of several answers, and which of many answers are nearly the same people."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np

from core.engines.crossing import Nearby
from core.engines.memory.bits import WORD_BITS, Words, count
from core.engines.memory.tiles import Tiles


def regions(answers: Sequence[Words], tiles: Tiles) -> dict[int, int]:
    """Return how many users are in exactly which answers.

    Parameters
    ----------
    answers : sequence of masks
        At least one, all of one data version.

    Returns
    -------
    dict of int to int
        For every set of answers that is not empty, as a number with bit i set for the answer at place i, the
        users who are in these and in no other.
    """
    many = 1 << len(answers)
    found = np.zeros(many, dtype=np.int64)
    lock = Lock()

    def work(start: int, stop: int) -> None:
        words = _words(start, stop)
        # By the lowest answer of a set: its people are those of the set without it who are in it too.
        inside: list[Words | None] = [None] * many
        held = np.zeros(many, dtype=np.int64)
        for which in range(1, many):
            lowest = which & -which
            shard = answers[lowest.bit_length() - 1][words]
            rest = inside[which ^ lowest]
            both = inside[which] = shard if rest is None else shard & rest
            held[which] = count(both)
        with lock:
            np.add(found, held, out=found)

    tiles.run(len(answers[0]) * WORD_BITS, work)
    # So far everybody who is in all answers of a set, whatever else: take away who is in one more.
    for place in range(len(answers)):
        without = np.flatnonzero(~np.arange(many) >> place & 1)
        found[without] -= found[without | 1 << place]
    return {which: int(found[which]) for which in range(1, many)}


def nearby(answers: Sequence[Words], jaccard: float, tiles: Tiles) -> Nearby:
    """Return how large many answers are, and the pairs with at least so large a Jaccard index.

    Two answers can only be so near if their sizes are; of the others nothing is compared. Answers without
    anybody are near to none.

    Parameters
    ----------
    answers : sequence of masks
        All of one data version.
    jaccard : float
        Users in both as a share of those in either, above 0 and at most 1.
    """
    sizes = [count(answer) for answer in answers]
    order = sorted((place for place in range(len(answers)) if sizes[place]), key=sizes.__getitem__)
    candidates: list[tuple[int, int]] = []
    for at, place in enumerate(order):
        for other in order[at + 1 :]:
            if sizes[place] / sizes[other] < jaccard:
                break
            candidates.append((min(place, other), max(place, other)))
    candidates.sort()
    both = np.zeros(len(candidates), dtype=np.int64)
    lock = Lock()

    def work(start: int, stop: int) -> None:
        words = _words(start, stop)
        held = np.zeros(len(candidates), dtype=np.int64)
        together = np.empty(words.stop - words.start, dtype=np.uint64)
        for at, (one, other) in enumerate(candidates):
            np.bitwise_and(answers[one][words], answers[other][words], out=together)
            held[at] = count(together)
        with lock:
            np.add(both, held, out=both)

    if candidates:
        tiles.run(len(answers[0]) * WORD_BITS, work)
    pairs = [
        (one, other, shared)
        for (one, other), shared in zip(candidates, both.tolist(), strict=True)
        if shared / (sizes[one] + sizes[other] - shared) >= jaccard
    ]
    return Nearby(tuple(sizes), tuple(pairs))


def _words(start: int, stop: int) -> slice:
    return slice(start // WORD_BITS, stop // WORD_BITS)
