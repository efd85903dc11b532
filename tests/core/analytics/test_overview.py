"""The overview, counted on paper: three periods, the course, freshness; what cannot be known is not told."""

from __future__ import annotations

from datetime import date

import pytest

from core.analytics.analyses import OverviewTold
from core.analytics.movements import movements
from core.analytics.overview import COURSES, MEASURES, Numbers, measure_about, measure_label, overview
from core.analytics.periods import Period
from core.analytics.sheets.people import overview_sheets
from core.analytics.wording import Wording
from core.errors import RuleError
from core.messages import say
from core.report.pictures import pictures
from core.report.remarks import notes
from core.schema import TagType
from tests.core.analytics.made import Done, asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
TO_NOW = Period(date(2019, 6, 15), date(2019, 7, 14))
MONEY = {"amount": TagType.NUMBER}
PEOPLE = {
    "old": {"since": date(2018, 1, 1)},
    "may": {"since": date(2019, 5, 31)},
    "june": {"since": date(2019, 6, 1)},
    "end": {"since": date(2019, 6, 30)},
    "july": {"since": date(2019, 7, 1)},
    "always": {},
}


def bought(user: str, at: str, amount: float | None = None) -> Done:
    return user, at, {} if amount is None else {"amount": amount}


EVENTS = {
    "login": (
        {},
        [
            ("old", "2018-06-10 10:00"),
            ("old", "2019-05-31 23:59:59"),
            ("may", "2019-06-01 00:00"),
            ("june", "2019-06-30 23:30"),
            ("june", "2019-06-30 23:30"),
            ("end", "2019-07-01 00:00"),
            ("july", "2019-07-14 23:59"),
        ],
    ),
    "purchase": (
        MONEY,
        [
            bought("old", "2018-06-30 10:00", 40),
            bought("old", "2019-06-10 10:00", 100.5),
            bought("old", "2019-06-10 10:00", 100.5),
            bought("may", "2019-06-30 23:30", 9.5),
            bought("may", "2019-07-01 00:30", 1000),
            bought("june", "2019-06-15 12:00"),
            bought("always", "2019-05-02 12:00", 7),
        ],
    ),
}


def told(numbers: Numbers) -> dict[str, float | None]:
    return {measure: numbers.value(measure) for measure in MEASURES}


def test_the_numbers_of_a_month_stand_beside_the_month_before_and_that_of_a_year_earlier() -> None:
    asked = asking(PEOPLE, EVENTS)
    found = overview(asked, JUNE)
    assert told(found.now) == {
        "new": 2, "active": 2, "buyers": 3, "orders": 4, "gmv": 210.5, "average_order": 210.5 / 4,
        "repeat_rate": 1 / 3,
    }  # fmt: skip
    assert told(found.before) == {
        "new": 1, "active": 1, "buyers": 1, "orders": 1, "gmv": 7, "average_order": 7, "repeat_rate": 0,
    }  # fmt: skip
    # The first purchase of all was made on its last day: what was bought before that day is not known.
    assert told(found.year_before) == dict.fromkeys(MEASURES)
    assert {found.year_before.people(measure) for measure in MEASURES} == {None}
    assert found.before.period == Period(date(2019, 5, 1), date(2019, 5, 31))
    assert found.year_before.period == Period(date(2018, 6, 1), date(2018, 6, 30))
    assert found.now.new is not None
    assert ids_of(asked, found.now.new) == ["end", "june"]
    assert found.now.people("repeat_rate") == found.now.repeaters
    assert ids_of(asked, found.now.repeaters) == ["old"]
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_the_days_of_an_event_are_those_of_the_time_zone() -> None:
    # 23:30 in Shanghai on 30 June is 15:30 UTC, 00:30 on 1 July is 16:30 UTC of 30 June.
    found = overview(asking(PEOPLE, EVENTS), Period(date(2019, 6, 30), date(2019, 7, 1)), grain="day")
    assert [(m.period.first.day, m.active.users, m.buyers.users, m.bought.total) for m in found.course] == [
        (30, 1, 1, 9.5), (1, 1, 1, 1000),
    ]  # fmt: skip


def test_what_lies_before_the_oldest_purchase_or_activity_is_not_known() -> None:
    found = overview(asking(PEOPLE, EVENTS), JUNE)
    assert (found.now.is_known, found.before.is_known) == (True, True)
    # The oldest login is of 10 June 2018, the oldest purchase of the 30th: until then orders are not known.
    assert not found.year_before.is_known
    assert not overview(asking(PEOPLE, EVENTS), TO_NOW).year_before.is_known
    assert overview(asking(PEOPLE, EVENTS), Period(date(2018, 6, 30), date(2018, 7, 14))).now.is_known
    no_data = overview(asking(PEOPLE, {"purchase": (MONEY, [])}), JUNE)
    assert not no_data.now.is_known
    assert [(f.rows, f.last_day, f.days_behind) for f in no_data.freshness] == [(0, None, None)]


def test_what_was_imported_from_later_on_is_not_taken_for_zero_before() -> None:
    may = Period(date(2019, 5, 1), date(2019, 5, 31))
    logins, orders = [("old", "2018-01-01 10:00")], [bought("old", "2019-06-01 00:00", 5)]
    others = {"refund": ({}, [("old", "2019-07-01 10:00")]), "visit": ({}, [("old", "2019-07-01 10:00")])}
    asked = asking(PEOPLE, {"login": ({}, logins), "purchase": (MONEY, orders), **others})
    either = {"activity": ["login", "visit"]}
    # Of several activities the oldest counts; what is asked about neither way says nothing.
    found = overview(asked, JUNE, either)
    assert (found.now.is_known, found.before.is_known, found.year_before.is_known) == (True, False, False)
    assert found.as_json()["before"]["is_known"] is False  # type: ignore[index]
    assert found.known_from == date(2019, 6, 1)
    before = found.as_json()["before"]
    assert {key: value for key, value in before.items() if value is not None} == {  # type: ignore[attr-defined]
        "from": "2019-05-01", "to": "2019-05-31", "is_known": False,
    }  # fmt: skip
    assert say("overview_known_from", first=date(2019, 6, 1)) in found.notes
    assert not overview(asked, JUNE, {"activity": ["visit"]}).now.is_known
    # An event that never happened does not count.
    never = asking(PEOPLE, {"login": ({}, logins), "purchase": (MONEY, []), **others})
    assert overview(never, may, either).now.is_known
    nothing = overview(asking(PEOPLE, {"purchase": (MONEY, [])}), JUNE)
    assert nothing.known_from is None
    assert say("overview_nothing_recorded") in nothing.notes


def test_the_course_has_gaps_for_what_lies_before_the_data_and_zeros_only_where_nothing_happened() -> None:
    asked = asking(PEOPLE, {"login": ({}, [("old", "2019-06-02 10:00")]), "purchase": (MONEY, [bought("old", "2019-06-03 09:00", 5)])})  # fmt: skip
    first_days = Period(date(2019, 6, 1), date(2019, 6, 4))
    found = overview(asked, first_days)
    assert found.known_from == date(2019, 6, 3)
    assert [moment.is_known for moment in found.course] == [False, False, True, True]
    values = {measure: [moment.value(measure) for moment in found.course] for measure in COURSES}
    # On the 1st one came and on the 2nd one logged in, but these days are not told in part.
    assert values == {
        "new": [None, None, 0, 0], "active": [None, None, 0, 0], "buyers": [None, None, 1, 0],
        "orders": [None, None, 1, 0], "gmv": [None, None, 5, 0],
    }  # fmt: skip
    printed = found.as_json()["course"]
    assert [[row[measure] for row in printed] for measure in COURSES] == list(values.values())  # type: ignore[attr-defined]
    _, course, *_ = overview_sheets(OverviewTold(found, ()), asked.catalogue)
    assert [row[2:] for row in course.rows[:2]] == [(None,) * 5] * 2
    assert [row[5:] for row in course.rows[2:]] == [(1, 5), (0, 0)]
    # A week of which only the end is known is a gap as well.
    weeks = overview(asked, Period(date(2019, 5, 27), date(2019, 6, 9)), grain="week").course
    assert [moment.is_known for moment in weeks] == [False, True]
    drawn = "".join(pictures(OverviewTold(found, ()), Wording("en")))
    assert drawn.count("<svg") == len(COURSES)
    unknown = overview(asked, Period(date(2019, 5, 1), date(2019, 5, 9)))
    assert not any(unknown.has_course(measure) for measure in COURSES)
    assert "<svg" not in "".join(pictures(OverviewTold(unknown, ()), Wording("en")))


def test_without_days_of_registration_nobody_is_told_to_be_new_and_not_nobody() -> None:
    asked = asking({user: {} for user in PEOPLE}, EVENTS)
    found = overview(asked, JUNE)
    assert not asked.knows_arrivals()
    assert (found.now.value("new"), found.now.people("new"), found.now.value("active")) == (None, None, 2)
    assert {moment.new for moment in found.course} == {None}
    printed = found.as_json()
    assert printed["now"]["new"] is printed["year_before"]["new"] is None  # type: ignore[index]
    assert {row["new"] for row in printed["course"]} == {None}  # type: ignore[attr-defined]
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    told = OverviewTold(found, ())
    measures, course, *_ = overview_sheets(told, asked.catalogue)
    assert {row[3] for row in measures.rows} == {row[2] for row in course.rows} == {None}
    assert movements(asked, JUNE, found.before.period) == ()
    assert say("no_arrivals") in notes(told)
    drawn = "".join(pictures(told, Wording("en")))
    assert drawn.count(measure_label("new")["en"]) == 1, "its card, and no course"


def test_the_course_adds_up_where_things_are_counted_once() -> None:
    asked = asking(PEOPLE, EVENTS)
    for grain in ("day", "week", "month"):
        found = overview(asked, JUNE, grain=grain)  # type: ignore[arg-type]
        assert sum(moment.new.users for moment in found.course if moment.new) == found.now.value("new")
        assert sum(moment.bought.occurrences for moment in found.course) == found.now.bought.occurrences
        assert sum(moment.bought.total or 0 for moment in found.course) == found.now.bought.total
        assert_every_figure_is_the_count_of_its_rule(asked, found)
    assert [m.buyers.users for m in overview(asked, JUNE, grain="month").course] == [3]
    weeks = overview(asked, JUNE, grain="week").course
    # Weeks begin on Monday; 1 and 2 June are the end of one.
    assert [(m.period.first.day, m.buyers.users, m.active.users) for m in weeks] == [
        (1, 0, 1), (3, 0, 0), (10, 2, 0), (17, 0, 0), (24, 1, 1),
    ]  # fmt: skip


def test_several_activities_count_each_person_once() -> None:
    asked = asking(PEOPLE, EVENTS)
    given = {"activity": ["login", "purchase"]}
    found = overview(asked, JUNE, given, grain="month")
    assert ids_of(asked, found.now.active) == ["june", "may", "old"]
    assert [moment.active.users for moment in found.course] == [3]
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_without_an_amount_there_is_no_money_and_not_zero() -> None:
    found = overview(asking(PEOPLE, EVENTS), JUNE, {"amount": None})
    assert (found.now.value("gmv"), found.now.value("average_order")) == (None, None)
    assert found.now.value("orders") == 4
    assert found.as_json()["now"]["gmv"] is None  # type: ignore[index]
    assert not found.has_course("gmv")


def test_a_period_without_data_has_no_average_and_no_repeat_rate() -> None:
    found = overview(asking(PEOPLE, EVENTS), Period(date(2019, 2, 1), date(2019, 2, 28)))
    assert told(found.now) == {
        "new": 0, "active": 0, "buyers": 0, "orders": 0, "gmv": 0, "average_order": None, "repeat_rate": None,
    }  # fmt: skip


@pytest.mark.parametrize("people", [{}, {"one": {"since": date(2019, 6, 2)}}])
def test_nobody_and_one_user_have_an_overview(people: dict[str, dict[str, object]]) -> None:
    done = [bought(user, "2019-06-02 10:00", 5) for user in people]
    asked = asking(people, {"purchase": (MONEY, done)})
    found = overview(asked, Period(date(2019, 6, 2), date(2019, 6, 30)))
    if people:
        assert found.now.value("new") == found.now.value("buyers") == found.now.value("active") == 1
    else:
        assert told(found.now) == dict.fromkeys(MEASURES), "nothing was ever recorded"
    assert_every_figure_is_the_count_of_its_rule(asked, found)
    found.as_json()


@pytest.mark.parametrize("as_of", [date(2017, 5, 1), date(1900, 1, 1)])
def test_a_day_before_the_data_begin_has_only_who_always_was(as_of: date) -> None:
    asked = asking(PEOPLE, EVENTS, as_of=as_of)
    found = overview(asked, Period(as_of, as_of))
    assert told(found.now) == dict.fromkeys(MEASURES)
    # Who always was came on no day that is known.
    assert found.now.new is None
    assert asked.figure().users == 1
    assert not found.now.is_known
    assert [each.days_behind for each in found.freshness] == [
        (as_of - date(2019, 7, 14)).days, (as_of - date(2019, 7, 1)).days,
    ]  # fmt: skip
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_freshness_tells_how_far_the_data_of_an_event_lag_behind() -> None:
    found = overview(asking(PEOPLE, EVENTS), JUNE)
    assert [(each.event, each.rows, each.days_behind) for each in found.freshness] == [
        ("login", 7, 0), ("purchase", 7, 13),
    ]  # fmt: skip


def test_every_measure_has_a_name_and_a_definition() -> None:
    for measure in MEASURES:
        assert all(measure_label(measure).values())
        assert all(measure_about(measure).values())


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"purchase": "purchas"}, "template_slot_not_one_of"),
        ({"activity": []}, "template_slot_empty"),
        ({"activity": "login"}, "template_slot_not_list"),
        ({"amount": "login"}, "template_slot_not_one_of"),
        ({"actvity": ["login"]}, "template_slot_unknown"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, object], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        overview(asking(PEOPLE, EVENTS), JUNE, given)
    assert {problem.code for problem in refused.value.problems} == {code}


def test_days_after_the_records_are_not_known_and_what_reaches_into_them_is_told_as_far() -> None:
    ended = asking(
        PEOPLE,
        {"login": ({}, [("old", "2019-06-02 10:00")]), "purchase": (MONEY, [bought("old", "2019-06-03 09:00", 5)])},
        recorded_to=date(2019, 6, 4), as_of=date(2019, 6, 30),
    )  # fmt: skip
    reaching = overview(ended, Period(date(2019, 6, 3), date(2019, 6, 6)))
    assert reaching.known_to == date(2019, 6, 4)
    assert reaching.now.is_known
    assert reaching.now.value("orders") == 1
    # On the 4th nothing happened; of the 5th and 6th nothing is known.
    assert [moment.value("orders") for moment in reaching.course] == [1, 0, None, None]
    later = overview(ended, Period(date(2019, 6, 5), date(2019, 6, 6)))
    assert {later.now.value(measure) for measure in MEASURES} == {None}
    assert later.now.people("active") is None
    assert say("overview_known_to", last=date(2019, 6, 4)) in later.notes
    assert say("overview_known_to", last=date(2019, 6, 4)) not in reaching.notes
    assert later.as_json()["known_to"] == "2019-06-04"
