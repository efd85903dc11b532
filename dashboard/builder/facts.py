"""What follows an edit a moment later: how the chosen tags are spread, and the first people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from core.engines.base import Breakdown
from core.rules.tree import Rule, TagCondition
from core.schema import USER_ID, Catalogue, TagType
from core.workspace import Actor, Workspace

FIRST_PEOPLE = 20
FIRST_CHARTS = 3
FIRST_FIELDS = 5
MOST_CHARTS = 12
TOP_VALUES = 8
BINS = 20

# Shown before anybody has chosen, where the data have them.
_LIKED_CHARTS = ("source_channel", "city", "member_level", "interests", "gmv")
_LIKED_FIELDS = ("name", "title", "city", "gmv", "last_purchase_on", "last_login_on")


@dataclass
class Wish:
    """What the operator wants to see beside the number.

    Attributes
    ----------
    tags : list of str or None
        Tags that are compared with everyone; None = nobody has chosen, and `charts` chooses.
    fields : list of str
        Columns of the people.
    reveals : bool
        Whether personal values are shown; only ever for one rule and one day.
    """

    tags: list[str] | None = None
    fields: list[str] = field(default_factory=list)
    reveals: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what a draft keeps: never that values were revealed."""
        return {"tags": self.tags, "fields": self.fields}


def first_wish(catalogue: Catalogue) -> Wish:
    """Return what is shown before anybody has chosen."""
    return Wish(fields=_liked(_LIKED_FIELDS, list(catalogue.tags), catalogue)[:FIRST_FIELDS])


def charts(wish: Wish, rule: Rule | None, catalogue: Catalogue) -> list[str]:
    """Return the tags to compare: the chosen ones, else liked ones that the rule leaves open.

    A tag that the rule fixes to one value would be a single bar of 100 %.
    """
    if wish.tags is not None:
        return wish.tags
    choices = [key for key, spec in catalogue.tags.items() if spec.type is TagType.ENUM and not spec.personal]
    fixed = _fixed(rule) if rule else frozenset()
    return [key for key in _liked(_LIKED_CHARTS, choices, catalogue) if key not in fixed][:FIRST_CHARTS]


def wished(ask: Mapping[str, Any], wish: Wish, catalogue: Catalogue) -> Wish:
    """Return the wish as the browser changed it; tags that the data do not have are left out."""
    tags = ask.get("tags", wish.tags)
    fields = [str(key) for key in ask.get("fields", wish.fields)]
    return Wish(
        None if tags is None else [key for key in dict.fromkeys(tags) if key in catalogue.tags][:MOST_CHARTS],
        [key for key in dict.fromkeys(fields) if key in catalogue.tags],
        bool(ask.get("reveal", wish.reveals)),
    )


def breakdowns(
    workspace: Workspace, rule: Rule, as_of: date, tags: list[str], totals: tuple[int, int]
) -> list[dict[str, Any]]:
    """Return each tag's distribution, JSON-ready, with the numbers of all people as ``totals``.

    Parameters
    ----------
    totals : (int, int)
        People of the answer, and of the base.
    """
    shown = []
    for tag in tags:
        found = workspace.breakdown(rule, tag, as_of, top=TOP_VALUES, bins=BINS)
        shown.append({**_as_json(found), "totals": {"matched": totals[0], "base": totals[1]}})
    return shown


def people(workspace: Workspace, rule: Rule, as_of: date, wish: Wish) -> dict[str, Any]:
    """Return the first people as rows of cells, personal values masked unless they are revealed."""
    catalogue = workspace.data_version().catalogue
    frame = workspace.preview(rule, wish.fields, as_of, limit=FIRST_PEOPLE, reveal=wish.reveals)
    columns = [USER_ID, *wish.fields]
    return {
        "fields": wish.fields,
        "rows": [[_cell(value) for value in row] for row in frame.select(columns).iter_rows()],
        "personal": bool(personal_among(wish.fields, catalogue)),
        "is_revealed": wish.reveals,
    }


def personal_among(fields: list[str], catalogue: Catalogue) -> list[str]:
    """Return those of the fields that are personal."""
    return [key for key in fields if catalogue.tags[key].personal is not None]


def log_revealed(workspace: Workspace, fields: list[str], actor: Actor) -> None:
    """Put into the log that personal values are about to be shown."""
    workspace.log_reveal(personal_among(fields, workspace.data_version().catalogue), "build", actor)


def _as_json(found: Breakdown) -> dict[str, Any]:
    return {
        "tag": found.tag,
        "bars": [{name: _cell(value) for name, value in asdict(bar).items()} for bar in found.bars],
        "other": list(found.other),
        "missing": list(found.missing),
    }


def _cell(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [str(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _fixed(rule: Rule) -> frozenset[str]:
    """Return the tags that everybody who matches has one and the same value of."""
    root = rule.include
    if root.match != "all" or root.not_ or root.muted:
        return frozenset()
    return frozenset(
        child.tag
        for child in root.children
        if isinstance(child, TagCondition) and not child.not_ and not child.muted and _names_one_value(child)
    )


def _names_one_value(condition: TagCondition) -> bool:
    if condition.op == "in":
        return isinstance(condition.value, list | tuple) and len(condition.value) == 1
    return condition.op in {"is", "is_true", "is_false"}


def _liked(liked: tuple[str, ...], others: list[str], catalogue: Catalogue) -> list[str]:
    known = [key for key in liked if key in catalogue.tags]
    return list(dict.fromkeys([*known, *others]))
