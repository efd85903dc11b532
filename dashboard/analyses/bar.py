"""The bar that all pages of the manager share: period, day, audience and split, kept in the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import streamlit as st

from core import clock
from core.analytics.periods import Period
from core.analytics.sheets import Sheet
from core.clock import CalendarName
from core.errors import RuleError
from core.rules.arguments import read_day
from dashboard import state
from dashboard.analyses import settings
from dashboard.errors import verbatim
from dashboard.i18n import language, pick, t
from dashboard.links import FIGURE, figure_link

T = TypeVar("T")

EVERYBODY = NO_SPLIT = ""
PERIODS = ("d7", "d30", "d90", "this_month", "last_month", "this_quarter", "this_year", "own")
USUAL = "d30"
_KEYS = {"period": "analyses_period", "audience": "analyses_audience", "by": "analyses_by"}
_OWN, _DAY = "analyses_own", "analyses_day"
_SEEN, _KEPT, _WHERE = "analyses:seen", "analyses:kept", "analyses:where"
_SETTINGS = "set"
_NAMES = ("period", "from", "to", "day", "audience", "by", _SETTINGS)


@dataclass(frozen=True)
class Asked:
    """What a page asks of an analysis.

    Attributes
    ----------
    audience, by : str or None
        Id of the audience whose people are meant, key of the tag by which they are told apart.
    given : mapping
        What the operator changed of the analysis's settings.
    """

    name: str
    day: date
    period: Period
    audience: str | None = None
    by: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    has_period: bool = True

    def link(self, sheet: Sheet, row: int, column: str) -> str:
        """Return the address that opens a figure of a sheet, in a row from 0 and a column by its key."""
        return figure_link(self.as_json(), sheet.key, sheet.row_ids[row], column)

    def as_json(self) -> dict[str, Any]:
        """Return it in the form in which a link carries it; what is usual is left out."""
        asked = {
            "name": self.name, "day": self.day.isoformat(), "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(), "audience": self.audience, "by": self.by,
            "given": dict(self.given),
        }  # fmt: skip
        return {key: value for key, value in asked.items() if value}


def draw(
    name: str, *, splits: bool = False, has_period: bool = True, beside: Callable[[], T]
) -> tuple[Asked, T]:
    """Draw the bar and return what is asked, and what is drawn beside it.

    Parameters
    ----------
    splits : bool
        Whether the analysis can tell people apart by a tag.
    has_period : bool
        Whether it looks at a period.
    beside : callable
        Draws what else stands in the bar.
    """
    workspace = state.workspace()
    _bring_along(name)
    for unfit in _take_link(name):
        st.warning(t(unfit))
    audiences = {EVERYBODY: t("analyses.everybody"), **{a.id: a.name for a in workspace.audiences()}}
    catalogue = workspace.data_version().catalogue
    tags = {key: pick(tag.label) for key, tag in catalogue.tags.items() if tag.personal is None}
    gone = _settle(_KEYS["audience"], audiences, EVERYBODY)
    unsplit = _settle(_KEYS["by"], {NO_SPLIT: "", **tags}, NO_SPLIT)
    if gone is not None:
        st.warning(t("analyses.audience_gone"))
    if unsplit is not None and splits:
        st.warning(verbatim(t("analyses.by_gone", tag=unsplit)))
    _settle(_KEYS["period"], dict.fromkeys(PERIODS), USUAL)
    periods = {one: t(f"analyses.period.{one}") for one in PERIODS}
    with st.container(horizontal=True, vertical_alignment="bottom", key="analyses_bar"):
        if has_period:
            st.selectbox(
                t("analyses.period"), PERIODS, format_func=periods.__getitem__,
                key=_KEYS["period"], persist_state="session", width=150,
            )  # fmt: skip
        day = st.date_input(
            t("analyses.day"), value=state.as_of(), key=_DAY, on_change=_choose_day, width=140,
            min_value=clock.EARLIEST, max_value=clock.LATEST,
        ) or workspace.default_as_of()  # fmt: skip
        cut = False
        if has_period and st.session_state[_KEYS["period"]] == "own":
            cut = _settle_own(day)
            st.date_input(
                t("analyses.own"), value=st.session_state.get(_OWN, ()), key=_OWN, width=220,
                persist_state="session", min_value=clock.EARLIEST, max_value=day,
            )  # fmt: skip
        st.selectbox(
            t("analyses.audience"), list(audiences), format_func=audiences.__getitem__,
            key=_KEYS["audience"], persist_state="session", width=200,
        )  # fmt: skip
        if splits:
            st.selectbox(
                t("analyses.by"), [NO_SPLIT, *tags],
                format_func={NO_SPLIT: t("analyses.no_split"), **tags}.__getitem__,
                key=_KEYS["by"], persist_state="session", width=180,
            )  # fmt: skip
        given = settings.draw(name)
        with_it = beside()
    if cut:
        st.caption(t("analyses.own.cut", day=day))
    st.session_state[_KEPT] = {
        key: st.session_state[key] for key in (*_KEYS.values(), _OWN) if key in st.session_state
    }
    _keep_link(given)
    for remark in settings.remarks(name):
        st.caption(verbatim(remark))
    if given and settings.written(given) is None:
        st.caption(t("analyses.settings.too_long"))
    asked = Asked(
        name,
        day,
        _period(day),
        st.session_state[_KEYS["audience"]] or None,
        (st.session_state[_KEYS["by"]] or None) if splits else None,
        given,
        has_period,
    )
    return asked, with_it


def _bring_along(name: str) -> None:
    """Set what was chosen again where the browser would forget it: on another page, in another language.

    A box there begins with its first choice unless it is told another one.
    """
    where = (name, language())
    if st.session_state.get(_WHERE) != where:
        st.session_state[_WHERE] = where
        for key, value in st.session_state.get(_KEPT, {}).items():
            st.session_state[key] = value


def _period(day: date) -> Period:
    chosen = st.session_state[_KEYS["period"]]
    if chosen.startswith("d"):
        return Period(clock.add_days(day, 1 - int(chosen[1:])), day)
    if chosen == "own":
        first, last = (*(st.session_state.get(_OWN) or ()), None, None)[:2]
        return Period(first or clock.add_days(day, -29), last or day)
    names: Mapping[str, CalendarName] = {
        "this_month": "this_month", "last_month": "last_month", "this_quarter": "this_quarter",
        "this_year": "this_year",
    }  # fmt: skip
    days = clock.calendar(names[chosen], day).clipped(day)
    return Period(days.first or day, days.last or day)


def _settle(key: str, options: Mapping[Any, Any], usual: Any) -> Any:
    """Give a widget a value that its options hold, and return the one that was there and is gone, if any."""
    gone = st.session_state.get(key, usual)
    if gone not in options:
        st.session_state[key] = usual
        return gone
    st.session_state.setdefault(key, usual)
    return None


def _settle_own(day: date) -> bool:
    """Make the chosen period one that the box can hold, and tell whether it was another one.

    It ends no later than the day asked for. The two ends of an address may be the wrong way round.
    """
    asked = tuple(st.session_state.get(_OWN) or ())
    settled = tuple(sorted(min(max(each, clock.EARLIEST), day) for each in asked))
    if settled != asked:
        st.session_state[_OWN] = settled
    return settled != asked


def _choose_day() -> None:
    state.set_as_of(st.session_state[_DAY])


def _take_link(page: str) -> list[str]:
    """Take over what an address asks for, once, and return what to say of that which does not fit."""
    asked = {name: st.query_params[name] for name in _NAMES if name in st.query_params}
    if FIGURE in st.query_params or asked == st.session_state.get(_SEEN, {}):
        return []
    st.session_state[_SEEN] = asked
    for name, key in _KEYS.items():
        if name in asked:
            st.session_state[key] = asked[name]
    days = {name: _day(asked[name]) for name in ("day", "from", "to") if name in asked}
    if days.get("day") is not None:
        state.set_as_of(days["day"])
        st.session_state.pop(_DAY, None)
    own = (days.get("from"), days.get("to"))
    if None not in own:
        st.session_state[_KEYS["period"]] = "own"
        st.session_state[_OWN] = own
    unfit = ["analyses.dates_unfit"] if None in days.values() else []
    if _SETTINGS in asked and not settings.take(page, asked[_SETTINGS]):
        unfit.append("analyses.settings.unfit")
    return unfit


def _day(text: str) -> date | None:
    """Return the day that an address names; None if there is none such that can be asked for."""
    try:
        day = read_day(text)
    except RuleError:
        return None
    return day if clock.EARLIEST <= day <= clock.LATEST else None


def _keep_link(given: Mapping[str, Any]) -> None:
    """Put what is asked into the address, what is usual left out."""
    workspace = state.workspace()
    found: dict[str, str] = {}
    period = st.session_state.get(_KEYS["period"], USUAL)
    if period == "own":
        own = [day.isoformat() for day in st.session_state.get(_OWN) or () if day]
        found |= dict(zip(("from", "to"), own, strict=False))
    elif period != USUAL:
        found["period"] = period
    if state.as_of() != workspace.default_as_of():
        found["day"] = state.as_of().isoformat()
    for name in ("audience", "by"):
        if st.session_state.get(_KEYS[name]):
            found[name] = str(st.session_state[_KEYS[name]])
    if (told := settings.written(given)) is not None:
        found[_SETTINGS] = told
    if found != {name: st.query_params[name] for name in _NAMES if name in st.query_params}:
        for name in _NAMES:
            st.query_params.pop(name, None)
        st.query_params.update(found)
    st.session_state[_SEEN] = found
