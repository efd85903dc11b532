"""总览 Overview: the numbers of a period against the one before and a year earlier, and what moved most."""

import streamlit as st

from core.analytics.analyses import OverviewTold
from core.analytics.overview import MEASURES, OF_PEOPLE, measure_about, measure_label
from dashboard import sheet
from dashboard.analyses import charts, frame
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import change, percent, points, short, written
from dashboard.sheet.words import sheet_data

MONEY = ("gmv", "average_order")
ROWS = {"now": 0, "before": 1, "year_before": 2}

asked, shown_as = frame.head("overview")


def column_of(measure):
    """In which column the people behind a number stand: of orders and sales those who bought."""
    return measure if measure in OF_PEOPLE else "buyers"


def value_of(numbers, measure, *, compact=False):
    value = numbers.value(measure)
    if value is None:
        return "–"
    if measure == "repeat_rate":
        return percent(value)
    return short(value) if compact else written(value, "money" if measure in MONEY else "count")


def against(measure, name, label):
    """One line of a card: how the number changed against another period, and what it was there."""
    now, then = told.numbers.now, getattr(told.numbers, name)
    line = {"label": label, "value": "", "change": "", "tone": ""}
    if not then.is_known:
        return {**line, "change": t("analyses.not_known")}
    mine, theirs = now.value(measure), then.value(measure)
    if mine is None or theirs is None:
        return {**line, "change": "–"}
    moved = points(mine, theirs) if measure == "repeat_rate" else change(mine, theirs)
    tone = "up" if mine > theirs else "down" if mine < theirs else ""
    people = then.people(measure)
    href = (
        asked.link(table("overview"), ROWS[name], column_of(measure))
        if people and people.users and measure != "repeat_rate"
        else None
    )
    title = t("analyses.open", n=f"{people.users:,}") if href else None
    return {
        **line, "change": moved or "–", "tone": tone, "value": value_of(then, measure, compact=True),
        "href": href, "title": title,
    }  # fmt: skip


def card(measure):
    if not told.numbers.now.is_known:
        return {
            "label": pick(measure_label(measure)), "about": pick(measure_about(measure)), "text": "–",
            "note": t("analyses.not_known"), "href": None, "title": None, "lines": [],
        }  # fmt: skip
    people = told.numbers.now.people(measure)
    is_open = people and people.users and measure != "repeat_rate"
    return {
        "label": pick(measure_label(measure)),
        "about": pick(measure_about(measure)),
        "text": value_of(told.numbers.now, measure, compact=True),
        "note": t("analyses.overview.no_arrivals") if people is None else None,
        "href": asked.link(table("overview"), ROWS["now"], column_of(measure)) if is_open else None,
        "title": f"{value_of(told.numbers.now, measure)} · {t('analyses.open', n=f'{people.users:,}')}"
        if people
        else "–",
        "lines": [
            against(measure, "before", t("analyses.overview.vs_before")),
            against(measure, "year_before", t("analyses.overview.vs_year")),
        ],
    }


def draw_picture():
    sheet.draw(
        {"caption": t("analyses.overview.title"), "cards": [card(measure) for measure in MEASURES]},
        key="overview_cards",
    )
    frame.remarks(told.numbers.notes)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(t("analyses.overview.trends"), anchor=False)
        # Of what is not known there is no course.
        measures = [one for one in charts.TRENDS if told.numbers.has_course(one)]
        measure = measures and st.segmented_control(
            t("analyses.overview.measure"),
            measures,
            format_func={one: pick(measure_label(one)) for one in charts.TRENDS}.__getitem__,
            default="active",
            required=True,
            key="_".join(("overview_measure", *(measures if measures != list(charts.TRENDS) else ()))),
            persist_state="session",
            label_visibility="collapsed",
        )
    if measure:
        trend = charts.trend(told.numbers, measure)
        frame.chart(trend, asked, key="overview_trend", sheet_of=table("trends"))
    else:
        st.caption(t("analyses.not_known"))
    st.header(t("analyses.overview.movements"), anchor=False)
    if not told.movements:
        st.caption(t("analyses.overview.no_movements" if told.is_comparable else "analyses.not_known"))
    for row, movement in enumerate(told.movements):
        words = verbatim(pick(movement.sentence(catalogue)))
        now, before = (
            f"[{figure.users:,}]({asked.link(table('movements'), row, column)})" if figure.users else "0"
            for column, figure in (("now", movement.now), ("before", movement.before))
        )
        st.markdown(f"- {words} · {before} → {now}")
    with st.expander(t("analyses.overview.freshness")):
        sheet.draw(sheet_data(table("freshness"), link=asked.link), key="overview_freshness")


with boundary():
    told, found = frame.ask(asked)
    catalogue = frame.state.workspace().data_version().catalogue
    table = frame.by_key(found)
    if not isinstance(told, OverviewTold):
        raise TypeError("the overview tells an overview")
    if shown_as == "table":
        frame.remarks(told.numbers.notes)
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
