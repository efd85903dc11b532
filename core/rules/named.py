"""Names inside rules, of audiences, snapshots and lists: looked up from outside, never in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeAlias

from core.errors import Problem, RuleError, nearest_name
from core.messages import message_of
from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.kept import KeptPeople
from core.rules.lookup import MAX_ALLOWED
from core.rules.tree import AnyNode, Group, Rule, nodes
from core.schema import Catalogue

NOBODY = Rule(include=Group(id="nobody", match="any"))

MOST_LEVELS = 20
"""So many saved audiences may lie in one another, a rule that is no audience not counted."""


@dataclass(frozen=True)
class NamedAudience:
    """A saved audience, as far as a rule that names it must know it.

    Attributes
    ----------
    rule : Rule or None
        None = it does not follow a rule: `whole` knows its people.
    whole : callable (rule) -> rule
        Makes of the rule, its own names looked up, one for all its people: those added and removed by hand,
        or those whom it was fixed to.
    """

    id: str
    name: str
    rule: Rule | None
    whole: Callable[[Rule], Rule] = lambda rule: rule


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


KnownKeys: TypeAlias = dict[date, tuple[Catalogue, str]]


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
    levels : int
        How many audiences lie in one another here: 1 for one that names none, 0 for kept people.
    keys : dict
        What `canonical` made of the rule, by day: the rule never changes.
    """

    name: str
    rule: Rule | None = None
    people: KeptPeople | None = None
    day: date | None = None
    problems: tuple[Problem, ...] = ()
    levels: int = 0
    keys: KnownKeys = field(default_factory=dict, compare=False, repr=False)


Judge: TypeAlias = Callable[[Rule], tuple[Problem, ...]]
"""What forbids an answer to a rule whose names have been looked up."""

Way: TypeAlias = tuple[tuple[str, str], ...]
"""Audiences by id and name, each naming the next."""


def bind(rule: Rule, names: Names, judge: Judge, inside: Way = ()) -> Rule:
    """Return the rule with everything looked up that it names, and what its audiences name in turn.

    Nothing raises: a name that stands for nothing, or that leads back to an audience on the way, is told by
    `check` at its node. An audience that is named in many places is looked up once. What is known already and
    has no name to be looked up by (`core.rules.by_hand` makes such conditions) stays as it is.

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
    return _Binder(names, judge).bound(rule, inside)


class _Binder:
    def __init__(self, names: Names, judge: Judge) -> None:
        self._names = names
        self._judge = judge
        self._named: dict[str, NamedAudience] = {}
        self._meant: dict[str, Meant] = {}

    def bound(self, rule: Rule, inside: Way) -> Rule:
        """Return the rule with everything looked up that it names."""
        update: dict[str, object] = {"include": self._node(rule.include, inside)}
        if rule.exclude is not None:
            update["exclude"] = self._node(rule.exclude, inside)
        return rule.model_copy(update=update)

    def _node(self, node: AnyNode, inside: Way) -> AnyNode:
        if isinstance(node, Group):
            children = tuple(self._node(child, inside) for child in node.children)
            return node.model_copy(update={"children": children})
        if isinstance(node, ListCondition):
            name = node.list
            if not name and node.meant is not None:
                return node
            return node.bound_to(_kept(name, lambda: self._names.people_list(name)))
        if isinstance(node, AudienceCondition) and node.snapshot is not None:
            # Whatever became of the audience's rule: its people on that day are written down.
            which = (node.audience, node.snapshot)
            return node.bound_to(_kept(node.audience, lambda: self._names.snapshot(*which)))
        if isinstance(node, AudienceCondition):
            if not node.audience and node.meant is not None:
                return node
            return node.bound_to(self._of_rule(node.audience, inside))
        return node

    def _of_rule(self, name: str, inside: Way) -> Meant:
        try:
            audience = self._named.get(name) or self._names.audience(name)
        except RuleError as error:
            return Meant(name, problems=error.problems)
        self._named[name] = audience
        way = (*inside, (audience.id, audience.name))
        if audience.id in dict(inside):
            path = " → ".join(name for _, name in way)
            return Meant(audience.name, problems=(Problem("audience_cycle", params={"path": path}),))
        known = self._meant.get(audience.id)
        if known is None:
            known = self._meant[audience.id] = self._looked_into(audience, way)
        if len(way) - 1 + known.levels > MOST_LEVELS:
            problem = Problem("audiences_too_nested", params={"name": way[0][1], "limit": MOST_LEVELS})
            return Meant(audience.name, problems=(problem,), levels=known.levels)
        return known

    def _looked_into(self, audience: NamedAudience, way: Way) -> Meant:
        if len(way) > MOST_LEVELS:
            return Meant(audience.name, levels=1)  # whatever it names: that is too much already
        if audience.rule is None:
            return Meant(audience.name, audience.whole(NOBODY), levels=1)
        rule = self.bound(audience.rule, way)
        below = [
            node.meant.levels
            for node in nodes(rule)
            if isinstance(node, AudienceCondition) and node.meant is not None
        ]
        problems = _broken(audience, self._judge(rule))
        return Meant(audience.name, audience.whole(rule), problems=problems, levels=1 + max(below, default=0))


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


def _broken(audience: NamedAudience, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems of an audience's rule as those of the condition that names it."""
    ways = [problem for problem in problems if problem.code in ("audience_cycle", "audiences_too_nested")]
    if ways:
        return (ways[0],)
    if not problems:
        return ()
    why = message_of(problems[0])
    return (Problem("audience_broken", params={"audience": audience.name, "why": why}),)
