"""The error boundary: what the caller can mend is said in their language, the rest is logged under an id."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import CallerError, Problem
from core.messages import message_of
from dashboard.i18n import pick, t

MOST_PROBLEMS = 8
MOST_ALLOWED = 12

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]()#+-.!|<>~$:"})
_log = logging.getLogger("coterie.dashboard")


@contextmanager
def boundary() -> Iterator[None]:
    """Show what goes wrong inside as one clear message, in place; also a decorator for callbacks.

    A `CallerError` is said in the session's language: what is wrong, where, what would be allowed, and (in
    its own words) the next step. Anything else is our fault: it is logged under an id, and the page shows the
    id and no detail.
    Streamlit's own control flow (rerun, stop) passes through.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  the outermost place: everything is said here, nothing swallowed
        show(error)


def show(error: Exception) -> None:
    """Say what went wrong where the script stands now."""
    if isinstance(error, CallerError):
        st.error(describe(error))
    else:
        st.error(t("frame.error.ours", id=log_unknown(error)))


def show_uncaught(error: Exception) -> bool:
    """Say what went wrong outside every boundary; True tells Streamlit that it has been shown."""
    show(error)
    return True


def describe(error: CallerError) -> str:
    """Return an error that the caller can mend, as Markdown: its problems with their places and remedies."""
    lines = [_line(problem) for problem in error.problems[:MOST_PROBLEMS]]
    hidden = len(error.problems) - len(lines)
    if hidden:
        lines.append(t("frame.error.more", n=hidden))
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def verbatim(words: object) -> str:
    """Return words so that Markdown shows them as they stand: file names, values, names that people gave."""
    return str(words).translate(_MARKDOWN)


def log_unknown(error: BaseException) -> str:
    """Log an error of ours and return the id under which it can be found.

    The log names the kind of error and the places in the code, never its message: messages of libraries quote
    values, and values may be somebody's name or phone number.
    """
    identity = secrets.token_hex(4)
    places = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s %s\n%s", identity, type(error).__name__, places)
    return identity


def _line(problem: Problem) -> str:
    line = verbatim(pick(message_of(problem)))
    if problem.node:
        line = f"{line} {t('frame.error.place', place=verbatim(problem.node))}"
    if problem.allowed:
        listed = t("frame.comma").join(verbatim(name) for name in problem.allowed[:MOST_ALLOWED])
        more = "…" if len(problem.allowed) > MOST_ALLOWED else ""
        line = f"{line} {t('frame.error.allowed', names=listed + more)}"
    return line
