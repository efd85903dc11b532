"""预算与优惠券 Budget: which group deserves the money, and what coupons and activities brought."""

import streamlit as st

from core.analytics.analyses import BudgetTold
from dashboard import sheet
from dashboard.analyses import frame, money_charts
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import short
from dashboard.sheet.words import sheet_data

asked, shown_as = frame.head("budget")


def between(expected):
    return f"{short(expected.low)}–{short(expected.high)}"


def card(row, each):
    users = each.group.people.users
    return {
        "label": pick(each.group.label),
        "about": pick(told.split.method),
        "text": t("analyses.budget.yuan", n=f"{each.yuan:,}"),
        "href": asked.link(table("budget_split"), row, "users") if users else None,
        "title": t("analyses.open", n=f"{users:,}"),
        "note": None if each.warning is None else pick(each.warning),
        "lines": [
            {"label": t(f"analyses.budget.{name}"), "change": "", "tone": "", "value": value}
            for name, value in (
                ("reached", short(round(each.people))),
                ("buyers", between(each.buyers)),
                ("value", between(each.value)),
            )
        ],
    }  # fmt: skip


def draw_split():
    st.header(t("analyses.budget.split", sum=f"{told.split.total:,}"), anchor=False)
    if told.split.note is not None:
        st.info(verbatim(pick(told.split.note)))
    sheet.draw(
        {
            "caption": t("analyses.budget.title"),
            "cards": [card(row, each) for row, each in enumerate(told.split.shares)],
        },
        key="budget_cards",
    )
    if told.split.left_out:
        left = t("frame.comma").join(
            f"{pick(each.group.label)} ({pick(each.why)})" for each in told.split.left_out
        )
        st.caption(verbatim(t("analyses.budget.left_out", groups=left)))
    with st.expander(t("analyses.budget.method")):
        st.markdown(verbatim(pick(told.split.method)))
        for assumption in told.split.assumptions:
            st.markdown(f"- {verbatim(pick(assumption))}")
    if not told.split.groups.groups:
        return
    st.header(t("analyses.budget.response"), anchor=False)
    with st.container(width=720):
        chart = money_charts.responses(told.split.groups)
        frame.chart(chart, asked, key="budget_responses", sheet_of=table("budget_groups"))
    # Side by side the table would have its last columns cut off.
    st.header(t("analyses.budget.groups"), anchor=False)
    if told.split.groups.note is not None and told.split.groups.note != told.split.note:
        frame.remarks([told.split.groups.note])
    sheet.draw(sheet_data(table("budget_groups"), link=asked.link), key="budget_groups")


def asides():
    """What the parts say about their numbers, for the tables alone."""
    found = [] if told.split is None else [told.split.groups.note, told.split.note]
    found += [] if told.coupons is None else [told.coupons.note, told.coupons.how_registered]
    found += [] if told.activity is None else [told.activity.note]
    return [note for note in found if note is not None]


def draw_picture():
    if told.split is not None:
        draw_split()
    if told.coupons is not None:
        st.header(t("analyses.budget.coupons"), anchor=False)
        if told.coupons.note is not None:
            st.caption(verbatim(pick(told.coupons.note)))
        sheet.draw(sheet_data(table("coupon_effects"), link=asked.link), key="budget_coupons")
        st.caption(verbatim(pick(told.coupons.how_registered)))
    last = told.activity
    if last is not None and last.note is not None:
        frame.remarks([last.note])
    if last is not None and last.activity is not None:
        name, day = verbatim(pick(last.activity.label)), last.activity.last_on
        joined = f"{last.activity.joined.users:,}"
        st.header(t("analyses.budget.activity", activity=name, day=day, n=joined), anchor=False)
        if last.is_small:
            st.caption(t("analyses.budget.small"))
        columns = st.columns([2, 3], gap="large")
        for column, key in zip(columns, ("activities", "activity_likes"), strict=True):
            with column:
                frame.table(table(key), asked)


with boundary():
    told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, BudgetTold):
        raise TypeError("budget tells budgets")
    frame.notes(told.notes)
    if shown_as == "table":
        frame.remarks(asides())
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
