"""The sample is believable: its parts depend on each other as in life, and nobody in it is real."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from itertools import pairwise

import polars as pl
import pytest

from tests.sample_data.conftest import SAMPLE

AS_OF_ENDS = datetime(2019, 7, 15)
WORDS = "互联网|增长|流量|运营|产品"


@pytest.fixture(scope="session")
def plan() -> dict:
    return tomllib.loads((SAMPLE / "plan.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def paid(files: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return files["orders"].filter(pl.col("paid_at").is_not_null())


@pytest.fixture(scope="session")
def journey(files: dict[str, pl.DataFrame], paid: pl.DataFrame) -> list[pl.Series]:
    """The ids of those who ever reached each of the eight steps."""
    acted = pl.concat([files[name]["user_id"] for name in ("expert_views", "favourites", "searches")])
    orders = files["orders"]
    reached = [
        files["users"]["user_id"],
        acted,
        files["category_visits"]["user_id"],
        files["chats"]["user_id"],
        files["consultations"]["user_id"],
        orders["user_id"],
        paid["user_id"],
        orders.filter(pl.col("completed_at").is_not_null())["user_id"],
    ]
    return [ids.unique() for ids in reached]


def test_every_step_of_the_journey_loses_people(journey: list[pl.Series]) -> None:
    reached = [len(ids) for ids in journey]
    assert reached[0] == 20_000
    assert reached == sorted(reached, reverse=True)
    conversions = [later / earlier for earlier, later in pairwise(reached)]
    assert all(0.5 < conversion < 0.9 for conversion in conversions)
    assert 0.06 < reached[-1] / reached[0] < 0.09


def test_a_few_order_without_an_adviser(journey: list[pl.Series]) -> None:
    skipped = journey[5].filter(~journey[5].is_in(journey[4].implode()))
    assert 0 < len(skipped) < 0.1 * len(journey[5])


def test_the_five_conditions_leave_tens_of_people(files: dict[str, pl.DataFrame], paid: pl.DataFrame) -> None:
    buyers = paid.group_by("user_id").agg(pl.col("amount").sum(), pl.col("paid_at").max())
    recent = buyers.filter(pl.col("paid_at") >= datetime(2019, 5, 16), pl.col("amount") > 3000)["user_id"]
    active = files["logins"].filter(pl.col("at") >= datetime(2019, 6, 15))["user_id"]
    invited = files["users"].filter(
        pl.col("city") == "北京",
        pl.col("title").str.contains(WORDS),
        pl.col("user_id").is_in(recent.implode()),
        pl.col("user_id").is_in(active.implode()),
    )
    assert 10 <= len(invited) < 100


def test_an_order_costs_some_five_hundred_yuan_and_spend_has_a_heavy_tail(paid: pl.DataFrame) -> None:
    assert 450 < paid["amount"].median() < 600
    spend = paid.group_by("user_id").agg(pl.col("amount").sum())["amount"].sort(descending=True)
    assert 0.4 < spend.head(len(spend) // 10).sum() / spend.sum() < 0.7


def test_many_never_come_back(files: dict[str, pl.DataFrame]) -> None:
    days = files["logins"].group_by("user_id").agg(pl.col("at").dt.date().n_unique().alias("days"))
    assert 0.25 < (days["days"] == 1).mean() < 0.55


def test_buyers_look_in_more_lately_than_others(files: dict[str, pl.DataFrame], paid: pl.DataFrame) -> None:
    last = (
        files["logins"]
        .group_by("user_id")
        .agg((pl.col("at").max() >= datetime(2019, 6, 15)).alias("is_active"))
    )
    is_buyer = pl.col("user_id").is_in(paid["user_id"].unique().implode())
    share = {row[0]: row[1] for row in last.group_by(is_buyer).agg(pl.col("is_active").mean()).iter_rows()}
    assert share[True] > 1.8 * share[False]


def test_friends_bring_buyers_and_advertising_brings_visitors(
    files: dict[str, pl.DataFrame], paid: pl.DataFrame
) -> None:
    buys = pl.col("user_id").is_in(paid["user_id"].unique().implode()).mean().alias("buys")
    share = dict(files["users"].group_by("source_channel").agg(buys).iter_rows())
    assert share["好友分享"] > share["自然浏览"] > share["线上广告"]
    assert share["好友分享"] > 1.5 * share["线上广告"]


def test_titles_identity_and_interests_tell_the_same_story(files: dict[str, pl.DataFrame]) -> None:
    users = files["users"]
    digital = users.filter(pl.col("title").str.contains("产品经理|运营"), pl.col("identity").is_not_null())
    assert set(digital["identity"]) == {"互联网人"}
    interested = pl.col("interests").str.contains("互联网", literal=True).mean()
    assert (
        digital.select(interested).item()
        > 2 * users.filter(pl.col("identity") == "学生").select(interested).item()
    )
    bought = files["orders"].join(users.select("user_id", "interests"), on="user_id").drop_nulls("interests")
    liked = bought.select(pl.col("interests").str.contains(pl.col("category"), literal=True).mean()).item()
    assert liked > 0.5


def test_a_city_lies_in_its_province_and_the_big_ones_lead(files: dict[str, pl.DataFrame]) -> None:
    users = files["users"].drop_nulls(["city", "province"])
    assert users.group_by("city").agg(pl.col("province").n_unique())["province"].max() == 1
    assert users["city"].value_counts(sort=True)["city"].head(6).to_list() == [
        "北京", "上海", "深圳", "广州", "杭州", "成都",
    ]  # fmt: skip


def test_missing_values_differ_by_column(files: dict[str, pl.DataFrame]) -> None:
    users = files["users"]
    missing = {name: users[name].null_count() / len(users) for name in users.columns}
    assert missing["user_id"] == missing["registered_at"] == 0
    assert 0.01 < missing["source_channel"] < missing["gender"] < missing["birthday"] < missing["email"] < 0.9


def test_sign_ups_grow_and_follow_the_week(files: dict[str, pl.DataFrame]) -> None:
    registered = files["users"]["registered_at"]
    by_year = registered.dt.year().value_counts().sort("registered_at")
    assert by_year.filter(pl.col("registered_at").is_between(2017, 2018))["count"].is_sorted()
    weekdays = files["logins"]["at"].dt.weekday().value_counts().sort("at")["count"]
    assert weekdays[1] > 1.15 * weekdays[5]  # Tuesday, Saturday
    hours = files["logins"]["at"].dt.hour().value_counts().sort("at")["count"]
    assert hours[21] > 8 * hours[4]


def test_nothing_happens_before_registering_or_after_the_last_day(files: dict[str, pl.DataFrame]) -> None:
    registered = files["users"].select("user_id", "registered_at")
    for name, table in files.items():
        if name in ("users", "channel_costs"):
            continue
        joined = table.join(registered, on="user_id", how="left", validate="m:1")
        assert joined["registered_at"].null_count() == 0, name
        for column in (column for column in table.columns if column.endswith("at")):
            assert joined.filter(pl.col(column) < pl.col("registered_at")).is_empty(), (name, column)
            assert joined.filter(pl.col(column) >= AS_OF_ENDS).is_empty(), (name, column)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("orders", ["submitted_at", "paid_at", "completed_at"]),
        ("orders", ["paid_at", "returned_at"]),
        ("coupons", ["claimed_at", "redeemed_at"]),
        ("messages", ["pushed_at", "delivered_at", "clicked_at"]),
    ],
)
def test_what_follows_comes_later_and_never_alone(
    files: dict[str, pl.DataFrame], name: str, steps: list[str]
) -> None:
    for earlier, later in pairwise(steps):
        followed = files[name].filter(pl.col(later).is_not_null())
        assert 0 < len(followed) < len(files[name])
        assert followed[earlier].null_count() == 0
        assert (followed[later] >= followed[earlier]).all()


def test_reviews_follow_completed_orders(files: dict[str, pl.DataFrame]) -> None:
    reviews = files["reviews"].join(files["orders"], on=["order_id", "user_id"], how="left")
    assert (reviews["reviewed_at"] > reviews["completed_at"]).all()
    assert set(reviews["score"]) == {1, 2, 3, 4, 5}


def test_ids_are_unique(files: dict[str, pl.DataFrame]) -> None:
    assert files["users"]["user_id"].is_unique().all()
    assert files["orders"]["order_id"].is_unique().all()
    assert files["users"]["phone"].drop_nulls().is_unique().all()


def test_nobody_can_be_reached(files: dict[str, pl.DataFrame]) -> None:
    # Chinese mobile numbers begin with 13 to 19, emergency numbers are 110, 119, 120 and 122; example.com is
    # reserved and takes no mail.
    assert all(re.fullmatch(r"129\d{8}", phone) for phone in files["users"]["phone"].drop_nulls())
    assert all(re.fullmatch(r"[a-z]+\d+@example\.com", mail) for mail in files["users"]["email"].drop_nulls())


def test_advertising_costs_the_most(files: dict[str, pl.DataFrame]) -> None:
    costs = files["channel_costs"]
    assert set(costs["source_channel"]) == set(files["users"]["source_channel"].drop_nulls())
    by_channel = costs.group_by("source_channel").agg(pl.col("cost_yuan").sum()).sort("cost_yuan")
    assert by_channel["source_channel"][-1] == "线上广告"
    assert costs["month"].unique().len() * 4 == len(costs)


def test_the_plan_reads_every_file_and_only_columns_that_exist(
    files: dict[str, pl.DataFrame], plan: dict
) -> None:
    sources = [source for source in (*plan["users"], *plan["events"]) if "source" in source]
    read = {source["source"] for source in sources} | set(plan["files"].values())
    assert read == {f"{name}.csv" for name in files}
    for source in sources:
        columns = set(files[source["source"].removesuffix(".csv")].columns)
        named = [
            spec["column"]
            for spec in (*source.get("tags", {}).values(), *source.get("properties", {}).values())
        ]
        named += [source[key] for key in ("id", "registered", "user", "at", "amount") if key in source]
        assert set(named) <= columns, source["source"]


def test_the_description_of_the_files_is_true(files: dict[str, pl.DataFrame], paid: pl.DataFrame) -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+)\.csv \| .+? \| (.+) \|$", text, flags=re.MULTILINE)
    described = {name: re.findall(r"`(\w+)`", columns) for name, columns in rows}
    assert described == {name: table.columns for name, table in files.items()}
    orders = len(files["orders"])
    assert f"{len(files['users']):,} users, {orders:,} orders, {len(paid):,} of them paid" in text


def test_the_plan_holds_what_the_mission_names(plan: dict) -> None:
    assert plan["as_of"] == "2019-07-14"
    events = {event["event"] for event in plan["events"]}
    assert events == set(plan["event_labels"])
    assert events >= {
        "register", "view_expert", "favourite", "search", "enter_category", "click_chat", "consult_adviser",
        "submit_order", "purchase", "complete_order", "login", "page_view", "return_order", "review",
        "coupon_claim", "coupon_redeem", "activity_join", "message_push", "message_deliver", "message_click",
    }  # fmt: skip
    tags = plan["users"][0]["tags"]
    assert tags.keys() >= {
        "city", "province", "title", "identity", "gender", "birthday", "registered_on", "sign_up_method",
        "source_channel", "member_level", "points", "interests", "stored_value", "card_opened",
        "name", "phone", "email",
    }  # fmt: skip
    assert {key: spec["personal"] for key, spec in tags.items() if "personal" in spec} == {
        "name": "name", "phone": "phone", "email": "email",
    }  # fmt: skip
    assert plan["tags"].keys() >= {
        "gmv", "order_count", "average_order", "first_purchase_on", "last_purchase_on", "last_login_on",
        "logins_30d", "search_count",
    }  # fmt: skip
    assert plan["dimensions"].keys() >= {"journey", "rfm", "interests", "demographics", "identity", "search"}
    used = {spec["dimension"] for spec in (*tags.values(), *plan["tags"].values())}
    assert used == set(plan["dimensions"])


def test_the_plan_names_the_journey_of_three_stages_and_eight_steps(plan: dict) -> None:
    assert [stage["label"]["zh"] for stage in plan["journey"]] == ["注册用户", "潜在交易用户", "交易用户"]
    steps = [step for stage in plan["journey"] for step in stage["steps"]]
    assert len(steps) == 8
    known = {event["event"] for event in plan["events"]}
    assert all(event in known for step in steps for event in step.get("events", []))


def test_birthdays_are_of_grown_ups(files: dict[str, pl.DataFrame]) -> None:
    birthdays = files["users"]["birthday"].drop_nulls().str.to_date()
    assert birthdays.max() <= date(2001, 7, 31)
    assert birthdays.min() >= date(1950, 1, 1)
