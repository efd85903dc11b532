"""Stable keys: what a node asks, with literal dates, in one form for all ways to say the same.

A mask may be kept under such a key: conditions with equal keys have equal members in every data version with
the same data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias

from core import clock
from core.clock import Days, Instants, Span
from core.rules.arguments import Argument, AtLeast
from core.rules.asked_on import asks_who_existed, day_within
from core.rules.dispatch import meaning_of
from core.rules.formula import dump_formula
from core.rules.literal import literal, literal_tag
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
    LiteralQuantiles,
    LiteralStatistic,
    LiteralTag,
    LiteralValidity,
)
from core.rules.named import KnownKeys
from core.rules.ops import Op
from core.rules.tree import Condition, Group, Rule, TakeShare, TakeTop, is_muted
from core.rules.windows import NO_DAY
from core.schema import Catalogue, TagType

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BASE, _NOT = '["base"]', '["not",'

TextOf: TypeAlias = Callable[[Condition, date], str]
"""The key of a condition on a day; who asks for many rules has it found once for each condition."""


def canonical(node: Condition | Group, catalogue: Catalogue, as_of: date) -> str:
    """Return the stable key of what a node asks, its `not` included, with literal dates.

    Ids, labels, the order of lists and children, muted children and different ways to say the same (``is``
    and ``in`` with one value, "the last 30 days" and their two dates) make no difference. The node's own
    `muted` is not part of it.
    """
    return _text(node, as_of, _texts_by(catalogue))


def rule_key(rule: Rule, catalogue: Catalogue, as_of: date, text_of: TextOf | None = None) -> str:
    """Return the stable key of a whole rule: rules with equal keys have the same answer.

    Parameters
    ----------
    text_of : callable (condition, as_of) -> str or None
        Returns `condition_key` of a condition that stands in the rule; None = it is found here.
    """
    text_of = text_of or _texts_by(catalogue)
    roots = [None if root is None or is_muted(root) else root for root in (rule.include, rule.exclude)]
    trees = ["null" if root is None or not root.children else _text(root, as_of, text_of) for root in roots]
    taken: list[Any] = []
    match rule.take:
        case TakeTop(n=n, by=by, order=order):
            taken = [n, _tag_key(literal_tag(by, catalogue, as_of)), order]
        case TakeShare(share=share, seed=seed):
            taken = [share, seed]
    return _listed(*trees, _encoded(taken), f'"{as_of.isoformat()}"')


def condition_key(condition: LiteralCondition) -> str:
    """Return the stable key of a literal condition (which bears no `not`)."""
    return _encoded(_condition_key(condition))


def _texts_by(catalogue: Catalogue) -> TextOf:
    return lambda condition, as_of: condition_key(literal(condition, catalogue, as_of))


def _text(node: Condition | Group, as_of: date, text_of: TextOf) -> str:
    """Return the key of a node as JSON, put together from the texts of its conditions."""
    if isinstance(node, Group):
        day = day_within(node, as_of)
        if asks_who_existed(node):
            text = _listed('"as_of"', f'"{day.isoformat()}"', _BASE)
            return _not(text) if node.not_ else text
        asked = sorted(_text(child, day, text_of) for child in node.children if not is_muted(child))
        if not asked:
            return _BASE
        k = {"all": len(asked), "any": 1}.get(node.match, node.k)
        text = asked[0] if len(asked) == 1 and k == 1 else _listed('"at_least"', str(k), _listed(*asked))
        if day != as_of:
            text = _listed('"as_of"', f'"{day.isoformat()}"', text)
    else:
        text = text_of(node, as_of)
    return _not(text) if node.not_ else text


def _not(text: str) -> str:
    """Return the key of the opposite; twice, it is the key again."""
    return f"[{text[len(_NOT) :]}" if text.startswith(_NOT) else f"{_NOT}{text[1:]}"


def _listed(*texts: str) -> str:
    return f"[{','.join(texts)}]"


def _condition_key(condition: LiteralCondition) -> list[Any]:
    return meaning_of(_KEYS, condition)(condition)


def _tag_condition_key(condition: LiteralTagCondition) -> list[Any]:
    tag = _tag_key(condition.tag)
    if condition.other is not None:
        return ["tag", tag, "field", condition.op.key, _tag_key(condition.other)]
    return ["tag", tag, *_compared(condition.tag.spec.type, condition.op, condition.argument)]


def _event_condition_key(condition: LiteralEventCondition) -> list[Any]:
    compared = _compared(condition.measured.measure.type, condition.op, condition.argument)
    return ["event", _measure_key(condition.measured), *compared]


def _did_key(condition: LiteralDid) -> list[Any]:
    def of(measures: tuple[LiteralMeasure, ...]) -> list[Any]:
        return sorted((_measure_key(measured) for measured in measures), key=repr)

    return ["did", of(condition.in_all), of(condition.in_none)]


def _regular_key(condition: LiteralRegular) -> list[Any]:
    firsts = [str(block.first) for block in condition.blocks]
    return ["regular", _measure_key(condition.measured), condition.at_least, condition.enough, firsts]


def _sequence_key(condition: LiteralSequence) -> list[Any]:
    steps = [[_measure_key(s.measured), s.is_negated, s.within and str(s.within)] for s in condition.steps]
    # Only a negated last step with an end of its own can be open.
    may_be_open = condition.steps[-1].is_negated and any(s.is_negated and s.within for s in condition.steps)
    if condition.any_order:
        steps.sort(key=repr)
    session = condition.session
    within = None if session is None else [str(session.pause), list(session.events)]
    return [
        "sequence", steps, condition.same, within, condition.any_order, condition.counts_open and may_be_open
    ]  # fmt: skip


def _compare_key(condition: LiteralCompare) -> list[Any]:
    left, right = _measure_key(condition.left), _measure_key(condition.right)
    return ["compare", left, condition.op.key, right, str(condition.factor)]


def _bucket_key(condition: LiteralBucket) -> list[Any]:
    return ["bucket", condition.seed, condition.first, condition.last]


def _rank_key(condition: LiteralRank) -> list[Any]:
    within = None if condition.within is None else _tag_key(condition.within)
    first = [type(condition.first).__name__, str(condition.first)]
    return ["rank", _tag_key(condition.tag), within, condition.is_top, first, condition.as_of.isoformat()]


def _audience_key(condition: LiteralAudience) -> list[Any]:
    key = [
        "audience", _known_rule_key(condition.rule, condition.catalogue, condition.as_of, condition.keys)
    ]  # fmt: skip
    return key if condition.is_in else ["not", *key]


def _known_rule_key(rule: Rule, catalogue: Catalogue, as_of: date, known: KnownKeys) -> str:
    """Return the key of a rule inside of something, which is reckoned once."""
    found = known.get(as_of)
    if found is None or found[0] is not catalogue:
        found = known[as_of] = (catalogue, _digest(rule_key(rule, catalogue, as_of)))
    return found[1]


def _kept_key(condition: LiteralKept) -> list[Any]:
    key = ["kept", condition.people.id]
    return key if condition.is_in else ["not", *key]


def tag_key(tag: LiteralTag) -> str:
    """Return the stable key of a tag's values: tags with equal keys have equal values."""
    return _digest(_tag_key(tag)) if tag.made is not None or tag.validity is not None else tag.spec.key


def _tag_key(tag: LiteralTag) -> list[Any]:
    if tag.made is None and tag.validity is None:
        return [tag.spec.key]
    if isinstance(tag.made, LiteralStatistic) and tag.validity is None:
        return [tag.spec.key, *_statistic_key(tag.made)]
    known = tag.keys.get("key")
    if known is None:
        made = None if tag.made is None else meaning_of(_MADE_KEYS, tag.made)(tag.made)
        known = tag.keys["key"] = _digest([made, _validity_key(tag.validity)])
    return [tag.spec.key, tag.spec.type.value, known]


def _digest(key: list[Any] | str) -> str:
    """Return a key in few letters: written out, what stands in one another doubles with every level."""
    return hashlib.sha256(_encoded(key).encode()).hexdigest()


def _validity_key(validity: LiteralValidity | None) -> list[Any] | None:
    if validity is None:
        return None
    since = None if validity.since is None else _tag_key(validity.since)
    return [since, str(validity.day), validity.n, validity.unit, validity.as_of.isoformat()]


def _statistic_key(made: LiteralStatistic) -> list[Any]:
    more = [made.only_with, str(made.counted_to)] if made.only_with or made.counted_to else []
    return [_measure_key(made.measured), made.missing, *more]


def _by_rules_key(made: LiteralByRules) -> list[Any]:
    rules = [
        [value, _known_rule_key(rule, made.catalogue, made.as_of, known)]
        for (value, rule), known in zip(made.values, made.keys, strict=True)
    ]
    return ["rules", rules, made.keeps_all, made.otherwise]


def _bands_key(made: LiteralBands) -> list[Any]:
    return ["bands", _tag_key(made.of), [str(edge) for edge in made.edges], list(made.labels)]


def _quantiles_key(made: LiteralQuantiles) -> list[Any]:
    return ["quantiles", _tag_key(made.of), list(made.labels), made.as_of.isoformat()]


def _preference_key(made: LiteralPreference) -> list[Any]:
    where = [[c.spec.key, *_compared(c.spec.type, c.op, c.argument)] for c in made.where]
    of, weigh = (None if spec is None else spec.key for spec in (made.of, made.weigh))
    asked = [made.gives_share, made.at_least, made.share_at_least]
    return ["preference", made.event, sorted(where, key=repr), _written(made.span), of, weigh, asked]


def _formula_key(made: LiteralFormula) -> list[Any]:
    tags = [_tag_key(tag) for tag in made.tags]
    return ["formula", dump_formula(made.expression), tags, made.as_of.isoformat()]


def _given_key(made: LiteralGiven) -> list[Any]:
    return ["given", made.values.id, made.as_of.isoformat()]


def _measure_key(measured: LiteralMeasure) -> list[Any]:
    where = sorted(
        ([c.spec.key, *_compared(c.spec.type, c.op, c.argument)] for c in measured.where), key=repr
    )
    distinct = [key for i, key in enumerate(where) if i == 0 or key != where[i - 1]]
    of = None if measured.of is None else measured.of.key
    return [measured.event, distinct, measured.measure.key, of, _span_key(measured.span)]


def _span_key(span: Span | LiteralAnchored) -> list[Any]:
    if isinstance(span, LiteralAnchored):
        return ["since", _tag_key(span.tag), span.n, span.unit, span.as_of.isoformat()]
    return _written(span)


def _compared(kind: TagType, op: Op, argument: Argument) -> list[Any]:
    """Return op and argument, where one way stands for all that mean the same."""
    match op.key, argument:
        case "is", str():
            return ["in", [argument]]
        case "is_not", str():
            return ["not_in", [argument]]
        case "eq", float():
            return ["between", [argument, argument]]
        case "ne", float():
            return ["not_between", [argument, argument]]
        case "before", date():
            return ["in_days", _written(NO_DAY if argument == date.min else _until(argument, -1))]
        case "after", date():
            return ["in_days", _written(NO_DAY if argument == date.max else _since(argument, 1))]
        case "on", date():
            return ["in_days", _written(Days(argument, argument))]
        case "not_in_last", Days():
            return ["not_in_days", _written(argument)]
        case _, Days():
            return ["in_days", _written(argument)]
        case "has_any", tuple() if kind is TagType.MULTI:
            return ["has_at_least", 1, list(argument)]
        case "has_all", tuple() if kind is TagType.MULTI:
            return ["has_at_least", len(argument), list(argument)]
        case "has_at_least", AtLeast():
            return ["has_at_least", argument.k, list(argument.of)]
        case _, tuple():
            return [op.key, list(argument)]
        case _:
            return [op.key, argument]


def _until(day: date, days: int) -> Days:
    return Days(None, clock.add_days(day, days))


def _since(day: date, days: int) -> Days:
    return Days(clock.add_days(day, days), None)


def _written(span: Span) -> list[str]:
    if isinstance(span, Instants):
        return ["instants", span.start.isoformat(), span.end.isoformat()]
    first, last = span.first or date.min, span.last or date.max
    if first > last:
        first, last = date.max, date.min
    return ["days", first.isoformat(), last.isoformat()]


_MADE_KEYS: Mapping[type[Any], Callable[[Any], list[Any]]] = {
    LiteralStatistic: _statistic_key,
    LiteralByRules: _by_rules_key,
    LiteralBands: _bands_key,
    LiteralQuantiles: _quantiles_key,
    LiteralPreference: _preference_key,
    LiteralFormula: _formula_key,
    LiteralGiven: _given_key,
}

_KEYS: Mapping[type[Any], Callable[[Any], list[Any]]] = {
    LiteralTagCondition: _tag_condition_key,
    LiteralEventCondition: _event_condition_key,
    LiteralDid: _did_key,
    LiteralRegular: _regular_key,
    LiteralSequence: _sequence_key,
    LiteralCompare: _compare_key,
    LiteralBucket: _bucket_key,
    LiteralRank: _rank_key,
    LiteralAudience: _audience_key,
    LiteralKept: _kept_key,
}
