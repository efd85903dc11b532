"""Every code that the importer and the lake can raise has its words, and every text is used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

CORE = Path(__file__).parents[3] / "core"


@pytest.mark.parametrize("layer", ["ingest", "lake"])
def test_every_code_has_its_words_and_every_text_is_used(layer: str) -> None:
    texts = tomllib.loads((CORE / "messages" / f"{layer}.toml").read_text("utf-8"))
    source = "".join(path.read_text("utf-8") for path in sorted((CORE / layer).glob("*.py")))
    raised = set(re.findall(r'(?:Problem|say)\(\s*"(\w+)"', source))
    common = set()
    for other in (CORE / "messages").glob("*.toml"):
        common |= set(tomllib.loads(other.read_text("utf-8")))
    assert not raised - common, "codes without words"
    mentioned = set(re.findall(r'"(\w+)"', source))
    built = ("reject_", "why_", "kind_", "dimension_", "plan_")
    unused = {code for code in texts if code not in mentioned and not code.startswith(built)}
    assert not unused, "words that nobody says"
    for code, entry in texts.items():
        assert set(re.findall(r"{(\w+)}", entry["zh"])) == set(re.findall(r"{(\w+)}", entry["en"])), code
