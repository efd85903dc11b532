"""Without purchases, without events, about nobody: every analysis says so in a sentence, and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.analytics.analyses import ANALYSES, is_lacking
from core.analytics.asking import Figure
from core.analytics.sheets import sheets
from core.analytics.wording import Wording
from core.errors import CallerError, RuleError
from core.messages import LANGUAGES, Language, message_of, say
from core.workspace import Workspace
from tests.command_line import core
from tests.core.cli.test_contract import answer
from tests.core.nothing_to_tell import LACKING, NOBODY, with_an_audience_of_nobody
from tests.core.report.reading import assert_self_contained


@pytest.fixture(scope="module", params=LACKING)
def lacking(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return LACKING[request.param](tmp_path_factory.mktemp("lacking"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nobody")


@pytest.fixture(scope="module")
def nobody(folder: Path) -> Workspace:
    return with_an_audience_of_nobody(folder)


def written(door: Workspace, told: Any) -> Iterator[str]:
    """Yield every cell of every table in both languages, and the JSON, which may hold no NaN."""
    yield json.dumps(told.as_json(), ensure_ascii=False, allow_nan=False)
    for sheet in sheets(told, door.catalogue()):
        for row in sheet.rows:
            assert len(row) == len(sheet.columns)
            for value, column in zip(row, sheet.columns, strict=True):
                yield from (Wording(language).written(value, column.kind) for language in LANGUAGES)


@pytest.mark.parametrize("name", ANALYSES)
def test_what_the_data_lack_is_told_or_named(name: str, lacking: Workspace) -> None:
    lacks = {
        "journey": not lacking.catalogue().journey,
        "retention": not lacking.catalogue().events,
        "rfm": True,
        **dict.fromkeys(("overview", "lifecycle"), not lacking.catalogue().journey),
    }
    if lacks.get(name, False):
        with pytest.raises(CallerError) as refused:
            lacking.analyse(name)
        problems = refused.value.problems
        assert all(message_of(problem)[language] for problem in problems for language in LANGUAGES)
        is_of_journey = [problem.code for problem in problems] == ["no_journey"]
        assert is_of_journey or (isinstance(refused.value, RuleError) and is_lacking(refused.value, {}))
        return
    told = lacking.analyse(name)
    assert not [cell for cell in written(lacking, told) if "nan" in cell.lower().split() or "inf" in cell]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_has_a_table_or_a_sentence_in_every_place(lacking: Workspace, language: Language) -> None:
    report = assert_self_contained(lacking.report(language))
    assert list(report.sections) == list(ANALYSES)
    for key, part in report.sections.items():
        assert part.tables or say("report_not_told")[language] in part.text, key
        assert "nan" not in part.text.lower().split(), key


@pytest.mark.parametrize("name", ANALYSES)
def test_of_nobody_everything_is_none_or_nobody(name: str, nobody: Workspace) -> None:
    told = nobody.analyse(name, audience=NOBODY)
    cells = list(written(nobody, told))
    assert not [cell for cell in cells if "nan" in cell.lower().split()]
    of_them = [
        value.users
        for sheet in sheets(told, nobody.catalogue())
        for row in sheet.rows
        for value in row
        if isinstance(value, Figure)
    ]
    assert set(of_them) <= {0}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_said_once_and_for_all(nobody: Workspace, folder: Path, language: Language) -> None:
    sentence = nobody.nobody(audience=NOBODY)
    assert sentence == say("report_nobody_in_audience", audience=NOBODY, day="2019-07-14")
    assert nobody.nobody() is None
    report = assert_self_contained(nobody.report(language, audience=NOBODY))
    for part in report.sections.values():
        assert sentence is not None
        assert sentence[language] in part.text
        assert not part.tables


@pytest.mark.parametrize("name", ANALYSES)
def test_the_command_says_it_too(name: str, nobody: Workspace, folder: Path) -> None:
    of = ("analyze", name, "--workspace", folder / "workspace", "--audience", NOBODY)
    sentence = nobody.nobody(audience=NOBODY)
    assert answer(*of)["nobody"] == sentence
    done = core(*of, environment={"COTERIE_LANG": "en"})
    assert sentence is not None
    assert done.stdout.decode().split() == sentence["en"].split()
