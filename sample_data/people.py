"""Who the users are: what they say about themselves, and the two leanings that all their doings depend on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data import words
from sample_data.draw import END, Flags, Floats, Ints, choose, choose_by_row, sigmoid
from sample_data.world import World

TITLES: tuple[str, ...] = tuple(title for trade in words.TRADES for title, _, _ in trade.titles)
_DIGITAL_CITIES = {"北京": 0.75, "杭州": 0.75, "深圳": 0.45, "上海": 0.25, "广州": 0.1}
_TYPICAL_AGE = np.array([25.0, 29.0, 33.5, 38.0])
# Effect of the sign-up channel on going further: a friend's word weighs more than a banner.
_CHANNEL_PULL = np.array([0.05, -0.35, 0.40, 0.60])
_MANY_INTERESTS = 4


@dataclass(frozen=True)
class People:
    """One chunk of users, a row each; codes point into `words`, a negative code is a missing value.

    Attributes
    ----------
    first : int
        Number of the chunk's first user, counted from 0.
    registered : array of int
        Minute of registration (see `draw`).
    drive : array of float
        How far along the journey somebody tends to go; about standard normal. Never written.
    means : array of float
        How much somebody can spend; about standard normal. Never written.
    interest_order : array of int, users × categories
        All categories, the dearest first; ``interest_count`` of them are told.
    """

    first: int
    registered: Ints
    drive: Floats
    means: Floats
    trade: Ints
    title: Ints
    has_title: Flags
    has_identity: Flags
    city: Ints
    has_city: Flags
    has_province: Flags
    is_female: Flags
    has_gender: Flags
    birth_day: Ints  # days since 1970-01-01
    has_birthday: Flags
    channel: Ints
    has_channel: Flags
    sign_up_method: Ints
    surname: Ints
    given: Ints  # first character × 29 + second; a second of 28 = a name of one character
    has_name: Flags
    has_phone: Flags
    has_email: Flags
    interest_order: Ints
    interest_count: Ints

    def __len__(self) -> int:
        return len(self.registered)


def make_people(world: World, rng: np.random.Generator, first: int, count: int, total: int) -> People:
    """Return users `first` to `first` + `count` of `total`, in the order in which they registered."""
    registered = world.sign_ups(rng, first, count, total)
    trade = choose(rng, [t.weight for t in words.TRADES], count)
    title, rank = _titles(rng, trade)
    city = _cities(rng, trade)
    channel = _channels(rng, trade, city, registered / END)
    pull = np.array([t.pull for t in words.TRADES])[trade]
    pull = pull + np.array([c.pull for c in words.CITIES])[city] + _CHANNEL_PULL[channel] + 0.14 * (rank - 1)
    drive = (pull - 0.26) + 0.85 * rng.standard_normal(count)
    means = 0.35 * (rank - 1.2) + 0.5 * pull + 0.75 * rng.standard_normal(count)
    is_female = rng.random(count) < np.array([t.female for t in words.TRADES])[trade]
    method = choose(rng, (34, 52, 8, 6), count)
    age = _TYPICAL_AGE[rank] + 5.0 * rng.standard_normal(count) + 1.5 * rng.exponential(1.0, count)
    is_student = trade == _trade_named("学生")
    age = np.where(is_student, 18 + np.abs(3.2 * rng.standard_normal(count)), np.clip(age, 18, 66))
    order, told = _interests(rng, trade)
    given = rng.integers(0, 28, count) * 29 + np.where(
        rng.random(count) < 0.22, 28, rng.integers(0, 28, count)
    )
    keen = sigmoid(1.1 * drive)  # whoever goes further has filled in more of the profile
    return People(
        first=first,
        registered=registered,
        drive=drive,
        means=means,
        trade=trade,
        title=title,
        has_title=rng.random(count) < 0.70 + 0.22 * keen,
        has_identity=rng.random(count) < 0.82 + 0.14 * keen,
        city=city,
        has_city=rng.random(count) < 0.93 + 0.05 * keen,
        has_province=rng.random(count) < 0.975,
        is_female=is_female,
        has_gender=rng.random(count) < 0.86,
        birth_day=(18091 - 365.25 * age).astype(np.int64),  # 18091 = 14 July 2019
        has_birthday=rng.random(count) < 0.48 + 0.24 * keen,
        channel=channel,
        has_channel=rng.random(count) < 0.97,
        sign_up_method=method,
        surname=choose(rng, [weight for _, weight, _ in words.SURNAMES], count),
        given=given,
        has_name=rng.random(count) < 0.88 + 0.11 * keen,
        has_phone=(method == 0) | (rng.random(count) < 0.55 + 0.35 * keen),
        has_email=(method == 3) | (rng.random(count) < 0.06 + 0.22 * keen),
        interest_order=order,
        interest_count=np.where(rng.random(count) < 0.60 + 0.30 * keen, told, 0),
    )


def liked_category(rng: np.random.Generator, people: People, users: Ints) -> Ints:
    """Return a category for each user: mostly one of the dearest, sometimes any."""
    place = choose(rng, (52, 21, 9, 5, 3, 2, 2, 2, 1, 1, 1, 1), len(users))
    return people.interest_order[users, place]


def _trade_named(identity: str) -> int:
    return next(i for i, trade in enumerate(words.TRADES) if trade.identity == identity)


def _titles(rng: np.random.Generator, trade: Ints) -> tuple[Ints, Ints]:
    """Return each user's title (index into TITLES) and its rank."""
    title, rank = np.empty(len(trade), np.int64), np.empty(len(trade), np.int64)
    start = 0
    for index, line in enumerate(words.TRADES):
        rows = np.flatnonzero(trade == index)
        picked = choose(rng, [weight for _, weight, _ in line.titles], len(rows))
        title[rows] = start + picked
        rank[rows] = np.array([r for _, _, r in line.titles])[picked]
        start += len(line.titles)
    return title, rank


def _cities(rng: np.random.Generator, trade: Ints) -> Ints:
    weights = np.array([c.weight for c in words.CITIES])
    digital = np.array([_DIGITAL_CITIES.get(c.name, -0.25) for c in words.CITIES])
    city = np.empty(len(trade), np.int64)
    for index, line in enumerate(words.TRADES):
        rows = np.flatnonzero(trade == index)
        city[rows] = choose(rng, weights * np.exp((line.digital - 0.5) * digital), len(rows))
    return city


def _channels(rng: np.random.Generator, trade: Ints, city: Ints, age_share: Floats) -> Ints:
    """Return the sign-up channel: advertising grows with time, events happen in big cities."""
    is_big = np.isin(city, np.arange(5))
    pull = np.array([t.pull for t in words.TRADES])[trade]
    weights = np.stack(
        [
            0.38 - 0.12 * age_share,
            0.34 + 0.18 * age_share - 0.12 * pull,
            np.where(is_big, 0.13, 0.05),
            0.13 + 0.10 * pull.clip(-0.5, 0.6),
        ],
        axis=1,
    )
    return choose_by_row(rng, weights)


def _interests(rng: np.random.Generator, trade: Ints) -> tuple[Ints, Ints]:
    """Return all categories by liking and how many a user tells; a trade's favourites tend to come first."""
    liking = np.full((len(words.TRADES), len(words.CATEGORIES)), -1.2)
    for index, line in enumerate(words.TRADES):
        liking[index, list(line.interests)] = (1.6, 0.9, 0.4, 0.1)
    drawn = liking[trade] + rng.gumbel(size=(len(trade), len(words.CATEGORIES)))
    order = np.argsort(-drawn, axis=1).astype(np.int64)
    return order, 1 + choose(rng, (34, 33, 21, 12), len(trade)).clip(max=_MANY_INTERESTS - 1)
