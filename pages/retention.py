"""留存 Retention: of the people who began in one period, how many came back."""

import streamlit as st

from core.analytics.asking import SMALL
from core.analytics.retention import Retention
from core.analytics.sheets import place_key, place_label
from dashboard import sheet
from dashboard.analyses import charts, frame
from dashboard.errors import boundary
from dashboard.i18n import pick, t
from dashboard.sheet.numbers import percent

asked, shown_as = frame.head("retention", splits=True, has_period=False)


def heat():
    """The cohorts as a table: a row each, a column for each period after, darker for more."""
    places = sorted({cell.after for cohort in told.cohorts for cell in cohort.cells})
    most = (
        max(
            (
                cell.share.value
                for cohort in told.cohorts
                for cell in cohort.cells
                if cell.share and cell.after
            ),
            default=0,
        )
        or 1
    )
    rows = []
    for row, cohort in enumerate(told.cohorts):
        users = cohort.people.users
        cells = [
            {"text": cohort.period.first.isoformat()},
            {
                "text": f"{users:,}",
                "href": asked.link(table("cohorts"), row, "users") if users else None,
                "title": t("analyses.open", n=f"{users:,}"),
            },
        ]
        held = {cell.after: cell for cell in cohort.cells}
        for place in places:
            cell = held.get(place)
            if cell is None or cell.share is None:
                cells.append({"text": ""})
                continue
            href = asked.link(table("cohorts"), row, place_key(place))
            cells.append(
                {
                    "text": percent(cell.share.value),
                    "href": href if cell.people.users else None,
                    "title": t("analyses.open", n=f"{cell.people.users:,}"),
                    "under": f"{cell.people.users:,}",
                    "heat": min(1, cell.share.value / most),
                    "isYoung": not cell.is_complete,
                }
            )
        rows.append(cells)
    heads = [{"text": pick(place_label(told, place)), "kind": "users"} for place in places]
    return {
        "caption": t("analyses.retention.heat"),
        "isHeat": True,
        "columns": [
            {"text": t("analyses.retention.cohort"), "kind": "date"},
            {"text": t("analyses.retention.people"), "kind": "users"},
            *heads,
        ],
        "rows": rows,
    }


with boundary():
    told, found = frame.ask(asked)
    table = frame.by_key(found)
    if not isinstance(told, Retention):
        raise TypeError("retention tells retention")
    if told.note is not None:
        st.info(pick(told.note))
    elif not any(cohort.people.users for cohort in told.cohorts):
        st.info(t("analyses.retention.nobody"))
    elif shown_as == "table":
        frame.tables(found, asked)
    else:
        with frame.charts_last():
            st.header(t("analyses.retention.curves"), anchor=False)
            frame.chart(charts.curves(told), asked, key="retention_curves", sheet_of=table("curve"))
            points = [point for curve in (told.curve, *told.curves) for point in curve.points]
            if any(point.after and 0 < point.people.users < SMALL for point in points):
                st.caption(t("analyses.retention.few", n=SMALL))
            st.header(t("analyses.retention.heat"), anchor=False)
            sheet.draw(heat(), key="retention_heat")
