"""Charts: four breakdowns of an audience of about 40 % of the users."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from benchmarks.contest import Contest
from benchmarks.marketplace import folder_of
from benchmarks.peers import NAMES
from benchmarks.report import CONSOLE, Target, keep, print_medians, print_targets

THREADS = 2


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    registered = pl.scan_parquet(folder / "users.parquet").select("tag:registered_on")
    since = registered.quantile(0.6, "higher").collect().item()
    since = since.date() if isinstance(since, datetime) else since
    question = f"charts: {since.isoformat()}"
    with Contest(NAMES, folder, THREADS) as contest:
        contest.ask(question)
        reports = contest.reports
    print_medians(f"{millions} million users, registered since {since}", reports)
    medians = {r["engine"]: r["questions"][question]["median_ms"] for r in reports}
    targets = [Target("four breakdowns: against DuckDB", medians["duckdb"] / medians["coterie"], 5)]
    print_targets(targets)
    path = keep(f"breakdowns_{millions}m", {"users": millions * 1_000_000, "engines": reports}, targets)
    CONSOLE.print(f"Every engine gave the same answers. Kept in {path}")
