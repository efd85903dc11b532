"""Charts: four breakdowns of an audience of about 40 % of the users."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchmarks.marketplace import folder_of
from benchmarks.peers import NAMES
from benchmarks.report import CONSOLE, Target, all_agree, in_own_process, keep, print_medians, print_targets

THREADS = 2


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    registered = pl.scan_parquet(folder / "users.parquet").select("tag:registered_on")
    since = registered.quantile(0.6, "higher").collect().item()
    since = since.date() if isinstance(since, datetime) else since
    reports = [in_own_process(name, folder, THREADS, f"breakdowns:{since.isoformat()}") for name in NAMES]
    differing = all_agree(reports)
    if differing:
        raise AssertionError(f"the engines disagree on {differing}")
    print_medians(f"{millions} million users, registered since {since}", reports)
    medians = {r["engine"]: r["questions"]["four breakdowns"]["median_ms"] for r in reports}
    targets = [Target("four breakdowns: against DuckDB", medians["duckdb"] / medians["coterie"], 5)]
    print_targets(targets)
    for report in reports:
        report["questions"]["four breakdowns"].pop("answers")
    path = keep(f"breakdowns_{millions}m", {"users": millions * 1_000_000, "engines": reports}, targets)
    CONSOLE.print(f"Every engine gave the same answers. Kept in {path}")
