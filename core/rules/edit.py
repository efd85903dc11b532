"""Rules made from rules: a node put in place of another, taken out, muted; people of two rules combined.

Whatever kind a condition is of, these treat it alike. Ids stay with their nodes; copies get new ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from core.rules.tree import Group, Node, Rule, is_muted, nodes, walk


def replaced(rule: Rule, node: str, by: Node) -> Rule:
    """Return the rule with another node in the place of one."""
    return mapped(rule, lambda found: by if found.id == node else found)


def updated(rule: Rule, node: str, **fields: object) -> Rule:
    """Return the rule with some fields of one node changed (by their Python names)."""
    return mapped(rule, lambda found: found.model_copy(update=fields) if found.id == node else found)


def muted(rule: Rule, node: str) -> Rule:
    """Return the rule with one node muted."""
    return updated(rule, node, muted=True)


def removed(rule: Rule, node: str) -> Rule:
    """Return the rule without a node; groups that are left empty go with it, but for the roots.

    `k` of "at least" is not changed, but for that it never exceeds the number of children. A root that is
    left empty asks nothing: neither its `not` nor its day has anything left to say.
    """
    exclude = rule.exclude
    if exclude is not None and exclude.id == node:
        return rule.model_copy(update={"exclude": None})
    if exclude is not None:
        kept = _without(exclude, node)
        exclude = kept if kept.children else None
    include = _without(rule.include, node)
    if not include.children:
        include = include.model_copy(update={"not_": False, "as_of": None})
    return rule.model_copy(update={"include": include, "exclude": exclude})


def found(rule: Rule, node: str) -> Node | None:
    """Return the node with an id, None if there is none."""
    return next((each for each in nodes(rule) if each.id == node), None)


def counting(rule: Rule) -> list[Node]:
    """Return the nodes that count, in order: neither muted nor below a muted group."""
    silent = {below.id for node in nodes(rule) if is_muted(node) for below in walk(node)}
    return [node for node in nodes(rule) if node.id not in silent]


def parent_of(rule: Rule, node: str) -> Group | None:
    """Return the group in which a node stands; None for roots."""
    groups = (each for each in nodes(rule) if isinstance(each, Group))
    return next((group for group in groups if any(child.id == node for child in group.children)), None)


def fresh_ids(rules: Iterable[Rule], stem: str = "n") -> Iterator[str]:
    """Yield ids that none of the rules has."""
    taken = {node.id for rule in rules for node in nodes(rule)}
    return (f"{stem}{number}" for number in itertools.count(1) if f"{stem}{number}" not in taken)


def copied(node: Node, ids: Iterator[str], **fields: object) -> Node:
    """Return a copy of a node and all below it under new ids, some fields of the node itself changed."""
    update: dict[str, Any] = {"id": next(ids), **fields}
    if isinstance(node, Group):
        update["children"] = tuple(copied(child, ids) for child in node.children)
    return node.model_copy(update=update)


def negated(node: Node) -> Node:
    """Return the node with its `not` turned."""
    return node.model_copy(update={"not_": not node.not_})


def all_of(ids: Iterator[str], parts: Iterable[Node]) -> Group:
    """Return a group that asks for all of the parts."""
    return Group(id=next(ids), match="all", children=tuple(parts))


def as_condition(rule: Rule, ids: Iterator[str]) -> Node | None:
    """Return one node, under new ids, that holds for whom the rule includes and does not exclude.

    None = everybody. The rule's `take` is left aside.
    """
    include, exclude = rule.include, rule.exclude
    parts: list[Node] = []
    if include.children and not is_muted(include):
        parts.append(copied(include, ids))
    if exclude is not None and exclude.children and not is_muted(exclude):
        parts.append(copied(exclude, ids, not_=not exclude.not_))
    if len(parts) < 2:
        return parts[0] if parts else None
    return all_of(ids, parts)


def narrowed(rule: Rule, conditions: Iterable[Node]) -> Rule:
    """Return the rule for those of its members for whom all further conditions hold as well.

    Node ids of the rule are kept; the new nodes get ids that are free in it.
    """
    return next(narrowed_each(rule, [conditions]))


def narrowed_each(rule: Rule, each: Iterable[Iterable[Node]]) -> Iterator[Rule]:
    """Yield the rule narrowed by each of several sets of conditions.

    A condition that stands in the same place of several sets is one and the same node in their rules: what
    is found out about it need be found out once.
    """
    copies: dict[tuple[int, str], tuple[Node, Node]] = {}

    def once(node: Node, ids: Iterator[str]) -> Node:
        first = next(ids)
        # The node is kept beside its copy, so that its id stays its own.
        found = copies.get((id(node), first))
        if found is None:
            found = copies[id(node), first] = node, copied(node, itertools.chain([first], ids))
        else:
            for _ in ids_below(found[1]):
                next(ids)
        return found[1]

    for conditions in each:
        fresh = fresh_ids([rule], "j")
        added = tuple(once(node, fresh) for node in conditions)
        include = rule.include
        if not added:
            yield rule
            continue
        if not include.children or is_muted(include):
            root = Group(id=include.id, match="all", children=added)
        elif include.match == "all" and not include.not_ and include.as_of is None:
            root = include.model_copy(update={"children": (*include.children, *added)})
        else:
            root = Group(id=next(fresh), match="all", children=(include, *added))
        yield rule.model_copy(update={"include": root})


def depth(rule: Rule) -> int:
    """Return how deep a rule is nested; its roots count as 1."""

    def below(node: Node) -> int:
        return 1 + max(map(below, node.children), default=0) if isinstance(node, Group) else 0

    return max(below(root) for root in (rule.include, rule.exclude) if root is not None)


def ids_below(node: Node) -> frozenset[str]:
    """Return the ids of everything below a node."""
    return frozenset(each.id for each in walk(node)) - {node.id}


def mapped(rule: Rule, change: Callable[[Node], Node]) -> Rule:
    """Return the rule with every node changed; below a node that became another nothing is asked."""

    def changed(node: Node) -> Node:
        after = change(node)
        if after is node and isinstance(node, Group):
            return node.model_copy(update={"children": tuple(changed(child) for child in node.children)})
        return after

    roots: Mapping[str, Group | None] = {"include": rule.include, "exclude": rule.exclude}
    return rule.model_copy(
        update={name: None if root is None else changed(root) for name, root in roots.items()}
    )


def _without(group: Group, node: str) -> Group:
    kept: list[Node] = []
    for child in group.children:
        if child.id == node:
            continue
        left = _without(child, node) if isinstance(child, Group) else child
        # What had no children before asks who existed on a day, and goes on asking.
        if not isinstance(left, Group) or left.children or left == child:
            kept.append(left)
    update: dict[str, Any] = {"children": tuple(kept)}
    if group.k is not None and kept:
        update["k"] = min(group.k, len(kept))
    return group.model_copy(update=update)
