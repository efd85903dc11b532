"""The command `audiences`: saved audiences looked at, kept, refreshed, compared, reviewed as files."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.commands import (
    AsOfOption,
    ByOption,
    JsonOption,
    RuleOption,
    WorkspaceOption,
    actor_of,
    day_of,
    read,
)
from core.cli.output import line, print_json, said, screen, words
from core.cli.people import app
from core.cli.tables import cell, new_table
from core.cli.tag_life import DryRunOption, FolderArgument
from core.errors import CallerError, CoterieError, Problem
from core.messages import message_of, say
from core.rules.parse import json_values
from core.workspace import CAUSES, Audience, Refreshed, Snapshot, Workspace

__all__ = ["app"]

audiences = typer.Typer(
    help=said("cli_help_audiences"),
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(audiences, name="audiences")

AudienceName = Annotated[str, typer.Argument(metavar="NAME", help=said("cli_help_audience_name"))]
_FILED = ("name", "note", "folder", "owner", "alert", "rule")


@audiences.command("list", help=said("cli_help_audiences_list"))
def list_(workspace: WorkspaceOption, as_of: AsOfOption = None, json: JsonOption = False) -> None:
    """Print every saved audience with its size."""
    door, day = Workspace.open(workspace), day_of(as_of)
    found = [(audience, _size(door, audience, day)) for audience in door.audiences()]
    if json:
        told = [{**audience.as_json(), **size} for audience, size in found]
        print_json({"as_of": (day or door.default_as_of()).isoformat(), "audiences": told})
        return
    table = new_table("audience", "people", "folder", "owner", "kind", "changed")
    for audience, size in found:
        people = "—" if size["count"] is None else f"{size['count']:,}"
        kind = said("audience_dynamic" if audience.fixed_to is None else "audience_static")
        changed = f"{audience.changed_at:%Y-%m-%d} {audience.changed_by.name}"
        row = (audience.name, people, audience.folder, audience.owner, kind, changed)
        table.add_row(*map(cell, row))
    screen().print(table)


@audiences.command("show", help=said("cli_help_audiences_show"))
def show(
    workspace: WorkspaceOption, name: AudienceName, as_of: AsOfOption = None, json: JsonOption = False
) -> None:
    """Print one audience: its rule in words, how its people come about, versions, uses."""
    door, day = Workspace.open(workspace), day_of(as_of)
    audience = door.audience(name)
    numbers = door.audience_numbers(audience.id, day)
    sentence = door.sentence(door.followed_rule(audience), reveal=False)
    by_hand, versions = door.by_hand(audience.id), door.audience_versions(audience.id)
    uses = door.audience_uses(audience.id)
    if json:
        print_json(
            {
                **audience.as_json(),
                **numbers.as_json(),
                "sentence": dict(sentence),
                "by_hand": [row.as_json() for row in by_hand],
                "versions": [version.as_json() for version in versions],
                "used_by": [use.as_json() for use in uses],
            }
        )
        return
    line(f"{audience.name} · {said('audience_dynamic' if audience.fixed_to is None else 'audience_static')}")
    line(words(sentence))
    told = {key: f"{getattr(numbers, key):,}" for key in ("ruled", "added", "removed", "count")}
    line(said("audience_numbers", **told))
    for row in by_hand:
        line(said("by_hand_added" if row.is_added else "by_hand_removed", user=row.user_id, why=row.reason))
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        changes = [] if before is None else door.audience_changes(before, version)
        text = "; ".join(words(change) for change in changes)
        line(f"v{version.revision} {version.at:%Y-%m-%d %H:%M} {version.by.name} {text}".rstrip())
    for use in uses:
        line(said("audience_used_by", name=use.name))


@audiences.command("save", help=said("cli_help_audiences_save"))
def save(
    workspace: WorkspaceOption,
    rule: RuleOption,
    name: Annotated[str, typer.Option("--name", help=said("cli_help_audience_name"))],
    note: Annotated[str | None, typer.Option("--note", help=said("cli_help_audience_note"))] = None,
    folder: Annotated[str | None, typer.Option("--folder", help=said("cli_help_audience_folder"))] = None,
    owner: Annotated[str | None, typer.Option("--owner", help=said("cli_help_audience_owner"))] = None,
    alert: Annotated[float | None, typer.Option("--alert", help=said("cli_help_audience_alert"))] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", help=said("cli_help_audience_revision"))
    ] = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Save a rule as a new audience; with --revision as the next state of the one of that name."""
    door, actor = Workspace.open(workspace), actor_of(by)
    old = None if revision is None else door.audience(name)
    kept = door.save_audience(
        name=name, note=note if note is not None else "" if old is None else old.note,
        rule=json_values(read(rule)), actor=actor, audience_id=None if old is None else old.id,
        revision=revision,
    )  # fmt: skip
    wanted = {"folder": folder, "owner": owner, "alert": alert}
    changes = {key: value for key, value in wanted.items() if value is not None}
    if changes:
        kept = door.arrange_audience(kept.id, revision=kept.revision, actor=actor, **changes)
    if json:
        print_json(kept.as_json())
    else:
        line(said("audience_saved", name=kept.name, revision=kept.revision))


@audiences.command("by-hand", help=said("cli_help_audiences_by_hand"))
def by_hand(
    workspace: WorkspaceOption,
    name: AudienceName,
    add: Annotated[list[str] | None, typer.Option("--add", help=said("cli_help_by_hand_add"))] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help=said("cli_help_by_hand_remove"))
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option("--forget", help=said("cli_help_by_hand_forget"))
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help=said("cli_help_by_hand_reason"))] = "",
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Add people to an audience or remove them, whatever its rule says; without options print who is."""
    door, actor = Workspace.open(workspace), actor_of(by)
    for users, is_added in ((add, True), (remove, False)):
        if users:
            door.put_by_hand(name, users, is_added=is_added, reason=reason, actor=actor)
    if forget:
        door.forget_by_hand(name, forget, actor=actor)
    rows = door.by_hand(name)
    if json:
        print_json({"audience": name, "by_hand": [row.as_json() for row in rows]})
        return
    for row in rows:
        line(said("by_hand_added" if row.is_added else "by_hand_removed", user=row.user_id, why=row.reason))


@audiences.command("refresh", help=said("cli_help_audiences_refresh"))
def refresh(
    workspace: WorkspaceOption,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help=said("cli_help_audience_name"))] = None,
    as_of: AsOfOption = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Take a snapshot of one dynamic audience, or of all, where anything has changed."""
    door, day, actor = Workspace.open(workspace), day_of(as_of), actor_of(by)
    told = (
        door.refresh_audiences(actor=actor, as_of=day)
        if name is None
        else [door.refresh_audience(name, actor=actor, as_of=day)]
    )
    if json:
        print_json({"audiences": [each.as_json() for each in told]})
    else:
        for each in told:
            _print_refreshed(each)


@audiences.command("snapshot", help=said("cli_help_snapshot"))
def snapshot(
    workspace: WorkspaceOption,
    name: AudienceName,
    as_of: AsOfOption = None,
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Write down the members of an audience."""
    door, day = Workspace.open(workspace), day_of(as_of)
    taken = door.take_snapshot(name, actor=actor_of(by), as_of=day)
    if json:
        print_json({"audience": door.audience(taken.audience_id).name, **taken.as_json()})
    else:
        line(said("snapshot_taken", id=taken.id, count=f"{taken.people:,}", as_of=taken.as_of))


@audiences.command("snapshots", help=said("cli_help_snapshots"))
def snapshots(workspace: WorkspaceOption, name: AudienceName, json: JsonOption = False) -> None:
    """Print the snapshots of an audience."""
    door = Workspace.open(workspace)
    found = door.snapshots(name)
    if json:
        told = [one.as_json() for one in found]
        print_json({"audience": door.audience(name).name, "snapshots": told})
    else:
        _print_snapshots(found)


@audiences.command("changes", help=said("cli_help_audiences_changes"))
def changes(
    workspace: WorkspaceOption,
    name: AudienceName,
    which: Annotated[str, typer.Argument(metavar="SNAPSHOT", help=said("cli_help_snapshot_id"))],
    limit: Annotated[int, typer.Option("--limit", min=1, help=said("cli_help_changes_limit"))] = 200,
    json: JsonOption = False,
) -> None:
    """Print who came and went from the snapshot before to this one, each with why."""
    people = Workspace.open(workspace).snapshot_changes(name, which, limit=limit)
    if json:
        print_json({"audience": name, "snapshot": which, "people": [one.as_json() for one in people]})
        return
    for one in people:
        line(
            said("person_entered" if one.entered else "person_left", user=one.user_id, why=_cause(one.cause))
        )


@audiences.command("export-definitions", help=said("cli_help_audiences_export"))
def export_definitions(workspace: WorkspaceOption, folder: FolderArgument, json: JsonOption = False) -> None:
    """Write every audience to a file of its own, so that a team can review them in git."""
    door = Workspace.open(workspace)
    saved = door.audiences()
    names = {audience.id: audience.name for audience in saved}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for audience in saved:
            told = {key: value for key, value in audience.as_json().items() if key in _FILED}
            told["rule"] = _with_names(told["rule"], names)
            text = json_text.dumps(told, ensure_ascii=False, indent=2)
            stem = "".join("_" if c in '/\\:*?"<>|' else c for c in audience.name)
            (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        params = {"file": str(folder), "why": error.strerror or str(error)}
        raise CallerError(Problem("export_unwritable", params=params)) from error
    if json:
        print_json({"folder": str(folder), "audiences": sorted(audience.name for audience in saved)})
    else:
        line(said("audiences_exported", n=len(saved), folder=folder))


@audiences.command("import-definitions", help=said("cli_help_audiences_import"))
def import_definitions(
    workspace: WorkspaceOption, folder: FolderArgument, dry_run: DryRunOption = False, by: ByOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Read such files: new audiences are made, others get their next version, the same are left alone."""
    files = sorted(folder.glob("*.json"))
    if not files:
        raise CallerError(Problem("audience_folder_empty", params={"folder": str(folder)}))
    door, actor = Workspace.open(workspace), actor_of(by)
    told = door.import_audiences([_filed(file) for file in files], actor=actor, dry_run=dry_run)
    if json:
        print_json({"dry_run": dry_run, "audiences": [each.as_json() for each in told]})
        return
    for each in told:
        text = "; ".join(words(change) for change in each.changes)
        line(said(_OUTCOMES[each.outcome], key=each.name, changes=text))


_OUTCOMES = {"created": "tag_import_created", "changed": "tag_import_changed", "same": "tag_import_same"}


def _filed(file: Path) -> dict[str, Any]:
    try:
        found = json_values(file.read_bytes())
    except OSError as error:
        params = {"path": str(file), "why": error.strerror or str(error)}
        raise CallerError(Problem("tag_file_unreadable", params=params)) from error
    if not isinstance(found, dict) or not isinstance(found.get("name"), str) or "rule" not in found:
        raise CallerError(Problem("audience_file_shape", params={"path": str(file)}))
    return found


def _with_names(part: Any, names: dict[str, str]) -> Any:
    """Return a rule that names audiences by their names: ids differ between workspaces."""
    if isinstance(part, list):
        return [_with_names(each, names) for each in part]
    if not isinstance(part, dict):
        return part
    told = {key: _with_names(value, names) for key, value in part.items()}
    if told.get("kind") == "audience" and told.get("audience") in names:
        told["audience"] = names[told["audience"]]
    return told


def _size(door: Workspace, audience: Audience, day: Any) -> dict[str, Any]:
    """Return an audience's size, or why it has none."""
    try:
        return {"count": door.audience_numbers(audience.id, day).count, "error": None}
    except CoterieError as error:
        return {"count": None, "error": dict(message_of(error.problems[0]))}


def _cause(cause: str) -> str:
    return words(say(f"cause_{cause}"))


def _print_refreshed(each: Refreshed) -> None:
    name = each.audience.name
    if each.snapshot is None:
        line(f"{name}: {words(each.why_not) if each.why_not else ''}")
        return
    if not each.is_new:
        line(said("audience_unchanged", name=name, count=f"{each.snapshot.people:,}"))
        return
    taken = each.snapshot
    counts = {"entered": sum(taken.entered.values()), "left": sum(taken.left.values())}
    told = {key: f"{value:,}" for key, value in counts.items()}
    line(said("audience_refreshed", name=name, count=f"{taken.people:,}", **told))
    for code, numbers in (("people_entered", taken.entered), ("people_left", taken.left)):
        for cause in CAUSES:
            if cause in numbers:
                line("  " + said(code, n=f"{numbers[cause]:,}", why=_cause(cause)))
    if taken.is_alert:
        line("  " + said("audience_alert"))


def _print_snapshots(found: list[Snapshot]) -> None:
    table = new_table("snapshot", "as_of", "people", "entered", "left", "version", "at", "by")
    for one in found:
        at = one.at.strftime("%Y-%m-%d %H:%M")
        row = (
            one.id, one.as_of.isoformat(), f"{one.people:,}", f"{sum(one.entered.values()):,}",
            f"{sum(one.left.values()):,}", one.data_version, at, one.by.name,
        )  # fmt: skip
        table.add_row(*map(cell, row))
    screen().print(table)
