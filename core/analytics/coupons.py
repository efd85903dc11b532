"""Coupons 优惠券: claimed and redeemed, coupon by coupon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from core import clock
from core.analytics.asking import Asking, Figure, Share
from core.analytics.periods import Period
from core.analytics.touches import refuse_unshared
from core.analytics.touchpoints import NAMES, PropertyOf, Value, as_values, did_with, likely_names, ranked
from core.engines.tallies import Deeds
from core.errors import Problem, RuleError
from core.messages import Text, say
from core.rules.parts import BetweenWindow
from core.schema import USER_NO, Catalogue, property_column
from core.tags.templates.proposals import Given, Slot, filled, likely_event, properties_of

TOP = 20
CLAIMS = ("claim", "领取", "领券")
REDEEMS = ("redeem", "核销", "use", "使用")
COUPONS = ("coupon", "voucher", "优惠券", "券")


@dataclass(frozen=True)
class Coupon:
    """One coupon, or all together.

    Attributes
    ----------
    claimed, redeemed : Figure
        Who did so in the period, whenever they did the other.
    claims, redemptions : int
        How often, together.
    used : Figure
        Who claimed it in the period and redeemed it between its first day and `days` days after its last.
    """

    label: Text
    claimed: Figure
    claims: int
    redeemed: Figure
    redemptions: int
    used: Figure

    @property
    def share_of_people(self) -> Share | None:
        """Those who redeemed of those who claimed in the period; None of nobody."""
        return self.used.share_of(self.claimed)

    @property
    def per_claim(self) -> float | None:
        """Redemptions in the period for each claim in it; above 1 where earlier claims are redeemed."""
        return None if not self.claims else self.redemptions / self.claims

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready."""
        of_people, per_claim = self.share_of_people, self.per_claim
        return {
            "label": dict(self.label),
            "claimed": self.claimed.users,
            "claims": self.claims,
            "redeemed": self.redeemed.users,
            "redemptions": self.redemptions,
            "used": self.used.users,
            "share_of_people": None if of_people is None else of_people.as_json(),
            "per_claim": None if per_claim is None else round(per_claim, 6),
        }


@dataclass(frozen=True)
class Coupons:
    """The coupons of a period.

    Attributes
    ----------
    everything : Coupon
        Whatever the coupon; `used` does not ask that the one redeemed is the one claimed.
    rows : tuple of Coupon
        Those of most people first, then the rest as one, then those without a name.
    notes : tuple of Text
        What keeps numbers from meaning what they seem to.
    """

    as_of: date
    period: Period
    everything: Coupon
    rows: tuple[Coupon, ...]
    notes: tuple[Text, ...]

    def as_json(self) -> dict[str, object]:
        """Return the numbers, JSON-ready; the rules are left to whoever asks for them."""
        return {
            "as_of": self.as_of.isoformat(),
            "first": self.period.first.isoformat(),
            "last": self.period.last.isoformat(),
            "all": self.everything.as_json(),
            "coupons": [row.as_json() for row in self.rows],
            "notes": [dict(note) for note in self.notes],
        }


def slots(catalogue: Catalogue) -> Sequence[Slot]:
    """Return what the analysis must be told, with what the catalogue suggests."""
    events = tuple(catalogue.events)
    claim, redeem = (likely_event(catalogue, words, about=COUPONS) for words in (CLAIMS, REDEEMS))
    coupon = likely_names(catalogue.events.get(claim or ""), COUPONS)
    return (
        Slot("claim", "event", say("slot_claim"), claim, events),
        Slot("redeem", "event", say("slot_redeem"), redeem, events),
        Slot("coupon", "choice", say("slot_coupon"), coupon, properties_of(catalogue, NAMES)),
        Slot("redeem_days", "whole", say("slot_redeem_days"), 30, low=0, high=365),
    )


def coupons(asking: Asking, period: Period, given: Given | None = None) -> Coupons:
    """Return how often the coupons of a period were claimed and redeemed, and by how many.

    Raises
    ------
    RuleError
        With everything that is wrong with what is given, or ``too_many_values``.
    """
    catalogue = asking.catalogue
    told = filled(slots(catalogue), catalogue, given)
    claim, redeem, prop = str(told["claim"]), str(told["redeem"]), str(told["coupon"])
    if claim == redeem:
        raise RuleError(Problem("coupons_same_event", "redeem", {"event": claim}))
    refuse_unshared(catalogue, (claim, redeem), prop, "coupon")
    days = int(told["redeem_days"])
    until = BetweenWindow(from_=period.first, to=clock.add_days(period.last, days))
    named = _values(asking, claim, redeem, prop, period)
    values = [Value("value", None, say("channels_all"), ()), *named]
    figures = asking.figures(
        nodes
        for value in values
        for nodes in (
            (did_with(claim, value.where, period.window),),
            (did_with(redeem, value.where, period.window),),
            (did_with(claim, value.where, period.window), did_with(redeem, value.where, until)),
        )
    )

    def times(event: str, value: Value, figure: Figure) -> int:
        return asking.totals([figure], Deeds(event, value.where), period.span)[0].occurrences

    everything, *rows = [
        Coupon(
            label=value.label,
            claimed=claimed,
            claims=times(claim, value, claimed),
            redeemed=redeemed,
            redemptions=times(redeem, value, redeemed),
            used=used,
        )
        for value, (claimed, redeemed, used) in zip(
            values, zip(figures[::3], figures[1::3], figures[2::3], strict=True), strict=True
        )
    ]
    notes = [] if rows else [say("coupons_nobody", first=period.first, last=period.last)]
    if rows and clock.add_days(period.last, days) > asking.as_of:
        notes.append(say("coupons_still_open", as_of=asking.as_of, days=days))
    return Coupons(asking.as_of, period, everything, tuple(rows), tuple(notes))


def _values(asking: Asking, claim: str, redeem: str, prop: str, period: Period) -> list[Value]:
    """Return the coupons claimed or redeemed in the period, those of most people first."""
    everybody, name = asking.rule(), property_column(prop)
    found = [
        asking.engine.deeds(everybody, Deeds(event), [prop], period.span, asking.as_of).select(USER_NO, name)
        for event in (claim, redeem)
    ]
    both = pl.concat(found)
    return as_values(PropertyOf(claim, prop), ranked(both[name], both[USER_NO]), TOP)
