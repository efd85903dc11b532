"""What the component must know of the data: tags and events by folder, how to find them, and the op table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pypinyin import Style, lazy_pinyin

from core.rules.arguments import Shape
from core.rules.ops import Op, ops_for
from core.schema import Catalogue, EventSpec, Label, PropertySpec, TagSpec, TagType
from dashboard.i18n import texts

EVENTS = "events"  # the folder that events lie in, after the dimensions
MOST_SHIPPED = 200  # a tag with more values than this is searched in Python

# The control for an op's value, by its shape and the type that it compares.
_CONTROLS: Mapping[tuple[Shape, TagType | None], str] = {
    (Shape.NONE, None): "none",
    (Shape.ONE, TagType.NUMBER): "number",
    (Shape.ONE, TagType.DATE): "day",
    (Shape.ONE, None): "one",
    (Shape.LIST, None): "list",
    (Shape.PAIR, TagType.NUMBER): "numbers",
    (Shape.PAIR, TagType.DATE): "days",
    (Shape.RELATIVE, None): "span",
    (Shape.CALENDAR, None): "calendar",
    (Shape.DAYS, None): "ahead",
    (Shape.AT_LEAST, None): "k_of",
}
_COMPARED_EXACTLY = frozenset({"is", "is_not", "in", "not_in"})


def catalogue_data(catalogue: Catalogue) -> dict[str, Any]:
    """Return the catalogue in the form that the component reads, JSON-ready.

    Parameters
    ----------
    catalogue : Catalogue
        Of the data version in use, coverage of computed tags filled.

    Returns
    -------
    dict
        ``dimensions`` (key, label), ``tags``, ``events`` (each with its ``search`` forms) and ``ops`` by
        type. Labels are in both languages.
    """
    used = {spec.dimension for spec in catalogue.tags.values()}
    folders = {key: label for key, label in catalogue.dimensions.items() if key in used}
    for key in sorted(used - folders.keys()):
        folders[key] = _folder_label(key)
    return {
        "dimensions": [
            *({"key": key, "label": _label(label)} for key, label in folders.items()),
            {"key": EVENTS, "label": dict(texts()["builder.folder.events"])},
        ],
        "tags": [_tag(spec) for spec in catalogue.tags.values()],
        "events": [_event(spec) for spec in catalogue.events.values()],
        "ops": {kind.value: [_op(op, kind) for op in ops_for(kind)] for kind in TagType},
    }


@lru_cache(maxsize=4096)
def search_forms(key: str, zh: str, en: str) -> tuple[str, ...]:
    """Return everything by which an entry can be found, in lower case without spaces or apostrophes.

    Its key, both labels, and of the Chinese label the whole pinyin and its initials ("城市": chengshi, cs).
    Apostrophes go like spaces: an input method parts syllables by them.
    """
    whole = "".join(lazy_pinyin(zh))
    initials = "".join(lazy_pinyin(zh, style=Style.FIRST_LETTER))
    forms = (key, key.replace("_", ""), zh, en, whole, initials)
    return tuple(dict.fromkeys(re.sub(r"[\s'’]+", "", form).lower() for form in forms))


def _tag(spec: TagSpec) -> dict[str, Any]:
    return {
        "kind": "tag",
        "key": spec.key,
        "type": spec.type.value,
        "label": _label(spec.label),
        "dimension": spec.dimension,
        "unit": spec.unit,
        "personal": spec.personal,
        "computed": spec.computed is not None,
        "coverage": round(spec.coverage, 4),
        "distinct": spec.distinct,
        "search": search_forms(spec.key, spec.label.zh, spec.label.en),
    }


def _event(spec: EventSpec) -> dict[str, Any]:
    return {
        "kind": "event",
        "key": spec.key,
        "type": "event",
        "label": _label(spec.label),
        "dimension": EVENTS,
        "rows": spec.rows,
        "first_day": spec.first_day.isoformat() if spec.first_day else None,
        "last_day": spec.last_day.isoformat() if spec.last_day else None,
        "properties": [_property(p) for p in spec.properties.values()],
        "search": search_forms(spec.key, spec.label.zh, spec.label.en),
    }


def _property(spec: PropertySpec) -> dict[str, Any]:
    return {"key": spec.key, "type": spec.type.value, "label": _label(spec.label), "distinct": spec.distinct}


def _op(op: Op, kind: TagType) -> dict[str, Any]:
    control = _CONTROLS.get((op.shape, kind)) or _CONTROLS[op.shape, None]
    return {
        "key": op.key,
        "label": dict(op.label),
        "shape": control,
        "fields": op.takes_field,
        "how": _how(op.key, kind),
    }


def _how(key: str, kind: TagType) -> str:
    """Tell how an op's values meet those of the data: as a whole, as a part, or freely (a pattern)."""
    if kind is TagType.MULTI or key in _COMPARED_EXACTLY:
        return "exact"
    return "contains" if key.startswith("contains") else "free"


def _label(label: Label) -> dict[str, str]:
    return {"zh": label.zh, "en": label.en}


def _folder_label(key: str) -> Label:
    known = texts().get(f"builder.folder.{key}")
    return Label(zh=known["zh"], en=known["en"]) if known else Label(zh=key, en=key)
