"""The commands: each reads its options, asks the workspace once, and prints the answer."""

from __future__ import annotations

import getpass
import sys
import traceback
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, cast

import typer

from core.cli import tables
from core.cli.output import line, print_error, print_json, progress_shown, said, screen, words
from core.errors import (
    CallerError,
    CoterieError,
    InternalError,
    NotFound,
    Problem,
    RuleError,
    WorkspaceError,
    nearest_name,
)
from core.ingest import read_plan
from core.messages import error_as_json
from core.rules.tree import Rule
from core.schema import USER_ID
from core.workspace import Actor, Audience, ExportRequest, Format, Purpose, Workspace, json_schemas

app = typer.Typer(
    add_completion=False,
    help=said("cli_help"),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", envvar="COTERIE_WORKSPACE", help=said("cli_help_workspace"))
]
RuleOption = Annotated[str, typer.Option("--rule", help=said("cli_help_rule"))]
RuleOrNone = Annotated[str | None, typer.Option("--rule", help=said("cli_help_rule"))]
AudienceOrNone = Annotated[str | None, typer.Option("--audience", help=said("cli_help_whose"))]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help=said("cli_help_as_of"))]
JsonOption = Annotated[bool, typer.Option("--json", help=said("cli_help_json"))]
ByOption = Annotated[str | None, typer.Option("--by", help=said("cli_help_by"))]


@app.command("import", help=said("cli_help_import"))
def import_(
    workspace: WorkspaceOption,
    plan: Annotated[Path, typer.Option("--plan", help=said("cli_help_plan"))],
    by: ByOption = None,
    json: JsonOption = False,
) -> None:
    """Make a new data version from the files of a plan."""
    read_plan(plan)  # a plan that cannot be read must not leave a new, empty workspace
    door = Workspace.create(workspace)
    with progress_shown() as progress:
        report = door.import_plan(plan, actor=actor_of(by), progress=progress)
    if json:
        print_json(report.model_dump(mode="json"))
    else:
        tables.print_report(screen(), report)


@app.command("count", help=said("cli_help_count"))
def count(
    workspace: WorkspaceOption,
    rule: Annotated[str | None, typer.Option("--rule", help=said("cli_help_rule"))] = None,
    rules: Annotated[str | None, typer.Option("--rules", help=said("cli_help_rules"))] = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> int:
    """Count one rule, or each line of a file of rules."""
    if (rule is None) == (rules is None):
        raise CallerError(Problem("rule_or_rules"))
    door, day = Workspace.open(workspace), day_of(as_of)
    if rules is not None:
        return _count_lines(door, rules, day, json=json)
    answer = door.count(door.parse(read(cast(str, rule))), day)
    if json:
        print_json(answer.as_json())
    else:
        tables.print_answer(screen(), answer)
    return 0


@app.command("members", help=said("cli_help_members"))
def members(
    workspace: WorkspaceOption,
    rule: RuleOrNone = None,
    audience: AudienceOrNone = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """Print the ids of a rule's members, or of all people of a saved audience."""
    door = Workspace.open(workspace)
    asked, saved = _whom(door, rule, audience)
    whole = asked if saved is None else door.people_of(saved.id)
    ids = door.members_frame(whole, day_of(as_of))[USER_ID]
    if json:
        print_json({"count": len(ids), "members": ids.to_list()})
        return
    for start in range(0, len(ids), 100_000):
        sys.stdout.write("\n".join(ids[start : start + 100_000].to_list()) + "\n")


@app.command("export", help=said("cli_help_export"))
def export(
    workspace: WorkspaceOption,
    out: Annotated[Path, typer.Option("--out", help=said("cli_help_out"))],
    rule: RuleOrNone = None,
    audience: AudienceOrNone = None,
    fields: Annotated[str | None, typer.Option("--fields", help=said("cli_help_fields"))] = None,
    as_of: AsOfOption = None,
    purpose: Annotated[str, typer.Option("--purpose", help=said("cli_help_purpose"))] = "analysis",
    by: ByOption = None,
    reason: Annotated[str, typer.Option("--reason", help=said("cli_help_reason"))] = "",
    json: JsonOption = False,
) -> None:
    """Write the members of a rule, or all people of a saved audience, to a file, with its manifest."""
    kind = cast(Purpose, one_of("purpose_unknown", purpose, ("analysis", "contact")))
    written_as: Format = "xlsx" if out.suffix.lower() == ".xlsx" else "csv"
    chosen = None if fields is None else tuple(field.strip() for field in fields.split(",") if field.strip())
    door, day = Workspace.open(workspace), day_of(as_of)
    asked, saved = _whom(door, rule, audience)
    apart = saved is not None and not door.follows_rule_alone(saved)
    request = ExportRequest(
        rule=asked, actor=actor_of(by), fields=chosen, purpose=kind, format=written_as, as_of=day,
        reason=reason, out=out, audience_name=None if saved is None else saved.name,
        people_of=saved.id if saved is not None and apart else None,
    )  # fmt: skip
    done = door.export(request)
    if json:
        print_json(
            {
                "file": str(done.path), "manifest": str(done.manifest_path), "rows": done.rows,
                "sha256": done.sha256,
            }
        )  # fmt: skip
    else:
        line(said("export_done", rows=done.rows, file=done.path))


def _whom(door: Workspace, rule: str | None, audience: str | None) -> tuple[Rule, Audience | None]:
    """Return the rule that is asked about, and the saved audience whose it is, if one is named."""
    if rule is not None and audience is None:
        return door.parse(read(rule)), None
    if audience is not None and rule is None:
        saved = door.audience(audience)
        return door.followed_rule(saved), saved
    raise CallerError(Problem("rule_or_audience"))


@app.command("funnel", help=said("cli_help_funnel"))
def funnel(
    workspace: WorkspaceOption,
    as_of: AsOfOption = None,
    audience: Annotated[str | None, typer.Option("--audience", help=said("cli_help_audience"))] = None,
    split: Annotated[str | None, typer.Option("--split", help=said("cli_help_split"))] = None,
    json: JsonOption = False,
) -> None:
    """Print the journey."""
    door, day = Workspace.open(workspace), day_of(as_of)
    whose = None if audience is None else door.audience_rule(door.audience(audience))
    found = door.funnel(day, audience=whose, split=split)
    if json:
        print_json(found.as_json())
    else:
        tables.print_funnel(screen(), found)


@app.command("schema", help=said("cli_help_schema"))
def schema(json: JsonOption = False) -> None:
    """Print the JSON Schemas."""
    del json  # it is JSON anyway; the option is taken so that programs may always give it
    print_json(json_schemas())


def _count_lines(door: Workspace, source: str, day: date | None, *, json: bool) -> int:
    """Answer each line in its place; 0 when all were answered, 2 when one was refused, 1 for our fault."""
    codes = {0}
    for number, text in enumerate(_read_lines(source), start=1):
        try:
            answer = door.count(door.parse(text), day)
        except RuleError as error:
            refused: CoterieError = error
        except CoterieError:
            raise  # the day or the workspace: every line would fail
        except Exception:  # noqa: BLE001  one line that we cannot answer must not hide the others
            sys.stderr.write(traceback.format_exc())
            refused = InternalError(Problem("internal"))
        else:
            if json:
                print_json(answer.as_json())
            else:
                line(f"{answer.answer.count}\t{words(answer.sentence)}")
            continue
        codes.add(refused.exit_code)
        if json:
            print_json(error_as_json(refused))
        else:
            line(f"\t{said('line_refused', line=number)}")
            print_error(refused)
    return 1 if 1 in codes else max(codes)


def read(source: str) -> bytes:
    """Return a rule's bytes from a file, or from standard input for ``-``."""
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise _unreadable(source, error) from error


def _read_lines(source: str) -> Iterator[bytes]:
    """Yield the lines of a file or of standard input, without their ends."""
    if source == "-":
        yield from (line.rstrip(b"\r\n") for line in sys.stdin.buffer)
        return
    try:
        with Path(source).open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file)
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: str, error: OSError) -> CallerError:
    if isinstance(error, FileNotFoundError):
        return NotFound(Problem("rule_file_missing", params={"file": source}))
    return NotFound(
        Problem("rule_file_unreadable", params={"file": source, "why": error.strerror or str(error)})
    )


def day_of(as_of: str | None) -> date | None:
    """Return the day that was asked for, None = the default."""
    if as_of is None:
        return None
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        day = None
    # fromisoformat also takes 20190714 and 2019-W28-7, which the contract does not.
    if day is None or day.isoformat() != as_of:
        raise WorkspaceError(Problem("as_of_unreadable", params={"as_of": as_of}))
    return day


def one_of(code: str, given: str, allowed: tuple[str, ...]) -> str:
    """Return what was given if it is allowed, else refuse it with the nearest."""
    if given not in allowed:
        raise CallerError(
            Problem(code, params={"given": given}, allowed=allowed, nearest=nearest_name(given, allowed))
        )
    return given


def actor_of(by: str | None) -> Actor:
    """Return who gives the command: as told, else the system's user name; nobody has verified either."""
    if by is not None:
        return Actor(by)
    try:
        return Actor(getpass.getuser())
    except (KeyError, OSError):  # a container whose user has no name
        return Actor("unknown")
