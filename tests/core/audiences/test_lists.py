"""The file of a list: masks, neutral cells, numbers, names, and being there whole or not at all."""

from __future__ import annotations

import errno
import os
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from core.audiences import lists, pending
from core.audiences.pending import Pending
from core.errors import ExportRefused
from core.schema import Catalogue, Label, TagSpec, TagType

DAY = date(2019, 7, 14)


def spec(key: str, kind: TagType, zh: str = "", **more: object) -> TagSpec:
    return TagSpec(key=key, type=kind, label=Label(zh=zh or key, en=key), **more)  # type: ignore[arg-type]


CATALOGUE = Catalogue(
    tags={
        "phone": spec("phone", TagType.TEXT, "手机", personal="phone"),
        "city": spec("city", TagType.ENUM, "=城市"),
        "points": spec("points", TagType.NUMBER, "同名"),
        "price": spec("price", TagType.NUMBER, "同名"),
        "tags": spec("tags", TagType.MULTI),
        "day": spec("day", TagType.DATE),
        "vip": spec("vip", TagType.BOOLEAN),
    }
)
FRAME = pl.DataFrame(
    {
        "user_id": ["007", "=u2"],
        "phone": ["+8613800001234", None],
        "city": ["=1+1", '北京,"朝阳"'],
        "points": [3000.0, -2.0],
        "price": [0.1, None],
        "tags": [["读书", "旅行"], None],
        "day": [DAY, None],
        "vip": [True, None],
    }
)
FIELDS = tuple(FRAME.columns[1:])


def test_a_csv_list_has_a_byte_order_mark_and_says_missing_as_nothing(tmp_path: Path) -> None:
    table = lists.list_table(FRAME, FIELDS, CATALOGUE, purpose="contact", header="key")
    lists.write_csv(table, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_bytes() == (
        "\ufeffuser_id,phone,city,points,price,tags,day,vip\n"
        "007,+8613800001234,'=1+1,3000,0.1,读书|旅行,2019-07-14,true\n"
        '\'=u2,,"北京,""朝阳""",-2,,,,\n'
    ).encode()


def test_personal_fields_are_masked_for_analysis_only() -> None:
    analysed = lists.list_table(FRAME, ("phone",), CATALOGUE, purpose="analysis", header="key")
    contacted = lists.list_table(FRAME, ("phone",), CATALOGUE, purpose="contact", header="key")
    assert analysed["phone"].to_list() == ["'+86****1234", None]
    assert contacted["phone"].to_list() == ["+8613800001234", None]


def test_labels_head_the_columns_told_apart_and_neutral() -> None:
    table = lists.list_table(FRAME, FIELDS, CATALOGUE, purpose="contact", header="zh")
    assert table.columns == [
        "用户编号",
        "手机",
        "'=城市",
        "同名 (points)",
        "同名 (price)",
        "tags",
        "day",
        "vip",
    ]


def test_a_workbook_keeps_every_digit_and_runs_nothing(tmp_path: Path) -> None:
    frame = FRAME.with_columns(phone=pl.Series(["013800001234", "https://example.com"]))
    table = lists.list_table(frame, FIELDS, CATALOGUE, purpose="contact", header="key")
    lists.write_xlsx(table, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:5] == ("007", "013800001234", "'=1+1", 3000, 0.1)
    assert rows[1][6].date() == DAY
    assert rows[1][7] is True
    assert rows[2] == ("'=u2", "https://example.com", '北京,"朝阳"', -2, None, None, None, None)
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n", "d", "b", "inlineStr"}
    assert sheet["B2"].number_format == "@"
    assert [path.name for path in tmp_path.iterdir()] == ["x.xlsx"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("闭门会 七月", "闭门会 七月-2019-07-14"),
        (None, "audience-2019-07-14"),
        ("../../etc/passwd", "etc_passwd-2019-07-14"),
        ('a/b\\c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j-2019-07-14"),
        ("...", "audience-2019-07-14"),
    ],
)
def test_a_list_is_named_after_audience_and_day_on_any_system(name: str | None, stem: str) -> None:
    assert lists.file_stem(name, DAY) == stem


def test_a_long_name_is_cut_between_characters() -> None:
    stem = lists.file_stem("人" * 100, DAY)
    assert len(stem.encode()) <= 170
    assert stem.startswith("人人")


def test_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_two(tmp_path, fail=True)
    assert list(tmp_path.iterdir()) == []
    _write_two(tmp_path, fail=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def _write_two(folder: Path, *, fail: bool) -> None:
    with Pending() as files:
        files.add(folder / "a").write_text("new a")
        files.add(folder / "b").write_text("new b")
        if fail:
            raise ZeroDivisionError
        files.publish()


def test_an_error_after_publishing_puts_back_what_lay_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")

    def fail_late() -> None:
        with Pending() as files:
            files.add(tmp_path / "a").write_text("new a")
            files.add(tmp_path / "b").write_text("new b")
            files.publish()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_names_are_numbered_even_while_another_export_is_being_written(tmp_path: Path) -> None:
    with Pending() as one, Pending() as two:
        first, _ = one.add_numbered(tmp_path / "x.csv")
        second, _ = two.add_numbered(tmp_path / "x.csv")
        one.publish()
        two.publish()
    with Pending() as three:
        third, _ = three.add_numbered(tmp_path / "x.csv")
    assert [path.name for path in (first, second, third)] == ["x.csv", "x-2.csv", "x-3.csv"]


def test_what_a_killed_export_left_is_swept_after_a_day(tmp_path: Path) -> None:
    for name in (".x.csv.part", "x.csv", ".other"):
        (tmp_path / name).write_text("x")
    pending.sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    os.utime(tmp_path / ".x.csv.part", (0, 0))
    pending.sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other", "x.csv"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "full"), "export_disk_full"),
        (OSError("No space left on device (os error 28)"), "export_disk_full"),
        (OSError("File too large (os error 27)"), "export_disk_full"),
        (PermissionError(errno.EACCES, "no"), "export_unwritable"),
    ],
)
def test_a_file_that_cannot_be_written_says_why(error: OSError, code: str, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused) as refused, pending.writing_explained(tmp_path):
        raise error
    assert refused.value.code == code
