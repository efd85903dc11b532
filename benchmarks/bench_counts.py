"""Counting: one edit with all ten numbers, cold counts, event conditions, at 1 and 10 million users."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.contest import Contest
from benchmarks.marketplace import event_rows, folder_of
from benchmarks.peers import NAMES
from benchmarks.questions import EDITS, EVENT_CONDITIONS
from benchmarks.report import CONSOLE, Target, keep, print_medians, print_targets

THREADS = 2
A_FEW_MS = 5.0


def main(millions: int) -> None:
    """Measure, print and keep."""
    folder = folder_of(millions * 1_000_000)
    with Contest(NAMES, folder, THREADS) as contest:
        for of, edits in EDITS.items():
            for kind in edits:
                contest.ask(f"edit {of}: {kind}")
        for of in ("flat", "events"):
            contest.ask(f"cold count {of}")
        for question in EVENT_CONDITIONS:
            contest.ask(question)
        reports = contest.reports
    for report in reports:
        _add_medians(report)
    rows = event_rows(folder)
    print_medians(f"{millions} million users, {rows:,} events, {THREADS} threads", reports)
    targets = _targets({report["engine"]: report["questions"] for report in reports}, millions)
    print_targets(targets)
    path = keep(
        f"counts_{millions}m",
        {"users": millions * 1_000_000, "events": rows, "threads": THREADS, "engines": reports},
        targets,
    )
    CONSOLE.print(f"Every engine gave the same answers. Kept in {path}")


def _add_medians(report: dict[str, Any]) -> None:
    """Add the median over the five kinds of edit, each kind weighing the same."""
    questions = report["questions"]
    for of, edits in EDITS.items():
        medians = [questions[f"edit {of}: {kind}"]["median_ms"] for kind in edits]
        questions[f"edit {of}: median of kinds"] = {"median_ms": statistics.median(medians)}


def _targets(found: dict[str, dict[str, Any]], millions: int) -> list[Target]:
    def ms(engine: str, question: str) -> float:
        return float(found[engine][question]["median_ms"])

    def ratio(peer: str, question: str, of_peer: str | None = None) -> float:
        return ms(peer, of_peer or question) / ms("coterie", question)

    def way(question: str, name: str) -> float:
        return float(found["duckdb"][question]["ways"][name]["median_ms"])

    edit, flat = "edit events: median of kinds", "edit flat: median of kinds"
    targets = []
    if millions >= 10:
        targets += [
            Target("one edit, ten numbers, events: against DuckDB", ratio("duckdb", edit), 35),
            Target("one edit, ten numbers, events: against one Polars select", ratio("polars", edit), 7),
            Target("one edit, ten numbers, events: against ClickHouse", ratio("chdb", edit), 3),
            Target(
                "one edit, ten numbers, events: against pandas' plain count",
                ratio("pandas", edit, "cold count events"),
                70,
            ),
            Target("one edit, ten numbers, flat dates: against DuckDB", ratio("duckdb", flat), 15),
        ]
        targets += [
            Target(f"{question}: against DuckDB, {layout}", way(question, name) / ms("coterie", question), 10)
            for question in EVENT_CONDITIONS
            for name, layout in (("one table", "all events in one table"), ("tables", "one table per event"))
        ]
    else:
        targets += [
            Target(f"one edit, JSON to answer ({of})", ms("coterie", question), A_FEW_MS, True, "ms")
            for of, question in (("events", edit), ("flat dates", flat))
        ]
    targets += [
        Target(f"cold count of the five ({of}): against {peer}", ratio(peer, f"cold count {of}"), 1)
        for of in ("events", "flat")
        for peer in ("duckdb", "chdb")
    ]
    return targets
