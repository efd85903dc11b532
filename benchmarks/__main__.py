"""``python -m benchmarks``: run the comparisons one after another, print them, keep them in results/."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks import (
    bench_analyses,
    bench_breakdowns,
    bench_counts,
    bench_explain,
    bench_export,
    bench_sequences,
    bench_tags,
)

IN_THEIR_OWN_PROCESS = ("bench_import", "bench_feel", "bench_pages")


def main() -> int:
    """Run what the command line names; by default everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = (
        "counts",
        "sequences",
        "breakdowns",
        "explain",
        "analyses",
        "export",
        "tags",
        *(name.removeprefix("bench_") for name in IN_THEIR_OWN_PROCESS),
    )
    parser.add_argument("only", nargs="*", help=f"some of: {', '.join(names)} (default: all)")
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 10], help="users, in millions")
    given = parser.parse_args()
    unknown = sorted(set(given.only) - set(names))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}")
    wanted = given.only or names
    for millions in given.millions:
        if "counts" in wanted:
            bench_counts.main(millions)
        if "sequences" in wanted:
            bench_sequences.main(millions)
        if "tags" in wanted:
            bench_tags.main(millions)
    if "breakdowns" in wanted:
        bench_breakdowns.main(max(given.millions))
    if "explain" in wanted:
        bench_explain.main(min(given.millions))
    if "analyses" in wanted:
        bench_analyses.main(min(given.millions))
    if "export" in wanted:
        bench_export.main()
    failed = 0
    for module in IN_THEIR_OWN_PROCESS:
        if module.removeprefix("bench_") in wanted:
            size = [str(min(given.millions))] if module == "bench_pages" else []
            command = [sys.executable, "-m", f"benchmarks.{module}", *size]
            failed |= subprocess.run(command, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
