"""Tags of every making for the random marketplaces, made of each other too, with values that occur elsewhere as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from core.rules.making_check import gives
from core.rules.making_text import parse_making
from core.rules.makings import Given, GivenValues
from core.schema import Catalogue, Label, Making, Measurement, TagSpec, TagType, Validity

_L = Label(zh="名", en="name")
GIVEN = {"noted": TagType.ENUM, "scored": TagType.NUMBER, "marked": TagType.MULTI, "promised": TagType.DATE}
GIVEN_DAYS = (date(2018, 6, 30), date(2019, 3, 9), date(2019, 3, 10), date(2019, 7, 14), date(2020, 3, 1))


def _rule(
    *children: dict[str, Any], exclude: dict[str, Any] | None = None, match: str = "all"
) -> dict[str, Any]:
    def root(name: str, nodes: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        numbered = [{"id": f"{name}{place}", **node} for place, node in enumerate(nodes)]
        return {"kind": "group", "id": name, "match": match, "children": numbered}

    return {
        "version": 1,
        "include": root("i", children),
        "exclude": None if exclude is None else root("x", (exclude,)),
    }


_BOUGHT = {"kind": "event", "event": "buy", "measure": "count", "op": "gte", "value": 1}
_LATELY = {**_BOUGHT, "window": {"last": 30, "unit": "day"}}
_RICH = {"kind": "tag", "tag": "points", "op": "gt", "value": 1}
_IN_BEIJING = {"kind": "tag", "tag": "city", "op": "is", "value": "北京"}
_TOP = {"kind": "rank", "tag": "spent", "top": {"n": 3}}

MAKINGS: Mapping[str, dict[str, Any]] = {
    "stage": {
        "kind": "rules",
        "values": [
            {"value": "北京", "rule": _rule(_LATELY, {**_RICH, "not": True})},
            {"value": "上海", "rule": _rule(_RICH, _IN_BEIJING, match="any", exclude=_LATELY)},
            {"value": "beijing", "rule": _rule(_TOP)},
            {"value": "北京", "rule": _rule(_BOUGHT)},
        ],
        "otherwise": "Beijing",
    },
    "city_again": {
        "kind": "rules",
        "values": [{"value": "上海", "rule": _rule({"kind": "tag", "tag": "stage", "op": "is", "value": "北京"})}],
    },
    "groups": {
        "kind": "rules",
        "keep": "all",
        "values": [
            {"value": "b", "rule": _rule(_BOUGHT)},
            {"value": "a", "rule": _rule(_RICH)},
            {"value": "b", "rule": _rule(_IN_BEIJING)},
            {"value": "职场", "rule": _rule({"kind": "tag", "tag": "tier", "op": "is_not", "value": "beijing"})},
        ],
    },
    "groups_or_none": {
        "kind": "rules", "keep": "all", "otherwise": "c", "values": [{"value": "A", "rule": _rule(_LATELY)}],
    },
    "level": {"kind": "bands", "of": "spent", "edges": [0.0, 1.0, 3000.0], "labels": ["上海", None, "北京", "Beijing"]},
    "born_in": {
        "kind": "bands", "of": "born", "edges": ["2000-02-29", "2019-07-14"], "labels": ["北京", "上海", "北京"],
    },
    "tier": {"kind": "quantiles", "of": "points", "labels": ["上海", "beijing", "北京"]},
    "lately": {"kind": "quantiles", "of": "bought", "labels": ["Beijing", "北京"]},
    "favourite": {
        "kind": "preference", "event": "buy", "of": "category", "window": {"last": 12, "unit": "month"},
        "where": [{"property": "gift", "op": "not_set"}],
    },
    "favourite_topic": {"kind": "preference", "event": "buy", "of": "topics", "weigh": "amount", "at_least": 2},
    "topic_share": {"kind": "preference", "event": "buy", "of": "topics", "gives": "share", "share_at_least": 0.4},
    "spend_share": {"kind": "preference", "event": "buy", "of": "category", "weigh": "amount", "gives": "share"},
    "since_buy": {"kind": "statistic", "event": "buy", "measure": "days_since_last", "missing": -1.0},
    "since_visit": {"kind": "statistic", "event": "visit", "measure": "days_since_first"},
    "buyers_buys": {"kind": "statistic", "event": "buy", "measure": "count", "only_with": True},
    "net": {"kind": "formula", "text": "spent - if(is_missing(points), 0, points * 2) + gifts % 2"},
    "ratio": {"kind": "formula", "text": "spent / points"},
    "age": {"kind": "formula", "text": "years_since(born) + months_since(bought) / 12"},
    "due": {"kind": "formula", "text": "max(add_days(seen, points), bought)"},
    "label": {"kind": "formula", "text": "if(has(interests, 'a', '职场') or contains(title, 'GROWTH'), city, \"上海\")"},
    "is_big": {"kind": "formula", "text": "not vip and length(interests) >= 2 or in(stage, '北京', 'beijing')"},
    "hour": {"kind": "preference", "event": "visit", "at_least": 2, "window": {"last": 800, "unit": "hour"}},
}  # fmt: skip


def with_made_tags(catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with a tag of every making, of validities, and one that stands still."""
    specs: dict[str, TagSpec] = dict(catalogue.tags)

    def add(key: str, making: Making, **fields: Any) -> None:
        found = gives(making, catalogue)
        specs[key] = TagSpec(key=key, type=found.type, label=_L, computed=making, **fields)

    for key, source in MAKINGS.items():
        add(key, parse_making(source))
    for key, kind in GIVEN.items():
        add(key, Given(type=kind).bound_to(GivenValues(key, _nobody_told)))
    buys = Measurement(event="buy", measure="count")
    add("fresh", buys, validity=Validity(n=2, unit="month", since="seen"))
    add("fresh_groups", parse_making(MAKINGS["groups"]), validity=Validity(n=60, unit="day", since="bought"))
    add("fresh_stage", parse_making(MAKINGS["stage"]), validity=Validity(n=9, unit="week", since="promised"))
    add("stale", Given(type=TagType.ENUM).bound_to(GivenValues("noted", _nobody_told)),
        validity=Validity(n=5, unit="day", day=date(2019, 3, 8)))  # fmt: skip
    add("still", buys, stands_at=date(2019, 3, 10))
    add("still_stage", parse_making(MAKINGS["stage"]), stands_at=date(2019, 3, 10))
    return catalogue.model_copy(update={"tags": specs})


def with_given_values(catalogue: Catalogue, frames: Mapping[str, pl.DataFrame]) -> Catalogue:
    """Return the catalogue with its given values read from these frames."""

    def bound(spec: TagSpec) -> TagSpec:
        made = spec.computed
        if not isinstance(made, Given) or made.values is None:
            return spec
        name = made.values.id
        return spec.model_copy(update={"computed": made.bound_to(GivenValues(name, lambda: frames[name]))})

    return catalogue.model_copy(update={"tags": {key: bound(spec) for key, spec in catalogue.tags.items()}})


def _nobody_told() -> pl.DataFrame:
    raise AssertionError("the oracle asks its users")


MADE = {
    **dict.fromkeys(("stage", "city_again", "level", "born_in", "tier", "lately", "favourite"), TagType.ENUM),
    **dict.fromkeys(("favourite_topic", "hour", "fresh_stage", "stale", "still_stage"), TagType.ENUM),
    **dict.fromkeys(
        ("topic_share", "spend_share", "fresh", "still", "since_buy", "since_visit", "buyers_buys"),
        TagType.NUMBER,
    ),
    **dict.fromkeys(("groups", "groups_or_none", "fresh_groups"), TagType.MULTI),
    **dict.fromkeys(("net", "ratio", "age"), TagType.NUMBER),
    "due": TagType.DATE,
    "label": TagType.ENUM,
    "is_big": TagType.BOOLEAN,
    **GIVEN,
}
