"""One engine in a process of its own: load the data, then answer questions one at a time, as they come.

Called by the benchmarks, not by people: ``python -m benchmarks.measure ENGINE FOLDER THREADS``. Each line
read is a question as JSON, each line written its answer. The engines of a comparison are all loaded at once
and are asked in turn, so that whatever else the machine does meets all of them alike.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any, cast

from benchmarks.peers import AsksSequences, Peer, Ways, analysing, load
from benchmarks.peers.analysing import Analysing
from benchmarks.peers.explaining import ASKED, Explaining
from benchmarks.questions import COLD, EDITS, EVENT_CONDITIONS, SEQUENCES


def ways_of(peer: Peer | AsksSequences, question: str, repetition: int) -> Ways:
    """Return the ways in which an engine answers one repetition of a question.

    Parameters
    ----------
    peer : Peer
        The engine.
    question : str
        ``"edit events: city"``, ``"cold count flat"``, the name of an event condition or of a sequence,
        ``"charts: 2018-11-14"``, ``"explain: solve"`` of those who explain, or ``"analysis: cold funnel"``
        and ``"analysis: funnel"`` of those who analyse.
    repetition : int
        Every repetition asks other values.
    """
    subject, _, detail = question.partition(": ")
    if subject in {"edit events", "edit flat"}:
        of = subject.removeprefix("edit ")
        return peer.ten_numbers(EDITS[of][detail][repetition], flat=of == "flat")
    if subject in {"cold count events", "cold count flat"}:
        return peer.plain_count(COLD[repetition], flat=subject == "cold count flat")
    if subject == "explain":
        return cast(Explaining, peer).explained(detail, ASKED[detail][repetition])
    if subject == "analysis":
        is_cold = detail.startswith("cold ")
        name, moved = detail.removeprefix("cold "), analysing.ASKED[repetition]
        return cast(Analysing, peer).analysed(name, moved, is_cold=is_cold)
    if subject == "charts":
        return peer.charts(date.fromordinal(date.fromisoformat(detail).toordinal() + repetition))
    if question in SEQUENCES:
        return peer.sequence(SEQUENCES[question][repetition])
    return peer.event_condition(EVENT_CONDITIONS[question][repetition])


def main(engine: str, folder: str, threads: str) -> None:
    """Load, say so, and answer until there are no more questions."""
    started = time.perf_counter()
    peer = load(engine, Path(folder), int(threads))
    _say({"load_seconds": time.perf_counter() - started})
    for line in sys.stdin:
        asked = json.loads(line)
        found = {}
        for name, way in ways_of(peer, asked["question"], asked["repetition"]).items():
            if asked["ways"] is None or name in asked["ways"]:
                started = time.perf_counter()
                answer = way()
                found[name] = {"ms": 1000 * (time.perf_counter() - started), "answer": answer}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        _say({"ways": found, "peak_bytes": peak, "held_bytes": getattr(peer, "held_bytes", None)})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
