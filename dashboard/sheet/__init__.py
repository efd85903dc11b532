"""Numbers that are links: cards of figures, and tables with or without heat.

A component and not a chart, because every number must be reached by keyboard and opened in a new tab.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import streamlit as st

_FOLDER = resources.files(__package__)
_render = st.components.v2.component(
    "coterie_sheet",
    html='<div class="coterie-sheet"></div>',
    css=_FOLDER.joinpath("sheet.css").read_text(encoding="utf-8"),
    js=_FOLDER.joinpath("sheet.js").read_text(encoding="utf-8"),
)


def draw(data: Mapping[str, Any], *, key: str) -> str | None:
    """Draw cards or a table; return the key of the action that was just pressed on a card.

    Parameters
    ----------
    data : mapping
        What is drawn, in words, as `dashboard.sheet.words` makes it.
    key : str
        Keeps it mounted from run to run.
    """
    drawn = _render(key=key, data=dict(data), on_pressed_change=lambda: None)
    return None if drawn.pressed is None else str(drawn.pressed)
