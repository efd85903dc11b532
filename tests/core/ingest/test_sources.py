"""Files of every kind, databases, and how each is refused when it cannot be read."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from core.errors import ImportRefused, PlanError
from core.ingest import inspect_source, propose_plan
from core.schema import TagType
from tests.core.ingest.workbench import EVENTS, USERS, Workbench, refusal


def _workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    empty, sheet = book.add_worksheet("空"), book.add_worksheet("会员")
    assert empty is not None
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for j, name in enumerate(["user_id", "age", "born", "code"]):
        sheet.write(0, j, name)
    sheet.write(1, 0, 17850)
    sheet.write(1, 1, 30.5)
    sheet.write_datetime(1, 2, dt.datetime(1990, 1, 2), day)
    sheet.write(1, 3, "007")
    sheet.write(0, 4, "phone")
    sheet.write(1, 4, 13812345678)
    sheet.write(3, 0, "u 2")
    sheet.write(3, 3, 8)
    book.close()


def test_a_workbook_is_read_from_the_sheet_that_the_plan_names(bench: Workbench) -> None:
    _workbook(bench.folder / "m.xlsx")
    plan = '[[users]]\nsource = "m.xlsx"\nid = "user_id"\nsheet = "会员"\ntags = ["age", "born", "code", "phone"]\n'
    bench.run(plan)
    assert bench.users("age", "born", "code", "phone") == {
        "17850": (30.5, dt.date(1990, 1, 2), "007", "13812345678"),
        "u 2": (None, None, "8", None),
    }


def test_a_sheet_that_does_not_exist_or_is_empty_is_refused(bench: Workbench) -> None:
    _workbook(bench.folder / "m.xlsx")
    plan = '[[users]]\nsource = "m.xlsx"\nid = "user_id"\n'
    with pytest.raises(PlanError) as error:
        bench.run(plan + 'sheet = "会 员"\n')
    assert (error.value.code, error.value.problems[0].nearest) == ("missing_sheet", "会员")
    with pytest.raises(ImportRefused) as empty:
        bench.run(plan)
    assert empty.value.code == "empty_file"


def test_parquet_keeps_typed_values_and_ids_lose_no_digit(bench: Workbench) -> None:
    pl.DataFrame(
        {
            "user_id": [17850.0, 2.0, 3.5],
            "n": [1, None, 3],
            "phone": [13812345678, 1, 2],
            "set": [["b", "a"], [], None],
            "at": [dt.datetime(2019, 7, 14, 23, 30, tzinfo=dt.UTC)] * 3,
            "ratio": [float("nan"), 0.5, 1.0],
        },
        strict=False,
    ).write_parquet(bench.folder / "m.parquet")
    bench.run(
        'time_zone = "Asia/Shanghai"\n[[users]]\nsource = "m.parquet"\nid = "user_id"\n'
        'tags = ["n", "phone", "set", "at", "ratio"]\n'
    )
    assert bench.users("n", "phone", "set", "at", "ratio") == {
        "17850": (1.0, "13812345678", ["a", "b"], dt.date(2019, 7, 15), None),
        "2": (None, "1", None, dt.date(2019, 7, 15), 0.5),
        "3.5": (3.0, "2", None, dt.date(2019, 7, 15), 1.0),
    }
    assert bench.catalogue.tags["set"].type is TagType.MULTI


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int16, pl.Int32, pl.UInt32, pl.Int64, pl.UInt64])
def test_integers_of_every_width_are_numbers(bench: Workbench, dtype: type[pl.DataType]) -> None:
    values = pl.Series("n", [100, None, 7], dtype=dtype)
    frame = pl.DataFrame([pl.Series("user_id", [1, 2, 3], dtype=dtype), values])
    frame.write_parquet(bench.folder / "m.parquet")
    bench.run('[[users]]\nsource = "m.parquet"\nid = "user_id"\ntags = ["n"]\n')
    assert bench.users("n") == {"1": (100.0,), "2": (None,), "3": (7.0,)}
    assert bench.catalogue.tags["n"].type is TagType.NUMBER


def test_the_least_integer_of_a_width_is_a_number_too(bench: Workbench) -> None:
    frame = pl.DataFrame({"user_id": ["u1"], "n": pl.Series([-128], dtype=pl.Int8)})
    frame.write_parquet(bench.folder / "m.parquet")
    bench.run('[[users]]\nsource = "m.parquet"\nid = "user_id"\ntags = ["n"]\n')
    assert bench.users("n") == {"u1": (-128.0,)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_text_of_every_usual_encoding_is_read(bench: Workbench, encoding: str, is_declared: bool) -> None:
    bench.file("users.csv", "user_id,city\n用户1,北京\n用户2,上海\n".encode(encoding))
    bench.run(USERS + (f'encoding = "{encoding}"\n' if is_declared else "") + 'tags = ["city"]\n')
    assert bench.users("city") == {"用户1": ("北京",), "用户2": ("上海",)}


def test_compressed_files_and_other_delimiters_are_read(bench: Workbench) -> None:
    bench.file("a.csv.gz", gzip.compress(b"user_id;city\nu1;a,b\n"))
    bench.run('[[users]]\nsource = "a.csv.gz"\nid = "user_id"\ntags = ["city"]\n')
    assert bench.users("city") == {"u1": ("a,b",)}
    bench.file("a.tsv", "user_id\tcity\nu1\tx;y\n")
    bench.run('[[users]]\nsource = "a.tsv"\nid = "user_id"\ntags = ["city"]\n')
    assert bench.users("city") == {"u1": ("x;y",)}
    bench.file("users.csv", "user_id^city\nu1^x\n")
    bench.run(USERS + 'delimiter = "^"\ntags = ["city"]\n')
    assert bench.users("city") == {"u1": ("x",)}


def test_quotes_line_breaks_in_fields_blank_lines_and_windows_line_ends_are_read(bench: Workbench) -> None:
    bench.file("users.csv", 'user_id,city\r\nu1,"a ""b"", c"\r\n\r\nu2,"two\r\nlines"\r\nu3,x\r\n')
    report = bench.run(USERS + 'tags = ["city"]\n')
    assert bench.users("city") == {"u1": ('a "b", c',), "u2": ("two\r\nlines",), "u3": ("x",)}
    assert report.rejects == ()


def test_a_quote_in_the_middle_of_a_field_is_part_of_it(bench: Workbench) -> None:
    bench.file("users.csv", 'user_id,city\nu1,5" pipe\nu2,"a,b"\nu3,x"y"z\n')
    report = bench.run(USERS + 'tags = ["city"]\n')
    assert bench.users("city") == {"u1": ('5" pipe',), "u2": ("a,b",), "u3": ('x"y"z',)}
    assert report.rejects == ()


@pytest.mark.parametrize("size", [7, 16, 64, 4096])
def test_the_size_of_the_blocks_in_which_a_file_is_read_changes_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("core.ingest.encodings.utf8_blocks.__defaults__", (size, 0))
    bench.file("users.csv", 'user_id,city\nu1,"多行\n文字"\nu2,\nu3,"q""q"\nbad\nu4,a,b\nu5,末"尾\n\nu6,完')
    report = bench.run("max_reject_share = 1.0\n" + USERS + 'tags = ["city"]\n')
    assert bench.users("city") == {
        "u1": ("多行\n文字",), "u2": (None,), "u3": ('q"q',), "u5": ('末"尾',), "u6": ("完",),
    }  # fmt: skip
    assert [(r.line, r.reason, r.value) for r in report.rejects] == [(6, "fields", "1"), (7, "fields", "3")]


def test_rows_with_another_number_of_fields_are_rejects_with_their_line(bench: Workbench) -> None:
    rows = "".join(f"u{n},{n}\n" for n in range(300))
    bench.file("users.csv", "user_id,x\n" + rows + "u300\nu301,1,2\n")
    report = bench.run(USERS)
    assert [(r.line, r.reason, r.value) for r in report.rejects] == [
        (302, "fields", "1"),
        (303, "fields", "3"),
    ]
    assert report.sources[0].rows_read == 302


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("users.csv", b"", "empty_file", "users.csv is empty"),
        ("users.csv", b"\n\n", "empty_file", "users.csv is empty"),
        ("users.csv", b"user_id,x\n", "no_rows", "no row"),
        ("users.csv", b"user_id,x,x\nu1,1,2\n", "column_twice", "'x' stands twice"),
        ("users.csv", b'user_id,x\nu1,"never closed\nu2,1\n', "quote_never_closed", "never closed"),
        ("users.csv", b"PK\x03\x04\x00\x00\x00binary", "not_a_text_file", "not a text file"),
        ("users.csv", "user_id\n用户1\n".encode() + "用户二\n".encode("gbk"), "mixed_encodings", "line 3"),
        ("users.csv", "user_id\n用户一\n".encode("gbk") + "用户二\n".encode(), "mixed_encodings", "line 3"),
        ("users.csv", b"user_id\nu1\nu\xff2\n", "undecodable", "Line 3"),
        ("users.csv.gz", b"\x1f\x8b\x08broken", "damaged_gzip", "damaged"),
        ("users.parquet", b"no parquet", "damaged_file", "damaged"),
        ("users.xlsx", b"no workbook", "damaged_file", "damaged"),
        ("users.csv", b'user_id,x\nu1,a"b\nu2,c\rd\n', "rows_unreadable", "from line 3 on"),
        ("users.csv", b'user_id,x\nu1,a"b\nu2,"never\nclosed\n', "quote_never_closed", "after line 3"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    bench: Workbench, name: str, content: bytes, code: str, says: str
) -> None:
    bench.file(name, content)
    with pytest.raises(ImportRefused) as error:
        bench.run(f'[[users]]\nsource = "{name}"\nid = "user_id"\n')
    assert error.value.code == code
    assert says in refusal(error)
    assert bench.lake.current() is None


def test_bytes_that_break_a_declared_or_late_encoding_name_their_line(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.file("users.csv", "user_id\nu1\n北京\n".encode("gbk"))
    with pytest.raises(ImportRefused) as error:
        bench.run(USERS + 'encoding = "utf-8"\n')
    assert "Line 3 of users.csv is not utf-8" in refusal(error)
    monkeypatch.setattr("core.ingest.encodings._SNIFF_BYTES", 64)
    bench.file("users.csv", "user_id\n用户\n".encode() + b"u\n" * 5_000 + "北京\n".encode("gbk"))
    with pytest.raises(ImportRefused) as late:
        bench.run(USERS)
    assert "Line 5003" in refusal(late)


@pytest.mark.parametrize(
    ("plan", "code", "node", "nearest"),
    [
        (USERS.replace("users.csv", "user.csv"), "missing_file", "users[0].source", "users.csv"),
        (USERS.replace("users.csv", "no*.csv"), "missing_file", "users[0].source", None),
        (USERS.replace("users.csv", "u**.csv"), "missing_file", "users[0].source", None),
        (USERS.replace("users.csv", "u" * 300), "file_unreadable", "users[0].source", None),
        (USERS.replace("users.csv", "users.doc"), "unknown_file_kind", None, None),
        (USERS.replace('"user_id"', '"userid"'), "missing_column", "users[0].id", "user_id"),
        (USERS + 'tags = ["ctiy"]\n', "missing_column", "users[0].tags.ctiy", "city"),
        (USERS + 'registered = "when"\n', "missing_column", "users[0].registered", None),
        (USERS + 'columns = {cty = "text"}\n', "missing_column", "users[0].columns", "city"),
        (USERS + 'where = "ctiy = 1"\n', "missing_column", "users[0].where", "city"),
        ("", "plan_without_sources", None, None),
        ('unknown_users = "refuse"\n' + EVENTS, "refuse_needs_users", "unknown_users", None),
    ],
)
def test_a_plan_that_names_what_does_not_exist_is_refused_with_the_nearest_name(
    bench: Workbench, plan: str, code: str, node: str | None, nearest: str | None
) -> None:
    bench.file("users.csv", "user_id,city\nu1,北京\n")
    bench.file("users.doc", "x")
    with pytest.raises(PlanError) as error:
        bench.run(plan)
    problem = error.value.problems[0]
    assert (problem.code, problem.node, problem.nearest) == (code, node, nearest)
    assert refusal(error)


def test_nothing_outside_the_allowed_folders_can_be_read(bench: Workbench, tmp_path: Path) -> None:
    inside = bench.folder / "inside"
    inside.mkdir()
    bench.file("secret.csv", "user_id\nu1\n")
    bench.file("inside/fine.csv", "user_id\nu1\n")
    (inside / "link.csv").symlink_to(bench.folder / "secret.csv")
    (inside / "folder").symlink_to(bench.folder)
    for source in ("secret.csv", "inside/../secret.csv", "inside/link.csv", "inside/folder/secret.csv",
                   str(bench.folder / "secret.csv"), "*.csv", "inside/*.csv", "/etc/passwd", "/etc/nothing.csv"):  # fmt: skip
        with pytest.raises(PlanError) as error:
            bench.run(f'[[users]]\nsource = "{source}"\nid = "user_id"\n', allowed_roots=[inside])
        assert error.value.code == "path_not_allowed", source
        with pytest.raises(PlanError):
            inspect_source(source, bench.folder, allowed_roots=[inside])
    bench.run('[[users]]\nsource = "inside/fine.csv"\nid = "user_id"\n', allowed_roots=[inside])


def test_a_source_is_looked_at_before_it_is_imported(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,phone,age,when\n001,13812345678,30,2019-07-14 10:00\n002,,31,\nbad\n")
    seen = inspect_source("users.csv", bench.folder)
    assert (seen.rows, seen.bad_rows, seen.encoding, seen.delimiter) == (2, 1, "utf-8", ",")
    columns = {column.name: column for column in seen.columns}
    assert [c.type for c in seen.columns] == [TagType.TEXT, TagType.TEXT, TagType.NUMBER, TagType.DATE]
    assert "leading zero" in columns["user_id"].why["en"]
    assert "eleven digits" in columns["phone"].why["en"]
    assert columns["when"].has_time
    assert (columns["phone"].missing, columns["phone"].distinct) == (1, 1)
    assert seen.first_rows[1] == ("002", None, "31", None)


def test_a_proposed_plan_can_be_run(bench: Workbench) -> None:
    bench.file(
        "users.csv", "user_id,phone,city,registered_on\nu1,13812345678,北京,2019-01-01\nu2,,上海,2019-02-01\n"
    )
    bench.file(
        "orders.csv",
        "order_id,user_id,paid_at,amount\n1,u1,2019-07-01 10:00:00,5\n2,u1,2019-07-02 10:00:00,6\n",
    )
    plan = propose_plan(["users.csv", "orders.csv"], "Asia/Shanghai", base_dir=bench.folder)
    assert plan.users[0].registered == "registered_on"
    assert plan.users[0].tags["phone"].personal == "phone"
    assert (plan.events[0].event, plan.events[0].at, plan.events[0].amount) == ("orders", "paid_at", "amount")
    from core.ingest import plan_to_toml

    report = bench.run(plan_to_toml(plan))
    assert (report.users, report.events) == (2, 2)


@pytest.mark.parametrize("is_declared", [True, False])
def test_how_much_fits_into_memory_changes_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, is_declared: bool
) -> None:
    import numpy as np

    rng = np.random.default_rng(7)
    n = 5_000
    rows = [
        f"u{u},{kind},2019-07-{day:02} {hour:02}:00:00,{amount if amount % 3 else ''},{word}"
        for u, kind, day, hour, amount, word in zip(
            rng.integers(0, 300, n), rng.choice(["a", "b", "c"], n), rng.integers(1, 29, n),
            rng.integers(0, 24, n), rng.integers(0, 99, n), rng.choice(["x", "", "z"], n), strict=True,
        )
    ]  # fmt: skip
    bench.file("log.csv", "user_id,kind,t,amount,word\n" + "\n".join(rows))
    kind = 'columns = {word = "text"}\n' if is_declared else ""
    plan = (
        '[[events]]\nsource = "log.csv"\nevent_column = "kind"\nuser = "user_id"\nat = "t"\namount = "amount"\n'
        f'properties = ["word"]\n{kind}'
    )
    bench.run(plan)
    whole = {e: bench.events(e, "at", "day", "prop:amount", "prop:word") for e in "abc"}
    base = bench.users("exists_from")
    monkeypatch.setattr("core.ingest.encodings.utf8_blocks.__defaults__", (8192, 0))
    monkeypatch.setattr("core.ingest.events.BUFFER_BYTES", 20_000)
    monkeypatch.setattr("core.ingest.spool.PART_BYTES", 5_000)
    report = bench.run(plan)
    assert report.events == n
    for event, frame in whole.items():
        assert bench.events(event, "at", "day", "prop:amount", "prop:word").equals(frame)
    assert bench.users("exists_from") == base
    version = bench.lake.current()
    assert version is not None
    assert len(version.events["a"][0].files) > 3
    expected = sorted((r.split(",")[0], r.split(",")[2]) for r in rows if r.split(",")[1] == "a")
    got = [(u, at.strftime("%Y-%m-%d %H:%M:%S")) for u, at in whole["a"].select("user_id", "at").rows()]
    assert sorted(got) == expected
