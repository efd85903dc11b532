"""What every page of the manager is made of: head, settings, picture or table, downloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.analytics.analyses import ANALYSES, Told, is_lacking
from core.analytics.sheets import Sheet, sheets
from core.errors import RuleError, Unrecorded
from core.messages import Text, message_of
from dashboard import sheet, state
from dashboard.analyses import bar
from dashboard.analyses.bar import Asked
from dashboard.charts import Chart
from dashboard.errors import verbatim
from dashboard.i18n import language, pick, t
from dashboard.sheet.numbers import written
from dashboard.sheet.words import as_csv, sheet_data, table_of
from dashboard.uploads import safe_name

VIEWS = ("picture", "table")
SECONDS_FOR_NUMBERS = 0.4
"""React holds what came late back for 0.3 s after the last placeholder, and then draws all of it at once."""
_HAS_READ = "analyses:plotly"
_later: ContextVar[list[Callable[[], None]] | None] = ContextVar("later", default=None)
_SKELETON = '<div class="coterie-skeleton" aria-hidden="true"><i></i><i></i><i></i></div>'


def head(name: str, *, splits: bool = False, has_period: bool = True) -> tuple[Asked, str]:
    """Draw title, bar and settings of a page and return what it asks, and whether as picture or table."""
    st.title(t(f"analyses.{name}.title"), anchor=False)
    st.caption(t(f"analyses.{name}.lead"))
    with st.container(key="analyses_head"):
        asked, (shown_as, end) = bar.draw(
            name,
            splits=splits,
            has_period=has_period,
            beside=lambda: (_view(name), st.container(width="content")),
        )
        with end:
            _report(asked)
    return asked, shown_as


def _report(asked: Asked) -> None:
    """Offer the report: the chosen analyses as one file that works offline and prints."""
    with st.popover(t("analyses.report"), icon=":material/description:"):
        st.caption(t("analyses.report.about"))
        names = {key: pick(analysis.label) for key, analysis in ANALYSES.items()}
        chosen = st.multiselect(
            t("analyses.report.which"), list(names), default=list(names), format_func=names.__getitem__,
            key="analyses_report",
        )  # fmt: skip
        # No session is there when the file is asked for.
        speaks, workspace, plan = language(), state.workspace(), _told()

        def written() -> bytes:
            return workspace.report(
                speaks, asked.day, first=asked.period.first, last=asked.period.last,
                audience=asked.audience, by=asked.by, plan=dict(plan),
                only=chosen,
            ).encode()  # fmt: skip

        st.download_button(
            t("analyses.report.download"), data=written, on_click="ignore", mime="text/html", type="primary",
            file_name=safe_name(f"{t('analyses.report')}_{asked.period.first}_{asked.period.last}.html"),
            disabled=not chosen,
        )  # fmt: skip


def ask(asked: Asked) -> tuple[Told, tuple[Sheet, ...]]:
    """Return what the analysis tells, and the same as tables; a skeleton stands in its place meanwhile.

    Where there is nobody to ask about, nothing is recorded of the days, or the data lack what the analysis
    needs, the page says so and ends.
    """
    workspace = state.workspace()
    with _skeleton():
        answer = _answer(asked)
    # Only here: what ends a page leaves no time to take the skeleton away.
    if isinstance(answer, _Untold):
        notes(answer.reasons, are_all=True) if answer.is_lacking else told_instead(answer.reasons)
        st.stop()
    _told()[asked.name] = dict(asked.given)
    remarks(
        workspace.not_recorded(
            asked.name, asked.day, first=asked.period.first, last=asked.period.last, given=asked.given
        )
    )
    return answer, sheets(answer, workspace.data_version().catalogue)


@dataclass(frozen=True)
class _Untold:
    """Why an analysis tells nothing; `is_lacking` = for want of data that the page can be told or given."""

    reasons: tuple[Text, ...]
    is_lacking: bool = False


def _answer(asked: Asked) -> Told | _Untold:
    workspace = state.workspace()
    nobody = workspace.nobody(asked.day, audience=asked.audience)
    if nobody is not None:
        return _Untold((nobody,))
    try:
        return workspace.analyse(
            asked.name, asked.day, first=asked.period.first, last=asked.period.last, audience=asked.audience,
            by=asked.by, given=asked.given, language=language(),
        )  # fmt: skip
    except RuleError as error:
        is_unrecorded = isinstance(error, Unrecorded)
        if not is_unrecorded and not is_lacking(error, asked.given):
            raise
        return _Untold(tuple(map(message_of, error.problems)), is_lacking=not is_unrecorded)


def _told() -> dict[str, dict[str, Any]]:
    """Return what the analyses of this visit were told and could answer, by name: for the report."""
    kept: dict[str, dict[str, Any]] = st.session_state.setdefault("analyses:told", {})
    return kept


@contextmanager
def _skeleton() -> Iterator[None]:
    """Show where something will stand while it is being counted."""
    place = st.empty()
    place.html(_SKELETON)
    try:
        yield
    finally:
        place.empty()


def _view(name: str) -> str:
    """Draw the choice between picture and table and return what is chosen."""
    return str(
        st.segmented_control(
            t("analyses.view"),
            VIEWS,
            format_func={one: t(f"analyses.view.{one}") for one in VIEWS}.__getitem__,
            default="picture",
            required=True,
            key=f"analyses_view_{name}",
            persist_state="session",
            label_visibility="collapsed",
        )
    )


def tables(found: Sequence[Sheet], asked: Asked) -> None:
    """Draw all tables, each with its download."""
    for each in found:
        table(each, asked)


def table(each: Sheet, asked: Asked, *, heading: bool = True) -> None:
    """Draw one table whose figures are links, with its download."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if heading:
            st.header(verbatim(pick(each.title)), anchor=False)
        download(each, asked)
    if not each.rows:
        st.caption(t("analyses.empty"))
        return
    sheet.draw(sheet_data(each, link=asked.link), key=f"sheet_{asked.name}_{each.key}")


def download(each: Sheet, asked: Asked) -> None:
    """Draw the button that gives a table as CSV."""
    days = (asked.period.first, asked.period.last) if asked.has_period else (asked.day,)
    whose = t("analyses.everybody")
    if asked.audience is not None:
        whose = state.workspace().audience(asked.audience).name
    name = "_".join((pick(each.title), whose, *(day.isoformat() for day in days)))
    words = table_of(each)  # here: when the file is asked for, no session says in which language
    st.download_button(
        t("analyses.csv"), data=lambda: as_csv(words), file_name=safe_name(f"{name.replace('/', '_')}.csv"),
        mime="text/csv", on_click="ignore", key=f"csv_{asked.name}_{each.key}", type="tertiary",
    )  # fmt: skip


def chart(drawn: Chart, asked: Asked, *, key: str, sheet_of: Sheet | None = None) -> None:
    """Draw a chart; a point that is clicked offers to open its people.

    Parameters
    ----------
    sheet_of : Sheet or None
        The table in which the figures behind the points stand; a point's ``customdata`` begins with its row
        and the key of its column there. None = nothing in the chart opens.
    """
    later = _later.get()
    if later is None:
        _chart(drawn, asked, key, sheet_of)
        return
    place = st.container()

    def in_its_place() -> None:
        with place:
            _chart(drawn, asked, key, sheet_of)

    later.append(in_its_place)


@contextmanager
def charts_last() -> Iterator[None]:
    """Draw what stands inside, and its charts when all else is there.

    A browser that has not shown a chart yet first reads Plotly, up to two seconds on a busy machine, and
    draws nothing meanwhile: once in a visit it is given the time to draw the numbers before.
    """
    later: list[Callable[[], None]] = []
    token = _later.set(later)
    try:
        yield
    finally:
        _later.reset(token)
    if later and _HAS_READ not in st.session_state:
        st.session_state[_HAS_READ] = True
        time.sleep(SECONDS_FOR_NUMBERS)
    for draw in later:
        draw()


def _chart(drawn: Chart, asked: Asked, key: str, sheet_of: Sheet | None) -> None:
    event: Any = st.plotly_chart(
        drawn.figure, theme=None, key=key, alt=drawn.summary,
        config={"displayModeBar": False, "scrollZoom": False},
        on_select="rerun" if sheet_of is not None else "ignore", selection_mode="points",
    )  # fmt: skip
    if sheet_of is None:
        return
    for point in event.selection.points[:1]:
        row, column = int(point["customdata"][0]), str(point["customdata"][1])
        found = sheet_of.figure(sheet_of.row_ids[row], column)
        if found is not None:
            people = f"[{found.users:,}]({asked.link(sheet_of, row, column)})"
            st.markdown(t("analyses.chosen", what=verbatim(what_is(sheet_of, row, column)), people=people))


def what_is(each: Sheet, row: int, column: str) -> str:
    """Return what a figure of a table is of: the heading of its row, and the head of its column."""
    heads = [
        written(cell, head.kind)
        for cell, head in zip(each.rows[row], each.columns, strict=True)
        if head.kind in ("text", "date")
    ]
    return " · ".join([*heads, *(pick(head.label) for head in each.columns if head.key == column)])


def settle(key: str, options: Collection[Any], usual: Any) -> None:
    """Let a box hold one of its options, the usual one at first.

    It is told even what it holds already: in another language it would go on showing the former word.
    """
    chosen = st.session_state.get(key, usual)
    st.session_state[key] = chosen if chosen in options else usual


def notes(of: Sequence[Text], *, are_all: bool = False) -> None:
    """Say which parts of an analysis are absent and what would bring them: one box, each reason once.

    Parameters
    ----------
    are_all : bool
        Whether nothing else of it is there.
    """
    reasons = list(dict.fromkeys(pick(note) for note in of))
    if reasons:
        lines = "\n".join(f"- {verbatim(reason)}" for reason in reasons)
        st.info(f"{t('analyses.lacking_all' if are_all else 'analyses.lacking')}\n{lines}")


def told_instead(of: Sequence[Text]) -> None:
    """Say in whole sentences why nothing is told."""
    st.info("\n\n".join(verbatim(pick(reason)) for reason in of))


def remarks(of: Sequence[Text]) -> None:
    """Say what keeps numbers from meaning what they seem to, each once."""
    for remark in dict.fromkeys(pick(note) for note in of):
        st.caption(verbatim(remark))


def by_key(found: Sequence[Sheet]) -> Callable[[str], Sheet]:
    """Return a way to take a table by its key."""
    known = {each.key: each for each in found}
    return known.__getitem__
