"""People who fail exactly one condition, by condition, each group as a rule that opens as an audience."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from core.engines.base import NearMisses
from core.messages import Text
from core.rules.describe import describe_node
from core.rules.edit import all_of, copied, depth, found, fresh_ids, ids_below, muted, negated, replaced
from core.rules.parse import dump_rule
from core.rules.tree import MAX_DEPTH, Group, Node, Rule, is_muted, walk
from core.rules.wording import Mask
from core.schema import Catalogue


@dataclass(frozen=True)
class NearGroup:
    """The near misses of one node.

    Attributes
    ----------
    users : int
        How many are kept out by this node and by nothing else.
    what : Text
        The node in words.
    rule : Rule or None
        Matches exactly them, whatever the data; None where it would be nested deeper than a rule may be.
    """

    node: str
    users: int
    what: Text
    rule: Rule | None

    def as_json(self) -> dict[str, object]:
        """Return the group, JSON-ready."""
        return {
            "node": self.node,
            "users": self.users,
            "what": dict(self.what),
            "rule": None if self.rule is None else dump_rule(self.rule),
        }


@dataclass(frozen=True)
class Near:
    """All near misses of a rule, most people first; see `core.engines.base.NearMisses` for who they are."""

    groups: tuple[NearGroup, ...]
    several: int

    def as_json(self) -> dict[str, object]:
        """Return the groups, JSON-ready."""
        return {
            "users": sum(group.users for group in self.groups),
            "several": self.several,
            "groups": [group.as_json() for group in self.groups],
        }


def near(rule: Rule, misses: NearMisses, catalogue: Catalogue, mask: Mask | None = None) -> Near:
    """Return the near misses of every node that has some.

    Parameters
    ----------
    misses : NearMisses
        What the engine counted for this rule.
    """
    groups = []
    for node_id, users in misses.by_node.items():
        node = found(rule, node_id)
        if users and node is not None:
            what = describe_node(node, catalogue, mask)
            groups.append(NearGroup(node_id, users, what, near_rule(rule, node_id)))
    groups.sort(key=lambda group: -group.users)
    return Near(tuple(groups), misses.several)


def near_rule(rule: Rule, node: str) -> Rule | None:
    """Return the rule for the near misses of a node that counts; None where it would be too deep."""
    root = rule.include if node in {each.id for each in walk(rule.include)} else rule.exclude
    if root is None:
        raise KeyError(node)
    path = _path(root, node) or []
    rivals = list(_rivals(path, is_exclude=root is rule.exclude))
    bare = rule.model_copy(update={"take": None})
    target = path[-1]
    if (
        root is rule.include
        and not rivals
        and all(step.match == "all" and not step.not_ and step.as_of is None for step in _groups(path))
    ):
        return replaced(bare, node, negated(target))
    ids = fresh_ids([rule])
    # A root that is all muted lets everybody through: then the rival mends everybody, and nobody is left.
    nobody = root.model_copy(update={"not_": not root.not_})
    changed_roots = (_root_of(muted(rule, rival), root) for rival in rivals)
    without = [root, *(nobody if is_muted(changed) else changed for changed in changed_roots)]
    if root is rule.include:
        parts = [_root_of(muted(rule, node), root), *(copied(r, ids, not_=not r.not_) for r in without)]
        changed = bare.model_copy(update={"include": all_of(ids, parts)})
    else:
        asked = [rule.include] if rule.include.children else []
        parts = [*asked, *(copied(r, ids) for r in without)]
        exclude = None if node == root.id else _root_of(muted(rule, node), root)
        changed = bare.model_copy(update={"include": all_of(ids, parts), "exclude": exclude})
    return changed if depth(changed) <= MAX_DEPTH else None


def _rivals(path: list[Node], *, is_exclude: bool) -> Iterator[str]:
    """Yield the nodes that may mend the same people as the last node of the path, outside or below it.

    Where a group holds only if all of its children do, somebody whom muting one child mends fails that child
    alone, and muting another cannot help; so siblings there are no rivals.
    """
    flips = is_exclude
    for step, onward in pairwise(path):
        if not isinstance(step, Group):
            break
        flips ^= step.not_
        one_fails = "any" if flips else "all"
        if step.match == one_fails:
            continue
        for child in step.children:
            if child is not onward:
                yield from _counting_ids(child)
    target = path[-1]
    below = ids_below(target)
    yield from (each for each in _counting_ids(target) if each in below)


def _counting_ids(node: Node) -> Iterator[str]:
    if is_muted(node):
        return
    yield node.id
    if isinstance(node, Group):
        for child in node.children:
            yield from _counting_ids(child)


def _groups(path: list[Node]) -> Iterator[Group]:
    """Yield the groups above the last node of a path."""
    yield from (step for step in path[:-1] if isinstance(step, Group))


def _path(node: Node, wanted: str) -> list[Node] | None:
    if node.id == wanted:
        return [node]
    for child in node.children if isinstance(node, Group) else ():
        below = _path(child, wanted)
        if below is not None:
            return [node, *below]
    return None


def _root_of(rule: Rule, like: Group) -> Group:
    """Return the root of a changed rule in the place of the one that it was."""
    if rule.include.id == like.id:
        return rule.include
    if rule.exclude is None:
        raise KeyError(like.id)
    return rule.exclude
