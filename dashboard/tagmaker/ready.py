"""Ready tags: a template's questions with sensible answers, what it would make, and keeping all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.workspace import Slot, TagDefinition, TagPreview
from dashboard import charts, navigation, state
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.tagmaker import amounts
from dashboard.tags import figures


def draw(key: str) -> None:
    """Draw a template's form and its proposals."""
    workspace = state.workspace()
    st.page_link(navigation.page_file("tags"), label=t("tagmaker.back"), query_params={"new": ""})
    templates = workspace.templates()
    if key not in templates:
        workspace.proposals(key)  # says which there are
        return
    template = templates[key]
    st.title(verbatim(pick(template.label)), anchor=False)
    st.caption(verbatim(pick(template.about)))
    form, preview = st.columns([2, 3], gap="large")
    given: dict[str, Any] = {}
    with form:
        st.header(t("tagmaker.ready.asks"), anchor=False)
        catalogue = workspace.data_version().catalogue
        for slot in template.slots(catalogue):
            given[slot.key] = answer(key, slot, given)
    with preview, boundary():
        kept = workspace.proposals(key, given, free=True)
        st.header(t("tagmaker.ready.makes", n=len(kept)), anchor=False)
        if st.button(t("tagmaker.ready.keep", n=len(kept)), type="primary"):
            workspace.create_tags(kept, actor=state.actor())
            st.session_state["tags:notice"] = t("tagmaker.kept")
            st.switch_page(navigation.page_file("tags"), query_params={"tag": kept[-1].key})
        previews = workspace.preview_tags(kept, state.as_of())
        draw_previews(kept, previews)


def draw_previews(definitions: Sequence[TagDefinition], previews: Sequence[TagPreview]) -> None:
    """Draw how several tags would be distributed, what is made of others before these, the first one open."""
    for definition, found in reversed(list(zip(definitions, previews, strict=True))):
        share = charts.share(found.with_value, found.base)
        heading = f"{verbatim(pick(definition.label))} · {found.with_value:,} · {share}"
        with st.expander(heading, expanded=definition is definitions[-1], key=f"ready_{definition.key}"):
            st.caption(verbatim(pick(found.sentence)))
            charts.draw(
                figures.distribution(found.breakdown, found.base), key=f"ready_chart_{definition.key}"
            )


def answer(purpose: str, slot: Slot, given: Mapping[str, Any]) -> Any:
    """Ask for what goes into a slot; `given` holds the answers to those before it."""
    catalogue = state.workspace().data_version().catalogue
    key, label = _key(purpose, slot), _begun(pick(slot.label))
    match slot.kind:
        case "event" | "tag" | "property" | "choice":
            choices = list(slot.allowed)
            if slot.kind == "property":
                event = catalogue.events.get(str(given.get(slot.of or "")))
                choices = [] if event is None else list(event.properties)
            options = [None, *choices] if slot.is_optional or slot.default is None else choices
            index = options.index(slot.default) if slot.default in options else 0
            names: dict[str | None, str] = {None: t("tagmaker.nothing")}
            names |= {one: _name(slot.kind, one, given, slot) for one in choices}
            return st.selectbox(
                label, options, index=index if options else None, key=key, persist_state="session",
                format_func=names.__getitem__,
            )  # fmt: skip
        case "events" | "tags" | "choices":
            chosen = [one for one in slot.default or [] if one in slot.allowed]
            most = None if slot.high is None else int(slot.high)
            return st.multiselect(
                label, list(slot.allowed), default=chosen, key=key, max_selections=most,
                persist_state="session",
                format_func={
                    one: _name(slot.kind.removesuffix("s"), one, given, slot) for one in slot.allowed
                }.__getitem__,
            )  # fmt: skip
        case "amounts":
            return amounts.ask(label, key, given.get(slot.of or ""))
        case "whole":
            return st.number_input(
                label, int(slot.low) if slot.low is not None else None,
                int(slot.high) if slot.high is not None else None, value=slot.default, step=1, key=key,
                persist_state="session",
            )  # fmt: skip
        case "share":
            return st.number_input(
                label, 0.0, 1.0, value=float(slot.default or 0), step=0.05, key=key,
                persist_state="session",
            )  # fmt: skip
        case "edges":
            text = st.text_input(
                label, ", ".join(f"{edge:g}" for edge in slot.default or []), help=t("tagmaker.edges_help"),
                key=key, persist_state="session",
            )  # fmt: skip
            return numbers_in(text)
    st.caption(t("tagmaker.ready.steps", name=label))
    return slot.default


def keep_answer(purpose: str, slot: Slot, value: Any) -> None:
    """Let an answer that fits its slot stand there when the slot is asked for next."""
    key = _key(purpose, slot)
    match slot.kind:
        case "amounts":
            amounts.keep(key, value or {})
        case "edges":
            st.session_state[key] = ", ".join(f"{edge:g}" for edge in value or [])
        case "share":
            st.session_state[key] = float(value)
        case "events" | "tags" | "choices":
            st.session_state[key] = list(value or [])
        case _:
            st.session_state[key] = value


def _begun(words: str) -> str:
    """Return words as they begin a line; in the catalogue they stand as within a sentence."""
    return words[:1].upper() + words[1:]


def left_amounts(purpose: str, slot: Slot) -> list[str]:
    """Return the values for which a slot was given a number though its tag has none such."""
    return amounts.left(_key(purpose, slot)) if slot.kind == "amounts" else []


def _key(purpose: str, slot: Slot) -> str:
    return f"ready_{purpose}_{slot.key}"


def numbers_in(text: str) -> list[float] | str:
    """Return the numbers in a text, parted by commas or blanks; the text itself if it holds anything else."""
    parts = text.replace("，", ",").replace(",", " ").split()
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return text
    return numbers if all(map(math.isfinite, numbers)) else text


def _name(kind: str, key: str, given: Mapping[str, Any], slot: Slot) -> str:
    catalogue = state.workspace().data_version().catalogue
    if kind == "event" and key in catalogue.events:
        return pick(catalogue.events[key].label)
    if kind == "tag" and key in catalogue.tags:
        return pick(catalogue.tags[key].label)
    if kind == "property":
        event = catalogue.events.get(str(given.get(slot.of or "")))
        if event is not None and key in event.properties:
            return pick(event.properties[key].label)
    return _choice(key) if kind == "choice" else key


def _choice(key: str) -> str:
    """Return the name of what may be chosen: a tag, a property of an event, or one of our own words."""
    catalogue = state.workspace().data_version().catalogue
    if key in catalogue.tags:
        return pick(catalogue.tags[key].label)
    event, _, prop = key.partition(".")
    if event in catalogue.events and prop in catalogue.events[event].properties:
        spec = catalogue.events[event]
        return f"{pick(spec.label)} · {pick(spec.properties[prop].label)}"
    for spec in catalogue.events.values():
        if key in spec.properties:
            return pick(spec.properties[key].label)
    return t(f"tagmaker.choice.{key}")
