"""Cells that a spreadsheet would run are made into plain text; numbers and phones stay as they are."""

from __future__ import annotations

import polars as pl

# What makes a program take a cell for a formula: these signs, half or full width, also behind blanks and
# control characters.
_RUNS = r"^[\s\x00-\x1F\x7F-\x9F\u{200B}\u{FEFF}]*[=+\-@＝＋－＠]|^[\t\r\n]"
# Signed numbers and phones: runs of digits, perhaps in brackets, parted by one blank, hyphen, dot or comma.
_HARMLESS = r"^[+\-]?(?:\(?[0-9]+\)?[ \-.,]?)*[0-9](?:[eE][+\-]?[0-9]+)?$"


def neutralised(text: pl.Expr) -> pl.Expr:
    """Return a text column with an apostrophe before every cell that a spreadsheet would run.

    ``=1+1``, ``@SUM(A1)``, ``-cmd`` get one; ``-3.5``, ``+86 138-0013-8000`` and ``2019-07-14`` do not.
    """
    runs = text.str.contains(_RUNS) & ~text.str.contains(_HARMLESS)
    return pl.when(runs).then("'" + text).otherwise(text).alias(text.meta.output_name())


def neutralised_texts(texts: list[str]) -> list[str]:
    """Return header cells, neutralised likewise."""
    return pl.select(neutralised(pl.lit(pl.Series(texts, dtype=pl.String)))).to_series().to_list()
