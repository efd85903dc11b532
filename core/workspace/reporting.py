"""The report: chosen analyses as one page, the same numbers as on the pages; the clock is read here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core.analytics.analyses import ANALYSES, Request, given_by_plan, not_recorded, tell, unknown
from core.analytics.asking import Asking
from core.analytics.periods import Period, period_of
from core.analytics.splits import tag_to_split_by
from core.analytics.wording import Wording
from core.audiences import pending
from core.audiences.pending import Pending
from core.errors import CallerError, CoterieError, NotFound, Problem, RuleError, WorkspaceError
from core.ingest import Progress
from core.messages import Language, message_of
from core.report.page import Head, Section, report_html
from core.workspace.analysing import Analysing
from core.workspace.questions import parts_in

_PAGE_FROM = 0.95


class Reporting(Analysing):
    """The manager's view on paper."""

    def report(
        self, language: Language, as_of: date | None = None, *, first: date | None = None,
        last: date | None = None, audience: str | None = None, by: str | None = None,
        plan: Mapping[str, Any] | None = None, plan_name: str | None = None,
        only: Sequence[str] | None = None, progress: Callable[[Progress], None] | None = None,
    ) -> str:  # fmt: skip
        """Return a report as one HTML page that needs nothing but itself.

        An analysis that the data cannot answer says so in its place; what is wrong with what the caller gives
        is refused.

        Parameters
        ----------
        first, last, audience, by
            As for `analyse`.
        plan : mapping or None
            By name of an analysis, what it is told besides.
        plan_name : str or None
            Name of the file of the plan, for the commands that the report names.
        only : sequence of str or None
            The analyses in their order; None = all.
        progress : callable or None
            Is told which analysis is asked.

        Raises
        ------
        NotFound, RuleError, CallerError
            If there is no such analysis, audience or tag, or what is given is wrong.
        """
        names = _chosen(only)
        told = {key: given_by_plan(plan or {}, key) for key in names}
        asking = self.asking(as_of, audience=audience)
        period = period_of(asking.as_of, first, last)
        if by is not None:
            tag_to_split_by(asking.catalogue, by)
        people, nobody = asking.figure().users, self.nobody(as_of, audience=audience)
        name = None if audience is None else self.audience(audience).name
        report = progress or (lambda _: None)
        sections = []
        for place, key in enumerate(names):
            share = _PAGE_FROM * place / len(names)
            report(Progress("report_progress", share, {"analysis": ANALYSES[key].label}))
            given = told[key]
            if nobody is not None:
                sections.append(Section(key, None, given, (nobody,)))
                continue
            sections.append(_section(key, asking, period, by, given))
        report(Progress("report_progress_page", _PAGE_FROM))
        head = Head(
            data_version=self.data_version().id, as_of=asking.as_of, period=period, people=people,
            made_at=self._now().astimezone(ZoneInfo(asking.catalogue.time_zone)), audience=name,
            asked_audience=audience, split_by=by, plan=plan_name,
        )  # fmt: skip
        return report_html(head, sections, asking.catalogue, Wording(language))

    def report_target(self, out: Path) -> Path:
        """Return where a report is written, absolute.

        Raises
        ------
        ExportRefused
            If the place is a folder, or lies in one that is absent or inside the workspace.
        """
        target = self._target(out)
        if target is None:
            raise ValueError("a report is written to a file")
        return target

    def write_report(self, page: str, out: Path) -> Path:
        """Write a report to a file, whole or not at all, and return its absolute path.

        Raises
        ------
        ExportRefused
            If the place may not hold a report, or cannot be written.
        """
        target = self.report_target(out)
        with pending.writing_explained(target), Pending() as files:
            files.add(target).write_text(page, encoding="utf-8", newline="\n")
            files.publish()
        return target


def _chosen(only: Sequence[str] | None) -> tuple[str, ...]:
    known = tuple(ANALYSES)
    if only is None:
        return known
    if missing := [unknown(name) for name in only if name not in ANALYSES]:
        raise NotFound(missing)
    if not only:
        raise CallerError(Problem("report_nothing_chosen", allowed=known))
    return tuple(dict.fromkeys(only))


def _section(key: str, asking: Asking, period: Period, by: str | None, given: Mapping[str, Any]) -> Section:
    split = by if ANALYSES[key].splits else None
    request = Request(asking, period, parts_in(asking), split, given)
    try:
        told = tell(key, request)
    except (RuleError, NotFound, WorkspaceError) as error:
        is_of_data = not isinstance(error, WorkspaceError) or {p.code for p in error.problems} == {
            "no_journey"
        }
        if not is_of_data or any(problem.node in given for problem in error.problems):
            raise  # a damaged workspace, or what the caller gave: the caller can mend it
        return Section(key, None, given, tuple(map(message_of, _different(error))))
    return Section(key, told, given, not_recorded=not_recorded(key, request))


def _different(error: CoterieError) -> Iterator[Problem]:
    seen: list[Problem] = []
    for problem in error.problems:
        if problem not in seen:
            seen.append(problem)
            yield problem
