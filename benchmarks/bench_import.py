"""Import of a large CSV of events against DuckDB: same file, same machine, same run, a process each.

    python -m benchmarks.bench_import [--megabytes 1024] [--runs 3]

Coterie reads, types, checks, partitions by event, sorts by (user, time) and commits durably; DuckDB types,
partitions and sorts the same file into Parquet with two threads. The file is made once in `benchmarks/data`.
Results go to `benchmarks/results/import.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

HERE = Path(__file__).parent
DATA, RESULTS = HERE / "data", HERE / "results"
EVENTS = (
    "login",
    "page_view",
    "search",
    "favourite",
    "click_chat",
    "submit_order",
    "purchase",
    "complete_order",
)
SHARES = (0.25, 0.4, 0.12, 0.06, 0.05, 0.05, 0.04, 0.03)
THREADS = 2
TARGET_RATIO, TARGET_BYTES = 1.5, 2 << 30

PLAN = """
time_zone = "Asia/Shanghai"
[[events]]
source = "{name}"
user = "user_id"
event_column = "event"
at = "occurred_at"
amount = "amount"
properties = ["category", "channel", "item_id"]
"""


def make_file(path: Path, megabytes: int) -> None:
    """Write a CSV of about so many megabytes: one row per event, in order of time, with missing values."""
    rng = np.random.default_rng(20190714)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    target, n = megabytes * 1_000_000, 1_000_000
    start = np.datetime64("2018-07-01T00:00:00", "s").astype(np.int64)
    with temporary.open("wb") as file:
        file.write(b"user_id,event,occurred_at,amount,category,channel,item_id\n")
        block = 0
        while file.tell() < target:
            # A few people do much, most do little.
            users = (rng.power(0.4, n) * 1_000_000).astype(np.int64)
            events = rng.choice(len(EVENTS), n, p=SHARES)
            times = start + block * 1_500_000 + np.sort(rng.integers(0, 1_500_000, n))
            amount = np.where(events >= 5, np.round(rng.lognormal(5.5, 1.0, n), 2), np.nan)
            frame = pl.DataFrame(
                {
                    "user_id": pl.Series(users).cast(pl.String).str.zfill(7),
                    "event": pl.Series(np.array(EVENTS)[events]),
                    "occurred_at": pl.Series(times * 1_000_000)
                    .cast(pl.Datetime("us"))
                    .dt.strftime("%Y-%m-%d %H:%M:%S"),
                    "amount": pl.Series(amount).fill_nan(None),
                    "category": pl.Series(np.array([f"类目{i}" for i in range(40)])[rng.integers(0, 40, n)]),
                    "channel": pl.Series(np.array(["app", "web", "wechat", "store"])[rng.integers(0, 4, n)]),
                    "item_id": pl.Series(rng.zipf(1.3, n) % 200_000).cast(pl.String),
                }
            ).with_columns(pl.col("item_id").str.zfill(6).str.replace("^", "i"))
            frame.write_csv(file, include_header=False)
            block += 1
    temporary.replace(path)


def run_coterie(path: Path, folder: Path) -> dict[str, object]:
    """Import the file with a plan whose types are all inferred."""
    from core.ingest import plan_from_toml, run_import
    from core.lake.lake import Lake

    began = time.perf_counter()
    report = run_import(Lake(folder / "lake"), plan_from_toml(PLAN.format(name=path.name)), path.parent)
    return {"seconds": time.perf_counter() - began, "rows": report.events}


def run_duckdb(path: Path, folder: Path) -> dict[str, object]:
    """Type, partition by event and sort by (user, time), as Parquet."""
    import duckdb

    began = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute(f"SET temp_directory = '{folder / 'tmp'}'")
        connection.execute(f"""
            COPY (SELECT user_id, event, occurred_at, amount, category, channel, item_id
                  FROM read_csv('{path}', header = true, types = {{'user_id': 'VARCHAR', 'event': 'VARCHAR',
                       'occurred_at': 'TIMESTAMP', 'amount': 'DOUBLE', 'category': 'VARCHAR',
                       'channel': 'VARCHAR', 'item_id': 'VARCHAR'}})
                  ORDER BY event, user_id, occurred_at)
            TO '{folder / "out"}' (FORMAT parquet, PARTITION_BY (event))""")
        seconds = time.perf_counter() - began
        rows = connection.execute(
            f"SELECT count(*) FROM read_parquet('{folder / 'out'}/**/*.parquet')"
        ).fetchone()
    assert rows is not None  # noqa: S101
    return {"seconds": seconds, "rows": rows[0]}


def measure(which: str, path: Path) -> dict[str, object]:
    """Run one of them in a process of its own; returns its seconds, rows and peak memory."""
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        command = [sys.executable, "-m", "benchmarks.bench_import", "--child", which, str(path), folder]
        environment = os.environ | {"POLARS_MAX_THREADS": str(THREADS)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])


def machine() -> dict[str, object]:
    """Describe the machine."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def main() -> None:
    """Make the file, measure both in turn, print the table, write the results."""
    if sys.argv[1:2] == ["--child"]:
        which, path, folder = sys.argv[2:5]
        result = {"coterie": run_coterie, "duckdb": run_duckdb}[which](Path(path), Path(folder))
        used = resource.getrusage(resource.RUSAGE_SELF)
        cost = {"peak_bytes": used.ru_maxrss * 1024, "cpu_seconds": used.ru_utime + used.ru_stime}
        print(json.dumps(result | cost))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "import.json")
    options = parser.parse_args()
    import duckdb

    path = DATA / f"events-{options.megabytes}.csv"
    if not path.exists():
        print(f"making {path}", file=sys.stderr)
        make_file(path, options.megabytes)
    size = path.stat().st_size
    subprocess.run(["cat", str(path)], stdout=subprocess.DEVNULL, check=True)  # into the page cache, for both
    runs: dict[str, list[dict[str, object]]] = {"coterie": [], "duckdb": []}
    for n in range(options.runs):
        # In turn, so that a change in the machine's load meets both.
        for which in ("duckdb", "coterie") if n % 2 else ("coterie", "duckdb"):
            runs[which].append(measure(which, path))
            print(which, runs[which][-1], file=sys.stderr)
    table = {
        which: {
            "seconds": round(statistics.median(float(str(r["seconds"])) for r in results), 2),
            "all_seconds": [round(float(str(r["seconds"])), 2) for r in results],
            "cpu_seconds": round(statistics.median(float(str(r["cpu_seconds"])) for r in results), 2),
            "peak_mib": max(int(str(r["peak_bytes"])) for r in results) >> 20,
            "rows": results[0]["rows"],
        }
        for which, results in runs.items()
    }
    ratio = float(str(table["coterie"]["seconds"])) / float(str(table["duckdb"]["seconds"]))
    rows = table["coterie"]["rows"]
    print(f"\nImport of {size / 1e9:.2f} GB of events, {rows:,} rows, medians of {options.runs}")
    print(f"{'':10}{'seconds':>10}{'CPU s':>10}{'peak MiB':>10}")
    for which, row in table.items():
        print(f"{which:10}{row['seconds']:>10}{row['cpu_seconds']:>10}{row['peak_mib']:>10}")
    print(f"ratio {ratio:.2f} (target at most {TARGET_RATIO}); peak target {TARGET_BYTES >> 20} MiB")
    options.out.parent.mkdir(exist_ok=True)
    result = {
        "what": "import of a CSV of events: typed, checked, partitioned, sorted by (user, time), committed",
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {"polars": pl.__version__, "duckdb": duckdb.__version__, "numpy": np.__version__},
        "threads": THREADS,
        "load_average_at_the_end": round(os.getloadavg()[0], 1),
        "bytes": size,
        "runs": options.runs,
        "results": table,
        "ratio_to_duckdb": round(ratio, 3),
        "targets": {"ratio_to_duckdb": TARGET_RATIO, "peak_mib": TARGET_BYTES >> 20},
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(DATA / "tmp", ignore_errors=True)


if __name__ == "__main__":
    main()
