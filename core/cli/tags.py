"""The command `tags`: the catalogue, and the life of tags that operators make."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli import tables
from core.cli.commands import AsOfOption, ByOption, JsonOption, WorkspaceOption, actor_of, day_of
from core.cli.output import line, print_json, said, screen, words
from core.cli.people import app
from core.cli.tables import cell, new_table
from core.errors import CallerError, Problem
from core.rules.parse import json_values
from core.tags.records import status_text
from core.workspace import TagDefinition, TagPreview, TagRecord, Workspace

__all__ = ["app"]

tags = typer.Typer(
    help=said("cli_help_tags"),
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
app.add_typer(tags, name="tags")

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help=said("cli_help_tag_key"))]
FileOption = Annotated[Path, typer.Option("--file", help=said("cli_help_tag_file"))]
DraftOption = Annotated[bool, typer.Option("--draft", help=said("cli_help_tag_draft"))]
GivenOption = Annotated[str, typer.Option("--with", metavar="JSON", help=said("cli_help_tag_with"))]


@tags.callback()
def catalogue(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", envvar="COTERIE_WORKSPACE", help=said("cli_help_workspace")),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Print the catalogue, as `tags list` does."""
    if context.invoked_subcommand is not None:
        return
    if workspace is None:
        raise CallerError(Problem("option_missing", params={"option": "--workspace"}))
    _print_catalogue(workspace, json=json)


@tags.command("list", help=said("cli_help_tags"))
def list_(workspace: WorkspaceOption, json: JsonOption = False) -> None:
    """Print the catalogue."""
    _print_catalogue(workspace, json=json)


@tags.command("made", help=said("cli_help_tags_made"))
def made(workspace: WorkspaceOption, json: JsonOption = False) -> None:
    """Print the tags that operators made, drafts and retired ones too."""
    door = Workspace.open(workspace)
    records = door.tags()
    if json:
        print_json(
            {"tags": [{**r.as_json(), "sentence": dict(door.tag_sentence(r.definition))} for r in records]}
        )
        return
    table = new_table("tag", "label", "status", "version", "changed", "sentence")
    for record in records:
        definition = record.definition
        row = (
            definition.key, words(definition.label.as_text()), words(status_text(record.status)),
            str(record.version), f"{record.changed_at:%Y-%m-%d} {record.changed_by}",
            words(door.tag_sentence(definition)),
        )  # fmt: skip
        table.add_row(*map(cell, row))
    screen().print(table)


@tags.command("show", help=said("cli_help_tags_show"))
def show(workspace: WorkspaceOption, key: KeyArgument, json: JsonOption = False) -> None:
    """Print one tag with its versions and what uses it."""
    door = Workspace.open(workspace)
    record, versions, uses = door.tag(key), door.tag_versions(key), door.tag_uses(key)
    if json:
        print_json(
            {
                **record.as_json(),
                "sentence": dict(door.tag_sentence(record.definition)),
                "used_by": [dict(use) for use in uses],
                "versions": [version.as_json() for version in versions],
            }
        )
        return
    _print_record(door, record)
    for use in uses:
        line(said("tag_used_by", what=words(use)))
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        changes = [] if before is None else door.tag_changes(before.definition, version.definition)
        told = "; ".join(words(change) for change in changes) or version.note
        line(f"v{version.version} {version.at:%Y-%m-%d %H:%M} {version.by} {told}".rstrip())


@tags.command("preview", help=said("cli_help_tags_preview"))
def preview(
    workspace: WorkspaceOption, file: FileOption, as_of: AsOfOption = None, json: JsonOption = False
) -> None:
    """Print what a tag would be; nothing is kept."""
    found = Workspace.open(workspace).preview_tag(_definition(file), day_of(as_of))
    _print_previews([found], json=json)


@tags.command("create", help=said("cli_help_tags_create"))
def create(
    workspace: WorkspaceOption, file: FileOption, draft: DraftOption = False, by: ByOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Keep a new tag."""
    door = Workspace.open(workspace)
    status: Any = "draft" if draft else "active"
    _answer(door, door.create_tag(_definition(file), actor=actor_of(by), status=status), json=json)


@tags.command("update", help=said("cli_help_tags_update"))
def update(
    workspace: WorkspaceOption,
    file: FileOption,
    version: Annotated[int, typer.Option("--version", help=said("cli_help_tag_version"))],
    note: Annotated[str, typer.Option("--note", help=said("cli_help_tag_note"))] = "",
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Give a tag another definition."""
    door = Workspace.open(workspace)
    changed = door.update_tag(_definition(file), version=version, actor=actor_of(by), note=note)
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
    told = json_values(given)
    if not isinstance(told, dict):
        raise CallerError(Problem("tag_with_shape", params={"given": given[:80]}))
    proposed = door.proposals(name, told)
    if not create:
        if json:
            print_json({"tags": [definition.as_json() for definition in proposed]})
        else:
            for definition in proposed:
                line(json_text.dumps(definition.as_json(), ensure_ascii=False, indent=1))
        return
    kept = [door.create_tag(definition, actor=actor_of(by)) for definition in proposed]
    if json:
        print_json({"tags": [record.as_json() for record in kept]})
    else:
        for record in kept:
            _print_record(door, record)


def _print_catalogue(workspace: Path, *, json: bool) -> None:
    listing = Workspace.open(workspace).listing()
    if json:
        print_json(listing.as_json())
    else:
        tables.print_listing(screen(), listing)


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


def _definition(file: Path) -> TagDefinition:
    """Return the definition in a JSON file."""
    try:
        source = json_values(file.read_bytes())
    except OSError as error:
        params = {"path": str(file), "why": error.strerror or str(error)}
        raise CallerError(Problem("tag_file_unreadable", params=params)) from error
    if not isinstance(source, dict):
        raise CallerError(Problem("tag_file_shape", params={"path": str(file)}))
    return TagDefinition.from_json(source)


def _answer(door: Workspace, record: TagRecord, *, json: bool) -> None:
    if json:
        print_json({**record.as_json(), "sentence": dict(door.tag_sentence(record.definition))})
    else:
        _print_record(door, record)


def _print_record(door: Workspace, record: TagRecord) -> None:
    definition = record.definition
    label, status = words(definition.label.as_text()), words(status_text(record.status))
    line(f"{definition.key} {label} · {status} · v{record.version}")
    line(f"  {words(door.tag_sentence(definition))}")


def _print_previews(found: list[TagPreview], *, json: bool) -> None:
    for each in found:
        if json:
            print_json(each.as_json())
            continue
        line(words(each.sentence))
        line(said("tag_preview_head", n=f"{each.with_value:,}", base=f"{each.base:,}"))
        table = new_table("tag_value", "tag_users")
        for bar in each.breakdown.bars:
            value = f"{bar.low} – {bar.high}" if bar.value is None else str(bar.value)
            table.add_row(cell(value), cell(f"{bar.base:,}"))
        screen().print(table)
