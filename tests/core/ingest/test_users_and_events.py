"""What an import makes of a plan: who exists, what happened, and what is told of it."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from core.errors import ImportRefused, PlanError
from core.schema import TagType
from tests.core.ingest.workbench import EVENTS, ORDERS, USERS, Workbench, refusal


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
