"""渠道与触点 Channels: whom they brought, kept, converted and lost, and how far messages got."""

import streamlit as st

from core.analytics.analyses import ChannelsTold
from core.analytics.asking import Figure
from dashboard import sheet
from dashboard.analyses import frame, money_charts
from dashboard.errors import boundary
from dashboard.i18n import pick, t
from dashboard.sheet.words import sheet_data

PEOPLE = ("new", "retained", "converted", "lost")

asked, shown_as = frame.head("channels")


def heated(each):
    """A table in which every column of people is darker where there are more, the last row (all) apart."""
    data = sheet_data(each, link=asked.link)
    for place, column in enumerate(each.columns):
        values = [row[place].users if isinstance(row[place], Figure) else None for row in each.rows[:-1]]
        most = max((value for value in values if value is not None), default=0)
        if column.kind != "users" or not most:
            continue
        for row, value in enumerate(values):
            if value is not None:
                data["rows"][row][place]["heat"] = 0.8 * value / most
    data["isHeat"] = True
    return data


def draw_picture():
    if told.channels is not None:
        st.header(t("analyses.channels.table"), anchor=False)
        frame.remarks(told.channels.notes)
        sheet.draw(heated(table("channels")), key="channels_table")
        if told.channels.is_overlapping:
            st.caption(t("analyses.channels.overlap"))
    if told.attribution is not None:
        st.header(t("analyses.channels.attribution"), anchor=False)
        frame.remarks(told.attribution.notes)
        chart = money_charts.attribution(told.attribution, catalogue)
        frame.chart(chart, asked, key="channels_attribution", sheet_of=table("attribution"))
        with st.expander(pick(table("attribution").title)):
            frame.table(table("attribution"), asked, heading=False)
    if told.chain is not None:
        st.header(t("analyses.channels.touch"), anchor=False)
        frame.remarks(told.chain.notes)
        sheet.draw(heated(table("touch")), key="channels_touch")
    if told.coupons is not None:
        st.header(t("analyses.channels.coupons"), anchor=False)
        frame.remarks(told.coupons.notes)
        sheet.draw(heated(table("coupons")), key="channels_coupons")


with boundary():
    told, found = frame.ask(asked)
    catalogue = frame.state.workspace().data_version().catalogue
    table = frame.by_key(found)
    if not isinstance(told, ChannelsTold):
        raise TypeError("channels tells channels")
    frame.notes(told.notes)
    if shown_as == "table":
        parts = (told.channels, told.attribution, told.chain, told.coupons)
        frame.remarks([note for part in parts if part is not None for note in part.notes])
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
