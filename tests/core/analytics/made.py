"""Tiny worlds for analyses: a few people and what they did, written down so that all can be counted on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from core.analytics.asking import Asking, Figure
from core.clock import local_day
from core.engines.memory import MemoryEngine
from core.lake.tables import FrameTables
from core.rules.parse import dump_rule, parse_rule
from core.rules.share import user_hash
from core.rules.tree import Rule
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
from core.tags.listing import EVERYBODY

AS_OF = date(2019, 7, 14)
ZONE = "Asia/Shanghai"

Done = tuple[str, str] | tuple[str, str, Mapping[str, Any]]
"""Who, when (local time), and with which properties."""


def asking(
    people: Mapping[str, Mapping[str, Any]],
    events: Mapping[str, tuple[Mapping[str, TagType], Sequence[Done]]],
    *,
    tags: Mapping[str, TagType] | None = None,
    as_of: date = AS_OF,
    among: Rule = EVERYBODY,
    recorded_to: date | None = None,
) -> Asking:
    """Return a question about a world.

    Parameters
    ----------
    people : mapping
        By user id, the values of tags; ``since`` is the day from which the user exists, absent = always.
    events : mapping
        By event, the types of its properties, and its occurrences.
    recorded_to : date or None
        The day of the data; None = `as_of`.
    """
    tags = tags or {}
    numbers = {user: place for place, user in enumerate(people, 1)}
    columns: dict[str, pl.Series] = {
        "user_no": pl.Series(list(numbers.values()), dtype=pl.UInt32),
        "exists_from": pl.Series([has.get("since") for has in people.values()], dtype=pl.Date),
    }
    for key, kind in tags.items():
        columns[tag_column(key)] = pl.Series(
            [has.get(key) for has in people.values()], dtype=TAG_DTYPES[kind]
        )
    frames, specs = {}, {}
    for event, (properties, done) in events.items():
        frames[event] = _occurrences(properties, done, numbers)
        days = frames[event].get_column("day")
        specs[event] = EventSpec(
            key=event,
            label=Label(zh=event, en=event),
            properties={
                key: PropertySpec(key=key, type=kind, label=Label(zh=key, en=key))
                for key, kind in properties.items()
            },
            rows=len(days),
            first_day=days.min(),  # type: ignore[arg-type]
            last_day=days.max(),  # type: ignore[arg-type]
        )
    catalogue = Catalogue(
        time_zone=ZONE,
        as_of=recorded_to or as_of,
        tags={key: TagSpec(key=key, type=kind, label=Label(zh=key, en=key)) for key, kind in tags.items()},
        events=specs,
    )
    keys = pl.DataFrame(
        {
            "user_no": pl.Series(list(numbers.values()), dtype=pl.UInt32),
            "user_id": pl.Series(list(people), dtype=pl.String),
            "hash": pl.Series([user_hash(user) for user in people], dtype=pl.UInt64),
        }
    )
    engine = MemoryEngine(FrameTables(catalogue, pl.DataFrame(columns), frames, keys))
    return Asking(engine, catalogue, as_of, among)


def figures_in(found: object) -> list[Figure]:
    """Return every figure that an answer holds, at whatever depth."""
    if isinstance(found, Figure):
        return [found]
    if isinstance(found, Mapping):
        return [figure for value in found.values() for figure in figures_in(value)]
    if isinstance(found, list | tuple):
        return [figure for value in found for figure in figures_in(value)]
    if is_dataclass(found):
        return [figure for field in fields(found) for figure in figures_in(getattr(found, field.name))]
    return []


def assert_every_figure_is_the_count_of_its_rule(asked: Asking, found: object) -> None:
    """Count every rule again, by way of JSON as a link to the builder does it."""
    figures = figures_in(found)
    assert figures
    for figure in figures:
        assert asked.engine.count(parse_rule(dump_rule(figure.rule)), asked.as_of).count == figure.users


def ids_of(asked: Asking, figure: Figure) -> list[str]:
    """Return who is counted."""
    return asked.engine.frame(asked.engine.members(figure.rule, asked.as_of), [], asked.as_of)[
        "user_id"
    ].to_list()


def _occurrences(
    properties: Mapping[str, TagType], done: Iterable[Done], numbers: Mapping[str, int]
) -> pl.DataFrame:
    zone = ZoneInfo(ZONE)
    rows = sorted(
        (
            (
                numbers[one[0]],
                datetime.fromisoformat(one[1]).replace(tzinfo=zone).astimezone(UTC),
                one[2] if len(one) > 2 else {},
            )
            for one in done
        ),
        key=lambda row: row[:2],
    )
    columns = {
        "user_no": pl.Series([row[0] for row in rows], dtype=pl.UInt32),
        "at": pl.Series([row[1] for row in rows], dtype=pl.Datetime("us", "UTC")),
        "day": pl.Series([local_day(row[1], zone) for row in rows], dtype=pl.Date),
    }
    for key, kind in properties.items():
        columns[property_column(key)] = pl.Series([row[2].get(key) for row in rows], dtype=TAG_DTYPES[kind])
    return pl.DataFrame(columns)
