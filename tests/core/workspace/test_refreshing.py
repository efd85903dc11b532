"""Refreshes: what is due is done once, what is killed is done next time, one at a time; and the health of tags."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, Conflict, Problem, WorkspaceError
from core.workspace import Actor, GivenRow, TagDefinition, Workspace
from tests.core.small_files import EVENTS, USERS
from tests.core.workspace.test_audience_life import BEIJING, LI, import_again, rule, save


def tag(workspace: Workspace, key: str, making: dict[str, Any], **more: Any) -> None:
    definition = {"key": key, "label": {"zh": f"标签{key}", "en": key}, "making": making, **more}
    workspace.create_tag(TagDefinition.from_json(definition), actor=LI)


DOUBLE = {"kind": "formula", "text": "points * 2"}


def kinds(workspace: Workspace, key: str) -> set[str]:
    return {finding.kind for finding in workspace.tag_health().findings if finding.key == key}


def test_a_refresh_does_what_is_due_and_nothing_twice(workspace: Workspace) -> None:
    tag(workspace, "double", DOUBLE)
    save(workspace, "北京", BEIJING)
    first = workspace.refresh(actor=LI)
    assert first.state == "done"
    assert {each["key"] for each in first.tags} == set(workspace.data_version().catalogue.tags)
    assert [each["audience"] for each in first.audiences] == ["北京"]
    again = workspace.refresh(actor=LI)
    assert (again.tags, again.audiences) == ((), ())
    assert [run.state for run in workspace.refresh_runs()] == ["done", "done"]


def test_only_what_changed_is_due(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    tag(workspace, "double", DOUBLE)
    tag(workspace, "hand", {"kind": "given", "type": "enum"})
    tag(workspace, "now_and_then", DOUBLE, refresh="weekly")
    tag(workspace, "never", DOUBLE, refresh="manual")
    workspace.refresh(actor=LI)
    workspace.give_values("hand", [GivenRow("u01", "甲")], actor=LI)
    assert [each["key"] for each in workspace.refresh(actor=LI).tags] == ["hand"]
    workspace.update_tag(replace(workspace.tag("double").definition, unit="分"), version=1, actor=LI)
    assert [each["key"] for each in workspace.refresh(actor=LI).tags] == ["double"]
    assert [each["key"] for each in workspace.refresh(actor=LI, as_of=date(2019, 7, 21)).tags] == [
        "now_and_then"
    ]
    import_again(root, tmp_path, as_of="2019-07-15")
    read = {each["key"] for each in Workspace.open(root).refresh(actor=LI).tags}
    assert "double" in read
    assert "city" in read
    assert {"never", "now_and_then"}.isdisjoint(read)


def test_a_refresh_that_is_stopped_half_way_is_finished_by_the_next(workspace: Workspace) -> None:
    save(workspace, "北京", BEIJING)
    seen: list[str] = []
    with pytest.raises(Cancelled):
        workspace.refresh(
            actor=LI, progress=lambda now: seen.append(now.name), cancelled=lambda: len(seen) == 3
        )
    assert workspace.refresh_runs()[0].state == "stopped"
    assert len(workspace.refresh_runs()[0].tags) == 3
    rest = workspace.refresh(actor=LI)
    assert len(rest.tags) == len(workspace.data_version().catalogue.tags) - 3
    assert len(rest.audiences) == 1


KILLED = """
import os, sys
from core.workspace import Actor, Workspace
def stop(now):
    if now.done == 2:
        os._exit(9)
Workspace.open(sys.argv[1]).refresh(actor=Actor("x"), progress=stop)
"""


def test_a_refresh_that_is_killed_is_told_as_such_and_the_next_does_the_rest(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(root)], timeout=120, check=False)
    assert done.returncode == 9
    workspace = Workspace.open(root)
    assert [run.state for run in workspace.refresh_runs()] == ["killed"]
    rest = workspace.refresh(actor=LI)
    assert len(rest.tags) == len(workspace.data_version().catalogue.tags) - 2
    assert [run.state for run in workspace.refresh_runs()] == ["done", "killed"]


def test_one_refresh_runs_at_a_time_and_the_other_is_told_whose(root: Path) -> None:
    one, two = Workspace.open(root), Workspace.open(root)
    told: list[str] = []

    def meanwhile(_: object) -> None:
        if not told:
            with pytest.raises(Conflict) as refused:
                two.refresh(actor=Actor("吴"))
            told.append(str(refused.value.problems[0].params["by"]))
            assert two.refresh_runs()[0].state == "running"

    one.refresh(actor=LI, progress=meanwhile)
    assert told == ["李"]


def test_what_cannot_be_computed_is_told_and_stops_nothing(workspace: Workspace) -> None:
    tag(workspace, "double", DOUBLE)
    save(workspace, "A", {"kind": "tag", "tag": "double", "op": "gt", "value": 1})
    save(workspace, "B", BEIJING)
    workspace._tags.move("double", "retired", LI, workspace._now(), admit=lambda *_: None)
    run = workspace.refresh(actor=LI)
    assert [(each["audience"], each["error"] is None) for each in run.audiences] == [
        ("A", False),
        ("B", True),
    ]


def test_drift_is_seen_between_two_data_versions(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    workspace.refresh(actor=LI)
    assert workspace.tag_drift("level") is None
    import_again(root, tmp_path, users=USERS.replace("gold", "iron"), as_of="2019-07-15")
    workspace = Workspace.open(root)
    run = workspace.refresh(actor=LI)
    level = next(each for each in run.tags if each["key"] == "level")
    assert (level["mark"], level["vanished"]) == ("drifted", ["gold"])
    drift = workspace.tag_drift("level")
    assert drift is not None
    assert drift.vanished == ("gold",)
    assert [reading.distribution.with_value for reading in workspace.tag_readings("level")] == [5, 5]
    assert {"drifting", "vanished"} <= kinds(workspace, "level")
    assert kinds(workspace, "city") == set()


def test_readings_of_another_definition_are_no_drift(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    tag(workspace, "double", DOUBLE)
    workspace.refresh(actor=LI)
    import_again(root, tmp_path, as_of="2019-07-15")
    workspace = Workspace.open(root)
    changed = TagDefinition.from_json(
        {**workspace.tag("double").definition.as_json(), "making": {"kind": "formula", "text": "points * 9"}}
    )
    workspace.update_tag(changed, version=1, actor=LI)
    run = workspace.refresh(actor=LI)
    assert next(each for each in run.tags if each["key"] == "double")["psi"] is None
    assert workspace.tag_drift("double") is None


def test_drift_is_seen_again_after_a_definition_has_changed(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    tag(workspace, "far", DOUBLE)
    workspace.refresh(actor=LI)
    far = {"kind": "formula", "text": "points * 2000 + 100000"}
    changed = TagDefinition.from_json({**workspace.tag("far").definition.as_json(), "making": far})
    workspace.update_tag(changed, version=1, actor=LI)
    drifts = []
    for day, users in (("2019-07-15", USERS), ("2019-07-16", USERS.replace("0,gold", "9000,gold"))):
        assert users == USERS or users.count("9000") > USERS.count("9000")
        import_again(root, tmp_path, users=users, as_of=day)
        Workspace.open(root).refresh(actor=LI)
        drifts.append((Workspace.open(root).tag_drift("far"), Workspace.open(root).tag_drift("points")))
    (none, _), (far_drift, points_drift) = drifts
    assert none is None
    assert far_drift is not None
    assert points_drift is not None
    assert far_drift.psi == pytest.approx(points_drift.psi)
    assert far_drift.psi
    assert far_drift.psi > 0.1


def test_looking_at_the_health_of_tags_tells_how_far_it_is_and_can_be_stopped(workspace: Workspace) -> None:
    tag(workspace, "double", DOUBLE)
    told: list[float] = []
    whole = workspace.tag_health(progress=told.append)
    assert told == sorted(told)
    assert len(told) >= whole.tags
    assert 0 < told[0] <= told[-1] <= 1
    told.clear()
    half = workspace.tag_health(progress=told.append, cancelled=lambda: len(told) == 3)
    assert half.tags == 3
    assert {finding.key for finding in half.findings} <= {finding.key for finding in whole.findings}


def test_one_tag_that_cannot_be_asked_leaves_the_health_of_others(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, engine = workspace._engine()
    asked = type(engine).coverage

    def broken(self: object, key: str, as_of: date) -> int:
        if key == "level":
            raise WorkspaceError(Problem("unknown_tag", params={"tag": key}))
        return asked(self, key, as_of)  # type: ignore[arg-type]

    monkeypatch.setattr(type(engine), "coverage", broken)
    report = workspace.tag_health()
    assert kinds(workspace, "level") == {"broken"}
    assert report.tags == len(workspace.data_version().catalogue.tags)


def test_the_health_list_names_what_is_wrong_with_the_remedy(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    tag(workspace, "nobody", {"kind": "formula", "text": "points / (points - points)"})
    tag(workspace, "double", DOUBLE)
    tag(workspace, "triple", {"kind": "formula", "text": "points * 3"})
    entry = workspace.tag_entry("level")
    lasting = TagDefinition.from_json(
        {**entry.definition.as_json(), "validity": {"n": 90, "unit": "day", "since": "registered_on"}}
    )
    workspace.update_tag(lasting, version=0, actor=LI)
    assert kinds(workspace, "nobody") == {"empty"}
    assert kinds(workspace, "level") == {"expired"}
    workspace.refresh(actor=LI)
    assert kinds(workspace, "double") == set()
    import_again(root, tmp_path, as_of="2019-07-15")
    assert "stale" in kinds(Workspace.open(root), "double")
    import_again(root, tmp_path, events=EVENTS + "u01,visit,2019-06-01 10:00:00,,app\n", as_of="2019-07-16")
    tag(Workspace.open(root), "visits", {"kind": "statistic", "event": "visit", "measure": "count"})
    import_again(root, tmp_path, as_of="2019-07-17")
    report = Workspace.open(root).tag_health()
    broken = next(finding for finding in report.findings if finding.key == "visits")
    assert broken.kind == "broken"
    assert report.findings[0].kind == "broken"
    for finding in report.findings:
        assert finding.text["zh"]
        assert finding.remedy["en"]
        assert finding.as_json()["action"] in ("edit", "retire", "refresh", "merge", "look")


def test_two_tags_that_say_the_same_are_redundant_but_what_one_is_made_of_is_not(
    root: Path, tmp_path: Path
) -> None:
    rows = "\n".join(
        f"v{n:02},{'北京' if n % 2 else '上海'},x,1380000{n:04},,,,{n % 5},{'gold' if n % 2 else 'silver'},,,2019-01-01,"
        for n in range(60)
    )
    head = USERS.splitlines()[0]
    import_again(root, tmp_path, users=f"{head}\n{rows}\n", as_of="2019-07-15")
    workspace = Workspace.open(root)
    tag(workspace, "double", DOUBLE)
    found = {(f.key, f.other) for f in workspace.tag_health().findings if f.kind == "redundant"}
    assert ("city", "level") in found
    assert not any("double" in pair for pair in found)


def test_a_tag_is_unused_after_ninety_days_without_anything_that_names_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag(workspace, "double", DOUBLE)
    tag(workspace, "band", {"kind": "bands", "of": "points", "edges": [1], "labels": ["低", "高"]})
    workspace.save_audience(
        name="A", rule=rule({"kind": "tag", "tag": "band", "op": "is", "value": "高"}), actor=LI
    )
    assert "unused" not in kinds(workspace, "double")
    now = workspace._now()
    monkeypatch.setattr(workspace, "_now", lambda: now.replace(year=now.year + 1))
    assert "unused" in kinds(workspace, "double")
    assert "unused" not in kinds(workspace, "band")
    assert "unused" not in kinds(workspace, "points")


def test_the_hour_of_the_timer_is_kept(root: Path) -> None:
    workspace = Workspace.open(root)
    assert workspace.refresh_timer() is None
    workspace.set_refresh_timer(3, actor=LI)
    assert Workspace.open(root).refresh_timer() == 3
    with pytest.raises(WorkspaceError, match="refresh_hour"):
        workspace.set_refresh_timer(24, actor=LI)
    workspace.set_refresh_timer(None, actor=LI)
    assert Workspace.open(root).refresh_timer() is None
