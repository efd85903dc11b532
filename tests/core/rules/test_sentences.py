"""Sentences: what an operator reads, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from core.rules.describe import describe, describe_node
from core.rules.parse import parse_rule
from tests.core.rules.golden import cases, catalogue

CATALOGUE = catalogue()
BEIJING = {"kind": "tag", "id": "a", "tag": "city", "op": "is", "value": "北京"}
RICH = {"kind": "tag", "id": "b", "tag": "gmv", "op": "gt", "value": 3000}
VIP = {"kind": "tag", "id": "c", "tag": "vip", "op": "is_true"}
LOGIN = {"kind": "event", "id": "d", "event": "login", "measure": "count", "op": "gte", "value": 1,
         "window": {"last": 30, "unit": "day"}}  # fmt: skip


def group(*children: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"kind": "group", "id": "g", "match": "all", "children": list(children), **fields}


def said(include: dict[str, Any], **rule: Any) -> tuple[str, str]:
    text = describe(parse_rule({"include": include, **rule}), CATALOGUE)
    return text["zh"], text["en"]


def test_the_acceptance_case_reads_as_an_operator_would_say_it() -> None:
    (case,) = [c for c in cases() if c.name == "groups: the five conditions of the acceptance case"]
    assert describe(parse_rule(case.rule), CATALOGUE) == {
        "zh": "城市是「北京」，且职位包含「互联网、增长、流量、运营、产品」任一，且总交易额大于 3,000 元，"
        "且近 30 天登录过，且近 60 天购买过",
        "en": "City is “北京”, and title contains any of “互联网”, “增长”, “流量”, “运营”, “产品”, "
        "and GMV is over 3,000 元, and did “login” at least once in the last 30 days, "
        "and did “purchase” at least once in the last 60 days",
    }


def test_nested_groups_are_bracketed() -> None:
    inner = group(RICH, VIP, id="h", match="any")
    assert said(group(BEIJING, inner)) == (
        "城市是「北京」，且（总交易额大于 3,000 元，或 VIP 为「是」）",
        "City is “北京”, and (GMV is over 3,000 元, or VIP is true)",
    )


def test_a_label_names_its_group() -> None:
    inner = group(RICH, VIP, id="h", match="any", label="高价值")
    assert (
        said(group(BEIJING, inner))[0]
        == "城市是「北京」，且「高价值」（总交易额大于 3,000 元，或 VIP 为「是」）"
    )


def test_at_least_k_is_counted() -> None:
    assert said(group(BEIJING, RICH, VIP, match="at_least", k=2)) == (
        "至少满足 2 项（城市是「北京」；总交易额大于 3,000 元；VIP 为「是」）",
        "At least 2 of (city is “北京”; GMV is over 3,000 元; VIP is true)",
    )


def test_not_and_muted_are_said() -> None:
    assert said(group({**BEIJING, "not": True}, {**RICH, "muted": True})) == (
        "不满足（城市是「北京」），且总交易额大于 3,000 元（已停用）",
        "Not (city is “北京”), and GMV is over 3,000 元 (muted)",
    )


def test_exclude_and_take_come_last() -> None:
    exclude = group(VIP, {**LOGIN, "value": 0, "op": "eq"}, id="x", match="any")
    assert said(group(BEIJING), exclude=exclude, take={"n": 60, "by": "gmv"}) == (
        "城市是「北京」；排除：VIP 为「是」，或近 30 天没有登录过；取总交易额最高的 60 人",
        "City is “北京”; excluding: VIP is true, or never did “login” in the last 30 days; "
        "then the 60 with the highest GMV",
    )
    assert said(group(BEIJING), take={"share": 0.125, "seed": "july"}) == (
        "城市是「北京」；随机取其中的 12.5%（种子「july」）",
        "City is “北京”; then a random 12.5% of them (seed “july”)",
    )


def test_an_empty_rule_is_everyone_and_a_muted_one_says_so() -> None:
    assert said(group()) == ("全部用户", "Everyone")
    assert said(group(BEIJING, muted=True))[1] == "Everyone (muted: city is “北京”)"


@pytest.mark.parametrize(
    ("fields", "zh", "en"),
    [
        (
            {"measure": "count", "op": "gte", "value": 3},
            "购买次数不少于 3 次",
            "the number of “purchase” events is at least 3",
        ),
        (
            {"measure": "sum", "property": "amount", "op": "gt", "value": 0.5},
            "购买的 amount 合计大于 0.5",
            "the total amount of “purchase” is over 0.5",
        ),
        (
            {"measure": "days", "op": "between", "value": [2, 5]},
            "购买的天数在 2 天 至 5 天 之间（含两端）",
            "the number of days with “purchase” is between 2 and 5 (inclusive)",
        ),
        (
            {"measure": "last_at", "op": "not_in_last", "value": {"n": 1, "unit": "month"}},
            "最近一次购买的日期不在近 1 个月内",
            "the day of the latest “purchase” is not in the last 1 month",
        ),
        (
            {"measure": "count", "op": "gte", "value": 1, "window": {"ago": [60, 30], "unit": "day"}},
            "60 至 30 天前购买过",
            "did “purchase” at least once between 60 and 30 days ago",
        ),
        (
            {
                "measure": "count",
                "op": "gte",
                "value": 1,
                "where": [{"property": "category", "op": "is", "value": "职场"}],
            },
            "购买过（category 是「职场」）",
            "did “purchase” (category is “职场”) at least once",
        ),
    ],
    ids=["count", "sum", "days", "last_at", "ago", "where"],
)
def test_what_somebody_did_is_read_by_its_measure(fields: dict[str, Any], zh: str, en: str) -> None:
    node = {"kind": "event", "id": "e", "event": "purchase", **fields}
    root = parse_rule({"include": group(node)}).include
    assert describe_node(root.children[0], CATALOGUE) == {"zh": zh, "en": en}


def test_long_lists_are_cut_short_with_their_number() -> None:
    values = [f"城市{n}" for n in range(53)]
    zh, en = said(group({**BEIJING, "op": "in", "value": values}))
    assert zh.endswith("城市9」等 53 个值之一")
    assert en.endswith("“城市9” and 43 more")


def test_values_of_personal_tags_are_masked_when_asked() -> None:
    phone = {"kind": "tag", "id": "p", "tag": "phone", "op": "in", "value": ["13800000001"]}
    broken = {"kind": "tag", "id": "q", "tag": "phone", "op": "iz", "value": "13800000002"}
    rule = parse_rule({"include": group(phone, broken, BEIJING)})
    hidden = describe(rule, CATALOGUE, lambda _, kind: f"<{kind}>")
    assert hidden["zh"] == "手机是「<phone>」之一，且手机 iz <phone>，且城市是「北京」"
    assert "1380000" in describe(rule, CATALOGUE)["zh"]


def test_names_that_do_not_exist_are_read_as_they_stand() -> None:
    assert said(group({**BEIJING, "tag": "ctiy"})) == ("ctiy is 北京", "Ctiy is 北京")


def test_a_name_with_capitals_keeps_them_at_the_start() -> None:
    assert said(group({**BEIJING, "tag": "iPhone"}))[1].startswith("iPhone")
