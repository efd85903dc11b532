"""One engine in a process of its own: compute fifty tags for everybody and read how each is distributed.

Called by `bench_tags`, not by people: ``python -m benchmarks.tag_refresh ENGINE FOLDER THREADS TIMES``.
Nothing that was computed is kept from one time to the next; loaded columns are. Prints one JSON object: the
seconds of each time, the peak memory, and for each tag what both engines must agree on.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.fifty_tags import AS_OF, fifty
from benchmarks.marketplace import ParquetTables, event_path
from core.engines.memory import MemoryEngine
from core.rules.making_check import gives
from core.rules.making_text import parse_making
from core.schema import Label, TagSpec, TagType
from core.tags.distributions import distribution_of

EVENTS = ("login", "purchase", "submit_order")
Told = dict[str, dict[str, Any]]


def coterie(folder: Path, threads: int, times: int) -> tuple[list[float], Told]:
    """Refresh as the product does: readings of all tags, columns loaded, nothing computed remembered."""
    engine = MemoryEngine(ParquetTables(folder), threads=threads, cache_bytes=4 << 30)
    catalogue = engine.catalogue
    for tag in fifty():
        making = parse_making(tag.making)
        label = Label(zh=tag.key, en=tag.key)
        spec = TagSpec(key=tag.key, type=gives(making, catalogue).type, label=label, computed=making)
        catalogue = catalogue.model_copy(update={"tags": {**catalogue.tags, tag.key: spec}})
    seeing = engine.seeing(catalogue)
    day, seconds, told = date.fromisoformat(AS_OF), [], {}
    for _ in range(times + 1):  # the first time loads the columns
        engine.forget()
        started = time.perf_counter()
        readings = {tag.key: distribution_of(seeing, tag.key, day) for tag in fifty()}
        seconds.append(time.perf_counter() - started)
        for key, reading in readings.items():
            numbers: dict[str, Any] = {"with_value": reading.with_value, "distinct": reading.distinct}
            if reading.type in (TagType.NUMBER, TagType.DATE):
                low, high = (
                    end.isoformat() if isinstance(end, date) else end for end in (reading.low, reading.high)
                )
                told[key] = {**numbers, "low": low, "high": high}
            else:
                told[key] = {**numbers, "values": {value: users for value, users in reading.values if users}}
    return seconds[1:], told


def duckdb(folder: Path, threads: int, times: int) -> tuple[list[float], Told]:
    """Refresh with one query a tag into a table, and one that reads how it is distributed."""
    import duckdb as library

    connection = library.connect(config={"threads": threads})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE users AS SELECT user_no, exists_from FROM '{folder / 'users.parquet'}'")
    for event in EVENTS:
        connection.execute(f"CREATE TABLE \"{event}\" AS SELECT * FROM '{event_path(folder, event)}'")
    seconds, told = [], {}
    for _ in range(times + 1):
        started = time.perf_counter()
        for tag in fifty():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE t_{tag.key} AS {tag.sql}")
            told[tag.key] = _distribution(connection, tag.key)
        seconds.append(time.perf_counter() - started)
        for tag in fifty():
            connection.execute(f"DROP TABLE t_{tag.key}")
    return seconds[1:], told


def _distribution(connection: Any, key: str) -> dict[str, Any]:
    kind = connection.execute(f"SELECT typeof(v) FROM t_{key} LIMIT 1").fetchone()[0]
    if kind in ("VARCHAR", "BOOLEAN"):
        query = f"SELECT v, count(*) FROM t_{key} WHERE v IS NOT NULL GROUP BY v"
        values = {
            str(v).lower() if kind == "BOOLEAN" else v: users
            for v, users in connection.execute(query).fetchall()
        }
        return {"with_value": sum(values.values()), "distinct": len(values), "values": values}
    # A reading has bins too: the edges of twenty parts of equal size, and how many lie between them.
    places = ", ".join(str(place / 20) for place in range(1, 20))
    connection.execute(
        f"""
        WITH e AS (SELECT quantile_disc(v, [{places}]) AS q FROM t_{key})
        SELECT len(list_filter(q, lambda edge: v >= edge)) AS bin, count(*) FROM t_{key}, e GROUP BY bin
        """
    ).fetchall()
    mean = "NULL" if kind == "DATE" else "avg(v)"
    query = f"SELECT count(v), count(DISTINCT v), min(v), max(v), {mean} FROM t_{key}"
    with_value, distinct, low, high, _ = connection.execute(query).fetchone()
    return {"with_value": with_value, "distinct": distinct, "low": _plain(low), "high": _plain(high)}


def _plain(end: Any) -> Any:
    return end.isoformat() if isinstance(end, date) else float(end)


def main(engine: str, folder: str, threads: str, times: str) -> None:
    """Measure one engine and print what was found."""
    seconds, told = {"coterie": coterie, "duckdb": duckdb}[engine](Path(folder), int(threads), int(times))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"engine": engine, "seconds": seconds, "peak_mb": peak, "tags": told}))


if __name__ == "__main__":
    main(*sys.argv[1:])
