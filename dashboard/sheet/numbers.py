"""How numbers are written: thousands separators, short forms in the units of the language, changes."""

from __future__ import annotations

from datetime import date

from core.analytics.asking import Figure
from core.analytics.sheets import Kind, Value
from dashboard.i18n import language, pick

NONE = "–"
_ZH_UNITS = ((1e8, " 亿"), (1e4, " 万"))
_EN_UNITS = ((1e9, "B"), (1e6, "M"), (1e4, "K"))


def written(value: Value, kind: Kind) -> str:
    """Return a value of a sheet as it is written; missing is a dash."""
    match value:
        case None:
            return NONE
        case Figure(users=users):
            return f"{users:,}"
        case dict():
            return pick(value)
        case date():
            return value.isoformat()
        case int() | float() if kind == "share":
            return percent(value)
        case int() | float() if kind == "days":
            return f"{value:,.1f}"
        case int() | float() if kind == "money":
            return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.2f}"
        case int() | float():
            return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
        case _:
            return str(value)


def short(value: float) -> str:
    """Return a large number in the units of the language: 44.6 万, 446K; small ones whole."""
    scale = 1e4 if language() == "zh" else 1e3
    for size, unit in _ZH_UNITS if language() == "zh" else _EN_UNITS:
        if abs(value) >= size:
            divisor = size if language() == "zh" or size > 1e4 else scale
            return f"{value / divisor:,.1f}".removesuffix(".0") + unit
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.1f}"


def percent(share: float) -> str:
    """Return a share: one digit after the point, and never "0.0 %" for something."""
    if 0 < abs(share) < 0.001:
        return "< 0.1 %"
    return f"{share:.1%}".replace("%", " %")


def change(now: float, before: float) -> str | None:
    """Return how much a number changed, with its sign; None from nothing."""
    if not before:
        return None
    moved = now / before - 1
    sign = "+" if moved > 0 else "−" if moved < 0 else "±"
    return f"{sign}{abs(moved):.1%}".replace("%", " %")


def points(now: float, before: float) -> str:
    """Return how much a share changed, in percentage points."""
    moved = (now - before) * 100
    sign = "+" if moved > 0 else "−" if moved < 0 else "±"
    return f"{sign}{abs(moved):.1f} pp"
