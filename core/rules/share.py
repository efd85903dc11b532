"""Stable shares and buckets: each user decided for themselves, by a hash that never changes.

The hash is part of the public contract (DESIGN of the condition language): another program that knows the
`user_id` and the seed comes to the same answer. The vectors in `tests/core/rules` hold it.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

BUCKETS = 10_000
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


def user_hash(user_id: str) -> int:
    """Return the first 8 bytes, big-endian, of SHA-256 of the UTF-8 `user_id`; between 0 and 2^64 - 1."""
    return int.from_bytes(hashlib.sha256(user_id.encode("utf-8")).digest()[:8], "big")


def seed_hash(seed: str) -> int:
    """Return the hash of a seed, made like a user's."""
    return user_hash(seed)


def share_value(user: int, seed: int) -> int:
    """Return splitmix64 of ``user XOR seed``: evenly spread over 0 to 2^64 - 1.

    Parameters
    ----------
    user : int
        `user_hash` of the id under which the user was first seen.
    seed : int
        `seed_hash` of the seed.
    """
    x = ((user ^ seed) + _GOLDEN) & _MASK
    x = ((x ^ (x >> 30)) * _FIRST) & _MASK
    x = ((x ^ (x >> 27)) * _SECOND) & _MASK
    return x ^ (x >> 31)


def share_values(hashes: NDArray[np.uint64], seed: str) -> NDArray[np.uint64]:
    """Return `share_value` of many users at once.

    Parameters
    ----------
    hashes : ndarray of uint64
        `user_hash` of each user.
    seed : str
        The seed as it stands in the rule.
    """
    x = hashes ^ np.uint64(seed_hash(seed))
    x += np.uint64(_GOLDEN)
    x ^= x >> np.uint64(30)
    x *= np.uint64(_FIRST)
    x ^= x >> np.uint64(27)
    x *= np.uint64(_SECOND)
    x ^= x >> np.uint64(31)
    return x


def share_limit(share: float) -> int:
    """Return floor(`share` × 2^64): values below it are in the share; 2^64 for everyone."""
    return int(share * 2.0**64)


def in_share(value: int, share: float) -> bool:
    """Tell whether a share value lies in a share between 0 and 1."""
    return value < share_limit(share)


def in_share_mask(values: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """Return `in_share` of many values at once."""
    limit = share_limit(share)
    if limit > _MASK:
        return np.ones(values.shape, dtype=np.bool_)
    return values < np.uint64(limit)


def bucket(value: int) -> int:
    """Return the bucket of a share value, 0 to 9,999."""
    return value % BUCKETS


def buckets(values: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return `bucket` of many values at once."""
    return (values % np.uint64(BUCKETS)).astype(np.uint16)
