"""The command that makes the marketplace: ``python -m sample_data.generate --users 20000 --out DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sample_data.csv_files import write_csv_files
from sample_data.parquet_tables import write_parquet_tables

SEED = 20190714
USERS = 20_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files that the command line asks for and print their names."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.generate", description=__doc__)
    parser.add_argument("--users", type=int, default=USERS, help=f"size of the marketplace (default {USERS})")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed and size, same marketplace")
    parser.add_argument(
        "--out", type=Path, help="folder for CSV files and plan.toml, as an operator uploads them"
    )
    parser.add_argument(
        "--parquet", type=Path, help="folder for the tables of a data version, for benchmarks"
    )
    asked = parser.parse_args(arguments)
    if asked.out is None and asked.parquet is None:
        parser.error("name a folder with --out, --parquet or both")
    if asked.users < 1:
        parser.error("--users must be at least 1")
    if asked.out is not None:
        for path in write_csv_files(asked.users, asked.seed, asked.out):
            print(path)
    if asked.parquet is not None:
        for path in write_parquet_tables(asked.users, asked.seed, asked.parquet):
            print(path)


if __name__ == "__main__":
    main()
