"""Rules and makings in which tags are put in the places of others, wherever they are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from core.rules.arguments import field_named
from core.rules.conditions import (
    AudienceCondition,
    BucketCondition,
    CompareCondition,
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
from core.rules.edit import mapped
from core.rules.formula import Expression, dump_formula
from core.rules.formula.tree import Call, Tag
from core.rules.makings import Bands, ByRules, Formula, Given, Preference, Quantiles
from core.rules.parts import Anchor, AnchoredWindow
from core.rules.tree import Group, Node, Rule, TakeTop
from core.schema import Making, Measurement, Validity

Names: TypeAlias = Mapping[str, str]
"""Tags by those in whose places they are put, all at once: a tag may be among both."""


def with_tags(rule: Rule, names: Names) -> Rule:
    """Return a rule that names tags by `names` wherever it named them, muted conditions and take included."""
    renamed = mapped(rule, lambda node: node if isinstance(node, Group) else _in_condition(node, names))
    take = renamed.take
    if isinstance(take, TakeTop) and take.by in names:
        return renamed.model_copy(update={"take": take.model_copy(update={"by": names[take.by]})})
    return renamed


def made_with_tags(making: Making, names: Names) -> Making:
    """Return a making that names tags by `names` wherever it named them."""
    renamed: Making = meaning_of(_MAKINGS, making)(making, names)
    return renamed


def valid_since(validity: Validity, names: Names) -> Validity:
    """Return a validity that counts from another tag if `names` has the one it counted from."""
    since = validity.since
    if since is None or since not in names:
        return validity
    return validity.model_copy(update={"since": names[since]})


def _in_condition(node: Node, names: Names) -> Node:
    changes: dict[str, Any] = meaning_of(_CONDITIONS, node)(node, names)
    return node.model_copy(update=changes) if changes else node


def _of_tag(node: TagCondition, names: Names) -> dict[str, Any]:
    changes: dict[str, Any] = {"tag": names[node.tag]} if node.tag in names else {}
    other = field_named(node.value)
    return changes if other is None or other not in names else {**changes, "value": {"tag": names[other]}}


def _of_event(node: EventCondition, names: Names) -> dict[str, Any]:
    window = node.window
    if not isinstance(window, AnchoredWindow) or window.since.tag not in names:
        return {}
    return {"window": window.model_copy(update={"since": Anchor(tag=names[window.since.tag])})}


def _of_rank(node: RankCondition, names: Names) -> dict[str, Any]:
    changes: dict[str, Any] = {"tag": names[node.tag]} if node.tag in names else {}
    within = node.within
    return changes if within is None or within not in names else {**changes, "within": names[within]}


def _nothing(node: Node, names: Names) -> dict[str, Any]:  # noqa: ARG001 - of all kinds
    return {}


def _statistic(making: Measurement, names: Names) -> Making:
    window = making.window or {}
    since = window.get("since")
    if not isinstance(since, Mapping) or since.get("tag") not in names:
        return making
    return making.model_copy(update={"window": {**window, "since": {**since, "tag": names[since["tag"]]}}})


def _by_rules(making: ByRules, names: Names) -> Making:
    values = tuple(one.model_copy(update={"rule": with_tags(one.rule, names)}) for one in making.values)
    return making.model_copy(update={"values": values})


def _divided(making: Bands | Quantiles, names: Names) -> Making:
    return making.model_copy(update={"of": names[making.of]}) if making.of in names else making


def _formula(making: Formula, names: Names) -> Making:
    return making.model_copy(update={"text": dump_formula(_in_formula(making.expression, names))})


def _in_formula(expression: Expression, names: Names) -> Expression:
    if isinstance(expression, Tag):
        return replace(expression, key=names.get(expression.key, expression.key))
    if isinstance(expression, Call):
        return replace(expression, args=tuple(_in_formula(arg, names) for arg in expression.args))
    return expression


def _as_it_is(making: Making, names: Names) -> Making:  # noqa: ARG001 - of all kinds
    return making


_CONDITIONS: Mapping[type[Any], Callable[[Any, Names], dict[str, Any]]] = {
    TagCondition: _of_tag,
    EventCondition: _of_event,
    FirstTimeCondition: _nothing,
    StoppedCondition: _nothing,
    ResumedCondition: _nothing,
    RegularCondition: _nothing,
    SequenceCondition: _nothing,
    CompareCondition: _nothing,
    BucketCondition: _nothing,
    RankCondition: _of_rank,
    AudienceCondition: _nothing,
    ListCondition: _nothing,
}

_MAKINGS: Mapping[type[Any], Callable[[Any, Names], Making]] = {
    Measurement: _statistic,
    ByRules: _by_rules,
    Bands: _divided,
    Quantiles: _divided,
    Preference: _as_it_is,
    Formula: _formula,
    Given: _as_it_is,
}
