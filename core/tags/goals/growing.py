"""Goals before the first purchase: acquire at less cost, activate who came, be clicked."""

from __future__ import annotations

from collections.abc import Sequence

from core.messages import say
from core.schema import Catalogue, Measurement, TagType
from core.tags.goals.plan import Goal, Plan, compares, days, has, tag, timing, who
from core.tags.templates.proposals import (
    PURCHASES,
    VISITS,
    Given,
    Slot,
    did,
    did_not,
    last_of_journey,
    likely_event,
    rule,
    tags_of_type,
)

_REGISTERED = ("regist", "sign", "join", "created", "注册", "加入")
_DELIVERED = ("deliver", "push", "sent", "send", "送达", "推送")
_CLICKED = ("message_click", "click", "open", "点击")


def _acquisition_slots(catalogue: Catalogue) -> Sequence[Slot]:
    purchase = last_of_journey(catalogue, PURCHASES)
    return (
        Slot("purchase", "event", say("slot_purchase"), purchase, tuple(catalogue.events)),
        Slot("loyal_orders", "whole", say("slot_loyal_orders"), 2, low=2, high=1000),
        days("fresh_days", 60),
    )


def _acquisition(given: Given) -> Plan:
    buy, orders, fresh = str(given["purchase"]), int(given["loyal_orders"]), int(given["fresh_days"])
    values = (
        ("refer_now", rule(did(buy, at_least=orders), did(buy, days=fresh))),
        ("refer_later", rule(did(buy))),
    )
    return Plan(
        tags=(
            tag("orders_ever", Measurement(event=buy, measure="count"), "次"),
            timing("referral_timing", values, "refer_never", orders=orders, days=fresh),
        ),
        audiences=(
            who("referrers", has("referral_timing", "refer_now")),
            who("seeds", compares("orders_ever", "gte", orders)),
            who("not_to_pay_for", compares("orders_ever", "gte", 1)),
        ),
    )


def _activation_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events, dates = tuple(catalogue.events), tags_of_type(catalogue, TagType.DATE)
    named = [
        key
        for word in _REGISTERED
        for key in dates
        if word in key.lower() or word in catalogue.tags[key].label.zh
    ]
    steps = [step.events for _, step in catalogue.journey_steps() if step.events]
    visit = likely_event(catalogue, VISITS)
    return (
        Slot("registered", "tag", say("slot_registered"), next(iter(named), None), dates),
        Slot("action", "events", say("slot_action"), list(steps[0]) if steps else [], events),
        Slot("visit", "event", say("slot_visit"), visit, events, is_optional=True),
        days("new_days", 7),
    )


def _activation(given: Given) -> Plan:
    registered, new = str(given["registered"]), int(given["new_days"])
    acted = rule(*(did(str(event)) for event in given["action"]), match="any")
    values = [
        ("activated", acted),
        ("activate_now", rule(compares(registered, "in_last", {"n": new, "unit": "day"}))),
        ("activate_late", rule(compares(registered, "is_set"))),
    ]
    audiences = [
        who("activate_now", has("activation_timing", "activate_now")),
        who("activate_late", has("activation_timing", "activate_late")),
    ]
    if given["visit"]:
        # Guests are people whose visits are known although they never registered.
        came = did(str(given["visit"]), days=30)
        audiences.append(who("to_register", compares(registered, "not_set"), came))
    return Plan(
        tags=(timing("activation_timing", values, "unregistered", days=new),), audiences=tuple(audiences)
    )


def _clicks_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    return (
        Slot("delivered", "event", say("slot_delivered"), likely_event(catalogue, _DELIVERED), events),
        Slot("clicked", "event", say("slot_clicked"), likely_event(catalogue, _CLICKED), events),
        Slot("often", "whole", say("slot_often"), 3, low=2, high=1000),
        days("click_days", 90),
    )


def _clicks(given: Given) -> Plan:
    delivered, clicked = str(given["delivered"]), str(given["clicked"])
    often, window = int(given["often"]), int(given["click_days"])
    values = (
        ("clicks_often", rule(did(clicked, days=window, at_least=often))),
        ("clicks_sometimes", rule(did(clicked, days=window))),
        ("clicks_never", rule(did(delivered, days=window), did_not(clicked, days=window))),
    )
    return Plan(
        tags=(timing("click_habit", values, "not_reached", often=often, days=window),),
        audiences=(
            who("clickers", has("click_habit", "clicks_often")),
            who("deaf", has("click_habit", "clicks_never")),
        ),
    )


ACQUISITION = Goal("acquisition", _acquisition_slots, _acquisition)
ACTIVATION = Goal("activation", _activation_slots, _activation)
CLICKS = Goal("clicks", _clicks_slots, _clicks)
