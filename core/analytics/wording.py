"""How the numbers and texts of an analysis are written in a language: on pages and in the report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.analytics.asking import Figure
from core.analytics.sheets import Kind, Value
from core.messages import Language, Text, say

NONE = "–"
RIGHT: frozenset[Kind] = frozenset({"users", "count", "money", "number", "share", "days"})
"""What stands at the right of its column: numbers."""
_UNITS: dict[Language, tuple[tuple[float, float, str], ...]] = {
    "zh": ((1e8, 1e8, " 亿"), (1e4, 1e4, " 万")),
    "en": ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "K")),
}
"""From which size, divided by what, with which unit."""


@dataclass(frozen=True)
class Wording:
    """Texts and numbers in one language, as plain text: whoever puts them into a page escapes them."""

    language: Language

    def pick(self, text: Text) -> str:
        """Return a text in the language."""
        return text[self.language]

    def say(self, code: str, **params: object) -> str:
        """Return a text of the catalogue in the language."""
        return self.pick(say(code, **params))

    def written(self, value: Value, kind: Kind) -> str:
        """Return a value of a sheet as it is written; missing is a dash."""
        match value:
            case None:
                return NONE
            case Figure(users=users):
                return f"{users:,}"
            case dict():
                return self.pick(value)
            case date():
                return value.isoformat()
            case int() | float() if kind == "share":
                return percent(value)
            case float() if kind == "days":
                return f"{value:,.1f}"
            case int() | float() if kind == "money":
                return money(value)
            case int() | float():
                return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
            case _:
                return str(value)

    def short(self, value: float) -> str:
        """Return a large number in the units of the language: 44.6 万, 446K; small ones whole."""
        for least, divisor, unit in _UNITS[self.language]:
            if abs(value) >= least:
                return f"{value / divisor:,.1f}".removesuffix(".0") + unit
        return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:,.1f}"


def money(value: float) -> str:
    """Return a sum of money: without decimals from 1,000 on, and where it has none."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.2f}"


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
    return sign + percent(abs(moved))


def points(now: float, before: float) -> str:
    """Return how much a share changed, in percentage points."""
    moved = (now - before) * 100
    sign = "+" if moved > 0 else "−" if moved < 0 else "±"
    return f"{sign}{abs(moved):.1f} pp"
