"""From several source files to the one text that Streamlit takes: JavaScript joined in order, CSS likewise.

The sources are plain ES modules that node and a browser can import one by one. Joining drops their imports of
one another and the word ``export``, so that all stand in one scope: names at the top of a file are unique
across files.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import Literal

Part = Literal["builder", "facts", "insight"]

# Each file after those whose functions it calls while it is being loaded.
SOURCES = (
    "tree", "kinds", "catalogue", "words", "dom", "wire", "turns", "editor", "lookups", "live",
    "popover", "picker", "days", "controls", "windows", "costs", "numbers", "verdict", "comparison",
    "measures", "occurrence", "sequence", "sides", "named", "cards", "rows", "asof", "groups", "actions",
    "drag", "keyboard", "palette", "canvas", "charts", "panel", "facts", "findings", "near", "person",
    "diagnose", "scale", "distribution", "threshold", "solve", "size",
    "trendline", "trendpicture", "trendtab", "traitlines", "traits", "everyone", "versus", "profiletab",
    "insight", "clipboard", "definition",
    "toolbar", "page", "leaving", "hub", "main",
)  # fmt: skip
STYLES = (
    "shell", "fields", "palette", "canvas", "rows", "dragging", "panel", "insight", "trends", "floats",
    "sizes",
)  # fmt: skip

_IMPORT = re.compile(r'^import\s[^;]*?from\s+"\./[\w.]+";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)


@cache
def stage_code() -> str:
    """Return the code that runs the page: every source in one module."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", source(f"js/{name}.js"))) for name in SOURCES)


@cache
def door_code(part: Part) -> str:
    """Return the few lines that every part but the stage carries with each answer."""
    return source("js/door.js").replace("{part}", part)


@cache
def styles() -> str:
    """Return the style sheet of the page."""
    return "\n".join(source(f"css/{name}.css") for name in STYLES)


@cache
def code_stamp() -> str:
    """Return a short hash of code and styles: another one means another release."""
    return hashlib.sha256((stage_code() + styles()).encode()).hexdigest()[:12]


def source(path: str) -> str:
    """Return one source file by its path below this folder."""
    return (resources.files("dashboard.builder") / path).read_text(encoding="utf-8")
