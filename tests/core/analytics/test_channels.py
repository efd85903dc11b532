"""Channels: counted on paper, every figure again by its rule, and on the sample against DuckDB's SQL."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core import messages
from core.analytics.asking import Asking
from core.analytics.channels import Channel, Channels, channels, slots
from core.analytics.periods import Period
from core.errors import RuleError
from core.messages import message_of
from core.rules.parse import parse_rule
from core.schema import TagType
from core.workspace import Workspace
from tests.core.analytics.made import asking, assert_every_figure_is_the_count_of_its_rule, ids_of

JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
TAGS = {"source_channel": TagType.ENUM, "acquisition_cost": TagType.NUMBER, "city": TagType.ENUM}
SAMPLE = Path(__file__).resolve().parents[3] / "sample_data"

PEOPLE = {
    "ann": {"since": date(2019, 1, 1), "source_channel": "ads", "acquisition_cost": 5.0},
    "bob": {"since": date(2019, 1, 2), "source_channel": "ads"},
    "cat": {"since": date(2019, 6, 1), "source_channel": "ads", "acquisition_cost": 10.25},
    "dan": {"since": date(2019, 6, 30), "source_channel": "friend", "acquisition_cost": 0.0},
    "eve": {"since": date(2019, 7, 1), "source_channel": "friend", "acquisition_cost": 7.0},
    "fay": {"since": date(2019, 3, 1)},
}
BUYS = [
    ("ann", "2019-06-03 10:00", {"amount": 100.5}),
    ("ann", "2019-06-03 10:00", {"amount": 100.5}),
    ("cat", "2019-06-30 23:59", {"amount": 20.0}),
    ("cat", "2019-07-01 00:00", {"amount": 1000.0}),
    ("fay", "2019-05-31 23:59", {"amount": 7.0}),
]
LOGINS = [
    ("ann", "2019-05-02 00:00", {"device": "web"}),
    ("bob", "2019-05-31 12:00", {"device": "web"}),
    ("bob", "2019-05-31 12:00", {"device": "app"}),
    ("cat", "2019-06-01 00:00", {"device": "app"}),
    ("cat", "2019-06-01 00:00", {}),
    ("dan", "2019-06-30 23:59", {"device": "app"}),
    ("eve", "2019-07-02 12:00", {"device": "app"}),
    ("fay", "2019-03-01 12:00", {"device": "web"}),
]


def shop(**more: Any) -> Asking:
    events = {"purchase": ({"amount": TagType.NUMBER}, BUYS), "login": ({"device": TagType.ENUM}, LOGINS)}
    return asking(PEOPLE, events, tags=TAGS, **more)


def numbers(row: Channel) -> dict[str, int]:
    return {name: figure.users for name, figure in row.figures().items()}


def by_label(found: Channels) -> dict[str, Channel]:
    return {row.label["en"]: row for row in found.rows}


def test_every_number_of_a_tag_can_be_counted_on_paper() -> None:
    asked = shop()
    found = channels(asked, JUNE)
    rows = by_label(found)
    assert list(rows) == ["ads", "friend", "no value"]
    assert numbers(rows["ads"]) == {
        "people": 3, "new": 1, "active": 2, "active_before": 2, "retained": 1, "lost": 1, "silent": 0, "converted": 2,
    }  # fmt: skip
    assert numbers(rows["friend"]) == {
        "people": 2, "new": 1, "active": 1, "active_before": 0, "retained": 0, "lost": 0, "silent": 0, "converted": 0,
    }  # fmt: skip
    assert numbers(rows["no value"]) == {
        "people": 1, "new": 0, "active": 0, "active_before": 1, "retained": 0, "lost": 1, "silent": 0, "converted": 0,
    }  # fmt: skip
    assert [(row.orders, row.gmv) for row in found.rows] == [(3, 221.0), (0, 0.0), (0, 0.0)]
    assert ids_of(asked, rows["ads"].retained) == ["ann"]
    assert ids_of(asked, rows["ads"].lost) == ["bob"]
    assert rows["friend"].new is not None
    assert ids_of(asked, rows["friend"].new) == ["dan"]
    assert found.notes == ()
    assert not found.is_overlapping
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_what_new_users_cost_and_what_they_bought_for_it() -> None:
    rows = by_label(channels(shop(), JUNE))
    ads, friend, nobody = (rows[name].cost for name in ("ads", "friend", "no value"))
    assert ads is not None
    assert friend is not None
    assert (ads.people.users, ads.total, ads.value, ads.per_user) == (1, 10.25, 20.0, 10.25)
    assert ads.value_per_cost == pytest.approx(20 / 10.25)
    assert (friend.people.users, friend.total, friend.value_per_cost) == (1, 0.0, None)
    assert nobody is None


def test_silence_counts_whom_it_reaches_in_the_period() -> None:
    asked = shop()
    for days, expected in ((1, ["ann", "bob", "fay"]), (30, ["bob", "fay"]), (90, []), (116, [])):
        found = channels(asked, JUNE, {"lost_days": days})
        assert ids_of(asked, found.everybody.silent) == expected, days
        assert_every_figure_is_the_count_of_its_rule(asked, found)
    spring = Period(date(2019, 5, 1), date(2019, 5, 31))
    found = channels(asked, spring, {"lost_days": 80, "activity": ["login"]})
    assert ids_of(asked, found.everybody.silent) == []  # fay bought on the last day
    assert ids_of(
        asked,
        channels(asked, Period(date(2019, 5, 1), date(2019, 5, 30)), {"lost_days": 80}).everybody.silent,
    ) == ["fay"]


def test_rows_of_a_tag_add_up_to_everybody() -> None:
    found = channels(shop(), JUNE)
    for name, figure in found.everybody.figures().items():
        assert sum(row.figures()[name].users for row in found.rows) == figure.users, name
    assert sum(row.orders for row in found.rows) == found.everybody.orders == 3
    assert sum(row.gmv or 0 for row in found.rows) == found.everybody.gmv == 221.0


def test_people_are_in_the_channel_by_which_they_came_at_the_time() -> None:
    asked = shop()
    found = channels(asked, JUNE, {"channel": "login.device"})
    rows = by_label(found)
    assert found.is_overlapping
    assert list(rows) == ["app", "web", "no value"]
    assert ids_of(asked, rows["app"].people) == ["cat", "dan"]
    assert ids_of(asked, rows["app"].lost) == ids_of(asked, rows["web"].lost) == ["bob"]
    assert ids_of(asked, rows["web"].active_before) == ["ann", "bob"]
    assert ids_of(asked, rows["web"].retained) == ["ann"]
    assert (rows["web"].people.users, rows["web"].orders, rows["app"].orders) == (0, 0, 1)
    assert ids_of(asked, rows["no value"].people) == ["cat"]
    for row in found.rows:
        assert row.retained.users + row.lost.users == row.active_before.users
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_the_ninth_channel_and_those_after_it_are_one() -> None:
    people = {f"u{n:02}": {"source_channel": f"c{n % 11:02}", "since": date(2019, 6, 1)} for n in range(33)}
    people["x"] = {"source_channel": "c09", "since": date(2019, 6, 1)}
    asked = asking(people, {"buy": ({}, [("x", "2019-06-01 10:00")])}, tags=TAGS)
    found = channels(asked, JUNE)
    assert [row.label["en"] for row in found.rows] == ["c09", *(f"c0{n}" for n in range(7)), "other"]
    assert [row.people.users for row in found.rows] == [4, *[3] * 7, 9]
    assert found.rows[0].gmv is None
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_the_most_frequent_are_those_of_the_people_asked_about() -> None:
    people = {f"u{n}": {"source_channel": f"c{n}"} for n in range(12)} | {"x": {"source_channel": "c0"}}
    events = {"buy": ({}, [("u11", "2019-06-01 10:00"), ("u11", "2019-06-01 10:00")])}
    buyers = parse_rule(
        {"include": {"kind": "group", "id": "g", "match": "all", "children": [
            {"kind": "event", "id": "c", "event": "buy", "measure": "count", "op": "gte", "value": 1}]}}
    )  # fmt: skip
    asked = asking(people, events, tags=TAGS, among=buyers)
    found = channels(asked, JUNE)
    assert [(row.label["en"], row.people.users, row.orders) for row in found.rows] == [("c11", 1, 2)]
    assert_every_figure_is_the_count_of_its_rule(asked, found)


def test_data_without_arrivals_say_so_instead_of_counting_nobody_as_new() -> None:
    asked = asking(
        {"u": {"source_channel": "ads", "acquisition_cost": 3.0}},
        {"buy": ({}, [("u", "2019-06-02 10:00")])},
        tags=TAGS,
    )
    found = channels(asked, JUNE)
    assert found.everybody.new is None
    assert found.everybody.cost is None
    assert "new" not in found.everybody.figures()
    assert any("registration" in note["en"] for note in found.notes)
    assert any("2019-06-02" in note["en"] for note in found.notes)  # nothing is known of the period before
    assert json.loads(json.dumps(found.as_json()))["everybody"]["new"] is None


def test_a_period_in_which_nobody_was_active_and_data_without_people_say_so() -> None:
    quiet = channels(shop(), Period(date(2019, 4, 1), date(2019, 4, 5)))
    assert quiet.everybody.active.users == 0
    assert quiet.everybody.conversion is None
    assert quiet.everybody.retention is None
    assert any("Nobody was active" in note["en"] for note in quiet.notes)
    came = channels(shop(), Period(date(2019, 4, 1), date(2019, 4, 5)), {"channel": "login.device"})
    assert came.rows == ()
    assert any("by any channel" in note["en"] for note in came.notes)
    empty = channels(asking({}, {"buy": ({}, [])}, tags=TAGS), JUNE)
    assert empty.rows == ()
    assert len(empty.notes) == 1
    assert empty.everybody.people.users == 0


def test_settings_are_guessed_from_the_catalogue() -> None:
    told = {slot.key: slot.default for slot in slots(shop().catalogue)}
    assert told == {
        "channel": "source_channel", "purchase": "purchase", "amount": "amount", "activity": ["login"],
        "cost": "acquisition_cost", "lost_days": 90,
    }  # fmt: skip
    bare = asking({}, {"buy": ({"utm_source": TagType.TEXT}, [])})
    assert slots(bare.catalogue)[0].default == "buy.utm_source"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"channel": "sauce_channel"}, "template_slot_not_one_of"),
        ({"channel": "acquisition_cost"}, "template_slot_not_one_of"),
        ({"purchase": "purchas"}, "template_slot_not_one_of"),
        ({"lost_days": 0}, "template_slot_out_of_bounds"),
        ({"chanel": "city"}, "template_slot_unknown"),
        ({"channel": None}, "template_slot_empty"),
    ],
)
def test_bad_settings_are_refused_in_both_languages(given: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleError) as refused:
        channels(shop(), JUNE, given)
    assert refused.value.code == code
    assert all(
        message_of(problem)[language] for problem in refused.value.problems for language in ("zh", "en")
    )


@pytest.mark.parametrize("channel", ["source_channel", "buy.coupon"])
def test_too_many_values_are_no_channels(channel: str) -> None:
    people = {f"u{n}": {"source_channel": f"c{n}"} for n in range(1_001)}
    buys = [(user, "2019-06-02 10:00", {"coupon": f"k{user}"}) for user in people]
    asked = asking(people, {"buy": ({"coupon": TagType.TEXT}, buys)}, tags=TAGS)
    with pytest.raises(RuleError) as refused:
        channels(asked, JUNE, {"channel": channel})
    assert refused.value.code == "too_many_values"
    assert "1000" in message_of(refused.value.problems[0])["en"].replace(",", "")
    fewer = replace(asked, as_of=date(2019, 6, 1)) if channel == "buy.coupon" else None
    assert (
        fewer is None
        or channels(fewer, Period(date(2019, 6, 1), date(2019, 6, 1)), {"channel": channel}).rows == ()
    )


def test_every_text_is_said_somewhere_and_names_the_same_in_both_languages() -> None:
    core = Path(messages.__file__).parents[1]
    source = "\n".join(file.read_text(encoding="utf-8") for file in sorted((core / "analytics").glob("*.py")))
    for code, text in tomllib.loads(
        (core / "messages" / "channels.toml").read_text(encoding="utf-8")
    ).items():
        assert f'"{code}"' in source, code
        named = [set(re.findall(r"{([a-z_]+)}", text[language])) for language in ("zh", "en")]
        assert named[0] == named[1], code


OF_THE_SAMPLE = """
    WITH users AS (
        SELECT user_id, source_channel, CAST(registered_at AS DATE) AS day FROM read_csv('{f}/users.csv', all_varchar = true)
    ), bought AS (
        SELECT user_id, CAST(paid_at AS TIMESTAMP) AS moment, CAST(amount AS DECIMAL(18, 6)) AS amount
        FROM read_csv('{f}/orders.csv', all_varchar = true) WHERE paid_at IS NOT NULL
    ), active AS (
        SELECT user_id, CAST("at" AS DATE) AS day FROM read_csv('{f}/logins.csv', all_varchar = true)
        UNION ALL SELECT user_id, CAST(moment AS DATE) FROM bought
    ), cost AS (
        SELECT u.user_id, ROUND(CAST(c.cost_yuan AS DOUBLE) / COUNT(*) OVER (PARTITION BY u.source_channel, c.month), 2) AS yuan
        FROM users u JOIN read_csv('{f}/channel_costs.csv', all_varchar = true) c
          ON c.source_channel = u.source_channel AND c.month = STRFTIME(u.day, '%Y-%m')
    ), facts AS (
        SELECT u.user_id, u.source_channel, cost.yuan,
            u.day BETWEEN '2019-06-01' AND '2019-06-30' AS is_new,
            COALESCE(BOOL_OR(a.day BETWEEN '2019-06-01' AND '2019-06-30'), false) AS now,
            COALESCE(BOOL_OR(a.day BETWEEN '2019-05-01' AND '2019-05-31'), false) AS before,
            MAX(a.day) FILTER (a.day <= '2019-06-30') + 90 BETWEEN DATE '2019-06-01' AND DATE '2019-06-30' AS silent
        FROM users u LEFT JOIN active a ON a.user_id = u.user_id LEFT JOIN cost ON cost.user_id = u.user_id
        GROUP BY ALL
    ), june AS (
        SELECT user_id, COUNT(*) AS orders, SUM(amount) AS gmv FROM bought
        WHERE CAST(moment AS DATE) BETWEEN '2019-06-01' AND '2019-06-30' GROUP BY user_id
    )
    SELECT COALESCE(source_channel, '无值'), COUNT(*), COUNT(*) FILTER (is_new), COUNT(*) FILTER (now),
        COUNT(*) FILTER (before), COUNT(*) FILTER (now AND before), COUNT(*) FILTER (before AND NOT now),
        COUNT(*) FILTER (silent), COUNT(orders), COALESCE(SUM(orders), 0), COALESCE(SUM(gmv), 0),
        COALESCE(SUM(yuan) FILTER (is_new), 0), COALESCE(SUM(gmv) FILTER (is_new AND yuan IS NOT NULL), 0)
    FROM facts LEFT JOIN june USING (user_id) GROUP BY 1 ORDER BY 2 DESC
"""


def test_the_samples_channels_are_those_of_the_definition_in_sql(sample: Workspace) -> None:
    _, engine = sample._engine()
    asked = Asking(engine, engine.catalogue, date(2019, 7, 14))
    found = channels(asked, JUNE)
    expected = duckdb.sql(OF_THE_SAMPLE.format(f=SAMPLE)).fetchall()
    assert len(expected) >= 5
    names = ("people", "new", "active", "active_before", "retained", "lost", "silent", "converted")
    told = [
        (
            row.label["zh"], *(row.figures()[name].users for name in names), row.orders, row.gmv,
            row.cost.total if row.cost else 0, row.cost.value if row.cost else 0,
        )
        for row in found.rows
    ]  # fmt: skip
    assert [row[:10] for row in told] == [tuple(row[:10]) for row in expected]
    for row, wanted in zip(told, expected, strict=True):
        assert [float(x or 0) for x in row[10:]] == pytest.approx([float(x) for x in wanted[10:]], abs=1e-6)
    assert_every_figure_is_the_count_of_its_rule(asked, found)
