"""One operator's desk: the rule, its history, what the browser asked, what Python answers. No Streamlit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from core.engines.base import WaterfallBar
from core.errors import CallerError, NotFound, Problem
from core.messages import Language, Text, message_of
from core.rules.arguments import read_day
from core.rules.parse import dump_rule
from core.rules.tree import Rule
from core.workspace import Audience, Checked, CountAnswer, Workspace
from dashboard.builder import definition, lookups
from dashboard.builder.history import History, Tree, empty_rule
from dashboard.builder.protocol import Message
from dashboard.i18n import said

MOST_NOTICES = 3


@dataclass
class Notice:
    """A message above the rule, in both languages, until it is dismissed."""

    kind: str
    text: Text
    id: str = field(default_factory=lambda: secrets.token_hex(4))


@dataclass
class Saved:
    """The audience that the rule was opened from or saved as."""

    id: str
    name: str
    note: str
    revision: int
    rule: Tree


@dataclass
class Desk:
    """What one session builds.

    Attributes
    ----------
    epoch : str
        Changes whenever Python replaces the tree; the browser then takes the new one over.
    rev : int
        The newest step of the browser that has been taken in.
    stamp : int
        Counts the states of the rule, so that slower facts can tell whether they are still about it.
    as_of : datetime.date or None
        The day that was chosen here or came with a link; None = the workspace's own.
    dialog : str or None
        A dialog that the browser asked for; the page opens it and clears this.
    task : mapping or None
        What the rule is built for when that is no audience; the page that sent the operator here wants it.
    is_done : bool
        Whether the operator goes back to that page.
    """

    history: History = field(default_factory=History)
    epoch: str = field(default_factory=lambda: secrets.token_hex(6))
    rev: int = 0
    stamp: int = 0
    saved: Saved | None = None
    notices: list[Notice] = field(default_factory=list)
    as_of: date | None = None
    dialog: str | None = None
    task: Mapping[str, Any] | None = None
    is_done: bool = False
    asked: dict[str, Any] = field(default_factory=dict)

    # -- what arrives ---------------------------------------------------------------------------------

    def receive(self, message: Message | None, asking: Asking) -> list[dict[str, Any]]:
        """Take in every step of a message that is new; return the answers to what it asked."""
        answers: list[dict[str, Any]] = []
        for step in message.steps if message else ():
            if step.rev <= self.rev:
                continue
            self.rev = step.rev
            # An edit of a tree that has been replaced meanwhile would bring the old one back.
            if step.tree is not None and message and message.epoch == self.epoch:
                self.stamp += self.history.push(step.tree, step.gesture)
            elif step.command is not None:
                answers += self._attempt(step.command, asking)
        return answers

    def _attempt(self, command: Mapping[str, Any], asking: Asking) -> list[dict[str, Any]]:
        """Obey, or say why not: the browser waits for an answer to every command."""
        try:
            return self._obey(command, asking)
        except CallerError as error:
            self.notices += [Notice("error", message_of(problem)) for problem in error.problems]
        except Exception as error:  # noqa: BLE001  logged under the id that is shown
            self.notices.append(Notice("error", fault(asking.log(error))))
        self.notices = self.notices[-MOST_NOTICES:]
        return []

    def _obey(self, command: Mapping[str, Any], asking: Asking) -> list[dict[str, Any]]:
        match command.get("name"):
            case "undo":
                self.replaced(self.history.undo())
            case "redo":
                self.replaced(self.history.redo())
            case "new":
                self.saved = None
                self.replaced(self.history.push(empty_rule(), None))
            case "template":
                self.open(asking.template(str(command["key"])), asking)
            case "open":
                if self.open(str(command["text"]), asking):
                    self.notice("good", "build.notice.json")
            case "as_of":
                self.as_of = None if command["day"] is None else read_day(command["day"])
                asking.set_as_of(self.as_of)
            case "dialog":
                self.dialog = str(command["which"])
            case "done":
                self.is_done = self.task is not None
            case "dismiss":
                self.notices = [notice for notice in self.notices if notice.id != command["id"]]
            case "link":
                path, is_kept = self._link(asking)
                return [{"name": "link", "path": path, "is_kept": is_kept}]
            case "definition":
                name = self.saved.name if self.saved else None
                return [definition.definition(asking.workspace, self.rule(asking), self.history, name)]
            case "changes":
                return [self._changes(command["since"], asking)]
            case "values" | "known":
                return [lookups.answer(asking.workspace, command, asking.as_of())]
            case "audiences":
                but = self.saved.id if self.saved else None
                return [lookups.audiences(asking.workspace, str(command["ask"]), but)]
            case "snapshots":
                return [lookups.snapshots(asking.workspace, str(command["ask"]), str(command["of"]))]
            case "lists":
                return [lookups.lists(asking.workspace, str(command["ask"]))]
            case unknown:
                raise ValueError(f"no command {unknown!r}")
        return []

    def _link(self, asking: Asking) -> tuple[str, bool]:
        """Return a link to what is counted here, and whether it carries a token.

        Where people by hand count, a rule alone would be another number: the link names the audience then.
        """
        audience = self.aside(asking)
        if audience is not None and self._is_saved(asking.workspace.check(self.history.tree)):
            return asking.audience_link(audience.id), False
        return asking.link(self.history.tree)

    def _changes(self, since: int | str, asking: Asking) -> dict[str, Any]:
        rule = self.rule(asking)
        if rule is None:
            raise ValueError("only a complete rule is compared")
        saved = self.saved if since == definition.SAVED else None
        before = saved.rule if saved else self.history.earlier(int(since))
        return definition.changes(asking.workspace, before, rule, since)

    def open(self, source: str | Mapping[str, Any], asking: Asking, saved: Audience | None = None) -> bool:
        """Put another rule on the desk, as a step that can be undone; one that cannot be read is refused.

        Returns
        -------
        bool
            Whether it could be read. A rule that is read but does not fit the data is opened, and what is
            wrong with it stands in its place.
        """
        checked = asking.workspace.check(source)
        if checked.rule is None:
            for problem in checked.problems[:MOST_NOTICES]:
                self.notices.append(Notice("error", message_of(problem)))
            return False
        self.saved = None
        if saved is not None:
            self.remember(saved)
        self.replaced(self.history.push(dump_rule(checked.rule), None), always=True)
        return True

    def remember(self, audience: Audience) -> None:
        """From now on this rule is that audience: saving changes it."""
        self.saved = Saved(
            audience.id, audience.name, audience.note, audience.revision, _comparable(audience.rule)
        )

    def replaced(self, changed: bool, *, always: bool = False) -> None:
        """Let the browser take the tree over; also when nothing changed, because it waits for that."""
        self.stamp += changed or always
        self.epoch = secrets.token_hex(6)

    def notice(self, kind: str, key: str, **params: object) -> None:
        """Say something above the rule."""
        words = Text(zh=said(key, "zh", **params), en=said(key, "en", **params))
        others = [notice for notice in self.notices if (notice.kind, notice.text) != (kind, words)]
        self.notices = [*others, Notice(kind, words)][-MOST_NOTICES:]

    # -- what is answered -----------------------------------------------------------------------------

    def answer(self, asking: Asking, language: Language, answers: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the whole answer to the browser, JSON-ready: the tree, its numbers, what is wrong."""
        tree = self.history.tree
        checked = asking.workspace.check(tree)
        day = asking.as_of()
        counted, numbers, problems = self._count(checked, asking, day)
        catalogue = asking.workspace.data_version().catalogue
        first_days = [event.first_day for event in catalogue.events.values() if event.first_day]
        return {
            "rev": self.rev,
            "epoch": self.epoch,
            "gesture": self.history.gesture,
            "tree": tree,
            "tree_stamp": self.stamp,
            "counts": numbers,
            "sentence": asking.workspace.sentence(checked.rule, reveal=False)[language]
            if counted and checked.rule
            else None,
            "problems": [
                {"node": node, "severity": severity, "code": code, "text": text[language]}
                for node, severity, code, text in problems
            ],
            "not_historical": list(counted.not_historical) if counted else [],
            "notices": [{"id": n.id, "kind": n.kind, "text": n.text[language]} for n in self.notices],
            "can_undo": self.history.can_undo,
            "can_redo": self.history.can_redo,
            "title": {
                "name": self.saved.name if self.saved else None,
                "is_changed": self.saved is not None and not self._is_saved(checked),
            },
            "task": self.task,
            "as_of": day.isoformat(),
            "first_day": min(first_days).isoformat() if first_days else None,
            "version": asking.workspace.stamp(),
            "answers": answers,
        }

    def _count(
        self, checked: Checked, asking: Asking, day: date
    ) -> tuple[CountAnswer | None, dict[str, Any] | None, list[tuple[str | None, str, str, Text]]]:
        """Return the answer and its numbers, if any, and everything to be said: node, severity, code, words.

        The browser waits for an answer to every edit, so that a fault of ours is an answer too.
        """
        problems = list(checked.problems)
        said_in_place = [_said(p) for p in problems]
        if checked.rule is None or checked.errors:
            return None, None, said_in_place
        try:
            counted = asking.workspace.count(checked.rule, day)
            return counted, self._numbers(counted, checked, asking, day), said_in_place
        except CallerError as error:
            return None, None, said_in_place + [_said(p) for p in error.problems]
        except Exception as error:  # noqa: BLE001  logged under the id that is shown
            return None, None, [*said_in_place, (None, "error", "fault", fault(asking.log(error)))]

    def rule(self, asking: Asking) -> Rule | None:
        """Return the present rule if it can be counted, else None."""
        checked = asking.workspace.check(self.history.tree)
        return None if checked.errors else checked.rule

    def people(self, rule: Rule, asking: Asking) -> Rule:
        """Return a rule for the people that the number is about: with those by hand of the saved audience."""
        audience = self.aside(asking)
        return rule if audience is None else asking.workspace.people_of(audience.id, rule)

    def aside(self, asking: Asking) -> Audience | None:
        """Return the saved audience on the desk if its people are not those of its rule alone, else None."""
        if self.saved is None:
            return None
        try:
            audience = asking.workspace.audience(self.saved.id)
        except NotFound:
            return None  # deleted meanwhile: the rule is all there is, and saving says who deleted it
        return None if asking.workspace.follows_rule_alone(audience) else audience

    def _numbers(self, counted: CountAnswer, checked: Checked, asking: Asking, day: date) -> dict[str, Any]:
        """Return the numbers; ``aside`` says how the audience's people differ from the rule's."""
        answer = counted.answer
        told = {
            "count": answer.count,
            "matched": answer.matched,
            "base": answer.base,
            "nodes": {node: asdict(numbers) for node, numbers in answer.nodes.items()},
            "waterfall": _bars(answer.waterfall),
            "aside": None,
        }
        audience = self.aside(asking)
        if audience is None:
            return told
        numbers = asking.workspace.audience_numbers(audience.id, day, rule=checked.rule)
        aside = {**numbers.as_json(), "by_rule": answer.count, "path": asking.page_of(audience.id)}
        way = _bars((*answer.waterfall, *numbers.steps))
        return {**told, "count": numbers.count, "waterfall": way, "aside": aside}

    def _is_saved(self, checked: Checked) -> bool:
        return (
            self.saved is not None
            and checked.rule is not None
            and _comparable(dump_rule(checked.rule)) == self.saved.rule
        )

    # -- what is kept ---------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """Return the desk for a draft."""
        return {
            "version": 1,
            "history": self.history.as_json(),
            "epoch": self.epoch,
            "rev": self.rev,
            "saved": asdict(self.saved) if self.saved else None,
            "asked": self.asked,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Desk:
        """Return the desk that a draft kept."""
        return cls(
            history=History.from_json(kept["history"]),
            epoch=str(kept["epoch"]),
            rev=int(kept["rev"]),
            saved=Saved(**kept["saved"]) if kept["saved"] else None,
            asked=dict(kept["asked"]),
            as_of=read_day(kept["as_of"]) if kept["as_of"] else None,
        )


@dataclass(frozen=True)
class Asking:
    """What a desk needs of the world around it.

    Attributes
    ----------
    as_of : callable
        The day that is asked about.
    set_as_of : callable
        Asks about another day from now on; None = the workspace's default.
    template : callable
        The rule of a template by its key.
    link : callable
        A link to a rule, and whether it carries a token in place of the rule.
    audience_link : callable
        A link that opens a saved audience here, by its id.
    page_of : callable
        The address where a saved audience is looked after, by its id.
    log : callable
        Logs a fault of ours and returns the id under which it can be found.
    """

    workspace: Workspace
    as_of: Callable[[], date]
    set_as_of: Callable[[date | None], None]
    template: Callable[[str], Mapping[str, Any]]
    link: Callable[[Mapping[str, Any]], tuple[str, bool]]
    audience_link: Callable[[str], str]
    page_of: Callable[[str], str]
    log: Callable[[BaseException], str]


def _said(problem: Problem) -> tuple[str | None, str, str, Text]:
    return problem.node, str(problem.severity), problem.code, message_of(problem)


def fault(identity: str) -> Text:
    """Return what is said of a fault of ours, by its id in the log."""
    return Text(
        zh=said("frame.error.ours", "zh", id=identity), en=said("frame.error.ours", "en", id=identity)
    )


def _bars(waterfall: Sequence[WaterfallBar]) -> list[list[Any]]:
    return [[bar.kind, bar.node, bar.count] for bar in waterfall]


def _comparable(rule: Mapping[str, Any]) -> Tree:
    """Return a rule so that an absent exclude and an absent take compare equal to none."""
    return {**rule, "exclude": rule.get("exclude"), "take": rule.get("take")}
