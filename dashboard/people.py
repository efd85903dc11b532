"""Who did something and when, as every page writes it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from core.errors import WorkspaceError
from core.workspace import Actor
from dashboard import state
from dashboard.i18n import t


def signed(actor: Actor) -> str:
    """Return a name as plain text; one that nobody verified says so."""
    return actor.name if actor.verified else t("frame.actor.not_verified", name=actor.name)


def moment(at: datetime) -> str:
    """Return a moment to the minute in the time zone of the data, else of the browser, else in UTC."""
    return at.astimezone(_zone()).strftime("%Y-%m-%d %H:%M")


def _zone() -> ZoneInfo:
    try:
        return state.workspace().data_version().catalogue.zone
    except WorkspaceError:
        return ZoneInfo(st.context.timezone or "UTC")
