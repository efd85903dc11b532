"""Rules and makings in which a tag is put in the place of another, wherever it is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

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


def with_tag(rule: Rule, tag: str, by: str) -> Rule:
    """Return a rule that names one tag wherever it named another, muted conditions and its take included."""
    renamed = mapped(rule, lambda node: node if isinstance(node, Group) else _in_condition(node, tag, by))
    take = renamed.take
    if isinstance(take, TakeTop) and take.by == tag:
        return renamed.model_copy(update={"take": take.model_copy(update={"by": by})})
    return renamed


def made_with_tag(making: Making, tag: str, by: str) -> Making:
    """Return a making that names one tag wherever it named another."""
    renamed: Making = meaning_of(_MAKINGS, making)(making, tag, by)
    return renamed


def valid_since(validity: Validity, tag: str, by: str) -> Validity:
    """Return a validity that counts from one tag if it counted from another."""
    return validity.model_copy(update={"since": by}) if validity.since == tag else validity


def _in_condition(node: Node, tag: str, by: str) -> Node:
    changes: dict[str, Any] = meaning_of(_CONDITIONS, node)(node, tag, by)
    return node.model_copy(update=changes) if changes else node


def _of_tag(node: TagCondition, tag: str, by: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"tag": by} if node.tag == tag else {}
    return {**changes, "value": {"tag": by}} if field_named(node.value) == tag else changes


def _of_event(node: EventCondition, tag: str, by: str) -> dict[str, Any]:
    window = node.window
    if not isinstance(window, AnchoredWindow) or window.since.tag != tag:
        return {}
    return {"window": window.model_copy(update={"since": Anchor(tag=by)})}


def _of_rank(node: RankCondition, tag: str, by: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"tag": by} if node.tag == tag else {}
    return {**changes, "within": by} if node.within == tag else changes


def _nothing(node: Node, tag: str, by: str) -> dict[str, Any]:  # noqa: ARG001 - of all kinds
    return {}


def _statistic(making: Measurement, tag: str, by: str) -> Making:
    window = making.window or {}
    since = window.get("since")
    if not isinstance(since, Mapping) or since.get("tag") != tag:
        return making
    return making.model_copy(update={"window": {**window, "since": {**since, "tag": by}}})


def _by_rules(making: ByRules, tag: str, by: str) -> Making:
    values = tuple(one.model_copy(update={"rule": with_tag(one.rule, tag, by)}) for one in making.values)
    return making.model_copy(update={"values": values})


def _divided(making: Bands | Quantiles, tag: str, by: str) -> Making:
    return making.model_copy(update={"of": by}) if making.of == tag else making


def _formula(making: Formula, tag: str, by: str) -> Making:
    return making.model_copy(update={"text": dump_formula(_in_formula(making.expression, tag, by))})


def _in_formula(expression: Expression, tag: str, by: str) -> Expression:
    if isinstance(expression, Tag):
        return replace(expression, key=by) if expression.key == tag else expression
    if isinstance(expression, Call):
        return replace(expression, args=tuple(_in_formula(arg, tag, by) for arg in expression.args))
    return expression


def _as_it_is(making: Making, tag: str, by: str) -> Making:  # noqa: ARG001 - of all kinds
    return making


_CONDITIONS: Mapping[type[Any], Callable[[Any, str, str], dict[str, Any]]] = {
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

_MAKINGS: Mapping[type[Any], Callable[[Any, str, str], Making]] = {
    Measurement: _statistic,
    ByRules: _by_rules,
    Bands: _divided,
    Quantiles: _divided,
    Preference: _as_it_is,
    Formula: _formula,
    Given: _as_it_is,
}
