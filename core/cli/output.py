"""What the command line prints: answers on stdout, everything else on stderr, in the caller's language."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from core.errors import CoterieError
from core.ingest import Progress as ImportProgress
from core.messages import Language, Text, message_of, say

_WIDTH_WITHOUT_TERMINAL = 180


def language() -> Language:
    """Return the language for people: ``COTERIE_LANG``, else the locale's, else English."""
    for variable in ("COTERIE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def prepare_streams() -> None:
    """Print UTF-8 whatever the locale says: the contract does not change with it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def print_json(value: object) -> None:
    """Print one JSON object on one line and hand it on at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_error(error: CoterieError) -> None:
    """Print every problem on stderr, each with its place."""
    for problem in error.problems:
        where = f"{problem.node}: " if problem.node else ""
        sys.stderr.write(f"{where}{message_of(problem)[language()]}\n")


def words(text: Text) -> str:
    """Return a text in the caller's language."""
    return text[language()]


def said(code: str, **params: object) -> str:
    """Return a text of the catalogue in the caller's language."""
    return say(code, **params)[language()]


def screen() -> Console:
    """Return the console for tables on stdout; into a file or pipe they are not cut to 80 columns."""
    width = None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=sys.stdout, highlight=False, width=width)


def line(text: str) -> None:
    """Print one line for people, whole."""
    sys.stdout.write(text + "\n")


@contextmanager
def progress_shown() -> Iterator[Callable[[ImportProgress], None]]:
    """Yield what an import reports to: a bar on a terminal, else one line for each new stage, on stderr."""
    console = Console(file=sys.stderr, highlight=False)
    if not console.is_terminal:
        seen: set[str] = set()

        def line(now: ImportProgress) -> None:
            text = said(now.code, **now.params)
            if text not in seen:
                seen.add(text)
                sys.stderr.write(f"{now.share:4.0%} {text}\n")

        yield line
        return
    columns = (BarColumn(), TextColumn("{task.percentage:3.0f}%"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task("", total=1.0)

        def bar(now: ImportProgress) -> None:
            bars.update(task, completed=now.share, description=said(now.code, **now.params))

        yield bar
