"""How numbers are written in the language of the session, as the report writes them."""

from __future__ import annotations

from core.analytics.sheets import Kind, Value
from core.analytics.wording import Wording, change, percent, points
from dashboard.i18n import language

__all__ = ["change", "percent", "points", "short", "written"]


def written(value: Value, kind: Kind) -> str:
    """Return a value of a sheet as it is written; missing is a dash."""
    return Wording(language()).written(value, kind)


def short(value: float) -> str:
    """Return a large number in the units of the language: 44.6 万, 446K; small ones whole."""
    return Wording(language()).short(value)
