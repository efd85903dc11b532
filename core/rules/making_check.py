"""Whether a making fits a catalogue, and what it gives: every problem at once, each with its place.

A making with an error is not computed. What a tag is must not depend on the making of the tag itself; whether
it leads back to itself is asked of `core.rules.made_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from core.errors import Problem, Severity, nearest_name
from core.rules.check import check
from core.rules.dispatch import meaning_of
from core.rules.fitting import found, type_name
from core.rules.formula import formula_problems, formula_type
from core.rules.lookup import event_of, number_or_date, property_of, tag_of
from core.rules.making_text import at_value
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.rules.measures import DAYS_SINCE, MEASURES
from core.rules.parse import parse_rule
from core.schema import Catalogue, EventSpec, Making, Measurement, TagType, Validity

_SETS = (TagType.TEXT, TagType.ENUM, TagType.MULTI)


class Gives(NamedTuple):
    """What a making gives.

    Attributes
    ----------
    type : TagType
        Of the values.
    order : tuple of str
        The values in the order in which people name them; empty = they have none.
    """

    type: TagType
    order: tuple[str, ...] = ()


def making_problems(making: Making, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a making or worth a warning.

    Parameters
    ----------
    making : Making
        The names of audiences and lists in its rules looked up (`core.rules.named.bind`).
    """
    return tuple(meaning_of(_CHECKS, making)(making, catalogue))


def gives(making: Making, catalogue: Catalogue) -> Gives:
    """Return what a making without errors gives."""
    return meaning_of(_GIVES, making)(making, catalogue)


def validity_problems(validity: Validity, catalogue: Catalogue, *, is_computed: bool) -> Iterator[Problem]:
    """Yield what is wrong with how long a tag's values hold."""
    if validity.since is None:
        if is_computed:
            yield Problem("validity_needs_date", "validity.since", allowed=_dates(catalogue))
        return
    since = validity.since
    tag = yield from found(lambda: tag_of(catalogue, since, "validity.since"))
    if tag is not None and tag.type is not TagType.DATE:
        params = {"tag": tag.key, "type": type_name(tag.type)}
        yield Problem("validity_not_date", "validity.since", params, allowed=_dates(catalogue))


def _statistic(making: Measurement, catalogue: Catalogue) -> Iterator[Problem]:
    """Yield what an event condition with the same words is told."""
    measure = MEASURES.get(DAYS_SINCE.get(making.measure, making.measure))
    if measure is None:
        allowed = (*MEASURES, *DAYS_SINCE)
        params = {"given": making.measure, "allowed": allowed}
        yield Problem("unknown_measure", "measure", params, allowed, nearest_name(making.measure, allowed))
        return
    is_date = measure.type is TagType.DATE
    condition: dict[str, Any] = {
        "kind": "event",
        "id": "statistic",
        "event": making.event,
        "measure": measure.key,
        "where": list(making.where),
        "op": "after" if is_date else "gte",
        "value": "2000-01-01" if is_date else 0,
    }
    condition |= {} if making.property is None else {"property": making.property}
    condition |= {} if making.window is None else {"window": making.window}
    root = {"kind": "group", "id": "root", "match": "all", "children": [condition]}
    rule = yield from found(lambda: parse_rule({"version": 1, "include": root}))
    if rule is not None:
        yield from (replace(problem, node=None) for problem in check(rule, catalogue))
    if making.only_with and making.missing is not None:
        yield Problem("missing_and_only_with", "missing")
    if is_date and making.missing is not None and making.measure not in DAYS_SINCE:
        yield Problem("missing_of_date", "missing", {"measure": making.measure})


def _by_rules(making: ByRules, catalogue: Catalogue) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, one in enumerate(making.values):
        if one.rule.take is not None:
            yield Problem("take_in_tag", f"values.{place}.take", {"value": one.value})
        if one.value in seen:
            params = {"value": one.value, "first": seen[one.value] + 1, "second": place + 1}
            yield Problem("value_twice", f"values.{place}.value", params, severity="warning")
        seen.setdefault(one.value, place)
        if not one.rule.include.children:
            is_last = place + 1 == len(making.values) and making.otherwise is None
            params = {"value": one.value}
            severity: Severity = "warning" if is_last else "error"
            yield Problem("value_for_everyone", f"values.{place}.rule", params, severity=severity)
        for problem in check(one.rule, catalogue):
            yield at_value(place, problem)


def _bands(making: Bands, catalogue: Catalogue) -> Iterator[Problem]:
    kind = yield from _ordered(making.of, catalogue)
    is_of_dates = not isinstance(making.edges[0], float)
    if kind is not None and is_of_dates is not (kind is TagType.DATE):
        yield Problem("edges_type", "edges", {"tag": making.of, "type": type_name(kind)})


def _quantiles(making: Quantiles, catalogue: Catalogue) -> Iterator[Problem]:
    yield from _ordered(making.of, catalogue)


def _ordered(key: str, catalogue: Catalogue) -> Any:
    """Yield what is wrong with the tag that is divided; return its type."""
    tag = yield from found(lambda: tag_of(catalogue, key, "of"))
    if tag is None:
        return None
    if not number_or_date(tag.type):
        allowed = tuple(t.key for t in catalogue.tags.values() if number_or_date(t.type))
        yield Problem("divided_by_type", "of", {"tag": key, "type": type_name(tag.type)}, allowed=allowed)
        return None
    return tag.type


def _preference(making: Preference, catalogue: Catalogue) -> Iterator[Problem]:
    event = yield from found(lambda: event_of(catalogue, making.event, "event"))
    if event is None:
        return
    if making.of is not None:
        yield from _property(event, making.of, "of", _SETS, "preferred_type")
    if making.weigh is not None:
        yield from _property(event, making.weigh, "weigh", (TagType.NUMBER,), "weighed_type")
    # The filters of an event condition, told by an event condition.
    where = [condition.model_dump(mode="json") for condition in making.where]
    statistic = Measurement(event=making.event, measure="count", where=tuple(where))
    yield from _statistic(statistic, catalogue)


def _property(
    event: EventSpec, key: str, node: str, types: tuple[TagType, ...], code: str
) -> Iterator[Problem]:
    spec = yield from found(lambda: property_of(event, key, node))
    if spec is not None and spec.type not in types:
        allowed = tuple(p.key for p in event.properties.values() if p.type in types)
        yield Problem(code, node, {"property": key, "type": type_name(spec.type)}, allowed=allowed)


def _formula(making: Formula, catalogue: Catalogue) -> Iterator[Problem]:
    expression = yield from found(lambda: making.expression)
    if expression is not None:
        yield from (replace(problem, node="text") for problem in formula_problems(expression, catalogue))


def _given(making: Given, catalogue: Catalogue) -> Iterator[Problem]:  # noqa: ARG001 - as for all kinds
    yield from ()


def _dates(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(tag.key for tag in catalogue.tags.values() if tag.type is TagType.DATE)


def _of_measure(making: Measurement, catalogue: Catalogue) -> Gives:
    if making.measure in DAYS_SINCE:
        return Gives(TagType.NUMBER)
    measure = MEASURES[making.measure]
    if making.measure in ("min", "max") and making.property is not None:
        return Gives(property_of(event_of(catalogue, making.event), making.property).type)
    return Gives(measure.type)


def _of_rules(making: ByRules, catalogue: Catalogue) -> Gives:  # noqa: ARG001 - as for all kinds
    values = [one.value for one in making.values]
    order = tuple(dict.fromkeys([*values, *([making.otherwise] if making.otherwise else [])]))
    return Gives(TagType.MULTI if making.keep == "all" else TagType.ENUM, order)


def _of_labels(making: Bands | Quantiles, catalogue: Catalogue) -> Gives:  # noqa: ARG001
    return Gives(TagType.ENUM, tuple(dict.fromkeys(label for label in making.labels if label is not None)))


def _of_preference(making: Preference, catalogue: Catalogue) -> Gives:  # noqa: ARG001
    if making.gives == "share":
        return Gives(TagType.NUMBER)
    return Gives(TagType.ENUM, () if making.of is not None else tuple(f"{hour:02}:00" for hour in range(24)))


def _of_formula(making: Formula, catalogue: Catalogue) -> Gives:
    return Gives(formula_type(making.expression, catalogue))


def _of_given(making: Given, catalogue: Catalogue) -> Gives:  # noqa: ARG001
    return Gives(making.type)


_CHECKS: Mapping[type[Any], Callable[[Any, Catalogue], Iterator[Problem]]] = {
    Measurement: _statistic,
    ByRules: _by_rules,
    Bands: _bands,
    Quantiles: _quantiles,
    Preference: _preference,
    Formula: _formula,
    Given: _given,
}

_GIVES: Mapping[type[Any], Callable[[Any, Catalogue], Gives]] = {
    Measurement: _of_measure,
    ByRules: _of_rules,
    Bands: _of_labels,
    Quantiles: _of_labels,
    Preference: _of_preference,
    Formula: _of_formula,
    Given: _of_given,
}
