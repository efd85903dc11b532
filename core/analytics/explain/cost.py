"""What each condition costs: how many more there would be without it."""

from __future__ import annotations

from dataclasses import dataclass

from core.engines.base import Answer
from core.rules.edit import counting
from core.rules.tree import Group, Rule, nodes


@dataclass(frozen=True)
class NodeCost:
    """What one node costs.

    Attributes
    ----------
    without : int
        What would match if the node were muted.
    cost : int
        ``without - matched``: users that only this node keeps out; negative for a node that brings users in
        (under 或, or below a `not`); 0 for a node that does not count.
    is_costliest : bool
        Whether no other condition costs more; one at most, the first of several, never a group.
    """

    node: str
    without: int
    cost: int
    is_costliest: bool

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {"without": self.without, "cost": self.cost, "is_costliest": self.is_costliest}


@dataclass(frozen=True)
class Costs:
    """What every node of a rule costs, in the order of the nodes."""

    matched: int
    base: int
    nodes: tuple[NodeCost, ...]

    @property
    def costliest(self) -> str | None:
        """Id of the condition that keeps out most; None when none keeps anybody out."""
        return next((cost.node for cost in self.nodes if cost.is_costliest), None)

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "matched": self.matched,
            "base": self.base,
            "costliest": self.costliest,
            "nodes": {cost.node: cost.as_json() for cost in self.nodes},
        }


def costs(rule: Rule, answer: Answer) -> Costs:
    """Return what every node costs, from the numbers of its count.

    Parameters
    ----------
    answer : Answer
        Of this rule.
    """
    cost = {node.id: answer.nodes[node.id].without - answer.matched for node in nodes(rule)}
    conditions = [node.id for node in counting(rule) if not isinstance(node, Group)]
    costliest = max(conditions, key=cost.__getitem__, default=None)
    if costliest is not None and cost[costliest] <= 0:
        costliest = None
    found = (
        NodeCost(node, answer.nodes[node].without, cost[node], is_costliest=node == costliest)
        for node in cost
    )
    return Costs(answer.matched, answer.base, tuple(found))
