"""Members: every number by hand, as the count of its rule, and against DuckDB on the sample."""

from __future__ import annotations

import calendar
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analytics.asking import Asking
from core.analytics.likes import likely_preferences
from core.analytics.members import Members, age_bands, members, slots
from core.errors import RuleError
from core.messages import message_of
from core.rules.conditions import TagCondition
from core.schema import Catalogue, Label, TagSpec, TagType
from core.workspace import Workspace
from tests.core.analytics import paper
from tests.core.analytics.paper import assert_every_figure_is_the_count_of_its_rule, tag

SAMPLE = Path(__file__).parents[3] / "sample_data"
AS_OF = date(2019, 7, 14)
COUNTED = "SELECT coalesce({column}, 'no value'), count(*) FROM users GROUP BY 1"
HELD = """
    SELECT member_level, count(*), sum(held), avg(held), list(held ORDER BY held)
    FROM (SELECT member_level, CAST({tag} AS DECIMAL(12, 2)) AS held FROM users) WHERE held > 0
    GROUP BY GROUPING SETS ((), (member_level))
"""


TAGS = (
    tag("birthday", TagType.DATE), tag("gender", TagType.ENUM), tag("city", TagType.ENUM),
    tag("member_level", TagType.ENUM), tag("card_opened", TagType.BOOLEAN), tag("points", TagType.NUMBER, unit="分"),
    tag("points_spent", TagType.NUMBER), tag("interests", TagType.MULTI), tag("registered_on", TagType.DATE),
    tag("phone", TagType.TEXT, personal="phone"),
)  # fmt: skip


def asking(users: list[dict[str, Any]], as_of: date = AS_OF, tags: tuple[TagSpec, ...] = TAGS) -> Asking:
    return paper.asking(users, as_of, tags)


def rows(found: Members, key: str) -> dict[str, int]:
    of = next(each for each in found.distributions if each.key == key)
    return {row.label["en"]: row.figure.users for row in of.rows}


def completed_years(born: date, day: date) -> int:
    """Years completed; who was born on 29 February completes one on 1 March of other years."""
    month, day_of_month = born.month, born.day
    if (month, day_of_month) == (2, 29) and not calendar.isleap(day.year):
        month, day_of_month = 3, 1
    return day.year - born.year - ((day.month, day.day) < (month, day_of_month))


def band_of(age: int) -> str:
    bands = ("under 18", "18–24", "25–29", "30–34", "35–39", "40–49", "50–59", "60 and older")
    return bands[sum(age >= edge for edge in (18, 25, 30, 35, 40, 50, 60))]


def test_members_can_be_counted_on_paper() -> None:
    asked = asking(
        [
            {"gender": "f", "city": "a", "member_level": "gold", "card_opened": True, "points": 10.0, "interests": {"x", "y"}},
            {"gender": "f", "city": "a", "member_level": "gold", "card_opened": False, "points": 0.5, "interests": {"x"}},
            {"gender": "m", "city": "b", "member_level": "plain", "points": 0.0, "points_spent": 7.0},
            {"gender": "f", "member_level": "plain", "card_opened": False, "points": -3.0},
            {"points": 0.1},
        ]
    )  # fmt: skip
    found = members(asked)
    assert found.people.users == 5
    assert found.note is None
    assert rows(found, "gender") == {"f": 3, "m": 1, "no value": 1}
    assert rows(found, "city") == {"a": 2, "b": 1, "no value": 2}
    assert rows(found, "level") == {"gold": 2, "plain": 2, "no value": 1}
    assert rows(found, "card") == {"no": 2, "yes": 1, "no value": 2}
    assert sum(rows(found, "age").values()) == rows(found, "age")["no value"] == 5
    points, spent = found.holdings
    assert (points.key, points.unit, spent.key) == ("points", "分", "points_spent")
    whole = points.everybody
    assert (whole.people.users, whole.holders.users) == (5, 3)
    # 10 + 0.5 + 0.1: exact, where floats would add up to 10.6 or a little less, by their order.
    assert (whole.amounts.total, whole.amounts.average) == (10.6, 10.6 / 3)
    assert (whole.amounts.median, whole.amounts.ninetieth) == (0.5, 10.0)
    by_level = [
        (each.label["en"], each.people.users, each.holders.users, each.amounts.total)
        for each in points.by_level
    ]
    assert by_level == [("gold", 2, 2, 10.5), ("plain", 2, 0, 0.0), ("no value", 1, 1, 0.1)]
    assert points.by_level[1].amounts.average is None
    (liked,) = found.likes
    assert [(row.label["en"], row.figure.users, row.index, row.is_small) for row in liked.rows] == [
        ("x", 2, 100.0, True),
        ("y", 1, 100.0, True),
    ]
    assert liked.missing.users == 3
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_what_an_audience_likes_is_held_against_everybody() -> None:
    asked = asking(
        [
            {"gender": "f", "interests": {"x"}},
            {"gender": "f"},
            *({"gender": "m", "interests": {"y"}} for _ in range(2)),
        ]
    )
    among = asked.rule(TagCondition(id="c", tag="gender", op="is", value="f"))
    found = members(replace(asked, among=among))
    assert found.people.users == 2
    (liked,) = found.likes
    # Half of the two, a quarter of all four.
    assert [(row.label["en"], row.figure.users, row.everybody.users, row.index) for row in liked.rows] == [
        ("x", 1, 1, 200.0)
    ]
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


@pytest.mark.parametrize(
    ("as_of", "born", "age"),
    [
        (date(2019, 2, 28), date(2001, 2, 28), 18),
        (date(2019, 2, 28), date(2001, 3, 1), 17),
        (date(2018, 2, 28), date(2000, 2, 29), 17),
        (date(2018, 3, 1), date(2000, 2, 29), 18),
        (date(2020, 2, 29), date(2002, 2, 28), 18),
        (date(2020, 2, 29), date(2002, 3, 1), 17),
        (date(2020, 2, 28), date(2000, 2, 29), 19),
        (date(2020, 2, 29), date(1960, 2, 29), 60),
        (date(2020, 2, 28), date(1960, 2, 29), 59),
        (date(2019, 12, 31), date(2001, 12, 31), 18),
        (date(2019, 12, 31), date(2002, 1, 1), 17),
    ],
)
def test_an_age_is_completed_on_the_birthday_and_on_1_march_for_29_february(
    as_of: date, born: date, age: int
) -> None:
    assert completed_years(born, as_of) == age
    found = members(asking([{"birthday": born}], as_of))
    assert {name for name, users in rows(found, "age").items() if users} == {band_of(age)}


@given(
    st.lists(st.dates(date(1900, 1, 1), date(2030, 12, 31)), max_size=20),
    st.one_of(
        st.dates(date(1990, 1, 1), date(2030, 12, 31)),
        st.sampled_from([date(2020, 2, 29), date(2019, 2, 28)]),
    ),
)
@settings(max_examples=60, deadline=None)
def test_age_bands_hold_everybody_once(birthdays: list[date], as_of: date) -> None:
    asked = asking([{"birthday": born} for born in birthdays] + [{}], as_of)
    found = members(asked)
    expected = dict.fromkeys((text["en"] for text, _ in age_bands("birthday", TagType.DATE, as_of)), 0)
    for born in birthdays:
        if born > as_of:
            name = f"birthday after {as_of}"
            expected[name] = expected.get(name, 0) + 1
        else:
            expected[band_of(completed_years(born, as_of))] += 1
    assert rows(found, "age") == {**expected, "no value": 1}


def test_an_age_given_as_a_number_has_the_same_bands() -> None:
    tags = (tag("age", TagType.NUMBER), tag("agents", TagType.NUMBER))
    asked = asking([{"age": x} for x in (17.0, 17.9, 18.0, 24.0, 25.0, 59.0, 60.0, 101.0)] + [{}], tags=tags)
    assert {slot.key: slot.default for slot in slots(asked.catalogue)}["age"] == "age"
    found = members(asked)
    assert {name: users for name, users in rows(found, "age").items() if users} == {
        "under 18": 2, "18–24": 2, "25–29": 1, "50–59": 1, "60 and older": 2, "no value": 1,
    }  # fmt: skip
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_months_of_registration_end_with_the_month_and_with_the_day() -> None:
    days = [date(2018, 2, 28), date(2018, 3, 1), date(2019, 1, 31), date(2019, 2, 1), date(2019, 2, 14), None]
    asked = asking([{"since": day} for day in days] + [{"since": date(2019, 2, 15)}], date(2019, 2, 14))
    found = members(asked)
    months = rows(found, "registered")
    assert list(months) == [
        *(f"2018-{month:02}" for month in range(3, 13)),
        "2019-01",
        "2019-02",
        "registered before 2018-03-01",
    ]
    assert {name: users for name, users in months.items() if users} == {
        "2018-03": 1, "2019-01": 1, "2019-02": 2, "registered before 2018-03-01": 2,
    }  # fmt: skip
    assert found.people.users == 6
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, date(2019, 2, 14))


def test_where_everybody_exists_always_the_tag_tells_the_month_or_nothing_does() -> None:
    asked = asking(
        [
            {"registered_on": date(2019, 7, 1)},
            {"registered_on": date(2019, 7, 20)},
            {"registered_on": date(2010, 1, 1)},
            {},
        ]
    )
    found = members(asked)
    assert {name: users for name, users in rows(found, "registered").items() if users} == {
        "2019-07": 1, "registered before 2018-08-01": 1, "after 2019-07-14": 1, "no value": 1,
    }  # fmt: skip
    without = members(asked, {"registered": None})
    (registered,) = (each for each in without.distributions if each.key == "registered")
    assert registered.rows == ()
    assert registered.note is not None
    assert "months of registration cannot be told" in registered.note["en"]


def test_a_card_may_be_a_day() -> None:
    tags = (tag("card_opened_on", TagType.DATE),)
    asked = asking([{"card_opened_on": AS_OF}, {"card_opened_on": date(2019, 7, 15)}, {}, {}], tags=tags)
    assert rows(members(asked), "card") == {"yes": 1, "no": 2, "after 2019-07-14": 1}


def test_many_places_are_twenty_and_the_others() -> None:
    asked = asking([{"city": f"c{n:02}"} for n in range(25) for _ in range(n + 1)])
    found = members(asked)
    cities = rows(found, "city")
    assert len(cities) == 21
    assert (cities["c24"], cities["other"]) == (25, 1 + 2 + 3 + 4 + 5)
    assert sum(cities.values()) == found.people.users
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_the_places_of_an_audience_are_its_own_most_frequent() -> None:
    crowd = [{"city": f"c{n:02}", "gender": "m"} for n in range(30) for _ in range(3)]
    asked = asking([*crowd, {"city": "z", "gender": "f"}])
    among = asked.rule(TagCondition(id="c", tag="gender", op="is", value="f"))
    assert rows(members(replace(asked, among=among)), "city") == {"z": 1}


def test_nobody_has_no_members_and_says_so() -> None:
    for asked in (asking([]), asking([{"since": date(2020, 1, 1)}])):
        found = members(asked)
        assert found.people.users == 0
        assert found.distributions == found.holdings == found.likes == ()
        assert found.note is not None
        assert found.note["zh"].startswith("在 2019-07-14")


def test_one_member_is_enough() -> None:
    asked = asking([{"gender": "f", "points": 3.0, "birthday": date(1990, 1, 1)}])
    found = members(asked)
    assert rows(found, "gender") == {"f": 1}
    amounts = found.holdings[0].everybody.amounts
    assert (amounts.total, amounts.average, amounts.median, amounts.ninetieth) == (3.0, 3.0, 3.0, 3.0)
    assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF)


def test_without_any_tag_there_are_registrations_only() -> None:
    asked = asking([{"since": date(2019, 7, 1)}], tags=())
    found = members(asked)
    assert [each.key for each in found.distributions] == ["registered"]
    assert found.holdings == found.likes == ()
    assert found.as_json()["people"] == 1


def test_answers_can_be_written_as_json() -> None:
    for users in ([], [{}], [{"gender": "f", "member_level": "gold", "points": 1.5, "interests": {"x"}}]):
        found = members(asking(users))
        assert json.loads(json.dumps(found.as_json(), allow_nan=False)) == found.as_json()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"gender": "gnder"}, "template_slot_not_one_of"),
        ({"points": "gender"}, "template_slot_not_one_of"),
        ({"city": "phone"}, "template_slot_not_one_of"),
        ({"preferences": "interests"}, "template_slot_not_list"),
        ({"preferences": ["interests", "gender", "city", "member_level"]}, "template_slot_too_many"),
        ({"colour": "x"}, "template_slot_unknown"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(told: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        members(asking([{}]), told)
    (problem,) = refused.value.problems
    assert problem.code == code
    assert all(message_of(problem).values())


def test_slots_are_guessed_from_keys_and_labels_in_either_language() -> None:
    tags = (
        TagSpec(key="t1", type=TagType.DATE, label=Label(zh="出生日期", en="t1")),
        TagSpec(key="t2", type=TagType.ENUM, label=Label(zh="性别", en="t2")),
        TagSpec(key="t3", type=TagType.NUMBER, label=Label(zh="已用积分", en="t3")),
        TagSpec(key="t4", type=TagType.NUMBER, label=Label(zh="积分余额", en="t4")),
        TagSpec(key="t5", type=TagType.NUMBER, label=Label(zh="储值余额", en="t5")),
        TagSpec(key="loyaltyTier", type=TagType.ENUM, label=Label(zh="层级", en="Loyalty tier")),
        TagSpec(key="mobile_city", type=TagType.TEXT, label=Label(zh="x", en="x"), personal="address"),
        TagSpec(key="capacity", type=TagType.ENUM, label=Label(zh="x", en="Capacity")),
    )
    catalogue = Catalogue(tags={each.key: each for each in tags})
    guessed = {slot.key: slot.default for slot in slots(catalogue)}
    assert guessed == {
        "age": "t1", "gender": "t2", "province": None, "city": None, "level": "loyaltyTier", "card": None,
        "registered": None, "points": "t4", "points_spent": "t3", "stored_value": "t5", "preferences": [],
    }  # fmt: skip


# ---- the sample, against DuckDB -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_sample(sample: Workspace) -> tuple[Asking, Members]:
    _, engine = sample._engine()
    asked = Asking(engine, engine.catalogue, AS_OF)
    return asked, members(asked)


@pytest.fixture(scope="module")
def users() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE users AS SELECT * FROM read_csv(?, all_varchar = true)", [str(SAMPLE / "users.csv")]
    )
    return database


def test_the_sample_fills_every_slot(of_sample: tuple[Asking, Members]) -> None:
    asked, found = of_sample
    assert {slot.key for slot in slots(asked.catalogue) if not slot.default} == set()
    assert likely_preferences(asked.catalogue) == ["interests", "preferred_category", "price_preference"]
    assert assert_every_figure_is_the_count_of_its_rule(found, asked.engine, AS_OF) > 150
    for each in found.distributions:
        assert sum(row.figure.users for row in each.rows) == found.people.users, each.key


def test_the_members_of_the_sample_are_those_that_sql_finds(
    of_sample: tuple[Asking, Members], users: duckdb.DuckDBPyConnection
) -> None:
    _, found = of_sample
    for key, column in (
        ("gender", "gender"),
        ("province", "province"),
        ("level", "member_level"),
        ("card", "card_opened"),
    ):
        counted = dict(users.execute(COUNTED.format(column=column)).fetchall())
        shown = {{"yes": "true", "no": "false"}.get(name, name): n for name, n in rows(found, key).items()}
        rest = shown.pop("other", 0)
        assert shown.items() <= counted.items()
        assert rest == sum(counted.values()) - sum(shown.values())
    ages = users.execute(
        """
        SELECT CASE WHEN age IS NULL THEN 'no value' WHEN age < 18 THEN 'under 18' WHEN age < 25 THEN '18–24'
            WHEN age < 30 THEN '25–29' WHEN age < 35 THEN '30–34' WHEN age < 40 THEN '35–39'
            WHEN age < 50 THEN '40–49' WHEN age < 60 THEN '50–59' ELSE '60 and older' END, count(*)
        FROM (SELECT date_sub('year', CAST(birthday AS DATE), DATE '2019-07-14') AS age FROM users) GROUP BY 1
        """
    ).fetchall()
    assert {name: n for name, n in rows(found, "age").items() if n} == dict(ages)
    months = users.execute(
        "SELECT strftime(CAST(registered_at AS TIMESTAMP), '%Y-%m') AS month, count(*) FROM users GROUP BY 1"
    ).fetchall()
    shown = {name: n for name, n in rows(found, "registered").items() if name[:4].isdigit()}
    assert shown == {month: n for month, n in months if month >= "2018-08"}


def test_what_the_members_of_the_sample_hold_is_what_sql_adds_up(
    of_sample: tuple[Asking, Members], users: duckdb.DuckDBPyConnection
) -> None:
    _, found = of_sample
    for holding in found.holdings:
        expected = users.execute(HELD.format(tag=holding.tag)).fetchall()
        shown = {each.label["zh"]: each for each in holding.by_level if each.holders.users}
        assert shown.keys() == {level for level, *_ in expected if level is not None}
        for level, many, total, average, held in expected:
            each = holding.everybody if level is None else shown[level]
            assert (each.holders.users, each.amounts.users) == (many, many)
            assert each.amounts.total == float(total)
            assert each.amounts.average == pytest.approx(float(average))
            # percentile_disc(p): the ceil(p n)-th smallest.
            assert each.amounts.median == float(held[(many + 1) // 2 - 1])
            assert each.amounts.ninetieth == float(held[(9 * many + 9) // 10 - 1])
