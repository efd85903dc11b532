"""Goals before the first purchase: acquire at less cost, activate who came, be clicked."""

from __future__ import annotations

from collections.abc import Sequence

from core.messages import say
from core.schema import Catalogue, Measurement, TagType
from core.tags.goals.plan import Goal, Plan, compares, days, has, refuse_same, tag, timing, who
from core.tags.templates.proposals import (
    PURCHASES,
    REFUNDS,
    VISITS,
    Given,
    Slot,
    did,
    did_not,
    has_word,
    last_of_journey,
    likely_event,
    rule,
    tags_of_type,
)

_REGISTERED = ("regist", "sign", "join", "member_since", "created", "注册", "加入")
_MESSAGES = ("message", "msg", "push", "webpush", "sms", "mail", "email", "edm", "notif",
             "消息", "推送", "短信", "邮件")  # fmt: skip
_DELIVERED = ("deliver", "receive", "sent", "send", "push", "送达", "收到", "推送", "发送")
_CLICKED = ("click", "open", "点击", "打开")


def _acquisition_slots(catalogue: Catalogue) -> Sequence[Slot]:
    purchase = last_of_journey(catalogue, PURCHASES)
    return (
        Slot("purchase", "event", say("slot_purchase"), purchase, tuple(catalogue.events)),
        Slot("loyal_orders", "whole", say("slot_loyal_orders"), 2, low=2, high=1000),
        days("fresh_days", 60),
        Slot(
            "refund", "event", say("slot_refund"), likely_event(catalogue, REFUNDS), tuple(catalogue.events),
            is_optional=True,
        ),
    )  # fmt: skip


def _acquisition(catalogue: Catalogue, given: Given) -> Plan:
    buy, orders, fresh = str(given["purchase"]), int(given["loyal_orders"]), int(given["fresh_days"])
    happy = [did(buy, at_least=orders), did(buy, days=fresh)]
    if given["refund"]:
        refuse_same(given, "purchase", "refund")
        happy.append(did_not(str(given["refund"]), days=fresh))
    values = (("refer_now", rule(*happy)), ("refer_later", rule(did(buy))))
    label = catalogue.events[buy].label
    return Plan(
        tags=(
            tag("orders_ever", Measurement(event=buy, measure="count"), label, "次"),
            timing("referral_timing", values, "refer_never", orders=orders, days=fresh),
        ),
        audiences=(
            who("referrers", has("referral_timing", "refer_now"), days=fresh),
            who("seeds", compares("orders_ever", "gte", orders)),
            who("not_to_pay_for", compares("orders_ever", "gte", 1)),
        ),
    )


def _activation_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events, dates = tuple(catalogue.events), tags_of_type(catalogue, TagType.DATE)
    named = [
        key for word in _REGISTERED for key in dates if has_word(key, catalogue.tags[key].label, word)
    ]  # fmt: skip
    steps = [step.events for _, step in catalogue.journey_steps() if step.events]
    visit = likely_event(catalogue, VISITS)
    return (
        Slot("registered", "tag", say("slot_registered"), next(iter(named), None), dates),
        Slot("action", "events", say("slot_action"), list(steps[0]) if steps else [], events),
        Slot("visit", "event", say("slot_visit"), visit, events, is_optional=True),
        days("new_days", 7),
        days("visit_days", 30),
    )


def _activation(catalogue: Catalogue, given: Given) -> Plan:  # noqa: ARG001 - as for all goals
    registered, new = str(given["registered"]), int(given["new_days"])
    acted = rule(*(did(str(event)) for event in given["action"]), match="any")
    values = [
        ("unregistered", rule(compares(registered, "not_set"))),
        ("activated", acted),
        ("activate_now", rule(compares(registered, "in_last", {"n": new, "unit": "day"}))),
    ]
    audiences = [
        who("activate_now", has("activation_timing", "activate_now"), days=new),
        who("activate_late", has("activation_timing", "activate_late"), days=new),
    ]
    if given["visit"]:
        # Guests are people whose visits are known although they never registered.
        span = int(given["visit_days"])
        came = did(str(given["visit"]), days=span)
        audiences.append(who("to_register", has("activation_timing", "unregistered"), came, days=span))
    return Plan(
        tags=(timing("activation_timing", values, "activate_late", days=new),), audiences=tuple(audiences)
    )


def _clicks_slots(catalogue: Catalogue) -> Sequence[Slot]:
    events = tuple(catalogue.events)
    delivered, clicked = (
        likely_event(catalogue, words, about=_MESSAGES) for words in (_DELIVERED, _CLICKED)
    )  # fmt: skip
    return (
        Slot("delivered", "event", say("slot_delivered"), delivered, events),
        Slot("clicked", "event", say("slot_clicked"), clicked, events),
        Slot("often", "whole", say("slot_often"), 3, low=2, high=1000),
        Slot("deaf_from", "whole", say("slot_deaf_from"), 3, low=2, high=1000),
        days("click_days", 90),
    )


def _clicks(catalogue: Catalogue, given: Given) -> Plan:  # noqa: ARG001 - as for all goals
    refuse_same(given, "delivered", "clicked")
    delivered, clicked = str(given["delivered"]), str(given["clicked"])
    often, deaf, window = int(given["often"]), int(given["deaf_from"]), int(given["click_days"])
    values = (
        ("clicks_often", rule(did(clicked, days=window, at_least=often))),
        ("clicks_sometimes", rule(did(clicked, days=window))),
        ("clicks_never", rule(did(delivered, days=window, at_least=deaf))),
        ("clicks_unknown", rule(did(delivered, days=window))),
    )
    return Plan(
        tags=(timing("click_habit", values, "not_reached", often=often, deaf=deaf, days=window),),
        audiences=(
            who("clickers", has("click_habit", "clicks_often")),
            who("deaf", has("click_habit", "clicks_never"), deaf=deaf),
        ),
    )


ACQUISITION = Goal("acquisition", _acquisition_slots, _acquisition)
ACTIVATION = Goal("activation", _activation_slots, _activation)
CLICKS = Goal("clicks", _clicks_slots, _clicks)
