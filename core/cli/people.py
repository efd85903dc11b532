"""The command `list`: uploaded lists."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from core.cli.commands import ByOption, JsonOption, WorkspaceOption, actor_of
from core.cli.explain import app
from core.cli.output import line, print_json, said, screen
from core.cli.tables import cell, new_table
from core.workspace import ListReport, PeopleList, Workspace

__all__ = ["app"]

_LIKE_ALL: dict[str, Any] = {
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
lists = typer.Typer(help=said("cli_help_list"), **_LIKE_ALL)
app.add_typer(lists, name="list")

ListName = Annotated[str, typer.Option("--name", help=said("cli_help_list_name"))]
UnmatchedOption = Annotated[Path | None, typer.Option("--unmatched", help=said("cli_help_list_unmatched"))]


@lists.command("add", help=said("cli_help_list_add"))
def add(
    workspace: WorkspaceOption,
    name: ListName,
    file: Annotated[Path, typer.Option("--file", help=said("cli_help_list_file"))],
    column: Annotated[str | None, typer.Option("--column", help=said("cli_help_list_column"))] = None,
    match: Annotated[str, typer.Option("--match", help=said("cli_help_list_match"))] = "auto",
    replace: Annotated[bool, typer.Option("--replace", help=said("cli_help_list_replace"))] = False,
    unmatched: UnmatchedOption = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Make a list of the users in a file."""
    report = Workspace.open(workspace).add_list(
        name, file, actor=actor_of(by), column=column, match=match, replaces=replace, shown=str(file),
        unmatched=unmatched,
    )  # fmt: skip
    if json:
        print_json(report.as_json())
    else:
        _print_report(report, unmatched)


@lists.command("show", help=said("cli_help_list_show"))
def show(
    workspace: WorkspaceOption,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=said("cli_help_list_name"))] = None,
    json: JsonOption = False,
) -> None:
    """Print one list, or all of them."""
    door = Workspace.open(workspace)
    found = door.lists() if name is None else [door.people_list(name)]
    if not json:
        _print_lists(screen(), found)
    elif name is None:
        print_json({"lists": [one.as_json() for one in found]})
    else:
        print_json(found[0].as_json())


@lists.command("remove", help=said("cli_help_list_remove"))
def remove(
    workspace: WorkspaceOption,
    name: Annotated[str, typer.Argument(metavar="NAME", help=said("cli_help_list_name"))],
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Remove a list that no audience names."""
    removed = Workspace.open(workspace).remove_list(name, actor=actor_of(by))
    if json:
        print_json({"removed": removed.name})
    else:
        line(said("list_removed", name=removed.name))


def _print_report(report: ListReport, unmatched: Path | None) -> None:
    kept = report.kept
    line(said("list_added", name=kept.name, people=f"{kept.people:,}", column=kept.column, match=kept.match))
    numbers = ("rows", "matched", "unmatched", "duplicates", "empty", "unreadable")
    line(said("list_numbers", **{key: f"{getattr(kept, key):,}" for key in numbers}))
    if report.examples:
        line(said("list_examples", examples=report.examples))
    if unmatched is not None:
        line(said("list_unmatched_written", file=unmatched))


def _print_lists(console: Console, found: list[PeopleList]) -> None:
    table = new_table("list", "people", "matched", "unmatched", "duplicates", "match", "source", "at", "by")
    for one in found:
        numbers = (f"{n:,}" for n in (one.people, one.matched, one.unmatched, one.duplicates))
        at = one.at.strftime("%Y-%m-%d %H:%M")
        table.add_row(cell(one.name), *numbers, cell(one.match), cell(one.source), at, cell(one.by.name))
    console.print(table)
