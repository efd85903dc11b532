"""The frame: draws the header and the menu, then the page inside the error boundary."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import WorkspaceError
from dashboard import header, navigation, state
from dashboard.errors import boundary
from dashboard.i18n import keep_language, t

MARK = Path(__file__).resolve().parent / "assets" / "mark.svg"


def run() -> None:
    """Draw the whole screen once."""
    keep_language()
    pages = navigation.pages()
    item, page = navigation.chosen(pages)
    st.set_page_config(
        page_title=f"{page.title} · {t('frame.product')}",
        page_icon=str(MARK),
        layout="wide",
        menu_items={"About": t("frame.about")},
    )
    st.logo(str(MARK), size="small")
    header.style()
    state.come_to(item.key)
    with boundary():
        header.draw()
    with boundary():
        if _has_workspace() and (not item.needs_data or _has_data()):
            page.run()


def _has_workspace() -> bool:
    """Tell whether there is a workspace; where there is nothing at all, offer to make one."""
    root = state.workspace_root()
    if root.exists() and any(root.iterdir()):
        state.workspace()
        return True
    _teach("no_workspace", root=str(root))
    if st.button(t("frame.no_workspace.create"), type="primary"):
        state.create_workspace()
        st.switch_page(navigation.page_file("data"))
    return False


def _has_data() -> bool:
    """Tell whether there is something to ask about; where nothing was imported yet, say how that is done."""
    try:
        state.workspace().data_version()
    except WorkspaceError as error:
        if error.code != "no_data":
            raise
        _teach("no_data")
        st.page_link(navigation.page_file("data"), label=t("frame.no_data.open"))
        return False
    return True


def _teach(what: str, **params: object) -> None:
    st.header(t(f"frame.{what}.title"), anchor=False)
    st.markdown(t(f"frame.{what}.body", **params))


if __name__ == "__main__":
    run()
