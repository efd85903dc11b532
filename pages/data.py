"""数据 Data: the version in use and how good it is, earlier ones, and the way in for new files."""

from pathlib import Path

import streamlit as st

from core.errors import WorkspaceError
from dashboard import data_versions, import_form, import_progress, state
from dashboard.errors import boundary
from dashboard.i18n import t

VIEWS = ("version", "import")
STYLE = Path(data_versions.__file__).parent / "assets" / "data.css"

workspace = state.workspace()
try:
    current = workspace.data_version()
except WorkspaceError as error:
    if error.code != "no_data":
        raise
    current = None

st.title(t("data.title"), anchor=False)
st.html(STYLE)
with boundary():
    import_progress.draw()

if current is None:
    st.header(t("data.empty_title"), anchor=False)
    st.markdown(t("data.empty_how"))
    view = "import"
else:
    view = st.segmented_control(
        t("data.view"),
        VIEWS,
        format_func={name: t(f"data.view.{name}") for name in VIEWS}.__getitem__,
        default="version",
        required=True,
        key=import_progress.VIEW,
        persist_state="session",
        label_visibility="collapsed",
    )

with boundary():
    if view == "import":
        import_form.draw()
    else:
        data_versions.draw(current)
