"""Areas and flows of Plotly charts that open: a click on one offers its people, in a line below the chart.

Of flows Streamlit does not say that they were clicked, and a treemap would zoom into its area; so a script
listens to Plotly's own events. Whoever has no pointer finds the same numbers as links in the cards or the
table beside such a chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import streamlit as st

from dashboard.i18n import t

_FOLDER = resources.files(__package__)
_render = st.components.v2.component(
    "coterie_areas",
    html='<p class="coterie-areas" role="status"></p>',
    css=_FOLDER.joinpath("areas.css").read_text(encoding="utf-8"),
    js=_FOLDER.joinpath("areas.js").read_text(encoding="utf-8"),
)
_NUMBER = "\0"


@dataclass(frozen=True)
class Area:
    """What a click on an area offers.

    Attributes
    ----------
    what : str
        Who the people are, in words.
    href : str
        Where they open.
    """

    what: str
    users: int
    href: str


def draw(chart: str, areas: Mapping[str, Area]) -> None:
    """Let the areas of a chart open, and draw the line below it.

    Parameters
    ----------
    chart : str
        Key of the chart.
    areas : mapping of str to Area
        By what the chart's areas have as ``customdata``; an area that is not in it opens nothing.
    """
    data = {"chart": chart, "hint": t("analyses.areas_hint"), "areas": {}}
    data["areas"] = {name: _words(area) for name, area in areas.items()}
    _render(key=f"{chart}_areas", data=data)


def _words(area: Area) -> dict[str, str]:
    number = f"{area.users:,}"
    before, _, after = t("analyses.chosen", what=area.what, people=_NUMBER).partition(_NUMBER)
    title = t("analyses.open", n=number)
    return {"before": before, "text": number, "after": after, "href": area.href, "title": title}
