"""How soon people did one thing after another, and in how many of their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from core.clock import EVER, Days
from core.engines.memory import delays
from core.engines.memory.bits import Words, flags
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
        asked = flags(self._answer(rule, as_of))
        groups = {event: self._held.partition(event).rows for event in (*first, *then)}
        if in_sessions:
            sessions = self._conditions.sessions(_minutes_of(in_sessions))
            found = flags(self._conditions.sessions_with(in_sessions, as_of))[: len(sessions.owners)]
            asked = found & asked.take(sessions.owners)
            groups = {event: sessions.codes[event] for event in groups}
        one, other = (
            [delays.Marks(self._held.partition(event), groups[event]) for event in events]
            for events in (first, then)
        )
        return delays.delays(asked, one, other, span.clipped(as_of), shares)

    def sessions(self, rule: Rule, any_of: Sequence[SequenceCondition], as_of: date) -> int:
        """Return in how many sessions of the people in an answer one of some sequences holds."""
        owners = self._conditions.sessions(_minutes_of(any_of)).owners
        found = flags(self._conditions.sessions_with(any_of, as_of))[: len(owners)]
        return int(np.count_nonzero(found & flags(self._answer(rule, as_of)).take(owners)))


def _minutes_of(any_of: Sequence[SequenceCondition]) -> int:
    """Return how long the pauses last of the sessions that sequences lie in."""
    found = {each.session_minutes for each in any_of}
    (minutes,) = found if len(found) == 1 else (None,)
    if minutes is None or any(each.same for each in any_of):
        raise ValueError("sequences within sessions of one length, whatever their values")
    return minutes
