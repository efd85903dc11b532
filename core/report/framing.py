"""Pictures as they stand in the page: with a title, and small ones two to a row."""

from __future__ import annotations

from collections.abc import Sequence

from core.report.svg import clean


def figure(title: str, drawn: str) -> str:
    """Return a picture, as markup, under its title."""
    return f"<figure><figcaption>{clean(title)}</figcaption>{drawn}</figure>"


def side_by_side(each: Sequence[str]) -> str:
    """Return figures two to a row; one alone as it is."""
    shown = [one for one in each if one]
    return f'<div class="pairs">{"".join(shown)}</div>' if len(shown) > 1 else "".join(shown)
