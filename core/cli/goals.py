"""The command `tags goals`: from a goal of the business to tags and audiences."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.commands import AsOfOption, ByOption, JsonOption, WorkspaceOption, actor_of, day_of
from core.cli.output import language, line, print_json, said, screen, words
from core.cli.refresh import app
from core.cli.tables import cell, new_table
from core.cli.tag_life import GivenOption, given_in
from core.cli.tags import tags
from core.errors import CallerError, Problem
from core.workspace import Audience, GoalPlan, GoalPreview, Workspace, chosen_of

__all__ = ["app"]


@tags.command("goals", help=said("cli_help_tags_goals"))
def goals(
    workspace: WorkspaceOption,
    goal: Annotated[str | None, typer.Argument(metavar="[GOAL]", help=said("cli_help_goal"))] = None,
    given: GivenOption = "{}",
    create: Annotated[bool, typer.Option("--create", help=said("cli_help_goal_create"))] = False,
    folder: Annotated[str, typer.Option("--folder", help=said("cli_help_goal_folder"))] = "",
    audience: Annotated[
        list[str] | None, typer.Option("--audience", help=said("cli_help_goal_audience"))
    ] = None,
    as_of: AsOfOption = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Print the goals; or what one of them comes to, counted; or keep that."""
    door = Workspace.open(workspace)
    if goal is None:
        if create or folder or audience or given != "{}":
            raise CallerError(Problem("goal_missing", allowed=tuple(door.goals())))
        _print_goals(door, json=json)
        return
    plan = door.goal_plan(goal, given_in(given), language=language())
    if audience:
        plan = chosen_of(plan, audience)
    preview = door.preview_goal(plan, day_of(as_of))
    kept: list[Audience] = []
    if create:
        _, kept = door.keep_goal(plan, actor=actor_of(by), folder=folder)
    if json:
        counts = [
            {**each.as_json(), "count": count}
            for each, count in zip(plan.audiences, preview.audiences, strict=True)
        ]
        ids = [audience.id for audience in kept]
        print_json({**plan.as_json(), "audiences": counts, "base": preview.base, "kept": ids})
        return
    _print_plan(plan, preview)
    if create:
        line(said("goal_kept", tags=len(plan.tags), audiences=len(kept)))


def _print_goals(door: Workspace, *, json: bool) -> None:
    found = door.goals().values()
    if json:
        told = [{"key": each.key, "label": dict(each.label), "about": dict(each.about)} for each in found]
        print_json({"goals": told})
        return
    table = new_table("goal", "label", "tag_about")
    for each in found:
        table.add_row(cell(each.key), cell(words(each.label)), cell(words(each.about)))
    screen().print(table)


def _print_plan(plan: GoalPlan, preview: GoalPreview) -> None:
    new = new_table("tag", "with_value", "sentence")
    for each in preview.tags:
        new.add_row(cell(each.key), cell(f"{each.with_value:,}"), cell(words(each.sentence)))
    if preview.tags:
        screen().print(new)
    if plan.reused:
        line(said("goal_reused", tags=list(plan.reused)))
    if plan.reused_audiences:
        line(said("goal_reused_audiences", names=list(plan.reused_audiences)))
    table = new_table("audience", "count", "note")
    for audience, count in zip(plan.audiences, preview.audiences, strict=True):
        table.add_row(cell(audience.name), cell(f"{count:,}"), cell(audience.note))
    screen().print(table)
