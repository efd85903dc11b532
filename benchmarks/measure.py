"""One engine in a process of its own: load, answer every question a few times, print times as JSON.

Called by the benchmarks, not by people: ``python -m benchmarks.measure ENGINE FOLDER THREADS QUESTIONS``.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.peers import Numbers, Peer, load
from benchmarks.questions import COLD, EDITS, EVENT_CONDITIONS, Five

Ways = dict[str, Callable[[], Numbers]]
SLOW_SECONDS = 2.0
"""When the first time took longer, two repetitions are enough."""


def measured(asked: Iterable[Ways]) -> dict[str, Any]:
    """Ask every question once each way; the way with the smaller median counts.

    The first question of each way is asked once more before, unmeasured, so that what an engine prepares for
    a kind of question is not counted against it.
    """
    questions = list(asked)
    ways: dict[str, Any] = {}
    for name, first in questions[0].items():
        started = time.perf_counter()
        first()
        few = time.perf_counter() - started > SLOW_SECONDS
        seconds, answers = [], []
        for question in questions[1:3] if few else questions[1:]:
            started = time.perf_counter()
            answers.append(question[name]())
            seconds.append(time.perf_counter() - started)
        ways[name] = {
            "median_ms": 1000 * statistics.median(seconds),
            "times": len(seconds),
            "answers": answers,
        }
    best = min(ways, key=lambda way: float(ways[way]["median_ms"]))
    return {
        "best": best,
        "median_ms": ways[best]["median_ms"],
        "answers": ways[best]["answers"],
        "ways": {way: {"median_ms": w["median_ms"], "times": w["times"]} for way, w in ways.items()},
    }


def counts(peer: Peer) -> dict[str, Any]:
    """Edits with all ten numbers (events, and flat columns), cold counts, event conditions."""
    found: dict[str, Any] = {}
    for flat in (False, True):
        for kind, edits in EDITS.items():
            of = "flat" if flat else "events"
            found[f"edit {of}: {kind}"] = measured(peer.ten_numbers(edit, flat=flat) for edit in edits)
        found[f"cold count {'flat' if flat else 'events'}"] = measured(
            peer.plain_count(five, flat=flat) for five in COLD
        )
    for name, asked in EVENT_CONDITIONS.items():
        found[name] = measured(peer.event_condition(one) for one in asked)
    return found


def breakdowns(peer: Peer, since: date) -> dict[str, Any]:
    """Four breakdowns of about 40 % of the users."""
    days = [since + timedelta(days=step) for step in range(6)]
    return {"four breakdowns": measured(peer.charts(day) for day in days)}


def main(engine: str, folder: str, threads: str, questions: str) -> None:
    """Load, ask, and print what was found."""
    started = time.perf_counter()
    peer = load(engine, Path(folder), int(threads))
    loaded = time.perf_counter() - started
    peak_loaded = _peak_bytes()
    peer.ten_numbers(Five(), flat=True)
    kind, _, since = questions.partition(":")
    found = counts(peer) if kind == "counts" else breakdowns(peer, date.fromisoformat(since))
    report = {
        "engine": engine,
        "load_seconds": loaded,
        "peak_bytes_loading": peak_loaded,
        "peak_bytes": _peak_bytes(),
        "held_bytes": getattr(peer, "held_bytes", None),
        "questions": found,
    }
    sys.stdout.write("\n" + json.dumps(report) + "\n")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
