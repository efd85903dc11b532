"""What groups of people did, added up in plain Python over everybody's occurrences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction

from core.clock import EVER, Days, local_day
from core.engines.tallies import Deeds, Delays, Done
from core.rules.evaluate import OracleUser
from core.rules.exact import exact_value, scaled, unscaled
from core.rules.literal import literal_where
from core.rules.literal_values import LiteralProperty
from core.rules.measures import Occurrence, is_missing, present
from core.schema import Catalogue
from tests.core.engines.marketplaces import World


def totals(world: World, ids: Collection[str], deeds: Deeds, span: Days, as_of: date) -> Done:
    where = literal_where(deeds.where, world.catalogue.events[deeds.event], as_of)
    by_user = [
        [
            occurrence
            for occurrence in _seen(user, deeds.event, world.catalogue, as_of)
            if local_day(occurrence.at, world.catalogue.zone) in span
            and all(_holds(condition, occurrence) for condition in where)
        ]
        for user in world.users
        if user.user_id in ids
    ]
    total = None
    if deeds.amount is not None:
        total = unscaled(sum(scaled(x) for did in by_user for x in present(did, deeds.amount)))
    return Done(sum(bool(did) for did in by_user), sum(map(len, by_user)), total)


def delays(
    world: World,
    ids: Collection[str],
    first: Sequence[str],
    then: Sequence[str],
    as_of: date,
    shares: Sequence[float],
    span: Days = EVER,
    session_minutes: int | None = None,
    with_both: Sequence[str] = (),
) -> Delays:
    seconds: list[float] = []
    only_before = 0
    for user in world.users:
        if user.user_id not in ids:
            continue
        for apart in _apart(user, world.catalogue, as_of, session_minutes):
            did = {
                event for event in with_both if apart & set(_moments(user, [event], world.catalogue, as_of))
            }
            if did != set(with_both):
                continue
            begun, others = (
                [
                    at
                    for at in _moments(user, events, world.catalogue, as_of)
                    if at in apart and local_day(at, world.catalogue.zone) in span
                ]
                for events in (first, then)
            )
            if not begun or not others:
                continue
            later = [at for at in others if at >= min(begun)]
            if later:
                seconds.append((min(later) - min(begun)).total_seconds())
            else:
                only_before += 1
    quantiles = {share: _disc(seconds, share) for share in shares} if seconds else {}
    return Delays(len(seconds), only_before, quantiles)


def _apart(user: OracleUser, catalogue: Catalogue, as_of: date, minutes: int | None) -> list[set[datetime]]:
    """Return when the user did anything at all, by session, or altogether."""
    did = sorted(_moments(user, list(catalogue.events), catalogue, as_of))
    found: list[set[datetime]] = [set()]
    for at in did:
        if minutes is not None and found[-1] and at - max(found[-1]) > timedelta(minutes=minutes):
            found.append(set())
        found[-1].add(at)
    return found


def _disc(seconds: Sequence[float], share: float) -> float:
    enough = [
        s for s in seconds if Fraction(sum(x <= s for x in seconds), len(seconds)) >= exact_value(share)
    ]
    return min(enough)


def _moments(user: OracleUser, events: Sequence[str], catalogue: Catalogue, as_of: date) -> list[datetime]:
    return [occurrence.at for event in events for occurrence in _seen(user, event, catalogue, as_of)]


def _seen(user: OracleUser, event: str, catalogue: Catalogue, as_of: date) -> list[Occurrence]:
    return [o for o in user.events.get(event, ()) if local_day(o.at, catalogue.zone) <= as_of]


def _holds(condition: LiteralProperty, occurrence: Occurrence) -> bool:
    value = occurrence.properties.get(condition.spec.key)
    if is_missing(value):
        return condition.op.holds_when_missing
    return bool(condition.op.holds(value, condition.argument))
