"""A plan as a form and back: nothing that the form hides is lost, nothing that was not chosen is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.ingest import ImportPlan, plan_from_toml, plan_to_toml
from core.schema import TagType
from dashboard.plan_form import SourceForm, forms_of, key_of, plan_of, troubles, turned, with_columns

ROOT = Path(__file__).resolve().parents[2]

PLAN = """\
time_zone = "Asia/Shanghai"
as_of = "2019-07-14"
fold_width = true
[dimensions]
rfm = {zh = "RFM", en = "RFM"}
[[users]]
source = "users.csv"
id = "user_id"
registered = "registered_on"
duplicates = "last"
encoding = "gb18030"
columns = {city = "enum", note = "text"}
[users.tags.city]
label = {zh = "城市", en = "City"}
dimension = "demographics"
[users.tags.mobile]
column = "phone"
personal = "phone"
[users.tags.birthday]
column = "born"
type = "date"
time_format = "%d/%m/%Y"
[users.tags.birth_year]
column = "born"
type = "text"
[users.tags.absent]
column = "not_in_file"
[[events]]
event = "purchase"
source = "orders.csv"
user = "user_id"
at = "paid_at"
time_format = "%Y-%m-%d %H:%M"
amount = "price * pieces"
where = "status = 'paid'"
label = {zh = "购买", en = "Purchase"}
[events.properties.channel]
column = "source"
label = {zh = "渠道", en = "Channel"}
[tags.gmv]
event = "purchase"
measure = "sum"
property = "amount"
missing = 0
[[journey]]
key = "buyer"
label = {zh = "交易用户", en = "Buyers"}
[[journey.steps]]
key = "paid"
label = {zh = "支付成功", en = "Paid"}
events = ["purchase"]
"""
COLUMNS = {
    "users.csv": {
        "user_id": TagType.TEXT,
        "registered_on": TagType.DATE,
        "city": TagType.ENUM,
        "phone": TagType.TEXT,
        "born": TagType.TEXT,
        "note": TagType.TEXT,
        "Points (all)": TagType.NUMBER,
    },
    "orders.csv": {
        "user_id": TagType.TEXT,
        "paid_at": TagType.DATE,
        "price": TagType.NUMBER,
        "pieces": TagType.NUMBER,
        "status": TagType.ENUM,
        "source": TagType.ENUM,
    },
}


@dataclass(frozen=True)
class Column:
    name: str
    type: TagType


@dataclass(frozen=True)
class Inspected:
    """As much of an inspection as the form asks for."""

    columns: tuple[Column, ...]


def inspected(source: str) -> Inspected:
    return Inspected(tuple(Column(name, kind) for name, kind in COLUMNS[source].items()))


def opened(plan: ImportPlan) -> tuple[SourceForm, ...]:
    return tuple(with_columns(form, inspected(form.source)) for form in forms_of(plan))


@pytest.fixture
def plan() -> ImportPlan:
    return plan_from_toml(PLAN)


def set_row(form: SourceForm, column: str, **changes: object) -> SourceForm:
    assert any(row.column == column for row in form.rows)
    rows = tuple(replace(row, **changes) if row.column == column else row for row in form.rows)
    return replace(form, rows=rows)


def test_a_form_that_nobody_touched_says_the_same_plan(plan: ImportPlan) -> None:
    again = plan_of(plan, opened(plan), COLUMNS)
    assert meaning(again) == meaning(plan)


def test_the_sample_plan_goes_through_the_form_unchanged() -> None:
    plan = plan_from_toml((ROOT / "sample_data" / "plan.toml").read_text(encoding="utf-8"))
    heads = {
        path.name: dict.fromkeys(path.read_text("utf-8").splitlines()[0].split(","), TagType.TEXT)
        for path in (ROOT / "sample_data").glob("*.csv")
    }
    forms = tuple(
        form
        if form.is_query
        else with_columns(form, Inspected(tuple(Column(c, k) for c, k in heads[form.source].items())))
        for form in forms_of(plan)
    )
    assert troubles(forms) == ()
    assert meaning(plan_of(plan, forms, heads)) == meaning(plan)


def meaning(plan: ImportPlan) -> object:
    """Return a plan with everything written out that may be left out: column of a tag, order of keys."""
    data = plan.model_dump(mode="json")
    for source in (*data["users"], *data["events"]):
        columns = source.pop("columns")
        for inner in ("tags", "properties"):
            for key, use in source.get(inner, {}).items():
                use["column"] = use["column"] or key
                use["type"] = use["type"] or columns.get(use["column"])
            if inner in source:
                source[inner] = dict(sorted(source[inner].items()))
    return data


def test_the_form_shows_what_the_plan_uses_each_column_as(plan: ImportPlan) -> None:
    users, events = opened(plan)
    assert {row.column: row.role for row in users.rows} == {
        "user_id": "id",
        "registered_on": "registered",
        "city": "tag",
        "phone": "tag",
        "born": "tag",
        "note": "ignore",
        "Points (all)": "ignore",
    }
    assert {row.column: row.role for row in events.rows} == {
        "user_id": "id",
        "paid_at": "at",
        "price": "ignore",
        "pieces": "ignore",
        "status": "ignore",
        "source": "property",
    }
    city = next(row for row in users.rows if row.column == "city")
    assert (city.key, city.zh, city.en, city.dimension, city.type) == (
        "city",
        "城市",
        "City",
        "demographics",
        "enum",
    )


def test_every_correction_reaches_the_plan(plan: ImportPlan) -> None:
    users, events = opened(plan)
    users = set_row(
        users, "Points (all)", role="tag", key="points", zh="积分", unit="分", dimension="membership"
    )
    users = set_row(users, "city", role="ignore")
    users = set_row(users, "note", role="tag", type="multi", separator=";", personal="address")
    events = replace(
        set_row(set_row(events, "price", role="amount"), "status", role="property"), where="", event="paid"
    )
    corrected = plan_of(plan, (users, events), COLUMNS)
    tags = corrected.users[0].tags
    assert "city" not in tags
    points = tags["points"]
    assert points.label is not None
    assert (points.column, points.type, points.label.zh, points.label.en, points.unit, points.dimension) == (
        "Points (all)",
        None,
        "积分",
        "积分",
        "分",
        "membership",
    )
    assert (tags["note"].type, tags["note"].separator, tags["note"].personal) == (
        TagType.MULTI,
        ";",
        "address",
    )
    event = corrected.events[0]
    assert (event.event, event.amount, event.where) == ("paid", "price", None)
    assert set(event.properties) == {"channel", "status"}


def test_what_the_form_does_not_show_stays(plan: ImportPlan) -> None:
    again = plan_of(plan, opened(plan), COLUMNS)
    users, events = again.users[0], again.events[0]
    assert users.encoding == "gb18030"
    assert users.tags["absent"].column == "not_in_file"
    assert users.tags["birth_year"].column == "born"
    assert users.tags["birthday"].time_format == "%d/%m/%Y"
    assert events.amount == "price * pieces"
    assert events.label == plan.events[0].label
    assert (again.tags, again.journey, again.dimensions) == (plan.tags, plan.journey, plan.dimensions)


def test_a_type_is_written_only_where_it_differs_from_what_the_file_suggests(plan: ImportPlan) -> None:
    users, events = opened(plan)
    as_seen = plan_of(plan, (set_row(users, "note", role="tag"), events), COLUMNS)
    assert as_seen.users[0].tags["note"].type is None
    changed = plan_of(plan, (set_row(users, "phone", type="number"), events), COLUMNS)
    assert changed.users[0].tags["mobile"].type is TagType.NUMBER


def test_a_column_can_name_the_kind_of_event(plan: ImportPlan) -> None:
    users, events = opened(plan)
    corrected = plan_of(plan, (users, set_row(events, "status", role="event")), COLUMNS)
    assert (corrected.events[0].event, corrected.events[0].event_column) == (None, "status")


def test_the_plan_of_the_form_can_be_written_and_read_again(plan: ImportPlan) -> None:
    said = plan_of(plan, opened(plan), COLUMNS)
    assert plan_from_toml(plan_to_toml(said)) == said


def test_turning_users_into_events_keeps_what_fits(plan: ImportPlan) -> None:
    users, _ = opened(plan)
    events = turned(users, "events")
    roles = {row.column: row.role for row in events.rows}
    assert (roles["user_id"], roles["registered_on"], roles["city"], roles["note"]) == (
        "id",
        "at",
        "property",
        "ignore",
    )
    assert {row.role for row in turned(users, "nothing").rows} == {"ignore"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda users, events: (set_row(users, "user_id", role="ignore"), events), "data.problem.no_id"),
        (lambda users, events: (set_row(users, "city", role="id"), events), "data.problem.two"),
        (lambda users, events: (users, set_row(events, "paid_at", role="ignore")), "data.problem.no_at"),
        (lambda users, events: (users, replace(events, event=" ")), "data.problem.no_event"),
        (lambda users, events: (set_row(users, "city", key="mobile"), events), "data.problem.same_key"),
        (lambda users, events: (set_row(users, "city", key=""), events), "data.problem.no_key"),
        (
            lambda users, events: (replace(users, holds="nothing"), replace(events, holds="nothing")),
            "data.problem.nothing",
        ),
    ],
)
def test_what_keeps_the_form_from_being_a_plan_is_named(plan: ImportPlan, change, key: str) -> None:
    found = troubles(change(*opened(plan)))
    assert [trouble.key for trouble in found] == [key]


@pytest.mark.parametrize(
    ("column", "key"),
    [("City", "city"), ("Points (all)", "points_all"), ("城市", "城市"), ("  ", "column"), ("a--b", "a_b")],
)
def test_a_column_suggests_a_key(column: str, key: str) -> None:
    assert key_of(column) == key
