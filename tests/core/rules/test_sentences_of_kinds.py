"""What an operator reads of each kind of condition, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from core.rules.describe import describe_node
from tests.core.rules.golden import catalogue, read

MAY = {"from": "2019-05-01", "to": "2019-05-31"}
LAST_30 = {"last": 30, "unit": "day"}
SAID: list[tuple[dict[str, Any], str, str]] = [
    (
        {"kind": "first_time", "event": "login", "window": LAST_30},
        "近 30 天首次登录",
        "did “login” for the first time in the last 30 days",
    ),
    (
        {"kind": "stopped", "event": "purchase", "active": MAY, "silent": LAST_30},
        "2019-05-01 至 2019-05-31 购买过、近 30 天没有再购买",
        "did “purchase” at least once between 2019-05-01 and 2019-05-31, but not in the last 30 days",
    ),
    (
        {"kind": "resumed", "event": "login", "silent": MAY, "active": LAST_30},
        "以前登录过、2019-05-01 至 2019-05-31 没有、近 30 天又登录",
        "did “login” again in the last 30 days, after doing it before and not between 2019-05-01 and 2019-05-31",
    ),
    (
        {"kind": "regular", "event": "login", "at_least": 1, "per": "week", "in": 3, "of_last": 4},
        "近 4 周里至少 3 周登录过",
        "did “login” in at least 3 weeks of the last 4 weeks",
    ),
    (
        {"kind": "regular", "event": "login", "at_least": 2, "per": "day", "in": 1, "of_last": 7},
        "近 7 天里至少 1 天登录不少于 2 次",
        "did “login” at least 2 times in at least 1 day of the last 7 days",
    ),
    (
        {"kind": "sequence", "steps": [{"event": "login"}, {"event": "purchase", "not": True}]},
        "登录过、此后再没有购买",
        "did “login”, and no “purchase” after that",
    ),
    (
        {
            "kind": "sequence",
            "steps": [{"event": "login"}, {"event": "purchase"}],
            "session_minutes": 1440,
        },
        "同一次会话内（停顿不超过 1,440 分钟）、登录过、之后又购买",
        "in one session (no pause longer than 1,440 min), did “login”, then “purchase”",
    ),
    (
        {
            "kind": "sequence",
            "steps": [{"event": "login"}, {"event": "purchase"}, {"event": "refund", "not": True}],
            "session_minutes": 30,
            "any_order": True,
        },
        "同一次会话内（停顿不超过 30 分钟）、登录过、也购买过、没有退款、不分先后",
        "in one session (no pause longer than 30 min), did “login”, and “purchase”, and no “refund”, in whatever order",
    ),
    (
        {
            "kind": "sequence",
            "steps": [
                {"event": "purchase"},
                {"event": "refund", "not": True},
                {"event": "purchase", "within": {"n": 7, "unit": "day"}},
                {"event": "refund", "not": True, "within": {"n": 1, "unit": "day"}},
            ],
            "same": "category",
            "window": LAST_30,
            "open": "include",
        },
        "近 30 天购买过、其间没有退款、之后 7 天内购买、此后 1 天内没有退款、每一步的 category 相同、时限未到的也算",
        "did “purchase” in the last 30 days, with no “refund” in between, then “purchase” within 7 days, "
        "and no “refund” within 1 day after that, all with the same category, "
        "also while that time has not run out",
    ),
    (
        {
            "kind": "event",
            "event": "login",
            "measure": "days",
            "op": "gte",
            "value": 3,
            "window": {"since": {"tag": "registered_on"}, "for": {"n": 7, "unit": "day"}},
        },
        "注册日期起 7 天内登录的天数不少于 3 天",
        "the number of days with “login” in the 7 days that begin with registered on is at least 3",
    ),
    (
        {
            "kind": "compare",
            "left": {"event": "purchase", "measure": "sum", "property": "amount", "window": LAST_30},
            "op": "gt",
            "right": {"event": "purchase", "measure": "sum", "property": "amount", "window": MAY},
            "factor": 1.5,
        },
        "近 30 天购买的 amount 合计大于 2019-05-01 至 2019-05-31 购买的 amount 合计的 1.5 倍",
        "the total amount of “purchase” in the last 30 days is over 1.5 times "
        "the total amount of “purchase” between 2019-05-01 and 2019-05-31",
    ),
    (
        {"kind": "bucket", "seed": "july", "from": 0, "to": 4999},
        "分桶（种子「july」）在 0 至 4,999（共 10,000 桶）",
        "falls in buckets 0 to 4,999 of 10,000 (seed “july”)",
    ),
    (
        {"kind": "rank", "tag": "gmv", "top": {"n": 1000}},
        "属于总交易额最高的 1,000 人",
        "is among the 1,000 with the highest GMV",
    ),
    (
        {"kind": "rank", "tag": "registered_on", "bottom": {"share": 0.125}, "within": "city"},
        "属于同一城市里注册日期最早的 12.5%",
        "is among the 12.5% with the earliest registered on within the same city",
    ),
    ({"kind": "audience", "audience": "a1", "in": True}, "在人群「高价值」中", "is in the audience “高价值”"),
    (
        {"kind": "audience", "audience": "没有的", "in": False},
        "不在人群「没有的」中",
        "is not in the audience “没有的”",
    ),
    (
        {"kind": "audience", "audience": "a1", "in": True, "snapshot": "s1"},
        "在人群「高价值」2019-06-30 的快照中",
        "is in the snapshot of 2019-06-30 of the audience “高价值”",
    ),
    (
        {"kind": "audience", "audience": "高价值", "in": False, "snapshot": "gone"},
        "不在人群「高价值」gone 的快照中",
        "is not in the snapshot of gone of the audience “高价值”",
    ),
    (
        {"kind": "list", "list": "闭门会邀请", "in": True},
        "在名单「闭门会邀请」上",
        "is on the list “闭门会邀请”",
    ),
    (
        {"kind": "list", "list": "没有的", "in": False},
        "不在名单「没有的」上",
        "is not on the list “没有的”",
    ),
]


@pytest.mark.parametrize(
    ("node", "zh", "en"), SAID, ids=lambda told: told.get("kind") if isinstance(told, dict) else ""
)
def test_a_condition_is_read_as_an_operator_would_say_it(node: dict[str, Any], zh: str, en: str) -> None:
    root = {"kind": "group", "id": "g", "match": "all", "children": [{"id": "c", **node}]}
    parsed = read({"include": root}).include.children[0]
    assert describe_node(parsed, catalogue()) == {"zh": zh, "en": en}
