"""The menu: which pages there are, in which order, under which address, and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard.i18n import t

PAGES = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class MenuItem:
    """One entry of the menu.

    Attributes
    ----------
    key : str
        Address of the page (``/<key>``), name of its file and last part of its texts' keys.
    needs_data : bool
        Without a data version the frame says how to get one and leaves the page out.
    section : str
        The part of the menu that it stands in; "" = the menu itself.
    """

    key: str
    needs_data: bool
    section: str = ""

    @property
    def file(self) -> Path:
        """The page's script."""
        return PAGES / f"{self.key}.py"


MENU: tuple[MenuItem, ...] = (
    MenuItem("build", needs_data=True),
    MenuItem("audiences", needs_data=True),
    MenuItem("tags", needs_data=True),
    *(
        MenuItem(key, needs_data=True, section="analyses")
        for key in (
            "overview",
            "journey",
            "lifecycle",
            "rfm",
            "retention",
            "budget",
            "channels",
            "members",
        )
    ),
    MenuItem("data", needs_data=False),
    MenuItem("exports", needs_data=False),
)


def pages() -> dict[str, Page]:
    """Return the pages by key, titled in the session's language; the first one is at the root address."""
    return {
        item.key: st.Page(
            item.file,
            title=t(f"frame.menu.{item.key}"),
            url_path=item.key,
            default=item is MENU[0],
            help=t(f"frame.menu.{item.key}.help"),
        )
        for item in MENU
    }


def chosen(among: dict[str, Page]) -> tuple[MenuItem, Page]:
    """Draw the menu and return the entry and the page that this session is at."""
    sections: dict[str, list[Page]] = {}
    for item in MENU:
        heading = t(f"frame.section.{item.section}") if item.section else ""
        if item.key in among:
            sections.setdefault(heading, []).append(among[item.key])
    page = st.navigation(dict(sections), position="top")
    key = next(key for key, candidate in among.items() if candidate is page)
    return next(item for item in MENU if item.key == key), page


def page_file(key: str) -> str:
    """Return what ``st.switch_page`` and ``st.page_link`` take for a page of the menu."""
    return str(next(item.file for item in MENU if item.key == key))
