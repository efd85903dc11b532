"""Which columns a list has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.errors import NotFound, Problem, nearest_name
from core.rules.tree import Rule, TagCondition, TakeTop, nodes
from core.schema import USER_ID, Catalogue


def known_fields(fields: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """Return the fields once each, in order, without ``user_id`` (which every list begins with).

    Raises
    ------
    NotFound
        With every field that is no tag.
    """
    allowed = (USER_ID, *catalogue.tags)
    unknown = [
        Problem(
            "field_unknown", params={"name": field}, allowed=allowed, nearest=nearest_name(field, allowed)
        )
        for field in fields
        if field not in allowed
    ]
    if unknown:
        raise NotFound(unknown)
    return tuple(field for field in dict.fromkeys(fields) if field != USER_ID)


def default_fields(rule: Rule, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the tags that the rule names, in its order, without personal ones."""
    named: list[str] = []
    for node in nodes(rule):
        if isinstance(node, TagCondition):
            named.append(node.tag)
            if isinstance(node.value, Mapping) and isinstance(node.value.get("tag"), str):
                named.append(node.value["tag"])
    if isinstance(rule.take, TakeTop):
        named.append(rule.take.by)
    return tuple(
        key
        for key in dict.fromkeys(named)
        # A tag may bear the name of the first column; it says nothing that does not stand there.
        if key != USER_ID and key in catalogue.tags and catalogue.tags[key].personal is None
    )
