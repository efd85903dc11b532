"""Random rules, drawn by Hypothesis so that a failing one shrinks, and the worlds that they are asked of."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from core.schema import TagType
from tests.core.engines.kinds import conditions
from tests.core.engines.marketplaces import (
    ALL_TAGS,
    AS_OF,
    PROPERTIES,
    World,
    catalogue_in,
    tables_of,
    world_of,
)

__all__ = [
    "ALL_TAGS", "AS_OF", "PROPERTIES", "World", "catalogue_in", "days", "rules", "rules_of", "tables_of", "world_of",
    "worlds",
]  # fmt: skip


earlier_days = st.one_of(
    st.sampled_from([date(1999, 1, 1), *AS_OF]).map(date.isoformat),
    st.fixed_dictionaries({"ago": st.integers(1, 40), "unit": st.sampled_from(["day", "week", "month"])}),
)


@st.composite
def _tree(draw: st.DrawFn, depth: int, dated: int, *, is_root: bool) -> dict[str, Any]:
    """Draw a group; of every four groups in it `dated` are asked as of an earlier day."""
    match = draw(st.sampled_from(["all", "all", "any", "at_least"]))
    children = []
    for _ in range(draw(st.integers(0 if is_root else 1, 4))):
        if depth > 1 and draw(st.integers(0, 2)) == 0:
            children.append(draw(_tree(depth - 1, dated, is_root=False)))
        else:
            children.append(draw(conditions))
    for child in children:
        _decorate(draw, child)
    group: dict[str, Any] = {"kind": "group", "match": match, "children": children}
    if match == "at_least":
        group["k"] = draw(st.integers(1, max(1, len(children))))
    if (children or not is_root) and draw(st.integers(1, 4)) <= dated:
        group["as_of"] = draw(earlier_days)
        if not is_root and draw(st.integers(0, 2)) == 0:
            group |= {"children": [], "match": "all"}
            group.pop("k", None)
    return group


def _decorate(draw: st.DrawFn, node: dict[str, Any]) -> None:
    asks_nothing = node["kind"] == "group" and not node["children"] and "as_of" not in node
    if not asks_nothing and draw(st.integers(0, 3)) == 0:
        node["not"] = True
    if draw(st.integers(0, 4)) == 0:
        node["muted"] = True


def _number(node: dict[str, Any], prefix: str) -> None:
    node["id"] = prefix
    for place, child in enumerate(node.get("children", ())):
        _number(child, f"{prefix}.{place}")


@st.composite
def rules_of(draw: st.DrawFn, condition: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Draw a rule, as JSON, that asks one condition and often another one beside it, perhaps of an earlier day."""
    children = [draw(condition), *draw(st.lists(conditions, max_size=1))]
    for child in children:
        _decorate(draw, child)
    include = {"kind": "group", "match": draw(st.sampled_from(["all", "any"])), "children": children}
    if draw(st.integers(0, 2)) == 0:
        include["as_of"] = draw(earlier_days)
        if draw(st.booleans()):
            include = {"kind": "group", "match": "any", "children": [include, draw(conditions)]}
    _number(include, "i")
    return {"version": 1, "include": include}


@st.composite
def rules(draw: st.DrawFn, *, with_take: bool = True) -> dict[str, Any]:
    """Draw a rule as JSON; every part of the language occurs."""
    dated = draw(st.sampled_from([0, 1, 3]))
    include = draw(_tree(3, dated, is_root=True))
    _decorate(draw, include)
    _number(include, "i")
    rule: dict[str, Any] = {"version": 1, "include": include}
    if draw(st.integers(0, 2)) == 0:
        exclude = draw(_tree(2, dated, is_root=True))
        _decorate(draw, exclude)
        _number(exclude, "x")
        rule["exclude"] = exclude
    if with_take and draw(st.booleans()):
        by = [key for key, kind in sorted(ALL_TAGS.items()) if kind in (TagType.NUMBER, TagType.DATE)]
        rule["take"] = draw(
            st.one_of(
                st.fixed_dictionaries(
                    {
                        "n": st.integers(1, 12),
                        "by": st.sampled_from(by),
                        "order": st.sampled_from(["asc", "desc"]),
                    }
                ),
                st.fixed_dictionaries(
                    {
                        "share": st.sampled_from([0, 0.1, 0.5, 0.999, 1]),
                        "seed": st.sampled_from(["july", "实验"]),
                    }
                ),
            )
        )
    return rule


worlds = st.integers(0, 1 << 32).map(world_of)
days = st.sampled_from(AS_OF)
