"""The oracle: what a rule means, in plain Python on one user at a time, by plain counting.

It is slow and simple on purpose: engines are held to it. How conditions are combined stands here, what each
kind of condition means in `meaning`, and what ops and measures mean in their tables; nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from core.rules.asked_on import asks_who_existed, days_of
from core.rules.literal import literal, literal_tag
from core.rules.literal_conditions import LiteralCondition, LiteralEventCondition
from core.rules.meaning import (
    Around,
    OracleUser,
    condition_holds,
    in_base,
    lacks_value,
    measured_value,
    value_of,
)
from core.rules.share import in_share, seed_hash, share_value, user_hash
from core.rules.tree import (
    AnyNode,
    Condition,
    EventCondition,
    Group,
    Rule,
    TakeShare,
    TakeTop,
    is_muted,
    nodes,
    walk,
)
from core.schema import Catalogue

__all__ = [
    "NodeNumbers", "OracleUser", "event_value", "holds", "in_base", "matching", "members", "node_numbers",
    "tag_value", "tag_values",
]  # fmt: skip


class NodeNumbers(NamedTuple):
    """The four numbers of a node, in users of the base; see `core.engines.base.NodeCounts`."""

    own: int
    running: int | None
    without: int
    missing: int


def holds(
    rule: Rule,
    user: OracleUser,
    catalogue: Catalogue,
    as_of: date,
    everyone: Iterable[OracleUser] | None = None,
) -> bool:
    """Tell whether a user of the base is included and not excluded; what `take` does is asked of `members`.

    Parameters
    ----------
    everyone : iterable of OracleUser or None
        All users, for conditions that compare a user with others; without them such a condition raises.

    Raises
    ------
    RuleError
        If a name does not exist or a value does not fit: check the rule first.
    """
    users = None if everyone is None else list(everyone)
    return in_base(user, as_of) and _Asker(rule, as_of, _around(catalogue, users), catalogue).matches(
        rule, user
    )


def matching(rule: Rule, users: Iterable[OracleUser], catalogue: Catalogue, as_of: date) -> set[str]:
    """Return the ids of everyone of whom `holds` is true: included and not excluded, before take."""
    around = _around(catalogue, list(users))
    asker = _Asker(rule, as_of, around, catalogue)
    return {user.user_id for user in around.base(as_of) if asker.matches(rule, user)}


def members(rule: Rule, users: Iterable[OracleUser], catalogue: Catalogue, as_of: date) -> list[str]:
    """Return the ids of everyone in the answer, sorted: included, not excluded, then taken."""
    return _members(rule, as_of, _around(catalogue, list(users)), catalogue)


def _members(rule: Rule, as_of: date, around: Around, catalogue: Catalogue) -> list[str]:
    base, asker = around.base(as_of), _Asker(rule, as_of, around, catalogue)
    matched = sorted((user for user in base if asker.matches(rule, user)), key=lambda user: user.user_id)
    match rule.take:
        case None:
            taken = matched
        case TakeShare(share=share, seed=seed):
            taken = [
                u for u in matched if in_share(share_value(user_hash(u.user_id), seed_hash(seed)), share)
            ]
        case TakeTop() as top:
            taken = asker.first(matched, top)
    return sorted(user.user_id for user in taken)


def node_numbers(
    rule: Rule, users: Iterable[OracleUser], catalogue: Catalogue, as_of: date
) -> dict[str, NodeNumbers]:
    """Return the four numbers of every node by id, each counted for itself."""
    around = _around(catalogue, list(users))
    base, asker = around.base(as_of), _Asker(rule, as_of, around, catalogue)
    numbers: dict[str, NodeNumbers] = {}
    for root in (rule.include, rule.exclude):
        if root is None:
            continue
        of_nothing = root is rule.include
        for node in walk(root):
            existed = asker.around(node, base)
            own = sum(asker.node_holds(node, user, of_nothing=of_nothing) for user in existed)
            muted = _muting(rule, node.id)
            numbers[node.id] = NodeNumbers(
                own=own,
                running=own if node is root else None,
                without=sum(asker.matches(muted, user) for user in base),
                missing=0 if isinstance(node, Group) else sum(asker.lacks(node, user) for user in existed),
            )
        for group in (node for node in walk(root) if isinstance(node, Group)):
            for child, running in asker.running(group, base):
                numbers[child.id] = numbers[child.id]._replace(running=running)
    return numbers


def tag_value(
    user: OracleUser,
    key: str,
    catalogue: Catalogue,
    as_of: date,
    everyone: Iterable[OracleUser] | None = None,
) -> Any:
    """Return a user's value of a tag at `as_of`, None = missing; computed tags are computed.

    Parameters
    ----------
    everyone : iterable of OracleUser or None
        All users, for tags that compare a user with others; without them such a tag raises.
    """
    users = None if everyone is None else list(everyone)
    return value_of(user, literal_tag(key, catalogue, as_of), _around(catalogue, users))


def tag_values(users: Iterable[OracleUser], key: str, catalogue: Catalogue, as_of: date) -> dict[str, Any]:
    """Return everybody's `tag_value` by ``user_id``."""
    everyone = list(users)
    tag, around = literal_tag(key, catalogue, as_of), _around(catalogue, everyone)
    return {user.user_id: value_of(user, tag, around) for user in everyone}


def event_value(user: OracleUser, node: EventCondition, catalogue: Catalogue, as_of: date) -> Any:
    """Return what an event condition measures of a user, None = missing; sums and averages are exact."""
    asked = literal(node, catalogue, as_of)
    if not isinstance(asked, LiteralEventCondition):
        raise TypeError(f"the condition {node.id!r} does not measure an event")
    return measured_value(user, asked.measured, _around(catalogue, None))


def _around(catalogue: Catalogue, users: Sequence[OracleUser] | None) -> Around:
    """Return what users are asked in the midst of, where the people of each rule are found once a day.

    Rules are told apart by identity: they stand in literal conditions and in the catalogue, and live as long.
    """
    found: dict[tuple[int, date], frozenset[str]] = {}

    def members_of(rule: Rule, as_of: date) -> frozenset[str]:
        key = (id(rule), as_of)
        if key not in found:
            found[key] = frozenset(_members(rule, as_of, around, catalogue))
        return found[key]

    around = Around(catalogue.zone, users, members_of)
    return around


class _Asker:
    """Holds a rule's literal conditions, so that each is made literal once for all users."""

    def __init__(self, rule: Rule, as_of: date, around: Around, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._as_of = as_of
        self._around = around
        self._days = days_of(rule, as_of)
        self._literals: dict[str, LiteralCondition] = {
            node.id: literal(node, catalogue, self._days[node.id].within)
            for node in nodes(rule)
            if not isinstance(node, Group)
        }

    def matches(self, rule: Rule, user: OracleUser) -> bool:
        """Tell whether the rule includes the user and does not exclude them."""
        include, exclude = rule.include, rule.exclude
        included = _asks_nothing(include) or self.node_holds(include, user)
        excluded = exclude is not None and not _asks_nothing(exclude) and self.node_holds(exclude, user)
        return included and not excluded

    def node_holds(self, node: AnyNode, user: OracleUser, *, of_nothing: bool = True) -> bool:
        """Tell whether a node holds by itself: its `not` applied, its own `muted` not.

        A group that asks nothing (no children, or none unmuted) has nothing to negate and holds as the empty
        root of its tree does: in the include tree for everyone, in the exclude tree for nobody.
        """
        if not isinstance(node, Group):
            return condition_holds(self._literals[node.id], user, self._around) is not node.not_
        asked = [child for child in node.children if not is_muted(child)]
        if asks_who_existed(node):
            return in_base(user, self._days[node.id].within) is not node.not_
        if not asked:
            return of_nothing
        return self._combined(node, asked, user) is not node.not_

    def around(self, node: AnyNode, base: Sequence[OracleUser]) -> list[OracleUser]:
        """Return the users of the base who existed on the day of the group in which a node stands."""
        day = self._days[node.id].around
        return [user for user in base if in_base(user, day)]

    def running(self, group: Group, base: Sequence[OracleUser]) -> Iterable[tuple[AnyNode, int | None]]:
        """Yield each child with the count of the unmuted children up to and including it."""
        asked: list[AnyNode] = []
        count: int | None = None
        for child in group.children:
            if group.match != "at_least" and not is_muted(child):
                asked.append(child)
                count = sum(self._combined(group, asked, user) for user in base)
            yield child, count

    def lacks(self, node: Condition, user: OracleUser) -> bool:
        """Tell whether the user lacks a value that the condition needs."""
        return lacks_value(self._literals[node.id], user, self._around)

    def first(self, matched: Sequence[OracleUser], top: TakeTop) -> list[OracleUser]:
        """Return the first n by a tag, ties in the order given; users without a value are never taken."""
        tag = literal_tag(top.by, self._catalogue, self._as_of)
        valued = [(user, value_of(user, tag, self._around)) for user in matched]
        known = [(user, value) for user, value in valued if value is not None]
        known.sort(key=lambda pair: pair[1], reverse=top.order == "desc")
        return [user for user, _ in known[: top.n]]

    def _combined(self, group: Group, asked: Sequence[AnyNode], user: OracleUser) -> bool:
        if not in_base(user, self._days[group.id].within):
            return False
        held = sum(self.node_holds(child, user) for child in asked)
        match group.match:
            case "all":
                return held == len(asked)
            case "any":
                return held >= 1
            case "at_least":
                return held >= (group.k or 1)


def _asks_nothing(root: Group) -> bool:
    return is_muted(root) or not root.children


def _muting(rule: Rule, node_id: str) -> Rule:
    """Return the rule with one node muted."""

    def muting(node: AnyNode) -> AnyNode:
        if node.id == node_id:
            return node.model_copy(update={"muted": True})
        if isinstance(node, Group):
            return node.model_copy(update={"children": tuple(muting(child) for child in node.children)})
        return node

    exclude = None if rule.exclude is None else muting(rule.exclude)
    return rule.model_copy(update={"include": muting(rule.include), "exclude": exclude})
