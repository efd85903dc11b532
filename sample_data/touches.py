"""What passes between the marketplace and its users: coupons, activities, messages, reviews, page views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sample_data.doings import Acts, Doings
from sample_data.draw import (
    DAY,
    END,
    HOUR,
    NEVER,
    OPENED,
    Floats,
    Ints,
    after,
    between,
    choose,
    repeat,
    sigmoid,
)
from sample_data.orders import Orders
from sample_data.people import People
from sample_data.words import CAMPAIGNS

_OFFLINE = 2  # the sign-up channel 线下活动
# By channel (SMS, WeChat, app push, e-mail): share delivered, share of the delivered that is clicked.
_DELIVERED = np.array([0.96, 0.93, 0.74, 0.88])
_CLICKED = np.array([0.008, 0.055, 0.030, 0.014])
_DWELL_MEDIAN = np.array([14.0, 22.0, 58.0, 46.0, 20.0, 30.0, 12.0])  # seconds, by page


@dataclass(frozen=True)
class Coupons:
    """One row per claimed coupon; ``redeemed`` at or after END = not redeemed."""

    user: Ints
    coupon: Ints
    platform: Ints
    claimed: Ints
    redeemed: Ints


@dataclass(frozen=True)
class Messages:
    """One row per pushed message; ``delivered`` and ``clicked`` at or after END = not so."""

    user: Ints
    campaign: Ints
    channel: Ints
    pushed: Ints
    delivered: Ints
    clicked: Ints


@dataclass(frozen=True)
class Touches:
    """Everything between the marketplace and its users that is no step of the journey."""

    coupons: Coupons
    activities: Acts
    messages: Messages
    reviews: Acts  # ``what`` = score, 1 to 5
    review_order: Ints
    pages: Acts
    dwell_seconds: Ints  # per page view; negative = not measured


def make_touches(rng: np.random.Generator, people: People, doings: Doings) -> Touches:
    """Return coupons, activities, messages, reviews and page views of a chunk."""
    reviews, review_order = _reviews(rng, doings.orders)
    pages, dwell = _pages(rng, people, doings.gone)
    return Touches(
        coupons=_coupons(rng, people, doings),
        activities=_activities(rng, people, doings.gone),
        messages=_messages(rng, people, doings.gone),
        reviews=reviews,
        review_order=review_order,
        pages=pages,
        dwell_seconds=dwell,
    )


def _coupons(rng: np.random.Generator, people: People, doings: Doings) -> Coupons:
    """Return claims: those that an order redeemed, and those that were never used."""
    orders = doings.orders
    used = np.flatnonzero((orders.paid < END) & (rng.random(len(orders.user)) < 0.22))
    claimed = orders.submitted[used] - (rng.exponential(2.5 * DAY, len(used)) + 5).astype(np.int64)
    claimed = np.maximum(claimed, people.registered[orders.user[used]])
    idle = repeat(rng.poisson(0.14 * np.exp(0.35 * people.drive)))
    at, kept = between(
        rng, people.registered[idle], np.maximum(doings.gone[idle], people.registered[idle] + DAY)
    )
    kept &= at < END
    idle, at = idle[kept], at[kept]
    user = np.concatenate([orders.user[used], idle])
    claimed = np.concatenate([claimed, at])
    redeemed = np.concatenate([orders.paid[used], np.full(len(idle), NEVER)])
    platform = choose(rng, (42, 30, 20, 8), len(user))
    return Coupons(user, _coupon_kind(rng, people, user, claimed), platform, claimed, redeemed)


def _coupon_kind(rng: np.random.Generator, people: People, user: Ints, claimed: Ints) -> Ints:
    """Return the coupon: newcomers get the newcomers' one, festivals have their own."""
    kind = np.array([1, 1, 2, 5])[choose(rng, (46, 24, 16, 14), len(user))]
    month_day = (np.datetime64(OPENED) + (claimed // DAY).astype("timedelta64[D]")).astype("datetime64[D]")
    month = month_day.astype("datetime64[M]").astype(int) % 12 + 1
    kind = np.where(month == 11, 3, np.where(month == 6, 4, kind))
    return np.where(claimed - people.registered[user] < 7 * DAY, 0, kind)


def _activities(rng: np.random.Generator, people: People, gone: Ints) -> Acts:
    keen = np.where(people.channel == _OFFLINE, 0.30, 0.08) * np.exp(0.4 * people.drive)
    user = repeat(rng.poisson(keen))
    at, kept = between(rng, people.registered[user], np.maximum(gone[user], people.registered[user] + DAY))
    kept &= at < END
    return Acts(user[kept], at[kept], choose(rng, (24, 26, 12, 18, 14, 6), int(kept.sum())))


def _messages(rng: np.random.Generator, people: People, gone: Ints) -> Messages:
    """Return what each campaign pushed to a sample of that day's users; the keen and the present click."""
    parts: list[tuple[Ints, Ints, Ints]] = []
    for index, (_, day) in enumerate(CAMPAIGNS):
        minute = (date.fromisoformat(day) - OPENED).days * DAY + 10 * HOUR
        exists = people.registered < minute
        is_around = gone > minute
        wakes = CAMPAIGNS[index][0] == "沉睡唤醒"
        chance = np.where(is_around != wakes, 0.10, 0.022) * exists
        user = np.flatnonzero(rng.random(len(people)) < chance)
        parts.append((user, np.full(len(user), index), minute + rng.integers(0, 90, len(user))))
    user, campaign, pushed = (np.concatenate(part).astype(np.int64) for part in zip(*parts, strict=True))
    channel = choose(rng, (34, 26, 30, 10), len(user))
    channel = np.where((channel == 0) & ~people.has_phone[user], 2, channel)
    channel = np.where((channel == 3) & ~people.has_email[user], 1, channel)
    is_there = rng.random(len(user)) < _DELIVERED[channel]
    delivered = np.where(is_there, pushed + rng.integers(0, 5, len(user)), NEVER)
    appeal = _CLICKED[channel] * np.exp(0.5 * people.drive[user]) * np.where(gone[user] > pushed, 1.6, 0.35)
    clicks = is_there & (rng.random(len(user)) < appeal)
    clicked = np.where(clicks, after(rng, np.where(clicks, delivered, 0), 50, 1.5), NEVER)
    return Messages(user, campaign, channel, pushed, delivered, clicked)


def _reviews(rng: np.random.Generator, orders: Orders) -> tuple[Acts, Ints]:
    """Return reviews of completed meetings; who went back to the cashier is not kind."""
    done = np.flatnonzero(orders.completed < END)
    order = done[rng.random(len(done)) < 0.48]
    is_returned = orders.returned[order] < END
    mood: Floats = np.where(is_returned, -3.0, 1.6) + 1.4 * rng.standard_normal(len(order))
    score = 1 + np.round(4 * sigmoid(mood)).astype(np.int64)
    at = after(rng, orders.completed[order], 1.2 * DAY, 1.1)
    kept = at < END
    return Acts(orders.user[order][kept], at[kept], score[kept]), order[kept]


def _pages(rng: np.random.Generator, people: People, gone: Ints) -> tuple[Acts, Ints]:
    """Return a sample of page views with the seconds that people dwelt there."""
    days = (gone - people.registered) / DAY
    user = repeat(rng.poisson(np.minimum(0.25 + 0.0027 * days, 2.0) * np.exp(0.4 * people.drive)))
    at, kept = between(rng, people.registered[user], np.maximum(gone[user], people.registered[user] + HOUR))
    kept &= at < END
    user, at = user[kept], at[kept]
    page = choose(rng, (26, 20, 22, 10, 11, 5, 6), len(user))
    dwell = _DWELL_MEDIAN[page] * np.exp(0.15 * people.drive[user] + 0.9 * rng.standard_normal(len(user)))
    seconds = np.clip(np.round(dwell), 1, 3600).astype(np.int64)
    return Acts(user, at, page), np.where(rng.random(len(user)) < 0.03, -1, seconds)
