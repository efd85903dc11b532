"""What a session knows: the workspace (one per process), the day, who acts, and which browser it is."""

from __future__ import annotations

import os
import re
import secrets
import threading
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from core.workspace import Actor, Workspace
from dashboard.i18n import t

WORKSPACE_VARIABLE = "COTERIE_WORKSPACE"
DEFAULT_WORKSPACE = Path("workspace")

BROWSER_COOKIE = "coterie_browser"
ACTOR_COOKIE = "coterie_actor"

_AS_OF = "coterie:as_of"
_ACTOR = "coterie:actor"
_SESSION_KEY = "coterie:session_key"
_PAGE, _CAME = "coterie:page", "coterie:came"
_SESSION_KEY_FORM = re.compile(r"[A-Za-z0-9_-]{22}")


class _Opened:
    """The workspace of this process, opened at most once however many sessions ask at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None

    def get(self) -> Workspace:
        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace.open(workspace_root())
            return self._workspace

    def create(self) -> Workspace:
        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace.create(workspace_root())
            return self._workspace

    def forget(self) -> None:
        with self._lock:
            self._workspace = None


_opened = _Opened()


def workspace_root() -> Path:
    """Return the folder that ``COTERIE_WORKSPACE`` names, else ``workspace`` in the working directory."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or DEFAULT_WORKSPACE).resolve()


def workspace() -> Workspace:
    """Return the workspace that all sessions of this process share.

    Raises
    ------
    WorkspaceError
        If there is none in the folder, or it cannot be read.
    """
    return _opened.get()


def create_workspace() -> Workspace:
    """Create an empty workspace in the folder and return it, now shared by all sessions."""
    return _opened.create()


def forget_workspace() -> None:
    """Let go of the workspace: when the server stops, and in tests. The next question opens it anew."""
    _opened.forget()


def as_of() -> date:
    """Return the day that this session asks about: the chosen one, else the workspace's default.

    Raises
    ------
    WorkspaceError
        If no day was chosen and there are no data to take one from.
    """
    chosen = st.session_state.get(_AS_OF)
    return chosen if isinstance(chosen, date) else workspace().default_as_of()


def set_as_of(day: date | None) -> None:
    """Ask about this day from now on; None = follow the workspace's default."""
    st.session_state[_AS_OF] = day


def come_to(page: str) -> None:
    """Note which page this run of the whole dashboard draws."""
    st.session_state[_CAME] = st.session_state.get(_PAGE) != page
    st.session_state[_PAGE] = page


def has_come() -> bool:
    """Tell whether the run before drew another page, or there was none."""
    return bool(st.session_state.get(_CAME))


def session_key() -> str:
    """Return a random id that stays the same for one browser, over reloads and restarts of the server.

    It is the cookie ``coterie_browser``, which the server hands out with the page (`dashboard.server`), so it
    never stands in a link. A browser that refuses cookies has one id per session, and keeps no drafts.
    """
    from_cookie = _cookie(BROWSER_COOKIE)
    if _SESSION_KEY_FORM.fullmatch(from_cookie):
        return from_cookie
    if _SESSION_KEY not in st.session_state:
        st.session_state[_SESSION_KEY] = new_session_key()
    return str(st.session_state[_SESSION_KEY])


def new_session_key() -> str:
    """Return a fresh id for a browser: 128 random bits, too many to guess."""
    return secrets.token_urlsafe(16)


def actor() -> Actor:
    """Return who acts in this session, for the log.

    Whoever logged in (``st.user``) is verified; a name that somebody typed is not. Where nobody gave a name,
    the log says so in its place.
    """
    account = st.user.to_dict()
    name = account.get("name") or account.get("email")
    if name and account.get("is_logged_in", True):
        return Actor(name=str(name), verified=True)
    return Actor(name=typed_name() or t("frame.actor.nobody"), verified=False)


def typed_name() -> str:
    """Return the name that was typed in this session, else in this browser before; may be empty."""
    return str(st.session_state.get(_ACTOR, unquote(_cookie(ACTOR_COOKIE)))).strip()


def set_typed_name(name: str) -> None:
    """Sign with this name from now on. Nobody verifies it, and the log says so."""
    st.session_state[_ACTOR] = name.strip()


def name_was_typed() -> bool:
    """Tell whether a name was typed in this session, so that the browser should keep it."""
    return _ACTOR in st.session_state


def _cookie(name: str) -> str:
    """Return a cookie of this browser; "" where it sent none (or where no browser is there, as in tests)."""
    value = st.context.cookies.get(name)
    return value if isinstance(value, str) else ""
