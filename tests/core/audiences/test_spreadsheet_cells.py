"""Cells that a spreadsheet would run become text; everything else stays what it is."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.audiences.spreadsheet import neutralised, neutralised_texts


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+cmd|' /C calc'!A0", "-cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tabc", "＝1", "＋a",
        "－a",
        "＠x", " =1", "\ufeff=1", "\u200b=1", "-", "+", "=", "-1+1", "--1", "+1-", "=HYPERLINK(\"http://x\")",
        "-2*3", "+A1",
    ],
)  # fmt: skip
def test_a_cell_that_would_run_gets_an_apostrophe(cell: str) -> None:
    assert neutralised_texts([cell]) == ["'" + cell]


@pytest.mark.parametrize(
    "cell",
    [
        "", "hello", "北京", "+8613800138000", "+86 138-0013-8000", "+86 (138) 0013 8000", "-5", "-3.50",
        "+1,234.5", "-1e5", "+1.5E-3", "2019-07-14", "a=b", "1-1", "12:30", "'quoted",
        "138-0013-8000", "user@example.com",
    ],
)  # fmt: skip
def test_phones_negative_numbers_and_plain_text_stay_as_they_are(cell: str) -> None:
    assert neutralised_texts([cell]) == [cell]


@given(st.lists(st.text()))
@example(["\x1f@", "\x85=1", "\x00\t-x"])
def test_only_an_apostrophe_is_ever_added(cells: list[str]) -> None:
    frame = pl.DataFrame({"t": [*cells, None]}, schema={"t": pl.String})
    result = frame.select(neutralised(pl.col("t")))["t"].to_list()
    assert result[-1] is None
    for before, after in zip(cells, result, strict=False):
        assert after in (before, "'" + before)
        assert not after.lstrip().startswith(("=", "@", "＝", "＋", "－", "＠"))
