"""RFM: how lately, how often and for how much people bought; three scores, and the eight named cells.

Only buyers are scored; equal values get equal scores; people who never bought are a value of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.messages import say
from core.rules.makings import Bands, ByRules, Formula, Quantiles, ValueByRule
from core.schema import Catalogue, Making, Measurement, TagType
from core.tags.templates.proposals import (
    AMOUNTS,
    PURCHASES,
    REFUNDS,
    Given,
    Proposal,
    Slot,
    Template,
    last_of_journey,
    likely_event,
    likely_property,
    properties_of,
    rule,
)

SCORES = ("1", "2", "3", "4", "5")
CELLS = (
    ("champion", "high", "high", "high"),
    ("growing", "high", "low", "high"),
    ("keep", "low", "high", "high"),
    ("win_back", "low", "low", "high"),
    ("plain_value", "high", "high", "low"),
    ("plain_growing", "high", "low", "low"),
    ("plain_keep", "low", "high", "low"),
    ("plain_win_back", "low", "low", "low"),
)
"""The cells 重要价值 重要发展 重要保持 重要挽留 一般价值 一般发展 一般保持 一般挽留 by recency, frequency and
spend; "high" recency is a purchase lately."""


def cell_name(cell: str) -> str:
    """Return the value of a cell."""
    return say(f"rfm_{cell}")["zh"]


def _slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    purchase = last_of_journey(catalogue, PURCHASES)
    refund = likely_event(catalogue, REFUNDS)
    numbers = properties_of(catalogue, [TagType.NUMBER])
    amount = likely_property(catalogue.events.get(purchase or ""), [TagType.NUMBER], AMOUNTS)
    refunded = likely_property(
        catalogue.events.get(refund or ""), [TagType.NUMBER], ["amount", "refund", "金额"]
    )
    return (
        Slot("purchase", "event", say("slot_purchase"), purchase, events),
        Slot("amount", "property", say("slot_amount"), amount, numbers, of="purchase"),
        Slot("refund", "event", say("slot_refund"), refund if refunded else None, events, is_optional=True),
        Slot("refunded", "property", say("slot_refunded"), refunded, numbers, is_optional=True, of="refund"),
        Slot("days", "whole", say("slot_rfm_days"), None, low=1, high=36_500, is_optional=True),
        Slot("method", "choice", say("slot_rfm_method"), "quintiles", ("quintiles", "thresholds")),
        Slot("recency_edges", "edges", say("slot_recency_edges"), [31, 91, 181, 366], edges=4),
        Slot("frequency_edges", "edges", say("slot_frequency_edges"), [2, 3, 5, 10], edges=4),
        Slot("spend_edges", "edges", say("slot_spend_edges"), [500, 1000, 3000, 10_000], edges=4),
        Slot("high_from", "whole", say("slot_high_from"), 4, low=2, high=5),
    )


def _make(catalogue: Catalogue, given: Given) -> Sequence[Proposal]:  # noqa: ARG001 - as for all templates
    window = None if given["days"] is None else {"last": int(given["days"]), "unit": "day"}
    buy = {"event": str(given["purchase"]), "window": window, "only_with": True}
    amount = str(given["amount"])
    # Money that came back is no purchase: it lowers the spend and counts neither as often nor as lately.
    bought: dict[str, Any] = {**buy, "where": ({"property": amount, "op": "gt", "value": 0},)}
    proposals = [
        _proposal("rfm_days", Measurement(**bought, measure="days_since_last"), "rfm_days_definition", "天"),
        _proposal("rfm_orders", Measurement(**bought, measure="count"), "rfm_orders_definition", "次"),
    ]
    spent = Measurement(**buy, measure="sum", property=amount)
    proposals.append(_proposal("rfm_paid", spent, "rfm_paid_definition", "元"))
    # Who never paid anything is no buyer, whatever free orders say: without a purchase there is no spend.
    if given["refund"] and given["refunded"]:
        refund = Measurement(
            event=str(given["refund"]), window=window, measure="sum", property=str(given["refunded"])
        )
        net = Formula(text="if(rfm_orders >= 1, rfm_paid - rfm_refunded, 0)")
        proposals += [
            _proposal("rfm_refunded", refund, "rfm_refunded_definition", "元"),
            _proposal("rfm_spend", net, "rfm_net_definition", "元"),
        ]
    else:
        gross = Formula(text="if(rfm_orders >= 1, rfm_paid, 0)")
        proposals.append(_proposal("rfm_spend", gross, "rfm_spend_definition", "元"))
    # Few days since the last purchase are a high score.
    scored = (
        ("rfm_r", "rfm_days", given["recency_edges"], SCORES[::-1]),
        ("rfm_f", "rfm_orders", given["frequency_edges"], SCORES),
        ("rfm_m", "rfm_spend", given["spend_edges"], SCORES),
    )
    by_quintiles = given["method"] == "quintiles"
    for key, of, edges, labels in scored:
        making: Making = Quantiles(of=of, labels=labels)
        if not by_quintiles:
            making = Bands(of=of, edges=tuple(float(edge) for edge in edges), labels=labels)
        code = "rfm_quintile_definition" if by_quintiles else "rfm_threshold_definition"
        proposals.append(_proposal(key, making, code))
    proposals.append(_cells(int(given["high_from"])))
    return proposals


def _cells(high_from: int) -> Proposal:
    high, low = list(SCORES[high_from - 1 :]), list(SCORES[: high_from - 1])

    def score(tag: str, which: str) -> dict[str, object]:
        return {"kind": "tag", "tag": tag, "op": "in", "value": high if which == "high" else low}

    values = tuple(
        ValueByRule(
            value=cell_name(cell),
            rule=rule(score("rfm_r", recency), score("rfm_f", frequency), score("rfm_m", spend)),
        )
        for cell, recency, frequency, spend in CELLS
    )
    making = ByRules(values=values, otherwise=cell_name("never"))
    return _proposal("rfm_cell", making, "rfm_cell_definition", high=high_from)


def _proposal(
    key: str, making: Making, definition: str, unit: str | None = None, **params: object
) -> Proposal:
    return Proposal(key, say(f"{key}_label"), say(definition, **params), "rfm", "behaviour", making, unit)


RFM = Template("rfm", _slots, _make)
