"""Conditions made literal: one function per kind, from what stands in a rule to literal data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter

from core import clock
from core.clock import Days, Span
from core.errors import Problem, RuleError
from core.rules.arguments import field_named
from core.rules.conditions import (
    AudienceCondition,
    BucketCondition,
    CompareCondition,
    Condition,
    EventCondition,
    FirstTimeCondition,
    ListCondition,
    RankCondition,
    RegularCondition,
    ResumedCondition,
    SequenceCondition,
    StoppedCondition,
    TagCondition,
)
from core.rules.dispatch import meaning_of
from core.rules.exact import exact_value
from core.rules.formula import tags_in_formula
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
    LiteralSession,
    LiteralStep,
    LiteralTagCondition,
)
from core.rules.literal_values import (
    LiteralAnchored,
    LiteralBands,
    LiteralByRules,
    LiteralFormula,
    LiteralGiven,
    LiteralMaking,
    LiteralMeasure,
    LiteralPreference,
    LiteralProperty,
    LiteralQuantiles,
    LiteralStatistic,
    LiteralTag,
    LiteralValidity,
)
from core.rules.lookup import event_of, property_of, tag_of
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.rules.measures import DAYS_SINCE, MEASURES
from core.rules.named import KnownKeys
from core.rules.ops import op_of
from core.rules.parts import AnchoredWindow, EventWindow, FirstCount, PropertyCondition, Step, Window
from core.rules.windows import before, span_of
from core.schema import Catalogue, EventSpec, Measurement, TagSpec

_WINDOW: TypeAdapter[Window] = TypeAdapter(Window)


def literal(node: Condition, catalogue: Catalogue, as_of: date) -> LiteralCondition:
    """Return a condition without its `not` and `muted`, made literal.

    Raises
    ------
    RuleError
        At the condition's id, if a name does not exist or a value does not fit.
    """
    try:
        return meaning_of(_LITERALS, node)(node, catalogue, as_of)
    except RuleError as error:
        raise RuleError([replace(p, node=p.node or node.id) for p in error.problems]) from error


def literal_tag(key: str, catalogue: Catalogue, as_of: date) -> LiteralTag:
    """Return a tag made literal.

    Raises
    ------
    RuleError
        ``unknown_tag``, or what keeps the tag from being computed.
    """
    return catalogue.known_tag(key, as_of, lambda: _tag(tag_of(catalogue, key), catalogue, as_of))


def _tag(spec: TagSpec, catalogue: Catalogue, as_of: date) -> LiteralTag:
    if spec.stands_at is not None and spec.stands_at < as_of:
        return literal_tag(spec.key, catalogue, spec.stands_at)
    made = None
    if spec.computed is not None:
        made = meaning_of(_MADE, spec.computed)(spec.computed, catalogue, as_of)
    if spec.validity is None:
        return LiteralTag(spec, made)
    valid = spec.validity
    since = None if valid.since is None else literal_tag(valid.since, catalogue, as_of)
    return LiteralTag(spec, made, LiteralValidity(since, valid.day, valid.n, valid.unit, as_of))


def _statistic(made: Measurement, catalogue: Catalogue, as_of: date) -> LiteralStatistic:
    where = tuple(PropertyCondition.model_validate(dict(condition)) for condition in made.where)
    window = None if made.window is None else _WINDOW.validate_python(dict(made.window))
    measure = DAYS_SINCE.get(made.measure, made.measure)
    measured = _measured(made.event, where, measure, made.property, window, catalogue, as_of)
    return LiteralStatistic(
        measured, made.missing, made.only_with, as_of if made.measure in DAYS_SINCE else None
    )


def _by_rules(made: ByRules, catalogue: Catalogue, as_of: date) -> LiteralByRules:
    values = tuple((one.value, one.rule) for one in made.values)
    known: tuple[KnownKeys, ...] = tuple({} for _ in values)
    return LiteralByRules(values, made.keep == "all", made.otherwise, catalogue, as_of, known)


def _bands(made: Bands, catalogue: Catalogue, as_of: date) -> LiteralBands:
    return LiteralBands(literal_tag(made.of, catalogue, as_of), made.edges, made.labels)


def _quantiles(made: Quantiles, catalogue: Catalogue, as_of: date) -> LiteralQuantiles:
    return LiteralQuantiles(literal_tag(made.of, catalogue, as_of), made.labels, as_of)


def _preference(made: Preference, catalogue: Catalogue, as_of: date) -> LiteralPreference:
    event = event_of(catalogue, made.event)
    of, weigh = (None if key is None else property_of(event, key) for key in (made.of, made.weigh))
    where, span = literal_where(made.where, event, as_of), span_of(made.window, as_of, catalogue.zone)
    return LiteralPreference(
        event.key, where, span, of, weigh,
        made.gives == "share", made.at_least, made.share_at_least,
    )  # fmt: skip


def _formula(made: Formula, catalogue: Catalogue, as_of: date) -> LiteralFormula:
    tags = tuple(literal_tag(key, catalogue, as_of) for key in tags_in_formula(made.expression))
    return LiteralFormula(made.expression, tags, as_of)


def _given(made: Given, catalogue: Catalogue, as_of: date) -> LiteralGiven:  # noqa: ARG001 - as for all kinds
    if made.values is None:
        raise ValueError("nobody has told where the given values are kept")
    return LiteralGiven(made.values, as_of)


def _literal_tag_condition(node: TagCondition, catalogue: Catalogue, as_of: date) -> LiteralTagCondition:
    tag = literal_tag(node.tag, catalogue, as_of)
    op = op_of(tag.spec.type, node.op)
    other = field_named(node.value) if op.takes_field else None
    if other is not None:
        return LiteralTagCondition(tag, op, None, literal_tag(other, catalogue, as_of))
    return LiteralTagCondition(tag, op, op.literal(node.value, as_of), None)


def _literal_event_condition(
    node: EventCondition, catalogue: Catalogue, as_of: date
) -> LiteralEventCondition:
    measured = _measured(node.event, node.where, node.measure, node.property, node.window, catalogue, as_of)
    op = op_of(measured.measure.type, node.op)
    return LiteralEventCondition(measured, op, op.literal(node.value, as_of))


def _literal_first_time(node: FirstTimeCondition, catalogue: Catalogue, as_of: date) -> LiteralDid:
    window = span_of(node.window, as_of, catalogue.zone)
    return _did(node, catalogue, as_of, in_all=[window], in_none=[before(window, as_of)])


def _literal_stopped(node: StoppedCondition, catalogue: Catalogue, as_of: date) -> LiteralDid:
    active, silent = (span_of(window, as_of, catalogue.zone) for window in (node.active, node.silent))
    return _did(node, catalogue, as_of, in_all=[active], in_none=[silent])


def _literal_resumed(node: ResumedCondition, catalogue: Catalogue, as_of: date) -> LiteralDid:
    active, silent = (span_of(window, as_of, catalogue.zone) for window in (node.active, node.silent))
    return _did(node, catalogue, as_of, in_all=[active, before(silent, as_of)], in_none=[silent])


def _literal_regular(node: RegularCondition, catalogue: Catalogue, as_of: date) -> LiteralRegular:
    newest_first = [clock.ago(n + 1, n, node.per, as_of, catalogue.zone) for n in range(node.of_last)]
    blocks = tuple(days for days in reversed(newest_first) if isinstance(days, Days))
    measured = _count(node, Days(blocks[0].first, as_of), catalogue, as_of)
    return LiteralRegular(measured, blocks, node.at_least, node.in_)


def _literal_sequence(node: SequenceCondition, catalogue: Catalogue, as_of: date) -> LiteralSequence:
    first, ever = span_of(node.window, as_of, catalogue.zone), Days(None, as_of)
    steps = []
    for place, step in enumerate(node.steps):
        measured = _count(step, ever if place and not node.any_order else first, catalogue, as_of)
        within = None if step.within is None else clock.elapsed(step.within.n, step.within.unit)
        steps.append(LiteralStep(measured, step.not_, within))
    minutes = node.session_minutes
    session = None if minutes is None else literal_session(minutes, catalogue)
    end = clock.end_of(as_of, catalogue.zone)
    return LiteralSequence(tuple(steps), node.same, session, node.any_order, end, node.open == "include")


def literal_session(minutes: int, catalogue: Catalogue) -> LiteralSession:
    """Return the sessions of all events whose pauses last so many minutes at most."""
    return LiteralSession(timedelta(minutes=minutes), tuple(sorted(catalogue.events)))


def _literal_compare(node: CompareCondition, catalogue: Catalogue, as_of: date) -> LiteralCompare:
    left, right = (
        _measured(side.event, side.where, side.measure, side.property, side.window, catalogue, as_of)
        for side in (node.left, node.right)
    )
    return LiteralCompare(left, op_of(left.measure.type, node.op), right, exact_value(node.factor))


def _literal_bucket(node: BucketCondition, catalogue: Catalogue, as_of: date) -> LiteralBucket:  # noqa: ARG001
    return LiteralBucket(node.seed, node.from_, node.to)


def _literal_rank(node: RankCondition, catalogue: Catalogue, as_of: date) -> LiteralRank:
    end = node.top or node.bottom
    first = end.n if isinstance(end, FirstCount) else exact_value(end.share if end is not None else 1)
    within = None if node.within is None else literal_tag(node.within, catalogue, as_of)
    return LiteralRank(literal_tag(node.tag, catalogue, as_of), within, node.top is not None, first, as_of)


def _literal_audience(
    node: AudienceCondition, catalogue: Catalogue, as_of: date
) -> LiteralAudience | LiteralKept:
    meant = node.meant
    if meant is not None and meant.people is not None:
        return LiteralKept(meant.people, node.in_)
    if meant is None or meant.rule is None:
        raise RuleError(Problem("unknown_audience", params={"audience": node.audience}))
    return LiteralAudience(meant.rule, node.in_, catalogue, as_of, meant.keys)


def _literal_list(node: ListCondition, catalogue: Catalogue, as_of: date) -> LiteralKept:  # noqa: ARG001
    if node.meant is None or node.meant.people is None:
        raise RuleError(Problem("unknown_list", params={"list": node.list}))
    return LiteralKept(node.meant.people, node.in_)


def _did(
    node: FirstTimeCondition | StoppedCondition | ResumedCondition,
    catalogue: Catalogue,
    as_of: date,
    *,
    in_all: Iterable[Span],
    in_none: Iterable[Span],
) -> LiteralDid:
    return LiteralDid(
        tuple(_count(node, span, catalogue, as_of) for span in in_all),
        tuple(_count(node, span, catalogue, as_of) for span in in_none),
    )


def _count(
    node: FirstTimeCondition | StoppedCondition | ResumedCondition | RegularCondition | Step,
    span: Span,
    catalogue: Catalogue,
    as_of: date,
) -> LiteralMeasure:
    event = event_of(catalogue, node.event)
    where = literal_where(node.where, event, as_of)
    return LiteralMeasure(event.key, where, MEASURES["count"], None, span)


def _measured(
    event_key: str,
    where: tuple[PropertyCondition, ...],
    measure: str,
    property_key: str | None,
    window: EventWindow | None,
    catalogue: Catalogue,
    as_of: date,
) -> LiteralMeasure:
    event = event_of(catalogue, event_key)
    of = None if property_key is None else property_of(event, property_key)
    if isinstance(window, AnchoredWindow):
        tag = literal_tag(window.since.tag, catalogue, as_of)
        span: Span | LiteralAnchored = LiteralAnchored(tag, window.for_.n, window.for_.unit, as_of)
    else:
        span = span_of(window, as_of, catalogue.zone)
    return LiteralMeasure(event.key, literal_where(where, event, as_of), MEASURES[measure], of, span)


def literal_where(
    where: tuple[PropertyCondition, ...], event: EventSpec, as_of: date
) -> tuple[LiteralProperty, ...]:
    """Return property conditions made literal.

    Raises
    ------
    RuleError
        If the event has no such property, or a value does not fit.
    """
    conditions = []
    for condition in where:
        spec = property_of(event, condition.property)
        op = op_of(spec.type, condition.op)
        conditions.append(LiteralProperty(spec, op, op.literal(condition.value, as_of)))
    return tuple(conditions)


_MADE: Mapping[type[Any], Callable[[Any, Catalogue, date], LiteralMaking]] = {
    Measurement: _statistic,
    ByRules: _by_rules,
    Bands: _bands,
    Quantiles: _quantiles,
    Preference: _preference,
    Formula: _formula,
    Given: _given,
}

_LITERALS: Mapping[type[Any], Callable[[Any, Catalogue, date], LiteralCondition]] = {
    TagCondition: _literal_tag_condition,
    EventCondition: _literal_event_condition,
    FirstTimeCondition: _literal_first_time,
    StoppedCondition: _literal_stopped,
    ResumedCondition: _literal_resumed,
    RegularCondition: _literal_regular,
    SequenceCondition: _literal_sequence,
    CompareCondition: _literal_compare,
    BucketCondition: _literal_bucket,
    RankCondition: _literal_rank,
    AudienceCondition: _literal_audience,
    ListCondition: _literal_list,
}
