"""Coterie's analyses: every number of people is the count of a rule that opens as an audience."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from benchmarks.marketplace import ParquetTables
from benchmarks.peers import Numbers
from benchmarks.peers.analysing import (
    ACTIVE_DAYS,
    ACTIVITY,
    ANALYSES,
    ASKED,
    COHORTS,
    LOST_DAYS,
    NEW_DAYS,
    PAIRS,
    STAGES,
    STEPS,
    WEEKS,
    Moved,
)
from benchmarks.questions import AS_OF
from core.analytics.asking import Asking, as_of_day, did, did_none, existed
from core.analytics.periods import Period
from core.clock import Days
from core.engines.memory import MemoryEngine
from core.engines.tallies import Deeds
from core.rules.conditions import FirstTimeCondition
from core.rules.parts import BetweenWindow, LastWindow
from core.rules.tree import Node


class CoterieAnalysis:
    """The engine with everything loaded that the analyses need."""

    def __init__(self, engine: MemoryEngine) -> None:
        self.engine = engine
        self._asking = Asking(engine, engine.catalogue, AS_OF)
        for question in ANALYSES:
            self._answer(question, ASKED[-1])
        engine.forget()

    @property
    def held_bytes(self) -> int:
        """Bytes of loaded columns and of what is remembered."""
        return self.engine.nbytes

    def analysed(self, question: str, moved: Moved, *, is_cold: bool) -> dict[str, Callable[[], Numbers]]:
        """Answer by figures."""

        def ask() -> Numbers:
            if is_cold:
                self.engine.forget()
            return self._answer(question, moved)

        return {"engine": ask}

    def _answer(self, question: str, moved: Moved) -> Numbers:
        answers: dict[str, Callable[[Moved], Numbers]] = {
            "overview": self._overview, "retention": self._retention, "funnel": self._funnel,
            "stages": self._stages,
        }  # fmt: skip
        return answers[question](moved)

    def _overview(self, moved: Moved) -> Numbers:
        days = moved.overview()
        active = self._asking.figures_of_days(ACTIVITY, [Period(day, day) for day in days])
        bought = self._asking.course(Deeds("purchase", amount="amount"), [Days(day, day) for day in days])
        cents = [round(100 * (done.total or 0)) for done in bought]
        users = [figure.users for figure in active]
        return [*users, *(d.users for d in bought), *(d.occurrences for d in bought), *cents]

    def _retention(self, moved: Moved) -> Numbers:
        weeks = [_between(*week) for week in moved.weeks()]
        asked: list[Sequence[Node]] = []
        active = [did(["login"], week) for week in weeks]
        for cohort, week in enumerate(weeks[:COHORTS]):
            began = FirstTimeCondition(id="began", event="login", window=week)
            asked += [(began,), *((began, *active[cohort + after]) for after in range(WEEKS))]
        return self._sizes(asked)

    def _funnel(self, moved: Moved) -> Numbers:
        steps = [did([step], _between(*moved.funnel())) for step in STEPS]
        pairs = [(*steps[one], *steps[other]) for one, other in PAIRS]
        return self._sizes([*steps, *pairs])

    def _stages(self, moved: Moved) -> Numbers:
        days = moved.month_ends()
        by_day = [{stage: as_of_day(day, _stage(stage, day)) for stage in STAGES} for day in days]
        asked: list[Sequence[Node]] = [[then[stage]] for then in by_day for stage in STAGES]
        asked += [(by_day[-2][one], by_day[-1][other]) for one, other in product(STAGES, STAGES)]
        return self._sizes(asked)

    def _sizes(self, asked: Sequence[Sequence[Node]]) -> Numbers:
        return [figure.users for figure in self._asking.figures(asked)]


def _stage(stage: str, day: date) -> tuple[Node, ...]:
    """Return the conditions of a stage as of a day."""
    was = existed(day - timedelta(days=NEW_DAYS))
    lately, before = (LastWindow(last=days, unit="day") for days in (ACTIVE_DAYS, LOST_DAYS))
    match stage:
        case "new":
            return (existed(day - timedelta(days=NEW_DAYS), is_negated=True),)
        case "active":
            return (was, *did(ACTIVITY, lately))
        case "sleeping":
            return (was, *did(ACTIVITY, before), *did_none(ACTIVITY, lately))
        case _:
            return (was, *did_none(ACTIVITY, before))


def _between(first: date, last: date) -> BetweenWindow:
    return BetweenWindow(from_=first, to=last)


def load(folder: Path, threads: int) -> CoterieAnalysis:
    """Load the data."""
    return CoterieAnalysis(MemoryEngine(ParquetTables(folder), threads=threads))
