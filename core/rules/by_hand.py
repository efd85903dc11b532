"""The people of an audience whose rule is not all: some were added or removed by hand, or all are fixed."""

from __future__ import annotations

from core.rules.conditions import AudienceCondition, ListCondition
from core.rules.kept import KeptPeople
from core.rules.named import Meant
from core.rules.tree import Group, Node, Rule


def with_hand(rule: Rule, added: KeptPeople | None, removed: KeptPeople | None) -> Rule:
    """Return a rule for a rule's people, its take included, less the removed, and the added.

    Parameters
    ----------
    added, removed : KeptPeople or None
        Of the added only those count who are in the base; None = nobody.
    """
    if added is None and removed is None:
        return rule
    parts: list[Node] = [AudienceCondition(id="rule", audience="", in_=True).bound_to(Meant("", rule=rule))]
    if removed is not None:
        parts.append(_among("removed", removed, in_=False))
    ruled = Group(id="ruled", match="all", children=tuple(parts))
    if added is None:
        return Rule(include=ruled)
    either = (ruled, _among("added", added, in_=True))
    return Rule(include=Group(id="by_hand", match="any", children=either))


def only(people: KeptPeople) -> Rule:
    """Return a rule for people who are written down, as far as they are in the base."""
    return Rule(include=Group(id="fixed", match="all", children=(_among("people", people, in_=True),)))


def _among(name: str, people: KeptPeople, *, in_: bool) -> ListCondition:
    return ListCondition(id=name, list="", in_=in_).bound_to(Meant("", people=people))
