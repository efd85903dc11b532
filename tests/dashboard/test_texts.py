"""The dashboard's texts: complete in both languages, all of them used, none missing."""

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from core.messages import LANGUAGES
from dashboard.i18n import said, texts

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for folder in ("dashboard", "pages") for path in (ROOT / folder).rglob("*.py"))
SCRIPTS = sorted((ROOT / "dashboard" / "builder").rglob("*.js"))
BUILDER = "builder."  # what the builder's scripts leave out before their keys
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")

# Words that stay as they are in the other language: product, formats, fixed keys of the field.
CHINESE_IN_ENGLISH = {"frame.language.name", "frame.language.switch"}
LATIN_IN_CHINESE = {"Coterie", "JSON", "SHA", "TGI", "RFM", "EN"}


def used_keys() -> tuple[set[str], set[str]]:
    """Return the keys that sources name wholly, and the beginnings of those that they put together."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    for path in SCRIPTS:
        script = path.read_text(encoding="utf-8")
        whole |= {BUILDER + key for key in re.findall(r"""["'`]([\w.]+)["'`]""", script)}
        beginnings |= {BUILDER + key for key in re.findall(r"\bt\(`([\w.]+\.)\$\{", script)}
        # Kept in a variable first, a key looks like a selector of style sheets; only real beginnings count.
        maybe = {BUILDER + key for key in re.findall(r"`([\w.]+\.)\$\{", script)}
        beginnings |= {beginning for beginning in maybe if any(key.startswith(beginning) for key in texts())}
    return whole, {beginning for beginning in beginnings if "." in beginning}


def called_keys() -> dict[str, Path]:
    """Return every key that a source hands to `t` or `said` as a literal, with where."""
    found: dict[str, Path] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name | ast.Attribute)
                and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) in ("t", "said")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                found[node.args[0].value] = path
    for path in SCRIPTS:
        for key in re.findall(r"""\bt\(["']([\w.]+)["']""", path.read_text(encoding="utf-8")):
            found[BUILDER + key] = path
    return found


def names_in(template: str) -> set[str]:
    """Return the values that are put in; a number that only chooses a word (``{n|day|days}``) is not."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name and "|" not in name}


@pytest.mark.parametrize("file", sorted((ROOT / "dashboard" / "i18n").glob("*.toml")), ids=lambda f: f.stem)
def test_every_text_has_exactly_both_languages_and_neither_is_blank(file):
    for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
        assert set(entry) == set(LANGUAGES), key
        assert all(entry[language].strip() for language in LANGUAGES), key


def test_both_languages_of_a_text_name_the_same_values():
    different = [key for key, text in texts().items() if names_in(text["zh"]) != names_in(text["en"])]
    assert different == []


def test_every_key_that_a_source_calls_exists():
    assert {key: str(path) for key, path in called_keys().items() if key not in texts()} == {}


def test_every_beginning_of_a_key_that_is_put_together_leads_to_a_text():
    _, beginnings = used_keys()
    homes = {key.split(".")[0] for key in texts()}
    ours = {b for b in beginnings if b.split(".")[0] in homes}
    assert {b for b in ours if not any(key.startswith(b) for key in texts())} == set()


def test_no_text_is_unused():
    whole, beginnings = used_keys()
    unused = [key for key in texts() if key not in whole and not any(key.startswith(b) for b in beginnings)]
    assert unused == []


def test_no_english_text_holds_chinese():
    found = [k for k, text in texts().items() if HAN.search(text["en"]) and k not in CHINESE_IN_ENGLISH]
    assert found == []


def test_every_chinese_text_with_words_holds_chinese():
    for key, text in texts().items():
        words = set(LATIN_WORD.findall(re.sub(r"\{[^}]*\}|`[^`]*`", "", text["zh"])))
        assert HAN.search(text["zh"]) or words <= LATIN_IN_CHINESE, key


def said_at_import(tree):
    """Return the lines on which a module says something when it is imported, not when somebody looks."""
    left = list(ast.iter_child_nodes(tree))
    while left:
        node = left.pop()  # None in place of a default that is not there
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left += [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
            continue
        if node is None or isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("t", "pick"):
            yield node.lineno
        left += ast.iter_child_nodes(node)


def test_nothing_is_said_in_the_language_of_whoever_came_first():
    """Pages run anew for everybody; modules are imported once, in the language of the first visitor."""
    early = "import streamlit as st\n@st.dialog(t('x'))\ndef f(a=t('y')):\n    return t('z')\nA = [lambda: t('b')]\n"
    assert sorted(said_at_import(ast.parse(early))) == [2, 3]
    for path in SOURCES:
        if path.parent.name != "pages":
            assert list(said_at_import(ast.parse(path.read_text(encoding="utf-8")))) == [], path


def test_an_unknown_key_is_a_fault_and_is_raised():
    with pytest.raises(KeyError):
        said("frame.no_such_text", "zh")
