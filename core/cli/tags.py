"""The command `tags`: tags looked at; their life and their values are in `tag_life`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli import tables
from core.cli.commands import AsOfOption, JsonOption, WorkspaceOption, day_of
from core.cli.output import line, print_json, said, screen, words
from core.cli.people import app
from core.cli.tables import cell, new_table
from core.errors import CallerError, Problem
from core.messages import message_of
from core.rules.parse import json_values
from core.workspace import TagDefinition, TagEffect, TagEntry, TagPreview, Workspace

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
    """Print the tags that operators made or look after, drafts and retired ones too."""
    found = [entry for entry in Workspace.open(workspace).tag_entries() if entry.version]
    if json:
        print_json({"tags": [entry.as_json() for entry in found]})
        return
    table = new_table("tag", "label", "status", "version", "changed", "sentence")
    for entry in found:
        at = "" if entry.changed_at is None else f"{entry.changed_at:%Y-%m-%d}"
        row = (
            entry.key, words(entry.definition.label.as_text()), said(f"tag_status_{entry.status}"),
            str(entry.version), f"{at} {entry.changed_by}", words(entry.sentence),
        )  # fmt: skip
        table.add_row(*map(cell, row))
    screen().print(table)


@tags.command("show", help=said("cli_help_tags_show"))
def show(workspace: WorkspaceOption, key: KeyArgument, json: JsonOption = False) -> None:
    """Print one tag with its versions and what uses it."""
    door = Workspace.open(workspace)
    entry, versions, uses = door.tag_entry(key), door.tag_versions(key), door.tag_uses(key)
    known = key in door.data_version().catalogue.tags
    coverage = door.tag_coverage(key) if known else None
    if json:
        told = None if coverage is None else {"with_value": coverage[0], "base": coverage[1]}
        print_json(
            {
                **entry.as_json(),
                "coverage": told,
                "used_by": [use.as_json() for use in uses],
                "graph": door.tag_graph(key).as_json(),
                "versions": [version.as_json() for version in versions],
            }
        )
        return
    print_entry(entry)
    if coverage is not None:
        line(said("tag_preview_head", n=f"{coverage[0]:,}", base=f"{coverage[1]:,}"))
    for use in uses:
        line(said("tag_used_by", what=words(use.sentence)))
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        changes = [] if before is None else door.tag_changes(before.definition, version.definition)
        told_changes = "; ".join(words(change) for change in changes) or version.note
        status = said(f"tag_status_{version.status}")
        line(f"v{version.version} {version.at:%Y-%m-%d %H:%M} {version.by} {status} {told_changes}".rstrip())


@tags.command("preview", help=said("cli_help_tags_preview"))
def preview(
    workspace: WorkspaceOption, file: FileOption, as_of: AsOfOption = None, json: JsonOption = False
) -> None:
    """Print what a tag would be; nothing is kept."""
    found = Workspace.open(workspace).preview_tag(definition_in(file), day_of(as_of))
    if json:
        print_json(found.as_json())
    else:
        _print_preview(found)


@tags.command("effect", help=said("cli_help_tags_effect"))
def effect(
    workspace: WorkspaceOption, file: FileOption, as_of: AsOfOption = None, json: JsonOption = False
) -> None:
    """Print what another definition of a tag would do; nothing is kept."""
    found = Workspace.open(workspace).tag_effect(definition_in(file), day_of(as_of))
    if json:
        print_json(found.as_json())
    else:
        print_effect(found)


def definition_in(file: Path) -> TagDefinition:
    """Return the definition in a JSON file.

    Raises
    ------
    CallerError
        If it cannot be read or holds none.
    """
    try:
        source = json_values(file.read_bytes())
    except OSError as error:
        params = {"path": str(file), "why": error.strerror or str(error)}
        raise CallerError(Problem("tag_file_unreadable", params=params)) from error
    if not isinstance(source, dict):
        raise CallerError(Problem("tag_file_shape", params={"path": str(file)}))
    return TagDefinition.from_json(source)


def print_entry(entry: TagEntry) -> None:
    """Print what a tag is."""
    label, status = words(entry.definition.label.as_text()), said(f"tag_status_{entry.status}")
    line(f"{entry.key} {label} · {status} · v{entry.version}")
    line(f"  {words(entry.sentence)}")
    if entry.trouble is not None:
        line(f"  {words(message_of(entry.trouble))}")


def print_effect(found: TagEffect) -> None:
    """Print who changes value, and which audiences change size."""
    numbers = {name: f"{getattr(found, name):,}" for name in ("base", "changed", "gained", "lost")}
    line(said("tag_effect_head", **numbers))
    table = new_table("tag_before", "tag_after", "tag_users")
    for move in found.moves:
        shown = move.as_json()
        table.add_row(*(cell(_class(shown[side])) for side in ("before", "after")), cell(f"{move.users:,}"))
    if found.moves:
        screen().print(table)
    for moved in found.audiences:
        sizes = {side: _size(getattr(moved, side)) for side in ("before", "after")}
        line(said("tag_effect_audience", name=moved.name, **sizes))


def _class(shown: dict[str, object]) -> str:
    if shown["kind"] == "bin":
        return f"{shown['low'] or ''} – {shown['high'] or ''}"
    if shown["kind"] == "value":
        value = shown["value"]
        return "|".join(map(str, value)) if isinstance(value, list) else str(value)
    return said("drift_missing") if shown["kind"] == "missing" else said("drift_other")


def _size(size: int | None) -> str:
    return "—" if size is None else f"{size:,}"


def _print_catalogue(workspace: Path, *, json: bool) -> None:
    listing = Workspace.open(workspace).listing()
    if json:
        print_json(listing.as_json())
    else:
        tables.print_listing(screen(), listing)


def _print_preview(found: TagPreview) -> None:
    line(words(found.sentence))
    line(said("tag_preview_head", n=f"{found.with_value:,}", base=f"{found.base:,}"))
    table = new_table("tag_value", "tag_users")
    for bar in found.breakdown.bars:
        value = f"{bar.low} – {bar.high}" if bar.value is None else str(bar.value)
        table.add_row(cell(value), cell(f"{bar.base:,}"))
    screen().print(table)
    for problem in found.warnings:
        line(words(message_of(problem)))
