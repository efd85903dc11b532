"""会员 Members: who they are, when they came, what they hold and what they like."""

import streamlit as st

from core.analytics.members import Members
from dashboard import sheet
from dashboard.analyses import frame
from dashboard.errors import boundary, verbatim
from dashboard.i18n import pick, t
from dashboard.sheet.words import sheet_data

asked, shown_as = frame.head("members", has_period=False)


def bars(each):
    """A distribution as rows with bars, the longest as long as there is room."""
    data = sheet_data(each, link=asked.link)
    most = max((row[1].users for row in each.rows), default=0) or 1
    for cells, row in zip(data["rows"], each.rows, strict=True):
        cells[1]["bar"] = row[1].users / most
    return data


def draw_picture():
    shown = [each for each in found if each.key.startswith("members_") and each.key != "members_likes"]
    distributions = [each for each in shown if len(each.columns) == 3]
    columns = st.columns(2, gap="large")
    for place, each in enumerate(distributions):
        with columns[place % 2]:
            st.header(verbatim(pick(each.title)), anchor=False)
            sheet.draw(bars(each), key=f"members_{each.key}")
    for each in shown:
        if len(each.columns) != 3:
            frame.table(each, asked)
    for each in found:
        if each.key == "members_likes":
            st.header(t("analyses.members.likes"), anchor=False)
            frame.table(each, asked, heading=False)


with boundary():
    told, found = frame.ask(asked)
    if not isinstance(told, Members):
        raise TypeError("members tells members")
    for note in [told.note, *(each.note for each in told.distributions)]:
        if note is not None:
            st.caption(verbatim(pick(note)))
    if shown_as == "table":
        frame.tables(found, asked)
    else:
        draw_picture()
