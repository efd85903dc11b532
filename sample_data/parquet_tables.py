"""Writing the marketplace straight as the tables of a data version (core/schema.py), at any size.

The plan says what becomes a tag or an event, as in a real import; the generator's files never hold a value
that would be refused, so that nothing has to be inferred or checked. Tags that a query makes are left out.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from core.rules.share import user_hash
from core.schema import (
    AT,
    DAY,
    EXISTS_FROM,
    HASH,
    TAG_DTYPES,
    USER_ID,
    USER_NO,
    Catalogue,
    EventSpec,
    JourneyStage,
    Label,
    Measurement,
    PropertySpec,
    TagSpec,
    TagType,
    property_column,
    tag_column,
)
from sample_data.csv_files import PLAN
from sample_data.tables import make_chunks

_UTC_OFFSET_HOURS = 8  # Asia/Shanghai has had no other since 1992
_AMOUNT = Label(zh="金额", en="Amount")
_DATE_MEASURES = ("first_at", "last_at")


def write_parquet_tables(users: int, seed: int, folder: Path) -> list[Path]:
    """Write ``users.parquet``, ``events/<key>.parquet``, ``keys.parquet`` and ``catalogue.json``.

    Users are numbered from 0 in the order of their registration. Memory is bounded by the generator's chunk;
    parts lie in a temporary folder beside the result until they are joined.

    Parameters
    ----------
    users, seed : int
        As for `make_chunks`.
    folder : pathlib.Path
        Created where it is missing; files of the same names are replaced.
    """
    plan = tomllib.loads(PLAN.read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events").mkdir(exist_ok=True)
    tally = _Tally()
    with TemporaryDirectory(dir=folder) as parts:
        names = _write_parts(plan, users, seed, Path(parts), tally)
        written = [folder / f"{name}.parquet" for name in names]
        for name, path in zip(names, written, strict=True):
            pl.scan_parquet(Path(parts) / name / "*.parquet").sink_parquet(path)
    catalogue = folder / "catalogue.json"
    catalogue.write_text(_catalogue(plan, tally).model_dump_json(indent=1), encoding="utf-8")
    return [*written, catalogue]


class _Tally:
    """What the catalogue tells about values, gathered part by part."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = defaultdict(int)
        self.present: dict[tuple[str, str], int] = defaultdict(int)
        self.values: dict[tuple[str, str], set[Any]] = defaultdict(set)
        self.days: dict[str, tuple[date, date]] = {}

    def add(
        self, table: str, frame: pl.DataFrame, columns: Mapping[str, str], uncounted: frozenset[str]
    ) -> None:
        """Count a part; for `uncounted` columns every value is known to be another one."""
        self.rows[table] += len(frame)
        for key, column in columns.items():
            series = frame[column].drop_nulls()
            self.present[table, key] += len(series)
            if key not in uncounted:
                flat = series.explode() if isinstance(series.dtype, pl.List) else series
                self.values[table, key].update(flat.unique().to_list())
        if DAY in frame.columns and len(frame):
            first, last = frame[DAY].min(), frame[DAY].max()
            known = self.days.get(table, (first, last))
            self.days[table] = (min(known[0], first), max(known[1], last))  # type: ignore[type-var]

    def numbers(self, table: str, key: str, *, is_unique: bool = False) -> dict[str, float]:
        """Return ``coverage`` and ``distinct`` of a column."""
        present = self.present[table, key]
        distinct = present if is_unique else len(self.values[table, key])
        return {"coverage": present / max(self.rows[table], 1), "distinct": distinct}


def _write_parts(plan: Mapping[str, Any], users: int, seed: int, parts: Path, tally: _Tally) -> list[str]:
    tags = plan["users"][0]["tags"]
    names = ["users", "keys", *(f"events/{event['event']}" for event in plan["events"])]
    for name in names:
        (parts / name).mkdir(parents=True)
    first = 0
    for number, tables in enumerate(make_chunks(users, seed)):
        people = tables["users"]
        numbers = np.arange(first, first + len(people), dtype=np.uint32)
        ids = people["user_id"].to_list()
        hashes = np.fromiter((user_hash(user) for user in ids), dtype=np.uint64, count=len(ids))
        keys = pl.DataFrame({USER_NO: numbers, USER_ID: people["user_id"], HASH: hashes})
        part = f"{number:05d}.parquet"
        keys.write_parquet(parts / "keys" / part)
        frame = people.select(
            pl.Series(USER_NO, numbers),
            pl.col(plan["users"][0]["registered"]).cast(pl.Date).alias(EXISTS_FROM),
            *(_typed(spec, tag_column(key)) for key, spec in tags.items()),
        )
        frame.write_parquet(parts / "users" / part)
        unique = frozenset(key for key, spec in tags.items() if spec.get("personal") in ("phone", "email"))
        tally.add("users", frame, {key: tag_column(key) for key in tags}, unique)
        for event in plan["events"]:
            occurrences = _occurrences(event, tables[Path(event["source"]).stem], keys)
            occurrences.write_parquet(parts / "events" / event["event"] / part)
            columns = {key: property_column(key) for key in _properties(event)}
            # Orders belong to one user, so that a set of every order ever made would only fill the memory.
            tally.add(event["event"], occurrences, columns, frozenset({"order_id"}))
        first += len(people)
    return names


def _typed(spec: Mapping[str, Any], name: str) -> pl.Expr:
    column = pl.col(spec["column"])
    kind = TagType(spec["type"])
    if kind is TagType.MULTI:
        return column.str.split(spec["separator"]).alias(name)
    return column.cast(TAG_DTYPES[kind]).alias(name)


def _properties(event: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    amount = {"amount": {"column": event["amount"], "type": "number"}} if "amount" in event else {}
    return {**amount, **event["properties"]}


def _occurrences(event: Mapping[str, Any], table: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    at = pl.col(event["at"])
    return (
        table.lazy()
        .filter(at.is_not_null())
        .join(keys.lazy().select(USER_NO, USER_ID), left_on=event["user"], right_on=USER_ID, how="left")
        .select(
            pl.col(USER_NO),
            (at - pl.duration(hours=_UTC_OFFSET_HOURS)).dt.replace_time_zone("UTC").alias(AT),
            at.cast(pl.Date).alias(DAY),
            *(_typed(spec, property_column(key)) for key, spec in _properties(event).items()),
        )
        .sort(USER_NO, AT, maintain_order=True)
        .collect()
    )


def _catalogue(plan: Mapping[str, Any], tally: _Tally) -> Catalogue:
    tags: dict[str, TagSpec] = {}
    for key, spec in plan["users"][0]["tags"].items():
        kept = {
            name: spec[name] for name in ("type", "label", "dimension", "unit", "personal") if name in spec
        }
        is_unique = spec.get("personal") in ("phone", "email")
        tags[key] = TagSpec(key=key, **kept, **tally.numbers("users", key, is_unique=is_unique))
    for key, spec in plan["tags"].items():
        about = {name: spec[name] for name in ("label", "dimension", "unit") if name in spec}
        how = {name: value for name, value in spec.items() if name not in about}
        kind = TagType.DATE if spec["measure"] in _DATE_MEASURES else TagType.NUMBER
        tags[key] = TagSpec(key=key, type=kind, computed=Measurement(**how), **about)
    events: dict[str, EventSpec] = {}
    for event in plan["events"]:
        name = event["event"]
        properties = {
            key: PropertySpec(
                key=key,
                type=spec["type"],
                label=spec.get("label", _AMOUNT),
                **tally.numbers(name, key, is_unique=key == "order_id"),
            )
            for key, spec in _properties(event).items()
        }
        first, last = tally.days.get(name, (None, None))
        events[name] = EventSpec(
            key=name, label=plan["event_labels"][name], properties=properties, rows=tally.rows[name],
            first_day=first, last_day=last,
        )  # fmt: skip
    return Catalogue(
        time_zone=plan["time_zone"],
        as_of=plan["as_of"],
        dimensions=plan["dimensions"],
        tags=tags,
        events=events,
        journey=tuple(JourneyStage.model_validate(stage) for stage in plan["journey"]),
    )
