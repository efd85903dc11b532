"""Small random marketplaces: the same people as the oracle's users and as the engine's tables.

People come from a seed: quick, and reproducible by it. Values are few and odd on purpose: upper and lower case, full-width letters, empty sets, NaN, ties,
halves of a millionth, moments around midnight and around changes of the clock.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from core.clock import local_day
from core.lake.tables import FrameTables
from core.rules.evaluate import OracleUser
from core.rules.meaning import GivenValue
from core.rules.measures import Occurrence
from core.rules.share import user_hash
from core.schema import (
    TAG_DTYPES,
    Catalogue,
    EventSpec,
    Label,
    Measurement,
    PropertySpec,
    TagSpec,
    TagType,
    property_column,
    tag_column,
)
from tests.core.engines.made_tags import GIVEN, GIVEN_DAYS, MADE, with_given_values, with_made_tags

ZONES = ("Asia/Shanghai", "America/New_York", "UTC")
CITIES = ("北京", "上海", "beijing", "Beijing", "ＢＪ", "")
TITLES = ("互联网产品经理", "Growth Lead", "growth lead", "K", "K", "straße", "a.b", "产品")
VALUES = ("a", "b", "c", "A", "职场")
NUMBERS = (0.0, -0.0, 1.0, 2.0, 2.5, -3.0, 3000.0, 0.1, 0.2, 0.3, 1e-7, 5e-7, 1.5e-6, 1e9)
_NEAR = (-400, -60, -59, -30, -29, -1, 0, 1, 5, 40)
DAYS = (
    *(date(2019, 7, 14) + timedelta(days=days) for days in _NEAR),
    date(2000, 2, 29),
    date(2019, 3, 10),
    date(2019, 11, 3),
    date(1900, 1, 1),
)
AS_OF = (date(2019, 7, 14), date(2019, 3, 10), date(2019, 11, 3), date(2020, 2, 29), date(2018, 6, 30))

LISTS = ("everybody", "nobody", "some", "others")
SNAPSHOTS = ("first", "second")
# Numbers of people whom a world's data version does not have: between its own, far above, and the last key.
OF_OTHER_VERSIONS = [121, 500, 1_000_000, 4_000_000_000]

_L = Label(zh="名", en="name")
PROPERTIES = {
    "amount": TagType.NUMBER,
    "category": TagType.ENUM,
    "due": TagType.DATE,
    "gift": TagType.BOOLEAN,
    "topics": TagType.MULTI,
}
OF_VISITS = {key: PROPERTIES[key] for key in ("amount", "category", "due", "gift")}
TAGS = {
    "city": TagType.ENUM,
    "title": TagType.TEXT,
    "points": TagType.NUMBER,
    "balance": TagType.NUMBER,
    "vip": TagType.BOOLEAN,
    "born": TagType.DATE,
    "seen": TagType.DATE,
    "interests": TagType.MULTI,
}
COMPUTED = {
    "spent": (TagType.NUMBER, Measurement(event="buy", measure="sum", property="amount")),
    "mean_price": (
        TagType.NUMBER,
        Measurement(event="buy", measure="avg", property="amount", window={"last": 90, "unit": "day"}),
    ),
    "gifts": (
        TagType.NUMBER,
        Measurement(
            event="buy", measure="count", where=({"property": "gift", "op": "is_true"},), missing=-1.0
        ),
    ),
    "dearest": (TagType.NUMBER, Measurement(event="buy", measure="max", property="amount", missing=0.0)),
    "bought": (TagType.DATE, Measurement(event="buy", measure="last_at")),
}
ALL_TAGS = {**TAGS, **{key: kind for key, (kind, _) in COMPUTED.items()}, **MADE}


@dataclass(frozen=True)
class World:
    """The same people in both forms."""

    catalogue: Catalogue
    users: tuple[OracleUser, ...]
    numbers: tuple[int, ...]

    def __repr__(self) -> str:
        # Everything about everybody is longer than Hypothesis prints; what it does print is the seed, which is enough.
        return f"<a world of {len(self.users)}>"

    def tables(self, *, shuffled: int = 0) -> FrameTables:
        """Return the tables; `shuffled` gives other numbers to the users, and so another order of rows."""
        numbers = list(self.numbers)
        if shuffled:
            random.Random(shuffled).shuffle(numbers)  # noqa: S311 - an order, not a secret
        return tables_of(self.catalogue, self.users, numbers)


@cache
def catalogue_in(zone: str) -> Catalogue:
    """Return the catalogue that all worlds share, but for the time zone."""
    tags = {key: TagSpec(key=key, type=kind, label=_L) for key, kind in TAGS.items()}
    tags |= {key: TagSpec(key=key, type=k, label=_L, computed=m) for key, (k, m) in COMPUTED.items()}
    properties = {key: PropertySpec(key=key, type=kind, label=_L) for key, kind in PROPERTIES.items()}
    events = {
        "buy": EventSpec(key="buy", label=_L, properties=properties),
        "visit": EventSpec(key="visit", label=_L, properties={key: properties[key] for key in OF_VISITS}),
        "never": EventSpec(key="never", label=_L),
    }
    return with_made_tags(Catalogue(time_zone=zone, tags=tags, events=events))


def world_of(seed: int, most: int = 40) -> World:
    """Return the world of a seed."""
    chance = random.Random(seed)  # noqa: S311 - people, not secrets
    catalogue = catalogue_in(chance.choice(ZONES))
    size = chance.randrange(most + 1)
    ids = chance.sample(
        [f"u{i:03}" for i in range(50)] + ["用户 5", "Ü", "u1", "0007", "a\tb", "z", "Z"], size
    )
    numbers = sorted(chance.sample(range(3 * most + 1), size))
    users = tuple(_user(chance, user_id, catalogue.zone) for user_id in ids)
    return World(catalogue, users, tuple(numbers))


def tables_of(catalogue: Catalogue, users: Sequence[OracleUser], numbers: Sequence[int]) -> FrameTables:
    """Return people as tables, each under a number of their own."""
    people = list(zip(numbers, users, strict=True))
    columns: dict[str, pl.Series] = {
        "user_no": pl.Series([n for n, _ in people], dtype=pl.UInt32),
        "exists_from": pl.Series([u.exists_from for _, u in people], dtype=pl.Date),
    }
    for key, kind in TAGS.items():
        columns[tag_column(key)] = _series([u.tags.get(key) for _, u in people], kind)
    events = {}
    for event, spec in catalogue.events.items():
        found = [(n, o) for n, u in people for o in sorted(u.events.get(event, ()), key=lambda o: o.at)]
        found.sort(key=lambda pair: pair[0])
        columns_of = {
            "user_no": pl.Series([n for n, _ in found], dtype=pl.UInt32),
            "at": pl.Series([o.at for _, o in found], dtype=pl.Datetime("us", "UTC")),
            "day": pl.Series([local_day(o.at, catalogue.zone) for _, o in found], dtype=pl.Date),
        }
        for key, wanted in spec.properties.items():
            columns_of[property_column(key)] = _series([o.properties.get(key) for _, o in found], wanted.type)
        events[event] = pl.DataFrame(columns_of)
    keys = pl.DataFrame(
        {
            "user_no": pl.Series([n for n, _ in people] + [1_000_000], dtype=pl.UInt32),
            "user_id": [*(u.user_id for _, u in people), "of another version"],
            "hash": pl.Series([*(user_hash(u.user_id) for _, u in people), 1], dtype=pl.UInt64),
        }
    )
    frames = {key: _given_frame(key, kind, people) for key, kind in GIVEN.items()}
    return FrameTables(with_given_values(catalogue, frames), pl.DataFrame(columns), events, keys)


def _given_frame(key: str, kind: TagType, people: Sequence[tuple[int, OracleUser]]) -> pl.DataFrame:
    """Return what was given, one row each, in the order in which it was; some to nobody of this version."""
    found = [(n, value) for n, user in people for value in user.given.get(key, ())]
    found.append((1_000_000, GivenValue(None, GIVEN_DAYS[0])))
    return pl.DataFrame(
        {
            "user_no": pl.Series([n for n, _ in found], dtype=pl.UInt32),
            "value": _series([value.value for _, value in found], kind),
            "since": pl.Series([value.since for _, value in found], dtype=pl.Date),
            "until": pl.Series([value.until for _, value in found], dtype=pl.Date),
        }
    )


def _series(values: list[Any], kind: TagType) -> pl.Series:
    if kind is TagType.MULTI:
        values = [None if value is None else sorted(value) for value in values]
    return pl.Series(values, dtype=TAG_DTYPES[kind], strict=True)


def _value(chance: random.Random, kind: TagType) -> Any:
    if chance.random() < 0.25:
        return chance.choice([None, math.nan]) if kind is TagType.NUMBER else None
    match kind:
        case TagType.ENUM:
            return chance.choice(CITIES)
        case TagType.TEXT:
            return chance.choice(TITLES)
        case TagType.NUMBER:
            return chance.choice(NUMBERS)
        case TagType.BOOLEAN:
            return chance.random() < 0.5
        case TagType.DATE:
            return chance.choice(DAYS)
        case TagType.MULTI:
            return frozenset(chance.sample(VALUES, chance.randrange(4)))


def _user(chance: random.Random, user_id: str, zone: ZoneInfo) -> OracleUser:
    tags = {key: _value(chance, kind) for key, kind in TAGS.items()}
    return OracleUser(
        user_id,
        chance.choice((None, *DAYS)),
        {key: value for key, value in tags.items() if value is not None},
        {"buy": _occurrences(chance, zone, PROPERTIES), "visit": _occurrences(chance, zone, OF_VISITS)},
        frozenset({"everybody", *(key for key in (*LISTS[2:], *SNAPSHOTS) if _is_among(user_id, key))}),
        {key: _given(chance, kind) for key, kind in GIVEN.items()},
    )


def _given(chance: random.Random, kind: TagType) -> tuple[GivenValue, ...]:
    """Return what a user was given of one tag, in an order that is not that of the days."""
    return tuple(
        GivenValue(_value(chance, kind), chance.choice(GIVEN_DAYS), chance.choice((None, None, *GIVEN_DAYS)))
        for _ in range(chance.choice((0, 0, 1, 2, 3)))
    )


def _is_among(user_id: str, key: str) -> bool:
    return random.Random(f"{key} {user_id}").random() < 0.5  # noqa: S311 - people, not secrets


def _occurrences(
    chance: random.Random, zone: ZoneInfo, properties: Mapping[str, TagType]
) -> tuple[Occurrence, ...]:
    found = []
    for _ in range(chance.choice((0, 0, 1, 2, 3, 6))):
        clock = chance.choice((time(0), time(23, 59, 59, 999_999), time(1, 30), time(2, 30), time(12)))
        at = datetime.combine(chance.choice(DAYS), clock, tzinfo=zone).astimezone(UTC)
        values = {key: _value(chance, kind) for key, kind in properties.items()}
        found.append(Occurrence(at, {key: value for key, value in values.items() if value is not None}))
    return tuple(found)
