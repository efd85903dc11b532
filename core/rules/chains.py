"""The meaning of a sequence: every chain of occurrences is tried, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product

from core.rules.literal_conditions import LiteralSequence, LiteralStep


def sessions_of(times: Iterable[datetime], pause: timedelta) -> Mapping[datetime, int]:
    """Return in which session a moment lies, from 0, given when the user did anything at all."""
    found: dict[datetime, int] = {}
    last: datetime | None = None
    for at in sorted(times):
        is_new = last is not None and at - last > pause
        found[at] = (0 if last is None else found[last]) + is_new
        last = at
    return found


def some_chain_holds(sequence: LiteralSequence, times: Sequence[Sequence[datetime]]) -> bool:
    """Tell whether some choice of one occurrence for every positive step satisfies all steps.

    Parameters
    ----------
    sequence : LiteralSequence
        The steps.
    times : sequence of sequences of datetime.datetime
        For every step, when the user had the occurrences that it speaks of.
    """
    if sequence.any_order:
        return all(bool(at) is not step.is_negated for step, at in zip(sequence.steps, times, strict=True))
    of_positive = [at for step, at in zip(sequence.steps, times, strict=True) if not step.is_negated]
    return any(_is_chain(sequence, times, chosen) for chosen in product(*of_positive))


def _is_chain(
    sequence: LiteralSequence, times: Sequence[Sequence[datetime]], chosen: Sequence[datetime]
) -> bool:
    coming = iter(chosen)
    last = next(coming)
    between: list[Sequence[datetime]] = []
    after: list[tuple[LiteralStep, Sequence[datetime]]] = []
    for step, at in list(zip(sequence.steps, times, strict=True))[1:]:
        if step.is_negated:
            between.append(at)
            after.append((step, at))
            continue
        now = next(coming)
        too_late = step.within is not None and now - last > step.within
        if now <= last or too_late or any(last < other < now for others in between for other in others):
            return False
        last, between, after = now, [], []
    return all(_stays_away(sequence, step, at, last) for step, at in after)


def _stays_away(sequence: LiteralSequence, step: LiteralStep, at: Sequence[datetime], last: datetime) -> bool:
    """Tell whether nothing of a negated step comes after the last positive one, as far as it is asked."""
    if step.within is None:
        return not any(other > last for other in at)
    if any(other > last and other - last <= step.within for other in at):
        return False
    return sequence.counts_open or step.within < sequence.end - last
