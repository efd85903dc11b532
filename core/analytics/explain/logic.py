"""The logic check: what cannot hold, what changes nothing, what asks past the data; each with a way out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

from core.analytics.explain.difference import difference
from core.analytics.explain.moves import LISTED
from core.clock import Days
from core.engines.base import Answer, Engine
from core.errors import nearest_name
from core.messages import Text, say
from core.rules.asked_on import days_of
from core.rules.check import check, errors_of
from core.rules.describe import describe_node
from core.rules.edit import counting, muted, parent_of, removed, replaced, updated
from core.rules.naming import NamedEvent, events_of
from core.rules.parse import dump_rule
from core.rules.parts import AnchoredWindow, Window
from core.rules.tree import (
    BetweenWindow,
    Group,
    LastWindow,
    Node,
    Rule,
    TagCondition,
    is_muted,
    nodes,
)
from core.rules.windows import span_of
from core.rules.wording import Mask
from core.schema import Catalogue, Personal, TagType

_EXACT = frozenset({"is", "is_not", "in", "not_in", "has_any", "has_all", "has_none", "has_exactly"})
_NEGATIVE = frozenset({"is_not", "not_in", "contains_none", "has_none", "ne", "not_between", "not_in_last"})
_MOST_CHILDREN = 12
_KNOWN_TO_COMPARE = 2000


@dataclass(frozen=True)
class Remedy:
    """A changed rule that puts something right, and the change in words."""

    rule: Rule
    text: Text


@dataclass(frozen=True)
class Finding:
    """One thing that is odd.

    Attributes
    ----------
    code : str
        Which: see docs/explain.md.
    node : str
        Id of the node that it concerns.
    others : tuple of str
        Ids of the nodes that have a part in it.
    message : Text
        What is odd.
    nearest : str or None
        For a value that does not occur: the one that does and looks most like it.
    """

    code: str
    node: str
    message: Text
    others: tuple[str, ...] = ()
    nearest: str | None = None
    remedy: Remedy | None = None

    def as_json(self) -> dict[str, object]:
        """Return the finding, JSON-ready."""
        remedy = self.remedy
        return {
            "code": self.code,
            "node": self.node,
            "others": list(self.others),
            "message": dict(self.message),
            "nearest": self.nearest,
            "remedy": None if remedy is None else {"text": dict(remedy.text), "rule": dump_rule(remedy.rule)},
        }


@dataclass(frozen=True)
class Findings:
    """Everything that is odd about a rule, in the order of its nodes."""

    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        """Return the findings, JSON-ready."""
        return {"findings": [finding.as_json() for finding in self.findings]}


def examine(
    rule: Rule, engine: Engine, catalogue: Catalogue, as_of: date, mask: Mask | None = None
) -> Findings:
    """Return everything that is odd about the nodes of a rule that count."""
    answer = engine.count(rule, as_of)
    if not answer.base:
        return Findings(())
    found = list(_Examiner(rule, answer, engine, catalogue, as_of, mask).findings())
    order = {node.id: place for place, node in enumerate(nodes(rule))}
    found.sort(key=lambda finding: order[finding.node])
    return Findings(tuple(found))


@dataclass
class _Examiner:
    rule: Rule
    answer: Answer
    engine: Engine
    catalogue: Catalogue
    as_of: date
    mask: Mask | None
    empty: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.days = days_of(self.rule, self.as_of)

    def findings(self) -> Iterator[Finding]:
        asked = counting(self.rule)
        ids = {node.id for node in asked}
        leaves = [node for node in asked if not isinstance(node, Group)]
        for leaf in leaves:
            yield from self._values(leaf)
            yield from self._windows(leaf)
            yield from self._ends(leaf)
        for group in asked:
            if isinstance(group, Group):
                children = [child for child in group.children if child.id in ids]
                yield from self._group(group, children)
        for leaf in leaves:
            yield from self._idle(leaf)
        if self.rule.exclude is not None and self.rule.exclude.id in ids:
            yield from self._exclude(self.rule.exclude)

    # --- single conditions ----------------------------------------------------------------------------

    def _ends(self, leaf: Node) -> Iterator[Finding]:
        """Tell of a condition that holds for nobody or for everybody."""
        own = self.answer.nodes[leaf.id].own
        if own == 0:
            if leaf.id not in self.empty:
                self.empty.add(leaf.id)
                yield self._finding("check_nobody", leaf, muted(self.rule, leaf.id))
        elif own == self._base(leaf):
            parent = parent_of(self.rule, leaf.id)
            if parent is not None and parent.match == "any" and len(parent.children) > 1:
                yield self._finding("check_any_everybody", leaf, muted(self.rule, leaf.id), [parent])
            elif not self._asks_who_existed(leaf):
                yield self._finding("check_everybody", leaf, removed(self.rule, leaf.id))

    def _asks_who_existed(self, node: Node) -> bool:
        """Tell whether a condition that holds for everybody asks who existed on a day, which is not idle.

        It does where nothing but it counts in a group as of an earlier day, in a group of its own or not.
        """
        parent = parent_of(self.rule, node.id)
        if parent is None or sum(not is_muted(child) for child in parent.children) > 1:
            return False
        return parent.as_of is not None or self._asks_who_existed(parent)

    def _idle(self, leaf: Node) -> Iterator[Finding]:
        """Tell of a condition that drops nobody whom the others of its 且 have not dropped already."""
        numbers, parent = self.answer.nodes[leaf.id], parent_of(self.rule, leaf.id)
        is_idle = numbers.without == self.answer.matched and 0 < numbers.own < self._base(leaf)
        if is_idle and self.answer.matched and parent is not None and parent.match == "all":
            yield self._finding("check_drops_nobody", leaf, removed(self.rule, leaf.id))

    def _values(self, leaf: Node) -> Iterator[Finding]:
        """Tell of values that do not occur in the data."""
        if isinstance(leaf, TagCondition):
            spec = self.catalogue.tags[leaf.tag]
            unknown, kept = self._unknown(leaf, leaf.tag, spec.type, leaf.op, leaf.value, None)
            if unknown:
                if not kept and leaf.op not in _NEGATIVE:
                    self.empty.add(leaf.id)
                yield self._of_values(leaf, unknown, kept, spec.personal)
            return
        for event, where, _ in _events_of(leaf):
            for condition in where:
                kind = self.catalogue.events[event].properties[condition.property].type
                unknown, _ = self._unknown(
                    leaf, condition.property, kind, condition.op, condition.value, event
                )
                if unknown:
                    yield self._finding("check_values_unknown", leaf, None, values=unknown)

    def _unknown(
        self, leaf: Node, key: str, kind: TagType, op: str, value: Any, event: str | None
    ) -> tuple[list[str], list[str]]:
        """Return which of a condition's values do not occur, and which do."""
        if op not in _EXACT or kind not in (TagType.TEXT, TagType.ENUM, TagType.MULTI):
            return [], []
        listed = [value] if isinstance(value, str) else list(value)
        known = self.engine.known_values(key, listed, self.days[leaf.id].within, event=event)
        return [v for v in listed if v not in known], [v for v in listed if v in known]

    def _of_values(
        self, leaf: TagCondition, unknown: list[str], kept: list[str], personal: Personal | None
    ) -> Finding:
        nearest = None
        if personal is None:
            known = self.engine.values(leaf.tag, self.days[leaf.id].within, limit=_KNOWN_TO_COMPARE)
            nearest = nearest_name(unknown[0], [value for value, _ in known])
        elif self.mask is not None:
            unknown = [self.mask(value, personal) for value in unknown]
        if kept:
            mended = updated(self.rule, leaf.id, value=kept)
        elif nearest is not None:
            value: object = [nearest] if leaf.op in LISTED or leaf.op == "has_exactly" else nearest
            mended = updated(self.rule, leaf.id, value=value)
        else:
            mended = muted(self.rule, leaf.id)
        return self._finding("check_values_unknown", leaf, mended, values=unknown, nearest=nearest)

    def _windows(self, leaf: Node) -> Iterator[Finding]:
        """Tell of windows that begin before their event's first occurrence."""
        told: set[str] = set()
        for event, _, windows in _events_of(leaf):
            spec = self.catalogue.events[event]
            begins = spec.first_day
            if begins is None:
                continue
            for window in windows:
                if isinstance(window, AnchoredWindow):  # each user's own
                    continue
                first = self._begins(leaf, window)
                if first is None or first >= begins or event in told:
                    continue
                told.add(event)
                yield self._finding(
                    "check_window_before_data", leaf, self._beginning(leaf, begins),
                    event=spec.label.as_text(), first=first.isoformat(), begins=begins.isoformat(),
                )  # fmt: skip

    def _beginning(self, leaf: Node, begins: date) -> Rule | None:
        """Return the rule with the one window of a condition as long as its event has data."""
        window = getattr(leaf, "window", None)
        if isinstance(window, LastWindow):
            fitting = bisect_left(
                range(1, window.last),
                True,
                key=lambda n: (
                    (self._begins(leaf, window.model_copy(update={"last": n})) or date.min) < begins
                ),
            )
            shorter = window.model_copy(update={"last": fitting})
            return updated(self.rule, leaf.id, window=shorter) if fitting else None
        if isinstance(window, BetweenWindow) and (window.to is None or window.to >= begins):
            return updated(self.rule, leaf.id, window=window.model_copy(update={"from_": begins}))
        return None

    def _begins(self, leaf: Node, window: Window) -> date | None:
        span = span_of(window, self.days[leaf.id].within, self.catalogue.zone)
        return span.first if isinstance(span, Days) else span.start.astimezone(self.catalogue.zone).date()

    # --- groups ---------------------------------------------------------------------------------------

    def _group(self, group: Group, children: list[Node]) -> Iterator[Finding]:
        if len(children) < 2:
            return
        alone = self._alone(group)
        if group.match == "all" and not alone.matched:
            yield from self._contradictions(children)
        if group.match == "any":
            yield from self._redundant(children, alone)
            yield from self._swallowed(group, children, alone)

    def _contradictions(self, children: list[Node]) -> Iterator[Finding]:
        """Tell of two children that nobody satisfies together, though each is satisfied."""
        possible = [child for child in children if self.answer.nodes[child.id].own][:_MOST_CHILDREN]
        for one, other in combinations(possible, 2):
            if not self._both(one, other):
                mended = self._merged(one, other) or muted(self.rule, other.id)
                yield self._finding("check_contradiction", other, mended, [one])

    def _merged(self, one: Node, other: Node) -> Rule | None:
        """Return the rule with two lists of values of one tag as one list, where they are such."""
        if not (isinstance(one, TagCondition) and isinstance(other, TagCondition)):
            return None
        if one.tag != other.tag or {one.op, other.op} - {"is", "in"} or one.not_ or other.not_:
            return None
        values = [
            value for node in (one, other) for value in ([node.value] if node.op == "is" else node.value)
        ]
        merged = one.model_copy(update={"op": "in", "value": list(dict.fromkeys(values))})
        return removed(replaced(self.rule, one.id, merged), other.id)

    def _redundant(self, children: list[Node], alone: Answer) -> Iterator[Finding]:
        """Tell of a child of a 或 that brings in nobody whom another child has not brought in."""
        if alone.matched == alone.base:
            return
        for child in children:
            own = self.answer.nodes[child.id].own
            if not own or alone.nodes[child.id].without != alone.matched:
                continue
            others = [sibling for sibling in children if sibling is not child]
            swallowing = [s for s in others[:_MOST_CHILDREN] if self._both(child, s) == own]
            yield self._finding(
                "check_any_redundant", child, removed(self.rule, child.id), swallowing[:1] or others
            )

    def _swallowed(self, group: Group, children: list[Node], alone: Answer) -> Iterator[Finding]:
        """Tell of a 或 that a negation makes hold for everybody, or for everybody who has a value."""
        negated = [child for child in children if _is_negative(child)]
        if not negated or any(self.answer.nodes[c.id].own == alone.base for c in children):
            return
        everybody = alone.matched == alone.base
        if not everybody:
            tags = {child.tag for child in negated if isinstance(child, TagCondition)}
            if len(tags) != 1 or len(negated) < 2:
                return
            (tag,) = tags
            is_set = TagCondition(id="is_set", tag=tag, op="is_set")
            day = self.days[group.id].within
            pair = self._count(Group(id="pair", match="any", children=tuple(negated)), day)
            if pair != self._count(Group(id="valued", match="all", children=(is_set,)), day):
                return
        mended = updated(self.rule, group.id, match="all", k=None)
        yield self._finding("check_any_swallows_not", group, mended, negated)

    def _exclude(self, root: Group) -> Iterator[Finding]:
        """Tell of an exclusion that removes nobody."""
        removes_nobody = self.answer.nodes[root.id].without == self.answer.matched
        if root.children and self.answer.matched and removes_nobody:
            mended = self.rule.model_copy(update={"exclude": None})
            yield self._finding("check_exclude_nobody", root, mended)

    # --- counting and saying ---------------------------------------------------------------------------

    def _base(self, node: Node) -> int:
        """Return how many existed on the day of the group in which a node stands: its numbers are of them."""
        return self.engine.base_count(self.days[node.id].around)

    def _alone(self, group: Group) -> Answer:
        """Return the answer of a group's children, on their day."""
        bare = group.model_copy(update={"not_": False, "muted": False, "as_of": None})
        return self.engine.count(Rule(include=bare), self.days[group.id].within)

    def _both(self, one: Node, other: Node) -> int:
        """Return for how many two children of one group hold."""
        return self._count(Group(id="both", match="all", children=(one, other)), self.days[one.id].around)

    def _count(self, root: Group, day: date) -> int:
        return self.engine.count(Rule(include=root), day).matched

    def _finding(
        self, code: str, node: Node, mended: Rule | None, others: Iterable[Node] = (), *,
        nearest: str | None = None, **params: object,
    ) -> Finding:  # fmt: skip
        others = tuple(others)
        words: Mapping[str, object] = {
            "what": describe_node(node, self.catalogue, self.mask),
            "other": [describe_node(other, self.catalogue, self.mask) for other in others],
            **params,
        }
        remedy = None
        if mended is not None and not errors_of(check(mended, self.catalogue)):
            changes = difference(self.rule, mended, self.catalogue, self.mask)
            between = say("between_parts")
            text = Text(
                zh=between["zh"].join(change.text["zh"] for change in changes),
                en=between["en"].join(change.text["en"] for change in changes),
            )
            remedy = Remedy(mended, text)
        return Finding(code, node.id, say(code, **words), tuple(o.id for o in others), nearest, remedy)


def _events_of(leaf: Node) -> Iterator[NamedEvent]:
    return iter(()) if isinstance(leaf, Group) else events_of(leaf)


def _is_negative(node: Node) -> bool:
    if isinstance(node, Group):
        return node.not_
    return node.not_ is not (getattr(node, "op", None) in _NEGATIVE)
