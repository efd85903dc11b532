"""Files as people really have them: odd encodings, names, types and quotes are read or refused in their place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from core.errors import ImportRefused, PlanError
from tests.core.ingest.workbench import USERS, Workbench, refusal


def _workbook(path: Path, rows: Sequence[Sequence[str | int | None]]) -> None:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", "base64", "undefined"])
def test_an_unknown_encoding_is_refused(bench: Workbench, encoding: str) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    with pytest.raises(PlanError) as error:
        bench.run(USERS + f'encoding = "{encoding}"\n')
    assert error.value.code == "unknown_encoding"


def test_a_text_that_lacks_the_mark_of_its_encoding_is_refused(bench: Workbench) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    with pytest.raises(ImportRefused) as error:
        bench.run(USERS + 'encoding = "utf-16"\n')
    assert "Line 1 of users.csv is not utf-16" in refusal(error)


def test_a_long_field_beside_an_irregular_quote_is_read(bench: Workbench) -> None:
    bench.file("users.csv", 'user_id,x\nu1,a"b\nu2,"' + "z" * 200_000 + '"\n')
    bench.run(USERS + 'tags = ["x"]\n')
    assert bench.users("x") == {"u1": ('a"b',), "u2": ("z" * 200_000,)}


def test_columns_without_a_name_are_passed_over(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,x,,\nu1,1,,\n")
    bench.run(USERS + 'tags = ["x", "column_4"]\n')
    assert bench.users("x", "column_4") == {"u1": (1.0, None)}


def test_a_column_that_stands_twice_in_a_sheet_is_refused(bench: Workbench) -> None:
    _workbook(bench.folder / "users.xlsx", [["user_id", "x", "x"], ["u1", 1, 2]])
    plan = USERS.replace("users.csv", "users.xlsx") + 'tags = ["x"]\n'
    with pytest.raises(ImportRefused) as error:
        bench.run(plan)
    assert "'x' stands twice" in refusal(error)
    _workbook(bench.folder / "users.xlsx", [["user_id", "x", "x_1", None], ["u1", 1, 2, 3]])
    bench.run(plan.replace('["x"]', '["x", "x_1", "column_4"]'))
    assert bench.users("x", "x_1", "column_4") == {"u1": (1.0, 2.0, 3.0)}


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (pl.Series([dt.timedelta(days=1)]), "Duration"),
        (pl.Series([[{"a": 1}]]), "Struct"),
        (pl.Series([{"a": 1}]), "Struct"),
        (pl.Series([b"x"]), "Binary"),
    ],
)
def test_a_type_that_is_no_tag_is_refused_by_its_column(
    bench: Workbench, column: pl.Series, dtype: str
) -> None:
    pl.DataFrame({"user_id": ["u1"], "x": column}).write_parquet(bench.folder / "users.parquet")
    with pytest.raises(PlanError) as error:
        bench.run(USERS.replace("csv", "parquet") + 'tags = ["x"]\n')
    assert error.value.code == "unsupported_dtype"
    assert "'x'" in refusal(error)
    assert dtype in refusal(error)


def test_infinite_numbers_of_a_typed_file_fit_no_number(bench: Workbench) -> None:
    numbers = [1.5, float("inf"), float("nan")]
    pl.DataFrame({"user_id": ["u1", "u2", "u3"], "x": numbers}).write_parquet(bench.folder / "users.parquet")
    plan = USERS.replace("csv", "parquet")
    bench.run(plan + 'tags = ["x"]\n')
    assert bench.users("x") == {"u1": ("1.5",), "u2": ("inf",), "u3": (None,)}
    report = bench.run("max_reject_share = 0.5\n" + plan + '[users.tags.x]\ntype = "number"\n')
    assert bench.users("x") == {"u1": (1.5,), "u3": (None,)}
    assert [(reject.line, reject.reason) for reject in report.rejects] == [(2, "not_number")]


def test_a_file_that_may_not_be_read_is_named_with_the_reason(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    real = Path.open

    def closed(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "users.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(ImportRefused) as error:
        bench.run(USERS)
    assert error.value.code == "file_unreadable"
    assert "users.csv cannot be read: Permission denied" in refusal(error)
