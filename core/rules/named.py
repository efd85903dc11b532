"""Saved audiences inside rules: names looked up by a function that is handed in, never round in a circle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from core.errors import Problem, RuleError
from core.messages import message_of
from core.rules.conditions import AudienceCondition
from core.rules.tree import AnyNode, Group, Rule


@dataclass(frozen=True)
class NamedAudience:
    """A saved audience, as far as a rule that names it must know it."""

    id: str
    name: str
    rule: Rule


@dataclass(frozen=True)
class Meant:
    """What the name in a condition stands for.

    Attributes
    ----------
    name : str
        For people.
    rule : Rule or None
        The audience's rule, its own names looked up; None where `problems` says why there is none.
    problems : tuple of Problem
        Why the condition cannot be answered.
    """

    name: str
    rule: Rule | None
    problems: tuple[Problem, ...] = ()


FindAudience: TypeAlias = Callable[[str], NamedAudience]
"""From an id or a name to the audience; raises RuleError where there is none or its rule cannot be read."""

Judge: TypeAlias = Callable[[Rule], tuple[Problem, ...]]
"""What forbids an answer to a rule whose names have been looked up."""

Way: TypeAlias = tuple[tuple[str, str], ...]
"""Audiences by id and name, each naming the next."""


def bind(rule: Rule, find: FindAudience, judge: Judge, inside: Way = ()) -> Rule:
    """Return the rule with every audience looked up that it names, and those that they name in turn.

    Nothing raises: a name that stands for nothing, or that leads back to an audience on the way, is told by
    `check` at its node.

    Parameters
    ----------
    rule : Rule
        The rule as it was read.
    find : callable
        Looks an audience up.
    judge : callable
        Tells what is wrong with an audience's own rule.
    inside : tuple of (id, name)
        The audiences on the way here, the outermost first: of a saved audience, itself.
    """

    def bound(node: AnyNode) -> AnyNode:
        if isinstance(node, Group):
            return node.model_copy(update={"children": tuple(bound(child) for child in node.children)})
        if isinstance(node, AudienceCondition):
            return node.bound_to(_meant(node.audience, find, judge, inside))
        return node

    update: dict[str, object] = {"include": bound(rule.include)}
    if rule.exclude is not None:
        update["exclude"] = bound(rule.exclude)
    return rule.model_copy(update=update)


def _meant(name: str, find: FindAudience, judge: Judge, inside: Way) -> Meant:
    try:
        audience = find(name)
    except RuleError as error:
        return Meant(name, None, error.problems)
    way = (*inside, (audience.id, audience.name))
    if audience.id in dict(inside):
        path = " → ".join(name for _, name in way)
        return Meant(audience.name, None, (Problem("audience_cycle", params={"path": path}),))
    rule = bind(audience.rule, find, judge, way)
    return Meant(audience.name, rule, _broken(audience, judge(rule)))


def _broken(audience: NamedAudience, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems of an audience's rule as those of the condition that names it."""
    circles = [problem for problem in problems if problem.code == "audience_cycle"]
    if circles:
        return (circles[0],)
    if not problems:
        return ()
    why = message_of(problems[0])
    return (Problem("audience_broken", params={"audience": audience.name, "why": why}),)
