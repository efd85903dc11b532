"""What a plan says and what comes of it: users, events, base, duplicates, computed tags, journey."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from core.errors import ImportRefused, PlanError
from core.ingest import import_json_schema, plan_from_toml, plan_to_toml, read_plan
from core.messages import message_of
from core.schema import TagType
from tests.core.ingest.workbench import EVENTS, USERS, Workbench, refusal

ROOT = Path(__file__).parents[3]
ORDERS = (
    "user_id,paid_at,amount,status,channel\n"
    "u1,2019-05-01 10:00:00,5.5,paid,app\n"
    "u1,2019-05-02 10:00:00,6,open,web\n"
    "u9,2019-06-02 23:30:00,7,paid,app\n"
)

FULL_PLAN = """
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
unknown_users = "refuse"
max_reject_share = 0.05
fold_width = true
[dimensions]
journey = {zh = "用户旅程", en = "Journey"}
[event_labels]
login = "登录"
[files]
orders = "orders.csv"
people = {source = "p.csv", encoding = "gbk", columns = {zip = "text"}}
[[users]]
source = "users.csv"
id = "user_id"
duplicates = "last"
registered = "registered_on"
encoding = "utf-8"
delimiter = ";"
null_values = ["-", "a \\"quote\\" \\\\ and \\t tab"]
where = "x > 1"
time_zone = "UTC"
[users.tags.city]
column = "城市 name"
type = "enum"
label = {zh = "城市", en = "City"}
dimension = "demographics"
[users.tags."带空格 key"]
personal = "phone"
separator = ";"
[[users]]
database = "env:SOME_URL"
query = "SELECT id FROM t"
id = "id"
[[events]]
event = "purchase"
query = "SELECT * FROM orders"
user = "user_id"
at = "paid_at"
time_format = "%d/%m/%Y"
amount = "a * b"
properties = ["channel", "category"]
[[events]]
event_column = "action"
source = "log-*.csv.gz"
user = "user_id"
at = "t"
[events.properties.word]
type = "text"
label = "搜索词"
[tags.gmv]
event = "purchase"
measure = "sum"
property = "amount"
where = [{property = "channel", op = "in", value = ["a", "b"]}]
window = {last = 365, unit = "day"}
missing = 0
unit = "元"
[[journey]]
key = "buyer"
label = {zh = "交易用户", en = "Buyers"}
[[journey.steps]]
key = "paid"
label = {zh = "支付成功", en = "Paid"}
events = ["purchase"]
"""


def test_a_plan_that_is_written_reads_back_as_the_same_plan() -> None:
    plan = plan_from_toml(FULL_PLAN)
    assert plan_from_toml(plan_to_toml(plan)) == plan
    assert plan_to_toml(plan_from_toml(plan_to_toml(plan))) == plan_to_toml(plan)


def test_the_json_schema_describes_every_key() -> None:
    schema = import_json_schema()
    assert set(schema["properties"]) >= {"time_zone", "as_of", "files", "users", "events", "tags", "journey"}
    for name in ("UsersSource", "EventsSource", "Source", "TagPlan", "PropertyPlan", "ComputedTag"):
        if name in schema["$defs"]:
            for key, entry in schema["$defs"][name]["properties"].items():
                assert entry.get("description"), f"{name}.{key} has no description"


@pytest.mark.parametrize(
    ("text", "code", "node", "nearest"),
    [
        ("x = ", "plan_not_toml", None, None),
        ('time_zon = "UTC"', "unknown_plan_key", "time_zon", "time_zone"),
        ('time_zone = "Asia/Shangai"', "plan_unknown_time_zone", "time_zone", None),
        ('[[users]]\nsource = "a"', "plan_key_missing", "users[0].id", None),
        ('[[users]]\nid = "a"', "plan_source_or_query", "users[0]", None),
        (
            '[[users]]\nid = "a"\nsource = "b"\nduplicates = "frist"',
            "plan_value_not_allowed",
            "users[0].duplicates",
            "first",
        ),
        (
            '[[users]]\nid = "a"\nsource = "b"\n[users.tags.x]\ntyp = "text"',
            "unknown_plan_key",
            "users[0].tags.x.typ",
            "type",
        ),
        ('[[events]]\nuser = "a"\nat = "t"\nsource = "b"', "plan_event_or_event_column", "events[0]", None),
        (
            '[[events]]\nuser = "a"\nat = "t"\nevent = "e"\ndatabase = "env:X"',
            "plan_database_needs_query",
            "events[0]",
            None,
        ),
        ('[tags.x]\nevent = "e"\nmeasure = "summ"', "plan_value_not_allowed", "tags.x.measure", "sum"),
        ("max_reject_share = 3", "plan_value_wrong", "max_reject_share", None),
        (
            '[[users]]\nid = "a"\nsource = "b"\ndelimiter = ",,"',
            "plan_bad_delimiter",
            "users[0].delimiter",
            None,
        ),
    ],
)
def test_a_broken_plan_is_refused_with_place_and_remedy(
    text: str, code: str, node: str | None, nearest: str | None
) -> None:
    with pytest.raises(PlanError) as error:
        plan_from_toml(text)
    problem = error.value.problems[0]
    assert (problem.code, problem.node, problem.nearest) == (code, node, nearest)
    assert refusal(error)


def test_all_problems_of_a_plan_are_named_at_once() -> None:
    with pytest.raises(PlanError) as error:
        plan_from_toml('time_zon = "UTC"\n[[users]]\nsource = "a"\n[[events]]\nevent = "e"\n')
    assert len(error.value.problems) >= 4
    assert all(message_of(problem)["zh"] for problem in error.value.problems)


def test_all_that_a_plan_misses_in_its_files_is_named_at_once(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,city\nu1,北京\n")
    bench.file("orders.csv", ORDERS)
    with pytest.raises(PlanError) as error:
        bench.run(
            '[[users]]\nsource = "usres.csv"\nid = "user_id"\n'
            '[[users]]\nsource = "users.csv"\nid = "userid"\nregistered = "day"\ntags = ["ctiy", "city"]\n'
            '[[events]]\nsource = "orders.csv"\nevent_column = "kind"\nuser = "uid"\nat = "paid"\n'
            'properties = ["chanel"]\n'
        )
    assert [(p.code, p.node) for p in error.value.problems] == [
        ("missing_file", "users[0].source"),
        ("missing_column", "users[1].id"),
        ("missing_column", "users[1].registered"),
        ("missing_column", "users[1].tags.ctiy"),
        ("missing_column", "events[0].user"),
        ("missing_column", "events[0].at"),
        ("missing_column", "events[0].event_column"),
        ("missing_column", "events[0].properties.chanel"),
    ]


def test_a_plan_that_is_not_there_is_a_clear_refusal(bench: Workbench) -> None:
    with pytest.raises(PlanError) as error:
        read_plan(bench.folder / "nope.toml")
    assert error.value.code == "missing_plan"


def test_without_a_registered_column_users_exist_always_and_others_from_their_first_event(
    bench: Workbench,
) -> None:
    bench.file("users.csv", "user_id\nu1\nu2\n")
    bench.file("orders.csv", ORDERS)
    bench.run('time_zone = "Asia/Shanghai"\n' + USERS + EVENTS)
    assert bench.users("exists_from") == {"u1": (None,), "u2": (None,), "u9": (dt.date(2019, 6, 2),)}


def test_registered_users_exist_from_that_day_and_a_missing_day_is_the_first_event(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,reg\nu1,\nu2,2019-01-05\nu3,\n")
    bench.file("orders.csv", ORDERS)
    bench.run('time_zone = "Asia/Shanghai"\n' + USERS + 'registered = "reg"\n' + EVENTS)
    assert bench.users("exists_from") == {
        "u1": (dt.date(2019, 5, 1),),
        "u2": (dt.date(2019, 1, 5),),
        "u3": (None,),
        "u9": (dt.date(2019, 6, 2),),
    }


def test_users_may_come_from_events_alone(bench: Workbench) -> None:
    bench.file("orders.csv", ORDERS)
    report = bench.run(EVENTS)
    assert report.users == 2
    assert set(bench.users()) == {"u1", "u9"}


def test_users_of_an_earlier_version_are_not_users_of_this_one_but_keep_their_number(
    bench: Workbench,
) -> None:
    bench.file("users.csv", "user_id\nu1\nu2\n")
    bench.run(USERS)
    bench.file("users.csv", "user_id\nu3\nu2\n")
    report = bench.run(USERS)
    assert report.new_users == 1
    assert bench.tables.users(["user_no"])["user_no"].to_list() == [1, 2]
    assert bench.tables.keys()["user_id"].to_list() == ["u1", "u2", "u3"]


def test_events_of_unknown_users_are_rejects_where_the_plan_refuses_them(bench: Workbench) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    bench.file("orders.csv", ORDERS)
    report = bench.run('unknown_users = "refuse"\nmax_reject_share = 0.5\n' + USERS + EVENTS)
    assert [(r.line, r.reason, r.value) for r in report.rejects] == [(4, "unknown_user", "u9")]
    assert set(bench.users()) == {"u1"}
    assert bench.tables.keys()["user_id"].to_list() == ["u1"]


@pytest.mark.parametrize(("how", "city"), [("first", "北京"), ("last", "上海")])
def test_a_doubled_id_keeps_the_first_or_last_row(bench: Workbench, how: str, city: str) -> None:
    bench.file("users.csv", "user_id,city\nu1,北京\nu2,广州\nu1,上海\n")
    report = bench.run(USERS + f'duplicates = "{how}"\ntags = ["city"]\n')
    assert bench.users("city") == {"u1": (city,), "u2": ("广州",)}
    assert report.sources[0].duplicates == 1


def test_a_doubled_id_is_refused_by_default(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,city\nu1,北京\nu2,广州\nu1,上海\n")
    with pytest.raises(ImportRefused) as error:
        bench.run(USERS)
    assert error.value.code == "duplicate_ids"
    assert "'u1' on lines 2, 4" in refusal(error)


def test_several_users_sources_are_merged_on_the_id(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,city\nu1,北京\nu2,广州\n")
    bench.file("vip.csv", "uid,level\nu2,3\nu3,1\n")
    bench.run(USERS + 'tags = ["city"]\n[[users]]\nsource = "vip.csv"\nid = "uid"\ntags = ["level"]\n')
    assert bench.users("city", "level") == {"u1": ("北京", None), "u2": ("广州", 3.0), "u3": (None, 1.0)}
    assert bench.catalogue.tags["level"].coverage == pytest.approx(2 / 3)


def test_a_tag_that_two_sources_claim_is_refused(bench: Workbench) -> None:
    with pytest.raises(PlanError) as error:
        bench.run(USERS + 'tags = ["city"]\n[[users]]\nsource = "b.csv"\nid = "u"\ntags = ["city"]\n')
    assert error.value.code == "tag_claimed_twice"
    assert error.value.problems[0].node == "users[1].tags.city"


def test_a_tag_that_a_source_and_a_computed_tag_claim_is_refused(bench: Workbench) -> None:
    with pytest.raises(PlanError) as error:
        bench.run(USERS + 'tags = ["gmv"]\n[tags.gmv]\nevent = "purchase"\nmeasure = "count"\n')
    assert error.value.code == "tag_claimed_twice"


def test_where_sees_typed_columns_and_filtered_rows_are_no_rejects(bench: Workbench) -> None:
    bench.file("orders.csv", ORDERS)
    report = bench.run(EVENTS + "where = \"status = 'paid' AND amount > 5.5 AND paid_at >= '2019-06-01'\"\n")
    source = report.sources[0]
    assert (source.rows_read, source.rows_refused, source.rows_filtered, source.rows_used) == (3, 0, 2, 1)
    assert set(bench.users()) == {"u9"}


def test_rows_without_an_id_that_where_leaves_out_are_no_rejects(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at\n,2019-05-01\nu1,2019-05-01\n")
    assert bench.run(EVENTS + 'where = "user_id IS NOT NULL"\n').rejects == ()
    with pytest.raises(ImportRefused) as error:
        bench.run(EVENTS)
    assert "no user id (column user_id)" in refusal(error)


def test_amount_is_a_column_or_an_expression_and_the_column_name_comes_first(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at,q,p,q * p\nu1,2019-05-01,2,3.5,100\n")
    bench.run(EVENTS + 'amount = "q * p"\n')
    assert bench.events("purchase", "prop:amount")["prop:amount"].to_list() == [100.0]
    bench.run(EVENTS + 'amount = "p * q"\n')
    assert bench.events("purchase", "prop:amount")["prop:amount"].to_list() == [7.0]
    assert bench.catalogue.events["purchase"].properties["amount"].type is TagType.NUMBER


def test_an_amount_that_is_infinite_is_no_number_and_makes_its_row_a_reject(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at,n\nu1,2019-07-01,2\nu1,2019-07-02,0\nu2,2019-07-03,\n")
    report = bench.run("max_reject_share = 0.5\n" + EVENTS + 'amount = "1 / n"\n')
    assert bench.events("purchase", "prop:amount")["prop:amount"].to_list() == [0.5, None]
    assert [(r.line, r.column, r.reason, r.value) for r in report.rejects] == [
        (3, "1 / n", "not_number", "inf")
    ]
    json.dumps(report.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize(
    "place", ["sample_data/plan.toml", "docs/import-plans/online-retail.toml", "docs/import-plans/README.md"]
)
def test_plans_that_are_imported_fit_the_published_schema(place: str) -> None:
    text = (ROOT / place).read_text("utf-8")
    for toml in re.findall("```toml\n(.*?)```", text, re.DOTALL) if place.endswith(".md") else [text]:
        plan_from_toml(toml)
        Draft202012Validator(import_json_schema()).validate(tomllib.loads(toml))


@pytest.mark.parametrize(
    "toml", ["foo = 1", 'files = {a = {source = "x", enc = "y"}}', "[[users]]\nid = 3", "as_of = 20190714"]
)
def test_broken_plans_do_not_fit_the_published_schema(toml: str) -> None:
    assert not Draft202012Validator(import_json_schema()).is_valid(tomllib.loads(toml))


def test_properties_are_a_list_or_a_table(bench: Workbench) -> None:
    bench.file("orders.csv", ORDERS)
    bench.run(EVENTS + 'properties = ["channel"]\n')
    assert set(bench.catalogue.events["purchase"].properties) == {"channel"}
    bench.run(
        EVENTS
        + '[events.properties.way]\ncolumn = "channel"\ntype = "text"\nlabel = {zh = "渠道", en = "Way"}\n'
    )
    spec = bench.catalogue.events["purchase"].properties["way"]
    assert (spec.type, spec.label.zh, spec.coverage, spec.distinct) == (TagType.TEXT, "渠道", 1.0, 2)


def test_the_kind_of_an_event_may_be_read_from_the_data(bench: Workbench) -> None:
    bench.file(
        "log.csv",
        "user_id,t,action,word\nu1,2019-05-02,search,跑步\nu1,2019-05-01,login,\nu2,2019-05-03,login,\n",
    )
    bench.run(
        '[[events]]\nsource = "log.csv"\nevent_column = "action"\nuser = "user_id"\nat = "t"\nproperties = ["word"]\n'
        '[event_labels]\nlogin = {zh = "登录", en = "Login"}\n'
    )
    events = bench.catalogue.events
    assert (events["login"].label.zh, events["login"].rows, set(events["login"].properties)) == (
        "登录",
        2,
        set(),
    )
    assert set(events["search"].properties) == {"word"}
    assert events["login"].first_day == dt.date(2019, 5, 1)
    assert events["login"].last_day == dt.date(2019, 5, 3)


def test_two_sources_of_one_event_are_one_table_in_order(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at,channel\nu2,2019-05-02,app\nu1,2019-05-03,app\n")
    bench.file("more.csv", "user_id,paid_at,city\nu1,2019-05-01,北京\n")
    more = EVENTS.replace("orders", "more") + 'properties = ["city"]\n'
    bench.run(EVENTS + 'properties = ["channel"]\n' + more)
    rows = bench.events("purchase", "day", "prop:channel", "prop:city").rows()
    assert rows == [
        ("u2", dt.date(2019, 5, 2), "app", None),
        ("u1", dt.date(2019, 5, 1), None, "北京"),
        ("u1", dt.date(2019, 5, 3), "app", None),
    ]
    assert bench.catalogue.events["purchase"].properties["city"].coverage == pytest.approx(1 / 3)


def test_a_property_that_two_sources_type_differently_is_refused(bench: Workbench) -> None:
    bench.file("orders.csv", "user_id,paid_at,x\nu2,2019-05-02,1\n")
    bench.file("more.csv", "user_id,paid_at,x\nu1,2019-05-01,a\n")
    with pytest.raises(PlanError) as error:
        bench.run(EVENTS + 'properties = ["x"]\n' + EVENTS.replace("orders", "more") + 'properties = ["x"]\n')
    assert error.value.code == "property_types_differ"


def test_an_event_without_rows_is_in_the_catalogue_and_has_an_empty_table(bench: Workbench) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    bench.file("orders.csv", ORDERS)
    bench.run(USERS + EVENTS + 'where = "status = \'refunded\'"\nproperties = ["channel"]\n')
    assert bench.catalogue.events["purchase"].rows == 0
    assert bench.events("purchase", "at", "prop:channel").height == 0


def test_files_of_a_glob_are_read_as_one(bench: Workbench) -> None:
    bench.file("d/orders-1.csv", "user_id,paid_at\nu1,2019-05-01\n")
    bench.file("d/orders-2.csv", "paid_at,user_id\n2019-05-02,u2\n")
    report = bench.run(EVENTS.replace("orders.csv", "d/orders-*.csv"))
    assert (report.events, set(bench.users())) == (2, {"u1", "u2"})


def test_computed_tags_and_the_journey_stand_in_the_catalogue(bench: Workbench) -> None:
    bench.file("orders.csv", ORDERS)
    bench.run(
        EVENTS + 'amount = "amount"\nproperties = ["channel"]\n'
        '[tags.gmv]\nevent = "purchase"\nmeasure = "sum"\nproperty = "amount"\nmissing = 0\nunit = "元"\ndimension = "rfm"\n'
        'where = [{property = "channel", op = "is", value = "app"}]\nwindow = {last = 365, unit = "day"}\n'
        '[tags.last_purchase_on]\nevent = "purchase"\nmeasure = "last_at"\n'
        '[[journey]]\nkey = "buyer"\nlabel = "交易用户"\n[[journey.steps]]\nkey = "paid"\nlabel = "支付"\nevents = ["purchase"]\n'
    )
    gmv = bench.catalogue.tags["gmv"]
    assert gmv.computed is not None
    assert (gmv.type, gmv.unit, gmv.computed.missing) == (TagType.NUMBER, "元", 0)
    assert bench.catalogue.tags["last_purchase_on"].type is TagType.DATE
    assert bench.catalogue.dimensions["rfm"].zh == "RFM 属性"
    assert [step.key for _, step in bench.catalogue.journey_steps()] == ["paid"]


@pytest.mark.parametrize(
    ("tag", "code", "nearest"),
    [
        ('event = "purchas"\nmeasure = "count"', "unknown_plan_event", "purchase"),
        ('event = "purchase"\nmeasure = "sum"', "measure_needs_property", None),
        ('event = "purchase"\nmeasure = "count"\nproperty = "amount"', "measure_takes_no_property", None),
        ('event = "purchase"\nmeasure = "sum"\nproperty = "amont"', "unknown_event_property", "amount"),
        ('event = "purchase"\nmeasure = "sum"\nproperty = "channel"', "measure_needs_number", None),
        ('event = "purchase"\nmeasure = "last_at"\nmissing = 0', "missing_needs_number", None),
    ],
)
def test_a_computed_tag_that_cannot_be_is_refused(
    bench: Workbench, tag: str, code: str, nearest: str | None
) -> None:
    bench.file("orders.csv", ORDERS)
    with pytest.raises(PlanError) as error:
        bench.run(EVENTS + 'amount = "amount"\nproperties = ["channel"]\n[tags.x]\n' + tag + "\n")
    assert (error.value.code, error.value.problems[0].nearest) == (code, nearest)
    assert refusal(error)
    assert bench.lake.current() is None


@pytest.mark.parametrize(
    "broken",
    [
        'where = [{property = "chanel", op = "is", value = "app"}]',
        'where = [{property = "channel", op = "iss", value = "app"}]',
        'where = [{property = "channel", op = "gt", value = 3}]',
        'window = {last = 0, unit = "day"}',
        "window = {}",
    ],
)
def test_where_and_window_of_a_computed_tag_are_checked_as_in_a_rule(bench: Workbench, broken: str) -> None:
    bench.file("orders.csv", ORDERS)
    plan = EVENTS + f'properties = ["channel"]\n[tags.x]\nevent = "purchase"\nmeasure = "count"\n{broken}\n'
    with pytest.raises(PlanError) as error:
        bench.run(plan)
    assert all((problem.node or "").startswith("tags.x") for problem in error.value.problems)


def test_progress_never_falls_and_ends_at_one(bench: Workbench) -> None:
    bench.file("users.csv", "user_id\nu1\n")
    bench.file("orders.csv", ORDERS)
    seen: list[float] = []
    bench.run(USERS + EVENTS, progress=lambda p: seen.append(p.share))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_report_says_what_was_read_and_what_the_columns_hold(bench: Workbench) -> None:
    bench.file("users.csv", "user_id,age\nu1,30\nu2,\nu3,41\n")
    bench.file("orders.csv", ORDERS)
    report = bench.run('time_zone = "Asia/Shanghai"\n' + USERS + 'tags = ["age"]\n' + EVENTS)
    users, orders = report.sources
    assert (users.rows_read, users.rows_used) == (3, 3)
    (age,) = users.columns
    assert (age.name, age.type, age.inferred, age.missing, age.distinct, age.low, age.high) == (
        "age", TagType.NUMBER, True, 1, 2, 30.0, 41.0,
    )  # fmt: skip
    assert (orders.first_day, orders.last_day) == (dt.date(2019, 5, 1), dt.date(2019, 6, 2))
    assert (report.users, report.events, report.new_users) == (4, 3, 4)
