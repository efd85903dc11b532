"""生命周期 Life cycle: who is in which stage, what they are worth, and how they move."""

import streamlit as st

from core.analytics.lifecycle import COME, STAGE_KEYS, Lifecycle, stage_label
from dashboard import areas, sheet
from dashboard.analyses import charts, frame
from dashboard.areas import Area
from dashboard.errors import boundary
from dashboard.i18n import pick, t
from dashboard.links import builder_link
from dashboard.sheet.numbers import change, percent, short

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
        "href": asked.link(table("stages"), last, "users") if now else None,
        "title": t("analyses.open", n=f"{now:,}"),
        "note": t("analyses.lifecycle.expected_note", n=f"{expected.users:,.0f}"),
        "lines": [
            {
                "label": t("analyses.lifecycle.vs_before"), "change": change(now, then) or "–", "tone": "",
                "value": f"{then:,}",
                "href": asked.link(table("stages"), last - len(STAGE_KEYS), "users") if then else None,
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
                is_known = before != COME or told.knows_arrivals
                cells.append({"text": "–" if is_known else t("analyses.unknown"), "heat": 0})
                continue
            flow = told.flows[row]
            cells.append(
                {
                    "text": f"{flow.people.users:,}",
                    "href": asked.link(table("flows"), row, "users"),
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


def flows():
    """Who opens behind the flows and their ends: the stages a month before, and now."""
    names = {key: pick(stage_label(key)) for key in (*STAGE_KEYS, COME)}
    found = {
        f"{flow.before}>{flow.after}": Area(
            f"{names[flow.before]} → {names[flow.after]}", flow.people.users,
            asked.link(table("flows"), row, "users"),
        )
        for row, flow in enumerate(told.flows)
    }  # fmt: skip
    for side, month in enumerate(told.months[-2:]):
        first = (len(told.months) - 2 + side) * len(STAGE_KEYS)
        for place, stage in enumerate(month.stages):
            key = f">{stage.key}" if side else f"{stage.key}>"
            what = f"{names[stage.key]} · {month.period.last}"
            href = asked.link(table("stages"), first + place, "users")
            found[key] = Area(what, stage.people.users, href)
    link = builder_link(told.came.rule, asked.day)
    return {**found, f"{COME}>": Area(names[COME], told.came.users, link)}


def draw_picture():
    sheet.draw(
        {
            "caption": t("analyses.lifecycle.title"),
            "cards": [card(place, stage) for place, stage in enumerate(told.months[-1].stages)],
        },
        key="lifecycle_cards",
    )
    frame.remarks([told.about, *told.notes])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(t("analyses.lifecycle.stages"), anchor=False)
        has_amount = any(stage.bought.total is not None for stage in told.months[-1].stages)
        worth = st.segmented_control(
            t("analyses.overview.measure"),
            WORTH if has_amount else WORTH[:1],
            format_func={one: t(f"analyses.lifecycle.by_{one}") for one in WORTH}.__getitem__,
            default="users",
            required=True,
            key="lifecycle_worth" if has_amount else "lifecycle_worth_users",
            label_visibility="collapsed",
        )
    chart = charts.stages(told, by_value=worth == "value")
    frame.chart(chart, asked, key="lifecycle_stages", sheet_of=table("stages"))
    before, now = told.months[-2].period.last, told.months[-1].period.last
    st.header(t("analyses.lifecycle.flows", before=before, after=now), anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        frame.chart(charts.sankey(told.flows, before, now), asked, key="lifecycle_sankey")
        areas.draw("lifecycle_sankey", flows())
    with right:
        sheet.draw(rates(), key="lifecycle_rates")
        st.caption(t("analyses.lifecycle.rates"))
        with_newcomers = "analyses.lifecycle.expected"
        st.caption(t(with_newcomers if told.knows_arrivals else "analyses.lifecycle.expected_without"))
    st.header(t("analyses.lifecycle.weeks"), anchor=False)
    frame.chart(charts.weeks(told), asked, key="lifecycle_weeks", sheet_of=table("weeks"))


with boundary():
    told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, Lifecycle):
        raise TypeError("the life cycle tells a life cycle")
    if shown_as == "table":
        frame.remarks(told.notes)
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
