"""Buckets: everyone's place among 10,000 under a seed, by the stored hash."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.engines.memory.bits import Words, nobody, pack, words_for
from core.engines.memory.sources import Sources
from core.rules.literal_conditions import LiteralBucket
from core.rules.share import buckets, share_values


def holds(asked: LiteralBucket, sources: Sources, as_of: date) -> Words:  # noqa: ARG001 - as for all kinds
    """Return the users whose bucket lies between two."""
    held = sources.held
    key = ("buckets", held.segments, asked.seed)
    places = sources.cache.get(key, lambda: _places(asked.seed, sources))
    words = nobody(held.user_count)

    def work(start: int, stop: int) -> None:
        some = places[start:stop]
        flags = (some >= asked.first) & (some <= asked.last)
        words[start // 64 : start // 64 + words_for(stop - start)] = pack(flags)

    sources.tiles.run(held.user_count, work)
    return words


def _places(seed: str, sources: Sources) -> NDArray[np.uint16]:
    hashes = sources.held.hashes()
    places = np.zeros(len(hashes), dtype=np.uint16)

    def work(start: int, stop: int) -> None:
        places[start:stop] = buckets(share_values(hashes[start:stop], seed))

    sources.tiles.run(len(hashes), work)
    return places
