"""The components of the page: stage (code and catalogue, once), builder (each edit), facts and insight.

Streamlit sends a component's code with every answer. So the code lies with the stage, outside every fragment,
and what an edit brings back is a door of a few lines and the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from core.messages import Language
from core.schema import Catalogue
from dashboard import links
from dashboard.builder import bundle, palette, templates
from dashboard.i18n import texts

STAGE, BUILDER, FACTS, INSIGHT = "build_stage", "build_rule", "build_facts", "build_insight"

_PREFIX = "builder."


def mount_stage(catalogue: Catalogue, version: str, language: Language) -> None:
    """Bring code, texts and catalogue to the browser. To be called outside every fragment."""
    component = st.components.v2.component("coterie_stage", js=bundle.stage_code())
    component(
        key=STAGE,
        data={
            "stamp": f"{bundle.code_stamp()}|{version}|{language}",
            "opening": links.OPENING,
            "language": language,
            "css": bundle.styles(),
            "texts": {
                key.removeprefix(_PREFIX): text[language]
                for key, text in texts().items()
                if key.startswith(_PREFIX)
            },
            "catalogue": {
                **palette.catalogue_data(catalogue),
                "templates": templates.offered(catalogue, language),
            },
        },
        height=1,
    )


def mount_builder(answer: Mapping[str, Any], on_edit: Callable[[], None]) -> None:
    """Draw the page; its state is ``st.session_state[BUILDER]["edit"]``."""
    component = st.components.v2.component("coterie_builder", js=bundle.door_code("builder"))
    component(key=BUILDER, data=dict(answer), on_edit_change=on_edit)


def mount_facts(facts: Mapping[str, Any], on_ask: Callable[[], None]) -> None:
    """Hand the slower facts to the page; its state is ``st.session_state[FACTS]["ask"]``."""
    component = st.components.v2.component("coterie_facts", js=bundle.door_code("facts"))
    component(key=FACTS, data=dict(facts), on_ask_change=on_ask, height=1)


def mount_insight(answer: Mapping[str, Any], on_ask: Callable[[], None]) -> None:
    """Hand the insight panel's answers to the page; its state is ``st.session_state[INSIGHT]["ask"]``."""
    component = st.components.v2.component("coterie_insight", js=bundle.door_code("insight"))
    component(key=INSIGHT, data=dict(answer), on_ask_change=on_ask, height=1)


def state_of(key: str, name: str) -> object:
    """Return one value of a component's state; None before it has sent any."""
    state = st.session_state.get(key)
    return state.get(name) if isinstance(state, Mapping) else None
