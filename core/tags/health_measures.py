"""The measures behind the health of tags: how far a distribution has moved, how closely two tags go together.

Pure functions of counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.engines.crossing import Contingency

MOVING, DRIFTED = 0.1, 0.25
"""The usual marks of the population stability index: from 0.1 on a tag moves, from 0.25 on it drifts."""
SMOOTHING = 0.5

Mark = Literal["stable", "moving", "drifted"]


def population_stability(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Return the population stability index of two distributions over the same classes.

    ``PSI = Σ (p − q) · ln(p / q)`` over the classes, with ``p = (n + ½) / (N + k/2)`` of the earlier counts
    and ``q`` likewise of the later ones: half a user is added to each of the k classes, so that a class that
    is empty on one side has a share. Classes that are empty on both sides are no classes. The index is the
    sum of both Kullback-Leibler divergences (Jeffreys 1946), in nats: never negative, and the same both ways.

    Parameters
    ----------
    before, after : sequence of int
        Users in each class, the missing among them as a class of their own.

    Returns
    -------
    float or None
        None if either side holds nobody.

    Raises
    ------
    ValueError
        If the two do not have the same number of classes.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} classes cannot be compared with {len(after)}")
    pairs = [(n, m) for n, m in zip(before, after, strict=True) if n or m]
    earlier, later = sum(n for n, _ in pairs), sum(m for _, m in pairs)
    if not earlier or not later:
        return None
    added = SMOOTHING * len(pairs)
    terms = []
    for n, m in pairs:
        p, q = (n + SMOOTHING) / (earlier + added), (m + SMOOTHING) / (later + added)
        terms.append((p - q) * math.log(p / q))
    return math.fsum(terms)


def mark_of(psi: float) -> Mark:
    """Return what an index is usually taken to mean."""
    if psi < MOVING:
        return "stable"
    return "moving" if psi < DRIFTED else "drifted"


def cramers_v(table: NDArray[np.int64]) -> float:
    """Return Cramér's V with Bergsma's correction of its bias: 0 = independent, 1 = as close as can be.

    With n users in r rows and k columns that hold anybody, and ``φ² = χ² / n``:
    ``V = √(max(0, φ² − (k−1)(r−1)/(n−1)) / min(k′−1, r′−1))``, where ``k′ = k − (k−1)²/(n−1)`` and ``r′``
    likewise (W. Bergsma, Journal of the Korean Statistical Society 42, 2013).

    Parameters
    ----------
    table : numpy.ndarray
        Users in each pair of classes.

    Returns
    -------
    float
        0 where either side has fewer than two classes, or too few users are left to say anything.
    """
    counts = _held(table)
    rows, columns = counts.shape
    users = counts.sum()
    if rows < 2 or columns < 2 or users < 2:
        return 0.0
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / users
    phi_square = float(((counts - expected) ** 2 / expected).sum() / users)
    free = users - 1
    left = max(0.0, phi_square - (columns - 1) * (rows - 1) / free)
    most = min(rows - (rows - 1) ** 2 / free, columns - (columns - 1) ** 2 / free) - 1
    if most <= 0:
        return 0.0
    return min(1.0, math.sqrt(left / most))


def normalised_mutual_information(table: NDArray[np.int64]) -> float:
    """Return the mutual information of rows and columns as a share of their mean entropy, between 0 and 1.

    ``2 · I(X; Y) / (H(X) + H(Y))`` (the symmetric uncertainty of Press et al., Numerical Recipes): 1 only if
    each tag says all about the other. 0 where neither varies.
    """
    counts = _held(table)
    users = counts.sum()
    if not users:
        return 0.0
    rows, columns = _entropy(counts.sum(axis=1) / users), _entropy(counts.sum(axis=0) / users)
    if rows + columns == 0:
        return 0.0
    shared = rows + columns - _entropy(counts.ravel() / users)
    return min(1.0, max(0.0, 2 * shared / (rows + columns)))


@dataclass(frozen=True)
class Association:
    """How closely two tags go together, in the base at one day.

    Attributes
    ----------
    users : int
        Everybody in the base.
    known : int
        Those of them who have a value of both tags.
    cramers_v, mutual_information : float
        Among those who have both.
    cramers_v_with_missing, mutual_information_with_missing : float
        Among all, a missing value as a value of its own: two tags of one source are missing together, which
        alone makes neither redundant.
    """

    users: int
    known: int
    cramers_v: float
    mutual_information: float
    cramers_v_with_missing: float
    mutual_information_with_missing: float

    def as_json(self) -> dict[str, object]:
        """Return the measures, JSON-ready."""
        return {
            "users": self.users,
            "known": self.known,
            "cramers_v": self.cramers_v,
            "mutual_information": self.mutual_information,
            "cramers_v_with_missing": self.cramers_v_with_missing,
            "mutual_information_with_missing": self.mutual_information_with_missing,
        }


def association(found: Contingency) -> Association:
    """Return how closely the two tags of a table go together."""
    return Association(
        users=int(found.table.sum()),
        known=int(found.known.sum()),
        cramers_v=cramers_v(found.known),
        mutual_information=normalised_mutual_information(found.known),
        cramers_v_with_missing=cramers_v(found.table),
        mutual_information_with_missing=normalised_mutual_information(found.table),
    )


def _held(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the table without the rows and columns that hold nobody."""
    counts: NDArray[np.float64] = np.asarray(table, dtype=np.float64)
    kept: NDArray[np.float64] = counts[np.ix_(counts.sum(axis=1) > 0, counts.sum(axis=0) > 0)]
    return kept


def _entropy(shares: NDArray[np.float64]) -> float:
    """Return Shannon's entropy, in nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())
