"""Every text that the dashboard says, in 中文 and English, and in which of the two it is said.

The texts lie beside this file in TOML, one file per page. A key is dotted (``["audiences.title"]``) and holds
``zh`` and ``en``, in which ``{name}`` is replaced and may carry a format (``{n:,}``); ``{n|person|people}``
is the first word where the number is one, else the second, here as in core and in the builder's scripts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import streamlit as st

from core.messages import LANGUAGES, Language, Text, worded
from core.schema import Label

LANGUAGE_COOKIE = "coterie_language"
_PARAMETER = "lang"
_STATE = "coterie:language"
_SPOKEN = "coterie:language_spoken"
_WAS_CHOSEN = "coterie:language_was_chosen"

Wording = Text | Label | Mapping[str, str]


def t(key: str, **params: object) -> str:
    """Return a text in the language of this session.

    Parameters
    ----------
    key : str
        Dotted key in one of the TOML files beside this one.
    **params
        Values for the names in the text. A text in both languages is put in in the language of the sentence.

    Raises
    ------
    KeyError
        If no text has this key or a named value is not given: a fault of ours, found by the tests.
    """
    return said(key, language(), **params)


def said(key: str, in_language: Language, **params: object) -> str:
    """Return a text in the language that is named: `t` for where no session runs."""
    values = {name: _in(value, in_language) for name, value in params.items()}
    return worded(texts()[key][in_language], values)


def pick(wording: Wording) -> str:
    """Return the words of a label or of a text from core in the language of this session."""
    return str(_in(wording, language()))


def language() -> Language:
    """Return the language in which the page is drawn: it changes with a run of the whole page, or a choice.

    A run of a fragment may bring a link that is older than the choice: that says nothing.
    """
    spoken = _known(st.session_state.get(_SPOKEN))
    return _wanted() if spoken is None else spoken


def _wanted() -> Language:
    """Return the language that is asked for.

    The link decides (``?lang=en``), else what was chosen in this session, else what was chosen in this
    browser before, else what the browser prefers: Chinese where it asks for any Chinese, English otherwise.
    """
    in_link = _known(st.query_params.get(_PARAMETER))
    if in_link is not None:
        return in_link
    chosen = _known(st.session_state.get(_STATE)) or _known(st.context.cookies.get(LANGUAGE_COOKIE))
    if chosen is not None:
        return chosen
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def set_language(chosen: Language) -> None:
    """Speak this language from now on and write it into the link.

    Parameters
    ----------
    chosen : {"zh", "en"}
        Anything else raises ValueError.
    """
    if chosen not in LANGUAGES:
        raise ValueError(f"no language {chosen!r}; there are {', '.join(LANGUAGES)}")
    st.session_state[_STATE] = st.session_state[_SPOKEN] = chosen
    st.session_state[_WAS_CHOSEN] = True
    st.query_params[_PARAMETER] = chosen


def was_chosen() -> bool:
    """Tell whether the operator chose the language in this session, so that the browser should keep it."""
    return bool(st.session_state.get(_WAS_CHOSEN))


def keep_language() -> Language:
    """Settle the language of this run; hold on to it when the page changes, which empties the link."""
    spoken = st.session_state[_SPOKEN] = _wanted()
    if _known(st.query_params.get(_PARAMETER)) is not None:
        st.session_state[_STATE] = spoken
    elif _known(st.session_state.get(_STATE)) is not None:
        st.query_params[_PARAMETER] = spoken
    return spoken


@cache
def texts() -> Mapping[str, Text]:
    """Return all texts by key; a key that stands in two files is refused."""
    found: dict[str, Text] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if key in found:
                raise ValueError(f"{file.name}: the text {key!r} stands in another file too")
            found[key] = Text(zh=entry["zh"], en=entry["en"])
    return found


def _known(name: object) -> Language | None:
    return next((known for known in LANGUAGES if known == name), None)


def _in(value: object, in_language: Language) -> object:
    if isinstance(value, Label):
        return getattr(value, in_language)
    if isinstance(value, Mapping) and value.keys() == {"zh", "en"}:
        return value[in_language]
    return value
