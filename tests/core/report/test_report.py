"""The report holds the numbers of the analyses, says what it cannot tell, and nothing in it can run."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from core.analytics.analyses import ANALYSES
from core.analytics.asking import Figure
from core.analytics.sheets import sheets
from core.analytics.wording import Wording
from core.errors import CallerError, NotFound, RuleError
from core.messages import LANGUAGES, Language, say
from core.report.tables import MOST_ROWS, grid_of
from core.rules.tree import Group, Rule, TagCondition
from core.workspace import Workspace
from tests.core.report.reading import Report, assert_self_contained, put_together
from tests.core.report.worlds import (
    EXACTLY_ONE,
    HOSTILE,
    ONE_VISIT,
    THEIR_EVENTS,
    WITHOUT_JOURNEY,
    hostile,
    workspace_of,
)
from tests.core.small_files import ACTOR


@pytest.fixture(scope="module")
def pages(sample: Workspace) -> dict[Language, str]:
    """The whole report on the sample in both languages."""
    return {language: sample.report(language, by="source_channel") for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_page_that_needs_nothing_but_itself(pages: dict[Language, str], language: Language) -> None:
    report = assert_self_contained(pages[language])
    page = pages[language]
    assert not re.search(r"https?://|src=|@import|<script", page)
    assert ("html", {"lang": {"zh": "zh-CN", "en": "en"}[language]}) in report.tags
    assert list(report.sections) == list(ANALYSES)
    links = [attributes["href"] for tag, attributes in report.tags if tag == "a"]
    assert links == [f"#{key}" for key in ANALYSES]
    assert all(part.drawings for part in report.sections.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANALYSES)
def test_every_number_of_every_table_stands_in_it(
    sample: Workspace, pages: dict[Language, str], language: Language, name: str
) -> None:
    words = Wording(language)
    split = "source_channel" if ANALYSES[name].splits else None
    found = sheets(sample.analyse(name, by=split), sample.catalogue())
    part = Report(pages[language]).sections[name]
    titles = [words.pick(sheet.title) for sheet in found]
    for sheet, title in zip(found, titles, strict=True):
        if not sheet.rows or titles.count(title) > 1:
            continue
        grid = grid_of(sheet, words)
        heads, *rows = put_together(part, title, grid.leads)
        assert heads == [words.pick(column.label) for column in sheet.columns]
        written = [
            [words.written(value, column.kind) for value, column in zip(row, sheet.columns, strict=True)]
            for row in sheet.rows
        ]
        assert rows == written[:MOST_ROWS]
        figures = [
            value.users for row in sheet.rows[:MOST_ROWS] for value in row if isinstance(value, Figure)
        ]
        assert all(f"{users:,}" in part.text for users in figures)


def test_what_is_left_out_is_counted_with_the_command_that_tells_it(
    sample: Workspace, pages: dict[Language, str]
) -> None:
    told = sheets(sample.analyse("journey", by="source_channel"), sample.catalogue())
    longest = max(len(sheet.rows) for sheet in told)
    page = sample.report("en", by="city", only=["journey"])
    told = sheets(sample.analyse("journey", by="city"), sample.catalogue())
    longest = max(len(sheet.rows) for sheet in told)
    assert longest > MOST_ROWS
    text = Report(page).sections["journey"].text
    assert f"{longest - MOST_ROWS} more rows are not listed" in text
    day = sample.asking().as_of.isoformat()
    command = (
        f"python -m core analyze journey --workspace DIR --as-of {day} --from 2019-06-15 --to {day} --by city"
    )
    assert command in text
    assert "not listed" not in Report(pages["en"]).sections["overview"].text


def test_what_it_is_of_stands_on_the_first_page(sample: Workspace) -> None:
    first, last = date(2019, 5, 1), date(2019, 5, 31)
    page = sample.report("en", date(2019, 7, 1), first=first, last=last, only=["members", "overview"])
    report = Report(page)
    for fact in (
        "2019-07-01",
        "2019-05-01 to 2019-05-31 (31 days)",
        sample.data_version().id,
        "Asia/Shanghai",
    ):
        assert fact in report.text
    assert list(report.sections) == ["members", "overview"]
    people = sample.asking(date(2019, 7, 1)).figure().users
    assert f"All users ({people:,})" in report.text


def test_an_audience_is_named_and_only_its_people_are_counted(own_sample: Workspace) -> None:
    city = TagCondition(id="c1", tag="city", op="is", value="上海")
    rule = Rule(include=Group(id="g0", match="all", children=(city,)))
    own_sample.save_audience(name="上海 <b>", rule=rule, actor=ACTOR)
    people = own_sample.asking(audience="上海 <b>").figure().users
    page = own_sample.report("zh", audience="上海 <b>", only=["rfm"])
    assert f"人群「上海 <b>」（{people:,} 人）" in assert_self_contained(page).text
    assert "上海 <b>" not in page
    buyers = own_sample.analyse("rfm", audience="上海 <b>")
    assert f"买家 {buyers.buyers.users:,} 人" in page  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_text(tmp_path: Path, language: Language) -> None:
    door = hostile(tmp_path)
    page = door.report(language, by="city")
    report = assert_self_contained(page)
    assert "<script" not in page
    assert HOSTILE not in page
    assert report.text.count(HOSTILE) > 5
    for key in ("journey", "members", "retention"):
        assert HOSTILE in report.sections[key].text, key


def test_without_a_journey_its_place_says_so(tmp_path: Path) -> None:
    door = workspace_of(tmp_path, plan=WITHOUT_JOURNEY)
    for language in LANGUAGES:
        report = assert_self_contained(door.report(language))
        part = report.sections["journey"]
        assert say("no_journey")[language] in part.text
        assert say("report_not_told")[language] in part.text
        assert not part.tables
        assert report.sections["overview"].tables


def test_without_purchases_and_messages_it_says_so_in_their_place(tmp_path: Path) -> None:
    door = workspace_of(tmp_path, events=ONE_VISIT, plan=WITHOUT_JOURNEY.partition("[tags.spend]")[0])
    report = assert_self_contained(door.report("en"))
    assert list(report.sections) == list(ANALYSES)
    for key, part in report.sections.items():
        assert part.tables or "The data cannot answer this" in part.text, key
        assert all(sentence for sentence in part.text.splitlines())
    assert "The data cannot answer this" in report.sections["rfm"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_bought_in_the_days_looked_at(workspace: Workspace, language: Language) -> None:
    plan = {"rfm": {"days": 1}}
    report = Report(workspace.report(language, date(2019, 6, 1), plan=plan, only=["rfm", "overview"]))
    assert say("report_nobody_bought")[language] in report.sections["rfm"].text
    assert not report.sections["rfm"].tables


def test_one_user_is_enough(tmp_path: Path) -> None:
    door = workspace_of(tmp_path, users=EXACTLY_ONE, events=THEIR_EVENTS)
    for language in LANGUAGES:
        report = assert_self_contained(door.report(language, by="city"))
        assert report.sections["journey"].tables


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_told_everywhere(workspace: Workspace, language: Language) -> None:
    day = date(2018, 1, 1)
    report = assert_self_contained(workspace.report(language, day))
    for part in report.sections.values():
        assert say("report_nobody", day=day)[language] in part.text
        assert not part.tables


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"only": ["overveiw"]}, "analysis_unknown"),
        ({"only": []}, "report_nothing_chosen"),
        ({"plan": {"overveiw": {}}}, "analysis_unknown"),
        ({"plan": {"rfm": 5}}, "analysis_plan_shape"),
        ({"plan": {"retention": {"grain": "hour"}}}, "template_slot_not_one_of"),
        ({"plan": {"retention": {"grian": "day"}}}, "template_slot_unknown"),
        ({"by": "nothing"}, "split_unknown"),
        ({"by": "phone"}, "split_personal"),
        ({"audience": "nobody's"}, None),
        ({"first": date(2019, 7, 10), "last": date(2019, 7, 1)}, "period_reversed"),
    ],
)
def test_what_the_caller_can_mend_is_refused(
    workspace: Workspace, asked: dict[str, object], code: str | None
) -> None:
    with pytest.raises((NotFound, RuleError, CallerError)) as refused:
        workspace.report("en", **asked)  # type: ignore[arg-type]
    assert code is None or code in [problem.code for problem in refused.value.problems]


def test_a_plan_is_followed_and_its_words_are_told(sample: Workspace) -> None:
    plan = {"retention": {"grain": "month", "cohorts": 3}}
    part = Report(sample.report("en", plan=plan, only=["retention"])).sections["retention"]
    assert "By day, week or month: by month" in part.text
    cohorts = next(table for table in part.tables if table.caption == "Cohorts")
    assert len(cohorts.rows) == 4


def test_choices_are_asked_once_and_told_as_they_go(workspace: Workspace) -> None:
    seen: list[tuple[float, str]] = []
    page = workspace.report(
        "zh", only=["overview", "rfm", "overview"], progress=lambda now: seen.append((now.share, now.code))
    )
    assert list(Report(page).sections) == ["overview", "rfm"]
    assert [code for _, code in seen] == ["report_progress", "report_progress", "report_progress_page"]
    assert all(one[0] < other[0] for one, other in pairwise(seen))
