"""生命周期 Life cycle: who is in which stage, what they are worth, and how they move."""

import streamlit as st

from core.analytics.lifecycle import COME, STAGE_KEYS, Lifecycle, stage_label
from dashboard import sheet
from dashboard.analyses import charts, frame
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import change, percent, short, written

WORTH = ("users", "value")

asked, shown_as = frame.head("lifecycle", has_period=False)


def card(place, stage):
    before = told.months[-2].stages[place]
    last = (len(told.months) - 1) * len(STAGE_KEYS) + place
    expected = told.expected[place]
    now, then = stage.people.users, before.people.users
    return {
        "label": pick(stage_label(stage.key)),
        "about": pick(told.about),
        "text": f"{now:,}",
        "href": asked.link("stages", last, 2) if now else None,
        "title": t("analyses.open", n=f"{now:,}"),
        "note": t("analyses.lifecycle.expected_note", n=f"{expected.users:,.0f}"),
        "lines": [
            {
                "label": t("analyses.lifecycle.vs_before"), "change": change(now, then) or "–", "tone": "",
                "value": f"{then:,}",
                "href": asked.link("stages", last - len(STAGE_KEYS), 2) if then else None,
                "title": t("analyses.open", n=f"{then:,}"),
            },
            {
                "label": t("analyses.lifecycle.value"), "change": "", "tone": "",
                "value": "–" if stage.bought.total is None else short(stage.bought.total),
            },
        ],
    }  # fmt: skip


def rates():
    """The flows as a table: a row for each stage before, a column for each stage now, darker for more."""
    rows = {(flow.before, flow.after): row for row, flow in enumerate(told.flows)}
    drawn = []
    for before in (*STAGE_KEYS, COME):
        cells = [{"text": pick(stage_label(before))}]
        for after in STAGE_KEYS:
            row = rows.get((before, after))
            if row is None:
                cells.append({"text": "–", "heat": 0})
                continue
            flow = told.flows[row]
            cells.append(
                {
                    "text": f"{flow.people.users:,}",
                    "href": asked.link("flows", row, 2),
                    "title": t("analyses.open", n=f"{flow.people.users:,}"),
                    "under": "" if flow.rate is None else percent(flow.rate.value),
                    "heat": 0.12 if flow.rate is None else flow.rate.value,
                }
            )
        drawn.append(cells)
    return {
        "caption": t("analyses.lifecycle.rates"),
        "isHeat": True,
        "columns": [{"text": "", "kind": "text"}]
        + [{"text": pick(stage_label(stage)), "kind": "users"} for stage in STAGE_KEYS],
        "rows": drawn,
    }


def draw_picture():
    sheet.draw(
        {
            "caption": t("analyses.lifecycle.title"),
            "cards": [card(place, stage) for place, stage in enumerate(told.months[-1].stages)],
        },
        key="lifecycle_cards",
    )
    st.caption(verbatim(pick(told.about)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(t("analyses.lifecycle.stages"), anchor=False)
        worth = st.segmented_control(
            t("analyses.overview.measure"),
            WORTH,
            format_func={one: t(f"analyses.lifecycle.by_{one}") for one in WORTH}.__getitem__,
            default="users",
            required=True,
            key="lifecycle_worth",
            label_visibility="collapsed",
        )
    chart = charts.stages(told, by_value=worth == "value")
    frame.chart(chart, asked, key="lifecycle_stages", sheet_of=table("stages"))
    before, now = told.months[-2].period.last, told.months[-1].period.last
    st.header(t("analyses.lifecycle.flows", before=before, after=now), anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        frame.chart(charts.sankey(told.flows, before, now), asked, key="lifecycle_sankey")
    with right:
        sheet.draw(rates(), key="lifecycle_rates")
        st.caption(t("analyses.lifecycle.rates"))
        st.caption(t("analyses.lifecycle.expected"))
    st.header(t("analyses.lifecycle.weeks"), anchor=False)
    frame.chart(charts.weeks(told), asked, key="lifecycle_weeks", sheet_of=table("weeks"))


with boundary():
    with frame.skeleton():
        told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, Lifecycle):
        raise TypeError("the life cycle tells a life cycle")
    if not any(stage.people.users for stage in told.months[-1].stages):
        st.info(t("analyses.nobody", day=written(asked.day, "date")))
    if shown_as == "table":
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
