"""RFM: buyers by how lately, how often and for how much they bought, in eight cells."""

import streamlit as st

from core.analytics.rfm import COME, NEVER, Rfm, cell_label
from core.messages import say
from dashboard import areas, sheet
from dashboard.analyses import charts, frame
from dashboard.areas import Area
from dashboard.errors import boundary
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import percent, short, written
from dashboard.sheet.words import sheet_data

asked, shown_as = frame.head("rfm", has_period=False)


def card(row, cell):
    users, total = cell.people.users, cell.bought.total
    average = "–" if not users or total is None else short(total / users)
    return {
        "label": pick(cell.label),
        "about": pick(cell.advice),
        "text": f"{users:,}",
        "href": asked.link(table("cells"), row, "users") if users else None,
        "title": t("analyses.open", n=f"{users:,}"),
        "note": pick(cell.advice),
        "lines": [
            {"label": percent(cell.share.value) if cell.share else "–", "change": "", "tone": "",
             "value": t("analyses.rfm.per_user", n=average)},
        ],
    }  # fmt: skip


def grid():
    """The 25 squares as a table: recency down, frequency across, darker for more people."""
    most = max((square.people.users for square in told.squares), default=0) or 1
    places = {(square.recency, square.frequency): row for row, square in enumerate(told.squares)}
    rows = []
    for recency in range(5, 0, -1):
        cells = [{"text": t("analyses.rfm.grid.r", n=recency)}]
        for frequency in range(1, 6):
            row = places[recency, frequency]
            square = told.squares[row]
            users, total = square.people.users, square.bought.total
            average = "" if not users or total is None else t("analyses.rfm.per_user", n=short(total / users))
            cells.append(
                {
                    "text": f"{users:,}",
                    "href": asked.link(table("squares"), row, "users") if users else None,
                    "title": t("analyses.open", n=f"{users:,}"),
                    "under": average,
                    "heat": users / most,
                }
            )
        rows.append(cells)
    heads = [{"text": t("analyses.rfm.grid.f", n=n), "kind": "users"} for n in range(1, 6)]
    return {
        "caption": t("analyses.rfm.grid"),
        "isHeat": True,
        "columns": [{"text": "", "kind": "text"}, *heads],
        "rows": rows,
    }


def moves():
    """Who moved from which cell to which: a row for each cell before, darker for more of its people."""
    rows = {(move.before, move.after): row for row, move in enumerate(told.moves)}
    cells_now = [*(cell.key for cell in told.cells), NEVER]
    drawn = []
    for before in (*cells_now, COME):
        total = sum(move.people.users for move in told.moves if move.before == before)
        if not total:
            continue
        cells = [{"text": pick(cell_label(before)), "under": f"{total:,}"}]
        for after in cells_now:
            row = rows.get((before, after))
            if row is None:
                cells.append({"text": "–", "heat": 0})
                continue
            users = told.moves[row].people.users
            cells.append(
                {
                    "text": f"{users:,}",
                    "href": asked.link(table("moves"), row, "users"),
                    "title": t("analyses.open", n=f"{users:,}"),
                    "under": percent(users / total),
                    "heat": users / total,
                }
            )
        drawn.append(cells)
    return {
        "caption": t("analyses.rfm.moves", since=told.since, day=asked.day),
        "isHeat": True,
        "columns": [{"text": "", "kind": "text"}]
        + [{"text": pick(cell_label(cell)), "kind": "users"} for cell in cells_now],
        "rows": drawn,
    }


def scales():
    """Where the scores begin, in words."""
    for side, scale in told.scales.items():
        edges = " · ".join(written(edge, "date" if side == "r" else "number") for edge in scale.edges)
        st.caption(t("analyses.rfm.scales", side=say(f"rfm_side_{side}"), edges=edges or "–"))


def draw_picture():
    frame.chart(charts.treemap(told), asked, key="rfm_treemap")
    areas.draw(
        "rfm_treemap",
        {
            cell.key: Area(pick(cell.label), cell.people.users, asked.link(table("cells"), row, "users"))
            for row, cell in enumerate(told.cells)
        },
    )
    sheet.draw(
        {
            "caption": t("analyses.rfm.cells"),
            "cards": [card(row, cell) for row, cell in enumerate(told.cells)],
        },
        key="rfm_cards",
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.header(t("analyses.rfm.grid"), anchor=False)
        sheet.draw(grid(), key="rfm_grid")
        scales()
    with right:
        st.header(t("analyses.rfm.shifts"), anchor=False)
        sheet.draw(sheet_data(table("shifts"), link=asked.link), key="rfm_shifts")
    st.header(t("analyses.rfm.moves", since=told.since, day=asked.day), anchor=False)
    frame.remarks(told.notes)
    sheet.draw(moves(), key="rfm_moves")


with boundary():
    told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, Rfm):
        raise TypeError("RFM tells RFM")
    if not told.buyers.users:
        st.info(t("analyses.rfm.nobody", day=written(asked.day, "date")))
    elif shown_as == "table":
        frame.remarks(told.notes)
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            draw_picture()
