"""Sequences: one event and then another one, or none, within some time; against DuckDB."""

from __future__ import annotations

from benchmarks.contest import Contest
from benchmarks.marketplace import event_rows, folder_of
from benchmarks.peers import OF_SEQUENCES
from benchmarks.questions import SEQUENCES
from benchmarks.report import CONSOLE, Target, keep, print_medians, print_targets

THREADS = 2


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    with Contest(OF_SEQUENCES, folder, THREADS) as contest:
        for question in SEQUENCES:
            contest.ask(question)
        reports = contest.reports
    rows = event_rows(folder)
    print_medians(f"{millions} million users, {rows:,} events, {THREADS} threads", reports)
    found = {report["engine"]: report["questions"] for report in reports}
    targets = [
        Target(
            f"{question}: against DuckDB",
            found["duckdb"][question]["median_ms"] / found["coterie"][question]["median_ms"],
            4,
        )
        for question in SEQUENCES
    ]
    print_targets(targets)
    path = keep(
        f"sequences_{millions}m",
        {"users": millions * 1_000_000, "events": rows, "threads": THREADS, "engines": reports},
        targets,
    )
    CONSOLE.print(f"Both engines gave the same answers. Kept in {path}")
