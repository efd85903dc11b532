"""The journey as an accessible table in the browser: bars, and numbers that are links.

A component and not a chart, because every number must be reached by keyboard and opened in a new tab.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any

import streamlit as st

_FOLDER = resources.files(__package__)
_render = st.components.v2.component(
    "coterie_funnel",
    html='<div class="coterie-funnel"></div>',
    css=_FOLDER.joinpath("funnel.css").read_text(encoding="utf-8"),
    js=_FOLDER.joinpath("funnel.js").read_text(encoding="utf-8"),
)


def draw(data: Mapping[str, Any], *, key: str) -> None:
    """Draw one table.

    Parameters
    ----------
    data : mapping
        The table in words, as `dashboard.funnel.words` makes it.
    key : str
        Keeps the table mounted from run to run.
    """
    _render(key=key, data=dict(data))
