"""Files looked up among the users: which rows match, by what, and what is said of files that cannot be used."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from core.audiences import list_files
from core.audiences.list_files import AUTO, Found, look_up, ways
from core.errors import ListRefused, Problem
from core.lake.tables import FrameTables
from core.messages import message_of
from core.schema import Catalogue, Label, TagSpec, TagType

_LABEL = Label(zh="甲", en="A")


def _spec(key: str, kind: TagType = TagType.TEXT, personal: str | None = None) -> TagSpec:
    return TagSpec(key=key, type=kind, label=_LABEL, personal=personal)


CATALOGUE = Catalogue(
    tags={
        spec.key: spec
        for spec in (
            _spec("phone", personal="phone"),
            _spec("other_phones", TagType.MULTI, "phone"),
            _spec("email", personal="email"),
            _spec("card", TagType.NUMBER, "id"),
            _spec("name", personal="name"),
            _spec("city"),
        )
    }
)
USERS = pl.DataFrame(
    {
        "user_no": pl.Series([0, 2, 3, 5], dtype=pl.UInt32),
        "tag:phone": ["13800000001", "13800000002", " 13800000002", None],
        "tag:other_phones": [["13900000001", "13900000002"], [], None, ["13800000001"]],
        "tag:email": ["a@x.com", "", "Ｃ@x.com", None],
        "tag:card": [110101.0, None, 220202.0, None],
        "tag:name": ["王", "李", "王", "周"],
        "tag:city": ["北京", "北京", "上海", "上海"],
    }
)
# u9 had a number in an earlier version and is none of this version's users.
KEYS = pl.DataFrame(
    {
        "user_no": pl.Series([0, 1, 2, 3, 5], dtype=pl.UInt32),
        "user_id": ["u1", "u9", "007", "u3", "用户 5"],
        "hash": pl.Series([1, 2, 3, 4, 5], dtype=pl.UInt64),
    }
)
TABLES = FrameTables(CATALOGUE, USERS, {}, KEYS)


@pytest.fixture
def write(tmp_path: Path):
    def written(content: str | bytes, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def looked(path: Path, column: str | None = None, match: str = AUTO, *, is_folded: bool = False) -> Found:
    return look_up(path, path.name, TABLES, column=column, match=match, is_folded=is_folded)


def refusal(path: Path, column: str | None = None, match: str = AUTO) -> Problem:
    with pytest.raises(ListRefused) as refused:
        looked(path, column, match)
    (problem,) = refused.value.problems
    words = message_of(problem)
    assert words["zh"]
    assert words["en"]
    return problem


def test_ids_are_compared_exactly_and_every_row_is_told_of(write) -> None:
    found = looked(write('user_id\nu1\n007\nu1\n""\n7\nu9\n u3\n用户 5\n7\n'))
    assert (found.column, found.match, found.personal) == ("user_id", "id", None)
    assert found.people.to_list() == [0, 2, 5]
    assert (found.rows, found.empty, found.duplicates, found.matched) == (9, 1, 2, 3)
    assert found.unmatched_table().rows() == [(6, "7"), (7, "u9"), (8, " u3")]
    assert found.examples == ("7", "u9", " u3")
    assert found.rows == found.empty + found.duplicates + found.matched + found.unmatched.height


def test_a_phone_of_several_people_brings_all_of_them(write) -> None:
    found = looked(write("who,mobile\na,13800000002 \nb,13800000001\nc,13700000000\n"))
    assert (found.column, found.match, found.matched) == ("mobile", "phone", 2)
    assert found.people.to_list() == [0, 2, 3]
    assert found.examples == ("137****0000",)
    assert found.unmatched_table().rows() == [(4, "13700000000")]


def test_a_phone_matches_however_it_is_written(write) -> None:
    written = (
        "+86 138 0000 0001",
        "86-13800000002",
        "0086(139)0000.0002",
        "+86 137 0000 0000",
        "+1 380 000 0001",
    )
    found = looked(write("mobile\n" + "\n".join(written) + "\n13800000001\n"), match="phone")
    assert (found.people.to_list(), found.matched, found.duplicates) == ([0, 2, 3], 2, 1)
    assert found.unmatched_table()["mobile"].to_list() == list(written[2:])
    assert looked(write("mobile\n" + written[2] + "\n"), match="other_phones").people.to_list() == [0]


def test_the_case_of_an_e_mail_makes_no_difference(write) -> None:
    assert looked(write("mail\nA@X.com\n"), match="email").people.to_list() == [0]


def test_any_of_several_phones_of_one_person_matches(write) -> None:
    found = looked(write("mobile\n13900000002\n13900000001\n"), match="other_phones")
    assert (found.people.to_list(), found.matched, found.duplicates) == ([0], 2, 0)


def test_widths_are_folded_when_the_import_folded_them(write) -> None:
    path = write("mail\nC@x.com\na@x.com\n")
    assert looked(path, match="email").people.to_list() == [0]
    assert looked(path, match="email", is_folded=True).people.to_list() == [0, 3]


def test_a_tag_of_numbers_is_compared_as_it_is_written(write) -> None:
    assert looked(write("card\n220202\n"), match="card").people.to_list() == [3]


def test_a_first_row_that_is_known_is_a_row(write) -> None:
    found = looked(write("u1\nu3\n用户 5\n"))
    assert (found.people.to_list(), found.rows, found.matched) == ([0, 3, 5], 3, 3)
    assert looked(write("u1\n")).people.to_list() == [0]
    named = looked(write("u1\nu3\n"), column="u1")
    assert (named.people.to_list(), named.rows) == ([3], 1)


def test_rows_with_too_many_fields_are_counted_apart(write) -> None:
    found = looked(write("user_id,note\nu1,a\nu3,b,c\n007,d\n"))
    assert (found.rows, found.unreadable, found.people.to_list()) == (2, 1, [0, 2])


def test_chinese_encodings_and_workbooks_are_read(write, tmp_path: Path) -> None:
    assert looked(write("用户编号,备注\n用户 5,北京\n".encode("gb18030"))).people.to_list() == [5]
    book = tmp_path / "list.xlsx"
    pl.DataFrame({"手机": [13800000001, 13800000002]}).write_excel(book)
    assert looked(book).people.to_list() == [0, 2, 3]


def test_unmatched_rows_are_safe_in_a_spreadsheet(write) -> None:
    found = looked(write("line\nu1\n=1+1\n"))
    assert found.unmatched_table().columns == ["line", "line (2)"]
    assert found.unmatched_table().rows() == [(3, "'=1+1")]


def test_what_values_can_be_looked_up_by() -> None:
    assert ways(CATALOGUE) == ("id", "phone", "other_phones", "email", "card")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        ("", "list.csv", "list_file_empty"),
        ("  \n\n", "list.csv", "list_file_empty"),
        ('user_id\n""\n', "list.csv", "list_file_without_rows"),
        (b"user_id\nu1\n\xff\xfe\xfa\n", "list.csv", "list_undecodable"),
        ("名\n用户 5\n".encode() + "北京朝阳".encode("gb18030") + b"\n", "list.csv", "mixed_encodings"),
        ("a,a\n1,2\n", "list.csv", "column_twice"),
        ("u1", "list.pdf", "unknown_file_kind"),
        ("no workbook", "list.xlsx", "damaged_file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_one_reason(
    content: str | bytes,
    name: str,
    code: str,
    write,
) -> None:
    problem = refusal(write(content, name))
    assert problem.code in {code, "undecodable"} if code == "list_undecodable" else problem.code == code
    assert name in str(problem.params["file"])


def test_of_a_file_with_an_empty_column_the_one_with_values_is_told_of(write) -> None:
    problem = refusal(write("a,b\n,x77\n,x78\n"))
    assert (problem.code, problem.params["column"]) == ("list_nothing_matched", "b")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv").code == "list_file_missing"


def test_a_column_that_is_not_there_is_refused_with_those_that_are(write) -> None:
    problem = refusal(write("user_id,mobile\nu1,1\n"), column="usr_id")
    assert (problem.code, problem.allowed, problem.nearest) == (
        "list_column_missing",
        ("user_id", "mobile"),
        "user_id",
    )


@pytest.mark.parametrize("match", ["phnoe", "name", "city", ""])
def test_what_tells_no_people_apart_is_refused(match: str, write) -> None:
    problem = refusal(write("user_id\nu1\n"), match=match)
    assert problem.code == "list_match_unknown"
    assert problem.allowed == ("auto", *ways(CATALOGUE))


def test_an_identity_card_among_the_examples_is_hidden(write) -> None:
    problem = refusal(write("x\n11010519491231002X\n110105194912310021\n110105491231002\n"))
    assert problem.params["examples"] == ("11***", "11***", "11***")


def test_when_nothing_matches_examples_are_hidden_like_what_they_look_like(write) -> None:
    problem = refusal(write("x\n13700000000\nq@y.com\nu77\n"))
    assert problem.code == "list_nothing_matched"
    assert problem.params["examples"] == ("137****0000", "***@y.com", "u77")
    assert refusal(write("x\n137\n"), match="phone").params["examples"] == ("****",)


def test_a_file_that_is_too_large_is_refused(write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("user_id\nu1\nu3\n007\n")
    monkeypatch.setattr(list_files, "MAX_ROWS", 2)
    assert refusal(path).code == "list_too_many_rows"
    monkeypatch.setattr(list_files, "MAX_BYTES", 10)
    assert refusal(path).code == "list_file_too_large"
