"""The manager's view: analyses of everybody or of one audience, each number the count of a rule."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from core.analytics.analyses import Request, Told, tell
from core.analytics.asking import Asking, Figure
from core.analytics.journey import Elsewhere, elsewhere
from core.analytics.journey_steps import way_given
from core.analytics.periods import Period, period_of
from core.analytics.sheets import sheets
from core.errors import Problem, RuleError, WorkspaceError
from core.messages import Text, say
from core.rules.arguments import read_day
from core.rules.conditions import AudienceCondition
from core.rules.tree import Group, Rule
from core.tags.listing import EVERYBODY
from core.tags.templates.proposals import Given
from core.workspace.one_user import OneUser
from core.workspace.questions import parts_in, refuse_errors


class Analysing(OneUser):
    """What a manager asks; the same numbers on the pages, on the command line and in the report."""

    def asking(self, as_of: date | None = None, *, audience: str | None = None) -> Asking:
        """Return what analyses ask of: everybody at a day, or the people of an audience by id or name.

        Raises
        ------
        RuleError
            If there is no such audience, or its rule cannot be asked.
        """
        version, engine = self._engine()
        among = EVERYBODY
        if audience is not None:
            condition = AudienceCondition(id="c1", audience=audience, in_=True)
            named = Rule(include=Group(id="g0", match="all", children=(condition,)))
            among, problems = self._checked(named)
            refuse_errors(problems)
        return Asking(engine, version.catalogue, self._day(version, as_of), among)

    def analyse(
        self, name: str, as_of: date | None = None, *, first: date | None = None, last: date | None = None,
        audience: str | None = None, by: str | None = None, given: Given | None = None,
    ) -> Told:  # fmt: skip
        """Return what one analysis tells.

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

        Raises
        ------
        NotFound, RuleError
            If there is no such analysis, audience or tag, or what is given is wrong.
        """
        asking = self.asking(as_of, audience=audience)
        period = period_of(asking.as_of, first, last)
        return tell(name, Request(asking, period, parts_in(asking), by, given or {}))

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

    def elsewhere(
        self, place: int, as_of: date | None = None, *, first: date | None = None, last: date | None = None,
        audience: str | None = None, given: Given | None = None,
    ) -> tuple[Elsewhere, ...]:  # fmt: skip
        """Return what people who stopped at a step of the journey (from 0) did after it instead.

        The others as for `analyse`. The step has events.
        """
        asking = self.asking(as_of, audience=audience)
        period = period_of(asking.as_of, first, last)
        way, _ = way_given(asking.catalogue, period, given)
        return elsewhere(asking, way, place)

    def figure(self, asked: Mapping[str, Any]) -> tuple[Rule, date]:
        """Return the rule of one number of an analysis, and the day for which it is asked.

        Parameters
        ----------
        asked : mapping
            ``name`` of the analysis, ``day``, ``from``, ``to``, ``audience``, ``by`` and ``given`` as for
            `analyse`, days as text, and ``at``: key of a sheet, row and column, from 0.

        Raises
        ------
        RuleError
            If there is no such number, or the question does not fit.
        """
        try:
            name, (sheet, row, column) = str(asked["name"]), asked["at"]
            row, column = int(row), int(column)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
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
        found = self.analyse(name, day, first=first, last=last, audience=audience, by=by, given=given)
        rows = next((each.rows for each in sheets(found, self.catalogue()) if each.key == sheet), ())
        is_there = 0 <= row < len(rows) and 0 <= column < len(rows[row])
        figure = rows[row][column] if is_there else None
        if not isinstance(figure, Figure):
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
