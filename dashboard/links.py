"""Links that open something in the builder, and their reading; personal values never stand in one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.errors import Problem, RuleError
from core.rules.arguments import read_day
from core.rules.parse import dump_rule
from core.rules.tree import Rule
from core.schema import Catalogue
from dashboard.i18n import language
from dashboard.state import workspace

RULE, KEPT, AUDIENCE, AS_OF = "rule", "kept", "audience", "as_of"
FIGURE = "figure"  # a number of the manager's pages: what is asked, and which number of the answer it is
OPENING = (RULE, KEPT, FIGURE, AUDIENCE, AS_OF)
"""What opens something in the builder, once; then the browser takes it out of the address."""
VALUE = "value"  # of a rule tag that is being made: its rule is on the desk
LONGEST_ADDRESS = 4_000  # characters; proxies cut addresses off at about twice that


@dataclass(frozen=True)
class Opened:
    """What a link asks the builder to open.

    Attributes
    ----------
    source : str or dict
        The rule as it stood in the link, or as it was kept; it is yet to be read and checked.
    audience : str or None
        Id of the audience whose rule it is.
    as_of : datetime.date or None
        None = the link names no day.
    """

    source: str | dict[str, Any]
    audience: str | None = None
    as_of: date | None = None


def builder_link(rule: Rule | Mapping[str, Any], as_of: date | None = None) -> str:
    """Return the address that opens a rule in the builder.

    A rule with values of personal tags, and one too long for an address, is kept in the workspace, and the
    link carries a random token instead.

    Parameters
    ----------
    rule : Rule or dict
        In the form of the condition language.
    as_of : datetime.date or None
        None leaves the day to whoever opens it.
    """
    tree = dump_rule(rule) if isinstance(rule, Rule) else dict(rule)
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    if not has_personal_values(tree, workspace().data_version().catalogue):
        address = _address({RULE: text}, as_of)
        if len(address) <= LONGEST_ADDRESS:
            return address
    return _address({KEPT: workspace().keep_rule(tree)}, as_of)


def figure_link(asked: Mapping[str, Any], sheet: str, row_id: str, column: str) -> str:
    """Return the address that opens a number of an analysis in the builder.

    It names the question and not the rule, which would often be too long for an address: the rule is found
    when the link is followed. Kept over an import, it opens the same row of the new answer, or says that
    there is none.

    Parameters
    ----------
    asked : mapping
        The question, as `dashboard.analyses.bar.Asked` writes it.
    sheet, row_id, column : str
        Key of the table, id of the row and key of the column, as `core.analytics.sheets.Sheet` has them.
    """
    text = json.dumps({**asked, "at": [sheet, row_id, column]}, ensure_ascii=False, separators=(",", ":"))
    return _address({FIGURE: text}, None)


def audience_link(audience_id: str, as_of: date | None = None) -> str:
    """Return the address that opens a saved audience in the builder."""
    return _address({AUDIENCE: audience_id}, as_of)


def audience_page(audience_id: str) -> str:
    """Return the address of the page on which a saved audience is looked after."""
    return f"{_root()}/audiences?{urlencode({'view': audience_id})}"


def opened_by(query: Mapping[str, str]) -> Opened | None:
    """Return what the address of the page asks to open; None when it asks for nothing.

    Raises
    ------
    RuleError
        If the day in the link is none.
    NotFound
        If the audience or the kept rule does not exist (any more).
    """
    day = _day(query.get(AS_OF))
    if RULE in query:
        return Opened(query[RULE], as_of=day)
    if KEPT in query:
        return Opened(workspace().kept_rule(query[KEPT]), as_of=day)
    if FIGURE in query:
        rule, day = workspace().figure(_asked(query[FIGURE]), language())
        return Opened(dump_rule(rule), as_of=day)
    if AUDIENCE in query:
        audience = workspace().audience(query[AUDIENCE])
        return Opened(dict(audience.rule), audience=audience.id, as_of=day)
    return None


def has_personal_values(tree: Mapping[str, Any], catalogue: Catalogue) -> bool:
    """Tell whether a rule in JSON form names a value of a personal tag."""
    personal = {key for key, spec in catalogue.tags.items() if spec.personal is not None}
    return any(
        node.get("kind") == "tag" and node.get("tag") in personal and node.get("value") is not None
        for side in ("include", "exclude")
        for node in _nodes(tree.get(side))
    )


def _asked(text: str) -> dict[str, Any]:
    """Return the question in a link.

    Raises
    ------
    RuleError
        If it is none.
    """
    try:
        asked = json.loads(text)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise RuleError(Problem("figure_link_broken"))
    return asked


def _nodes(node: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        children = node.get("children")
        for child in children if isinstance(children, list | tuple) else ():
            yield from _nodes(child)


def _address(query: dict[str, str], as_of: date | None) -> str:
    if as_of is not None:
        query[AS_OF] = as_of.isoformat()
    return f"{_root()}/?{urlencode(query)}"


def _root() -> str:
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}" if base else ""


def _day(text: str | None) -> date | None:
    return None if text is None else read_day(text)
