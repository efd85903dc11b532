"""Writing the marketplace as an operator would upload it: CSV files and the plan that reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from sample_data.tables import make_chunks
from sample_data.world import channel_costs

PLAN = Path(__file__).with_name("plan.toml")
_TIME = "%Y-%m-%d %H:%M"


def write_csv_files(users: int, seed: int, folder: Path) -> list[Path]:
    """Write the tables as CSV (UTF-8, times to the minute) with `channel_costs.csv` and `plan.toml`.

    Parameters
    ----------
    users, seed : int
        As for `make_chunks`.
    folder : pathlib.Path
        Created where it is missing; files of the same names are replaced.

    Returns
    -------
    list of pathlib.Path
        What was written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for number, tables in enumerate(make_chunks(users, seed)):
        for name, table in tables.items():
            path = folder / f"{name}.csv"
            with path.open("wb" if number == 0 else "ab") as file:
                table.write_csv(file, include_header=number == 0, datetime_format=_TIME)
            if number == 0:
                written.append(path)
    costs = folder / "channel_costs.csv"
    channel_costs(seed, users).with_columns(pl.col("month").dt.strftime("%Y-%m")).write_csv(costs)
    plan = folder / PLAN.name
    if plan.resolve() != PLAN.resolve():
        shutil.copyfile(PLAN, plan)
    return [*written, costs, plan]
