"""Values that people type in or upload, each for somebody, from a day and perhaps until a day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.audiences import given_files
from core.errors import Conflict, ListRefused, RuleError
from core.messages import message_of
from core.workspace import Actor, GivenRow, TagDefinition, Workspace

LI = Actor("李")


def given(workspace: Workspace, kind: str, key: str = "sale") -> None:
    making = {"kind": "given", "type": kind}
    definition = {
        "key": key,
        "label": {"zh": "双11定金", "en": "Deposit"},
        "making": making,
        "use": "occasion",
    }
    workspace.create_tag(TagDefinition.from_json(definition), actor=LI)


def people(workspace: Workspace, value: Any, as_of: date | None = None, *, op: str = "is") -> int:
    condition = {"kind": "tag", "id": "c", "tag": "sale", "op": op, "value": value}
    root = {"kind": "group", "id": "g", "match": "all", "children": [condition]}
    return workspace.count(workspace.parse({"include": root}), as_of).answer.count


def test_a_tag_without_values_is_there_and_empty(workspace: Workspace) -> None:
    given(workspace, "enum")
    assert workspace.tag_coverage("sale") == (0, 7)
    assert people(workspace, "定金") == 0


def test_values_typed_in_count_at_once_in_every_process(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    given(one, "enum")
    assert people(two, "定金") == 0
    report = one.give_values(
        "sale", [GivenRow("u01", "定金"), GivenRow(" 007 ", "尾款"), GivenRow("nobody", "定金")], actor=LI
    )
    assert (report.rows, report.given, report.unknown, report.examples) == (3, 2, 1, ("nobody",))
    assert (people(two, "定金"), people(two, "尾款")) == (1, 1)


def test_a_value_holds_from_its_day_until_its_day(workspace: Workspace) -> None:
    given(workspace, "enum")
    since, until = date(2019, 7, 1), date(2019, 7, 10)
    workspace.give_values("sale", [GivenRow("u01", "定金", until)], actor=LI, since=since)
    days = [date(2019, 6, 30), since, until, date(2019, 7, 11)]
    assert [people(workspace, "定金", day) for day in days] == [0, 1, 1, 0]
    assert workspace.given_summary("sale", date(2019, 7, 11)).expired == 1
    assert workspace.given_summary("sale", until).users == 1


def test_a_later_value_takes_over_from_its_day_and_the_time_machine_shows_the_earlier(
    workspace: Workspace,
) -> None:
    given(workspace, "enum")
    workspace.give_values("sale", [GivenRow("u01", "定金")], actor=LI, since=date(2019, 6, 1))
    workspace.give_values("sale", [GivenRow("u01", "尾款")], actor=LI, since=date(2019, 7, 1))
    workspace.take_values("sale", ["u01"], actor=LI, since=date(2019, 7, 10))
    days = [date(2019, 6, 30), date(2019, 7, 1), date(2019, 7, 10)]
    assert [people(workspace, "定金", day) for day in days] == [1, 0, 0]
    assert [people(workspace, "尾款", day) for day in days] == [0, 1, 0]


def test_a_value_given_again_on_the_same_day_replaces_the_first(workspace: Workspace) -> None:
    given(workspace, "number")
    for value in ("618", "1111"):
        workspace.give_values("sale", [GivenRow("u01", value)], actor=LI)
    assert people(workspace, 1111, op="eq") == 1
    assert people(workspace, 618, op="eq") == 0


@pytest.mark.parametrize(
    ("kind", "texts", "bad"),
    [
        ("number", ["1", "2.5", "one"], 1),
        ("boolean", ["是", "false", "maybe"], 1),
        ("date", ["2019-06-18", "18.6.", ""], 2),
        ("multi", ["a|b", "a", "b"], 0),
        ("text", ["=1+1", "x", "y"], 0),
    ],
)
def test_values_are_read_as_imports_read_them(
    workspace: Workspace, kind: str, texts: list[str], bad: int
) -> None:
    given(workspace, kind)
    rows = [GivenRow(user, text) for user, text in zip(("u01", "u02", "u03"), texts, strict=True)]
    report = workspace.give_values("sale", rows, actor=LI)
    assert (report.given, report.bad_values) == (3 - bad, bad)
    assert workspace.tag_coverage("sale")[0] == 3 - bad


def test_a_file_is_reported_row_by_row_and_the_rest_counts(workspace: Workspace, tmp_path: Path) -> None:
    given(workspace, "number")
    file = tmp_path / "定金.csv"
    file.write_text(
        "user,paid,last\nu01,10,2019-12-31\nu01,20,\nu02,x,\nu03,30,2019-01-01\nnobody,1,\n=cmd,1,\n", "utf-8"
    )
    refused = tmp_path / "refused.csv"
    report = workspace.give_values_file(
        "sale", file, column="user", value_column="paid", until_column="last", actor=LI, refused=refused
    )
    assert (report.rows, report.given, report.duplicates) == (6, 1, 1)
    assert (report.unknown, report.bad_values, report.bad_days) == (2, 1, 1)
    assert refused.read_text("utf-8-sig").splitlines() == [
        "line,who,fault", "4,u02,value", "5,u03,until", "6,nobody,unknown", "7,'=cmd,unknown",
    ]  # fmt: skip
    assert people(workspace, 20, op="eq") == 1


def test_people_are_found_by_phone_and_all_get_one_value(workspace: Workspace, tmp_path: Path) -> None:
    given(workspace, "enum")
    file = tmp_path / "phones.csv"
    file.write_text("手机\n138 0000 0001\n+86 13800000003\n13800000099\n", "utf-8")
    report = workspace.give_values_file(
        "sale", file, column="手机", value="定金", until=date(2019, 12, 31), actor=LI
    )
    assert (report.given, report.unknown) == (2, 1)
    assert report.examples == ("138****0099",)
    assert people(workspace, "定金") == 2


def test_what_cannot_be_used_at_all_is_refused_and_changes_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    given(workspace, "number")
    file = tmp_path / "f.csv"
    file.write_text("user,paid\nnobody,1\nu01,x\n", "utf-8")
    with pytest.raises(ListRefused) as refused:
        workspace.give_values_file("sale", file, column="user", value_column="paid", actor=LI)
    assert refused.value.code == "tag_nothing_given"
    assert "nobody" in message_of(refused.value.problems[0])["en"]
    with pytest.raises(ListRefused, match="list_column_missing"):
        workspace.give_values_file("sale", file, column="usr", value_column="paid", actor=LI)
    with pytest.raises(ListRefused, match="tag_value_or_column"):
        workspace.give_values_file("sale", file, column="user", actor=LI)
    with pytest.raises(ListRefused, match="tag_value_unfit"):
        workspace.give_values_file("sale", file, column="user", value="one", actor=LI)
    assert workspace.tag("sale").given is None


def test_a_list_of_values_that_outgrows_its_bound_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(workspace, "multi")
    monkeypatch.setattr(given_files, "MOST_VALUES", 3)
    workspace.give_values("sale", [GivenRow("u01", "a|b"), GivenRow("u02", "b|c")], actor=LI)
    with pytest.raises(ListRefused) as refused:
        workspace.give_values("sale", [GivenRow("u03", "d")], actor=LI)
    assert refused.value.code == "tag_too_many_values"
    assert workspace.tag_coverage("sale")[0] == 2


def test_values_of_a_tag_that_is_computed_or_retired_are_not_given(workspace: Workspace) -> None:
    double = {
        "key": "sale",
        "label": {"zh": "倍", "en": "x"},
        "making": {"kind": "formula", "text": "points * 2"},
    }
    workspace.create_tag(TagDefinition.from_json(double), actor=LI)
    with pytest.raises(Conflict, match="tag_not_given"):
        workspace.give_values("sale", [GivenRow("u01", "1")], actor=LI)
    given(workspace, "enum", "other")
    workspace.retire_tag("other", actor=LI)
    with pytest.raises(Conflict, match="tag_retired"):
        workspace.give_values("other", [GivenRow("u01", "1")], actor=LI)


def test_the_type_of_given_values_stays(workspace: Workspace) -> None:
    given(workspace, "enum")
    definition = workspace.tag("sale").definition
    changed = TagDefinition.from_json({**definition.as_json(), "making": {"kind": "given", "type": "number"}})
    with pytest.raises(RuleError, match="tag_given_type_fixed"):
        workspace.update_tag(changed, version=1, actor=LI)


def test_of_many_who_give_values_at_once_nobody_loses_any(root: Path) -> None:
    given(Workspace.open(root), "enum")
    users = ["u01", "u02", "u03", "u04", "u05", "u06"]

    def give(user: str) -> int:
        return Workspace.open(root).give_values("sale", [GivenRow(user, "定金")], actor=Actor(user)).given

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(give, users)) == [1] * 6
    assert people(Workspace.open(root), "定金") == 6


def test_given_values_survive_a_new_data_version(root: Path, small_files: Path) -> None:
    workspace = Workspace.open(root)
    given(workspace, "enum")
    workspace.give_values("sale", [GivenRow("u01", "定金")], actor=LI)
    workspace.import_plan(small_files / "plan.toml", actor=LI)
    assert people(workspace, "定金") == 1
