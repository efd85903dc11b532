"""Polars asked directly: enums, dates, one lazy select."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.marketplace import EVENTS, event_path
from benchmarks.peers import Numbers
from benchmarks.questions import AS_OF, CHARTED, Five, Measured


class Polars:
    """The tables as frames."""

    def __init__(self, users: pl.DataFrame, events: dict[str, pl.DataFrame], titles: pl.Series) -> None:
        self._users = users
        self._events = events
        self._titles = titles

    def ten_numbers(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """One select of ten sums; the events by semi-joins or by marking rows."""

        def of(holds: list[pl.Expr], frame: pl.LazyFrame) -> Numbers:
            named = frame.with_columns(*(c.fill_null(False).alias(f"c{i}") for i, c in enumerate(holds, 1)))
            own = [pl.col(f"c{i}").sum().alias(f"own{i}") for i in range(1, 6)]
            running = [
                pl.all_horizontal(*(f"c{j}" for j in range(1, i + 1))).sum().alias(f"running{i}")
                for i in range(1, 6)
            ]
            return [int(number) for number in named.select(*own, *running).collect().row(0)]

        return {name: lambda ask=ask: of(*ask()) for name, ask in self._asked(five, flat=flat).items()}

    def plain_count(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """One select of one sum."""

        def of(holds: list[pl.Expr], frame: pl.LazyFrame) -> Numbers:
            return [int(frame.select(pl.all_horizontal(*holds).sum()).collect().item())]

        return {name: lambda ask=ask: of(*ask()) for name, ask in self._asked(five, flat=flat).items()}

    def event_condition(self, asked: Measured) -> dict[str, Callable[[], Numbers]]:
        """Group by user over the event's own, sorted table."""
        measure = pl.len() if asked.measure == "count" else pl.col("amount").sum()

        def ask() -> Numbers:
            grouped = (
                self._events[asked.event].lazy()
                .filter(pl.col("day").is_between(asked.first, AS_OF))
                .group_by("user_no").agg(measure.alias("m"))
            )  # fmt: skip
            return [int(grouped.select((pl.col("m") >= asked.at_least).sum()).collect().item())]

        return {"group by": ask}

    def charts(self, since: date) -> dict[str, Callable[[], Numbers]]:
        """Filter once, four group-bys."""

        def ask() -> Numbers:
            kept = self._users.lazy().filter(pl.col("registered_on") >= since).select(CHARTED)
            counted = [kept.group_by(tag).len().sort("len", descending=True) for tag in CHARTED]
            return [int(n) for frame in pl.collect_all(counted) for n in frame.get_column("len")]

        return {"group by": ask}

    def _asked(
        self, five: Five, *, flat: bool
    ) -> dict[str, Callable[[], tuple[list[pl.Expr], pl.LazyFrame]]]:
        def of_users() -> list[pl.Expr]:
            hit = self._titles.filter(self._titles.str.contains_any(list(five.words)))
            titles = pl.Series(hit).cast(self._users.schema["title"])
            return [
                pl.col("city") == five.city,
                pl.col("title").is_in(titles.implode()),
                pl.col("gmv") > five.gmv,
            ]

        def by_dates() -> tuple[list[pl.Expr], pl.LazyFrame]:
            dates = [
                pl.col("last_login_on") >= five.login_from,
                pl.col("last_purchase_on") >= five.purchase_from,
            ]
            return of_users() + dates, self._users.lazy()

        def by_joins() -> tuple[list[pl.Expr], pl.LazyFrame]:
            frame = self._users.lazy()
            for event, first in (("login", five.login_from), ("purchase", five.purchase_from)):
                did = self._events[event].lazy().filter(pl.col("day") >= first).select("user_no").unique()
                frame = frame.join(did.with_columns(pl.lit(True).alias(event)), on="user_no", how="left")
            return [*of_users(), pl.col("login"), pl.col("purchase")], frame

        def by_membership() -> tuple[list[pl.Expr], pl.LazyFrame]:
            did = []
            for event, first in (("login", five.login_from), ("purchase", five.purchase_from)):
                frame = self._events[event].lazy().filter(pl.col("day") >= first).select("user_no").unique()
                did.append(pl.col("user_no").is_in(frame.collect().to_series().implode()))
            return of_users() + did, self._users.lazy()

        return {"flat": by_dates} if flat else {"joins": by_joins, "membership": by_membership}


def load(folder: Path, threads: int) -> Polars:  # noqa: ARG001 - Polars reads POLARS_MAX_THREADS
    """Load the data."""
    columns = [
        "user_no",
        *(f"tag:{tag}" for tag in dict.fromkeys(("city", "title", "registered_on", *CHARTED))),
    ]
    users = pl.read_parquet(folder / "users.parquet", columns=columns)
    users = users.rename({name: name.removeprefix("tag:") for name in users.columns})
    titles = users.get_column("title").unique().drop_nulls().sort()
    for tag in ("title", *CHARTED):
        values = users.get_column(tag).unique().drop_nulls().sort()
        users = users.with_columns(pl.col(tag).cast(pl.Enum(values)))
    flat = pl.read_parquet(folder / "flat.parquet").drop("user_no")
    users = pl.concat([users, flat], how="horizontal").with_columns(pl.col("user_no").set_sorted())
    events = {}
    for event in EVENTS:
        amount = ["prop:amount"] if event == "purchase" else []
        frame = pl.read_parquet(event_path(folder, event), columns=["user_no", "day", *amount])
        frame = frame.rename({name: name.removeprefix("prop:") for name in frame.columns})
        events[event] = frame.with_columns(pl.col("user_no").set_sorted())
    return Polars(users, events, titles)
