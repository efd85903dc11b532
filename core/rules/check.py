"""Whether a rule fits a catalogue: every problem at once, each at its node, with the way back.

A rule with an error must not be answered. A warning is worth telling and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.errors import Problem
from core.rules.fitting import found, misfits, type_name
from core.rules.lookup import number_or_date, tag_of
from core.rules.tree import MAX_DEPTH, Condition, Group, Rule, TakeTop, is_muted
from core.schema import Catalogue


def check(rule: Rule, catalogue: Catalogue) -> tuple[Problem, ...]:
    """Return everything that is wrong with a rule or worth a warning, in the order of its nodes.

    Muted nodes are checked like all others: they keep their own count and may be turned on again.
    """
    problems: list[Problem] = []
    for root in (rule.include, rule.exclude):
        if root is not None:
            problems += _group(root, catalogue, depth=1)
    problems += _take(rule, catalogue)
    return tuple(problems)


def errors_of(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems that forbid an answer."""
    return tuple(problem for problem in problems if problem.severity == "error")


def _group(group: Group, catalogue: Catalogue, depth: int) -> Iterator[Problem]:
    if depth == MAX_DEPTH + 1:
        yield Problem("too_deep", group.id, {"limit": MAX_DEPTH})
    if group.muted:
        yield _muted(group)
    if not group.children:
        if depth > 1 and group.as_of is None:
            yield Problem("empty_group", group.id)
        elif depth == 1 and group.not_:
            yield Problem("empty_root_negated", group.id)
        elif depth == 1 and group.as_of is not None:
            yield Problem("empty_root_dated", group.id)
    elif group.k is not None:
        yield from _k(group, group.k)
    for child in group.children:
        if isinstance(child, Group):
            yield from _group(child, catalogue, depth + 1)
        else:
            yield from _condition(child, catalogue)


def _k(group: Group, k: int) -> Iterator[Problem]:
    unmuted = sum(not is_muted(child) for child in group.children)
    if k > len(group.children):
        yield Problem("k_too_large", group.id, {"k": k, "children": len(group.children)})
    elif k > unmuted > 0:
        params = {"k": k, "unmuted": unmuted}
        yield Problem("k_above_unmuted", group.id, params, severity="warning")


def _condition(node: Condition, catalogue: Catalogue) -> Iterator[Problem]:
    if node.muted:
        yield _muted(node)
    for problem in misfits(node, catalogue):
        yield replace(problem, node=node.id)


def _take(rule: Rule, catalogue: Catalogue) -> Iterator[Problem]:
    if not isinstance(rule.take, TakeTop):
        return
    by = rule.take.by
    tag = yield from found(lambda: tag_of(catalogue, by))
    if tag is not None and not number_or_date(tag.type):
        allowed = tuple(t.key for t in catalogue.tags.values() if number_or_date(t.type))
        yield Problem("take_by_type", params={"tag": by, "type": type_name(tag.type)}, allowed=allowed)


def _muted(node: Condition | Group) -> Problem:
    return Problem("muted", node.id, severity="warning")
