"""Orders: the first of each buyer, later ones of those who stay, what they cost, what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.draw import DAY, END, NEVER, Flags, Floats, Ints, after, between, repeat, sigmoid
from sample_data.people import People, liked_category
from sample_data.world import World

_LIFE_DAYS = 800  # how long somebody of average means goes on ordering, on average
_ORDERS_PER_MONTH = 0.42
_MOST_PER_MONTH = 6.0
_REPAYS, _RECOMPLETES = 0.90, 0.88  # of later orders: shares that are paid, and completed once paid
_PRICE_PULL = 0.16  # how much means move the price of a meeting (log points per standard deviation)
_BIG_CITIES = 6  # the first ones of `words.CITIES`, where people meet face to face
_RETURNS_OPEN, _RETURNS_COMPLETED = 0.25, 0.012


@dataclass(frozen=True)
class Orders:
    """One row per submitted order, by user and time; minutes at or after END mean that it has not happened.

    Attributes
    ----------
    amount, refund : array of int
        Yuan; ``refund`` is what would be given back.
    """

    user: Ints
    submitted: Ints
    paid: Ints
    completed: Ints
    returned: Ints
    amount: Ints
    refund: Ints
    expert: Ints
    is_online: Flags


def make_orders(
    world: World, rng: np.random.Generator, people: People, first: tuple[Ints, Ints, Ints], gone: Ints
) -> tuple[Orders, Ints]:
    """Return all orders, and when each user was last around, which orders put off.

    Parameters
    ----------
    first : tuple of three arrays
        Per user, when the first order was submitted, paid, completed.
    gone : array of int
        When each user would have been last around without orders.
    """
    buyers = np.flatnonzero(first[0] < END)
    more, later, gone = _later_orders(rng, people, first[2], gone)
    user = np.concatenate([buyers, more])
    times = [np.concatenate([start[buyers], then]) for start, then in zip(first, later, strict=True)]
    order = np.lexsort((times[0], user))
    user, (submitted, paid, completed) = user[order], (moments[order] for moments in times)
    expert = _experts(world, rng, people, user)
    is_online = rng.random(len(user)) < np.where(people.city[user] < _BIG_CITIES, 0.42, 0.78)
    amount = _amounts(world, rng, people.means[user], expert, is_online)
    returned = _returns(rng, paid, completed)
    refund = np.where(rng.random(len(user)) < 0.8, amount, amount // 2)
    last = gone.copy()
    for moment in (submitted, paid, completed, returned):
        np.maximum.at(last, user, np.where(moment < END, moment + 1, 0))
    return Orders(user, submitted, paid, completed, returned, amount, refund, expert, is_online), last


def _later_orders(
    rng: np.random.Generator, people: People, completed_first: Ints, gone: Ints
) -> tuple[Ints, tuple[Ints, Ints, Ints], Ints]:
    """Return who orders again, when it is submitted, paid, completed, and when users are then last around.

    People who have once met an expert stay longer, and some of them order again and again.
    """
    content = np.flatnonzero(completed_first < END)
    start, means = completed_first[content], people.means[content]
    life = _LIFE_DAYS * DAY * np.exp(0.3 * means) * rng.exponential(1.0, len(content))
    until = np.minimum(start + life.astype(np.int64), END)
    taste = 0.75 * rng.standard_normal(len(content)) - 0.28  # a log-normal with mean 1
    per_month = np.minimum(_ORDERS_PER_MONTH * np.exp(0.55 * means + taste), _MOST_PER_MONTH)
    more = repeat(rng.poisson(per_month * (until - start) / (30 * DAY) / 0.93))
    user = content[more]
    submitted, kept = between(rng, completed_first[user] + 1, until[more])
    user, submitted = user[kept], submitted[kept]
    paid = np.where(rng.random(len(user)) < _REPAYS, after(rng, submitted, 12, 1.4), NEVER)
    is_done = (rng.random(len(user)) < _RECOMPLETES) & (paid < END)
    completed = np.where(is_done, after(rng, np.where(is_done, paid, 0), 6 * DAY, 0.6), NEVER)
    gone = gone.copy()
    gone[content] = np.maximum(gone[content], until)
    return user, (submitted, paid, completed), gone


def _experts(world: World, rng: np.random.Generator, people: People, user: Ints) -> Ints:
    """Return whom they meet: of two experts, people of means take the dearer one, others the cheaper one."""
    category = liked_category(rng, people, user)
    expert, rival = world.experts_of(rng, category), world.experts_of(rng, category)
    prefers_dearer = rng.random(len(user)) < sigmoid(0.9 * people.means[user])
    is_dearer = world.expert_price[rival] > world.expert_price[expert]
    return np.where(is_dearer == prefers_dearer, rival, expert)


def _amounts(world: World, rng: np.random.Generator, means: Floats, expert: Ints, is_online: Flags) -> Ints:
    """Return yuan: one meeting or two, cheaper online, with more or less added to it."""
    meetings = 1 + (rng.random(len(expert)) < 0.06 + 0.06 * sigmoid(2 * means))
    amount = world.expert_price[expert] * meetings * np.where(is_online, 0.8, 1.0)
    return np.round(amount * np.exp(_PRICE_PULL * (means - 0.3))).astype(np.int64)


def _returns(rng: np.random.Generator, paid: Ints, completed: Ints) -> Ints:
    """Return when orders were returned: mostly those that were paid and never came to a meeting."""
    is_open, is_completed = (paid < END) & (completed >= END), completed < END
    chance = np.where(is_open, _RETURNS_OPEN, np.where(is_completed, _RETURNS_COMPLETED, 0.0))
    goes_back = rng.random(len(paid)) < chance
    since = np.where(is_completed, completed, np.minimum(paid, END))
    return np.where(goes_back, after(rng, since, 3 * DAY, 0.9), NEVER)
