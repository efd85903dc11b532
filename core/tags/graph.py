"""What a tag is made from and what uses it, as a graph: events, tags, audiences, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.messages import Text
from core.rules.made_of import events_of_making, tags_of
from core.rules.naming import tags_in
from core.rules.tree import Rule
from core.schema import Catalogue, TagSpec

NodeKind = Literal["tag", "event", "audience", "export"]


@dataclass(frozen=True)
class GraphNode:
    """One thing in the graph.

    Attributes
    ----------
    name : str
        Key of a tag or event, id of an audience or export.
    depth : int
        How many steps away from the tag in question; negative = it is made of this, positive = this uses it,
        0 = itself.
    """

    kind: NodeKind
    name: str
    label: Text
    depth: int

    def as_json(self) -> dict[str, Any]:
        """Return the node, JSON-ready."""
        return {"kind": self.kind, "name": self.name, "label": dict(self.label), "depth": self.depth}


@dataclass(frozen=True)
class TagGraph:
    """The graph around one tag.

    Attributes
    ----------
    nodes : tuple of GraphNode
        The tag itself first.
    edges : tuple of (int, int)
        From what something is made of to what is made of it, by the places of the nodes.
    """

    nodes: tuple[GraphNode, ...]
    edges: tuple[tuple[int, int], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the graph, JSON-ready."""
        return {"nodes": [node.as_json() for node in self.nodes], "edges": [list(e) for e in self.edges]}


@dataclass(frozen=True)
class RuleUser:
    """An audience or an export: what names tags in a rule."""

    kind: Literal["audience", "export"]
    id: str
    name: str
    rule: Rule


def tag_graph(
    key: str, specs: Mapping[str, TagSpec], catalogue: Catalogue, users: Sequence[RuleUser]
) -> TagGraph:
    """Return what a tag is made from, however far, and what uses it, however far.

    Parameters
    ----------
    specs : mapping of str to TagSpec
        Every tag that counts, the tag itself among them.
    users : sequence of RuleUser
        Audiences and exports.
    """
    drawing = _Drawing(specs, catalogue)
    drawing.place("tag", key, 0)
    drawing.below(key, -1, {key})
    drawing.above(key, 1, {key})
    for user in users:
        for named in tags_in(user.rule):
            at = drawing.places.get(("tag", named))
            if at is not None and drawing.nodes[at].depth >= 0:
                depth = drawing.nodes[at].depth + 1
                label = Text(zh=user.name, en=user.name)
                drawing.link(at, drawing.place(user.kind, user.id, depth, label))
    return TagGraph(tuple(drawing.nodes), tuple(dict.fromkeys(drawing.edges)))


class _Drawing:
    def __init__(self, specs: Mapping[str, TagSpec], catalogue: Catalogue) -> None:
        self._specs = specs
        self._catalogue = catalogue
        self.nodes: list[GraphNode] = []
        self.places: dict[tuple[str, str], int] = {}
        self.edges: list[tuple[int, int]] = []

    def place(self, kind: NodeKind, name: str, depth: int, label: Text | None = None) -> int:
        known = self.places.get((kind, name))
        if known is not None:
            return known
        self.nodes.append(GraphNode(kind, name, label or self._label(kind, name), depth))
        self.places[kind, name] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def link(self, source: int, target: int) -> None:
        self.edges.append((source, target))

    def below(self, key: str, depth: int, seen: set[str]) -> None:
        spec = self._specs.get(key)
        if spec is None:
            return
        here = self.places["tag", key]
        if spec.computed is not None:
            for event in events_of_making(spec.computed):
                self.link(self.place("event", event, depth), here)
        for other in tags_of(spec):
            self.link(self.place("tag", other, depth), here)
            if other not in seen:
                seen.add(other)
                self.below(other, depth - 1, seen)

    def above(self, key: str, depth: int, seen: set[str]) -> None:
        here = self.places["tag", key]
        for other, spec in self._specs.items():
            if key in tags_of(spec):
                self.link(here, self.place("tag", other, depth))
                if other not in seen:
                    seen.add(other)
                    self.above(other, depth + 1, seen)

    def _label(self, kind: NodeKind, name: str) -> Text:
        known = self._specs.get(name) if kind == "tag" else self._catalogue.events.get(name)
        if known is None:
            return Text(zh=name, en=name)
        return known.label.as_text()
