"""The refresh that the app does by itself once a day, while it runs, at the hour that the workspace names."""

from __future__ import annotations

import logging
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]

from core.errors import CoterieError
from core.workspace import Actor, RefreshRun, Workspace
from dashboard import state
from dashboard.errors import log_unknown

LOOK_SECONDS = 60
ACTOR = Actor("timer", verified=True)
_log = logging.getLogger("coterie.dashboard")


def is_time(now: datetime, hour: int | None, runs: list[RefreshRun]) -> bool:
    """Tell whether the daily refresh is to be done now.

    Parameters
    ----------
    now : datetime.datetime
        In the workspace's time zone.
    hour : int or None
        From which on it is done; None = never.
    runs : list of RefreshRun
        The newest refreshes. Whatever the timer began today is not begun again; a machine that slept at that
        hour catches up.
    """
    if hour is None or now.hour < hour:
        return False
    return not any(
        run.by == ACTOR and run.started_at.astimezone(now.tzinfo).date() == now.date() for run in runs
    )


def look() -> None:
    """Refresh the workspace if it is time.

    What goes wrong is logged. A refresh that began and failed is tried again tomorrow; one that could not
    begin (another one is under way, the workspace cannot be read) at the next look.
    """
    try:
        workspace: Workspace = state.workspace()
        hour = workspace.refresh_timer()
        if hour is None:
            return
        now = datetime.now(workspace.data_version().catalogue.zone)
        if is_time(now, hour, workspace.refresh_runs()):
            run = workspace.refresh(actor=ACTOR)
            _log.info("refreshed %d tags and %d audiences", len(run.tags), len(run.audiences))
    except CoterieError as error:
        _log.warning("no refresh on the timer: %s", error.code)
    except Exception as error:  # noqa: BLE001  the edge of a thread: logged under an id
        log_unknown(error)


def start() -> BackgroundScheduler:
    """Return a scheduler that looks every minute, one look at a time."""
    scheduler = BackgroundScheduler(daemon=True)
    scheduler.add_job(look, "interval", seconds=LOOK_SECONDS, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler
