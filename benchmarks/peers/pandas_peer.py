"""pandas as an analyst would write it: categoricals, isin, group by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from benchmarks.marketplace import EVENTS, event_path
from benchmarks.peers import Numbers
from benchmarks.questions import AS_OF, CHARTED, Five, Measured


class Pandas:
    """The tables as frames."""

    def __init__(self, users: pd.DataFrame, events: dict[str, pd.DataFrame]) -> None:
        self._users = users
        self._events = events

    def ten_numbers(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Five masks, then running ands."""

        def ask() -> Numbers:
            masks = self._masks(five, flat=flat)
            numbers = [int(mask.sum()) for mask in masks]
            running = masks[0]
            for mask in masks:
                running = running & mask
                numbers.append(int(running.sum()))
            return numbers

        return {"masks": ask}

    def plain_count(self, five: Five, *, flat: bool) -> dict[str, Callable[[], Numbers]]:
        """Five masks and one sum."""

        def ask() -> Numbers:
            a, b, c, d, e = self._masks(five, flat=flat)
            return [int((a & b & c & d & e).sum())]

        return {"masks": ask}

    def event_condition(self, asked: Measured) -> dict[str, Callable[[], Numbers]]:
        """Filter and group by user."""

        def ask() -> Numbers:
            events = self._events[asked.event]
            day = events["day"]
            kept = events[(day >= pd.Timestamp(asked.first)) & (day <= pd.Timestamp(AS_OF))]
            grouped = kept.groupby("user_no", sort=False)
            found = grouped.size() if asked.measure == "count" else grouped["amount"].sum()
            return [int((found >= asked.at_least).sum())]

        return {"group by": ask}

    def charts(self, since: date) -> dict[str, Callable[[], Numbers]]:
        """Filter once, four value counts."""

        def ask() -> Numbers:
            kept = self._users[self._users["registered_on"] >= pd.Timestamp(since)]
            return [int(n) for tag in CHARTED for n in kept[tag].value_counts(dropna=False) if n]

        return {"value counts": ask}

    def _masks(self, five: Five, *, flat: bool) -> list[pd.Series]:
        users = self._users
        titles = users["title"].cat.categories
        hit = titles[titles.str.contains("|".join(five.words))]
        masks = [users["city"] == five.city, users["title"].isin(hit), users["gmv"] > five.gmv]
        for event, first in (("login", five.login_from), ("purchase", five.purchase_from)):
            if flat:
                masks.append(users[f"last_{event}_on"] >= pd.Timestamp(first))
            else:
                events = self._events[event]
                did = events.loc[events["day"] >= pd.Timestamp(first), "user_no"].unique()
                masks.append(users["user_no"].isin(did))
        return masks


def load(folder: Path, threads: int) -> Pandas:  # noqa: ARG001 - pandas uses one
    """Load the data."""
    columns = [
        "user_no",
        *(f"tag:{tag}" for tag in dict.fromkeys(("city", "title", "registered_on", *CHARTED))),
    ]
    users = pd.read_parquet(folder / "users.parquet", columns=columns)
    users.columns = [name.removeprefix("tag:") for name in users.columns]
    for tag in ("title", *CHARTED):
        users[tag] = users[tag].astype("category")
    flat = pd.read_parquet(folder / "flat.parquet").drop(columns="user_no")
    users = pd.concat([users, flat], axis=1)
    for name in ("registered_on", "last_login_on", "last_purchase_on"):
        users[name] = pd.to_datetime(users[name])
    events = {}
    for event in EVENTS:
        amount = ["prop:amount"] if event == "purchase" else []
        frame = pd.read_parquet(event_path(folder, event), columns=["user_no", "day", *amount])
        frame.columns = [name.removeprefix("prop:") for name in frame.columns]
        frame["day"] = pd.to_datetime(frame["day"])
        events[event] = frame
    return Pandas(users, events)
