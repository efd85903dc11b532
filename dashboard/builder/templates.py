"""Rules to begin with: read from ``templates/*.json``, and whether the present data can answer them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from core.messages import Language
from core.schema import Catalogue
from dashboard.i18n import said


@cache
def templates() -> Mapping[str, Mapping[str, Any]]:
    """Return the templates by key, in the order of their files: ``{"key", "name", "note", "rule"}``."""
    folder = resources.files("dashboard.builder") / "templates"
    read = (
        json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda f: f.name)
        if file.name.endswith(".json")
    )
    return {template["key"]: template for template in read}


def template_rule(key: str) -> Mapping[str, Any]:
    """Return the rule of a template."""
    return dict(templates()[key]["rule"])


def offered(catalogue: Catalogue, language: Language) -> list[dict[str, str | None]]:
    """Return what the menu shows: key, name, note, and why a template cannot be used (None when it can)."""
    return [
        {
            "key": key,
            "name": template["name"][language],
            "note": template["note"][language],
            "reason": _reason(template["rule"], catalogue, language),
        }
        for key, template in templates().items()
    ]


def _reason(rule: Mapping[str, Any], catalogue: Catalogue, language: Language) -> str | None:
    missing = dict.fromkeys(
        name
        for side in ("include", "exclude")
        for kind, name in _named(rule.get(side))
        if name not in (catalogue.tags if kind == "tag" else catalogue.events)
    )
    if not missing:
        return None
    comma = said("frame.comma", language)
    return said("build.template.missing", language, names=comma.join(missing))


def _named(node: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if node is None:
        return
    if node["kind"] == "group":
        for child in node["children"]:
            yield from _named(child)
    else:
        yield node["kind"], node[node["kind"]]
