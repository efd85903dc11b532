"""The command `explain`: one question about a rule at a time, the same numbers as the builder's panel."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from core.analytics.explain.history import WEEKS, Week
from core.analytics.explain.profile import MINIMUM_BASE
from core.cli import explained
from core.cli.commands import AsOfOption, JsonOption, RuleOption, WorkspaceOption, app, day_of, one_of, read
from core.cli.output import print_json, progress_shown, said, screen
from core.errors import CallerError, Problem
from core.ingest import Progress
from core.rules.tree import Rule
from core.workspace import Audience, Workspace

__all__ = ["app"]


class _Found(Protocol):
    """What a question finds."""

    def as_json(self) -> dict[str, object]:
        """Return it, JSON-ready."""
        ...


@dataclass(frozen=True)
class _Asked:
    """A question as it was asked."""

    door: Workspace
    rule: Rule
    day: date
    node: str | None
    at: Any
    size: int | None
    against: str | None
    user: str | None
    tags: tuple[str, ...] | None
    minimum: int
    weeks: int
    since: date | None
    event: str | None
    number: str | None

    def cost(self) -> _Found:
        return self.door.costs(self.rule, self.day)

    def near_misses(self) -> _Found:
        return self.door.near_misses(self.rule, self.day)

    def threshold(self) -> _Found:
        return self.door.threshold(self.rule, self.node, self.day, at=self.at)

    def solve(self) -> _Found:
        if self.size is None:
            raise CallerError(Problem("size_missing"))
        return self.door.solve(self.rule, self.size, self.day)

    def check(self) -> _Found:
        return self.door.logic(self.rule, self.day)

    def person(self) -> _Found:
        if self.user is None:
            raise CallerError(Problem("user_missing"))
        return self.door.person(self.rule, self.user, self.day)

    def profile(self) -> _Found:
        return self.door.profile(self.rule, self.tags, self.day, minimum=self.minimum)

    def compare(self) -> _Found:
        return self.door.compare(self.rule, self.other(), self.day, mask=self.door.mask)

    def history(self) -> _Found:
        door, since = self.door, None
        if self.since is not None:
            since = door.since(self.rule, self.since, self.day, event=self.event, prop=self.number)
        with progress_shown() as shown:

            def tell(week: Week) -> None:
                shown(Progress("history_progress", week.done / week.total, {"day": week.as_of.isoformat()}))

            return door.history(self.rule, self.day, weeks=self.weeks, progress=tell, since=since)

    def difference(self) -> _Found:
        other = self.other()
        before = self.door.followed_rule(other) if isinstance(other, Audience) else other
        return self.door.difference(before, self.rule, mask=self.door.mask)

    def other(self) -> Rule | Audience:
        """Return what is compared with: a file's rule, or a saved audience."""
        if self.against is None:
            raise CallerError(Problem("against_missing"))
        if Path(self.against).is_file():
            return self.door.parse(read(self.against))
        return self.door.audience(self.against)


QUESTIONS: Mapping[str, Callable[[_Asked], _Found]] = {
    "cost": _Asked.cost,
    "near-misses": _Asked.near_misses,
    "threshold": _Asked.threshold,
    "user": _Asked.person,
    "check": _Asked.check,
    "profile": _Asked.profile,
    "solve": _Asked.solve,
    "compare": _Asked.compare,
    "history": _Asked.history,
    "difference": _Asked.difference,
}


@app.command("explain", help=said("cli_help_explain"))
def explain(
    workspace: WorkspaceOption,
    rule: RuleOption,
    what: Annotated[str, typer.Option("--what", help=said("cli_help_what"))],
    as_of: AsOfOption = None,
    node: Annotated[str | None, typer.Option("--node", help=said("cli_help_node"))] = None,
    at: Annotated[str | None, typer.Option("--at", help=said("cli_help_at"))] = None,
    size: Annotated[int | None, typer.Option("--size", help=said("cli_help_size"))] = None,
    against: Annotated[str | None, typer.Option("--against", help=said("cli_help_against"))] = None,
    user: Annotated[str | None, typer.Option("--user", help=said("cli_help_user"))] = None,
    tags: Annotated[str | None, typer.Option("--tags", help=said("cli_help_profile_tags"))] = None,
    minimum: Annotated[int, typer.Option("--minimum", help=said("cli_help_minimum"))] = MINIMUM_BASE,
    weeks: Annotated[int, typer.Option("--weeks", help=said("cli_help_weeks"))] = WEEKS,
    since: Annotated[str | None, typer.Option("--since", help=said("cli_help_since"))] = None,
    event: Annotated[str | None, typer.Option("--event", help=said("cli_help_event"))] = None,
    number: Annotated[str | None, typer.Option("--property", help=said("cli_help_property"))] = None,
    json: JsonOption = False,
) -> None:
    """Answer one question about a rule."""
    ask = QUESTIONS[one_of("what_unknown", what, tuple(QUESTIONS))]
    door, day = Workspace.open(workspace), day_of(as_of)
    asked = _Asked(
        door=door,
        rule=door.parse(read(rule)),
        day=door.default_as_of() if day is None else day,
        node=node,
        at=None if at is None else _json_value(at),
        size=size,
        against=against,
        user=user,
        tags=None if tags is None else tuple(tag.strip() for tag in tags.split(",") if tag.strip()),
        minimum=minimum,
        weeks=weeks,
        since=day_of(since),
        event=event,
        number=number,
    )
    found = ask(asked)
    if json:
        head = {"what": what, "as_of": asked.day.isoformat(), "data_version": door.data_version().id}
        print_json({**head, **found.as_json()})
    else:
        explained.print_found(screen(), found)


def _json_value(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError as error:
        raise CallerError(Problem("threshold_at_unreadable", params={"given": text})) from error
