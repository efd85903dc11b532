"""What users do: the journey from registering to a completed order, and coming back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.draw import (
    DAY,
    END,
    NEVER,
    Floats,
    Ints,
    after,
    between,
    choose,
    repeat,
    sigmoid,
)
from sample_data.orders import Orders, make_orders
from sample_data.people import People, liked_category
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
_TYPES = 0.45  # of those who enter a category page: they have searched for it
_SKIPS_ADVISER = 0.04  # of those who chatted and did not consult: they order by themselves


@dataclass(frozen=True)
class Acts:
    """Occurrences of one kind: the user's row in the chunk, the minute, and an expert or category."""

    user: Ints
    at: Ints
    what: Ints


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
    orders, gone = make_orders(world, rng, people, (steps[SUBMIT], steps[PAY], steps[COMPLETE]), gone)
    views, favourites, searches, categories = _browsing(world, rng, people, steps, gone)
    chats = _contacts(world, rng, people, steps[CHAT], gone, again=0.40)
    consultations = _contacts(world, rng, people, steps[CONSULT], gone, again=0.30)
    logins = _logins(rng, people, gone, orders, chats)
    return Doings(gone, views, favourites, searches, categories, chats, consultations, orders, logins)


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


def _browsing(
    world: World, rng: np.random.Generator, people: People, steps: list[Ints], gone: Ints
) -> tuple[Acts, Acts, Acts, Acts]:
    """Return views, favourites, searches (``what`` = category meant) and category pages."""
    since, entered_at = steps[EFFECTIVE], steps[CATEGORY]
    arrived, entered = np.flatnonzero(since < END), np.flatnonzero(entered_at < END)
    kind = choose(rng, (58, 12, 30), len(arrived))  # first a view, a favourite, a search
    typed = entered[rng.random(len(entered)) < _TYPES]

    def acts(firsts: Ints, at: Ints, among: Ints, rate: float, *, on_experts: bool) -> Acts:
        more, moments = _again(rng, people, among, since, gone, rate)
        users = np.concatenate([firsts, more])
        category = liked_category(rng, people, users)
        what = world.experts_of(rng, category) if on_experts else category
        return Acts(users, np.concatenate([at, moments]), what)

    viewed, marked, searched = (arrived[kind == first] for first in range(3))
    # Who types what they look for does so a minute before the category page opens.
    searching = np.concatenate([searched, typed])
    searching_at = np.concatenate([since[searched], entered_at[typed] - 1])
    return (
        acts(viewed, since[viewed], arrived, 0.70, on_experts=True),
        acts(marked, since[marked], arrived, 0.26, on_experts=True),
        acts(searching, searching_at, arrived, 0.32, on_experts=False),
        acts(entered, entered_at[entered], entered, 0.40, on_experts=False),
    )


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
