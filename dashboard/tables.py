"""Plain tables as HTML: dense, selectable and readable by screen readers; every value is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, unseen: bool = False) -> str:
    """Return a table as HTML for ``st.html``; the first cell of a row heads it.

    Parameters
    ----------
    caption : str
        What the table holds, for screen readers.
    header : sequence of str
        Heads of the columns.
    rows : iterable of sequence of str
        As many cells each as there are heads.
    unseen : bool
        For screen readers only, where a chart shows the same.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    inside = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    if unseen:
        return f'<div class="coterie-unseen"><table>{inside}</table></div>'
    return (
        f'<div class="coterie-scroller" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f'<table class="coterie-table">{inside}</table></div>'
    )


def two_lines(first: str, second: str, *, large: bool = False) -> str:
    """Return a cell of two lines as HTML for ``st.html``, the second one quieter; `large` for a figure."""
    kind = "coterie-cell coterie-figure" if large else "coterie-cell"
    return f'<div class="{kind}"><span>{escape(first)}</span><small>{escape(second)}</small></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and what they are as HTML for ``st.html``, one pair a line."""
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="coterie-facts">{body}</dl>'
