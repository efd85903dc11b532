"""The oracle: what a rule means, in plain Python on one user at a time, by plain counting.

It is slow and simple on purpose: engines are held to it. Everything a rule can say comes to its meaning here
or in the tables of ops and measures, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.clock import Days, Span, local_day
from core.rules.exact import exact_argument
from core.rules.literal import (
    LiteralCondition,
    LiteralMeasure,
    LiteralProperty,
    LiteralTag,
    LiteralTagCondition,
    literal,
    literal_tag,
)
from core.rules.measures import Measured, Occurrence, is_missing, present
from core.rules.ops import Op
from core.rules.share import in_share, seed_hash, share_value, user_hash
from core.rules.tree import Condition, Group, Rule, TakeShare, TakeTop, is_muted, nodes, walk
from core.schema import Catalogue

AnyNode = Condition | Group


@dataclass(frozen=True)
class OracleUser:
    """One user with everything that is known of them.

    Attributes
    ----------
    user_id : str
        The id under which the user was first seen.
    exists_from : datetime.date or None
        The day from which the user is in the base; None = always.
    tags : mapping of str to object
        Imported values by tag; absent or None = missing. Numbers are floats, dates are days, multi values
        are collections of texts.
    events : mapping of str to sequence of Occurrence
        By event, in any order.
    """

    user_id: str
    exists_from: date | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    events: Mapping[str, Sequence[Occurrence]] = field(default_factory=dict)


class NodeNumbers(NamedTuple):
    """The four numbers of a node, in users of the base; see `core.engines.base.NodeCounts`."""

    own: int
    running: int | None
    without: int
    missing: int


def in_base(user: OracleUser, as_of: date) -> bool:
    """Tell whether a user exists by the end of `as_of`."""
    return user.exists_from is None or user.exists_from <= as_of


def holds(rule: Rule, user: OracleUser, catalogue: Catalogue, as_of: date) -> bool:
    """Tell whether a user of the base is included and not excluded; what `take` does is asked of `members`.

    Raises
    ------
    RuleError
        If a name does not exist or a value does not fit: check the rule first.
    """
    return in_base(user, as_of) and _Asker(rule, catalogue, as_of).matches(rule, user)


def members(rule: Rule, users: Iterable[OracleUser], catalogue: Catalogue, as_of: date) -> list[str]:
    """Return the ids of everyone in the answer, sorted: included, not excluded, then taken."""
    asker = _Asker(rule, catalogue, as_of)
    matched = sorted(
        (user for user in users if in_base(user, as_of) and asker.matches(rule, user)),
        key=lambda user: user.user_id,
    )
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
    asker = _Asker(rule, catalogue, as_of)
    base = [user for user in users if in_base(user, as_of)]
    numbers: dict[str, NodeNumbers] = {}
    for root in (rule.include, rule.exclude):
        if root is None:
            continue
        of_nothing = root is rule.include
        for node in walk(root):
            own = sum(asker.node_holds(node, user, of_nothing=of_nothing) for user in base)
            muted = _muting(rule, node.id)
            numbers[node.id] = NodeNumbers(
                own=own,
                running=own if node is root else None,
                without=sum(asker.matches(muted, user) for user in base),
                missing=0 if isinstance(node, Group) else sum(asker.lacks(node, user) for user in base),
            )
        for group in (node for node in walk(root) if isinstance(node, Group)):
            for child, running in asker.running(group, base):
                numbers[child.id] = numbers[child.id]._replace(running=running)
    return numbers


def tag_value(user: OracleUser, key: str, catalogue: Catalogue, as_of: date) -> Any:
    """Return a user's value of a tag at `as_of`, None = missing; computed tags are computed."""
    return _tag_value(user, literal_tag(key, catalogue, as_of), catalogue.zone)


class _Asker:
    """Holds a rule's literal conditions, so that each is made literal once for all users."""

    def __init__(self, rule: Rule, catalogue: Catalogue, as_of: date) -> None:
        self._catalogue = catalogue
        self._as_of = as_of
        self._zone = catalogue.zone
        self._literals: dict[str, LiteralCondition] = {
            node.id: literal(node, catalogue, as_of) for node in nodes(rule) if not isinstance(node, Group)
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
            return self._condition_holds(node, user) is not node.not_
        asked = [child for child in node.children if not is_muted(child)]
        if not asked:
            return of_nothing
        return self._combined(node, asked, user) is not node.not_

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
        condition = self._literals[node.id]
        if not condition.op.needs_value:
            return False
        if isinstance(condition, LiteralTagCondition):
            needed = [condition.tag] if condition.other is None else [condition.tag, condition.other]
            return any(_tag_value(user, tag, self._zone) is None for tag in needed)
        return _measured(user, condition.measured, self._zone)[0] is None

    def first(self, matched: Sequence[OracleUser], top: TakeTop) -> list[OracleUser]:
        """Return the first n by a tag, ties in the order given; users without a value are never taken."""
        tag = literal_tag(top.by, self._catalogue, self._as_of)
        valued = [(user, _tag_value(user, tag, self._zone)) for user in matched]
        known = [(user, value) for user, value in valued if value is not None]
        known.sort(key=lambda pair: pair[1], reverse=top.order == "desc")
        return [user for user, _ in known[: top.n]]

    def _combined(self, group: Group, asked: Sequence[AnyNode], user: OracleUser) -> bool:
        held = sum(self.node_holds(child, user) for child in asked)
        match group.match:
            case "all":
                return held == len(asked)
            case "any":
                return held >= 1
            case "at_least":
                return held >= (group.k or 1)

    def _condition_holds(self, node: Condition, user: OracleUser) -> bool:
        condition = self._literals[node.id]
        if not isinstance(condition, LiteralTagCondition):
            value, _ = _measured(user, condition.measured, self._zone)
            exact = condition.measured.measure.is_exact_sum
            argument = exact_argument(condition.argument) if exact else condition.argument
            return _value_holds(condition.op, value, argument)
        value = _tag_value(user, condition.tag, self._zone)
        if condition.other is None:
            return _value_holds(condition.op, value, condition.argument)
        other = _tag_value(user, condition.other, self._zone)
        return other is not None and _value_holds(condition.op, value, other)


def _value_holds(op: Op, value: object, argument: object) -> bool:
    return op.holds_when_missing if value is None else bool(op.holds(value, argument))


def _tag_value(user: OracleUser, tag: LiteralTag, zone: ZoneInfo) -> Any:
    if tag.computed is None or tag.spec.computed is None:
        value = user.tags.get(tag.spec.key)
        return None if is_missing(value) else value
    value, anything = _measured(user, tag.computed, zone)
    if not anything and tag.spec.computed.missing is not None:
        return tag.spec.computed.missing
    return float(value) if isinstance(value, int | Fraction) else value


def _measured(user: OracleUser, measured: LiteralMeasure, zone: ZoneInfo) -> tuple[Measured, bool]:
    """Return the measure of the matching occurrences, and whether there was anything to measure."""
    matching = [
        occurrence
        for occurrence in user.events.get(measured.event, ())
        if _lies_in(occurrence, measured.span, zone)
        and all(_property_holds(condition, occurrence) for condition in measured.where)
    ]
    values = matching if measured.of is None else present(matching, measured.of.key)
    return measured.measure.of(matching, values, zone), bool(values)


def _lies_in(occurrence: Occurrence, span: Span, zone: ZoneInfo) -> bool:
    if isinstance(span, Days):
        return local_day(occurrence.at, zone) in span
    return occurrence.at in span


def _property_holds(condition: LiteralProperty, occurrence: Occurrence) -> bool:
    value = occurrence.properties.get(condition.spec.key)
    return _value_holds(condition.op, None if is_missing(value) else value, condition.argument)


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
