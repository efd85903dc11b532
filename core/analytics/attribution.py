"""Attribution 归因: which touches before a purchase are credited with it, under several models side by side.

All credits, with those of purchases without a touch, add up to all purchases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from core import clock
from core.analytics.asking import Asking, Figure, did, did_none
from core.analytics.crediting import MODELS, Model, credited, weight_column
from core.analytics.periods import Period
from core.analytics.recorded import days_of_events
from core.analytics.splits import PartKind
from core.analytics.touchpoints import (
    PropertyOf,
    as_values,
    did_with,
    likely_names,
    properties_named,
)
from core.engines.tallies import Deeds
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.tree import Node
from core.schema import AT, USER_NO, Catalogue, TagType, property_column
from core.tags.templates.proposals import (
    AMOUNTS,
    PURCHASES,
    Given,
    Slot,
    filled,
    last_of_journey,
    likely_event,
    likely_property,
    properties_of,
)

TOP = 20
TOUCHES = (
    (
        ("click", "open", "点击", "打开"),
        ("message", "sms", "push", "mail", "ad", "消息", "短信", "邮件", "广告"),
    ),
    (("join", "attend", "参加", "参与"), ()),
)
"""Words of events that touch people, and what these are about: a message clicked, an activity joined."""
KINDS = ("campaign", "activity", "coupon", "channel", "营销活动", "活动", "渠道")


@dataclass(frozen=True)
class Credit:
    """Purchases credited, in parts of a purchase; and their amount, None where there is no amount."""

    orders: float
    revenue: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return both, JSON-ready."""
        return {
            "orders": round(self.orders, 6),
            "revenue": None if self.revenue is None else round(self.revenue, 6),
        }


@dataclass(frozen=True)
class Touch:
    """One value of a touch, and what is credited to it.

    Attributes
    ----------
    of : PropertyOf
        The event that touches, and the property that tells its touches apart.
    sort : {"value", "other", "missing"}
        ``other`` = the values that do not stand by themselves; ``missing`` = touches without a value.
    label : Text
        The value for people.
    people : Figure
        Who had this touch on a day from the lookback before the period to its end, and bought in the period;
        in whatever order, so at least everybody who is credited.
    purchases : int
        Purchases in the period with at least one such touch before them, within the lookback.
    credits : mapping of model to Credit
        By the models of `MODELS`.
    """

    of: PropertyOf
    sort: PartKind
    label: Text
    people: Figure
    purchases: int
    credits: Mapping[Model, Credit]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "touch": self.of.name,
            "sort": self.sort,
            "label": dict(self.label),
            "users": self.people.users,
            "purchases": self.purchases,
            "credits": {model: self.credits[model].as_json() for model in MODELS},
        }


@dataclass(frozen=True)
class Attribution:
    """Who gets the credit for the purchases of a period.

    Attributes
    ----------
    buyers : Figure
        Bought in the period.
    total : Credit
        All their purchases in it.
    touches : tuple of Touch
        By touch, those before most purchases first, then the rest as one, then touches without a value.
    untouched : Figure
        Buyers without any touch from the lookback before the period to its end.
    without_touch : Credit
        Purchases with no touch before them within the lookback, whether or not their buyer has others.
    notes : tuple of Text
        What keeps numbers from meaning what they seem to.
    """

    as_of: date
    period: Period
    lookback_days: int
    buyers: Figure
    total: Credit
    touches: tuple[Touch, ...]
    untouched: Figure
    without_touch: Credit
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "first": self.period.first.isoformat(),
            "last": self.period.last.isoformat(),
            "lookback_days": self.lookback_days,
            "buyers": self.buyers.users,
            "total": self.total.as_json(),
            "touches": [touch.as_json() for touch in self.touches],
            "untouched": self.untouched.users,
            "without_touch": self.without_touch.as_json(),
            "notes": [dict(note) for note in self.notes],
        }


def slots(catalogue: Catalogue) -> Sequence[Slot]:
    """Return what the analysis must be told, with what the catalogue suggests."""
    purchase = last_of_journey(catalogue, PURCHASES)
    amount = likely_property(catalogue.events.get(purchase or ""), [TagType.NUMBER], AMOUNTS)
    numbers = properties_of(catalogue, [TagType.NUMBER])
    likely = _likely_touches(catalogue, purchase)
    return (
        Slot("touches", "choices", say("slot_touches"), likely, tuple(properties_named(catalogue))),
        Slot("purchase", "event", say("slot_purchase"), purchase, tuple(catalogue.events)),
        Slot("amount", "property", say("slot_amount"), amount, numbers, is_optional=True, of="purchase"),
        Slot("lookback_days", "whole", say("slot_lookback_days"), 30, low=1, high=365),
    )


def attribution(asking: Asking, period: Period, given: Given | None = None) -> Attribution:
    """Return what is credited to the touches before the purchases of a period.

    A touch counts for a purchase of the same person if it happened at its moment or before it, on its day or
    on one of the `lookback_days` calendar days before it. Touches in one moment share what their places in
    the order get together, so no order of rows decides.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, or ``too_many_values``.
    """
    catalogue = asking.catalogue
    told = filled(slots(catalogue), catalogue, given)
    named = properties_named(catalogue)
    kinds = [named[str(name)] for name in dict.fromkeys(told["touches"])]
    buy, amount, lookback = str(told["purchase"]), told["amount"], int(told["lookback_days"])
    _refuse_confusion(kinds, buy)
    reach = Period(clock.add_days(period.first, -lookback), period.last)
    events = [of.event for of in kinds]
    bought = did([buy], period.window)
    buyers, untouched = asking.figures([bought, (*bought, *did_none(events, reach.window))])

    orders = _orders(asking, buyers, Deeds(buy, amount=amount), period)
    touches = [_touches(asking, buyers, of, reach) for of in kinds]
    paths = credited(orders, pl.concat(touches), lookback, catalogue.time_zone)
    paths = paths.join(orders.select("order", "amount"), on="order", maintain_order="left")
    lone = orders.join(paths, on="order", how="anti")
    done = asking.totals([buyers], Deeds(buy, amount=amount), period.span)[0]
    rows = [
        _rows(asking, of, came, paths.filter(kind=of.name), bought, reach, has_amount=amount is not None)
        for of, came in zip(kinds, touches, strict=True)
    ]
    return Attribution(
        as_of=asking.as_of,
        period=period,
        lookback_days=lookback,
        buyers=buyers,
        total=Credit(done.occurrences, done.total),
        touches=tuple(touch for of_kind in rows for touch in of_kind),
        untouched=untouched,
        without_touch=Credit(lone.height, None if amount is None else float(lone["amount"].sum())),
        notes=_notes(catalogue, events, reach, period, buyers, any(len(came) for came in touches)),
    )


def _orders(asking: Asking, buyers: Figure, deeds: Deeds, period: Period) -> pl.DataFrame:
    """Return ``order, user_no, at, amount`` of the purchases; one without an amount adds nothing."""
    properties = [] if deeds.amount is None else [deeds.amount]
    found = asking.engine.deeds(buyers.rule, deeds, properties, period.span, asking.as_of)
    amount = pl.col(property_column(deeds.amount)).fill_null(0.0) if deeds.amount else pl.lit(0.0)
    return found.select(USER_NO, AT, amount=amount).with_row_index("order")


def _touches(asking: Asking, buyers: Figure, of: PropertyOf, reach: Period) -> pl.DataFrame:
    """Return ``user_no, at, kind, value`` of the buyers' touches."""
    found = asking.engine.deeds(buyers.rule, Deeds(of.event), [of.prop], reach.span, asking.as_of)
    return found.select(USER_NO, AT, kind=pl.lit(of.name), value=pl.col(property_column(of.prop)))


def _rows(
    asking: Asking,
    of: PropertyOf,
    touches: pl.DataFrame,
    paths: pl.DataFrame,
    bought: Sequence[Node],
    reach: Period,
    *,
    has_amount: bool,
) -> list[Touch]:
    """Return what is credited to the values of one kind of touch."""
    credited_to = paths.group_by("value").agg(purchases=pl.len())
    people = touches.group_by("value").agg(people=pl.col(USER_NO).n_unique())
    ordered = people.join(credited_to, on="value", how="left", nulls_equal=True).sort(
        [pl.col("purchases").fill_null(0), "people", "value"], descending=[True, True, False]
    )
    values = as_values(of, ordered["value"].to_list(), TOP)
    figures = asking.figures((*bought, did_with(of.event, value.where, reach.window)) for value in values)
    shown = [value.value for value in values if value.sort == "value"]
    name = pl.col("value")
    belongs = {"missing": name.is_null(), "other": name.is_not_null() & ~name.is_in(shown)}
    found = []
    for value, figure in zip(values, figures, strict=True):
        own = paths.filter(belongs.get(value.sort, name == pl.lit(value.value, dtype=pl.String)))
        found.append(
            Touch(
                of=of,
                sort=value.sort,
                label=value.label,
                people=figure,
                purchases=own["order"].n_unique(),
                credits={model: _credit(own, model, has_amount=has_amount) for model in MODELS},
            )
        )
    return found


def _credit(paths: pl.DataFrame, model: Model, *, has_amount: bool) -> Credit:
    weight = paths[weight_column(model)]
    return Credit(float(weight.sum()), float((weight * paths["amount"]).sum()) if has_amount else None)


def _notes(
    catalogue: Catalogue,
    events: Sequence[str],
    reach: Period,
    period: Period,
    buyers: Figure,
    is_touched: bool,
) -> tuple[Text, ...]:
    """Return what the numbers do not say by themselves."""
    if not buyers.users:
        return (say("attribution_no_purchases", first=period.first, last=period.last),)
    found = []
    if not is_touched:
        found.append(say("attribution_no_touches", first=reach.first, last=reach.last))
    begin = days_of_events(catalogue, events).first
    if begin is not None and begin > reach.first:
        found.append(say("attribution_before_data", first=begin))
    return tuple(found)


def _refuse_confusion(kinds: Sequence[PropertyOf], purchase: str) -> None:
    """Refuse a purchase as its own touch, and one occurrence as two touches."""
    events = [of.event for of in kinds]
    problems = [
        Problem("attribution_purchase_as_touch", "touches", {"given": of.name})
        for of in kinds
        if of.event == purchase
    ]
    problems += [
        Problem("attribution_event_twice", "touches", {"event": event})
        for event in dict.fromkeys(events)
        if events.count(event) > 1
    ]
    if problems:
        raise RuleError(problems)


def _likely_touches(catalogue: Catalogue, purchase: str | None) -> list[str]:
    """Return a clicked message's campaign and a joined activity, as far as the catalogue has them."""
    found = []
    for words, about in TOUCHES:
        event = catalogue.events.get(likely_event(catalogue, words, about=about) or "")
        if event is None or event.key == purchase:
            continue
        prop = likely_names(event, KINDS)
        if prop is not None:
            found.append(PropertyOf(event.key, prop).name)
    return list(dict.fromkeys(found))
