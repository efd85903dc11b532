"""The data of the benchmarks: the sample's generator at 1 or 10 million users, written once as Parquet.

Beside the tables of a data version, `flat.parquet` holds what the peers would keep as plain columns: `gmv`,
`last_login_on` and `last_purchase_on`. Their 50 million events are logins, purchases and orders submitted.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from core.schema import DAY, USER_NO, Catalogue, Label, TagSpec, TagType, property_column, tag_column

DATA = Path(__file__).parent / "data"
EVENTS = ("login", "purchase", "submit_order")
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


class ParquetTables:
    """The data version in a folder, read column by column as the lake reads its segments.

    The flat columns stand among the imported tags.

    Parameters
    ----------
    folder : pathlib.Path
        As `folder_of` returns it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.version_id = folder.name
        text = (folder / "catalogue.json").read_text(encoding="utf-8")
        catalogue = Catalogue.model_validate_json(text)
        flat = {
            key: TagSpec(key=key, type=kind, label=Label(zh=key, en=key)) for key, kind in FLAT_TAGS.items()
        }
        self.catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, **flat}})

    def users(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of the users table."""
        flat = {tag_column(key): key for key in FLAT_TAGS}
        own = pl.read_parquet(self._folder / "users.parquet", columns=[c for c in columns if c not in flat])
        wanted = [flat[column] for column in columns if column in flat]
        if not wanted:
            return own
        beside = pl.read_parquet(self._folder / "flat.parquet", columns=wanted)
        return pl.concat([own, beside.rename(tag_column)], how="horizontal").select(columns)

    def events(self, event: str, columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of one event's table."""
        return pl.read_parquet(event_path(self._folder, event), columns=list(columns))

    def keys(self) -> pl.DataFrame:
        """Return every key."""
        return pl.read_parquet(self._folder / "keys.parquet")

    def segments_of(self, event: str | None) -> tuple[str, ...]:
        """Return one segment id per table."""
        return (f"{self.version_id}/{event or 'users'}",)


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
