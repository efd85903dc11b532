"""The parts of which the forms are put together: choices, a window of days, conditions on properties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from core.rules.arguments import Shape
from core.rules.ops import ops_for
from core.schema import EventSpec
from dashboard import state
from dashboard.i18n import pick, t
from dashboard.tagmaker.draft import TagDraft

UNITS = ("day", "week", "month")
MOST_CONDITIONS = 6


def choose(
    place: Any, label: str, choices: Iterable[Any], now: Any, *, key: str, name: Callable[[Any], str]
) -> Any:
    """Return a choice among some; "" where there are none."""
    options = list(choices)
    if not options:
        place.caption(t("tagmaker.nothing_fits"))
        return ""
    index = options.index(now) if now in options else 0
    return place.selectbox(label, options, index=index, format_func=name, key=key)


def tag_choice(draft: TagDraft, now: str, types: Sequence[str]) -> str:
    """Return a tag of one of some types that is not the tag itself, and not personal."""
    tags = {
        key: spec
        for key, spec in state.workspace().data_version().catalogue.tags.items()
        if spec.type in types and spec.personal is None and key != draft.source.get("key")
    }
    return str(
        choose(
            st, t("tagmaker.of"), tags, now, key=draft.key("of"),
            name=lambda key: f"{pick(tags[key].label)} · {key}",
        )
    )  # fmt: skip


def last_days(draft: TagDraft, now: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a window that ends with the day that is asked about; None = ever. Others stay as they are."""
    if now is not None and "last" not in now:
        st.caption(t("tagmaker.window_kept"))
        return now
    left, right = st.columns(2)
    number = left.number_input(
        t("tagmaker.window"), 0, 36_500, int((now or {}).get("last") or 0), help=t("tagmaker.window_help"),
        key=draft.key("window_n"),
    )  # fmt: skip
    unit = right.selectbox(
        t("tagmaker.unit_of_time"), UNITS, index=UNITS.index((now or {}).get("unit") or "day"),
        format_func=lambda key: t(f"tagmaker.unit.{key}"), key=draft.key("window_unit"),
    )  # fmt: skip
    return {"last": int(number), "unit": unit} if number else None


def conditions(draft: TagDraft, event: EventSpec, now: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return conditions on the event's properties, all of which must hold."""
    if not event.properties:
        return []
    kept: list[dict[str, Any]] = []
    for place, condition in enumerate(now):
        changed = _condition(draft, event, condition, place)
        if changed is not None:
            kept.append(changed)
    if len(kept) < MOST_CONDITIONS and st.button(
        t("tagmaker.add_condition"), type="tertiary", key=draft.key("add_condition")
    ):
        first = next(iter(event.properties))
        kept.append({"property": first, "op": _ops(event, first)[0].key, "value": ""})
        draft.source["making"]["where"] = kept
        draft.round += 1
        st.rerun()
    return kept


def _condition(
    draft: TagDraft, event: EventSpec, condition: dict[str, Any], place: int
) -> dict[str, Any] | None:
    what, how, value, away = st.columns([4, 3, 4, 1], vertical_alignment="bottom")
    keys = list(event.properties)
    prop = what.selectbox(
        t("tagmaker.property"), keys, format_func=lambda key: pick(event.properties[key].label),
        index=keys.index(condition["property"]) if condition["property"] in keys else 0,
        key=draft.key(f"where_{place}"),
    )  # fmt: skip
    ops = {op.key: op for op in _ops(event, prop)}
    if condition["op"] not in ops and condition["property"] == prop:
        how.caption(t("tagmaker.window_kept"))
        return condition
    op = how.selectbox(
        t("tagmaker.op"), list(ops), format_func=lambda key: pick(ops[key].label),
        index=list(ops).index(condition["op"]) if condition["op"] in ops else 0,
        key=draft.key(f"op_{place}_{prop}"),
    )  # fmt: skip
    text = ""
    if ops[op].shape is not Shape.NONE:
        text = value.text_input(
            t("tags.value"), str(condition.get("value") or ""), key=draft.key(f"value_{place}_{prop}")
        )
    if away.button("✕", type="tertiary", help=t("tagmaker.remove"), key=draft.key(f"away_{place}")):
        rest = [each for index, each in enumerate(draft.source["making"]["where"]) if index != place]
        draft.source["making"]["where"] = rest
        draft.round += 1
        st.rerun()
    told: dict[str, Any] = {"property": prop, "op": op}
    if ops[op].shape is Shape.NONE:
        return told
    is_number = event.properties[prop].type == "number"
    return {**told, "value": _number(text) if is_number else text}


def _ops(event: EventSpec, prop: str) -> list[Any]:
    """Return the ops that take nothing or one value."""
    found = ops_for(event.properties[prop].type)
    return [op for op in found if op.shape in (Shape.NONE, Shape.ONE)]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
