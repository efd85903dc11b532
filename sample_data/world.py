"""What all users share: the experts and their prices, the days' sign-ups, and what advertising cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from sample_data.draw import AS_OF, DAY, LAST_DAY, OPENED, WEEKDAYS, Floats, Ints, choose, minute_of_day
from sample_data.words import CATEGORIES, CHANNELS

EXPERTS = 800
_CATEGORY_WEIGHTS = (18, 20, 10, 10, 9, 8, 6, 5, 4, 3, 4, 3)
_PRICES = np.array([99, 199, 299, 399, 499, 599, 699, 899, 999, 1299, 1599, 1999, 2999])
_PRICE_WEIGHTS = np.array([5, 14, 20, 19, 15, 9, 6, 4, 2.6, 1.6, 1.0, 0.6, 0.4])
# Steps on the ladder of prices by which a category stands above the ordinary one.
_CATEGORY_PREMIUM = np.array([0, 1, 2, 1, 1, 0, 0, -1, 0, -1, 1, -1])
_MONTHLY_GROWTH = 0.050
# Yuan per new user, by channel: organic costs content, offline costs rooms, referral costs gifts.
_COST_PER_SIGN_UP = (1.8, 31.0, 46.0, 12.0)
_CLICK_PRICE = (0.3, 1.9, 6.0, 1.1)


@dataclass(frozen=True)
class World:
    """The marketplace without its users.

    Attributes
    ----------
    expert_category, expert_price : array of int
        By expert; experts of one category stand together. Prices in yuan for one meeting.
    """

    expert_category: Ints
    expert_price: Ints
    _popularity_ends: Floats
    _category_starts: Ints
    _sign_up_ends: Floats

    @classmethod
    def of_seed(cls, seed: int) -> World:
        """Return the world of a seed; every chunk of users lives in the same one."""
        rng = np.random.default_rng([seed, 0])
        category = np.sort(choose(rng, _CATEGORY_WEIGHTS, EXPERTS))
        step = choose(rng, _PRICE_WEIGHTS, EXPERTS) + _CATEGORY_PREMIUM[category]
        price = _PRICES[np.clip(step, 0, len(_PRICES) - 1)]
        popularity = rng.pareto(1.3, EXPERTS) + 0.05
        starts = np.searchsorted(category, np.arange(len(CATEGORIES) + 1)).astype(np.int64)
        ends = np.concatenate([[0.0], np.cumsum(popularity)])
        return cls(category, price, ends, starts, np.cumsum(_daily_weights(rng)))

    @staticmethod
    def expert_ids() -> list[str]:
        """Return the id of each expert."""
        return [f"e{number:03d}" for number in range(1, EXPERTS + 1)]

    def experts_of(self, rng: np.random.Generator, categories: Ints) -> Ints:
        """Return an expert of each category, the popular ones more often."""
        low = self._popularity_ends[self._category_starts[categories]]
        high = self._popularity_ends[self._category_starts[categories + 1]]
        drawn = low + rng.random(len(categories)) * (high - low)
        return np.minimum(np.searchsorted(self._popularity_ends, drawn, side="right") - 1, EXPERTS - 1)

    def sign_ups(self, rng: np.random.Generator, first: int, count: int, total: int) -> Ints:
        """Return the minute in which users `first` to `first` + `count` of `total` registered, ascending."""
        rank = (np.arange(first, first + count) + rng.random(count)) / total
        days = np.searchsorted(self._sign_up_ends, rank * self._sign_up_ends[-1], side="right")
        minutes = np.minimum(days, LAST_DAY) * DAY + minute_of_day(rng, count)
        return np.sort(minutes.astype(np.int64))


def _daily_weights(rng: np.random.Generator) -> Floats:
    days = np.arange(LAST_DAY + 1)
    weights = np.exp(_MONTHLY_GROWTH * days / 30.4) * WEEKDAYS[(days + OPENED.weekday()) % 7]
    weights *= np.exp(0.15 * rng.standard_normal(len(days)))
    for year in (2016, 2017, 2018, 2019):
        for month, day, boost in ((11, 11, 2.6), (6, 18, 1.9), (3, 11, 1.5)):
            offset = (date(year, month, day) - OPENED).days
            near = np.exp(-np.abs(days - offset) / 2.0)
            weights *= 1 + (boost - 1) * near
        new_year = np.abs(days - (date(year, 2, 8) - OPENED).days) <= 5
        weights[new_year] *= 0.55
    return weights


def channel_costs(seed: int, total: int) -> pl.DataFrame:
    """Return what each sign-up channel cost, a row per month and channel.

    Columns: ``month`` (first day of the month, Date), ``source_channel``, ``cost_yuan``, ``impressions``,
    ``clicks``. Sized for a marketplace of `total` users.
    """
    rng = np.random.default_rng([seed, 1])
    rows = []
    month = OPENED
    while month <= AS_OF:
        growth = np.exp(_MONTHLY_GROWTH * (month - OPENED).days / 30.4)
        sign_ups = total * 0.0118 * growth
        for index, (channel, share) in enumerate(zip(CHANNELS, (0.30, 0.45, 0.10, 0.15), strict=True)):
            cost = sign_ups * share * _COST_PER_SIGN_UP[index] * np.exp(0.12 * rng.standard_normal())
            clicks = cost / (_CLICK_PRICE[index] * np.exp(0.1 * rng.standard_normal()))
            rows.append((month, channel, round(cost, 2), int(clicks * rng.uniform(28, 60)), int(clicks)))
        month = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    schema = ["month", "source_channel", "cost_yuan", "impressions", "clicks"]
    return pl.DataFrame(rows, schema=schema, orient="row")
