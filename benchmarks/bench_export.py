"""CSV export of a million rows and twelve columns: the engine's frame, written by Polars, against pandas."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.marketplace import ParquetTables, folder_of
from benchmarks.questions import AS_OF, EXPORTED
from benchmarks.report import CONSOLE, Target, keep, print_targets
from core.engines.memory import MemoryEngine
from core.rules.parse import parse_rule

TIMES = 5


def main() -> None:
    """Measure, print and keep."""
    engine = MemoryEngine(ParquetTables(folder_of(1_000_000)))
    everyone = parse_rule(
        {"version": 1, "include": {"kind": "group", "id": "g0", "match": "all", "children": []}}
    )
    with TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "coterie.csv", Path(folder) / "pandas.csv"

        def export() -> None:
            members = engine.members(everyone, AS_OF)
            engine.frame(members, EXPORTED, AS_OF).write_csv(ours, include_bom=True)

        as_pandas = engine.frame(engine.members(everyone, AS_OF), EXPORTED, AS_OF).to_pandas()
        found = {
            "coterie": _median_ms(export),
            "pandas": _median_ms(lambda: as_pandas.to_csv(theirs, index=False, encoding="utf-8-sig")),
        }
        rows = len(as_pandas)
    targets = [Target("CSV of a million rows: against pandas", found["pandas"] / found["coterie"], 8)]
    CONSOLE.print(f"CSV of {rows:,} rows × 12: {found['coterie']:,.0f} ms, pandas {found['pandas']:,.0f} ms")
    print_targets(targets)
    keep("export", {"rows": rows, "columns": 1 + len(EXPORTED), "median_ms": found}, targets)


def _median_ms(work: Callable[[], None]) -> float:
    seconds = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[1:])
