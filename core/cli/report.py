"""`report`: the analyses as one HTML page, for whoever reads on paper or without the app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from core.analytics.analyses import ANALYSES
from core.cli.analyze import app
from core.cli.commands import AsOfOption, JsonOption, WorkspaceOption, day_of, one_of
from core.cli.output import language, line, print_json, progress_shown, said
from core.messages import LANGUAGES, Language
from core.workspace import Workspace, read_analysis_plan

__all__ = ["app"]


@app.command("report", help=said("cli_help_report"))
def report(
    workspace: WorkspaceOption,
    out: Annotated[Path, typer.Option("--out", help=said("cli_help_report_out"))],
    as_of: AsOfOption = None,
    first: Annotated[str | None, typer.Option("--from", help=said("cli_help_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", help=said("cli_help_to"))] = None,
    audience: Annotated[str | None, typer.Option("--audience", help=said("cli_help_audience"))] = None,
    by: Annotated[str | None, typer.Option("--by", help=said("cli_help_report_by"))] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help=said("cli_help_analysis_plan"))] = None,
    only: Annotated[str | None, typer.Option("--only", help=said("cli_help_report_only"))] = None,
    lang: Annotated[str | None, typer.Option("--lang", help=said("cli_help_report_lang"))] = None,
    json: JsonOption = False,
) -> None:
    """Write the report."""
    spoken = language() if lang is None else one_of("report_language_unknown", lang, LANGUAGES)
    chosen = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    door = Workspace.open(workspace)
    told = None if plan is None else read_analysis_plan(plan)
    door.report_target(out)  # before minutes of counting, not after them
    with progress_shown() as progress:
        page = door.report(
            cast(Language, spoken), day_of(as_of), first=day_of(first), last=day_of(last),
            audience=audience, by=by, plan=told, plan_name=None if plan is None else plan.name,
            only=chosen, progress=progress,
        )  # fmt: skip
    file = door.write_report(page, out)
    names = list(ANALYSES) if chosen is None else list(dict.fromkeys(chosen))
    if json:
        print_json({"file": str(file), "analyses": names, "lang": spoken, "bytes": file.stat().st_size})
        return
    line(said("report_done", file=file, n=len(names)))
