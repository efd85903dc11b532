"""A refresh of fifty tags of all sorts, and the effect of a changed tag; the first against DuckDB."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from datetime import date
from typing import Any

from benchmarks.fifty_tags import AS_OF, fifty
from benchmarks.marketplace import ParquetTables, folder_of
from benchmarks.report import CONSOLE, Target, keep, print_targets
from core.engines.memory import MemoryEngine
from core.rules.making_check import gives
from core.rules.making_text import parse_making
from core.schema import Label, TagSpec

THREADS, TIMES = 2, 3


def main(millions: int) -> None:
    """Measure, compare tag by tag, print and keep."""
    folder = folder_of(millions * 1_000_000)
    reports = {}
    for engine in ("coterie", "duckdb"):
        command = [
            sys.executable, "-m", "benchmarks.tag_refresh", engine, str(folder), str(THREADS), str(TIMES),
        ]  # fmt: skip
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        reports[engine] = json.loads(done.stdout)
    told = {engine: report["tags"] for engine, report in reports.items()}
    differing = [key for key, ours in told["coterie"].items() if not _agree(ours, told["duckdb"][key])]
    if differing:
        raise SystemExit(f"the engines disagree on {', '.join(differing)}")
    ours, theirs = (statistics.median(reports[engine]["seconds"]) for engine in ("coterie", "duckdb"))
    targets = [
        Target(f"{len(fifty())} tags at {millions} million users: against DuckDB", theirs / ours, 3),
        Target("below 8 GB of memory: GB left", 8 - reports["coterie"]["peak_mb"] / 1024, 0),
    ]
    effect = None
    if millions == 1:
        effect = _effect_seconds(folder)
        targets.append(Target("the effect of a changed tag at a million: s left of 2", 2 - effect, 0))
    for engine, report in reports.items():
        peak = report["peak_mb"] / 1024
        CONSOLE.print(f"{engine}: {statistics.median(report['seconds']):.2f} s, at most {peak:.1f} GB")
    print_targets(targets)
    found: dict[str, Any] = {
        "users": millions * 1_000_000,
        "threads": THREADS,
        "tags": len(fifty()),
        "effect_seconds": effect,
        "engines": [
            {key: report[key] for key in ("engine", "seconds", "peak_mb")} for report in reports.values()
        ],
    }
    path = keep(f"tags_{millions}m", found, targets)
    CONSOLE.print(f"Both engines gave the same answers. Kept in {path}")


def _effect_seconds(folder: Any) -> float:
    """Return how long it takes to tell who changes value when bands over a sum move; columns not loaded."""
    engine = MemoryEngine(ParquetTables(folder), threads=THREADS)
    catalogue = engine.catalogue
    spend = parse_making(next(tag.making for tag in fifty() if tag.key == "spend_ever"))
    tags: dict[str, Any] = {"spend_ever": spend}
    for key, edges in (("band", [500.0, 3000.0]), ("band (new)", [800.0, 5000.0])):
        bands = {"kind": "bands", "of": "spend_ever", "edges": edges, "labels": ["a", "b", "c"]}
        tags[key] = parse_making(bands)
    for key, making in tags.items():
        label = Label(zh=key, en=key)
        spec = TagSpec(key=key, type=gives(making, catalogue).type, label=label, computed=making)
        catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, key: spec}})
    started = time.perf_counter()
    engine.seeing(catalogue).moves("band", "band (new)", date.fromisoformat(AS_OF))
    return time.perf_counter() - started


def _agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    if ours.keys() != theirs.keys():
        return False
    for name, value in ours.items():
        other = theirs[name]
        if isinstance(value, float) and isinstance(other, float):
            if not math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-6):
                return False
        elif name == "distinct" and "low" in ours:
            # Sums of floats depend on the order in which they are added: ours are exact, theirs are not.
            if abs(value - other) > 0.001 * max(value, other):
                return False
        elif value != other:
            return False
    return True
