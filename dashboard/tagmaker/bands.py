"""Bands over a number or date: the histogram with its edges, the names between them, ways to cut."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import streamlit as st

from core.engines.crossing import quantile_cuts
from core.engines.spread import Spread
from dashboard import state
from dashboard.i18n import t
from dashboard.tagmaker import histogram
from dashboard.tagmaker.draft import TagDraft
from dashboard.tagmaker.parts import tag_choice

EPOCH = date(1970, 1, 1)
BINS = 60


def draw(draft: TagDraft, making: dict[str, Any]) -> None:
    """Draw the tag that is divided, the histogram, and the bands with their names."""
    of = tag_choice(draft, making["of"], ("number", "date"))
    if of != making["of"]:
        making.update({"of": of, "edges": [], "labels": [""]})
        draft.round += 1
    if not of:
        return
    spread = state.workspace().tag_spread(of, state.as_of())
    if not len(spread.values):
        st.info(t("tagmaker.bands.nobody"))
        return
    is_dates = spread.kind == "date"
    numbers = np.array([as_number(value) for value in spread.values.to_list()])
    if not making["edges"]:
        set_edges(draft, making, equal_width(numbers, 3), is_dates=is_dates)
    _ways(draft, making, numbers, spread, is_dates=is_dates)
    step = step_of(numbers, is_dates=is_dates)
    name = draft.key("histogram", stays=True)
    histogram.draw(
        bins=bins_of(numbers, spread.counts), edges=[as_number(read(e)) for e in making["edges"]],
        is_dates=is_dates, step=step, label=t("tagmaker.bands.edge"), key=name,
        on_move=lambda: _moved(draft, making, name, is_dates=is_dates),
    )  # fmt: skip
    _names(draft, making, is_dates=is_dates)


def _moved(draft: TagDraft, making: dict[str, Any], name: str, *, is_dates: bool) -> None:
    edges = (st.session_state.get(name) or {}).get("edges")
    if isinstance(edges, list) and len(edges) == len(making["edges"]):
        draft.remember()
        before = list(making["edges"])
        making["edges"] = [written(float(edge), is_dates=is_dates) for edge in sorted(set(edges))]
        making["labels"] = named_again(before, making["edges"], making["labels"])
        draft.round += 1


def _ways(
    draft: TagDraft, making: dict[str, Any], numbers: np.ndarray, spread: Spread, *, is_dates: bool
) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parts = st.number_input(
            t("tagmaker.bands.parts"), 2, 20, len(making["edges"]) + 1, key=draft.key("parts"), width=120
        )
        if st.button(t("tagmaker.bands.equal_width"), key=draft.key("equal_width")):
            _again(draft, making, equal_width(numbers, int(parts)), is_dates=is_dates)
        if st.button(t("tagmaker.bands.equal_size"), key=draft.key("equal_size")):
            places = quantile_cuts(spread.counts, int(parts))
            _again(draft, making, [float(numbers[place]) for place in places], is_dates=is_dates)
        if st.button(t("tagmaker.undo"), disabled=not draft.undone, key=draft.key("undo")):
            draft.undo()
            st.rerun()


def _again(draft: TagDraft, making: dict[str, Any], edges: list[float], *, is_dates: bool) -> None:
    draft.remember()
    set_edges(draft, making, edges, is_dates=is_dates)
    draft.round += 1
    st.rerun()


def set_edges(draft: TagDraft, making: dict[str, Any], edges: list[float], *, is_dates: bool) -> None:
    """Cut anew; names are made for the bands that have none."""
    del draft
    kept = sorted({round(edge, 6) for edge in edges})
    making["edges"] = [written(edge, is_dates=is_dates) for edge in kept]
    making["labels"] = [band_name(making["edges"], place) for place in range(len(kept) + 1)]


def _names(draft: TagDraft, making: dict[str, Any], *, is_dates: bool) -> None:
    labels = [*making["labels"], *[""] * (len(making["edges"]) + 1 - len(making["labels"]))]
    before = list(making["edges"])
    for place in range(len(making["edges"]) + 1):
        edge, name, away = st.columns([3, 5, 1], vertical_alignment="bottom")
        if place == 0:
            edge.markdown(t("tagmaker.bands.below"))
        elif is_dates:
            chosen = edge.date_input(
                t("tagmaker.bands.from"), read(making["edges"][place - 1]), key=draft.key(f"edge_{place}")
            )
            if isinstance(chosen, date):
                making["edges"][place - 1] = chosen.isoformat()
        else:
            making["edges"][place - 1] = float(
                edge.number_input(
                    t("tagmaker.bands.from"), value=float(making["edges"][place - 1]),
                    key=draft.key(f"edge_{place}"), format="%g",
                )
            )  # fmt: skip
        labels[place] = name.text_input(
            t("tagmaker.bands.name"), labels[place] or "", help=t("tagmaker.bands.name_help"),
            key=draft.key(f"label_{place}"),
        ) or None  # fmt: skip
        if place and away.button(
            "✕", type="tertiary", help=t("tagmaker.remove"), key=draft.key(f"cut_{place}")
        ):
            draft.remember()
            making["edges"].pop(place - 1)
            making["labels"] = [label for index, label in enumerate(labels) if index != place]
            draft.round += 1
            st.rerun()
    making["labels"] = labels
    if before != making["edges"]:
        making["labels"] = named_again(before, making["edges"], labels)
        draft.round += 1
        st.rerun()
    if st.button(t("tagmaker.bands.add"), type="tertiary", key=draft.key("add_band")):
        draft.remember()
        last = as_number(read(making["edges"][-1])) if making["edges"] else 0.0
        step = 30.0 if is_dates else max(abs(last) * 0.5, 1.0)
        making["edges"].append(written(last + step, is_dates=is_dates))
        making["labels"].append(band_name(making["edges"], len(making["edges"])))
        draft.round += 1
        st.rerun()


def equal_width(numbers: np.ndarray, parts: int) -> list[float]:
    """Return the edges of so many parts of equal width, rounded to two digits of a part."""
    low, high = float(numbers[0]), float(numbers[-1])
    if low == high:
        return [high]
    exact = [low + (high - low) * place / parts for place in range(1, parts)]
    digits = -math.floor(math.log10((high - low) / parts)) + 1
    return sorted({round(edge, max(0, digits)) if digits > 0 else round(edge, digits) for edge in exact})


def bins_of(numbers: np.ndarray, counts: np.ndarray) -> list[dict[str, float]]:
    """Return at most `BINS` bins of equal width with their users."""
    low, high = float(numbers[0]), float(numbers[-1])
    if low == high:
        high = low + 1
    edges = np.linspace(low, high, BINS + 1)
    users, _ = np.histogram(numbers, bins=edges, weights=counts)
    return [
        {"low": float(edges[place]), "high": float(edges[place + 1]), "users": int(users[place])}
        for place in range(BINS)
    ]


def step_of(numbers: np.ndarray, *, is_dates: bool) -> float:
    """Return by how much an edge moves: a day, or a power of ten that makes some hundreds of steps."""
    if is_dates:
        return 1.0
    span = float(numbers[-1] - numbers[0]) or 1.0
    return float(10 ** math.floor(math.log10(span / 200)))


def band_name(edges: list[Any], place: int) -> str:
    """Return a name for a band that has none."""
    low = edges[place - 1] if place else None
    high = edges[place] if place < len(edges) else None
    if low is None:
        return t("tagmaker.bands.upto", high=_short(high))
    return t("tagmaker.bands.over", low=_short(low)) if high is None else f"{_short(low)}–{_short(high)}"


def named_again(before: list[Any], edges: list[Any], labels: list[Any]) -> list[Any]:
    """Return the names of bands whose edges moved: those that were made of the edges are made anew."""
    kept = [*labels, *[""] * (len(edges) + 1 - len(labels))][: len(edges) + 1]
    return [
        band_name(edges, place) if label == band_name(before, place) else label
        for place, label in enumerate(kept)
    ]


def as_number(value: Any) -> float:
    """Return a number, or a day as days since 1970-01-01."""
    return float((value - EPOCH).days) if isinstance(value, date) else float(value)


def written(number: float, *, is_dates: bool) -> Any:
    """Return an edge as it stands in a making."""
    return (EPOCH + timedelta(days=round(number))).isoformat() if is_dates else float(number)


def read(edge: Any) -> Any:
    """Return an edge as a number or a day."""
    return date.fromisoformat(edge) if isinstance(edge, str) else edge


def _short(edge: Any) -> str:
    return edge if isinstance(edge, str) else f"{edge:,.6g}"
