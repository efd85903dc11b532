"""What a number tag adds up to among some people, and how it is spread among those who have a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analytics.asking import Asking, Figure
from core.analytics.rows import rounded
from core.rules.exact import scaled_array, unscaled


@dataclass(frozen=True)
class Amounts:
    """The values of a number tag among some people, in the unit of the tag.

    Attributes
    ----------
    users : int
        How many of the people have a value.
    total : float
        The exact sum (each value rounded half-even to 6 decimals), as the nearest float; 0 of nobody.
    average : float or None
        ``total / users``; None of nobody.
    median, ninetieth : float or None
        The smallest value that at least 50 % or 90 % of them do not exceed (SQL's ``percentile_disc``), so
        always a value that somebody has; None of nobody.
    """

    users: int
    total: float
    average: float | None
    median: float | None
    ninetieth: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return the numbers, JSON-ready."""
        return {
            "total": rounded(self.total),
            "average": rounded(self.average),
            "median": rounded(self.median),
            "ninetieth": rounded(self.ninetieth),
        }


def amounts(asking: Asking, tag: str, among: Figure) -> Amounts:
    """Return the values of a number tag among the people of a figure.

    Raises
    ------
    RuleError
        If a value is too large to be added exactly.
    """
    spread = asking.engine.ordered_values(tag, asking.as_of, among.rule)
    upto = np.cumsum(spread.counts)
    users = int(upto[-1]) if len(upto) else 0
    if not users:
        return Amounts(0, 0.0, None, None, None)
    values = spread.values.to_numpy()
    parts = zip(scaled_array(values).tolist(), spread.counts.tolist(), strict=True)
    total = sum(value * many for value, many in parts)

    def percentile(percent: int) -> float:
        # In whole numbers: 0.9 × n as a float may be a little more than it is.
        wanted = -(-percent * users // 100)
        return float(values[int(np.searchsorted(upto, wanted))])

    return Amounts(users, unscaled(total), unscaled(total, users), percentile(50), percentile(90))
