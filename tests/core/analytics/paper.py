"""People few enough to be counted on paper, and what holds for every figure of an analysis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from core.analytics.asking import Asking, Figure
from core.engines.base import Engine
from core.engines.memory import MemoryEngine
from core.lake.tables import FrameTables
from core.rules.parse import dump_rule, parse_rule
from core.rules.share import user_hash
from core.schema import (
    TAG_DTYPES,
    Catalogue,
    EventSpec,
    Label,
    PropertySpec,
    TagSpec,
    TagType,
    property_column,
    tag_column,
)

ZONE = ZoneInfo("Asia/Shanghai")


def label(text: str) -> Label:
    return Label(zh=text, en=text)


def tag(key: str, kind: TagType, **more: Any) -> TagSpec:
    return TagSpec(key=key, type=kind, label=label(key), **more)


def event(key: str, **properties: TagType) -> EventSpec:
    specs = {name: PropertySpec(key=name, type=kind, label=label(name)) for name, kind in properties.items()}
    return EventSpec(key=key, label=label(key), properties=specs)


def asking(
    users: Sequence[dict[str, Any]], as_of: date, tags: Sequence[TagSpec], events: Sequence[EventSpec] = ()
) -> Asking:
    """A question about users, each given by tags, by ``since`` (the day from which one exists; absent = always),
    and by ``did``: a list of (event, time in Shanghai, property values)."""
    catalogue = Catalogue(
        time_zone="Asia/Shanghai", as_of=as_of, tags={each.key: each for each in tags},
        events={each.key: each for each in events},
    )  # fmt: skip
    columns = {
        "user_no": pl.Series(range(len(users)), dtype=pl.UInt32),
        "exists_from": pl.Series([user.get("since") for user in users], dtype=pl.Date),
    }
    for each in tags:
        values = [user.get(each.key) for user in users]
        values = [sorted(value) if isinstance(value, set) else value for value in values]
        columns[tag_column(each.key)] = pl.Series(values, dtype=TAG_DTYPES[each.type])
    frames = {each.key: _occurrences(each, users) for each in events}
    ids = [f"u{n}" for n in range(len(users))]
    keys = {
        "user_id": pl.Series(ids, dtype=pl.String),
        "hash": pl.Series(map(user_hash, ids), dtype=pl.UInt64),
    }
    tables = FrameTables(
        catalogue, pl.DataFrame(columns), frames, pl.DataFrame({"user_no": columns["user_no"], **keys})
    )
    return Asking(MemoryEngine(tables), catalogue, as_of)


def _occurrences(spec: EventSpec, users: Sequence[dict[str, Any]]) -> pl.DataFrame:
    found = sorted(
        ((n, datetime.fromisoformat(at).replace(tzinfo=ZONE), values)
        for n, user in enumerate(users) for key, at, values in user.get("did", ()) if key == spec.key),
        key=lambda one: one[:2],
    )  # fmt: skip
    columns = {
        "user_no": pl.Series([n for n, _, _ in found], dtype=pl.UInt32),
        "at": pl.Series([at for _, at, _ in found], dtype=pl.Datetime("us", "UTC")),
        "day": pl.Series([at.date() for _, at, _ in found], dtype=pl.Date),
    }
    for key, of in spec.properties.items():
        values = [values.get(key) for _, _, values in found]
        columns[property_column(key)] = pl.Series(values, dtype=TAG_DTYPES[of.type])
    return pl.DataFrame(columns)


def figures_in(found: Any) -> Iterator[Figure]:
    """Every figure anywhere in a result."""
    if isinstance(found, Figure):
        yield found
    elif isinstance(found, tuple | list):
        for each in found:
            yield from figures_in(each)
    elif hasattr(found, "__dataclass_fields__"):
        for name in found.__dataclass_fields__:
            yield from figures_in(getattr(found, name))


def assert_every_figure_is_the_count_of_its_rule(found: Any, engine: Engine, as_of: date) -> int:
    """Count every figure anew, by way of JSON as a link to the builder does it; return how many there were."""
    figures = list(figures_in(found))
    for figure in figures:
        assert engine.count(parse_rule(dump_rule(figure.rule)), as_of).count == figure.users
    return len(figures)
