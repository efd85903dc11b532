"""Every text that core says, in 中文 and English, and the one function that says it.

The texts lie beside this file in TOML, one file per layer (``rules.toml``, ``ingest.toml``, …), so that a
translator edits no code. An entry is ``[code]`` with ``zh`` and ``en``, in which ``{name}`` is replaced
and ``{name|person|people}`` is the one word or the other: the first where the number is one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal, TypedDict

from core.errors import CoterieError, Problem

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


class Text(TypedDict):
    """The same words in both languages."""

    zh: str
    en: str


def say(code: str, **params: object) -> Text:
    """Return the text of a code in both languages.

    Parameters
    ----------
    code : str
        Key in the catalogue.
    **params
        Values for the names in the text. A ``Text`` is put in in the language of the sentence; a sequence
        is joined with the language's own comma.

    Raises
    ------
    KeyError
        If no text has this code or a named value is not given: a fault of ours, found by the tests.
    """
    return fill(catalogue()[code], **params)


def fill(template: Text, **params: object) -> Text:
    """Return a text with its names replaced, as `say` does; for texts that stand beside what they name."""
    return Text(
        zh=worded(template["zh"], {k: _in(v, "zh") for k, v in params.items()}),
        en=worded(template["en"], {k: _in(v, "en") for k, v in params.items()}),
    )


def worded(template: str, values: Mapping[str, object]) -> str:
    """Return a text of one language with its names replaced and its words in the number that fits.

    Raises
    ------
    KeyError
        If the text names a value that is not given: a fault of ours, found by the tests.
    """
    return template.format_map(_Values(values))


def message_of(problem: Problem) -> Text:
    """Return the words for a problem, with "did you mean" when a near name is known."""
    text = say(problem.code, **problem.params)
    if problem.nearest is None:
        return text
    hint = say("did_you_mean", nearest=problem.nearest)
    return Text(zh=text["zh"] + hint["zh"], en=text["en"] + hint["en"])


def problem_as_json(problem: Problem) -> dict[str, object]:
    """Return a problem in the form of the command line's contract (DESIGN section 6)."""
    return {
        "code": problem.code,
        "node": problem.node,
        "message": message_of(problem),
        "allowed": list(problem.allowed),
        "nearest": problem.nearest,
    }


def error_as_json(error: CoterieError) -> dict[str, object]:
    """Return an error in the form of the command line's contract: ``{"error": {"code", "problems"}}``."""
    return {"error": {"code": error.code, "problems": [problem_as_json(p) for p in error.problems]}}


@cache
def catalogue() -> Mapping[str, Text]:
    """Return all texts by code; a code that stands in two files is refused."""
    texts: dict[str, Text] = {}
    for file in sorted(resources.files(__package__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in texts:
                raise ValueError(f"{file.name}: the text {code!r} stands in another file too")
            texts[code] = Text(zh=entry["zh"], en=entry["en"])
    return texts


class _Values(dict[str, object]):
    """The values of a text; the name ``n|person|people`` is a word that goes with the number ``n``."""

    def __missing__(self, name: str) -> object:
        number, *words = name.split("|")
        if len(words) != 2:
            raise KeyError(name)
        return words[0] if str(self[number]) == "1" else words[1]


def _in(value: object, language: Language) -> object:
    if isinstance(value, dict) and value.keys() == {"zh", "en"}:
        return value[language]
    if isinstance(value, list | tuple):
        return {"zh": "、", "en": ", "}[language].join(str(_in(v, language)) for v in value)
    return value
