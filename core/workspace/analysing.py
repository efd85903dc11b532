"""The manager's view: analyses of everybody or of one audience, each number the count of a rule."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from core.analytics.analyses import Request, Told, audiences_in, not_recorded, tell
from core.analytics.asking import Asking
from core.analytics.journey import Elsewhere, elsewhere
from core.analytics.journey_steps import way_given
from core.analytics.periods import Period, period_of
from core.analytics.sheets import sheets
from core.engines.base import Engine
from core.engines.memory.cache import Cache
from core.errors import Problem, RuleError, WorkspaceError
from core.messages import Language, Text, say
from core.rules.arguments import read_day
from core.rules.canonical import rule_key
from core.rules.conditions import AudienceCondition
from core.rules.tree import Group, Rule
from core.tags.listing import EVERYBODY
from core.tags.templates.proposals import Given
from core.workspace.one_user import OneUser
from core.workspace.questions import parts_in, refuse_errors

ANALYSES_KEPT = 48
"""So many answers are remembered: what a page showed is asked again when it is drawn otherwise or opened."""


@dataclass(frozen=True)
class _Kept:
    """What an analysis told; the cache counts answers, not bytes."""

    told: Told
    nbytes: int = 1 << 20


class Analysing(OneUser):
    """What a manager asks; the same numbers on the pages, on the command line and in the report."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        # With an engine goes what it answered: it is another one for other data, and for other tags.
        self._answers: WeakKeyDictionary[Engine, Cache] = WeakKeyDictionary()

    def asking(
        self, as_of: date | None = None, *, audience: str | None = None, language: Language = "zh"
    ) -> Asking:
        """Return what analyses ask of: everybody at a day, or the people of an audience by id or name.

        Parameters
        ----------
        language : {"zh", "en"}
            In which the groups of the rules are named.

        Raises
        ------
        RuleError
            If there is no such audience, or its rule cannot be asked.
        """
        version, engine = self._engine()
        among = EVERYBODY if audience is None else self._in_audience(audience)
        return Asking(
            engine, version.catalogue, self._day(version, as_of), among, language, self._in_audience
        )

    def _in_audience(self, id_or_name: str) -> Rule:
        condition = AudienceCondition(id="c1", audience=id_or_name, in_=True)
        rule, problems = self._checked(Rule(include=Group(id="g0", match="all", children=(condition,))))
        refuse_errors(problems)
        return rule

    def analyse(
        self, name: str, as_of: date | None = None, *, first: date | None = None, last: date | None = None,
        audience: str | None = None, by: str | None = None, given: Given | None = None,
        language: Language = "zh",
    ) -> Told:  # fmt: skip
        """Return what one analysis tells; the same question is answered once.

        Parameters
        ----------
        first, last : datetime.date or None
            The period; left out, it ends with the day and has 30 days.
        audience : str or None
            Id or name of the audience whose people are meant; None = everybody.
        by : str or None
            Key of a tag by whose values to tell people apart.
        given : mapping or None
            What the analysis is told besides; what is left out is guessed from the catalogue.
        language : {"zh", "en"}
            In which the groups of the rules are named.

        Raises
        ------
        NotFound, RuleError
            If there is no such analysis, audience or tag, or what is given is wrong; `Unrecorded` if nothing
            is recorded of all the days that it looks at.
        """
        asking = self.asking(as_of, audience=audience, language=language)
        period = period_of(asking.as_of, first, last)
        request = Request(asking, period, parts_in(asking), by, given or {})
        # Audiences by what they mean now, and the one asked about by its id too: the figures' rules name it.
        named = [asking.among, *map(asking.audience, audiences_in(request.given))]
        meant = tuple(rule_key(rule, asking.catalogue, asking.as_of) for rule in named)
        told = json.dumps(request.given, sort_keys=True, default=repr)
        key = (name, asking.as_of, period, audience, meant, by, told, language)
        return self._answers_of(asking.engine).get(key, lambda: _Kept(tell(name, request))).told

    def _answers_of(self, engine: Engine) -> Cache:
        with self._lock:
            return self._answers.setdefault(engine, Cache(ANALYSES_KEPT << 20))

    def nobody(self, as_of: date | None = None, *, audience: str | None = None) -> Text | None:
        """Return that there is nobody to analyse; None where there is somebody.

        The others as for `analyse`.
        """
        asking = self.asking(as_of, audience=audience)
        if asking.figure().users:
            return None
        if audience is None:
            return say("report_nobody", day=asking.as_of)
        return say("report_nobody_in_audience", day=asking.as_of, audience=self.audience(audience).name)

    def not_recorded(
        self, name: str, as_of: date | None = None, *, first: date | None = None, last: date | None = None,
        given: Given | None = None,
    ) -> tuple[Text, ...]:  # fmt: skip
        """Return of which of the days that an analysis looks at nothing is recorded, in words.

        The others as for `analyse`.
        """
        asking = self.asking(as_of)
        period = period_of(asking.as_of, first, last)
        return not_recorded(name, Request(asking, period, parts_in(asking), None, given or {}))

    def elsewhere(
        self, place: int, as_of: date | None = None, *, first: date | None = None, last: date | None = None,
        audience: str | None = None, given: Given | None = None,
    ) -> tuple[Elsewhere, ...]:  # fmt: skip
        """Return what people who stopped at a step of the journey (from 0) did after it instead.

        The others as for `analyse`. The step has events.
        """
        asking = self.asking(as_of, audience=audience)
        period = period_of(asking.as_of, first, last)
        way, _ = way_given(asking, period, given)
        return elsewhere(asking, way, place)

    def figure(self, asked: Mapping[str, Any], language: Language = "zh") -> tuple[Rule, date]:
        """Return the rule of one number of an analysis, and the day for which it is asked.

        Parameters
        ----------
        asked : mapping
            ``name`` of the analysis, ``day``, ``from``, ``to``, ``audience``, ``by`` and ``given`` as for
            `analyse`, days as text, and ``at``: key of a sheet, id of a row and key of a column. No place is
            told: whatever else moves the rows, the row is the one that had the id, or there is none.
        language : {"zh", "en"}
            In which the groups of the rule are named.

        Raises
        ------
        RuleError
            If there is no such number, or the question does not fit.
        """
        try:
            name, (sheet, row_id, column) = str(asked["name"]), asked["at"]
        except (KeyError, TypeError, ValueError) as error:
            raise RuleError(Problem("figure_link_broken")) from error
        audience, by, given = asked.get("audience"), asked.get("by"), asked.get("given")
        if not (
            isinstance(audience, str | None) and isinstance(by, str | None)
            and isinstance(given, Mapping | None)
        ):  # fmt: skip
            raise RuleError(Problem("figure_link_broken"))
        if any("\ud800" <= letter <= "\udfff" for text in (audience, by) if text for letter in text):
            raise RuleError(Problem("figure_link_broken"))
        day, first, last = (
            None if asked.get(key) is None else read_day(asked[key]) for key in ("day", "from", "to")
        )
        found = self.analyse(
            name, day, first=first, last=last, audience=audience, by=by, given=given, language=language
        )
        tables = sheets(found, self.data_version().catalogue)
        told = next((each for each in tables if each.key == sheet), None)
        figure = None if told is None else told.figure(row_id, column)
        if figure is None:
            raise RuleError(Problem("figure_link_broken"))
        return figure.rule, self._day(self.data_version(), day)

    def period(
        self, as_of: date | None = None, first: date | None = None, last: date | None = None
    ) -> Period:
        """Return the period that is meant; left out, it ends with the day and has 30 days."""
        return period_of(self._day(self.data_version(), as_of), first, last)


def read_analysis_plan(path: Path) -> Mapping[str, Any]:
    """Return a plan of analyses: a table for each, what is told it under the names of its slots.

    Raises
    ------
    WorkspaceError
        If the file cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = {"path": str(path), "why": str(error)}
        raise WorkspaceError(Problem("analysis_plan_unreadable", params=why)) from error
