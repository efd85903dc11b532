"""Which columns a list has."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import NotFound, Problem, nearest_name
from core.rules.naming import tags_in
from core.rules.tree import Rule
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
    return tuple(
        key
        for key in tags_in(rule)
        # A tag may bear the name of the first column; it says nothing that does not stand there.
        if key != USER_ID and key in catalogue.tags and catalogue.tags[key].personal is None
    )
