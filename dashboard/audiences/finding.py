"""How an audience is found among many: by words, folder and owner, and in which order they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from core.workspace import Audience
from dashboard import state
from dashboard.i18n import t


def found_by(words: str, audience: Audience) -> bool:
    """Tell whether an audience's name, note, author, folder or owner contain every word."""
    told = (audience.name, audience.note, audience.changed_by.name, audience.folder, audience.owner)
    text = " ".join(told).casefold()
    return all(word in text for word in words.casefold().split())


def folders(audiences: Iterable[Audience]) -> list[str]:
    """Return the ways of all folders, each after that in which it lies; those too that hold only folders."""
    ways = set()
    for audience in audiences:
        parts = audience.folder.split("/") if audience.folder else []
        ways |= {"/".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    return sorted(ways, key=lambda way: way.split("/"))


def choose_folder(audiences: list[Audience]) -> str:
    """Draw the folders as a tree with the numbers in them; return the chosen one, empty = all."""
    ways = folders(audiences)
    if not ways:
        return ""

    def name_of(way: str) -> str:
        if not way:
            return t("audiences.all_folders")
        depth = way.count("/")
        inside = sum(within(audience, way) for audience in audiences)
        return f"{'　' * depth}{way.rsplit('/', maxsplit=1)[-1]} ({inside})"

    return st.selectbox(
        t("audiences.all_folders"), ["", *ways], format_func=name_of, label_visibility="collapsed",
        key="audiences_folder", width=180,
    )  # fmt: skip


def within(audience: Audience, folder: str) -> bool:
    """Tell whether an audience lies in a folder, or deeper."""
    return audience.folder == folder or audience.folder.startswith(f"{folder}/")


def choose_owner(audiences: list[Audience]) -> str:
    """Draw the choice among owners, where there are several; empty = all."""
    names = sorted({audience.owner for audience in audiences} - {""})
    if len(names) < 2:
        return ""
    return st.selectbox(
        t("audiences.all_owners"), ["", *names], label_visibility="collapsed", key="audiences_all_owners",
        format_func=lambda name: name or t("audiences.all_owners"), width=160,
    )  # fmt: skip


SORTS: Mapping[str, Callable[[Audience], Any]] = {
    "changed": lambda audience: -audience.changed_at.timestamp(),
    "name": lambda audience: audience.name.casefold(),
    "folder": lambda audience: (not audience.folder, audience.folder.split("/"), audience.name.casefold()),
    "moved": lambda audience: -moved_share(audience),
}


def moved_share(audience: Audience) -> float:
    """Return who came and went at the last refresh, as a share of those who were there before."""
    snapshots = state.workspace().snapshots(audience.id)
    if not snapshots:
        return 0.0
    entered, left = (sum(side.values()) for side in (snapshots[0].entered, snapshots[0].left))
    return (entered + left) / max(1, snapshots[0].people - entered + left)


def choose_order() -> str:
    """Draw in which order the audiences stand."""
    return st.selectbox(
        t("audiences.sort"), list(SORTS), format_func=lambda key: t(f"audiences.sort.{key}"),
        label_visibility="collapsed", key="audiences_sort", width=170,
    )  # fmt: skip
