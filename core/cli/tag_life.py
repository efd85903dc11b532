"""The life of tags in the command line: made, changed, moved, merged, kept as files; values given."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.commands import AsOfOption, ByOption, JsonOption, WorkspaceOption, actor_of, day_of
from core.cli.output import line, print_json, said, screen, words
from core.cli.tables import cell, new_table
from core.cli.tags import (
    FileOption,
    KeyArgument,
    app,
    definition_in,
    print_effect,
    print_entry,
    tags,
)
from core.errors import CallerError, Problem
from core.messages import message_of
from core.rules.parse import json_values
from core.workspace import GivenReport, GivenRow, TagRecord, Workspace

__all__ = ["app"]

DraftOption = Annotated[bool, typer.Option("--draft", help=said("cli_help_tag_draft"))]
GivenOption = Annotated[str, typer.Option("--with", metavar="JSON", help=said("cli_help_tag_with"))]
VersionOption = Annotated[int, typer.Option("--version", help=said("cli_help_tag_version"))]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help=said("cli_help_tag_dry_run"))]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help=said("cli_help_tag_folder"))]
UserOption = Annotated[list[str] | None, typer.Option("--user", help=said("cli_help_tag_users"))]
SinceOption = Annotated[str | None, typer.Option("--since", help=said("cli_help_tag_since"))]

_OUTCOMES = {"created": "tag_import_created", "changed": "tag_import_changed", "same": "tag_import_same"}


@tags.command("create", help=said("cli_help_tags_create"))
def create(
    workspace: WorkspaceOption, file: FileOption, draft: DraftOption = False, by: ByOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Keep a new tag."""
    door = Workspace.open(workspace)
    status: Any = "draft" if draft else "active"
    _answer(door, door.create_tag(definition_in(file), actor=actor_of(by), status=status), json=json)


@tags.command("update", help=said("cli_help_tags_update"))
def update(
    workspace: WorkspaceOption,
    file: FileOption,
    version: VersionOption,
    note: Annotated[str, typer.Option("--note", help=said("cli_help_tag_note"))] = "",
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Give a tag another definition."""
    door = Workspace.open(workspace)
    changed = door.update_tag(definition_in(file), version=version, actor=actor_of(by), note=note)
    _answer(door, changed, json=json)


@tags.command("publish", help=said("cli_help_tags_publish"))
def publish(
    workspace: WorkspaceOption, key: KeyArgument, by: ByOption = None, json: JsonOption = False
) -> None:
    """Let everybody use a draft, or a paused or retired tag again."""
    door = Workspace.open(workspace)
    _answer(door, door.publish_tag(key, actor=actor_of(by)), json=json)


@tags.command("pause", help=said("cli_help_tags_pause"))
def pause(
    workspace: WorkspaceOption, key: KeyArgument, as_of: AsOfOption = None, by: ByOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Let a tag keep the values of a day."""
    door = Workspace.open(workspace)
    _answer(door, door.pause_tag(key, actor=actor_of(by), as_of=day_of(as_of)), json=json)


@tags.command("retire", help=said("cli_help_tags_retire"))
def retire(
    workspace: WorkspaceOption, key: KeyArgument, by: ByOption = None, json: JsonOption = False
) -> None:
    """Take a tag out of use."""
    door = Workspace.open(workspace)
    _answer(door, door.retire_tag(key, actor=actor_of(by)), json=json)


@tags.command("restore", help=said("cli_help_tags_restore"))
def restore(
    workspace: WorkspaceOption,
    key: KeyArgument,
    wanted: Annotated[int, typer.Argument(metavar="WANTED", help=said("cli_help_tag_wanted"))],
    version: VersionOption,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Give a tag the definition of an earlier version."""
    door = Workspace.open(workspace)
    restored = door.restore_tag_version(key, wanted, version=version, actor=actor_of(by))
    _answer(door, restored, json=json)


@tags.command("merge", help=said("cli_help_tags_merge"))
def merge(
    workspace: WorkspaceOption,
    key: KeyArgument,
    into: Annotated[str, typer.Argument(metavar="INTO", help=said("cli_help_tag_into"))],
    dry_run: DryRunOption = False,
    as_of: AsOfOption = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Let everything that names a tag name another one, and retire it."""
    door = Workspace.open(workspace)
    if not dry_run:
        _answer(door, door.merge_tags(key, into, actor=actor_of(by)), json=json)
        return
    found = door.merge_effect(key, into, day_of(as_of))
    if json:
        print_json(found.as_json())
        return
    print_effect(found.effect)
    for problem in found.problems:
        line(f"{problem.node}: {words(message_of(problem))}")


@tags.command("give", help=said("cli_help_tags_give"))
def give(
    workspace: WorkspaceOption,
    key: KeyArgument,
    user: UserOption = None,
    value: Annotated[str | None, typer.Option("--value", help=said("cli_help_tag_value"))] = None,
    file: Annotated[Path | None, typer.Option("--file", help=said("cli_help_tag_values_file"))] = None,
    column: Annotated[str | None, typer.Option("--column", help=said("cli_help_tag_id_column"))] = None,
    value_column: Annotated[
        str | None, typer.Option("--value-column", help=said("cli_help_tag_value_column"))
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help=said("cli_help_tag_until"))] = None,
    until_column: Annotated[
        str | None, typer.Option("--until-column", help=said("cli_help_tag_until_column"))
    ] = None,
    since: SinceOption = None,
    match: Annotated[str, typer.Option("--match", help=said("cli_help_list_match"))] = "auto",
    refused: Annotated[Path | None, typer.Option("--refused", help=said("cli_help_tag_refused"))] = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Give users a value of a tag, one by one or from a file."""
    door, actor = Workspace.open(workspace), actor_of(by)
    if file is None:
        if not user or value is None:
            raise CallerError(Problem("tag_give_what"))
        last = day_of(until)
        rows = [GivenRow(each, value, last) for each in user]
        _print_given(door.give_values(key, rows, actor=actor, since=day_of(since)), json=json)
        return
    if column is None:
        raise CallerError(Problem("option_missing", params={"option": "--column"}))
    report = door.give_values_file(
        key, file, column=column, actor=actor, value_column=value_column, value=value,
        until_column=until_column, since=day_of(since), until=day_of(until), match=match, shown=str(file),
        refused=refused,
    )  # fmt: skip
    _print_given(report, json=json)


@tags.command("take", help=said("cli_help_tags_take"))
def take(
    workspace: WorkspaceOption, key: KeyArgument, user: UserOption = None, since: SinceOption = None,
    by: ByOption = None, json: JsonOption = False,
) -> None:  # fmt: skip
    """Take the value of users away."""
    if not user:
        raise CallerError(Problem("option_missing", params={"option": "--user"}))
    door = Workspace.open(workspace)
    _print_given(door.take_values(key, user, actor=actor_of(by), since=day_of(since)), json=json)


@tags.command("export-definitions", help=said("cli_help_tags_export"))
def export_definitions(workspace: WorkspaceOption, folder: FolderArgument, json: JsonOption = False) -> None:
    """Write the definitions of tags that are not retired to files, one each."""
    records = [record for record in Workspace.open(workspace).tags() if record.status != "retired"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for record in records:
            text = json_text.dumps(record.definition.as_json(), ensure_ascii=False, indent=2)
            (folder / f"{record.definition.key}.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        params = {"file": str(folder), "why": error.strerror or str(error)}
        raise CallerError(Problem("export_unwritable", params=params)) from error
    if json:
        print_json({"folder": str(folder), "tags": [record.definition.key for record in records]})
    else:
        line(said("tag_exported", n=len(records), folder=folder))


@tags.command("import-definitions", help=said("cli_help_tags_import"))
def import_definitions(
    workspace: WorkspaceOption, folder: FolderArgument, dry_run: DryRunOption = False, by: ByOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Read definitions from files; everything is checked before anything is changed."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise CallerError(Problem("tag_folder_empty", params={"folder": str(folder)}))
    definitions = [definition_in(file) for file in files]
    told = Workspace.open(workspace).import_tags(definitions, actor=actor_of(by), dry_run=dry_run)
    if json:
        print_json({"dry_run": dry_run, "tags": [each.as_json() for each in told]})
        return
    for each in told:
        changes = [words(change) for change in each.changes]
        line(said(_OUTCOMES[each.outcome], key=each.key, changes="; ".join(changes)))


@tags.command("templates", help=said("cli_help_tags_templates"))
def templates(
    workspace: WorkspaceOption,
    name: Annotated[
        str | None, typer.Argument(metavar="[TEMPLATE]", help=said("cli_help_tag_template"))
    ] = None,
    given: GivenOption = "{}",
    create: Annotated[bool, typer.Option("--create", help=said("cli_help_tag_create"))] = False,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Print the ready tags; or what one of them proposes; or keep that."""
    door = Workspace.open(workspace)
    if name is None:
        _print_templates(door, json=json)
        return
    proposed = door.proposals(name, given_in(given))
    if not create:
        if json:
            print_json({"tags": [definition.as_json() for definition in proposed]})
        else:
            for definition in proposed:
                line(json_text.dumps(definition.as_json(), ensure_ascii=False, indent=1))
        return
    kept = door.create_tags(proposed, actor=actor_of(by))
    if json:
        print_json({"tags": [door.tag_entry(record.definition.key).as_json() for record in kept]})
    else:
        for record in kept:
            print_entry(door.tag_entry(record.definition.key))


def given_in(text: str) -> dict[str, Any]:
    """Return what a template or goal is told; raises CallerError if the text is no JSON object."""
    told = json_values(text)
    if not isinstance(told, dict):
        raise CallerError(Problem("tag_with_shape", params={"given": text[:80]}))
    return told


def _print_templates(door: Workspace, *, json: bool) -> None:
    found = door.templates().values()
    if json:
        print_json(
            {
                "templates": [
                    {"key": each.key, "label": dict(each.label), "about": dict(each.about)} for each in found
                ]
            }
        )
        return
    table = new_table("tag_template", "label", "tag_about")
    for each in found:
        table.add_row(cell(each.key), cell(words(each.label)), cell(words(each.about)))
    screen().print(table)


def _answer(door: Workspace, record: TagRecord, *, json: bool) -> None:
    entry = door.tag_entry(record.definition.key)
    if json:
        print_json(entry.as_json())
    else:
        print_entry(entry)


def _print_given(report: GivenReport, *, json: bool) -> None:
    if json:
        print_json(report.as_json())
        return
    numbers = {name: f"{getattr(report, name):,}" for name in ("rows", "given", "unknown", "duplicates")}
    line(said("tag_given_report", bad=f"{report.bad_values + report.bad_days:,}", **numbers))
    if report.examples:
        line(said("list_examples", examples=report.examples))
