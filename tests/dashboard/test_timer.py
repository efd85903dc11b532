"""The daily refresh of the app: once a day, from its hour on, told when it cannot be done."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.workspace import Actor, RefreshRun, Workspace
from dashboard import state, timer

SHANGHAI = ZoneInfo("Asia/Shanghai")


def run(at: datetime, by: Actor = timer.ACTOR) -> RefreshRun:
    return RefreshRun("r", at, None, "done", date(2026, 1, 2), "v", by)


@pytest.mark.parametrize(
    ("hour", "runs", "expected"),
    [
        (None, [], False),
        (7, [], False),
        (6, [], True),
        (3, [], True),
        (6, [run(datetime(2026, 1, 1, 22, 10, tzinfo=UTC))], False),  # 06:10 today in Shanghai
        (6, [run(datetime(2026, 1, 1, 15, 0, tzinfo=UTC))], True),  # 23:00 yesterday
        (6, [run(datetime(2026, 1, 1, 22, 10, tzinfo=UTC), Actor("timer"))], True),  # somebody of that name
    ],
)
def test_it_is_time_once_a_day_from_the_hour_on(
    hour: int | None, runs: list[RefreshRun], expected: bool
) -> None:
    now = datetime(2026, 1, 2, 6, 30, tzinfo=SHANGHAI)
    assert timer.is_time(now, hour, runs) is expected


def test_a_look_refreshes_when_it_is_time(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "workspace", lambda: workspace)
    timer.look()
    assert workspace.refresh_runs() == []
    workspace.set_refresh_timer(0, actor=Actor("李"))
    timer.look()
    timer.look()
    assert [(run.state, run.by) for run in workspace.refresh_runs()] == [("done", timer.ACTOR)]


def test_a_workspace_that_cannot_be_read_is_logged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("coterie.db-wal", "coterie.db-shm"):
        (workspace.root / name).unlink(missing_ok=True)
    (workspace.root / "coterie.db").write_bytes(b"broken")
    broken = Workspace.open(workspace.root)
    monkeypatch.setattr(state, "workspace", lambda: broken)
    with caplog.at_level(logging.WARNING, "coterie.dashboard"):
        timer.look()
    assert "database_damaged" in caplog.text
