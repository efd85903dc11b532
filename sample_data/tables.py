"""The files of the marketplace as data frames: one chunk of users, and all that they did."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from sample_data import words
from sample_data.doings import Acts, Doings, make_doings
from sample_data.draw import END, Flags, Ints, named, times
from sample_data.people import TITLES, People, make_people
from sample_data.touches import Touches, make_touches
from sample_data.world import World

CHUNK = 200_000  # users made at once; part of what a seed means, so that memory stays bounded at any size

_IDENTITIES = [trade.identity for trade in words.TRADES]
_CITIES = [city.name for city in words.CITIES]
_PROVINCES = [city.province for city in words.CITIES]
_SURNAMES = [name for name, _, _ in words.SURNAMES]
_SPELLINGS = [spelling for _, _, spelling in words.SURNAMES]
_SEARCHES = [word for category in words.CATEGORIES for word in words.SEARCH_WORDS[category]]
_SEARCH_SIZES = np.array([len(words.SEARCH_WORDS[category]) for category in words.CATEGORIES])
_SEARCH_STARTS = np.concatenate([[0], np.cumsum(_SEARCH_SIZES)[:-1]])
# Yuan spent from which a member level is given.
_LEVEL_FROM = np.array([0.5, 1500.0, 6000.0])


def make_chunks(users: int, seed: int) -> Iterator[dict[str, pl.DataFrame]]:
    """Yield the tables of the marketplace, at most CHUNK users at a time, in the order of their numbers.

    Parameters
    ----------
    users : int
        Size of the whole marketplace.
    seed : int
        The same seed and size give the same tables.

    Yields
    ------
    dict of str to polars.DataFrame
        By file name without its ending, sorted by user and time; local times, ids as text; null = missing.
        ``users`` has a row per user, ``orders``, ``coupons`` and ``messages`` one per order submitted, coupon
        claimed and message pushed, with the times of what came of it; the others one per occurrence.
    """
    world = World.of_seed(seed)
    for chunk, first in enumerate(range(0, users, CHUNK)):
        rng = np.random.default_rng([seed, 2, chunk])
        people = make_people(world, rng, first, min(CHUNK, users - first), users)
        doings = make_doings(world, rng, people)
        touches = make_touches(rng, people, doings)
        yield _tables(world, rng, people, doings, touches, width=max(5, len(str(users))))


def _tables(
    world: World, rng: np.random.Generator, people: People, doings: Doings, touches: Touches, width: int
) -> dict[str, pl.DataFrame]:
    number = pl.Series(np.arange(people.first + 1, people.first + len(people) + 1))
    ids = "u" + number.cast(pl.String).str.zfill(width)
    experts = pl.Series(world.expert_ids())
    expert_category = world.expert_category

    def log(acts: Acts, at: str, **columns: pl.Series) -> pl.DataFrame:
        return _sorted({"user_id": ids.gather(acts.user), at: times(acts.at), **columns}, acts.user, acts.at)

    coupons, messages = touches.coupons, touches.messages
    chat_category = named(words.CATEGORIES, expert_category[doings.chats.what])
    word = _SEARCH_STARTS[doings.searches.what] + (
        rng.random(len(doings.searches.user)) ** 1.6 * _SEARCH_SIZES[doings.searches.what]
    ).astype(np.int64)
    dwell = pl.Series(touches.dwell_seconds)
    return {
        "users": _users(rng, people, doings, ids, number, expert_category),
        "logins": log(doings.logins, "at", device=named(words.DEVICES, doings.logins.what)),
        "expert_views": log(doings.views, "viewed_at", expert_id=experts.gather(doings.views.what)),
        "favourites": log(doings.favourites, "added_at", expert_id=experts.gather(doings.favourites.what)),
        "searches": log(doings.searches, "searched_at", word=named(_SEARCHES, word)),
        "category_visits": log(
            doings.categories, "entered_at", category=named(words.CATEGORIES, doings.categories.what)
        ),
        "chats": log(
            doings.chats, "clicked_at", expert_id=experts.gather(doings.chats.what), category=chat_category
        ),
        "consultations": log(
            doings.consultations, "asked_at", expert_id=experts.gather(doings.consultations.what)
        ),
        "orders": _orders(rng, people, doings, ids, experts, expert_category),
        "reviews": log(
            touches.reviews, "reviewed_at",
            order_id=_order_ids(people, doings).gather(touches.review_order),
            score=pl.Series(touches.reviews.what),
        ),
        "page_views": log(
            touches.pages, "viewed_at",
            page=named(words.PAGES, touches.pages.what), dwell_seconds=dwell.set(dwell < 0, None),
        ),
        "coupons": _sorted(
            {
                "user_id": ids.gather(coupons.user),
                "coupon": named(words.COUPONS, coupons.coupon),
                "platform": named(words.COUPON_PLATFORMS, coupons.platform),
                "claimed_at": times(coupons.claimed),
                "redeemed_at": times(coupons.redeemed),
            },
            coupons.user, coupons.claimed,
        ),
        "activities": log(
            touches.activities, "joined_at", activity=named(words.ACTIVITIES, touches.activities.what)
        ),
        "messages": _sorted(
            {
                "user_id": ids.gather(messages.user),
                "campaign": named([name for name, _ in words.CAMPAIGNS], messages.campaign),
                "channel": named(words.MESSAGE_CHANNELS, messages.channel),
                "pushed_at": times(messages.pushed),
                "delivered_at": times(messages.delivered),
                "clicked_at": times(messages.clicked),
            },
            messages.user, messages.pushed,
        ),
    }  # fmt: skip


def _sorted(columns: dict[str, pl.Series], user: Ints, at: Ints) -> pl.DataFrame:
    return pl.DataFrame(columns)[np.lexsort((at, user))]


def _order_ids(people: People, doings: Doings) -> pl.Series:
    """Return an id per order: the buyer's number and which of their orders it is."""
    user = doings.orders.user
    nth = np.arange(len(user)) - np.searchsorted(user, user, side="left") + 1
    return pl.Series(people.first + user + 1).cast(pl.String) + "-" + pl.Series(nth).cast(pl.String)


def _orders(
    rng: np.random.Generator,
    people: People,
    doings: Doings,
    ids: pl.Series,
    experts: pl.Series,
    categories: Ints,
) -> pl.DataFrame:
    orders = doings.orders
    count = len(orders.user)
    in_city = people.city[orders.user]
    stores = [f"{city}店" for city in words.STORE_CITIES]
    nearest = np.where(in_city < len(stores), in_city, rng.integers(0, len(stores), count))
    has_card = _has_card(people, doings)[orders.user]
    payment = np.searchsorted(
        [0.52, 0.88, 0.93], rng.random(count) * np.where(has_card, 1.0, 0.93), side="right"
    )
    channel = np.searchsorted([0.44, 0.74, 0.88], rng.random(count), side="right")
    returned = times(orders.returned)
    return pl.DataFrame(
        {
            "order_id": _order_ids(people, doings),
            "user_id": ids.gather(orders.user),
            "submitted_at": times(orders.submitted),
            "paid_at": times(orders.paid),
            "completed_at": times(orders.completed),
            "returned_at": returned,
            "amount": pl.Series(orders.amount),
            "refund": pl.Series(orders.refund).set(returned.is_null(), None),
            "category": named(words.CATEGORIES, categories[orders.expert]),
            "expert_id": experts.gather(orders.expert),
            "store": named([*stores, words.ONLINE], np.where(orders.is_online, len(stores), nearest)),
            "payment_method": named(words.PAYMENTS, np.where(orders.paid < END, payment, -1)),
            "channel": named(words.ORDER_CHANNELS, channel.astype(np.int64)),
        }
    )


def _spent(people: People, doings: Doings) -> np.ndarray:
    """Return the yuan that each user of the chunk has paid."""
    is_paid = doings.orders.paid < END
    return np.bincount(
        doings.orders.user[is_paid], weights=doings.orders.amount[is_paid], minlength=len(people)
    )


def _has_card(people: People, doings: Doings) -> Flags:
    """Tell who has opened a member card: some of those who have paid, more of them the more they spend."""
    spent = _spent(people, doings)
    # A leaning that the generator has drawn already decides, so that both tables tell the same.
    return (spent > 0) & (people.means + spent / 4000 > 1.0)


def _users(
    rng: np.random.Generator,
    people: People,
    doings: Doings,
    ids: pl.Series,
    number: pl.Series,
    categories: Ints,
) -> pl.DataFrame:
    count = len(people)
    spent = _spent(people, doings)
    has_card = _has_card(people, doings)
    level = np.where(spent > 0, np.searchsorted(_LEVEL_FROM, spent, side="right"), 0)
    earned = (spent * 0.5 + 5 * np.bincount(doings.logins.user, minlength=count)).astype(np.int64)
    burnt = (
        (earned * np.where(rng.random(count) < 0.3 * (spent > 0), rng.random(count), 0)).astype(np.int64)
        // 10
        * 10
    )
    stored = np.array([200, 500, 1000, 2000, 5000])[
        np.clip((people.means * 1.2 + rng.random(count) * 2).astype(np.int64), 0, 4)
    ]
    return pl.DataFrame(
        {
            "user_id": ids,
            "registered_at": times(people.registered),
            "name": _names(people),
            "phone": _missing(_phones(number), ~people.has_phone),
            "email": _emails(people, number),
            "gender": named(("男", "女"), np.where(people.has_gender, people.is_female.astype(np.int64), -1)),
            "birthday": _missing(
                pl.Series(people.birth_day.astype(np.int32)).cast(pl.Date), ~people.has_birthday
            ),
            "city": named(_CITIES, np.where(people.has_city, people.city, -1)),
            "province": named(_PROVINCES, np.where(people.has_province, people.city, -1)),
            "title": named(TITLES, np.where(people.has_title, people.title, -1)),
            "identity": named(_IDENTITIES, np.where(people.has_identity, people.trade, -1)),
            "interests": _interests(people),
            "sign_up_method": named(words.SIGN_UP_METHODS, people.sign_up_method),
            "source_channel": named(words.CHANNELS, np.where(people.has_channel, people.channel, -1)),
            "member_level": named(words.LEVELS, level.astype(np.int64)),
            "card_opened": pl.Series(has_card),
            "stored_value": _missing(pl.Series(np.where(rng.random(count) < 0.35, stored, 0)), ~has_card),
            "points": pl.Series(earned - burnt),
            "points_spent": pl.Series(burnt),
            "preferred_category": _favourite(
                people,
                np.concatenate([doings.categories.user, doings.orders.user, doings.orders.user]),
                np.concatenate([doings.categories.what, *(2 * [categories[doings.orders.expert]])]),
            ),
            "search_preference": _favourite(people, doings.searches.user, doings.searches.what),
            "price_preference": _price_bands(people, doings),
        }
    )


def _missing(series: pl.Series, where: Flags) -> pl.Series:
    return series.set(pl.Series(where), None)


def _names(people: People) -> pl.Series:
    """Return invented names: a common surname and one or two characters of a given name."""
    first, second = people.given // 29, people.given % 29
    surname = pl.Series(_SURNAMES).gather(people.surname)
    parts = []
    for code in (first, second):
        female = named([*words.GIVEN_FEMALE, ""], code)
        male = named([*words.GIVEN_MALE, ""], code)
        parts.append(female.zip_with(pl.Series(people.is_female), male))
    return _missing(surname + parts[0] + parts[1], ~people.has_name)


def _phones(number: pl.Series) -> pl.Series:
    """Return numbers that nobody can have: Chinese mobile numbers begin with 13 to 19, these with 129.

    Nor is 129 one of the emergency numbers that exchanges answer after three digits (110, 119, 120, 122).
    """
    scattered = (number.cast(pl.UInt64) * 61_803_399) % 100_000_000  # odd and no multiple of 5: no two alike
    return "129" + scattered.cast(pl.String).str.zfill(8)


def _emails(people: People, number: pl.Series) -> pl.Series:
    """Return addresses below example.com, which is reserved and receives nothing."""
    local = pl.Series(_SPELLINGS).gather(people.surname) + number.cast(pl.String)
    return _missing(local + "@example.com", ~people.has_email)


def _interests(people: People) -> pl.Series:
    """Return the interests that a user tells, joined with semicolons; none told = missing."""
    told = pl.Series([""] * len(people))
    for place in range(int(people.interest_count.max())):
        more = named(words.CATEGORIES, people.interest_order[:, place])
        joined = more if place == 0 else told + ";" + more
        told = joined.zip_with(pl.Series(people.interest_count > place), told)
    return _missing(told, people.interest_count == 0)


def _favourite(people: People, user: Ints, category: Ints) -> pl.Series:
    """Return the category that each user met most often; missing for those who met none."""
    kinds = len(words.CATEGORIES)
    met = np.bincount(user * kinds + category, minlength=len(people) * kinds).reshape(-1, kinds)
    return named(words.CATEGORIES, np.where(met.any(axis=1), met.argmax(axis=1), -1))


def _price_bands(people: People, doings: Doings) -> pl.Series:
    """Return the band of what users paid on average or, before they pay, of what they ordered."""
    orders = doings.orders
    total = np.bincount(orders.user, weights=orders.amount, minlength=len(people))
    count = np.bincount(orders.user, minlength=len(people))
    average = total / np.maximum(count, 1)
    return named(
        words.PRICE_BANDS, np.where(count > 0, np.searchsorted([300, 500, 1000], average, side="right"), -1)
    )
