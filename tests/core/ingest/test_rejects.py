"""No row is lost in silence: what cannot be read is counted, named and kept, wherever it stands."""

from __future__ import annotations

import csv

import pytest

from core.errors import ImportRefused, PlanError
from tests.core.ingest.workbench import USERS, Workbench, refusal

JOINED = """\
max_reject_share = 0.5
[files]
people = {source = "people.csv", columns = {age = "number"}}
[[users]]
query = "SELECT id, age FROM people"
id = "id"
tags = ["age"]
"""


def test_rows_of_a_table_that_a_query_joins_are_rejects_as_well(bench: Workbench) -> None:
    bench.file("people.csv", "id,age\nu1,30\nu2\nu3,old\nu4,\n")
    report = bench.run(JOINED)
    assert bench.users("age") == {"u1": (30.0,), "u4": (None,)}
    table = next(source for source in report.sources if source.source == "files.people")
    assert (table.rows_read, table.rows_refused, table.rows_used) == (4, 2, 2)
    assert table.reasons == {"fields": 1, "not_number": 1}
    assert [(r.source, r.file, r.line, r.column, r.value) for r in report.rejects] == [
        ("files.people", "people.csv", 3, None, "1"),
        ("files.people", "people.csv", 4, "age", "old"),
    ]
    assert report.rejects_file is not None
    kept = (bench.lake.root / report.rejects_file).read_text("utf-8-sig")
    assert [row["line"] for row in csv.DictReader(kept.splitlines())] == ["3", "4"]


def test_too_many_rejects_of_a_joined_table_refuse_the_import(bench: Workbench) -> None:
    bench.file("people.csv", "id,age\nu1,30\nu2\nu3,old\n")
    with pytest.raises(ImportRefused) as error:
        bench.run(JOINED)
    assert error.value.code == "too_many_rejects"
    assert error.value.problems[0].node == "files.people"
    assert "people.csv, line 3" in refusal(error)
    assert bench.lake.current() is None
    assert "old" in bench.lake.refused_rows.read_text("utf-8-sig")


def test_a_joined_table_may_be_empty(bench: Workbench) -> None:
    bench.file("people.csv", "id,age\nu1,30\n")
    bench.file("refunds.csv", "id,refund\n")
    report = bench.run(
        '[files]\npeople = "people.csv"\nrefunds = "refunds.csv"\n[[users]]\nid = "id"\ntags = ["refund"]\n'
        'query = "SELECT p.id, r.refund FROM people AS p LEFT JOIN refunds AS r ON p.id = r.id"\n'
    )
    assert bench.users("refund") == {"u1": (None,)}
    assert [source.source for source in report.sources] == ["users[0]"]


def test_a_column_that_is_read_as_two_types_must_fit_both(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,x\nu1,1\nu2,yes\nu3,7\n")
    report = bench.run(
        "max_reject_share = 0.9\n" + USERS + '[users.tags.n]\ncolumn = "x"\ntype = "number"\n'
        '[users.tags.b]\ncolumn = "x"\ntype = "boolean"\n'
    )
    assert bench.users("n", "b") == {"u1": (1.0, True)}
    assert [(r.line, r.reason) for r in report.rejects] == [(3, "not_number"), (4, "not_boolean")]


def test_a_row_that_breaks_a_query_is_a_clear_refusal(bench: Workbench) -> None:
    bench.file("people.csv", "id,age\nu1,30\nu2,31\n")
    bench.file("names.csv", "id,name\nu1,12\nu2,old\n")
    with pytest.raises(PlanError) as error:
        bench.run(
            '[files]\nnames = "names.csv"\n[[users]]\nquery = "SELECT id, CAST(name AS INTEGER) AS n FROM names"\n'
            'id = "id"\n'
        )
    assert (error.value.code, error.value.problems[0].node) == ("sql_failed", "users[0].query")
    assert refusal(error)
