"""What changed between two states of a rule, condition by condition, readable in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.messages import Text, say
from core.rules.describe import day_words, describe, describe_node
from core.rules.parse import dump_rule
from core.rules.tree import Group, Node, Rule, walk
from core.rules.wording import Mask
from core.schema import Catalogue, Personal

ChangeKind = Literal["added", "removed", "changed", "muted", "unmuted", "moved", "group", "take"]


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes
    ----------
    kind : str
        ``added``, ``removed`` (with all below it), ``changed`` (what a condition asks), ``muted``,
        ``unmuted``, ``moved`` (into another group), ``group`` (how a group combines, its `not` or its name),
        ``take``.
    node : str or None
        Id of the node; None for the take.
    before, after : dict or None
        The node (or the take) as JSON, without a group's children; None where there is none.
    text : Text
        The change in words.
    """

    kind: ChangeKind
    node: str | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    text: Text

    def as_json(self) -> dict[str, object]:
        """Return the change, JSON-ready."""
        return {
            "kind": self.kind,
            "node": self.node,
            "before": self.before,
            "after": self.after,
            "text": dict(self.text),
        }


@dataclass(frozen=True)
class Difference:
    """Everything that changed."""

    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, object]:
        """Return the changes, JSON-ready."""
        return {"changes": [change.as_json() for change in self.changes]}


@dataclass(frozen=True)
class _Placed:
    """A node where it stands: below which group, in which tree."""

    node: Node
    parent: str | None
    in_exclude: bool


def difference(
    before: Rule, after: Rule, catalogue: Catalogue, mask: Mask | None = None
) -> tuple[Change, ...]:
    """Return what changed, in the order of the nodes: what is gone first, then what is new or different.

    Nodes are told apart by their ids. The order of children makes no difference.

    Parameters
    ----------
    mask : callable or None
        Hides the values that conditions on personal tags name; None shows them.
    """
    return tuple(_Comparer(before, after, catalogue, mask).changes())


class _Comparer:
    def __init__(self, before: Rule, after: Rule, catalogue: Catalogue, mask: Mask | None) -> None:
        self._rules = before, after
        self._catalogue, self._mask = catalogue, mask
        self._old, self._new = _placed(before), _placed(after)
        self._old_json, self._new_json = (self._shown(_by_id(rule)) for rule in (before, after))

    def changes(self) -> Iterator[Change]:
        """Yield every change."""
        for key, old in self._old.items():
            gone_above = old.parent is not None and old.parent not in self._new
            if key not in self._new and (old.parent is None or not gone_above):
                yield from self._gone(old)
        for key, new in self._new.items():
            old_place = self._old.get(key)
            if old_place is None:
                if new.parent is None or new.parent in self._old:
                    yield from self._come(new)
            else:
                yield from self._kept(old_place, new)
        yield from self._take()

    def _gone(self, old: _Placed) -> Iterator[Change]:
        if old.parent is None and isinstance(old.node, Group) and not old.node.children:
            return
        text = say("difference_removed", what=self._words(old.node))
        yield self._change("removed", old, text, after=False)

    def _come(self, new: _Placed) -> Iterator[Change]:
        if new.parent is None and isinstance(new.node, Group) and not new.node.children:
            return
        yield self._change("added", new, say("difference_added", what=self._words(new.node)), before=False)

    def _kept(self, old: _Placed, new: _Placed) -> Iterator[Change]:
        if (old.parent, old.in_exclude) != (new.parent, new.in_exclude) and new.parent is not None:
            yield self._change("moved", new, say("difference_moved", what=self._words(new.node)))
        if old.node.muted is not new.node.muted:
            kind: ChangeKind = "muted" if new.node.muted else "unmuted"
            bare = new.node.model_copy(update={"muted": False})
            yield self._change(kind, new, say(f"difference_{kind}", what=self._words(bare)))
        if isinstance(old.node, Group) and isinstance(new.node, Group):
            yield from self._groups(old.node, new)
            return
        bares = [node.model_copy(update={"muted": False}) for node in (old.node, new.node)]
        if bares[0] != bares[1]:
            words = [self._words(node) for node in bares]
            yield self._change("changed", new, say("difference_changed", before=words[0], after=words[1]))

    def _groups(self, old: Group, new: _Placed) -> Iterator[Change]:
        group = new.node
        if not isinstance(group, Group):
            raise TypeError("a group is compared with a group")
        if (old.match, old.k) != (group.match, group.k):
            names = {
                "before": say(f"match_{old.match}", k=old.k),
                "after": say(f"match_{group.match}", k=group.k),
            }
            if new.parent is None:
                text = say("difference_match_root", **names)
            else:
                text = say("difference_match", what=self._words(group), **names)
            yield self._change("group", new, text)
        if old.as_of != group.as_of:
            names = {"before": day_words(old.as_of), "after": day_words(group.as_of)}
            yield self._change("group", new, say("difference_as_of", **names))
        if old.not_ is not group.not_:
            code = "difference_negated" if group.not_ else "difference_affirmed"
            bare = group.model_copy(update={"not_": False})
            yield self._change("group", new, say(code, what=self._words(bare)))
        if old.label != group.label:
            text = say("difference_label", before=old.label or "", after=group.label or "")
            yield self._change("group", new, text)

    def _take(self) -> Iterator[Change]:
        old, new = (rule.take for rule in self._rules)
        if old == new:
            return
        dumped = [
            None if take is None else take.model_dump(mode="json", by_alias=True) for take in (old, new)
        ]
        words = [self._words_of_take(rule) for rule in self._rules]
        if words[0] is None and words[1] is not None:
            text = say("difference_take_added", take=words[1])
        elif words[1] is None and words[0] is not None:
            text = say("difference_take_removed", take=words[0])
        else:
            text = say("difference_changed", before=words[0], after=words[1])
        yield Change("take", None, dumped[0], dumped[1], text)

    def _words_of_take(self, rule: Rule) -> Text | None:
        if rule.take is None:
            return None
        bare = Rule(include=Group(id="g", match="all"), take=rule.take)
        whole, everybody = describe(bare, self._catalogue, self._mask), say("everybody")
        between = say("between_parts")
        return Text(
            zh=whole["zh"][len(everybody["zh"] + between["zh"]) :].strip(),
            en=whole["en"][len(everybody["en"] + between["en"]) :].strip(),
        )

    def _shown(self, dumped: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
        """Return nodes as JSON, the values that name personal facts masked."""
        for node in dumped.values():
            tag = self._catalogue.tags.get(str(node.get("tag")))
            if self._mask is not None and tag is not None and tag.personal is not None and "value" in node:
                node["value"] = _masked(node["value"], self._mask, tag.personal)
        return dumped

    def _words(self, node: Node) -> Text:
        return describe_node(node, self._catalogue, self._mask)

    def _change(
        self, kind: ChangeKind, at: _Placed, text: Text, *, before: bool = True, after: bool = True
    ) -> Change:
        if at.in_exclude:
            text = say("difference_in_exclude", what=text)
        key = at.node.id
        return Change(
            kind, key, self._old_json[key] if before else None, self._new_json[key] if after else None, text
        )


def _placed(rule: Rule) -> dict[str, _Placed]:
    found: dict[str, _Placed] = {}
    for root, in_exclude in ((rule.include, False), (rule.exclude, True)):
        if root is None:
            continue
        found[root.id] = _Placed(root, None, in_exclude)
        for node in walk(root):
            for child in node.children if isinstance(node, Group) else ():
                found[child.id] = _Placed(child, node.id, in_exclude)
    return found


def _masked(value: object, mask: Mask, personal: Personal) -> object:
    """Return a condition's value with every text in it masked."""
    if isinstance(value, list):
        return [_masked(each, mask, personal) for each in value]
    if isinstance(value, dict):
        return {key: _masked(each, mask, personal) if key == "of" else each for key, each in value.items()}
    return value if value is None or isinstance(value, bool) else mask(str(value), personal)


def _by_id(rule: Rule) -> dict[str, dict[str, object]]:
    """Return every node as JSON by id, groups without their children."""
    found: dict[str, dict[str, object]] = {}

    def visit(node: dict[str, object]) -> None:
        found[str(node["id"])] = {key: value for key, value in node.items() if key != "children"}
        children = node.get("children")
        for child in children if isinstance(children, list) else []:
            visit(child)

    dumped = dump_rule(rule)
    for root in ("include", "exclude"):
        if dumped[root] is not None:
            visit(dumped[root])
    return found
