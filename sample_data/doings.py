"""What users do: the journey from registering to a completed order, later orders, and coming back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.draw import (
    DAY,
    END,
    NEVER,
    Flags,
    Floats,
    Ints,
    after,
    between,
    choose,
    repeat,
    sigmoid,
)
from sample_data.people import People
from sample_data.words import CATEGORIES
from sample_data.world import World

# One row per step after registering: how likely somebody of average drive takes it (as a logit), how much
# drive matters, the median delay in minutes since the step before, and the spread of that delay.
_STEPS = (
    (1.26, 0.55, 25, 2.6),  # effective action
    (0.93, 0.60, 90, 2.6),  # searched and entered a category
    (0.30, 0.80, 900, 2.0),  # clicked "chat now"
    (0.36, 0.60, 240, 1.6),  # consulted an adviser
    (0.70, 0.60, 1500, 1.3),  # order submitted
    (0.68, 0.62, 14, 1.5),  # paid
    (-0.08, 0.75, 6 * DAY, 0.7),  # completed
)
EFFECTIVE, CATEGORY, CHAT, CONSULT, SUBMIT, PAY, COMPLETE = range(7)
_SKIPS_ADVISER = 0.04  # of those who chatted and did not consult: they order by themselves
_REPAYS, _RECOMPLETES = 0.90, 0.88  # of later orders of people who have completed one
_PRICE_STEPS_SHARE = 0.32  # how much means move the price of a meeting (log points per standard deviation)


@dataclass(frozen=True)
class Acts:
    """Occurrences of one kind: the user's row in the chunk, the minute, and an expert or category."""

    user: Ints
    at: Ints
    what: Ints


@dataclass(frozen=True)
class Orders:
    """One row per submitted order; minutes at or after END mean that it has not happened."""

    user: Ints
    submitted: Ints
    paid: Ints
    completed: Ints
    returned: Ints
    amount: Ints
    refund: Ints
    expert: Ints
    is_online: Flags


@dataclass(frozen=True)
class Doings:
    """Everything that the users of a chunk did of their own accord.

    Attributes
    ----------
    gone : array of int
        The minute after which a user never came back (END = still around). Never written.
    """

    gone: Ints
    views: Acts
    favourites: Acts
    searches: Acts
    categories: Acts
    chats: Acts
    consultations: Acts
    orders: Orders
    logins: Acts


def make_doings(world: World, rng: np.random.Generator, people: People) -> Doings:
    """Return what the users did until the end of the data's last day."""
    steps = _first_times(rng, people)
    gone = _gone(rng, people, steps)
    orders, gone = _orders(world, rng, people, steps, gone)
    views, favourites, searches, categories = _browsing(world, rng, people, steps, gone)
    chats = _contacts(world, rng, people, steps[CHAT], gone, again=0.40)
    consultations = _contacts(world, rng, people, steps[CONSULT], gone, again=0.30)
    logins = _logins(rng, people, gone, orders, chats)
    return Doings(gone, views, favourites, searches, categories, chats, consultations, orders, logins)


def liked_category(rng: np.random.Generator, people: People, users: Ints) -> Ints:
    """Return a category for each user: mostly one of the dearest, sometimes any."""
    place = choose(rng, (52, 21, 9, 5, 3, 2, 2, 2, 1, 1, 1, 1), len(users))
    return people.interest_order[users, place[: len(users)] % len(CATEGORIES)]


def _first_times(rng: np.random.Generator, people: People) -> list[Ints]:
    """Return, per step, the minute of each user's first time; NEVER for those who do not get there."""
    at, taken = people.registered, np.ones(len(people), bool)
    found: list[Ints] = []
    for index, (level, slope, median, spread) in enumerate(_STEPS):
        before = taken
        taken = before & (rng.random(len(people)) < sigmoid(level + slope * people.drive))
        if index == SUBMIT:
            chatted = found[CHAT] < NEVER
            taken |= chatted & ~before & (rng.random(len(people)) < _SKIPS_ADVISER)
            at = np.where(before, at, found[CHAT])
        at = np.where(taken, after(rng, np.where(at < NEVER, at, 0), median, spread), NEVER)
        taken &= at < END
        at = np.where(taken, at, NEVER)
        found.append(at)
    return found


def _gone(rng: np.random.Generator, people: People, steps: list[Ints]) -> Ints:
    """Return when each user was last around: many never come back after the first day."""
    stays = rng.random(len(people)) < sigmoid(0.30 + 0.45 * people.drive)
    life = 300 * DAY * np.exp(0.35 * people.drive) * rng.exponential(1.0, len(people))
    last = people.registered + np.where(stays, life, 0.25 * DAY * rng.random(len(people))).astype(np.int64)
    for times in steps:
        last = np.maximum(last, np.where(times < END, times + 1, 0))
    return np.minimum(last, END)


def _orders(
    world: World, rng: np.random.Generator, people: People, steps: list[Ints], gone: Ints
) -> tuple[Orders, Ints]:
    """Return all orders, first ones and later ones, and the users' last minutes, which orders put off."""
    first = np.flatnonzero(steps[SUBMIT] < END)
    content = np.flatnonzero(steps[COMPLETE] < END)
    # People who have once met an expert stay longer, and some of them order again and again.
    life = (800 * DAY * np.exp(0.3 * people.means[content]) * rng.exponential(1.0, len(content))).astype(
        np.int64
    )
    until = np.minimum(steps[COMPLETE][content] + life, END)
    per_month = 0.42 * np.exp(0.55 * people.means[content] + 0.75 * rng.standard_normal(len(content)) - 0.28)
    months = (until - steps[COMPLETE][content]) / (30 * DAY)
    more = repeat(rng.poisson(np.minimum(per_month, 6.0) * months / 0.93))
    user = content[more]
    submitted, kept = between(rng, steps[COMPLETE][user] + 1, until[more])
    user, submitted = user[kept], submitted[kept]
    paid = np.where(rng.random(len(user)) < _REPAYS, after(rng, submitted, 12, 1.4), NEVER)
    done = (rng.random(len(user)) < _RECOMPLETES) & (paid < END)
    completed = np.where(done, after(rng, np.where(done, paid, 0), 6 * DAY, 0.6), NEVER)

    users = np.concatenate([first, user])
    times = [
        np.concatenate([steps[step][first], later])
        for step, later in ((SUBMIT, submitted), (PAY, paid), (COMPLETE, completed))
    ]
    order = np.lexsort((times[0], users))
    users, (submitted, paid, completed) = users[order], (t[order] for t in times)
    category = liked_category(rng, people, users)
    expert = world.experts_of(rng, category)
    # Of two experts, people of means take the dearer one, others the cheaper one.
    rival = world.experts_of(rng, category)
    prefers_dear = rng.random(len(users)) < sigmoid(0.9 * people.means[users])
    is_dearer = world.expert_price[rival] > world.expert_price[expert]
    expert = np.where(is_dearer == prefers_dear, rival, expert)
    is_online = rng.random(len(users)) < np.where(people.city[users] < 6, 0.42, 0.78)
    meetings = 1 + (rng.random(len(users)) < 0.06 + 0.06 * sigmoid(2 * people.means[users]))
    amount = world.expert_price[expert] * meetings * np.where(is_online, 0.8, 1.0)
    amount = np.round(amount * np.exp(_PRICE_STEPS_SHARE * (people.means[users] - 0.3) * 0.5)).astype(
        np.int64
    )
    is_open = (paid < END) & (completed >= END)
    goes_back = rng.random(len(users)) < np.where(is_open, 0.25, np.where(completed < END, 0.012, 0.0))
    since = np.where(completed < END, completed, np.minimum(paid, END))
    returned = np.where(goes_back, after(rng, since, 3 * DAY, 0.9), NEVER)
    refund = np.where(rng.random(len(users)) < 0.8, amount, amount // 2)
    last = np.zeros(len(people), np.int64)
    for moment in (submitted, paid, completed, returned):
        np.maximum.at(last, users, np.where(moment < END, moment + 1, 0))
    gone = gone.copy()
    gone[content] = np.maximum(gone[content], until)
    gone = np.maximum(gone, last)
    return Orders(users, submitted, paid, completed, returned, amount, refund, expert, is_online), gone


def _browsing(
    world: World, rng: np.random.Generator, people: People, steps: list[Ints], gone: Ints
) -> tuple[Acts, Acts, Acts, Acts]:
    """Return views, favourites, searches (``what`` = category meant) and category pages."""
    arrived = np.flatnonzero(steps[EFFECTIVE] < END)
    kind = choose(rng, (58, 12, 30), len(arrived))
    entered = np.flatnonzero(steps[CATEGORY] < END)
    typed = entered[rng.random(len(entered)) < 0.45]
    found: list[Acts] = []
    again = ((0.70, None), (0.26, None), (0.32, typed), (0.40, entered))
    for index, (rate, through_category) in enumerate(again):
        firsts = arrived[kind == index] if index < 3 else np.empty(0, np.int64)
        users, at = firsts, steps[EFFECTIVE][firsts]
        if through_category is not None:
            before = 1 if index == 2 else 0  # the search stands a minute before the category page
            users = np.concatenate([users, through_category])
            at = np.concatenate([at, np.maximum(steps[CATEGORY][through_category] - before, 0)])
        more, moments = _again(rng, people, arrived if index < 3 else entered, steps[EFFECTIVE], gone, rate)
        users, at = np.concatenate([users, more]), np.concatenate([at, moments])
        category = liked_category(rng, people, users)
        found.append(Acts(users, at, world.experts_of(rng, category) if index < 2 else category))
    return found[0], found[1], found[2], found[3]


def _again(
    rng: np.random.Generator, people: People, among: Ints, since: Ints, gone: Ints, rate: float
) -> tuple[Ints, Ints]:
    """Return further occurrences of users who stay around, `rate` of them per user of average drive."""
    drive = people.drive[among]
    around = np.minimum((gone[among] - since[among]) / (120.0 * DAY), 2.5).clip(min=0)
    users = among[repeat(rng.poisson(rate * around * np.exp(0.45 * drive)))]
    at, kept = between(rng, since[users], gone[users])
    return users[kept], at[kept]


def _contacts(
    world: World, rng: np.random.Generator, people: People, firsts: Ints, gone: Ints, again: float
) -> Acts:
    first = np.flatnonzero(firsts < END)
    more, moments = _again(rng, people, first, firsts, gone, again)
    users = np.concatenate([first, more])
    experts = world.experts_of(rng, liked_category(rng, people, users))
    return Acts(users, np.concatenate([firsts[first], moments]), experts)


def _logins(rng: np.random.Generator, people: People, gone: Ints, orders: Orders, chats: Acts) -> Acts:
    """Return logins (``what`` = device): at registration, before orders and chats, and now and then."""
    days = (gone - people.registered) / DAY
    per_day: Floats = 0.0310 * np.exp(0.40 * people.drive + 0.5 * rng.standard_normal(len(people)))
    looks = repeat(rng.poisson(np.minimum(per_day, 0.8) * days))
    at, kept = between(rng, people.registered[looks], gone[looks])
    rows = np.arange(len(people), dtype=np.int64)
    is_long_after = chats.at - people.registered[chats.user] > DAY
    lead = rng.integers(1, 20, len(orders.user)), rng.integers(1, 20, int(is_long_after.sum()))
    user = np.concatenate([rows, looks[kept], orders.user, chats.user[is_long_after]])
    minute = np.concatenate(
        [people.registered, at[kept], orders.submitted - lead[0], chats.at[is_long_after] - lead[1]]
    )
    habit = choose(rng, (38, 34, 12, 16), len(people))
    device = np.where(rng.random(len(user)) < 0.86, habit[user], choose(rng, (38, 34, 12, 16), len(user)))
    return Acts(user, np.maximum(minute, people.registered[user]), device)
