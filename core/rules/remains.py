"""What remains of a rule with faults of shape, so that the rest of it is checked as well.

It is no rule to count by: broken nodes are left out, and only what `check` says of the others counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from core.errors import RuleError
from core.rules.parse import json_values
from core.rules.tree import CONDITIONS, Group, Node, Rule, Take

_Model = TypeVar("_Model", bound=BaseModel)
_TAKE: TypeAdapter[Take] = TypeAdapter(Take)


def remains_of(source: str | bytes | Mapping[str, Any]) -> Rule | None:
    """Return the sound parts of a rule that `parse_rule` refuses; None when it cannot be looked into."""
    try:
        values = json_values(source)
    except RuleError:
        return None
    if not isinstance(values, dict):
        return None
    include, exclude = (_root(values.get(name)) for name in ("include", "exclude"))
    return Rule(include=include or _bare_group("", ()), exclude=exclude, take=_take(values.get("take")))


def _root(value: object) -> Group | None:
    if not isinstance(value, dict):
        return None
    node = _node({**value, "kind": "group"})
    return node if isinstance(node, Group) else None


def _node(value: Any) -> Node | None:
    match value:
        case {"kind": "group"}:
            return _group(value)
        case {"kind": str(kind)} if kind in CONDITIONS:
            return _sound(CONDITIONS[kind], value)
        case _:
            return None


def _group(value: Mapping[str, Any]) -> Group | None:
    """Return a group with the children that can be read; None if none can, of those that it has."""
    given = value.get("children")
    given = given if isinstance(given, list) else []
    read = [_node(child) for child in given]
    children = tuple(child for child in read if child is not None)
    if given and not children:
        return None
    bare = {key: item for key, item in value.items() if key != "children"}
    group = _sound(Group, bare)
    if group is None or len(children) < len(given):
        # How many of them must hold, and whether there are any, cannot be judged by those that are left.
        name = value.get("id")
        return _bare_group(name if isinstance(name, str) else "", children)
    return group.model_copy(update={"children": children})


def _bare_group(name: str, children: tuple[Node, ...]) -> Group:
    return Group.model_construct(kind="group", id=name, match="all", children=children)


def _sound(model: type[_Model], value: Mapping[str, Any]) -> _Model | None:
    """Return the node, without the fields that make no sense where it can do without them."""
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        broken = {
            detail["loc"][:2] if detail["loc"][0] == "where" else detail["loc"][:1]
            for detail in error.errors()
            if detail["loc"]
        }
    mended = {key: item for key, item in value.items() if (key,) not in broken}
    if isinstance(mended.get("where"), list):
        mended["where"] = [item for i, item in enumerate(mended["where"]) if ("where", i) not in broken]
    try:
        return model.model_validate(mended, by_alias=True, by_name=False)
    except ValidationError:
        return None


def _take(value: object) -> Take | None:
    try:
        return None if value is None else _TAKE.validate_python(value)
    except ValidationError:
        return None
