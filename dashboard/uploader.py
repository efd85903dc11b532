"""The place to put files into, in the session's language: Streamlit's own speaks English only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.i18n import t


def draw(
    label: str, rejected: str, key: str, on_change: Callable[..., None], *args: Any, several: bool = False
) -> None:
    """Draw the uploader; what was sent is ``st.session_state[key]``.

    Parameters
    ----------
    label : str
        What may be uploaded.
    rejected : str
        What is said below a file that did not arrive.
    on_change : callable
        Called with `args` when something was sent.
    several : bool
        Whether several files may be sent at once.
    """
    with st.container(key="uploader"):
        choose, drop = (
            ("data.upload.choose", "data.upload.drop")
            if several
            else ("lists.upload.choose", "lists.upload.drop")
        )
        words = f"--upload: '{t(choose)}'; --drop: '{t(drop)}';"
        st.html(f"<style>.st-key-uploader {{ {words} }}</style>")
        st.file_uploader(label, accept_multiple_files=several, key=key, on_change=on_change, args=args)
        st.html(f'<div class="coterie-rejected" role="alert">{rejected}</div>')
