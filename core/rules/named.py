"""Names inside rules, of audiences, snapshots and lists: looked up from outside, never in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeAlias

from core.errors import Problem, RuleError, nearest_name
from core.messages import message_of
from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.kept import KeptPeople
from core.rules.lookup import MAX_ALLOWED
from core.rules.tree import AnyNode, Group, Rule


@dataclass(frozen=True)
class NamedAudience:
    """A saved audience, as far as a rule that names it must know it."""

    id: str
    name: str
    rule: Rule


@dataclass(frozen=True)
class NamedPeople:
    """A list or a snapshot, as far as a rule that names it must know it.

    Attributes
    ----------
    name : str
        The list's, or the name of the audience whose snapshot it is.
    day : datetime.date or None
        Of a snapshot.
    """

    name: str
    people: KeptPeople
    day: date | None = None


class Names(Protocol):
    """Where the names in a rule are looked up; each raises RuleError where there is nothing to be found."""

    def audience(self, id_or_name: str) -> NamedAudience:
        """Return a saved audience; its rule must be readable."""
        ...

    def snapshot(self, audience: str, snapshot: str) -> NamedPeople:
        """Return the people of one snapshot of an audience."""
        ...

    def people_list(self, name: str) -> NamedPeople:
        """Return the people on a list."""
        ...


@dataclass(frozen=True)
class Meant:
    """What the name in a condition stands for.

    Attributes
    ----------
    name : str
        For people.
    rule : Rule or None
        An audience's rule, its own names looked up; None for kept people, and where `problems` says why.
    people : KeptPeople or None
        Of a list or a snapshot.
    day : datetime.date or None
        Of a snapshot.
    problems : tuple of Problem
        Why the condition cannot be answered.
    """

    name: str
    rule: Rule | None = None
    people: KeptPeople | None = None
    day: date | None = None
    problems: tuple[Problem, ...] = ()


Judge: TypeAlias = Callable[[Rule], tuple[Problem, ...]]
"""What forbids an answer to a rule whose names have been looked up."""

Way: TypeAlias = tuple[tuple[str, str], ...]
"""Audiences by id and name, each naming the next."""


def bind(rule: Rule, names: Names, judge: Judge, inside: Way = ()) -> Rule:
    """Return the rule with everything looked up that it names, and what its audiences name in turn.

    Nothing raises: a name that stands for nothing, or that leads back to an audience on the way, is told by
    `check` at its node.

    Parameters
    ----------
    rule : Rule
        The rule as it was read.
    names : Names
        Looks names up.
    judge : callable
        Tells what is wrong with an audience's own rule.
    inside : tuple of (id, name)
        The audiences on the way here, the outermost first: of a saved audience, itself.
    """

    def bound(node: AnyNode) -> AnyNode:
        if isinstance(node, Group):
            return node.model_copy(update={"children": tuple(bound(child) for child in node.children)})
        if isinstance(node, ListCondition):
            name = node.list
            return node.bound_to(_kept(name, lambda: names.people_list(name)))
        if isinstance(node, AudienceCondition) and node.snapshot is not None:
            # Whatever became of the audience's rule: its people on that day are written down.
            which = (node.audience, node.snapshot)
            return node.bound_to(_kept(node.audience, lambda: names.snapshot(*which)))
        if isinstance(node, AudienceCondition):
            return node.bound_to(_of_rule(node.audience, names, judge, inside))
        return node

    update: dict[str, object] = {"include": bound(rule.include)}
    if rule.exclude is not None:
        update["exclude"] = bound(rule.exclude)
    return rule.model_copy(update=update)


def unknown_list(name: str, known: Iterable[str]) -> RuleError:
    """Return the error for a list that does not exist."""
    names = tuple(known)
    allowed = names if len(names) <= MAX_ALLOWED else ()
    return RuleError(Problem("unknown_list", None, {"list": name}, allowed, nearest_name(name, names)))


def unknown_snapshot(audience: str, snapshot: str, known: Mapping[str, date]) -> RuleError:
    """Return the error for a snapshot that an audience does not have.

    Parameters
    ----------
    known : mapping of str to datetime.date
        The ids that it has, with their days.
    """
    if not known:
        return RuleError(Problem("no_snapshots", params={"audience": audience}))
    listed = tuple(f"{name} ({day.isoformat()})" for name, day in list(known.items())[:MAX_ALLOWED])
    params = {"audience": audience, "snapshot": snapshot, "known": listed}
    allowed = tuple(known)[:MAX_ALLOWED]
    return RuleError(Problem("unknown_snapshot", None, params, allowed, nearest_name(snapshot, known)))


def _kept(name: str, look_up: Callable[[], NamedPeople]) -> Meant:
    try:
        found = look_up()
    except RuleError as error:
        return Meant(name, problems=error.problems)
    return Meant(found.name, people=found.people, day=found.day)


def _of_rule(name: str, names: Names, judge: Judge, inside: Way) -> Meant:
    try:
        audience = names.audience(name)
    except RuleError as error:
        return Meant(name, problems=error.problems)
    way = (*inside, (audience.id, audience.name))
    if audience.id in dict(inside):
        path = " → ".join(name for _, name in way)
        return Meant(audience.name, problems=(Problem("audience_cycle", params={"path": path}),))
    rule = bind(audience.rule, names, judge, way)
    return Meant(audience.name, rule, problems=_broken(audience, judge(rule)))


def _broken(audience: NamedAudience, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems of an audience's rule as those of the condition that names it."""
    circles = [problem for problem in problems if problem.code == "audience_cycle"]
    if circles:
        return (circles[0],)
    if not problems:
        return ()
    why = message_of(problems[0])
    return (Problem("audience_broken", params={"audience": audience.name, "why": why}),)
