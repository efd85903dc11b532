"""The meaning of each kind of condition, in plain Python on one user, by plain counting.

It is slow and simple on purpose: engines are held to it. Two functions per kind: whether it holds, and
whether the user lacks a value that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.clock import Days, Span, local_day
from core.rules.chains import some_chain_holds
from core.rules.dispatch import meaning_of
from core.rules.exact import exact_argument, exact_value
from core.rules.literal_conditions import (
    LiteralAnchored,
    LiteralAudience,
    LiteralBucket,
    LiteralCompare,
    LiteralCondition,
    LiteralDid,
    LiteralEventCondition,
    LiteralKept,
    LiteralMeasure,
    LiteralProperty,
    LiteralRank,
    LiteralRegular,
    LiteralSequence,
    LiteralTag,
    LiteralTagCondition,
)
from core.rules.measures import Measured, Occurrence, is_missing, present
from core.rules.ops import Op
from core.rules.share import bucket, seed_hash, share_value, user_hash
from core.rules.tree import Rule


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
    """

    user_id: str
    exists_from: date | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Sequence[Occurrence]] = field(default_factory=dict)
    kept_in: Collection[str] = frozenset()


@dataclass(frozen=True)
class Around:
    """What one user is asked in the midst of.

    Attributes
    ----------
    zone : zoneinfo.ZoneInfo
        The workspace's time zone.
    base : sequence of OracleUser or None
        Everyone who exists at `as_of`; None = nobody told, then what asks for others raises.
    members : callable (rule, base) -> ids
        The people of another rule, among the base.
    """

    zone: ZoneInfo
    base: Sequence[OracleUser] | None
    members: Callable[[Rule, Sequence[OracleUser]], Collection[str]]

    def everyone(self) -> Sequence[OracleUser]:
        """Return the base."""
        if self.base is None:
            raise ValueError("this condition asks for everyone in the base: hand them in")
        return self.base


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


def value_of(user: OracleUser, tag: LiteralTag, zone: ZoneInfo) -> Any:
    """Return a user's value of a tag, None = missing; computed tags are computed."""
    if tag.computed is None or tag.spec.computed is None:
        value = user.tags.get(tag.spec.key)
        return None if is_missing(value) else value
    value, anything = _measured(user, tag.computed, zone)
    if not anything and tag.spec.computed.missing is not None:
        return tag.spec.computed.missing
    return float(value) if isinstance(value, int | Fraction) else value


# ---- conditions on tags and on measures ------------------------------------------------------------------


def _tag_holds(condition: LiteralTagCondition, user: OracleUser, around: Around) -> bool:
    value = value_of(user, condition.tag, around.zone)
    if condition.other is None:
        return _value_holds(condition.op, value, condition.argument)
    other = value_of(user, condition.other, around.zone)
    return other is not None and _value_holds(condition.op, value, other)


def _tag_lacks(condition: LiteralTagCondition, user: OracleUser, around: Around) -> bool:
    needed = [condition.tag] if condition.other is None else [condition.tag, condition.other]
    return condition.op.needs_value and any(value_of(user, tag, around.zone) is None for tag in needed)


def _event_holds(condition: LiteralEventCondition, user: OracleUser, around: Around) -> bool:
    value = measured_value(user, condition.measured, around.zone)
    exact = condition.measured.measure.is_exact_sum
    argument = exact_argument(condition.argument) if exact else condition.argument
    return _value_holds(condition.op, value, argument)


def _event_lacks(condition: LiteralEventCondition, user: OracleUser, around: Around) -> bool:
    return condition.op.needs_value and measured_value(user, condition.measured, around.zone) is None


def _compare_holds(condition: LiteralCompare, user: OracleUser, around: Around) -> bool:
    left, right = _exactly(user, condition.left, around), _exactly(user, condition.right, around)
    if left is None or right is None:
        return False
    return bool(condition.op.holds(left, right if condition.factor == 1 else condition.factor * right))


def _compare_lacks(condition: LiteralCompare, user: OracleUser, around: Around) -> bool:
    return any(_exactly(user, side, around) is None for side in (condition.left, condition.right))


def _exactly(user: OracleUser, measured: LiteralMeasure, around: Around) -> Any:
    """Return the measured value as an exact number, or a day; None = missing."""
    value = measured_value(user, measured, around.zone)
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
        for other in around.everyone()
        if not _rank_lacks(condition, other, around)
        and (within is None or value_of(other, within, around.zone) == value_of(user, within, around.zone))
    ]
    group.sort(key=lambda other: other.user_id)
    group.sort(key=lambda other: value_of(other, condition.tag, around.zone), reverse=condition.is_top)
    first = group[: condition.places(len(group))]
    return user.user_id in {other.user_id for other in first}


def _rank_lacks(condition: LiteralRank, user: OracleUser, around: Around) -> bool:
    needed = [condition.tag] if condition.within is None else [condition.tag, condition.within]
    return any(value_of(user, tag, around.zone) is None for tag in needed)


def _audience_holds(condition: LiteralAudience, user: OracleUser, around: Around) -> bool:
    return (user.user_id in around.members(condition.rule, around.everyone())) is condition.is_in


def _kept_holds(condition: LiteralKept, user: OracleUser, around: Around) -> bool:  # noqa: ARG001
    return (condition.people.id in user.kept_in) is condition.is_in


# ---- habits ---------------------------------------------------------------------------------------------


def _did_holds(condition: LiteralDid, user: OracleUser, around: Around) -> bool:
    did = all(_matching(user, measured, around.zone) for measured in condition.in_all)
    return did and not any(_matching(user, measured, around.zone) for measured in condition.in_none)


def _regular_holds(condition: LiteralRegular, user: OracleUser, around: Around) -> bool:
    days = [
        local_day(occurrence.at, around.zone)
        for occurrence in _matching(user, condition.measured, around.zone)
    ]
    blocks = [block for block in condition.blocks if sum(day in block for day in days) >= condition.at_least]
    return len(blocks) >= condition.enough


def _sequence_holds(condition: LiteralSequence, user: OracleUser, around: Around) -> bool:
    found = [_matching(user, step.measured, around.zone) for step in condition.steps]
    same = condition.same
    if same is None:
        return some_chain_holds(condition, [[occurrence.at for occurrence in step] for step in found])
    return any(
        some_chain_holds(
            condition, [[o.at for o in step if o.properties.get(same) == value] for step in found]
        )
        for value in set(present(found[0], same))
    )


def _lacks_nothing(condition: LiteralCondition, user: OracleUser, around: Around) -> bool:  # noqa: ARG001
    return False


def measured_value(user: OracleUser, measured: LiteralMeasure, zone: ZoneInfo) -> Measured:
    """Return what is measured of a user's occurrences; None = missing, or no own date to count from."""
    return _measured(user, measured, zone)[0]


# ---- what a user did -------------------------------------------------------------------------------------


def _measured(user: OracleUser, measured: LiteralMeasure, zone: ZoneInfo) -> tuple[Measured, bool]:
    """Return the measure of the matching occurrences, and whether there was anything to measure."""
    if isinstance(measured.span, LiteralAnchored) and value_of(user, measured.span.tag, zone) is None:
        return None, False
    matching = _matching(user, measured, zone)
    values = matching if measured.of is None else present(matching, measured.of.key)
    return measured.measure.of(matching, values, zone), bool(values)


def _matching(user: OracleUser, measured: LiteralMeasure, zone: ZoneInfo) -> list[Occurrence]:
    span = measured.span
    if isinstance(span, LiteralAnchored):
        span = span.days(value_of(user, span.tag, zone))
    return [
        occurrence
        for occurrence in user.events.get(measured.event, ())
        if _lies_in(occurrence, span, zone)
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
