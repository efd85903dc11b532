"""Goals at the purchase: convert who looks, rescue who was about to buy, sell more often."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Problem, RuleError
from core.messages import say
from core.rules.makings import Bands, Formula
from core.schema import Catalogue, Measurement
from core.tags.goals.plan import (
    Goal,
    Plan,
    compares,
    days,
    has,
    refuse_same,
    tag,
    timing,
    value_name,
    who,
    with_glossary,
)
from core.tags.templates.proposals import (
    PURCHASES,
    Given,
    Proposal,
    Slot,
    did,
    group,
    last_of_journey,
    likely_event,
    not_since,
    refuse_disorder,
    rule,
)

_VIEWS = ("view_item", "view_product", "view", "browse", "detail", "浏览", "查看")
_INTENTS = ("cart", "addtocart", "checkout", "submit_order", "favourite", "favorite", "wish", "consult",
            "chat", "加购", "提交订单", "收藏", "咨询")  # fmt: skip


_PACES = ("early", "due", "late", "lost")


def _conversion_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    return (
        Slot("view", "event", say("slot_view"), likely_event(catalogue, _VIEWS), events),
        Slot("purchase", "event", say("slot_purchase"), last_of_journey(catalogue, PURCHASES), events),
        days("look_days", 7),
        Slot("often", "whole", say("slot_often"), 3, low=2, high=1000),
    )


def _conversion(catalogue: Catalogue, given: Given) -> Plan:  # noqa: ARG001 - as for all goals
    refuse_same(given, "view", "purchase")
    view, buy = str(given["view"]), str(given["purchase"])
    window, often = int(given["look_days"]), int(given["often"])
    values = (
        ("bought", rule(did(buy, days=window))),
        ("looks_often", rule(did(view, days=window, at_least=often))),
        ("looks_sometimes", rule(did(view, days=window))),
    )
    return Plan(
        tags=(timing("browse_intent", values, "looks_not", days=window, often=often),),
        audiences=(
            who("looks_often", has("browse_intent", "looks_often")),
            who("looks_sometimes", has("browse_intent", "looks_sometimes")),
        ),
    )


def _rescue_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    purchase = last_of_journey(catalogue, PURCHASES)
    likely = [event for event in (likely_event(catalogue, [word]) for word in _INTENTS) if event]
    intents = [event for event in dict.fromkeys(likely) if event != purchase]
    return (
        Slot("intents", "events", say("slot_intents"), intents, events),
        Slot("purchase", "event", say("slot_purchase"), purchase, events),
        days("hot_days", 3),
        days("warm_days", 14),
        days("cold_days", 30),
    )


def _rescue(catalogue: Catalogue, given: Given) -> Plan:  # noqa: ARG001 - as for all goals
    buy, intents = str(given["purchase"]), [str(event) for event in given["intents"]]
    refuse_disorder(given, ("hot_days", "warm_days", "cold_days"))
    if buy in intents:
        raise RuleError(Problem("goal_purchase_is_intent", "intents"))
    spans = [(value, int(given[f"{value}_days"])) for value in ("hot", "warm", "cold")]
    values = [
        (value, rule(group("any", *(did(event, days=span) for event in intents)), not_since(buy, *intents)))
        for value, span in spans
    ]
    spans_told = {f"{value}_days": span for value, span in spans}
    return Plan(
        tags=(timing("rescue_timing", values, "no_intent", **spans_told),),
        audiences=tuple(who(value, has("rescue_timing", value)) for value, _ in spans),
    )


def _frequency_slots(catalogue: Catalogue) -> Sequence[Slot]:
    purchase = last_of_journey(catalogue, PURCHASES)
    return (
        Slot("purchase", "event", say("slot_purchase"), purchase, tuple(catalogue.events)),
        Slot("due_percent", "whole", say("slot_due_percent"), 80, low=1, high=10_000),
        Slot("late_percent", "whole", say("slot_late_percent"), 150, low=1, high=10_000),
        Slot("lost_percent", "whole", say("slot_lost_percent"), 300, low=1, high=10_000),
        days("once_days", 30),
    )


def _frequency(catalogue: Catalogue, given: Given) -> Plan:
    buy = str(given["purchase"])
    marks = ("due_percent", "late_percent", "lost_percent")
    refuse_disorder(given, marks)
    percents = {mark: int(given[mark]) for mark in marks}
    label, once = catalogue.events[buy].label, int(given["once_days"])
    # The mean gap of n purchases is the time from the first to the last by n - 1. Division by zero gives no
    # value: who bought once, or always on one day, has no gap, and no pace.
    gap = Formula(text="(first_order_days - last_order_days) / (orders_ever - 1)")
    bands = Bands(
        of="repurchase_pace",
        edges=tuple(float(percent) for percent in percents.values()),
        labels=tuple(map(value_name, _PACES)),
    )
    return Plan(
        tags=(
            tag("orders_ever", Measurement(event=buy, measure="count"), label, "次"),
            tag("first_order_days", Measurement(event=buy, measure="days_since_first"), label, "天"),
            tag("last_order_days", Measurement(event=buy, measure="days_since_last"), label, "天"),
            _of_pace("purchase_gap", gap, "天"),
            _of_pace("repurchase_pace", Formula(text="last_order_days / purchase_gap * 100"), "%"),
            Proposal(
                "repurchase_timing", say("repurchase_timing_label"),
                with_glossary(say("repurchase_timing_definition", **percents), _PACES), "journey",
                "behaviour", bands,
            ),
        ),
        audiences=(
            who("due", has("repurchase_timing", "due"), **percents),
            who("late", has("repurchase_timing", "late"), **percents),
            who("lost", has("repurchase_timing", "lost"), **percents),
            who(
                "once", compares("orders_ever", "eq", 1), compares("last_order_days", "gte", once), days=once
            ),
        ),
    )  # fmt: skip


def _of_pace(key: str, making: Formula, unit: str) -> Proposal:
    return Proposal(key, say(f"{key}_label"), say(f"{key}_definition"), "journey", "behaviour", making, unit)


CONVERSION = Goal("conversion", _conversion_slots, _conversion)
RESCUE = Goal("rescue", _rescue_slots, _rescue)
FREQUENCY = Goal("frequency", _frequency_slots, _frequency)
