"""How soon people did one thing after another, and in how many of their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.clock import EVER, Days
from core.engines.memory import tallies
from core.engines.memory.bits import Words
from core.engines.memory.conditions import Conditions
from core.engines.memory.held import HeldVersion
from core.engines.tallies import Delays
from core.rules.conditions import SequenceCondition
from core.rules.tree import Rule


class Timing:
    """The part of the engine in memory that times what people did, and tells their sessions apart."""

    _held: HeldVersion
    _conditions: Conditions

    def _answer(self, rule: Rule, as_of: date) -> Words:
        raise NotImplementedError

    def delays(
        self, rule: Rule, first: Sequence[str], then: Sequence[str], as_of: date, shares: Sequence[float],
        *, span: Days = EVER, in_sessions: Sequence[SequenceCondition] = (),
    ) -> Delays:  # fmt: skip
        """Return how soon the people in an answer did one of some events after first doing one of others."""
        minutes = _minutes_of(in_sessions) if in_sessions else None
        codes = None if minutes is None else self._conditions.sessions(minutes).codes
        which = self._conditions.sessions_with(in_sessions, as_of).keys if in_sessions else None
        one, other = (
            [
                tallies.Marks(self._held.partition(key), None if codes is None else codes[key])
                for key in events
            ]
            for events in (first, then)
        )
        return tallies.delays(self._answer(rule, as_of), one, other, span.clipped(as_of), shares, which)

    def sessions(self, rule: Rule, any_of: Sequence[SequenceCondition], as_of: date) -> int:
        """Return in how many sessions of the people in an answer one of some sequences holds."""
        _minutes_of(any_of)
        return self._conditions.sessions_with(any_of, as_of).among(self._answer(rule, as_of))


def _minutes_of(any_of: Sequence[SequenceCondition]) -> int:
    """Return how long the pauses last of the sessions that sequences lie in."""
    found = {each.session_minutes for each in any_of}
    (minutes,) = found if len(found) == 1 else (None,)
    if minutes is None or any(each.same for each in any_of):
        raise ValueError("sequences within sessions of one length, whatever their values")
    return minutes
