"""A comparison: every engine loaded in its own process, each question put to one after the other."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.report import CONSOLE

REPETITIONS = 6
SLOW_MS = 2_000.0
"""Where the first time took longer, two repetitions are enough."""


class Contender:
    """One engine in its process."""

    def __init__(self, engine: str, folder: Path, threads: int) -> None:
        CONSOLE.print(f"  loading {engine} …", style="dim")
        self.engine = engine
        environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
        command = [sys.executable, "-m", "benchmarks.measure", engine, str(folder), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.report: dict[str, Any] = {"engine": engine, **self._heard(), "questions": {}}

    def asked(self, question: str, repetition: int, ways: Sequence[str] | None = None) -> dict[str, Any]:
        """Put one repetition of a question; return milliseconds and answer by way."""
        if self._process.stdin is None:
            raise RuntimeError("no way to ask")
        self._process.stdin.write(
            json.dumps({"question": question, "repetition": repetition, "ways": ways}) + "\n"
        )
        self._process.stdin.flush()
        heard = self._heard()
        self.report["peak_bytes"] = heard["peak_bytes"]
        self.report["held_bytes"] = heard["held_bytes"]
        found: dict[str, Any] = heard["ways"]
        return found

    def finished(self) -> None:
        """Let the process end."""
        self._process.communicate()

    def _heard(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise RuntimeError("no way to hear")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.engine} ended with {self._process.wait()}")
        heard: dict[str, Any] = json.loads(line)
        return heard


class Contest:
    """The engines of a comparison, loaded; a context manager that lets their processes end.

    Parameters
    ----------
    engines : sequence of str
        Names of `benchmarks.peers`; ratios are to the first.
    folder : pathlib.Path
        The data.
    threads : int
        Threads for each engine.
    """

    def __init__(self, engines: Sequence[str], folder: Path, threads: int) -> None:
        self._contenders = [Contender(engine, folder, threads) for engine in engines]

    def __enter__(self) -> Contest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for contender in self._contenders:
            contender.finished()

    @property
    def reports(self) -> list[dict[str, Any]]:
        """What was found, one report per engine."""
        return [contender.report for contender in self._contenders]

    def ask(self, question: str, repetitions: int = REPETITIONS) -> None:
        """Put a question to every engine in turn, some times; the way with the smallest median counts.

        A first time, unmeasured, lets every engine prepare for the kind of question.

        Raises
        ------
        AssertionError
            If two engines, or two ways of one, give different answers.
        """
        times: dict[str, dict[str, list[float]]] = {c.engine: {} for c in self._contenders}
        slow: dict[str, set[str]] = {c.engine: set() for c in self._contenders}
        for repetition in range(repetitions + 1):
            answers: dict[str, Any] = {}
            for contender in self._contenders:
                kept = None
                if repetition > 2:
                    kept = [way for way in times[contender.engine] if way not in slow[contender.engine]]
                for way, found in contender.asked(question, repetition, kept).items():
                    answers[f"{contender.engine}, {way}"] = found["answer"]
                    if repetition:
                        times[contender.engine].setdefault(way, []).append(found["ms"])
                    elif found["ms"] > SLOW_MS:
                        slow[contender.engine].add(way)
            if any(answer != next(iter(answers.values())) for answer in answers.values()):
                raise AssertionError(f"different answers to {question}: {answers}")
        for contender in self._contenders:
            medians = {way: statistics.median(ms) for way, ms in times[contender.engine].items()}
            best = min(medians, key=lambda way: medians[way])
            contender.report["questions"][question] = {
                "median_ms": medians[best],
                "best": best,
                "ways": {way: {"median_ms": ms, "times": len(times[contender.engine][way])}
                         for way, ms in medians.items()},
            }  # fmt: skip
