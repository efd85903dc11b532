"""Fifty tags of all sorts, each as a making and as the SQL that anybody would write for it.

The queries give ``user_no, v``, one row per user with a value. Later tags are made of earlier ones: their
queries read the tables ``t_<key>`` of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

AS_OF = "2019-07-14"
_EVERYBODY = {"kind": "group", "id": "g", "match": "all", "children": []}


@dataclass(frozen=True)
class Both:
    """One tag: what it is called, how it is made, and the query that gives the same."""

    key: str
    making: dict[str, Any]
    sql: str


def _window(days: int | None) -> tuple[dict[str, Any] | None, str]:
    if days is None:
        return None, f"day <= DATE '{AS_OF}'"
    return {"last": days, "unit": "day"}, f"day BETWEEN DATE '{AS_OF}' - {days - 1} AND DATE '{AS_OF}'"


def _statistic(
    key: str, event: str, measure: str, sql: str, *, prop: str | None = None, days: int | None = None,
    where: tuple[dict[str, Any], str] | None = None,
) -> Both:  # fmt: skip
    window, when = _window(days)
    making: dict[str, Any] = {"kind": "statistic", "event": event, "measure": measure, "only_with": True}
    if prop is not None:
        making["property"] = prop
    if window is not None:
        making["window"] = window
    if where is not None:
        making["where"] = [where[0]]
        when = f"{when} AND {where[1]}"
    return Both(key, making, f'SELECT user_no, {sql} AS v FROM "{event}" WHERE {when} GROUP BY user_no')


def _bands(of: str, edges: list[float]) -> Both:
    labels = [f"b{place}" for place in range(len(edges) + 1)]
    cases = " ".join(f"WHEN v < {edge} THEN '{label}'" for edge, label in zip(edges, labels, strict=False))
    return Both(
        f"{of}_band",
        {"kind": "bands", "of": of, "edges": edges, "labels": labels},
        f"SELECT user_no, CASE {cases} ELSE '{labels[-1]}' END AS v FROM t_{of} WHERE v IS NOT NULL",
    )


def _quarters(of: str) -> Both:
    labels = ["q1", "q2", "q3", "q4"]
    return Both(
        f"{of}_quarter",
        {"kind": "quantiles", "of": of, "labels": labels},
        f"WITH e AS (SELECT quantile_disc(v, [0.25, 0.5, 0.75]) AS q FROM t_{of}) SELECT user_no, CASE"
        f" WHEN v <= q[1] THEN 'q1' WHEN v <= q[2] THEN 'q2' WHEN v <= q[3] THEN 'q3' ELSE 'q4' END AS v"
        f" FROM t_{of}, e WHERE v IS NOT NULL",
    )


def _ratio(key: str, one: str, sign: str, other: str) -> Both:
    return Both(
        key,
        {"kind": "formula", "text": f"{one} {sign} {other}"},
        f"SELECT user_no, a.v {sign} b.v AS v FROM t_{one} a JOIN t_{other} b USING (user_no)",
    )


def _preference(
    key: str, event: str, of: str | None, *, weigh: bool, days: int | None, at_least: int
) -> Both:
    window, when = _window(days)
    making: dict[str, Any] = {"kind": "preference", "event": event, "at_least": at_least}
    if of is not None:
        making["of"] = of
    if weigh:
        making["weigh"] = "amount"
    if window is not None:
        making["window"] = window
    value = f'"prop:{of}"' if of else "strftime(timezone('Asia/Shanghai', \"at\"), '%H:00')"
    weight = 'sum("prop:amount")' if weigh else "count(*)"
    positive = " HAVING max(total) > 0" if weigh else ""
    return Both(
        key,
        making,
        f"WITH n AS (SELECT user_no, {value} AS value, {weight} AS w, count(*) AS c FROM \"{event}\""
        f" WHERE {when} AND {value} IS NOT NULL GROUP BY ALL),"
        f" t AS (SELECT *, sum(c) OVER (PARTITION BY user_no) AS evidence, sum(w) OVER (PARTITION BY user_no)"
        f" AS total FROM n) SELECT user_no, arg_max(value, (w, -rank)) AS v FROM (SELECT *, dense_rank() OVER"
        f" (ORDER BY value) AS rank FROM t WHERE evidence >= {at_least}) GROUP BY user_no{positive}",
    )  # fmt: skip


def _rule(*conditions: dict[str, Any]) -> dict[str, Any]:
    children = [{"id": f"c{place}", **each} for place, each in enumerate(conditions)]
    return {"include": {**_EVERYBODY, "children": children}}


def _over(tag: str, number: float) -> dict[str, Any]:
    return {"kind": "tag", "tag": tag, "op": "gte", "value": number}


def _rules(key: str, of: tuple[str, str], values: list[tuple[str, float, float]], otherwise: str) -> Both:
    one, other = of
    making = {
        "kind": "rules",
        "values": [{"value": name, "rule": _rule(_over(one, a), _over(other, b))} for name, a, b in values],
        "otherwise": otherwise,
    }
    cases = " ".join(f"WHEN a.v >= {a} AND b.v >= {b} THEN '{name}'" for name, a, b in values)
    return Both(
        key, making,
        f"SELECT u.user_no, CASE {cases} ELSE '{otherwise}' END AS v FROM users u"
        f" LEFT JOIN t_{one} a USING (user_no) LEFT JOIN t_{other} b USING (user_no)"
        f" WHERE u.exists_from IS NULL OR u.exists_from <= DATE '{AS_OF}'",
    )  # fmt: skip


def fifty() -> list[Both]:
    """Return the tags, those first of which others are made."""
    amount, wechat = '"prop:amount"', ({"property": "payment_method", "op": "is", "value": "微信支付"},)
    paid = (wechat[0], "\"prop:payment_method\" = '微信支付'")
    return [
        *(
            _statistic(f"logins_{days or 'ever'}", "login", "count", "count(*)", days=days)
            for days in (None, 30, 90, 365)
        ),
        *(
            _statistic(f"login_days_{days}", "login", "days", "count(DISTINCT day)", days=days)
            for days in (30, 180)
        ),
        *(
            _statistic(f"orders_{days or 'ever'}", "purchase", "count", "count(*)", days=days)
            for days in (None, 90, 365)
        ),
        *(
            _statistic(
                f"spend_{days or 'ever'}", "purchase", "sum", f"sum({amount})", prop="amount", days=days
            )
            for days in (None, 90, 365)
        ),
        _statistic("average_paid", "purchase", "avg", f"avg({amount})", prop="amount"),
        _statistic("least_paid", "purchase", "min", f"min({amount})", prop="amount"),
        _statistic("most_paid", "purchase", "max", f"max({amount})", prop="amount"),
        _statistic("categories", "purchase", "distinct", 'count(DISTINCT "prop:category")', prop="category"),
        _statistic("wechat_orders", "purchase", "count", "count(*)", where=paid),
        _statistic("wechat_spend", "purchase", "sum", f"sum({amount})", prop="amount", where=paid),
        _statistic("first_order_on", "purchase", "first_at", "min(day)"),
        _statistic("last_login_day", "login", "last_at", "max(day)"),
        _statistic("silent_days", "login", "days_since_last", f"DATE '{AS_OF}' - max(day)"),
        _statistic("days_since_order", "purchase", "days_since_last", f"DATE '{AS_OF}' - max(day)"),
        _statistic("submitted", "submit_order", "count", "count(*)"),
        _statistic("submitted_sum", "submit_order", "sum", f"sum({amount})", prop="amount"),
        _bands("spend_ever", [100, 500, 1000, 3000, 10_000]),
        _bands("spend_365", [500, 1000, 3000]),
        _bands("orders_ever", [2, 3, 5, 10]),
        _bands("logins_90", [2, 5, 20, 60]),
        _bands("silent_days", [8, 31, 91, 181]),
        _bands("days_since_order", [31, 91, 181, 366]),
        _quarters("spend_ever"),
        _quarters("orders_ever"),
        _quarters("days_since_order"),
        _quarters("logins_365"),
        _quarters("average_paid"),
        _quarters("silent_days"),
        _ratio("spend_an_order", "spend_ever", "/", "orders_ever"),
        _ratio("range_paid", "most_paid", "-", "least_paid"),
        _ratio("wechat_share", "wechat_orders", "/", "orders_ever"),
        Both(
            "value_band",
            {"kind": "formula", "text": 'if(spend_ever >= 3000, "high", "low")'},
            "SELECT user_no, CASE WHEN v >= 3000 THEN 'high' ELSE 'low' END AS v FROM t_spend_ever",
        ),
        Both(
            "is_loyal",
            {"kind": "formula", "text": "orders_ever >= 5 and silent_days < 30"},
            "SELECT user_no, a.v >= 5 AND b.v < 30 AS v FROM t_orders_ever a FULL JOIN t_silent_days b"
            " USING (user_no)",
        ),
        _preference("favourite_category", "purchase", "category", weigh=False, days=None, at_least=2),
        _preference("dearest_category", "purchase", "category", weigh=True, days=None, at_least=2),
        _preference("payment", "purchase", "payment_method", weigh=False, days=365, at_least=1),
        _preference("order_channel", "submit_order", "channel", weigh=False, days=None, at_least=1),
        _preference("active_hour", "login", None, weigh=False, days=90, at_least=3),
        _rules("tier", ("spend_ever", "orders_ever"), [("gold", 10_000, 5), ("silver", 3000, 2)], "none"),
        _rules("engagement", ("logins_ever", "submitted"), [("core", 100, 5), ("casual", 10, 1)], "other"),
        _rules("wakeup", ("silent_days", "spend_ever"), [("rescue", 90, 1000), ("remind", 30, 1)], "leave"),
        _rules("loyalty", ("orders_365", "login_days_180"), [("loyal", 3, 30), ("warm", 1, 10)], "cold"),
    ]  # fmt: skip
