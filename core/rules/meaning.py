"""The meaning of each kind of condition, in plain Python on one user, by plain counting.

It is slow and simple on purpose: engines are held to it. Two functions per kind: whether it holds, and
whether the user lacks a value that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.clock import Days, Span, local_day
from core.rules.chains import sessions_of, some_chain_holds
from core.rules.dispatch import meaning_of
from core.rules.exact import exact_argument, exact_value, scaled
from core.rules.formula.meaning import formula_value
from core.rules.literal_conditions import (
    LiteralAudience,
    LiteralBucket,
    LiteralCompare,
    LiteralCondition,
    LiteralDid,
    LiteralEventCondition,
    LiteralKept,
    LiteralRank,
    LiteralRegular,
    LiteralSequence,
    LiteralTagCondition,
)
from core.rules.literal_values import (
    LiteralAnchored,
    LiteralBands,
    LiteralByRules,
    LiteralFormula,
    LiteralGiven,
    LiteralMeasure,
    LiteralPreference,
    LiteralProperty,
    LiteralQuantiles,
    LiteralStatistic,
    LiteralTag,
    LiteralValidity,
)
from core.rules.measures import MEASURES, Measured, Occurrence, is_missing, present
from core.rules.ops import Op
from core.rules.share import bucket, seed_hash, share_value, user_hash
from core.rules.tree import Rule


@dataclass(frozen=True)
class GivenValue:
    """A value that somebody gave a user, from a day, perhaps until a day (in); None takes it away."""

    value: Any
    since: date
    until: date | None = None


@dataclass(frozen=True)
class OracleUser:
    """One user with everything that is known of them.

    Attributes
    ----------
    user_id : str
        The id under which the user was first seen.
    exists_from : datetime.date or None
        The day from which the user is in the base; None = always.
    tags : mapping of str to object
        Imported values by tag; absent or None = missing. Numbers are floats, dates are days, multi values
        are collections of texts.
    events : mapping of str to sequence of Occurrence
        By event, in any order.
    kept_in : collection of str
        Ids of the kept people (lists, snapshots) among whom the user is.
    given : mapping of str to sequence of GivenValue
        By the id of given values, those of the user in the order in which they were given.
    """

    user_id: str
    exists_from: date | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Sequence[Occurrence]] = field(default_factory=dict)
    kept_in: Collection[str] = frozenset()
    given: Mapping[str, Sequence[GivenValue]] = field(default_factory=dict)


@dataclass(frozen=True)
class Around:
    """What one user is asked in the midst of.

    Attributes
    ----------
    zone : zoneinfo.ZoneInfo
        The workspace's time zone.
    users : sequence of OracleUser or None
        All users; None = nobody told, then what asks for others raises.
    members : callable (rule, as_of) -> ids
        The people of another rule.
    """

    zone: ZoneInfo
    users: Sequence[OracleUser] | None
    members: Callable[[Rule, date], Collection[str]]

    def base(self, as_of: date) -> list[OracleUser]:
        """Return everyone who exists at the end of a day."""
        if self.users is None:
            raise ValueError("this asks for everyone in the base: hand them in")
        return [user for user in self.users if in_base(user, as_of)]


def in_base(user: OracleUser, as_of: date) -> bool:
    """Tell whether a user exists by the end of `as_of`."""
    return user.exists_from is None or user.exists_from <= as_of


class Meaning(NamedTuple):
    """What a kind of condition means.

    Attributes
    ----------
    holds : callable (condition, user, around) -> bool
        Whether it holds, before its `not`.
    lacks : callable (condition, user, around) -> bool
        Whether the user lacks a value that it needs.
    """

    holds: Callable[[Any, OracleUser, Around], bool]
    lacks: Callable[[Any, OracleUser, Around], bool]


def condition_holds(condition: LiteralCondition, user: OracleUser, around: Around) -> bool:
    """Tell whether a condition holds of a user, before its `not`."""
    return meaning_of(_MEANINGS, condition).holds(condition, user, around)


def lacks_value(condition: LiteralCondition, user: OracleUser, around: Around) -> bool:
    """Tell whether a user lacks a value that a condition needs."""
    return meaning_of(_MEANINGS, condition).lacks(condition, user, around)


def value_of(user: OracleUser, tag: LiteralTag, around: Around) -> Any:
    """Return a user's value of a tag, None = missing: also where it has expired."""
    if tag.validity is not None and not _still_holds(user, tag.validity, around):
        return None
    if tag.made is None:
        value = user.tags.get(tag.spec.key)
    else:
        value = meaning_of(_MAKINGS, tag.made)(user, tag.made, around)
    return None if is_missing(value) else value


# ---- how tags are made -----------------------------------------------------------------------------------


def _still_holds(user: OracleUser, validity: LiteralValidity, around: Around) -> bool:
    first = validity.day if validity.since is None else value_of(user, validity.since, around)
    return first is not None and validity.holds(first)


def _statistic(user: OracleUser, made: LiteralStatistic, around: Around) -> Any:
    value, anything = _measured(user, made.measured, around)
    if not anything and (made.missing is not None or made.only_with):
        return made.missing
    if made.counted_to is not None and isinstance(value, date):
        return float((made.counted_to - value).days)
    return float(value) if isinstance(value, int | Fraction) else value


def _by_rules(user: OracleUser, made: LiteralByRules, around: Around) -> Any:
    if not in_base(user, made.as_of):
        return None
    held = (value for value, rule in made.values if user.user_id in around.members(rule, made.as_of))
    found = frozenset(held) if made.keeps_all else next(held, None)
    if found or made.otherwise is None:
        return found
    return frozenset({made.otherwise}) if made.keeps_all else made.otherwise


def _bands(user: OracleUser, made: LiteralBands, around: Around) -> str | None:
    value = value_of(user, made.of, around)
    return None if value is None else made.labels[sum(value >= edge for edge in made.edges)]


def _quantiles(user: OracleUser, made: LiteralQuantiles, around: Around) -> str | None:
    value = value_of(user, made.of, around)
    if value is None or not in_base(user, made.as_of):
        return None
    values = (value_of(other, made.of, around) for other in around.base(made.as_of))
    known = sorted(found for found in values if found is not None)
    parts = len(made.labels)
    edges = [known[-(-i * len(known) // parts) - 1] for i in range(1, parts)]
    place: int = sum(edge < value for edge in edges)
    return made.labels[place]


def _preference(user: OracleUser, made: LiteralPreference, around: Around) -> Any:
    measured = LiteralMeasure(made.event, made.where, MEASURES["count"], None, made.span)
    counted: dict[str, int] = {}
    weights: dict[str, int] = {}
    evidence = 0
    for occurrence in _matching(user, measured, around):
        weight = 1
        if made.weigh is not None:
            number = occurrence.properties.get(made.weigh.key)
            if is_missing(number):
                continue
            weight = scaled(float(number))  # type: ignore[arg-type]
        values = _preferred(occurrence, made, around)
        evidence += bool(values)
        for value in values:
            counted[value] = counted.get(value, 0) + 1
            weights[value] = weights.get(value, 0) + weight
    total = sum(weights.values())
    if evidence < made.at_least or total <= 0:
        return None
    value, weight = min(weights.items(), key=lambda pair: (-pair[1], pair[0]))
    share = weight / total
    if share < made.share_at_least:
        return None
    return share if made.gives_share else value


def _preferred(occurrence: Occurrence, made: LiteralPreference, around: Around) -> frozenset[str]:
    if made.of is None:
        return frozenset({f"{occurrence.at.astimezone(around.zone).hour:02}:00"})
    value = occurrence.properties.get(made.of.key)
    if is_missing(value):
        return frozenset()
    return frozenset({value}) if isinstance(value, str) else frozenset(value)  # type: ignore[arg-type]


def _formula(user: OracleUser, made: LiteralFormula, around: Around) -> Any:
    values = {tag.spec.key: value_of(user, tag, around) for tag in made.tags}
    return formula_value(made.expression, values, made.as_of)


def _given(user: OracleUser, made: LiteralGiven, around: Around) -> Any:  # noqa: ARG001 - as for all kinds
    value, latest, until = None, None, None
    for given in user.given.get(made.values.id, ()):
        if given.since <= made.as_of and (latest is None or given.since >= latest):
            value, latest, until = given.value, given.since, given.until
    return None if until is not None and until < made.as_of else value


# ---- conditions on tags and on measures ------------------------------------------------------------------


def _tag_holds(condition: LiteralTagCondition, user: OracleUser, around: Around) -> bool:
    value = value_of(user, condition.tag, around)
    if condition.other is None:
        return _value_holds(condition.op, value, condition.argument)
    other = value_of(user, condition.other, around)
    return other is not None and _value_holds(condition.op, value, other)


def _tag_lacks(condition: LiteralTagCondition, user: OracleUser, around: Around) -> bool:
    needed = [condition.tag] if condition.other is None else [condition.tag, condition.other]
    return condition.op.needs_value and any(value_of(user, tag, around) is None for tag in needed)


def _event_holds(condition: LiteralEventCondition, user: OracleUser, around: Around) -> bool:
    value = measured_value(user, condition.measured, around)
    exact = condition.measured.measure.is_exact_sum
    argument = exact_argument(condition.argument) if exact else condition.argument
    return _value_holds(condition.op, value, argument)


def _event_lacks(condition: LiteralEventCondition, user: OracleUser, around: Around) -> bool:
    return condition.op.needs_value and measured_value(user, condition.measured, around) is None


def _compare_holds(condition: LiteralCompare, user: OracleUser, around: Around) -> bool:
    left, right = _exactly(user, condition.left, around), _exactly(user, condition.right, around)
    if left is None or right is None:
        return False
    return bool(condition.op.holds(left, right if condition.factor == 1 else condition.factor * right))


def _compare_lacks(condition: LiteralCompare, user: OracleUser, around: Around) -> bool:
    return any(_exactly(user, side, around) is None for side in (condition.left, condition.right))


def _exactly(user: OracleUser, measured: LiteralMeasure, around: Around) -> Any:
    """Return the measured value as an exact number, or a day; None = missing."""
    value = measured_value(user, measured, around)
    return exact_value(value) if isinstance(value, float) else value


def _bucket_holds(condition: LiteralBucket, user: OracleUser, around: Around) -> bool:  # noqa: ARG001
    place = bucket(share_value(user_hash(user.user_id), seed_hash(condition.seed)))
    return condition.first <= place <= condition.last


def _rank_holds(condition: LiteralRank, user: OracleUser, around: Around) -> bool:
    if _rank_lacks(condition, user, around):
        return False
    within = condition.within
    group = [
        other
        for other in around.base(condition.as_of)
        if not _rank_lacks(condition, other, around)
        and (within is None or value_of(other, within, around) == value_of(user, within, around))
    ]
    group.sort(key=lambda other: other.user_id)
    group.sort(key=lambda other: value_of(other, condition.tag, around), reverse=condition.is_top)
    first = group[: condition.places(len(group))]
    return user.user_id in {other.user_id for other in first}


def _rank_lacks(condition: LiteralRank, user: OracleUser, around: Around) -> bool:
    needed = [condition.tag] if condition.within is None else [condition.tag, condition.within]
    return any(value_of(user, tag, around) is None for tag in needed)


def _audience_holds(condition: LiteralAudience, user: OracleUser, around: Around) -> bool:
    return (user.user_id in around.members(condition.rule, condition.as_of)) is condition.is_in


def _kept_holds(condition: LiteralKept, user: OracleUser, around: Around) -> bool:  # noqa: ARG001
    return (condition.people.id in user.kept_in) is condition.is_in


# ---- habits ---------------------------------------------------------------------------------------------


def _did_holds(condition: LiteralDid, user: OracleUser, around: Around) -> bool:
    did = all(_matching(user, measured, around) for measured in condition.in_all)
    return did and not any(_matching(user, measured, around) for measured in condition.in_none)


def _regular_holds(condition: LiteralRegular, user: OracleUser, around: Around) -> bool:
    days = [
        local_day(occurrence.at, around.zone) for occurrence in _matching(user, condition.measured, around)
    ]
    blocks = [block for block in condition.blocks if sum(day in block for day in days) >= condition.at_least]
    return len(blocks) >= condition.enough


def _sequence_holds(condition: LiteralSequence, user: OracleUser, around: Around) -> bool:
    found = [_matching(user, step.measured, around) for step in condition.steps]
    # Chains are looked for among what has the same value and lies in one session, as far as either is asked.
    if condition.session is None:
        apart = [found]
    else:
        session_of = sessions_of(_seen(user, condition), condition.session.pause)
        apart = [
            [[o for o in step if session_of[o.at] == session] for step in found]
            for session in set(session_of.values())
        ]
    if (same := condition.same) is not None:
        apart = [
            [[o for o in step if o.properties.get(same) == value] for step in steps]
            for steps in apart
            for value in set(present(steps[0], same))
        ]
    return any(some_chain_holds(condition, [[o.at for o in step] for step in steps]) for steps in apart)


def _seen(user: OracleUser, condition: LiteralSequence) -> list[datetime]:
    """Return when the user did anything of which sessions are made up, as far as it is seen."""
    events = () if condition.session is None else condition.session.events
    return [o.at for event in events for o in user.events.get(event, ()) if o.at < condition.end]


def _lacks_nothing(condition: LiteralCondition, user: OracleUser, around: Around) -> bool:  # noqa: ARG001
    return False


def measured_value(user: OracleUser, measured: LiteralMeasure, around: Around) -> Measured:
    """Return what is measured of a user's occurrences; None = missing, or no own date to count from."""
    return _measured(user, measured, around)[0]


# ---- what a user did -------------------------------------------------------------------------------------


def _measured(user: OracleUser, measured: LiteralMeasure, around: Around) -> tuple[Measured, bool]:
    """Return the measure of the matching occurrences, and whether there was anything to measure."""
    if isinstance(measured.span, LiteralAnchored) and value_of(user, measured.span.tag, around) is None:
        return None, False
    matching = _matching(user, measured, around)
    values = matching if measured.of is None else present(matching, measured.of.key)
    return measured.measure.of(matching, values, around.zone), bool(values)


def _matching(user: OracleUser, measured: LiteralMeasure, around: Around) -> list[Occurrence]:
    span = measured.span
    if isinstance(span, LiteralAnchored):
        span = span.days(value_of(user, span.tag, around))
    return [
        occurrence
        for occurrence in user.events.get(measured.event, ())
        if _lies_in(occurrence, span, around.zone)
        and all(_property_holds(condition, occurrence) for condition in measured.where)
    ]


def _lies_in(occurrence: Occurrence, span: Span, zone: ZoneInfo) -> bool:
    if isinstance(span, Days):
        return local_day(occurrence.at, zone) in span
    return occurrence.at in span


def _property_holds(condition: LiteralProperty, occurrence: Occurrence) -> bool:
    value = occurrence.properties.get(condition.spec.key)
    return _value_holds(condition.op, None if is_missing(value) else value, condition.argument)


def _value_holds(op: Op, value: object, argument: object) -> bool:
    return op.holds_when_missing if value is None else bool(op.holds(value, argument))


_MAKINGS: Mapping[type[Any], Callable[[OracleUser, Any, Around], Any]] = {
    LiteralStatistic: _statistic,
    LiteralByRules: _by_rules,
    LiteralBands: _bands,
    LiteralQuantiles: _quantiles,
    LiteralPreference: _preference,
    LiteralFormula: _formula,
    LiteralGiven: _given,
}

_MEANINGS: Mapping[type[Any], Meaning] = {
    LiteralTagCondition: Meaning(_tag_holds, _tag_lacks),
    LiteralEventCondition: Meaning(_event_holds, _event_lacks),
    LiteralDid: Meaning(_did_holds, _lacks_nothing),
    LiteralRegular: Meaning(_regular_holds, _lacks_nothing),
    LiteralSequence: Meaning(_sequence_holds, _lacks_nothing),
    LiteralCompare: Meaning(_compare_holds, _compare_lacks),
    LiteralBucket: Meaning(_bucket_holds, _lacks_nothing),
    LiteralRank: Meaning(_rank_holds, _rank_lacks),
    LiteralAudience: Meaning(_audience_holds, _lacks_nothing),
    LiteralKept: Meaning(_kept_holds, _lacks_nothing),
}
