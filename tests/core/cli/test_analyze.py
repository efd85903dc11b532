"""The command `analyze` to the letter: the numbers of the pages, the fields of the docs, refusals that help."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.analytics.analyses import ANALYSES
from core.messages import say
from core.workspace import Actor, Workspace
from tests.command_line import core
from tests.core.cli.test_contract import CITY, answer, rule

DOCS = Path(__file__).parents[3] / "docs"
HEAD = ["analysis", "data_version", "as_of", "from", "to", "audience", "by", "nobody", "not_recorded"]
PLAN = """\
[overview]
activity = ["view", "buy"]
[journey]
order = "strict"
within_days = 30
steps = [{label = "看", events = ["view", "favourite"]}, {label = "买", events = ["buy"]}]
[lifecycle]
mature_orders = 2
[rfm]
method = "thresholds"
recency_edges = [10, 20, 30, 40]
[retention]
grain = "month"
cohorts = 4
reading = "bracket"
brackets = [1, 2]
[budget]
group = "city"
cost = "points"
sum = 1000
claim = "view"
coupon = "channel"
join = "chat"
activity = "channel"
[channels]
channel = "city"
touches = ["view.channel"]
chain = ["view", "favourite"]
by = "channel"
outcomes = ["buy"]
claim = "view"
redeem = "buy"
coupon = "channel"
[members]
level = "level"
"""


@pytest.fixture(scope="module")
def place(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the workspace `w` and the plan `plan.toml`."""
    folder = tmp_path_factory.mktemp("analyze")
    found = Workspace.open(shutil.copytree(imported, folder / "w"))
    found.save_audience(name="北京", rule=rule(CITY), actor=Actor("李"))
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    return folder


def told(place: Path, name: str, *options: object) -> dict[str, Any]:
    return answer("analyze", name, "--workspace", place / "w", *options)


def refused(place: Path, *arguments: object) -> dict[str, Any]:
    """Return the first problem of a refusal, having checked that it is said in both ways."""
    found: Any = answer("analyze", *arguments, "--workspace", place / "w", code=2)
    problem = found["error"]["problems"][0]
    assert all(problem["message"][language] for language in ("zh", "en"))
    said = core("analyze", *arguments, "--workspace", place / "w")
    assert (said.returncode, said.stdout) == (2, b"")
    assert problem["message"]["en"].encode() in said.stderr
    return dict(problem)


@pytest.mark.parametrize("name", ANALYSES)
def test_it_prints_the_numbers_of_the_workspace(name: str, place: Path) -> None:
    found = told(place, name)
    assert list(found)[: len(HEAD)] == HEAD
    door = Workspace.open(place / "w")
    head = [name, door.data_version().id, "2019-07-14", "2019-06-15", "2019-07-14", None, None, None, []]
    assert [found[key] for key in HEAD] == head
    expected = json.loads(json.dumps(door.analyse(name).as_json()))
    assert {key: found[key] for key in expected} == expected
    assert set(found) == {*HEAD, *expected}


@pytest.mark.parametrize("name", ANALYSES)
def test_a_plan_a_period_an_audience_and_a_tag_make_a_difference_as_in_the_workspace(name: str, place: Path) -> None:  # fmt: skip
    by = "city" if ANALYSES[name].splits else None
    options = ["--as-of", "2019-06-30", "--from", "2019-06-01", "--to", "2019-06-20", "--audience", "北京"]
    found = told(place, name, *options, "--plan", place / "plan.toml", *(["--by", by] if by else []))
    head = ["2019-06-30", "2019-06-01", "2019-06-20", "北京", by, None, []]
    assert [found[key] for key in HEAD[2:]] == head
    import tomllib

    given = tomllib.loads(PLAN)[name]
    expected = Workspace.open(place / "w").analyse(
        name, date(2019, 6, 30), first=date(2019, 6, 1), last=date(2019, 6, 20), audience="北京", by=by, given=given
    )  # fmt: skip
    printed = json.loads(json.dumps(expected.as_json()))
    assert {key: found[key] for key in printed} == printed


@pytest.mark.parametrize("name", ANALYSES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_for_people_it_prints_tables(name: str, language: str, place: Path) -> None:
    by = ("--by", "city") if ANALYSES[name].splits else ()
    done = core(
        "analyze", name, "--workspace", place / "w", "--plan", place / "plan.toml", *by,
        environment={"COTERIE_LANG": language},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    printed = done.stdout.decode()
    assert len(printed.splitlines()) > 3
    assert "{" not in printed
    assert (language == "zh") == any("\u4e00" <= sign <= "\u9fff" for sign in printed.splitlines()[0])


def test_tables_hold_the_numbers(place: Path) -> None:
    printed = core("analyze", "journey", "--workspace", place / "w").stdout.decode()
    row = next(line for line in printed.splitlines() if " Looked " in line)
    # Reached 3, stays 1, continued 1, a third with its interval.
    assert re.search(r"Looked\s+3\s+1\s+1\s+33\.3 %\s+6\.1 %\s+79\.2 %", row), row


def test_an_unknown_analysis_is_refused_with_the_nearest_name(place: Path) -> None:
    problem = refused(place, "retentoin")
    assert (problem["code"], problem["nearest"]) == ("analysis_unknown", "retention")
    assert problem["allowed"] == list(ANALYSES)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--as-of", "2019-02-30"), None),
        (("--as-of", "yesterday"), None),
        (("--from", "2019-7-x"), None),
        (("--from", "2019-07-02", "--to", "2019-07-01"), "period_reversed"),
        (("--to", "2019-07-15"), "period_after_data"),
        (("--as-of", "2019-06-30", "--to", "2019-07-01"), "period_after_data"),
        (("--audience", "北"), "unknown_audience"),
        (("--by", "ctiy"), "split_unknown"),
        (("--by", "phone"), "split_personal"),
    ],
)
@pytest.mark.parametrize("name", ["overview", "journey", "members"])
def test_what_does_not_fit_is_refused(
    name: str, options: tuple[str, ...], code: str | None, place: Path
) -> None:
    problem = refused(place, name, *options)
    assert code is None or problem["code"] == code


@pytest.mark.parametrize(
    ("name", "plan", "code"),
    [
        ("rfm", None, "analysis_plan_unreadable"),
        ("rfm", "[rfm", "analysis_plan_unreadable"),
        ("rfm", "rfm = 3", "analysis_plan_shape"),
        ("rfm", "[[rfm]]\ndays = 3", "analysis_plan_shape"),
        ("rfm", "[rfm]\nday = 3", "template_slot_unknown"),
        ("rfm", "[rfm]\ndays = 2019-07-14", "template_slot_not_whole"),
        ("rfm", "[rfm]\nspend_edges = [1, 2, 3, inf]", "edges_not_ascending"),
        ("retention", "[retention]\nreading = 'bracket'\nbrackets = [1, nan]", "edges_not_ascending"),
        ("retention", "[retention]\nreading = 'bracket'\nbrackets = [3]", "retention_brackets"),
        ("journey", "[journey]\nsteps = [{label = 'x', events = []}, {label = 'x', events = []}]", "template_steps_twice"),
        ("journey", "[journey]\nsteps = [{label = ['x'], events = []}]", "template_steps_or_audience_shape"),
        ("budget", "[budget]\ngroup = 'ctiy'", "template_slot_not_one_of"),
        # A table that no analysis has is a slip of the pen.
        ("rfm", "[rmf]\ndays = 3", "analysis_unknown"),
    ],
)  # fmt: skip
def test_a_plan_that_does_not_fit_is_refused(name: str, plan: str | None, code: str, place: Path, tmp_path: Path) -> None:  # fmt: skip
    file = tmp_path / "plan.toml"
    if plan is not None:
        file.write_text(plan, "utf-8")
    problem = refused(place, name, "--plan", file)
    assert problem["code"] == code
    assert code != "analysis_unknown" or problem["nearest"] == "rfm"


def test_a_plan_may_be_about_other_analyses_only(place: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("\ufeff[retention]\ncohorts = 2\n", "utf-8")
    assert told(place, "rfm", "--plan", tmp_path / "plan.toml") == told(place, "rfm")


def test_a_workspace_that_is_none_is_refused(tmp_path: Path) -> None:
    answer("analyze", "rfm", "--workspace", tmp_path / "none", code=2)


def keys_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield key
            yield from keys_in(below)
    elif isinstance(value, list):
        for below in value:
            yield from keys_in(below)


@pytest.mark.parametrize("name", ANALYSES)
def test_every_field_is_named_in_the_docs(name: str, place: Path, sample: Workspace) -> None:
    text = (DOCS / "analyses.md").read_text("utf-8")
    found = re.search(rf"^### JSON of `{name}`$.*?(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/analyses.md does not name the fields of {name}"
    in_all = re.search(r"^## Fields in all$.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert in_all is not None
    named = set(re.findall(r"`([a-z_0-9]+)`", found[0] + in_all[0]))
    by = "city" if ANALYSES[name].splits else None
    printed = {*keys_in(sample.analyse(name, by=by).as_json())}
    printed |= {*keys_in(told(place, name, "--plan", place / "plan.toml", *(["--by", by] if by else [])))}
    assert printed - {*HEAD} - named == set()


def test_the_head_and_every_analysis_stand_in_the_docs_of_the_command() -> None:
    text = (DOCS / "command-line.md").read_text("utf-8")
    section = re.search(r"^## analyze\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    for word in (*HEAD, *ANALYSES):
        assert f"`{word}`" in section[0], word


@pytest.mark.parametrize("name", ANALYSES)
def test_everything_that_an_analysis_can_be_told_is_named_in_the_docs(name: str, sample: Workspace) -> None:
    text = (DOCS / "analyses.md").read_text("utf-8")
    section = text.partition(f"### JSON of `{name}`")[2]
    told_in_a_plan = next(line for line in section.splitlines() if line.startswith("Told in a plan"))
    slots = {slot.key for slot in ANALYSES[name].slots(sample.catalogue())}
    assert slots - set(re.findall(r"`(\w+)`", told_in_a_plan)) == set()


def test_days_without_records_are_refused_or_named(place: Path) -> None:
    early = refused(place, "budget", "--from", "2015-01-01", "--to", "2015-01-31")
    assert early["code"] == "days_before_records"
    found = told(place, "lifecycle", "--as-of", "2019-07-20")
    assert found["not_recorded"] == [dict(say("records_end", last="2019-07-14", days=6))]
    printed = core(
        "analyze", "lifecycle", "--workspace", place / "w", "--as-of", "2019-07-20"
    ).stdout.decode()
    assert found["not_recorded"][0]["zh"] in printed or found["not_recorded"][0]["en"] in printed
