"""The command `refresh`, and what it finds: the health of tags."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.audience_compare import app
from core.cli.commands import AsOfOption, ByOption, JsonOption, WorkspaceOption, actor_of, day_of
from core.cli.output import line, print_json, progress_shown, said, screen, words
from core.cli.tables import cell, new_table
from core.cli.tags import tags
from core.ingest import Progress
from core.workspace import RefreshProgress, RefreshRun, Workspace

__all__ = ["app"]


@app.command("refresh", help=said("cli_help_refresh"))
def refresh(
    workspace: WorkspaceOption,
    as_of: AsOfOption = None,
    runs: Annotated[bool, typer.Option("--runs", help=said("cli_help_refresh_runs"))] = False,
    by: ByOption = None,
    json: JsonOption = False,
) -> int:
    """Do all that is due, and say what changed; with --runs print the runs before."""
    door = Workspace.open(workspace)
    if runs:
        _print_runs(door.refresh_runs(), json=json)
        return 0
    with progress_shown() as show:

        def told(progress: RefreshProgress) -> None:
            share = progress.done / max(progress.total, 1)
            show(Progress(f"refresh_at_{progress.kind}", share, {"name": progress.name}))

        run = door.refresh(actor=actor_of(by), as_of=day_of(as_of), progress=told)
    if json:
        print_json(run.as_json())
    else:
        _print_run(run)
    failed = [each for each in (*run.tags, *run.audiences) if each.get("error")]
    return 2 if failed else 0


@tags.command("health", help=said("cli_help_tags_health"))
def health(workspace: WorkspaceOption, as_of: AsOfOption = None, json: JsonOption = False) -> None:
    """Print what is wrong with tags, or could be better, each with the remedy."""
    with progress_shown() as show:
        report = Workspace.open(workspace).tag_health(
            day_of(as_of), progress=lambda share: show(Progress("refresh_comparing", share))
        )
    if json:
        print_json(report.as_json())
        return
    table = new_table("tag", "finding", "remedy")
    for finding in report.findings:
        table.add_row(cell(finding.key), cell(words(finding.text)), cell(words(finding.remedy)))
    screen().print(table)
    if report.not_compared:
        line(said("health_not_compared", n=f"{report.not_compared:,}"))


def _print_run(run: RefreshRun) -> None:
    line(said("refresh_done", tags=len(run.tags), audiences=len(run.audiences), as_of=run.as_of))
    for tag in run.tags:
        if tag.get("error"):
            line(f"  {tag['key']}: {words(tag['error'])}")
        elif tag["mark"] not in (None, "stable"):
            line("  " + said("refresh_drift", tag=tag["key"], psi=f"{tag['psi']:.2f}"))
    for audience in run.audiences:
        taken = audience["snapshot"]
        if taken is None:
            line(f"  {audience['audience']}: {words(audience['error'])}")
            continue
        counts = {name: f"{sum(taken[name].values()):,}" for name in ("entered", "left")}
        told = {"name": audience["audience"], "count": f"{taken['count']:,}", **counts}
        line("  " + said("audience_refreshed", **told))


def _print_runs(runs: list[RefreshRun], *, json: bool) -> None:
    if json:
        print_json({"runs": [run.as_json() for run in runs]})
        return
    table = new_table("at", "by", "state", "as_of", "tags", "audiences")
    for run in runs:
        row = (
            f"{run.started_at:%Y-%m-%d %H:%M}", run.by.name, said(f"refresh_state_{run.state}"),
            run.as_of.isoformat(), str(len(run.tags)), str(len(run.audiences)),
        )  # fmt: skip
        table.add_row(*map(cell, row))
    screen().print(table)
