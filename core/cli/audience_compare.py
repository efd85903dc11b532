"""The commands `audiences diff` and `audiences overlap`: audiences side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.audience_bin import app
from core.cli.audiences import AudienceName, audiences
from core.cli.commands import AsOfOption, JsonOption, WorkspaceOption, day_of
from core.cli.output import line, print_json, said, screen, words
from core.cli.tables import cell, new_table, print_apart
from core.errors import CallerError, Problem
from core.rules.parse import dump_rule
from core.workspace import Workspace

__all__ = ["app"]


@audiences.command("diff", help=said("cli_help_audiences_diff"))
def diff(
    workspace: WorkspaceOption,
    name: AudienceName,
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help=said("cli_help_audience_other"))
    ] = None,
    versions: Annotated[
        str | None, typer.Option("--versions", help=said("cli_help_audience_versions"))
    ] = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """Print what differs between two audiences, or between two versions of one."""
    door = Workspace.open(workspace)
    if other is None:
        _print_version_diff(door, name, versions, json=json)
        return
    found = door.compare_audiences([name, other], day_of(as_of))
    (pair,) = found.pairs
    first, second = (door.audience(each) for each in (name, other))
    told = door.rule_changes(*(dump_rule(door.followed_rule(each)) for each in (first, second)))
    if json:
        print_json(
            {
                "as_of": found.as_of.isoformat(), "changes": [dict(text) for text in told],
                "both": pair.both, "only_first": pair.only_first, "only_second": pair.only_second,
            }
        )  # fmt: skip
        return
    for text in told:
        line(words(text))
    numbers = {"both": pair.both, "first": pair.only_first, "second": pair.only_second}
    line(said("audience_diff", **{key: f"{value:,}" for key, value in numbers.items()}))


@audiences.command("overlap", help=said("cli_help_audiences_overlap"))
def overlap(
    workspace: WorkspaceOption,
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help=said("cli_help_audience_names"))],
    as_of: AsOfOption = None,
    apart: Annotated[bool, typer.Option("--apart", help=said("cli_help_audiences_apart"))] = False,
    json: JsonOption = False,
) -> None:
    """Print how two to five audiences overlap, and what sets them apart."""
    door, day = Workspace.open(workspace), day_of(as_of)
    found = door.compare_audiences(names, day)
    differing = door.what_sets_apart(names, day) if apart else None
    if json:
        more = {} if differing is None else {"apart": differing.as_json()}
        print_json({**found.as_json(), **more})
        return
    table = new_table("overlap", "people")
    for region in found.regions:
        inside = " ∩ ".join(found.asked[place].name for place in region.members)
        table.add_row(cell(inside), cell(f"{region.users:,}"))
    screen().print(table)
    if differing is not None:
        print_apart(screen(), differing)


def _print_version_diff(door: Workspace, name: str, versions: str | None, *, json: bool) -> None:
    found = {version.revision: version for version in door.audience_versions(name)}
    numbers = sorted(found)[-2:] if versions is None else _two(versions)
    missing = [number for number in numbers if number not in found]
    if missing or len(numbers) != 2:
        params = {"name": name, "version": (missing or [0])[0], "known": tuple(map(str, sorted(found)))}
        raise CallerError(Problem("audience_version_unknown", params=params))
    told = door.audience_changes(found[numbers[0]], found[numbers[1]])
    if json:
        print_json({"audience": name, "versions": numbers, "changes": [dict(text) for text in told]})
        return
    for text in told:
        line(words(text))


def _two(given: str) -> list[int]:
    numbers = [int(part) for part in given.split(",") if part.strip().isdigit()]
    if len(numbers) != 2:
        raise CallerError(Problem("audience_versions_shape", params={"given": given}))
    return numbers
