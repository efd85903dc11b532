"""The ASGI application: Streamlit's own, plus a cookie by which a browser is known again."""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import WorkspaceError
from dashboard import errors, state, timer
from dashboard.builder import insight
from dashboard.imports import desk

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / ".streamlit" / "config.toml"
A_YEAR = 60 * 60 * 24 * 365
SECONDS_TO_STOP = 5.0
"""How long a stopping server waits for a running import to notice; past that the lake drops it whole."""

_log = logging.getLogger("coterie.dashboard")


def application() -> st.App:
    """Return the application that serves the dashboard over the workspace of `state.workspace_root`."""
    return st.App(
        ROOT / "dashboard" / "app.py",
        lifespan=_lifespan,
        middleware=[Middleware(BrowserCookie)],
        on_script_error=errors.show_uncaught,
    )


class BrowserCookie:
    """Hands a browser that has none the cookie ``coterie_browser`` with a random id.

    HttpOnly, so that no script of the page reads it; SameSite=Lax; a year. Only documents carry it, so that
    parallel requests of one page never race for two ids; also one that the browser still has ("304 Not
    Modified"), for it outlives a cookie that was cleared.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, adding the cookie to a page that is asked for without one."""
        if scope["type"] != "http" or state.BROWSER_COOKIE in HTTPConnection(scope).cookies:
            await self._app(scope, receive, send)
            return
        wants_page = "text/html" in HTTPConnection(scope).headers.get("accept", "")

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_kept = message["status"] == HTTPStatus.NOT_MODIFIED and wants_page
                if is_kept or headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _browser_cookie(secure=scope["scheme"] == "https"))
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def options() -> dict[str, Any]:
    """Return ``.streamlit/config.toml`` as dotted options, without those that the environment sets.

    Streamlit looks for the file only in the working directory; the dashboard must look and be guarded the
    same from wherever it is started.
    """
    flat = _flatten(tomllib.loads(CONFIG.read_text(encoding="utf-8")))
    return {name: value for name, value in flat.items() if _variable(name) not in os.environ}


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    """Open the workspace before the first visitor; let go of it when the server stops."""
    try:
        state.workspace()
    except WorkspaceError as error:
        _log.warning("no workspace to open in %s: %s", state.workspace_root(), error.code)
    clockwork = timer.start()
    try:
        yield
    finally:
        clockwork.shutdown(wait=False)
        insight.stop()
        if desk.job is not None:
            desk.job.cancel()
            desk.job.wait(SECONDS_TO_STOP)
        state.forget_workspace()


def _browser_cookie(*, secure: bool) -> str:
    cookie: SimpleCookie = SimpleCookie()
    cookie[state.BROWSER_COOKIE] = state.new_session_key()
    morsel = cookie[state.BROWSER_COOKIE]
    morsel.update({"path": "/", "max-age": str(A_YEAR), "samesite": "Lax"})
    morsel["httponly"] = True
    if secure:
        morsel["secure"] = True
    return morsel.OutputString()


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat.update(
            _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat


def _variable(option: str) -> str:
    """Return the variable of an option: ``server.maxUploadSize`` is STREAMLIT_SERVER_MAX_UPLOAD_SIZE."""
    return "STREAMLIT_" + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", option.replace(".", "_")).upper()
