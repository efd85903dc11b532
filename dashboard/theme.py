"""The colours and type of the dashboard, once: for Streamlit's theme, the charts and the builder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import streamlit as st

Scheme = Literal["light", "dark"]
SCHEME_REPORT = "coterie_frame"
"""Key of the frame's script in the session, by which the browser reports its scheme."""

FONT = "'Source Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
CODE_FONT = "'Source Code Pro', 'Noto Sans Mono CJK SC', monospace"


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, as ``#rrggbb``.

    Attributes
    ----------
    ground, soft, card, raised : str
        Page; palette and quiet areas; cards; what floats above (menus, dragged rows).
    line, line_strong : str
        Hairlines; borders of controls.
    ink, mute : str
        Text; secondary text. Both reach 4.5 : 1 on ground, soft and card.
    brand, on_brand, brand_ink, brand_soft : str
        The one accent as a fill, text on that fill, the accent as text, and its tint.
    bar, bar_strong, track, mark : str
        Charts: bars of an answer, their emphasised part, the empty track, the mark of the base.
    any, on_any, any_ink, any_soft : str
        或 as a line or fill, text on that fill, as text, its tint.
    exclude, on_exclude, exclude_ink, exclude_soft : str
        排除, likewise.
    good, bad : str
        More and less than before, as text.
    """

    ground: str
    soft: str
    card: str
    raised: str
    line: str
    line_strong: str
    ink: str
    mute: str
    brand: str
    on_brand: str
    brand_ink: str
    brand_soft: str
    bar: str
    bar_strong: str
    track: str
    mark: str
    any: str
    on_any: str
    any_ink: str
    any_soft: str
    exclude: str
    on_exclude: str
    exclude_ink: str
    exclude_soft: str
    good: str
    bad: str


LIGHT = Palette(
    ground="#ffffff", soft="#f7f8fa", card="#ffffff", raised="#ffffff",
    line="#e4e7ec", line_strong="#d0d5dd", ink="#1d2430", mute="#5d6675",
    brand="#0f5bd7", on_brand="#ffffff", brand_ink="#0f5bd7", brand_soft="#e8f0fe",
    bar="#84adff", bar_strong="#2b6be0", track="#f2f4f7", mark="#475467",
    any="#f79009", on_any="#1d2430", any_ink="#a4400a", any_soft="#fff4e5",
    exclude="#b42318", on_exclude="#ffffff", exclude_ink="#b42318", exclude_soft="#fef3f2",
    good="#067647", bad="#a4400a",
)  # fmt: skip

DARK = Palette(
    ground="#11151c", soft="#161b24", card="#181e28", raised="#1f2632",
    line="#2a3240", line_strong="#3a4456", ink="#e6eaf1", mute="#9ba6b8",
    brand="#2f6fe4", on_brand="#ffffff", brand_ink="#8db4ff", brand_soft="#1b2c4d",
    bar="#4f82e0", bar_strong="#9dbdff", track="#222a36", mark="#c3cbd8",
    any="#f5a524", on_any="#1d2430", any_ink="#f7b955", any_soft="#33270f",
    exclude="#c93a2e", on_exclude="#ffffff", exclude_ink="#ff9a8f", exclude_soft="#3a1a18",
    good="#5fd39b", bad="#f7b955",
)  # fmt: skip

SERIES: dict[Scheme, tuple[str, ...]] = {
    "light": ("#0f5bd7", "#f79009", "#0e9384", "#7a5af8", "#c11574", "#667085", "#4ca30d", "#a4400a"),
    "dark": ("#8db4ff", "#f7b955", "#5fd3c5", "#b3a4ff", "#f38bc4", "#9ba6b8", "#9ad35f", "#e6a77c"),
}
"""Colours of several lines or areas side by side, told apart also by people who do not see red and green."""

PALETTES: dict[Scheme, Palette] = {"light": LIGHT, "dark": DARK}


def scheme() -> Scheme:
    """Return the scheme that this session's browser shows; light when it has not said.

    Streamlit tells it when a session begins and with the next run after a change; the frame's script tells it
    as soon as the operator changes it, which makes that run happen (`dashboard.header`).
    """
    reported = st.session_state.get(SCHEME_REPORT, {}).get("scheme")
    return "dark" if (reported or st.context.theme.type) == "dark" else "light"


def palette() -> Palette:
    """Return the colours of this session's scheme."""
    return PALETTES[scheme()]


def series() -> tuple[str, ...]:
    """Return the colours of several lines or areas, in this session's scheme."""
    return SERIES[scheme()]


def css_variables() -> str:
    """Return both palettes as CSS declarations, ``--coterie-ink: light-dark(#1d2430, #e6eaf1); …``.

    Underscores become hyphens. The browser takes the one that fits the ``color-scheme`` of the place, which
    Streamlit sets on the app and the frame's script on everything else, so that switching the scheme needs no
    answer from Python.
    """
    dark = asdict(DARK)
    return " ".join(
        f"--coterie-{name.replace('_', '-')}: light-dark({value}, {dark[name]});"
        for name, value in asdict(LIGHT).items()
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two ``#rrggbb`` colours by WCAG 2 (1 to 21)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def streamlit_theme() -> dict[str, object]:
    """Return the ``[theme]`` table that ``.streamlit/config.toml`` must hold; a test compares the two."""
    return {
        "font": FONT,
        "codeFont": CODE_FONT,
        "baseFontSize": 14,
        "baseRadius": "8px",
        "buttonRadius": "8px",
        "headingFontSizes": ["1.45rem", "1.15rem", "1rem", "0.95rem", "0.9rem", "0.9rem"],
        "headingFontWeights": [700, 600, 600, 600, 600, 600],
        "showWidgetBorder": True,
        "paddingTop": "1.25rem",
        "paddingBottom": "2rem",
        **{name: _colours_for_streamlit(colours) for name, colours in PALETTES.items()},
    }


def _colours_for_streamlit(colours: Palette) -> dict[str, str]:
    return {
        "primaryColor": colours.brand,
        "backgroundColor": colours.ground,
        "secondaryBackgroundColor": colours.soft,
        "textColor": colours.ink,
        "linkColor": colours.brand_ink,
        "borderColor": colours.line,
        "dataframeBorderColor": colours.line,
        "dataframeHeaderBackgroundColor": colours.soft,
        "dataframeHeaderTextColor": colours.mute,
        "redTextColor": colours.exclude_ink,
        "redBackgroundColor": colours.exclude_soft,
        "orangeTextColor": colours.any_ink,
        "orangeBackgroundColor": colours.any_soft,
        "yellowTextColor": colours.any_ink,
        "yellowBackgroundColor": colours.any_soft,
        "blueTextColor": colours.brand_ink,
        "blueBackgroundColor": colours.brand_soft,
        "greenTextColor": colours.good,
        "grayTextColor": colours.mute,
    }


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
