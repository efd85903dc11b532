"""What the component must know of the data: tags and events by folder, how to find them, and the op table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel
from pypinyin import Style, lazy_pinyin

from core.rules.arguments import Shape
from core.rules.conditions import CONDITIONS, RegularCondition
from core.rules.ops import Op, ops_for
from core.rules.parts import Length, Within
from core.rules.share import BUCKETS
from core.schema import Catalogue, EventSpec, Label, PropertySpec, TagSpec, TagType
from dashboard.i18n import texts

EVENTS = "events"  # the folder that events lie in, after the dimensions
MORE = "more"  # the folder of the further kinds of condition, after the events
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
_AT_HOME = frozenset({"tag", "event"})  # kinds that a tag or an event of the palette begins
_RANKED = frozenset({TagType.NUMBER, TagType.DATE})
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
        ``dimensions`` (key, label), ``tags``, ``events`` and ``kinds`` (each with its ``search`` forms),
        ``ops`` by type, the ``units`` that parts of the further kinds allow, and the number of ``buckets``.
        Labels are in both languages.
    """
    used = {spec.dimension for spec in catalogue.tags.values()}
    folders = {key: label for key, label in catalogue.dimensions.items() if key in used}
    for key in sorted(used - folders.keys()):
        folders[key] = _folder_label(key)
    return {
        "dimensions": [
            *({"key": key, "label": _label(label)} for key, label in folders.items()),
            {"key": EVENTS, "label": dict(texts()["builder.folder.events"])},
            {"key": MORE, "label": dict(texts()["builder.folder.more"])},
        ],
        "tags": [_tag(spec) for spec in catalogue.tags.values()],
        "events": [_event(spec) for spec in catalogue.events.values()],
        "kinds": [_kind(key, catalogue) for key in CONDITIONS if key not in _AT_HOME],
        "units": {
            "regular": _choices(RegularCondition, "per"),
            "within": _choices(Within, "unit"),
            "since": _choices(Length, "unit"),
        },
        "buckets": BUCKETS,
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
        "offered": spec.stands_at is None,  # a paused tag stays in rules that name it, and no new one does
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


def _kind(key: str, catalogue: Catalogue) -> dict[str, Any]:
    label = texts()[f"builder.kind.{key}"]
    return {
        "kind": "kind",
        "key": key,
        "type": "condition",
        "label": dict(label),
        "tip": dict(texts()[f"builder.kind.{key}.tip"]),
        "dimension": MORE,
        "offered": _is_answerable(key, catalogue),
        "search": search_forms(key, label["zh"], label["en"]),
    }


def _is_answerable(kind: str, catalogue: Catalogue) -> bool:
    """Tell whether the data have what a condition of this kind asks about."""
    if kind in {"bucket", "audience", "list"}:
        return True
    if kind == "rank":
        return any(tag.type in _RANKED and tag.personal is None for tag in catalogue.tags.values())
    return bool(catalogue.events)


def _choices(model: type[BaseModel], field: str) -> list[str]:
    """Return what a field of the language may say, as the language itself has it."""
    return [str(choice) for choice in get_args(model.model_fields[field].annotation)]


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
