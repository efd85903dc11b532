"""The commands `audiences delete`, `deleted`, `restore` and `purge`: away, and back again."""

from __future__ import annotations

from typing import Annotated

import typer

from core.audiences.naming import folded
from core.cli.audiences import AudienceName, app, audiences
from core.cli.commands import ByOption, JsonOption, WorkspaceOption, actor_of
from core.cli.output import line, print_json, said, screen, words
from core.cli.tables import cell, new_table
from core.errors import NotFound, Problem, nearest_name
from core.messages import message_of, problem_as_json
from core.workspace import DAYS_KEPT, DeletedAudience, Workspace

__all__ = ["app"]


@audiences.command("delete", help=said("cli_help_audiences_delete"))
def delete(
    workspace: WorkspaceOption, name: AudienceName, by: ByOption = None, json: JsonOption = False
) -> None:
    """Delete an audience that no other one names."""
    door = Workspace.open(workspace)
    audience = door.audience(name)
    door.delete_audience(audience.id, actor=actor_of(by))
    if json:
        print_json({"deleted": audience.name})
    else:
        line(said("audience_deleted", name=audience.name, days=DAYS_KEPT))


@audiences.command("deleted", help=said("cli_help_audiences_deleted"))
def deleted(workspace: WorkspaceOption, json: JsonOption = False) -> None:
    """Print the audiences that can be restored, the last deleted first."""
    found = Workspace.open(workspace).deleted_audiences()
    if json:
        print_json({"audiences": [each.as_json() for each in found]})
        return
    table = new_table("audience", "id", "at", "by")
    for each in found:
        at = each.at.strftime("%Y-%m-%d %H:%M")
        table.add_row(*map(cell, (each.audience.name, each.audience.id, at, each.by.name)))
    screen().print(table)


@audiences.command("restore", help=said("cli_help_audiences_restore"))
def restore(
    workspace: WorkspaceOption,
    name: AudienceName,
    new_name: Annotated[str | None, typer.Option("--name", help=said("cli_help_restore_name"))] = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a deleted audience back, by its id or its name; of several of one name the last deleted."""
    door = Workspace.open(workspace)
    found = _deleted(door, name)
    back = door.restore_audience(found.audience.id, actor=actor_of(by), name=new_name)
    problems = door.audience_problems(back)
    if json:
        print_json({**back.as_json(), "problems": [problem_as_json(problem) for problem in problems]})
        return
    line(said("audience_restored", name=back.name))
    for problem in problems:
        line(words(message_of(problem)))


@audiences.command("purge", help=said("cli_help_audiences_purge"))
def purge(
    workspace: WorkspaceOption, name: AudienceName, by: ByOption = None, json: JsonOption = False
) -> None:
    """Let go of a deleted audience for good."""
    door = Workspace.open(workspace)
    found = _deleted(door, name)
    door.purge_audience(found.audience.id, actor=actor_of(by))
    if json:
        print_json({"purged": found.audience.name})
    else:
        line(said("audience_purged", name=found.audience.name))


def _deleted(door: Workspace, id_or_name: str) -> DeletedAudience:
    """Return a deleted audience by its id, else the last deleted of a name."""
    found = door.deleted_audiences()
    for each in found:
        if each.audience.id == id_or_name:
            return each
    for each in found:
        if folded(each.audience.name) == folded(id_or_name):
            return each
    names = tuple(each.audience.name for each in found)
    nearest = nearest_name(id_or_name, names)
    raise NotFound(
        Problem("audience_not_deleted", params={"name": id_or_name}, allowed=names, nearest=nearest)
    )
