"""A small shop with costs, coupons and activities, and the files of the sample for SQL."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.analytics.asking import Asking
from core.analytics.periods import Period
from core.errors import RuleError
from core.messages import message_of
from core.schema import EventSpec, TagSpec, TagType
from tests.core.analytics import paper
from tests.core.analytics.paper import event, tag

SAMPLE = Path(__file__).parents[3] / "sample_data"
AS_OF = date(2019, 7, 14)
JUNE = Period(date(2019, 6, 1), date(2019, 6, 30))
TO_NOW = Period(date(2019, 6, 15), AS_OF)
TAGS = (
    tag("source_channel", TagType.ENUM), tag("cost", TagType.NUMBER), tag("interests", TagType.MULTI),
    tag("registered_on", TagType.DATE), tag("is_vip", TagType.BOOLEAN), tag("title", TagType.TEXT),
)  # fmt: skip
EVENTS = (
    event("register"), event("purchase", amount=TagType.NUMBER), event("coupon_claim", coupon=TagType.ENUM),
    event("coupon_redeem", coupon=TagType.ENUM), event("activity_join", activity=TagType.ENUM),
)  # fmt: skip


def asking(
    users: list[dict[str, Any]], tags: tuple[TagSpec, ...] = TAGS, events: tuple[EventSpec, ...] = EVENTS
) -> Asking:
    return paper.asking(users, AS_OF, tags, events)


def bought(at: str, amount: float | None) -> tuple[str, str, dict[str, Any]]:
    return "purchase", at, {"amount": amount}


def claimed(at: str, coupon: str | None) -> tuple[str, str, dict[str, Any]]:
    return "coupon_claim", at, {"coupon": coupon}


def redeemed(at: str, coupon: str) -> tuple[str, str, dict[str, Any]]:
    return "coupon_redeem", at, {"coupon": coupon}


def joined(at: str, activity: str | None) -> tuple[str, str, dict[str, Any]]:
    return "activity_join", at, {"activity": activity}


def wilson_by_hand(hits: int, size: int) -> tuple[float, float]:
    z, p = 1.959963984540054, hits / size
    middle = (p + z * z / (2 * size)) / (1 + z * z / size)
    reach = z / (1 + z * z / size) * math.sqrt(p * (1 - p) / size + z * z / (4 * size * size))
    return middle - reach, middle + reach


def refused_by(ask: Any, code: str) -> RuleError:
    with pytest.raises(RuleError) as refused:
        ask()
    assert code in [problem.code for problem in refused.value.problems]
    for problem in refused.value.problems:
        assert all(message_of(problem).values())
    return refused.value


def files_of_sample(*names: str) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    for name in names:
        database.execute(
            f"CREATE TABLE {name} AS SELECT * FROM read_csv(?, all_varchar = true)",  # noqa: S608 - ours
            [str(SAMPLE / f"{name}.csv")],
        )
    return database
