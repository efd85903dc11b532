"""A histogram whose edges are dragged, or moved by the arrow keys; a chart cannot do that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any

import streamlit as st

_FOLDER = resources.files(__package__)
_render = st.components.v2.component(
    "coterie_edges",
    html='<div class="coterie-edges"></div>',
    css=_FOLDER.joinpath("histogram.css").read_text(encoding="utf-8"),
    js=_FOLDER.joinpath("histogram.js").read_text(encoding="utf-8"),
)


def draw(
    *, bins: Sequence[Mapping[str, float]], edges: Sequence[float], is_dates: bool, step: float, label: str,
    key: str, on_move: Callable[[], None],
) -> None:  # fmt: skip
    """Draw one histogram; ``st.session_state[key]["edges"]`` has the edges as they were left.

    Parameters
    ----------
    bins : sequence of mapping
        ``low``, ``high``, ``users``; of days, as days since 1970-01-01.
    edges : sequence of float
        Ascending.
    step : float
        By how much an arrow key moves an edge; edges are dragged to multiples of it.
    label : str
        What is shown, for screen readers; ``{n}`` in it is the number of the edge.
    """
    data: dict[str, Any] = {
        "bins": [dict(each) for each in bins], "edges": list(edges), "dates": is_dates, "step": step,
        "label": label,
    }  # fmt: skip
    _render(key=key, data=data, on_edges_change=on_move)
