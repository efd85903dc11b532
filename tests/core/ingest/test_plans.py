"""What a plan says and what comes of it: users, events, base, duplicates, computed tags, journey."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from core.errors import PlanError
from core.ingest import import_json_schema, plan_from_toml, plan_to_toml, read_plan
from core.messages import message_of
from tests.core.ingest.workbench import EVENTS, ORDERS, Workbench, refusal

ROOT = Path(__file__).parents[3]

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
        ('[tags.x]\nevent = "e"\nmeasure = "sum"\nmissing = inf', "plan_value_wrong", "tags.x.missing", None),
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


@pytest.mark.parametrize(
    "text",
    [
        'as_of = "soon"', "as_of = 5", "as_of = 2019-07-14T10:00:00", 'max_reject_share = "a"',
        "max_reject_share = -1", 'fold_width = "perhaps"', "fold_width = []", "time_zone = 5", "[users]\nid = 'a'",
        "users = 5", 'users = ["a"]', 'files = ["a"]', "tags = 5", '[tags.x]\nevent = ""\nmeasure = "sum"',
        f'[tags.{"x" * 201}]\nevent = "e"\nmeasure = "count"', '[[users]]\nid = "a"\nsource = ["b"]',
        '[[users]]\nid = "a"\nsource = "b"\nnull_values = "-"', "dimensions = {x = 5}", "journey = [5]",
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_form_is_explained_in_both_languages(text: str) -> None:
    with pytest.raises(PlanError) as error:
        plan_from_toml(text)
    for problem in error.value.problems:
        said = message_of(problem)
        assert "Input should" not in said["en"]
        # Of the reason, nothing may be left in English.
        assert not re.search(r"[A-Za-z]{4,} [A-Za-z]{2,} ", said["zh"]), said["zh"]


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
