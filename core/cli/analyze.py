"""`analyze`: what a manager asks, with the numbers of the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from core.analytics.analyses import given_by_plan
from core.analytics.sheets import Sheet, sheets
from core.analytics.wording import RIGHT, Wording
from core.cli.commands import AsOfOption, JsonOption, WorkspaceOption, day_of
from core.cli.goals import app
from core.cli.output import language, line, print_json, said, screen, words
from core.cli.tables import cell
from core.report.remarks import notes, why_nothing
from core.workspace import Workspace, read_analysis_plan

__all__ = ["app"]


@app.command("analyze", help=said("cli_help_analyze"))
def analyze(
    name: Annotated[str, typer.Argument(help=said("cli_help_analysis"))],
    workspace: WorkspaceOption,
    as_of: AsOfOption = None,
    first: Annotated[str | None, typer.Option("--from", help=said("cli_help_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", help=said("cli_help_to"))] = None,
    audience: Annotated[str | None, typer.Option("--audience", help=said("cli_help_audience"))] = None,
    by: Annotated[str | None, typer.Option("--by", help=said("cli_help_split"))] = None,
    plan: Annotated[Path | None, typer.Option("--plan", help=said("cli_help_analysis_plan"))] = None,
    json: JsonOption = False,
) -> None:
    """Print one analysis."""
    door = Workspace.open(workspace)
    given = {} if plan is None else given_by_plan(read_analysis_plan(plan), name)
    found = door.analyse(
        name, day_of(as_of), first=day_of(first), last=day_of(last), audience=audience, by=by, given=given
    )
    nobody = door.nobody(day_of(as_of), audience=audience)
    missing = door.not_recorded(name, day_of(as_of), first=day_of(first), last=day_of(last), given=given)
    if json:
        period = door.period(day_of(as_of), day_of(first), day_of(last))
        head = {
            "analysis": name,
            "data_version": door.data_version().id,
            "as_of": door.asking(day_of(as_of)).as_of.isoformat(),
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "audience": audience,
            "by": by,
            "nobody": None if nobody is None else dict(nobody),
            "not_recorded": [dict(note) for note in missing],
        }
        print_json({**head, **found.as_json()})
        return
    if nobody is not None:
        line(words(nobody))
        return
    for sheet in sheets(found, door.catalogue()):
        line(words(sheet.title))
        screen().print(_table(sheet))
    for note in dict.fromkeys(map(words, (*missing, *why_nothing(found), *notes(found)))):
        line(note)


def _table(sheet: Sheet) -> Table:
    table, wording = Table(box=None, pad_edge=False), Wording(language())
    for column in sheet.columns:
        table.add_column(words(column.label), justify="right" if column.kind in RIGHT else "left")
    for row in sheet.rows:
        written = (
            wording.written(value, column.kind) for value, column in zip(row, sheet.columns, strict=True)
        )
        table.add_row(*map(cell, written))
    return table
