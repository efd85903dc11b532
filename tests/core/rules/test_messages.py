"""Every code that core/rules raises has its words in both languages, and no words lie about unused."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from core import messages
from core.rules import tree

FOLDER = Path(tree.__file__).parent
SOURCE = "\n".join(file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.py")))
TEXTS = tomllib.loads((Path(messages.__file__).parent / "rules.toml").read_text(encoding="utf-8"))
RAISED = set(
    re.findall(r'(?:Problem|_refuse|_unknown|PydanticCustomError|_not_one_of|say)\(\s*"([a-z_0-9]+)"', SOURCE)
)


def test_every_code_that_is_raised_has_words() -> None:
    assert {code for code in RAISED if code not in messages.catalogue()} == set()


def test_every_text_is_said_somewhere() -> None:
    prefixes = tuple(re.findall(r'f"([a-z_]+_)\{', SOURCE))
    unsaid = {code for code in TEXTS if f'"{code}"' not in SOURCE and not code.startswith(prefixes)}
    assert unsaid == set()


def test_both_languages_name_the_same_things() -> None:
    for code, text in TEXTS.items():
        names = [set(re.findall(r"(?<!\{)\{([a-z]+)\}", text[language])) for language in ("zh", "en")]
        assert names[0] - names[1] <= {"total"}, code
        assert names[1] - names[0] <= {"more", "type"}, code


def test_a_word_goes_with_the_number_it_is_said_with() -> None:
    assert messages.say("length_week", n="1")["en"] == "1 week"
    assert messages.say("length_week", n="21")["en"] == "21 weeks"
    with pytest.raises(KeyError):
        messages.worded("{n} {m|person|people}", {"n": 1})


def test_every_word_that_follows_a_number_follows_one_that_the_text_names() -> None:
    for code, text in messages.catalogue().items():
        for wording in text.values():
            numbers = set(re.findall(r"\{(\w+)\|[^|}]+\|[^|}]+\}", wording))
            assert numbers <= set(re.findall(r"\{(\w+)(?:\}|:)", wording)), code
