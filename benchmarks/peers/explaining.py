"""What the engines are asked about the five conditions beyond their number; two of them answer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol

from benchmarks.peers import Ways
from benchmarks.questions import AS_OF, Five

NAMES = ("coterie_explain", "duckdb_explain")
CONDITIONS = ("c1", "c2", "c3", "c4", "c5")
THRESHOLDS = tuple(range(0, 20_000, 1_000))
"""Where the threshold of spend is read off."""
TARGET = 60
WEEKS: tuple[date, ...] = tuple(AS_OF - timedelta(days=7 * week) for week in range(26))
ASKED: dict[str, tuple[Five, ...]] = {
    "edit": tuple(Five(gmv=3010 + 35 * step) for step in range(7)),
    "solve": tuple(Five(gmv=2600 + 45 * step, login_days=23 + step) for step in range(7)),
    "history": tuple(Five(gmv=2700 + 25 * step, login_days=24 + step) for step in range(7)),
}
"""Every repetition asks other values."""


class Explaining(Protocol):
    """An engine that says why a number is what it is."""

    def explained(self, question: str, five: Five) -> Ways:
        """Answer one question, in several ways of which the best counts.

        ``edit``: the costs of the five, their near misses, and the count at 20 thresholds of spend.
        ``solve``: how near moving the threshold of spend comes to the size wanted, and the count without
        each of the five. ``history``: the count on the same day of 26 weeks.
        """
        ...
