"""Coupons: who claimed and redeemed each, and whom it came with: new users, first orders.

That a coupon and a registration stand close in time does not prove that the one caused the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.analytics.asking import Asking, Figure, Share, any_of
from core.analytics.budget.plan import told
from core.analytics.periods import Period
from core.analytics.rows import has, share_as_json
from core.engines.tallies import Deeds
from core.messages import Text, say
from core.rules.conditions import EventCondition, FirstTimeCondition, SequenceCondition
from core.rules.parts import Anchor, AnchoredWindow, EventWindow, Length, PropertyCondition, Step, Within
from core.rules.tree import Node
from core.tags.templates.proposals import Given

MOST_COUPONS = 50
DAYS_APART = 7
"""A registration and a claim that are at most so many days apart go together."""


@dataclass(frozen=True)
class Coupon:
    """What one coupon, or all together, did in a period.

    Attributes
    ----------
    claimed : Figure
        Users who claimed it in the period.
    claims : int
        How often, together.
    redeemed : Figure or None
        Those of them who redeemed it in the period; None = nothing tells of redemptions.
    redemptions : int
        How often these redeemed it in the period.
    redemption : Share or None
        ``redeemed / claimed``; None where nobody claimed it.
    registered : Figure or None
        Those who claimed it and were new in the period, as `Coupons.how_registered` says; None where nothing
        tells who was new.
    first_orders : Figure or None
        Those who claimed it and bought for the first time ever in the period; None = no purchase is known.
    """

    label: Text
    claimed: Figure
    claims: int
    redeemed: Figure | None
    redemptions: int
    redemption: Share | None
    registered: Figure | None
    first_orders: Figure | None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        return {
            "label": dict(self.label),
            "claimed": self.claimed.users,
            "claims": self.claims,
            "redeemed": None if self.redeemed is None else self.redeemed.users,
            "redemptions": self.redemptions,
            "redemption": share_as_json(self.redemption),
            "registered": None if self.registered is None else self.registered.users,
            "first_orders": None if self.first_orders is None else self.first_orders.users,
        }


@dataclass(frozen=True)
class Coupons:
    """The coupons that were claimed in a period, by the number of users who did, at most 50.

    Attributes
    ----------
    together : Coupon
        All coupons; whoever claimed several counts once.
    more : int
        Coupons that are not listed because they are too many.
    how_registered : Text
        Who counts as a registration that came with the coupon, or why that is not known.
    note : Text or None
        Why there is no coupon, where there is none.
    """

    period: Period
    rows: tuple[Coupon, ...]
    together: Coupon
    more: int
    how_registered: Text
    note: Text | None = None

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "period": [self.period.first.isoformat(), self.period.last.isoformat()],
            "rows": [row.as_json() for row in self.rows],
            "together": self.together.as_json(),
            "more": self.more,
            "how_registered": dict(self.how_registered),
            "note": None if self.note is None else dict(self.note),
        }


def coupons(asking: Asking, period: Period, given: Given | None = None) -> Coupons:
    """Return what each coupon did in a period.

    Parameters
    ----------
    given : mapping or None
        What stands in the slots; `claim` and `coupon` may not be empty, and where `redeem` is told,
        `redeemed` may not be.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given.
    """
    plan = told(asking.catalogue, given, "claim", "coupon")
    if plan["redeem"]:
        plan = told(asking.catalogue, plan, "claim", "coupon", "redeemed")
    claim, prop = str(plan["claim"]), str(plan["coupon"])
    found = asking.engine.occurred(asking.rule(), claim, prop, period.span, asking.as_of)
    named: list[str | None] = [each.value for each in found[:MOST_COUPONS]]
    rows = [_coupon(asking, period, plan, value) for value in named]
    how = "no_arrivals"
    if plan["registered"] or plan["register"]:
        how = "budget_registered_near"
    elif asking.knows_arrivals():
        how = "budget_registered_in_period"
    return Coupons(
        period=period,
        rows=tuple(rows),
        together=_coupon(asking, period, plan, None),
        more=len(found) - len(rows),
        how_registered=say(how, days=DAYS_APART),
        note=None if rows else say("budget_no_claims", first=period.first, last=period.last),
    )


def _coupon(asking: Asking, period: Period, plan: Given, value: str | None) -> Coupon:
    """Return what one coupon did; None = all together."""
    claim = str(plan["claim"])
    of_claim = _where(str(plan["coupon"]), value)
    claimed = _done(claim, of_claim, period.window)
    figure = asking.figure(claimed)
    redeemed, redemptions = None, 0
    if plan["redeem"]:
        redeem, of_redeem = str(plan["redeem"]), _where(str(plan["redeemed"]), value)
        redeemed = asking.figure(claimed, _done(redeem, of_redeem, period.window))
        redemptions = asking.totals([redeemed], Deeds(redeem, of_redeem), period.span)[0].occurrences
    new_with = _new_with(asking, period, plan, of_claim)
    (registered,) = asking.known([None if new_with is None else (claimed, *new_with)])
    first_orders = None
    if plan["purchase"]:
        first = FirstTimeCondition(id="first", event=str(plan["purchase"]), window=period.window)
        first_orders = asking.figure(claimed, first)
    return Coupon(
        label=say("budget_all_coupons") if value is None else Text(zh=value, en=value),
        claimed=figure,
        claims=asking.totals([figure], Deeds(claim, of_claim), period.span)[0].occurrences,
        redeemed=redeemed,
        redemptions=redemptions,
        redemption=None if redeemed is None else redeemed.share_of(figure),
        registered=registered,
        first_orders=first_orders,
    )


def _new_with(
    asking: Asking, period: Period, plan: Given, of_claim: tuple[PropertyCondition, ...]
) -> tuple[Node, ...] | None:
    """Return the conditions of being new in the period and, where it can be told, within days of a claim.

    From the day of the registration on, by its tag: a claim on that day or up to 7 days later. The other way
    round, and where there is no tag, by the event: within 7 times 24 hours. None where nothing tells who is
    new.
    """
    conditions = asking.came(period) or _registered_in(period, plan)
    if conditions is None:
        return None
    claim, near = str(plan["claim"]), list[Node]()
    if plan["registered"]:
        length = Length(n=DAYS_APART + 1, unit="day")
        since = AnchoredWindow(since=Anchor(tag=str(plan["registered"])), for_=length)
        near.append(_done(claim, of_claim, since))
    if plan["register"]:
        within = Within(n=DAYS_APART, unit="day")
        claims, registers = Step(event=claim, where=of_claim), Step(event=str(plan["register"]))
        orders = [(claims, registers)] if plan["registered"] else [(claims, registers), (registers, claims)]
        near += [
            SequenceCondition(id="near", steps=(one, other.model_copy(update={"within": within})))
            for one, other in orders
        ]
    return (*conditions, any_of(near)) if near else tuple(conditions)


def _registered_in(period: Period, plan: Given) -> tuple[Node, ...] | None:
    """Return the condition of having registered in the period by the tag of that day, or first by the event.

    For data that do not say since when people are users; None where neither is told.
    """
    told = list[Node]()
    if plan["registered"]:
        days = [period.first.isoformat(), period.last.isoformat()]
        told.append(has(str(plan["registered"]), "between", days))
    if plan["register"]:
        told.append(FirstTimeCondition(id="registered", event=str(plan["register"]), window=period.window))
    return (any_of(told),) if told else None


def _where(prop: str, value: str | None) -> tuple[PropertyCondition, ...]:
    """Return which occurrences are of a coupon; None = of any."""
    op = "is_set" if value is None else "is"
    return (PropertyCondition(property=prop, op=op, value=value),)


def _done(event: str, where: tuple[PropertyCondition, ...], window: EventWindow) -> EventCondition:
    return EventCondition(
        id=event, event=event, where=where, measure="count", op="gte", value=1, window=window
    )
