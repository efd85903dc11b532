"""标签 Tags: the catalogue, one tag's own view, making and changing tags, their health, refreshes."""

import streamlit as st

from dashboard import navigation, tagmaker
from dashboard.errors import boundary
from dashboard.i18n import t
from dashboard.tags import catalogue_view, health_view, tag_view

asked = st.query_params

if "new" in asked or "edit" in asked:
    with boundary():
        tagmaker.draw(new=asked.get("new"), edit=asked.get("edit"))
elif "tag" in asked:
    with boundary():
        tag_view.draw(asked["tag"])
else:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(t("tags.title"), anchor=False, width="content")
        st.space("stretch")
        st.page_link(navigation.page_file("tags"), label=t("tags.new"), query_params={"new": ""})
    catalogue_tab, health_tab, refresh_tab = st.tabs(
        [t("tags.tab.catalogue"), t("tags.tab.health"), t("tags.tab.refresh")], on_change="rerun"
    )
    with catalogue_tab:
        if catalogue_tab.open:
            with boundary():
                catalogue_view.draw()
    with health_tab:
        if health_tab.open:
            with boundary():
                health_view.draw_health()
    with refresh_tab:
        if refresh_tab.open:
            with boundary():
                health_view.draw_refresh()
