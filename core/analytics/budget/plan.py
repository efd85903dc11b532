"""What the questions about budget and coupons must be told, as the catalogue suggests it."""

from __future__ import annotations

from dataclasses import replace

from core.analytics.likes import MOST_PREFERENCES, PREFERENCE_TYPES, likely_preferences
from core.messages import say
from core.schema import Catalogue, TagType
from core.tags.templates.proposals import (
    AMOUNTS,
    COSTS,
    PURCHASES,
    SOURCES,
    Given,
    Slot,
    SlotKind,
    filled,
    last_of_journey,
    likely_event,
    likely_property,
    likely_tag,
    properties_of,
    tags_of_types,
)

USUAL_SUM = 50_000
USUAL_DAYS = 90
_MOST_YUAN = 1_000_000_000_000
_TEXTS = (TagType.ENUM, TagType.TEXT)
_GROUPS = (*_TEXTS, TagType.BOOLEAN)
_COUPONS = ("coupon", "voucher", "优惠券", "红包")


def slots(catalogue: Catalogue) -> tuple[Slot, ...]:
    """Return everything that may be told, all of it optional: each question needs only some of it."""
    events, numbers = tuple(catalogue.events), [TagType.NUMBER]
    purchase = last_of_journey(catalogue, PURCHASES)
    claim = likely_event(catalogue, ("claim", "receive", "get", "领"), about=_COUPONS)
    redeem = likely_event(catalogue, ("redeem", "redemption", "use", "核销", "使用"), about=_COUPONS)
    join = likely_event(catalogue, ("join", "attend", "enrol", "参加", "参与", "报名"))
    found = catalogue.events.get
    coupon = likely_property(found(claim or ""), _TEXTS, _COUPONS)
    redeemed = likely_property(found(redeem or ""), _TEXTS, _COUPONS)

    def slot(
        key: str, kind: SlotKind, default: object, allowed: tuple[str, ...] = (), **more: object
    ) -> Slot:
        known = Slot(key, kind, say(f"slot_budget_{key}"), default, allowed, is_optional=True)
        return replace(known, **more)  # type: ignore[arg-type]

    return (
        slot("group", "tag", likely_tag(catalogue, _GROUPS, SOURCES), tags_of_types(catalogue, _GROUPS)),
        slot("whom", "choice", "all", ("all", "new"), is_optional=False),
        slot("cost", "tag", likely_tag(catalogue, numbers, COSTS), tags_of_types(catalogue, numbers)),
        slot("costs", "amounts", None, of="group"),
        slot("purchase", "event", purchase, events),
        slot(
            "amount", "property", likely_property(found(purchase or ""), numbers, AMOUNTS),
            properties_of(catalogue, numbers), of="purchase",
        ),
        slot("days", "whole", USUAL_DAYS, low=1, high=36_500, is_optional=False),
        slot("sum", "whole", USUAL_SUM, low=1, high=_MOST_YUAN, is_optional=False),
        slot("claim", "event", claim, events),
        slot("coupon", "property", coupon, properties_of(catalogue, _TEXTS), of="claim"),
        slot("redeem", "event", redeem if redeemed else None, events),
        slot("redeemed", "property", redeemed, properties_of(catalogue, _TEXTS), of="redeem"),
        slot("register", "event", likely_event(catalogue, ("regist", "sign_up", "注册")), events),
        slot(
            "registered", "tag", likely_tag(catalogue, [TagType.DATE], ("regist", "sign_up", "注册")),
            tags_of_types(catalogue, [TagType.DATE]),
        ),
        slot("join", "event", join, events),
        slot(
            "activity", "property",
            likely_property(found(join or ""), _TEXTS, ("activity", "campaign", "event", "活动")),
            properties_of(catalogue, _TEXTS), of="join",
        ),
        slot(
            "preferences", "tags", likely_preferences(catalogue), tags_of_types(catalogue, PREFERENCE_TYPES),
            high=MOST_PREFERENCES,
        ),
    )  # fmt: skip


def told(catalogue: Catalogue, given: Given | None, *needed: str) -> Given:
    """Return what stands in every slot, where some may not be empty.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, and what is lacking.
    """
    asked = [
        replace(each, is_optional=each.is_optional and each.key not in needed) for each in slots(catalogue)
    ]
    return filled(asked, catalogue, given)
