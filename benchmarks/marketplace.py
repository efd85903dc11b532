"""The data of the benchmarks: the sample's generator at 1 or 10 million users, written once as Parquet.

Beside the tables of a data version, `flat.parquet` holds what the peers would keep as plain columns: `gmv`,
`last_login_on` and `last_purchase_on`. Their 50 million events are logins, purchases and orders submitted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl

from core.lake.tables import FrameTables
from core.schema import DAY, USER_NO, Catalogue, Label, TagSpec, TagType, property_column, tag_column

DATA = Path(__file__).parent / "data"
EVENTS = ("login", "purchase", "submit_order")
USER_TAGS = (
    "city", "province", "gender", "birthday", "title", "identity", "registered_on", "source_channel",
    "member_level", "points",
)  # fmt: skip
FLAT_TAGS = {"gmv": TagType.NUMBER, "last_login_on": TagType.DATE, "last_purchase_on": TagType.DATE}


def folder_of(users: int) -> Path:
    """Return the folder with the tables for so many users, making them when they are not there."""
    folder = DATA / str(users)
    if not (folder / "catalogue.json").exists():
        command = [
            sys.executable,
            "-m",
            "sample_data.generate",
            "--users",
            str(users),
            "--parquet",
            str(folder),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    flat = folder / "flat.parquet"
    if not flat.exists():
        _flat(folder).sink_parquet(folder / "flat.part")
        (folder / "flat.part").rename(flat)
    return folder


def event_path(folder: Path, event: str) -> Path:
    """Return the file of one event's occurrences."""
    return folder / "events" / f"{event}.parquet"


def event_rows(folder: Path) -> int:
    """Return how many occurrences the benchmarks' events have."""
    return sum(
        int(pl.scan_parquet(event_path(folder, event)).select(pl.len()).collect().item()) for event in EVENTS
    )


def tables_of(folder: Path, *, with_keys: bool = False) -> FrameTables:
    """Return the data version as the engine reads it, the flat columns being imported tags.

    Parameters
    ----------
    folder : pathlib.Path
        As `folder_of` returns it.
    with_keys : bool
        Whether ``user_id`` and hashes are loaded too (for exports).
    """
    catalogue = Catalogue.model_validate_json((folder / "catalogue.json").read_text(encoding="utf-8"))
    flat = {key: TagSpec(key=key, type=kind, label=Label(zh=key, en=key)) for key, kind in FLAT_TAGS.items()}
    catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, **flat}})
    columns = [USER_NO, "exists_from", *(tag_column(key) for key in USER_TAGS)]
    users = pl.concat(
        [
            pl.read_parquet(folder / "users.parquet", columns=columns),
            pl.read_parquet(folder / "flat.parquet").select(pl.exclude(USER_NO).name.prefix("tag:")),
        ],
        how="horizontal",
    )
    events = {
        event: pl.read_parquet(
            event_path(folder, event),
            columns=[USER_NO, "at", DAY, *([property_column("amount")] if event == "purchase" else [])],
        )
        for event in EVENTS
    }
    keys = (
        pl.read_parquet(folder / "keys.parquet")
        if with_keys
        else pl.read_parquet(folder / "keys.parquet", n_rows=0)
    )
    return FrameTables(catalogue, users, events, keys)


def _flat(folder: Path) -> pl.LazyFrame:
    users = pl.scan_parquet(folder / "users.parquet").select(USER_NO)
    purchases = (
        pl.scan_parquet(event_path(folder, "purchase"))
        .group_by(USER_NO)
        .agg(
            pl.col(property_column("amount")).sum().round(2).alias("gmv"),
            pl.col(DAY).max().alias("last_purchase_on"),
        )
    )
    logins = (
        pl.scan_parquet(event_path(folder, "login"))
        .group_by(USER_NO)
        .agg(pl.col(DAY).max().alias("last_login_on"))
    )
    return (
        users.join(purchases, on=USER_NO, how="left", maintain_order="left")
        .join(logins, on=USER_NO, how="left", maintain_order="left")
        .with_columns(pl.col("gmv").fill_null(0.0))
    )
