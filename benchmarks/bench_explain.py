"""Explaining at a million users: what follows an edit, solving for a size, half a year of weeks."""

from __future__ import annotations

from benchmarks.contest import Contest
from benchmarks.marketplace import event_rows, folder_of
from benchmarks.peers.explaining import ASKED, NAMES
from benchmarks.report import CONSOLE, Target, keep, print_medians, print_targets

THREADS = 2
EDIT_MS, SOLVE_MS, HISTORY_MS = 100.0, 1_000.0, 5_000.0


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    with Contest(NAMES, folder, THREADS) as contest:
        for question in ASKED:
            contest.ask(f"explain: {question}")
        reports = contest.reports
    rows = event_rows(folder)
    print_medians(f"{millions} million users, {rows:,} events, {THREADS} threads", reports)
    ours, theirs = (
        {question: report["questions"][f"explain: {question}"]["median_ms"] for question in ASKED}
        for report in reports
    )
    targets = [
        Target("costs, near misses and threshold after an edit", ours["edit"], EDIT_MS, True, "ms"),
        Target("solve for a size", ours["solve"], SOLVE_MS, True, "ms"),
        Target("half a year of weeks", ours["history"], HISTORY_MS, True, "ms"),
        Target("after an edit: against DuckDB", theirs["edit"] / ours["edit"], 10),
    ]
    print_targets(targets)
    path = keep(
        f"explain_{millions}m",
        {"users": millions * 1_000_000, "events": rows, "threads": THREADS, "engines": reports},
        targets,
    )
    CONSOLE.print(f"Both engines gave the same answers. Kept in {path}")
