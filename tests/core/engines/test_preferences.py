"""Favourites where tables and 64 bits do not suffice: many values, and weights whose sums are too large."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import polars as pl
import pytest

from core.engines.memory import MemoryEngine
from core.engines.memory.preferences import _MOST_VALUES
from core.lake.tables import FrameTables
from core.rules.evaluate import OracleUser, tag_value
from core.rules.making_text import parse_making
from core.rules.measures import Occurrence
from core.rules.share import user_hash
from core.schema import DAY, Catalogue, EventSpec, Label, PropertySpec, TagSpec, TagType, property_column

AS_OF = date(2019, 7, 14)
_L = Label(zh="名", en="name")
AT = datetime(2019, 7, 1, tzinfo=UTC)


def people(values: int, largest: float) -> list[OracleUser]:
    chance = random.Random(values)  # noqa: S311 - people, not secrets
    found = []
    for number in range(60):
        occurrences = [
            Occurrence(
                AT, {"what": f"v{chance.randrange(values)}", "amount": chance.choice([1.0, -1.0, largest])}
            )
            for _ in range(chance.choice((0, 1, 5, 40)))
        ]
        found.append(OracleUser(f"u{number:02}", events={"buy": occurrences}))
    # Somebody has nearly every value, so that the dictionary is large.
    every = [Occurrence(AT, {"what": f"v{value}", "amount": 1.0}) for value in range(values)]
    return [*found, OracleUser("every", events={"buy": every})]


def engine_of(users: list[OracleUser], catalogue: Catalogue) -> MemoryEngine:
    rows = [(number, o) for number, user in enumerate(users) for o in user.events["buy"]]
    buys = pl.DataFrame(
        {
            "user_no": pl.Series([number for number, _ in rows], dtype=pl.UInt32),
            "at": pl.Series([o.at for _, o in rows], dtype=pl.Datetime("us", "UTC")),
            DAY: pl.Series([o.at.date() for _, o in rows], dtype=pl.Date),
            property_column("what"): pl.Series([o.properties["what"] for _, o in rows], dtype=pl.String),
            property_column("amount"): pl.Series([o.properties["amount"] for _, o in rows], dtype=pl.Float64),
        }
    )
    numbers = pl.Series(range(len(users)), dtype=pl.UInt32)
    keys = pl.DataFrame(
        {
            "user_no": numbers,
            "user_id": [user.user_id for user in users],
            "hash": pl.Series([user_hash(user.user_id) for user in users], dtype=pl.UInt64),
        }
    )
    return MemoryEngine(FrameTables(catalogue, pl.DataFrame({"user_no": numbers}), {"buy": buys}, keys))


@pytest.mark.parametrize("weigh", [None, "amount"])
@pytest.mark.parametrize("gives", ["value", "share"])
@pytest.mark.parametrize("largest", [3.25, 5e12])
@pytest.mark.parametrize("values", [3, _MOST_VALUES + 100])
def test_favourites_are_the_oracle_s(values: int, largest: float, gives: str, weigh: str | None) -> None:
    properties = {
        "what": PropertySpec(key="what", type=TagType.TEXT, label=_L),
        "amount": PropertySpec(key="amount", type=TagType.NUMBER, label=_L),
    }
    making = parse_making(
        {"kind": "preference", "event": "buy", "of": "what", "weigh": weigh, "gives": gives}
    )
    kind = TagType.ENUM if gives == "value" else TagType.NUMBER
    catalogue = Catalogue(
        tags={"liked": TagSpec(key="liked", type=kind, label=_L, computed=making)},
        events={"buy": EventSpec(key="buy", label=_L, properties=properties)},
    )
    users = people(values, largest)
    engine = engine_of(users, catalogue)
    found = dict(engine.frame(pl.Series(range(len(users)), dtype=pl.UInt32), ["liked"], AS_OF).rows())
    assert found == {user.user_id: tag_value(user, "liked", catalogue, AS_OF) for user in users}
    assert sum(value is not None for value in found.values()) > 10
