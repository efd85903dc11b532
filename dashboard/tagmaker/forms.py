"""The forms, one per way of making: each writes what the operator chose into the draft's making."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.rules.formula import FORMULA_FUNCTIONS
from core.schema import Catalogue
from dashboard import state
from dashboard.errors import verbatim
from dashboard.i18n import pick, t
from dashboard.tagmaker import bands, rules_form
from dashboard.tagmaker.draft import TagDraft
from dashboard.tagmaker.parts import choose, conditions, last_days, tag_choice

COUNTED = ("count", "days")
MEASURES = (
    "count", "sum", "avg", "min", "max", "distinct", "days", "first_at", "last_at", "days_since_first",
    "days_since_last",
)  # fmt: skip
OF_NUMBERS = ("sum", "avg", "min", "max")
TYPES = ("enum", "number", "boolean", "date", "text", "multi")


def draw(draft: TagDraft) -> None:
    """Draw the form of a draft's way of making."""
    with st.container(border=True):
        _FORMS[draft.kind](draft, draft.source["making"])


def _catalogue() -> Catalogue:
    return state.workspace().data_version().catalogue


def _quantiles(draft: TagDraft, making: dict[str, Any]) -> None:
    making["of"] = tag_choice(draft, making["of"], ("number", "date"))
    text = st.text_input(
        t("tagmaker.parts"),
        ", ".join(making["labels"]),
        help=t("tagmaker.parts_help"),
        key=draft.key("parts"),
    )
    making["labels"] = [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]
    st.caption(t("tagmaker.quantiles_move"))


def _statistic(draft: TagDraft, making: dict[str, Any]) -> None:
    catalogue = _catalogue()
    left, right = st.columns(2)
    making["event"] = choose(
        left, t("tagmaker.event"), catalogue.events, making["event"], key=draft.key("event"),
        name=lambda key: pick(catalogue.events[key].label),
    )  # fmt: skip
    making["measure"] = choose(
        right, t("tagmaker.measure"), MEASURES, making["measure"], key=draft.key("measure"),
        name=lambda key: t(f"tagmaker.measure.{key}"),
    )  # fmt: skip
    event = catalogue.events.get(making["event"])
    if event is None:
        return
    measure = making["measure"]
    if measure in OF_NUMBERS or measure == "distinct":
        fitting = {
            key: spec
            for key, spec in event.properties.items()
            if measure == "distinct" or spec.type == "number"
        }
        making["property"] = choose(
            st, t("tagmaker.property"), fitting, making.get("property"), key=draft.key("property"),
            name=lambda key: pick(event.properties[key].label),
        ) or None  # fmt: skip
    else:
        making["property"] = None
    making["window"] = last_days(draft, making.get("window"))
    making["where"] = conditions(draft, event, making.get("where") or [])
    making["only_with"] = st.checkbox(
        t("tagmaker.only_with"), bool(making.get("only_with")), help=t("tagmaker.only_with_help"),
        key=draft.key("only_with"),
    )  # fmt: skip


def _preference(draft: TagDraft, making: dict[str, Any]) -> None:
    catalogue = _catalogue()
    left, right = st.columns(2)
    making["event"] = choose(
        left, t("tagmaker.event"), catalogue.events, making["event"], key=draft.key("event"),
        name=lambda key: pick(catalogue.events[key].label),
    )  # fmt: skip
    event = catalogue.events.get(making["event"])
    if event is None:
        return
    sets = {k: p for k, p in event.properties.items() if p.type in ("text", "enum", "multi")}
    numbers = {k: p for k, p in event.properties.items() if p.type == "number"}
    making["of"] = choose(
        right, t("tagmaker.prefers"), {None: None, **sets}, making.get("of"), key=draft.key("of"),
        name=lambda key: t("tagmaker.hour") if key is None else pick(event.properties[key].label),
    )  # fmt: skip
    making["weigh"] = choose(
        left, t("tagmaker.weigh"), {None: None, **numbers}, making.get("weigh"), key=draft.key("weigh"),
        name=lambda key: t("tagmaker.weigh_times") if key is None else pick(event.properties[key].label),
    )  # fmt: skip
    making["gives"] = choose(
        right, t("tagmaker.gives"), ("value", "share"), making.get("gives") or "value",
        key=draft.key("gives"), name=lambda key: t(f"tagmaker.gives.{key}"),
    )  # fmt: skip
    making["at_least"] = int(
        left.number_input(
            t("tagmaker.at_least"), 1, 1_000_000, int(making.get("at_least") or 1),
            help=t("tagmaker.at_least_help"), key=draft.key("at_least"),
        )
    )  # fmt: skip
    making["share_at_least"] = float(
        right.number_input(
            t("tagmaker.share_at_least"), 0.0, 1.0, float(making.get("share_at_least") or 0.0), 0.05,
            key=draft.key("share_at_least"),
        )
    )  # fmt: skip
    making["window"] = last_days(draft, making.get("window"))
    making["where"] = conditions(draft, event, making.get("where") or [])


def _formula(draft: TagDraft, making: dict[str, Any]) -> None:
    making["text"] = st.text_area(
        t("tagmaker.formula"), making["text"], height=120, help=t("tagmaker.formula_help"),
        key=draft.key("formula"), placeholder='if(gmv > 3000, "高", "低")',
    )  # fmt: skip
    with st.expander(t("tagmaker.formula_tags")):
        for key, spec in _catalogue().tags.items():
            if spec.personal is None:
                st.markdown(f"`{key}` {verbatim(pick(spec.label))} · {t(f'tags.type.{spec.type.value}')}")
    with st.expander(t("tagmaker.formula_functions")):
        for function in FORMULA_FUNCTIONS.values():
            takes = ", ".join(str(kind.value) for kind in function.takes) + (", …" if function.more else "")
            st.markdown(f"`{function.key}({takes})` → {function.gives.value}")


def _given(draft: TagDraft, making: dict[str, Any]) -> None:
    if draft.version is not None:
        st.caption(t("tagmaker.given_fixed", type=t(f"tags.type.{making['type']}")))
        return
    making["type"] = choose(
        st, t("tags.type"), TYPES, making["type"], key=draft.key("type"),
        name=lambda key: t(f"tags.type.{key}"),
    )  # fmt: skip
    st.caption(t("tagmaker.given_then"))


_FORMS: Mapping[str, Callable[[TagDraft, dict[str, Any]], None]] = {
    "bands": bands.draw,
    "quantiles": _quantiles,
    "statistic": _statistic,
    "preference": _preference,
    "formula": _formula,
    "rules": rules_form.draw,
    "given": _given,
}
