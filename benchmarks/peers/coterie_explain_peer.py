"""Coterie's analysis, whole answers: every position of the threshold, every suggestion with its rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.marketplace import ParquetTables
from benchmarks.peers import Numbers
from benchmarks.peers.coterie_peer import Coterie
from benchmarks.peers.explaining import CONDITIONS, TARGET, THRESHOLDS
from benchmarks.questions import AS_OF, Five
from core.analytics.explain import cost, history, near, solve, threshold
from core.engines.memory import MemoryEngine
from core.rules.parse import parse_rule
from core.rules.tree import Rule


class CoterieExplain(Coterie):
    """The engine, asked why."""

    def explained(self, question: str, five: Five) -> dict[str, Callable[[], Numbers]]:
        """Answer from the rule's JSON text on."""
        text = five.as_rule(flat=False)
        answers: dict[str, Callable[[Rule], Numbers]] = {
            "edit": self._edit, "solve": self._solve, "history": self._history,
        }  # fmt: skip
        return {"engine": lambda: answers[question](parse_rule(text))}

    def _edit(self, rule: Rule) -> Numbers:
        catalogue = self.engine.catalogue
        costs = cost.costs(rule, self.engine.count(rule, AS_OF))
        missed = near.near(rule, self.engine.near_misses(rule, AS_OF), catalogue)
        moved = threshold.chosen(rule, "c3", catalogue)
        spread = self.engine.spread(rule, "c3", AS_OF)
        threshold.curve(moved, spread, AS_OF)
        by_node = {each.node: each.cost for each in costs.nodes}
        users = {group.node: group.users for group in missed.groups}
        matched = threshold.matched_by(moved, spread, AS_OF)
        return [
            *(by_node[node] for node in CONDITIONS),
            *(users.get(node, 0) for node in CONDITIONS),
            *(matched(limit) for limit in THRESHOLDS),
        ]

    def _solve(self, rule: Rule) -> Numbers:
        solution = solve.solve(rule, TARGET, self.engine, self.engine.catalogue, AS_OF)
        answer = self.engine.count(rule, AS_OF)
        off = min(
            abs(found.count - TARGET)
            for found in solution.suggestions
            if found.kind == "threshold" and found.changes[0].node == "c3"
        )
        return [off, *(answer.nodes[node].without for node in CONDITIONS)]

    def _history(self, rule: Rule) -> Numbers:
        return [week.matched for week in history.weeks(rule, self.engine, AS_OF)]


def load(folder: Path, threads: int) -> CoterieExplain:
    """Load the data."""
    return CoterieExplain(MemoryEngine(ParquetTables(folder), threads=threads))
