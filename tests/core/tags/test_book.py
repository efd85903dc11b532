"""The catalogue with what operators made of it: their tags in place, withheld with the reason, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.errors import RuleError
from core.messages import message_of
from core.rules.lookup import tag_of
from core.rules.making_text import parse_making
from core.schema import Label, Measurement, TagSpec, TagType, Validity
from core.tags.book import definition_problems, with_tags
from core.tags.entries import entries
from core.tags.records import Status, TagDefinition, TagRecord
from tests.core.engines.made_tags import MAKINGS
from tests.core.engines.marketplaces import catalogue_in
from tests.core.rules.golden import catalogue

DAY = date(2019, 7, 14)
AT = datetime(2026, 1, 2, tzinfo=UTC)
DATA = catalogue()


def made(key: str, making: dict[str, Any], **more: Any) -> TagDefinition:
    return TagDefinition(key, Label(zh=f"标签{key}", en=key), parse_making(making), **more)


def kept(definition: TagDefinition, status: Status = "active", stands_at: date | None = None) -> TagRecord:
    return TagRecord(definition, status, 1, stands_at, AT, "李", AT, "李")


def nothing_given(key: str) -> None:
    """Of no tag have any values been given."""


def in_use(*records: TagRecord) -> Any:
    return with_tags(DATA, records, nothing_given, DAY)


BANDS = made("band", {"kind": "bands", "of": "gmv", "edges": [100], "labels": ["低", "高"]})
DOUBLE = made("double", {"kind": "formula", "text": "gmv * 2"})
ON_DOUBLE = made("on_double", {"kind": "formula", "text": "double + 1"})


def test_tags_stand_in_the_catalogue_in_whatever_order_they_were_kept() -> None:
    found = in_use(kept(ON_DOUBLE), kept(DOUBLE), kept(BANDS))
    assert [found.tags[key].type for key in ("band", "double", "on_double")] == [
        TagType.ENUM,
        TagType.NUMBER,
        TagType.NUMBER,
    ]
    assert found.withheld == {}
    assert list(found.tags)[: len(DATA.tags)] == list(DATA.tags)


def test_every_tag_of_the_random_marketplaces_is_the_same_through_the_book() -> None:
    world = catalogue_in("Asia/Shanghai")
    base = world.model_copy(update={"tags": {k: v for k, v in world.tags.items() if k not in MAKINGS}})
    records = [
        kept(TagDefinition(key, world.tags[key].label, world.tags[key].computed, validity=world.tags[key].validity))
        for key in reversed(MAKINGS)
        if world.tags[key].stands_at is None
    ]  # fmt: skip
    found = with_tags(base, records, nothing_given, DAY)
    assert found.withheld == {}
    for record in records:
        key = record.definition.key
        assert found.tags[key].model_copy(update={"dimension": world.tags[key].dimension}) == world.tags[key]


def test_a_draft_is_nobodys_and_a_retired_tag_is_refused_by_name() -> None:
    found = in_use(kept(BANDS, "draft"), kept(DOUBLE, "retired"), kept(ON_DOUBLE))
    assert {"band", "double", "on_double"}.isdisjoint(found.tags)
    with pytest.raises(RuleError) as of_draft:
        tag_of(found, "band")
    with pytest.raises(RuleError) as of_retired:
        tag_of(found, "double")
    assert (of_draft.value.code, of_retired.value.code) == ("unknown_tag", "tag_retired")
    assert "标签double" in message_of(found.withheld["on_double"])["zh"]
    assert found.withheld["on_double"].code == "tag_broken"


def test_a_paused_tag_stands_still() -> None:
    found = in_use(kept(BANDS, "paused", date(2019, 6, 1)))
    assert found.tags["band"].stands_at == date(2019, 6, 1)


def test_a_circle_is_withheld_with_the_way_and_the_rest_goes_on() -> None:
    one = made("one", {"kind": "formula", "text": "two + 1"})
    two = made("two", {"kind": "formula", "text": "one + 1"})
    found = in_use(kept(one), kept(two), kept(DOUBLE))
    assert set(found.withheld) == {"one", "two"}
    assert "标签one → 标签two → 标签one" in message_of(found.withheld["one"])["zh"]
    assert "double" in found.tags


def test_data_that_lacks_an_event_breaks_only_what_asks_for_it() -> None:
    buys = made("buys", {"kind": "statistic", "event": "no_such_event", "measure": "count"})
    found = in_use(kept(buys), kept(BANDS))
    assert found.withheld["buys"].code == "tag_broken"
    assert "no_such_event" in message_of(found.withheld["buys"])["en"]
    assert "band" in found.tags


def test_operators_look_after_tags_of_the_data() -> None:
    spec = DATA.tags["city"]
    definition = TagDefinition(
        "city", Label(zh="常驻城市", en="Home town"), None, dimension="elsewhere", unit="个",
        validity=Validity(n=90, unit="day"),
    )  # fmt: skip
    found = in_use(kept(definition))
    assert found.tags["city"].model_dump(include={"key", "type", "computed"}) == spec.model_dump(
        include={"key", "type", "computed"}
    )
    assert found.tags["city"].label.zh == "常驻城市"
    assert found.tags["city"].validity == Validity(n=90, unit="day", day=DAY)
    assert found.dimensions["elsewhere"] == Label(zh="elsewhere", en="elsewhere")
    retired = in_use(kept(definition, "retired"))
    assert "city" not in retired.tags
    assert retired.withheld["city"].code == "tag_retired"


def test_a_tag_of_the_data_that_is_made_of_a_retired_one_goes_with_it() -> None:
    window = {"since": {"tag": "registered_on"}, "for": {"n": 7, "unit": "day"}}
    anchored = TagSpec(
        key="soon", type=TagType.NUMBER, label=Label(zh="首周", en="first week"),
        computed=Measurement(event="purchase", measure="count", window=window),
    )  # fmt: skip
    data = DATA.model_copy(update={"tags": {**DATA.tags, "soon": anchored}})
    record = kept(TagDefinition("registered_on", Label(zh="注册", en="Registered"), None), "retired")
    found = with_tags(data, [record], nothing_given, DAY)
    assert found.withheld["soon"].code == "tag_broken"


def test_where_the_data_brings_a_tag_of_the_same_key_rules_mean_the_operators() -> None:
    city = made("city", {"kind": "formula", "text": '"北京"'})
    found = in_use(kept(city))
    assert found.tags["city"].computed == city.making
    (entry,) = (each for each in entries(DATA, found, [kept(city)]) if each.key == "city")
    assert (entry.origin, entry.trouble and entry.trouble.code) == ("operator", "tag_key_in_data")


def test_text_made_of_a_personal_tag_is_personal() -> None:
    personal = DATA.model_copy(
        update={"tags": {**DATA.tags, "city": DATA.tags["city"].model_copy(update={"personal": "name"})}}
    )
    copy = made("copy", {"kind": "formula", "text": "city"})
    known = made("known", {"kind": "formula", "text": "not is_missing(city)"})
    found = with_tags(personal, [kept(copy), kept(known)], nothing_given, DAY)
    assert found.tags["copy"].personal == "name"
    assert found.tags["known"].personal is None


def test_rules_of_tags_name_no_people() -> None:
    rule = {
        "include": {
            "kind": "group", "id": "g", "match": "all",
            "children": [{"kind": "list", "id": "l", "list": "x", "in": True}],
        }
    }  # fmt: skip
    tag = made("vip", {"kind": "rules", "values": [{"value": "是", "rule": rule}]})
    assert [(p.code, p.node) for p in definition_problems(tag, DATA)] == [
        ("tag_rule_names_people", "making.values.0.l")
    ]


def test_every_tag_is_listed_whatever_its_status() -> None:
    records = [kept(BANDS, "draft"), kept(DOUBLE, "retired"), kept(ON_DOUBLE)]
    listed = {entry.key: entry for entry in entries(DATA, in_use(*records), records)}
    assert set(listed) == {*DATA.tags, "band", "double", "on_double"}
    assert (listed["city"].version, listed["city"].origin, listed["city"].created_at) == (0, "data", None)
    assert (listed["band"].status, listed["band"].type) == ("draft", None)
    assert listed["on_double"].trouble is not None
    assert listed["double"].trouble is None
    assert listed["double"].as_json()["how_made"] == "rule"


def test_a_definition_survives_the_way_into_json() -> None:
    definition = replace(
        BANDS, description="说明", unit="元", use="basics", timeliness="static", refresh="weekly", owner="李",
        validity=Validity(n=3, unit="month", since="registered_on"),
    )  # fmt: skip
    assert TagDefinition.from_json(definition.as_json()) == definition


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ({}, ["key", "label", "making"]),
        ({"key": "1x", "label": {"zh": "甲"}, "making": {"kind": "formula", "text": "1"}}, ["key", "label"]),
        ({"key": "x" * 65, "label": {"zh": "甲", "en": " "}, "making": None}, ["key", "label"]),
        (
            {"key": "a", "label": {"zh": "甲", "en": "a"}, "making": {"kind": "bands"}, "use": "x", "owner": 3},
            ["making.edges", "making.labels", "making.of", "owner", "use"],
        ),
        (
            {"key": "a", "label": {"zh": "甲", "en": "a"}, "making": None, "validity": {"n": 0, "unit": "day"}},
            ["validity"],
        ),
        ({"key": "a", "label": {"zh": "甲", "en": "a"}, "making": None, "refresh": "often"}, ["refresh"]),
        ({"key": "a", "label": {"zh": "甲", "en": "a"}, "making": None, "colour": 1}, ["colour"]),
    ],
)  # fmt: skip
def test_a_definition_that_cannot_be_read_is_told_with_every_fault_at_its_field(
    source: dict[str, Any], places: list[str]
) -> None:
    with pytest.raises(RuleError) as refused:
        TagDefinition.from_json(source)
    assert sorted(str(problem.node) for problem in refused.value.problems) == places
    for problem in refused.value.problems:
        assert message_of(problem)["zh"]
