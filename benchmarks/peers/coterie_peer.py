"""Coterie's own engine, asked as programs ask it: rule JSON in, answer out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.marketplace import ParquetTables
from benchmarks.peers import Numbers
from benchmarks.questions import AS_OF, CHARTED, Five, Followed, Measured, registered_since
from core.engines.base import Answer
from core.engines.memory import MemoryEngine
from core.rules.check import check
from core.rules.parse import parse_rule

CONDITIONS = ("c1", "c2", "c3", "c4", "c5")


class Coterie:
    """The engine with everything loaded that the questions need."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.engine = engine
        for flat in (False, True):
            self._ask(Five().as_rule(flat=flat))
        for tag in CHARTED:
            self.engine.breakdown(parse_rule(registered_since(date(2016, 1, 1))), tag, AS_OF)

    @property
    def held_bytes(self) -> int:
        """Bytes of loaded columns and remembered masks."""
        return self.engine.nbytes

    def _ask(self, rule_json: str) -> Answer:
        rule = parse_rule(rule_json)
        problems = check(rule, self.engine.catalogue)
        if problems:
            raise ValueError(problems)
        return self.engine.count(rule, AS_OF)

    def ten_numbers(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Parse, check and count; the answer holds the other numbers of every node as well."""
        text = five.as_rule(flat=flat)

        def ask() -> Numbers:
            answer = self._ask(text)
            own = [answer.nodes[node].own for node in CONDITIONS]
            return own + [answer.nodes[node].running or 0 for node in CONDITIONS]

        return {"engine": ask}

    def plain_count(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Count with nothing remembered; columns are loaded."""
        text = five.as_rule(flat=flat)

        def ask() -> Numbers:
            self.engine.forget()
            return [self._ask(text).count]

        return {"engine": ask}

    def sequence(self, asked: Followed) -> dict[str, Callable[[], Numbers]]:
        """Look for chains with nothing remembered; columns are loaded."""
        text = asked.as_rule()

        def ask() -> Numbers:
            self.engine.forget()
            return [self._ask(text).count]

        return {"engine": ask}

    def event_condition(self, asked: Measured) -> dict[str, Callable[[], Numbers]]:
        """Count with nothing remembered; columns are loaded."""
        text = asked.as_rule()

        def ask() -> Numbers:
            self.engine.forget()
            return [self._ask(text).count]

        return {"engine": ask}

    def charts(self, since: date) -> dict[str, Callable[[], Numbers]]:
        """Break down by four tags; the base's histograms are remembered."""
        text = registered_since(since)

        def ask() -> Numbers:
            rule = parse_rule(text)
            numbers: Numbers = []
            for tag in CHARTED:
                shown = self.engine.breakdown(rule, tag, AS_OF, top=1000)
                bars = [bar.matched for bar in shown.bars] + [shown.missing[0]]
                numbers += sorted((bar for bar in bars if bar), reverse=True)
            return numbers

        return {"engine": ask}


def load(folder: Path, threads: int) -> Coterie:
    """Load the data."""
    return Coterie(MemoryEngine(ParquetTables(folder), threads=threads))
