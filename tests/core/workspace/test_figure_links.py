"""Links to numbers of analyses, kept while data and audiences change: the same row, or a sentence, never another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.analytics.analyses import OverviewTold
from core.analytics.asking import Figure
from core.analytics.sheets import Sheet, sheets
from core.errors import RuleError
from core.messages import message_of
from core.workspace import Workspace
from tests.core.small_files import ACTOR, EVENTS, PLAN, USERS

Import = Callable[[str], None]

CITIES: Mapping[str, Any] = {"name": "members", "given": {"city": "city"}}
CHANNELS: Mapping[str, Any] = {"name": "channels", "given": {"channel": "city", "activity": ["view", "chat"]}}
JOURNEY: Mapping[str, Any] = {"name": "journey", "by": "city"}
MEMBERS_OF: Mapping[str, set[str]] = {"北京": {"007", "u01", "u02"}, "上海": {"u03", "u04"}, "广州": {"u05"}}
QUESTIONS = [
    (CITIES, "members_city", "users", "users"),
    (CHANNELS, "channels", "users", "users"),
    (JOURNEY, "journey_groups", "reached", "furthest"),
]


def with_cities(cities: Mapping[str, str]) -> str:
    """Return the seven users, some of whom moved; the city is their second field."""
    rows = [line.split(",", 2) for line in USERS.splitlines()]
    return "".join(f"{user},{cities.get(user, city)},{rest}\n" for user, city, rest in rows)


@pytest.fixture
def import_users(workspace: Workspace, tmp_path: Path) -> Import:
    """A function that imports other users with the same events."""

    def bring(users: str) -> None:
        folder = tmp_path / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in (("users.csv", users), ("events.csv", EVENTS), ("plan.toml", PLAN)):
            (folder / name).write_text(text, encoding="utf-8")
        workspace.import_plan(folder / "plan.toml", actor=ACTOR)

    return bring


def table(workspace: Workspace, question: Mapping[str, Any], key: str, **more: Any) -> Sheet:
    asked = {name: value for name, value in {**question, **more}.items() if name != "name"}
    told = workspace.analyse(question["name"], **asked)
    return next(sheet for sheet in sheets(told, workspace.catalogue()) if sheet.key == key)


def places(found: Sheet, heading: str) -> list[int]:
    return [place for place, row in enumerate(found.rows) if row[0] == {"zh": heading, "en": heading}]


def opened(workspace: Workspace, question: Mapping[str, Any], at: Iterable[str]) -> set[str]:
    found, day = workspace.figure({**question, "at": list(at)})
    return set(workspace.members(found, day))


@pytest.mark.parametrize(("question", "key", "column", "other"), QUESTIONS)
def test_a_link_kept_over_an_import_that_moves_the_rows_opens_the_same_row(
    question: Mapping[str, Any], key: str, column: str, other: str, workspace: Workspace, import_users: Import
) -> None:
    before = table(workspace, question, key)
    place = places(before, "北京")[0]
    at = (key, before.row_ids[place], column)
    assert opened(workspace, question, at) == MEMBERS_OF["北京"]
    import_users(with_cities({"u01": "上海", "u02": "上海", "u06": "上海"}))
    after = table(workspace, question, key)
    assert places(after, "北京")[0] != place
    assert places(after, "上海")[0] == place, "where it stood, another stands now"
    assert opened(workspace, question, at) == {"007"}
    assert after.figure(after.row_ids[place], column) != after.figure(before.row_ids[place], column)


@pytest.mark.parametrize(("question", "key", "column", "other"), QUESTIONS)
def test_a_link_to_a_row_that_an_import_took_away_says_so(
    question: Mapping[str, Any], key: str, column: str, other: str, workspace: Workspace, import_users: Import
) -> None:
    before = table(workspace, question, key)
    at = (key, before.row_ids[places(before, "广州")[0]], column)
    assert opened(workspace, question, at) == MEMBERS_OF["广州"]
    import_users(with_cities({"u05": "上海"}))
    assert len(table(workspace, question, key).rows) < len(before.rows)
    with pytest.raises(RuleError) as refused:
        opened(workspace, question, at)
    assert refused.value.code == "figure_link_broken"
    assert "Open it again from its page" in message_of(refused.value.problems[0])["en"]


@pytest.mark.parametrize(("question", "key", "column", "other"), QUESTIONS)
def test_a_link_kept_over_an_edit_of_its_audience_opens_the_same_row_or_says_that_there_is_none(
    question: Mapping[str, Any], key: str, column: str, other: str, workspace: Workspace
) -> None:
    def rule(op: str, value: list[str]) -> dict[str, Any]:
        condition = {"kind": "tag", "id": "c1", "tag": "city", "op": op, "value": value}
        group = {"kind": "group", "id": "g0", "match": "all", "children": [condition]}
        return {"version": 1, "include": group, "exclude": None, "take": None}

    audience = workspace.save_audience(name="两城", rule=rule("in", ["北京", "上海"]), actor=ACTOR)
    asked = {**question, "audience": audience.id}
    before = table(workspace, asked, key)
    at = (key, before.row_ids[places(before, "上海")[0]], column)
    beijing = (key, before.row_ids[places(before, "北京")[0]], column)
    assert opened(workspace, asked, at) == MEMBERS_OF["上海"]
    changed = workspace.save_audience(
        name="两城", rule=rule("in", ["广州", "上海"]), actor=ACTOR,
        audience_id=audience.id, revision=audience.revision,
    )  # fmt: skip
    after = table(workspace, asked, key)
    assert places(after, "上海")[0] != places(before, "上海")[0]
    assert opened(workspace, asked, at) == MEMBERS_OF["上海"]
    with pytest.raises(RuleError) as refused:
        opened(workspace, asked, beijing)
    assert refused.value.code == "figure_link_broken"
    assert changed.id == audience.id


@pytest.mark.parametrize(("question", "key", "column", "other"), QUESTIONS)
def test_a_link_names_its_column(
    question: Mapping[str, Any], key: str, column: str, other: str, workspace: Workspace
) -> None:
    """Of the journey's first step, which everybody reached, those who went on are not among who stopped there."""
    found = table(workspace, question, key)
    row_id = found.row_ids[places(found, "北京")[0]]
    for each in (column, other):
        figure = found.figure(row_id, each)
        assert isinstance(figure, Figure)
        assert len(opened(workspace, question, (key, row_id, each))) == figure.users
    if other != column:
        assert opened(workspace, question, (key, row_id, other)) < MEMBERS_OF["北京"]


def test_a_movement_is_found_again_though_its_sentence_has_changed(sample: Workspace) -> None:
    told = sample.analyse("overview", first=date(2019, 4, 16))
    assert isinstance(told, OverviewTold)
    first = told.movements[0]
    grown = replace(first, now=replace(first.now, users=first.now.users + 1_000))
    later = replace(told, movements=(*told.movements[1:], grown))
    before, after = (
        next(sheet for sheet in sheets(each, sample.catalogue()) if sheet.key == "movements")
        for each in (told, later)
    )
    assert before.rows[0][0] != after.rows[-1][0]
    assert before.figure(before.row_ids[0], "now") == first.now
    assert after.figure(before.row_ids[0], "now") == grown.now
