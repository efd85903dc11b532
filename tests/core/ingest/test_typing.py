"""Which type a column takes, and what its values become."""

from __future__ import annotations

import datetime as dt

import pytest

from core.errors import ImportRefused
from core.schema import TagType
from tests.core.ingest.workbench import EVENTS, USERS, Workbench, refusal


def _column(
    bench: Workbench, values: list[str], options: str = "", plan: str = "", tag: str = "{}"
) -> list[object]:
    rows = "".join(f"u{n},{value}\n" for n, value in enumerate(values))
    bench.file("users.csv", "user_id,x\n" + rows)
    bench.run(f"{plan}\n{USERS}{options}\n[users.tags]\nx = {tag}\n")
    return [row[0] for row in bench.users("x").values()]


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        (["1", "2.5", "-3e2", ""], [1.0, 2.5, -300.0, None], TagType.NUMBER),
        (["1", "NaN", "2"], [1.0, None, 2.0], TagType.NUMBER),
        (["007", "1"], ["007", "1"], TagType.TEXT),
        (["0", "0.5"], [0.0, 0.5], TagType.NUMBER),
        (["13812345678", "1"], ["13812345678", "1"], TagType.TEXT),
        (["1381234567", "1"], [1381234567.0, 1.0], TagType.NUMBER),
        (["1", "2", "x"], ["1", "2", "x"], TagType.TEXT),
        (["1", "inf"], ["1", "inf"], TagType.TEXT),
        (["true", "False", "", "TRUE"], [True, False, None, True], TagType.BOOLEAN),
        (["yes", "no"], ["yes", "no"], TagType.TEXT),
        (["2019-07-14", "2019-07-01"], [dt.date(2019, 7, 14), dt.date(2019, 7, 1)], TagType.DATE),
        (["2019/7/4", "2019年7月5日"], [dt.date(2019, 7, 4), dt.date(2019, 7, 5)], TagType.DATE),
        (["2019-07-14 23:59:59", "2019-07-01"], [dt.date(2019, 7, 14), dt.date(2019, 7, 1)], TagType.DATE),
        (["20190714", "20190701"], [20190714.0, 20190701.0], TagType.NUMBER),
        (["2019-02-30", "2019-02-28"], ["2019-02-30", "2019-02-28"], TagType.TEXT),
        (["19-07-14", "19-07-15"], ["19-07-14", "19-07-15"], TagType.TEXT),
        (["a", "a", "b", "b"], ["a", "a", "b", "b"], TagType.ENUM),
        (["a", "b", "c", "c"], ["a", "b", "c", "c"], TagType.TEXT),
        (["", "", ""], [None, None, None], TagType.TEXT),
        (["NULL", "N/A", "null"], ["NULL", "N/A", "null"], TagType.TEXT),
        ([" a", "a "], [" a", "a "], TagType.TEXT),
    ],
)
def test_a_column_takes_the_narrowest_type_that_every_value_fits(
    bench: Workbench, values: list[str], expected: list[object], kind: TagType
) -> None:
    assert _column(bench, values) == expected
    assert bench.catalogue.tags["x"].type is kind


def test_a_value_at_the_end_of_a_large_file_still_decides_the_type(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ingest.encodings.BLOCK_BYTES", 4096)
    monkeypatch.setattr("core.ingest.encodings.utf8_blocks.__defaults__", (4096, 0))
    values = [str(n) for n in range(5_000)]
    assert _column(bench, [*values, "0815"])[-1] == "0815"
    assert bench.catalogue.tags["x"].type is TagType.TEXT
    bench2 = [v[0] for v in bench.users("x").values()]
    assert bench2 == [*values, "0815"]
    _column(bench, values)
    assert bench.catalogue.tags["x"].type is TagType.NUMBER


def test_a_column_that_is_empty_at_first_is_typed_by_what_comes_later(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.ingest.encodings.utf8_blocks.__defaults__", (4096, 0))
    values = _column(bench, [*[""] * 5_000, "7"])
    assert values[-1] == 7.0
    assert bench.catalogue.tags["x"].type is TagType.NUMBER


def test_columns_and_tags_override_the_inferred_type(bench: Workbench) -> None:
    assert _column(bench, ["1", "2"], options='columns = {x = "text"}') == ["1", "2"]
    assert _column(bench, ["1", "2"], tag='{type = "enum"}') == ["1", "2"]
    assert bench.catalogue.tags["x"].type is TagType.ENUM
    assert _column(bench, ["1", "0", "yes", "否"], tag='{type = "boolean"}') == [True, False, True, False]
    assert _column(bench, ["007"], tag='{type = "number"}') == [7.0]
    assert _column(bench, ["20190714"], tag='{type = "date"}') == [dt.date(2019, 7, 14)]


def test_a_multi_value_is_split_trimmed_and_made_unique(bench: Workbench) -> None:
    values = _column(bench, ["b; a;b", "", ";", "c"], tag='{type = "multi", separator = ";"}')
    assert values == [["a", "b"], None, None, ["c"]]
    assert bench.catalogue.tags["x"].distinct == 3


def test_listed_null_values_are_missing_and_only_those(bench: Workbench) -> None:
    assert _column(bench, ["1", "-", "N/A"], options='null_values = ["-", "N/A"]') == [1.0, None, None]


def test_full_width_forms_are_folded_only_when_the_plan_says_so(bench: Workbench) -> None:
    values = ["ＡＢＣ１２３", "ﾃｽﾄ", "北京（海淀）"]
    assert _column(bench, values) == values
    assert _column(bench, values, plan="fold_width = true") == ["ABC123", "テスト", "北京(海淀)"]


def test_a_datetime_given_as_date_is_cut_in_the_time_zone(bench: Workbench) -> None:
    zone = 'time_zone = "Asia/Shanghai"'
    values = ["2019-07-14T23:30:00Z", "2019-07-14 23:30:00", "2019-07-14T23:30:00+08:00"]
    assert _column(bench, values, plan=zone, tag='{type = "date"}') == [
        dt.date(2019, 7, 15), dt.date(2019, 7, 14), dt.date(2019, 7, 14),
    ]  # fmt: skip


def test_naive_times_are_read_in_the_zone_of_their_source(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at\nu1,2019-07-14 23:30:00\n")
    bench.run('time_zone = "Asia/Shanghai"\n' + EVENTS + 'time_zone = "UTC"\n')
    row = bench.events("purchase", "at", "day").row(0)
    assert row[1] == dt.datetime(2019, 7, 14, 23, 30, tzinfo=dt.UTC)
    assert row[2] == dt.date(2019, 7, 15)


def test_times_that_occur_twice_take_the_earlier_and_those_that_do_not_exist_move_forward(
    bench: Workbench,
) -> None:
    bench.file(
        "orders.csv",
        "user_id,paid_at\nu1,2021-03-14 02:30:00\nu1,2021-11-07 01:30:00\nu1,2021-07-01 00:00:00\n",
    )
    bench.run('time_zone = "America/New_York"\n' + EVENTS)
    assert bench.events("purchase", "at")["at"].to_list() == [
        dt.datetime(2021, 3, 14, 7, 30, tzinfo=dt.UTC),  # 03:30 summer time
        dt.datetime(2021, 7, 1, 4, 0, tzinfo=dt.UTC),
        dt.datetime(2021, 11, 7, 5, 30, tzinfo=dt.UTC),  # the first 01:30, summer time
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", "2019-07-14T01:02:03.5Z"),
        ("", "2019-07-14 01:02:03.500"),
        ("", "2019/07/14 01:02:03.5"),
        ("", " 2019-07-14 01:02:03.5 "),
        ("", "2019-07-14T03:02:03.5+02:00"),
        ("%d.%m.%Y %H:%M:%S%.f", "14.07.2019 01:02:03.5"),
        ("epoch_s", "1563066123.5"),
        ("epoch_ms", "1563066123500"),
    ],
)
def test_times_are_read_in_the_usual_forms_or_the_one_that_the_plan_says(
    bench: Workbench, form: str, text: str
) -> None:
    bench.file("orders.csv", f"user_id,paid_at\nu1,{text}\n")
    bench.run(EVENTS + (f'time_format = "{form}"\n' if form else ""))
    expected = dt.datetime(2019, 7, 14, 1, 2, 3, 500_000, tzinfo=dt.UTC)
    assert bench.events("purchase", "at")["at"].to_list() == [expected]


def test_ids_are_text_exactly_as_written(bench: Workbench) -> None:
    bench.file("users.csv", "user_id\n007\n 8\n1.50\n用户 5\n13812345678901234567\n")
    bench.run(USERS)
    assert list(bench.users()) == ["007", " 8", "1.50", "用户 5", "13812345678901234567"]


def test_values_that_do_not_fit_a_declared_type_are_rejects_with_file_line_and_reason(
    bench: Workbench,
) -> None:
    bench.file(
        "users.csv", 'user_id,x,born\nu1,1,1990-01-01\nu2,abc,1990-01-01\n"u\n3",3,soon\nu4,4,1990-13-01\n'
    )
    report = bench.run(
        "max_reject_share = 1.0\n" + USERS + '[users.tags]\nx = {type = "number"}\nborn = {type = "date"}\n'
    )
    assert [(r.file, r.line, r.column, r.reason, r.value) for r in report.rejects] == [
        ("users.csv", 3, "x", "not_number", "abc"),
        ("users.csv", 4, "born", "not_date", "soon"),
        ("users.csv", 6, "born", "not_date", "1990-13-01"),
    ]
    assert report.sources[0].rows_refused == 3
    assert report.sources[0].rows_used == 1
    assert report.rejects_file is not None
    kept = (bench.lake.root / report.rejects_file).read_text("utf-8-sig")
    assert kept.splitlines()[0] == "source,file,line,column,value,reason,原因,row"
    assert "users.csv,3,x," in kept
    assert list(bench.users()) == ["u1"]


def test_too_many_rejects_refuse_the_import_and_change_nothing(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,x\nu1,1\n")
    first = bench.run(USERS)
    bench.file("users.csv", "user_id,x\n" + "".join(f"u{n},{n}\n" for n in range(98)) + "u98,a\nu99,b\n")
    with pytest.raises(ImportRefused) as error:
        bench.run(USERS + '[users.tags]\nx = {type = "number"}\n')
    assert error.value.code == "too_many_rejects"
    assert "2 of 100 rows" in refusal(error)
    assert "limit of 1%" in refusal(error)
    assert "users.csv, line 100" in refusal(error)
    current = bench.lake.current()
    assert current is not None
    assert current.id == first.version
    assert (bench.lake.root / "rejects" / "refused.csv").is_file()


def test_exactly_the_allowed_share_of_rejects_is_imported(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,x\n" + "".join(f"u{n},{n}\n" for n in range(99)) + "u99,a\n")
    report = bench.run(USERS + '[users.tags]\nx = {type = "number"}\n')
    assert report.sources[0].rows_refused == 1
    assert report.users == 99
