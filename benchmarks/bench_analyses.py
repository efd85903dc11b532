"""Whole analyses: an overview, a retention matrix, a funnel, life-cycle stages; against DuckDB."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.contest import Contest
from benchmarks.marketplace import folder_of
from benchmarks.peers.analysing import ANALYSES, NAMES
from benchmarks.report import CONSOLE, Target, keep, print_medians, print_targets

THREADS = 2
FASTER = 3
"""How many times as fast as DuckDB, also with nothing remembered."""


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    with Contest(NAMES, folder, THREADS) as contest:
        for question in ANALYSES:
            contest.ask(f"analysis: cold {question}")
        for question in ANALYSES:
            contest.ask(f"analysis: {question}")
        reports = contest.reports
    rows = _rows(folder)
    print_medians(f"{millions} million users, {rows:,} events, {THREADS} threads", reports)
    ours, theirs = (
        {asked: found["median_ms"] for asked, found in report["questions"].items()} for report in reports
    )
    targets = [
        Target(f"{which}{question}: against DuckDB", theirs[asked] / ours[asked], FASTER)
        for which in ("cold ", "")
        for question in ANALYSES
        for asked in [f"analysis: {which}{question}"]
    ]
    print_targets(targets)
    path = keep(
        f"analyses_{millions}m",
        {"users": millions * 1_000_000, "events": rows, "threads": THREADS, "engines": reports},
        targets,
    )
    CONSOLE.print(f"Both engines gave the same answers. Kept in {path}")


def _rows(folder: Path) -> int:
    """Return how many occurrences of all events there are."""
    files = sorted((folder / "events").glob("*.parquet"))
    return sum(int(pl.scan_parquet(file).select(pl.len()).collect().item()) for file in files)
