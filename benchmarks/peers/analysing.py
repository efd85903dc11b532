"""The analyses that two engines are asked for: what is counted, in words that neither owns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Protocol

from benchmarks.peers import Ways
from benchmarks.questions import AS_OF
from core.clock import add_months

NAMES = ("coterie_analysis", "duckdb_analysis")
ANALYSES = ("overview", "retention", "funnel", "stages")

ACTIVITY = ("login", "page_view", "view_expert", "search", "enter_category")
"""Doing any of these is being active."""
STEPS = (
    "register", "login", "view_expert", "favourite", "click_chat", "submit_order", "purchase",
    "complete_order",
)  # fmt: skip
PAIRS = tuple(combinations(range(len(STEPS)), 2))
STAGES = ("new", "active", "sleeping", "lost")
COHORTS = WEEKS = 12
NEW_DAYS = ACTIVE_DAYS = 30
LOST_DAYS = 90


@dataclass(frozen=True)
class Moved:
    """The days of an analysis, some days before those that it has first: every repetition asks other ones."""

    days: int

    @property
    def last(self) -> date:
        """The last day."""
        return AS_OF - timedelta(days=self.days)

    def overview(self) -> list[date]:
        """Return 30 days, each with its active users, buyers, orders and GMV in cents."""
        return [self.last - timedelta(days=back) for back in range(29, -1, -1)]

    def weeks(self) -> list[tuple[date, date]]:
        """Return 23 weeks: 12 in which cohorts begin with their first login, each followed by 11 more.

        Of a cohort its size is asked, and how many of it logged in in its own week and each of the 11 after.
        """
        first = self.last - timedelta(days=7 * (COHORTS + WEEKS - 1) - 1)
        starts = [first + timedelta(days=7 * week) for week in range(COHORTS + WEEKS - 1)]
        return [(start, start + timedelta(days=6)) for start in starts]

    def funnel(self) -> tuple[date, date]:
        """Return the days of a funnel: how many took each of 8 steps in them, and both of each pair."""
        return self.last - timedelta(days=179), self.last

    def month_ends(self) -> list[date]:
        """Return 12 days, a month from each to the next; of each who is in which stage.

        Between the last two: who went from which stage to which.

        New: a user for less than 30 days. Of the others: active in the last 30 days, in the last 90, or not.
        """
        return [add_months(self.last, -back) for back in range(11, -1, -1)]


ASKED = tuple(Moved(days) for days in range(7))


class Analysing(Protocol):
    """An engine that answers whole analyses."""

    def analysed(self, question: str, moved: Moved, *, is_cold: bool) -> Ways:
        """Answer one of `ANALYSES`, in several ways of which the best counts.

        Cold: nothing that was asked before is remembered; data are in memory.
        """
        ...
